"""The demo's own carrier: a reply goes to the phone at ``/phone`` in the browser. Nothing leaves the machine."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import requests

from sms.gateway import BadCall, Call, Delivery, Inbound, Outbound
from sms.providers import failures
from tipline.outbox import SendFailed, Sent
from tipline.settings import Settings

NAME = "console"


@dataclass(frozen=True)
class Console:
    """The demo instance's own address, and the secret between its worker and its phone."""

    base_url: str
    secret: str = field(repr=False)
    own: str
    name: str = NAME
    answers: bool = False
    reports: bool = False

    def verify(self, call: Call) -> bool:  # noqa: ARG002 - the protocol has it
        """Refuse: the phone in the browser writes through the real carriers' doors, this one has none."""
        return False

    def parse(self, call: Call) -> Inbound:  # noqa: ARG002
        """Refuse: there is no such door."""
        raise BadCall("the console has no door")

    def parse_delivery(self, call: Call) -> Delivery:  # noqa: ARG002
        """Refuse: there is no such door."""
        raise BadCall("the console has no door")

    def send(self, message: Outbound) -> Sent:
        """Lay the text where the phone in the browser finds it."""
        carrier_id = secrets.token_hex(16)  # the phone says under it whether the text reached it
        said = {"to": message.number, "from": message.ours or self.own, "text": message.text, "id": carrier_id}
        try:
            answer = requests.post(
                self.base_url + "/phone/deliver",
                json=said,
                headers={"X-Phone-Secret": self.secret},
                timeout=failures.TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise failures.of_request(error, self.name) from None
        if not answer.ok or answer.is_redirect:
            raise SendFailed("carrier_fault", carrier=self.name)
        return Sent(self.name, carrier_id)


def make(settings: Settings) -> Console:
    """Set this carrier up."""
    return Console(settings.base_url, settings.console_secret, settings.shortcode)
