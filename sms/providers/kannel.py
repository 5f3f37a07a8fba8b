"""Kannel: a gateway of one's own, for an operator's short code. Plain HTTP to smsbox; a secret in the path to us."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

import requests

from sms import segments
from sms.gateway import BadCall, Call, Delivery, Inbound, Outbound, is_secret, number_of
from sms.providers import failures
from tipline.outbox import SendFailed, Sent
from tipline.settings import Settings

NAME = "kannel"
_ACCEPTED = 202
_REPORTS = 1 | 2 | 4 | 16  # not 8, the operator's own "taken": a second call for each text, and no news to anybody
_STATES = {1: "delivered", 2: "failed", 4: "buffered", 8: "sent", 16: "failed"}  # bits; 34: it ran out of time
_CHARSETS = {"utf-8", "utf-16be", "iso-8859-1", "latin1", "windows-1252", "us-ascii"}
_CHARSET = re.compile(r"charset=\"?([\w-]+)", re.IGNORECASE)
# smsbox's answers: 4xx is about us or the message, 503 passes.
_CODES = {400: "refused", 403: "not_authorised", 404: "no_route", 503: "carrier_fault"}


@dataclass(frozen=True)
class Kannel:
    """Where smsbox listens, and what it and we know of each other."""

    url: str
    username: str
    password: str = field(repr=False)
    callback_secrets: tuple[str, ...] = field(repr=False)
    base_url: str
    own: str
    name: str = NAME
    answers: bool = False
    reports: bool = True

    def verify(self, call: Call) -> bool:
        """Compare the secret in the path."""
        return is_secret(call.secret, self.callback_secrets)

    def parse(self, call: Call) -> Inbound:
        """Read a ``post-url`` call: the text is the body, the rest stands in headers and in ``?id=%I``."""
        sender = call.header("X-Kannel-From")
        if not sender:
            raise BadCall("X-Kannel-From is missing")
        return Inbound(
            self.name, call.asked().first("id"), number_of(sender), _text(call), call.header("X-Kannel-To").strip()
        )

    def parse_delivery(self, call: Call) -> Delivery:
        """Read a delivery report (``?id=…&st=%d``)."""
        asked = call.asked()
        state = asked.needed("st")
        bits = int(state) if state.isdecimal() else 0
        return Delivery(asked.needed("id"), next((said for bit, said in _STATES.items() if bits & bit), ""))

    def send(self, message: Outbound) -> Sent:
        """Ask smsbox to send. The id is our own: smsbox gives it back with each delivery report."""
        carrier_id = secrets.token_hex(16)
        report = f"{self.base_url}/sms/kannel/{self.callback_secrets[0]}/delivery?id={carrier_id}&st=%d"
        ask = {
            "username": self.username,
            "password": self.password,
            "to": message.number,
            "text": message.text,
            "charset": "UTF-8",
            "coding": "0" if segments.segments(message.text).encoding == "GSM-7" else "2",
            "dlr-mask": str(_REPORTS),
            "dlr-url": report,
        }
        ours = message.ours or self.own
        if ours:
            ask["from"] = ours
        try:
            answer = requests.get(self.url, params=ask, timeout=failures.TIMEOUT, allow_redirects=False)
        except requests.RequestException as error:
            raise failures.of_request(error, self.name) from None
        if answer.status_code != _ACCEPTED:
            code = _CODES.get(answer.status_code, "carrier_fault")
            raise SendFailed(code, final=code == "refused", carrier=self.name)
        return Sent(self.name, carrier_id)


def make(settings: Settings) -> Kannel:
    """Set this carrier up."""
    kannel = settings.kannel
    return Kannel(
        url=kannel.sendsms_url,
        username=kannel.username,
        password=kannel.password,
        callback_secrets=kannel.callback_secrets,
        base_url=settings.base_url,
        own=settings.shortcode,
    )


def _text(call: Call) -> str:
    named = _CHARSET.search(call.header("Content-Type"))
    charset = named.group(1).lower() if named else ""
    if charset not in _CHARSETS:
        charset = "utf-8"
    return call.body.decode(charset, errors="replace")
