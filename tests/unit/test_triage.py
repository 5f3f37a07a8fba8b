"""Advice on urgency: answers outrank words, nothing is dropped, and no text makes it slow."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tipline.triage as module
from tipline import callback, places
from tipline.triage import CATEGORIES, REASONS, REASONS_ST, Advice, Draft, advise

PRIORITIES = ("P0", "P1", "P2", "P3")


def says(text: str) -> Advice:
    return advise(Draft(text=text))


@pytest.mark.parametrize(
    "cry",
    ["help", "HELP!!", "thusa", "nthuse", "help me pls", "Thusang", "Thuso!", "hlp", "ke kopa thuso hle"],
)
def test_a_bare_cry_for_help_is_p0(cry: str) -> None:
    advice = says(cry)
    assert advice.priority == "P0"
    assert advice.danger_now is True
    assert "cry_for_help" in advice.reasons
    assert advice.child is None


@pytest.mark.parametrize(
    "text", ["", "   ", "?", "lol", "asdf qwer", "sawubona ngicela usizo", "🙏", "Onde posso obter ajuda"]
)
def test_what_is_not_understood_goes_to_a_human_the_next_day(text: str) -> None:
    advice = says(text)
    assert advice.priority == "P2"
    assert advice.reasons == ("not_understood",)
    assert advice.category == "unknown"
    assert advice.danger_now is None


def test_an_answer_of_danger_now_outranks_calm_words() -> None:
    advice = advise(Draft(text="my salary is late", danger_now=True))
    assert (advice.priority, advice.reasons[0], advice.danger_now) == ("P0", "danger_now", True)


def test_an_answer_that_a_child_is_involved_makes_at_least_p1() -> None:
    advice = advise(Draft(text="my salary is late", child=True))
    assert (advice.priority, advice.child) == ("P1", True)
    assert advise(Draft(child=True)).priority == "P1"


def test_an_answer_of_no_danger_is_kept_but_never_lowers_what_the_words_say() -> None:
    advice = advise(Draft(text="they locked us in a room and beat us", danger_now=False))
    assert (advice.priority, advice.danger_now) == ("P0", False)


def test_answers_for_place_and_category_outrank_the_words() -> None:
    advice = advise(Draft(text="not paid in Mafeteng", place="Qachas nek border", category="mining"))
    assert (advice.place, advice.category) == ("qachas-nek-border", "mining")
    assert advise(Draft(text="in Mafeteng", place="nowhere", category="nonsense")).place == "mafeteng"


def test_happening_now_makes_a_serious_matter_urgent() -> None:
    text = "farmer keeps our passports"
    assert says(text).priority == "P1"
    assert advise(Draft(text=text, happening="now")).priority == "P0"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ba re koaletse ka tlung", "ba re kwaletse ka tlung"),
        ("banana ba tšela moeli hona joale", "banana ba tshela moedi hona jwale"),
        ("ngoana oa lilemo li 9 oa otloa", "ngwana wa dilemo di 9 wa otlwa"),
        ("Ba nkile lipasa tsa rona polasing", "ba nkile dipasa tsa rona POLASING"),
        ("help me im locked in a room", "hlp me im lockd in a room"),
        ("they leave tomorrow with two girls", "they leave 2moro with two gilrs"),
    ],
)
def test_both_spellings_and_shorthand_are_one(one: str, other: str) -> None:
    assert says(one).priority == says(other).priority
    assert says(one).child == says(other).child
    assert says(one).priority in ("P0", "P1")


@pytest.mark.parametrize(
    ("text", "child"),
    [
        ("a boy of 10 works on a farm", True),
        ("14yr girl sent to work", True),
        ("she is 16 and they want to marry her off", True),
        ("class 5 girl was taken to work in a shop", True),
        ("o na le lilemo tse leshome le metso e mene, ba mo nyalisa", True),
        ("banana ba sekolo ba isoa Gauteng", True),
        ("o tla isa bana ba rona sekolong Bloemfontein. O batla mangolo a tlhaho", True),
        ("banna ba isoa merafong", None),
        ("my sister is 25 and they hold her passport", False),
        ("I was not paid for 12 months", None),
        ("we worked there for 10 years without pay", None),
    ],
)
def test_children_and_ages(text: str, child: bool | None) -> None:
    assert says(text).child is child


@pytest.mark.parametrize("text", ["Ke tsoa Maseru", "Ke tsoa Leribe, ke batla mosebetsi", "ke tsoa sekolong"])
def test_to_come_from_somewhere_is_not_to_be_held(text: str) -> None:
    assert advise(Draft(text=text)).priority == "P2"
    assert advise(Draft(text="Ke ke ka tsoa ka tlung, ba nkoaletse")).priority == "P0"


def test_what_is_over_is_not_now() -> None:
    assert says("last year they locked me in a room in Welkom, i escaped and i am home").priority != "P0"


@pytest.mark.parametrize(
    "text",
    [
        "cigarettes hidden in a truck at Caledonspoort now",
        "ba utsoitse likhomo tsa ka bosiu",
        "help, boss did not pay my overtime",
    ],
)
def test_goods_theft_and_pay_are_referred(text: str) -> None:
    assert says(text).priority == "P3"


def test_indicators_are_those_of_the_ilo_and_of_section_22() -> None:
    found = says(
        "They promised me shop work but the boss took our passports, we are not paid and cannot leave"
    ).indicators
    assert {"D1", "D4", "D5", "docs_held", "not_allowed_to_leave", "little_pay"} <= set(found)


def test_every_reason_has_words_in_both_languages() -> None:
    source = Path(module.__file__).read_text(encoding="utf-8")
    tables = source[source.index("_P0:") : source.index("_ILO:")]
    codes = set(re.findall(r'^    \("(\w+)", lambda', tables, re.MULTILINE))
    codes |= {"danger_now", "child", "happening_now", "some_indicators", "offer_to_check", "not_understood"}
    codes |= {callback.ASKED, callback.CALLED, callback.UNKNOWN}
    assert codes == set(REASONS) == set(REASONS_ST)
    assert all(REASONS[code] and REASONS_ST[code] for code in codes)


def test_every_list_that_a_rule_names_stands_in_the_data() -> None:
    source = Path(module.__file__).read_text(encoding="utf-8")
    named = {name for call in re.findall(r"(?:has|count)\(([^()]*)\)", source) for name in re.findall(r'"(\w+)"', call)}
    assert named
    assert named <= module._LEXICON.names


@settings(max_examples=200, deadline=None)
@given(
    text=st.text(max_size=300),
    category=st.none() | st.sampled_from([*CATEGORIES, "x"]),
    place=st.none() | st.text(max_size=40),
    danger=st.none() | st.booleans(),
    child=st.none() | st.booleans(),
    happening=st.none() | st.sampled_from(["now", "today", "week", "past", "??"]),
)
def test_any_text_gets_whole_advice(
    text: str,
    category: str | None,
    place: str | None,
    danger: bool | None,
    child: bool | None,
    happening: str | None,
) -> None:
    advice = advise(Draft(text, None, "web", category, place, danger, child, happening))
    assert advice.priority in PRIORITIES
    assert advice.category in CATEGORIES
    assert advice.place is None or advice.place in places.ALL
    assert advice.reasons
    assert set(advice.reasons) <= set(REASONS)
    assert not (danger and advice.priority != "P0")
    assert not (child and advice.priority in ("P2", "P3"))


@pytest.mark.parametrize(
    "huge",
    [
        "take " * 12_800,
        "1 " * 32_000,
        "a " * 32_000,
        "š" * 32_000,
        "." * 64_000,
        "they took my passport " * 2_900,
        "a" * 64_000,
    ],
    ids=["word", "digits", "letters", "one-word", "dots", "phrase", "long-word"],
)
def test_no_text_makes_it_slow(huge: str) -> None:
    advise(Draft(text="warm"))
    started = time.process_time()
    advise(Draft(text=huge))
    assert time.process_time() - started < 1  # some 20 ms on an idle core: linear, whatever the text
