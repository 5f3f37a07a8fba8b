"""The drill of a desk's recovery key: somebody types it from the paper, and it opens the key. Nothing else changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tipline import audit, desks
from tipline.accounts import Identity
from tipline.errors import TooMany
from tipline.models import Account, Act, DeskKey

AGAIN_AFTER = timedelta(days=90)
_WRONG_IN = timedelta(minutes=15)
_MOST_WRONG = 10


@dataclass(frozen=True)
class Tried:
    """When a desk's recovery key on paper was tried last and by whom (None: never), and whether it is time again."""

    at: datetime | None
    by: str | None
    due: bool


def state(session: Session, desk_id: int, now: datetime) -> Tried:
    """Return how it stands with the paper of the desk's present key; a desk without a key has none to try."""
    wanted = (
        select(DeskKey.tried_at, func.coalesce(DeskKey.tried_at, DeskKey.paper_at, DeskKey.created_at), Account.name)
        .join(Account, Account.id == DeskKey.tried_by, isouter=True)
        .where(DeskKey.desk_id == desk_id, DeskKey.retired_at.is_(None))
    )
    row = session.execute(wanted).first()
    if row is None:
        return Tried(None, None, due=False)
    tried_at, since, name = row
    return Tried(tried_at, name, due=since <= now - AGAIN_AFTER)


def bound(session: Session, who: Identity, now: datetime) -> None:
    """Bound guessing: TooMany after ten wrong recovery keys of one person within a quarter of an hour.

    It is counted in the audit log, so that all web processes count together; other people are not held up.
    """
    wrong = select(func.count()).where(
        Act.account_id == who.account_id, Act.verb == "key_refused", Act.at > now - _WRONG_IN
    )
    if (session.scalar(wrong) or 0) >= _MOST_WRONG:
        raise TooMany


def prove(session: Session, who: Identity, recovery: str, now: datetime) -> None:
    """Keep that this recovery key opens the desk's present key. CannotOpen if it does not."""
    opened = desks.open_by_recovery(session, who.desk_id or 0, recovery)
    present = session.scalars(select(DeskKey).where(DeskKey.id.in_(opened), DeskKey.retired_at.is_(None))).one()
    present.tried_at, present.tried_by = now, who.account_id
    audit.note_by(session, who, "recovery_tried", now)
