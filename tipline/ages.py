"""Ages in a text, as people write them in both languages: pure."""

from __future__ import annotations

from tipline.lexicon import fold

ADULT = 18  # Children's Protection and Welfare Act 2011 s.3: a child is a person under eighteen
_OLDEST = 99
_EN = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty"
).split()
_ST = {
    "peli": 2, "pedi": 2, "tharo": 3, "nne": 4, "hlano": 5, "tseletseng": 6, "tselela": 6, "supileng": 7, "supa": 7,
    "robeli": 8, "robedi": 8, "robong": 9, "leshome": 10, "mashome": 20,
}  # fmt: skip
_NUMBERS = {word: number for number, word in enumerate(_EN, 1)} | {
    fold(word): number for word, number in _ST.items()
}
_UNITS = {"nngoe": 1, "ngoe": 1, "peli": 2, "pedi": 2, "tharo": 3, "nne": 4, "hlano": 5, "tseletseng": 6, "supileng": 7,
          "robeli": 8, "robedi": 8, "robong": 9, "mong": 1, "meli": 2, "meraro": 3, "mene": 4, "mehlano": 5}  # fmt: skip
_TEENS = {fold(word): number for word, number in _UNITS.items()}
_YEARS_ST = {"lilemo", "lemo"}
_LINK_ST = set("tse li tsa e le tsele".split())
_BEFORE = set(
    """is was am aged age only turned turning a an the girl girls boy boys child children kid kids baby of she he her his my
    sister brother sisters brothers cousin daughter daughters son sons niece nephew learner who and under about just old
    me i ngoana ngoanana moshanyana bana banana oa ea na ke ba wa ya ausi abuti khaitseli maid them still below turn
    schoolgirl learners teen minor orphan oaka""".split()
)
_IS = set(
    """is aged age only turned turning girl girls boy boys child kid she he sister brother cousin daughter daughters son sons niece
    nephew under below ngoana ngoanana moshanyana schoolgirl teen minor ausi abuti khaitseli am just sisters brothers""".split()
)
_NOT_AGE_AFTER = set(
    """ago months month weeks week days day hours hour minutes men women people girls boys children kids times time am pm
    per percent others other more of workers rand maloti km o clock passports bags cars small little young years year
    tse fetileng brothers sisters learners babies in at on to for""".split()
)
_NOT_AGE_BEFORE = set(
    "for last past after every since within another over ka nako in".split()
)


def ages(raw: tuple[str, ...]) -> tuple[bool, bool]:
    """Tell whether an age under 18, and whether an age of 18 or more, stands among these plain words."""
    young = grown = False
    for at in range(len(raw)):
        age = _age(raw, at)
        if age is not None and 0 < age <= _OLDEST:
            young = young or age < ADULT
            grown = grown or age >= ADULT
    return young, grown


def _number(word: str) -> int | None:
    if word.isdigit() and len(word) <= 2:  # noqa: PLR2004 - no one is a hundred
        return int(word)
    return _NUMBERS.get(fold(word)) if not word.isdigit() else None


def _age(raw: tuple[str, ...], at: int) -> int | None:
    if fold(raw[at]) in _YEARS_ST:
        return _age_st(raw, at)
    number = _number(raw[at])
    if number is None:
        return None
    before = raw[at - 1] if at else ""
    after = raw[at + 1] if at + 1 < len(raw) else ""
    later = raw[at + 2] if at + 2 < len(raw) else ""
    if after in ("year", "years", "yo", "y", "lilemo"):
        if later in ("old", "olds") or after == "yo" or (after == "y" and later == "o"):
            return number
        return (
            None
            if later in ("ago", "of", "in", "now", "back") or before in _NOT_AGE_BEFORE
            else number
        )
    if before in _IS and after not in _NOT_AGE_AFTER:
        return number
    if before == "of" and at > 1 and raw[at - 2] in _BEFORE:
        return number
    if (
        before == "and"
        and at > 1
        and _age(raw, at - 2) is not None
        and after not in _NOT_AGE_AFTER
    ):
        return number
    return None


def _age_st(raw: tuple[str, ...], at: int) -> int | None:
    """Read what follows ``lilemo``: tse 12, li 9, tse leshome le metso e mene."""
    if at and raw[at - 1] in ("ka", "nako"):
        return None
    step = at + 1
    while step < len(raw) and raw[step] in _LINK_ST and step < at + 3:
        step += 1
    if step >= len(raw):
        return None
    number = _number(raw[step])
    if number is not None and number >= 10 and not raw[step].isdigit():  # noqa: PLR2004 - leshome le metso e …
        for word in raw[step + 1 : step + 6]:
            if fold(word) in _TEENS:
                return number + _TEENS[fold(word)]
    return number if "fetileng" not in raw[step : step + 3] else None
