"""What sending has cost: sums by carrier, month and currency, which outlive the messages. No number, text or tip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from zoneinfo import ZoneInfo

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from tipline.models import CarrierCost
from tipline.prepared import Prepared
from tipline.prices import Money

UNKNOWN = ""  # the currency of what has no known price
_ZONE = ZoneInfo("Africa/Maseru")
_costs: Table = CarrierCost.__table__  # type: ignore[assignment]


def _adding(dialect: ModuleType) -> Prepared:
    insert = dialect.insert(_costs)
    more = {name: _costs.c[name] + insert.excluded[name] for name in ("messages", "segments", "micros")}
    return Prepared(insert.on_conflict_do_update(index_elements=["carrier", "month", "currency"], set_=more))


_ADD = {"sqlite": _adding(sqlite), "postgresql": _adding(postgresql)}


@dataclass
class Spent:
    """What was sent by one carrier in one month. ``unpriced`` are those of its messages that have no known price."""

    messages: int = 0
    segments: int = 0
    unpriced: int = 0
    sums: dict[str, Money] = field(default_factory=dict)


def note(session: Session, carrier: str, segments: int, cost: Money | None, now: datetime) -> None:
    """Add a message that a carrier took to its month; ``cost`` is None where nobody knows it."""
    _ADD[session.connection().dialect.name].run(
        session,
        {
            "carrier": carrier,
            "month": f"{now.astimezone(_ZONE):%Y-%m}",
            "currency": UNKNOWN if cost is None else cost.currency,
            "messages": 1,
            "segments": segments,
            "micros": 0 if cost is None else cost.micros,
        },
    )


def spent(session: Session) -> Mapping[str, Mapping[str, Spent]]:
    """Return what was spent: carrier → month (``2026-11``, newest first) → sums."""
    found: dict[str, dict[str, Spent]] = {}
    for row in session.scalars(select(CarrierCost).order_by(CarrierCost.month.desc(), CarrierCost.currency)):
        _add(found.setdefault(row.carrier, {}).setdefault(row.month, Spent()), row)
    return found


def total(months: Mapping[str, Spent]) -> Spent:
    """Return the sum of several months."""
    whole = Spent()
    for one in months.values():
        whole.messages += one.messages
        whole.segments += one.segments
        whole.unpriced += one.unpriced
        for currency, money in one.sums.items():
            before = whole.sums.get(currency, Money(0, currency))
            whole.sums[currency] = Money(before.micros + money.micros, currency)
    return whole


def _add(one: Spent, row: CarrierCost) -> None:
    one.messages += row.messages
    one.segments += row.segments
    if row.currency == UNKNOWN:
        one.unpriced += row.messages
    else:
        one.sums[row.currency] = Money(row.micros, row.currency)
