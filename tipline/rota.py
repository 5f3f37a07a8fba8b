"""The on-call rota of a desk, as its supervisor or an administrator keeps it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from tipline import desks
from tipline.accounts import READERS, Identity
from tipline.errors import NotFound
from tipline.models import Account, Contact, OnCall

KEEPERS = ("supervisor", "admin")
ALL_DAYS = "0123456"


@dataclass(frozen=True)
class Row:
    """A slot with the name of its person; ``reached``: they have given a number or an address."""

    slot: OnCall
    name: str
    reached: bool


@dataclass(frozen=True)
class Rota:
    """A desk's rota, first to last, and who may be put on it: their numbers, names and whether they can be reached."""

    desk: desks.OpenDesk
    rows: list[Row]
    people: list[tuple[int, str, bool]]


def every(session: Session, who: Identity) -> list[Rota]:
    """Return the rota of one's own desk; an administrator's list holds every desk."""
    there = desks.all_desks(session).values()
    return [_rota(session, desk) for desk in there if who.role == "admin" or desk.id == who.desk_id]


def add(session: Session, who: Identity, desk: str, account_id: int, *, days: str, starts: int, ends: int) -> int:
    """Put somebody of a desk on call, after the others; return the desk's number.

    ``days`` are digits (0 is Monday), the times minutes of the day. NotFound: not this person's to say, or nobody.
    """
    rota = next((one for one in every(session, who) if one.desk.slug == desk), None)
    if rota is None or account_id not in {number for number, _, _ in rota.people}:
        raise NotFound
    last = session.scalar(select(func.max(OnCall.position)).where(OnCall.desk_id == rota.desk.id)) or 0
    session.add(
        OnCall(
            desk_id=rota.desk.id, account_id=account_id, position=last + 1, starts=starts, ends=ends,
            days="".join(sorted(set(days) & set(ALL_DAYS))),
        )
    )  # fmt: skip
    session.flush()
    return rota.desk.id


def remove(session: Session, who: Identity, slot_id: int) -> int:
    """Take a slot off the rota; return its desk's number. NotFound."""
    desk, row = _slot(session, who, slot_id)
    session.execute(delete(OnCall).where(OnCall.id == row.slot.id))
    return desk.id


def up(session: Session, who: Identity, slot_id: int) -> int:
    """Have the person of a slot alerted before the one who stands before them; return the desk's number. NotFound."""
    desk, row = _slot(session, who, slot_id)
    before = (OnCall.desk_id == desk.id, OnCall.position < row.slot.position)
    other = session.scalar(select(OnCall).where(*before).order_by(OnCall.position.desc()).limit(1))
    if other is not None:
        other.position, row.slot.position = row.slot.position, other.position
        session.flush()
    return desk.id


def _slot(session: Session, who: Identity, slot_id: int) -> tuple[desks.OpenDesk, Row]:
    for rota in every(session, who):
        for row in rota.rows:
            if row.slot.id == slot_id:
                return rota.desk, row
    raise NotFound


def _rota(session: Session, desk: desks.OpenDesk) -> Rota:
    members = session.execute(
        select(Account.id, Account.name, Contact.account_id.is_not(None))
        .join(Contact, Contact.account_id == Account.id, isouter=True)
        .where(Account.desk_id == desk.id, Account.role.in_(READERS), Account.disabled_at.is_(None))
        .order_by(Account.name)
    )
    people = [(number, name, bool(reached)) for number, name, reached in members]
    known = {number: (name, reached) for number, name, reached in people}
    slots = session.scalars(select(OnCall).where(OnCall.desk_id == desk.id).order_by(OnCall.position, OnCall.id))
    rows = [Row(slot, *known[slot.account_id]) for slot in slots if slot.account_id in known]
    return Rota(desk, rows, people)
