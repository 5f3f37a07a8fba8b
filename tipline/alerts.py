"""Who is alerted of an urgent tip: those on call, one after the other, then the supervisors of the desk.

An alert has no content: that something waits, no more. It is promised in the transaction that makes the tip urgent. As
long as nobody looks, ``sweep`` tells the next; when all were told, it begins again. Nothing here opens a tip.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Table, or_, select, update
from sqlalchemy.orm import Session

from tipline import news, outbox, thread
from tipline.clocks import FIRST_LOOK, place
from tipline.models import Account, Alert, Contact, OnCall, Tip, TipDesk
from tipline.sealing import KeyFile, lock, unlock

URGENT = "P0"
NEXT_AFTER = FIRST_LOOK[URGENT]  # then the next person is told
QUIET = timedelta(minutes=10)  # nobody is alerted more often than this
ZONE = ZoneInfo("Africa/Maseru")
DAY = 24 * 60  # minutes
_AT_ONCE = 200  # tips that one sweep looks at

_contact: Table = Contact.__table__  # type: ignore[assignment]


@dataclass(frozen=True)
class Reach:
    """How somebody is reached; either may be empty."""

    number: str = field(default="", repr=False)
    mail: str = field(default="", repr=False)


def set_contact(session: Session, account_id: int, reach: Reach, keys: KeyFile) -> None:
    """Keep how a person is reached, locked; with neither number nor address it is forgotten."""
    row = session.get(Contact, account_id)
    if not reach.number and not reach.mail:
        if row is not None:
            session.delete(row)
    else:
        data = json.dumps([reach.number, reach.mail]).encode()
        locked = lock(data, keys.outbox, _purpose(account_id))
        if row is None:
            session.add(Contact(account_id=account_id, locked=locked))
        else:
            row.locked = locked
    session.flush()


def reach_of(session: Session, account_id: int, keys: KeyFile) -> Reach:
    """Return how a person is reached."""
    row = session.get(Contact, account_id)
    if row is None:
        return Reach()
    number, mail = json.loads(unlock(row.locked, keys.outbox, _purpose(account_id)))
    return Reach(number, mail)


def is_on(slot: OnCall, now: datetime) -> bool:
    """Say whether somebody is on call by this slot; one that ends at night belongs to the day on which it began."""
    here = now.astimezone(ZONE)
    minute, day = here.hour * 60 + here.minute, here.weekday()
    ends = slot.ends if slot.ends > slot.starts else slot.ends + DAY
    today = str(day) in slot.days and slot.starts <= minute < ends
    yesterday = str((day - 1) % 7) in slot.days and slot.starts <= minute + DAY < ends
    return today or yesterday


def chain(session: Session, desk_id: int, now: datetime) -> list[int]:
    """Return the accounts to alert for a desk, in turn: who is on call now, then its supervisors.

    Whoever gave no way to be reached, and whoever left, is passed over.
    """
    wanted = (
        select(OnCall).join(Account, Account.id == OnCall.account_id).join(Contact, Contact.account_id == Account.id)
    )
    slots = session.scalars(
        wanted.where(OnCall.desk_id == desk_id, Account.desk_id == desk_id, Account.disabled_at.is_(None)).order_by(
            OnCall.position, OnCall.id
        )
    )
    on_call = [slot.account_id for slot in slots if is_on(slot, now)]
    return list(dict.fromkeys([*on_call, *supervisors(session, desk_id)]))


def supervisors(session: Session, desk_id: int) -> list[int]:
    """Return the supervisors of a desk who can be reached."""
    wanted = select(Account.id).join(Contact, Contact.account_id == Account.id)
    present = (Account.desk_id == desk_id, Account.role == "supervisor", Account.disabled_at.is_(None))
    return list(session.scalars(wanted.where(*present).order_by(Account.id)))


def alert(session: Session, account_id: int, keys: KeyFile, now: datetime) -> bool:
    """Promise a person the word that something waits; False if they had it less than ``QUIET`` ago."""
    lately = or_(_contact.c.alerted_at.is_(None), _contact.c.alerted_at <= now - QUIET)
    mine = update(_contact).where(_contact.c.account_id == account_id, lately)
    if not session.connection().execute(mine.values(alerted_at=now)).rowcount:
        return False
    reach = reach_of(session, account_id, keys)
    lang = session.get_one(Account, account_id).lang
    for kind, to in ((outbox.ALERT, reach.number), (outbox.MAIL, reach.mail)):
        if to:  # what it says, the sender knows: here stands only in which language
            outbox.promise(session, outbox.Text(to, lang), kind=kind, keys=keys, now=now)
    return True


def urgent(session: Session, tip_id: int, keys: KeyFile, now: datetime) -> None:
    """Alert the desks that have a tip: it is urgent now. A desk that was alerted of it already is left alone."""
    known = select(Alert.desk_id).where(Alert.tip_id == tip_id)
    there = select(TipDesk.desk_id).where(
        TipDesk.tip_id == tip_id, TipDesk.state != "declined", TipDesk.desk_id.not_in(known)
    )
    for desk_id in session.scalars(there).all():
        if _is_watched(session, desk_id):
            row = Alert(tip_id=tip_id, desk_id=desk_id, since=now, told=[], due_at=now)
            session.add(row)
            _tell_next(session, row, keys, now)
    session.flush()


def sweep(session: Session, keys: KeyFile, now: datetime) -> None:
    """Tell the next person of each urgent tip with something unread; forget what somebody has looked at."""
    wanted = (
        select(Alert, Tip, TipDesk)
        .join(Tip, Tip.id == Alert.tip_id)
        .join(TipDesk, (TipDesk.tip_id == Alert.tip_id) & (TipDesk.desk_id == Alert.desk_id), isouter=True)
    )
    due = session.execute(wanted.where(Alert.due_at <= now).order_by(Alert.due_at).limit(_AT_ONCE))
    for row, tip, at in due.all():
        if tip.closed_at or place(tip) != URGENT or _is_looked_at(session, tip, at):
            session.delete(row)
        else:
            _tell_next(session, row, keys, now)
    session.flush()


def _is_looked_at(session: Session, tip: Tip, at: TipDesk | None) -> bool:
    """Say whether this desk has looked, or the one that leads; a desk that is asked for an answer looks for itself.

    True of a desk that has the tip no longer.
    """
    if at is None or at.state == "declined":
        return True
    if at.state != "offered" and at.desk_id != tip.lead_desk_id:
        leads = session.get(TipDesk, (tip.id, tip.lead_desk_id))
        if leads is not None and not news.is_unread(tip, leads):
            return True
    return not news.is_unread(tip, at)


def _is_watched(session: Session, desk_id: int) -> bool:
    """Say whether anybody of a desk can be alerted, now or by a later slot."""
    slots = select(OnCall.account_id).where(OnCall.desk_id == desk_id)
    watches = or_(Account.role == "supervisor", Account.id.in_(slots))
    wanted = select(Contact.account_id).join(Account, Account.id == Contact.account_id)
    present = (Account.desk_id == desk_id, Account.disabled_at.is_(None), watches)
    return session.scalar(wanted.where(*present).limit(1)) is not None


def _tell_next(session: Session, row: Alert, keys: KeyFile, now: datetime) -> None:
    people = chain(session, row.desk_id, now)
    left = _left(people, row.told)
    if not left and row.told:  # all were told and nobody looked: once more from the first
        row.told, row.since, left = [], now, people
    row.due_at = now + NEXT_AFTER
    if not left:
        row.due_at = now + QUIET  # nobody is on call at this hour
        return
    person = left[0]
    told_at = session.scalar(select(Contact.alerted_at).where(Contact.account_id == person))
    if not (told_at is not None and told_at >= row.since) and not alert(session, person, keys, now):
        row.due_at = (told_at or now) + QUIET  # had one just before this tip came: another when that may be
        return
    row.told = [*row.told, person]
    thread.record(session, row.tip_id, "alerted", now, desk_id=row.desk_id)


def _left(people: Collection[int], told: Collection[int]) -> list[int]:
    return [person for person in people if person not in told]


def _purpose(account_id: int) -> str:
    return f"how account {account_id} is reached"
