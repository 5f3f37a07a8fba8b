"""Signing in and out: one answer to whatever is wrong, a cookie that no other site can use, and an end."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from flask import Flask

from tests import make
from tests.web.desk import Desk, account_id, at
from tipline import accounts
from tipline.house import House, utc_now
from tipline.web.session import safe_path

WRONG = "Name, password or code is not right."


def test_the_right_words_open_the_desk(app: Flask) -> None:
    desk = Desk(app, "immigration")
    answer = desk.sign_in()
    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/")
    assert "All open" in desk.get("/desk/")


def test_the_cookie_is_for_the_desk_alone(app: Flask) -> None:
    said = Desk(app, "police").sign_in().headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Strict", "Path=/desk", "Max-Age=36000"):
        assert part in said
    assert "Secure" not in said


def test_the_cookie_is_secure_where_the_address_is(var_of_https: Flask) -> None:
    assert "Secure" in Desk(var_of_https, "police").sign_in().headers["Set-Cookie"]


@pytest.fixture
def var_of_https(app: Flask) -> Flask:
    settings = make.house_of(app).settings
    object.__setattr__(settings, "base_url", "https://127.0.0.1:8000")
    return app


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("immigration", "not the passphrase"),
        ("nobody", "not the passphrase"),
        ("", ""),
        ("immigration", ""),
        ("\x00", "x"),
        ("immigration' OR 1=1", "x"),
        ("ngoana’š" * 2000, "x" * 5000),
    ],
)
def test_whatever_is_wrong_is_said_in_the_same_way(app: Flask, name: str, password: str) -> None:
    answer = app.test_client().post(
        "/desk/sign-in?lang=en", data={"username": name, "password": password, "totp": "000000"}
    )
    assert answer.status_code == 401
    assert WRONG in answer.text
    assert "Set-Cookie" not in answer.headers
    assert "not the passphrase" not in answer.text


def test_a_refusal_speaks_the_language_that_was_chosen(app: Flask) -> None:
    answer = app.test_client().post("/desk/sign-in?lang=st", data={"username": "x", "password": "y"})
    assert answer.status_code == 401
    assert 'lang="st"' in answer.text
    assert WRONG not in answer.text


def test_guessing_is_bounded_by_name(app: Flask) -> None:
    desk = Desk(app, "police")
    said = [desk.sign_in("wrong").status_code for _ in range(11)]
    assert said == [401] * 10 + [429]
    assert desk.sign_in().status_code == 429, "the right words do not help while the name is held"
    assert Desk(app, "shelter").sign_in().status_code == 303


def test_too_many_at_once_are_asked_to_come_back(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from tipline.sealing import passwords  # noqa: PLC0415 - only here

    monkeypatch.setattr(passwords, "_WAIT_SECONDS", 0.01)
    taken = [passwords._SIGN_INS.acquire() for _ in range(2)]
    try:
        answer = Desk(app, "police").sign_in()
    finally:
        for _ in taken:
            passwords._SIGN_INS.release()
    assert answer.status_code == 503
    assert "nothing is lost" in answer.text


def test_who_is_not_signed_in_is_led_to_the_door_and_back(app: Flask) -> None:
    client = app.test_client()
    answer = client.get("/desk/key")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/sign-in?next=/desk/key")
    assert 'name="next" value="/desk/key"' in client.get("/desk/sign-in?next=/desk/key").text
    desk = Desk(app, "immigration")
    assert desk.sign_in(next="/desk/key").headers["Location"] == "/desk/key"
    assert client.post("/desk/account/language", data={"lang": "st"}).status_code == 401


ASTRAY = ("https://evil.example/", "//evil.example/", "/desk//evil.example", "/en/", "/desk/\\x", "/desk/?a=b", "\n")


def test_the_way_back_stays_at_the_desk(app: Flask) -> None:
    for onward in ASTRAY:
        assert "evil" not in app.test_client().get("/desk/sign-in", query_string={"next": onward}).text
        assert safe_path(onward) is None
    assert Desk(app, "immigration").sign_in(next=ASTRAY[0]).headers["Location"] == "/desk/"


def test_signing_out_here_leaves_the_other_browser(app: Flask) -> None:
    one, other = at(app, "immigration"), at(app, "immigration")
    answer = one.post("/desk/sign-out")
    assert "desk=;" in answer.headers["Set-Cookie"]
    one.get("/desk/key", 303)
    other.get("/desk/key")


def test_signing_out_everywhere_ends_every_browser(app: Flask) -> None:
    one, other = at(app, "immigration"), at(app, "immigration")
    one.post("/desk/sign-out", everywhere="1")
    other.get("/desk/key", 303)


def test_a_cookie_that_was_kept_opens_nothing_after_signing_out(app: Flask) -> None:
    desk = at(app, "immigration")
    kept = desk.client.get_cookie("desk", path="/desk")
    assert kept is not None
    desk.post("/desk/sign-out")
    desk.client.set_cookie("desk", kept.value, path="/desk")
    desk.get("/desk/key", 303)


def test_a_sign_in_ends_by_itself(app: Flask, house: House) -> None:
    desk = at(app, "immigration")
    house.clock = lambda: utc_now() + accounts.SIGNED_IN_FOR + timedelta(minutes=1)
    desk.get("/desk/", 303)
    desk.post("/desk/account/language", 401, lang="st")


def test_a_bearer_token_is_no_cookie(app: Flask, house: House) -> None:
    desk = Desk(app, "immigration")
    desk.client.set_cookie("desk", make.signed_in(house, "immigration").token, path="/desk")
    desk.get("/desk/", 303)


def test_a_disabled_account_is_out_at_once_and_stays_out(app: Flask, house: House) -> None:
    desk, admin = at(app, "police"), at(app, "admin")
    admin.post(f"/desk/people/{account_id(house, 'police')}/disable")
    desk.get("/desk/", 303)
    answer = desk.sign_in()
    assert (answer.status_code, WRONG in answer.text) == (401, True)
    assert "Disabled" in admin.get("/desk/people")


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
]
OWN = [
    {},
    {"Origin": "http://localhost"},
    {"Origin": "http://127.0.0.1:8000"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
]


def test_what_another_site_posts_is_refused(app: Flask) -> None:
    desk = at(app, "immigration")
    addresses = ("/desk/account/language", "/desk/sign-out", "/desk/sign-in", "/desk/tips/" + "a" * 32 + "/take")
    for headers, address in itertools.product(FOREIGN, addresses):
        answer = desk.client.post(address, data={"lang": "st"}, headers=headers)
        assert answer.status_code == 403, (headers, address)
        assert "another site" in answer.text
    assert 'lang="en"' in desk.get("/desk/key")


def test_what_our_own_pages_post_is_taken(app: Flask) -> None:
    desk = at(app, "immigration")
    for headers in OWN:
        answer = desk.client.post("/desk/account/language", data={"lang": "st"}, headers=headers)
        assert answer.status_code == 303, headers


def test_a_new_passphrase_keeps_the_key_and_ends_the_other_sign_ins(app: Flask, house: House) -> None:
    desk, other = at(app, "immigration"), at(app, "immigration")
    old, new = make.password(house, "immigration"), "five words of my own"
    change = "/desk/account/passphrase"
    assert "present passphrase is not right" in desk.post(change, 422, password="x", new=new, again=new).text
    assert "14 characters" in desk.post(change, 422, password=old, new="short", again="short").text
    assert "not the same" in desk.post(change, 422, password=old, new=new, again=new + "x").text
    other.get("/desk/key")
    answer = desk.post(change, password=old, new=new, again=new)
    assert "Your passphrase was changed" in desk.get(answer.headers["Location"])
    other.get("/desk/key", 303)
    assert Desk(app, "immigration").sign_in().status_code == 401
    fresh = Desk(app, "immigration")
    assert fresh.sign_in(new).status_code == 303
    assert "You hold your desk’s key" in fresh.get("/desk/key")


@pytest.mark.parametrize("name", ["trainer", "donor"])
def test_other_roles_find_what_there_is_for_them(app: Flask, name: str) -> None:
    desk = at(app, name)
    page = desk.get("/desk/")
    assert "Lessons" in page
    assert "/en/learn" in page
    for address in ("/desk/key", "/desk/people"):
        assert "Your role does not allow this" in desk.get(address, 403)
    desk.get("/desk/account")


def test_an_administrator_lands_on_the_people_page(app: Flask) -> None:
    answer = at(app, "admin").client.get("/desk/")
    assert answer.headers["Location"] == "/desk/people"


def test_a_language_asked_for_holds_for_that_page_alone(app: Flask) -> None:
    house = make.house_of(app)
    form = {"username": "immigration", "password": make.password(house, "immigration")}
    client = app.test_client()
    assert '<html lang="st">' in client.get("/desk/sign-in?lang=st").text
    client.post("/desk/sign-in?lang=st", data={**form, "lang": "st"})
    assert '<html lang="en">' in client.get("/desk/").text
    assert '<html lang="st">' in client.get("/desk/?lang=st").text
    assert '<html lang="en">' in client.get("/desk/?lang=xx").text
    client.post("/desk/account/language", data={"lang": "st"})
    assert '<html lang="st">' in client.get("/desk/").text
    client.post("/desk/sign-in?lang=en", data=form)
    assert '<html lang="st">' in client.get("/desk/").text
