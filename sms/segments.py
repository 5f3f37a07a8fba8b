"""How long a text is on the air, and how to fold it into the characters every phone shows. Pure.

GSM 03.38: 160 septets in one segment, 153 in each of several; the characters of the extension table cost two.
One character outside it makes the whole text UCS-2: 70 and 67. ``smsutil`` counts.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import smsutil
from smsutil.codecs import GSM_BASIC_CHARSET, GSM_EXT_CHARSET

ONE_SEGMENT = 160  # septets
# The escape is no character of its own, and form feeds and returns show as anything.
_BASIC = frozenset(GSM_BASIC_CHARSET) - {"\x1b", "\r"}
_EXTENDED = frozenset(GSM_EXT_CHARSET) - {"\f"}
_INSTEAD = {
    **dict.fromkeys("‘’‚‛ʻʼʹ′´`", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    "š": "s'",
    "Š": "S'",
    "…": "...",
    "•": "-",
    "⁄": "/",
    "\t": " ",
    "\v": "\n",
    "\f": "\n",
    "\u2028": "\n",
    "\u2029": "\n",
}
_NO_WIDTH = {"Mn", "Me", "Cf", "Cc"}  # left-over accents, joiners, direction marks, control characters
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True)
class Segments:
    """How a text leaves as it stands: ``units`` are septets (GSM-7) or 16-bit code units (UCS-2)."""

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    count: int


def fold(text: str) -> str:
    """Return the text in GSM-7 characters only: ``tš`` becomes ``ts'``, a curly apostrophe a straight one.

    What has no likeness (an emoji, another script) becomes ``?``. Folding twice changes nothing more.
    """
    if _BASIC.issuperset(text):
        return text
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(map(_fold, text))


def septets(text: str) -> int:
    """Return the septets that a text takes once it is folded."""
    folded = fold(text)
    return len(folded) if _BASIC.issuperset(folded) else sum(2 if letter in _EXTENDED else 1 for letter in folded)


def segments(text: str) -> Segments:
    """Return how a text leaves as it stands, unfolded; an empty text takes no segment."""
    if not text:
        return Segments("GSM-7", 0, 0)
    split = smsutil.split(text)
    if split.encoding == "gsm0338":
        return Segments("GSM-7", split.total_bytes, len(split.parts))
    return Segments("UCS-2", split.total_bytes // 2, len(split.parts))


def is_gsm(text: str) -> bool:
    """Say whether a text leaves in GSM-7 as it stands, unfolded."""
    return _BASIC.issuperset(text) or all(letter in _BASIC or letter in _EXTENDED for letter in text)


def fits_one(text: str) -> bool:
    """Say whether a text, once folded, leaves in one segment."""
    return septets(text) <= ONE_SEGMENT


def parts(text: str, limit: int = ONE_SEGMENT) -> list[str]:
    """Cut a text into folded parts of at most ``limit`` septets, between words where that is possible.

    Each part stands alone (carriers do not keep the order of messages); a longer word than a part is cut.
    """
    cut: list[str] = []
    line = ""
    for word in _SPACES.split(fold(text).strip()):
        joined = f"{line} {word}" if line else word
        if septets(joined) <= limit:
            line = joined
            continue
        if line:
            cut.append(line)
        *full, line = _chop(word, limit)
        cut.extend(full)
    return [*cut, line] if line else cut


def _chop(word: str, limit: int) -> list[str]:
    """Cut one long folded word; a letter of two septets is weighed, and cut, whole."""
    pieces: list[str] = []
    piece, weight = "", 0
    for letter in word:
        cost = 2 if letter in _EXTENDED else 1
        if weight + cost > limit:
            pieces.append(piece)
            piece, weight = "", 0
        piece += letter
        weight += cost
    return [*pieces, piece]


@lru_cache(maxsize=4096)
def _fold(letter: str) -> str:
    if letter in _BASIC or letter in _EXTENDED:
        return letter
    if letter in _INSTEAD:
        return _INSTEAD[letter]
    category = unicodedata.category(letter)
    if category in _NO_WIDTH:
        return ""
    if category == "Zs":
        return " "
    base = "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    if base != letter:
        return "".join(map(_fold, base))
    return "?"
