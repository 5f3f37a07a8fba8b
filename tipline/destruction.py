"""When what a closed tip says is destroyed, who keeps it back, and the destroying (Data Protection Act 2012, s.19).

How long is data: ``retention.toml``. What goes, what stays and why: ``docs/decisions/0008-forgetting.md``.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from tipline import places, thread
from tipline.case import Case, add_entry, leave_event, own_desk, said
from tipline.coarse import hour_of
from tipline.columns import Base
from tipline.database import Database
from tipline.errors import ForbiddenMove, NotFound, ReasonMissing
from tipline.models import (
    Approval,
    Draft,
    Entry,
    Event,
    KeptBack,
    Outcome,
    OutMessage,
    PhoneThread,
    PoliceReport,
    Presence,
    Referral,
    Tip,
    TipDesk,
    UssdSession,
)
from tipline.outbox import SENDING

BACKUPS = timedelta(days=35)  # how long a backup is kept: forgetting is complete only then
SOON = timedelta(days=30)  # how long before it fires a desk is shown it on its list
MONTHS = (1, 3, 6, 12)  # how long a tip may be kept back; it can be kept again
SHOWN = 200  # rows of that list
_A_MONTH = timedelta(days=30)
_BATCH = 20
_NO_SYNC = {"synchronize_session": False}


def _schedules() -> dict[str, timedelta]:
    data = tomllib.loads(Path(__file__).with_name("retention.toml").read_text(encoding="utf-8"))
    return {result: timedelta(days=days) for result, days in data["keep"].items()}


KEEP: Mapping[str, timedelta] = _schedules()
LONGEST = max(KEEP.values())


@dataclass(frozen=True)
class Plan:
    """When a closed tip is destroyed. ``result`` set that time; None: an outcome without a schedule did, or none.

    ``scheduled`` is when that were if nobody kept it back.
    """

    at: datetime
    scheduled: datetime
    result: str | None
    waits: bool  # the reporter wrote since: not before somebody has looked
    kept: tuple[KeptBack, ...] = ()

    @property
    def backups(self) -> datetime:
        """Return when the last backup of it ends."""
        return self.at + BACKUPS


@dataclass(frozen=True)
class Soon:
    """What a desk is shown of what goes within ``SOON``: tips with their plans, the first to go first, and counts."""

    going: tuple[tuple[Tip, Plan], ...]
    count: int
    kept: tuple[tuple[Tip, Plan], ...]


def keep_of(results: Iterable[str]) -> tuple[timedelta, str | None]:
    """Return how long a tip with these outcomes is kept, and which of them says so: the longest. Pure."""
    known = list(results)
    if not known or any(result not in KEEP for result in known):
        return LONGEST, None
    longest = max(known, key=lambda result: KEEP[result])
    return KEEP[longest], longest


def plan(session: Session, tip: Tip) -> Plan | None:
    """Return when a tip is destroyed; None while it is open, and once it is destroyed."""
    return plans(session, [tip]).get(tip.id)


def plans(session: Session, tips: Sequence[Tip]) -> dict[int, Plan]:
    """Return the plan of each closed tip that is not destroyed yet."""
    closed = {tip.id: tip for tip in tips if tip.closed_at is not None and not is_destroyed(tip)}
    results, kept = defaultdict(list), defaultdict(list)
    ids = {*closed, *(tip.folded_into for tip in closed.values() if tip.folded_into)}
    for one in session.execute(select(Outcome.tip_id, Outcome.result).where(Outcome.tip_id.in_(ids))):
        results[one.tip_id].append(one.result)
    wanted = select(KeptBack).where(KeptBack.tip_id.in_(closed), KeptBack.ended_at.is_(None)).order_by(KeptBack.until)
    for row in session.scalars(wanted):
        kept[row.tip_id].append(row)
    waiting = set(session.scalars(select(TipDesk.tip_id).where(TipDesk.tip_id.in_(closed), TipDesk.active)))
    found = {}
    for tip in closed.values():
        keep, result = keep_of([*results[tip.id], *results[tip.folded_into or 0]])
        scheduled = max(tip.closed_at or tip.changed_at, tip.changed_at) + keep
        at = max([scheduled, *(row.until for row in kept[tip.id])])
        found[tip.id] = Plan(at, scheduled, result, tip.id in waiting, tuple(kept[tip.id]))
    return found


def is_destroyed(tip: Tip) -> bool:
    """Say whether what a tip said is gone."""
    return tip.destroyed_at is not None and tip.changed_at <= tip.destroyed_at


def soon(session: Session, desk_id: int, now: datetime) -> Soon:
    """Return what of one desk's tips goes within ``SOON``, and what is kept back."""
    mine = exists().where(TipDesk.tip_id == Tip.id, TipDesk.desk_id == desk_id, TipDesk.state != "declined")
    going = and_(mine, *_over(now + SOON), ~_kept_back(now + SOON))
    count = session.scalar(select(func.count()).select_from(Tip).where(going)) or 0
    return Soon(
        going=_planned(session, session.scalars(select(Tip).where(going).order_by(Tip.closed_at).limit(SHOWN)).all()),
        count=count,
        kept=_planned(session, session.scalars(select(Tip).where(mine, _kept_back(now)).limit(SHOWN)).all()),
    )


def keep_back(session: Session, case: Case, reason: str, months: int) -> None:
    """Keep a closed tip some ``MONTHS`` longer than its schedule does, or than now if that is over.

    ForbiddenMove, ReasonMissing, TooLong. Once more: the later one counts. A desk decides for itself: where two keep
    one tip, it stays until the later day.
    """
    if case.at.state == "offered" or case.tip.closed_at is None or is_destroyed(case.tip):
        raise ForbiddenMove
    if months not in MONTHS:
        raise NotFound
    if not reason.strip():
        raise ReasonMissing
    entry = add_entry(session, case, thread.REASON, said(reason), own_desk(session, case))
    _end(session, case)
    planned = plan(session, case.tip)
    longer = timedelta(days=365) if months == MONTHS[-1] else months * _A_MONTH
    until = max(case.now, planned.scheduled if planned else case.now) + longer
    session.add(
        KeptBack(
            tip_id=case.tip.id, desk_id=case.at.desk_id, account_id=case.who.account_id, reason_entry_id=entry,
            created_at=case.now, until=until,
        )
    )  # fmt: skip
    leave_event(session, case, "kept_back", until=until.date().isoformat())


def let_go(session: Session, case: Case) -> None:
    """Let the schedule count again for what this desk kept back. ForbiddenMove where it keeps nothing back."""
    if not _end(session, case):
        raise ForbiddenMove
    leave_event(session, case, "let_go")


def forget(database: Database, now: datetime) -> None:
    """Destroy what has had its time, a few tips a transaction: whatever stops it, the next run goes on from there."""
    with database.read() as session:  # a long look over many rows must not hold the write lock
        found = session.scalars(select(Tip.id).where(*_over(now), ~_kept_back(now)).order_by(Tip.id)).all()
    for at in range(0, len(found), _BATCH):
        with database.write() as session:
            _destroy(session, found[at : at + _BATCH], now)


def _over(at: datetime) -> list[ColumnElement[bool]]:
    """Ask for closed tips whose schedules are over at a moment, kept back or not.

    One that its reporter wrote to again is back in a queue: it waits until somebody looked, and its time begins anew.
    """
    # A folded tip is closed with the one it is kept under, and has no outcome of its own.
    of_it = or_(Outcome.tip_id == Tip.id, Outcome.tip_id == Tip.folded_into)

    def rested(keep: timedelta) -> ColumnElement[bool]:
        return and_(Tip.closed_at <= at - keep, Tip.changed_at <= at - keep)

    by_keep = defaultdict(list)
    for result, keep in KEEP.items():
        by_keep[keep].append(result)
    known = and_(exists().where(of_it), ~exists().where(of_it, Outcome.result.not_in(list(KEEP))))
    return [
        Tip.closed_at.is_not(None),
        or_(Tip.destroyed_at.is_(None), Tip.changed_at > Tip.destroyed_at),
        rested(min(by_keep)),
        ~exists().where(TipDesk.tip_id == Tip.id, TipDesk.active),
        or_(rested(LONGEST), known),
        *(or_(rested(keep), ~exists().where(of_it, Outcome.result.in_(some))) for keep, some in by_keep.items()),
    ]


def _kept_back(at: datetime) -> ColumnElement[bool]:
    return exists().where(KeptBack.tip_id == Tip.id, KeptBack.ended_at.is_(None), KeptBack.until > at)


def _planned(session: Session, tips: Sequence[Tip]) -> tuple[tuple[Tip, Plan], ...]:
    found = plans(session, tips)
    return tuple(sorted(((tip, found[tip.id]) for tip in tips if tip.id in found), key=lambda one: one[1].at))


def _end(session: Session, case: Case) -> bool:
    rows = session.scalars(
        select(KeptBack).where(
            KeptBack.tip_id == case.tip.id, KeptBack.desk_id == case.at.desk_id, KeptBack.ended_at.is_(None)
        )
    ).all()
    for row in rows:
        row.ended_at = case.now
    return bool(rows)


def _destroy(session: Session, found: Sequence[int], now: datetime) -> None:
    """Destroy these tips, unless somebody wrote, or kept one back, since the look."""
    session.execute(select(Tip.id).where(Tip.id.in_(found)).order_by(Tip.id).with_for_update())
    tips = session.scalars(select(Tip).where(Tip.id.in_(found), *_over(now), ~_kept_back(now))).all()
    ids = [tip.id for tip in tips]
    entries = select(Entry.id).where(Entry.tip_id.in_(ids))
    blank = update(Entry).where(Entry.tip_id.in_(ids)).values(body=b"", wraps=b"", read_at=None, told_at=None)
    session.execute(blank, execution_options=_NO_SYNC)
    of_it = or_(OutMessage.tip_id.in_(ids), OutMessage.entry_id.in_(entries))
    # A row may still be needed for an hour, by whoever sends it or has a carrier erase its copy; what it holds is not.
    over = OutMessage.state != SENDING, OutMessage.carrier_id_locked.is_(None)
    session.execute(delete(OutMessage).where(of_it, *over), execution_options=_NO_SYNC)
    left = update(OutMessage).where(of_it).values(payload=None, phone_hash=None)
    session.execute(left, execution_options=_NO_SYNC)
    for table in (PhoneThread, Draft, Presence):
        session.execute(delete(table).where(table.tip_id.in_(ids)), execution_options=_NO_SYNC)
    calls = update(UssdSession).where(UssdSession.tip_id.in_(ids)).values(open=False, locked=b"", tip_id=None)
    session.execute(calls, execution_options=_NO_SYNC)
    places_in_queues = update(TipDesk).where(TipDesk.tip_id.in_(ids)).values(waits=False, due=None, alert=None)
    session.execute(places_in_queues, execution_options=_NO_SYNC)
    for column in (
        Entry.created_at, Event.at, Outcome.created_at, Referral.created_at, Referral.answered_at,
        PoliceReport.told_at, PoliceReport.created_at, Approval.created_at, Approval.answered_at,
    ):  # fmt: skip
        _coarsen(session, column, ids)
    for tip in tips:
        _leave_figures(tip, now)
        thread.record(session, tip.id, "destroyed", now)


def _leave_figures(tip: Tip, now: datetime) -> None:
    """Leave of a tip's own row what figures are made of, and its short name, so that the audit log can be read."""
    tip.binding = tip.uid  # it may have been a device's own name for it
    tip.client_hash = tip.client_receipt = tip.receipt_lookup = tip.reporter_point = tip.alike = None
    tip.reasons, tip.indicators, tip.excluded = [], [], []
    tip.danger_now = tip.child = tip.newer = tip.news = None
    tip.content_consent = tip.unfinished = tip.waits = False
    tip.stirs = 0  # nothing of it is unread
    tip.place = places.district_of(tip.place)
    tip.closed_at, tip.changed_at = hour_of(tip.closed_at or now), hour_of(tip.changed_at)
    tip.police_at = hour_of(tip.police_at) if tip.police_at is not None else None
    tip.destroyed_at = now


def _coarsen(session: Session, column: InstrumentedAttribute[Any], tip_ids: Sequence[int]) -> None:
    table: Any = Base.metadata.tables[column.class_.__tablename__]
    wanted = select(table.c.id, table.c[column.key]).where(
        table.c.tip_id.in_(tip_ids), table.c[column.key].is_not(None)
    )
    times = [{"row": row, "hour": hour_of(at)} for row, at in session.execute(wanted)]
    if times:
        one = update(table).where(table.c.id == bindparam("row")).values({column.key: bindparam("hour")})
        session.connection().execute(one, times)
