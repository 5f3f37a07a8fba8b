"""A browser without a script at the desk: signs in, reads pages, posts forms."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests import make
from tipline import accounts
from tipline.house import House
from tipline.intake import Report
from tipline.models import Account, Tip
from tipline.phones import Phone
from tipline.sealing import PrivateKey
from tipline.web.session import COOKIE, PATH

PHONE = Phone("+26658801234", "console", "32100")


class Desk:
    """One person's browser."""

    def __init__(self, app: Flask, name: str) -> None:
        self.client: FlaskClient = app.test_client()
        self.house: House = make.house_of(app)
        self.name = name

    def sign_in(self, password: str | None = None, code: str = "", **more: str) -> TestResponse:
        form = {"username": self.name, "password": password or make.password(self.house, self.name), "totp": code}
        return self.client.post("/desk/sign-in?lang=en", data={**form, **more})

    def get(self, address: str, status: int = 200) -> str:
        answer = self.client.get(address)
        assert answer.status_code == status, (address, answer.status_code, answer.text)
        return answer.text

    def post(self, address: str, status: int = 303, **form: Any) -> TestResponse:
        answer = self.client.post(address, data=form)
        assert answer.status_code == status, (address, answer.status_code, answer.text)
        return answer


_OPENED: dict[bytes, PrivateKey] = {}


def at(app: Flask, name: str) -> Desk:
    """Sign a demo account in; its key is unlocked once for all tests, since they copy one instance."""
    desk, house = Desk(app, name), make.house_of(app)
    with house.database.read() as session:
        who = accounts.candidate(session, name)
    if who.locked_key not in _OPENED:
        _OPENED[who.locked_key] = accounts.unlocked(who, name, make.password(house, name), house.keys)
    with house.database.write() as session:
        started = accounts.begin(
            session, who, _OPENED[who.locked_key], code="", kind="cookie", keys=house.keys, now=house.clock(),
            second_factor=house.second_factor,
        )  # fmt: skip
    desk.client.set_cookie(COOKIE, started.token, path=PATH)
    return desk


def tell(house: House, **changes: Any) -> str:
    """Hand in a report; return the tip's address at the desk."""
    done = house.take_in(make.report(**changes))
    with house.database.read() as session:
        return f"/desk/tips/{session.get_one(Tip, done.tip_id).uid}"


def tell_by_phone(house: House, **changes: Any) -> str:
    """Hand in a text message's report."""
    report = Report(**{"channel": "sms", "text": make.STORY, "phone": PHONE, **changes})
    done = house.take_in(report, with_receipt=False)
    with house.database.read() as session:
        return f"/desk/tips/{session.get_one(Tip, done.tip_id).uid}"


def tip_at(house: House, address: str) -> Tip:
    """Return a tip by its address at the desk, as it stands now."""
    with house.database.read() as session:
        tip = session.scalars(select(Tip).where(Tip.uid == address.rsplit("/", 1)[1])).one()
        session.expunge(tip)
        return tip


def account_id(house: House, name: str) -> int:
    """Return an account's number."""
    with house.database.read() as session:
        return session.scalars(select(Account.id).where(Account.name == name)).one()


def words(page: str) -> str:
    """Return the words of a page, without markup, spare space and what only a script shows."""
    page = re.sub(r"<(template|dialog)\b.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())
