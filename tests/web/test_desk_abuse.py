"""Abuse by phone at the desk: blocking a phone without seeing its number, many alike, and what administrators see."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests.web.desk import PHONE, at, tell, tell_by_phone, tip_at, words
from tipline import abuse, doctor, phones, thread
from tipline.abuse import Bounds
from tipline.house import House
from tipline.models import BlockedPhone, Event, HeldBack, Tip


def kept_under(house: House, address: str, many: int) -> list[str]:
    """Keep some more tips under one; return their addresses."""
    lead = tip_at(house, address)
    found = []
    for number in range(many):
        one = tell_by_phone(house, text=f"The same {number}", phone=phones.Phone(f"+26658{number:06}"))
        with house.database.write() as session:
            abuse.fold(session, tip_at(house, one).id, lead.id, house.clock())
        found.append(one)
    return found


def test_a_phone_is_blocked_and_let_in_again(app: Flask, house: House) -> None:
    desk, tip = at(app, "immigration"), tell_by_phone(house)
    assert "Block the phone" in desk.get(tip)
    assert "written reason" in desk.post(tip + "/block", 422, reason=" ").text
    answer = desk.post(tip + "/block", reason="Insults, day after day.")
    page = desk.get(answer.headers["Location"])
    said = words(page)
    for part in (
        "The phone is blocked.", "Blocked by immigration,", "Texts kept since then: 0", "Insults, day after day.",
        "The phone was blocked immigration",
    ):  # fmt: skip
        assert part in said, part
    assert "Blocked phone" in words(desk.get("/desk/"))
    assert PHONE.number not in page
    assert PHONE.number[4:] not in page
    answer = desk.post(tip + "/unblock")
    assert "The phone is no longer blocked." in desk.get(answer.headers["Location"])
    desk.post(tip + "/unblock", 409)
    with house.database.read() as session:
        assert session.scalars(select(BlockedPhone)).all() == []


def test_the_number_that_a_web_form_gives_is_not_blocked(app: Flask, house: House) -> None:
    desk, tip = at(app, "immigration"), tell(house, phone=PHONE)
    assert "Block the phone" not in desk.get(tip)
    assert "No phone number that could be blocked" in desk.post(tip + "/block", 422, reason="x").text


def test_another_desk_does_not_block(app: Flask, house: House) -> None:
    tip = tell_by_phone(house, text="A question about a job")
    at(app, "shelter").post(tip + "/block", 404, reason="x")


def test_a_supervisor_sees_what_is_blocked(app: Flask, house: House) -> None:
    desk, tip = at(app, "immigration"), tell_by_phone(house)
    supervisor = at(app, "supervisor")
    assert "None." in words(supervisor.get("/desk/blocked"))
    desk.post(tip + "/block", reason="Insults.")
    page = supervisor.get("/desk/blocked")
    assert "Blocked by immigration," in words(page)
    assert f'href="{tip}"' in page
    assert "Insults." not in page
    assert 'href="/desk/blocked"' in supervisor.get("/desk/")
    supervisor.post(tip + "/unblock")
    assert "None." in words(supervisor.get("/desk/blocked"))


@pytest.mark.parametrize("name", ["immigration", "admin", "trainer"])
def test_nobody_else_sees_the_list(app: Flask, name: str) -> None:
    somebody = at(app, name)
    somebody.get("/desk/blocked", 403)
    assert "/desk/blocked" not in somebody.get("/desk/account")


def test_many_alike_are_one_row_and_open_from_it(app: Flask, house: House) -> None:
    desk, lead = at(app, "immigration"), tell_by_phone(house, text="The same")
    under = kept_under(house, lead, 60)

    queue = desk.get("/desk/")
    assert queue.count('href="/desk/tips/') == 1
    assert "60 more alike" in words(queue)
    page = desk.get(lead)
    said = words(page)
    assert "Kept under this one: 60." in said
    assert "The newest 50 are shown." in said
    assert sum(f'href="{one}"' in page for one in under) == 50

    one = desk.get(under[-1])
    assert "One of many alike" in one
    assert lead in one
    for act in ("/replies", "/take", "/outcome", "/block"):
        assert under[-1] + act not in one
    desk.post(under[-1] + "/take", 409)
    answer = desk.post(under[-1] + "/unfold")
    page = desk.get(answer.headers["Location"])
    assert "It stands by itself now" in page
    assert under[-1] + "/replies" in page
    assert desk.get("/desk/").count('href="/desk/tips/') == 2
    assert "Kept under this one: 59." in words(desk.get(lead))
    with house.database.read() as session:
        event = session.scalars(select(Event).where(Event.kind == "unfolded")).one()
        assert event.account_id is not None


def test_many_texts_of_one_phone_are_said(app: Flask, house: House) -> None:
    object.__setattr__(house.settings, "bounds", Bounds(texts_an_hour=3))
    desk, tip = at(app, "immigration"), tell_by_phone(house)
    assert "Many texts from one phone" not in desk.get(tip)
    with house.database.write() as session:
        row = session.get_one(Tip, tip_at(house, tip).id)
        phones.remember(session, house.keys, PHONE.number, house.clock(), tip_id=row.id, language=None, texts=6)
        thread.record(session, row.id, "many_texts", house.clock(), count=4)
    said = words(desk.get(tip))
    assert "Many texts from one phone: 7 in this hour, 7 today." in said
    assert "Many texts from one phone: 4 today" in said


def test_a_long_conversation_is_cut_to_its_newest(app: Flask, house: House) -> None:
    desk, tip = at(app, "immigration"), tell_by_phone(house)
    with house.database.write() as session:
        row = session.get_one(Tip, tip_at(house, tip).id)
        for number in range(130):
            thread.add(
                session, instance=house.keys.instance, tip_id=row.id, binding=row.binding, kind=thread.MESSAGE,
                data={"text": f"Word {number}."}, readers=thread.readers(session, row), now=house.clock(),
            )  # fmt: skip
    page = desk.get(tip)
    assert "Earlier messages that are not shown: 30." in words(page)
    assert ("Word 29." in page, "Word 30." in page) == (False, True)
    assert "Word 0." in desk.get(tip + "?all=1")


def test_administrators_see_that_answers_are_held_back(app: Flask, house: House) -> None:
    admin = at(app, "admin")
    assert "Automatic answers are held back" not in admin.get("/desk/carriers")
    minute = house.clock().replace(second=0, microsecond=0)
    with house.database.write() as session:
        for ago in (0, 1, 90, 60 * 30):
            session.add(HeldBack(minute=minute - timedelta(minutes=ago)))
    page = words(admin.get("/desk/carriers"))
    assert "Automatic answers are held back" in page
    assert "in 24 hours 3" in page
    found = next(one for one in doctor.examine(house, (), lambda: True) if one.what == "automatic answers")
    assert (found.good, found.grave) == (False, False)
    assert re.match(r"are held back now: in 3 minutes", found.detail)
    with house.database.write() as session:
        for row in session.scalars(select(HeldBack).where(HeldBack.minute > minute - timedelta(minutes=5))):
            session.delete(row)
    assert "Automatic answers are held back" not in admin.get("/desk/carriers")
