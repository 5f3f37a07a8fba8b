"""What a desk often writes to a reporter, ready in both languages. Pure; the words are data (``replies.toml``)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Ready:
    """An answer that is ready to be put into the form, where it can be changed before it is sent."""

    slug: str
    name_en: str
    name_st: str
    en: str
    st: str
    reviewed_by: str  # who has read the Sesotho; empty: no first-language reader yet

    def name(self, lang: str) -> str:
        """Return what it is called in ``st`` or ``en``."""
        return self.name_st if lang == "st" else self.name_en

    def text(self, lang: str) -> str:
        """Return its words in ``st`` or ``en``."""
        return self.st if lang == "st" else self.en


@cache
def every() -> dict[str, Ready]:
    """Return all of them by slug, in the order of the file."""
    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {block["slug"]: Ready(**block) for block in data["reply"]}


def joined(typed: str, ready: Ready | None, lang: str) -> str:
    """Return what was typed with a ready answer after it; the same where it stands there already."""
    typed = typed.strip()
    text = ready.text(lang) if ready else ""
    return typed if text in typed else f"{typed}\n{text}".strip()
