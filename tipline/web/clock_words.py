"""Clocks put into words: how much time is left, or by how much it is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask_babel import gettext

from tipline.clocks import LOOK, Clock

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def say(one: Clock, now: datetime) -> str:
    """Return a clock in words: ``first look due in 43 min``, ``police: 21 h left``, or by how much it is over."""
    time = span(abs(one.due - now), up=not one.over(now))
    return sentences()[one.kind][one.over(now)].replace("{}", time)


def span(time: timedelta, *, up: bool = False) -> str:
    """Return a time in one unit; minutes that are left are rounded ``up``, so that none is left at nought."""
    if time < _HOUR:
        return _units()["min"].replace("{}", str(-(-time // _MINUTE) if up else time // _MINUTE))
    if time < 2 * _DAY:
        return _units()["h"].replace("{}", str(time // _HOUR))
    return _units()["d"].replace("{}", str(time // _DAY))


def sentences() -> dict[str, tuple[str, str]]:
    """Return for each clock what is said while it runs and when it is over, ``{}`` for the time."""
    return {
        LOOK: (gettext("first look due in %(time)s", time="{}"), gettext("first look overdue by %(time)s", time="{}")),
        "police": (gettext("police: %(time)s left", time="{}"), gettext("police: overdue by %(time)s", time="{}")),
    }


def for_script() -> dict[str, Sequence[str] | str]:
    """Return all words that the desk's script needs to count down, and what it says by itself."""
    return {
        **sentences(),
        **_units(),
        "news": gettext("New here: %(count)s", count="{}"),
        "lost": gettext("No connection. What you see may be old."),
        "wrong": gettext("Name, password or code is not right. Try again."),
    }


def _units() -> dict[str, str]:
    return {
        "min": gettext("%(number)s min", number="{}"),
        "h": gettext("%(number)s h", number="{}"),
        "d": gettext("%(number)s d", number="{}"),
    }
