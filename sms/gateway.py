"""What a carrier is to this house: the messages that pass, and the protocol that each carrier's file follows.

Knows neither the web framework nor a carrier. A carrier's own words (status codes, field names) end in its file.
"""

from __future__ import annotations

import string
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable
from urllib.parse import unquote_plus

from tipline import outbox, phones
from tipline.erasure import Erased
from tipline.errors import BadPhoneNumber
from tipline.sealing import same

LONGEST_CALL = 8 * 1024  # bytes of a carrier's request body
FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 200
_NOT_IN_NUMBERS = frozenset(string.ascii_letters + "@")


class BadCall(ValueError):
    """A carrier's request lacks what it must have; the message names the field, never a value."""


@dataclass(frozen=True)
class Call:
    """One request of a carrier as plain facts: ``url`` as the carrier called it, ``headers`` by lower-case name."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    query: bytes = field(default=b"", repr=False)
    body: bytes = field(default=b"", repr=False)
    secret: str = field(default="", repr=False)

    def header(self, name: str) -> str:
        """Return a header, "" where there is none."""
        return self.headers.get(name.lower(), "")

    def form(self) -> Fields:
        """Return the fields of a posted form."""
        return Fields.read(self.body)

    def asked(self) -> Fields:
        """Return the fields behind the question mark."""
        return Fields.read(self.query)


class Fields(dict[str, list[str]]):
    """Form fields in the order they came; a byte that is no UTF-8 becomes U+FFFD, nothing is stripped."""

    @classmethod
    def read(cls, raw: bytes) -> Fields:
        """Read ``name=value&…``. BadCall if there are more fields than any carrier sends."""
        pairs = raw.decode(errors="replace").split("&")
        if len(pairs) > _MOST_FIELDS:
            raise BadCall("too many fields")
        fields = cls()
        for pair in pairs:
            if pair:
                name, _, value = pair.partition("=")
                fields.setdefault(_unquoted(name), []).append(_unquoted(value))
        return fields

    def getlist(self, name: str) -> list[str]:
        """Return every value of a field (Twilio signs them all)."""
        return self.get(name, [])

    def first(self, name: str) -> str:
        """Return a field's value, "" where it is missing."""
        return self.get(name, [""])[0]

    def needed(self, name: str) -> str:
        """Return a field's value; BadCall where it is missing."""
        if name not in self:
            raise BadCall(f"{name} is missing")
        return self[name][0]


@dataclass(frozen=True)
class Inbound:
    """A text that came in. ``number`` is E.164, "" where the sender is none; ``ours`` is where it was sent to.

    ``erasable`` says that the carrier keeps a copy and erases it when told to.
    """

    provider: str
    message_id: str = field(repr=False)  # "" where the carrier gave none
    number: str = field(repr=False)
    text: str = field(repr=False)
    ours: str = ""
    erasable: bool = False


@dataclass(frozen=True)
class Outbound:
    """A text that goes out; ``ours`` is our own number at this carrier, "" for its usual one."""

    number: str = field(repr=False)
    text: str = field(repr=False)
    ours: str = ""


@dataclass(frozen=True)
class Delivery:
    """A carrier's word on what became of a message; ``state`` is one of ``outbox.RANK``, "" for others."""

    carrier_id: str = field(repr=False)
    state: str


class Gateway(Protocol):
    """One carrier. ``answers`` says that a reply travels in the HTTP answer; ``own`` is our number there, if set.

    ``reports`` says that it tells us what became of a message.
    """

    name: str
    answers: bool
    reports: bool
    own: str

    def verify(self, call: Call) -> bool:
        """Say whether the carrier itself made this call."""

    def parse(self, call: Call) -> Inbound:
        """Return the text that came in. BadCall."""

    def parse_delivery(self, call: Call) -> Delivery:
        """Return what became of a message. BadCall."""

    def send(self, message: Outbound) -> outbox.Sent:
        """Hand a text to the carrier; raises ``outbox.SendFailed`` and nothing else that quotes it."""


@runtime_checkable
class Erases(Protocol):
    """A carrier that erases its copy of a message, in or out, when told to."""

    def erase(self, carrier_id: str) -> Erased:
        """Have the carrier's copy erased; raises nothing that quotes the id."""


def _unquoted(part: str) -> str:
    return unquote_plus(part) if "%" in part or "+" in part else part  # most parts are plain: four times as fast


def number_of(sender: str) -> str:
    """Return E.164 for a carrier's sender; "" for a short code or a name, which nobody can answer."""
    if _NOT_IN_NUMBERS & set(sender):
        return ""
    try:
        return phones.parse(sender)
    except BadPhoneNumber:
        return ""


def is_secret(given: str, valid: Collection[str]) -> bool:
    """Compare with every valid secret in constant time (two while one is being changed)."""
    found = [same(given, one) for one in valid]
    return any(found)
