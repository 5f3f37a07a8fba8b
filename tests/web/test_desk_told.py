"""What a reporter said by text, on the page of its tip: answers beside their questions, parts in one piece."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from tests import make
from tests.channels import doors
from tests.channels.conftest import Clock
from tests.web import desk
from tests.web.desk import words
from tipline.models import Tip

QUIET = "Ke tseba monna ea tlatsang likonteraka tsa bohata"


def texted(app: Flask, *texts: str, minutes: float = 3) -> str:
    """Text one after the other, by a gateway of one's own; return the page of the tip as its desk sees it."""
    house = make.house_of(app)
    for at, said in enumerate(texts):
        house.clock = Clock(make.NOON + timedelta(minutes=minutes * at))
        sent = doors.text(house.settings, "kannel", said, message_id=f"m-{at}").send(app.test_client())
        assert sent.status_code == 200
    with house.database.read() as session:
        uid = session.scalars(select(Tip.uid).order_by(Tip.id.desc())).first()
    return desk.at(app, "immigration").get(f"/desk/tips/{uid}")


def test_answers_stand_beside_their_questions(app: Flask) -> None:
    page = words(texted(app, QUIET, "Ha Abia", "E", "che", "1"))

    assert "Somebody in danger now Yes" in page
    assert "A child is concerned No" in page
    assert "Where “Ha Abia”" in page
    assert "How we may write back The answer itself, by text" in page
    assert "asked whether anyone is in danger now" in page
    assert "asked where it is" in page


def test_the_last_word_counts_and_their_own_words_are_shown(app: Flask) -> None:
    page = words(texted(app, QUIET, "0", "ha ke tsebe", "0", "3"))

    assert "Somebody in danger now “ha ke tsebe”" in page
    assert "How we may write back No texts" in page
    assert "A child is concerned" not in page


def test_parts_are_shown_in_one_piece(app: Flask) -> None:
    page = words(texted(app, "(2/3) ea tlang ka koloi", "(3/3) a re mosebetsi", "(1/3) Ke tseba monna", minutes=0.2))

    assert "Ke tseba monna ea tlang ka koloi a re mosebetsi" in page
    assert "It came in 3 texts, joined here." in page
    assert "(2/3)" not in page


def test_later_parts_are_joined_in_the_conversation(app: Flask) -> None:
    page = words(texted(app, QUIET, "Ho feta moo, ke utloile", "2/2 hosane hoseng", "1/2 Ba tloha", "1/2 Ba tloha"))

    assert "Ba tloha hosane hoseng" in page
    assert "came in 3 texts" in page or "came in 2 texts" in page


def test_a_story_without_more_is_as_it_was(app: Flask) -> None:
    page = texted(app, QUIET)

    assert QUIET in page
    assert "joined here" not in page
