"""What a desk does with a tip: open, take, move, note, refer, accept, decline, reply, close.

Every act is guarded by ``lifecycle``, reads only what is sealed to the person's own desk, and leaves an event.
A tip of another desk and a tip that does not exist look the same: NotFound.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tipline import (
    abuse,
    answers,
    audit,
    clocks,
    desks,
    duty,
    escalation,
    fates,
    lifecycle,
    matters,
    merging,
    news,
    outcomes,
    thread,
)
from tipline.accounts import READERS, Identity
from tipline.answers import LONGEST_REPLY, Words
from tipline.case import LONGEST_NOTE as LONGEST_NOTE  # noqa: PLC0414 - handed on
from tipline.case import Case as Case  # noqa: PLC0414
from tipline.case import add_entry, leave_event, may_act, own_desk, said, to_stage
from tipline.errors import ApprovalNeeded, CannotReply, EmptyTip, NotAllowed, NotFound, TooLong
from tipline.fates import Reports
from tipline.models import Account, Entry, Event, Outcome, Referral, Tip, TipDesk
from tipline.referrals import answer_referral as answer_referral  # noqa: PLC0414
from tipline.referrals import refer as refer  # noqa: PLC0414
from tipline.sealing import KeyFile

PLACE_OF_SAFETY = "place_of_safety"  # what a note may be about
_UID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_ANSWERS = ("danger_now", "child", "category", "place", "happening", "exclude", "exclude_note")


@dataclass(frozen=True)
class View:
    """A tip as the desk sees it. ``text`` is None where the story does not open. Never the number."""

    text: str | None = field(repr=False)
    answers: Mapping[str, Any] = field(repr=False)
    thread: tuple[thread.Opened, ...] = field(repr=False)
    events: tuple[Event, ...]
    referrals: tuple[tuple[Referral, str | None, str | None], ...] = field(repr=False)
    without: Mapping[int, str] = field(repr=False)  # referral → why it went without consent
    deliveries: Mapping[int, str]
    outcomes: tuple[Outcome, ...]
    way: str  # how an answer leaves: one of ``answers``
    names: Mapping[int, str]

    @property
    def can_text(self) -> bool:
        """Say whether something goes to a phone."""
        return self.way in (answers.TEXT, answers.NOTICE)

    @property
    def can_reply(self) -> bool:
        """Say whether an answer can reach the reporter at all."""
        return self.way != answers.NOTHING


def hold(session: Session, who: Identity, uid: str, *, keys: KeyFile, now: datetime) -> Case:
    """Take hold of a tip for one request. NotFound, NotAllowed (role), NoDeskAccess (no key shared yet)."""
    if who.role not in READERS or who.desk_id is None or who.must_enrol:
        raise NotAllowed
    if not _UID.fullmatch(uid):
        raise NotFound
    row = session.execute(
        select(Tip, TipDesk)
        .join(TipDesk, TipDesk.tip_id == Tip.id)
        .where(Tip.uid == uid, TipDesk.desk_id == who.desk_id, TipDesk.state != "declined")
    ).first()
    if row is None:
        raise NotFound
    account = session.get_one(Account, who.account_id)
    return Case(who, row[0], row[1], desks.private_keys(session, account, who.key), keys, now)


def look(session: Session, case: Case) -> None:
    """Note that a person looked: the first look stops a clock, and what is new is so no longer."""
    if case.tip.first_look_at is None:
        case.tip.first_look_at = case.now
        leave_event(session, case, "first_look")
    elif not _has_acted(session, case):
        leave_event(session, case, "opened")
    elif not audit.looked_lately(session, case.who.account_id, case.tip.uid, case.now):
        audit.note_by(session, case.who, "viewed", case.now, of=case.tip.uid)
    news.look(case.tip, case.at)
    if case.at.alert == escalation.STANDS_IN:
        case.at.alert = None
    if case.tip.closed_at is not None:  # the reporter wrote after the end: seen, it leaves this desk's queue again
        case.at.active = False
    clocks.post(session, case.tip)


def is_news(session: Session, case: Case) -> bool:
    """Say whether there is something to note when a person looks at a tip."""
    if news.is_unread(case.tip, case.at) or case.at.alert == escalation.STANDS_IN:
        return True
    if case.tip.first_look_at is None or not _has_acted(session, case):
        return True
    return not audit.looked_lately(session, case.who.account_id, case.tip.uid, case.now)


def view(session: Session, case: Case) -> View:
    """Open a tip: story, thread, events. Opened for this request only."""
    opened = [_opened(case, entry) for entry in thread.entries(session, case.tip.id) if entry.wraps]
    story = next((one for one in opened if one.kind == thread.STORY), None)
    extract = next((one for one in reversed(opened) if one.kind == thread.EXTRACT and one.data), None)
    data = (story.data if story else None) or (extract.data if extract else None) or {}
    by_id = {one.id: one for one in opened}
    known = (Event.tip_id == case.tip.id, matters.seen_by(case.who.desk_id))
    events = session.scalars(select(Event).where(*known).order_by(Event.id)).all()
    wanted = select(Referral).where(Referral.tip_id == case.tip.id).order_by(Referral.id)
    referrals = tuple(
        (row, _text(by_id.get(row.reason_entry_id)), _text(by_id.get(row.answer_entry_id or 0)))
        for row in session.scalars(wanted)
    )
    told = {entry for row, _, _ in referrals for entry in (row.reason_entry_id, row.answer_entry_id)}
    apart = (thread.STORY, thread.NUMBER, thread.EXTRACT)
    shown = tuple(one for one in opened if one.kind not in apart and one.id not in told)
    outcomes = session.scalars(select(Outcome).where(Outcome.tip_id == case.tip.id).order_by(Outcome.id))
    has_number = any(one.kind == thread.NUMBER and one.data for one in opened)
    return View(
        text=str(data["text"]) if "text" in data else None,
        answers=_answers(data.get("answers")),
        thread=shown,
        events=tuple(events),
        referrals=referrals,
        without={row.id: _text(by_id.get(row.reason_entry_id), "without_consent") or "" for row, _, _ in referrals},
        deliveries=answers.deliveries(session, case.tip.id),
        outcomes=tuple(outcomes),
        way=answers.way(case.tip, has_number=has_number),
        names=_names(session),
    )


def take(session: Session, case: Case) -> None:
    """Take a tip: this person works on it; a new one is thereby screened."""
    may_act(case)
    case.tip.taken_by = case.who.account_id
    if case.tip.stage == lifecycle.RECEIVED:
        to_stage(session, case, "screened")
    leave_event(session, case, "taken")


def move(session: Session, case: Case, to: str, reason: str = "", *, later: bool = False) -> None:
    """Move a tip to another stage; whoever moves one that nobody has taken, takes it.

    ForbiddenMove; ReasonMissing (see ``duty``: what is not passed on is accounted for, ``later`` or now); TooLong.
    """
    may_act(case)
    lifecycle.check_move(case.tip.stage, to)
    accounts_for = duty.answers_for(session, case.tip, to, reason, desk_id=case.who.desk_id, later=later)
    if reason.strip():
        add_entry(session, case, thread.REASON, said(reason), own_desk(session, case))
    before = case.tip.stage
    if accounts_for:  # the police clock has done its work
        case.tip.police_at = case.tip.police_at or case.now
    if case.tip.taken_by is None:
        case.tip.taken_by = case.who.account_id
    to_stage(session, case, to)
    leave_event(session, case, "moved", before=before, to=to)
    if accounts_for:
        leave_event(session, case, accounts_for)


def note(session: Session, case: Case, text: str, about: str = "") -> int:
    """Keep a note, sealed to this desk alone, and so is what it is ``about``. EmptyTip, TooLong."""
    if not text.strip():
        raise EmptyTip
    told = {**said(text), "about": PLACE_OF_SAFETY} if about == PLACE_OF_SAFETY else said(text)
    entry = add_entry(session, case, thread.NOTE, told, own_desk(session, case))
    leave_event(session, case, "noted")
    return entry


def reply(session: Session, case: Case, text: str, words: Words) -> int:
    """Answer the reporter: sealed to the tip's desks and to the receipt; to a phone as ``answers.way`` says.

    EmptyTip, TooLong, CannotReply.
    """
    may_act(case)
    if not text.strip():
        raise EmptyTip
    if len(text) > LONGEST_REPLY:
        raise TooLong
    number = answers.number_of(session, case.tip, case.keys, case.file.instance)
    if answers.way(case.tip, has_number=number is not None) == answers.NOTHING:
        raise CannotReply
    entry = add_entry(session, case, thread.REPLY, {"text": text}, thread.readers(session, case.tip))
    leave_event(session, case, "replied")
    clocks.wait(session, case.tip, waits=True)
    if number is not None:
        answers.send(session, case.tip, number, text, entry, words, keys=case.file, now=case.now)
    return entry


def try_again(session: Session, case: Case, entry_id: int, words: Words, reports: Reports) -> None:
    """Send an answer again, or anew; see ``fates.send_again``. ForbiddenMove."""
    may_act(case)
    entry = session.get(Entry, entry_id)
    if entry is None or entry.tip_id != case.tip.id:
        raise NotFound
    number = answers.number_of(session, case.tip, case.keys, case.file.instance)
    text = _text(_opened(case, entry)) if entry.wraps else None
    fates.send_again(session, case.tip, entry_id, number, text, words, keys=case.file, now=case.now, reports=reports)
    leave_event(session, case, "sent_again", entry=entry_id)


def close(
    session: Session, case: Case, result: str, *, note: str = "", later: bool = False, together: bool = False,
    counted_with: int | None = None, **counts: int | None,
) -> None:  # fmt: skip
    """Close a tip with its outcome; ``counts`` are of ``outcomes.COUNTS``, no names.

    ForbiddenMove, NotFound (unknown result), BadCounts, ReasonMissing (see ``duty``; without action always, else a
    program may leave it for ``later``), TooLong;
    ApprovalNeeded if nothing was done and it is not a supervisor who closes it.

    ``together`` closes what stands under it as the same matter, too, in the same way and without its counts
    (``counted_with``: the first); else these stand in the queue again.
    """
    may_act(case)
    lifecycle.check_close(case.tip.stage)
    if result not in lifecycle.RESULTS:
        raise NotFound
    outcomes.check(counts)
    desk_id = case.who.desk_id
    accounts_for = duty.answers_for(
        session, case.tip, lifecycle.CLOSED, note, desk_id=desk_id, result=result, later=later
    )
    if result in lifecycle.NEED_APPROVAL and case.who.role != "supervisor" and case.tip.withdrawn_at is None:
        raise ApprovalNeeded
    entry = add_entry(session, case, thread.OUTCOME, said(note), own_desk(session, case)) if note.strip() else None
    session.add(
        Outcome(
            tip_id=case.tip.id, desk_id=case.who.desk_id, account_id=case.who.account_id, result=result,
            note_entry_id=entry, counted_with=counted_with, created_at=case.now, **counts,
        )
    )  # fmt: skip
    before, others = case.tip.stage, merging.under(session, case) if together else []
    matters.leave(session, case.tip)
    to_stage(session, case, lifecycle.CLOSED)
    outcomes.end(session, case.tip, case.now)
    abuse.close_folded(session, case.tip.id, case.now)
    leave_event(session, case, "closed", before=before, result=result)
    if accounts_for:
        leave_event(session, case, accounts_for)
    for one in others:
        if one.tip.stage == lifecycle.RECEIVED:
            to_stage(session, one, "screened")
        close(session, one, result, note=note, later=later, counted_with=case.tip.id)


def _answers(given: object) -> dict[str, Any]:
    """Return the answers that we ask for; a device that sealed a story may have put anything beside them."""
    if not isinstance(given, dict):
        return {}
    known = {name: given[name] for name in _ANSWERS if name in given}
    excluded = known.pop("exclude", None)
    kept: dict[str, Any] = {name: value for name, value in known.items() if isinstance(value, str | bool)}
    if isinstance(excluded, list):
        kept["exclude"] = [one for one in excluded if isinstance(one, str)]
    return kept


def _has_acted(session: Session, case: Case) -> bool:
    """Say whether somebody of this desk has opened the tip or acted on it before."""
    mine = (Event.tip_id == case.tip.id, Event.desk_id == case.who.desk_id)
    return session.scalar(select(Event.id).where(*mine).limit(1)) is not None


def _opened(case: Case, entry: Entry) -> thread.Opened:
    return thread.opened(entry, case.tip, case.keys, case.file.instance)


def _text(entry: thread.Opened | None, name: str = "text") -> str | None:
    return str(entry.data.get(name, "")) if entry is not None and entry.data else None


def _names(session: Session) -> dict[int, str]:
    return {row.id: row.name for row in session.execute(select(Account.id, Account.name))}
