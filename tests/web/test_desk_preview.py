"""An answer as the phone will show it, before it is sent."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests import make
from tests.web.desk import Desk, at, tell, tell_by_phone
from tipline.house import House
from tipline.models import Entry, OutMessage, Tip
from tipline.phones import Phone

ANYBODY = Phone("+26658801234")  # no door of ours
KANNEL = {"KANNEL_SENDSMS_URL": "http://127.0.0.1:1/x", "KANNEL_USERNAME": "u", "KANNEL_PASSWORD": "p"}


@pytest.fixture
def desk(app: Flask) -> Desk:
    """Sign immigration in."""
    return at(app, "immigration")


def test_the_parts_are_shown_and_nothing_is_sent(desk: Desk, house: House) -> None:
    tip = tell_by_phone(house)
    assert 'id="preview"' not in desk.get(tip)
    typed = "Re tšepa hore le hantle. <b>" + "lentsoe le leng " * 12
    page = desk.post(tip + "/replies", 200, text=typed, preview="1").text
    assert "Text messages: 2. So the phone will show it; nothing was sent yet." in page
    assert 'role="alert"' not in page
    preview = page[page.index('id="preview"') :]
    parts = re.findall(r"<li>(.*)</li>", preview[: preview.index("</ol>")])
    assert [html.unescape(part) for part in parts] == house.words.parts(typed)
    assert parts[0].startswith("Re ts&#39;epa hore le hantle. &lt;b&gt;")
    assert f">{html.escape(typed)}</textarea>" in page
    with house.database.read() as session:
        assert session.scalars(select(OutMessage)).all() == []
        assert session.scalars(select(Entry).where(Entry.kind == "reply")).all() == []
    desk.post(tip + "/replies", text=typed)
    assert "about to be told" in desk.get(tip)


@pytest.mark.parametrize("typed", [" ", "a" * 2001])
def test_what_cannot_be_sent_is_refused_there_too(desk: Desk, house: House, typed: str) -> None:
    page = desk.post(tell_by_phone(house) + "/replies", 422, text=typed, preview="1").text
    assert 'id="preview"' not in page


def test_an_answer_that_no_phone_gets_has_none(desk: Desk, house: House) -> None:
    tip = tell(house)
    assert 'name="preview"' not in desk.get(tip)
    assert 'id="preview"' not in desk.post(tip + "/replies", 200, text="We will come.", preview="1").text


PRICES = "console 0.25 LSL 2026-11-01"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "Price not known: The phone in the browser"),
        ({"TIPLINE_PRICES": PRICES}, "Price, the notice included: LSL 0.75 (The phone in the browser)"),
        ({"TIPLINE_CARRIERS": "kannel,console", **KANNEL, "TIPLINE_PRICES": PRICES}, "Price not known: Kannel"),
        (
            {
                "TIPLINE_CARRIERS": "kannel,console", **KANNEL, "TIPLINE_CARRIERS_NOTICE": "console",
                "TIPLINE_PRICES": f"{PRICES}, kannel 0.0079 USD 2026-11-01",
            },
            "Price, the notice included: USD 0.0158 (Kannel), LSL 0.25 (The phone in the browser)",
        ),
    ],
)  # fmt: skip
def test_the_price_is_said_or_said_to_be_unknown(var: Path, settings: dict[str, str], said: str) -> None:
    app = make.app(var, **settings)
    house = make.house_of(app)
    tip = tell_by_phone(house, phone=ANYBODY)
    page = at(app, "immigration").post(tip + "/replies", 200, text="lentsoe le leng " * 15, preview="1").text
    assert said in html.unescape(page)
    house.database.dispose()


def test_who_agreed_to_the_words_themselves_gets_no_notice_to_pay_for(var: Path) -> None:
    app = make.app(var, TIPLINE_PRICES=PRICES)
    house = make.house_of(app)
    tip = tell_by_phone(house, phone=ANYBODY)
    with house.database.write() as session:
        session.execute(update(Tip).values(content_consent=True))
    page = at(app, "immigration").post(tip + "/replies", 200, text="lentsoe le leng " * 15, preview="1").text
    assert "Price: LSL 0.50 (The phone in the browser)" in page
    house.database.dispose()


def test_another_desk_sees_none(app: Flask, house: House) -> None:
    at(app, "shelter").post(tell_by_phone(house) + "/replies", 404, text="x", preview="1")


def test_words_that_give_an_answer_away_are_shown_before_it_leaves(desk: Desk, house: House) -> None:
    tip = tell_by_phone(house)
    typed = "Sepolesa se tla tla. We passed your report on."
    page = desk.post(tip + "/replies", 200, text=typed).text
    assert "This says: Sepolesa, report. Whoever holds the phone can read it." in page
    assert 'id="preview"' in page
    assert "Nothing was sent yet" in page[: page.index('class="head"')]
    with house.database.read() as session:
        assert session.scalars(select(Entry).where(Entry.kind == "reply")).all() == []
    assert "This says" in desk.post(tip + "/replies", 200, text=typed, preview="1", aware="report").text
    assert "This says" in desk.post(tip + "/replies", 200, text=typed, aware="report").text
    desk.post(tip + "/replies", text=typed, aware="Sepolesa|report")
    assert "about to be told" in desk.get(tip)


def test_an_answer_that_no_phone_gets_may_say_them(desk: Desk, house: House) -> None:
    tip = tell(house)
    desk.post(tip + "/replies", text="Sepolesa se tla tla.")
    assert "Waits for the reporter" in desk.get(tip)
