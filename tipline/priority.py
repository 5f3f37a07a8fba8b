"""The priority of a tip: the machine advises, a human decides and says why, and both stay visible.

Until somebody decides, words that say more raise a tip by themselves. Afterwards they do not (Data Protection Act 2012
s.51): the decision stands. But the tip goes up in the queues as if they had, since a cry for help must not wait
at the bottom of a list, and the desk is told; it stays there until a human decides again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tipline import alerts, clocks, desks, thread
from tipline.errors import AlreadyThere, ForbiddenMove, NotFound, ReasonMissing, TooLong
from tipline.models import Event, Tip, TipDesk
from tipline.sealing import KeyFile

LEVELS = ("P0", "P1", "P2", "P3")
DECIDED, NEWER = "prioritised", "raise_advised"  # events: a human decided; words said later would raise it
LONGEST_REASON = 16_000


@dataclass(frozen=True)
class Standing:
    """Where the priority of a tip stands: what is advised, and who decided what, if anybody did.

    Words that would raise it and on which nobody has decided yet stand in ``Tip.newer``.
    """

    advised: str
    decided: Event | None


def standing(tip: Tip, events: Iterable[Event]) -> Standing:
    """Return where the priority stands by a tip's events, the oldest first."""
    decided: Event | None = None
    advised = tip.priority
    for one in events:
        if one.kind == DECIDED:
            decided, advised = one, str(one.data["advised"])
        elif one.kind == NEWER:
            advised = min(advised, str(one.data["to"]))
    return Standing(advised, decided)


def decide(
    session: Session, tip: Tip, at: TipDesk, to: str, reason: str, *, account_id: int, keys: KeyFile, now: datetime,
    before: str | None = None,
) -> None:  # fmt: skip
    """Set the priority, up or down, for every desk that has the tip; the reason is sealed to the one that decides.

    Whoever is on call at those desks is alerted if it is urgent now.

    ``before`` is what the person saw. NotFound (no such priority), ReasonMissing, TooLong; AlreadyThere if it is that
    already, and if it was changed meanwhile; ForbiddenMove while the tip is only offered, one of many alike or still
    being told, and once it is closed. The same priority may be decided again where newer words would raise it.
    """
    if to not in LEVELS:
        raise NotFound
    if at.state == "offered" or tip.folded_into is not None or tip.unfinished or tip.closed_at is not None:
        raise ForbiddenMove
    if (before is not None and before != tip.priority) or (to == tip.priority and tip.newer is None):
        raise AlreadyThere
    if not reason.strip():
        raise ReasonMissing
    if len(reason) > LONGEST_REASON:
        raise TooLong
    own = [desk.key for desk in desks.all_desks(session).values() if desk.id == at.desk_id and desk.key]
    entry = thread.add(
        session, instance=keys.instance, tip_id=tip.id, binding=tip.binding, kind=thread.REASON, data={"text": reason},
        readers=own, now=now, desk_id=at.desk_id, account_id=account_id,
    )  # fmt: skip
    old, advised = tip.priority, standing(tip, _events(session, tip.id)).advised
    tip.priority, tip.newer, tip.changed_at = to, None, now
    tip.first_look_at = tip.first_look_at or now  # whoever acts has looked
    clocks.post(session, tip)
    thread.record(
        session, tip.id, DECIDED, now, account_id=account_id, desk_id=at.desk_id, before=old, to=to,
        advised=advised, entry=entry,
    )  # fmt: skip
    if to == alerts.URGENT:
        alerts.urgent(session, tip.id, keys, now)


def lift(session: Session, tip: Tip, level: str, now: datetime) -> None:
    """Let what was said now raise a tip; nothing lowers it. Where a human has decided, see above."""
    if level >= clocks.place(tip):
        return
    if standing(tip, _events(session, tip.id)).decided is None:
        tip.priority = level
    else:
        tip.newer = level
        thread.record(session, tip.id, NEWER, now, to=level, decided=tip.priority)
    clocks.post(session, tip)


def _events(session: Session, tip_id: int) -> Iterable[Event]:
    wanted = select(Event).where(Event.tip_id == tip_id, Event.kind.in_((DECIDED, NEWER)))
    return session.scalars(wanted.order_by(Event.id)).all()
