"""The queue: what is most urgent first, why in words, filters as links, and the same weight whatever waits."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import brotli
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from flask import Flask
from sqlalchemy import event, insert, select, update

from tests import make
from tests.web.desk import Desk, account_id, at, tell, tell_by_phone, tip_at, words
from tipline import lifecycle, queue, triage
from tipline.house import House, utc_now
from tipline.models import Desk as DeskRow
from tipline.models import Tip, TipDesk
from tipline.web import locale
from tipline.web import words as desk_words

PLACEHOLDER = re.compile(r"%\([a-z_]+\)s")


@pytest.fixture
def desk(app: Flask) -> Desk:
    """Sign immigration in."""
    return at(app, "immigration")


def order(page: str) -> list[str]:
    return re.findall(r'class="row[^"]*" href="(/desk/tips/[0-9a-f]{32})(?:\?[^"]*)?"', page)


def test_the_most_urgent_stands_first_with_its_reasons_age_and_place(desk: Desk, house: House) -> None:
    calm = tell(house, text="The owner of the shop has not paid us for the last month.", place="leribe")
    urgent = tell_by_phone(house, danger_now=True, place="van-rooyens-gate")
    house.clock = lambda: utc_now() + timedelta(minutes=52)
    desk.sign_in()
    page = desk.get("/desk/")
    assert order(page) == [urgent, calm]
    said = words(page)
    for part in ("▲ P0", "in danger now", "52 min", "Van Rooyen&#39;s Gate · SMS · English", "Leribe · Web"):
        assert part in said, part
    assert said.count("Unread") == 2
    assert "overdue by" not in said
    house.clock = lambda: utc_now() + timedelta(hours=5)
    desk.sign_in()
    assert words(desk.get("/desk/")).count("overdue by") == 1
    desk.get(urgent)
    assert "overdue by" not in words(desk.get("/desk/"))
    house.clock = lambda: utc_now() + timedelta(days=4)
    desk.sign_in()
    said = words(desk.get("/desk/"))
    assert (said.count("overdue by"), said.count("4 d")) == (2, 2)


def test_every_filter_finds_its_own(app: Flask, desk: Desk, house: House) -> None:
    plain, taken, urgent = tell(house, place="leribe"), tell(house, place="maseru"), tell(house, danger_now=True)
    desk.post(taken + "/take")
    closed = tell(house)
    desk.post(closed + "/take")
    desk.post(closed + "/outcome", result="assisted", note="It was a misunderstanding.")
    at(app, "police").post(urgent + "/referrals", consent="agreed", desk="shelter", reason="x")
    found = {
        "": {plain, taken, urgent},
        "?stage=received": {plain},
        "?stage=screened": {taken},
        "?stage=referred": {urgent},
        "?priority=P0": {urgent},
        "?place=leribe": {plain},
        "?place=maseru&mine=1": {taken},
        "?mine=1": {taken},
        "?offered=1": set(),
        "?stage=closed": {closed},
        "?stage=closed&mine=1": {closed},
        "?stage=nonsense&priority=P9&place=%00&mine=x": {plain, taken, urgent},
        "?cursor=nonsense": {plain, taken, urgent},
        "?cursor=P1.99999999999999999999999.1": {plain, taken, urgent},
    }
    for question, tips in found.items():
        assert set(order(desk.get("/desk/" + question))) == tips, question
    said = words(desk.get("/desk/"))
    assert "New 1 Urgent 1 Mine 1 Waiting for the reporter 0 Overdue 0 Offered 0 All closed" in said
    assert set(order(at(app, "shelter").get("/desk/?offered=1"))) == {urgent}


def fill(house: House, count: int) -> None:
    """Put many tips into the queue that nobody opens."""
    with house.database.write() as session:
        desk_id = session.scalars(select(DeskRow.id).where(DeskRow.slug == "immigration")).one()
        at_noon = make.NOON
        session.execute(
            insert(Tip),
            [
                {
                    "id": number, "uid": f"{number:032x}", "binding": "b", "channel": "ussd", "language": "st",
                    "place": "van-rooyens-gate", "category": "labour", "priority": "P1", "stage": "received",
                    "reasons": ["child", "movement_soon"], "indicators": [], "lead_desk_id": desk_id, "excluded": [],
                    "received_at": at_noon + timedelta(seconds=number), "changed_at": at_noon,
                }
                for number in range(1, count + 1)
            ],
        )  # fmt: skip
        session.execute(
            insert(TipDesk),
            [
                {
                    "tip_id": number, "desk_id": desk_id, "state": "routed", "active": True, "priority": "P1",
                    "arrival": -number,
                }
                for number in range(1, count + 1)
            ],
        )  # fmt: skip


def test_pages_follow_each_other_and_counts_stop_at_a_hundred(desk: Desk, house: House) -> None:
    fill(house, 120)
    page, seen = desk.get("/desk/?stage=received"), []
    for _ in range(10):
        seen += order(page)
        onward = re.search(r'rel="next" href="([^"]+)"', page)
        if not onward:
            break
        address = onward[1].replace("&amp;", "&")
        assert "stage=received" in address
        page = desk.get(address)
    assert len(seen) == len(set(seen)) == 120
    assert seen[0].endswith(f"{120:032x}"), "the newest first"
    assert "New 99+" in words(page)


def test_a_full_page_weighs_little(desk: Desk, house: House) -> None:
    fill(house, queue.PAGE + 5)
    answer = desk.client.get("/desk/", headers={"Accept-Encoding": "br"})
    style = re.search(r'rel="stylesheet" href="([^"]+)"', brotli.decompress(answer.data).decode())
    assert style
    sheet = desk.client.get(style[1], headers={"Accept-Encoding": "br"})
    assert sheet.headers["Cache-Control"] == "public, max-age=604800"
    assert len(answer.data) + len(sheet.data) < 20_000
    assert "no-store" in answer.headers["Cache-Control"]


FILTERS: list[dict[str, Any]] = [
    {}, {"stage": "screened"}, {"mine": True}, {"offered": True}, {"stage": "closed"},
    {"waits": True}, {"overdue": True},
]  # fmt: skip


def test_no_filter_walks_the_whole_queue(house: House) -> None:
    who = make.identity(house, "immigration")
    asked: list[tuple[str, Any]] = []
    steps: list[str] = []

    def listen(_connection: Any, _cursor: Any, said: str, given: Any, *_: Any) -> None:
        asked.append((said, given))

    with house.database.read() as session:
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", listen)
        for filters in FILTERS:
            queue.page(session, who, now=utc_now(), **filters)
        queue.counts(session, who, utc_now())
        event.remove(connection, "before_cursor_execute", listen)
        cursor = connection.connection.cursor()
        for said, given in asked:
            cursor.execute("EXPLAIN QUERY PLAN " + said, given)
            steps += [row[3] for row in cursor.fetchall()]
        cursor.close()
    assert len(asked) == len(FILTERS) + 3 + 6, "a look for each priority at what is late, and a count for each kind"
    assert not [step for step in steps if step.startswith("SCAN tip")]
    walks = [step for step in steps if "ix_queue " in step and "priority=?" not in step]
    assert len(walks) == 1, "only the queue itself is read in its own order"


def test_words_stand_for_every_code() -> None:
    assert set(desk_words.STAGES) == set(lifecycle.STAGES)
    assert set(desk_words.RESULTS) == set(lifecycle.RESULTS)
    assert set(desk_words.CATEGORIES) == set(triage.CATEGORIES)
    assert set(desk_words.PRIORITIES) == set(desk_words.SHAPES) == set(queue.PRIORITIES)


def test_every_word_of_the_desk_has_its_sesotho() -> None:
    with (locale.ROOT / "translations" / "babel-desk.cfg").open() as source:
        methods, options = parse_mapping_cfg(source)  # type: ignore[no-untyped-call]
    known = {}
    for name in ("public", "desk"):
        with (locale.ROOT / "translations" / "st" / "LC_MESSAGES" / f"{name}.po").open("rb") as source:
            known.update({message.id: message.string for message in read_po(source, locale="st")})
    keywords = {"_": None, "gettext": None, "_l": None, "lazy_gettext": None}
    found = {message for _, _, message, _, _ in extract_from_dir(locale.ROOT, methods, options, keywords=keywords)}
    assert len(found) > 200
    assert [message for message in found if not known.get(message)] == []
    for said in found:
        assert sorted(PLACEHOLDER.findall(str(known[said]))) == sorted(PLACEHOLDER.findall(str(said))), said


def test_a_supervisor_sees_the_same_queue(app: Flask, house: House) -> None:
    tip = tell(house)
    supervisor = at(app, "supervisor")
    assert order(supervisor.get("/desk/")) == [tip]
    assert make.STORY in supervisor.get(tip)
    with house.database.write() as session:
        session.execute(update(Tip).values(taken_by=account_id(house, "supervisor")))
    assert order(supervisor.get("/desk/?mine=1")) == [tip]
    assert tip_at(house, tip).taken_by
