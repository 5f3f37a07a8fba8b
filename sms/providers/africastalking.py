"""Africa's Talking, through its own SDK. It signs nothing: a secret in the path to us.

Its failures look like success: HTTP 201 with no recipient, or with one whose own status says no.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import requests

from sms.gateway import Call, Delivery, Inbound, Outbound, is_secret, number_of
from sms.providers import failures
from tipline.outbox import SendFailed, Sent
from tipline.prices import Money, money
from tipline.settings import Settings

NAME = "africastalking"
_TAKEN = {100, 101, 102}  # processed, sent, queued
_CODES = {
    401: ("risk_hold", False),
    402: ("bad_sender", False),
    403: ("bad_number", True),
    404: ("bad_number", True),
    405: ("no_credit", False),
    406: ("opted_out", True),
    407: ("no_route", True),
    409: ("opted_out", True),
    500: ("carrier_fault", False),
    501: ("carrier_fault", False),
    502: ("carrier_fault", False),
}
# What the answer says instead of naming a recipient, or in a plain text with an error's status.
_WORDS = {
    "InvalidSenderId": ("bad_sender", False),
    "InsufficientBalance": ("no_credit", False),
    "authentication": ("not_authorised", False),
}
_STATES = {
    "Sent": "sent",
    "Submitted": "sent",
    "Buffered": "buffered",
    "Rejected": "failed",
    "Success": "delivered",
    "Failed": "failed",
    "AbsentSubscriber": "undelivered",
    "Expired": "undelivered",
}


@dataclass(frozen=True)
class AfricasTalking:
    """The account, and the secrets of the address that it calls."""

    username: str
    api_key: str = field(repr=False)
    own: str
    callback_secrets: tuple[str, ...] = field(repr=False)
    api_url: str
    name: str = NAME
    answers: bool = False
    reports: bool = True

    def verify(self, call: Call) -> bool:
        """Compare the secret in the path."""
        return is_secret(call.secret, self.callback_secrets)

    def parse(self, call: Call) -> Inbound:
        """Read ``id from to text`` (date, linkId, cost and networkCode are not kept)."""
        form = call.form()
        return Inbound(
            self.name, form.needed("id"), number_of(form.needed("from")), form.needed("text"), form.first("to").strip()
        )

    def parse_delivery(self, call: Call) -> Delivery:
        """Read ``id status``; a status that is new is accepted and says nothing."""
        form = call.form()
        return Delivery(form.needed("id"), _STATES.get(form.needed("status"), ""))

    def send(self, message: Outbound) -> Sent:
        """Send one text to one number."""
        try:
            answer = self._service.send(
                message.text, [message.number], sender_id=message.ours or self.own or None, timeout=failures.TIMEOUT
            )
        except requests.RequestException as error:
            raise failures.of_request(error, self.name) from None
        except ValueError:  # the SDK's own look at the number, before anything is sent
            raise SendFailed("bad_number", final=True, carrier=self.name) from None
        except Exception as error:  # noqa: BLE001 - AfricasTalkingException quotes the answer and loses its status
            raise self._failed(_word(str(error))) from None
        return self._taken(answer)

    @cached_property
    def _service(self) -> Any:  # noqa: ANN401 - the SDK has no types
        from africastalking.SMS import SMSService  # noqa: PLC0415 - only who sends by it loads it

        service = SMSService(self.username, self.api_key)
        if self.api_url:
            service._baseUrl = self.api_url + "/version1"  # noqa: SLF001 - the SDK's hosts are fixed
        return service

    def _taken(self, answer: Any) -> Sent:  # noqa: ANN401 - a dict, or text where the content type names a charset
        try:
            said = json.loads(answer) if isinstance(answer, str) else answer
            data = said["SMSMessageData"]
            recipients = data["Recipients"]
            if not recipients:
                raise self._failed(_word(str(data.get("Message", ""))))
            status, carrier_id = int(recipients[0]["statusCode"]), str(recipients[0].get("messageId") or "")
            cost = _cost(str(recipients[0].get("cost") or ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SendFailed("not_understood", unsure=True, carrier=self.name) from None
        if status not in _TAKEN:
            raise self._failed(_CODES.get(status, ("carrier_fault", False)))
        return Sent(self.name, "" if carrier_id == "None" else carrier_id, cost=cost)

    def _failed(self, meaning: tuple[str, bool]) -> SendFailed:
        code, final = meaning
        return SendFailed(code, final=final, carrier=self.name)


def make(settings: Settings) -> AfricasTalking:
    """Set this carrier up."""
    account = settings.africastalking
    return AfricasTalking(
        username=account.username,
        api_key=account.api_key,
        own=account.sender,
        callback_secrets=account.callback_secrets,
        api_url=account.api_url,
    )


def _word(said: str) -> tuple[str, bool]:
    return next((meaning for word, meaning in _WORDS.items() if word in said), ("carrier_fault", False))


def _cost(said: str) -> Money | None:
    currency, _, amount = said.partition(" ")  # KES 0.8000
    return money(currency, amount)
