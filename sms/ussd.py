"""The USSD dialogue: ``play(menu, session, answer)`` gives the next screen and what is to be kept. Pure.

A session is all the state there is; the caller keeps it sealed between two screens. Nothing is remembered
from one session to the next, so nothing on a shared phone shows that anyone called before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from sms.menu import LIMIT, MAIN, ROOM, Choice, Lang, Menu, MenuError, Step, load_menu, numbered, paged
from sms.segments import parts, septets
from sms.ussd_state import (
    DONE,
    LANGUAGE,
    RECEIPT,
    SLIPPED,
    NotASession,
    Said,
    Screen,
    Session,
    Turn,
    is_finished,
    is_own,
    said,
)
from tipline.receipts import clean, grouped, is_well_formed

__all__ = [
    "LIMIT", "Lang", "Menu", "MenuError", "NotASession", "Said", "Screen", "Session", "Turn",
    "failed_screen", "is_finished", "is_own", "load_menu", "messages_screen", "over_screen", "play",
    "receipt_screen", "said", "start", "thanks_screen", "wants_typing",
]  # fmt: skip

_NUMBER = re.compile(r"\W*(\d{1,2})\W*")
# Sent by who has nothing to add: not every phone can send an empty answer.
_NOTHING = {"", "x", ".", "-", "#", "*"}
# One letter or digit where words are wanted: a slip of who goes on choosing. Asked once more, then kept as it is.
_SLIP = re.compile(r"\W*[^\W_]\W*")
# Where the answers that a receipt opened stay at hand.
_IN_THREAD = frozenset({"messages", "more", "added", "end", "close", "delete"})


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
    if number == "00":
        return _enter(menu, session, MAIN)
    if number == "0":
        return _go_back(menu, session, step)
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


def receipt_screen(menu: Menu, session: Session, receipt: str) -> Turn:
    """Show a finished report's sixteen digits, before the last screen: a dropped line must not lose them."""
    return _enter(menu, replace(session, scratch={**session.scratch, DONE: receipt}), "receipt")


def messages_screen(menu: Menu, session: Session, stage: str, texts: Sequence[str]) -> Turn:
    """Show where a report stands and the desk's answers, in the order given, cut to pages."""
    lang = _lang(session)
    stages = menu.stages.get(stage, menu.stages["received"])
    room = _messages_room(menu, lang)
    pages = [page for text in texts for page in parts(text, room)]
    first = stages[lang] if pages else f"{stages[lang]} {menu.word('no_answer', lang)}"
    if pages and septets(f"{first} {pages[0]}") <= room - septets(f"\n3. {menu.word('end', lang)}"):
        first = f"{first} {pages.pop(0)}"
    return _show(menu, replace(session, step="messages", page=0, pages=(first, *pages)))


def over_screen(menu: Menu, session: Session, how: str) -> Turn:
    """Close after a receipt was closed or its report destroyed: ``how`` is closed, deleted or deleted_but."""
    return Turn(Session(lang=session.lang), Screen(menu.word(how, _lang(session)), end=True))


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
    return _enter(menu, replace(session, lang="st" if number == "1" else "en"), MAIN)


def _chosen(menu: Menu, session: Session, step: Step, number: str | None) -> Turn:
    pages = _dealt(menu, session, step)
    page = pages[min(session.page, len(pages) - 1)]
    at = int(number) if number else 0
    if at == len(page) + 1 and session.page < len(pages) - 1:
        return _show(menu, replace(session, page=session.page + 1))
    if not 1 <= at <= len(page):
        return _show(menu, session, wrong=True)
    choice = page[at - 1]
    if choice.does:
        return Turn(session, failed_screen(menu, session.lang, "try_again"), choice.does)
    if step.picks:
        session = replace(session, scratch={**session.scratch, step.picks: choice.value})
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
        asked = replace(session, scratch={**session.scratch, RECEIPT: digits})
        return Turn(asked, failed_screen(menu, session.lang, "try_again"), "read")
    nothing = answer.casefold() in _NOTHING
    if not nothing and _SLIP.fullmatch(answer) and session.scratch.get(SLIPPED) != session.step:
        return _show(menu, replace(session, scratch={**session.scratch, SLIPPED: session.step}), wrong=True)
    if session.step == "more":
        if nothing:
            return _go_back(menu, session, menu.steps["more"])
        return replace(_enter(menu, session, "added"), effect="add", words=answer)
    answers = {**session.answers, "text": "" if nothing else answer}
    done = replace(session, step="receipt", answers=answers, page=0)
    return Turn(done, failed_screen(menu, session.lang, "try_again"), "finish")


def _leafed(menu: Menu, session: Session, step: Step, number: str | None) -> Turn:
    last = session.page >= len(_texts(menu, session, step)) - 1
    if number == "1":
        return _enter(menu, session, "bye") if last else _show(menu, replace(session, page=session.page + 1))
    if number == "2" and step.name == "messages":
        return _enter(menu, session, "more")
    if number == "3" and step.name == "messages" and _offers_end(menu, session, step):
        return _enter(menu, session, "end")
    return _show(menu, session, wrong=True)


def _offers_end(menu: Menu, session: Session, step: Step) -> bool:
    """Say whether an answer's page offers to end it all: the first, and the last where there is room for it."""
    texts, lang = _texts(menu, session, step), _lang(session)
    line = septets(f"\n3. {menu.word('end', lang)}")
    last = session.page >= len(texts) - 1
    return not session.page or (last and septets(texts[-1]) <= _messages_room(menu, lang) - line)


def _go_back(menu: Menu, session: Session, step: Step) -> Turn:
    if session.page:
        return _show(menu, replace(session, page=session.page - 1))
    to = step.back
    if to == "messages" and not session.pages:  # nothing was opened: these are the report's own numbers
        to = "receipt"
    elif to == "post" and "district" not in session.answers:
        to = "where"
    elif to in ("near", "learn") and _leads_past(menu, session, to):
        to = menu.steps[to].back
    return _enter(menu, session, to)


# --- showing


def _enter(menu: Menu, session: Session, to: str) -> Turn:
    """Move to a step's first page, or close."""
    if to in ("thanks", "bye"):
        return Turn(session, Screen(menu.word(to, _lang(session)), end=True))
    session = replace(session, step=to, page=0, pages=session.pages if to in _IN_THREAD else ())
    if to == LANGUAGE:
        return Turn(session, _languages(menu))
    if _leads_past(menu, session, to):
        left = {name: value for name, value in session.scratch.items() if name != menu.steps[to].picks}
        return _enter(menu, replace(session, scratch=left), menu.steps[to].to)
    if to == "receipt":
        session = replace(session, scratch={**session.scratch, RECEIPT: session.scratch.get(DONE, "")})
    return _show(menu, session)


def _leads_past(menu: Menu, session: Session, to: str) -> bool:
    """Say whether a screen would ask what has one answer only: which lesson, or where where that does not matter."""
    if to == "learn":
        return len(menu.lessons.get(_lang(session), ())) == 1
    return to == "near" and not menu.asks_where(session.scratch.get("need", ""))


def _show(menu: Menu, session: Session, *, wrong: bool = False) -> Turn:
    lang = _lang(session)
    step = menu.steps[session.step]
    note = [menu.word("wrong", lang)] if wrong else []
    if step.kind == "typing":
        note = [menu.word("digits_wrong" if step.name == "receipt_in" else "in_words", lang)] if wrong else []
        return Turn(session, Screen("\n".join([*note, step.text(lang)])))
    body, lines = _content(menu, session, step, lang)
    lines = [*([body] if body else []), *lines, *menu.ways(step, lang)]
    for rows in ([*note, *lines], lines):  # the longest pages have no room for the note
        text = "\n".join(rows)
        if septets(text) <= ROOM:
            return Turn(session, Screen(text))
    problem = f"screen {step.name} ({lang}) is longer than {LIMIT} septets"
    raise MenuError(problem)


def _content(menu: Menu, session: Session, step: Step, lang: Lang) -> tuple[str, list[str]]:
    """Return what a screen says and its numbered lines."""
    if step.name == "receipt":
        shown = f"{menu.word('receipt', lang)} {grouped(session.scratch.get(RECEIPT, ''))}"
        return f"{shown}\n{menu.word('receipt_why', lang)}", numbered(step.choice, lang)
    if step.kind == "pages":
        texts = _texts(menu, session, step)
        forward = "finish" if session.page >= len(texts) - 1 else "next"
        lines = [f"1. {menu.word(forward, lang)}"]
        text = texts[min(session.page, len(texts) - 1)]
        if step.name == "messages":
            lines.append(f"2. {menu.word('say_more', lang)}")
            lines += [f"3. {menu.word('end', lang)}"] if _offers_end(menu, session, step) else []
            # so that no line of an answer looks like a choice
            text = f"({session.page + 1}/{len(texts)}) {text}"
        return text, lines
    pages = _dealt(menu, session, step)
    at = min(session.page, len(pages) - 1)
    lines = numbered(pages[at], lang)
    if at < len(pages) - 1:
        lines.append(f"{len(lines) + 1}. {menu.word('more', lang)}")
    return menu.safety(lang) if step.name == "safety" else step.text(lang), lines


def _texts(menu: Menu, session: Session, step: Step) -> tuple[str, ...]:
    return session.pages if step.name == "messages" else menu.pages_of(step, _lang(session), session.scratch)


def _dealt(menu: Menu, session: Session, step: Step) -> list[tuple[Choice, ...]]:
    """Return a step's choices, page by page. Once a report is sent its numbers stand where it would begin."""
    lang = _lang(session)
    pages = paged(menu, step, lang, session.answers.get("district"))
    if step.name != MAIN or not is_finished(session):
        return pages
    numbers = Choice(menu.word("my_numbers", "st"), menu.word("my_numbers", "en"), "receipt")
    return [(numbers, *pages[0][1:])]


def _messages_room(menu: Menu, lang: Lang) -> int:
    forward = max(septets(menu.word(name, lang)) for name in ("finish", "next"))
    lines = len("(999/999) \n1. \n2. ") + forward + septets(menu.word("say_more", lang))
    return ROOM - lines - menu.ways_room(lang)


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


def _lang(session: Session) -> Lang:
    return session.lang or "st"
