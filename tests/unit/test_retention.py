"""What is forgotten, and when; on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from tests import make
from tipline import outbox, phones, retention, thread
from tipline.house import House
from tipline.models import Inbound, OutMessage, PhoneThread, SignIn, Tip

NUMBER = "+26658000000"
KEEP = timedelta(days=30)


def forget(house: House, now: datetime) -> None:
    retention.forget(house.database, house.keys, now, keep_numbers=KEEP)


def count(house: House, model: type) -> int:
    with house.database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_receipt_is_said_again_for_a_day_only(any_house: House) -> None:
    any_house.clock = lambda: make.NOON
    any_house.take_in(make.report(client_id="c" * 24))
    forget(any_house, make.NOON + timedelta(hours=23))
    with any_house.database.read() as session:
        assert session.scalar(select(Tip.client_receipt)) is not None
    forget(any_house, make.NOON + timedelta(hours=25))
    with any_house.database.read() as session:
        assert session.scalar(select(Tip.client_receipt)) is None
        assert session.scalar(select(Tip.receipt_lookup)) is not None


def test_what_retries_need_goes_after_two_days_and_sign_ins_when_they_end(any_house: House) -> None:
    any_house.clock = lambda: make.NOON
    make.identity(any_house, "immigration")
    with any_house.database.write() as session:
        thread.put(session, Inbound, id_hash=b"x" * 32, twin_hash=None, answer="", at=make.NOON)
    forget(any_house, make.NOON + timedelta(hours=9))
    assert (count(any_house, Inbound), count(any_house, SignIn)) == (1, 1)
    forget(any_house, make.NOON + timedelta(days=3))
    assert (count(any_house, Inbound), count(any_house, SignIn)) == (0, 0)


def test_a_dead_message_keeps_its_text_for_a_month(any_house: House) -> None:
    with any_house.database.write() as session:
        text = outbox.Text(NUMBER, "hello")
        outbox.promise(session, text, kind="reply", keys=any_house.keys, now=make.NOON)
        session.query(OutMessage).update({"state": outbox.DEAD})
    forget(any_house, make.NOON + timedelta(days=29))
    with any_house.database.read() as session:
        assert session.scalar(select(OutMessage.payload)) is not None
    forget(any_house, make.NOON + timedelta(days=31))
    with any_house.database.read() as session:
        assert session.scalar(select(OutMessage.payload)) is None


def test_a_phone_is_forgotten_with_its_months_key(any_house: House) -> None:
    keys = any_house.keys
    with any_house.database.write() as session:
        phones.remember(session, keys, NUMBER, make.NOON, tip_id=None, language="st")
    forget(any_house, make.NOON + timedelta(days=100))
    assert count(any_house, PhoneThread) == 1
    forget(any_house, make.NOON + timedelta(days=250))
    assert count(any_house, PhoneThread) == 0
    assert f"{make.NOON:%Y-%m}" not in keys.phone
    assert f"{make.NOON:%Y-%m}" not in keys.path.read_text()
