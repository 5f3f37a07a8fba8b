"""Which carrier a reply leaves by, and what happens when it does not take it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sms import providers
from sms.providers import failures
from sms.sender import FAILURES, REST, CarrierSender, SmsWords
from tests import make
from tests.channels import fake_carrier
from tests.channels.conftest import Clock
from tests.channels.fake_carrier import FakeCarrier
from tipline import settings
from tipline.outbox import SendFailed, Text

NUMBER = "+26658123456"
ORDER = ("africastalking", "twilio", "kannel")


@pytest.fixture
def clock() -> Clock:
    return Clock(make.NOON)


@pytest.fixture
def sender(var: Path, carrier: FakeCarrier, clock: Clock) -> CarrierSender:
    told = settings.load({"TIPLINE_VAR": str(var), **fake_carrier.settings_for(carrier, ",".join(ORDER))})
    return CarrierSender(providers.load(told), told.carriers, clock)


def text(carrier: str = "", ours: str = "") -> Text:
    return Text(NUMBER, "Re bone molaetsa oa hau.", carrier, ours)


def test_the_first_of_the_order_sends(sender: CarrierSender, carrier: FakeCarrier) -> None:
    assert sender.send(text()).carrier == "africastalking"


@pytest.mark.parametrize("door", ORDER)
def test_a_reply_leaves_by_the_door_and_number_last_written_to(
    door: str, sender: CarrierSender, carrier: FakeCarrier
) -> None:
    assert sender.send(text(door, "48111")).carrier == door
    assert carrier.last_of(door).sender == "48111"


def test_a_door_that_does_not_send_is_stood_in_for(sender: CarrierSender, carrier: FakeCarrier) -> None:
    assert sender.send(text("console", "48111")).carrier == "africastalking"
    assert carrier.last_of("africastalking").sender == ""  # 48111 is a number of the other door


@pytest.mark.parametrize("mood", ["fault", "no_credit", "bad_number", "empty", "not_authorised"])
def test_the_next_carrier_is_tried(mood: str, sender: CarrierSender, carrier: FakeCarrier) -> None:
    carrier.mood["africastalking"] = mood

    sent = sender.send(text("africastalking", "48111"))

    assert sent.carrier == "twilio"
    assert carrier.last_of("twilio").sender == "+15005550006"


def test_all_down_says_what_the_first_said(sender: CarrierSender, carrier: FakeCarrier) -> None:
    carrier.mood = {"africastalking": "no_credit", "twilio": "bad_number", "kannel": "fault"}

    with pytest.raises(SendFailed) as raised:
        sender.send(text())

    assert (raised.value.code, raised.value.carrier) == ("no_credit", "africastalking")
    assert not raised.value.final  # one of them may take it later


def test_all_sure_that_it_is_useless(sender: CarrierSender, carrier: FakeCarrier) -> None:
    carrier.mood = dict.fromkeys(ORDER, "bad_number")

    with pytest.raises(SendFailed) as raised:
        sender.send(text())

    assert raised.value.final


def test_what_may_have_been_taken_does_not_arrive_twice(
    sender: CarrierSender, carrier: FakeCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "TIMEOUT", (0.5, 0.2))
    carrier.mood["africastalking"] = "silent"

    with pytest.raises(SendFailed) as raised:
        sender.send(text())

    assert raised.value.unsure
    assert carrier.received == []


def test_who_said_stop_to_a_carrier_is_not_written_to_by_another(sender: CarrierSender, carrier: FakeCarrier) -> None:
    carrier.mood["africastalking"] = "opted_out"

    with pytest.raises(SendFailed, match="opted_out"):
        sender.send(text())

    assert carrier.received == []


def test_without_a_carrier_nothing_is_sent() -> None:
    with pytest.raises(SendFailed, match="no_carrier") as raised:
        CarrierSender({}, (), Clock(make.NOON)).send(text())

    assert not raised.value.final


def test_the_words_of_an_answer() -> None:
    words = SmsWords()

    assert words.notice("st") == "U na le molaetsa. Araba ka 1 ho o bala mona."
    assert words.notice("en") == "You have a message. Reply 1 to read it here."
    assert words.parts("Motšeanong") == ["Mots'eanong"]
    assert len(words.parts("lengolo le letelele haholo " * 10)) == 2


class TestACarrierThatKeepsFailing:
    @pytest.fixture(autouse=True)
    def _failing(self, sender: CarrierSender, carrier: FakeCarrier) -> None:
        carrier.mood["africastalking"] = "fault"
        for _ in range(FAILURES):
            assert sender.send(text()).carrier == "twilio"
        carrier.mood = {}

    def test_is_passed_over_for_a_while(self, sender: CarrierSender, carrier: FakeCarrier, clock: Clock) -> None:
        clock.forward(seconds=REST.total_seconds() - 1)

        assert sender.send(text()).carrier == "twilio"
        assert sender.send(text("africastalking", "48111")).carrier == "twilio"
        assert "africastalking" not in {one.carrier for one in carrier.received}

    def test_is_tried_again_and_used_again(self, sender: CarrierSender, clock: Clock) -> None:
        clock.forward(seconds=REST.total_seconds())

        assert [sender.send(text()).carrier for _ in range(2)] == ["africastalking"] * 2

    def test_that_fails_the_one_try_rests_again(
        self, sender: CarrierSender, carrier: FakeCarrier, clock: Clock
    ) -> None:
        clock.forward(seconds=REST.total_seconds())
        carrier.mood["africastalking"] = "fault"
        assert sender.send(text()).carrier == "twilio"
        carrier.mood = {}

        assert sender.send(text()).carrier == "twilio"
        clock.forward(seconds=REST.total_seconds())
        assert sender.send(text()).carrier == "africastalking"

    def test_has_its_failures_counted_anew_after_a_success(
        self, sender: CarrierSender, carrier: FakeCarrier, clock: Clock
    ) -> None:
        clock.forward(seconds=REST.total_seconds())
        assert sender.send(text()).carrier == "africastalking"
        carrier.mood["africastalking"] = "fault"
        for _ in range(FAILURES - 1):
            sender.send(text())
        carrier.mood = {}

        assert sender.send(text()).carrier == "africastalking"

    def test_is_known_by_its_last_word_where_all_rest(self, sender: CarrierSender, carrier: FakeCarrier) -> None:
        carrier.mood = {"twilio": "no_credit", "kannel": "fault"}
        for _ in range(FAILURES):
            with pytest.raises(SendFailed):
                sender.send(text())
        carrier.mood = {}

        with pytest.raises(SendFailed, match="carrier_fault") as raised:
            sender.send(text("twilio"))
        assert (raised.value.carrier, raised.value.final) == ("twilio", False)
        assert carrier.received[FAILURES:] == []

    def test_may_still_be_tested(self, sender: CarrierSender, carrier: FakeCarrier) -> None:
        assert list(sender.test(NUMBER, "en")) == [(name, "") for name in ORDER]
        assert carrier.texts(NUMBER)[-3:] == ["This is a test message. There is nothing you need to do."] * 3


def test_a_silent_carrier_rests_too(
    sender: CarrierSender, carrier: FakeCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "TIMEOUT", (0.5, 0.05))
    carrier.mood["africastalking"] = "silent"
    for _ in range(FAILURES):
        with pytest.raises(SendFailed, match="no_answer"):
            sender.send(text())

    assert sender.send(text()).carrier == "twilio"


@pytest.mark.parametrize("mood", ["bad_number", "opted_out"])
def test_what_is_about_one_number_says_nothing_of_the_carrier(
    mood: str, sender: CarrierSender, carrier: FakeCarrier
) -> None:
    carrier.mood = dict.fromkeys(ORDER, mood)
    for _ in range(2 * FAILURES):
        with pytest.raises(SendFailed):
            sender.send(text())
    carrier.mood = {}

    assert sender.send(text()).carrier == "africastalking"


def test_a_resting_carrier_is_in_the_log_without_a_number(
    sender: CarrierSender, carrier: FakeCarrier, caplog: pytest.LogCaptureFixture
) -> None:
    carrier.mood["africastalking"] = "no_credit"
    for _ in range(FAILURES):
        sender.send(text())

    assert "a carrier rests" in caplog.text
    assert NUMBER[4:] not in caplog.text
