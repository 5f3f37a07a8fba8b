"""The USSD door: what it refuses, what it says when something is wrong, and what it leaves in the clear: nothing."""

from __future__ import annotations

import logging
import secrets
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask

from sms.ussd import failed_screen
from sms.ussd_calls import Caller, Dial
from tests import make
from tests.channels.ussd_phone import (
    NUMBER,
    STORY,
    TO_STORY,
    Desk,
    UssdPhone,
    menu_of,
    receipt_in,
    rows_of,
    sweep,
    tips_of,
)  # fmt: skip
from tipline.errors import NoDeskKey
from tipline.house import KeyFileMissing
from tipline.sealing import CannotOpen, KeyFile

LANGS = ("1", "2")


# --- bad input


def test_a_wrong_secret_is_refused_and_nothing_is_kept(any_app: Flask) -> None:
    phone, house = UssdPhone.at(any_app), make.house_of(any_app)
    phone.typed = ["2", *TO_STORY, "1", STORY]
    for wrong in ("x" * 32, phone.secret[:-1], phone.secret + "1", "\u0161" * 32, "%20"):
        for path in (f"/ussd/africastalking/{wrong}", f"/ussd/africastalking/{wrong}/events"):
            assert phone.client.post(path, data=phone.form()).status_code == 403
    assert phone.client.post("/ussd/africastalking/", data=phone.form()).status_code == 404
    assert (tips_of(house), rows_of(house)) == ([], [])


def test_two_secrets_hold_while_one_is_changed(var: Path) -> None:
    old, new = secrets.token_hex(16), secrets.token_hex(16)
    app = make.app(var, AFRICASTALKING_CALLBACK_SECRET=f"{new},{old}")
    for secret in (old, new):
        phone = UssdPhone.at(app)
        phone.secret = secret
        assert phone.press("2").startswith("CON Choose:")
    make.house_of(app).database.dispose()


def test_our_code_is_compared_where_it_is_set(var: Path) -> None:
    app = make.app(var, TIPLINE_USSD_CODE="*123#")
    assert UssdPhone.at(app).press("2").startswith("CON ")
    stranger = UssdPhone.at(app, code="*999#")
    stranger.typed = ["2", *TO_STORY, "1", STORY]
    assert stranger.post().status_code == 403
    assert tips_of(make.house_of(app)) == []
    make.house_of(app).database.dispose()


@pytest.mark.parametrize("missing", ["sessionId", "phoneNumber"])
@pytest.mark.parametrize("empty", [True, False])
def test_a_call_without_what_it_needs_is_closed_in_words(any_app: Flask, missing: str, *, empty: bool) -> None:
    phone = UssdPhone.at(any_app)
    phone.typed = ["2", *TO_STORY, "2", STORY]
    form = phone.form()
    del form[missing]
    form.update({missing: ""} if empty else {})
    answer = phone.client.post(f"/ussd/africastalking/{phone.secret}", data=form)
    assert (answer.status_code, answer.get_data(as_text=True)[:10]) == (200, "END Sorry,")
    assert tips_of(make.house_of(any_app)) == []


def test_only_a_posted_form_is_taken_and_no_more_than_8_kb(any_app: Flask) -> None:
    phone, house = UssdPhone.at(any_app), make.house_of(any_app)
    path = f"/ussd/africastalking/{phone.secret}"
    phone.typed = ["2", *TO_STORY, "2", STORY]
    assert phone.client.get(path, query_string=phone.form()).status_code == 405
    assert phone.client.post(path, json=phone.form()).status_code == 415
    assert phone.client.post(path, data=phone.form(), content_type="multipart/form-data").status_code == 415
    phone.typed[-1] = "a" * 9000
    huge = phone.post()
    assert huge.status_code == 413
    assert huge.get_data(as_text=True).startswith("END ")
    many = phone.client.post(path, data="a=1&" * 1500, content_type="application/x-www-form-urlencoded")
    assert (many.status_code, many.get_data()[:4]) == (200, b"END ")
    assert tips_of(house) == []
    phone.typed[-1] = "a" * 7000
    assert receipt_in(phone.send())


@pytest.mark.parametrize(
    "body",
    [
        b"sessionId=s1&phoneNumber=%2B26658001234&text=%ff%fe*1*\xff",
        b"sessionId=%00&phoneNumber=%ED%A0%80&text=2*1*1*1*%ED%A0%80",
        b"sessionId=s2&phoneNumber=x&text=" + b"1*" * 2000,
        b"sessionId=s3&phoneNumber=x&text=" + "\u0662*\u0661*\u0b70*\u00b2".encode(),
        b"&&&=&==&text",
        b"",
    ],
)
def test_what_cannot_be_read_is_answered_in_words(any_app: Flask, body: bytes) -> None:
    phone = UssdPhone.at(any_app)
    answer = phone.client.post(
        f"/ussd/africastalking/{phone.secret}", data=body, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 200
    assert answer.get_data()[:4] in {b"CON ", b"END "}


def test_a_byte_that_is_no_text_does_not_lose_a_story(any_app: Flask) -> None:
    phone, desk = UssdPhone.at(any_app), Desk(any_app)
    text = "*".join(["2", *TO_STORY, "2", "thuso"]).encode() + b"%FF%00%ED%A0%80"
    body = f"sessionId={phone.session_id}&phoneNumber=58001234&text=".encode() + text
    answer = phone.client.post(
        f"/ussd/africastalking/{phone.secret}", data=body, content_type="application/x-www-form-urlencoded"
    )
    assert receipt_in(answer.get_data(as_text=True))
    assert str(desk.view(desk.tips()[0]).text).startswith("thuso\ufffd")


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("fault", [NoDeskKey, KeyFileMissing, RuntimeError])
def test_a_fault_ends_in_the_users_language_with_200(
    any_app: Flask, lang: str, fault: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    phone, house = UssdPhone.at(any_app), make.house_of(any_app)
    phone.press(lang, "1", "1")

    def broken() -> datetime:
        raise fault("58001234 secret")

    house.clock = broken
    with caplog.at_level(logging.CRITICAL):
        wire = phone.press("1")
    code = "try_again" if fault is RuntimeError else "no_desk_key"
    assert wire == failed_screen(menu_of(any_app), "st" if lang == "1" else "en", code).wire()
    assert tips_of(house) == []


def test_a_fault_speaks_the_language_that_was_chosen_last(any_app: Flask) -> None:
    phone, house = UssdPhone.at(any_app), make.house_of(any_app)
    phone.press("2", "0", "1", "1", "1")  # English, then Sesotho after all

    def broken() -> datetime:
        raise RuntimeError

    house.clock = broken
    assert phone.press("1") == failed_screen(menu_of(any_app), "st", "try_again").wire()


def test_without_a_key_file_nothing_is_kept_and_the_caller_is_told(var: Path) -> None:
    app = make.app(var)
    (var / "keys.json").unlink()
    phone = UssdPhone.at(app)
    assert phone.press("2", "1", "1", "1").startswith("END Sorry, we cannot keep a report now.")
    make.house_of(app).database.dispose()


# --- secrecy


def test_nothing_that_was_said_stands_in_the_clear_anywhere(app: Flask, capfd: pytest.CaptureFixture[str]) -> None:
    phone, desk = UssdPhone.at(app, number="+26658007788"), Desk(app)
    story = "MARKED-STORY * of Ausi Palesa"
    receipt = receipt_in(phone.press("2", *TO_STORY, "1", story))
    phone.press("2", "MARKED-MORE")
    dropped = UssdPhone.at(app, number="+26658007788")
    dropped.press("2", *TO_STORY, "1")
    dropped.press("MARKED-DROPPED 00")
    desk.answer(desk.tips()[0], "MARKED-ANSWER")
    reading = UssdPhone.at(app, number="+26658007788")
    reading.press("2", "4", receipt)
    marks = [
        b"MARKED", b"Palesa", b"58007788", receipt.encode(), receipt[:8].encode(), receipt[4:12].encode(),
        f"{receipt[:4]} {receipt[4:8]}".encode(), b"5800 7788",
        *[one.session_id.encode() for one in (phone, dropped, reading)], b"2*1*1*1",
    ]  # fmt: skip
    var = desk.house.settings.var

    def leaks() -> list[tuple[str, bytes]]:
        files = [path for path in var.rglob("*") if path.is_file()]
        return [(path.name, mark) for path in files for mark in marks if mark in path.read_bytes()]

    assert leaks() == []
    sweep(desk.house)
    assert leaks() == []
    said = "".join(capfd.readouterr())
    assert not any(mark.decode() in said for mark in marks)


def test_with_the_key_file_a_session_opens_only_with_the_carriers_id(app: Flask) -> None:
    phone, house = UssdPhone.at(app), make.house_of(app)
    phone.press("2", *TO_STORY, "2")
    (row,) = rows_of(house)
    keys = KeyFile.load(house.settings.key_file)
    assert Caller(keys, Dial(phone.session_id, NUMBER, "*123#", "")).unlock(row.locked).session.step == "story"
    with pytest.raises(CannotOpen):
        Caller(keys, Dial(phone.session_id[:-1] + "x", NUMBER, "*123#", "")).unlock(row.locked)
    assert Caller(keys, Dial("other", NUMBER, "*123#", "")).owner_hash != row.owner_hash


def test_nothing_of_one_session_shows_in_the_next(any_app: Flask) -> None:
    first = UssdPhone.at(any_app)
    before = first.send()
    first.press("2", *TO_STORY, "1", STORY, "1")
    again = UssdPhone.at(any_app)
    assert again.send() == before
    assert again.press("2") == UssdPhone.at(any_app, number="+26662000000").press("2")
