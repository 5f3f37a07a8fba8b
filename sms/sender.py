"""Sends by the best carrier there is: the door that the phone last wrote to, then the others in their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from sms import conversation, segments
from sms.gateway import Gateway, Outbound
from tipline.outbox import SendFailed, Sent, Text

OPTED_OUT = "opted_out"


class SmsWords:
    """How an answer is put to a phone."""

    def notice(self, lang: str) -> str:
        """Return the neutral text that says a message waits."""
        return conversation.render("waiting_notice", cast("conversation.Lang", lang))

    def parts(self, text: str) -> list[str]:
        """Return a text as one-segment parts: each stands alone, since carriers do not keep their order."""
        return segments.parts(text)


class CarrierSender:
    """Picks a carrier and, where one refuses, the next. Only carriers of ``order`` send."""

    def __init__(self, gateways: Mapping[str, Gateway], order: Sequence[str]) -> None:
        """Take the carriers that are loaded and the order of preference."""
        self._gateways = {name: gateways[name] for name in order if name in gateways}

    def send(self, message: Text) -> Sent:
        """Send one text; raises SendFailed with what the first carrier said.

        The next carrier is tried unless the text may have been taken (``unsure``: it must not arrive twice) or its
        reader said STOP to a carrier.
        """
        failures: list[SendFailed] = []
        for gateway in self._choice(message.carrier):
            ours = message.ours if gateway.name == message.carrier else ""
            try:
                return gateway.send(Outbound(message.number, message.text, ours))
            except SendFailed as failed:
                failures.append(failed)
                if failed.unsure or failed.code == OPTED_OUT:
                    raise
        if not failures:
            raise SendFailed("no_carrier")
        first = failures[0]
        final = all(failed.final for failed in failures)
        raise SendFailed(first.code, final=final, carrier=first.carrier)

    def _choice(self, preferred: str) -> Iterator[Gateway]:
        if preferred in self._gateways:
            yield self._gateways[preferred]
        yield from (gateway for name, gateway in self._gateways.items() if name != preferred)
