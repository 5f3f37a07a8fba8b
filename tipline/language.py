"""Which of the two languages a text is in. Pure."""

from __future__ import annotations

import re
import tomllib
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


def guess(text: str) -> Literal["st", "en"] | None:
    """Return the language with more evidence in a text, mixed or not; None if nothing is known about it."""
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
        return None
    return "en" if english > sesotho else "st"
