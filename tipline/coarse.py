"""Times without their minutes: when a report came in must not say which phone was in somebody's hand just then."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from tipline.models import Entry, Event, OutMessage

_DONE = ("sent", "dead", "expired")  # states of a text that nobody sends any more


def hour_of(at: datetime) -> datetime:
    """Return a time without its minutes."""
    return at.replace(minute=0, second=0, microsecond=0)


def coarsen_arrival(session: Session, tip_id: int, arrived: datetime) -> None:
    """Take the minute of arrival out of what came with a tip, when it is closed: entries, events, texts that are done.

    What came later keeps its time until it is destroyed: the order of what was passed on and what was not hangs on it.
    """
    quiet, hour = {"synchronize_session": False}, hour_of(arrived)
    entries = update(Entry).where(Entry.tip_id == tip_id, Entry.created_at == arrived).values(created_at=hour)
    session.execute(entries, execution_options=quiet)
    events = update(Event).where(Event.tip_id == tip_id, Event.at == arrived).values(at=hour)
    session.execute(events, execution_options=quiet)
    texts = update(OutMessage).where(OutMessage.tip_id == tip_id, OutMessage.created_at == arrived)
    texts = texts.where(OutMessage.state.in_(_DONE), OutMessage.carrier_id_locked.is_(None))
    times = {"created_at": hour, "due_at": hour, "expires_at": hour, "changed_at": hour}
    session.execute(texts.values(times), execution_options=quiet)
