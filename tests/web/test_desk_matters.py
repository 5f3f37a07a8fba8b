"""Two tips that a desk found to be one matter, through its pages."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from tests.web.desk import at, tell, words
from tipline import queue
from tipline.house import House
from tipline.models import Act, Outcome

WHY = "Both name the same van."


def name(tip: str) -> str:
    return queue.reference(tip.rsplit("/", 1)[1])


def test_two_tips_become_one_row_and_are_read_answered_parted_and_closed(app: Flask, house: House) -> None:
    first, second = tell(house), tell(house, text="They took my passport.", danger_now=True)
    case, police = at(app, "immigration"), at(app, "police")
    case.get(first)
    refused = case.post(second + "/matter", 422, reference="ABCD", reason=WHY).text
    assert "no open tip by this reference" in words(refused)
    assert 'value="ABCD"' in refused
    done = case.post(second + "/matter", reference=name(first).lower(), reason=WHY)
    assert "They are one matter now." in case.get(done.headers["Location"])
    refused = case.post(first + "/matter", 409, reference=name(second), reason=WHY).text
    assert "one matter already" in words(refused)
    row = words(case.get("/desk/"))
    assert "2 tips" in row
    assert name(first) in row
    assert name(second) not in row
    lead = case.get(first)
    assert "They took my passport." in lead
    assert f"Put together with {name(second)} as one matter" in words(lead)
    assert f"It stands in your queue under {name(first)}" in words(case.get(second))
    other_office = police.get(second)
    assert name(first) not in other_office
    assert "one matter" not in other_office
    case.post(second + "/replies", text="We are coming.")
    assert "We are coming." not in case.get(first)
    case.post(second + "/apart", reason="Another van.")
    assert "2 tips" not in words(case.get("/desk/"))
    case.post(second + "/matter", reference=name(first), reason=WHY)
    case.post(first + "/take")
    case.post(first + "/outcome", result="assisted", clients_served="1", together="1", note=WHY)
    assert name(second) not in words(case.get("/desk/"))
    with house.database.read() as session:
        looked = select(Act.verb).where(Act.object == second.rsplit("/", 1)[1], Act.verb.in_(("first_look", "opened")))
        assert session.scalars(looked).all() == ["first_look", "opened"]
        assert sorted(session.scalars(select(Outcome.clients_served)).all(), key=str) == [1, None]
