"""The short form: all questions on one page, one round trip, the same report."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from tests.web.reporter import STORY, Reporter, as_read_by, last_tip, tips
from tipline.house import House
from tipline.web import drafts

ALL: dict[str, Any] = {
    "story": STORY,
    "danger": "no",
    "category": "domestic",
    "district": "leribe",
    "port": "peka-bridge",
    "where": "Ha Molapo",
    "happening": "today",
    "child": "no",
    "exclude": ["police"],
    "exclude_note": "Sgt Mokete",
    "phone": "58801234",
}


def opened(page: str) -> list[str]:
    """Return the headings of the parts that stand open."""
    return re.findall(r"<details open><summary>(.*?)</summary>", page)


def test_everything_on_one_page_reaches_the_desk(somebody: Reporter, shared: House) -> None:
    somebody.open("report/short").press("send", **ALL)
    assert somebody.receipt
    tip = last_tip(shared)
    seen = as_read_by(shared, "immigration", tip)
    assert (seen.text, tip.place, tip.category, seen.can_text) == (STORY, "peka-bridge", "domestic", True)
    assert seen.answers["exclude"] == ["police"]
    assert seen.answers["exclude_note"] == "Sgt Mokete"
    assert (seen.answers["danger_now"], seen.answers["child"]) == (False, False)


def test_the_story_alone_is_enough(somebody: Reporter, shared: House) -> None:
    somebody.open("report/short")
    assert opened(somebody.text) == []
    somebody.press("send", story=STORY)
    assert as_read_by(shared, "immigration", last_tip(shared)).answers == {}


def test_saying_nothing_is_no_report(somebody: Reporter, shared: House) -> None:
    before = tips(shared)
    somebody.open("report/short").press("send", status=422, danger="no", phone="58801234")
    assert 'id="w-story"' in somebody.text
    assert somebody.press("send", child="yes").receipt
    assert tips(shared) == before + 1


def test_what_is_wrong_stands_open_and_all_that_was_typed_is_kept(somebody: Reporter, shared: House) -> None:
    before = tips(shared)
    wrong = {"phone": "12", "district": "atlantis", "exclude": ["police", "immigration", "shelter"]}
    somebody.open("report/short").press("send", status=422, **{**ALL, **wrong})
    assert set(re.findall(r'id="w-(\w+)"', somebody.text)) == {"phone", "district", "exclude"}
    assert len(opened(somebody.text)) == 5
    for name, value in ALL.items():
        if name not in wrong:
            assert somebody.form.fields[name] == value, name
    assert somebody.form.fields["phone"] == "12"
    somebody.press("send", phone="", exclude=["police"], district="leribe")
    assert somebody.receipt
    assert tips(shared) == before + 1


def test_a_story_that_is_too_long(somebody: Reporter) -> None:
    somebody.open("report/short").press("send", status=413, story="a" * (64 * 1024 + 1))
    assert 'id="w-story"' in somebody.text
    assert len(somebody.form.fields["story"]) == 64 * 1024 + 1


def test_a_double_send_is_one_tip(somebody: Reporter, shared: House) -> None:
    before = tips(shared)
    page = somebody.open("report/short").form
    first = somebody.press("send", **ALL).receipt
    somebody.form = page
    assert somebody.press("send", **ALL).receipt == first
    assert tips(shared) == before + 1


@pytest.mark.parametrize("how", ["old", "forged", "none"])
def test_a_page_that_lay_too_long_loses_nothing(somebody: Reporter, shared: House, how: str) -> None:
    somebody.open("report/short")
    field, now = somebody.form.fields["draft"], shared.clock()
    draft = drafts.unseal(field, shared.keys.forms, now)
    old = drafts.seal(draft, shared.keys.forms, now - timedelta(days=2))
    somebody.form.fields["draft"] = {"old": old, "forged": field[:-8] + "AAAAAAA=", "none": ""}[how]
    somebody.press("send", status=422, **ALL)
    for name, value in ALL.items():
        wanted = [value] if isinstance(value, str) else value
        assert somebody.form.fields.getlist(name) == wanted, name
    assert somebody.press("send").receipt


def test_the_language_can_change_midway(shared_app: Flask) -> None:
    reporter = Reporter(shared_app.test_client(), "st").open("report/short")
    reporter.press("stay", to="/en/report/short", **ALL)
    assert '<html lang="en">' in reporter.text
    assert reporter.form.fields["where"] == "Ha Molapo"
