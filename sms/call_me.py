"""What asks for a call: nothing at all, words of one's own, or a network's "please call me". Pure; the shapes are data.

A phone's own words count where the text begins or ends with them; whatever else it says is a tip besides.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sms import conversation
from sms.gateway import number_of
from tipline.lexicon import plain

_LOOKED_AT = 200  # letters; the shapes stand at the front, before the advertising
_GAP = r".{0,60}?"
_NUMBER = r"(?<![\d+])(?P<number>\+?\d(?:[ -]?\d){6,14})(?!\d)"


@dataclass(frozen=True)
class Asked:
    """Somebody asks to be called. ``how``: empty, words, network (or missed: see ``sms.calls``).

    ``bare``: the text says nothing else. ``number`` is the one that a network's text names, "" where the phone itself
    wrote; ``sure`` says that texts of this shape were seen to come from the network.
    """

    how: str
    bare: bool = True
    number: str = field(default="", repr=False)
    sure: bool = False


def read(text: str, sender: str) -> Asked | None:
    """Return what a text asks for, or None. ``sender`` is a number, "" for a name or a short code."""
    if conversation.is_empty(text):
        return Asked("empty") if sender else None  # nobody could be called
    if sender:
        found = conversation.asks_for_call(text)
        return Asked("words", bare=found == "bare") if found else None
    return _of_a_network(text)


def _of_a_network(text: str) -> Asked | None:
    said = " ".join(plain(text[:_LOOKED_AT]).split())
    for shape, sure in _SHAPES:
        found = shape.match(said)
        number = number_of(found["number"]) if found else ""
        if number:
            return Asked("network", number=number, sure=sure)
    return None


def _shape(text: str) -> re.Pattern[str]:
    parts = re.split("(NUMBER|…)", text)
    return re.compile("".join({"NUMBER": _NUMBER, "…": _GAP}.get(part) or re.escape(plain(part)) for part in parts))


def _load() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


_SHAPES = [(_shape(block["text"]), bool(block["verified"])) for block in _load()["shape"]]
