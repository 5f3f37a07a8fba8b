"""Nobody answers a referral: who is told, and when; nothing is opened to anybody by that."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.unit.conftest import Core
from tipline import alerts, casework, escalation, jobs, outbox, queue
from tipline.models import Event, OutMessage

HELP = "Help me now, they locked me in and beat me with a knife."


def sweep(core: Core) -> list[escalation.Alert]:
    with core.house.database.write() as session:
        return escalation.escalate(session, core.clock(), core.house.settings.answer_within, core.keys)


def told(core: Core) -> set[tuple[int, str]]:
    with core.house.database.read() as session:
        return {(one.desk_id, one.code) for one in escalation.standing(session)}


def wraps(core: Core, tip_id: int) -> list[bytes]:
    return [entry.wraps for entry in core.entries(tip_id)]


def test_step_by_step_until_somebody_answers(core: Core) -> None:
    tip_id, referral = core.referred(text=HELP, child=True)  # the police have it from the start
    assert core.tip(tip_id).priority == "P0"
    desks = {name: core.people[name].desk_id or 0 for name in ("immigration", "shelter", "police")}
    before = wraps(core, tip_id)
    core.clock.turn(minutes=59)
    assert sweep(core) == []
    core.clock.turn(minutes=1)
    first = [escalation.Alert(tip_id, desks["shelter"], escalation.LATE)]
    assert (sweep(core), first[0].role) == (first, "caseworker")
    assert sweep(core) == []
    core.clock.turn(hours=1)
    assert [(one.desk_id, one.role) for one in sweep(core)] == [(desks["shelter"], "supervisor")]
    assert told(core) == {(desks["shelter"], escalation.OVERDUE)}
    core.clock.turn(hours=1)
    assert {(one.desk_id, one.role) for one in sweep(core)} == {
        (desks["immigration"], "supervisor"), (desks["police"], "supervisor"),
    }  # fmt: skip
    core.clock.turn(days=9)
    assert sweep(core) == []
    assert wraps(core, tip_id) == before  # content went nowhere
    assert core.readers(core.entries(tip_id)[0]) == {"immigration", "police", "shelter"}
    with core.house.database.read() as session:
        rows = queue.page(session, core.people["immigration"], now=core.clock()).rows
        assert [row.alert for row in rows] == [escalation.UNANSWERED]
        kinds = [event.kind for event in session.query(Event).filter_by(tip_id=tip_id).order_by(Event.id)]
    assert kinds[-3:] == [escalation.LATE, escalation.OVERDUE, escalation.UNANSWERED]
    core.answer("shelter", tip_id, referral, "accept")
    assert told(core) == set()


def test_after_a_night_without_a_worker_all_steps_are_taken_at_once(core: Core) -> None:
    tip_id, _ = core.referred()
    core.clock.turn(days=9)
    codes = [one.code for one in sweep(core)]
    assert codes == [escalation.LATE, escalation.OVERDUE, escalation.UNANSWERED]  # the police do not have it
    assert "police" not in core.readers(core.entries(tip_id)[0])


@pytest.mark.parametrize(("priority", "hours"), [("P0", 1), ("P1", 4), ("P2", 24), ("P3", 72)])
def test_how_long_an_answer_may_take(core: Core, priority: str, hours: int) -> None:
    tip_id, _ = core.referred()
    with core.held("immigration", tip_id) as (_, case):
        case.tip.priority = priority
    core.clock.turn(hours=hours, seconds=-1)
    assert sweep(core) == []
    core.clock.turn(seconds=1)
    assert [one.code for one in sweep(core)] == [escalation.LATE]
    assert core.house.settings.answer_within[priority] == timedelta(hours=hours)


def test_nobody_is_told_of_what_was_answered_or_closed(core: Core) -> None:
    answered, referral = core.referred()
    core.answer("shelter", answered, referral, "decline", "No bed is free.")
    closed, _ = core.referred()
    with core.held("immigration", closed) as (session, case):
        casework.close(session, case, "assisted")
    core.clock.turn(days=9)
    assert sweep(core) == []


def test_the_job_of_every_minute_does_it(core: Core) -> None:
    core.referred()
    core.clock.turn(days=2)
    with core.house.database.write() as session:
        jobs._escalation_sweep(session, core.house, core.clock())
    assert {code for _, code in told(core)} == {escalation.OVERDUE, escalation.UNANSWERED}


def test_people_are_alerted_with_not_a_word_of_it(core: Core) -> None:
    tip_id, _ = core.referred(text=HELP)
    boss = core.people["supervisor"].account_id  # of immigration, which asked
    with core.house.database.write() as session:
        alerts.set_contact(session, boss, alerts.Reach(number="+26658001111"), core.keys)
    core.clock.turn(hours=2)
    sweep(core)
    assert core.count(OutMessage) == 0  # the shelter's people have given no way to be reached
    core.clock.turn(hours=1)
    sweep(core)
    with core.house.database.read() as session:
        (sent,) = session.scalars(select(OutMessage)).all()
        assert (sent.kind, sent.tip_id, sent.entry_id) == (outbox.ALERT, None, None)
    assert core.readers(core.entries(tip_id)[0]) >= {"immigration", "shelter"}
