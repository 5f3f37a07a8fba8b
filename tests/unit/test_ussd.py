"""The USSD dialogue: what is kept, how it goes back and forth, answers, lessons and help."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from sms.menu import LANGS, Lang, Lesson, Menu, MenuError, load_menu
from sms.ussd import NotASession, Said, Session, is_own, messages_screen, play, receipt_screen, said, start
from tests.unit.ussd_walks import (
    BARE,
    FULL,
    LARGE,
    MENUS,
    RECEIPT,
    STORY,
    check,
    done,
    lines,
    numbers,
    walk,
    wants_typing,
)  # fmt: skip
from tipline import places
from tipline.services import Service

# --- the contract's walk


@pytest.mark.parametrize("menu", MENUS, ids=["bare", "full", "large"])
@pytest.mark.parametrize("first", ["1", "2"])
def test_a_fresh_report_asks_for_typing_once_and_ends_within_14_screens(menu: Menu, first: str) -> None:
    turn, screens, typed, effects, receipt_at = start(menu), 1, 0, [], 0
    while not turn.screen.end:
        answer = STORY if wants_typing(turn.screen) else first if screens == 1 else "1"
        typed += wants_typing(turn.screen)
        turn = done(menu, play(menu, turn.session, answer))
        check(turn.screen)
        screens += 1
        effects.append(turn.effect)
        if "1234 5678 9012 3450" in turn.screen.wire():
            receipt_at = screens
    assert typed == 1
    assert screens <= 14
    assert receipt_at == screens - 1
    assert effects.count("finish") == 1
    assert effects.count("keep") >= 4
    assert said(turn.session) == Said(
        STORY, "st" if first == "1" else "en", "labour", "maseru", danger_now=True, child=True, contact=True
    )


@pytest.mark.parametrize("lang", ["1", "2"])
def test_choices_are_numbered_from_one_without_a_gap(lang: str) -> None:
    turn = walk(BARE, lang)
    while not turn.screen.end:
        shown = [number for number in numbers(turn.screen) if number not in ("0", "00")]
        assert shown == [str(number) for number in range(1, len(shown) + 1)]
        turn = walk(BARE, STORY if wants_typing(turn.screen) else "1", session=turn.session)


# --- what is kept


def test_each_answer_is_kept_as_it_is_given() -> None:
    turn = walk(BARE, "2", "1", "1")
    for answer, name, value in [
        ("2", "danger", "no"), ("2", "category", "child"), ("3", "place", "leribe"),
        ("2", "place", "maputsoe-bridge"), ("3", "child", "unknown"), ("2", "contact", "no"),
    ]:  # fmt: skip
        turn = walk(BARE, answer, session=turn.session)
        assert turn.effect == "keep"
        assert turn.session.answers[name] == value
    turn = walk(BARE, "", session=turn.session)
    assert turn.effect == "finish"
    assert said(turn.session) == Said("", "en", "child", "maputsoe-bridge", danger_now=False, child=True, contact=False)


def test_a_shrug_alone_makes_no_tip() -> None:
    turn = walk(BARE, "1", "1", "1", "3")

    assert turn.session.answers == {"danger": "unknown"}
    assert turn.effect is None


def test_going_back_changes_nothing_until_another_answer_replaces_it() -> None:
    at_what = walk(BARE, "2", "1", "1", "2")
    back = walk(BARE, "0", session=at_what.session)

    assert (back.session.step, back.effect) == ("danger", None)
    assert back.session.answers == at_what.session.answers
    assert walk(BARE, "2", session=back.session).effect is None
    again = walk(BARE, "1", session=back.session)
    assert (again.effect, again.session.answers["danger"]) == ("keep", "yes")


def test_the_main_menu_keeps_what_was_said() -> None:
    at_child = walk(BARE, "2", "1", "1", "2", "1", "1", "1")
    home = walk(BARE, "00", session=at_child.session)

    assert home.session.step == "main"
    assert home.session.answers == at_child.session.answers


def test_another_district_forgets_the_port_of_the_first() -> None:
    at_child = walk(BARE, "2", "1", "1", "2", "1", "3", "2")
    where = walk(BARE, "0", "0", session=at_child.session)
    changed = walk(BARE, "1", session=where.session)

    assert at_child.session.answers["place"] == "maputsoe-bridge"
    assert changed.session.answers["place"] == "maseru"


@pytest.mark.parametrize("lang", ["1", "2"])
def test_elsewhere_leads_past_the_ports_and_back_to_the_districts(lang: str) -> None:
    turn = walk(BARE, lang, "1", "1", "2", "1")
    while not re.search(r"\d\. (Ha ke tsebe|Don't know)", turn.screen.wire()):
        more = [number for number in numbers(turn.screen) if number not in ("0", "00")][-1]
        turn = walk(BARE, more, session=turn.session)
    choice = next(line[0] for line in lines(turn.screen) if "Ha ke tsebe" in line or "Don't know" in line)
    turn = walk(BARE, choice, session=turn.session)

    assert turn.session.step == "child"
    assert said(turn.session).place is None
    assert walk(BARE, "0", session=turn.session).session.step == "where"


def test_every_place_can_be_chosen() -> None:
    reached = set()
    for district in places.districts():
        base = Session("post", "en", {"district": district.slug, "place": district.slug})
        for page in range(3):
            for choice in "123456":
                turn = play(BARE, replace(base, page=page), choice)
                reached.add(turn.session.answers["place"])
    assert reached == set(places.ALL)


@pytest.mark.parametrize("answer", ["", "x", "X", ".", "#", "-"])
def test_the_story_may_be_left_out(answer: str) -> None:
    turn = play(BARE, Session("story", "en", {"danger": "yes"}), answer)

    assert turn.effect == "finish"
    assert said(turn.session).text == ""


@pytest.mark.parametrize("answer", ["1*2*00", "*", "0 girls", "12 bana", "🆘", "a" * 5000, "tšoha \u2019m\u2019e"])
def test_a_story_is_kept_whole_as_it_was_typed(answer: str) -> None:
    turn = play(BARE, Session("story", "st"), f"  {answer} ")

    assert turn.effect == "finish"
    assert said(turn.session).text == ("" if answer == "*" else answer)


# --- answers, lessons, help


def test_digits_open_the_answer_and_more_can_be_said() -> None:
    asked = play(BARE, walk(BARE, "2", "3").session, "1234 5678-9012 3450")
    assert (asked.effect, asked.session.scratch["receipt"]) == ("read", RECEIPT)
    turn = messages_screen(BARE, asked.session, "screened", ["We got it. 1. Stay where people are. " * 6])
    assert wants_typing(walk(BARE, "2", session=turn.session).screen)
    added = walk(BARE, "2", "he is back * now", session=turn.session)
    assert (added.effect, added.words) == ("add", "he is back * now")
    assert added.session.scratch["receipt"] == RECEIPT
    assert walk(BARE, "1", session=added.session).screen.end


def test_a_long_answer_is_leafed_through_to_its_end_and_back() -> None:
    answer = " ".join(f"lentsoe{number}" for number in range(80))
    turn = messages_screen(BARE, Session("receipt_in", "st"), "received", [answer])
    shown = []
    while not turn.screen.end:
        check(turn.screen)
        assert numbers(turn.screen)[0] == "1"
        shown.append(turn.screen.wire())
        turn = play(BARE, turn.session, "1")
    assert [word for word in answer.split() if not any(word in page for page in shown)] == []
    first = messages_screen(BARE, Session("receipt_in", "st"), "received", [answer])
    assert walk(BARE, "1", "0", session=first.session).screen == first.screen
    assert walk(BARE, "0", session=first.session).session.step == "main"


@pytest.mark.parametrize("typed", ["", "hello", "1234", RECEIPT[:-1] + "1", "1" * 40])
def test_digits_that_cannot_be_a_receipt_are_asked_for_again(typed: str) -> None:
    at = walk(BARE, "2", "3")
    turn = walk(BARE, typed, session=at.session)

    assert turn.effect is None
    assert turn.session == at.session
    assert wants_typing(turn.screen)


@pytest.mark.parametrize(("which", "does"), [("1", "close"), ("2", "delete")])
@pytest.mark.parametrize("lang", LANGS)
def test_a_receipt_is_closed_or_a_report_deleted_only_after_a_second_yes(lang: Lang, which: str, does: str) -> None:
    opened = messages_screen(BARE, Session("receipt_in", lang, {}, 0, {"receipt": RECEIPT}), "screened", ["Re fumane."])
    assert "3. " in opened.screen.wire()
    asked = walk(BARE, "3", which, session=opened.session)
    assert (asked.session.step, asked.effect) == (does, None)
    assert walk(BARE, "1", session=asked.session).screen == opened.screen, "no leads back to the answers"
    agreed = play(BARE, asked.session, "2")
    assert (agreed.effect, agreed.session.scratch["receipt"]) == (does, RECEIPT)
    assert walk(BARE, "0", "0", session=asked.session).screen == opened.screen


def test_the_first_page_of_an_answer_offers_to_end_it_and_the_last_one_where_there_is_room() -> None:
    opened = messages_screen(BARE, Session("receipt_in", "en"), "screened", ["word " * 60])
    second = walk(BARE, "1", session=opened.session)
    assert "Close" not in second.screen.wire()
    assert walk(BARE, "3", session=second.session).session.step == "messages"
    last = walk(BARE, *"1" * (len(opened.session.pages) - 1), session=opened.session)
    assert "3. Close / delete" in last.screen.wire()
    assert walk(BARE, "3", session=last.session).session.step == "end"


def test_after_the_receipt_more_can_be_said_but_no_second_report_begins() -> None:
    shown = receipt_screen(BARE, Session("story", "en", {"danger": "no"}), RECEIPT)
    for no_way in ("7", "", "stop"):
        assert RECEIPT[:4] in walk(BARE, no_way, session=shown.session).screen.wire()
    for way_out in ("0", "00"):
        home = walk(BARE, way_out, session=shown.session)
        assert "1. My numbers" in home.screen.wire()
        assert "Report" not in home.screen.wire()
        assert walk(BARE, "1", session=home.session).screen == shown.screen
    more = walk(BARE, "2", session=shown.session)
    assert walk(BARE, "0", session=more.session).session.step == "receipt"
    added = walk(BARE, "and a boy", session=more.session)
    assert (added.effect, added.words, added.session.scratch["receipt"]) == ("add", "and a boy", RECEIPT)
    assert is_own(added.session)
    assert walk(BARE, "0", session=added.session).session.step == "receipt"
    assert walk(BARE, "1", session=shown.session).screen.end


def test_after_the_receipt_another_receipt_opens_its_own_thread() -> None:
    other = "9876543210987603"
    home = walk(BARE, "00", session=receipt_screen(BARE, Session("story", "en"), RECEIPT).session)
    opened = walk(BARE, "3", other, session=home.session)
    assert opened.session.step == "messages"
    assert (opened.session.scratch["receipt"], is_own(opened.session)) == (other, False)
    added = walk(BARE, "2", "for the other", session=opened.session)
    assert (added.session.scratch["receipt"], is_own(added.session)) == (other, False)
    assert walk(BARE, "0", session=added.session).session.step == "messages"
    mine = walk(BARE, "00", "1", session=added.session)
    assert "1234 5678 9012 3450" in mine.screen.wire()
    assert is_own(mine.session)


def test_the_language_can_be_changed_on_the_way_and_nothing_said_is_lost() -> None:
    at_what = walk(BARE, "2", "1", "1", "1", "1")
    asked = walk(BARE, "00", "0", session=at_what.session)
    assert asked.screen == start(BARE).screen
    home = walk(BARE, "1", session=asked.session)
    assert "Tlaleha" in home.screen.wire()
    assert (home.session.lang, home.session.answers) == ("st", at_what.session.answers)


@pytest.mark.parametrize(("key", "contact", "content"), [("1", True, False), ("2", False, False), ("3", True, True)])
def test_may_we_text_is_no_a_notice_or_the_answer_itself(key: str, *, contact: bool, content: bool) -> None:
    for lang in LANGS:
        one = said(walk(BARE, key, session=Session("contact", lang, {"danger": "no"})).session)
        assert (one.contact, one.content) == (contact, content)


# --- lessons


@pytest.mark.parametrize("lang", ["1", "2"])
def test_the_only_lesson_is_five_screens_to_the_end(lang: str) -> None:
    turn = walk(FULL, lang, "3")
    for text in FULL.lessons[LANGS[int(lang) - 1]][0].screens:
        assert text in turn.screen.wire()
        assert walk(FULL, "00", session=turn.session).session.step == "main"
        turn = walk(FULL, "1", session=turn.session)
    assert turn.screen.end
    assert walk(FULL, lang, "3", "0").session.step == "main"


def test_of_several_lessons_one_is_chosen() -> None:
    seen = set()
    for page in range(9):
        turn = walk(LARGE, "2", "3", *["2"] * page)
        assert turn.session.step == "learn"
        turn = walk(LARGE, "1", session=turn.session)
        assert turn.session.step == "lesson"
        seen.add(turn.session.scratch["lesson"])
        assert walk(LARGE, "0", session=turn.session).session.step == "learn"
    assert seen == {one.slug for one in LARGE.lessons["en"]}


def test_without_a_lesson_learn_is_not_offered() -> None:
    assert "Learn" not in walk(BARE, "2").screen.wire()
    assert walk(BARE, "2", "3").session.step == "receipt_in"
    assert walk(FULL, "2", "4").session.step == "receipt_in"


# --- help


def leafed(menu: Menu, *answers: str) -> str:
    """Leaf to the end and return all that was read."""
    turn, read = walk(menu, *answers), ""
    while not turn.screen.end:
        read += turn.screen.wire() + "\n"
        turn = walk(menu, "1", session=turn.session)
    return read


@pytest.mark.parametrize("lang", ["1", "2"])
def test_each_need_is_answered_in_words_and_with_no_number_while_none_is_confirmed(lang: str) -> None:
    told = [leafed(BARE, lang, "2", need) for need in "12345"]
    assert len(set(told)) == 5
    for words in told:
        assert not re.search(r"\d{3}", words.replace("00. Menu", ""))


def test_help_names_confirmed_numbers_for_what_is_needed() -> None:
    assert "Police: 5800 0000" in leafed(FULL, "2", "2", "1")
    assert "Clinic" not in leafed(FULL, "2", "2", "1")
    health = leafed(FULL, "2", "2", "3")
    assert "Clinic: 5800 0001" in health
    assert "clinic or hospital" in health
    in_danger = walk(FULL, "2", "1", "1", "1").screen.wire()
    assert "Police: 5800 0000" in in_danger
    assert "Clinic" not in in_danger
    assert "police station" in walk(BARE, "2", "1", "1", "1").screen.wire()


def test_where_somebody_is_decides_whom_help_names() -> None:
    assert walk(LARGE, "2", "2", "2").session.step == "numbers", "the police are everywhere: nobody is asked where"
    asked = walk(LARGE, "2", "2", "3")
    assert asked.session.step == "near"
    maseru = leafed(LARGE, "2", "2", "3", "1")
    assert "Clinic Maseru: 5800 0003" in maseru
    assert "Leribe" not in maseru
    elsewhere = leafed(LARGE, "2", "2", "3", "4")  # Berea
    assert "5800" not in elsewhere
    assert "clinic or hospital" in elsewhere
    danger = leafed(LARGE, "2", "2", "1", "3")
    assert danger.index("Clinic Leribe") < danger.index("Police")
    assert walk(LARGE, "2", "2", "3", "1", "0").session.step == "near"
    assert walk(LARGE, "2", "2", "2", "0").session.step == "help"
    assert walk(LARGE, "2", "2", "3", "1", "0", "0", "2").session.step == "numbers", "no district is left over"


@pytest.mark.parametrize(
    "given",
    [
        {"lessons": {"en": [Lesson("long", "Long", ("x" * 120,))]}},
        {"lessons": {"st": [Lesson("empty", "Letho", ("",))]}},
        {"lessons": {"st": [Lesson("digit", "Palo", ("Ema.", "1. Ema"))]}},
        {"lessons": {"st": [Lesson("title", "x" * 71, ("Ema.",))]}},
        {"services": [Service("long", "a", "a" * 150, phone="1")]},
        {"services": [Service("digit", "24 hours", "Sepolesa", phone="1")]},
    ],
)
def test_what_does_not_fit_is_refused_at_start(given: dict[str, object]) -> None:
    with pytest.raises(MenuError, match=r"(lesson|service) (long|empty|digit|title)"):
        load_menu(**given)  # type: ignore[arg-type]


# --- sessions


def test_a_session_survives_being_kept() -> None:
    session = Session("story", "st", {"danger": "yes", "text": "\u2019m\u2019e *"}, 2, {"receipt": RECEIPT}, ("a", "b"))

    assert Session.from_json(session.to_json()) == session


@pytest.mark.parametrize("line", ["", "[]", "{}", "null", '["a","fr",{},0,{},[]]', "[1,2]"])
def test_what_is_no_session_is_refused(line: str) -> None:
    with pytest.raises(NotASession):
        Session.from_json(line)


def test_nothing_said_stands_in_a_repr() -> None:
    turn = play(
        BARE,
        Session("story", "en", {"text": "secret words"}, 0, {"receipt": RECEIPT}, ("secret words",)),
        "secret words",
    )

    for thing in (turn, said(turn.session), receipt_screen(BARE, turn.session, RECEIPT)):
        assert "secret" not in repr(thing)
        assert RECEIPT not in repr(thing)
        assert "1234 5678" not in repr(thing)
