"""Promises: made inside a tip's own transaction, kept after it by the worker.

``deliver`` claims a message, commits, sends with nothing open, then notes the result: no transaction is ever open
while a carrier is called, and a crash at any point leaves either an unsent promise or a claimed one that the sweep
finds.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Table, select, update
from sqlalchemy.orm import Session

from tipline import costs, thread
from tipline.database import Database
from tipline.models import OutMessage
from tipline.phones import Phone
from tipline.prices import Money
from tipline.sealing import CannotOpen, KeyFile, keyed_hash, lock, unlock

HELD, WAITING, SENDING, SENT, DEAD, EXPIRED = "held", "waiting", "sending", "sent", "dead", "expired"
KEEP_HELD = timedelta(days=7)
KEEP_TRYING = timedelta(hours=36)
CLAIM_LASTS = timedelta(minutes=2)
BACK_OFF = (5, 20, 60, 300, 900, 1800, 3600, 7200, 14400, 28800)  # seconds; then dead
BATCH = 20
ALERT, MAIL = "alert", "mail"  # kinds for staff: what they say, the sender knows (see ``alerts``)
UNSURE = ("no_answer", "broken_off", "not_understood")  # the codes of carriers that may have taken a message
_PURPOSE = "an outgoing message"
# A delivery state only ever moves forward; carriers repeat and reorder their reports.
RANK = {"queued": 1, "sent": 2, "buffered": 3, "undelivered": 4, "failed": 4, "delivered": 5}
Refusals = tuple[tuple[str, str], ...]  # carriers that did not take a message, each with its code
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Text:
    """A text message to send: to whom, by which door if it can be had, and what.

    ``kind`` is the promise's; ``asked_last`` is a carrier that was silent about the same message before.
    """

    number: str = field(repr=False)
    text: str = field(repr=False)
    carrier: str = ""
    ours: str = ""
    kind: str = field(default="", compare=False)
    asked_last: str = field(default="", compare=False)


@dataclass(frozen=True)
class Sent:
    """A carrier took the message, after ``tried`` did not. ``cost`` is None where nobody knows it."""

    carrier: str
    carrier_id: str = field(default="", repr=False)
    segments: int = 0
    cost: Money | None = None
    tried: Refusals = ()


class SendFailed(Exception):
    """A carrier did not take the message. ``code`` is a slug; ``final`` if trying again is useless.

    ``unsure`` means it may have been taken (a time-out after sending): it is not repeated blindly.
    """

    def __init__(
        self, code: str, *, final: bool = False, unsure: bool = False, carrier: str = "", tried: Refusals = ()
    ) -> None:
        """Take the slug and what it means for another try; ``tried`` are all carriers that were asked."""
        self.code = code
        self.tried = tried
        self.final = final
        self.unsure = unsure
        self.carrier = carrier
        super().__init__(code)


class Sender(Protocol):
    """Sends one text by the best carrier there is."""

    def send(self, message: Text) -> Sent:
        """Send, with no transaction open; raises SendFailed."""


def promise(
    session: Session, message: Text, *, kind: str, keys: KeyFile, now: datetime, phone_hash: bytes | None = None,
    tip_id: int | None = None, entry_id: int | None = None, held: bool = False, asked_last: str | None = None,
) -> int:  # fmt: skip
    """Promise a text; ``held`` ones wait (locked, at most 7 days) until ``release``. Return the promise's id."""
    payload = json.dumps([message.number, message.text, message.carrier, message.ours]).encode()
    return thread.put(
        session,
        OutMessage,
        kind=kind,
        state=HELD if held else WAITING,
        payload=lock(payload, keys.outbox, _PURPOSE),
        phone_hash=phone_hash,
        tip_id=tip_id,
        entry_id=entry_id,
        asked_last=asked_last,
        attempts=0,
        due_at=now,
        expires_at=now + (KEEP_HELD if held else KEEP_TRYING),
        created_at=now,
        changed_at=now,
    )


def release(
    session: Session, phone_hashes: list[bytes], now: datetime, *, keys: KeyFile | None = None,
    phone: Phone | None = None,
) -> list[int]:  # fmt: skip
    """Let go what waits for these phones, through the door where ``phone`` asked; return the entries that go out."""
    rows = session.scalars(
        select(OutMessage)
        .where(OutMessage.phone_hash.in_(phone_hashes), OutMessage.state == HELD, OutMessage.expires_at > now)
        .order_by(OutMessage.id)
    ).all()
    for row in rows:
        row.state, row.due_at, row.changed_at = WAITING, now, now
        row.expires_at = now + KEEP_TRYING
        if keys is not None and phone is not None and row.payload is not None:
            row.payload = _through(row.payload, keys, phone)
    session.flush()
    return [row.entry_id for row in rows if row.entry_id is not None]


def call_off(session: Session, phone_hashes: list[bytes], now: datetime) -> None:
    """Call off what is about to go to these phones: they want no texts. A desk's answer waits again, as before."""
    table = _table()
    off = update(table).where(table.c.phone_hash.in_(phone_hashes), table.c.state == WAITING).values(changed_at=now)
    connection = session.connection()
    answer = table.c.kind == "answer"
    connection.execute(off.where(answer).values(state=HELD, expires_at=now + KEEP_HELD))
    connection.execute(off.where(~answer).values(state=EXPIRED, payload=None, failure="stopped"))


def waits_for(session: Session, phone_hashes: list[bytes], now: datetime, entry_id: int | None = None) -> bool:
    """Say whether a text is held for one of these phones (of one answer, if it is named)."""
    wanted = select(OutMessage.id).where(
        OutMessage.phone_hash.in_(phone_hashes), OutMessage.state == HELD, OutMessage.expires_at > now
    )
    if entry_id is not None:
        wanted = wanted.where(OutMessage.entry_id == entry_id)
    return session.scalar(wanted.limit(1)) is not None


def answers_to(session: Session, phone_hashes: list[bytes], now: datetime, tip_id: int | None) -> tuple[bool, bool]:
    """Say whether an answer is held for one of these phones, and whether one of this tip was ever promised to it."""
    wanted = select(OutMessage.tip_id, OutMessage.state, OutMessage.expires_at).where(
        OutMessage.phone_hash.in_(phone_hashes), OutMessage.kind == "answer"
    )
    rows = session.execute(wanted).all()
    return (
        any(row.state == HELD and row.expires_at > now for row in rows),
        tip_id is not None and any(row.tip_id == tip_id for row in rows),
    )


def deliver(database: Database, sender: Sender, keys: KeyFile, clock: Callable[[], datetime]) -> int:
    """Send all that is due; return how many were tried."""
    tried = 0
    while claimed := _claim(database, clock()):
        until = clock() + CLAIM_LASTS / 2
        for at, one in enumerate(claimed):
            if clock() > until:  # a slow carrier: before the sweep gives the rest to somebody else
                _give_back(database, [left.id for left in claimed[at:]], clock())
                break
            tried += 1
            _send_one(database, sender, keys, clock, one)
    return tried


def sweep(session: Session, now: datetime, claim_lasts: timedelta = CLAIM_LASTS) -> int:
    """Put back what a crash left claimed, let go what waited too long; return how many were put back."""
    table = _table()
    stale = table.c.changed_at <= now - claim_lasts
    back = update(table).where(table.c.state == SENDING, stale).values(state=WAITING, due_at=now, changed_at=now)
    count = session.connection().execute(back).rowcount
    old = update(table).where(table.c.state == HELD, table.c.expires_at <= now)
    session.connection().execute(old.values(state=EXPIRED, payload=None, changed_at=now))
    return int(count)


def retry(session: Session, message_id: int, now: datetime) -> bool:
    """Try a dead message again (somebody asked for it); False if its text is gone.

    A carrier that may have it already, and did not say so, is asked last.
    """
    row = session.get(OutMessage, message_id)
    if row is None or row.state != DEAD or row.payload is None:
        return False
    if row.failure in UNSURE:
        row.asked_last = row.carrier
    row.state, row.attempts, row.due_at, row.changed_at = WAITING, 0, now, now
    row.expires_at = now + KEEP_TRYING
    return True


def carrier_id_hash(keys: KeyFile, carrier: str, carrier_id: str) -> bytes:
    """Return the keyed hash under which a carrier's message id is kept: such ids point at numbers."""
    return keyed_hash(keys.ids, "carrier id", carrier, carrier_id)


def note_delivery(session: Session, keys: KeyFile, carrier: str, carrier_id: str, state: str, now: datetime) -> bool:
    """Note a carrier's delivery report: forward only. False if no message of ours has this id."""
    row = session.scalar(
        select(OutMessage).where(OutMessage.carrier_id_hash == carrier_id_hash(keys, carrier, carrier_id))
    )
    if row is None:
        return False
    if RANK.get(state, 0) > RANK.get(row.delivery or "", 0):
        row.delivery, row.changed_at = state, now
    return True


def is_sending(session: Session) -> bool:
    """Say whether a carrier is being handed a message just now: until that is noted, nobody knows its id."""
    return session.scalar(select(OutMessage.id).where(OutMessage.state == SENDING).limit(1)) is not None


def _through(payload: bytes, keys: KeyFile, phone: Phone) -> bytes:
    number, text, _, _ = json.loads(unlock(payload, keys.outbox, _PURPOSE))
    return lock(json.dumps([number, text, phone.carrier, phone.ours]).encode(), keys.outbox, _PURPOSE)


def newest(rows: Sequence[OutMessage]) -> list[OutMessage]:
    """Return what was promised last of an answer: its notice and its words are promised at one moment."""
    last = max((row.created_at for row in rows), default=None)
    return [row for row in rows if row.created_at == last]


def refusals(tried: str | None) -> Refusals:
    """Return the carriers that did not take a message at its last try, each with its code, as its row keeps them."""
    pairs = (one.partition(":") for one in (tried or "").split(",") if one)
    return tuple((carrier, code) for carrier, _, code in pairs)


def _kept(tried: Iterable[tuple[str, str]]) -> str | None:
    return ",".join(f"{carrier}:{code}" for carrier, code in tried) or None


@dataclass(frozen=True)
class _Claimed:
    """What is sent of a row."""

    id: int
    payload: bytes | None = field(repr=False)
    kind: str
    asked_last: str | None


def _claim(database: Database, now: datetime) -> list[_Claimed]:
    table = _table()
    with database.read() as session:
        if session.execute(_due(table, now).limit(1)).first() is None:
            return []  # nothing due: do not take the write lock
    with database.write() as session:
        due = _due(table, now).limit(BATCH)
        if not database.is_sqlite:
            due = due.with_for_update(skip_locked=True)
        rows = session.execute(due).all()
        ids = [row.id for row in rows]
        change = update(table).where(table.c.id.in_(ids))
        session.connection().execute(change.values(state=SENDING, attempts=table.c.attempts + 1, changed_at=now))
        return [_Claimed(*row) for row in rows]


def _give_back(database: Database, ids: list[int], now: datetime) -> None:
    table = _table()
    change = update(table).where(table.c.id.in_(ids), table.c.state == SENDING)
    with database.write() as session:
        session.connection().execute(change.values(state=WAITING, attempts=table.c.attempts - 1, changed_at=now))


def _send_one(database: Database, sender: Sender, keys: KeyFile, clock: Callable[[], datetime], one: _Claimed) -> None:
    try:
        number, text, door, ours = json.loads(unlock(one.payload or b"", keys.outbox, _PURPOSE))
        message = Text(number, text, door, ours, kind=one.kind, asked_last=one.asked_last or "")
    except (CannotOpen, ValueError, TypeError):
        with database.write() as session:
            _note(session, one.id, clock(), state=DEAD, failure="unreadable")
        return
    try:
        sent = sender.send(message)
    except SendFailed as failed:
        _failed(database, one.id, failed, clock())
        return
    except Exception as error:  # noqa: BLE001 - a carrier's surprise must not stop the others
        _log.error("sending failed", extra={"error": type(error).__name__})
        _failed(database, one.id, SendFailed("unexpected"), clock())
        return
    now, known = clock(), sent.carrier_id

    def taken(session: Session) -> None:
        _note(
            session,
            one.id,
            now,
            state=SENT,
            payload=None,
            carrier=sent.carrier,
            failure=None,
            tried=_kept(sent.tried),
            delivery="sent",
            carrier_id_hash=carrier_id_hash(keys, sent.carrier, known) if known else None,
            carrier_id_locked=lock(known.encode(), keys.outbox, "a carrier's id") if known else None,
        )
        if one.kind != MAIL:
            costs.note(session, sent.carrier, sent.segments, sent.cost, now)

    database.together(taken)


def _failed(database: Database, message_id: int, failed: SendFailed, now: datetime) -> None:
    with database.write() as session:
        row = session.get_one(OutMessage, message_id)
        row.failure, row.changed_at = failed.code, now
        row.carrier = failed.carrier or row.carrier
        row.tried = _kept(failed.tried)
        if row.payload is None:  # called off while it was being sent
            row.state = EXPIRED
            return
        if failed.final or failed.unsure or row.attempts > len(BACK_OFF) or now >= row.expires_at:
            row.state = DEAD  # its text stays locked, so that the desk can try again
            row.delivery = "failed"
            if row.tip_id is not None:
                thread.record(session, row.tip_id, "send_failed", now, code=failed.code)
            return
        row.state = WAITING
        row.due_at = now + timedelta(seconds=BACK_OFF[row.attempts - 1])


def _note(session: Session, message_id: int, now: datetime, **values: Any) -> None:  # noqa: ANN401 - columns
    table = _table()
    session.connection().execute(update(table).where(table.c.id == message_id).values(changed_at=now, **values))


def _due(table: Table, now: datetime) -> Any:  # noqa: ANN401 - an SQL expression
    return (
        select(table.c.id, table.c.payload, table.c.kind, table.c.asked_last)
        .where(table.c.state == WAITING, table.c.due_at <= now)
        .order_by(table.c.due_at, table.c.id)
    )


def _table() -> Table:
    table: Table = OutMessage.__table__  # type: ignore[assignment]
    return table
