"""The USSD dialogue: ``play(menu, session, answer)`` gives the next screen and what is to be kept. Pure.

A session is all the state there is; the caller keeps it sealed between two screens. Nothing is remembered
from one session to the next, so nothing on a shared phone shows that anyone called before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from sms.menu import (
    LANGS,
    LIMIT,
    ROOM,
    Choice,
    Lang,
    Menu,
    MenuError,
    Step,
    load_menu,
    numbered,
    paged,
)
from sms.segments import fold, parts, septets
from tipline.receipts import clean, grouped, is_well_formed

__all__ = [
    "LIMIT", "Lang", "Menu", "MenuError", "NotASession", "Said", "Screen", "Session", "Turn",
    "failed_screen", "is_finished", "load_menu", "messages_screen", "play", "receipt_screen", "said", "start",
    "thanks_screen", "wants_typing",
]  # fmt: skip

Effect = Literal["keep", "finish", "read", "add"]
_NUMBER = re.compile(r"\W*(\d{1,2})\W*")
# Sent by who has nothing to add: not every phone can send an empty answer.
_NOTHING = {"", "x", ".", "-", "#", "*"}
_LANGUAGE = "language"
_DONE = "done"  # in scratch: the report is final, so no other begins in this session


class NotASession(ValueError):
    """What was kept is not a session."""


@dataclass(frozen=True)
class Session:
    """Where a dialogue stands. ``answers`` is the report; ``scratch`` and ``pages`` are for the screens."""

    step: str = _LANGUAGE
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
    ``words`` to the thread that ``scratch["receipt"]`` opens), or None. Where an effect fails, show
    ``failed_screen``.
    """

    session: Session
    screen: Screen
    effect: Effect | None = None
    words: str = field(default="", repr=False)


@dataclass(frozen=True)
class Said:
    """A session's answers in the words of intake; None where the reporter did not say."""

    text: str = field(repr=False)
    language: Lang
    category: str | None
    place: str | None
    danger_now: bool | None
    child: bool | None
    contact: bool


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
        contact=known.get("contact") == "yes",
    )


def start(menu: Menu) -> Turn:
    """Open a dialogue with the choice of language; nothing needs to be stored for it."""
    return Turn(Session(), _languages(menu))


def play(menu: Menu, session: Session, answer: str) -> Turn:
    """Take the answer to the session's screen, whole (a story may hold ``*``), and give the next screen."""
    answer = answer.strip()
    number = _number(answer)
    if session.lang is None or session.step not in menu.steps:
        return _choose_language(menu, session, number)
    step = menu.steps[session.step]
    if number in ("0", "00") and step.name != "receipt":
        return _go_back(menu, session, step, number)
    match step.kind:
        case "typing":
            return _typed(menu, session, answer)
        case "pages":
            return _leafed(menu, session, step, number)
        case "choice":
            return _chosen(menu, session, step, number)


def wants_typing(menu: Menu, session: Session) -> bool:
    """Say whether the next answer is free text, which may hold ``*``."""
    return session.lang is not None and session.step in menu.steps and menu.steps[session.step].kind == "typing"


def is_finished(session: Session) -> bool:
    """Say whether this session has sent its report; what is written after that belongs to it."""
    return _DONE in session.scratch


def receipt_screen(menu: Menu, session: Session, receipt: str) -> Turn:
    """Show a finished report's sixteen digits, before the last screen: a dropped line must not lose them."""
    scratch = {**session.scratch, "receipt": receipt, _DONE: "yes"}
    return _show(menu, replace(session, step="receipt", page=0, scratch=scratch, pages=()))


def messages_screen(menu: Menu, session: Session, stage: str, texts: Sequence[str]) -> Turn:
    """Show where a report stands and the desk's answers, in the order given, cut to pages."""
    lang = _lang(session)
    stages = menu.stages.get(stage, menu.stages["received"])
    room = _messages_room(menu, lang)
    chunks = [stages[lang] if texts else f"{stages[lang]} {menu.word('no_answer', lang)}", *texts]
    pages = tuple(page for chunk in chunks for page in parts(chunk, room))
    if texts and len(pages) > 1 and septets(f"{pages[0]} {pages[1]}") <= room:
        pages = (f"{pages[0]} {pages[1]}", *pages[2:])
    return _show(menu, replace(session, step="messages", page=0, pages=pages))


def failed_screen(menu: Menu, lang: Lang | None, code: str) -> Screen:
    """Say what went wrong and close; ``code`` is a domain error's, anything else means "try again"."""
    return Screen(menu.failed.get(code, menu.failed["try_again"])[lang or "st"], end=True)


def thanks_screen(menu: Menu, lang: Lang | None) -> Screen:
    """Close a report that is kept but whose receipt cannot be shown."""
    return Screen(menu.word("thanks_bare", lang or "st"), end=True)


# --- one kind of screen each


def _choose_language(menu: Menu, session: Session, number: str | None) -> Turn:
    if number not in ("1", "2"):
        return Turn(session, _languages(menu, wrong=True))
    lang: Lang = "st" if number == "1" else "en"
    return _show(menu, Session(step="main", lang=lang))


def _chosen(menu: Menu, session: Session, step: Step, number: str | None) -> Turn:
    pages = paged(menu, step, _lang(session), session.answers.get("district"))
    page = pages[min(session.page, len(pages) - 1)]
    at = int(number) if number else 0
    if at == len(page) + 1 and session.page < len(pages) - 1:
        return _show(menu, replace(session, page=session.page + 1))
    if not 1 <= at <= len(page):
        return _show(menu, session, wrong=True)
    choice = page[at - 1]
    if not step.answer:
        return _enter(menu, session, choice.to)
    answers = _answered(session, step, choice)
    changed = replace(session, answers=answers)
    turn = _enter(menu, changed, choice.to)
    return replace(turn, effect="keep") if answers != session.answers and _speaks(changed) else turn


def _typed(menu: Menu, session: Session, answer: str) -> Turn:
    if session.step == "receipt_in":
        digits = clean(answer)
        if not is_well_formed(digits):
            return _show(menu, session, wrong=True)
        asked = replace(session, scratch={**session.scratch, "receipt": digits})
        return Turn(asked, failed_screen(menu, session.lang, "try_again"), "read")
    nothing = answer.casefold() in _NOTHING
    if session.step == "more":
        if nothing:
            return _go_back(menu, session, menu.steps["more"], "0")
        return replace(_enter(menu, session, "added"), effect="add", words=answer)
    answers = {**session.answers, "text": "" if nothing else answer}
    done = replace(session, step="receipt", answers=answers, page=0)
    return Turn(done, failed_screen(menu, session.lang, "try_again"), "finish")


def _leafed(menu: Menu, session: Session, step: Step, number: str | None) -> Turn:
    texts = session.pages if step.name == "messages" else menu.pages_of(step, _lang(session))
    last = session.page >= len(texts) - 1
    if number == "1":
        return _enter(menu, session, "bye") if last else _show(menu, replace(session, page=session.page + 1))
    if number == "2" and step.name == "messages":
        return _enter(menu, session, "more")
    return _show(menu, session, wrong=True)


def _go_back(menu: Menu, session: Session, step: Step, number: str) -> Turn:
    finished = session.scratch.get(_DONE)  # then no way leads to a second report in the same session
    if number == "00" and not finished:
        return _enter(menu, session, "main")
    if session.page:
        return _show(menu, replace(session, page=session.page - 1))
    to = step.back or "main"
    if to == "messages" and finished:
        to = "receipt"
    if to == "post" and "district" not in session.answers:
        to = "where"
    return _enter(menu, session, to)


# --- showing


def _enter(menu: Menu, session: Session, to: str) -> Turn:
    """Move to a step's first page, or close."""
    if to in ("thanks", "bye"):
        return Turn(session, Screen(menu.word(to, _lang(session)), end=True))
    pages = session.pages if to in ("more", "added", "messages") else ()
    return _show(menu, replace(session, step=to, page=0, pages=pages))


def _show(menu: Menu, session: Session, *, wrong: bool = False) -> Turn:
    lang = _lang(session)
    step = menu.steps[session.step]
    note = [menu.word("wrong", lang)] if wrong else []
    if step.kind == "typing":
        note = [menu.word("digits_wrong", lang)] if wrong else []
        return Turn(session, Screen("\n".join([*note, step.text(lang)])))
    body, lines = _content(menu, session, step, lang)
    if body:
        lines = [body, *lines]
    back = [f"0. {menu.word('back', lang)}"] if step.back else []
    home = [f"00. {menu.word('menu', lang)}"] if _leads_home(session, step) else []
    # The fullest that fits: 0 and 00 are obeyed wherever they are not shown too.
    for rows in (
        [*note, *lines, *back, *home],
        [*note, *lines, *back],
        [*note, *lines],
        [*lines, *back],
        lines,
    ):
        text = "\n".join(rows)
        if septets(text) <= ROOM:
            return Turn(session, Screen(text))
    problem = f"screen {step.name} ({lang}) is longer than {LIMIT} septets"
    raise MenuError(problem)


def _leads_home(session: Session, step: Step) -> bool:
    return step.back not in ("", "main") and not session.scratch.get(_DONE)


def _content(menu: Menu, session: Session, step: Step, lang: Lang) -> tuple[str, list[str]]:
    """Return what a screen says and its numbered lines."""
    if step.name == "receipt":
        shown = f"{menu.word('receipt', lang)} {grouped(session.scratch.get('receipt', ''))}"
        return f"{shown}\n{menu.word('receipt_why', lang)}", numbered(step.choice, lang)
    if step.kind == "pages":
        texts = session.pages if step.name == "messages" else menu.pages_of(step, lang)
        forward = "finish" if session.page >= len(texts) - 1 else "next"
        lines = [f"1. {menu.word(forward, lang)}"]
        text = texts[min(session.page, len(texts) - 1)]
        if step.name == "messages":
            lines.append(f"2. {menu.word('say_more', lang)}")
            # so that no line of an answer looks like a choice
            text = f"({session.page + 1}/{len(texts)}) {text}"
        return text, lines
    pages = paged(menu, step, lang, session.answers.get("district"))
    at = min(session.page, len(pages) - 1)
    lines = numbered(pages[at], lang)
    if at < len(pages) - 1:
        lines.append(f"{len(lines) + 1}. {menu.word('more', lang)}")
    return menu.safety(lang) if step.name == "safety" else step.text(lang), lines


def _messages_room(menu: Menu, lang: Lang) -> int:
    lines = ["(999/999) ", f"1. {menu.word('finish', lang)}", f"1. {menu.word('next', lang)}"]
    forward = max(septets(line) for line in lines[1:])
    more = septets(f"\n2. {menu.word('say_more', lang)}\n0. {menu.word('back', lang)}")
    return ROOM - len(lines[0]) - 1 - forward - more


def _languages(menu: Menu, *, wrong: bool = False) -> Screen:
    note = [f"{menu.word('wrong', 'st')} {menu.word('wrong', 'en')}"] if wrong else []
    return Screen("\n".join([*note, menu.word("both", "st"), "1. Sesotho", "2. English"]))


# --- answers


def _answered(session: Session, step: Step, choice: Choice) -> dict[str, str]:
    answers = {**session.answers, step.answer: choice.value}
    if step.source == "districts":
        answers.pop("district", None)
        if choice.value != "unknown":
            answers["district"] = choice.value
    return answers


def _speaks(session: Session) -> bool:
    """Say whether something was said that a desk can use: "don't know" alone makes no tip."""
    one = said(session)
    return any(value not in (None, "") for value in (one.text, one.category, one.place, one.danger_now, one.child))


def _number(answer: str) -> str | None:
    """Return the number typed ("1", "1.", "٢"), "00" kept apart from "0"; None if it is none."""
    hit = _NUMBER.fullmatch(answer)
    if hit is None:
        return None
    digits = "".join(str(int(letter)) for letter in hit.group(1))
    return digits if digits in ("0", "00") else str(int(digits))


def _yes_or_no(value: str | None) -> bool | None:
    return {"yes": True, "no": False}.get(value) if value else None


def _lang(session: Session) -> Lang:
    return session.lang or "st"
