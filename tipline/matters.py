"""Tips that a desk found to be one matter: the others stand under the first, in the queue of that desk alone.

Nothing else is joined: each keeps its thread, its reporter and its other desks, and none of these learns of it.
``merging`` is what a person does.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from tipline import clocks
from tipline.models import Event, Tip, TipDesk

MERGED, UNMERGED = "merged", "unmerged"
OWN = (MERGED, UNMERGED)  # what only the desk sees that did it


def seen_by(desk_id: int | None) -> ColumnElement[bool]:
    """Return the condition of the events that a desk is shown."""
    return or_(Event.kind.not_in(OWN), Event.desk_id == desk_id)


def leave(session: Session, tip: Tip, desk_id: int | None = None) -> None:
    """Take a tip out of its matters, at one desk or at all of them; of those that stood under it, the oldest leads."""
    if not tip.grouped:
        return
    session.flush()
    mine = or_(TipDesk.matter_of == tip.id, (TipDesk.tip_id == tip.id) & TipDesk.matter_of.is_not(None))
    wanted = select(TipDesk).where(mine).order_by(TipDesk.tip_id)
    if desk_id is not None:
        wanted = wanted.where(TipDesk.desk_id == desk_id)
    leads: dict[int, int] = {}
    changed = {tip.id}
    for at in session.scalars(wanted).all():
        if at.tip_id == tip.id:
            changed.add(at.matter_of or 0)
            at.matter_of = None
        else:
            first = leads.setdefault(at.desk_id, at.tip_id)
            at.matter_of = first if first != at.tip_id else None
            changed.add(first)
    session.flush()
    for one in session.scalars(select(Tip).where(Tip.id.in_(changed))).all():
        clocks.post(session, one)


def under(session: Session, desk_id: int, tip_id: int) -> list[tuple[Tip, TipDesk]]:
    """Return what stands under a tip at a desk, the oldest first."""
    wanted = select(Tip, TipDesk).join(TipDesk, TipDesk.tip_id == Tip.id)
    wanted = wanted.where(TipDesk.desk_id == desk_id, TipDesk.matter_of == tip_id, TipDesk.state != "declined")
    return [(tip, at) for tip, at in session.execute(wanted.order_by(Tip.id))]
