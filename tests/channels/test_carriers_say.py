"""What each carrier may answer to a text, word by word, and what it means here."""

from __future__ import annotations

from pathlib import Path

import pytest

from sms import providers
from sms.gateway import Gateway, Outbound
from sms.providers import failures
from tests.channels import fake_carrier
from tests.channels.fake_carrier import FakeCarrier
from tipline import settings
from tipline.outbox import SendFailed, Sent
from tipline.prices import Money

NUMBER = "+26658123456"


@pytest.fixture
def gateways(var: Path, carrier: FakeCarrier) -> dict[str, Gateway]:
    told = settings.load({"TIPLINE_VAR": str(var), **fake_carrier.settings_for(carrier, "console")})
    return providers.load(told)


def send(gateway: Gateway) -> Sent | SendFailed:
    try:
        return gateway.send(Outbound(NUMBER, "Re bone molaetsa oa hau."))
    except SendFailed as failed:
        return failed


@pytest.mark.parametrize("status", [100, 101, 102])
def test_africas_talking_took_it(status: int, gateways: dict[str, Gateway], carrier: FakeCarrier) -> None:
    carrier.mood["africastalking"] = f"status {status}"

    sent = send(gateways["africastalking"])

    assert sent == Sent("africastalking", "ATPid_africastalking-0", cost=Money(800_000, "KES"))


@pytest.mark.parametrize(
    ("status", "code", "final"),
    [
        (401, "risk_hold", False), (402, "bad_sender", False), (403, "bad_number", True), (404, "bad_number", True),
        (405, "no_credit", False), (406, "opted_out", True), (407, "no_route", True), (409, "opted_out", True),
        (500, "carrier_fault", False), (501, "carrier_fault", False), (502, "carrier_fault", False),
        (599, "carrier_fault", False),
    ],
)  # fmt: skip
def test_africas_talking_refuses_one_recipient_with_http_201(
    status: int, code: str, *, final: bool, gateways: dict[str, Gateway], carrier: FakeCarrier
) -> None:
    carrier.mood["africastalking"] = f"status {status}"

    failed = send(gateways["africastalking"])

    assert isinstance(failed, SendFailed)
    assert (failed.code, failed.final, failed.unsure) == (code, final, False)


def test_africas_talking_names_no_id_and_no_cost(gateways: dict[str, Gateway], carrier: FakeCarrier) -> None:
    carrier.mood["africastalking"] = "no id"
    assert send(gateways["africastalking"]) == Sent("africastalking", "")


@pytest.mark.parametrize(
    ("status", "code", "meaning", "final"),
    [
        (400, 21610, "opted_out", True), (400, 21211, "bad_number", True), (400, 21614, "bad_number", True),
        (400, 21408, "no_route", True), (400, 21612, "no_route", True), (400, 21606, "bad_sender", False),
        (401, 20003, "not_authorised", False), (429, 20429, "too_fast", False), (503, 20503, "carrier_fault", False),
        (400, 99999, "carrier_fault", False),
    ],
)  # fmt: skip
def test_twilio_refuses_by_a_code_of_its_own(
    status: int, code: int, meaning: str, *, final: bool, gateways: dict[str, Gateway], carrier: FakeCarrier
) -> None:
    carrier.mood["twilio"] = f"error {status} {code}"

    failed = send(gateways["twilio"])

    assert isinstance(failed, SendFailed)
    assert (failed.code, failed.final, failed.unsure) == (meaning, final, False)


def test_twilio_may_have_taken_what_its_own_gateway_waited_for(
    gateways: dict[str, Gateway], carrier: FakeCarrier
) -> None:
    carrier.mood["twilio"] = "error 504 20504"

    failed = send(gateways["twilio"])

    assert isinstance(failed, SendFailed)
    assert (failed.code, failed.unsure) == ("no_answer", True)


def test_twilio_is_not_waited_for_longer_than_ten_seconds(gateways: dict[str, Gateway]) -> None:
    assert gateways["twilio"]._client.http_client.timeout == failures.TIMEOUT[1] == 10  # type: ignore[attr-defined]


@pytest.mark.parametrize("said", ["0: Accepted for delivery", "3: Queued for later delivery"])
def test_kannel_took_it(said: str, gateways: dict[str, Gateway], carrier: FakeCarrier) -> None:
    carrier.mood["kannel"] = f"answer 202 {said}"
    assert isinstance(send(gateways["kannel"]), Sent)


@pytest.mark.parametrize(
    ("status", "code", "final"),
    [
        (400, "refused", True), (403, "not_authorised", False), (404, "no_route", False), (503, "carrier_fault", False),
        (200, "carrier_fault", False), (500, "carrier_fault", False),
    ],
)  # fmt: skip
def test_kannel_refuses_by_its_status(
    status: int, code: str, *, final: bool, gateways: dict[str, Gateway], carrier: FakeCarrier
) -> None:
    carrier.mood["kannel"] = f"answer {status} no"

    failed = send(gateways["kannel"])

    assert isinstance(failed, SendFailed)
    assert (failed.code, failed.final, failed.unsure) == (code, final, False)
