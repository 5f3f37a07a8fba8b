"""A desk's assessments of a tip: what a human found by ``assessment``'s questions. Each is kept; the newest counts.

What a desk found is content: it is sealed to that desk alone, and the queue, the log and other desks know nothing of it
but that it was done.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from tipline import desks, thread
from tipline.assessment import Answers, read
from tipline.casework import Case
from tipline.errors import AlreadyThere, EmptyTip, ForbiddenMove
from tipline.models import Entry
from tipline.thread import Opened


@dataclass(frozen=True)
class Kept:
    """One assessment of this desk: who answered what, when."""

    id: int
    account_id: int | None
    at: datetime
    answers: Answers = field(repr=False)


def keep(session: Session, case: Case, answers: Answers, seen: int | None = None) -> int:
    """Keep an assessment. EmptyTip if nothing was answered; AlreadyThere if a colleague kept one that was not seen.

    ``seen`` is the newest one that the person saw (0: none). ForbiddenMove while the tip is only offered or one of many
    alike, once it is closed, and where it was taken back.
    """
    may_assess(session, case)
    if seen is not None and seen != max((one.id for one in _mine(session, case)), default=0):
        raise AlreadyThere
    if not (answers.said or answers.age or answers.kind or answers.matter):
        raise EmptyTip
    own = [desk.key for desk in desks.all_desks(session).values() if desk.id == case.who.desk_id and desk.key]
    data = {"age": answers.age, "kind": answers.kind, "matter": answers.matter, "said": dict(answers.said or {})}
    entry = thread.add(
        session, instance=case.file.instance, tip_id=case.tip.id, binding=case.tip.binding, kind=thread.ASSESSMENT,
        data=data, readers=own, now=case.now, desk_id=case.who.desk_id, account_id=case.who.account_id,
    )  # fmt: skip
    case.tip.changed_at = case.now
    case.tip.first_look_at = case.tip.first_look_at or case.now  # whoever acts has looked
    thread.record(session, case.tip.id, "assessed", case.now, account_id=case.who.account_id, desk_id=case.who.desk_id)
    session.flush()
    return entry


def may_assess(session: Session, case: Case) -> None:
    """Raise ForbiddenMove where there is nothing to assess, or not for this desk."""
    story = thread.entries(session, case.tip.id, (thread.STORY,))
    if case.at.state == "offered" or case.tip.folded_into is not None or case.tip.closed_at is not None:
        raise ForbiddenMove
    if not any(one.wraps for one in story):
        raise ForbiddenMove


def history(session: Session, case: Case) -> list[Kept]:
    """Return this desk's assessments that open, the newest first."""
    return kept(thread.opened(one, case.tip, case.keys, case.file.instance) for one in _mine(session, case))


def kept(opened: Iterable[Opened]) -> list[Kept]:
    """Return those of a thread's entries that are assessments and open, the newest first."""
    found = [
        Kept(one.id, one.account_id, one.created_at, read(one.data))
        for one in opened
        if one.kind == thread.ASSESSMENT and one.data is not None
    ]
    return sorted(found, key=lambda one: -one.id)


def _mine(session: Session, case: Case) -> list[Entry]:
    every = thread.entries(session, case.tip.id, (thread.ASSESSMENT,))
    return [one for one in every if one.desk_id == case.who.desk_id and one.wraps]
