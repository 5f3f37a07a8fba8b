"""Search in what a desk may read: opened in memory for this request, matched, forgotten. No index, no word kept.

A step opens at most ``STEP`` tips, the newest first, so that a search costs the same however many there are; the cursor
says where the next step begins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from tipline import desks, places, thread, trail
from tipline.accounts import READERS, Identity
from tipline.errors import EmptyTip, NotAllowed
from tipline.lexicon import words
from tipline.models import Account, Desk, Entry, Tip, TipDesk
from tipline.queue import PAGE, PRIORITIES, Page, Row, row
from tipline.sealing import KeyFile, PrivateKey

STEP = 2000
SHORTEST = 3  # letters of the longest word: with fewer, nearly every tip would be found
_SAID = (thread.STORY, thread.MESSAGE, thread.REPLY, thread.NOTE, thread.REASON, thread.OUTCOME)
_ANSWERS = ("place", "happening", "exclude_note")
_BATCH = 200  # tips whose entries are read at once
_REFERENCE = re.compile(r"[A-Z2-7]{4}-?[A-Z2-7]{4}", re.IGNORECASE | re.ASCII)
_WORD = re.compile(r"[\w\u0300-\u036f'’‘ʼ`´ʹ′]+")
_BEFORE, _AFTER = 50, 110  # characters around the first word found
_EXCERPTS = 2  # of one tip: words may stand in different texts

Pieces = tuple[tuple[str, bool], ...]  # a text in parts; True where a part is a word that was looked for


@dataclass(frozen=True)
class Hit:
    """A tip that was found, and where: short parts of what was said, the words that were looked for marked."""

    row: Row
    excerpts: tuple[Pieces, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Step:
    """What one step found, the newest first.

    ``opened`` tips were looked through, back to ``since``; ``next`` is the cursor, None when all were.
    """

    hits: tuple[Hit, ...]
    opened: int
    since: datetime | None
    next: str | None


def long_enough(q: str) -> bool:
    """Say whether there is a word to look for that is not in every text anyway."""
    return any(len(word) >= SHORTEST for word in words(q).folded) or _REFERENCE.fullmatch(q.strip()) is not None


def search(session: Session, who: Identity, q: str, *, keys: KeyFile, now: datetime, cursor: str | None = None) -> Page:
    """Return what one step finds as a page of the queue, in the queue's order; raises as ``step`` does."""
    done = step(session, who, q, keys=keys, now=now, cursor=cursor)
    found = [hit.row for hit in done.hits]
    found.sort(key=lambda one: (PRIORITIES.index(one.tip.priority), -one.tip.received_at.timestamp(), one.tip.id))
    return Page(tuple(found), done.next)


def step(session: Session, who: Identity, q: str, *, keys: KeyFile, now: datetime, cursor: str | None = None) -> Step:
    """Find the tips of the person's desk that hold every word of ``q``: in what was said, the place or the reference.

    A step ends after ``queue.PAGE`` finds or ``STEP`` tips. EmptyTip (no word), NotAllowed (role), NoDeskAccess (no
    key shared yet).
    """
    if who.role not in READERS or who.desk_id is None or who.must_enrol:
        raise NotAllowed
    wanted = words(q).folded
    if not wanted:
        raise EmptyTip
    held = desks.private_keys(session, session.get_one(Account, who.account_id), who.key)
    before = int(cursor) if cursor and cursor.isascii() and cursor.isdecimal() and len(cursor) < 19 else None  # noqa: PLR2004
    named = trail.still_there(session, who, q) if _REFERENCE.fullmatch(q.strip()) else None
    found: list[Hit] = []
    if named and before is None:  # by its name it is found at once, however old it is
        tip, at, slug = session.execute(_of_desk(who.desk_id).where(Tip.uid == named)).one()
        found.append(Hit(row(tip, slug, at, now)))
    opened, since = 0, None
    while opened < STEP and len(found) < PAGE:
        batch = _batch(session, who.desk_id, before)
        for tip, at, slug, entries in batch:
            before, opened, since = tip.id, opened + 1, tip.received_at
            excerpts = None if tip.uid == named else _found(tip, entries, wanted, held, keys.instance)
            if excerpts is not None:
                found.append(Hit(row(tip, slug, at, now), excerpts))
                if len(found) == PAGE:
                    break
        if len(batch) < _BATCH and len(found) < PAGE:
            before = None
            break
    return Step(tuple(found), opened, since, str(before) if before is not None else None)


def _of_desk(desk_id: int) -> Select[Tip, TipDesk, str]:
    return (
        select(Tip, TipDesk, Desk.slug)
        .join(TipDesk, TipDesk.tip_id == Tip.id)
        .join(Desk, Desk.id == Tip.lead_desk_id)
        .where(TipDesk.desk_id == desk_id, TipDesk.state != "declined")
    )


def _batch(session: Session, desk_id: int, before: int | None) -> list[tuple[Tip, TipDesk, str, list[Entry]]]:
    some = _of_desk(desk_id).order_by(TipDesk.tip_id.desc()).limit(_BATCH)
    if before is not None:
        some = some.where(TipDesk.tip_id < before)
    rows = session.execute(some).all()
    by_tip: dict[int, list[Entry]] = {tip.id: [] for tip, _, _ in rows}
    said = select(Entry).where(Entry.tip_id.in_(by_tip), Entry.kind.in_(_SAID)).order_by(Entry.id)
    for entry in session.scalars(said):
        by_tip[entry.tip_id].append(entry)
    return [(tip, at, slug, by_tip[tip.id]) for tip, at, slug in rows]


def _found(
    tip: Tip, entries: list[Entry], wanted: tuple[str, ...], held: Mapping[str, PrivateKey], instance: str
) -> tuple[Pieces, ...] | None:
    """Return where the words stand in a tip, or None if one of them does not."""
    place = places.ALL.get(tip.place or "")
    plain: list[str] = []
    for entry in entries:
        data = thread.opened(entry, tip, held, instance).data or {}
        answers = data.get("answers")
        plain.append(str(data.get("text", "")))
        if isinstance(answers, dict):
            plain += [str(answers[name]) for name in _ANSWERS if name in answers]
    named = f"{place.name_st} {place.name_en}" if place else ""
    text = " ".join(words(" ".join([named, *plain])).folded)
    if not all(word in text for word in wanted):
        return None
    return _excerpts(plain, wanted)


def _excerpts(plain: list[str], wanted: tuple[str, ...]) -> tuple[Pieces, ...]:
    """Return parts of the texts in which the words stand, each word once if it can be."""
    left, made = list(dict.fromkeys(wanted)), []
    for text in plain:
        hits = [(hit.span(), words(hit.group()).folded) for hit in _WORD.finditer(text)]
        here = {word for word in left for _, folded in hits if any(word in one for one in folded)}
        if here:
            left = [word for word in left if word not in here]
            marked = [span for span, folded in hits if any(word in one for one in folded for word in wanted)]
            made.append(_cut(text, marked))
        if not left or len(made) == _EXCERPTS:
            break
    return tuple(made)


def _cut(text: str, marked: list[tuple[int, int]]) -> Pieces:
    """Return the surroundings of the first marked word, cut between words."""
    first, last = marked[0]
    start, end = max(first - _BEFORE, 0), min(last + _AFTER, len(text))
    if start:
        start = text.find(" ", start, first) + 1 or first
    if end < len(text):
        end = max(text.rfind(" ", last, end), last)
    pieces: list[tuple[str, bool]] = [("… " if start else "", False)]
    for begins, ends in marked:
        if ends <= end:
            pieces += [(text[start:begins], False), (text[begins:ends], True)]
            start = ends
    pieces.append((text[start:end] + (" …" if end < len(text) else ""), False))
    return tuple(piece for piece in pieces if piece[0])
