"""One desk asks another to take over: what goes is chosen, consent is recorded, the other accepts or declines.

Only what is chosen is sealed to the other desk, and never a note: notes stay sealed to the desk that wrote them. While
nobody has answered, the other desk reads what was chosen for it and may do nothing but answer.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tipline import desks, latecomers, lifecycle, matters, news, routing, thread
from tipline.case import (
    Case,
    add_entry,
    desk_key,
    has_story,
    leave_event,
    may_act,
    own_desk,
    said,
    to_stage,
)
from tipline.desks import OpenDesk
from tipline.errors import (
    AlreadyThere,
    ConsentMissing,
    DeskNotReady,
    ExcludedDesk,
    ForbiddenMove,
    NotFound,
    NothingChosen,
    ReasonMissing,
)
from tipline.escalation import OF_REFERRALS
from tipline.models import DeskKey, Entry, Referral, TipDesk

PASSED_ON = (thread.STORY, thread.MESSAGE, thread.REPLY, thread.NUMBER)
# They agreed; they were not asked, because …; the Act's duty (s.23) goes first, because …
AGREED, NOT_ASKED, DUTY = CONSENTS = ("agreed", "not_asked", "duty")
_SAYS_WHY = (NOT_ASKED, DUTY)


@dataclass(frozen=True)
class Pick:
    """What goes to the other desk. ``entries`` are ids (None: what that desk needs); ``answers`` goes without a story.

    ``consent`` is one of ``CONSENTS`` (None: nobody said), ``without`` why it was not asked or not needed.
    """

    entries: Collection[int] | None = None
    answers: bool = False
    consent: str | None = None
    without: str = ""


def needed(entries: Collection[thread.Opened], slug: str) -> frozenset[int]:
    """Return which of a thread's entries this desk needs, as its ``needs`` in the seed file say."""
    wanted = routing.needs(slug)
    return frozenset(one.id for one in entries if one.kind in wanted)


def may_be_asked(session: Session, case: Case, slug: str) -> OpenDesk:
    """Return the desk if this tip may be referred to it now.

    UnknownDesk, ExcludedDesk (the reporter said no), DeskNotReady, AlreadyThere, ForbiddenMove.
    """
    may_act(case)
    desk = desks.by_slug(session, slug)
    if desk.slug in case.tip.excluded:
        raise ExcludedDesk
    lifecycle.check_refer(case.tip.stage)
    if not has_story(session, case):
        raise ForbiddenMove  # it was taken back: there is nothing to pass on
    if desk.key is None:
        raise DeskNotReady
    at = session.get(TipDesk, (case.tip.id, desk.id))
    if at is not None and at.state != "declined" and desk.id not in latecomers.without_story(session, case.tip):
        raise AlreadyThere
    return desk


def refer(session: Session, case: Case, slug: str, reason: str, pick: Pick | None = None) -> int:
    """Offer a tip to another desk with a reason; what was picked is sealed to it, notes never.

    As ``may_be_asked``; ReasonMissing, TooLong, ConsentMissing, NothingChosen, NotFound (no such entry).
    """
    may_act(case)
    pick = pick or Pick()
    if not reason.strip():
        raise ReasonMissing
    desk = may_be_asked(session, case, slug)
    _check(pick)
    key = desk.key
    assert key is not None
    passed = _pass_on(session, case, desk, pick)
    told = said(reason)
    if pick.without.strip():
        told["without_consent"] = said(pick.without)["text"]
    reason_entry = add_entry(session, case, thread.REASON, told, [*own_desk(session, case), key])
    at = session.get(TipDesk, (case.tip.id, desk.id))
    if at is None:
        at = TipDesk(tip_id=case.tip.id, desk_id=desk.id, priority=case.at.priority, arrival=case.at.arrival)
        session.add(at)
    at.state, at.active, at.alert = "offered", True, None
    news.bring(at)
    row = Referral(
        tip_id=case.tip.id, from_desk_id=case.who.desk_id, to_desk_id=desk.id, account_id=case.who.account_id,
        state="offered", consent=pick.consent, reason_entry_id=reason_entry, created_at=case.now,
    )  # fmt: skip
    session.add(row)
    to_stage(session, case, "referred")
    session.flush()
    leave_event(session, case, "referred", to=desk.slug, consent=pick.consent, entries=passed)
    return row.id


def answer_referral(session: Session, case: Case, referral_id: int, answer: str, reason: str = "") -> None:
    """Accept or decline what was offered to this desk. NotFound, ReasonMissing (to decline), AlreadyThere.

    ForbiddenMove if the tip was closed meanwhile. Whoever declines reads nothing of it from then on.
    """
    row = session.get(Referral, referral_id)
    if row is None or row.tip_id != case.tip.id or row.to_desk_id != case.who.desk_id:
        raise NotFound
    if row.state != "offered":
        raise AlreadyThere
    if case.tip.stage == lifecycle.CLOSED:
        raise ForbiddenMove
    if answer == "decline" and not reason.strip():
        raise ReasonMissing
    if reason.strip():
        sender = [key for key in [desk_key(session, row.from_desk_id)] if key is not None]
        entry = add_entry(session, case, thread.REASON, said(reason), [*own_desk(session, case), *sender])
        row.answer_entry_id = entry
    row.answered_by, row.answered_at = case.who.account_id, case.now
    if answer == "accept":
        row.state = case.at.state = "accepted"
        case.tip.lead_desk_id = row.to_desk_id
        case.tip.taken_by = case.who.account_id
        to_stage(session, case, "accepted")
    else:
        matters.leave(session, case.tip, case.who.desk_id)
        row.state = case.at.state = "declined"
        case.at.active = False
        ours = session.scalars(select(DeskKey.id).where(DeskKey.desk_id == case.who.desk_id)).all()
        for entry_row in thread.entries(session, case.tip.id):
            thread.shut_out(entry_row, ours)
        to_stage(session, case, "declined")
    settle(session, case.tip.id)
    leave_event(session, case, row.state, referral=row.id)


def settle(session: Session, tip_id: int) -> None:
    """Call off what people were told of a referral that nobody answered: it is answered now."""
    told = (TipDesk.tip_id == tip_id, TipDesk.alert.in_(OF_REFERRALS))
    session.execute(update(TipDesk).where(*told).values(alert=None))


def _check(pick: Pick) -> None:
    if pick.consent not in (*CONSENTS, None):
        raise ConsentMissing
    if pick.consent in _SAYS_WHY and not pick.without.strip():
        raise ReasonMissing
    if pick.entries is not None and not pick.entries and not pick.answers:
        raise NothingChosen


def _pass_on(session: Session, case: Case, desk: OpenDesk, pick: Pick) -> int:
    """Seal what was picked to the other desk; return how many entries that are."""
    key = desk.key
    assert key is not None
    there = {entry.id: entry for entry in thread.entries(session, case.tip.id, PASSED_ON) if entry.wraps}
    if pick.entries is None:
        chosen = [entry for entry in there.values() if entry.kind in routing.needs(desk.slug)]
    elif set(pick.entries) <= there.keys():
        chosen = [there[one] for one in sorted(pick.entries)]
    else:
        raise NotFound
    passed = sum(thread.let_in(entry, case.tip, case.keys, case.file.instance, key) for entry in chosen)
    if pick.answers and not any(entry.kind == thread.STORY for entry in chosen):
        story = next(entry for entry in there.values() if entry.kind == thread.STORY)
        kept = _answers_alone(case, story)
        add_entry(session, case, thread.EXTRACT, {"answers": kept}, [*own_desk(session, case), key])
        passed += 1
    return passed


def _answers_alone(case: Case, story: Entry) -> dict[str, Any]:
    """Return the answers that stand beside a story, without the name of anybody who should not see it."""
    data = thread.opened(story, case.tip, case.keys, case.file.instance).data or {}
    given = data.get("answers")
    return {name: value for name, value in given.items() if name != "exclude_note"} if isinstance(given, dict) else {}
