"""The carriers' doors: who may come in, what is refused and how, and that nothing refused is kept."""

from __future__ import annotations

import logging
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import func, select
from twilio.request_validator import RequestValidator

from sms.gateway import LONGEST_CALL, Call
from sms.providers.twilio import Twilio
from tests import make
from tests.channels import doors, fake_carrier
from tests.channels.conftest import Line
from tests.channels.doors import CARRIERS, Request
from tests.channels.fake_carrier import FakeCarrier
from tipline.database import Database
from tipline.models import DeskKey, Inbound, OutMessage, Tip


def kept(line: Line) -> tuple[int, int, int]:
    """Return how many tips, messages and promises are kept."""
    with line.house.database.read() as session:
        counts = [session.scalar(select(func.count()).select_from(table)) for table in (Tip, Inbound, OutMessage)]
        return counts[0] or 0, counts[1] or 0, counts[2] or 0


def send(line: Line, request: Request) -> int:
    return request.send(line.app.test_client()).status_code


@pytest.mark.parametrize("name", CARRIERS)
class TestEveryDoor:
    def test_a_text_becomes_a_tip(self, name: str, line: Line) -> None:
        response = doors.text(line.house.settings, name, make.STORY_ST).send(line.app.test_client())

        assert response.status_code == 200
        assert kept(line)[:2] == (1, 1)
        if name == "twilio":
            assert response.mimetype == "text/xml"
            assert "Molaetsa oa hau o fihlile" in (doors.said_in(response) or "")
            assert kept(line)[2] == 0
        else:
            assert response.data == b""  # a body could be sent to the phone
            assert kept(line)[2] == 1

    def test_a_stranger_is_refused_and_nothing_is_kept(self, name: str, line: Line) -> None:
        settings = line.house.settings
        good = doors.text(settings, name, make.STORY)
        for secret in (*settings.africastalking.callback_secrets, *settings.kannel.callback_secrets):
            good = Request(good.path.replace(secret, "0" * 32), good.body, good.headers)
        headers = {key: value for key, value in good.headers.items() if not key.startswith("X-Twilio")}

        assert send(line, Request(good.path, good.body, headers)) == 403
        assert kept(line) == (0, 0, 0)

    def test_what_is_too_long_is_refused(self, name: str, line: Line) -> None:
        assert send(line, doors.text(line.house.settings, name, "a" * (LONGEST_CALL + 1))) == 413
        assert kept(line) == (0, 0, 0)

    @pytest.mark.parametrize(("size", "status"), [(LONGEST_CALL + 1, 413), (100_000, 413), (3000, 200)])
    def test_a_body_in_chunks_is_kept_whole_or_not_at_all(self, size: int, status: int, name: str, line: Line) -> None:
        request = doors.text(line.house.settings, name, "a" * size)
        headers = {**request.headers, "Transfer-Encoding": "chunked"}
        over = {"wsgi.input_terminated": True}

        stream = BytesIO(request.body)
        response = line.app.test_client().post(
            request.path, input_stream=stream, headers=headers, environ_overrides=over
        )

        assert response.status_code == status
        assert kept(line)[0] == (1 if status == 200 else 0)

    def test_what_just_fits_is_kept(self, name: str, line: Line) -> None:
        assert send(line, doors.text(line.house.settings, name, "a " * 3000)) == 200
        assert kept(line)[0] == 1

    def test_without_a_key_file_the_carrier_is_asked_to_come_again(self, name: str, line: Line) -> None:
        line.house.settings.key_file.unlink()

        response = doors.text(line.house.settings, name, "Ba re koaletse ka tlung").send(line.app.test_client())

        assert response.status_code == 503
        if name == "twilio":
            assert "ha rea khona ho boloka" in (doors.said_in(response) or "")
        else:
            assert response.data == b""
        assert kept(line) == (0, 0, 0)

    def test_without_a_desk_s_key_nothing_is_kept(self, name: str, line: Line) -> None:
        with line.house.database.write() as session:
            for key in session.scalars(select(DeskKey)):
                key.retired_at = line.clock.now

        assert send(line, doors.text(line.house.settings, name, make.STORY)) == 503
        assert kept(line) == (0, 0, 0)

    def test_a_broken_database_is_not_a_500(
        self, name: str, line: Line, caplog: pytest.LogCaptureFixture, tmp_path: Path
    ) -> None:
        line.house.database.dispose()
        line.house.database = Database(f"sqlite:///{tmp_path}/empty.db")
        logging.getLogger("sms.webhooks").addHandler(caplog.handler)

        assert send(line, doors.text(line.house.settings, name, "zebra words")) == 503
        assert "could not be kept" in caplog.text
        assert "zebra" not in caplog.text

        logging.getLogger("sms.webhooks").removeHandler(caplog.handler)
        line.house.database.dispose()

    def test_a_number_that_is_not_ours_is_refused_where_ours_is_set(
        self, name: str, var: Path, carrier: FakeCarrier
    ) -> None:
        told = fake_carrier.settings_for(carrier, "africastalking,twilio,kannel", TIPLINE_SHORTCODE="48000")
        line = Line(make.app(var, **told), carrier)

        assert send(line, doors.text(line.house.settings, name, make.STORY, ours="48001")) == 403
        assert kept(line) == (0, 0, 0)
        assert send(line, doors.text(line.house.settings, name, make.STORY, ours="48000")) == 200
        assert kept(line)[0] == 1
        line.house.database.dispose()

    def test_other_ways_to_call_are_not_there(self, name: str, line: Line) -> None:
        path = doors.text(line.house.settings, name, "x").path
        client = line.app.test_client()

        assert client.get(path).status_code == 405
        assert client.put(path).status_code == 405
        assert kept(line) == (0, 0, 0)


def test_a_carrier_that_is_not_set_up_has_no_door(tmp_path: Path, var: Path, carrier: FakeCarrier) -> None:
    told = fake_carrier.settings_for(carrier, "kannel", KANNEL_CALLBACK_SECRET="k" * 32, TIPLINE_DEMO="0")
    made = make.app(var, **told)
    client = made.test_client()

    assert client.post("/sms/twilio", data={"Body": "x"}).status_code == 404
    assert client.post("/sms/africastalking/" + "k" * 32, data={"text": "x"}).status_code == 404
    assert client.post("/sms/kannel/" + "k" * 32, data=b"x").status_code == 422
    make.house_of(made).database.dispose()


class TestTwilio:
    def test_the_known_signature(self) -> None:
        """Hold to the vector of twilio-python's own test of its request validator."""
        fields = {
            "CallSid": "CA1234567890ABCDE", "Digits": "1234", "From": "+14158675309", "To": "+18005551212",
            "Caller": "+14158675309",
        }  # fmt: skip
        url = "https://mycompany.com/myapp.php?foo=1&bar=2"
        form = doors.form("/", fields)
        headers = {name.lower(): value for name, value in form.headers.items()}
        gateway = Twilio("AC1", "12345", "48000", "", "https://mycompany.com")

        signed = Call(url, {**headers, "x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}, body=form.body)

        assert gateway.verify(signed)
        assert not gateway.verify(Call(url + "2", signed.headers, body=form.body))
        assert not gateway.verify(Call(url, headers, body=form.body))

    def test_sha_256_is_understood(self, line: Line) -> None:
        fields = {"MessageSid": "SM1", "From": doors.NUMBER, "To": "48000", "Body": make.STORY}
        settings = line.house.settings

        assert send(line, doors.signed(settings, "/sms/twilio", fields, algorithm="HMAC_SHA256")) == 200
        assert kept(line)[0] == 1

    def test_an_unknown_algorithm_is_refused(self, line: Line) -> None:
        fields = {"MessageSid": "SM1", "From": doors.NUMBER, "To": "48000", "Body": make.STORY}
        good = doors.signed(line.house.settings, "/sms/twilio", fields)
        headers = {**good.headers, "X-Twilio-Webhooks-Signature-Settings": "key=k,algorithm=NONE"}

        assert send(line, Request(good.path, good.body, headers)) == 403

    def test_another_account_s_signature_is_refused(self, line: Line) -> None:
        fields = {"MessageSid": "SM1", "From": doors.NUMBER, "To": "48000", "Body": make.STORY}

        assert send(line, doors.signed(line.house.settings, "/sms/twilio", fields, token="another")) == 403

    def test_a_changed_field_is_refused(self, line: Line) -> None:
        good = doors.text(line.house.settings, "twilio", make.STORY)

        assert send(line, Request(good.path, good.body.replace(b"sister", b"brother"), good.headers)) == 403
        assert send(line, Request(good.path, good.body + b"&More=1", good.headers)) == 403
        assert kept(line) == (0, 0, 0)

    def test_the_query_is_signed_as_it_was_written(self, line: Line) -> None:
        fields = {"MessageSid": "SM1", "From": doors.NUMBER, "To": "48000", "Body": make.STORY}

        assert send(line, doors.signed(line.house.settings, "/sms/twilio?a=%20%2B&b=c%C3%A9", fields)) == 200

    def test_json_is_refused(self, line: Line) -> None:
        url = line.house.settings.base_url + "/sms/twilio"
        signature = RequestValidator(line.house.settings.twilio.auth_token).compute_signature(url, {})
        headers = {"X-Twilio-Signature": signature, "Content-Type": "application/json"}

        assert send(line, Request("/sms/twilio", b"{}", headers)) == 403

    def test_a_repeated_field_is_signed_with_all_its_values(self, line: Line) -> None:
        body = b"MessageSid=SM1&From=%2B26658000000&To=48000&Body=Re+koaletsoe&MediaUrl=b&MediaUrl=a"
        url = line.house.settings.base_url + "/sms/twilio"
        said = url + "BodyRe koaletsoeFrom+26658000000MediaUrlaMediaUrlbMessageSidSM1To48000"
        signature = RequestValidator(line.house.settings.twilio.auth_token).compute_signature(said, {})
        headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}

        assert send(line, Request("/sms/twilio", body, headers)) == 200

    def test_a_text_with_a_picture_only_is_asked_for_in_words(self, line: Line) -> None:
        response = doors.text(line.house.settings, "twilio", "").send(line.app.test_client())

        assert "Ngola hape" in (doors.said_in(response) or "")
        assert kept(line) == (1, 1, 0)

    def test_a_status_that_is_not_signed_is_refused(self, line: Line) -> None:
        fields = {"MessageSid": "SM1", "MessageStatus": "delivered"}

        assert send(line, doors.signed(line.house.settings, "/sms/twilio/status", fields, token="another")) == 403
        assert send(line, doors.signed(line.house.settings, "/sms/twilio/status", fields)) == 200


class TestBadInput:
    @pytest.fixture
    def path(self, line: Line) -> str:
        return f"/sms/africastalking/{line.house.settings.africastalking.callback_secrets[0]}"

    @pytest.mark.parametrize("missing", ["id", "from", "text"])
    def test_a_missing_field_is_named(self, missing: str, path: str, line: Line) -> None:
        fields = {"id": "m-1", "from": doors.NUMBER, "text": "zebra", "to": "48000"}
        del fields[missing]

        response = doors.form(path, fields).send(line.app.test_client())

        assert (response.status_code, response.get_data(as_text=True)) == (422, f"{missing} is missing\n")
        assert kept(line) == (0, 0, 0)

    def test_an_empty_body(self, path: str, line: Line) -> None:
        assert send(line, Request(path, b"", {"Content-Type": "application/x-www-form-urlencoded"})) == 422

    @pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
    def test_only_a_form_is_read(self, kind: str, path: str, line: Line) -> None:
        good = doors.text(line.house.settings, "africastalking", make.STORY)

        assert send(line, Request(path, good.body, {"Content-Type": kind})) == 415
        assert kept(line) == (0, 0, 0)

    @pytest.mark.parametrize(
        "body",
        [
            b"id=1&from=%2B26658000000&text=Ba+re+koaletse%FF%FE&to=48000",  # no UTF-8
            b"id=1&from=+26658000000&text=Ba+re+koaletse&to=+48000",  # plus signs that nobody escaped
            b"id=1&from=%2B26658000000&text=Ba%00re%1Bkoaletse%&to=48000",  # control characters, a broken escape
            "id=1&from=%2B26658000000&text=Ba koaletse ’m’e ka tšepo&to=48000".encode(),  # not escaped at all
            b"id=1&from=%2B26658000000&text=Ba+re+koaletse&text=another&to=48000&networkCode=65101&new=1",
        ],
    )
    def test_what_can_be_read_is_kept(self, body: bytes, path: str, line: Line) -> None:
        assert send(line, Request(path, body, {"Content-Type": "application/x-www-form-urlencoded"})) == 200
        assert kept(line) == (1, 1, 1)

    def test_more_fields_than_any_carrier_sends(self, path: str, line: Line) -> None:
        body = b"&".join(b"f%d=1" % number for number in range(500))

        assert send(line, Request(path, body, {"Content-Type": "application/x-www-form-urlencoded"})) == 422

    def test_a_report_on_nothing_of_ours(self, line: Line) -> None:
        for name, state in (("africastalking", "Success"), ("twilio", "delivered"), ("kannel", "1")):
            response = doors.report(line.app.test_client(), line.house.settings, name, "unknown", state)
            assert response.status_code == 200

    @pytest.mark.parametrize("query", ["", "id=1", "st=1", "id=1&st=", "id=1&st=x", "id=1&st=99", "id=1&st=%FF"])
    def test_a_report_that_says_nothing(self, query: str, line: Line) -> None:
        path = f"/sms/kannel/{line.house.settings.kannel.callback_secrets[0]}/delivery?{query}"
        wrong = path.replace(line.house.settings.kannel.callback_secrets[0], "0" * 32)

        assert line.app.test_client().get(path).status_code in {200, 422}
        assert line.app.test_client().get(wrong).status_code == 403


class TestKannel:
    def test_a_text_without_an_id_is_kept(self, line: Line) -> None:
        good = doors.text(line.house.settings, "kannel", make.STORY)
        bare = Request(good.path.partition("?")[0], good.body, good.headers)

        assert send(line, bare) == 200
        assert send(line, bare) == 200
        assert kept(line)[0] == 1

    def test_a_form_s_fields_are_no_part_of_it(self, line: Line) -> None:
        good = doors.text(line.house.settings, "kannel", "a=b&c=d")
        form = {**good.headers, "Content-Type": "application/x-www-form-urlencoded"}

        assert send(line, Request(good.path, good.body, form)) == 200
        assert kept(line)[0] == 1


def test_two_secrets_are_right_while_one_is_being_changed(var: Path, carrier: FakeCarrier) -> None:
    both = "k" * 32 + "," + "l" * 32
    line = Line(make.app(var, **fake_carrier.settings_for(carrier, "kannel", KANNEL_CALLBACK_SECRET=both)), carrier)
    good = doors.text(line.house.settings, "kannel", make.STORY)

    for secret, status in (("k" * 32, 200), ("l" * 32, 200), ("m" * 32, 403)):
        assert send(line, Request(good.path.replace("k" * 32, secret), good.body, good.headers)) == status
    line.house.database.dispose()
