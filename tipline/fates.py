"""How an answer that goes to a phone fared, and sending it again.

Nothing here is sent a second time by itself: a message that was taken, and of which nothing more is heard, may have
arrived. Somebody at the desk decides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tipline import answers, outbox, phones
from tipline.answers import Words
from tipline.errors import CannotReply, NotFound
from tipline.models import Event, OutMessage, Tip
from tipline.outbox import DEAD, EXPIRED, HELD, SENDING, SENT, WAITING
from tipline.sealing import KeyFile

ENDS = ("delivered", "undelivered", "failed")  # what a carrier says last
_SILENT = {"notice_undelivered", "text_undelivered", "notice_unconfirmed", "text_unconfirmed"}
AGAIN = {*_SILENT, "expired", "failed"}  # after these a desk may have it sent anew


@dataclass(frozen=True)
class Reports:
    """Which carriers tell what became of a message, and how long that is waited for."""

    carriers: Collection[str] = ()
    patience: timedelta = timedelta(hours=24)


@dataclass(frozen=True)
class Fate:
    """How far an answer came. ``code`` says it (``words.FATES``); ``carrier`` took it, or refused it last.

    ``tried`` are the carriers that did not take it at its last try, ``tries`` how many tries it took; ``again`` is
    who had it sent again last, and when. ``asked``: the phone asked for the words after a notice.
    """

    code: str
    carrier: str | None = None
    tried: outbox.Refusals = ()
    tries: int = 0
    again: tuple[int | None, datetime] | None = None
    asked: bool = False


def send_again(
    session: Session, tip: Tip, entry_id: int, number: Mapping[str, str] | None, text: str | None, words: Words, *,
    keys: KeyFile, now: datetime, reports: Reports,
) -> None:  # fmt: skip
    """Send again what could not be sent of an answer, or send it anew: somebody at the desk asked for it.

    Anew as ``answers.way`` says: unless its reporter agreed to more, the words only go where the phone asks for them
    once more. A carrier that was silent is asked last. NotFound if there is nothing to send again; CannotReply if the
    number is gone or texts are not wanted.
    """
    session.execute(select(Tip.id).where(Tip.id == tip.id).with_for_update())  # two desks at once: the second waits
    rows = session.scalars(_of(tip.id).where(OutMessage.entry_id == entry_id)).all()
    dead = [row.id for row in rows if row.state == DEAD]
    if [one for one in dead if outbox.retry(session, one, now)]:
        session.flush()
        return
    fate = _fate(outbox.newest(rows), now, reports) if rows else None
    if fate is None or fate.code not in AGAIN:
        raise NotFound
    wanted = answers.way(tip, has_number=number is not None) in (answers.TEXT, answers.NOTICE)
    if number is None or text is None or not wanted or phones.stopped(session, keys, number["number"]):
        raise CannotReply
    old = update(OutMessage).where(OutMessage.tip_id == tip.id, OutMessage.entry_id == entry_id)
    session.execute(old.where(OutMessage.state.in_((HELD, DEAD))).values(state=EXPIRED, payload=None, changed_at=now))
    silent = fate.carrier if fate.code in _SILENT else None
    answers.send(session, tip, number, text, entry_id, words, keys=keys, now=now, asked_last=silent)


def fates(session: Session, tip_id: int, now: datetime, reports: Reports) -> dict[int, Fate]:
    """Say of each answer that goes to a phone how far it came, by its entry's id."""
    by_entry: dict[int, list[OutMessage]] = {}
    for row in session.scalars(_of(tip_id)):
        if row.entry_id is not None:
            by_entry.setdefault(row.entry_id, []).append(row)
    if not by_entry:
        return {}
    acts = session.scalars(select(Event).where(Event.tip_id == tip_id, Event.kind == "sent_again").order_by(Event.id))
    again = {act.data.get("entry"): (act.account_id, act.at) for act in acts}
    return {entry: _fate(outbox.newest(rows), now, reports, again.get(entry)) for entry, rows in by_entry.items()}


def _of(tip_id: int) -> Any:  # noqa: ANN401 - an SQL expression
    return select(OutMessage).where(OutMessage.tip_id == tip_id).order_by(OutMessage.id)


def _fate(
    rows: list[OutMessage], now: datetime, reports: Reports, again: tuple[int | None, datetime] | None = None
) -> Fate:
    texts = [row for row in rows if row.kind == "answer"]
    notice = next((row for row in reversed(rows) if row.kind == "notice"), None)
    states = {row.state for row in texts}
    code, of = "stopped", notice
    if DEAD in {row.state for row in rows}:
        code, of = "failed", next(row for row in rows if row.state == DEAD)
    elif states & {WAITING, SENDING}:
        code, of = "on_its_way", next(row for row in texts if row.state in {WAITING, SENDING})
    elif states == {SENT}:
        code, of = _reported(texts, "text", now, reports)
    elif EXPIRED in states:
        code = "expired"
    elif notice is not None and notice.state == SENT:
        code, of = _reported([notice], "notice", now, reports)
    elif notice is not None and notice.state != EXPIRED:
        code = "notice_waits"
    asked = notice is not None and not states <= {HELD, EXPIRED}
    if of is None:
        return Fate(code, again=again)
    return Fate(code, of.carrier, outbox.refusals(of.tried), of.attempts, again, asked)


def _reported(rows: list[OutMessage], what: str, now: datetime, reports: Reports) -> tuple[str, OutMessage]:
    """Say what the carriers reported of these rows, and which of them says it."""
    lost = next((row for row in rows if row.delivery in {"undelivered", "failed"}), None)
    if lost is not None:
        return f"{what}_undelivered", lost
    silent = next((row for row in rows if is_unconfirmed(row, now, reports)), None)
    if silent is not None:
        return f"{what}_unconfirmed", silent
    arrived = all(row.delivery == "delivered" for row in rows)
    return f"{what}_{'delivered' if arrived else 'sent'}", rows[-1]


def is_unconfirmed(row: OutMessage, now: datetime, reports: Reports) -> bool:
    """Say whether a carrier that reports took a message and has not said in time what became of it."""
    return row.carrier in reports.carriers and row.delivery not in ENDS and row.due_at <= now - reports.patience
