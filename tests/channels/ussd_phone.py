"""A phone on the USSD door: it dials, answers, loses its answer and tries again, as a carrier would pass it on."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from sms.menu import Menu
from sms.segments import segments
from sms.ussd_door import finalise
from tests import make
from tipline import casework, thread
from tipline.house import House
from tipline.models import Tip, TipDesk, UssdSession

NUMBER = "+26658001234"
STORY = "They took 2 girls * at the bridge. M\u00e8 \u0161 1*2*00"
TO_STORY = ("1", "1", "1", "1", "1", "1", "1", "1")  # report, go on, danger, go on, what, where, port, child


@dataclass
class UssdPhone:
    """One session of one phone. ``typed`` is every input so far."""

    client: FlaskClient
    secret: str
    number: str = NUMBER
    code: str = "*123#"
    network: str = "65101"
    session_id: str = field(default_factory=lambda: secrets.token_hex(16))
    typed: list[str] = field(default_factory=list)

    @classmethod
    def at(cls, app: Flask, number: str = NUMBER, code: str = "*123#", session_id: str = "") -> UssdPhone:
        """Return a phone that will dial this app."""
        secret = make.house_of(app).settings.africastalking.callback_secrets[0]
        return cls(app.test_client(), secret, number, code, session_id=session_id or secrets.token_hex(16))

    @property
    def text(self) -> str:
        """Return the inputs as the carrier joins them."""
        return "*".join(self.typed)

    def form(self, text: str | None = None) -> dict[str, str]:
        """Return what the carrier posts."""
        return {
            "sessionId": self.session_id,
            "phoneNumber": self.number,
            "networkCode": self.network,
            "serviceCode": self.code,
            "text": self.text if text is None else text,
        }

    def post(self, text: str | None = None) -> TestResponse:
        """Post these inputs (else those typed so far)."""
        return self.client.post(f"/ussd/africastalking/{self.secret}", data=self.form(text))

    def send(self, text: str | None = None) -> str:
        """Post and return the screen, which every network can show."""
        answer = self.post(text)
        assert answer.status_code == 200
        assert answer.mimetype == "text/plain"
        wire = answer.get_data(as_text=True)
        assert wire[:4] in {"CON ", "END "}
        assert segments(wire).encoding == "GSM-7"
        assert segments(wire).units <= 150
        return wire

    def press(self, *answers: str) -> str:
        """Answer one screen after the other; return the last."""
        wire = self.send() if not self.typed and not answers else ""
        for answer in answers:
            self.typed.append(answer)
            wire = self.send()
        return wire


def tips_of(house: House) -> list[Tip]:
    """Return the tips that came by USSD, oldest first."""
    with house.database.read() as session:
        found = list(session.scalars(select(Tip).where(Tip.channel == "ussd").order_by(Tip.id)))
        session.expunge_all()
    return found


def rows_of(house: House) -> list[UssdSession]:
    """Return the sessions that are kept."""
    with house.database.read() as session:
        found = list(session.scalars(select(UssdSession)))
        session.expunge_all()
    return found


def sweep(house: House, *, after: timedelta = timedelta(minutes=6)) -> None:
    """Do what the worker does each minute, some time from now."""
    with house.database.write() as session:
        finalise(session, house, house.clock() + after)


def menu_of(app: Flask) -> Menu:
    """Return the menu that an app shows."""
    menu: Menu = app.extensions["tipline_menu"]
    return menu


def wants_typing(wire: str) -> bool:
    return wire.startswith("CON ") and not any(line[:1].isdigit() for line in wire[4:].split("\n"))


def receipt_in(wire: str) -> str:
    """Return the sixteen digits on a screen."""
    found = re.search(r"(\d{4}) (\d{4}) (\d{4}) (\d{4})", wire)
    assert found, wire
    return "".join(found.groups())


@dataclass
class Desk:
    """What a desk of the demo instance sees."""

    app: Flask
    name: str = "immigration"

    def __post_init__(self) -> None:
        self.house = make.house_of(self.app)
        self.who = make.identity(self.house, self.name)

    def tips(self) -> list[Tip]:
        """Return the tips that came by USSD, oldest first."""
        wanted = select(Tip).join(TipDesk, TipDesk.tip_id == Tip.id).where(TipDesk.desk_id == self.who.desk_id)
        with self.house.database.read() as session:
            found = list(session.scalars(wanted.where(Tip.channel == "ussd").order_by(Tip.id)))
            session.expunge_all()
        return found

    def view(self, tip: Tip) -> casework.View:
        """Open a tip."""
        with self.house.database.read() as session:
            seen = casework.view(session, self._case(session, tip))
            session.expunge_all()
            return seen

    def events(self, tip: Tip) -> list[str]:
        """Return what happened to a tip."""
        return [event.kind for event in self.view(tip).events]

    def numbers(self, tip: Tip) -> list[str]:
        """Return the sealed numbers, which no page shows."""
        with self.house.database.read() as session:
            case = self._case(session, tip)
            opened = [
                thread.opened(entry, case.tip, case.keys, case.file.instance)
                for entry in thread.entries(session, tip.id, (thread.NUMBER,))
            ]
        assert all(one.data for one in opened), "this desk could not have a reply sent"
        return [str(one.data["number"]) for one in opened if one.data]

    def answer(self, tip: Tip, text: str) -> None:
        """Reply to the reporter."""
        with self.house.database.write() as session:
            casework.reply(session, self._case(session, tip), text, self.house.words)

    def _case(self, session: Session, tip: Tip) -> casework.Case:
        return casework.hold(session, self.who, tip.uid, keys=self.house.keys, now=self.house.clock())
