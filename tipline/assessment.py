"""Which indicators of trafficking a human found present: pure. It says "present", never how likely, never a verdict.

UNODC: indicators neither prove nor disprove. The questions are data (``assessment.toml``): the ILO/EC operational
indicators of 2009 with their strengths, and the checklist of the Anti-Trafficking in Persons Act 2011, s.22. The
strengths belong to work; for sexual exploitation (and whatever else is not work) nothing is weighed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ADULT, CHILD = "adult", "child"
AGES = (CHILD, ADULT)
LABOUR, SEXUAL, OTHER = "labour", "sexual", "other"
KINDS = (LABOUR, SEXUAL, OTHER)
TRAFFICKING, SMUGGLING = "trafficking", "smuggling"
MATTERS = (TRAFFICKING, SMUGGLING)
DIMENSIONS = ("D1", "D2", "D3", "D4", "D5", "D6")
MOVED, SIGNS = "moved", "signs"
_MEANS = ("D1", "D2")  # either shows how an adult was recruited, both that somebody was
_KIND_OF = {"labour": LABOUR, "domestic": LABOUR, "mining": LABOUR, "sexual": SEXUAL, "marriage": OTHER}
_TWO, _THREE = 2, 3  # indicators of one strength


@dataclass(frozen=True)
class Question:
    """One thing to ask. ``strength``: by age, S, M or W; none where it is not weighed. ``act``: its slug in s.22."""

    code: str
    group: str
    said: Mapping[str, str]  # by language
    strength: Mapping[str, str]
    act: str | None
    indicator: str  # its own code, or that of the question which asks the same in other words


@dataclass(frozen=True)
class Answers:
    """What a human found. What is None, or a question that is not in ``said``, is not known."""

    age: str | None = None
    kind: str | None = None
    matter: str | None = None
    said: Mapping[str, bool] | None = None

    def yes(self, questions: Iterable[Question]) -> tuple[Question, ...]:
        """Return those of the questions that were answered with yes."""
        return tuple(one for one in questions if (self.said or {}).get(one.code) is True)


@dataclass(frozen=True)
class Part:
    """One dimension (or ``moved``, or ``signs``): what is present in it, and how much is not known yet.

    ``met`` is None where nothing is weighed: then there is only what is present.
    """

    code: str
    met: bool | None
    present: tuple[Question, ...]
    open: int


@dataclass(frozen=True)
class Result:
    """What the answers show. ``together``: the parts are present that belong together for this age; never a verdict.

    It is None where nothing can be said: an age not known, or a kind that these lists do not weigh. ``missing`` are the
    parts that belong to it and are not shown yet, each a choice of codes. ``act``: the slugs of s.22 that are present.
    """

    parts: tuple[Part, ...]
    together: bool | None
    missing: tuple[tuple[str, ...], ...]
    act: tuple[str, ...]

    @property
    def any_present(self) -> bool:
        """Say whether anything is present at all."""
        return any(one.present for one in self.parts)


def _load() -> tuple[tuple[Question, ...], dict[str, dict[str, str]]]:
    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    found = []
    for group in (MOVED, *DIMENSIONS, SIGNS):
        for one in data[group]:
            adult, _, child = one.get("weight", "-/-").partition("/")
            strength = {age: mark for age, mark in ((ADULT, adult), (CHILD, child)) if mark != "-"}
            act = one["code"] if group == SIGNS else one.get("act")
            said = {"en": one["en"], "st": one["st"]}
            found.append(Question(one["code"], group, said, strength, act, one.get("counts_as", one["code"])))
    return tuple(found), data["words"]


QUESTIONS, WORDS = _load()
BY_CODE = {one.code: one for one in QUESTIONS}
BY_GROUP = {
    group: tuple(one for one in QUESTIONS if one.group == group) for group in (MOVED, *DIMENSIONS, SIGNS)
}  # fmt: skip
ACT_22 = tuple(dict.fromkeys(one.act for one in QUESTIONS if one.act))


def positive(strengths: Iterable[str]) -> bool:
    """Say whether a dimension is positive: two strong; one strong and another; three medium; two medium and a weak."""
    marks = list(strengths)
    strong, medium, weak = (marks.count(one) for one in "SMW")
    return (
        strong >= _TWO
        or (strong >= 1 and medium + weak >= 1)
        or medium >= _THREE
        or (medium >= _TWO and weak >= 1)
    )  # fmt: skip


def assess(answers: Answers) -> Result:
    """Return what these answers show.

    An adult: recruited by deception or by force, exploited, and held by force (D1 or D2, D4, D5). A child: recruited or
    moved, and exploited (D4); no means is needed. While the age is not known each dimension is weighed as an adult's.
    """
    yes = answers.yes(QUESTIONS)
    weighed = answers.kind == LABOUR
    parts = {group: _part(group, answers, weighed=weighed) for group in (MOVED, *DIMENSIONS, SIGNS)}
    if any(parts[one].present for one in _MEANS):  # whoever was deceived or forced when recruited was recruited
        moved = parts[MOVED]
        parts[MOVED] = Part(MOVED, True, moved.present, moved.open)
    together: bool | None = None
    missing: tuple[tuple[str, ...], ...] = ()
    if weighed and answers.age is not None:
        wanted: tuple[tuple[str, ...], ...] = (
            ((MOVED,), ("D4",)) if answers.age == CHILD else (_MEANS, ("D4",), ("D5",))
        )
        missing = tuple(choice for choice in wanted if not any(parts[one].met for one in choice))
        together = not missing
    shown = tuple(part for part in parts.values() if part.code != MOVED or answers.age == CHILD)
    found = {one.act for one in yes if one.act}
    return Result(shown, together, missing, tuple(slug for slug in ACT_22 if slug in found))


def suggested(indicators: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return what the words of a report suggest (``Tip.indicators``): questions, and dimensions as a whole."""
    given = set(indicators)
    return frozenset(one.code for one in QUESTIONS if one.act in given), frozenset(given & set(DIMENSIONS))


def kind_of(category: str) -> str | None:
    """Return which kind of exploitation a tip's category suggests, if any."""
    return _KIND_OF.get(category)


def read(data: Mapping[str, object]) -> Answers:
    """Return the answers that were kept; whatever is not known today is left out."""
    given = data.get("said")
    every: Mapping[str, object] = given if isinstance(given, dict) else {}
    said = {code: value for code, value in every.items() if code in BY_CODE and isinstance(value, bool)}
    return Answers(
        _one_of(AGES, data.get("age")), _one_of(KINDS, data.get("kind")), _one_of(MATTERS, data.get("matter")), said
    )


def _one_of(known: tuple[str, ...], value: object) -> str | None:
    return value if isinstance(value, str) and value in known else None


def _part(group: str, answers: Answers, *, weighed: bool) -> Part:
    asked = BY_GROUP[group]
    present = tuple(one for one in answers.yes(QUESTIONS) if group in (one.group, BY_CODE[one.indicator].group))
    unknown = sum(one.code not in (answers.said or {}) for one in asked)
    if group == MOVED:
        return Part(group, bool(present), present, unknown)
    if group == SIGNS or not weighed or not any(one.strength for one in asked):
        return Part(group, None, present, unknown)
    age = answers.age or ADULT
    counted = {one.indicator for one in present}  # each once, in whatever words it was asked
    marks = (one.strength[age] for one in asked if one.code in counted and age in one.strength)
    return Part(group, positive(marks), present, unknown)
