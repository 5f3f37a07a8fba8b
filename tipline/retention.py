"""What is forgotten, and when (Data Protection Act 2012 s.16 minimality, s.19 retention). Counts survive.

So far: what carriers' retries and dialogues need for a while, outgoing texts, sign-ins, and the monthly keys of phone
hashes (with its key gone, a hash is worthless and a phone's next message begins a new thread).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from tipline.database import Database
from tipline.models import Inbound, OutMessage, PhoneThread, SignIn, Tip, UssdSession
from tipline.outbox import DEAD
from tipline.sealing import KeyFile

KEEP_INBOUND = timedelta(days=2)  # carriers retry for 12 hours
KEEP_USSD = timedelta(hours=2)
KEEP_DEAD = timedelta(days=30)
KEEP_CLIENT_RECEIPT = timedelta(hours=24)
KEEP_PHONE_MONTHS = 6
_BATCH = 500


def forget(database: Database, keys: KeyFile, now: datetime) -> None:
    """Destroy what has had its time."""
    with database.read() as session:  # a long look over many rows must not hold the write lock
        kept = session.scalars(
            select(Tip.id).where(Tip.client_receipt.is_not(None), Tip.received_at < now - KEEP_CLIENT_RECEIPT)
        ).all()
    with database.write() as session:
        session.execute(delete(Inbound).where(Inbound.at < now - KEEP_INBOUND))
        session.execute(
            delete(UssdSession).where(UssdSession.changed_at < now - KEEP_USSD, UssdSession.open.is_(False))
        )
        session.execute(delete(SignIn).where(SignIn.expires_at < now))
        dead = (OutMessage.state == DEAD, OutMessage.changed_at < now - KEEP_DEAD)
        session.execute(update(OutMessage).where(*dead).values(payload=None))
    for at in range(0, len(kept), _BATCH):
        with database.write() as session:
            session.execute(update(Tip).where(Tip.id.in_(kept[at : at + _BATCH])).values(client_receipt=None))
    keys.renew(now, KEEP_PHONE_MONTHS)
    with database.write() as session:
        session.execute(delete(PhoneThread).where(PhoneThread.month.not_in(list(keys.phone))))
