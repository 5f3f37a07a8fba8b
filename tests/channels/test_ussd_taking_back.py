"""The USSD door: a reporter closes the numbers that open their report, or has what they told destroyed."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from tests import make
from tests.channels.ussd_phone import STORY, TO_STORY, Desk, UssdPhone, receipt_in, tips_of
from tipline import casework
from tipline.house import House
from tipline.models import Entry, Tip

CLOSE, DELETE = ("3", "1"), ("3", "2")
GONE = "END These numbers open nothing. Please check them and dial again."


def reported(app: Flask) -> tuple[UssdPhone, str]:
    """Return a phone that has just reported, its session still open, and its receipt."""
    phone = UssdPhone.at(app)
    return phone, receipt_in(phone.press("2", *TO_STORY, "1", STORY))


def dial(app: Flask, receipt: str, *then: str) -> UssdPhone:
    """Dial from another phone, open a report and press on."""
    phone = UssdPhone.at(app, number="+26662000000")
    phone.press("2", "4", receipt, *then)
    return phone


def only(house: House) -> Tip:
    (tip,) = tips_of(house)
    return tip


def test_numbers_in_wrong_hands_are_closed_and_the_report_stays(any_app: Flask) -> None:
    _, receipt = reported(any_app)
    desk = Desk(any_app)
    asked = dial(any_app, receipt, *CLOSE)
    assert "Your report stays" in asked.send()
    assert "It has arrived" in asked.press("1"), "no leads back"
    closed = dial(any_app, receipt, *CLOSE, "2")
    done = closed.send()
    assert done.startswith("END Done. These numbers open nothing any more.")
    assert closed.send() == done, "the carrier asks twice"
    assert dial(any_app, receipt).send() == GONE
    assert desk.view(only(desk.house)).text == STORY
    assert "receipt_closed" in desk.events(only(desk.house))


def test_what_was_told_is_destroyed_and_no_late_call_tells_it_again(any_app: Flask) -> None:
    first, receipt = reported(any_app)
    desk = Desk(any_app)
    deleted = dial(any_app, receipt, *DELETE, "2")
    done = deleted.send()
    assert done.startswith("END Done. What you told us is destroyed;")
    assert deleted.send() == done
    tip = only(desk.house)
    view = desk.view(tip)
    assert (view.text, tip.withdrawn_at is not None, view.can_text) == (None, True, False)
    assert dial(any_app, receipt).send() == GONE
    assert first.send().startswith("END "), "the call that told the story, once more"
    assert first.press("1").startswith("END ")
    assert first.press("2", "more").startswith("END ")
    assert len(tips_of(desk.house)) == 1


def test_nothing_of_it_is_in_the_files_after_that(app: Flask) -> None:
    _, receipt = reported(app)
    house = make.house_of(app)

    def written() -> bytes:
        return b"".join(one.read_bytes() for one in house.settings.var.glob("tipline.db*"))

    with house.database.read() as session:
        body = session.scalars(select(Entry.body).where(Entry.tip_id == only(house).id)).first()
    assert body
    assert body in written()
    dial(app, receipt, *DELETE, "2").send()
    assert body not in written()


def test_what_the_law_passed_on_stays_and_the_reporter_is_told_so(any_app: Flask) -> None:
    _, receipt = reported(any_app)
    house, police = make.house_of(any_app), make.identity(make.house_of(any_app), "police")
    with house.database.write() as session:
        casework.take(session, casework.hold(session, police, only(house).uid, keys=house.keys, now=house.clock()))
    done = dial(any_app, receipt, *DELETE, "2").send()
    assert "stays with them" in done
    assert Desk(any_app, "police").view(only(house)).text == STORY


def test_in_the_session_that_told_it_too(any_app: Flask) -> None:
    phone, receipt = reported(any_app)
    desk = Desk(any_app)
    done = phone.press("00", "4", receipt, *DELETE, "2")
    assert done.startswith("END Done. What you told us is destroyed;")
    assert phone.send() == done, "the carrier asks twice"
    for late in (["2", *TO_STORY, "1", STORY], [*phone.typed, "1"]):
        phone.typed = late
        assert phone.send().startswith("END ")
    assert desk.view(only(desk.house)).text is None


@pytest.mark.parametrize("lang", ["1", "2"])
def test_a_draft_of_ones_own_outlives_that_another_report_is_taken_back(any_app: Flask, lang: str) -> None:
    _, receipt = reported(any_app)
    desk = Desk(any_app)
    phone = UssdPhone.at(any_app, number="+26662000000")
    phone.press(lang, "1", "1", "2", "2", "00", "4", receipt, *DELETE, "2")
    gone, draft = desk.tips()
    assert (gone.withdrawn_at is not None, draft.withdrawn_at) == (True, None)
    assert desk.view(draft).answers["category"] == "child"
