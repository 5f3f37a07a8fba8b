"""What is wrong is said beside the field, in the reader's language; what was typed is kept; nothing breaks."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from tests import make
from tests.web.reporter import STORY, Reporter, as_read_by, last_tip, tips
from tipline.house import House
from tipline.models import DeskKey
from tipline.web import drafts, report_steps

LONGEST = 64 * 1024


def says(reporter: Reporter, name: str, en: str, st: str) -> None:
    """Hold that the fault stands beside its field, that the summary leads there, and that the field knows."""
    words = st if reporter.lang == "st" else en
    beside = re.search(rf'<p class="wrong" id="w-{name}">(.*?)</p>', reporter.text)
    assert beside, reporter.text
    assert words in beside[1]
    assert f'<a href="#w-{name}">{beside[1]}</a>' in reporter.text
    assert 'role="alert"' in reporter.text
    assert 'aria-invalid="true"' in reporter.text
    assert re.search(rf'aria-describedby="[^"]*w-{name}"', reporter.text)


def test_a_report_that_says_nothing(somebody: Reporter, shared: House) -> None:
    before = tips(shared)
    somebody.begin().walk_to("story").press("next", status=422, story="  \r\n ")
    says(somebody, "story", "Nothing was written yet", "Ha ho letho le ngotsoeng")
    assert tips(shared) == before
    somebody.press("next", category="child").walk_to("check").press("send")
    assert tips(shared) == before + 1


def test_whoever_cannot_write_may_say_that_there_is_danger(somebody: Reporter, shared: House) -> None:
    somebody.begin().press("next", danger="yes").press("next").press("next")
    assert somebody.step == "where"
    somebody.walk_to("check").press("send")
    assert last_tip(shared).priority == "P0"


def test_a_story_that_is_too_long(somebody: Reporter) -> None:
    somebody.begin().walk_to("story")
    for button in ("next", "back", "stay"):  # it cannot be carried along either
        somebody.press(button, status=413, story="a" * (LONGEST + 1))
        says(somebody, "story", "too long", "selelele haholo")
        assert len(somebody.form.fields["story"]) == LONGEST + 1
    somebody.press("next", story="short")
    assert somebody.step == "where"


def test_the_longest_story_arrives_whole(shared_app: Flask, shared: House) -> None:
    story = "š" * (LONGEST // 2)
    reporter = Reporter(shared_app.test_client(), "st").begin().walk_to("story").press("next", story=story)
    reporter.walk_to("check").press("send")
    assert as_read_by(shared, "immigration", last_tip(shared)).text == story


def test_what_no_server_should_read(somebody: Reporter) -> None:
    somebody.begin().walk_to("story").press("next", status=413, story="a" * 600_000)
    assert ("seholo haholo" if somebody.lang == "st" else "too large") in somebody.text


def test_a_number_that_is_none(somebody: Reporter) -> None:
    somebody.begin().walk_to("contact").press("next", status=422, phone="12")
    says(somebody, "phone", "phone number", "nomoro ea mohala")
    assert somebody.form.fields["phone"] == "12"
    somebody.press("back").press("next")
    assert somebody.form.fields["phone"] == "12"
    somebody.press("next", phone="+266 5880 1234")
    assert somebody.step == "check"


@pytest.mark.parametrize("name", ["district", "port"])
def test_a_place_that_is_not_in_the_list(somebody: Reporter, name: str) -> None:
    typed = {name: "atlantis", "where": "Ha Abia"}
    somebody.begin().walk_to("where").press("next", status=422, **typed)
    says(somebody, name, "We do not know this place", "Ha re tsebe sebaka")
    assert somebody.form.fields["where"] == "Ha Abia"
    somebody.press("back", **typed).press("next")
    assert somebody.form.fields["where"] == "Ha Abia"
    assert somebody.press("next").step == "when"


def test_a_kind_that_is_not_in_the_list(somebody: Reporter) -> None:
    somebody.begin().walk_to("story").press("next", status=422, story=STORY, category="nonsense")
    says(somebody, "category", "this kind of report", "mofuta ona")
    assert somebody.form.fields["story"] == STORY


def test_an_office_that_is_not_in_the_list(somebody: Reporter) -> None:
    somebody.begin().walk_to("exclude").press("next", status=422, exclude=["nonsense"])
    says(somebody, "exclude", "no such office", "Ha ho ofisi e joalo")


def test_all_offices_excluded(somebody: Reporter, shared: House) -> None:
    before = tips(shared)
    every = ["immigration", "police", "shelter"]
    somebody.begin().walk_to("exclude").press("next", status=422, exclude=every, exclude_note="Sgt X")
    says(somebody, "exclude", "You can go to a chief, a social worker or a clinic", "ho morena")
    assert f'href="/{somebody.lang}/help"' in somebody.text
    assert somebody.form.fields.getlist("exclude") == ["immigration", "shelter", "police"]
    assert somebody.form.fields["exclude_note"] == "Sgt X"
    somebody.press("skip").walk_to("check")
    forged = drafts.unseal(somebody.form.fields["draft"], shared.keys.forms, shared.clock())
    told = drafts.Answers(story=STORY, exclude=tuple(every))
    somebody.form.fields["draft"] = drafts.seal(drafts.Draft(forged.id, told), shared.keys.forms, shared.clock())
    somebody.press("send", status=422)
    assert somebody.step == "exclude"
    says(somebody, "exclude", "You excluded every office", "U thibetse liofisi")
    assert tips(shared) == before


def test_without_a_desk_key_nothing_is_taken_and_nothing_lost(app: Flask, house: House) -> None:
    reporter = Reporter(app.test_client()).begin().walk_to("check")
    _retire(house, house.clock())
    reporter.press("send", status=503)
    assert reporter.step == "check"
    assert "nearest police station" in reporter.text
    assert STORY in reporter.text
    assert tips(house) == 0
    Reporter(app.test_client()).open().press("start", status=503)
    Reporter(app.test_client()).open("report/short").press("send", status=503, story=STORY)
    _retire(house, None)
    assert reporter.press("send").receipt
    assert tips(house) == 1


def test_without_a_desk_key_the_confirmed_numbers_are_shown(template_var: Path, tmp_path: Path) -> None:
    var = make.copy(template_var, tmp_path / "var")
    (var / "services.toml").write_text('[[service]]\nslug = "police"\nphone = "123"\nverified_on = 2026-11-01\n')
    app = make.app(var)
    _retire(make.house_of(app), datetime(2026, 11, 24, tzinfo=UTC))
    assert 'href="tel:123"' in Reporter(app.test_client()).open().press("start", status=503).text
    reporter = Reporter(app.test_client()).open("report/short").press("send", status=503, story=STORY)
    assert reporter.text.count('href="tel:123"') == 2
    make.house_of(app).database.dispose()


@pytest.mark.parametrize("how", ["old", "forged", "other purpose", "cut", "none", "junk"])
def test_a_page_that_lay_too_long_or_was_changed(somebody: Reporter, shared: House, how: str) -> None:
    before = tips(shared)
    somebody.begin().press("next", danger="no")
    field, now = somebody.form.fields["draft"], shared.clock()
    draft = drafts.unseal(field, shared.keys.forms, now)
    somebody.form.fields["draft"] = {
        "old": drafts.seal(draft, shared.keys.forms, now - timedelta(hours=24, seconds=1)),
        "forged": field[:60] + ("A" if field[60] != "A" else "B") + field[61:],
        "other purpose": drafts.lock_field({"id": draft.id, "said": {}}, shared.keys.forms, "another", now),
        "cut": field[:20],
        "none": "",
        "junk": "š" * 50,
    }[how]
    somebody.press("next", status=422, story=STORY)
    assert somebody.step == "story"
    assert somebody.form.fields["story"] == STORY
    assert ("se ntse se le teng" if somebody.lang == "st" else "what you wrote here is still here") in somebody.text
    somebody.press("next").walk_to("check").press("send")
    assert somebody.receipt
    assert tips(shared) == before + 1


def test_an_old_page_shows_nothing_of_what_it_held(somebody: Reporter, shared: House) -> None:
    somebody.begin().walk_to("check")
    draft = drafts.unseal(somebody.form.fields["draft"], shared.keys.forms, shared.clock())
    somebody.form.fields["draft"] = drafts.seal(draft, shared.keys.forms, shared.clock() - timedelta(hours=25))
    somebody.press("send", status=422)
    assert somebody.step == "story"
    assert STORY not in somebody.text


def test_a_draft_just_within_its_day_still_counts(somebody: Reporter, shared: House) -> None:
    somebody.begin().walk_to("check")
    draft = drafts.unseal(somebody.form.fields["draft"], shared.keys.forms, shared.clock())
    somebody.form.fields["draft"] = drafts.seal(
        draft, shared.keys.forms, shared.clock() - timedelta(hours=23, minutes=59)
    )
    assert somebody.press("send").receipt


def test_the_digits_are_not_shown_again_after_a_day(app: Flask, house: House) -> None:
    reporter = Reporter(app.test_client()).begin().walk_to("check")
    check = reporter.form
    reporter.press("send")
    later = house.clock() + timedelta(hours=25)
    house.clock = lambda: later
    draft = drafts.unseal(check.fields["draft"], house.keys.forms, later - timedelta(hours=25))
    check.fields["draft"] = drafts.seal(draft, house.keys.forms, later)
    reporter.form = check
    reporter.press("send")
    assert 'class="code"' not in reporter.text
    assert "cannot be shown again" in reporter.text
    assert tips(house) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "null"}, 200),
        ({"Origin": "http://localhost"}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "junk"}, 403),
    ],
)
def test_a_form_on_another_site_is_refused(shared_app: Flask, headers: dict[str, str], status: int) -> None:
    client = shared_app.test_client()
    answer = client.post("/en/report", data={"go": "start"}, headers=headers)
    assert answer.status_code == status
    assert ("another website" in answer.text) == (status == 403)
    assert client.post("/st/inbox", data={"receipt": ""}, headers=headers).status_code == (
        403 if status == 403 else 422
    )


WORDS = st.text(max_size=40) | st.sampled_from(["yes", "immigration", "maseru", "58801234", "now", "\0", "\x02a\x03"])
NAMES = [
    "at",
    "go",
    "draft",
    "held",
    "receipt",
    "text",
    *(name for step in report_steps.FIELDS.values() for name in step),
]
STEPS = st.sampled_from([*report_steps.STEPS, "safety", ""])
MOVES = st.sampled_from(["next", "back", "skip", "stay", "send", "start", "say", "check", *report_steps.STEPS])


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fields=st.dictionaries(st.sampled_from(NAMES), st.lists(WORDS, min_size=1, max_size=3)),
    step=STEPS,
    move=MOVES,
    path=st.sampled_from(["report", "report/short", "inbox"]),
    honest=st.booleans(),
)
def test_nothing_that_is_sent_breaks_a_page(
    shared_app: Flask, shared: House, fields: dict[str, list[str]], step: str, move: str, path: str, honest: bool
) -> None:
    if honest:
        said: dict[str, Any] = {
            name: "".join(value) for name, value in fields.items() if name in {"story", "where", "district", "phone"}
        }
        held = drafts.Draft("A" * 22, drafts.Answers(**said))
        fields |= {"draft": [drafts.seal(held, shared.keys.forms, shared.clock())], "at": [step], "go": [move]}
    answer = shared_app.test_client().post(f"/en/{path}", data=fields)
    assert answer.status_code < 500, answer.text
    assert "\x02" not in answer.text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"\xff\xfe\xff=\xff&story=\xff\xff", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"story=" + "Ngoana o ts\u0161oha".encode("utf-16"), "application/x-www-form-urlencoded"),
    ],
)
@pytest.mark.parametrize("path", ["report", "report/short", "inbox"])
def test_a_body_of_another_kind(shared_app: Flask, body: bytes, kind: str, path: str) -> None:
    answer = shared_app.test_client().post(f"/st/{path}", data=body, content_type=kind)
    assert 400 <= answer.status_code < 500
    assert '<html lang="st">' in answer.text


def test_a_locked_field_of_something_else_is_no_draft(shared: House) -> None:
    now = shared.clock()
    other = drafts.lock_field({"digits": "1"}, shared.keys.forms, "receipt that opened a thread", now)
    with pytest.raises(drafts.Lost):
        drafts.unseal(other, shared.keys.forms, now)


def _retire(house: House, when: datetime | None) -> None:
    with house.database.write() as session:
        session.execute(update(DeskKey).values(retired_at=when))
