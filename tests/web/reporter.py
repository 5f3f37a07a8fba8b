"""A browser without a script on the public pages: it knows only what the form of the page before it says."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests import make
from tipline.accounts import Identity
from tipline.casework import View, view
from tipline.house import House
from tipline.models import Entry, Tip
from tipline.sealing import unpack

STORY = "Khaitseli ea ka o ile Durban ho sebetsa. Ba nkile pasa ea hae."


class Form(HTMLParser):
    """Reads what the form of a page would send: hidden, typed, ticked and chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: MultiDict[str, str] = MultiDict()
        self.buttons: list[str] = []
        self._area = self._select = self._text = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attributes}
        name = has.get("name", "")
        if tag == "form":
            self.action = has["action"]
        elif tag == "textarea":
            self._area, self._text = name, ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in has:
            self.fields[self._select] = has["value"]
        elif tag == "button":
            self.buttons.append(has.get("value", ""))
        elif tag == "input" and (has.get("type") not in {"radio", "checkbox"} or "checked" in has):
            self.fields.add(name, has.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self._area:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.fields[self._area] = self._text.removeprefix("\n")
            self._area = ""


class Reporter:
    """Somebody with a browser. ``page`` is the last answer, ``step`` the question on it."""

    def __init__(self, client: FlaskClient, lang: str = "en") -> None:
        self.client = client
        self.lang = lang
        self.page: TestResponse
        self.form: Form

    def open(self, path: str = "report") -> Reporter:
        """Open a page by its address."""
        return self._show(self.client.get(f"/{self.lang}/{path}"))

    def press(self, button: str = "next", status: Any = 200, to: Any = "", **typed: Any) -> Reporter:
        """Fill in some fields, leave the others as the page has them, and press a button."""
        data = MultiDict(self.form.fields)
        for name, value in typed.items():
            data.setlist(name, [value] if isinstance(value, str) else list(value))
        if button:
            data["go"] = button
        self._show(self.client.post(to or self.form.action, data=data))
        assert self.page.status_code == status, (self.page.status_code, self.text)
        return self

    def begin(self) -> Reporter:
        """Read the first page and begin."""
        return self.open().press("start")

    def walk_to(self, step: str) -> Reporter:
        """Press on, a story and nothing else said, until a question comes."""
        while self.step != step:
            self.press("next", **({"story": STORY} if self.step == "story" else {}))
        return self

    @property
    def step(self) -> str:
        return self.form.fields.get("at", "")

    @property
    def text(self) -> str:
        return self.page.text

    @property
    def receipt(self) -> str:
        found = re.search(r'class="code">([\d ]{19})<', self.text)
        assert found, self.text
        return found[1].replace(" ", "")

    def _show(self, page: TestResponse) -> Reporter:
        self.page = page
        self.form = Form()
        self.form.feed(page.text)
        return self


def tips(house: House) -> int:
    """Return how many tips there are."""
    with house.database.read() as session:
        return session.scalar(select(func.count()).select_from(Tip)) or 0


def last_tip(house: House) -> Tip:
    """Return the newest tip."""
    with house.database.read() as session:
        tip = session.scalars(select(Tip).order_by(Tip.id.desc()).limit(1)).one()
        session.expunge(tip)
        return tip


_signed_in: dict[tuple[Path, str], Identity] = {}


def at_the_desk(house: House, name: str) -> Identity:
    """Return a demo account, signed in once (a sign-in costs what Argon2 costs)."""
    known = (house.settings.var, name)
    if known not in _signed_in:
        _signed_in[known] = make.identity(house, name)
    return _signed_in[known]


def as_read_by(house: House, name: str, tip: Tip) -> View:
    """Return a tip as somebody at a desk reads it; NotFound where that desk has no part in it."""
    with make.held(house, at_the_desk(house, name), tip.id) as (session, case):
        return view(session, case)


def key_ids(house: House, tip: Tip) -> set[str]:
    """Return the ids of all keys that open any entry of a tip."""
    with house.database.read() as session:
        entries = session.scalars(select(Entry).where(Entry.tip_id == tip.id)).all()
        return {key_id for entry in entries for key_id in unpack(entry.wraps)}
