"""Twilio's copies are erased there, in both directions; what the others keep cannot be. Nothing is written down."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from sms.copies import CarrierCopies
from sms.gateway import Erases
from sms.providers import failures, load
from tests import make
from tests.channels import doors, fake_carrier
from tests.channels.conftest import Line
from tests.channels.doors import NUMBER
from tests.channels.fake_carrier import FakeCarrier
from tipline import erasure, outbox, retention
from tipline.erasure import BACK_OFF, Erased
from tipline.house import House
from tipline.models import CarrierCopy, OutMessage
from tipline.outbox import Text

INBOUND = "SM" + "ab" * 16
WORDS = "Re bone molaetsa oa hau."


@pytest.fixture
def both(any_app: Flask, carrier: FakeCarrier) -> Iterator[Line]:
    """Give an instance, on SQLite and then on PostgreSQL, that sends by Twilio alone."""
    environ = {"TIPLINE_DATABASE_URL": make.house_of(any_app).settings.database_url}
    var = make.house_of(any_app).settings.var
    made = make.app(var, **fake_carrier.settings_for(carrier, "twilio"), **environ)
    yield Line(made, carrier)
    make.house_of(made).database.dispose()
    if not make.house_of(made).database.is_sqlite:
        make.end_jobs(made)


def erase(line: Line) -> None:
    """Do what the worker does every minute."""
    line.app.extensions["tipline_jobs"].erase()


def send(line: Line, carrier: str = "twilio") -> OutMessage:
    """Send a text; return its row."""
    text = Text(NUMBER, WORDS, carrier)
    with line.house.database.write() as session:
        outbox.promise(session, text, kind="reply", keys=line.house.keys, now=line.clock())
    assert line.deliver() == 1
    return newest(line)


def newest(line: Line) -> OutMessage:
    with line.house.database.read() as session:
        row = session.scalars(select(OutMessage).order_by(OutMessage.id.desc()).limit(1)).one()
        session.expunge(row)
        return row


def waiting(line: Line) -> list[CarrierCopy]:
    with line.house.database.read() as session:
        rows = list(session.scalars(select(CarrierCopy).order_by(CarrierCopy.id)))
        session.expunge_all()
        return rows


def report(line: Line, state: str, sid: str = "") -> TestResponse:
    sid = sid or next(iter(line.carrier.copies))
    return doors.report(line.app.test_client(), line.house.settings, "twilio", sid, state)


def come_in(line: Line) -> None:
    line.carrier.copies[INBOUND] = make.STORY
    assert line.texter("twilio").text(make.STORY, message_id=INBOUND).status_code == 200


class TestWhatWasSent:
    def test_is_blanked_and_deleted_once_it_arrived(self, both: Line) -> None:
        assert send(both).carrier_id_locked is not None
        (sid,) = both.carrier.copies
        erase(both)
        assert both.carrier.told == []  # it is still on its way

        report(both, "delivered")
        erase(both)
        erase(both)

        assert both.carrier.told == [("redact", sid), ("delete", sid)]
        assert both.carrier.copies == {}
        assert newest(both).carrier_id_locked is None
        assert waiting(both) == []

    def test_goes_after_a_day_though_no_report_came(self, both: Line) -> None:
        send(both)
        both.clock.forward(hours=23)
        erase(both)
        assert both.carrier.told == []
        both.clock.forward(hours=1)
        erase(both)
        assert both.carrier.copies == {}
        assert newest(both).carrier_id_locked is None

    def test_a_report_that_comes_late_is_still_heard(self, both: Line) -> None:
        send(both)
        (sid,) = both.carrier.copies
        both.clock.forward(days=1)
        erase(both)
        report(both, "delivered", sid)
        assert newest(both).delivery == "delivered"
        assert waiting(both) == []


class TestWhatCameIn:
    def test_is_erased_after_ten_minutes(self, both: Line) -> None:
        come_in(both)
        erase(both)
        assert INBOUND in both.carrier.copies
        both.clock.forward(minutes=10)
        erase(both)
        assert both.carrier.told == [("redact", INBOUND), ("delete", INBOUND)]
        assert both.carrier.copies == {}
        assert waiting(both) == []

    def test_its_id_is_nowhere_in_the_clear(self, both: Line) -> None:
        come_in(both)
        come_in(both)  # the carrier asks again
        (row,) = waiting(both)
        assert INBOUND.encode() not in (row.locked or b"")
        assert row.locked is not None

    def test_a_carrier_that_erases_nothing_leaves_no_row(self, line: Line) -> None:
        line.texter("africastalking").text(make.STORY)
        line.texter("kannel", "+26658000001").text(make.STORY)
        assert waiting(line) == []

    def test_nothing_is_asked_of_twilio_where_only_the_demo_s_phone_plays_it(self, house: House) -> None:
        request = doors.text(house.settings, "twilio", make.STORY, message_id=INBOUND)
        made = make.app(house.settings.var)
        assert request.send(made.test_client()).status_code == 200
        make.house_of(made).database.dispose()
        with house.database.read() as session:
            assert session.scalars(select(CarrierCopy)).all() == []


class TestAReplyInTheAnswer:
    def test_asks_for_a_report_where_twilio_reaches_us(self, line: Line) -> None:
        address, gateways = "https://tips.example", line.app.extensions["tipline_gateways"]
        assert "statusCallback" not in line.texter("twilio").text("STOP").get_data(as_text=True)
        line.house.settings = replace(line.house.settings, base_url=address)
        gateways["twilio"] = replace(gateways["twilio"], base_url=address)
        answer = line.texter("twilio", "+26658000001").text(make.STORY)
        assert f'<Message statusCallback="{address}/sms/twilio/status">' in answer.get_data(as_text=True)

    @pytest.mark.parametrize(("state", "after"), [("delivered", timedelta(minutes=10)), ("sent", timedelta(days=1))])
    def test_is_erased_when_the_report_names_it(self, state: str, after: timedelta, line: Line) -> None:
        line.carrier.copies["SM-reply"] = WORDS
        report(line, "queued")
        assert waiting(line) == []
        report(line, state)
        line.clock.now += after - timedelta(seconds=1)
        erase(line)
        assert line.carrier.copies
        line.clock.forward(seconds=1)
        erase(line)
        assert line.carrier.copies == {}

    def test_the_others_reports_of_unknown_ids_leave_nothing(self, line: Line) -> None:
        doors.report(line.app.test_client(), line.house.settings, "africastalking", "ATPid_9", "Success")
        doors.report(line.app.test_client(), line.house.settings, "kannel", "k-9", "1")
        assert waiting(line) == []


class TestWhatCannotGoYet:
    @pytest.mark.parametrize("mood", ["incomplete", "fault", "drop"])
    def test_is_tried_again_with_longer_and_longer_pauses(self, mood: str, both: Line) -> None:
        come_in(both)
        both.carrier.mood["twilio"] = mood
        both.clock.forward(minutes=10)
        for tries, wait in enumerate(BACK_OFF, start=1):
            before = len(both.carrier.told)
            erase(both)
            assert len(both.carrier.told) > before
            (row,) = waiting(both)
            assert row.due_at is not None
            assert (row.attempts, row.due_at - both.clock()) == (tries, timedelta(seconds=wait))
            both.clock.forward(seconds=wait - 1)
            erase(both)
            assert waiting(both)[0].attempts == tries
            both.clock.forward(seconds=1)
        both.carrier.mood["twilio"] = "ok"
        erase(both)
        assert both.carrier.copies == {}
        assert waiting(both) == []

    def test_is_given_up_after_two_weeks_and_seen(self, both: Line, caplog: pytest.LogCaptureFixture) -> None:
        come_in(both)
        both.carrier.mood["twilio"] = "incomplete"
        for _ in range(30):
            both.clock.forward(days=1)
            erase(both)
        (row,) = waiting(both)
        assert (row.due_at, row.locked, row.attempts) == (None, None, 14)
        assert [one.getMessage() for one in caplog.records if one.name == "tipline.erasure"] == [
            "a carrier keeps a copy that could not be erased"
        ]
        doctor = both.app.test_cli_runner().invoke(args=["doctor"]).output
        assert "copies at carriers: 1 could not be erased" in doctor

        later = both.clock() + timedelta(days=31)
        retention.forget(both.house.database, both.house.keys, later, keep_numbers=timedelta(days=30))
        assert waiting(both) == []

    def test_a_slow_carrier_is_waited_for_with_nothing_open(self, both: Line, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(failures, "TIMEOUT", (0.2, 0.2))
        come_in(both)
        both.carrier.mood["twilio"] = "silent"
        both.clock.forward(minutes=10)
        copies, wrote = both.app.extensions["tipline_jobs"]._copies, []

        class Watched:
            """Writes while the carrier is being called."""

            def can_erase(self, carrier: str) -> bool:
                return bool(copies.can_erase(carrier))

            def erase(self, carrier: str, carrier_id: str) -> Erased:
                with both.house.database.write() as session:
                    wrote.append(session.scalars(select(CarrierCopy.attempts)).one())
                return Erased(copies.erase(carrier, carrier_id))

        erasure.erase(both.house.database, Watched(), both.house.keys, both.clock)
        assert wrote == [1]  # claimed, and committed
        assert waiting(both)[0].attempts == 1

    def test_what_a_crash_left_claimed_comes_due_again(self, both: Line) -> None:
        come_in(both)
        both.clock.forward(minutes=10)
        assert len(erasure._claim(both.house.database, both.clock())) == 1
        erase(both)
        assert both.carrier.told == []
        both.clock.forward(minutes=10)
        erase(both)
        assert both.carrier.copies == {}

    def test_one_that_is_gone_already_is_done(self, both: Line) -> None:
        come_in(both)
        both.carrier.copies.clear()
        both.clock.forward(minutes=10)
        erase(both)
        assert both.carrier.told == [("redact", INBOUND)]
        assert waiting(both) == []


class TestTheOtherCarriers:
    @pytest.mark.parametrize("name", ["africastalking", "kannel"])
    def test_cannot_and_their_ids_are_blanked_when_they_serve_nothing(self, name: str, line: Line) -> None:
        assert send(line, name).carrier_id_locked is not None
        line.clock.forward(days=1)
        erase(line)
        assert newest(line).carrier_id_locked is None
        assert newest(line).carrier_id_hash is not None
        assert waiting(line) == []
        assert (
            f"{name}: this carrier cannot be told to erase" in line.app.test_cli_runner().invoke(args=["doctor"]).output
        )

    def test_say_so(self, line: Line) -> None:
        gateways = load(line.house.settings)
        copies = CarrierCopies(gateways)
        assert {name: isinstance(one, Erases) for name, one in gateways.items()} == {
            "africastalking": False, "twilio": True, "kannel": False, "console": False,
        }  # fmt: skip
        assert copies.erase("kannel", "k-1") is Erased.CANNOT
        assert copies.erase("not set up just now", "x") is Erased.LATER
        assert copies.can_erase("not set up just now")


@pytest.mark.parametrize("mood", ["ok", "incomplete", "fault", "drop"])
def test_no_id_number_or_word_is_logged(mood: str, line: Line, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    come_in(line)
    line.carrier.mood["twilio"] = mood
    line.clock.forward(minutes=10)
    erase(line)
    assert line.carrier.told
    for said in (INBOUND, NUMBER[1:], make.STORY):
        assert said not in caplog.text
