"""Requests to be called, put into words for the desk."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

ASKED = {
    "empty": _l("An empty text came"),
    "words": _l("Asked by text to be called"),
    "network": _l("A network passed on “please call me”"),
    "missed": _l("A missed call"),
}
RESULTS = {
    "reached": _l("Reached"),
    "not_reached": _l("Not reached"),
    "wrong_person": _l("Somebody else answered"),
}
TIMES = {
    "morning": _l("in the morning"),
    "noon": _l("at noon"),
    "day": _l("in the daytime"),
    "afternoon": _l("in the afternoon"),
    "evening": _l("in the evening"),
    "night": _l("at night"),
    "now": _l("now"),
    "today": _l("today"),
    "tomorrow": _l("tomorrow"),
    "weekend": _l("at the weekend"),
    "weekday": _l("on weekdays"),
    "mon": _l("on Monday"),
    "tue": _l("on Tuesday"),
    "wed": _l("on Wednesday"),
    "thu": _l("on Thursday"),
    "fri": _l("on Friday"),
    "sat": _l("on Saturday"),
    "sun": _l("on Sunday"),
    "any": _l("at any time"),
    "never": _l("wants no call"),
}


def event(kind: str, data: dict[str, Any]) -> str:
    """Return what was done about a call, in words; "" where it was something else."""
    if kind == "call_asked":
        return str(ASKED.get(data.get("how", ""), ASKED["words"]))
    if kind == "called":
        return str(gettext("Called: %(result)s", result=RESULTS.get(data.get("result", ""), "")))
    return ""


def no_result() -> str:
    """Say that a result must be chosen."""
    return str(gettext("Choose what came of the call."))


def safe_times(codes: tuple[str, ...]) -> str:
    """Return when somebody can be called, in words (codes of ``tipline.safe_times``)."""
    return ", ".join(_safe_time(code) for code in codes)


def _safe_time(code: str) -> str:
    if code.startswith("!"):
        return str(gettext("NOT %(time)s", time=_safe_time(code[1:])))
    if code.startswith(">"):
        return str(gettext("after %(time)s", time=_safe_time(code[1:])))
    if code.startswith("<"):
        return str(gettext("before %(time)s", time=_safe_time(code[1:])))
    if code.endswith("?"):
        return str(gettext("%(time)s (morning or evening?)", time=code[:-1]))
    return str(TIMES.get(code, code))
