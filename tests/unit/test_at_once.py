"""Several people at one tip: who is there, and what others did since a page was made."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from tests.unit.conftest import Core
from tipline import at_once, casework, followup
from tipline.models import Presence, Tip


def come(core: Core, name: str, tip_id: int) -> None:
    with core.held(name, tip_id) as (session, case):
        at_once.come(session, case.tip, case.who, core.clock())


def there(core: Core, name: str, tip_id: int) -> list[str]:
    with core.held(name, tip_id) as (session, case):
        return at_once.others(session, case.tip, case.who, core.clock())


def test_people_of_one_desk_see_each_other_for_two_minutes(core: Core) -> None:
    tip, other = core.told(danger_now=True).tip_id, core.told().tip_id
    for name in ("immigration", "supervisor", "police"):
        come(core, name, tip)
    assert there(core, "immigration", tip) == ["supervisor"]
    assert there(core, "supervisor", tip) == ["immigration"]
    assert there(core, "police", tip) == []
    assert there(core, "supervisor", other) == []
    core.clock.turn(seconds=19)
    with core.held("immigration", tip) as (session, case):
        assert at_once.is_noted(session, case.tip, case.who, core.clock())
    core.clock.turn(seconds=1)
    with core.held("immigration", tip) as (session, case):
        assert not at_once.is_noted(session, case.tip, case.who, core.clock())
    core.clock.turn(seconds=100)
    assert there(core, "supervisor", tip) == []


def test_whoever_was_there_is_forgotten(core: Core) -> None:
    tip = core.told().tip_id
    come(core, "immigration", tip)
    core.clock.turn(minutes=3)
    come(core, "supervisor", tip)
    with core.house.database.read() as session:
        assert [one.account_id for one in session.scalars(select(Presence))] == [core.people["supervisor"].account_id]


def test_only_what_others_decided_makes_a_page_old(core: Core) -> None:
    tip = core.told().tip_id
    with core.held("immigration", tip) as (session, case):
        casework.look(session, case)
        seen = at_once.version(session, case.tip)
    with core.held("supervisor", tip) as (session, case):
        casework.look(session, case)
        casework.note(session, case, "Rang the school.")
    with core.held("immigration", tip) as (session, case):
        assert at_once.since(session, case.tip, seen, case.who) == []
        casework.take(session, case)
        assert at_once.since(session, case.tip, seen, case.who) == []
    with core.held("supervisor", tip) as (session, case):
        assert [one.kind for one in at_once.since(session, case.tip, seen, case.who)] == ["taken"]
        assert at_once.since(session, case.tip, at_once.version(session, case.tip), case.who) == []


def test_what_the_reporter_adds_makes_it_old_too(core: Core) -> None:
    tip = core.told().tip_id
    with core.held("immigration", tip) as (session, case):
        seen = at_once.version(session, case.tip)
    core.clock.turn(minutes=1)
    with core.house.database.write() as session:
        followup.add(session, session.get_one(Tip, tip), "He is back.", keys=core.keys, now=core.clock())
    with core.held("immigration", tip) as (session, case):
        assert len(at_once.since(session, case.tip, seen, case.who)) == 1
        assert case.now - case.tip.received_at == timedelta(minutes=1)
