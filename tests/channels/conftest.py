"""What the channels' tests share: a fake carrier, a clock that is set by hand, a texter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from tests import make
from tests.channels import fake_carrier
from tests.channels.doors import Texter
from tests.channels.fake_carrier import FakeCarrier
from tipline import outbox
from tipline.house import House


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        """Move it on."""
        self.now += timedelta(**by)


class Line:
    """An instance whose carriers are all one fake, on a clock of its own."""

    def __init__(self, app: Flask, carrier: FakeCarrier) -> None:
        self.app = app
        self.carrier = carrier
        self.house: House = make.house_of(app)
        self.clock = Clock(make.NOON + timedelta(hours=1))
        self.house.clock = self.clock

    def texter(self, carrier: str = "africastalking", number: str = "+26658000000") -> Texter:
        """Return somebody with a phone."""
        return Texter(self.app.test_client(), self.house, carrier, number)

    def deliver(self) -> int:
        """Do what the worker does."""
        return outbox.deliver(self.house.database, self.house.sender, self.house.keys, self.clock)


@pytest.fixture
def carrier() -> Iterator[FakeCarrier]:
    """Give a fake carrier."""
    with fake_carrier.running() as fake:
        yield fake


@pytest.fixture
def line(var: Path, carrier: FakeCarrier) -> Iterator[Line]:
    """Give an instance on which Africa's Talking, Twilio and Kannel are set up, in this order."""
    made = make.app(var, **fake_carrier.settings_for(carrier, "africastalking,twilio,kannel"))
    yield Line(made, carrier)
    make.house_of(made).database.dispose()
