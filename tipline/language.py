"""Which of the two languages a text is in. Pure."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tipline.lexicon import fold, words

_LISTS = tomllib.loads(Path(__file__).with_name("lexicon").joinpath("language.toml").read_text(encoding="utf-8"))
_ST = frozenset(fold(word) for word in _LISTS["st"].split())
_EN = frozenset(_LISTS["en"].split())
_SHAPE_ST = re.compile(r"(?:hl|tlh|tl|ngo|kh|ts|mp|nk|nt|mm|oa|ea|ao|eo).*[aeio]$|(?:eng|ong|ang)$")
_SHAPE_EN = re.compile(r"(?:tion|ing|ght|ed|ly|ness|ment|sh|ck|th|ee|oo)$|[xvcq](?![h])|[bcdfghjkpqrtvwxyz]$")
_SHORT = 3  # letters; shorter words say nothing by their shape
_WORDS = 400  # enough to tell, whatever the length
_SURE = 2  # words' worth of evidence, and how many times that of the other language

Lang = Literal["st", "en"]


@dataclass(frozen=True)
class Found:
    """The language of a text: ``lang`` has more evidence, None if nothing is known.

    ``sure`` says that whoever wrote it speaks it: "hello", "help" and "ok" are said in both.
    """

    lang: Lang | None = None
    sure: bool = False


def guess(text: str) -> Lang | None:
    """Return the language with more evidence in a text, mixed or not; None if nothing is known about it."""
    return find(text).lang


def find(text: str) -> Found:
    """Return the language with more evidence in a text, and whether that is enough to go by from then on."""
    said = words(text)
    sesotho = english = 0.0
    known = 0
    for raw, word in zip(said.raw[:_WORDS], said.folded[:_WORDS], strict=False):
        if word in _ST:
            sesotho += 1
            known += 1
        elif raw in _EN:
            english += 1
            known += 1
        elif len(word) > _SHORT and _SHAPE_ST.search(word) and not _SHAPE_EN.search(raw):
            sesotho += 0.4
        elif len(word) > _SHORT and _SHAPE_EN.search(raw) and not raw.endswith("ng"):
            english += 0.4
    if not known:
        return Found()
    more, less = max(english, sesotho), min(english, sesotho)
    return Found("en" if english > sesotho else "st", more >= max(_SURE, _SURE * less))
