"""Who is alerted of an urgent tip, when, and what with: in turn, content-free, not too often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests import make
from tests.unit.conftest import Core
from tipline import accounts, alerts, casework, followup, outbox
from tipline.models import Account, Alert, Contact, Event, OnCall, OutMessage

DANGER: dict[str, Any] = {"danger_now": True}
NUMBERS = {"immigration": "+26658000001", "supervisor": "+26658000002", "police": "+26658000003"}


def account(core: Core, name: str) -> int:
    with core.house.database.read() as session:
        return session.scalars(select(Account.id).where(Account.name == name)).one()


def reachable(core: Core, *names: str, mail: bool = False) -> None:
    for name in names:
        number = account(core, name)
        reach = alerts.Reach(NUMBERS[name], f"{name}@example.org" if mail else "")
        with core.house.database.write() as session:
            alerts.set_contact(session, number, reach, core.keys)


def on_call(core: Core, name: str, days: str = "0123456", starts: int = 0, ends: int = 0) -> None:
    number = account(core, name)
    with core.house.database.write() as session:
        desk_id = session.get_one(Account, number).desk_id or 0
        session.add(OnCall(desk_id=desk_id, account_id=number, position=1, days=days, starts=starts, ends=ends))


def told(core: Core, **changes: Any) -> int:
    return core.house.take_in(make.report(**changes)).tip_id


def swept(core: Core) -> list[tuple[str, str, str]]:
    """Sweep, deliver, and return what was sent since the last time: kind, to, text."""
    with core.house.database.write() as session:
        alerts.sweep(session, core.keys, core.clock())
    before = len(core.carrier.sent)
    outbox.deliver(core.house.database, core.carrier, core.keys, core.clock)
    return [(one.kind, one.number, one.text) for one in core.carrier.sent[before:]]


def test_nobody_to_alert_promises_nothing(core: Core) -> None:
    told(core, **DANGER)
    with core.house.database.read() as session:
        assert (session.scalar(select(OutMessage.id)), session.scalar(select(Alert.tip_id))) == (None, None)


def test_who_is_on_call_is_told_in_the_tips_own_transaction_and_in_their_language(core: Core) -> None:
    reachable(core, "immigration", "supervisor")
    on_call(core, "immigration")
    told(core, danger_now=False, child=False, text="They pay too little in the shop.")
    assert swept(core) == []
    told(core, **DANGER)
    with core.house.database.read() as session:
        assert [row.kind for row in session.scalars(select(OutMessage))] == ["alert"]
    assert swept(core) == [("alert", NUMBERS["immigration"], "en")]


def test_by_e_mail_too_where_an_address_is_given(core: Core) -> None:
    reachable(core, "immigration", mail=True)
    on_call(core, "immigration")
    told(core, **DANGER)
    assert [kind for kind, _, _ in swept(core)] == ["alert", "mail"]


def test_unlooked_at_the_next_is_told_then_the_supervisor_then_it_begins_again(core: Core) -> None:
    reachable(core, "immigration", "supervisor")
    on_call(core, "immigration")
    tip_id = told(core, **DANGER)
    got = [swept(core)]
    for _ in range(3):
        core.clock.turn(minutes=59)
        assert swept(core) == []
        core.clock.turn(minutes=1)
        got.append(swept(core))
    assert [[to for _, to, _ in some] for some in got] == [
        [NUMBERS[name]] for name in ("immigration", "supervisor", "immigration", "supervisor")
    ]
    with core.house.database.read() as session:
        kinds = session.scalars(select(Event.kind).where(Event.tip_id == tip_id, Event.kind == "alerted")).all()
    assert len(kinds) == 4


def test_a_look_ends_it(core: Core) -> None:
    reachable(core, "immigration", "supervisor")
    on_call(core, "immigration")
    tip_id = told(core, **DANGER)
    swept(core)
    with core.held("immigration", tip_id) as (session, case):
        casework.look(session, case)
    core.clock.turn(hours=2)
    assert swept(core) == []
    with core.house.database.read() as session:
        assert session.scalars(select(Alert)).all() == []


def test_a_person_hears_of_many_at_once_only_once_and_of_a_later_one_after_a_pause(core: Core) -> None:
    reachable(core, "immigration")
    on_call(core, "immigration")
    for _ in range(3):
        told(core, **DANGER)
    assert len(swept(core)) == 1
    core.clock.turn(minutes=9)
    told(core, **DANGER)
    assert swept(core) == []
    core.clock.turn(minutes=1)
    assert len(swept(core)) == 1
    core.clock.turn(minutes=30)
    assert swept(core) == []


def test_a_look_by_the_desk_that_leads_is_enough_and_by_another_is_not(core: Core) -> None:
    reachable(core, "immigration", "police")
    on_call(core, "immigration")
    on_call(core, "police")
    tip_id = told(core, **DANGER)
    swept(core)
    for desk, then in (("police", {NUMBERS["immigration"]}), ("immigration", set[str]())):
        with core.held(desk, tip_id) as (session, case):
            casework.look(session, case)
        core.clock.turn(hours=2)
        assert {to for _, to, _ in swept(core)} == then
    assert core.tip(tip_id).lead_desk_id == core.people["immigration"].desk_id


def test_each_desk_that_has_the_tip_is_alerted(core: Core) -> None:
    reachable(core, "immigration", "police")
    on_call(core, "immigration")
    on_call(core, "police")
    told(core, **DANGER)
    assert {to for _, to, _ in swept(core)} == {NUMBERS["immigration"], NUMBERS["police"]}


def test_an_excluded_desk_hears_nothing(core: Core) -> None:
    reachable(core, "immigration", "police")
    on_call(core, "police")
    told(core, **DANGER, exclude=("police",))
    assert NUMBERS["police"] not in {to for _, to, _ in swept(core)}


def test_who_left_or_gave_nothing_is_passed_over(core: Core) -> None:
    reachable(core, "immigration", "supervisor")
    on_call(core, "immigration")
    number = account(core, "immigration")
    with core.house.database.write() as session:
        accounts.disable(session, number, core.clock())
        assert session.get(Contact, number) is None
    told(core, **DANGER)
    assert [to for _, to, _ in swept(core)] == [NUMBERS["supervisor"]]


def test_words_added_later_that_raise_the_tip_alert_too(core: Core) -> None:
    reachable(core, "immigration")
    on_call(core, "immigration")
    tip_id = told(core, danger_now=False, child=False, text="They pay too little in the shop.")
    with core.held("immigration", tip_id) as (session, case):
        casework.look(session, case)
        tip = case.tip
        said = "Help me now, they locked me in. I am a child."
        followup.heed(session, tip, said, danger_now=True, rules=core.house.rules, keys=core.keys, now=core.clock())
        followup.add(session, tip, said, keys=core.keys, now=core.clock())
        assert tip.priority == "P0"
    assert len(swept(core)) == 1


def test_a_slot_that_begins_later_is_waited_for(core: Core) -> None:
    reachable(core, "immigration")
    on_call(core, "immigration", starts=13 * 60, ends=17 * 60)  # it is noon in Lesotho
    told(core, **DANGER)
    assert swept(core) == []
    core.clock.turn(minutes=55)
    assert swept(core) == []
    core.clock.turn(minutes=10)
    assert len(swept(core)) == 1


@pytest.mark.parametrize(
    ("days", "starts", "ends", "at", "on"),
    [
        ("1", "08:00", "17:00", "2026-11-24 08:00", True),  # a Tuesday
        ("1", "08:00", "17:00", "2026-11-24 17:00", False),
        ("0", "08:00", "17:00", "2026-11-24 09:00", False),
        ("1", "18:00", "06:00", "2026-11-25 05:59", True),
        ("1", "18:00", "06:00", "2026-11-24 05:59", False),
        ("1", "18:00", "06:00", "2026-11-25 06:00", False),
        ("6", "22:00", "07:00", "2026-11-30 06:00", True),  # Monday, after Sunday's night
        ("1", "00:00", "00:00", "2026-11-24 23:59", True),
        ("1", "08:00", "08:00", "2026-11-25 07:59", True),
    ],
)
def test_hours(days: str, starts: str, ends: str, at: str, on: bool) -> None:
    first, last = (int(one[:2]) * 60 + int(one[3:]) for one in (starts, ends))
    slot = OnCall(days=days, starts=first, ends=last)
    now = datetime.fromisoformat(at).replace(tzinfo=UTC) - timedelta(hours=2)
    assert alerts.is_on(slot, now) is on


def test_numbers_and_addresses_lie_locked(core: Core) -> None:
    reachable(core, "immigration", mail=True)
    number = account(core, "immigration")
    with core.house.database.read() as session:
        locked = session.scalars(select(Contact.locked)).one()
        assert b"58000001" not in locked
        assert b"example" not in locked
        kept = alerts.reach_of(session, number, core.keys)
    assert kept.number == NUMBERS["immigration"]
    assert "58000001" not in repr(kept)
    assert "example" not in repr(kept)


def test_what_raises_an_alert_names_nobody(core: Core) -> None:
    reachable(core, "immigration")
    on_call(core, "immigration")
    tip_id = told(core, **DANGER)
    with core.house.database.read() as session:
        row = session.scalars(select(OutMessage)).one()
        assert (row.tip_id, row.entry_id, row.phone_hash) == (None, None, None)
        assert NUMBERS["immigration"].encode() not in (row.payload or b"")
        event = session.scalars(select(Event).where(Event.tip_id == tip_id, Event.kind == "alerted")).one()
        assert (event.account_id, event.data) == (None, {})
