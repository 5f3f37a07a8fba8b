"""A call that rang and was not taken: kept once, joined to what the same phone asked before, answered with one text."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from sms import call_backs, conversation
from sms.call_me import Asked
from sms.questions import Talk
from tipline import abuse, callback, intake, outbox, phones, thread
from tipline.intake import Report
from tipline.models import Inbound as InboundRow
from tipline.phones import Phone
from tipline.routing import Rule
from tipline.sealing import KeyFile, keyed_hash

_MISSED = Asked("missed")


@dataclass(frozen=True)
class Call:
    """A missed call. ``door`` is who told us of it; ``carrier`` sends texts, "" for whichever comes first."""

    door: str
    call_id: str = field(repr=False)
    number: str = field(repr=False)
    carrier: str = ""


def take(
    session: Session, call: Call, *, keys: KeyFile, rules: tuple[Rule, ...], bounds: abuse.Bounds, pace: abuse.Pace,
    now: datetime,
) -> bool:  # fmt: skip
    """Take a missed call in; return whether a text was promised. NoDeskKey (nothing is kept) if no desk can read.

    The same call told twice is one. While a phone's request is open, another call only counts: it is not texted again.
    One of a blocked phone, or of one that is over its bounds, is noted and marks nothing.
    """
    phones.one_at_a_time(session, keys, call.number)
    id_hash = keyed_hash(keys.ids, "call", call.door, call.call_id)
    if session.scalar(select(InboundRow.at).where(InboundRow.id_hash == id_hash)) is not None:
        return False
    thread.put(session, InboundRow, id_hash=id_hash, twin_hash=None, answer="", at=now)
    known = phones.thread_of(session, keys, call.number, now)
    tip = phones.open_tip_of(session, known)
    standing = phones.standing(session, keys, call.number)
    weighed = abuse.weigh(session, None, tip, known, standing.blocked_at, cried=False, bounds=bounds, now=now)
    if tip is not None:
        phones.remember(session, keys, call.number, now, tip_id=None, language=None, texts=1)
    at = weighed.blocked_at or tip
    if weighed.quiet and at is not None:
        thread.record(session, at.id, "call_asked", now, how=_MISSED.how)
        return False
    waits = tip is not None and callback.ASKED in tip.reasons
    lang = cast("conversation.Lang | None", known.language if known else None)
    report = Report(intake.BY_PHONE, language=lang, phone=Phone(call.number, call.carrier), call_back=True)
    callback.ask(session, tip, report, _MISSED.how, keys=keys, rules=rules, now=now)
    if known is not None and tip is not None:  # one question at a time: what is said next answers this one
        talk = replace(Talk.unpack(known.dialogue), open=False)
        phones.remember(session, keys, call.number, now, tip_id=tip.id, language=None, dialogue=talk.pack())
    template = call_backs.question(_MISSED, lang)
    stopped = standing.stopped or (tip is not None and tip.no_texts)
    if waits or template is None or stopped or not weighed.answered:
        return False
    if not pace.allows(now):
        pace.hold_back(session, now)
        return False
    text = outbox.Text(call.number, conversation.render(template, lang or "st"), call.carrier)
    _, phone_hash = phones.hashes(keys, call.number, now)[0]
    outbox.promise(session, text, kind="reply", keys=keys, now=now, phone_hash=phone_hash)
    return True
