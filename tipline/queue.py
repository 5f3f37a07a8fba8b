"""What a desk sees of its tips without opening one: the queue, counts, a summary. Nothing here is sealed."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, select, tuple_
from sqlalchemy.orm import Session

from tipline import clocks, news, outcomes
from tipline.abuse import FOLDED
from tipline.accounts import READERS, Identity
from tipline.clocks import Clock
from tipline.errors import NotAllowed
from tipline.models import Desk, Tip, TipDesk

PAGE = 25
COUNT_LIMIT = 100  # a queue says "99+" beyond: counting a million costs what a page may cost
NEWEST = 2000  # tips that the median is taken of
PRIORITIES = ("P0", "P1", "P2", "P3")
_CURSOR = re.compile(r"(P[0-3])\.(-?[0-9]{1,16})\.([0-9]{1,18})", re.ASCII)
# Each filter names its own index: an open tip is one whose stage is not closed (``active`` says the same, and would
# lead SQLite to walk the whole queue).
_NOT_CLOSED = TipDesk.stage != "closed"
_OFFERED = TipDesk.state == literal_column("'offered'")  # as its partial index has it
_WAITS: ColumnElement[bool] = literal_column("tip_desk.waits")  # so has this: a Boolean would become ``waits = 1``
_BY_ITSELF = TipDesk.matter_of.is_(None)  # what is one matter stands as one: see ``matters``


@dataclass(frozen=True)
class Row:
    """A tip in a queue; of one matter, the first, as urgent and as new as the ``many`` that it stands for."""

    tip: Tip
    desk: str
    state: str
    clocks: tuple[Clock, ...]
    overdue: bool
    alert: str | None  # see ``escalation``
    unread: bool  # by this desk
    priority: str
    many: int = 1


@dataclass(frozen=True)
class Page:
    """One page of a queue; ``next`` is a cursor or None at the end."""

    rows: tuple[Row, ...]
    next: str | None


def reference(uid: str) -> str:
    """Return the short name of a tip that people say to each other: eight letters and digits from its id."""
    letters = base64.b32encode(bytes.fromhex(uid[:10])).decode()
    return f"{letters[:4]}-{letters[4:]}"


def page(
    session: Session, who: Identity, *, now: datetime, stage: str | None = None, priority: str | None = None,
    place: str | None = None, mine: bool = False, offered: bool = False, waits: bool = False, overdue: bool = False,
    cursor: str | None = None, size: int = PAGE,
) -> Page:  # fmt: skip
    """Return a page of the signed-in person's desk: by priority, then newest. An unreadable cursor starts anew.

    ``stage="closed"`` shows what is closed, everything else what is open; ``offered`` what waits for the desk's answer,
    ``waits`` for the reporter's. ``overdue``: what is late, by priority, then what is so for the longest.
    """
    order = (TipDesk.priority, TipDesk.arrival, TipDesk.tip_id)
    wanted = (
        select(Tip, TipDesk, Desk.slug)
        .join(TipDesk, TipDesk.tip_id == Tip.id)
        .join(Desk, Desk.id == Tip.lead_desk_id)
        .where(TipDesk.desk_id == (who.desk_id or 0), TipDesk.state != "declined", _BY_ITSELF)
    )
    if stage:
        wanted = wanted.where(TipDesk.stage == stage)
    else:
        wanted = wanted.where(_NOT_CLOSED if mine or offered or waits or overdue else TipDesk.active.is_(True))
    if priority:
        wanted = wanted.where(TipDesk.priority == priority)
    if place:
        wanted = wanted.where(Tip.place == place)
    if mine:
        wanted = wanted.where(TipDesk.tip_id.in_(_taken_by(who)))
    if offered:
        wanted = wanted.where(_OFFERED)
    if waits:
        wanted = wanted.where(_WAITS)
    after = _read_cursor(cursor or "")
    if overdue:
        found = _late(session, wanted, now, after, size + 1)
    else:
        wanted = wanted.where(tuple_(*order) > after) if after else wanted
        found = list(session.execute(wanted.order_by(*order).limit(size + 1)).all())
    rows = _together(session, who.desk_id or 0, [row(tip, slug, at, now) for tip, at, slug in found[:size]], now)
    last = found[size - 1][1] if len(found) > size else None
    place_in_it = (last.due if overdue else last.arrival) if last else None
    return Page(rows, f"{last.priority}.{place_in_it}.{last.tip_id}" if last else None)


def after(session: Session, who: Identity, at: TipDesk, *, now: datetime, **wanted: Any) -> str | None:  # noqa: ANN401
    """Return the uid of the tip that stands after this one in a queue (see ``page``); None at its end."""
    place_in_it = at.due if wanted.get("overdue") else at.arrival
    cursor = f"{at.priority}.{place_in_it}.{at.tip_id}"
    found = page(session, who, now=now, cursor=cursor, size=1, **wanted).rows
    return found[0].tip.uid if found else None


def counts(session: Session, who: Identity, now: datetime) -> dict[str, int]:
    """Return how many open tips there are of each kind that has a filter, each counted up to COUNT_LIMIT."""
    return {
        "new": _count(session, who, TipDesk.stage == "received"),
        "urgent": _count(session, who, TipDesk.priority == "P0", TipDesk.active.is_(True)),
        "mine": _count(session, who, TipDesk.tip_id.in_(_taken_by(who)), _NOT_CLOSED),
        "waits": _count(session, who, _WAITS, _NOT_CLOSED),
        "overdue": _count(session, who, *_is_late(now)),
        "offered": _count(session, who, _OFFERED, _NOT_CLOSED),
    }


def summary(session: Session, who: Identity, now: datetime) -> dict[str, object]:
    """Return counts by stage and priority, how many are overdue, and the median hours to the first human look.

    A supervisor is given the other desks' counts too (``desks``), and how their own desk's matters ended (``months``):
    figures, never a tip. NotAllowed for other roles.
    """
    if who.role not in READERS or who.desk_id is None:
        raise NotAllowed
    figures = _figures(session, who.desk_id, now)
    figures["median_hours_to_first_look"] = _median_hours(session, who.desk_id)
    if who.role == "supervisor":
        others = session.execute(select(Desk.id, Desk.slug).where(Desk.id != who.desk_id).order_by(Desk.id)).all()
        figures["months"] = [asdict(one) for one in outcomes.by_month(session, who.desk_id, now)]
        figures["desks"] = {slug: _figures(session, desk_id, now) for desk_id, slug in others}
    return figures


def _figures(session: Session, desk_id: int, now: datetime) -> dict[str, object]:
    there = (TipDesk.desk_id == desk_id, TipDesk.state != "declined", _BY_ITSELF)
    stages: Counter[str] = Counter()
    priorities: Counter[str] = Counter()
    grouped = select(TipDesk.stage, TipDesk.priority, func.count()).where(*there)
    for stage, level, count in session.execute(grouped.group_by(TipDesk.stage, TipDesk.priority)):
        if stage == FOLDED:  # one of many, which stand as one
            continue
        stages[stage] += count
        priorities[level] += count
    late = session.scalar(select(func.count()).select_from(TipDesk).where(*there, *_is_late(now))) or 0
    return {"stages": dict(stages), "priorities": dict(priorities), "overdue": late}


def _median_hours(session: Session, desk_id: int) -> float | None:
    """Return the median over the newest tips that somebody looked at."""
    newest = (
        select(TipDesk.tip_id)
        .where(TipDesk.desk_id == desk_id, TipDesk.state != "declined")
        .order_by(TipDesk.tip_id.desc())
        .limit(NEWEST)
        .subquery()
    )
    looked = session.execute(
        select(Tip.received_at, Tip.first_look_at)
        .join(newest, newest.c.tip_id == Tip.id)
        .where(Tip.first_look_at.is_not(None))
    )
    hours = [(look - arrived).total_seconds() / 3600 for arrived, look in looked if look is not None]
    return round(median(hours), 2) if hours else None


def row(tip: Tip, desk: str, at: TipDesk, now: datetime) -> Row:
    """Return a tip as a queue shows it, with the clocks that run and whether one is over (domain reference 4)."""
    running = clocks.running(tip)
    late = any(one.over(now) for one in running)
    return Row(tip, desk, at.state, running, late, at.alert, news.is_unread(tip, at), tip.priority)


def _together(session: Session, desk_id: int, rows: Sequence[Row], now: datetime) -> tuple[Row, ...]:
    """Return the rows, those that others stand under with what is urgent and new of these."""
    leads = [one.tip.id for one in rows if one.tip.grouped]
    if not leads:
        return tuple(rows)
    wanted = select(Tip, TipDesk).join(TipDesk, TipDesk.tip_id == Tip.id)
    wanted = wanted.where(TipDesk.desk_id == desk_id, TipDesk.matter_of.in_(leads), TipDesk.state != "declined")
    under: dict[int | None, list[Row]] = {}
    for tip, at in session.execute(wanted.order_by(Tip.id)):
        under.setdefault(at.matter_of, []).append(row(tip, "", at, now))
    return tuple(_as_one([one, *under.get(one.tip.id, [])]) for one in rows)


def _as_one(rows: list[Row]) -> Row:
    return replace(
        rows[0],
        clocks=tuple(sorted((clock for one in rows for clock in one.clocks), key=lambda clock: clock.due)),
        overdue=any(one.overdue for one in rows),
        alert=next((one.alert for one in rows if one.alert), None),
        unread=any(one.unread for one in rows),
        priority=min(one.priority for one in rows),
        many=len(rows),
    )


def _is_late(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of what is late; with its priorities named, an index leads to it alone."""
    return TipDesk.priority.in_(PRIORITIES), TipDesk.due < int(now.timestamp() * 1000)


def _late(
    session: Session, wanted: Select[Tip, TipDesk, str], now: datetime, after: tuple[str, int, int] | None, most: int
) -> list[Any]:
    found: list[Any] = []
    for level in PRIORITIES:
        here = wanted.where(TipDesk.priority == level, TipDesk.due < int(now.timestamp() * 1000))
        if after and level == after[0]:
            here = here.where(tuple_(TipDesk.due, TipDesk.tip_id) > after[1:])
        if not after or level >= after[0]:
            here = here.order_by(TipDesk.due, TipDesk.tip_id).limit(most - len(found))
            found += session.execute(here).all()
        if len(found) == most:
            break
    return found


def _count(session: Session, who: Identity, *conditions: ColumnElement[bool]) -> int:
    some = (
        select(TipDesk.tip_id)
        .where(TipDesk.desk_id == (who.desk_id or 0), TipDesk.state != "declined", _BY_ITSELF, *conditions)
        .limit(COUNT_LIMIT)
    )
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def _taken_by(who: Identity) -> Select[int]:
    return select(Tip.id).where(Tip.taken_by == who.account_id)


def _read_cursor(cursor: str) -> tuple[str, int, int] | None:
    found = _CURSOR.fullmatch(cursor)
    return (found[1], int(found[2]), int(found[3])) if found else None
