"""Search in what a desk may read: opened in memory for this request, matched, forgotten. No index, no word kept.

A step opens at most ``STEP`` tips, the newest first, so that a search costs the same however many there are; the cursor
says where the next step begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tipline import desks, places, thread
from tipline.accounts import READERS, Identity
from tipline.errors import EmptyTip, NotAllowed
from tipline.lexicon import words
from tipline.models import Account, Desk, Entry, Tip, TipDesk
from tipline.queue import PAGE, PRIORITIES, Page, Row, reference, row
from tipline.sealing import KeyFile, PrivateKey

STEP = 2000
_SAID = (thread.STORY, thread.MESSAGE, thread.REPLY, thread.NOTE, thread.REASON, thread.OUTCOME)
_BATCH = 200  # tips whose entries are read at once


def search(session: Session, who: Identity, q: str, *, keys: KeyFile, now: datetime, cursor: str | None = None) -> Page:
    """Return the tips of the person's desk that hold every word of ``q``: in what was said, the place or the reference.

    A page ends after ``queue.PAGE`` finds or ``STEP`` tips; ``next`` is None when all were looked through. Within a
    page the order is the queue's. EmptyTip (no word), NotAllowed (role), NoDeskAccess (no key shared yet).
    """
    if who.role not in READERS or who.desk_id is None or who.must_enrol:
        raise NotAllowed
    wanted = words(q).folded
    if not wanted:
        raise EmptyTip
    held = desks.private_keys(session, session.get_one(Account, who.account_id), who.key)
    before = int(cursor) if cursor and cursor.isascii() and cursor.isdecimal() and len(cursor) < 19 else None  # noqa: PLR2004
    found: list[Row] = []
    opened = 0
    while opened < STEP and len(found) < PAGE:
        batch = _batch(session, who.desk_id, before)
        for tip, at, slug, entries in batch:
            before, opened = tip.id, opened + 1
            if _bare(reference(tip.uid)) == _bare(q) or _holds(tip, entries, wanted, held, keys.instance):
                found.append(row(tip, slug, at.state, now))
                if len(found) == PAGE:
                    break
        if len(batch) < _BATCH and len(found) < PAGE:
            before = None
            break
    found.sort(key=lambda row: (PRIORITIES.index(row.tip.priority), -row.tip.received_at.timestamp(), row.tip.id))
    return Page(tuple(found), str(before) if before is not None else None)


def _batch(session: Session, desk_id: int, before: int | None) -> list[tuple[Tip, TipDesk, str, list[Entry]]]:
    some = (
        select(Tip, TipDesk, Desk.slug)
        .join(TipDesk, TipDesk.tip_id == Tip.id)
        .join(Desk, Desk.id == Tip.lead_desk_id)
        .where(TipDesk.desk_id == desk_id, TipDesk.state != "declined")
        .order_by(TipDesk.tip_id.desc())
        .limit(_BATCH)
    )
    if before is not None:
        some = some.where(TipDesk.tip_id < before)
    rows = session.execute(some).all()
    by_tip: dict[int, list[Entry]] = {tip.id: [] for tip, _, _ in rows}
    for entry in session.scalars(select(Entry).where(Entry.tip_id.in_(by_tip), Entry.kind.in_(_SAID))):
        by_tip[entry.tip_id].append(entry)
    return [(tip, at, slug, by_tip[tip.id]) for tip, at, slug in rows]


def _holds(
    tip: Tip, entries: list[Entry], wanted: tuple[str, ...], held: Mapping[str, PrivateKey], instance: str
) -> bool:
    place = places.ALL.get(tip.place or "")
    plain = [f"{place.name_st} {place.name_en}"] if place else []
    for entry in entries:
        data = thread.opened(entry, tip, held, instance).data or {}
        answers = data.get("answers")
        plain.append(str(data.get("text", "")))
        if isinstance(answers, dict):
            plain += [str(answers[name]) for name in ("place", "happening", "exclude_note") if name in answers]
    text = " ".join(words(" ".join(plain)).folded)
    return all(word in text for word in wanted)


def _bare(text: str) -> str:
    return text.strip().replace("-", "").lower()
