"""The administrator's page of the carriers: its counts, its words, trying again, and that nobody else gets in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests import make
from tests.web import desk
from tipline import delivery, outbox
from tipline.delivery import Count
from tipline.fates import Reports
from tipline.house import House
from tipline.models import Event, OutMessage
from tipline.outbox import KEEP_HELD, KEEP_TRYING, Text
from tipline.web import words

PAGE = "/desk/carriers"
NAMES = ("africastalking", "twilio", "kannel")


@pytest.fixture
def three(var: Path) -> Iterator[Flask]:
    """Give an instance with three carriers."""
    made = make.app(
        var, TIPLINE_CARRIERS=",".join(NAMES), TWILIO_FROM="+15005550006", AFRICASTALKING_USERNAME="u",
        AFRICASTALKING_API_KEY="k", KANNEL_SENDSMS_URL="http://127.0.0.1:1/x", KANNEL_USERNAME="u", KANNEL_PASSWORD="p",
    )  # fmt: skip
    yield made
    make.house_of(made).database.dispose()


def message(house: House, state: str = "dead", ago: timedelta = timedelta(minutes=5), **values: Any) -> int:
    """Keep an outgoing message as the worker left it some time ago; return its row's number."""
    at = house.clock() - ago
    with house.database.write() as session:
        held = state == outbox.HELD
        text = Text("+26658123456", "a text that nobody sees")
        tip_id = values.pop("tip_id", None)
        number = outbox.promise(
            session, text, kind=values.pop("kind", "notice"), keys=house.keys, now=at, held=held, tip_id=tip_id
        )
        row = session.get_one(OutMessage, number)
        row.state = state
        for name, value in values.items():
            setattr(row, name, value)
    return number


def test_how_each_carrier_did_in_a_day_and_a_week(any_house: House) -> None:
    house, now = any_house, make.NOON
    house.clock = lambda: now
    for ago, reported in ((1, "delivered"), (2, "sent"), (3, "undelivered"), (47, "delivered"), (24 * 8, "delivered")):
        message(house, "sent", timedelta(hours=ago), carrier="kannel", delivery=reported)
    message(house, "dead", timedelta(hours=4), carrier="kannel", failure="bad_number", delivery="failed")
    message(house, "dead", timedelta(hours=50), carrier="kannel", failure="no_credit", delivery="failed")
    message(house, "waiting", timedelta(minutes=1), carrier="twilio", failure="unreachable")
    message(house, "waiting", timedelta(minutes=1))
    message(house, "expired", timedelta(minutes=1), failure="stopped")
    message(house, "sent", timedelta(hours=1), carrier="gone")

    with house.database.read() as session:
        found = delivery.health(session, NAMES, now, Reports())

    kannel, twilio, untried = found["kannel"], found["twilio"], found["africastalking"]
    assert (kannel.day, kannel.week) == (Count(3, 1, 2), Count(4, 2, 3))
    assert kannel.last_success == now - timedelta(hours=1)
    assert (kannel.last_failure, kannel.failure) == (now - timedelta(hours=3), "undelivered")
    assert (twilio.day, twilio.failure) == (Count(), "unreachable")
    assert untried == delivery.Health()


def test_what_has_not_left(any_house: House) -> None:
    house, now = any_house, make.NOON
    house.clock = lambda: now
    with house.database.read() as session:
        assert delivery.queue(session) == delivery.Queue(0, None, 0, 0)
    message(house, "waiting", timedelta(days=3), expires_at=now - timedelta(hours=2) + KEEP_TRYING)  # released just now
    message(house, "sending", timedelta(minutes=9))
    message(house, "held", timedelta(days=1), expires_at=now + KEEP_HELD)
    message(house, "dead")
    message(house, "sent")

    with house.database.read() as session:
        queue = delivery.queue(session)
    assert (queue.waiting, queue.held, queue.dead) == (2, 1, 1)
    assert queue.oldest == now - timedelta(hours=2)


def test_no_look_is_without_bound(any_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "MOST", 3)
    monkeypatch.setattr(delivery, "SHOWN", 2)
    for _ in range(5):
        message(any_house, "waiting")
        message(any_house, "sent", carrier="kannel", delivery="sent")
        message(any_house, "dead", carrier="kannel", failure="no_credit")

    with any_house.database.read() as session:
        queue = delivery.queue(session)
        assert (queue.waiting, queue.dead) == (3, 3)
        assert delivery.health(session, NAMES, any_house.clock(), Reports())["kannel"].week == Count(3, 0, 3)
        assert len(delivery.dead_ones(session)) == 2


def test_the_page_says_it_in_words(three: Flask) -> None:
    house = make.house_of(three)
    message(house, "sent", timedelta(hours=1), carrier="kannel", delivery="delivered")
    message(house, "waiting", timedelta(hours=5))
    number = message(house, "dead", timedelta(hours=3), kind="answer", carrier="twilio", failure="no_credit")
    gone = message(house, "dead", timedelta(days=6), carrier="kannel", failure="bad_number", payload=None)

    page = desk.at(three, "admin").get(PAGE)
    said = desk.words(page)
    names = [said.index(name) for name in ("Africa’s Talking", "Twilio Sent", "Kannel Sent")]
    assert names == sorted(names)
    assert "Last failure " in said
    assert ": No credit is left with the carrier" in said
    assert f"Answer {number} No credit is left with the carrier · Twilio 3 h ago Try again {number}" in said
    assert f"Notice that a message waits {gone}" in said
    assert "Its words are gone" in said
    assert f"{PAGE}/{gone}/again" not in page
    assert "The oldest of them has waited 5 h" in said
    assert said.count("Says whether it arrived Yes") == 2  # Twilio cannot reach an address that is not public
    assert "8123456" not in page
    assert "nobody sees" not in page
    assert page.count("<script") == 1, "the desk’s own"


def test_a_carrier_that_says_nothing_of_delivery(app: Flask) -> None:
    said = desk.words(desk.at(app, "admin").get(PAGE))
    assert "The phone in the browser" in said
    assert "Says whether it arrived No" in said
    assert "Messages that were given up None." in said


def test_a_dead_message_is_tried_again(three: Flask) -> None:
    house = make.house_of(three)
    tip = make.told(house)
    number = message(house, tip_id=tip.tip_id, failure="no_credit", attempts=11)
    woken: list[bool] = []
    house.wake = lambda: woken.append(True)
    admin = desk.at(three, "admin")

    answer = admin.post(f"{PAGE}/{number}/again")

    assert answer.headers["Location"] == f"{PAGE}?done=again"
    assert woken == [True]
    with house.database.read() as session:
        row = session.get_one(OutMessage, number)
        assert (row.state, row.attempts) == ("waiting", 0)
        events = session.scalars(select(Event.kind).where(Event.tip_id == tip.tip_id)).all()
        assert "sent_again" in events
    assert "The message is sent again." in admin.get(f"{PAGE}?done=again")
    for again in (number, 999_999, 2**62):
        admin.post(f"{PAGE}/{again}/again", 404)
    assert woken == [True]


@pytest.mark.parametrize("name", ["immigration", "supervisor", "trainer", "editor", "donor"])
def test_nobody_else_sees_it(name: str, app: Flask) -> None:
    number = message(make.house_of(app))
    somebody = desk.at(app, name)
    assert "Given up" not in somebody.get(PAGE, 403)
    somebody.post(f"{PAGE}/{number}/again", 403)
    assert PAGE not in somebody.get("/desk/account")


def test_it_is_found_from_every_page_of_an_administrator(app: Flask) -> None:
    admin = desk.at(app, "admin")
    assert f'href="{PAGE}"' in admin.get("/desk/account")
    assert admin.get("/desk/people").count(f'href="{PAGE}"') == 2


def test_every_failure_that_a_carrier_may_name_has_words() -> None:
    written = [path.read_text(encoding="utf-8") for path in sorted((make.ROOT / "sms").rglob("*.py"))]
    named = {code for text in written for code in re.findall(r'SendFailed\(\s*"([a-z_]+)"', text)}
    named |= {code for text in written for code in re.findall(r'\("([a-z_]+)", (?:True|False)\)', text)}
    assert len(named) >= 12
    assert named <= set(words.FAILURES)
