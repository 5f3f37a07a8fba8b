"""How text messages fare, for whoever looks after the carriers: counts, times and codes; no number, no text, no tip.

Every look is bounded: by the index over state and due time, and by ``MOST`` rows. A message counts at the time when it
was last due, and with the carrier that took it or refused it last: the row knows no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from tipline import outbox, thread
from tipline.errors import NotFound
from tipline.fates import ENDS, Reports
from tipline.models import OutMessage
from tipline.outbox import DEAD, HELD, SENDING, SENT, WAITING

DAY, WEEK = timedelta(hours=24), timedelta(days=7)
MOST = 20_000  # rows that one look counts; figures above it stand for "or more"
SHOWN = 50  # dead messages on the page
_REFUSED = ("undelivered", "failed")


@dataclass
class Count:
    """Messages of one carrier in one span: taken by it, reported as arrived, lost (given up, or reported so).

    ``unconfirmed`` are those of which nothing final was heard in time, from a carrier that reports.
    """

    sent: int = 0
    delivered: int = 0
    failed: int = 0
    unconfirmed: int = 0


@dataclass
class Health:
    """How one carrier does. ``stood_in``: for whom it stood in this week (see ``outbox.refusals``), and how often."""

    day: Count = field(default_factory=Count)
    week: Count = field(default_factory=Count)
    stood_in: dict[outbox.Refusals, int] = field(default_factory=dict)
    last_success: datetime | None = None
    last_failure: datetime | None = None
    failure: str = ""


@dataclass(frozen=True)
class Queue:
    """What has not left: counts (at most ``MOST``), and since when the oldest waits that may go now."""

    waiting: int
    oldest: datetime | None
    held: int
    dead: int


@dataclass(frozen=True)
class Dead:
    """A message that was given up. ``number`` is its row's; without its text it cannot be tried again."""

    number: int
    kind: str
    since: datetime
    carrier: str | None
    failure: str | None
    tried: str | None
    has_text: bool


def health(session: Session, names: Sequence[str], now: datetime, reports: Reports) -> dict[str, Health]:
    """Return how each of these carriers did in the last day and week."""
    found = {name: Health() for name in names}
    _count_sent(session, found, now, reports)
    for state in (WAITING, DEAD):
        _count_failed(session, found, now, state)
    return found


def queue(session: Session) -> Queue:
    """Return what waits, is held until a phone asks, or was given up."""
    counts: dict[str, int] = {}
    firsts: dict[str, datetime | None] = {}
    for state in (WAITING, SENDING, HELD, DEAD):
        rows = _looked_at(state)
        counts[state], firsts[state] = session.execute(select(func.count(), func.min(rows.c.expires_at))).one()
    until = min((first for first in (firsts[WAITING], firsts[SENDING]) if first is not None), default=None)
    since = None if until is None else until - outbox.KEEP_TRYING
    return Queue(counts[WAITING] + counts[SENDING], since, counts[HELD], counts[DEAD])


def dead_ones(session: Session) -> list[Dead]:
    """Return the newest messages that were given up, at most ``SHOWN``."""
    rows = session.execute(
        select(
            OutMessage.id,
            OutMessage.kind,
            OutMessage.changed_at,
            OutMessage.carrier,
            OutMessage.failure,
            OutMessage.tried,
            OutMessage.payload.is_not(None),
        )
        .where(OutMessage.state == DEAD)
        .order_by(OutMessage.due_at.desc(), OutMessage.id.desc())
        .limit(SHOWN)
    )
    return [Dead(*row) for row in rows]


def try_again(session: Session, number: int, now: datetime, account_id: int) -> None:
    """Have a dead message tried again; its tip's desks see that it was. NotFound if it is not dead or its text gone."""
    if not outbox.retry(session, number, now):
        raise NotFound
    session.flush()
    row = session.get_one(OutMessage, number)
    if row.tip_id is not None:
        thread.record(session, row.tip_id, "sent_again", now, account_id=account_id, entry=row.entry_id)


def _count_sent(session: Session, found: dict[str, Health], now: datetime, reports: Reports) -> None:
    rows = _looked_at(SENT, since=now - WEEK)
    day = case((rows.c.due_at >= now - DAY, 1), else_=0)
    late = case((rows.c.due_at <= now - reports.patience, 1), else_=0)
    by = (rows.c.carrier, rows.c.delivery, rows.c.tried, day, late)
    for carrier, delivery, tried, is_today, is_late, count, latest in session.execute(
        select(*by, func.count(), func.max(rows.c.changed_at)).group_by(*by)
    ):
        one = found.get(carrier)
        if one is None:
            continue
        for span in (one.day, one.week) if is_today else (one.week,):
            span.sent += count
            span.delivered += count if delivery == "delivered" else 0
            span.failed += count if delivery in _REFUSED else 0
            span.unconfirmed += count if is_late and carrier in reports.carriers and delivery not in ENDS else 0
        for_whom = outbox.refusals(tried)
        if for_whom:
            one.stood_in[for_whom] = one.stood_in.get(for_whom, 0) + count
        if delivery in _REFUSED:
            _note_failure(one, latest, delivery)
        else:
            one.last_success = max(latest, one.last_success or latest)


def _count_failed(session: Session, found: dict[str, Health], now: datetime, state: str) -> None:
    rows = _looked_at(state, since=now - WEEK)
    day = case((rows.c.due_at >= now - DAY, 1), else_=0)
    wanted = select(rows.c.carrier, rows.c.failure, day, func.count(), func.max(rows.c.changed_at))
    for carrier, failure, is_today, count, latest in session.execute(
        wanted.where(rows.c.failure.is_not(None)).group_by(rows.c.carrier, rows.c.failure, day)
    ):
        one = found.get(carrier)
        if one is None:
            continue
        if state == DEAD:
            for span in (one.day, one.week) if is_today else (one.week,):
                span.failed += count
        _note_failure(one, latest, failure)


def _note_failure(one: Health, at: datetime, code: str) -> None:
    if one.last_failure is None or at > one.last_failure:
        one.last_failure, one.failure = at, code


def _looked_at(state: str, since: datetime | None = None) -> Any:  # noqa: ANN401 - a subquery
    """Return the rows to count: the newest since a time, or those that are due first."""
    wanted = select(
        OutMessage.carrier,
        OutMessage.delivery,
        OutMessage.failure,
        OutMessage.tried,
        OutMessage.due_at,
        OutMessage.changed_at,
        OutMessage.expires_at,
    ).where(OutMessage.state == state)
    if since is None:
        wanted = wanted.order_by(OutMessage.due_at)
    else:
        wanted = wanted.where(OutMessage.due_at >= since).order_by(OutMessage.due_at.desc())
    return wanted.limit(MOST).subquery()
