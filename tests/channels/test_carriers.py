"""Every carrier keeps the same promises, whatever its own words for them are."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

import pytest

from sms import providers
from sms.gateway import BadCall, Call, Gateway, Outbound
from sms.providers import failures
from tests import make
from tests.channels import doors, fake_carrier
from tests.channels.fake_carrier import FakeCarrier
from tipline import settings
from tipline.outbox import SendFailed, Sent
from tipline.settings import Settings

NUMBER = "+26658123456"
WORDS = "Re bone molaetsa oa hau, zebra-words."
SENDERS = tuple(providers.BY_NAME)


@pytest.fixture
def told(var: Path, carrier: FakeCarrier) -> Settings:
    return settings.load({"TIPLINE_VAR": str(var), **fake_carrier.settings_for(carrier, "console")})


@pytest.fixture
def gateways(told: Settings) -> dict[str, Gateway]:
    return providers.load(told)


def call_of(told: Settings, request: doors.Request) -> Call:
    path, _, query = request.path.partition("?")
    secret = path.split("/")[3] if len(path.split("/")) > 3 else ""
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Call(told.base_url + request.path, headers, query.encode(), request.body, secret)


def failure(gateway: Gateway) -> SendFailed:
    with pytest.raises(SendFailed) as raised:
        gateway.send(Outbound(NUMBER, WORDS))
    return raised.value


@pytest.mark.parametrize("name", SENDERS)
class TestEveryCarrier:
    def test_hands_over_the_text(self, name: str, gateways: dict[str, Gateway], carrier: FakeCarrier) -> None:
        sent = gateways[name].send(Outbound(NUMBER, WORDS))

        assert isinstance(sent, Sent)
        assert sent.carrier == name
        assert sent.carrier_id or name == "console"
        assert [(one.to, one.text) for one in carrier.received] == [(NUMBER, WORDS)]

    def test_sends_from_the_number_last_written_to(
        self, name: str, gateways: dict[str, Gateway], carrier: FakeCarrier
    ) -> None:
        gateways[name].send(Outbound(NUMBER, WORDS, ours="48111"))

        assert carrier.last_of(name).sender == "48111"

    def test_keeps_letters_that_need_ucs_2(self, name: str, gateways: dict[str, Gateway], carrier: FakeCarrier) -> None:
        gateways[name].send(Outbound(NUMBER, "Motšeanong ’m’e € & <b>"))

        assert carrier.last_of(name).text == "Motšeanong ’m’e € & <b>"

    def test_a_fault_of_the_carrier_passes(self, name: str, gateways: dict[str, Gateway], carrier: FakeCarrier) -> None:
        carrier.mood[name] = "fault"

        failed = failure(gateways[name])

        assert (failed.code, failed.carrier) == ("carrier_fault", name)
        assert not failed.final
        assert not failed.unsure

    def test_what_was_never_taken_is_tried_again(self, name: str, var: Path) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            nobody = FakeCarrier(url=f"http://127.0.0.1:{closed.getsockname()[1]}")
            told = settings.load({"TIPLINE_VAR": str(var), **fake_carrier.settings_for(nobody, "console")})
            failed = failure(providers.load(told)[name])

        assert failed.code == "unreachable"
        assert not failed.final
        assert not failed.unsure

    @pytest.mark.parametrize("mood", ["silent", "drop"])
    def test_what_may_have_been_taken_is_not_repeated(
        self, name: str, mood: str, gateways: dict[str, Gateway], carrier: FakeCarrier, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(failures, "TIMEOUT", (0.5, 0.2))
        carrier.mood[name] = mood

        failed = failure(gateways[name])

        assert failed.unsure
        assert failed.carrier == name

    def test_a_wrong_password_is_no_fault_of_the_message(
        self, name: str, gateways: dict[str, Gateway], carrier: FakeCarrier
    ) -> None:
        carrier.mood[name] = "not_authorised"

        failed = failure(gateways[name])

        assert failed.code == ("carrier_fault" if name == "console" else "not_authorised")
        assert not failed.final

    @pytest.mark.parametrize("mood", ["ok", "fault", "bad_number", "drop", "garbage", "not_authorised"])
    def test_neither_logs_nor_errors_quote_the_message(
        self, name: str, mood: str, gateways: dict[str, Gateway], carrier: FakeCarrier, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        carrier.mood[name] = mood
        said = repr(gateways[name])

        try:
            gateways[name].send(Outbound(NUMBER, WORDS))
        except SendFailed as failed:
            said += repr(failed) + str(failed.__cause__) + str(vars(failed))
        said += caplog.text

        for mark in (NUMBER[1:], "zebra", "kannel-password", "a-key-of-the-tests", *secrets_of(gateways)):
            assert mark not in said

    def test_its_library_is_loaded_only_by_who_sends(self, name: str, told: Settings) -> None:
        # The libraries may be loaded by other tests: what is asserted is that loading a carrier makes no client.
        made = providers.load(told)[name]

        assert not {"_client", "_service"} & set(vars(made))


def secrets_of(gateways: dict[str, Gateway]) -> list[str]:
    found = []
    for gateway in gateways.values():
        values = vars(gateway)
        found += [*values.get("callback_secrets", ()), values.get("secret", ""), values.get("auth_token", "")]
    return [secret for secret in found if secret]


@pytest.mark.parametrize("name", doors.CARRIERS)
class TestEveryDoor:
    def test_reads_a_text(self, name: str, told: Settings, gateways: dict[str, Gateway]) -> None:
        said = " Motšeanong +27 ’m’e & 50% \n"
        call = call_of(told, doors.text(told, name, said, message_id="id 1"))

        inbound = gateways[name].parse(call)

        assert gateways[name].verify(call)
        assert (inbound.provider, inbound.message_id, inbound.number) == (name, "id 1", doors.NUMBER)
        assert (inbound.text, inbound.ours) == (said, doors.OURS)
        assert doors.NUMBER not in repr(inbound) + repr(call)

    @pytest.mark.parametrize("written", ["26658000000", "0026658000000", " 26658000000", "58000000", "+266 5800 0000"])
    def test_knows_a_number_however_it_is_written(
        self, name: str, written: str, told: Settings, gateways: dict[str, Gateway]
    ) -> None:
        inbound = gateways[name].parse(call_of(told, doors.text(told, name, "x", number=written)))

        assert inbound.number == doors.NUMBER

    @pytest.mark.parametrize("sender", ["VCL-INFO", "48000", "1800FLOWERS", "anonymous@example.org"])
    def test_a_sender_that_is_no_phone_has_no_number(
        self, name: str, sender: str, told: Settings, gateways: dict[str, Gateway]
    ) -> None:
        inbound = gateways[name].parse(call_of(told, doors.text(told, name, "x", number=sender)))

        assert inbound.number == ""

    def test_refuses_a_stranger(self, name: str, told: Settings, gateways: dict[str, Gateway]) -> None:
        request = doors.text(told, name, "x")
        for secret in (*told.africastalking.callback_secrets, *told.kannel.callback_secrets):
            request = doors.Request(request.path.replace(secret, "stranger"), request.body, request.headers)
        forged = {**request.headers, "X-Twilio-Signature": "c2lnbmF0dXJl"}

        assert not gateways[name].verify(call_of(told, doors.Request(request.path, request.body, forged)))

    def test_says_what_is_missing_and_nothing_else(
        self, name: str, told: Settings, gateways: dict[str, Gateway]
    ) -> None:
        request = doors.text(told, name, "zebra")
        headers = {key: value for key, value in request.headers.items() if key != "X-Kannel-From"}

        with pytest.raises(BadCall, match=r"^[\w-]+ is missing$"):
            gateways[name].parse(call_of(told, doors.Request(request.path, b"Zebra=zebra", headers)))


class TestOwnShapes:
    def test_twilio_is_asked_to_forget(self, gateways: dict[str, Gateway], carrier: FakeCarrier) -> None:
        gateways["twilio"].send(Outbound(NUMBER, WORDS))

        fields = carrier.last_of("twilio").fields
        assert (fields["ContentRetention"], fields["AddressRetention"]) == ("discard", "obfuscate")
        assert "StatusCallback" not in fields  # nobody can call a loopback address

    def test_twilio_reports_to_a_public_address(self, var: Path, carrier: FakeCarrier) -> None:
        told = settings.load(
            {
                **fake_carrier.settings_for(carrier, "twilio"),
                "TIPLINE_VAR": str(var),
                "TIPLINE_DEMO": "0",
                "TIPLINE_BASE_URL": "https://lentsoe.example",
                "TWILIO_ACCOUNT_SID": "AC1",
                "TWILIO_AUTH_TOKEN": "12345",
                "TWILIO_FROM": "MG0123",
            }
        )

        providers.load(told)["twilio"].send(Outbound(NUMBER, WORDS))

        fields = carrier.last_of("twilio").fields
        assert fields["StatusCallback"] == "https://lentsoe.example/sms/twilio/status"
        assert fields["MessagingServiceSid"] == "MG0123"

    @pytest.mark.parametrize(
        ("name", "mood", "code", "final"),
        [
            ("twilio", "opted_out", "opted_out", True),
            ("twilio", "bad_number", "bad_number", True),
            ("twilio", "bad_sender", "bad_sender", False),
            ("twilio", "no_credit", "carrier_fault", False),
            ("africastalking", "opted_out", "opted_out", True),
            ("africastalking", "bad_number", "bad_number", True),
            ("africastalking", "bad_sender", "bad_sender", False),
            ("africastalking", "empty", "bad_sender", False),
            ("africastalking", "no_credit", "no_credit", False),
            ("kannel", "bad_number", "refused", True),
            ("kannel", "no_route", "no_route", False),
        ],
    )
    def test_a_refusal_has_one_name(
        self, name: str, mood: str, code: str, *, final: bool, gateways: dict[str, Gateway], carrier: FakeCarrier
    ) -> None:
        carrier.mood[name] = mood

        failed = failure(gateways[name])

        assert (failed.code, failed.final, failed.unsure) == (code, final, False)

    @pytest.mark.parametrize("name", ["twilio", "africastalking"])
    def test_an_answer_that_nobody_can_read_may_mean_that_it_was_taken(
        self, name: str, gateways: dict[str, Gateway], carrier: FakeCarrier
    ) -> None:
        carrier.mood[name] = "garbage"

        failed = failure(gateways[name])

        assert (failed.code, failed.unsure) == ("not_understood", True)

    def test_africas_talking_may_name_a_charset(self, gateways: dict[str, Gateway], carrier: FakeCarrier) -> None:
        carrier.mood["africastalking"] = "charset"

        sent = gateways["africastalking"].send(Outbound(NUMBER, WORDS))

        assert sent.carrier_id == "ATPid_africastalking-1"

    def test_africas_talking_looks_at_the_number_itself(self, gateways: dict[str, Gateway]) -> None:
        with pytest.raises(SendFailed) as raised:
            gateways["africastalking"].send(Outbound("58123456", WORDS))

        assert (raised.value.code, raised.value.final) == ("bad_number", True)

    def test_kannel_is_told_where_to_report(
        self, told: Settings, gateways: dict[str, Gateway], carrier: FakeCarrier
    ) -> None:
        sent = gateways["kannel"].send(Outbound(NUMBER, WORDS))

        fields = carrier.last_of("kannel").fields
        secret = told.kannel.callback_secrets[0]
        assert fields["dlr-url"] == f"{told.base_url}/sms/kannel/{secret}/delivery?id={sent.carrier_id}&st=%d"
        assert (fields["dlr-mask"], fields["charset"], fields["coding"]) == ("23", "UTF-8", "0")
        assert "from" not in fields

    @pytest.mark.parametrize(
        ("kind", "body", "text"),
        [
            ('text/plain; charset="UTF-16BE"', "Motšeanong".encode("utf-16-be"), "Motšeanong"),
            ("text/plain; charset=ISO-8859-1", "è".encode("latin-1"), "è"),
            ("text/plain; charset=rot13", b"abc", "abc"),
            ("text/plain; charset=unicode_escape", b"\\ud800", "\\ud800"),
            ("", b"abc\xff", "abc\ufffd"),
        ],
    )
    def test_kannel_names_its_charset(
        self, kind: str, body: bytes, text: str, told: Settings, gateways: dict[str, Gateway]
    ) -> None:
        request = doors.text(told, "kannel", "")
        headers = {**request.headers, "Content-Type": kind}

        assert gateways["kannel"].parse(call_of(told, doors.Request(request.path, body, headers))).text == text

    def test_the_console_shows_its_secret(
        self, told: Settings, gateways: dict[str, Gateway], carrier: FakeCarrier
    ) -> None:
        sent = gateways["console"].send(Outbound(NUMBER, WORDS, ours=make.NOON.strftime("%H%M%S")))

        received = carrier.last_of("console")
        assert received.headers["X-Phone-Secret"] == told.console_secret
        fields = dict(received.fields)
        assert fields.pop("id") == sent.carrier_id
        assert fields == {"to": NUMBER, "from": "100000", "text": WORDS}

    def test_the_console_has_no_door(self, gateways: dict[str, Gateway]) -> None:
        call = Call("http://127.0.0.1/", {})

        assert not gateways["console"].verify(call)
        for read in (gateways["console"].parse, gateways["console"].parse_delivery):
            with pytest.raises(BadCall):
                read(call)


def test_only_carriers_that_are_set_up_are_loaded(tmp_path: Path) -> None:
    told = settings.load(
        {
            "TIPLINE_VAR": str(tmp_path), "TIPLINE_CARRIERS": "kannel", "KANNEL_SENDSMS_URL": "http://127.0.0.1:1/",
            "KANNEL_USERNAME": "u", "KANNEL_PASSWORD": "p", "KANNEL_CALLBACK_SECRET": "a" * 32 + "," + "b" * 32,
        }
    )  # fmt: skip

    loaded = providers.load(told)

    assert list(loaded) == ["kannel"]
    for secret in ("a" * 32, "b" * 32):  # two are right while one is being changed
        assert loaded["kannel"].verify(Call("", {}, secret=secret))
    assert not loaded["kannel"].verify(Call("", {}, secret="a" * 31))
