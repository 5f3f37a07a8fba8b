"""Districts and ports of entry, found in what people type. Pure: the names are data (``places.toml``)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tipline.lexicon import deletions, fold, plain, words

_FUZZY_FROM = 6  # shorter names differ from ordinary words by one letter
_FUZZY_WORDS = 300  # words of one text that are compared with a letter's difference
_BESIDE = 3  # words between a port's name and its "bridge" or "leliboho"


@dataclass(frozen=True)
class Place:
    """A district, a port of entry, or ``informal`` (a crossing without a post, never put on a map)."""

    slug: str
    kind: Literal["district", "port", "informal"]
    name_st: str
    name_en: str
    district: str | None
    code: str | None  # ISO 3166-2, districts only


@dataclass(frozen=True)
class _Names:
    """What the data holds, folded: names to slugs, and misspellings to words of names."""

    alias: dict[str, str]
    post: dict[str, str]
    port_words: frozenset[str]
    port_words_before: frozenset[str]
    not_names: frozenset[str]
    from_words: frozenset[str]
    misspelt: dict[str, str]


def _key(text: str) -> str:
    return " ".join(words(text).folded)


def _load() -> tuple[dict[str, Place], _Names]:
    data: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    every: dict[str, Place] = {}
    alias: dict[str, str] = {}
    post: dict[str, str] = {}
    for block in data["place"]:
        slug = block["slug"]
        every[slug] = Place(
            slug,
            block["kind"],
            block["name_st"],
            block["name_en"],
            block.get("district"),
            block.get("code"),
        )
        for name in block["aliases"]:
            alias[_key(name)] = slug
        if block["kind"] != "informal":
            for name in (block["name_st"], block["name_en"], slug):
                alias.setdefault(_key(name), slug)
        for name in block.get("post", ()):
            post[_key(name)] = slug
    misspelt: dict[str, str] = {}
    for name in (*alias, *post):
        for word in name.split():
            if len(word) >= _FUZZY_FROM:
                for shorter in (word, *deletions(word)):
                    misspelt.setdefault(shorter, word)

    def listed(name: str) -> frozenset[str]:
        return frozenset(fold(plain(word)) for word in data[name].split())

    return every, _Names(
        alias,
        post,
        port_words=listed("port_words"),
        port_words_before=listed("port_words_before"),
        not_names=listed("not_names"),
        from_words=listed("from_words"),
        misspelt=misspelt,
    )


ALL, _NAMES = _load()
_NAME_WORDS = frozenset(word for name in (*_NAMES.alias, *_NAMES.post) for word in name.split())
_NOT_MISSPELT = _NAMES.port_words | _NAMES.not_names
_FIRST_WORDS: dict[str, int] = {}  # first word of a name → words in the longest name that begins with it
for _name in (*_NAMES.alias, *_NAMES.post):
    _first, _length = _name.split()[0], len(_name.split())
    _FIRST_WORDS[_first] = max(_length, _FIRST_WORDS.get(_first, 0))
_LINKS = {"at", "of", "ea", "oa", "la", "ba"}
_RANK = {"port": 2, "district": 1, "informal": 0}


def districts() -> tuple[Place, ...]:
    """Return the ten districts in the order of their ISO codes."""
    return tuple(place for place in ALL.values() if place.kind == "district")


def ports(district: str | None = None) -> tuple[Place, ...]:
    """Return the ports of entry, or those of one district (by slug)."""
    return tuple(
        place for place in ALL.values() if place.kind == "port" and (district is None or place.district == district)
    )


def district_of(slug: str | None) -> str | None:
    """Return the district that a place lies in; the place itself where none is known."""
    place = ALL.get(slug or "")
    return (place.district or slug) if place else slug


def lookup(slug_or_text: str) -> Place | None:
    """Return the place with exactly this slug, else the one named in the text, else None."""
    return ALL.get(slug_or_text.strip().lower()) or find(slug_or_text)


def find(text: str) -> Place | None:
    """Return the place that a text names, or None.

    A port beats a district, but only where the port's own name or a word such as "bridge" beside the town
    says so; a place that people come *from* yields to another; the first named wins among equals.
    """
    return find_words(words(text).folded)


def find_words(said: tuple[str, ...]) -> Place | None:
    """Do as ``find`` does for a text that is cut into folded words already."""
    said = _spelt(said)
    best: tuple[int, int, int] | None = None
    chosen: str | None = None
    at = 0
    while at < len(said):
        hit = _at(said, at) if said[at] in _FIRST_WORDS else None
        if hit is None:
            at += 1
            continue
        slug, length = hit
        kind = ALL[slug].kind
        origin = at > 0 and said[at - 1] in _NAMES.from_words
        rank = (_RANK[kind], 0 if origin else 1, -at)
        if best is None or rank > best:
            best, chosen = rank, slug
        at += length
    return ALL[chosen] if chosen else None


def _spelt(said: tuple[str, ...]) -> tuple[str, ...]:
    """Put right the long words that differ by one letter from a word of a name."""
    left = _FUZZY_WORDS
    right: list[str] = []
    for word in said:
        if len(word) >= _FUZZY_FROM and word not in _NAME_WORDS and word not in _NOT_MISSPELT and left:
            left -= 1
            right.append(_nearest(word))
        else:
            right.append(word)
    return tuple(right)


def _nearest(word: str) -> str:
    for shorter in (word, *deletions(word)):
        near = _NAMES.misspelt.get(shorter)
        if near and near[0] == word[0] and abs(len(near) - len(word)) <= 1:
            return near
    return word


def _at(said: tuple[str, ...], at: int) -> tuple[str, int] | None:
    """Return the place whose name begins at this word, and the length of the name in words."""
    longest = _FIRST_WORDS.get(said[at], 0)
    for length in range(min(longest, len(said) - at), 0, -1):
        name = " ".join(said[at : at + length])
        if name in _NAMES.post and _beside(said, at, length):
            return _NAMES.post[name], length
        if name in _NAMES.alias:
            return _NAMES.alias[name], length
    return None


def _beside(said: tuple[str, ...], at: int, length: int) -> bool:
    """Tell whether "bridge" or the like stands right after the name or, in Sesotho, before it."""
    after = said[at + length : at + length + 1]
    before = said[max(0, at - _BESIDE) : at]
    if at > 1 and said[at - 1] in _LINKS and said[at - 2] in _NAMES.port_words - _NAMES.not_names - {"post"}:
        return True  # the bridge at Maputsoe
    return bool(_NAMES.port_words.intersection(after) or _NAMES.port_words_before.intersection(before))
