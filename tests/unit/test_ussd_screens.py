"""Every USSD screen within its length and no answer lost, whatever is typed."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sms.menu import LANGS, Lang, Menu, paged
from sms.segments import fold, septets
from sms.ussd import Session, failed_screen, messages_screen, play, start, thanks_screen
from tests.unit.ussd_walks import BARE, MENUS, RECEIPT, check, done, lines
from tipline import places
from tipline.errors import DomainError
from tipline.lifecycle import STAGES


def every_session(lang: Lang) -> list[Session]:
    sessions = []
    for name in BARE.steps:
        for district, page in product(["", *(place.slug for place in places.districts())], range(6)):
            answers = {"district": district} if district else {}
            scratch = {"receipt": "9" * 16}
            sessions.append(Session(name, lang, answers, page, scratch, ("W" * 20,) * 6))
    return sessions


@pytest.mark.parametrize("menu", MENUS, ids=["bare", "full"])
@pytest.mark.parametrize("lang", LANGS)
def test_every_screen_fits_even_after_a_wrong_answer(menu: Menu, lang: Lang) -> None:
    for session in every_session(lang):
        if session.step == "learn" and not menu.lessons:
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


# --- anything at all


KEYS = st.one_of(
    st.sampled_from(
        [
            "1",
            "1",
            "1",
            "2",
            "3",
            "0",
            "00",
            "9",
            "",
            "*",
            "1*",
            "#",
            "77",
            "٢",
            "x",
            RECEIPT,
            "🆘",
            "a" * 300,
        ]
    ),
    st.text(max_size=30),
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(MENUS), st.lists(KEYS, max_size=30))
def test_a_random_walk_meets_no_fault_and_loses_no_answer(menu: Menu, keys: list[str]) -> None:
    turn = start(menu)
    for key in keys:
        before = turn.session
        turn = done(menu, play(menu, Session.from_json(before.to_json()), key))
        check(turn.screen)
        after = turn.session
        if before.lang is not None:
            assert set(before.answers) - {"district"} <= set(after.answers)
        if turn.effect == "keep":
            assert after.answers != before.answers
        if before.step == "story" and turn.effect == "finish":
            assert after.answers["text"] in (key.strip(), "")
        if turn.effect == "add":
            assert turn.words == key.strip()
            assert after.scratch["receipt"]
        if turn.screen.end:
            return


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=400), max_size=4), st.sampled_from(LANGS))
def test_any_answer_of_a_desk_is_shown_whole(texts: list[str], lang: Lang) -> None:
    turn = messages_screen(BARE, Session("receipt_in", lang), "referred", texts)
    shown = ""
    while not turn.screen.end:
        check(turn.screen)
        shown += "".join(lines(turn.screen)[:-2])
        turn = play(BARE, turn.session, "1")
    for text in texts:
        for word in fold(text).split():
            if septets(word) < 40:
                assert word in shown
