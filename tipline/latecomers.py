"""Desks that a later answer let in: they read what came since, and whoever has the rest is asked to refer it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tipline import thread
from tipline.errors import NotFound
from tipline.models import Desk, DeskKey, Event, Tip, TipDesk
from tipline.sealing import unpack

LEFT = "rest_left"  # the event of a desk that decided to refer nothing


def without_story(session: Session, tip: Tip) -> dict[int, str]:
    """Return the desks that rules let in and that have no key to the story: id → slug."""
    story = next(iter(thread.entries(session, tip.id, (thread.STORY,))), None)
    if story is None or not story.wraps:  # taken back
        return {}
    have = set(session.scalars(select(DeskKey.desk_id).where(DeskKey.id.in_(unpack(story.wraps)))))
    routed = session.execute(
        select(Desk.id, Desk.slug)
        .join(TipDesk, TipDesk.desk_id == Desk.id)
        .where(TipDesk.tip_id == tip.id, TipDesk.state == "routed")
        .order_by(Desk.id)
    )
    return {row.id: row.slug for row in routed if row.id not in have}


def asked_to_refer(session: Session, tip: Tip, at: TipDesk) -> list[str]:
    """Return the desks (slugs) to which this desk is asked to refer the rest: it has it, and has not decided yet."""
    if tip.closed_at is not None or at.state == "offered":
        return []
    late = without_story(session, tip)
    if not late or at.desk_id in late:
        return []
    mine = (Event.tip_id == tip.id, Event.kind == LEFT, Event.desk_id == at.desk_id)
    left = {event.data.get("desk") for event in session.scalars(select(Event).where(*mine))}
    return [slug for slug in late.values() if slug not in left]


def leave(session: Session, tip: Tip, at: TipDesk, slug: str, *, account_id: int, now: datetime) -> None:
    """Decide that what was said before stays with this desk. NotFound if nobody asked."""
    if slug not in asked_to_refer(session, tip, at):
        raise NotFound
    thread.record(session, tip.id, LEFT, now, account_id=account_id, desk_id=at.desk_id, desk=slug)
