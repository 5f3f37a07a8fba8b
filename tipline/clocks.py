"""The clocks of a tip: until when somebody has to have looked, and until when the police have to know.

What a queue finds by them stands beside the tip in ``TipDesk`` (``due``, ``waits``): ``post`` writes it there, and
whatever changes priority, stage or first look calls it in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from tipline.models import Tip, TipDesk
from tipline.prepared import Row

FIRST_LOOK = {"P0": timedelta(hours=1), "P1": timedelta(hours=1), "P2": timedelta(hours=24), "P3": timedelta(hours=72)}
POLICE = timedelta(hours=24)  # the Act, s.23: the police assess within 24 hours
LOOK, TO_POLICE = "look", "police"
# What else a row needs that has stage and arrival.
NEEDED = (Tip.first_look_at, Tip.police_at, Tip.withdrawn_at, Tip.newer)
_FOR_POLICE = ("P0", "P1")  # domain reference 4
# The police have it, or it was decided with a written reason that there is nothing for them.
_PASSED_ON = {"reported_police", "substantiated", "not_substantiated"}


@dataclass(frozen=True)
class Clock:
    """A clock that runs: ``look`` or ``police``, and when its time is over."""

    kind: str
    due: datetime

    def over(self, now: datetime) -> bool:
        """Say whether its time is over."""
        return now > self.due


def place(tip: Tip | Row) -> str:
    """Return the priority by which queues sort a tip: its own, or what newer words would raise it to.

    One that was taken back whole stands below what can still be acted on; its own priority stays, for the counts.
    """
    if tip.withdrawn_at is not None and not tip.reasons and not tip.indicators:
        return "P3"
    return min(tip.priority, tip.newer or tip.priority)


def running(tip: Tip | Row, priority: str | None = None) -> tuple[Clock, ...]:
    """Return the clocks of a tip that run, the one that ends first first; ``priority`` if it is another now.

    None run for what is closed, was taken back, or is kept under another tip.
    """
    if tip.stage == "closed" or tip.withdrawn_at is not None or tip.folded_into is not None:
        return ()
    found = []
    priority = priority or place(tip)
    if tip.first_look_at is None:
        found.append(Clock(LOOK, tip.received_at + FIRST_LOOK[priority]))
    if priority in _FOR_POLICE and tip.police_at is None:
        found.append(Clock(TO_POLICE, tip.received_at + POLICE))
    return tuple(found)


def first_due(priority: str, arrived: datetime) -> int:
    """Return when the first clock of a fresh tip is over, in epoch milliseconds."""
    return _milliseconds(arrived + FIRST_LOOK[priority])


def due(tip: Tip | Row, priority: str | None = None) -> int | None:
    """Return when the first of a tip's clocks is over, in epoch milliseconds; None if none runs."""
    return next((_milliseconds(one.due) for one in running(tip, priority)), None)


def enter(session: Session, tip: Tip, stage: str, now: datetime) -> None:
    """Put a tip into a stage. Whoever acts has looked; in some stages the police clock has done its work."""
    tip.stage, tip.changed_at = stage, now
    tip.first_look_at = tip.first_look_at or now
    if stage in _PASSED_ON:
        tip.police_at = tip.police_at or now
    if stage == "closed":
        tip.waits = False
    session.flush()
    session.execute(update(TipDesk).where(TipDesk.tip_id == tip.id).values(stage=stage, **_posted(tip)))
    _gather(session, tip)


def post(session: Session, tip: Tip) -> None:
    """Write into its desks' queues how urgent a tip is, when its clocks are over and whether it waits."""
    session.flush()
    session.execute(update(TipDesk).where(TipDesk.tip_id == tip.id).values(**_posted(tip)))
    _gather(session, tip)


def wait(session: Session, tip: Tip, *, waits: bool) -> None:
    """Note that the last word is the desk's (the reporter is waited for), or no longer."""
    if tip.waits is not waits:
        tip.waits = waits
        post(session, tip)


def _gather(session: Session, tip: Tip) -> None:
    """Let the first of one matter stand in its desk's queue as its most urgent and its earliest would; see matters."""
    if not tip.grouped:
        return
    first = func.coalesce(TipDesk.matter_of, TipDesk.tip_id)
    for desk_id, lead_id in session.execute(select(TipDesk.desk_id, first).where(TipDesk.tip_id == tip.id)).all():
        here = (TipDesk.desk_id == desk_id, or_(TipDesk.tip_id == lead_id, TipDesk.matter_of == lead_id))
        tips = session.scalars(select(Tip).join(TipDesk, TipDesk.tip_id == Tip.id).where(*here)).all()
        values = {
            "priority": min(place(one) for one in tips),
            "due": min((at for one in tips if (at := due(one)) is not None), default=None),
            "waits": all(one.waits for one in tips),
        }
        lead = update(TipDesk).where(TipDesk.tip_id == lead_id, TipDesk.desk_id == desk_id)
        session.execute(lead.values(**values))


def _posted(tip: Tip) -> dict[str, object]:
    return {"priority": place(tip), "due": due(tip), "waits": tip.waits}


def _milliseconds(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp() * 1000)
