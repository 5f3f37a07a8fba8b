"""A desk's queue and figures: its own tips and no others, by urgency, page by page, whatever the cursor."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, event

from tests import make
from tests.unit.conftest import Core
from tipline import casework, errors, queue
from tipline.house import House
from tipline.queue import Page

CALM = "He sells forged permits at the taxi rank."


def many(core: Core) -> list[int]:
    """Tell of twelve matters of different urgency, ten minutes apart; return the ids, oldest first."""
    ids = []
    kinds: tuple[dict[str, Any], ...] = ({"danger_now": True}, {}, {"text": CALM, "category": "other"})
    for number in range(12):
        ids.append(core.told(**kinds[number % 3]).tip_id)
        core.clock.turn(minutes=10)
    return ids


def page(core: Core, name: str, **wanted: Any) -> Page:
    with core.house.database.read() as session:
        found = queue.page(session, core.people[name], now=core.clock(), **wanted)
        for row in found.rows:
            session.expunge(row.tip)
        return found


def summary(core: Core, name: str) -> dict[str, Any]:
    with core.house.database.read() as session:
        return dict(queue.summary(session, core.people[name], core.clock()))


def test_the_most_urgent_first_then_the_newest(core: Core) -> None:
    many(core)
    rows = page(core, "immigration").rows
    assert len(rows) == 12
    assert len({row.tip.priority for row in rows}) == 3
    order = [(row.tip.priority, -row.tip.received_at.timestamp()) for row in rows]
    assert order == sorted(order)


def test_pages_hold_every_tip_once(core: Core) -> None:
    ids = many(core)
    seen: list[int] = []
    cursor: str | None = None
    while True:
        found = page(core, "immigration", cursor=cursor, size=5)
        seen += [row.tip.id for row in found.rows]
        cursor = found.next
        if cursor is None:
            break
        core.told(danger_now=True)  # what comes in meanwhile disturbs no page that follows
    assert sorted(seen) == ids
    assert len(seen) == len(set(seen))


def test_a_page_that_is_just_full_is_the_last(core: Core) -> None:
    many(core)
    assert page(core, "immigration", size=12).next is None
    assert page(core, "immigration", size=11).next is not None


def test_an_unreadable_cursor_starts_anew(core: Core) -> None:
    done = core.told()
    long = "9" * 40
    for cursor in ("", "x", "P0", "P0.1", "P9.1.1", "P0.1.1.1", f"P0.1.{long}", f"P0.{long}.1", "P0.٣.1", "\0"):
        assert [row.tip.id for row in page(core, "immigration", cursor=cursor).rows] == [done.tip_id], cursor


def test_filters(core: Core) -> None:
    ids = many(core)
    leribe = core.told(place="leribe").tip_id
    with core.held("immigration", ids[0]) as (session, case):
        casework.take(session, case)
    assert core.queue("immigration", place="leribe") == [leribe]
    assert core.queue("immigration", stage="screened") == [ids[0]]
    assert core.queue("immigration", mine=True) == [ids[0]]
    assert core.queue("supervisor", mine=True) == []
    assert set(core.queue("immigration", priority="P0")) == {ids[0], ids[3], ids[6], ids[9]}
    assert core.queue("immigration", priority="P0", stage="screened", place="berea") == []
    assert core.queue("immigration", offered=True) == []


def test_a_desk_sees_its_own_tips_only(core: Core) -> None:
    many(core)
    assert len(core.queue("police")) == 4
    assert core.queue("shelter") == []
    assert core.queue("supervisor") == core.queue("immigration")


def test_closed_ones_are_listed_only_when_asked_for(core: Core) -> None:
    done = core.told()
    with core.held("immigration", done.tip_id) as (session, case):
        casework.take(session, case)
        casework.close(session, case, "assisted", note="It is done.")
    assert core.queue("immigration") == []
    assert core.queue("immigration", stage="closed") == [done.tip_id]


def test_counts(core: Core) -> None:
    ids = many(core)
    with core.held("immigration", ids[0]) as (session, case):
        casework.take(session, case)
        casework.refer(session, case, "shelter", "A bed.")
    with core.house.database.read() as session:
        now = core.clock()
        assert queue.counts(session, core.people["immigration"], now) == {
            "new": 11, "urgent": 4, "mine": 1, "waits": 0, "overdue": 3, "offered": 0,
        }  # fmt: skip
        assert queue.counts(session, core.people["shelter"], now) == {
            "new": 0, "urgent": 1, "mine": 0, "waits": 0, "overdue": 0, "offered": 1,
        }  # fmt: skip


@pytest.mark.parametrize(
    ("told", "minutes", "late"),
    [
        ({"danger_now": True}, 60, False),
        ({"danger_now": True}, 61, True),
        ({"text": "Bona."}, 24 * 60, False),
        ({"text": "Bona."}, 24 * 60 + 1, True),
    ],
)
def test_what_nobody_looked_at_in_its_time_is_overdue(
    core: Core, told: dict[str, Any], minutes: int, late: bool
) -> None:
    done = core.told(**told)
    core.clock.turn(minutes=minutes)
    assert [row.overdue for row in page(core, "immigration").rows] == [late]
    assert summary(core, "immigration")["overdue"] == int(late)
    with core.held("immigration", done.tip_id) as (session, case):
        casework.look(session, case)
    assert [row.overdue for row in page(core, "immigration").rows] == [False]
    assert summary(core, "immigration")["overdue"] == 0


class TestSummary:
    def test_nothing_yet(self, core: Core) -> None:
        empty = {"stages": {}, "priorities": {}, "overdue": 0, "median_hours_to_first_look": None}
        assert summary(core, "immigration") == empty

    def test_counts_and_the_median_to_the_first_look(self, core: Core) -> None:
        ids = many(core)
        for hours, tip_id in zip((1, 2, 4), ids, strict=False):
            core.clock.now = core.tip(tip_id).received_at + timedelta(hours=hours)
            with core.held("immigration", tip_id) as (session, case):
                casework.look(session, case)
        with core.held("immigration", ids[0]) as (session, case):
            casework.take(session, case)
            casework.close(session, case, "assisted", note="It is done.")
        figures = summary(core, "immigration")
        assert figures["stages"] == {"received": 11, "closed": 1}
        assert sum(figures["priorities"].values()) == 12
        assert figures["priorities"]["P0"] == 4
        assert figures["median_hours_to_first_look"] == 2.0
        assert "desks" not in figures

    def test_a_supervisor_is_given_the_other_desks_figures_and_no_tip(self, core: Core) -> None:
        many(core)
        figures = summary(core, "supervisor")
        assert {name: sorted(value) for name, value in figures["desks"].items()} == {
            "shelter": ["overdue", "priorities", "stages"],
            "police": ["overdue", "priorities", "stages"],
        }
        assert figures["desks"]["police"]["priorities"] == {"P0": 4}
        assert figures["desks"]["shelter"]["stages"] == {}

    def test_what_was_declined_is_not_counted(self, core: Core) -> None:
        done = core.told()
        with core.held("immigration", done.tip_id) as (session, case):
            casework.take(session, case)
            referral = casework.refer(session, case, "shelter", "A bed.")
        assert summary(core, "shelter")["stages"] == {"referred": 1}
        with core.held("shelter", done.tip_id) as (session, case):
            casework.answer_referral(session, case, referral, "decline", "Full.")
        assert summary(core, "shelter")["stages"] == {}

    @pytest.mark.parametrize("role", ["admin", "donor", "trainer", "editor"])
    def test_other_roles_are_given_nothing(self, core: Core, role: str) -> None:
        core.told()
        core.people = {**core.people, "immigration": dataclasses.replace(core.people["immigration"], role=role)}
        with pytest.raises(errors.NotAllowed):
            summary(core, "immigration")


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "ix_queue"),
        ({"stage": "received"}, "ix_queue_stage"),
        ({"priority": "P0"}, "ix_queue"),
        ({"offered": True}, "ix_queue_offered"),
        ({"waits": True}, "ix_queue_waits"),
        ({"overdue": True}, "ix_queue_due"),
    ],
)
def test_each_filter_is_led_by_its_own_index(house: House, wanted: dict[str, Any], index: str) -> None:
    plans: list[str] = []

    def explain(connection: Connection, _: Any, said: str, given: Any, *__: Any) -> None:
        if said.startswith("SELECT") and "tip_desk" in said:
            found = connection.connection.cursor().execute("EXPLAIN QUERY PLAN " + said, given).fetchall()
            plans.append(" ".join(row[3] for row in found))

    who = make.identity(house, "immigration")
    event.listen(house.database.engine, "before_cursor_execute", explain)
    with house.database.read() as session:
        queue.page(session, who, now=house.clock(), **wanted)
        queue.counts(session, who, house.clock())
    first = plans[0]
    assert f"tip_desk USING INDEX {index} (" in first
    assert "TEMP B-TREE FOR ORDER BY" not in first
    assert any("INDEX ix_queue_waits (" in one for one in plans), "so are the counts"
    assert any("INDEX ix_queue_due (" in one for one in plans)


@given(st.binary(min_size=16, max_size=16))
def test_people_can_say_a_reference_to_each_other(uid: bytes) -> None:
    name = queue.reference(uid.hex())
    assert len(name) == 9
    assert name[4] == "-"
    assert set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567-")


def test_the_story_is_not_in_what_a_queue_reads(core: Core) -> None:
    core.told()
    (row,) = page(core, "immigration").rows
    assert make.STORY not in repr([getattr(row.tip, column.key) for column in type(row.tip).__table__.columns])
