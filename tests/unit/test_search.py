"""Search opens only what the desk may read, finds both spellings, and costs the same however many tips there are."""

from __future__ import annotations

import dataclasses

import pytest

from tests.unit.conftest import Core
from tipline import casework, errors, followup, queue, search
from tipline.queue import Page


def look_for(core: Core, name: str, q: str, cursor: str | None = None) -> list[int]:
    return [row.tip.id for row in step(core, name, q, cursor).rows]


def step(core: Core, name: str, q: str, cursor: str | None = None) -> Page:
    with core.house.database.read() as session:
        found = search.search(session, core.people[name], q, keys=core.keys, now=core.clock(), cursor=cursor)
        for row in found.rows:
            session.expunge(row.tip)
        return found


def test_every_word_must_be_there_in_any_case_and_spelling(core: Core) -> None:
    one = core.told(text="Ngoana oa ka o nkiloe ke monna ea bitsoang Thabo").tip_id
    other = core.told(text="Thabo sells permits in Durban").tip_id
    assert look_for(core, "immigration", "thabo") in ([one, other], [other, one])
    assert look_for(core, "immigration", "NGWANA thabo") == [one]
    assert look_for(core, "immigration", "durban, thabo!") == [other]
    assert look_for(core, "immigration", "durban ngoana") == []
    assert look_for(core, "immigration", "permi") == [other]


def test_it_looks_into_everything_the_desk_can_open(core: Core) -> None:
    done = core.told(text="A story.", place="by the old mill", exclude_note="Ntate Mokoena")
    with core.house.database.write() as session:
        followup.add_by_receipt(session, core.receipt(done), "a white car", keys=core.keys, now=core.clock())
    with core.held("immigration", done.tip_id) as (session, case):
        casework.note(session, case, "number plates")
        casework.reply(session, case, "which colour", core.house.words)
    for q in ("old mill", "mokoena", "white car", "plates", "colour", "story plates"):
        assert look_for(core, "immigration", q) == [done.tip_id], q


def test_places_and_references_are_found(core: Core) -> None:
    done = core.told(place="leribe")
    name = queue.reference(core.tip(done.tip_id).uid)
    for q in ("Leribe", name, name.lower(), name.replace("-", "")):
        assert look_for(core, "immigration", q) == [done.tip_id], q


def test_another_desk_finds_nothing_of_it(core: Core) -> None:
    done = core.told(text="Thabo sells permits", exclude=("police",), danger_now=True)
    with core.held("immigration", done.tip_id) as (session, case):
        casework.note(session, case, "only ours")
        casework.refer(session, case, "shelter", "A bed.")
    assert look_for(core, "police", "thabo") == []
    assert look_for(core, "shelter", "thabo") == [done.tip_id]
    assert look_for(core, "shelter", "only ours") == []
    assert look_for(core, "immigration", "only ours") == [done.tip_id]


def test_the_number_is_not_searched(core: Core) -> None:
    from tipline.phones import Phone  # noqa: PLC0415 - for this one number

    core.told(phone=Phone("+26658001234"))
    assert look_for(core, "immigration", "58001234") == []


def test_steps_go_on_to_the_end(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "STEP", 4)
    monkeypatch.setattr(search, "_BATCH", 2)
    wanted = [core.told(text=f"Thabo {number}" if number % 5 == 0 else "nobody").tip_id for number in range(11)]
    found: list[int] = []
    cursor: str | None = None
    steps = 0
    while True:
        got = step(core, "immigration", "thabo", cursor)
        found += [row.tip.id for row in got.rows]
        steps, cursor = steps + 1, got.next
        if cursor is None:
            break
        assert steps < 10
    assert found == [wanted[10], wanted[5], wanted[0]]
    assert steps == 3


def test_a_full_page_ends_a_step(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PAGE", 2)
    ids = [core.told(text="Thabo").tip_id for _ in range(5)]
    first = step(core, "immigration", "thabo")
    assert len(first.rows) == 2
    rest = step(core, "immigration", "thabo", first.next)
    last = step(core, "immigration", "thabo", rest.next)
    assert sorted(row.tip.id for got in (first, rest, last) for row in got.rows) == ids
    assert last.next is None


@pytest.mark.parametrize("q", ["", "  ", "?!", "..."])
def test_without_a_word_there_is_nothing_to_find(core: Core, q: str) -> None:
    with pytest.raises(errors.EmptyTip):
        step(core, "immigration", q)


@pytest.mark.parametrize("cursor", ["", "x", "-1", "9" * 30, "٣"])
def test_an_unreadable_cursor_starts_anew(core: Core, cursor: str) -> None:
    done = core.told(text="Thabo")
    assert look_for(core, "immigration", "thabo", cursor) == [done.tip_id]


def test_other_roles_find_nothing(core: Core) -> None:
    core.told(text="Thabo")
    core.people = {**core.people, "immigration": dataclasses.replace(core.people["immigration"], role="admin")}
    with pytest.raises(errors.NotAllowed):
        step(core, "immigration", "thabo")
