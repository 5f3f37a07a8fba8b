"""Which carrier is asked first for which kind of message, who stood in for whom, and what it cost."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from sms import providers
from sms.providers import failures
from sms.sender import CarrierSender
from tests import make
from tests.channels import fake_carrier
from tests.channels.conftest import Clock
from tests.channels.fake_carrier import FakeCarrier
from tipline import settings
from tipline.outbox import SendFailed, Text
from tipline.prices import Money
from tipline.settings import KINDS

NUMBER = "+26658123456"
ORDER = ("africastalking", "twilio", "kannel")


def sender(var: Path, carrier: FakeCarrier, **more: str) -> CarrierSender:
    """Return a sender as ``app`` puts it together."""
    told = settings.load({"TIPLINE_VAR": str(var), **fake_carrier.settings_for(carrier, ",".join(ORDER)), **more})
    clock = Clock(make.NOON)
    return CarrierSender(
        providers.load(told), told.carriers, clock, by_kind=told.carriers_by_kind, prices=told.prices
    )  # fmt: skip


def text(kind: str = "notice", carrier: str = "", words: str = "en", asked_last: str = "") -> Text:
    return Text(NUMBER, words, carrier, "", kind, asked_last)


class TestAnOrderForAKind:
    @pytest.fixture
    def choosy(self, var: Path, carrier: FakeCarrier) -> CarrierSender:
        return sender(var, carrier, TIPLINE_CARRIERS_NOTICE="kannel,twilio", TIPLINE_CARRIERS_ANSWER="twilio")

    def test_is_followed_for_that_kind_alone(self, choosy: CarrierSender) -> None:
        took = {kind: choosy.send(text(kind)).carrier for kind in (*KINDS, "a kind of next year")}

        assert took == {
            "reply": "africastalking", "notice": "kannel", "answer": "twilio", "alert": "africastalking",
            "a kind of next year": "africastalking",
        }  # fmt: skip

    def test_the_door_leads_where_it_sends_this_kind(self, choosy: CarrierSender) -> None:
        assert choosy.send(text("notice", "twilio")).carrier == "twilio"
        assert choosy.send(text("notice", "africastalking")).carrier == "kannel"
        assert choosy.send(text("reply", "kannel")).carrier == "kannel"

    def test_is_gone_through_to_its_end_and_no_further(self, choosy: CarrierSender, carrier: FakeCarrier) -> None:
        carrier.mood = {"kannel": "fault"}
        assert choosy.send(text("notice")).carrier == "twilio"
        carrier.mood = {"kannel": "fault", "twilio": "fault"}
        with pytest.raises(SendFailed) as raised:
            choosy.send(text("notice"))

        assert raised.value.tried == (("kannel", "carrier_fault"), ("twilio", "carrier_fault"))
        assert "africastalking" not in {one.carrier for one in carrier.received}


class TestWhoStoodIn:
    def test_is_told_with_what_the_others_said(self, var: Path, carrier: FakeCarrier) -> None:
        carrier.mood = {"africastalking": "no_credit", "twilio": "bad_sender"}

        sent = sender(var, carrier).send(text())

        assert sent.carrier == "kannel"
        assert sent.tried == (("africastalking", "no_credit"), ("twilio", "bad_sender"))

    def test_nobody_had_to(self, var: Path, carrier: FakeCarrier) -> None:
        assert sender(var, carrier).send(text()).tried == ()

    def test_silence_before_anything_was_sent_is_a_refusal(self, var: Path, carrier: FakeCarrier) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
            sent = sender(var, carrier, AFRICASTALKING_API_URL=nobody, TWILIO_API_URL=nobody).send(text())

        assert (sent.carrier, sent.tried) == (
            "kannel", (("africastalking", "unreachable"), ("twilio", "unreachable")),
        )  # fmt: skip

    def test_silence_after_that_is_none(self, var: Path, carrier: FakeCarrier, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(failures, "TIMEOUT", (0.5, 0.2))
        carrier.mood = {"africastalking": "fault", "twilio": "silent"}

        with pytest.raises(SendFailed) as raised:
            sender(var, carrier).send(text())

        assert (raised.value.code, raised.value.carrier, raised.value.unsure) == ("no_answer", "twilio", True)
        assert raised.value.tried == (("africastalking", "carrier_fault"), ("twilio", "no_answer"))
        assert carrier.received == []

    def test_a_carrier_that_was_silent_before_is_asked_last(self, var: Path, carrier: FakeCarrier) -> None:
        ours = sender(var, carrier)
        assert ours.send(text("notice", "africastalking", asked_last="africastalking")).carrier == "twilio"
        carrier.mood = {"twilio": "fault", "kannel": "fault"}
        assert ours.send(text("notice", "africastalking", asked_last="africastalking")).carrier == "africastalking"


class TestWhatItCost:
    PRICES = "twilio 0.0079 USD 2026-11-01, kannel 0.25 LSL 2026-11-01, africastalking 9 LSL 2026-11-01"

    def test_what_the_carrier_says_counts(self, var: Path, carrier: FakeCarrier) -> None:
        sent = sender(var, carrier, TIPLINE_PRICES=self.PRICES).send(text(carrier="africastalking"))
        assert (sent.segments, sent.cost) == (1, Money(800_000, "KES"))

    def test_twilio_names_its_price_as_a_debit(self, var: Path, carrier: FakeCarrier) -> None:
        carrier.mood = {"twilio": "priced"}
        sent = sender(var, carrier, TIPLINE_PRICES=self.PRICES).send(text(carrier="twilio"))
        assert sent.cost == Money(75_000, "USD")

    @pytest.mark.parametrize(
        ("name", "words", "segments", "cost"),
        [
            ("twilio", "x", 1, Money(7_900, "USD")),
            ("kannel", "x" * 160, 1, Money(250_000, "LSL")),
            ("kannel", "x" * 161, 2, Money(500_000, "LSL")),
            ("kannel", "š" * 71, 2, Money(500_000, "LSL")),
        ],
    )
    def test_else_every_segment_at_the_price_that_is_written_down(
        self, name: str, words: str, segments: int, cost: Money, var: Path, carrier: FakeCarrier
    ) -> None:
        sent = sender(var, carrier, TIPLINE_PRICES=self.PRICES).send(text(carrier=name, words=words))
        assert (sent.carrier, sent.segments, sent.cost) == (name, segments, cost)

    def test_none_is_made_up(self, var: Path, carrier: FakeCarrier) -> None:
        assert sender(var, carrier).send(text(carrier="kannel")).cost is None
