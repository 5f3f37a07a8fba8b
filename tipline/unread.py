"""Answers that nobody read: after some days the desk is told, once for each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, literal_column, select
from sqlalchemy.orm import Session

from tipline import news, outbox, thread
from tipline.models import Entry, OutMessage, Tip

NEWS = "answer_unread"
_AT_ONCE = 200  # rows a transaction
_REPLY: ColumnElement[str] = literal_column("'reply'")  # as the partial index has it
_LOST = ("undelivered", "failed")  # what carriers report


def tell(session: Session, now: datetime, after: timedelta) -> int:
    """Tell the desks of answers that nobody has read ``after`` they were written; return of how many.

    One that went out as text and did not come back counts as read. A tip that rests closed is not put into a queue
    for it. What a carrier said of the phone goes into the event.
    """
    unread = (Entry.kind == _REPLY, Entry.read_at.is_(None), Entry.told_at.is_(None))
    late = select(Entry).where(*unread, Entry.created_at <= now - after).order_by(Entry.created_at).limit(_AT_ONCE)
    told = 0
    for entry in session.scalars(late).all():
        entry.told_at = now
        tip = session.get_one(Tip, entry.tip_id)
        texts = session.scalars(
            select(OutMessage).where(OutMessage.entry_id == entry.id, OutMessage.tip_id == tip.id)
        ).all()
        if tip.withdrawn_at is not None or _arrived(texts):
            continue
        said: dict[str, Any] = {"days": (now - entry.created_at).days}
        if (failure := _failure(texts)) is not None:
            said["failure"] = failure
        thread.record(session, tip.id, NEWS, now, **said)
        if tip.closed_at is None:
            news.stir(tip, NEWS)
        told += 1
    session.flush()
    return told


def _arrived(texts: Sequence[OutMessage]) -> bool:
    answer = [one for one in outbox.newest(texts) if one.kind == "answer"]
    return bool(answer) and all(one.state == outbox.SENT and one.delivery not in _LOST for one in answer)


def _failure(texts: Sequence[OutMessage]) -> str | None:
    """Return the newest fault of a carrier, as a code of ``words.FAILURES``."""
    for one in sorted(texts, key=lambda one: one.id, reverse=True):
        if one.state == outbox.DEAD:
            return one.failure or "failed"
        if one.delivery in _LOST:
            return one.delivery
    return None
