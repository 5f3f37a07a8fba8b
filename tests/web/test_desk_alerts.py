"""The page of who is alerted: one's own phone, the rota of a desk, and who may change it."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from tests.web import desk
from tests.web.desk import Desk, at, words
from tipline.house import House
from tipline.models import Contact, OnCall, OutMessage

PAGE, SLOTS = "/desk/alerts", "/desk/alerts/slots"
SLOT = {"desk": "immigration", "day": ["0", "1"], "starts": "18:00", "ends": "06:00"}


def put(who: Desk, house: House, name: str, status: int = 303, **changes: object) -> str:
    form = {**SLOT, "account": str(desk.account_id(house, name)), **changes}
    return who.post(SLOTS, status, **form).text


def test_a_phone_is_kept_locked_shown_to_nobody_else_and_forgotten_again(app: Flask, house: House) -> None:
    me, supervisor = at(app, "immigration"), at(app, "supervisor")
    me.post(PAGE + "/contact", number="5800 1234", mail="me@example.org")
    assert 'value="+26658001234"' in me.get(PAGE)
    put(supervisor, house, "immigration")
    for other in (supervisor, at(app, "admin")):
        assert "58001234" not in other.get(PAGE)
        assert "me@example" not in other.get(PAGE)
    me.post(PAGE + "/contact", number="", mail="")
    with house.database.read() as session:
        assert session.scalars(select(Contact)).all() == []


@pytest.mark.parametrize(
    ("number", "mail"), [("12", ""), ("", "me"), ("", "a@b"), ("", "a b@example.org"), ("", "a@example.org\r\nBcc: x")]
)
def test_what_is_no_number_or_address_is_refused_and_kept_in_the_form(app: Flask, number: str, mail: str) -> None:
    me = at(app, "immigration")
    page = me.post(PAGE + "/contact", 422, number=number, mail=mail).text
    assert 'role="alert"' in page


def test_a_supervisor_keeps_the_list_of_their_desk_in_turn(app: Flask, house: House) -> None:
    boss = at(app, "supervisor")
    assert "Nobody is on this list" in boss.get(PAGE)
    put(boss, house, "immigration")
    put(boss, house, "supervisor", day="6", ends="18:00")
    page = words(boss.get(PAGE))
    assert "immigration Mon, Tue, 18:00–06:00 Has given no phone" in page
    assert "supervisor Sun, all day" in page
    with house.database.read() as session:
        second = session.scalars(select(OnCall.id).order_by(OnCall.position.desc())).first()
    boss.post(f"{SLOTS}/{second}/up")
    page = words(boss.get(PAGE))
    assert page.index("Sun, all day") < page.index("Mon, Tue")
    boss.post(f"{SLOTS}/{second}/remove")
    assert "Sun, all day" not in words(boss.get(PAGE))


def test_what_is_incomplete_is_said_beside_its_form(app: Flask, house: House) -> None:
    boss = at(app, "supervisor")
    wrong: tuple[dict[str, object], ...] = (
        {"day": []}, {"starts": ""}, {"ends": "25:00"}, {"starts": "8"}, {"starts": "08:61"},
    )  # fmt: skip
    for changes in wrong:
        assert "Choose the days" in put(boss, house, "immigration", 422, **changes)


def test_nobody_changes_another_desks_list_and_nobody_is_on_a_list_of_another_desk(app: Flask, house: House) -> None:
    boss = at(app, "supervisor")
    put(boss, house, "police", 404, desk="police")
    put(boss, house, "police", 404)
    admin = at(app, "admin")
    put(admin, house, "police", desk="police")
    with house.database.read() as session:
        slot = session.scalars(select(OnCall.id)).one()
    boss.post(f"{SLOTS}/{slot}/remove", 404)
    boss.post(f"{SLOTS}/{slot}/up", 404)
    assert "Put on call" not in at(app, "immigration").get(PAGE)


def test_an_urgent_report_by_the_web_promises_an_alert_and_the_tip_says_so(app: Flask, house: House) -> None:
    me = at(app, "immigration")
    me.post(PAGE + "/contact", number="58001234")
    put(at(app, "supervisor"), house, "immigration", day=list("0123456"), starts="00:00", ends="00:00")
    tip = desk.tell(house, danger_now=True)
    with house.database.read() as session:
        assert [row.kind for row in session.scalars(select(OutMessage))] == ["alert"]
    assert "Somebody of the desk was alerted" in words(me.get(tip))
