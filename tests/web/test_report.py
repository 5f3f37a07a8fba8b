"""A report on the web, from the first page to the sixteen digits: both languages, no script, no cookie."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests import make
from tests.web.reporter import STORY, Reporter, as_read_by, key_ids, last_tip, tips
from tipline import routing
from tipline.errors import NotFound
from tipline.house import House
from tipline.models import DeskKey

ANSWERS: dict[str, dict[str, Any]] = {
    "danger": {"danger": "yes"},
    "story": {"story": STORY, "category": "labour"},
    "where": {"district": "maseru", "port": "maseru-bridge", "where": "Ha Abia"},
    "when": {"happening": "week", "child": "yes"},
    "exclude": {"exclude": ["shelter"], "exclude_note": "Sgt Mokete"},
    "contact": {"phone": "5880 1234"},
}


def answer_all(reporter: Reporter) -> Reporter:
    reporter.begin()
    for step, typed in ANSWERS.items():
        assert reporter.step == step
        reporter.press("next", **typed)
        if step == "danger":
            assert reporter.step == "safety"
            reporter.press("next")
    assert reporter.step == "check"
    return reporter


def test_every_answer_reaches_the_desk(somebody: Reporter, shared: House) -> None:
    answer_all(somebody).press("send")
    assert len(somebody.receipt) == 16
    tip = last_tip(shared)
    assert (tip.channel, tip.language, tip.place, tip.category, tip.priority) == (
        "web",
        somebody.lang,
        "maseru-bridge",
        "labour",
        "P0",
    )
    seen = as_read_by(shared, "immigration", tip)
    assert seen.text == STORY
    assert (seen.can_text, tip.content_consent) == (True, False)
    place = "Leliboho la Maseru" if somebody.lang == "st" else "Maseru Bridge"
    assert seen.answers == {
        "danger_now": True,
        "child": True,
        "category": "labour",
        "place": f"{place}: Ha Abia",
        "happening": "week",
        "exclude": ["shelter"],
        "exclude_note": "Sgt Mokete",
    }


def test_everything_but_the_story_can_be_skipped(somebody: Reporter, shared: House) -> None:
    somebody.begin()
    for step in ("danger", "story", "where", "when", "exclude", "contact"):
        assert somebody.step == step
        somebody.press("next" if step == "story" else "skip", **({"story": STORY} if step == "story" else {}))
    somebody.press("send")
    assert somebody.receipt
    seen = as_read_by(shared, "immigration", last_tip(shared))
    assert (seen.text, seen.answers, seen.can_text) == (STORY, {}, False)


@pytest.mark.parametrize(
    ("texts", "text", "consent"),
    [("", True, False), ("none", False, False), ("notice", True, False), ("answer", True, True), ("x", True, False)],
)
def test_how_a_phone_may_be_answered(somebody: Reporter, shared: House, texts: str, text: bool, consent: bool) -> None:
    somebody.begin().walk_to("contact").press("next", phone="5880 1234", texts=texts)
    assert ("5880 1234" in somebody.text) is text
    somebody.press("send")
    tip = last_tip(shared)
    assert (as_read_by(shared, "immigration", tip).can_text, tip.content_consent) == (text, consent)
    told = ("it comes as a text", "e tla e le molaetsa") if consent else ("gets a text", "fumana molaetsa")
    assert any(one in somebody.text for one in told) is text


def test_a_wrong_number_beside_no_texts_stops_nobody(somebody: Reporter) -> None:
    somebody.begin().walk_to("contact").press("next", phone="12", texts="none").press("send")
    assert somebody.receipt


def test_skipping_forgets_what_was_typed_there(shared_app: Flask, shared: House) -> None:
    reporter = Reporter(shared_app.test_client()).begin().walk_to("where")
    reporter.press("skip", district="leribe", where="Ha Molapo").walk_to("check").press("send")
    assert as_read_by(shared, "immigration", last_tip(shared)).answers == {}


def test_before_the_first_question_it_is_said_who_sees_what_and_who_reads_when(somebody: Reporter) -> None:
    page = somebody.open().text
    words = {
        "en": ("phone company", "Immigration, Shelter, Police", "nobody may be on duty", "not an emergency", "*123#"),
        "st": ("K’hamphani", "Bofalli, Setsi sa bolulo, Sepolesa", "mosebetsing", "hase litšebeletso", "32100"),
    }[somebody.lang]
    for part in words:
        assert part in page
    assert f'href="/{somebody.lang}/report/short"' in page


def test_in_danger_the_police_station_stands_first_while_no_number_is_confirmed(somebody: Reporter) -> None:
    page = somebody.begin().press("next", danger="yes")
    assert page.step == "safety"
    assert ("seteisheneng sa mapolesa" if somebody.lang == "st" else "nearest police station") in page.text
    assert "tel:" not in page.text
    assert page.press("next").step == "story"
    assert page.press("back").step == "danger"


def test_in_danger_confirmed_numbers_stand_first(var: Path) -> None:
    (var / "services.toml").write_text('[[service]]\nslug = "police"\nphone = "123"\nverified_on = 2026-11-01\n')
    app = make.app(var)
    reporter = Reporter(app.test_client()).begin().press("next", danger="yes")
    assert reporter.text.index('href="tel:123"') < reporter.text.index("nearest police station")
    reporter.press("next").walk_to("check").press("send")
    assert reporter.text.index('href="tel:123"') < reporter.text.index('class="code"')
    assert 'href="tel:123"' in reporter.open("report/short").text
    make.house_of(app).database.dispose()


def test_back_keeps_every_answer(somebody: Reporter) -> None:
    answer_all(somebody)
    for step, typed in reversed(ANSWERS.items()):
        somebody.press(step)  # "change" beside the answer
        assert somebody.step == step
        for name, value in typed.items():
            wanted = [value] if isinstance(value, str) else value
            assert somebody.form.fields.getlist(name) == wanted, step
        somebody.press("back")
        assert somebody.step == "check"


def test_back_leads_to_the_question_before_and_keeps_what_was_typed_here(somebody: Reporter) -> None:
    somebody.begin().walk_to("where").press("back", where="Ha Thetsane")
    assert somebody.form.fields["story"] == STORY
    somebody.press("next")
    assert somebody.form.fields["where"] == "Ha Thetsane"
    somebody.press("back").press("back")
    assert somebody.step == "danger"
    somebody.press("back", danger="no")
    assert somebody.step == ""  # the page before the first question
    assert somebody.press("start").form.fields["danger"] == "no"


def test_a_change_leads_back_to_the_check(somebody: Reporter) -> None:
    answer_all(somebody).press("when")
    assert somebody.press("next", happening="past").step == "check"
    assert ("Ho se ho etsahetse" if somebody.lang == "st" else "It has happened already") in somebody.text
    assert STORY in somebody.text


def test_the_language_can_change_midway(shared_app: Flask, shared: House) -> None:
    reporter = Reporter(shared_app.test_client(), "st").begin().walk_to("when")
    reporter.press("stay", to="/en/report", happening="now")
    assert reporter.step == "when"
    assert '<html lang="en">' in reporter.text
    assert reporter.form.fields["happening"] == "now"
    reporter.walk_to("check").press("send")
    assert last_tip(shared).language == "en"


def test_the_first_button_of_a_question_leads_on(somebody: Reporter) -> None:
    """Enter presses the first button of a form: it must not be "back"."""
    somebody.begin()
    while somebody.step != "check":
        assert somebody.form.buttons[:2] == ["next", "back"]
        somebody.press("", **({"story": STORY} if somebody.step == "story" else {}))


def test_no_page_is_kept_anywhere_and_none_sets_a_cookie(somebody: Reporter) -> None:
    somebody.begin()
    while True:
        headers = somebody.page.headers
        assert headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in headers
        assert "<title>Lentsoe</title>" in somebody.text
        assert '<a class="leave" href="/exit"' in somebody.text
        assert somebody.text.count("<h1") == 1
        if somebody.step == "check":
            break
        somebody.press("next", **ANSWERS.get(somebody.step, {}))
    somebody.press("send")
    assert somebody.page.headers["Cache-Control"] == "no-store"
    assert somebody.text.count("<h1") == 1


def test_the_story_is_not_remembered_by_the_phone(somebody: Reporter) -> None:
    page = somebody.begin().walk_to("story").text
    assert 'autocomplete="off"' in page
    assert 'spellcheck="false"' in page


def test_a_double_send_is_one_tip_and_shows_the_same_digits(somebody: Reporter, shared: House) -> None:
    answer_all(somebody)
    before, check = tips(shared), somebody.form
    first = somebody.press("send").receipt
    somebody.form = check
    assert somebody.press("send").receipt == first
    assert tips(shared) == before + 1
    assert ("Re ne re se re e fumane" if somebody.lang == "st" else "We had it already") in somebody.text


def test_two_sends_at_once_are_one_tip(shared_app: Flask, shared: House) -> None:
    one = Reporter(shared_app.test_client()).begin().walk_to("check")
    before, digits = tips(shared), []

    def send() -> None:
        other = Reporter(shared_app.test_client())
        other.form = one.form
        digits.append(other.press("send").receipt)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(digits), len(set(digits)), tips(shared)) == (4, 1, before + 1)


def test_an_excluded_desk_holds_no_key(somebody: Reporter, shared: House) -> None:
    somebody.begin().press("next", danger="yes").press("next")
    somebody.press("next", story="A child is beaten at the taxi rank now", category="child").walk_to("exclude")
    somebody.press("next", exclude=["police", "shelter"]).walk_to("check").press("send")
    tip = last_tip(shared)
    assert tip.excluded == ["police", "shelter"]
    assert as_read_by(shared, "immigration", tip).text
    for name in ("police", "shelter"):
        with pytest.raises(NotFound):
            as_read_by(shared, name, tip)
    with shared.database.read() as session:
        desk_of = {key.id: key.desk_id for key in session.scalars(select(DeskKey))}
        mine = {desk_of[key_id] for key_id in key_ids(shared, tip) if key_id in desk_of}
    assert mine == {tip.lead_desk_id}


def test_the_page_offers_the_desks_that_there_are(somebody: Reporter) -> None:
    page = somebody.begin().walk_to("exclude").text
    for desk in routing.seed().desks:
        assert f'name="exclude" value="{desk.slug}"' in page
        assert (desk.name_st if somebody.lang == "st" else desk.name_en) in page


@pytest.mark.parametrize("slug", ["informal", "berea", "sani-pass"])
def test_a_place_is_found_again_with_own_words_beside_it(shared_app: Flask, shared: House, slug: str) -> None:
    field = "district" if slug == "berea" else "port"
    reporter = Reporter(shared_app.test_client()).begin().walk_to("where")
    reporter.press("next", **{field: slug, "where": "behind the clinic"}).walk_to("check").press("send")
    tip = last_tip(shared)
    assert tip.place == slug
    assert str(as_read_by(shared, "immigration", tip).answers["place"]).endswith(": behind the clinic")
