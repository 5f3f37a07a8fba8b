"""On the web: taking a report back, and closing digits that fell into wrong hands; each is asked once more."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from tests import make
from tests.web.desk import words
from tests.web.reporter import Reporter, as_read_by, at_the_desk, last_tip
from tipline import casework, followup
from tipline.house import House
from tipline.models import Event

QUIET = "A man in Maseru pays too little for shop work."


@pytest.fixture
def opened(somebody: Reporter, shared: House) -> Reporter:
    """Return somebody who has opened a quiet report with its digits."""
    receipt = make.told(shared, text=QUIET).receipt
    assert receipt
    return somebody.open("inbox").press("", receipt=receipt)


def happened(house: House) -> list[str]:
    with house.database.read() as session:
        return list(session.scalars(select(Event.kind).where(Event.tip_id == last_tip(house).id).order_by(Event.id)))


def says(reporter: Reporter, en: str, st: str) -> bool:
    return (st if reporter.lang == "st" else en) in words(reporter.text)


def test_it_is_taken_back_after_a_second_question(opened: Reporter, shared: House) -> None:
    opened.press("withdraw", text="half a word")
    assert says(opened, "are destroyed at once", "li hlakoloa hang-hang")
    assert says(opened, "within 35 days", "matsatsi a 35")
    assert not says(opened, "It was passed on already", "E se e fetisitsoe")
    assert (happened(shared), opened.form.fields["text"]) == (["received"], "half a word")
    opened.press("withdraw_yes")
    assert says(opened, "What you told us is destroyed.", "Seo u re boletseng sona se hlakotsoe.")
    assert happened(shared) == ["received", "withdrawn"]
    assert as_read_by(shared, "immigration", last_tip(shared)).text is None
    assert opened.page.headers["Cache-Control"] == "no-store"


def test_whoever_goes_back_has_changed_nothing_and_lost_nothing(opened: Reporter, shared: House) -> None:
    for move in ("withdraw", "close"):
        opened.press(move, text="half a word").press("back")
        assert opened.form.fields["text"] == "half a word"
    assert happened(shared) == ["received"]


def test_what_the_police_have_is_said_before_and_after(opened: Reporter, shared: House) -> None:
    with make.held(shared, at_the_desk(shared, "immigration"), last_tip(shared).id) as (session, case):
        casework.move(session, case, "reported_police")
    opened.press("withdraw")
    assert says(opened, "The police have it.", "Mapolesa a na le eona.")
    opened.press("withdraw_yes")
    assert says(opened, "All that was not passed on is destroyed", "Tsohle tse sa fetisoang li hlakotsoe")
    assert says(opened, "The police have it.", "Mapolesa a na le eona.")
    assert as_read_by(shared, "immigration", last_tip(shared)).text == QUIET


def test_the_digits_are_closed_after_a_second_question(opened: Reporter, shared: House) -> None:
    page = opened.form
    opened.press("close")
    assert says(opened, "They are told that the digits were closed", "Ba tsebisoa hore linomoro li koetsoe")
    opened.press("close_yes")
    assert says(opened, "They open nothing any more.", "Ha li sa bula letho.")
    assert happened(shared) == ["received", "receipt_closed"]
    assert as_read_by(shared, "immigration", last_tip(shared)).text == QUIET
    for move in ("look", "withdraw", "withdraw_yes", "close_yes"):  # a page that stayed open elsewhere
        opened.form = page
        opened.press(move, status=404)
    assert happened(shared) == ["received", "receipt_closed"]


def test_the_digits_themselves_stand_in_none_of_these_pages(somebody: Reporter, shared: House) -> None:
    receipt = make.told(shared, text=QUIET).receipt or ""
    somebody.open("inbox").press("", receipt=receipt)
    for move in ("withdraw", "close", "close_yes"):
        somebody.press(move)
        assert receipt not in "".join(somebody.text.split())


def test_typed_digits_alone_end_nothing(shared_app: Flask, shared: House) -> None:
    receipt = make.told(shared, text=QUIET).receipt or ""
    Reporter(shared_app.test_client()).open("inbox").press("withdraw_yes", receipt=receipt)
    assert "withdrawn" not in happened(shared)
    assert followup.unlock_receipt(receipt, shared.keys).lookup == last_tip(shared).receipt_lookup
