"""Every USSD screen within its length and no answer lost, whatever is typed."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sms.menu import LANGS, Lang, Menu, paged
from sms.segments import fold, septets
from sms.ussd import (
    Said,
    Screen,
    Session,
    Turn,
    failed_screen,
    messages_screen,
    over_screen,
    play,
    said,
    start,
    thanks_screen,
)
from tests.unit.ussd_walks import BARE, MENUS, RECEIPT, STORY, check, done, lines, wants_typing
from tipline import places
from tipline.errors import DomainError
from tipline.lifecycle import STAGES


def every_session(lang: Lang) -> list[Session]:
    sessions = []
    for name in BARE.steps:
        for district, page in product(["", *(place.slug for place in places.districts())], range(6)):
            answers = {"district": district} if district else {}
            scratch = {"receipt": "9" * 16, "need": ("danger", "child", "health", "law", "shelter")[page % 5]}
            sessions.append(Session(name, lang, answers, page, scratch, ("W" * 20,) * 6))
            sessions.append(Session(name, lang, answers, page, {**scratch, "done": "9" * 16}, ("W" * 20,) * 6))
    return sessions


@pytest.mark.parametrize("menu", MENUS, ids=["bare", "full", "large"])
@pytest.mark.parametrize("lang", LANGS)
def test_every_screen_fits_even_after_a_wrong_answer(menu: Menu, lang: Lang) -> None:
    for session in every_session(lang):
        if session.step in ("learn", "lesson") and not menu.lessons:
            continue
        for wrong in ("no such choice", "77"):
            if menu.steps[session.step].kind != "typing":
                check(play(menu, session, wrong).screen)


@pytest.mark.parametrize("lang", LANGS)
def test_every_failure_and_farewell_fits(lang: Lang) -> None:
    for code in [*BARE.failed, *(error.code for error in DomainError.__subclasses__()), "no such code"]:
        screen = failed_screen(BARE, lang, code)
        check(screen)
        assert screen.end
    check(thanks_screen(BARE, lang))
    for how in ("closed", "deleted", "deleted_but"):
        check(over_screen(BARE, Session(lang=lang), how).screen)
    assert failed_screen(BARE, None, "unknown_receipt") == failed_screen(BARE, "st", "unknown_receipt")


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("lang", LANGS)
def test_every_stage_is_said_in_plain_words(stage: str, lang: Lang) -> None:
    for texts in ([], ["Re o fumane."], ["š" * 500], ["a " * 400, "12. Ke 5."]):  # longest filling too
        turn = messages_screen(BARE, Session("receipt_in", lang), stage, texts)
        check(turn.screen)
        assert fold(BARE.stages[stage][lang]) in turn.screen.wire()


@pytest.mark.parametrize("lang", LANGS)
def test_every_choice_stands_on_exactly_one_page(lang: Lang) -> None:
    for step in BARE.steps.values():
        for district in (None, *(place.slug for place in places.districts())):
            pages = paged(BARE, step, lang, district)
            assert [one for page in pages for one in page] == list(BARE.choices(step, lang, district))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("slip", ["1", " 2. ", "a"])
def test_one_letter_instead_of_words_is_asked_about_once_and_then_kept(lang: Lang, slip: str) -> None:
    asked = play(BARE, Session("story", lang, {"danger": "yes"}), slip)
    check(asked.screen)
    assert lines(asked.screen)[0] == BARE.word("in_words", lang)
    assert (asked.effect, asked.session.step, wants_typing(asked.screen)) == (None, "story", True)
    told = play(BARE, asked.session, STORY)
    assert (told.effect, said(told.session).text) == ("finish", STORY)
    kept = play(BARE, asked.session, slip)
    assert (kept.effect, said(kept.session).text) == ("finish", slip.strip())
    assert play(BARE, Session("more", lang), slip).session.step == "more"


# --- anything at all


WALKS, STEPS = 10_000, 18
KEYS = [
    *["1"] * 9, *["2"] * 5, *["3"] * 3, "4", "5", "6", "7", "9", "77", *["0"] * 3, "00", "0*", "*0", "+0",
    "", "", " ", "*", "1*", "1*2*00", "#", "x", ".", "\u0662", "\u00b2", "\x00", "\ud83d", "\U0001f198", "\u0161\u2019",
    "Ba nkile pasa * ea ka", "0 girls", "a" * 1200, RECEIPT, RECEIPT[:-1] + "1", "1234 5678-9012.3450", "stop", "\n1\n",
]  # fmt: skip


@pytest.mark.parametrize("menu", MENUS, ids=["bare", "full", "large"])
def test_in_10000_random_walks_no_fault_no_answer_lost_and_back_and_the_menu_everywhere(menu: Menu) -> None:
    dice = random.Random(20261125)
    for _ in range(WALKS // len(MENUS) + 1):
        turn, desk = start(menu), None  # a line that dropped leaves nothing: each dial is a walk of its own
        assert turn == start(menu)
        for key in dice.choices(KEYS, k=dice.randint(3, 2 * STEPS)):
            before = turn.session
            turn = done(menu, play(menu, before, key))
            seen(menu, turn)
            if turn.effect in ("keep", "finish"):
                desk = said(turn.session)
            no_answer_lost(before, turn, key, desk)
            if turn.screen.end:
                break
            assert Session.from_json(turn.session.to_json()) == turn.session
            assert play(menu, turn.session, "00").screen.wire().startswith("CON "), "a way leads home"
        assert turn.screen.end or home(menu, turn.session)


def no_answer_lost(before: Session, turn: Turn, key: str, desk: Said | None) -> None:
    after = turn.session
    if turn.effect in ("close", "delete"):
        assert turn.screen.end
        assert after == Session(lang=before.lang), "nothing of it is left"
        return
    assert set(before.answers) - {"district"} <= set(after.answers)
    one = said(after)
    if (one.text, one.category, one.place, one.danger_now, one.child) != ("", None, None, None, None):
        assert desk is not None
        assert replace(desk, language=one.language) == one, "what was answered is with the desk"
    if before.step == "story" and turn.effect == "finish":
        assert after.answers["text"] in (key.strip(), "")
    if turn.effect == "add":
        assert turn.words == key.strip()
        assert after.scratch["receipt"]


@cache
def shown(wire: str) -> tuple[bool, list[str]]:
    """Return whether a screen closes, and its lines; what holds for every screen holds for this one."""
    end = wire.startswith("END ")
    check(Screen(wire[4:], end))
    return end, wire[4:].split("\n")


def seen(menu: Menu, turn: Turn) -> None:
    end, rows = shown(turn.screen.wire())
    if end:
        return
    session = turn.session
    if session.lang is None or session.step == "language":
        assert rows[-3:] == ["Khetha puo / Choose language", "1. Sesotho", "2. English"]
    elif menu.steps[session.step].kind == "typing":
        assert f"0. {menu.word('menu', session.lang)}: 00." in rows[-1]
    elif session.step == "main":
        assert rows[-1] == "0. Puo / Language"
    else:
        assert rows[-2:] == [f"0. {menu.word('back', session.lang)}", f"00. {menu.word('menu', session.lang)}"]


def home(menu: Menu, session: Session) -> bool:
    """Say whether ``00`` leads to the menu, or the menu has not been reached yet."""
    return session.lang is None or play(menu, session, "00").session.step in ("main", "language")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(MENUS), st.lists(st.text(max_size=30), max_size=12))
def test_nor_does_anything_else_that_can_be_typed_meet_a_fault(menu: Menu, keys: list[str]) -> None:
    for first in ((), ("2", "3"), ("1", "1", "1", "1", "1", "1", "1", "1")):
        turn = start(menu)
        for key in (*first, *keys):
            turn = done(menu, play(menu, turn.session, key))
            check(turn.screen)
            if turn.screen.end:
                break


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=400), max_size=4), st.sampled_from(LANGS))
def test_any_answer_of_a_desk_is_shown_whole(texts: list[str], lang: Lang) -> None:
    turn = messages_screen(BARE, Session("receipt_in", lang), "referred", texts)
    read = ""
    while not turn.screen.end:
        check(turn.screen)
        read += "".join(line for line in lines(turn.screen) if not re.match(r"\d+\. ", line))
        turn = play(BARE, turn.session, "1")
    for text in texts:
        for word in fold(text).split():
            if septets(word) < 40:
                assert word in read
