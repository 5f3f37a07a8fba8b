"""How matters ended: the counts of an outcome, and a desk's figures month by month. No client's name anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tipline.coarse import coarsen_arrival, hour_of
from tipline.errors import BadCounts
from tipline.models import Outcome, PoliceReport, Tip, TipDesk

SERVED = "clients_served"
OF_THESE = ("residential", "reintegrated", "non_residential")  # of those served; one person may be in more than one
COUNTS = ("identified", SERVED, *OF_THESE)
MONTHS = 12
_LESOTHO = ZoneInfo("Africa/Maseru")


@dataclass(frozen=True)
class Month:
    """One month of a desk: ``results`` count tips, ``people`` the counts of their outcomes, ``told`` police reports."""

    month: str  # 2026-11
    closed: int = 0
    told: int = 0
    results: Mapping[str, int] = field(default_factory=dict)
    people: Mapping[str, int] = field(default_factory=dict)


_ONCE = Outcome.counted_with.is_(None)  # one matter counts once


def check(counts: Mapping[str, int | None]) -> None:
    """Raise BadCounts unless the counts can be true together: not more are reintegrated than were served."""
    served = counts.get(SERVED)
    parts = [counts.get(name) for name in OF_THESE]
    if served is not None and any(part is not None and part > served for part in parts):
        raise BadCounts


def end(session: Session, tip: Tip, now: datetime) -> None:
    """Take a tip out of the queues and coarsen when it came to the hour."""
    tip.closed_at = now
    coarse = hour_of(tip.received_at)
    coarsen_arrival(session, tip.id, tip.received_at)
    if tip.first_look_at is not None:  # the time between the two is a figure; the minute of arrival is not
        tip.first_look_at -= tip.received_at - coarse
    tip.received_at = coarse
    ended = update(TipDesk).where(TipDesk.tip_id == tip.id)
    ended = ended.values(active=False, arrival=-int(coarse.timestamp() * 1000))
    session.execute(ended, execution_options={"synchronize_session": "fetch"})


def by_month(session: Session, desk_id: int, now: datetime, months: int = MONTHS) -> list[Month]:
    """Return a desk's figures, the newest month (of Lesotho's calendar) first; months without any are left out."""
    begins, found = _month(now), []
    ends = _month(begins + timedelta(days=32))
    for _ in range(months):
        one = _figures(session, desk_id, begins, ends)
        if one.closed or one.told:
            found.append(one)
        begins, ends = _month(begins - timedelta(days=1)), begins
    return found


def _figures(session: Session, desk_id: int, begins: datetime, ends: datetime) -> Month:
    sums = [func.sum(getattr(Outcome, name)) for name in COUNTS]
    there = (Outcome.desk_id == desk_id, Outcome.created_at >= begins, Outcome.created_at < ends)
    rows = session.execute(
        select(Outcome.result, func.count(), *sums).where(*there, _ONCE).group_by(Outcome.result)
    ).all()
    told = (PoliceReport.desk_id == desk_id, PoliceReport.told_at >= begins, PoliceReport.told_at < ends)
    return Month(
        month=f"{begins.astimezone(_LESOTHO):%Y-%m}",
        closed=sum(row[1] for row in rows),
        told=session.scalar(select(func.count(PoliceReport.tip_id.distinct())).where(*told)) or 0,
        results={row[0]: row[1] for row in rows},
        people={name: sum(row[at] or 0 for row in rows) for at, name in enumerate(COUNTS, 2)},
    )


def _month(at: datetime) -> datetime:
    """Return when the month began that a moment lies in."""
    return at.astimezone(_LESOTHO).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
