"""What a caseworker writes: ready answers in two languages, and what was begun is kept for them alone."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests import make
from tests.web.desk import Desk, account_id, at, tell, tell_by_phone
from tipline import giveaways, replies, retention
from tipline.house import House
from tipline.models import Draft, Entry, SignIn

BEGUN = "Re tla kopana le uena ka Mantaha"


@pytest.fixture
def desk(app: Flask) -> Desk:
    """Sign immigration in."""
    return at(app, "immigration")


def field(page: str, form: str = "reply") -> str:
    found = re.search(rf'<textarea id="{form}-text"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert found
    return html.unescape(found[1])


def drafts(house: House) -> list[Draft]:
    with house.database.read() as session:
        found = list(session.scalars(select(Draft)))
        session.expunge_all()
        return found


def test_every_ready_answer_is_one_neutral_text_in_both_languages(house: House) -> None:
    assert len(replies.every()) >= 8
    for one in replies.every().values():
        for lang in ("st", "en"):
            assert one.name(lang)
            assert len(house.words.parts(one.text(lang))) == 1, (one.slug, lang)
            assert giveaways.find(one.text(lang)) == (), (one.slug, lang)


@pytest.mark.parametrize(("told", "lang", "other"), [("st", "st", "en"), ("en", "en", "st")])
def test_one_is_put_in_in_the_reporters_language(desk: Desk, house: House, told: str, lang: str, other: str) -> None:
    tip = tell(house, language=told, text=make.STORY_ST if told == "st" else make.STORY)
    meet = replies.every()["meet"]
    page = desk.post(tip + "/replies", 200, text="Lumela.", ready="meet", insert="1").text
    assert field(page) == f"Lumela.\n{meet.text(lang)}"
    assert meet.text(other) in html.unescape(page)
    assert "No first-language reader has read the Sesotho yet." in page
    again = desk.post(tip + "/replies", 200, text=field(page), ready="meet", insert="1").text
    assert field(again) == field(page), "it is not put in twice"
    assert field(desk.post(tip + "/replies", 200, text="x", ready="nonsense", insert="1").text) == "x"
    with house.database.read() as session:
        assert session.scalars(select(Entry).where(Entry.kind == "reply")).all() == []


@pytest.mark.parametrize(("form", "address"), [("reply", "/replies"), ("note", "/notes")])
def test_what_was_begun_is_there_for_its_writer_alone(
    app: Flask, desk: Desk, house: House, form: str, address: str
) -> None:
    tip = tell(house)
    desk.post(tip + address, text=BEGUN, keep="1")
    assert field(desk.get(tip), form) == BEGUN
    assert "Only you can read it" in desk.get(tip)
    assert field(at(app, "supervisor").get(tip), form) == ""
    (row,) = drafts(house)
    assert (row.account_id, row.form) == (account_id(house, "immigration"), form)
    assert BEGUN.encode() not in row.body + row.wraps
    desk.post(tip + address, text=BEGUN + " hoseng", keep="1")
    assert field(desk.get(tip), form) == BEGUN + " hoseng"
    desk.post(tip + address, 422, text=" ")
    assert len(drafts(house)) == 1, "what is refused ends nothing"
    desk.post(tip + address, text=BEGUN)
    assert drafts(house) == []
    assert field(desk.get(tip), form) == ""


def test_it_can_be_thrown_away_and_is_forgotten_after_a_week(desk: Desk, house: House) -> None:
    tip = tell(house)
    desk.post(tip + "/notes", text=BEGUN, keep="1")
    assert "Thrown away" in desk.client.post(tip + "/notes", data={"drop": "1"}, follow_redirects=True).text
    assert drafts(house) == []
    desk.post(tip + "/notes", text=BEGUN, keep="1")
    for days, left in ((6, 1), (8, 0)):
        now = house.clock() + timedelta(days=days)
        retention.forget(house.database, house.keys, now, keep_numbers=timedelta(days=30))
        assert len(drafts(house)) == left


def test_a_preview_keeps_it(desk: Desk, house: House) -> None:
    tip = tell_by_phone(house)
    desk.post(tip + "/replies", 200, text=BEGUN, preview="1")
    assert field(desk.get(tip)) == BEGUN


def test_what_is_sent_after_the_sign_in_ended_waits_for_the_next(app: Flask, desk: Desk, house: House) -> None:
    tip, others = tell(house), tell(house, danger_now=True, exclude=("immigration",))
    with house.database.write() as session:
        session.execute(update(SignIn).values(expires_at=house.clock() - timedelta(minutes=1)))
    answer = desk.post(tip + "/replies", text=BEGUN)
    assert answer.headers["Location"] == f"/desk/sign-in?next={tip}"
    desk.post(others + "/replies", 401, text=BEGUN)
    desk.post(tip + "/replies", 401, text=" ")
    app.test_client().post(tip + "/replies", data={"text": BEGUN})
    assert len(drafts(house)) == 1
    desk.sign_in()
    assert field(desk.get(tip)) == BEGUN
    with house.database.read() as session:
        assert session.scalars(select(Entry).where(Entry.kind == "reply")).all() == []
