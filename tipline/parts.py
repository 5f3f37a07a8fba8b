"""Long texts that came in parts of their own, marked 1/3, (2/3) and so on: told apart, put in order. Pure.

Phones and networks that do not join parts let each arrive alone, in any order and some of them twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

WITHIN = timedelta(hours=1)  # between the first and the last part to arrive
_MARK = r"(?:part\s*)?([1-9])\s*(?:/|\bof\b)\s*([2-9])"
_FIRST = re.compile(rf"\s*[(\[]?\s*{_MARK}(?:\s*[)\]:.-]+\s*|\s+|$)", re.IGNORECASE)
_LAST = re.compile(r"(?:^|\s)[(\[]\s*([1-9])\s*/\s*([2-9])\s*[)\]]\s*$|(?:^|\s)([1-9])/([2-9])\s*$")


@dataclass(frozen=True)
class Part:
    """One text that says it is part ``number`` of ``of``; ``text`` is without the mark."""

    number: int
    of: int
    text: str = field(repr=False)


@dataclass(frozen=True)
class Said:
    """Something said, as it arrived: its key (whatever the caller knows it by), when, and the text."""

    key: int
    at: datetime
    text: str = field(repr=False)


@dataclass(frozen=True)
class Joined:
    """What stands for one or more arrivals: the keys of all of them, in the order they came, and the whole text."""

    keys: tuple[int, ...]
    text: str = field(repr=False)
    missing: bool = False  # a part is (still) not there


def part(text: str) -> Part | None:
    """Return which part a text says it is, None if it does not say so."""
    hit = _FIRST.match(text)
    if hit is not None:
        number, of, rest = int(hit[1]), int(hit[2]), text[hit.end() :]
    else:
        hit = _LAST.search(text)
        if hit is None:
            return None
        number, of, rest = int(hit[1] or hit[3]), int(hit[2] or hit[4]), text[: hit.start()]
    return Part(number, of, rest.strip()) if number <= of else None


def joined(said: Sequence[Said]) -> list[Joined]:
    """Join the parts that belong together, each where its first one arrived; all else stays as it came.

    A part that came twice counts once. Another text under the same number begins a new set. A part that nothing
    belongs to keeps its mark: it may be no part at all (1/2 a bag).
    """
    sets: list[_Set] = []
    for one in said:
        mine = part(one.text)
        into = next((each for each in sets if mine is not None and each.takes(one, mine)), None)
        if into is None:
            into = _Set(one, mine)
            sets.append(into)
        else:
            into.keys.append(one.key)
        if mine is not None:
            into.parts.setdefault(mine.number, mine)
    return [each.whole() for each in sets]


class _Set:
    """The parts of one text as they come in."""

    def __init__(self, first: Said, mine: Part | None) -> None:
        self.first = first
        self.of = mine.of if mine else 0
        self.keys = [first.key]
        self.parts: dict[int, Part] = {}

    def takes(self, one: Said, mine: Part) -> bool:
        """Say whether a part belongs here."""
        there = self.parts.get(mine.number, mine)
        return mine.of == self.of and there.text == mine.text and one.at - self.first.at <= WITHIN

    def whole(self) -> Joined:
        """Return the text, with … where a part is missing."""
        if len(self.parts) < 2:  # noqa: PLR2004 - a part needs another one
            return Joined(tuple(self.keys), self.first.text)
        pieces = [self.parts[number].text if number in self.parts else "…" for number in range(1, self.of + 1)]
        return Joined(tuple(self.keys), " ".join(pieces), len(self.parts) < self.of)
