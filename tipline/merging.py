"""Putting two tips together that are one matter, and taking them apart; see ``matters``."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from tipline import clocks, matters, thread
from tipline.case import Case, add_entry, leave_event, may_act, own_desk, said
from tipline.errors import AlreadyThere, ForbiddenMove, NotFound, ReasonMissing
from tipline.models import Desk, Tip, TipDesk


def one_at_a_time(session: Session, desk_id: int | None) -> None:
    """Let nobody else of a desk put tips together before this transaction ends: call it before a tip is held still."""
    session.scalar(select(Desk.id).where(Desk.id == desk_id).with_for_update())


def first_of(session: Session, case: Case) -> Tip | None:
    """Return the tip under which this one stands at this desk."""
    return session.get(Tip, case.at.matter_of) if case.at.matter_of is not None else None


def under(session: Session, case: Case) -> list[Case]:
    """Return the tips that stand under this one at this desk, the oldest first, held by the same person."""
    if not case.tip.grouped:
        return []
    return [replace(case, tip=tip, at=at) for tip, at in matters.under(session, case.at.desk_id, case.tip.id)]


def merge(session: Session, case: Case, uid: str | None, reason: str) -> None:
    """Put a tip, with what stands under it, under another one (``uid``) that is the same matter.

    NotFound if this desk has no such open tip; AlreadyThere if they are one matter; ReasonMissing, TooLong;
    ForbiddenMove for what is closed, taken back, only offered, or unfinished.
    """
    _may_be_one(case)
    if not reason.strip():
        raise ReasonMissing
    other = _other(session, case, uid)
    lead = replace(case, tip=session.get_one(Tip, other.at.matter_of or other.tip.id))
    lead = replace(lead, at=session.get_one(TipDesk, (lead.tip.id, case.at.desk_id)))
    if lead.tip.id == (case.at.matter_of or case.tip.id):
        raise AlreadyThere
    _may_be_one(lead)
    before = first_of(session, case)
    for tip, at in [(case.tip, case.at), *matters.under(session, case.at.desk_id, case.tip.id)]:
        at.matter_of, tip.grouped = lead.tip.id, True
    lead.tip.grouped = True
    add_entry(session, case, thread.REASON, said(reason), own_desk(session, case))
    _leave_events(session, case, lead, matters.MERGED)
    for one in (lead.tip, before):
        if one is not None:
            clocks.post(session, one)


def unmerge(session: Session, case: Case, reason: str) -> None:
    """Let a tip stand by itself again. ReasonMissing, TooLong; ForbiddenMove if it stands under none."""
    lead = first_of(session, case)
    if lead is None:
        raise ForbiddenMove
    if not reason.strip():
        raise ReasonMissing
    add_entry(session, case, thread.REASON, said(reason), own_desk(session, case))
    _leave_events(session, case, replace(case, tip=lead), matters.UNMERGED)
    matters.leave(session, case.tip, case.at.desk_id)


def _may_be_one(case: Case) -> None:
    may_act(case)
    if case.tip.closed_at is not None or case.tip.withdrawn_at is not None or case.tip.unfinished:
        raise ForbiddenMove


def _other(session: Session, case: Case, uid: str | None) -> Case:
    wanted = select(Tip, TipDesk).join(TipDesk, TipDesk.tip_id == Tip.id)
    mine = (TipDesk.desk_id == case.at.desk_id, TipDesk.state != "declined")
    row = session.execute(wanted.where(Tip.uid == uid, *mine)).first()
    if row is None or row[0].closed_at is not None:
        raise NotFound
    other = replace(case, tip=row[0], at=row[1])
    _may_be_one(other)
    return other


def _leave_events(session: Session, case: Case, lead: Case, kind: str) -> None:
    leave_event(session, case, kind, tip=lead.tip.uid)
    leave_event(session, lead, kind, tip=case.tip.uid)
