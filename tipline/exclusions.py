"""A desk that a reporter does not trust loses its keys to what they told: an officer named means that whole desk.

What is excluded by a box that the reporter ticked, routing leaves out from the start (see ``intake``); here is what a
caseworker reads out of free words later. The name itself stays sealed.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from tipline import clocks, desks, escalation, intake, matters, news, thread
from tipline.case import Case, add_entry, leave_event, may_act, said, to_stage
from tipline.desks import OpenDesk
from tipline.errors import AllDesksExcluded, AlreadyThere, ForbiddenMove, ReasonMissing
from tipline.models import Account, DeskKey, Referral, TipDesk
from tipline.referrals import PASSED_ON, settle
from tipline.routing import Rule, route
from tipline.sealing import unpack

CALLED_OFF = "called_off"
_SAID = (*PASSED_ON, thread.EXTRACT)
_ITS_OWN = (thread.NOTE, thread.REASON, thread.OUTCOME, thread.ASSESSMENT)


def exclude(session: Session, case: Case, slug: str, reason: str, rules: tuple[Rule, ...]) -> str | None:
    """Take a desk's keys out of all that the reporter and other desks wrote; from now on nothing is sealed to it.

    If it was the last that reads the tip, the next one by the rules is let in and its supervisor is told that
    something waits: return its slug. The reason (whom they named) is sealed to those who read on. What the excluded
    desk itself wrote stays with it; to its people the tip does not exist any more.

    ReasonMissing, TooLong, UnknownDesk, AlreadyThere; AllDesksExcluded if no other desk could read it; ForbiddenMove
    while the tip is only offered to the person's desk, or if that desk alone can open the story.
    """
    may_act(case)
    if not reason.strip():
        raise ReasonMissing
    known = desks.all_desks(session)
    gone = desks.by_slug(session, slug)
    if slug in case.tip.excluded:
        raise AlreadyThere
    excluded = [*case.tip.excluded, slug]
    reading = _reading(session, case, known)
    staying = [one for one in reading if one.slug not in excluded]
    if not staying and case.who.desk_id not in {one.id for one in reading}:
        raise ForbiddenMove  # what only that desk can open, only that desk can hand on
    next_one = None if staying else _next(case, excluded, rules, known)
    case.tip.excluded = excluded
    _call_off(session, case, gone)
    if next_one is not None:
        _let_in(session, case, next_one)
        staying = [next_one]
    _shut_out(session, case, gone, staying)
    readers = [one.key for one in staying if one.key is not None]
    add_entry(session, case, thread.REASON, said(reason), readers)
    _hand_on(session, case, gone, staying)
    settle(session, case.tip.id)
    if next_one is not None:
        told = [next_one.id]
        escalation.mark(session, case.tip.id, told, escalation.STANDS_IN, keys=case.file, now=case.now)
    session.flush()
    leave_event(session, case, "desk_excluded", desk=slug, next=next_one.slug if next_one else None)
    return next_one.slug if next_one else None


def _reading(session: Session, case: Case, known: dict[str, OpenDesk]) -> list[OpenDesk]:
    """Return the desks that have the tip and can open its story."""
    story = thread.entries(session, case.tip.id, (thread.STORY,))
    wraps = unpack(story[0].wraps) if story else {}
    have = set(session.scalars(select(DeskKey.desk_id).where(DeskKey.id.in_(wraps))))
    here = (TipDesk.tip_id == case.tip.id, TipDesk.state != "declined")
    there = have & set(session.scalars(select(TipDesk.desk_id).where(*here)))
    return [desk for desk in known.values() if desk.id in there]


def _next(case: Case, excluded: list[str], rules: tuple[Rule, ...], known: dict[str, OpenDesk]) -> OpenDesk:
    """Return who reads a tip that nobody would read any more. AllDesksExcluded."""
    with_key = [slug for slug, desk in known.items() if desk.key is not None]
    named = route(intake.facts(case.tip, excluded), rules, with_key)
    found = next((slug for slug in (*named, *with_key) if slug in with_key and slug not in excluded), None)
    if found is None:
        raise AllDesksExcluded
    return known[found]


def _let_in(session: Session, case: Case, desk: OpenDesk) -> None:
    at = session.get(TipDesk, (case.tip.id, desk.id))
    if at is None:
        at = TipDesk(tip_id=case.tip.id, desk_id=desk.id, arrival=case.at.arrival)
        session.add(at)
    at.state, at.active, at.stage, at.priority = "routed", case.tip.closed_at is None, case.tip.stage, case.tip.priority


def _shut_out(session: Session, case: Case, gone: OpenDesk, staying: list[OpenDesk]) -> None:
    """Take the desk's wraps away; what nobody else's desk could read goes to the first of those who read on."""
    versions = session.execute(select(DeskKey.id, DeskKey.desk_id)).all()
    shut = {key_id for key_id, desk_id in versions if desk_id == gone.id}
    open_to = {key_id for key_id, desk_id in versions if desk_id in {one.id for one in staying}}
    for entry in thread.entries(session, case.tip.id):
        if not entry.wraps or (entry.desk_id == gone.id and entry.kind in _ITS_OWN):
            continue
        key = staying[0].key
        if key is not None and not open_to & unpack(entry.wraps).keys() and entry.kind in _SAID:
            thread.let_in(entry, case.tip, case.keys, case.file.instance, key)
        thread.shut_out(entry, shut)


def _call_off(session: Session, case: Case, gone: OpenDesk) -> None:
    """End what was asked of the desk or by it; whoever it asked reads on as if the rules had named them."""
    waiting = (Referral.tip_id == case.tip.id, Referral.state == "offered")
    for row in session.scalars(select(Referral).where(*waiting)):
        if gone.id not in (row.from_desk_id, row.to_desk_id):
            continue
        row.state, row.answered_at = CALLED_OFF, case.now
        at = session.get(TipDesk, (case.tip.id, row.to_desk_id))
        if at is not None and at.state == "offered":
            at.state = "routed"
        if case.tip.stage == "referred":
            to_stage(session, case, "screened")


def _hand_on(session: Session, case: Case, gone: OpenDesk, staying: list[OpenDesk]) -> None:
    """Take the tip out of the desk's queue, out of its people's hands, and let another lead."""
    at = session.get(TipDesk, (case.tip.id, gone.id))
    if at is not None:
        matters.leave(session, case.tip, gone.id)
        session.delete(at)
    tip = case.tip
    if tip.lead_desk_id == gone.id:
        tip.lead_desk_id = staying[0].id
    taker = session.get(Account, tip.taken_by) if tip.taken_by else None
    if taker is not None and taker.desk_id == gone.id:
        tip.taken_by = None
    news.stir(tip)
    tip.changed_at = case.now
    clocks.post(session, tip)
