"""Several people at one tip: who else has it before them, and what they did since a page of it was made.

Whoever opens a tip is seen by the others for two minutes; a page that stays open says so again. Notes and answers only
add; everything else that was decided on a page which is no longer true is asked about once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from tipline import matters
from tipline.accounts import Identity
from tipline.models import Account, Event, Presence, Tip

SEEN_FOR = timedelta(minutes=2)
AGAIN = timedelta(seconds=20)  # being there is not noted more often than that
_QUIET = ("first_look", "opened", "noted", "answer_read", "number_shown", "gathering", "folded")  # change nothing


def others(session: Session, tip: Tip, who: Identity, now: datetime) -> list[str]:
    """Return the names of the others of this person's desk who have a tip before them."""
    wanted = (
        select(Account.name)
        .join(Presence, Presence.account_id == Account.id)
        .where(
            Presence.tip_id == tip.id, Presence.seen_at > now - SEEN_FOR, Account.id != who.account_id,
            Account.desk_id == who.desk_id,
        )
        .order_by(Account.name)
    )  # fmt: skip
    return list(session.scalars(wanted))


def is_noted(session: Session, tip: Tip, who: Identity, now: datetime) -> bool:
    """Say whether it was noted a moment ago that this person is there."""
    row = session.get(Presence, (tip.id, who.account_id))
    return row is not None and row.seen_at > now - AGAIN


def come(session: Session, tip: Tip, who: Identity, now: datetime) -> None:
    """Note that a person has a tip before them, and forget who had one earlier."""
    session.execute(delete(Presence).where(Presence.seen_at <= now - SEEN_FOR))
    session.merge(Presence(tip_id=tip.id, account_id=who.account_id, seen_at=now))
    session.flush()


def version(session: Session, tip: Tip) -> int:
    """Return up to which event a page of a tip knows what was done."""
    return session.scalar(select(func.max(Event.id)).where(Event.tip_id == tip.id)) or 0


def since(session: Session, tip: Tip, seen: int, who: Identity) -> Sequence[Event]:
    """Return what others did to a tip after event number ``seen``: whoever acts on an older page is shown it first."""
    wanted = select(Event).where(
        Event.tip_id == tip.id, Event.id > seen, Event.kind.not_in(_QUIET),
        (Event.account_id != who.account_id) | Event.account_id.is_(None), matters.seen_by(who.desk_id),
    )  # fmt: skip
    return session.scalars(wanted.order_by(Event.id)).all()


def hold_still(session: Session, tip: Tip) -> None:
    """Let nobody else act on a tip before this transaction ends, and see it as it stands now."""
    session.refresh(tip, with_for_update=True)
