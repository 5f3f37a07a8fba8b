"""What a text costs, as an operator writes it down: never guessed, with the day it was asked for. Pure.

Amounts are whole millionths of a currency's unit: sums of fractions of a cent stay exact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

_UNIT = 1_000_000
_AMOUNT = re.compile(r"\d{1,6}(?:\.\d{1,6})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


@dataclass(frozen=True)
class Money:
    """An amount in millionths of ``currency`` (three letters, ISO 4217)."""

    micros: int
    currency: str

    def __str__(self) -> str:
        """Return it as people write it: ``LSL 0.25``, with more than two decimals only where they say something."""
        whole, part = divmod(self.micros, _UNIT)
        decimals = f"{part:06d}".rstrip("0").ljust(2, "0")
        return f"{self.currency} {whole}.{decimals}"


@dataclass(frozen=True)
class Price:
    """What one segment costs, and the day on which that was so."""

    segment: Money
    since: date

    def of(self, segments: int) -> Money:
        """Return the price of so many segments."""
        return Money(self.segment.micros * segments, self.segment.currency)


def money(currency: str, amount: str) -> Money | None:
    """Return an amount as a carrier or an operator writes it, None if it is none (``LSL`` and ``0.25``)."""
    if not _CURRENCY.fullmatch(currency) or not _AMOUNT.fullmatch(amount):
        return None
    return Money(int(Decimal(amount) * _UNIT), currency)


def read(text: str) -> tuple[str, Price] | None:
    """Return a carrier and its price as written: ``kannel 0.25 LSL 2026-11-01``; None if it is not so."""
    words = text.split()
    if len(words) != 4:  # noqa: PLR2004 - the four words of the line above
        return None
    carrier, amount, currency, day = words
    segment = money(currency, amount)
    try:
        since = date.fromisoformat(day)
    except ValueError:
        return None
    return None if segment is None else (carrier.lower(), Price(segment, since))
