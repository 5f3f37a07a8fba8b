"""What a desk does about abuse: phones blocked by the tip they wrote to, one of many alike treated by itself.

What a blocked phone sends is kept at that tip (see ``abuse.weigh``). Only a keyed hash of the number is remembered,
and nobody is ever shown it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from tipline import abuse, desks, phones, thread
from tipline.accounts import Identity
from tipline.casework import LONGEST_NOTE, Case
from tipline.errors import AlreadyThere, ForbiddenMove, NoPhone, NotAllowed, ReasonMissing, TooLong
from tipline.models import Account, BlockedPhone, Entry, Tip, TipDesk

BY_PHONE = ("sms", "ussd")  # the number that a web form gives may be anybody's


@dataclass(frozen=True)
class Blocked:
    """A blocked phone: the tip it was blocked at, since when, by whom, and how many texts were kept there since."""

    uid: str
    since: datetime
    name: str
    texts: int


def block(session: Session, case: Case, reason: str) -> None:
    """Block the phone that a tip came from; the reason is sealed to this desk. One blocked at another tip moves here.

    ReasonMissing, TooLong; NoPhone if no number came from the phone itself; ForbiddenMove while a tip is only offered.
    """
    if case.at.state == "offered":
        raise ForbiddenMove
    if not reason.strip():
        raise ReasonMissing
    if len(reason) > LONGEST_NOTE:
        raise TooLong
    number = _number(session, case)
    if number is None or case.tip.channel not in BY_PHONE:
        raise NoPhone
    own = [desk.key for desk in desks.all_desks(session).values() if desk.id == case.who.desk_id and desk.key]
    thread.add(
        session, instance=case.file.instance, tip_id=case.tip.id, binding=case.tip.binding, kind=thread.REASON,
        data={"text": reason}, readers=own, now=case.now, desk_id=case.who.desk_id, account_id=case.who.account_id,
    )  # fmt: skip
    session.merge(
        BlockedPhone(
            phone_hash=phones.block_hash(case.file, number), tip_id=case.tip.id, account_id=case.who.account_id,
            since=case.now,
        )
    )  # fmt: skip
    session.flush()
    _event(session, case, "blocked")


def unblock(session: Session, case: Case) -> None:
    """Let a phone's texts in again; no number is needed (it may be destroyed). AlreadyThere if it is not blocked."""
    if not session.scalars(
        delete(BlockedPhone).where(BlockedPhone.tip_id == case.tip.id).returning(BlockedPhone.tip_id)
    ).all():
        raise AlreadyThere
    _event(session, case, "unblocked")


def unfold(session: Session, case: Case) -> None:
    """Let one of many alike stand by itself. AlreadyThere if it does."""
    if case.tip.folded_into is None:
        raise AlreadyThere
    abuse.unfold(session, case.tip, case.now, account_id=case.who.account_id, desk_id=case.who.desk_id)


def blocked_at(session: Session, tip_id: int) -> Blocked | None:
    """Return the phone that is blocked at a tip, if one is."""
    row = session.execute(_wanted().where(Tip.id == tip_id)).first()
    return Blocked(*row) if row is not None else None


def among(session: Session, tips: Collection[Tip]) -> set[int]:
    """Return which of these tips (their ids) a phone is blocked at."""
    there = select(BlockedPhone.tip_id).where(BlockedPhone.tip_id.in_([tip.id for tip in tips]))
    return set(session.scalars(there))


def every(session: Session, who: Identity) -> list[Blocked]:
    """Return the phones blocked at tips that a supervisor's desk reads, the newest first. NotAllowed for others."""
    if who.role != "supervisor" or who.desk_id is None:
        raise NotAllowed
    there = _wanted().join(TipDesk, TipDesk.tip_id == Tip.id)
    there = there.where(TipDesk.desk_id == who.desk_id, TipDesk.state != "declined")
    return [Blocked(*row) for row in session.execute(there.order_by(BlockedPhone.since.desc()))]


def _wanted() -> Select[str, datetime, str, int]:
    texts = (Entry.tip_id == Tip.id, Entry.kind == thread.MESSAGE, Entry.created_at > BlockedPhone.since)
    count = select(func.count()).select_from(Entry).where(*texts).correlate(Tip, BlockedPhone).scalar_subquery()
    return (
        select(Tip.uid, BlockedPhone.since, Account.name, count)
        .select_from(BlockedPhone)
        .join(Tip, Tip.id == BlockedPhone.tip_id)
        .join(Account, Account.id == BlockedPhone.account_id)
    )


def _number(session: Session, case: Case) -> str | None:
    for entry in reversed(thread.entries(session, case.tip.id, (thread.NUMBER,))):
        seen = thread.opened(entry, case.tip, case.keys, case.file.instance)
        if seen.data:
            return str(seen.data["number"])
    return None


def _event(session: Session, case: Case, kind: str) -> None:
    thread.record(session, case.tip.id, kind, case.now, account_id=case.who.account_id, desk_id=case.who.desk_id)
