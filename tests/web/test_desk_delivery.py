"""What became of an answer's texts, in words: at the desk, and on the administrator's page with what they cost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from tests import make
from tests.channels import doors, fake_carrier
from tests.channels.conftest import Clock
from tests.channels.fake_carrier import FakeCarrier
from tests.web import desk
from tipline import costs, outbox
from tipline.house import House
from tipline.models import Entry, OutMessage
from tipline.phones import Phone
from tipline.prices import Money
from tipline.sealing import unlock

PHONE = Phone("+26658801234", "africastalking", "48000")
ONE = "Messages: 1 · segments: 1"
PRICES = "kannel 0.25 LSL 2026-11-01"


@pytest.fixture
def carrier() -> Iterator[FakeCarrier]:
    """Run a fake carrier."""
    with fake_carrier.running() as fake:
        yield fake


@pytest.fixture
def app(var: Path, carrier: FakeCarrier) -> Iterator[Flask]:
    """Give an instance with three carriers and the price of one."""
    settings = fake_carrier.settings_for(carrier, "africastalking,kannel,twilio", TIPLINE_PRICES=PRICES)
    made = make.app(var, **settings)
    make.house_of(made).clock = Clock(make.NOON)
    yield made
    make.house_of(made).database.dispose()


@pytest.fixture
def house(app: Flask) -> House:
    return make.house_of(app)


@pytest.fixture
def tip(app: Flask, house: House) -> str:
    """Answer a tip that came by text."""
    address = desk.tell_by_phone(house, phone=PHONE)
    desk.at(app, "immigration").post(address + "/replies", text="We will come at nine.")
    return address


def deliver(house: House) -> None:
    outbox.deliver(house.database, house.sender, house.keys, house.clock)


def forward(house: House, **by: float) -> None:
    assert isinstance(house.clock, Clock)
    house.clock.forward(**by)


def fate(app: Flask, tip: str, name: str = "immigration") -> str:
    return desk.words(" ".join(re.findall(r'<p class="fate">.*?</p>', desk.at(app, name).get(tip), re.DOTALL)))


def report(app: Flask, house: House, state: str) -> None:
    """Have the newest text's carrier report on it."""
    with house.database.read() as session:
        row = session.scalars(
            select(OutMessage).where(OutMessage.state == "sent").order_by(OutMessage.id.desc())
        ).first()
        assert row is not None
        known = unlock(row.carrier_id_locked or b"", house.keys.outbox, "a carrier's id").decode()
        name = row.carrier or ""
    assert doors.report(app.test_client(), house.settings, name, known, state).status_code == 200


def test_the_desk_sees_who_carried_it_and_who_did_not(app: Flask, house: House, tip: str, carrier: FakeCarrier) -> None:
    carrier.mood["africastalking"] = "no_credit"
    deliver(house)

    assert fate(app, tip) == (
        "A notice that a message waits was sent; whether it arrived is not known yet · "
        "Sent by Kannel, not taken by Africa’s Talking (No credit is left with the carrier)"
    )
    report(app, house, "1")
    assert fate(app, tip).startswith(
        "The phone was told that a message waits; it has not asked for it yet · Sent by Kannel"
    )


def test_it_sees_every_carrier_that_failed_and_who_had_it_sent_again(
    app: Flask, house: House, tip: str, carrier: FakeCarrier
) -> None:
    carrier.mood = {"africastalking": "bad_number", "kannel": "answer 400 no", "twilio": "bad_number"}
    deliver(house)
    assert fate(app, tip) == (
        "It could not be sent · Africa’s Talking (The carrier does not know this number), "
        "Kannel (The carrier refused it), Twilio (The carrier does not know this number)"
    )
    given_up = desk.words(desk.at(app, "admin").get("/desk/carriers"))
    assert "Kannel (The carrier refused it), Twilio (The carrier does not know this number)" in given_up

    carrier.mood = {}
    page = desk.at(app, "immigration").get(tip)
    address = re.search(r'action="([^"]*/again)"', page)
    assert address is not None
    desk.at(app, "immigration").post(address[1])
    deliver(house)

    assert fate(app, tip) == (
        "A notice that a message waits was sent; whether it arrived is not known yet · "
        "Africa’s Talking · Sent again by immigration, 12:00"
    )


def test_silence_is_shown_and_a_person_decides(app: Flask, house: House, tip: str, carrier: FakeCarrier) -> None:
    deliver(house)
    forward(house, hours=24)
    assert fate(app, tip).startswith("Not confirmed: the carrier took the notice")
    said = desk.words(desk.at(app, "admin").get("/desk/carriers"))
    assert "Says whether it arrived Yes Not confirmed, 7 days 1 Price of a segment not known" in said
    assert "Says whether it arrived No Not confirmed, 7 days –" in said
    assert "for 24 hours no word whether it arrived" in said

    page = desk.at(app, "immigration").get(tip)
    address = re.search(r'action="([^"]*/again)"', page)
    assert address is not None
    assert "sent again" in desk.at(app, "immigration").get(
        desk.at(app, "immigration").post(address[1]).headers["Location"]
    )
    deliver(house)
    assert [one.carrier for one in carrier.received] == ["africastalking", "kannel"]
    report(app, house, "1")
    assert fate(app, tip).endswith("Kannel · Sent again by immigration, 12:00")


def test_a_lost_notice_whose_answer_was_read_by_receipt(app: Flask, house: House, tip: str) -> None:
    deliver(house)
    report(app, house, "Failed")
    with house.database.write() as session:
        session.scalars(select(Entry).where(Entry.kind == "reply")).one().read_at = house.clock()
    assert fate(app, tip) == (
        "Read 12:00 The phone could not be reached; the answer waits for 7 days · Africa’s Talking"
    )


def test_what_sending_cost_outlives_the_messages(app: Flask, house: House, tip: str, carrier: FakeCarrier) -> None:
    deliver(house)
    carrier.mood["africastalking"] = "no_credit"
    desk.at(app, "immigration").post(tip + "/replies", text="And bring the papers.")
    deliver(house)
    carrier.mood["kannel"] = "answer 503 no"
    desk.at(app, "immigration").post(tip + "/replies", text="And the child.")
    deliver(house)
    with house.database.write() as session:
        for row in session.scalars(select(OutMessage)):
            session.delete(row)

    said = desk.words(desk.at(app, "admin").get("/desk/carriers"))

    assert f"Africa’s Talking Cost November 2026 {ONE} KES 0.80 All months {ONE} KES 0.80" in said
    assert f"Kannel Cost November 2026 {ONE} LSL 0.25 All months {ONE} LSL 0.25" in said
    assert f"Twilio Cost November 2026 {ONE} not known: 1 All months {ONE} not known: 1" in said
    assert "Price of a segment LSL 0.25 (1 November 2026)" in said
    assert said.count("Price of a segment not known") == 2


def test_the_administrator_sees_who_stood_in(app: Flask, house: House, tip: str, carrier: FakeCarrier) -> None:
    carrier.mood["africastalking"] = "fault"
    deliver(house)
    desk.at(app, "immigration").post(tip + "/replies", text="And bring the papers.")
    deliver(house)

    said = desk.words(desk.at(app, "admin").get("/desk/carriers"))
    assert "Stood in, 7 days: 2 × not taken by Africa’s Talking (A fault at the carrier)" in said


def test_a_reply_inside_twilios_own_call_counts_when_twilio_reports_on_it(app: Flask, house: House) -> None:
    client = app.test_client()
    for state in ("queued", "sent", "delivered"):
        assert doors.report(client, house.settings, "twilio", "SM-of-an-answer", state).status_code == 200
    with house.database.read() as session:
        one = costs.spent(session)["twilio"]["2026-11"]
    assert (one.messages, one.segments, one.unpriced, one.sums) == (1, 1, 1, {})


def test_a_cost_that_the_carrier_named_is_kept_in_its_own_currency(house: House, tip: str) -> None:
    deliver(house)
    with house.database.read() as session:
        assert costs.spent(session)["africastalking"]["2026-11"].sums == {"KES": Money(800_000, "KES")}


def test_an_order_for_a_kind_stands_on_the_page(var: Path, carrier: FakeCarrier) -> None:
    settings = fake_carrier.settings_for(carrier, "africastalking,kannel", TIPLINE_CARRIERS_NOTICE="kannel")
    app = make.app(var, **settings)
    said = desk.words(desk.at(app, "admin").get("/desk/carriers"))
    assert "Notice that a message waits: Kannel" in said
    make.house_of(app).database.dispose()
