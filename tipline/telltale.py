"""Words that may tell who told: pure. A hint to read twice, never a promise that the rest is safe.

The Act (s.23) keeps the reporter's identity confidential; a story says "my sister" or "I work there" all the same.
"""

from __future__ import annotations

import re

MOST = 8  # findings that are shown
_ENGLISH = (
    r"my name is(?: \w+)?", r"my (?:\w+ )?\w+", r"i(?:['’]m| am) (?:the |her |his |their |a )?\w+",
    r"i(?:['’](?:ve|ll|d))?", r"me", r"mine", r"myself", r"we(?:['’]\w+)?", r"us", r"our \w+",
)  # fmt: skip
# First person by pronoun and possessive; “ke” also means “it is”, so it counts only before some verbs.
_SESOTHO = (
    r"lebitso la ka(?: ke \w+)?", r"ke bitsoa \w+", r"[’']?nna", r"[’']na", r"rona",
    r"\w+ (?:oa|ea|la|sa|ba|tsa|a|bo|ho) (?:ka|rona|eso)", r"\w+[’'](?:eso|aka|a ka)",
    r"ke (?:sebetsa|lula|bone|utloile|tseba|ile|ne)",
)  # fmt: skip
_FIRST_PERSON = re.compile(rf"(?<!\w)(?:{'|'.join((*_ENGLISH, *_SESOTHO))})(?!\w)", re.IGNORECASE)
_NUMBER = re.compile(r"(?<!\d)\+?\d(?:[\s./()-]{0,2}\d){6,}")


def found(text: str) -> tuple[str, ...]:
    """Return the places of a text that may tell who wrote it, as they stand there: first person, names, numbers."""
    seen: dict[str, str] = {}
    for one in (*_FIRST_PERSON.findall(text), *(hit[0] for hit in _NUMBER.finditer(text))):
        seen.setdefault(one.casefold(), " ".join(one.split()))
    return tuple(seen.values())[:MOST]


def without_number(text: str, numbers: tuple[str, ...], instead: str = "[…]") -> str:
    """Return a text with these phone numbers taken out, however they are written (the last eight digits count)."""
    for number in numbers:
        digits = re.sub(r"\D", "", number)[-8:]
        if len(digits) < 6:  # noqa: PLR2004 - shorter ones are short codes, and house numbers
            continue
        gap = r"[\s./()-]{0,2}"
        text = re.sub(rf"\+?(?:\d{gap}){{0,6}}{gap.join(digits)}(?!\d)", instead, text)
    return text
