"""The line of the phone in the browser: carriers' own requests, signed or with their secret, to the real doors.

Only a demo instance has it. A request goes out over HTTP to this instance's own address, as a carrier's would.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from threading import Lock
from urllib.parse import urlencode
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import requests
from twilio.request_validator import RequestValidator

from sms.gateway import FORM
from tipline.settings import Settings

DOORS = ("africastalking", "twilio", "kannel")
USUAL_CODE = "*123#"  # where none is set, any code is ours
USUAL_SHORTCODE = "48000"
_TIMEOUT = 15  # seconds; a gateway hangs up sooner
_MOST_PHONES, _MOST_TEXTS = 100, 40
_ZONE = ZoneInfo("Africa/Maseru")
_REPLY = "Message"  # TwiML's element for a text that goes back


class NoNetwork(Exception):
    """A door did not answer, or refused; ``status`` is its HTTP status, 0 if there was none."""

    def __init__(self, status: int = 0) -> None:
        """Take the HTTP status."""
        self.status = status
        super().__init__(str(status))


@dataclass(frozen=True)
class Text:
    """One text as the phone shows it. ``mine`` was sent from here; ``at`` is the time of day in Lesotho."""

    mine: bool
    other: str
    text: str = field(repr=False)
    at: str

    def as_json(self) -> dict[str, object]:
        """Return it for the page's script."""
        return asdict(self)


@dataclass(frozen=True)
class Report:
    """What became of a text that the house sent: ``state`` as in ``outbox.RANK``."""

    number: str = field(repr=False)
    carrier_id: str = field(repr=False)
    state: str


class Texts:
    """The texts of each phone, in memory only: the newest of few phones, and which of these are switched off."""

    def __init__(self) -> None:
        """Start with none."""
        self._of: OrderedDict[str, deque[Text]] = OrderedDict()
        self._off: set[str] = set()
        self._reports: deque[Report] = deque(maxlen=_MOST_TEXTS * _MOST_PHONES)
        self._lock = Lock()

    def add(self, number: str, other: str, text: str, *, mine: bool) -> None:
        """Keep one text of a phone."""
        at = f"{datetime.now(_ZONE):%H:%M}"
        with self._lock:
            self._of.setdefault(number, deque(maxlen=_MOST_TEXTS)).append(Text(mine, other, text, at))
            self._of.move_to_end(number)
            if len(self._of) > _MOST_PHONES:
                gone, _ = self._of.popitem(last=False)
                self._off.discard(gone)

    def deliver(self, number: str, other: str, text: str, carrier_id: str) -> None:
        """Bring a text to a phone, unless it is switched off; what became of it is reported later."""
        if not self.is_off(number):
            self.add(number, other, text, mine=False)
        self.report(Report(number, carrier_id, "undelivered" if self.is_off(number) else "delivered"))

    def report(self, report: Report) -> None:
        """Keep a report until it is told."""
        with self._lock:
            self._reports.append(report)

    def reports(self, number: str) -> list[Report]:
        """Return what is to be told of a phone's texts, once."""
        with self._lock:
            told = [one for one in self._reports if one.number == number]
            for one in told:
                self._reports.remove(one)
            return told

    def switch(self, number: str, *, off: bool) -> None:
        """Switch a phone off or on."""
        with self._lock:
            (self._off.add if off and len(self._off) < _MOST_PHONES else self._off.discard)(number)

    def is_off(self, number: str) -> bool:
        """Say whether a phone is switched off."""
        with self._lock:
            return number in self._off

    def of(self, number: str) -> list[Text]:
        """Return a phone's texts, oldest first."""
        with self._lock:
            return list(self._of.get(number, ()))


@dataclass(frozen=True)
class Line:
    """The way from the phone to this instance's doors."""

    settings: Settings

    @property
    def code(self) -> str:
        """Return the code to dial."""
        return self.settings.ussd_code or USUAL_CODE

    @property
    def shortcode(self) -> str:
        """Return the number to text to."""
        return self.settings.shortcode or self.settings.twilio.sender or USUAL_SHORTCODE

    def dial(self, number: str, session_id: str, inputs: str) -> tuple[str, bool]:
        """Pass one step of a USSD session on; return the screen and whether it was the last. NoNetwork."""
        said = self._post(
            f"/ussd/africastalking/{self._africastalking}",
            {
                "sessionId": session_id,
                "phoneNumber": number,
                "networkCode": "65101",
                "serviceCode": self.code,
                "text": inputs,
            },
        )
        if said[:4] not in {"CON ", "END "}:
            raise NoNetwork(200)
        return said[4:], said.startswith("END ")

    def hang_up(self, number: str, session_id: str) -> None:
        """Tell the door that a session is over, as the carrier does when it can."""
        note = {"sessionId": session_id, "phoneNumber": number, "serviceCode": self.code, "status": "Incomplete"}
        self._post(f"/ussd/africastalking/{self._africastalking}/events", note)

    def text(self, number: str, text: str, door: str) -> str:
        """Send a text through a carrier's door; return the reply that travels in its answer, "" if none. NoNetwork."""
        message_id = secrets.token_hex(16)
        if door == "twilio":
            return self._twilio(number, text, message_id)
        if door == "kannel":
            secret = self.settings.kannel.callback_secrets[0]
            headers = {"X-Kannel-From": number, "X-Kannel-To": self.shortcode}
            path = f"/sms/kannel/{secret}?{urlencode({'id': message_id})}"
            self._send(path, text.encode(), {**headers, "Content-Type": "text/plain; charset=UTF-8"})
            return ""
        fields = {
            "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
            "from": number,
            "id": message_id,
            "text": text,
            "to": self.shortcode,
        }
        self._post(f"/sms/africastalking/{self._africastalking}", fields)
        return ""

    def ring(self, number: str, door: str) -> None:
        """Ring and hang up before anybody answers, as a carrier or one's own telephone tells of it. NoNetwork."""
        call_id, path = secrets.token_hex(16), f"/calls/{door}"
        if door == "twilio":
            fields = {
                "CallSid": f"CA{call_id}",
                "AccountSid": self.settings.twilio.account_sid,
                "From": number,
                "To": self.shortcode,
                "CallStatus": "ringing",
                "Direction": "inbound",
            }
            self._post(path, fields, self._signed(path, fields))
        elif door == "kannel":
            self._post(f"/calls/plain/{self.settings.calls_secrets[0]}", {"id": call_id, "from": number})
        else:
            fields = {"isActive": "1", "sessionId": call_id, "direction": "Inbound", "callerNumber": number}
            self._post(f"{path}/{self._africastalking}", {**fields, "destinationNumber": self.shortcode})

    @property
    def _africastalking(self) -> str:
        return self.settings.africastalking.callback_secrets[0]

    def _twilio(self, number: str, text: str, message_id: str) -> str:
        twilio, path = self.settings.twilio, "/sms/twilio"
        fields = {
            "MessageSid": f"SM{message_id}",
            "SmsSid": f"SM{message_id}",
            "AccountSid": twilio.account_sid,
            "From": number,
            "To": self.shortcode,
            "Body": text,
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsStatus": "received",
            "ApiVersion": "2010-04-01",
        }
        answer = self._post(path, fields, self._signed(path, fields))
        said = ET.fromstring(answer).find(_REPLY)  # noqa: S314 - our own door's answer
        return (said.text or "") if said is not None else ""

    def _signed(self, path: str, fields: dict[str, str]) -> dict[str, str]:
        validator = RequestValidator(self.settings.twilio.auth_token)
        return {"X-Twilio-Signature": validator.compute_signature(self.settings.base_url + path, fields)}

    def _post(self, path: str, fields: dict[str, str], headers: dict[str, str] | None = None) -> str:
        return self._send(path, urlencode(fields).encode(), {"Content-Type": FORM, **(headers or {})})

    def _send(self, path: str, body: bytes, headers: dict[str, str]) -> str:
        with requests.Session() as http:
            http.trust_env = False  # no proxy stands between this machine and itself
            try:
                answer = http.post(
                    self.settings.base_url + path, data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False
                )
            except requests.RequestException:
                raise NoNetwork from None
        if answer.status_code != requests.codes.ok:
            raise NoNetwork(answer.status_code)
        answer.encoding = "utf-8"
        return answer.text
