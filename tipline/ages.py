"""Ages in a text, in both languages. Pure; the words are data (``lexicon/ages.toml``)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from tipline.lexicon import fold

ADULT = 18  # Children's Protection and Welfare Act 2011 s.3: a child is a person under eighteen
_TEN = 10

_DATA: dict[str, Any] = tomllib.loads(
    Path(__file__).with_name("lexicon").joinpath("ages.toml").read_text(encoding="utf-8")
)


def _set(name: str) -> frozenset[str]:
    return frozenset(fold(word) for word in _DATA[name].split())


_NUMBERS = {fold(word): number for number, word in enumerate(_DATA["numbers"].split(), 1)}
_NUMBERS |= {fold(word): number for word, number in _DATA["numbers_st"].items()}
_UNITS = {fold(word): number for word, number in _DATA["units_st"].items()}
_BEFORE, _BEFORE_OF, _NOT_AFTER, _NOT_BEFORE = (
    _set("before"),
    _set("before_of"),
    _set("not_after"),
    _set("not_before"),
)
_YEARS, _YEARS_ST, _LINK_ST = _set("years"), _set("years_st"), _set("link_st")


def ages(said: tuple[str, ...]) -> tuple[bool, bool]:
    """Tell whether an age under 18, and whether an age of 18 or more, stands among these folded words."""
    young = grown = False
    for at, word in enumerate(said):
        if word in _YEARS_ST:
            age = _age_st(said, at)
        elif word in _NUMBERS or (len(word) <= 2 and word.isdigit()):  # noqa: PLR2004 - no age has three digits
            age = _age(said, at)
        else:
            continue
        if age:
            young = young or age < ADULT
            grown = grown or age >= ADULT
    return young, grown


def _number(word: str) -> int | None:
    return int(word) if word.isdigit() and len(word) <= 2 else _NUMBERS.get(word)  # noqa: PLR2004 - as above


def _age(said: tuple[str, ...], at: int, *, chained: bool = False) -> int | None:
    number = _number(said[at])
    before = said[at - 1] if at else ""
    after = said[at + 1] if at + 1 < len(said) else ""
    later = said[at + 2] if at + 2 < len(said) else ""
    if number is None:
        return None
    if after in _YEARS:
        if later == "old" or after == "yo" or (after == "y" and later == "o"):
            return number
        return None if later in _NOT_AFTER or before in _NOT_BEFORE else number
    if after in _NOT_AFTER:
        return None
    if before == "ka" and at > 1 and said[at - 2] in ("ea", "oa"):  # my cousin, 16: cousin ea ka 16
        return number
    if before in _BEFORE or (before == "of" and at > 1 and said[at - 2] in _BEFORE_OF):
        return number
    if before in ("and", "le") and at > 1 and not chained and _age(said, at - 2, chained=True):
        return number
    return None


def _age_st(said: tuple[str, ...], at: int) -> int | None:
    """Read what follows ``lilemo``: tse 12, li 9, tse leshome le metso e mene."""
    step = at + 1
    while step < min(len(said), at + 3) and said[step] in _LINK_ST:
        step += 1
    if step >= len(said) or (at and said[at - 1] in _NOT_BEFORE) or "fetileng" in said[step : step + 3]:
        return None
    number = _number(said[step])
    if number == _TEN and not said[step].isdigit():
        units = [_UNITS[word] for word in said[step + 1 : step + 6] if word in _UNITS]
        return number + (units[0] if units else 0)
    return number
