"""Closing without action takes two: a caseworker proposes it with a reason, a supervisor of the desk agrees or not.

A proposal stands while the tip rests in the stage that it was made in; whatever moves the tip overtakes it. Nothing
happens to a tip by waiting. What a program closed without saying why the police were not told waits here, too, until
somebody of the desk says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, true, update
from sqlalchemy.orm import Session

from tipline import casework, duty, lifecycle, thread
from tipline.accounts import Identity
from tipline.case import Case, keep_own, leave_event, may_still_act, read_own
from tipline.errors import AlreadyThere, ForbiddenMove, NotAllowed, ReasonMissing
from tipline.models import Account, Approval, Tip, TipDesk

WAITING, APPROVED, RETURNED, REPLACED = "waiting", "approved", "returned", "replaced"
UNSAID, SAID = "unsaid", "said"
APPROVE, RETURN = "approve", "return"
MOST = 100  # shown in one list
_CLOSING = "no_action"
_STANDS = and_(Approval.stage == Tip.stage, Tip.closed_at.is_(None))
_OWED = and_(Approval.state == UNSAID, Tip.withdrawn_at.is_(None), Tip.destroyed_at.is_(None))


@dataclass(frozen=True)
class Proposal:
    """A proposal as its desk sees it: who, when and why; what the supervisor answered if it came back."""

    state: str
    by: str
    at: datetime
    reason: str = field(repr=False)
    answered_by: str = ""
    answer: str = field(default="", repr=False)


@dataclass(frozen=True)
class Listed:
    """A closing in a list: which tip, how urgent, who proposed it (or closed it) when, and how it stands."""

    uid: str
    priority: str
    by: str
    at: datetime
    state: str


def end(
    session: Session, case: Case, result: str, *, note: str = "", later: bool = False, together: bool = False,
    **counts: int | None,
) -> bool:  # fmt: skip
    """Close a tip, or propose it where that takes a supervisor; say whether it is closed. See ``casework.close``.

    With ``later`` it may be closed before somebody wrote why the police were not told: the desk is asked for it.
    """
    if result in lifecycle.NEED_APPROVAL and is_needed(case):
        propose(session, case, note)
        return False
    owed = later and not note.strip() and duty.is_owed(session, case.tip, desk_id=case.who.desk_id, result=result)
    casework.close(session, case, result, note=note, later=later, together=together, counted_with=None, **counts)
    if owed:
        session.add(
            Approval(
                tip_id=case.tip.id, desk_id=case.who.desk_id, account_id=case.who.account_id, state=UNSAID,
                stage=case.tip.stage, created_at=case.now,
            )
        )  # fmt: skip
    return True


def explain(session: Session, case: Case, reason: str) -> None:
    """Write why the police were not told of a tip that this desk closed without saying so.

    AlreadyThere if that is not owed (any more); ForbiddenMove, ReasonMissing, TooLong.
    """
    if case.at.state == "offered":
        raise ForbiddenMove
    row = _unsaid(session, case)
    if row is None:
        raise AlreadyThere
    if not reason.strip():
        raise ReasonMissing
    row.answer_entry_id = keep_own(session, case, thread.REASON, {"text": reason})
    row.state, row.answered_by, row.answered_at = SAID, case.who.account_id, case.now
    session.flush()
    leave_event(session, case, duty.NOT_PASSED_ON)


def is_unsaid(session: Session, case: Case) -> bool:
    """Say whether this desk closed a tip and has not yet written why the police were not told."""
    return _unsaid(session, case) is not None


def propose(session: Session, case: Case, reason: str) -> None:
    """Propose to close a tip without action; an earlier proposal gives way. ForbiddenMove, ReasonMissing, TooLong."""
    may_still_act(case)
    lifecycle.check_close(case.tip.stage)
    if not reason.strip():
        raise ReasonMissing
    entry = keep_own(session, case, thread.REASON, {"text": reason})
    mine = (Approval.tip_id == case.tip.id, Approval.desk_id == case.who.desk_id)
    session.execute(update(Approval).where(*mine, Approval.state.in_((WAITING, RETURNED))).values(state=REPLACED))
    session.add(
        Approval(
            tip_id=case.tip.id, desk_id=case.who.desk_id, account_id=case.who.account_id, state=WAITING,
            stage=case.tip.stage, reason_entry_id=entry, created_at=case.now,
        )
    )  # fmt: skip
    session.flush()
    leave_event(session, case, "close_proposed")


def answer(session: Session, case: Case, said: str, words: str = "") -> None:
    """Close what was proposed (``approve``), or send it back with a reason (``return``).

    NotAllowed for anybody but a supervisor, and for whoever proposed it; AlreadyThere if nothing waits; ReasonMissing,
    TooLong, ForbiddenMove.
    """
    if case.who.role != "supervisor":
        raise NotAllowed
    may_still_act(case)
    row = _standing(session, case, WAITING)
    if row is None:
        raise AlreadyThere
    if row.account_id == case.who.account_id:  # who has become a supervisor since
        raise NotAllowed
    row.answered_by, row.answered_at = case.who.account_id, case.now
    if said == APPROVE:
        row.state = APPROVED
        leave_event(session, case, "close_approved")
        why = str(read_own(session, case, row.reason_entry_id).get("text", ""))
        casework.close(session, case, _CLOSING, note=words if words.strip() else why)
        return
    if not words.strip():
        raise ReasonMissing
    row.state = RETURNED
    row.answer_entry_id = keep_own(session, case, thread.REASON, {"text": words})
    session.flush()
    leave_event(session, case, "close_returned")


def proposal(session: Session, case: Case) -> Proposal | None:
    """Return the proposal of this desk that stands at a tip: it waits, or it was sent back."""
    row = _standing(session, case, WAITING, RETURNED)
    if row is None:
        return None
    who = (row.account_id, row.answered_by)
    names = {one.id: one.name for one in session.execute(select(Account.id, Account.name).where(Account.id.in_(who)))}
    return Proposal(
        state=row.state,
        by=names[row.account_id],
        at=row.created_at,
        reason=str(read_own(session, case, row.reason_entry_id).get("text", "")),
        answered_by=names.get(row.answered_by or 0, ""),
        answer=str(read_own(session, case, row.answer_entry_id).get("text", "")),
    )


def counts(session: Session, who: Identity) -> dict[str, int]:
    """Return how many closings ask something of somebody, by state.

    ``waiting`` for a supervisor, ``returned`` to a caseworker, ``unsaid`` for anybody of the desk.
    """
    asks = _proposed(WAITING) if who.role == "supervisor" else _proposed(RETURNED, by=who)
    wanted = select(Approval.state, func.count()).join(Tip, Tip.id == Approval.tip_id)
    mine = (Approval.desk_id == (who.desk_id or 0), or_(asks, _OWED))
    return dict(session.execute(wanted.where(*mine).group_by(Approval.state)).all())


def waiting(session: Session, who: Identity) -> list[Listed]:
    """Return what waits for a supervisor (to a caseworker: what they proposed), and what the desk has to explain."""
    asks = _proposed(WAITING) if who.role == "supervisor" else _proposed(WAITING, RETURNED, by=who)
    mine = (Approval.desk_id == (who.desk_id or 0), or_(asks, _OWED))
    there = (TipDesk.tip_id == Tip.id) & (TipDesk.desk_id == Approval.desk_id)
    wanted = (
        select(Tip.uid, Tip.priority, Account.name, Approval.created_at, Approval.state)
        .select_from(Approval)
        .join(Tip, Tip.id == Approval.tip_id)
        .join(TipDesk, there)
        .join(Account, Account.id == Approval.account_id)
        .where(*mine, TipDesk.state != "declined")
        .order_by(Tip.priority, Approval.id)
        .limit(MOST)
    )
    return [Listed(*row) for row in session.execute(wanted)]


def has_supervisor(session: Session, desk_id: int | None) -> bool:
    """Say whether a desk has somebody who can agree."""
    there = (Account.desk_id == desk_id, Account.role == "supervisor", Account.disabled_at.is_(None))
    return session.scalar(select(Account.id).where(*there).limit(1)) is not None


def is_needed(case: Case) -> bool:
    """Say whether this person may only propose to close without action."""
    return case.who.role != "supervisor" and case.tip.withdrawn_at is None


def _standing(session: Session, case: Case, *states: str) -> Approval | None:
    mine = (Approval.tip_id == case.tip.id, Approval.desk_id == case.who.desk_id, Approval.stage == case.tip.stage)
    wanted = select(Approval).where(*mine, Approval.state.in_(states)).order_by(Approval.id.desc()).limit(1)
    return session.scalar(wanted) if case.tip.closed_at is None else None


def _unsaid(session: Session, case: Case) -> Approval | None:
    mine = (Approval.tip_id == case.tip.id, Approval.desk_id == case.who.desk_id)
    wanted = select(Approval).join(Tip, Tip.id == Approval.tip_id).where(*mine, _OWED).limit(1)
    return session.scalar(wanted) if case.tip.closed_at is not None else None


def _proposed(*states: str, by: Identity | None = None) -> ColumnElement[bool]:
    theirs = Approval.account_id == by.account_id if by is not None else true()
    return and_(Approval.state.in_(states), theirs, _STANDS)
