"""What in an answer tells whoever holds its phone what it is about. Pure; the words are data (``giveaways.toml``).

A warning to whoever writes, no more: nothing is refused, and a text without these words may still say too much.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from tipline.lexicon import fold, plain

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def find(text: str, names: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the words that give a text away as they stand in it, each once; ``names``: those of the desks, too."""
    said = _WORD.findall(text)
    folded = [fold(plain(word)) for word in said]
    phrases = {*_PHRASES, *(_folded(name.split()) for name in names)}
    found: dict[tuple[str, ...], str] = {}
    at = 0
    while at < len(folded):
        long = max((len(one) for one in phrases if one and tuple(folded[at : at + len(one)]) == one), default=0)
        if long:
            found.setdefault(tuple(folded[at : at + long]), " ".join(said[at : at + long]))
        at += long or 1
    return tuple(found.values())


def _folded(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(fold(plain(word)) for word in words)


def _load() -> frozenset[tuple[str, ...]]:
    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return frozenset(_folded(phrase.split("-")) for phrase in data["words"].split())


_PHRASES = _load()
