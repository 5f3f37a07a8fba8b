"""Who did what: the audit log as a supervisor sees their desk, and an administrator the keys and accounts."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, false, literal_column, select, tuple_
from sqlalchemy.orm import Session

from tipline import audit
from tipline.accounts import Identity
from tipline.errors import NotAllowed
from tipline.models import Account, Act, Tip, TipDesk

PAGE = 50
READERS = ("supervisor", "admin")
_NO_TIP = Act.kind != literal_column("'tip'")  # as its partial index has it
_NO_SEARCH = Act.verb != "searched"


@dataclass(frozen=True)
class Page:
    """One page of acts, the newest first; ``next`` is a cursor or None at the end. ``names`` are all accounts'."""

    rows: tuple[Act, ...]
    next: str | None
    names: Mapping[int, str]
    people: Mapping[int, str]


def page(
    session: Session, who: Identity, *, person: int | None = None, reference: str = "", begins: datetime | None = None,
    cursor: str | None = None,
) -> Page:  # fmt: skip
    """Return what was done at a supervisor's own desk; to an administrator, what was done to keys and accounts.

    ``begins`` is when the day asked for begins. An unreadable reference finds nothing, such a cursor starts anew.
    NotAllowed for every other role.
    """
    if who.role not in READERS or who.must_enrol:
        raise NotAllowed
    conditions = _seen_by(who)
    if person is not None:
        conditions.append(Act.account_id == person)
    if reference:
        first = _prefix(reference)
        conditions += [Act.object >= first, Act.object < first + "g", Act.kind == audit.TIP] if first else [false()]
    if begins is not None:
        conditions += [Act.at >= begins, Act.at < begins + timedelta(days=1)]
    after = _place(session, cursor)
    if after is not None:
        conditions.append(tuple_(Act.at, Act.seq) < after)
    wanted = select(Act).where(*conditions).order_by(Act.at.desc(), Act.seq.desc()).limit(PAGE + 1)
    found = session.scalars(wanted).all()
    rows = tuple(found[:PAGE])
    names = {row.id: row.name for row in session.execute(select(Account.id, Account.name))}
    mine = select(Account.id, Account.name).order_by(Account.name)
    if who.role != "admin":
        mine = mine.where(Account.desk_id == who.desk_id)
    people = {row.id: row.name for row in session.execute(mine)}
    return Page(rows, str(rows[-1].seq) if len(found) > PAGE else None, names, people)


def still_there(session: Session, who: Identity, reference: str) -> str | None:
    """Return the uid of the tip that goes by this name if the person's desk still reads it."""
    first = _prefix(reference)
    if first is None or who.desk_id is None:
        return None
    wanted = select(Tip.uid).join(TipDesk, TipDesk.tip_id == Tip.id)
    mine = (TipDesk.desk_id == who.desk_id, TipDesk.state != "declined")
    return session.scalar(wanted.where(Tip.uid >= first, Tip.uid < first + "g", *mine).limit(1))


def _seen_by(who: Identity) -> list[ColumnElement[bool]]:
    if who.role == "admin":
        return [_NO_TIP, _NO_SEARCH]
    return [Act.desk_id == (who.desk_id or 0)]


def _prefix(reference: str) -> str | None:
    """Return how the uid of a tip begins, from the name that people say to each other; see ``queue.reference``."""
    try:
        return base64.b32decode(reference.strip().replace("-", "").upper()).hex() or None
    except (binascii.Error, ValueError):
        return None


def _place(session: Session, cursor: str | None) -> tuple[datetime, int] | None:
    if not cursor or not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):  # noqa: PLR2004 - 63 bits
        return None
    row = session.execute(select(Act.at, Act.seq).where(Act.seq == int(cursor))).first()
    return (row.at, row.seq) if row else None
