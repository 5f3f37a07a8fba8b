"""The second factor: demanded on a real instance, confirmed by a first code, each code good for one sign-in."""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta

import pytest
from flask import Flask

from tests import make
from tests.web.desk import Desk, at
from tipline.house import House
from tipline.sealing import totp

SET_UP = "/desk/account/authenticator"


class Clock:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.now = make.NOON

    def __call__(self) -> datetime:
        return self.now

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock(house: House) -> Clock:
    """Run the instance as a real one, by a clock of the test's own."""
    clock = Clock()
    house.second_factor, house.clock = True, clock
    return clock


def secret_of(page: str) -> bytes:
    found = re.search(r'<p class="secret">(.*?)</p>', page, re.DOTALL)
    assert found
    text = re.sub(r"<[^>]+>|\s", "", found[1])
    return base64.b32decode(text + "=" * (-len(text) % 8))


def enrol(desk: Desk, clock: Clock) -> tuple[bytes, list[str]]:
    """Set an authenticator up; return its secret and the recovery codes."""
    secret = secret_of(desk.get(SET_UP))
    page = desk.post(SET_UP, 200, totp=totp.code_at(secret, clock())).text
    return secret, re.findall(r"<li>([a-z0-9-]{14})</li>", page)


def test_nothing_else_opens_before_it_is_set_up(app: Flask, clock: Clock) -> None:
    desk = Desk(app, "immigration")
    assert desk.sign_in().status_code == 303
    for address in ("/desk/", "/desk/key", "/desk/account", "/desk/tips/" + "a" * 32):
        answer = desk.client.get(address)
        assert (answer.status_code, answer.headers["Location"]) == (303, SET_UP), address
    desk.post("/desk/key/recovery", 403)
    desk.post("/desk/account/passphrase", 403)
    page = desk.get(SET_UP)
    assert "needs a second factor" in page
    assert 'src="data:image/svg+xml' in page
    assert " style=" not in page
    assert secret_of(desk.get(SET_UP)) == secret_of(page), "looking again does not change it"


def test_a_first_code_confirms_it_and_recovery_codes_are_shown_once(app: Flask, clock: Clock) -> None:
    desk = Desk(app, "immigration")
    desk.sign_in()
    assert "does not fit" in desk.post(SET_UP, 422, totp="000000").text
    desk.get("/desk/", 303)
    _, codes = enrol(desk, clock)
    assert len(set(codes)) == 10
    assert "All open" in desk.get("/desk/")
    assert codes[0] not in desk.get("/desk/account")
    desk.get(SET_UP, 303)
    desk.post(SET_UP, 303, totp="000000")


def test_a_sign_in_then_needs_a_code_and_each_code_is_good_once(app: Flask, clock: Clock) -> None:
    first = Desk(app, "immigration")
    first.sign_in()
    secret, _ = enrol(first, clock)
    code = totp.code_at(secret, clock())
    assert first.sign_in(code=code).status_code == 401, "the code that confirmed it was used"
    clock.later(60)
    code = totp.code_at(secret, clock())
    assert first.sign_in().status_code == 401
    assert first.sign_in(code="12345").status_code == 401
    assert first.sign_in("wrong", code=code).status_code == 401
    assert first.sign_in(code=code[:3] + " " + code[3:]).status_code == 303
    assert first.sign_in(code=code).status_code == 401, "a code that somebody saw is worth nothing"
    clock.later(30)
    assert first.sign_in(code=totp.code_at(secret, clock())).status_code == 303


def test_a_recovery_code_works_once_and_in_the_same_field(app: Flask, clock: Clock) -> None:
    desk = Desk(app, "immigration")
    desk.sign_in()
    _, codes = enrol(desk, clock)
    assert desk.sign_in(code=codes[3].upper()).status_code == 303
    assert desk.sign_in(code=codes[3]).status_code == 401
    assert desk.sign_in(code=codes[4]).status_code == 303


def test_new_recovery_codes_and_another_phone_ask_for_the_passphrase(app: Flask, house: House, clock: Clock) -> None:
    desk = Desk(app, "immigration")
    desk.sign_in()
    _, codes = enrol(desk, clock)
    mine = make.password(house, "immigration")
    desk.post("/desk/account/codes", 422, password="wrong")
    fresh = re.findall(r"<li>([a-z0-9-]{14})</li>", desk.post("/desk/account/codes", 200, password=mine).text)
    assert len(fresh) == 10
    assert not set(fresh) & set(codes)
    assert desk.sign_in(code=codes[0]).status_code == 401
    assert desk.sign_in(code=fresh[0]).status_code == 303
    desk.post("/desk/account/authenticator/anew", 422, password="wrong")
    desk.get("/desk/")
    desk.post("/desk/account/authenticator/anew", password=mine)
    desk.get("/desk/", 303)
    clock.later(60)
    enrol(desk, clock)
    desk.get("/desk/")


def test_in_a_demo_it_is_there_for_who_wants_it(app: Flask, house: House) -> None:
    desk = at(app, "police")
    assert "Set up an authenticator" in desk.get("/desk/account")
    clock = Clock()
    house.clock = clock
    desk = at(app, "police")
    enrol(desk, clock)
    assert "Every sign-in asks for its code" in desk.get("/desk/account")
    assert Desk(app, "police").sign_in().status_code == 401
