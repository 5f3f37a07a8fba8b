"""Reports that one phone begins by USSD and leaves stand as one in the queue; what says more, or is sent, by itself."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from tests import make
from tests.channels.bounds import block, queued, tips
from tests.channels.conftest import Line
from tests.channels.fake_carrier import FakeCarrier
from tests.channels.ussd_phone import NUMBER, UssdPhone, sweep
from tipline.abuse import Bounds
from tipline.models import Event, TipDesk

TO_CALM = ("2", "1", "1", "2")  # English, report, go on, no danger now: from here on it is kept


@pytest.fixture
def line(any_app: Flask, carrier: FakeCarrier) -> Line:
    """Give an instance where the third draft of a phone is one too many."""
    line = Line(any_app, carrier)
    object.__setattr__(line.house.settings, "bounds", Bounds(flood_from=3))
    return line


def begin(line: Line, *pressed: str, number: str = NUMBER) -> UssdPhone:
    """Begin a report and say what is pressed; the next dial is another session."""
    phone = UssdPhone.at(line.app, number)
    phone.press(*TO_CALM, *pressed)
    return phone


def drop(line: Line) -> None:
    """Have the lines break."""
    line.clock.forward(minutes=6)
    sweep(line.house)


def test_many_drafts_of_one_phone_are_one_entry(line: Line) -> None:
    for _ in range(6):
        begin(line)
        drop(line)
    begin(line, number="+26658007777")

    every = tips(line)
    assert [tip.folded_into for tip in every] == [None, None] + [every[0].id] * 4 + [None]
    assert {tip.id for tip in queued(line)} == {every[0].id, every[1].id, every[6].id}
    assert (every[0].gathered, make.is_unread(line.house, every[5]), every[5].unfinished) == (4, False, False)
    with line.house.database.read() as session:
        assert set(session.scalars(select(TipDesk.stage))) == {"received", "folded"}


def test_one_of_them_that_speaks_of_danger_stands_by_itself_at_once(line: Line) -> None:
    for _ in range(3):
        begin(line)
        drop(line)
    phone = UssdPhone.at(line.app)
    phone.press("2", "1", "1", "1")  # danger now
    assert tips(line)[3].folded_into is None
    assert tips(line)[3].id in {tip.id for tip in queued(line, "police")}


def test_one_of_them_that_comes_to_speak_of_a_child_or_a_place_does_too(line: Line) -> None:
    for _ in range(2):
        begin(line)
        drop(line)
    phone = begin(line)
    assert tips(line)[2].folded_into is not None
    phone.press("2", "3")  # a child is harmed, Leribe
    last = tips(line)[2]
    assert (last.folded_into, last.child, make.is_unread(line.house, last)) == (None, True, True)
    assert last.id in {tip.id for tip in queued(line)}
    assert last.id in {tip.id for tip in queued(line, "police")}
    with line.house.database.read() as session:
        kinds = session.scalars(select(Event.kind).where(Event.tip_id == last.id).order_by(Event.id)).all()
        assert kinds == ["received", "folded", "unfolded"]


def test_a_report_that_is_sent_is_no_draft(line: Line) -> None:
    for _ in range(2):
        begin(line)
        drop(line)
    phone = begin(line)
    wire = phone.send()
    for _ in range(12):
        if not wire.startswith("CON ") or "Keep these" in wire:
            break
        wire = phone.press("I was promised work" if "1." not in wire else "1")
    last = tips(line)[2]
    assert (last.unfinished, last.folded_into, last.alike) == (False, None, None)


def test_a_blocked_phone_dials_in_silence_unless_it_is_urgent(line: Line) -> None:
    line.texter(number=NUMBER).text("Lea hlanya kaofela")
    block(line, tips(line)[0])

    begin(line)
    assert tips(line)[1].folded_into == tips(line)[0].id
    assert len(queued(line)) == 1
    UssdPhone.at(line.app).press("2", "1", "1", "1")
    assert [tip.priority for tip in queued(line)] == ["P0", "P2"]


def test_nothing_on_the_phone_shows_it(line: Line) -> None:
    seen = []
    for _ in range(4):
        phone = UssdPhone.at(line.app)
        seen.append([phone.press(one) for one in TO_CALM])
        drop(line)
    assert all(one == seen[0] for one in seen)
