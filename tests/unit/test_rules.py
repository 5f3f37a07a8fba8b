"""Routing rules edited: forms and rules, what may not be, what would change; versions that every process agrees on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import make
from tests.unit.conftest import Core
from tipline import routing, rulebook, rules
from tipline.database import Database
from tipline.house import House
from tipline.models import Desk, RuleSet, TipDesk
from tipline.routing import Rule
from tipline.rules import RulesRefused

SEED = routing.seed().rules
READY = {"immigration": True, "shelter": True, "police": True}
TO_SHELTER = Rule(("shelter",), {"category": ["domestic"]}, otherwise=False)


def refused(new: rules.Rules, desks: dict[str, bool] = READY) -> str:
    with pytest.raises(RulesRefused) as error:
        rules.check(new, SEED, desks)
    return error.value.what


@pytest.mark.parametrize("rule", SEED)
def test_every_rule_of_the_seed_is_the_same_after_a_form(rule: Rule) -> None:
    form = rules.form_of(rule)
    assert form is not None
    assert rules.parse(form) == rule


def test_a_form_says_which_offices_and_when() -> None:
    form = {
        "lead": ["police"], "also": ["shelter", "police"], "match": ["all"], "danger_now": ["yes"], "child": [""],
        "category": ["child", "sexual", "child"], "place_kind": ["port"], "otherwise": ["1"], "reason": ["so"],
    }  # fmt: skip
    made = rules.parse(form)
    wanted = {"danger_now": True, "category": ["child", "sexual"], "place_kind": ["port"]}
    assert made == Rule(("police", "shelter"), wanted, otherwise=True)
    either = rules.parse({**form, "match": ["any"]})
    assert either.when == {"any": [{name: value} for name, value in wanted.items()]}
    assert rules.read(rules.listed((made, either))) == (made, either)
    again = rules.form_of(either)
    assert again is not None
    assert rules.parse(again) == either
    assert rules.parse({"lead": ["police"], "match": ["any"]}).when == {}


def test_a_file_may_say_more_than_a_form() -> None:
    for when in (
        {"any": [{"child": True, "danger_now": True}]},
        {"any": [{"child": True}], "danger_now": True},
        {"any": [{"place": ["maseru"]}, {"place": ["leribe"]}]},
    ):
        assert rules.form_of(Rule(("police",), when, otherwise=False)) is None


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("lead", "", "no_desk"),
        ("category", "weather", "unknown_value"),
        ("place", "Durban", "unknown_value"),
        ("place_kind", "sea", "unknown_value"),
        ("danger_now", "perhaps", "unknown_value"),
    ],
)
def test_a_form_that_is_no_rule_is_refused(field: str, value: str, what: str) -> None:
    with pytest.raises(RulesRefused) as error:
        rules.parse({"lead": ["police"], field: [value]})
    assert error.value.what == what


def test_rules_are_added_moved_and_removed() -> None:
    one, two = SEED[:2]
    assert rules.changed((one, two), "add", 0, TO_SHELTER) == (TO_SHELTER, one, two)
    assert rules.changed((one, two), "add", 2, TO_SHELTER) == (one, two, TO_SHELTER)
    assert rules.changed((one, two), "change", 2, TO_SHELTER) == (one, TO_SHELTER)
    assert rules.changed((one, two), "up", 2) == rules.changed((one, two), "down", 1) == (two, one)
    assert rules.changed((one, two), "up", 1) == rules.changed((one, two), "down", 2) == (one, two)
    assert rules.changed((one, two), "remove", 1) == (two,)
    for act, number in (("remove", 0), ("remove", 3), ("add", 3), ("change", 9), ("burn", 1)):
        with pytest.raises(RulesRefused, match="no_such_rule"):
            rules.changed((one, two), act, number, TO_SHELTER)


def test_what_may_not_be_is_named() -> None:
    assert refused(SEED) == "no_change"
    assert refused((*SEED, Rule(("moon",), {}, otherwise=False))) == "unknown_desk"
    assert refused((*SEED, TO_SHELTER), {**READY, "shelter": False}) == "no_key"
    assert refused((*SEED, *[TO_SHELTER] * rules.MOST)) == "too_many"
    assert refused(()) == "nowhere"
    rules.check((*SEED, TO_SHELTER), SEED, READY)
    asleep = {**READY, "shelter": False}  # what names it already may stay
    rules.check((SEED[1], SEED[0], *SEED[2:]), SEED, asleep)


def test_a_report_that_no_office_would_get_is_found_wherever_it_is() -> None:
    all_but_one = Rule(("immigration",), {"category": [*rules.NAMED["category"][:-1]]}, otherwise=False)
    with pytest.raises(RulesRefused) as error:
        rules.check((all_but_one,), SEED, READY)
    assert error.value.example is not None
    assert error.value.example.category == rules.NAMED["category"][-1]
    said_no = Rule(("immigration",), {"any": [{"child": True}, {"child": False}]}, otherwise=False)
    assert refused((said_no,)) == "nowhere"  # nobody said whether it is about a child
    assert refused((Rule(("police",), {}, otherwise=False),), {**READY, "police": False}) == "no_key"


def test_a_dry_run_tells_what_would_go_elsewhere_and_never_to_an_excluded_desk() -> None:
    after = rules.changed(SEED, "add", len(SEED), TO_SHELTER)
    ways = rules.dry_run(SEED, after, list(READY))
    moved = [one for way in ways if way.changes for one in way.reports]
    assert {one.category for one in moved} == {"domestic"}
    assert len(moved) == 4  # danger or not, a child or not
    assert [way.changes for way in ways] == sorted((way.changes for way in ways), reverse=True)
    assert all(not one.excluded & set(way.after) and way.after for way in ways for one in way.reports)
    some, every = rules.count_elsewhere(SEED, after, list(READY))
    assert (some, every) == (every // len(rules.NAMED["category"]), every)
    assert rules.count_elsewhere(SEED, SEED, list(READY)) == (0, every)
    at_ports = rules.changed(SEED, "add", 0, Rule(("police",), {"place_kind": ["port"]}, otherwise=False))
    moved = [one for way in rules.dry_run(SEED, at_ports, list(READY)) if way.changes for one in way.reports]
    assert len(moved) == 15
    assert {one.place_kind for one in moved} == {"port"}


def put(core: Core, new: rules.Rules, reason: str = "The minister's letter.", after: int = 1) -> int:
    with core.house.database.write() as session:
        return rulebook.put_in_force(
            session, core.people["supervisor"], new, reason, after=after, now=core.clock(), desks=READY
        )


def desks_of(house: House, tip_id: int) -> set[str]:
    with house.database.read() as session:
        wanted = select(Desk.slug).join(TipDesk, TipDesk.desk_id == Desk.id).where(TipDesk.tip_id == tip_id)
        return set(session.scalars(wanted))


def test_a_change_is_a_version_and_every_process_routes_by_it_within_the_bound(core: Core) -> None:
    there = House(core.house.settings, Database(core.house.settings.database_url), core.house.words, core.carrier,
                  clock=core.clock, second_factor=False)  # fmt: skip
    with there.database.read() as session:
        assert rulebook.versions(session) == [rulebook.Version(1, SEED)]
    assert there.rules == SEED
    assert put(core, (*SEED, TO_SHELTER)) == 2
    core.clock.turn(seconds=4.9)
    assert there.rules == SEED  # it has looked a moment ago
    core.clock.turn(seconds=0.1)
    with there.database.write():
        assert core.house.database.is_sqlite == (there.rules == SEED)  # no second transaction inside one
    done = there.take_in(make.report(category="domestic"), with_receipt=False)
    assert desks_of(there, done.tip_id) == {"immigration", "shelter"}
    done = there.take_in(make.report(category="domestic", exclude=("shelter",)), with_receipt=False)
    assert desks_of(there, done.tip_id) == {"immigration"}
    with there.database.read() as session:
        newest, first = rulebook.versions(session)
    assert (newest.by, newest.reason, newest.at) == ("supervisor", "The minister's letter.", make.NOON)
    assert first == rulebook.Version(1, SEED)
    core.clock.turn(days=-1)
    put(core, SEED, after=2)
    assert there.rules == SEED  # a clock that was put back is no reason to wait
    there.database.dispose()


def test_nothing_is_put_in_force_without_a_reason_or_over_somebody_elses_change(core: Core) -> None:
    new = (*SEED, TO_SHELTER)
    for reason, after, what in ((" ", 1, "no_reason"), ("x" * 501, 1, "long_reason"), ("so", 2, "stale")):
        with pytest.raises(RulesRefused, match=what):
            put(core, new, reason, after)
    assert core.count(RuleSet) == 0
    put(core, new)
    with pytest.raises(RulesRefused, match="stale"):
        put(core, (*SEED, Rule(("police",), {}, otherwise=False)))
    assert core.house.rulebook.at(core.clock() + timedelta(hours=1)) == new
