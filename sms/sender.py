"""Sends by the best carrier there is: the door that the phone last wrote to, then the others in their order.

A carrier that failed several times in a row is passed over for a while, then tried with one text. That is known to the
worker's process only, and forgotten with it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import cast

from pybreaker import (
    STATE_CLOSED,
    STATE_HALF_OPEN,
    STATE_OPEN,
    CircuitBreaker,
    CircuitBreakerListener,
    CircuitBreakerState,
)

from sms import conversation, segments
from sms.gateway import Gateway, Outbound
from tipline.outbox import ALERT, SendFailed, Sent, Text
from tipline.prices import Price

OPTED_OUT = "opted_out"
FAILURES = 5  # in a row; then the carrier rests
REST = timedelta(seconds=60)
_SAID = {STATE_OPEN: "a carrier rests", STATE_HALF_OPEN: "a carrier is tried", STATE_CLOSED: "a carrier works again"}
_NONE: Mapping[str, Sequence[str]] = MappingProxyType({})
_NO_PRICE: Mapping[str, Price] = MappingProxyType({})
_log = logging.getLogger(__name__)


class SmsWords:
    """How an answer is put to a phone."""

    def notice(self, lang: str) -> str:
        """Return the neutral text that says a message waits."""
        return conversation.render("waiting_notice", cast("conversation.Lang", lang))

    def alert(self, lang: str) -> str:
        """Return what staff is told when something urgent waits."""
        return conversation.render("urgent_waits", cast("conversation.Lang", lang))

    def parts(self, text: str) -> list[str]:
        """Return a text as one-segment parts: each stands alone, since carriers do not keep their order."""
        return segments.parts(text)


class _Guarded(CircuitBreakerListener):  # type: ignore[misc, unused-ignore]
    """A carrier behind its circuit breaker. A final failure is about one number, so it speaks for the carrier."""

    def __init__(self, gateway: Gateway, clock: Callable[[], datetime]) -> None:
        self.gateway = gateway
        self._clock = clock
        self._until: datetime | None = None
        self._code = ""
        self._breaker = CircuitBreaker(
            fail_max=FAILURES,
            reset_timeout=timedelta.max.total_seconds() / 2,  # the rest is measured by the house's clock, see send
            exclude=[lambda error: isinstance(error, SendFailed) and error.final],
            listeners=[self],
            throw_new_error_on_trip=False,
        )

    def send(self, message: Outbound) -> Sent:
        """Send, or raise SendFailed with what the carrier said last while it rests."""
        if self._breaker.current_state == STATE_OPEN:
            if self._until is not None and self._clock() < self._until:
                raise SendFailed(self._code, carrier=self.gateway.name)
            self._breaker.half_open()
        with self._breaker.calling():  # not .call(): that lets only one thread at a time wait for a carrier
            return self.gateway.send(message)

    def failure(self, cb: CircuitBreaker, exc: BaseException) -> None:  # noqa: ARG002 - the library's signature
        """Remember what the carrier said."""
        self._code = exc.code if isinstance(exc, SendFailed) else "unexpected"

    def state_change(
        self, cb: CircuitBreaker, old_state: CircuitBreakerState | None, new_state: CircuitBreakerState  # noqa: ARG002
    ) -> None:  # fmt: skip
        """Let a carrier rest from now on, and say so in the log."""
        if new_state.name == STATE_OPEN:
            self._until = self._clock() + REST
        _log.warning(_SAID[new_state.name], extra={"carrier": self.gateway.name, "error": self._code})


class CarrierSender:
    """Picks a carrier and, where one refuses, the next. Only carriers of ``order`` send."""

    def __init__(
        self,
        gateways: Mapping[str, Gateway],
        order: Sequence[str],
        clock: Callable[[], datetime],
        *,
        by_kind: Mapping[str, Sequence[str]] = _NONE,
        prices: Mapping[str, Price] = _NO_PRICE,
    ) -> None:
        """Take the carriers that are loaded, the order of preference, and the clock that their rests go by.

        ``by_kind`` is another order for messages of a kind, of some or all carriers of ``order``.
        """
        self._carriers = {name: _Guarded(gateways[name], clock) for name in order if name in gateways}
        self._by_kind = by_kind
        self._prices = prices

    def send(self, message: Text) -> Sent:
        """Send one text; raises SendFailed with what the first carrier said.

        The next carrier is tried unless the text may have been taken (``unsure``: it must not arrive twice) or its
        reader said STOP to a carrier. One that rests is passed over. What came of each is told on (``tried``).
        """
        if message.kind == ALERT:
            message = replace(message, text=SmsWords().alert(message.text))
        failures: list[SendFailed] = []
        tried: list[tuple[str, str]] = []
        for carrier in self._choice(message):
            name = carrier.gateway.name
            ours = message.ours if name == message.carrier else ""
            try:
                sent = carrier.send(Outbound(message.number, message.text, ours))
            except SendFailed as failed:
                failures.append(failed)
                tried.append((name, failed.code))
                if failed.unsure or failed.code == OPTED_OUT:
                    failed.tried = tuple(tried)
                    raise
            else:
                return self._weighed(sent, message.text, tried)
        if not failures:
            raise SendFailed("no_carrier")
        first = failures[0]
        final = all(failed.final for failed in failures)
        raise SendFailed(first.code, final=final, carrier=first.carrier, tried=tuple(tried))

    def test(self, number: str, lang: str) -> Iterator[tuple[str, str]]:
        """Send a neutral test text by each carrier in turn; yield its name and a failure's code, "" if it was taken."""
        text = conversation.render("test_message", cast("conversation.Lang", lang))
        for name, carrier in self._carriers.items():
            try:
                carrier.gateway.send(Outbound(number, text))
            except SendFailed as failed:
                yield name, failed.code
            except Exception as error:  # noqa: BLE001 - a carrier's surprise quotes the number
                _log.error("a test text failed", extra={"carrier": name, "error": type(error).__name__})
                yield name, "unexpected"
            else:
                yield name, ""

    def _choice(self, message: Text) -> Iterator[_Guarded]:
        """Give the door that the phone last wrote to if it sends this kind, then the order; what was silent, last."""
        names = [name for name in self._by_kind.get(message.kind, self._carriers) if name in self._carriers]
        names.sort(key=lambda name: (name == message.asked_last, name != message.carrier))
        return (self._carriers[name] for name in names)

    def _weighed(self, sent: Sent, text: str, tried: Sequence[tuple[str, str]]) -> Sent:
        """Add what a text weighs and costs: what the carrier says it does, else by the price that is written down."""
        count = segments.segments(text).count
        price = self._prices.get(sent.carrier)
        cost = sent.cost if sent.cost is not None or price is None else price.of(count)
        return replace(sent, segments=count, cost=cost, tried=tuple(tried))
