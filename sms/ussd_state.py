"""What a USSD dialogue is at one moment: its session, its screen, and the report that its answers make. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sms.menu import LANGS, Lang
from sms.segments import fold

Effect = Literal["keep", "finish", "read", "add", "close", "delete"]
LANGUAGE = "language"  # the step before all others
# In scratch: the digits that a report made in this session was given (no other begins in it), and those whose thread
# is open.
DONE, RECEIPT = "done", "receipt"
SLIPPED = "slipped"  # in scratch: the screen where one letter or digit stood for words, and was asked about once
NOTICE, FULL = "yes", "full"  # may we text this phone? only "you have a message"; the answer itself


class NotASession(ValueError):
    """What was kept is not a session."""


@dataclass(frozen=True)
class Session:
    """Where a dialogue stands. ``answers`` is the report; ``scratch`` and ``pages`` are for the screens."""

    step: str = LANGUAGE
    lang: Lang | None = None
    answers: Mapping[str, str] = field(default_factory=dict, repr=False)
    page: int = 0
    scratch: Mapping[str, str] = field(default_factory=dict, repr=False)
    pages: tuple[str, ...] = field(default=(), repr=False)

    def to_json(self) -> str:
        """Return the session as one line of JSON; whoever stores it seals it."""
        return json.dumps(
            [self.step, self.lang, dict(self.answers), self.page, dict(self.scratch), list(self.pages)],
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, line: str) -> Session:
        """Read what ``to_json`` wrote; NotASession for anything else."""
        try:
            step, lang, answers, page, scratch, pages = json.loads(line)
            session = cls(str(step), lang, dict(answers), int(page), dict(scratch), tuple(pages))
        except (TypeError, ValueError):
            raise NotASession from None  # the cause would carry the line
        if lang not in (*LANGS, None):
            raise NotASession
        return session


@dataclass(frozen=True)
class Screen:
    """One screen; ``end`` closes the session."""

    text: str = field(repr=False)
    end: bool = False

    def wire(self) -> str:
        """Return what the carrier is sent: ``CON `` or ``END `` and GSM-7 text, 150 septets at most."""
        return ("END " if self.end else "CON ") + fold(self.text)


@dataclass(frozen=True)
class Turn:
    """What one answer led to.

    ``effect``: "keep" (the answers changed: replace the draft tip), "finish" (make it final, then show
    ``receipt_screen``), "read" (open ``scratch["receipt"]``, then show ``messages_screen``), "add" (add
    ``words`` to the thread that ``scratch["receipt"]`` opens), "close" (have that receipt open nothing any more) and
    "delete" (destroy what it stands for; then show ``over_screen``), or None. Where an effect fails, show
    ``failed_screen``.
    """

    session: Session
    screen: Screen
    effect: Effect | None = None
    words: str = field(default="", repr=False)


@dataclass(frozen=True)
class Said:
    """A session's answers in the words of intake; None where the reporter did not say.

    ``contact``: a text may go to this phone. ``content``: it may be the answer itself.
    """

    text: str = field(repr=False)
    language: Lang
    category: str | None
    place: str | None
    danger_now: bool | None
    child: bool | None
    contact: bool
    content: bool = False


def is_finished(session: Session) -> bool:
    """Say whether this session has sent its report; what is written after that belongs to it."""
    return DONE in session.scratch


def is_own(session: Session) -> bool:
    """Say whether the thread that is open is that of the report which this session has sent."""
    return is_finished(session) and session.scratch[DONE] == session.scratch.get(RECEIPT)


def said(session: Session) -> Said:
    """Return the report that a session's answers make."""
    known = {name: value for name, value in session.answers.items() if value and value != "unknown"}
    child = _yes_or_no(known.get("child"))
    return Said(
        text=known.get("text", ""),
        language=session.lang or "st",
        category=known.get("category"),
        place=known.get("place"),
        danger_now=_yes_or_no(known.get("danger")),
        child=True if child is None and known.get("category") == "child" else child,  # "a child is harmed" says it
        contact=known.get("contact") in {NOTICE, FULL},
        content=known.get("contact") == FULL,
    )


def _yes_or_no(value: str | None) -> bool | None:
    return {"yes": True, "no": False}.get(value) if value else None
