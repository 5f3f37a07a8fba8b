"""What a text message is taken for, and what answers it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.conversation import (
    LANGS,
    LONGEST,
    TEMPLATES,
    Phone,
    Step,
    placeholders,
    render,
    step,
    table,
    typed_receipt,
    wants_receipt,
)
from sms.questions import Talk
from sms.segments import ONE_SEGMENT
from tipline.receipts import new_digits

NEW = Phone()
ACTIONS = {
    "tip", "cry", "answer", "skip", "read", "stop", "start", "info", "language", "nothing_waiting", "empty", "receipt",
    "digits", "call",
}  # fmt: skip


@pytest.mark.parametrize(("key", "lang", "weight", "count"), table())
def test_every_template_leaves_in_one_segment(key: str, lang: str, weight: int, count: int) -> None:
    assert 0 < weight <= ONE_SEGMENT
    assert count == 1


@pytest.mark.parametrize("key", TEMPLATES)
def test_a_template_wants_the_same_filling_in_both_languages(key: str) -> None:
    wanted = {lang: placeholders(TEMPLATES[key][lang]) for lang in LANGS}

    assert wanted["st"] == wanted["en"] <= set(LONGEST)


@pytest.mark.parametrize("key", TEMPLATES)
@pytest.mark.parametrize("lang", LANGS)
def test_nothing_that_a_phone_is_sent_gives_its_owner_away(key: str, lang: str) -> None:
    said = render(key, lang, **{**LONGEST, "digits": "-"}).casefold()  # type: ignore[arg-type]

    named = r"traffick|police|polesa|khoebo|crime|molao|victim|lehlatsipa"
    also = r"immigration|shelter|report|tlaleh|receipt|\d{3}"
    assert not re.search(f"{named}|{also}", said)


def test_a_template_is_folded_on_the_way_out() -> None:
    assert "š" in TEMPLATES["cry_received"]["st"]
    assert "u ba ts'epang" in render("cry_received", "st")


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("help", ""), ("HELP!!!", ""), ("Hlep", ""), ("hepl", ""), ("h e l p", ""), ("H.E.L.P.", ""), ("heeelp", ""),
        ("SOS", ""), ("please help me", "en"), ("help us pls", "en"), ("i need help", "en"),
        ("emergncy", "en"), ("thuso", "st"), ("Thusa hle!", "st"), ("NTHUSE", "st"), ("nthuseng", "st"),
        ("re thuse", "st"), ("ke kopa thuso", "st"), ("Thsuo", "st"), ("tuso", "st"), ("ke tlokotsing", "st"),
    ],
)  # fmt: skip
def test_a_bare_cry_is_a_cry_before_it_is_anything_else(text: str, lang: str) -> None:
    asked = Talk(("where",), open=True, over=True)
    first = Step(lang, "cry", "cry_received", asked) if lang else Step("st", "cry", "cry_received_both", asked)  # type: ignore[arg-type]
    assert step(NEW, text) == first
    assert step(Phone(known=True, lang="st"), text) == Step("st", "cry", "cry_received", asked)
    assert step(Phone(known=True, lang="st", talk=asked), text) == Step("st", "cry", "safe_received", asked)


@pytest.mark.parametrize(
    "text",
    [
        "STOP", "stop.", "Stop!", "sotp", "stpo", "st0p", "stoppp", "s t o p", "STOP STOP",
        "please stop", "stop sms",
        "no more texts", "unsubscribe", "unsubcribe", "Cancel", "QUIT", "end", "EMISA", "emisang",
        "eMsia", "emisa hle",
        "emisa melaetsa", "khaotsa", "tlohela",
    ],
)  # fmt: skip
def test_stop_is_obeyed_however_it_is_spelt(text: str) -> None:
    for phone in (NEW, Phone(known=True), Phone(waiting=True)):
        assert step(phone, text).action == "stop"
        assert step(phone, text).reply in {"stopped", "stopped_both"}
    assert step(Phone(stopped=True), text).reply is None


@pytest.mark.parametrize("key", ["cry_received", "stopped", "started", "nothing_waiting"])
def test_a_word_that_everybody_knows_tells_no_language(key: str) -> None:
    said = {"cry_received": "HELP", "stopped": "Stop", "started": "START", "nothing_waiting": "1"}[key]

    assert (step(NEW, said).lang, step(NEW, said).reply) == ("st", f"{key}_both")
    known = Phone(known=True, leaning="en")
    assert (step(known, said).lang, step(known, said).reply) == ("en", key)
    assert step(Phone(known=True, leaning="st"), said).lang == "st"
    assert step(Phone(lang="en"), said).reply == key


def test_a_word_of_one_language_is_answered_in_it() -> None:
    assert [step(NEW, said).lang for said in ("EMISA", "unsubscribe", "TSEBO", "CODE")] == ["st", "en", "st", "en"]
    assert (step(NEW, "INFO").lang, step(NEW, "INFO").reply) == ("st", "info")  # too long for both; it names ENGLISH
    assert "ENGLISH" in TEMPLATES["info"]["st"]


@pytest.mark.parametrize(
    "text",
    ["INFO", "info?", "inof", "INF0", "imfo", "more info please", "TSEBO", "tseob", "tlhahisoleseling"],
)
def test_info_however_it_is_spelt(text: str) -> None:
    assert step(NEW, text).action == "info"
    assert step(NEW, text).reply == "info"


@pytest.mark.parametrize("text", ["START", "strat", "unstop", "QALA", "qala hle"])
def test_start_undoes_stop_and_is_answered(text: str) -> None:
    assert step(Phone(stopped=True), text).action == "start"
    assert step(Phone(stopped=True, lang="st"), text).reply == "started"


@pytest.mark.parametrize(
    "text",
    [
        "stop him from taking my sister", "Stop it", "stop them they take the girls",
        "help my sister", "help a child is taken",
        "help me im locked in a room", "thuso ea mosebetsi ha e eo", "thusa ngoana enoa",
        "info about a man who takes girls",
        "start of the month they took her", "end of the week they leave", "emisa monna eo",
        "english teacher sells girls",
        "one girl", "1 girl was taken", "2", "e", "Che", "yes", "no", "hi", "Lumela",
        "cancer", "hell",
        "hello", "step", "Tšepo", "tseba", "dancer", "Lesotho", "??", ".", "🆘", "ajuda", "帮帮我", "0",
        "1 2", "police",
    ],
)  # fmt: skip
def test_what_only_begins_like_a_keyword_goes_to_a_human(text: str) -> None:
    assert step(NEW, text).action == "tip"
    assert step(NEW, text).reply == "tip_where"
    assert step(Phone(known=True), text).reply == "tip_received_again"


@pytest.mark.parametrize("text", ["1", " 1 ", "1.", "(1)", "1\ufe0f\u20e3", "\uff11"])  # fmt: skip
def test_one_reads_what_waits(text: str) -> None:
    assert step(Phone(waiting=True, lang="en"), text) == Step("en", "read", None)
    assert step(Phone(lang="en"), text) == Step("en", "nothing_waiting", "nothing_waiting")


@pytest.mark.parametrize("text", ["one", "reply 1", "araba 1", "ok 1", "'ngoe"])
def test_one_in_words_reads_only_what_waits(text: str) -> None:
    assert step(Phone(waiting=True), text).action == "read"
    assert step(NEW, text).action == "tip"


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("CODE", "en"), ("code?", "en"), ("Cdoe", "en"), ("c0de", "en"), ("my code please", "en"), ("send code", "en"),
        ("Reciept", "en"), ("number", "en"),
        ("NOMORO", "st"), ("nomoro hle", "st"), ("Nomolo", "st"), ("nmooro", "st"), ("ke kopa nomoro ea ka", "st"),
        ("LINOMORO", "st"),
    ],
)  # fmt: skip
def test_the_receipt_is_given_once_and_only_for_something_said(text: str, lang: str) -> None:
    assert wants_receipt(text)
    assert step(NEW, text) == Step(lang, "receipt", "receipt_none")  # type: ignore[arg-type]
    assert step(Phone(known=True), text) == Step(lang, "receipt", "receipt_given")  # type: ignore[arg-type]
    assert step(Phone(known=True, receipt=True, lang="st"), text) == Step("st", "receipt", "receipt_said")
    assert step(Phone(known=True, stopped=True), text).reply is None


@pytest.mark.parametrize(
    "text",
    [
        "code " * 20,
        "the car's number is LC 123",
        "nomoro ea polisi",
        "code red they took her",
        "number 2",
        "preference",
        "nomoro 58",
    ],
)
def test_what_only_speaks_of_a_number_goes_to_a_human(text: str) -> None:
    assert not wants_receipt(text)
    assert step(NEW, text).action == "tip"


DIGITS = "4917263850172634"


@pytest.mark.parametrize(
    "text",
    [
        DIGITS, f" {DIGITS}\n", "4917 2638 5017 2634", "4917-2638-5017-2634", "4917.2638.5017.2634",
        "49 17263850172634",
        "4 9 1 7 2 6 3 8 5 0 1 7 2 6 3 4", "NOMORO 4917 2638 5017 2634", "my code: 4917263850172634",
        "\uff14\uff1917263850172634",
    ],
)  # fmt: skip
def test_sixteen_digits_however_they_are_grouped_are_no_tip(text: str) -> None:
    assert typed_receipt(text) == DIGITS
    assert step(NEW, text) == Step("st", "digits", "digits_none")
    assert step(Phone(waiting=True, lang="en"), text) == Step("en", "digits", "waiting_notice")
    assert step(Phone(waiting=True, stopped=True), text) == Step("st", "digits", None)


def test_every_receipt_is_taken_for_one() -> None:
    digits = new_digits()
    assert typed_receipt(digits) == digits


@pytest.mark.parametrize(
    "text",
    [
        "491726385017263",
        DIGITS + "1",
        "call 4917263850172634",
        "+266 5800 0000",
        "4917263850172634 " * 5,
        DIGITS + "a",
        "c0de 491726385017263",
        "0" * 5000,
    ],
)
def test_other_digits_go_to_a_human(text: str) -> None:
    assert typed_receipt(text) == ""
    assert step(NEW, text).action == "tip"


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("ENGLISH", "en"),
        ("englsh", "en"),
        ("en", "en"),
        ("SESOTHO", "st"),
        ("sesoto", "st"),
        ("ST", "st"),
        ("puo english", "en"),
    ],
)
def test_language_words_set_the_language(text: str, lang: str) -> None:
    for phone in (NEW, Phone(lang="st"), Phone(lang="en")):
        assert step(phone, text) == Step(lang, "language", "language_set")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["PUO", "language", "puo hle"])
def test_asking_for_the_language_offers_both(text: str) -> None:
    assert step(NEW, text).reply == "language_ask"
    for lang in LANGS:
        assert "ENGLISH" in render("language_ask", lang)
        assert "SESOTHO" in render("language_ask", lang)


@pytest.mark.parametrize("text", ["", "  ", "\n\t", "\u200b\ufeff", "\x00"])
def test_an_empty_text_is_asked_for_again(text: str) -> None:
    assert step(NEW, text) == Step("st", "empty", "ask_again")
    assert step(Phone(lang="en"), text) == Step("en", "empty", "ask_again")


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Ba nkile ngoana oa ka hosane", "st"),
        ("They took my sister to Durban", "en"),
        ("xxxx", "st"),
        ("帮帮我", "st"),
    ],
)
def test_the_answer_speaks_the_texters_language_or_sesotho(text: str, lang: str) -> None:
    assert step(NEW, text).lang == lang
    assert step(Phone(lang="en"), text).lang == "en"
    assert step(Phone(lang="st"), text).lang == "st"


@pytest.mark.parametrize("text", ["They took my sister", "help", "info", "english", "puo", "1", "", "stop"])
def test_a_stopped_phone_is_never_answered(text: str) -> None:
    quiet = step(Phone(stopped=True, waiting=True), text)

    assert quiet.reply is None
    assert quiet.action != "read"
    assert quiet.action == {"They took my sister": "tip", "help": "cry"}.get(text, quiet.action)


@given(
    st.text(),
    st.builds(
        Phone,
        known=st.booleans(),
        lang=st.sampled_from(["st", "en", None]),
        stopped=st.booleans(),
        waiting=st.booleans(),
        receipt=st.booleans(),
    ),
)
def test_any_text_gets_a_step_and_a_template_that_exists(text: str, phone: Phone) -> None:
    taken = step(phone, text)

    assert taken.action in ACTIONS
    assert taken.reply is None or taken.reply in TEMPLATES
    assert taken.reply is None or not phone.stopped or taken.action == "start"


def test_a_long_text_is_a_tip_at_once() -> None:
    assert step(NEW, "help " * 10_000).action == "tip"
    assert step(NEW, "thusa " * 30).action == "cry"
