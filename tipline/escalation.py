"""No answer to a referral in time: people are told, step by step. No job moves or opens anything; it holds no key.

First the caseworkers of the desk that was asked, then its supervisor, then the supervisor of the desk that asks and of
the desks that intake sealed the tip to as well. Whoever is told learns that something waits, never what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from tipline import alerts, news, thread
from tipline.models import Desk, DeskKey, Referral, Tip, TipDesk
from tipline.sealing import KeyFile, unpack

LATE, OVERDUE, UNANSWERED, STANDS_IN = "answer_late", "answer_overdue", "unanswered", "stands_in"
OF_REFERRALS = (LATE, OVERDUE, UNANSWERED)  # called off by an answer
TOLD = {LATE: "caseworker", OVERDUE: "supervisor", UNANSWERED: "supervisor", STANDS_IN: "supervisor"}  # → role
_STEPS = 3


@dataclass(frozen=True)
class Alert:
    """Somebody is to be told that something waits: people of ``role`` at ``desk_id``; ``code`` is one of ``TOLD``."""

    tip_id: int
    desk_id: int
    code: str

    @property
    def role(self) -> str:
        """Return whom of the desk it concerns."""
        return TOLD[self.code]


def escalate(session: Session, now: datetime, within: Mapping[str, timedelta], keys: KeyFile) -> list[Alert]:
    """Take the steps that are due for every referral without an answer; return whom they concern: they are alerted.

    ``within`` is how long an answer may take, by priority: each step comes when that has passed once more.
    """
    waiting = select(Referral, Tip).join(Tip, Tip.id == Referral.tip_id)
    waiting = waiting.where(Referral.state == "offered", Referral.late_steps < _STEPS, Tip.closed_at.is_(None))
    told: list[Alert] = []
    for row, tip in session.execute(waiting.order_by(Referral.id)).all():
        due = min((now - row.created_at) // within[tip.priority], _STEPS)
        while row.late_steps < due:
            row.late_steps += 1
            told += _step(session, row, tip, keys, now)
    session.flush()
    return told


def mark(
    session: Session, tip_id: int, desk_ids: Iterable[int], code: str, *, keys: KeyFile, now: datetime
) -> list[Alert]:
    """Mark a tip in these desks' queues, and alert whom the code concerns that something waits."""
    found = []
    for desk_id in desk_ids:
        at = session.get(TipDesk, (tip_id, desk_id))
        if at is not None and at.state != "declined":
            at.alert = code
            news.bring(at)
            found.append(Alert(tip_id, desk_id, code))
            _alert(session, found[-1], keys, now)
    return found


def standing(session: Session) -> list[Alert]:
    """Return every alert that nobody has done anything about yet."""
    rows = select(TipDesk.tip_id, TipDesk.desk_id, TipDesk.alert).where(TipDesk.alert.is_not(None))
    return [Alert(tip_id, desk_id, code) for tip_id, desk_id, code in session.execute(rows) if code is not None]


def _alert(session: Session, one: Alert, keys: KeyFile, now: datetime) -> None:
    """Tell its people: all supervisors of the desk, or whoever is on call first."""
    if one.role == "supervisor":
        people = alerts.supervisors(session, one.desk_id)
    else:
        people = alerts.chain(session, one.desk_id, now)[:1]
    for account_id in people:
        alerts.alert(session, account_id, keys, now)


def _step(session: Session, row: Referral, tip: Tip, keys: KeyFile, now: datetime) -> list[Alert]:
    if row.late_steps < _STEPS:
        desk_ids, code = [row.to_desk_id], (LATE, OVERDUE)[row.late_steps - 1]
    else:
        desk_ids, code = [row.from_desk_id, *_beside(session, row, tip)], UNANSWERED
    told = mark(session, tip.id, desk_ids, code, keys=keys, now=now)
    slug = session.get_one(Desk, row.to_desk_id).slug
    thread.record(session, tip.id, code, now, to=slug, step=row.late_steps)
    return told


def _beside(session: Session, row: Referral, tip: Tip) -> list[int]:
    """Return the other desks that can read the story: nothing is sealed to anybody for this."""
    story = next(iter(thread.entries(session, tip.id, (thread.STORY,))), None)
    if story is None or not story.wraps:
        return []
    have = set(session.scalars(select(DeskKey.desk_id).where(DeskKey.id.in_(unpack(story.wraps)))))
    here = (TipDesk.tip_id == tip.id, TipDesk.state.in_(("routed", "accepted")))
    wanted = select(TipDesk.desk_id).where(*here).order_by(TipDesk.desk_id)
    return [one for one in session.scalars(wanted) if one in have and one not in (row.to_desk_id, row.from_desk_id)]
