"""Orders to end something, by text: delete what was told, close a receipt. Each is asked once more. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from sms import conversation
from tipline.lexicon import plain

_LONGEST = 80  # letters; an order, sixteen digits in groups, and a word or two
_RECEIPT = 16
_DIGIT = re.compile(r"\d")
_SURE = frozenset(conversation.tokens("e ee yes"))  # beside an order nothing looser counts: "ea ka" means "of mine"


@dataclass(frozen=True)
class Order:
    """What a text orders: to "delete" or "close" (of the receipt ``digits``, if any are beside it), or but a "yes".

    ``sure``: it says yes to it as well.
    """

    kind: Literal["delete", "close", "yes"]
    lang: conversation.Lang
    sure: bool = False
    digits: str = field(default="", repr=False)


def read(text: str) -> Order | None:
    """Return the order that a text is; None if it says anything else."""
    if len(text) > _LONGEST:
        return None
    digits = "".join(letter for letter in plain(text) if letter.isdecimal())
    if len(digits) not in (0, _RECEIPT):
        return None
    words = conversation.tokens(_DIGIT.sub(" ", plain(text)))
    agreed = conversation.matches("yes", words)
    if agreed and not digits:
        return Order("yes", agreed, sure=True)
    rest = tuple(word for word in words if word not in _SURE)
    for kind in ("delete", "close"):
        lang = conversation.matches(kind, rest)
        if lang:
            return Order(kind, lang, sure=rest != words, digits=digits)
    return None
