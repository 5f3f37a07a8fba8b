"""Somebody asked to be called: what the desk is shown, to whom the number, and what is kept of a call."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from sms import missed
from tests import make
from tests.web import desk
from tests.web.desk import words
from tipline import callback, followup
from tipline.house import House
from tipline.intake import Report
from tipline.models import Entry, Event, Tip
from tipline.phones import Phone

NUMBER = "+26658801234"
SPOKEN = "+266 5880 1234"


@pytest.fixture
def house(app: Flask) -> House:
    return make.house_of(app)


def rung(house: House, *said: str) -> str:
    """Have a phone ring once and write what it says then; return the tip's address at the desk."""
    with house.database.write() as session:
        call = missed.Call("plain", "1", NUMBER)
        missed.take(
            session, call, keys=house.keys, rules=house.rules, bounds=house.settings.bounds, pace=house.pace,
            now=house.clock(),
        )  # fmt: skip
        tip = session.scalars(select(Tip).order_by(Tip.id.desc())).first()
        assert tip is not None
        for text in said:
            followup.add(session, tip, text, keys=house.keys, now=house.clock())
        return f"/desk/tips/{tip.uid}"


def events(house: House, address: str) -> list[str]:
    with house.database.read() as session:
        tip = select(Tip.id).where(Tip.uid == address.rsplit("/", 1)[1]).scalar_subquery()
        return list(session.scalars(select(Event.kind).where(Event.tip_id == tip).order_by(Event.id)))


def test_the_queue_says_who_waits_and_when_they_can_talk(app: Flask, house: House) -> None:
    rung(house, "ka 18:00, eseng hoseng")
    page = words(desk.at(app, "immigration").get("/desk/?lang=en"))

    assert "P1 Asks to be called; Nothing is known yet: only a call can tell" in page
    assert "Call back: 18:00, NOT in the morning" in page


def test_a_request_without_an_answer_says_so(app: Flask, house: House) -> None:
    address = rung(house)
    somebody = desk.at(app, "immigration")

    assert "Call back Overdue" not in words(somebody.get("/desk/"))
    page = words(somebody.get(address))
    assert "Asks to be called. When is not known yet. Call back" in page
    assert "No words came with it. Nothing is known yet." in page
    assert "A missed call" in page


def test_the_number_is_shown_to_whoever_took_the_tip_when_asked_for_and_that_is_kept(app: Flask, house: House) -> None:
    address = rung(house, "bosiu")
    somebody = desk.at(app, "immigration")
    before = somebody.get(address)
    assert "Take the tip first" in words(before)
    assert "/number" not in before
    somebody.post(f"{address}/number", 409)

    somebody.post(f"{address}/take")
    assert SPOKEN not in somebody.get(address)
    shown = somebody.post(f"{address}/number", 200)
    assert f'href="tel:{NUMBER}"' in shown.text
    assert SPOKEN in shown.text
    assert "no-store" in shown.headers["Cache-Control"]
    assert "as given in the message" not in shown.text
    assert SPOKEN not in somebody.get(address)
    assert "The phone number was looked at, to call it" in words(somebody.get(address))
    assert events(house, address).count("number_shown") == 1


def test_a_colleague_and_another_desk_do_not_get_it(app: Flask, house: House) -> None:
    address = rung(house)
    desk.at(app, "immigration").post(f"{address}/take")

    supervisor = desk.at(app, "supervisor")
    assert NUMBER not in supervisor.post(f"{address}/number", 409).text
    desk.at(app, "police").post(f"{address}/number", 404)
    supervisor.post(f"{address}/calls", 409, result="reached")


def test_of_a_tip_that_asked_for_no_call_it_is_never_shown(app: Flask, house: House) -> None:
    address = desk.tell_by_phone(house)
    somebody = desk.at(app, "immigration")
    somebody.post(f"{address}/take")

    assert "Call back" not in words(somebody.get(address))
    assert desk.PHONE.number not in somebody.post(f"{address}/number", 404).text
    somebody.post(f"{address}/calls", 404, result="reached")
    assert "number_shown" not in events(house, address)


def test_who_wants_no_call_is_not_called(app: Flask, house: House) -> None:
    address = rung(house, "18:00", "CHE")
    somebody = desk.at(app, "immigration")
    somebody.post(f"{address}/take")

    page = words(somebody.get(address))
    assert "They want no call. The number is not shown" in page
    assert NUMBER not in somebody.post(f"{address}/number", 409).text


def test_a_number_that_only_a_message_names_is_marked(app: Flask, house: House) -> None:
    phone = Phone(NUMBER, "kannel", "48000", given=True)
    with house.database.write() as session:
        report = Report("sms", "Please call me 58801234", phone=phone, call_back=True)
        callback.ask(session, None, report, "network", keys=house.keys, rules=house.rules, now=house.clock())
        tip = session.scalars(select(Tip).order_by(Tip.id.desc())).first()
        assert tip is not None
        address = f"/desk/tips/{tip.uid}"
    somebody = desk.at(app, "immigration")
    somebody.post(f"{address}/take")

    assert "The number as given in the message" in words(somebody.post(f"{address}/number", 200).text)


@pytest.mark.parametrize(
    ("result", "said", "waits"),
    [
        ("reached", "Called: Reached", False),
        ("not_reached", "Called: Not reached", True),
        ("wrong_person", "Called: Somebody else answered", False),
    ],
)
def test_what_came_of_a_call_is_kept(result: str, said: str, waits: bool, app: Flask, house: House) -> None:
    address = rung(house)
    somebody = desk.at(app, "immigration")
    somebody.post(f"{address}/take")
    somebody.post(f"{address}/calls", result=result, note="She will write tomorrow")

    page = words(somebody.get(f"{address}?done=called"))
    assert "What came of the call is kept." in page
    assert said in page
    assert "She will write tomorrow" in page
    assert ("Asks to be called. When" in page) == waits
    assert ("call_back_asked" in desk.tip_at(house, address).reasons) == waits
    with house.database.read() as session:
        assert not any(b"tomorrow" in body for body in session.scalars(select(Entry.body)))


def test_without_a_result_nothing_is_kept_and_the_note_stays_in_the_form(app: Flask, house: House) -> None:
    address = rung(house)
    somebody = desk.at(app, "immigration")
    somebody.post(f"{address}/take")

    page = somebody.post(f"{address}/calls", 422, note="typed words").text
    assert "Choose what came of the call." in words(page)
    assert "typed words" in page
    assert "called" not in events(house, address)


def test_who_was_called_can_ask_again(app: Flask, house: House) -> None:
    address = rung(house)
    somebody = desk.at(app, "immigration")
    somebody.post(f"{address}/take")
    somebody.post(f"{address}/calls", result="reached")
    with house.database.write() as session:
        call = missed.Call("plain", "2", NUMBER)
        assert missed.take(
            session, call, keys=house.keys, rules=house.rules, bounds=house.settings.bounds, pace=house.pace,
            now=house.clock(),
        )  # fmt: skip

    assert desk.tip_at(house, address).reasons[0] == "call_back_asked"
    assert "(2 times)" in words(somebody.get(address))


def test_what_was_said_before_the_hour_stands_beside_it_and_so_does_the_last_call(app: Flask, house: House) -> None:
    address = rung(house, "Saturday morning, not when my boss is here", "Who are you", "Saturday 10:00")
    somebody = desk.at(app, "immigration")
    somebody.post(f"{address}/take")
    somebody.post(f"{address}/calls", result="not_reached")

    page = words(somebody.get(address))
    assert "In their words Saturday morning, not when my boss is here Saturday 10:00" in page
    assert "Call when they can talk, not before, however urgent this is." in page
    assert "Last call Not reached, " in page


def test_what_was_said_before_a_no_does_not_count_any_more(app: Flask, house: House) -> None:
    address = rung(house, "18:00", "NO", "19:00")

    assert "In their words 19:00 " in words(desk.at(app, "immigration").get(address))


def test_a_call_that_is_no_longer_wanted_is_not_offered(app: Flask, house: House) -> None:
    address = rung(house, "18:00", "NO")
    somebody = desk.at(app, "immigration")
    somebody.post(f"{address}/take")

    queue = words(somebody.get("/desk/"))
    assert "Wants no call" in queue
    assert "Asks to be called" not in queue
    assert "Call back" not in queue
    page = words(somebody.get(address))
    assert "Asked to be called, and then said that they want no call." in page
    assert "Asks to be called. Can talk" not in page
    assert "Show the number" not in page
