"""What the desk is told beside words: taken back, not read, let in later; and how an answer leaves."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests import make
from tests.web.desk import PHONE, Desk, at, tell, words
from tipline import followup, thread, withdrawal
from tipline.house import House
from tipline.models import Tip


@pytest.fixture
def desk(app: Flask) -> Desk:
    return at(app, "immigration")


def test_a_desk_that_was_let_in_later_is_offered_the_rest(app: Flask, desk: Desk, house: House) -> None:
    quiet, danger = "A man in Maseru pays too little for shop work.", "Help me now, they locked me in. I am a child."
    receipt = house.take_in(make.report(text=quiet)).receipt
    with house.database.write() as session:
        keys = followup.unlock_receipt(receipt or "", house.keys)
        followup.add_by_receipt(session, keys, danger, keys=house.keys, now=house.clock(), rules=house.rules)
        tip = f"/desk/tips/{session.scalars(select(Tip)).one().uid}"
    page = desk.get(tip)
    assert "Police now reads what came since" in words(page)
    assert re.search(r'<option value="police" selected>', page)
    assert "Here is what came before it" in desk.get(tip + "/refer?desk=police")
    police = at(app, "police")
    assert "does not open with your desk" in police.get(tip)
    assert "Refer the rest?" not in police.get(tip)

    desk.post(tip + "/rest", desk="police")
    assert "Refer the rest?" not in desk.get(tip)
    desk.post(tip + "/rest", 404, desk="police")
    desk.post(tip + "/referrals", consent="agreed", desk="police", reason="Here is all of it.")
    assert quiet in police.get(tip)


def test_what_was_taken_back_is_shown_as_such(desk: Desk, house: House) -> None:
    tip = tell(house)
    desk.post(tip + "/notes", text="The sister, says the caller.")
    with house.database.write() as session:
        withdrawal.withdraw(session, session.scalars(select(Tip)).one(), by="web", now=house.clock())
    assert "Taken back" in words(desk.get("/desk/"))
    page = words(desk.get(tip))
    assert "The reporter took this back. What they told" in page
    assert "The reporter took this back: no answer reaches them." in page
    assert "No answer was written yet" not in page  # nobody can say so any more
    assert "all of it was destroyed" in page
    assert "does not open" not in page
    assert "The sister" not in page
    assert 'id="refer"' not in page
    assert "Unread" not in words(desk.get("/desk/"))


def test_an_answer_that_nobody_read_is_told_in_the_queue(app: Flask, desk: Desk, house: House) -> None:
    tip = tell(house)
    desk.post(tip + "/replies", text="We will come at nine.")
    then = house.clock() + timedelta(days=5)
    house.clock = lambda: then
    app.extensions["tipline_jobs"].sweep()
    assert "Answer not read" in words(at(app, "immigration").get("/desk/"))
    assert "Nobody has read the answer for 5 days" in words(at(app, "immigration").get(tip))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"content_consent": True}, "your words go to their phone as text messages, at once"),
        ({"content_consent": False}, "Their phone gets only this"),
        ({"no_texts": True}, "They want no text messages about this"),
    ],
)
def test_the_form_says_beforehand_how_an_answer_leaves(
    desk: Desk, house: House, changes: dict[str, bool], said: str
) -> None:
    tip = tell(house, phone=PHONE)
    with house.database.write() as session:
        session.execute(update(Tip).values(**changes))
    assert said in words(desk.get(tip))
    page = words(desk.post(tip + "/replies", 200, text="We come.", preview="1").text)
    assert ("nothing was sent yet" in page) is ("no_texts" not in changes)
    assert ("They leave at once." in page) is changes.get("content_consent", False)


def test_what_happens_by_itself_again_and_again_is_one_line(desk: Desk, house: House) -> None:
    tip = tell(house)
    with house.database.write() as session:
        row = session.scalars(select(Tip)).one()
        for _ in range(3):
            thread.record(session, row.id, "reporter_wrote", house.clock())
    assert words(desk.get(tip)).count("The reporter wrote again") == 1
    assert "The reporter wrote again (3 times)" in words(desk.get(tip))
