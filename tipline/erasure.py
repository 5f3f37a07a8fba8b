"""Carriers keep copies of what passed through them: each is erased there as soon as its carrier can.

Known by the carrier's own message id, which is kept locked until the copy is gone and then blanked. As in ``outbox``:
claim, commit, call with nothing open, note; a crash leaves a copy that comes due again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from tipline import thread
from tipline.database import Database
from tipline.models import CarrierCopy, OutMessage
from tipline.outbox import SENT
from tipline.sealing import CannotOpen, KeyFile, lock, unlock

AFTER_TAKING_IN = timedelta(minutes=10)  # until then the carrier may still be busy with it, or call again
AT_THE_LATEST = timedelta(days=1)  # after sending: many a report never comes
KEEP_TRYING = timedelta(days=14)
BACK_OFF = (300, 1200, 3600, 14400, 43200, 86400)  # seconds; then every day
CLAIM_LASTS = timedelta(minutes=10)
BATCH = 20
_MOVED = 500
ENDS = ("delivered", "undelivered", "failed")
_PURPOSE = "a carrier's id"  # as the outbox locks it
_log = logging.getLogger(__name__)


class Erased(StrEnum):
    """What became of a copy: it is gone, it cannot go yet, or this carrier erases nothing."""

    DONE = "done"
    LATER = "later"
    CANNOT = "cannot"


class Copies(Protocol):
    """The carriers, as those who keep copies."""

    def can_erase(self, carrier: str) -> bool:
        """Say whether a carrier erases what it is told to."""

    def erase(self, carrier: str, carrier_id: str) -> Erased:
        """Have one copy erased, with no transaction open. Raises nothing that quotes the id."""


def keep_id(
    session: Session, carrier: str, carrier_id: str, *, keys: KeyFile, now: datetime, ended: bool = True
) -> None:
    """Keep the id of a message that did not go through the outbox, until the carrier's copy of it is erased.

    ``ended`` is false where more may be heard of it: then the copy is erased at the latest a day from now.
    """
    thread.put(
        session,
        CarrierCopy,
        carrier=carrier,
        locked=lock(carrier_id.encode(), keys.outbox, _PURPOSE),
        attempts=0,
        due_at=now + (AFTER_TAKING_IN if ended else AT_THE_LATEST),
        created_at=now,
    )


def erase(database: Database, copies: Copies, keys: KeyFile, clock: Callable[[], datetime]) -> int:
    """Erase all that is due; return how many were tried. Stops where a claim would run out, until the next time."""
    while _gather(database, copies, clock()):
        pass
    until, tried = clock() + CLAIM_LASTS / 2, 0
    while clock() < until and (claimed := _claim(database, clock())):
        for row in claimed:
            if clock() >= until:
                break
            tried += 1
            _note(database, row, _erase_one(copies, keys, row), clock())
    return tried


def given_up(session: Session) -> int:
    """Count the copies that could not be erased, while they are remembered (``retention.KEEP_DEAD``)."""
    return session.scalar(select(func.count()).where(CarrierCopy.due_at.is_(None))) or 0


def _gather(database: Database, copies: Copies, now: datetime) -> bool:
    """Take over the ids of sent messages that came to their end; ids that serve nothing go. False if there are none."""
    ended = or_(OutMessage.delivery.in_(ENDS), OutMessage.due_at <= now - AT_THE_LATEST)
    wanted = select(OutMessage.id, OutMessage.carrier, OutMessage.carrier_id_locked).where(
        OutMessage.carrier_id_locked.is_not(None), OutMessage.state == SENT, ended
    )
    with database.read() as session:
        rows = session.execute(wanted.limit(_MOVED)).all()
    if not rows:
        return False
    with database.write() as session:
        for row in rows:
            if copies.can_erase(row.carrier):
                thread.put(
                    session,
                    CarrierCopy,
                    carrier=row.carrier,
                    locked=row.carrier_id_locked,
                    attempts=0,
                    due_at=now,
                    created_at=now,
                )
        blanked = update(OutMessage).where(OutMessage.id.in_([row.id for row in rows]))
        session.execute(blanked.values(carrier_id_locked=None))
    return True


def _claim(database: Database, now: datetime) -> list[CarrierCopy]:
    due = select(CarrierCopy).where(CarrierCopy.due_at <= now).order_by(CarrierCopy.due_at).limit(BATCH)
    with database.read() as session:
        if session.scalars(due.limit(1)).first() is None:
            return []  # nothing due: do not take the write lock
    with database.write() as session:
        rows = list(session.scalars(due.with_for_update(skip_locked=True)))
        for row in rows:
            row.due_at, row.attempts = now + CLAIM_LASTS, row.attempts + 1
        session.flush()
        session.expunge_all()
        return rows


def _erase_one(copies: Copies, keys: KeyFile, row: CarrierCopy) -> Erased:
    try:
        carrier_id = unlock(row.locked or b"", keys.outbox, _PURPOSE).decode()
    except CannotOpen:
        return Erased.CANNOT
    try:
        return copies.erase(row.carrier, carrier_id)
    except Exception as error:  # noqa: BLE001 - a carrier's surprise quotes the id
        _log.error("erasing failed", extra={"carrier": row.carrier, "error": type(error).__name__})
        return Erased.LATER


def _note(database: Database, row: CarrierCopy, result: Erased, now: datetime) -> None:
    with database.write() as session:
        kept = session.get(CarrierCopy, row.id)
        if kept is None:
            return
        if result is Erased.DONE:
            session.delete(kept)
        elif result is Erased.CANNOT or now >= kept.created_at + KEEP_TRYING:
            kept.due_at, kept.locked = None, None
            _log.error("a carrier keeps a copy that could not be erased", extra={"carrier": row.carrier})
        else:
            kept.due_at = now + timedelta(seconds=BACK_OFF[min(kept.attempts, len(BACK_OFF)) - 1])
