"""What a reporter says later counts as if it had been said at once (``followup.heed``)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests import make
from tests.channels.conftest import Line
from tipline import followup
from tipline.errors import NotFound
from tipline.models import Event, Tip, TipDesk

QUIET = "Ke botsa ka mosebetsi oa Bloemfontein"


def said(line: Line, text: str, danger_now: bool | None = None) -> Tip:
    """Have the only tip's reporter say more; return the tip."""
    house = line.house
    with house.database.write() as session:
        tip = session.scalars(select(Tip)).one()
        followup.heed(session, tip, text, danger_now=danger_now, rules=house.rules, keys=house.keys, now=line.clock.now)
        followup.add(session, tip, text, keys=house.keys, now=line.clock.now)
    return tip


def desks_of(line: Line) -> list[tuple[int, str, str]]:
    with line.house.database.read() as session:
        rows = session.scalars(select(TipDesk).order_by(TipDesk.desk_id)).all()
        return [(row.desk_id, row.state, row.priority) for row in rows]


def raised(line: Line) -> list[dict[str, object]]:
    with line.house.database.read() as session:
        return list(session.scalars(select(Event.data).where(Event.kind == "raised")))


def test_danger_raises_the_tip_and_lets_in_whom_the_rules_name(line: Line) -> None:
    line.house.take_in(make.report(text=QUIET, language="st"), with_receipt=False)

    tip = said(line, "re kotsing", danger_now=True)

    assert (tip.priority, tip.danger_now, tip.stage) == ("P0", True, "received")
    assert {(state, priority) for _, state, priority in desks_of(line)} == {("routed", "P0")}
    assert raised(line) == [{"before": "P2", "to": "P0", "desks": ["police"]}]
    police = line.desk("police")
    assert police.view(police.tips()[0]).text is None
    assert police.said(police.tips()[0]) == ["re kotsing"]


def test_who_is_excluded_stays_so(line: Line) -> None:
    line.house.take_in(make.report(text=QUIET, language="st", exclude=("police",)), with_receipt=False)

    said(line, "re kotsing", danger_now=True)

    assert [row["desks"] for row in raised(line)] == [[]]
    with pytest.raises(NotFound):
        line.desk("police").view(line.desk("immigration").tips()[0])


def test_who_declined_is_not_asked_again_by_a_machine(line: Line) -> None:
    line.house.take_in(make.report(text="Ba re koaletse ka tlung ba re otla", language="st"), with_receipt=False)
    with line.house.database.write() as session:
        for row in session.scalars(select(TipDesk)):
            row.state = "declined" if row.desk_id != session.scalars(select(Tip.lead_desk_id)).one() else row.state

    said(line, "Nthuseng, ba re otla hape", danger_now=True)

    assert sorted(state for _, state, _ in desks_of(line)) == ["declined", "routed"]


def test_nothing_lowers_a_tip_and_nothing_is_said_twice(line: Line) -> None:
    line.house.take_in(make.report(text="Ba re koaletse ka tlung ba re otla", language="st"), with_receipt=False)
    for text in ("Mohiri oa ka femeng ha a ntefe moputso", "Kea leboha", "Ba re koaletse ka tlung ba re otla"):
        tip = said(line, text)

    assert tip.priority == "P0"
    assert raised(line) == []
    assert len(tip.reasons) == len(set(tip.reasons))


def test_a_place_said_later_fills_the_gap(line: Line) -> None:
    line.house.take_in(make.report(text=QUIET, language="st"), with_receipt=False)

    assert said(line, "Re Maputsoe").place == "leribe"
    assert said(line, "Re Mokhotlong").place == "leribe"  # the first word stands; the thread says the rest
