"""Where one is signed in, ending one of them, and the lock after fifteen minutes without anybody at work."""

from __future__ import annotations

import re
from datetime import timedelta

from flask import Flask

from tests import make
from tests.web.desk import Desk, at, words
from tipline.accounts import IDLE
from tipline.house import House

ACCOUNT, END = "/desk/account", "/desk/account/sign-ins/end"
OTHERS = re.compile(r'name="sign_in" value="([0-9a-f]{64})"')
_BY_ITSELF = {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"}


def turn(house: House, by: timedelta) -> None:
    now = house.clock() + by
    house.clock = lambda: now


def test_each_sign_in_is_listed_with_nothing_of_the_device(app: Flask, house: House) -> None:
    one, _ = at(app, "immigration"), at(app, "immigration")
    make.signed_in(house, "immigration")
    page = one.get(ACCOUNT)
    said = words(page)
    assert (said.count("This browser"), said.count("Another browser"), said.count("A program, by the API")) == (1, 1, 1)
    assert "127.0.0.1" not in page
    assert "Werkzeug" not in page


def test_one_is_ended_and_the_others_stay(app: Flask) -> None:
    one, other, third = at(app, "police"), at(app, "police"), at(app, "police")
    newest, _ = OTHERS.findall(one.get(ACCOUNT))
    one.post(END, sign_in=newest)
    third.get("/desk/key", 303)
    other.get("/desk/key")
    one.get("/desk/key")


def test_nobody_ends_another_persons(app: Flask) -> None:
    one, other, stranger = at(app, "police"), at(app, "police"), at(app, "shelter")
    (of_other,) = OTHERS.findall(one.get(ACCOUNT))
    for name in (of_other, "zz", "", "00"):
        stranger.post(END, 404, sign_in=name)
    other.get("/desk/key")


def test_who_does_nothing_for_fifteen_minutes_signs_in_again(app: Flask, house: House) -> None:
    desk = at(app, "immigration")
    turn(house, IDLE - timedelta(minutes=1))
    desk.get("/desk/key")
    turn(house, IDLE - timedelta(minutes=1))
    desk.get("/desk/key")
    turn(house, IDLE)
    answer = desk.client.get("/desk/key")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/sign-in?next=/desk/key")
    desk.post("/desk/account/language", 401, lang="en")
    assert words(at(app, "immigration").get(ACCOUNT)).count("browser,") == 0


def test_a_page_that_looks_for_news_by_itself_keeps_nobody_signed_in(app: Flask, house: House) -> None:
    desk: Desk = at(app, "immigration")
    for _ in range(3):
        turn(house, IDLE / 3 - timedelta(seconds=1))
        assert desk.client.get("/desk/", headers=_BY_ITSELF).status_code == 200
    turn(house, timedelta(seconds=4))
    assert desk.client.get("/desk/", headers=_BY_ITSELF).status_code == 303


def test_whoever_writes_for_long_stays_signed_in(app: Flask, house: House) -> None:
    desk: Desk = at(app, "immigration")
    for look, status in (("here", 204), ("here", 204), ("again", 204), ("again", 303)):
        turn(house, IDLE / 2 + timedelta(seconds=1))
        assert desk.client.get("/desk/awake", headers={**_BY_ITSELF, "X-Look": look}).status_code == status


def test_a_token_of_the_api_lasts_its_ten_hours(app: Flask, house: House) -> None:
    token = make.signed_in(house, "immigration").token
    turn(house, timedelta(hours=9))
    assert house.who(token, "bearer").name == "immigration"
