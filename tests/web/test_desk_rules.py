"""The administrator's page of routing rules: tried out, put in force with a reason, and undone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests import make
from tests.channels import fake_carrier
from tests.channels.doors import Texter
from tests.channels.fake_carrier import FakeCarrier
from tests.web import desk
from tipline import routing, rulebook
from tipline.house import House
from tipline.models import Desk, RuleSet, Tip, TipDesk

PAGE, CHANGE = "/desk/rules", "/desk/rules/change"
WHY = "The shelter asked for domestic workers."
TO_SHELTER: dict[str, Any] = {
    "act": "add", "rule": "4", "version": "1", "lead": "shelter", "category": ["domestic", "unknown"], "match": "all",
}  # fmt: skip


def stored(house: House) -> int:
    """Return the number of the version in force."""
    with house.database.read() as session:
        return rulebook.newest(session).number


def test_the_page_shows_the_rules_and_where_reports_go(app: Flask) -> None:
    page = desk.words(desk.at(app, "admin").get(PAGE))
    assert "In force: version 1" in page
    assert "When: there is danger now or it is about a child" in page
    assert "Only if no rule above it has named an office" in page
    assert "without: Immigration, Police" in page


def test_a_change_is_tried_then_made_with_a_reason_then_undone(app: Flask, house: House) -> None:
    admin = desk.at(app, "admin")
    admin.get(CHANGE)
    tried = admin.post(CHANGE, 200, **TO_SHELTER, **{"try": "1"}).text
    assert "would go elsewhere" in tried
    assert "Then: Immigration, Shelter" in desk.words(tried)
    assert stored(house) == 1
    refused = admin.post(CHANGE, 422, **TO_SHELTER, reason=" ").text
    assert "a change needs a reason" in refused
    assert 'value="domestic" checked' in refused
    assert '<option value="shelter" selected>' in refused
    admin.post(CHANGE, **TO_SHELTER, reason=WHY)
    page = desk.words(admin.get(PAGE))
    assert "In force: version 2" in page
    assert WHY in page
    assert "When: it is about: " in page
    assert "Immigration – Immigration" not in page
    shown = admin.get(CHANGE + "?act=change&rule=5")
    assert 'value="domestic" checked' in shown
    undo = admin.get(CHANGE + "?act=back&rule=1")
    assert "Then: Immigration" in desk.words(undo)
    assert "Somebody else changed" in admin.post(CHANGE, 422, act="back", rule="1", version="1", reason="So").text
    admin.post(CHANGE, act="back", rule="1", version="2", reason="It was too much.")
    assert "back to version 1" in desk.words(admin.get(PAGE))
    with house.database.read() as session:
        rows = {row.version: (row.rules, row.again) for row in session.scalars(select(RuleSet))}
    assert rows[3] == (rows[1][0], 1)
    assert "Changed who gets which report (version 3)" in admin.get("/desk/audit")


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"act": "add", "rule": "4", "lead": "moon"}, "There is no such office"),
        ({"act": "add", "rule": "4", "lead": ""}, "Choose the office"),
        ({"act": "add", "rule": "4", "lead": "police", "category": "weather"}, "does not exist"),
        ({"act": "add", "rule": "9", "lead": "police"}, "no such rule"),
        ({"act": "change", "rule": "2", "lead": "clinic"}, "Clinic can read nothing yet"),
        ({"act": "up", "rule": "1"}, "would stay as they are"),
        ({"act": "back", "rule": "7"}, "no such rule or version"),
        ({"act": "back", "rule": "²"}, "no such rule or version"),
    ],
)
def test_what_cannot_be_is_said_and_what_was_typed_is_kept(app: Flask, house: House, sent: Any, said: str) -> None:
    with house.database.write() as session:
        session.add(Desk(slug="clinic", name_en="Clinic", name_st="Tleleniki"))
    refused = desk.at(app, "admin").post(CHANGE, 422, **sent, version="1", reason=WHY).text
    assert said in desk.words(refused)
    assert WHY in refused
    assert stored(house) == 1


def test_no_report_can_be_left_without_an_office(app: Flask, house: House) -> None:
    admin = desk.at(app, "admin")
    for number in (4, 3):
        admin.post(CHANGE, act="remove", rule=str(number), version=str(5 - number), reason="Step by step.")
    page = desk.words(admin.get(CHANGE + "?act=remove&rule=1"))
    assert "Some reports would reach no office, for example: Labour" in page
    admin.post(CHANGE, 422, act="remove", rule="1", version="3", reason="All to the police.")
    assert stored(house) == 3


@pytest.fixture
def carrier() -> Iterator[FakeCarrier]:
    """Give a fake carrier."""
    with fake_carrier.running() as fake:
        yield fake


def test_another_process_routes_the_next_text_and_web_report_by_it(app: Flask, var: Path, carrier: FakeCarrier) -> None:
    there = make.app(var, **fake_carrier.settings_for(carrier, "africastalking"))
    house, now = make.house_of(there), make.NOON
    house.clock = lambda: now
    phone, web = Texter(there.test_client(), house), there.test_client()

    def told() -> tuple[set[str], set[str]]:
        phone.text("Please look into this matter.")
        assert web.post("/api/v1/tips", json={"text": "Also this.", "category": "domestic"}).status_code == 201
        return desks_of_last(house, "sms"), desks_of_last(house, "web")

    assert told() == ({"immigration"}, {"immigration"})
    admin = desk.at(app, "admin")
    admin.post(CHANGE, **TO_SHELTER, reason=WHY)
    phone.number = "+26658000001"
    now += rulebook.AGREE_WITHIN
    assert told() == ({"immigration", "shelter"}, {"immigration", "shelter"})
    assert house.rules != routing.seed().rules
    admin.post(CHANGE, act="back", rule="1", version="2", reason="Undone.")
    now += timedelta(seconds=1)
    assert house.rules != routing.seed().rules  # it has looked a second ago
    phone.number = "+26658000002"
    now += rulebook.AGREE_WITHIN
    assert told() == ({"immigration"}, {"immigration"})
    house.database.dispose()


def desks_of_last(house: House, channel: str) -> set[str]:
    """Return the desks that have the newest report of a channel."""
    with house.database.read() as session:
        newest = session.scalars(select(Tip.id).where(Tip.channel == channel).order_by(Tip.id.desc())).first()
        wanted = select(Desk.slug).join(TipDesk, TipDesk.desk_id == Desk.id).where(TipDesk.tip_id == newest)
        return set(session.scalars(wanted))
