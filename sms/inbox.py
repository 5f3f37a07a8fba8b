"""A text that came in: kept once, understood, acted on and answered, in one transaction.

The edge opens the transaction. A carrier that sends the same message again finds its first answer here.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple, cast

from sqlalchemy import Table, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from sms import call_backs, conversation, endings, questions
from sms.gateway import Inbound
from sms.heard import CHANNEL, Heard
from sms.questions import Talk
from tipline import abuse, callback, erasure, followup, intake, outbox, phones, thread
from tipline.errors import UnknownReceipt
from tipline.intake import Report
from tipline.models import Inbound as InboundRow
from tipline.models import Tip
from tipline.phones import Phone
from tipline.prepared import Prepared
from tipline.receipts import Receipt, grouped
from tipline.routing import Rule
from tipline.sealing import KeyFile, keyed_hash
from tipline.sealing.passwords import ReceiptKeys

TWINS_WITHIN = timedelta(minutes=10)
# Some gateways send a message again under a new id. Only these then count as the same: an order (STOP, 1) is obeyed.
_MAY_BE_TWINS = ("tip", "cry", "answer", "skip", "call", "nothing_waiting")
_BARE_TWINS_WITHIN = timedelta(seconds=20)  # "e" answers one question and, sooner than in ten minutes, the next
_ASKED_WITHIN = timedelta(hours=24)  # after the first text
_MOMENTS = timedelta(minutes=2)  # between the parts of one long text
_GIVEN = "receipt_given"
_TELLS = ("tip", "cry", "answer", "call")  # what is said in a language

_inbound = cast("Table", InboundRow.__table__)
_EARLIER = Prepared(
    select(_inbound.c.id_hash, _inbound.c.answer, _inbound.c.at).where(
        or_(
            _inbound.c.id_hash == bindparam("id"),
            and_(_inbound.c.twin_hash == bindparam("twin"), _inbound.c.at > bindparam("since")),
        )
    )
)


@dataclass(frozen=True)
class Ahead:
    """What Argon2id worked out before the transaction: a receipt to give, and what the digits in the text open."""

    receipt: Receipt | None = None
    opened: ReceiptKeys | None = field(default=None, repr=False)


_NOTHING_AHEAD = Ahead()


@dataclass(frozen=True)
class Taken:
    """What a text led to. ``reply`` is the answer to it; ``promised`` says that the outbox has something to send.

    ``gave`` says that the receipt worked out ahead was given away; ``ended`` that something was destroyed.
    """

    reply: str | None
    promised: bool
    gave: bool = False
    ended: bool = False


@dataclass(frozen=True)
class _Caller:
    """Who wrote: the phone's open tip, and what the dialogue needs to know."""

    tip: Tip | None = None
    phone: conversation.Phone = field(default_factory=conversation.Phone)
    known: phones.Known | None = None
    blocked_at: int | None = None


class _Before(NamedTuple):
    """How an earlier message was answered, as it is kept, and when."""

    answer: str
    at: datetime


def take(
    session: Session, inbound: Inbound, heard: Heard, *, keys: KeyFile, rules: tuple[Rule, ...], now: datetime,
    promise: bool, ahead: Ahead = _NOTHING_AHEAD, bounds: abuse.Bounds, pace: abuse.Pace,
) -> Taken:  # fmt: skip
    """Take a text in and return its answer; ``promise`` puts the answer into the outbox, too.

    A retry of the same message changes nothing and promises nothing. NoDeskKey (nothing is kept) if no desk can read.
    A receipt is always promised, never returned: of an answer only its template is kept, so that a retry could not
    say it again.
    """
    asked = heard.asked
    given = asked is not None and bool(asked.number)
    if asked is not None and given:  # a network wrote for somebody
        inbound = replace(inbound, number=asked.number)
    message_id = inbound.message_id or secrets.token_hex(16)
    id_hash = keyed_hash(keys.ids, "inbound", inbound.provider, message_id)
    may_have_twin = inbound.number and not heard.digits  # a fast hash of a receipt could be guessed
    twin_hash = keyed_hash(keys.ids, "twin", inbound.number, inbound.text) if may_have_twin else None
    if inbound.number:
        phones.one_at_a_time(session, keys, inbound.number)
    retried, twin = _earlier(session, id_hash, twin_hash, now)
    if retried is not None:
        return Taken(_said(retried.answer), promised=False)
    if inbound.erasable and inbound.message_id:
        erasure.keep_id(session, inbound.provider, inbound.message_id, keys=keys, now=now)
    if ahead.opened is not None and inbound.number and heard.order is None:
        phone = Phone(inbound.number, inbound.provider, inbound.ours)
        followup.hold_answers(session, ahead.opened, phone, conversation.parts, keys=keys, now=now)
    caller = _caller(session, keys, inbound.number, now)
    step = conversation.step(caller.phone, inbound.text, heard.lang, heard.told)
    step = call_backs.answer(step, caller.phone, asked, None if given else heard.lang, inbound.text)
    step = _added_to_receipt(session, heard, ahead, step, caller, keys=keys, rules=rules, now=now)
    ending = endings.obey(session, heard.order, caller.known, ahead.opened, now) if inbound.number else None
    if ending is not None and heard.order is not None:
        lang = caller.phone.lang or heard.order.lang
        step = conversation.Step(lang, "ended", None if caller.phone.stopped else ending.reply)
        caller = replace(caller, tip=None if ending.destroyed else caller.tip)
    weighed = _weigh(session, inbound, heard, caller, step, ending, keys=keys, bounds=bounds, pace=pace, now=now)
    if twin is not None and _is_twin(twin, heard, step, now):
        return _again(session, id_hash, twin, caller, weighed, inbound.number, keys, now)
    step = _quietened(step, caller, weighed)
    gave = False
    if step.reply == _GIVEN:
        gave = _give(session, caller, ahead, keys)
        step = step if gave else replace(step, reply="receipt_said")
    answer = f"{step.reply}:{step.lang}" if step.reply and inbound.number else ""
    kept = "" if given else answer  # what answers a network's name goes nowhere
    thread.put(session, InboundRow, id_hash=id_hash, twin_hash=twin_hash, answer=kept, at=now)
    released = _act(session, inbound, heard, caller, step, weighed, keys=keys, rules=rules, bounds=bounds, now=now)
    if ending is not None and ending.asked and weighed.answered:
        _remember_asked(session, caller, inbound.number, keys, now)
    ended = ending is not None and ending.destroyed
    reply = _said(answer)
    if gave and ahead.receipt is not None:
        promise, reply = True, conversation.render(_GIVEN, step.lang, digits=grouped(ahead.receipt.digits))
    if (promise or given) and reply is not None:
        text = outbox.Text(inbound.number, reply, inbound.provider, inbound.ours)
        _, phone_hash = phones.hashes(keys, inbound.number, now)[0]
        outbox.promise(session, text, kind="reply", keys=keys, now=now, phone_hash=phone_hash)
        return Taken(None if gave or given else reply, promised=True, gave=gave, ended=ended)
    return Taken(reply, promised=released, ended=ended)


def _added_to_receipt(
    session: Session, heard: Heard, ahead: Ahead, step: conversation.Step, caller: _Caller, *, keys: KeyFile,
    rules: tuple[Rule, ...], now: datetime,
) -> conversation.Step:  # fmt: skip
    """Add words to the thread that the digits before them open, whoever's phone it is.

    Digits that open none stay among the words, which are kept as any text is.
    """
    if not heard.words or ahead.opened is None:
        return step
    try:
        followup.add_by_receipt(session, ahead.opened, heard.words, keys=keys, now=now, rules=rules)
    except UnknownReceipt:
        return step
    return conversation.Step(step.lang, "digits", None if caller.phone.stopped else "tip_received_again")


def _remember_asked(session: Session, caller: _Caller, number: str, keys: KeyFile, now: datetime) -> None:
    """Remember that a yes comes next; any other text that joins the thread forgets it."""
    if caller.known is not None:
        tip_id, dialogue = caller.known.tip_id, caller.phone.talk.pack() + endings.ASKED
        phones.remember(session, keys, number, now, tip_id=tip_id, language=None, dialogue=dialogue)


def _again(
    session: Session, id_hash: bytes, twin: _Before, caller: _Caller, weighed: abuse.Weighed, number: str,
    keys: KeyFile, now: datetime,
) -> Taken:  # fmt: skip
    """Give a message that came before its first answer, as far as the bounds allow."""
    answer = twin.answer if weighed.answered else ""
    thread.put(session, InboundRow, id_hash=id_hash, twin_hash=None, answer=answer, at=now)
    if caller.known is not None:
        phones.remember(session, keys, number, now, tip_id=None, language=None, texts=1)
    return Taken(_said(answer), promised=False)


def _quietened(step: conversation.Step, caller: _Caller, weighed: abuse.Weighed) -> conversation.Step:
    """Return the step without its answer, where there is none: what is not sent asks nothing."""
    if weighed.answered:
        return step
    talk = replace(step.talk or caller.phone.talk, asked=caller.phone.talk.asked, open=False)
    return replace(step, reply=None, talk=talk)


def _weigh(
    session: Session, inbound: Inbound, heard: Heard, caller: _Caller, step: conversation.Step,
    ending: endings.Ending | None, *, keys: KeyFile, bounds: abuse.Bounds, pace: abuse.Pace, now: datetime,
) -> abuse.Weighed:  # fmt: skip
    """Weigh a text, and what would answer it; what destroyed a report is told once, whatever the bounds say."""
    if ending is not None and ending.destroyed:
        return abuse.Weighed()
    cried = step.action == "cry" or (step.answers in {"danger", "child"} and step.value is True)
    words = heard.advice if step.action in {"tip", "cry", "answer", "call"} else None
    weighed = abuse.weigh(
        session, words, caller.tip, caller.known, caller.blocked_at, cried=cried, bounds=bounds, now=now
    )
    if not weighed.answered or step.reply is None or not inbound.number:
        return weighed
    only_asks = _hashes(keys, inbound.number, now)[0] if words is None and caller.known is None else None
    return abuse.paced(session, weighed, caller.known, only_asks, pace=pace, now=now)


def _give(session: Session, caller: _Caller, ahead: Ahead, keys: KeyFile) -> bool:
    """Give the caller's tip the receipt worked out ahead; False if it got one meanwhile."""
    if caller.tip is None or ahead.receipt is None:
        return False
    return intake.attach_receipt(session, caller.tip.id, ahead.receipt, None, keys)


def _earlier(
    session: Session, id_hash: bytes, twin_hash: bytes | None, now: datetime
) -> tuple[_Before | None, _Before | None]:
    """Return the answers to this very message and to its (latest) twin, if they came before."""
    asked = {"id": id_hash, "twin": twin_hash, "since": now - TWINS_WITHIN}
    rows = _EARLIER.rows(session, asked)
    found = {bytes(row.id_hash): _Before(row.answer or "", row.at) for row in rows}
    return found.pop(id_hash, None), max(found.values(), key=lambda one: one.at, default=None)


def _is_twin(twin: _Before, heard: Heard, step: conversation.Step, now: datetime) -> bool:
    """Say whether a text is the same message as its twin; it may as well answer the next question alike."""
    if heard.bare and step.action in {"answer", "skip"}:
        return now - twin.at <= _BARE_TWINS_WITHIN
    return step.action in _MAY_BE_TWINS


def _caller(session: Session, keys: KeyFile, number: str, now: datetime) -> _Caller:
    if not number:
        return _Caller()
    row = phones.thread_of(session, keys, number, now)
    stopped, blocked_at = phones.standing(session, keys, number)
    if row is None:  # nothing was ever sent there: nothing can wait
        return _Caller(phone=conversation.Phone(stopped=stopped), blocked_at=blocked_at)
    tip = phones.open_tip_of(session, row)
    tip_id = tip.id if tip is not None else None
    waiting, written_to = outbox.answers_to(session, _hashes(keys, number, now), now, tip_id)
    phone = conversation.Phone(lang=cast("conversation.Lang | None", row.language), stopped=stopped, waiting=waiting)
    if tip is None:
        return _Caller(None, phone, row, blocked_at)
    phone = replace(
        phone,
        known=True,
        stopped=stopped or tip.no_texts,
        receipt=tip.receipt_lookup is not None,
        talk=Talk.unpack(row.dialogue),
        told=questions.told_by(place=tip.place, danger=tip.danger_now, child=tip.child),
        fresh=tip.channel == CHANNEL and now - tip.received_at < _ASKED_WITHIN and callback.CALLED not in tip.reasons,
        calling=callback.ASKED in tip.reasons,
        written_to=written_to,
        recent=now - row.changed_at <= _MOMENTS,
        leaning=cast("conversation.Lang", tip.language),
    )
    return _Caller(tip, phone, row, blocked_at)


def _act(
    session: Session, inbound: Inbound, heard: Heard, caller: _Caller, step: conversation.Step,
    weighed: abuse.Weighed, *, keys: KeyFile, rules: tuple[Rule, ...], bounds: abuse.Bounds, now: datetime,
) -> bool:  # fmt: skip
    """Do what a text asks for; return whether that let something go out."""
    number, tip = inbound.number, caller.tip
    asked = heard.asked
    given = asked is not None and bool(asked.number)
    phone = Phone(number, inbound.provider, inbound.ours, given=given) if number else None
    dialogue = (step.talk or caller.phone.talk).pack()
    match step.action:
        case "tip" | "cry" | "answer" | "call":
            _keep(
                session, inbound, heard, caller, step, weighed, phone, dialogue, keys=keys, rules=rules, bounds=bounds,
                now=now,
            )  # fmt: skip
            if weighed.blocked_at is not None:
                return False
        case "read":
            entries = outbox.release(session, _hashes(keys, number, now), now, keys=keys, phone=phone)
            for entry_id in dict.fromkeys(entries):
                followup.read_by_phone(session, entry_id, now)
        case "stop":
            phones.stop(session, keys, number, now)
            outbox.call_off(session, _hashes(keys, number, now), now)
        case "start":
            phones.start(session, keys, number)
            if tip is not None:
                tip.no_texts = False
        case "language":
            phones.remember(session, keys, number, now, tip_id=None, language=step.lang)
            if tip is not None:
                tip.language = step.lang
        case _:  # skip, info, empty, nothing_waiting, receipt, digits: an answer is all
            pass
    if tip is not None and phone is not None and not given:
        told = step.lang if heard.lang_sure and caller.phone.lang is None and step.action in _TELLS else None
        followup.move_number(session, tip, phone, keys=keys, now=now, dialogue=dialogue, language=told)
    elif caller.known is not None and not given and step.action not in {"tip", "cry", "call", "ended"}:
        phones.remember(session, keys, number, now, tip_id=None, language=None, texts=1)
    return step.action == "read"


def _keep(
    session: Session, inbound: Inbound, heard: Heard, caller: _Caller, step: conversation.Step,
    weighed: abuse.Weighed, phone: Phone | None, dialogue: str, *, keys: KeyFile, rules: tuple[Rule, ...],
    bounds: abuse.Bounds, now: datetime,
) -> None:  # fmt: skip
    """Keep what somebody said: where its phone is blocked, in the phone's open tip, or as a tip of its own."""
    if weighed.quiet and not inbound.text.strip():  # one more wish to be called: nothing is in it to keep
        return
    if weighed.blocked_at is not None:
        followup.add(session, weighed.blocked_at, inbound.text, keys=keys, now=now, to_receipt=False, quiet=True)
        return
    tip, asked = caller.tip, heard.asked
    sure = caller.phone.lang is not None or heard.lang_sure
    if step.action == "call" and asked is not None and not weighed.quiet:
        given = phone is not None and phone.given
        lang = caller.phone.lang or (None if given else call_backs.told_by(asked, heard.lang))
        report = Report(CHANNEL, inbound.text, lang or "st", phone=phone, call_back=True, language_sure=sure)
        said = None if asked.bare else heard.advice
        callback.ask(session, tip, report, asked.how, said=said, keys=keys, rules=rules, now=now)
        return
    if tip is not None:
        _add(session, tip, inbound, step, keys=keys, rules=rules, now=now, quiet=weighed.quiet)
        if weighed.too_many:
            thread.record(session, tip.id, "many_texts", now, count=weighed.too_many)
        return
    danger_now = True if step.action == "cry" else None
    advice = None if danger_now else heard.advice  # a cry is more than its words, and never one of many
    alike = None if danger_now else abuse.words_hash(keys, inbound.text)
    flood = abuse.flood_of(session, alike, heard.advice, bounds, now) if alike else None
    report = Report(
        CHANNEL, inbound.text, step.lang, danger_now=danger_now, phone=phone, dialogue=dialogue, alike=alike,
        language_sure=sure,
    )  # fmt: skip
    done = intake.submit(session, report, now=now, keys=keys, rules=rules, advice=advice)
    if flood is not None:
        abuse.fold(session, done.tip_id, flood, now)


def _add(
    session: Session, tip: Tip, inbound: Inbound, step: conversation.Step, *, keys: KeyFile, rules: tuple[Rule, ...],
    now: datetime, quiet: bool,
) -> None:  # fmt: skip
    """Keep further words in their thread, and put to use what they answer."""
    answer = step.value if isinstance(step.value, bool) else None
    danger_now = True if step.action == "cry" else answer if step.answers == "danger" else None
    child = answer if step.answers == "child" else None
    followup.heed(session, tip, inbound.text, danger_now=danger_now, child=child, rules=rules, keys=keys, now=now)
    followup.add(
        session, tip, inbound.text, keys=keys, now=now, to_receipt=tip.channel == CHANNEL, answers=step.answers,
        value=step.value, quiet=quiet,
    )  # fmt: skip
    if step.answers == "consent":
        tip.content_consent = step.value == questions.CONTENT
        tip.no_texts = step.value == questions.NOTHING
        if tip.no_texts:
            outbox.call_off(session, _hashes(keys, inbound.number, now), now)


@cache
def _said(answer: str) -> str | None:
    """Put an answer as it is kept (template and language) into words; there are few, and they never change."""
    template, _, lang = answer.partition(":")
    if not template or template == _GIVEN:  # a receipt is said once, by the outbox
        return None
    return conversation.render(template, cast("conversation.Lang", lang))


def _hashes(keys: KeyFile, number: str, now: datetime) -> list[bytes]:
    return [one for _, one in phones.hashes(keys, number, now)]
