"""The clocks of a tip: first look, police; what a queue finds by them, and what waits for its reporter."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests import make
from tests.unit.conftest import Core, Words
from tipline import casework, clocks, followup, intake, queue, withdrawal
from tipline.intake import Report
from tipline.models import TipDesk
from tipline.phones import Phone

CALM = "He sells forged permits at the taxi rank."
URGENT: dict[str, Any] = {"danger_now": True}


def running(core: Core, tip_id: int) -> dict[str, float]:
    """Return the clocks that run: kind → hours that are left."""
    return {one.kind: (one.due - core.clock()) / timedelta(hours=1) for one in clocks.running(core.tip(tip_id))}


def as_posted(core: Core, tip_id: int) -> None:
    """Hold what the queues know of a tip against what the tip says."""
    tip = core.tip(tip_id)
    with core.house.database.read() as session:
        for at in session.scalars(select(TipDesk).where(TipDesk.tip_id == tip_id)):
            assert (at.due, at.waits, at.priority) == (clocks.due(tip), tip.waits, clocks.place(tip))


def test_the_first_look_and_the_police_each_have_their_time(core: Core) -> None:
    tip = core.told(**URGENT).tip_id
    assert running(core, tip) == {"look": 1, "police": 24}
    as_posted(core, tip)
    core.clock.turn(minutes=20)
    with core.held("immigration", tip) as (session, case):
        casework.look(session, case)
    core.clock.turn(hours=3)
    assert running(core, tip) == {"police": pytest.approx(24 - 3 - 1 / 3)}
    as_posted(core, tip)
    with core.held("immigration", tip) as (session, case):
        casework.move(session, case, "reported_police")
    assert running(core, tip) == {}
    as_posted(core, tip)
    assert core.tip(tip).police_at == core.clock()


def test_what_is_less_urgent_has_longer_and_no_clock_of_the_police(core: Core) -> None:
    assert running(core, core.told(text=CALM, category="other").tip_id) == {"look": 24}
    assert clocks.first_due("P3", make.NOON) == (make.NOON + timedelta(days=3)).timestamp() * 1000


def test_referring_elsewhere_does_not_tell_the_police(core: Core) -> None:
    tip, referral = core.referred(**URGENT)
    core.answer("shelter", tip, referral, "accept")
    assert running(core, tip) == {"police": 24}
    as_posted(core, tip)
    core.clock.turn(hours=25)
    assert core.queue("shelter", overdue=True) == core.queue("police", overdue=True) == [tip]


def test_a_written_no_stops_the_clock_of_the_police(core: Core) -> None:
    tip = core.told(**URGENT).tip_id
    with core.held("immigration", tip) as (session, case):
        casework.take(session, case)
        casework.move(session, case, "not_substantiated", "She is home, and safe.")
    assert running(core, tip) == {}
    as_posted(core, tip)


def test_danger_that_is_told_later_winds_the_clocks_anew(core: Core) -> None:
    done = core.told(text=CALM, category="other", channel="sms", phone=Phone("+26658801234", "console", "32100"))
    core.clock.turn(hours=2)
    with core.house.database.write() as session:
        tip = core.tip(done.tip_id)
        session.add(tip)
        said = "They beat her now"
        followup.heed(session, tip, said, danger_now=True, rules=core.house.rules, keys=core.keys, now=core.clock())
        followup.add(session, tip, said, keys=core.keys, now=core.clock())
    assert core.tip(done.tip_id).priority == "P0"
    as_posted(core, done.tip_id)
    assert core.queue("immigration", overdue=True) == [done.tip_id]
    assert core.queue("police", overdue=True) == [done.tip_id]


def test_an_answer_to_a_question_by_ussd_winds_them_too(core: Core) -> None:
    report: dict[str, Any] = {"channel": "ussd", "text": CALM, "unfinished": True}
    done = core.house.take_in(Report(**report), with_receipt=False)
    as_posted(core, done.tip_id)
    with core.house.database.write() as session:
        grown = Report(**{**report, "danger_now": True})
        intake.grow(session, done.tip_id, grown, now=core.clock(), keys=core.keys, rules=core.house.rules)
    assert core.tip(done.tip_id).priority == "P0"
    as_posted(core, done.tip_id)


def test_nothing_runs_for_what_is_closed_or_taken_back(core: Core) -> None:
    first, second = core.told(**URGENT).tip_id, core.told(**URGENT).tip_id
    with core.held("immigration", first) as (session, case):
        casework.take(session, case)
        casework.reply(session, case, "Where is she?", Words())
        casework.close(session, case, "assisted", note="It is done.")
    with core.house.database.write() as session:
        tip = core.tip(second)
        session.add(tip)
        withdrawal.withdraw(session, tip, by="receipt", now=core.clock())
    for tip_id in (first, second):
        assert running(core, tip_id) == {}
        as_posted(core, tip_id)
    core.clock.turn(days=3)
    assert core.queue("immigration", overdue=True) == core.queue("immigration", waits=True) == []


def test_what_is_late_by_urgency_then_for_the_longest_on_pages(core: Core) -> None:
    told = []
    for number in range(9):
        kind = ({**URGENT}, {}, {"text": CALM, "category": "other"})[number % 3]
        told.append(core.told(**kind).tip_id)
        core.clock.turn(minutes=10)
    assert core.queue("immigration", overdue=True) == told[:2]
    core.clock.turn(days=4)
    late = [told[at] for at in (0, 3, 6, 1, 4, 7, 2, 5, 8)]
    assert core.queue("immigration", overdue=True) == late
    seen: list[int] = []
    cursor = None
    while True:
        with core.house.database.read() as session:
            who, now = core.people["immigration"], core.clock()
            page = queue.page(session, who, now=now, overdue=True, cursor=cursor, size=2)
            seen += [row.tip.id for row in page.rows]
            assert all(row.overdue for row in page.rows)
            counted = queue.counts(session, who, now)["overdue"]
        cursor = page.next
        if cursor is None:
            break
    assert (seen, counted) == (late, 9)


def test_a_tip_waits_for_its_reporter_until_they_write(core: Core) -> None:
    done = core.told()
    with core.held("immigration", done.tip_id) as (session, case):
        casework.take(session, case)
        casework.reply(session, case, "Where is she?", Words())
    as_posted(core, done.tip_id)
    assert core.queue("immigration", waits=True) == [done.tip_id]
    with core.held("immigration", done.tip_id) as (session, case):
        casework.refer(session, case, "shelter", "A bed.")
    assert core.queue("shelter", waits=True) == [done.tip_id], "whoever joins waits, too"
    with core.house.database.write() as session:
        followup.add_by_receipt(session, core.receipt(done), "In Leribe.", keys=core.keys, now=core.clock())
    as_posted(core, done.tip_id)
    assert core.queue("immigration", waits=True) == core.queue("shelter", waits=True) == []


def test_the_clock_of_a_first_look_is_over_only_after_its_hour(core: Core) -> None:
    tip = core.told(**URGENT).tip_id
    (look, _) = clocks.running(core.tip(tip))
    assert look.due == make.NOON + timedelta(hours=1)
    assert not look.over(look.due)
    assert look.over(look.due + timedelta(seconds=1))
