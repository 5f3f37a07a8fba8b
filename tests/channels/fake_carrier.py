"""One loopback server that answers as Twilio, Africa's Talking, Kannel and the demo's phone do, failures too."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Answer = tuple[int, str, str]  # status, content type, body
JSON = "application/json"
_MESSAGES = ("/2010-04-01/Accounts/", "/Messages/")  # Twilio's: one message, by its id


@dataclass(frozen=True)
class Received:
    """A message that a carrier was handed."""

    carrier: str
    to: str
    sender: str
    text: str
    fields: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class FakeCarrier:
    """What came in, and how each carrier shall behave.

    ``mood[carrier]``: ok, fault (500), opted_out, bad_number, bad_sender, no_credit, not_authorised, empty,
    charset (ok, with a charset in the content type), garbage (2xx that nobody can read), drop (the connection breaks
    after the request), silent (no answer). Twilio's own: priced (ok, with the price at once), ``error STATUS CODE``;
    Africa's Talking's: ``status CODE`` of the recipient, ``no id``; Kannel's: ``answer STATUS WORDS``. When it is told
    to erase: incomplete (20009), fault, drop, silent.
    ``copies`` is what Twilio keeps, id → words; ``told`` is what it was told to do with them.
    """

    url: str = ""
    received: list[Received] = field(default_factory=list)
    mood: dict[str, str] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def texts(self, to: str) -> list[str]:
        """Return the texts taken for one number, in the order they came."""
        return [one.text for one in self.received if one.to == to]

    def last_of(self, carrier: str) -> Received:
        """Return what a carrier was handed last."""
        return [one for one in self.received if one.carrier == carrier][-1]


@contextmanager
def running() -> Iterator[FakeCarrier]:
    """Run a fake carrier on a free port."""
    fake = FakeCarrier()

    class Handler(_Handler):
        carrier = fake

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        fake.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def settings_for(fake: FakeCarrier, carriers: str, **more: str) -> dict[str, str]:
    """Return the settings that send everything to a fake carrier."""
    return {
        "TIPLINE_CARRIERS": carriers,
        "TIPLINE_BASE_URL": fake.url,
        "TWILIO_FROM": "+15005550006",
        "TWILIO_API_URL": fake.url,
        "AFRICASTALKING_USERNAME": "lentsoe",
        "AFRICASTALKING_API_KEY": "a-key-of-the-tests",
        "AFRICASTALKING_API_URL": fake.url,
        "KANNEL_SENDSMS_URL": fake.url + "/cgi-bin/sendsms",
        "KANNEL_USERNAME": "lentsoe",
        "KANNEL_PASSWORD": "kannel-password",
        **more,
    }


class _Handler(BaseHTTPRequestHandler):
    carrier: FakeCarrier
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/cgi-bin/sendsms":
            self._take("kannel", dict(parse_qsl(address.query)), _kannel)
        else:
            self._answer((404, "text/plain", "no such page"))

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/version1/messaging":
            self._take("africastalking", dict(parse_qsl(raw)), _africastalking)
        elif self.path.startswith("/2010-04-01/Accounts/") and self.path.endswith("/Messages.json"):
            self._take("twilio", dict(parse_qsl(raw)), _twilio)
        elif self.path.startswith(_MESSAGES[0]) and _MESSAGES[1] in self.path:
            self._erase("redact" if dict(parse_qsl(raw, keep_blank_values=True)) == {"Body": ""} else "?")
        elif self.path == "/phone/deliver":
            self._take("console", json.loads(raw), _console)
        else:
            self._answer((404, "text/plain", "no such page"))

    def do_DELETE(self) -> None:
        self._erase("delete")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _take(self, carrier: str, fields: dict[str, str], answer: Callable[[str, dict[str, str], str], Answer]) -> None:
        fake = self.carrier
        mood = fake.mood.get(carrier, "ok")
        if self._is_gone(mood):
            return
        if mood in {"ok", "charset"}:
            to = fields.get("To") or fields.get("to") or ""
            sender = fields.get("From") or fields.get("from") or fields.get("MessagingServiceSid") or ""
            said = fields.get("Body") or fields.get("message") or fields.get("text") or ""
            fake.received.append(Received(carrier, to, sender, said, fields, dict(self.headers)))
        elif mood == "fault":
            self._answer((500, "text/html", f"<h1>Internal error</h1> for {fields}"))  # it quotes what it was sent
            return
        self._answer(answer(mood, fields, f"{carrier}-{len(fake.received)}"))
        if carrier == "twilio" and mood == "ok":
            fake.copies["SM" + f"{carrier}-{len(fake.received)}".rjust(32, "0")] = fields.get("Body", "")

    def _is_gone(self, mood: str) -> bool:
        """Break the connection or let it hang, if the mood is so."""
        if mood == "silent":
            self.carrier.over.wait(10)
        self.close_connection = self.close_connection or mood in {"silent", "drop"}
        return mood in {"silent", "drop"}

    def _erase(self, act: str) -> None:
        """Do as Twilio does: blank or delete a message by its id."""
        fake, sid = self.carrier, self.path.rsplit("/", 1)[1].removesuffix(".json")
        mood = fake.mood.get("twilio", "ok")
        fake.told.append((act, sid))
        if self._is_gone(mood):
            return
        if mood == "fault":
            self._answer((500, "text/html", f"<h1>Internal error</h1> for {sid}"))
        elif sid not in fake.copies:
            self._answer(_twilio_error(404, 20404, f"The requested resource {self.path} was not found"))
        elif mood == "incomplete":
            self._answer(_twilio_error(400, 20009, "Cannot delete this resource until it is complete"))
        elif act == "delete":
            del fake.copies[sid]
            self._answer((204, JSON, ""))
        else:
            fake.copies[sid] = ""
            self._answer((200, JSON, json.dumps({"sid": sid, "status": "delivered", "body": ""})))

    def _answer(self, answer: Answer) -> None:
        status, kind, body = answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())


def _twilio(mood: str, fields: dict[str, str], message_id: str) -> Answer:
    errors = {
        "opted_out": (400, 21610, "Attempt to send to unsubscribed recipient"),
        "bad_number": (400, 21211, f"The 'To' number {fields['To']} is not a valid phone number"),
        "bad_sender": (400, 21212, "The 'From' number is not a valid phone number"),
        "not_authorised": (401, 20003, "Authenticate"),
        "no_credit": (403, 30002, "Account suspended"),
    }
    if mood in errors:
        return _twilio_error(*errors[mood])
    if mood.startswith("error "):
        status, code = map(int, mood.split()[1:])
        return _twilio_error(status, code, f"No: {fields['To']}")
    if mood == "garbage":
        return 201, JSON, "<html>"
    sid = "SM" + message_id.rjust(32, "0")
    said = {"sid": sid, "status": "queued", "to": fields["To"], "body": fields["Body"], "error_code": None}
    said |= {"num_segments": "1", "price": "-0.07500" if mood == "priced" else None, "price_unit": "USD"}
    return 201, JSON, json.dumps(said)


def _twilio_error(status: int, code: int, message: str) -> Answer:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return status, JSON, json.dumps({"code": code, "message": message, "more_info": more, "status": status})


def _africastalking(mood: str, fields: dict[str, str], message_id: str) -> Answer:
    statuses = {"opted_out": 406, "bad_number": 403, "no_credit": 405, "bad_sender": 402}
    if mood == "not_authorised":
        return 401, "text/plain", "The supplied authentication is invalid"
    if mood == "garbage":
        return 201, "text/html", "<html>"
    if mood in {"empty", "bad_sender"}:
        return 201, JSON, json.dumps({"SMSMessageData": {"Message": "InvalidSenderId", "Recipients": []}})
    status = int(mood.removeprefix("status ")) if mood.startswith("status ") else statuses.get(mood, 101)
    recipient = {
        "statusCode": status,
        "number": fields["to"],
        "status": "Success" if status < 400 else "UserInBlacklist",
        "cost": "KES 0.8000",
        "messageId": "None" if status >= 400 else f"ATPid_{message_id}",
    }
    if mood == "no id":
        recipient |= {"messageId": "None", "cost": "0"}
    said = {"SMSMessageData": {"Message": "Sent to 1/1 Total Cost: KES 0.8000", "Recipients": [recipient]}}
    return 201, JSON if mood != "charset" else f"{JSON}; charset=utf-8", json.dumps(said)


def _kannel(mood: str, fields: dict[str, str], message_id: str) -> Answer:
    errors = {
        "bad_number": (400, "Malformed destination"),
        "not_authorised": (403, "Authorization failed for sendsms"),
        "no_route": (404, "Not routable"),
    }
    status, said = errors.get(mood, (202, "0: Accepted for delivery"))
    if mood.startswith("answer "):
        status, said = int(mood.split()[1]), mood.split(maxsplit=2)[2]
    return status, "text/html", said


def _console(mood: str, fields: dict[str, str], message_id: str) -> Answer:
    return (403, "text/plain", "") if mood == "not_authorised" else (204, "text/plain", "")
