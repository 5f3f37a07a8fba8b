"""Texts as each carrier posts them to its door, and reports on what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from flask.testing import FlaskClient
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from tipline.house import House
from tipline.settings import Settings

NUMBER = "+26658000000"
OURS = "48000"
CARRIERS = ("africastalking", "twilio", "kannel")  # those that have a door


@dataclass(frozen=True)
class Request:
    """A carrier's request, ready for Flask's test client or to be read as it is."""

    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def send(self, client: FlaskClient) -> TestResponse:
        """Post it."""
        return client.post(self.path, data=self.body, headers=dict(self.headers))


def text(
    settings: Settings, carrier: str, said: str, *, message_id: str = "m-1", number: str = NUMBER, ours: str = OURS
) -> Request:
    """Return a text as its carrier posts it."""
    match carrier:
        case "africastalking":
            fields = {"date": "2026-11-24 10:00:00", "from": number, "id": message_id, "text": said, "to": ours}
            return form(f"/sms/africastalking/{settings.africastalking.callback_secrets[0]}", fields)
        case "twilio":
            fields = {
                "ToCountry": "LS", "MessageSid": message_id, "NumMedia": "0", "FromCity": "", "Body": said,
                "From": number, "To": ours, "AccountSid": settings.twilio.account_sid, "ApiVersion": "2010-04-01",
                "SmsStatus": "received", "A field of next year": " kept as it is ",
            }  # fmt: skip
            return signed(settings, "/sms/twilio", fields)
        case _:
            secret = settings.kannel.callback_secrets[0]
            headers = {"X-Kannel-From": number, "X-Kannel-To": ours, "Content-Type": "text/plain; charset=UTF-8"}
            return Request(f"/sms/kannel/{secret}?{urlencode({'id': message_id})}", said.encode(), headers)


def form(path: str, fields: Mapping[str, str], **headers: str) -> Request:
    """Return a posted form."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return Request(path, urlencode(fields).encode(), {**kind, **headers})


def signed(
    settings: Settings, path: str, fields: Mapping[str, str], *, token: str | None = None, algorithm: str = "HMAC_SHA1"
) -> Request:
    """Return a form as Twilio signs it."""
    validator = RequestValidator(settings.twilio.auth_token if token is None else token)
    signature = validator.compute_signature(settings.base_url + path, dict(fields), algorithm)
    headers = {"X-Twilio-Signature": signature}
    if algorithm != "HMAC_SHA1":
        headers["X-Twilio-Webhooks-Signature-Settings"] = f"key=webhooks_sharedkey_1,algorithm={algorithm}"
    return form(path, fields, **headers)


def report(client: FlaskClient, settings: Settings, carrier: str, carrier_id: str, state: str) -> TestResponse:
    """Post a carrier's report on a message; ``state`` in the carrier's own words."""
    match carrier:
        case "africastalking":
            path = f"/sms/africastalking/{settings.africastalking.callback_secrets[0]}/delivery"
            fields = {"id": carrier_id, "status": state, "phoneNumber": NUMBER, "networkCode": "65101"}
            return form(path, fields).send(client)
        case "twilio":
            fields = {"MessageSid": carrier_id, "MessageStatus": state, "To": NUMBER, "From": OURS}
            return signed(settings, "/sms/twilio/status", fields).send(client)
        case _:
            path = f"/sms/kannel/{settings.kannel.callback_secrets[0]}/delivery"
            return client.get(path, query_string={"id": carrier_id, "st": state})


@dataclass
class Texter:
    """Somebody with a phone, and where replies to it are seen."""

    client: FlaskClient
    house: House
    carrier: str = "africastalking"
    number: str = NUMBER
    sent: int = 0

    def text(self, said: str, **changes: Any) -> TestResponse:
        """Send a text; each has an id of its own."""
        self.sent += 1
        asked: dict[str, Any] = {"message_id": f"{self.number}-{self.sent}", "number": self.number, **changes}
        carrier = asked.pop("carrier", self.carrier)
        return text(self.house.settings, carrier, said, **asked).send(self.client)


def said_in(response: TestResponse) -> str | None:
    """Return the reply inside a TwiML answer."""
    message = ET.fromstring(response.get_data(as_text=True)).find("Message")  # noqa: S314 - our own answer
    return None if message is None else message.text
