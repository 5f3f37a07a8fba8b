"""When somebody can be called, as far as their own words say it. Pure; the words are data (``safe_times.toml``).

A reading is advice: whoever calls reads the words themselves. Codes: a clock time ``18:00`` (``6:00?`` where it is not
said which half of the day), a part of the day or a day (``evening``, ``sat``), ``>`` and ``<`` before a time for after
and before it, ``!`` before what is not safe, ``never`` for "do not call".
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tipline.lexicon import fold, plain

NEVER = "never"
_MOST = 8  # codes of one text
_LONGEST = 400  # letters that are looked at
_NEAR = 3  # words between "not" and what it is about
_NOON, _MIDNIGHT = 12, 24
_LATE = 11  # "11 at night" is 23:00, "12 at night" is not
_CERTAIN = 4  # "06:00" is a clock's way of writing, "6:00" may be either half
_WORD = re.compile(r"\d{1,2}[:.h]\d\d(?!\d)(?:\s?[ap]\.?m\b)?|\d{1,2}\s?[ap]\.?m\b|[^\W_]+|[,.;!?\n]")
_STOPS = ",.;!?\n"  # no "not" reaches past them
_CLOCK = re.compile(r"(\d{1,2})(?:[:.h](\d\d))?\s?([ap])?\.?m?")


def find(text: str) -> tuple[str, ...]:
    """Return what a text says of when to call, in the order it says it; empty where it says nothing of it."""
    said = _WORD.findall(plain(text[:_LONGEST]).strip().rstrip(_STOPS))
    words = [fold(word) if word.isalpha() else word for word in said]
    if words and _phrase(words, 0, _NEVER) == len(words):
        return (NEVER,)
    found: list[str] = []
    at, since_not = 0, _NEAR + 1
    bound = ""
    named = {part for part, phrases in _PARTS.items() if any(_phrase(words, i, phrases) for i in range(len(words)))}
    while at < len(words):
        since_not += 1
        if words[at] in _STOPS:
            since_not, at, bound = _NEAR + 1, at + 1, ""
            continue
        if length := _phrase(words, at, _NOT):
            since_not, at = 0, at + length
            continue
        if length := _phrase(words, at, _AFTER):
            bound, at = ">", at + length
            continue
        if length := _phrase(words, at, _BEFORE) or (_is_open(found) and _phrase(words, at, _TO)):
            bound, at = "<", at + length
            continue
        code, length = _code(words, at, named)
        if code:
            found.append(("!" if since_not <= _NEAR else "") + (bound if code[0].isdigit() else "") + code)
            bound = ""
        at += length
    return tuple(dict.fromkeys(found))[:_MOST]


def _is_open(found: Sequence[str]) -> bool:
    """Say whether a span has begun ("from 10 …"), so that "to" and "and" close it."""
    return bool(found) and found[-1].lstrip("!").startswith(">")


def _code(words: Sequence[str], at: int, named: set[str]) -> tuple[str, int]:
    """Return the code of what stands at a place, "" for nothing, and how many words it takes."""
    for part, phrases in _PARTS.items():
        if length := _phrase(words, at, phrases):
            return part, length
    word = words[at]
    if word.isdecimal() and not _is_a_time(words, at):
        return "", 1
    clock = _CLOCK.fullmatch(word)
    return (_clock(clock, named) if clock and word[0].isdecimal() else ""), 1


def _is_a_time(words: Sequence[str], at: int) -> bool:
    """Say whether a bare number is a time: alone, behind "at" or "after", or beside a part of the day."""
    if len(words) == 1 or (at and _phrase(words, at - 1, _AT + _AFTER + _BEFORE + _TO)):
        return True
    beside = {at - 1, at + 1} & set(range(len(words)))
    return any(_phrase(words, one, _PARTS[part]) for one in beside for part in _HOURLY)


def _clock(clock: re.Match[str], named: set[str]) -> str:
    hour, minute, half = int(clock[1]), int(clock[2] or 0), clock[3]
    if hour > _MIDNIGHT or minute > 59 or (half and hour > _NOON):  # noqa: PLR2004 - minutes
        return ""
    if half:
        return f"{hour % _NOON + (_NOON if half == 'p' else 0):02}:{minute:02}"
    if hour > _NOON or hour == 0 or clock[1].startswith("0"):
        return f"{hour % _MIDNIGHT:02}:{minute:02}"
    if named & {"evening", "afternoon"} or ("night" in named and _CERTAIN < hour <= _LATE):
        return f"{hour % _NOON + _NOON:02}:{minute:02}"
    if "morning" in named and hour < _NOON:
        return f"{hour:02}:{minute:02}"
    return f"{hour}:{minute:02}?"


Phrases = tuple[tuple[str, ...], ...]


def _phrase(words: Sequence[str], at: int, phrases: Phrases) -> int:
    """Return how many words of a phrase stand there, 0 for none; the longest counts."""
    return max((len(one) for one in phrases if tuple(words[at : at + len(one)]) == one), default=0)


def _phrases(listed: str) -> Phrases:
    return tuple(tuple(fold(plain(word)) for word in phrase.split("-")) for phrase in listed.split())


def _load() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


_DATA = _load()
_PARTS: dict[str, Phrases] = {part: _phrases(listed) for part, listed in _DATA["part"].items()}
_AFTER, _BEFORE, _TO, _AT, _NOT, _NEVER = (
    _phrases(_DATA[name]["words"]) for name in ("after", "before", "to", "at", "not", "never")
)
_HOURLY = ("morning", "afternoon", "evening", "night")
PARTS = tuple(_PARTS)
