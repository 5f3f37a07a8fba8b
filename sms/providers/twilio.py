"""Twilio, through its own SDK. It signs every call; a reply travels in the answer to it (TwiML)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import requests
from twilio.request_validator import RequestValidator, get_signature_algorithm

from sms.gateway import FORM, BadCall, Call, Delivery, Inbound, Outbound, number_of
from sms.providers import failures
from tipline.erasure import Erased
from tipline.outbox import SendFailed, Sent
from tipline.prices import money
from tipline.settings import Settings

if TYPE_CHECKING:
    from twilio.rest import Client

NAME = "twilio"
_GONE = 404
_NO_ANSWER_BEHIND = 504  # whoever stands in front of Twilio waited in vain: it may have been taken
_SERVICE = "MG"  # how the id of a messaging service begins
# https://www.twilio.com/docs/api/errors: what a refusal means, and whether trying again is useless.
_CODES = {
    21610: ("opted_out", True),
    21211: ("bad_number", True),
    21217: ("bad_number", True),
    21614: ("bad_number", True),
    21408: ("no_route", True),
    21612: ("no_route", True),
    21212: ("bad_sender", False),
    21603: ("bad_sender", False),
    21606: ("bad_sender", False),
    21659: ("bad_sender", False),
    20003: ("not_authorised", False),
    20429: ("too_fast", False),
}
_STATES = {
    "accepted": "queued",
    "scheduled": "queued",
    "queued": "queued",
    "sending": "queued",
    "sent": "sent",
    "undelivered": "undelivered",
    "failed": "failed",
    "canceled": "failed",
    "delivered": "delivered",
    "read": "delivered",
}
_silent = logging.getLogger(__name__ + ".sdk")
_silent.disabled = True  # the SDK's own log names addresses and answers


@dataclass(frozen=True)
class Twilio:
    """The account. ``own`` is our number there, or the id of a messaging service."""

    account_sid: str
    auth_token: str = field(repr=False)
    own: str
    api_url: str
    base_url: str
    is_real: bool = True  # false in a demo that does not send by it: Twilio never saw what comes in
    name: str = NAME
    answers: bool = True

    @property
    def reports(self) -> bool:
        """Say whether status callbacks are asked for: only where Twilio can reach us."""
        return _is_public(self.base_url)

    def verify(self, call: Call) -> bool:
        """Check the signature over the address and every field, those that we do not know as well.

        What is no form is signed by its hash, which stands in the address (``bodySHA256``).
        """
        try:
            is_form = call.header("Content-Type").startswith(FORM)
            if not is_form and not call.asked().first("bodySHA256"):
                return False
            signed = call.form() if is_form else call.body.decode(errors="replace")
        except BadCall:  # more fields than Twilio sends
            return False
        return bool(
            RequestValidator(self.auth_token).validate(
                call.url,
                signed,
                call.header("X-Twilio-Signature"),
                algorithm=get_signature_algorithm(call.header("X-Twilio-Webhooks-Signature-Settings")),
            )
        )

    def parse(self, call: Call) -> Inbound:
        """Read ``MessageSid From To Body``; where the sender is, which Twilio guesses, is not kept."""
        form = call.form()
        to = form.first("To").strip()
        if self.own.startswith(_SERVICE) and form.first("MessagingServiceSid") == self.own:
            to = self.own
        message_id, number = form.needed("MessageSid"), number_of(form.needed("From"))
        return Inbound(self.name, message_id, number, form.needed("Body"), to, erasable=self.is_real)

    def parse_delivery(self, call: Call) -> Delivery:
        """Read a status callback."""
        form = call.form()
        return Delivery(form.needed("MessageSid"), _STATES.get(form.needed("MessageStatus"), ""))

    def send(self, message: Outbound) -> Sent:
        """Send one text; Twilio is asked to keep neither its words nor the whole number."""
        from twilio.base.exceptions import TwilioException, TwilioRestException  # noqa: PLC0415 - with the client

        ours = message.ours or self.own
        sender = {"messaging_service_sid" if ours.startswith(_SERVICE) else "from_": ours}
        if self.reports:
            sender["status_callback"] = self.base_url + "/sms/twilio/status"
        try:
            taken = self._client.messages.create(
                to=message.number,
                body=message.text,
                content_retention="discard",
                address_retention="obfuscate",
                **sender,
            )
        except requests.RequestException as error:
            raise failures.of_request(error, self.name) from None
        except TwilioRestException as error:
            if error.status == _NO_ANSWER_BEHIND:
                raise SendFailed("no_answer", unsure=True, carrier=self.name) from None
            code, final = _CODES.get(int(error.code or 0), ("carrier_fault", False))
            raise SendFailed(code, final=final, carrier=self.name) from None
        except (TwilioException, ValueError):  # an answer of 2xx that cannot be read
            raise SendFailed("not_understood", unsure=True, carrier=self.name) from None
        amount = str(taken.price or "").removeprefix("-")  # often known only later; written as a debit
        return Sent(self.name, str(taken.sid or ""), cost=money(str(taken.price_unit or "").upper(), amount))

    def erase(self, carrier_id: str) -> Erased:
        """Have the words of a message blanked, then the whole message deleted: one that is gone is as good."""
        from twilio.base.exceptions import TwilioException, TwilioRestException  # noqa: PLC0415 - with the client

        message = self._client.messages(carrier_id)
        result = Erased.LATER
        for act in (partial(message.update, body=""), message.delete):
            try:
                act()
                result = Erased.DONE
            except TwilioRestException as error:  # 20009: it is not complete yet
                if error.status == _GONE:
                    return Erased.DONE
                result = Erased.LATER
            except (TwilioException, requests.RequestException, ValueError):
                return Erased.LATER
        return result

    @cached_property
    def _client(self) -> Client:
        from twilio.http.http_client import TwilioHttpClient  # noqa: PLC0415 - 51 MB: only who sends by it loads it
        from twilio.rest import Client  # noqa: PLC0415

        api_url = self.api_url

        class Http(TwilioHttpClient):  # type: ignore[misc]
            """Waits no longer than we do, and calls another host where one is set."""

            def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
                if api_url:
                    there = urlsplit(api_url)
                    url = urlunsplit(urlsplit(url)._replace(scheme=there.scheme, netloc=there.netloc))
                return super().request(method, url, *args, **kwargs)

        http = Http(timeout=failures.TIMEOUT[1], logger=_silent)
        return Client(self.account_sid, self.auth_token, http_client=http)


def make(settings: Settings) -> Twilio:
    """Set this carrier up."""
    account = settings.twilio
    return Twilio(
        account.account_sid,
        account.auth_token,
        account.sender,
        account.api_url,
        settings.base_url,
        is_real=not settings.demo or NAME in settings.carriers,
    )


def _is_public(base_url: str) -> bool:
    return base_url.startswith("https://")
