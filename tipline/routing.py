"""Which desks may read a tip: pure rules over data (``seed.toml``), and the reporter's own exclusions."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tipline.errors import AllDesksExcluded

NEEDS = ("story", "message")  # what a desk needs of which nobody has said otherwise
SEED = Path(__file__).with_name("seed.toml")


@dataclass(frozen=True)
class DeskSeed:
    """A desk as the seed file names it; ``needs`` are the kinds of entries that a referral passes on unless changed."""

    slug: str
    name_en: str
    name_st: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """If everything in ``when`` holds, the tip goes to ``to``; ``otherwise`` rules count only if none did before.

    ``when`` may name: ``category``, ``place``, ``place_kind`` (lists of values), ``child``, ``danger_now`` (booleans),
    and ``any`` (a list of such tables, one of which must hold).
    """

    to: tuple[str, ...]
    when: Mapping[str, Any]
    otherwise: bool


@dataclass(frozen=True)
class Facts:
    """What routing looks at."""

    category: str
    place: str | None
    place_kind: str | None
    child: bool | None
    danger_now: bool | None
    excluded: frozenset[str]


@dataclass(frozen=True)
class Seed:
    """The desks and rules of an instance."""

    desks: tuple[DeskSeed, ...]
    rules: tuple[Rule, ...]


@cache
def seed(path: Path = SEED) -> Seed:
    """Read the desks and rules."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    desks = tuple(
        DeskSeed(block["slug"], block["name_en"], block["name_st"], tuple(block.get("needs", NEEDS)))
        for block in data["desk"]
    )
    rules = tuple(
        Rule(tuple(block["to"]), block.get("when", {}), block.get("otherwise", False)) for block in data["rule"]
    )
    return Seed(desks, rules)


def needs(slug: str) -> tuple[str, ...]:
    """Return what a desk needs of a tip that is referred to it: kinds of entries."""
    return next((desk.needs for desk in seed().desks if desk.slug == slug), NEEDS)


def route(facts: Facts, rules: Collection[Rule], open_desks: Collection[str]) -> tuple[str, ...]:
    """Return the desks that may read the tip, the leading one first.

    A desk that the reporter excluded never stands among them. Raises AllDesksExcluded if none is left of those that
    are ``open_desks`` (a desk that has no key yet cannot be sealed to, and is no reason to drop a tip elsewhere).
    """
    chosen: list[str] = []
    for rule in rules:
        if rule.otherwise and chosen:
            continue
        if _holds(rule.when, facts):
            chosen += [desk for desk in rule.to if desk not in chosen and desk not in facts.excluded]
    if not chosen:
        chosen = [desk for desk in open_desks if desk not in facts.excluded]
    if not chosen:
        raise AllDesksExcluded
    return tuple(chosen)


def _holds(when: Mapping[str, Any], facts: Facts) -> bool:
    return all(_one_holds(name, wanted, facts) for name, wanted in when.items())


def _one_holds(name: str, wanted: Any, facts: Facts) -> bool:  # noqa: ANN401 - a TOML value
    if name == "any":
        return any(_holds(choice, facts) for choice in wanted)
    value = getattr(facts, name)
    if isinstance(wanted, list):
        return value in wanted
    return bool(value == wanted)
