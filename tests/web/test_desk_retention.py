"""A closed tip says when it is destroyed; the list of what goes soon; a form to keep it back."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import select

from tests import make
from tests.web import desk
from tipline import destruction, retention
from tipline.house import House
from tipline.models import Act

LIST = "/desk/retention"


def closed(app: Flask, house: House, at: datetime) -> str:
    """Tell, take and close without action at a moment; return the tip's address."""
    house.clock = lambda: at
    tip, case = desk.tell(house), desk.at(app, "immigration")
    case.post(tip + "/take")
    assert "destroyed on" not in case.get(tip)
    desk.at(app, "supervisor").post(tip + "/outcome", result="no_action", note="Nothing to do.")
    return tip


def test_the_desk_sees_it_before_it_fires_keeps_it_back_and_reads_that_it_is_gone(app: Flask, house: House) -> None:
    tip = closed(app, house, make.NOON)
    ends = make.NOON + destruction.KEEP["no_action"]
    house.clock = lambda: ends - timedelta(days=31)
    assert tip not in desk.at(app, "immigration").get(LIST)
    house.clock = lambda: ends - timedelta(days=29)
    case = desk.at(app, "immigration")
    shown = desk.words(case.get(LIST))
    assert "Within 30 days: 1" in shown
    assert "90 days after “No action”" in shown
    assert tip not in desk.at(app, "shelter").get(LIST)
    page = desk.words(case.get(tip))
    assert "What this says is destroyed on" in page
    assert "Copies in backups end by" in page
    refused = case.post(tip + "/kept-back", 422, reason=" ", months="12").text
    assert "This step needs a written reason." in refused
    case.post(tip + "/kept-back", 404, reason="A court needs it.", months="99")
    case.post(tip + "/kept-back", reason="A court needs it.", months="12")
    assert "Kept back: 1" in desk.words(case.get(LIST))
    assert "keeps it back until" in desk.words(case.get(tip))
    case.post(tip + "/let-go")
    assert "Kept back: 0" in desk.words(case.get(LIST))
    retention.forget(house.database, house.keys, ends, keep_numbers=timedelta(days=30))
    house.clock = lambda: ends
    page = desk.words(desk.at(app, "immigration").get(tip))
    assert "What this said was destroyed on" in page
    assert make.STORY not in page
    assert "A court needs it." not in page
    with house.database.read() as session:
        assert not [row for row in session.scalars(select(Act.data)) if "court" in str(row)]


def test_the_public_page_says_how_long_in_both_languages(app: Flask) -> None:
    client = app.test_client()
    said = desk.words(client.get("/en/privacy").text)
    assert "A case went to court: 10 years" in said
    assert "your phone number after 30 days" in said
    assert "35 days later" in said
    assert "lilemo tse 10" in desk.words(client.get("/st/privacy").text)
