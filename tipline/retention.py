"""What is forgotten, and when (Data Protection Act 2012 s.16 minimality, s.19 retention). Counts survive.

What carriers' retries and dialogues need for a while, outgoing texts, sign-ins, the phone numbers of closed tips, what
closed tips say (``destruction``), and the monthly keys of phone hashes (with its key gone, a hash is worthless and a
phone's next message begins a new thread). What carriers keep of it is ``erasure``'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from tipline import destruction, thread
from tipline.database import Database
from tipline.models import (
    CarrierCopy,
    Draft,
    Entry,
    Inbound,
    OutMessage,
    PhoneThread,
    SignIn,
    Tip,
    TipDesk,
    UssdSession,
)
from tipline.outbox import DEAD, EXPIRED, HELD, WAITING
from tipline.sealing import KeyFile

KEEP_INBOUND = timedelta(days=2)  # carriers retry for 12 hours
KEEP_USSD = timedelta(hours=2)
KEEP_DEAD = timedelta(days=30)
KEEP_DRAFTS = timedelta(days=7)
KEEP_CLIENT_RECEIPT = timedelta(hours=24)
KEEP_PHONE_MONTHS = 6
_BATCH = 500


def forget(database: Database, keys: KeyFile, now: datetime, *, keep_numbers: timedelta) -> None:
    """Destroy what has had its time; a phone number ``keep_numbers`` after its tip was closed."""
    with database.read() as session:  # a long look over many rows must not hold the write lock
        kept = session.scalars(
            select(Tip.id).where(Tip.client_receipt.is_not(None), Tip.received_at < now - KEEP_CLIENT_RECEIPT)
        ).all()
        closed = session.scalars(_closed_with_number(now - keep_numbers)).all()
    with database.write() as session:
        session.execute(delete(Inbound).where(Inbound.at < now - KEEP_INBOUND))
        session.execute(
            delete(UssdSession).where(UssdSession.changed_at < now - KEEP_USSD, UssdSession.open.is_(False))
        )
        session.execute(delete(SignIn).where(SignIn.expires_at < now))
        session.execute(delete(Draft).where(Draft.kept_at <= now - KEEP_DRAFTS))
        dead = (OutMessage.state == DEAD, OutMessage.changed_at < now - KEEP_DEAD)
        session.execute(update(OutMessage).where(*dead).values(payload=None))
        given_up = (CarrierCopy.due_at.is_(None), CarrierCopy.created_at < now - KEEP_DEAD)
        session.execute(delete(CarrierCopy).where(*given_up))
    for at in range(0, len(kept), _BATCH):
        with database.write() as session:
            session.execute(update(Tip).where(Tip.id.in_(kept[at : at + _BATCH])).values(client_receipt=None))
    for at in range(0, len(closed), _BATCH):
        with database.write() as session:
            _forget_numbers(session, closed[at : at + _BATCH], now, keep_numbers)
    destruction.forget(database, now)
    keys.renew(now, KEEP_PHONE_MONTHS)
    with database.write() as session:
        session.execute(delete(PhoneThread).where(PhoneThread.month.not_in(list(keys.phone))))


def _closed_with_number(until: datetime) -> Select[int]:
    """Ask for tips that rest closed since then and still know a phone.

    One that its reporter wrote to again is back in a queue: it keeps what it has until somebody looked, and its time
    begins anew.
    """
    return select(Tip.id).where(
        Tip.closed_at <= until,
        Tip.changed_at <= until,
        ~exists().where(TipDesk.tip_id == Tip.id, TipDesk.active),
        or_(
            exists().where(Entry.tip_id == Tip.id, Entry.kind == thread.NUMBER),
            exists().where(PhoneThread.tip_id == Tip.id),
        ),
    )


def _forget_numbers(session: Session, found: Sequence[int], now: datetime, keep_numbers: timedelta) -> None:
    """Destroy the numbers of these tips, and what waits to go to them; somebody may have written since the look."""
    wanted = _closed_with_number(now - keep_numbers).where(Tip.id.in_(found)).with_for_update(of=Tip)
    tips = session.scalars(wanted).all()
    session.execute(delete(Entry).where(Entry.tip_id.in_(tips), Entry.kind == thread.NUMBER))
    session.execute(delete(PhoneThread).where(PhoneThread.tip_id.in_(tips)))
    texts = update(OutMessage).where(OutMessage.tip_id.in_(tips)).values(payload=None)
    session.execute(texts.where(OutMessage.state == DEAD))
    waits = OutMessage.state.in_((HELD, WAITING))
    session.execute(texts.where(waits).values(state=EXPIRED, changed_at=now))
    for tip_id in tips:
        thread.record(session, tip_id, "number_forgotten", now)
