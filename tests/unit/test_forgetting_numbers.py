"""A phone number goes a while after its tip was closed, unless its reporter came back; on SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from tests import make
from tipline import casework, errors, followup, outbox, retention, thread
from tipline.accounts import Identity
from tipline.house import House
from tipline.models import Entry, Event, OutMessage, PhoneThread, Tip, TipDesk
from tipline.phones import Phone

NUMBER = "+26658000000"
CLOSED = make.NOON + timedelta(hours=1)
MONTH = timedelta(days=30)


@pytest.fixture
def who(any_house: House) -> Identity:
    any_house.clock = lambda: make.NOON
    return make.identity(any_house, "immigration")


def texted(house: House, number: str = NUMBER) -> int:
    """Take in a text; return the tip's id."""
    return make.told(house, channel="sms", phone=Phone(number, "twilio", "48000")).tip_id


def answered_and_closed(house: House, who: Identity, tip_id: int) -> None:
    with make.held(house, who, tip_id) as (session, case):
        casework.take(session, case)
        casework.reply(session, case, "Please come to the office.", house.words)
    house.clock = lambda: CLOSED
    with make.held(house, who, tip_id) as (session, case):
        casework.close(session, case, "assisted", note="It is done.")


def known(house: House, tip_id: int) -> tuple[int, int, int]:
    """Count what is still known of a tip's phone: sealed numbers, threads, texts that wait or were given up."""
    number = select(func.count()).where(Entry.tip_id == tip_id, Entry.kind == thread.NUMBER)
    phone = select(func.count()).where(PhoneThread.tip_id == tip_id)
    texts = select(func.count()).where(OutMessage.tip_id == tip_id, OutMessage.payload.is_not(None))
    with house.database.read() as session:
        return tuple(session.scalar(one) or 0 for one in (number, phone, texts))  # type: ignore[return-value]


def events(house: House, tip_id: int) -> list[tuple[str, dict[str, str]]]:
    with house.database.read() as session:
        rows = session.scalars(select(Event).where(Event.tip_id == tip_id).order_by(Event.id))
        return [(row.kind, row.data) for row in rows if row.kind == "number_forgotten"]


def forget(house: House, now: datetime, keep: timedelta = MONTH) -> None:
    retention.forget(house.database, house.keys, now, keep_numbers=keep)


def test_the_number_of_a_closed_tip_goes_after_a_month_and_an_event_says_so(any_house: House, who: Identity) -> None:
    tip_id, other = texted(any_house), texted(any_house, "+26658000001")
    answered_and_closed(any_house, who, tip_id)
    with any_house.database.write() as session:  # the notice was given up, the answer waits
        notice = update(OutMessage).where(OutMessage.kind == "notice")
        session.execute(notice.values(state=outbox.DEAD, changed_at=CLOSED + MONTH))
    forget(any_house, CLOSED + MONTH - timedelta(minutes=1))
    assert known(any_house, tip_id) == (1, 1, 2)
    assert events(any_house, tip_id) == []

    forget(any_house, CLOSED + MONTH)
    forget(any_house, CLOSED + MONTH + timedelta(hours=1))

    assert known(any_house, tip_id) == (0, 0, 0)
    assert events(any_house, tip_id) == [("number_forgotten", {})]
    assert known(any_house, other) == (1, 1, 0)  # it is open
    with any_house.database.read() as session:
        states = session.scalars(select(OutMessage.state).where(OutMessage.tip_id == tip_id).order_by(OutMessage.id))
        assert list(states) == [outbox.EXPIRED, outbox.DEAD]


def test_the_desk_reads_on_and_can_text_no_more(any_house: House, who: Identity) -> None:
    tip_id = texted(any_house)
    answered_and_closed(any_house, who, tip_id)
    forget(any_house, CLOSED + MONTH)
    with make.held(any_house, who, tip_id) as (session, case):
        seen = casework.view(session, case)
        assert (seen.text, seen.can_text) == (make.STORY, False)
        if not seen.can_reply:
            with pytest.raises(errors.CannotReply):
                casework.reply(session, case, "Hello", any_house.words)


def test_a_tip_that_its_reporter_wrote_to_again_keeps_what_it_has(any_house: House, who: Identity) -> None:
    tip_id = texted(any_house)
    answered_and_closed(any_house, who, tip_id)
    late = CLOSED + timedelta(days=29)
    with any_house.database.write() as session:
        followup.add(session, session.get_one(Tip, tip_id), "They came back.", keys=any_house.keys, now=late)
    forget(any_house, late + 2 * MONTH)
    assert known(any_house, tip_id)[:2] == (1, 1)  # nobody has looked yet

    any_house.clock = lambda: late + timedelta(days=1)
    with make.held(any_house, who, tip_id) as (session, case):
        casework.look(session, case)
    forget(any_house, late + MONTH - timedelta(minutes=1))
    assert known(any_house, tip_id)[:2] == (1, 1)
    forget(any_house, late + MONTH)
    assert known(any_house, tip_id)[:2] == (0, 0)


def test_a_phone_that_told_something_else_since_keeps_that_thread(any_house: House, who: Identity) -> None:
    first = texted(any_house)
    answered_and_closed(any_house, who, first)
    second = texted(any_house)
    forget(any_house, CLOSED + MONTH)
    assert known(any_house, first)[:2] == (0, 0)
    assert known(any_house, second)[:2] == (1, 1)


def test_many_go_in_several_transactions(any_house: House, who: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_BATCH", 2)
    tips = [texted(any_house, f"+2665800000{at}") for at in range(5)]
    with any_house.database.write() as session:
        session.execute(update(Tip).values(closed_at=CLOSED, changed_at=CLOSED))
        session.execute(update(TipDesk).values(active=False))
    forget(any_house, CLOSED + MONTH)
    assert [known(any_house, tip_id)[:2] for tip_id in tips] == [(0, 0)] * 5


def test_the_worker_goes_by_the_setting(any_app: Flask, any_house: House, who: Identity) -> None:
    any_house.settings = replace(any_house.settings, keep_numbers=timedelta(days=2))
    tip_id = texted(any_house)
    answered_and_closed(any_house, who, tip_id)
    any_house.clock = lambda: CLOSED + timedelta(days=1)
    any_app.extensions["tipline_jobs"].forget()
    assert known(any_house, tip_id)[0] == 1
    any_house.clock = lambda: CLOSED + timedelta(days=3)
    assert any_app.test_cli_runner().invoke(args=["purge"]).exit_code == 0
    assert known(any_house, tip_id) == (0, 0, 0)
