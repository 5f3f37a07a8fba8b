"""What the channels' tests share: a fake carrier, a clock that is set by hand, a texter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import make
from tests.channels import fake_carrier
from tests.channels.doors import Texter
from tests.channels.fake_carrier import FakeCarrier
from tipline import casework, outbox, thread
from tipline.abuse import Bounds
from tipline.accounts import Identity
from tipline.house import House
from tipline.models import Tip, TipDesk


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

    def desk(self, name: str) -> Desk:
        """Sign somebody in at a desk."""
        return Desk(self, make.identity(self.house, name))

    def deliver(self) -> int:
        """Do what the worker does."""
        return outbox.deliver(self.house.database, self.house.sender, self.house.keys, self.clock)


class Desk:
    """A caseworker at work."""

    def __init__(self, line: Line, who: Identity) -> None:
        self._line = line
        self._who = who

    def tips(self) -> list[Tip]:
        """Return what may be read here, oldest first."""
        wanted = select(Tip).join(TipDesk, TipDesk.tip_id == Tip.id).where(TipDesk.desk_id == self._who.desk_id)
        with self._line.house.database.read() as session:
            found = list(session.scalars(wanted.order_by(Tip.id)))
            session.expunge_all()
            return found

    def view(self, tip: Tip) -> casework.View:
        """Open a tip."""
        with self._line.house.database.read() as session:
            return casework.view(session, self._hold(session, tip))

    def said(self, tip: Tip) -> list[str]:
        """Return everything the reporter said that opens here, oldest first."""
        seen = self.view(tip)
        more = [str(one.data["text"]) for one in seen.thread if one.kind == "message" and one.data]
        return ([seen.text] if seen.text is not None else []) + more

    def reply(self, tip: Tip, text: str) -> None:
        """Answer a tip."""
        house = self._line.house
        with house.database.write() as session:
            casework.reply(session, self._hold(session, tip), text, house.words)

    def number(self, tip: Tip) -> list[str]:
        """Return the sealed number entry (number, carrier, ours), which no page shows."""
        with self._line.house.database.read() as session:
            case = self._hold(session, tip)
            entries = thread.entries(session, tip.id, [thread.NUMBER])
            opened = [thread.opened(entry, case.tip, case.keys, case.file.instance) for entry in entries]
            return [str(value) for one in opened if one.data for value in one.data.values()]

    def _hold(self, session: Session, tip: Tip) -> casework.Case:
        return casework.hold(session, self._who, tip.uid, keys=self._line.house.keys, now=self._line.clock.now)


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


BOUNDS = {
    "TIPLINE_TEXTS_AN_HOUR": "4", "TIPLINE_TEXTS_A_DAY": "9", "TIPLINE_ANSWERS_A_MINUTE": "400",
    "TIPLINE_FLOOD_FROM": "3", "TIPLINE_FLOOD_MINUTES": "60",
}  # fmt: skip
Lines = Callable[..., Line]


@pytest.fixture
def lines(var: Path, carrier: FakeCarrier) -> Iterator[Lines]:
    """Give what makes an instance with small bounds against abuse, or with others."""
    made: list[Flask] = []

    def line(**changes: str) -> Line:
        settings = fake_carrier.settings_for(carrier, "africastalking,twilio,kannel")
        made.append(make.app(var, **{**settings, **BOUNDS, **changes}))
        return Line(made[-1], carrier)

    yield line
    for one in made:
        make.house_of(one).database.dispose()


@pytest.fixture
def bounded(lines: Lines) -> Line:
    """Give an instance with small bounds."""
    return lines()


@pytest.fixture
def any_bounded(any_app: Flask, carrier: FakeCarrier) -> Line:
    """Give an instance on either database, with small bounds."""
    line = Line(any_app, carrier)
    bounds = Bounds(texts_an_hour=4, texts_a_day=9, answers_a_minute=400, flood_from=3)
    object.__setattr__(line.house.settings, "bounds", bounds)
    return line
