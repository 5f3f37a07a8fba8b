"""What a request to be called is answered with, and the texts that follow it. Pure.

Nothing is asked but when somebody can talk, and no call is promised. The language is not known at first: then both.
"""

from __future__ import annotations

from dataclasses import replace

from sms.call_me import Asked
from sms.conversation import Lang, Phone, Step
from tipline import safe_times

WHEN, AGAIN, NOTED, NOT_THEN, NO_CALL = "call_when", "ask_again", "call_noted", "call_not_then", "call_none"
_FREE = ("tip", "answer", "empty")  # whatever else a text is, an order or a cry, that comes first


def answer(step: Step, phone: Phone, asked: Asked | None, lang: Lang | None, text: str) -> Step:
    """Return the step with what a wish to be called makes of it. ``lang`` is the language found in the text."""
    if asked is not None and step.action in _FREE:
        spoken = phone.lang or told_by(asked, lang)
        reply = None if phone.stopped else question(asked, spoken)
        return Step(spoken or phone.speaks, "call", reply, replace(phone.talk, open=False))  # one question at a time
    if phone.calling and step.action == "tip" and not phone.stopped:
        times = safe_times.find(text)
        if times:
            return replace(step, reply=_noted(times))
    return step


def _noted(times: tuple[str, ...]) -> str:
    if times == (safe_times.NEVER,):
        return NO_CALL
    return NOTED if any(not one.startswith("!") for one in times) else NOT_THEN  # "not now, he is here" names no time


def told_by(asked: Asked, lang: Lang | None) -> Lang | None:
    """Return the language that a wish to be called tells: "please call me" alone is no English."""
    return None if asked.bare and lang == "en" else lang


def question(asked: Asked, lang: Lang | None) -> str | None:
    """Return the template that asks when to call; None for a number that a text names, until its shape is sure."""
    if asked.number and not asked.sure:
        return None
    template = AGAIN if asked.how == "empty" else WHEN
    return template if lang else f"{template}_both"
