"""Tips that are one matter stand as one in the queue of the desk that said so; everything else stays apart."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests import make
from tests.unit.conftest import Core
from tipline import casework, exclusions, followup, merging, queue, withdrawal
from tipline.errors import AlreadyThere, ForbiddenMove, NotFound, ReasonMissing
from tipline.models import Event, Outcome

WHY = "Both name the same van."


def put(core: Core, tip_id: int, under: int, why: str = WHY) -> None:
    uid = make.uid(core.house, under)
    with core.held("immigration", tip_id) as (session, case):
        merging.merge(session, case, uid, why)


def row(core: Core, desk: str = "immigration") -> queue.Row:
    with core.house.database.read() as session:
        shown = queue.page(session, core.people[desk], now=core.clock()).rows[0]
        session.expunge_all()
    return shown


def kinds(core: Core, desk: str, tip_id: int) -> set[str]:
    with core.held(desk, tip_id) as (session, case):
        return {one.kind for one in casework.view(session, case).events}


def three(core: Core) -> tuple[int, int, int]:
    a, b, c = (core.told(text=f"A man in Maseru pays too little for shop work, {one}.").tip_id for one in "abc")
    return a, b, c


def test_two_tips_stand_as_one_in_this_queue_alone(core: Core) -> None:
    first = core.told(text="A man in Maseru pays too little for shop work.").tip_id
    core.clock.turn(hours=1)
    second = core.told(text="They took my passport and hit me.", danger_now=True).tip_id
    with core.held("immigration", first) as (session, case):
        casework.take(session, case)
        casework.look(session, case)
    put(core, second, first)
    shown = row(core)
    assert core.queue("immigration") == [first]
    assert (shown.tip.id, shown.many, shown.priority, shown.unread) == (first, 2, "P0", True)
    assert [one.kind for one in shown.clocks] == ["look", "police"]
    assert core.queue("immigration", priority="P0") == [first]
    assert core.queue("immigration", mine=True) == [first]
    assert core.queue("immigration", stage="received") == []
    core.clock.turn(hours=2)
    assert core.queue("immigration", overdue=True) == [first]
    with core.house.database.read() as session:
        assert queue.counts(session, core.people["immigration"], core.clock())["overdue"] == 1
        assert queue.summary(session, core.people["immigration"], core.clock())["priorities"] == {"P0": 1}
    assert (row(core, "police").tip.id, row(core, "police").many) == (second, 1)
    assert "merged" in kinds(core, "immigration", second) & kinds(core, "immigration", first)
    assert "merged" not in kinds(core, "police", second)
    (reason,) = core.entries(second, "reason")
    assert (core.opens("immigration", reason), core.opens("police", reason)) == (WHY, None)
    with core.held("immigration", first) as (session, case):
        (other,) = merging.under(session, case)
        casework.look(session, other)
    assert not row(core).unread
    with core.held("police", second) as (session, case):
        followup.add(session, case.tip, "And now?", keys=core.keys, now=core.clock())
    assert row(core).unread
    with pytest.raises(ReasonMissing), core.held("immigration", second) as (session, case):
        merging.unmerge(session, case, " ")
    with core.held("immigration", second) as (session, case):
        merging.unmerge(session, case, "Another van.")
    assert core.queue("immigration") == [second, first]
    assert (row(core).many, core.queue("immigration", priority="P0")) == (1, [second])
    with pytest.raises(ForbiddenMove), core.held("immigration", second) as (session, case):
        merging.unmerge(session, case, WHY)


def test_whatever_stands_under_a_tip_goes_along_and_there_is_no_circle(core: Core) -> None:
    a, b, c = three(core)
    put(core, b, a)
    put(core, a, c)
    assert (core.queue("immigration"), row(core).many) == ([c], 3)
    for tip_id, under in ((c, a), (c, c), (a, b)):
        with pytest.raises(AlreadyThere):
            put(core, tip_id, under)
    with pytest.raises(ReasonMissing):
        put(core, a, c, " ")
    with pytest.raises(NotFound), core.held("immigration", a) as (session, case):
        merging.merge(session, case, "0" * 32, WHY)


def test_what_is_closed_taken_back_or_out_of_reach_leaves_its_matter(core: Core) -> None:
    a, b, c = three(core)
    put(core, b, a)
    put(core, c, a)
    with core.held("immigration", a) as (session, case):
        withdrawal.withdraw(session, case.tip, by="web", now=core.clock())
    assert (sorted(core.queue("immigration")), row(core).many) in (([a, b], 2), ([a, b], 1))
    with pytest.raises(ForbiddenMove):
        put(core, b, a)
    with core.held("immigration", b) as (session, case):
        assert [one.tip.id for one in merging.under(session, case)] == [c]
        casework.take(session, case)
        casework.close(session, case, "assisted", clients_served=2, note=WHY)
    assert sorted(core.queue("immigration")) == [a, c], "the other one is back in the queue, open"
    d = core.told(text="They took my passport and hit me.", danger_now=True).tip_id
    put(core, c, d)
    with core.held("immigration", d) as (session, case):
        exclusions.exclude(session, case, "immigration", "They named one of us.", core.house.rules)
    assert sorted(core.queue("immigration")) == [a, c]


def test_one_matter_is_closed_together_and_counted_once(core: Core) -> None:
    a, b, c = three(core)
    put(core, b, a)
    put(core, c, a)
    with core.held("immigration", a) as (session, case):
        casework.take(session, case)
        casework.close(session, case, "assisted", clients_served=2, together=True, note=WHY)
    assert core.queue("immigration") == []
    with core.house.database.read() as session:
        found = session.scalars(select(Outcome).order_by(Outcome.tip_id)).all()
        counted = [(one.tip_id, one.result, one.clients_served, one.counted_with) for one in found]
        closed = session.scalars(select(Event.tip_id).where(Event.kind == "closed").order_by(Event.tip_id)).all()
    assert counted == [(a, "assisted", 2, None), (b, "assisted", None, a), (c, "assisted", None, a)]
    assert closed == [a, b, c]
