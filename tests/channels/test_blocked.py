"""A phone that a desk has blocked is heard in silence, and still cries for help."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests import make
from tests.channels.bounds import block, count, events, look, queued, tips
from tests.channels.conftest import Line
from tests.channels.doors import said_in
from tipline import blocklist, casework, phones, retention
from tipline.errors import AlreadyThere, NoPhone, NotAllowed, ReasonMissing
from tipline.models import BlockedPhone, Entry, PhoneThread, Tip, TipDesk
from tipline.sealing import unpack


class TestABlockedPhone:
    def test_is_heard_in_silence(self, any_bounded: Line) -> None:
        line = any_bounded
        texter = line.texter("twilio")
        texter.text("Lea hlanya kaofela")
        (tip,) = tips(line)
        look(line, tip)
        block(line, tip)
        line.clock.forward(minutes=1)

        assert [said_in(texter.text(said)) for said in ("Lithoto", "Lithoto hape", "INFO")] == [None] * 3
        (tip,) = tips(line)
        assert not make.is_unread(line.house, tip)
        assert line.desk("immigration").said(tip) == ["Lea hlanya kaofela", "Lithoto", "Lithoto hape"]
        assert events(line, tip) == ["received", "first_look", "blocked"]
        with line.house.database.read() as session:
            seen = blocklist.blocked_at(session, tip.id)
        assert seen is not None
        assert (seen.uid, seen.name, seen.texts) == (tip.uid, "immigration", 2)

    def test_still_cries_for_help(self, bounded: Line) -> None:
        texter = bounded.texter("twilio")
        texter.text("Lea hlanya kaofela")
        look(bounded, tips(bounded)[0])
        block(bounded, tips(bounded)[0])

        assert said_in(texter.text("NTHUSE"))
        (tip,) = tips(bounded)
        assert (tip.priority, make.is_unread(bounded.house, tip)) == ("P0", True)
        assert len(queued(bounded, "police")) == 1

    def test_opens_a_tip_of_its_own_with_danger_once_the_blocked_one_is_closed(self, bounded: Line) -> None:
        texter = bounded.texter("twilio")
        texter.text("Lea hlanya kaofela")
        block(bounded, tips(bounded)[0])
        who = make.identity(bounded.house, "immigration")
        with make.held(bounded.house, who, tips(bounded)[0].id) as (session, case):
            casework.take(session, case)
            casework.close(session, case, "information_given", note="It is done.")

        texter.text("Lithoto")
        assert len(tips(bounded)) == 1
        assert bounded.desk("immigration").said(tips(bounded)[0])[-1] == "Lithoto"
        assert queued(bounded) == []
        assert said_in(texter.text("Ba re koaletse ka tlung, ba re otla hona joale"))
        assert [tip.priority for tip in queued(bounded)] == ["P0"]

    def test_stays_so_when_the_months_keys_are_gone(self, bounded: Line) -> None:
        texter = bounded.texter("twilio")
        texter.text("Lea hlanya kaofela")
        block(bounded, tips(bounded)[0])
        bounded.clock.forward(days=400)
        retention.forget(bounded.house.database, bounded.house.keys, bounded.clock.now, keep_numbers=timedelta(days=30))
        assert count(bounded, PhoneThread) == 0
        assert said_in(texter.text("Lithoto")) is None
        assert len(tips(bounded)) == 1

    def test_is_let_in_again(self, bounded: Line) -> None:
        texter = bounded.texter("twilio")
        texter.text("Lea hlanya kaofela")
        block(bounded, tips(bounded)[0])
        who = make.identity(bounded.house, "immigration")
        with make.held(bounded.house, who, tips(bounded)[0].id) as (session, case):
            blocklist.unblock(session, case)
        with make.held(bounded.house, who, tips(bounded)[0].id) as (session, case), pytest.raises(AlreadyThere):
            blocklist.unblock(session, case)
        assert said_in(texter.text("Ntšoareleng"))
        assert count(bounded, BlockedPhone) == 0

    def test_needs_a_reason_and_a_number_that_came_from_the_phone(self, bounded: Line) -> None:
        bounded.texter().text("Lea hlanya kaofela")
        with pytest.raises(ReasonMissing):
            block(bounded, tips(bounded)[0], "  ")
        bounded.house.take_in(make.report(phone=phones.Phone("+26658009999")))
        web = tips(bounded)[1]
        with pytest.raises(NoPhone):  # the number that a web form gives may be anybody's
            block(bounded, web)
        bounded.texter("twilio").text("Lea hlanya", number="ECONET")
        with pytest.raises(NoPhone):
            block(bounded, tips(bounded)[2])
        assert count(bounded, BlockedPhone) == 0

    def test_the_reason_is_sealed_to_the_desk_and_the_number_is_nowhere(self, bounded: Line) -> None:
        bounded.texter().text("Re koaletsoe ka tlung, re a otloa")  # the police read it, too
        block(bounded, tips(bounded)[0], "Insults that nobody should read.")
        for name, reads in (("immigration", True), ("police", False)):
            reasons = [one.data for one in bounded.desk(name).view(tips(bounded)[0]).thread if one.kind == "reason"]
            assert [data == {"text": "Insults that nobody should read."} for data in reasons] == [reads]
        raw = (bounded.house.settings.var / "tipline.db").read_bytes()
        assert b"58000000" not in raw

    def test_supervisors_see_those_of_their_desk(self, bounded: Line) -> None:
        bounded.texter().text("Lea hlanya kaofela")
        block(bounded, tips(bounded)[0])
        with bounded.house.database.read() as session:
            (one,) = blocklist.every(session, make.identity(bounded.house, "supervisor"))
            assert one.uid == tips(bounded)[0].uid
            with pytest.raises(NotAllowed):
                blocklist.every(session, make.identity(bounded.house, "immigration"))

    def test_blocked_at_another_tip_moves_there(self, bounded: Line) -> None:
        texter = bounded.texter()
        texter.text("Lea hlanya kaofela")
        with bounded.house.database.write() as session:
            session.scalars(select(Tip)).one().closed_at = bounded.clock.now
        texter.text("Lea hlanya hape")
        for tip in tips(bounded):
            block(bounded, tip)
        with bounded.house.database.read() as session:
            assert session.scalars(select(BlockedPhone.tip_id)).all() == [tips(bounded)[1].id]


def test_entries_of_a_blocked_phone_reach_nobody_by_a_receipt(bounded: Line) -> None:
    texter = bounded.texter()
    texter.text("Lea hlanya kaofela")
    texter.text("CODE")
    block(bounded, tips(bounded)[0])
    texter.text("Lithoto")
    with bounded.house.database.read() as session:
        desks_of_tip = session.scalar(select(func.count()).select_from(TipDesk)) or 0
        newest = session.scalars(select(Entry).order_by(Entry.id.desc())).first()
        assert newest is not None
        assert len(unpack(newest.wraps)) == desks_of_tip


def test_who_is_blocked_and_asks_to_be_called_marks_nothing(bounded: Line) -> None:
    texter = bounded.texter("twilio")
    texter.text("Lea hlanya kaofela")
    look(bounded, tips(bounded)[0])
    block(bounded, tips(bounded)[0])
    assert [said_in(texter.text(said)) for said in (" ", "Ntetsetse hle")] == [None, None]
    (tip,) = tips(bounded)
    assert (make.is_unread(bounded.house, tip), "call_asked" in events(bounded, tip)) == (False, False)
    assert bounded.desk("immigration").said(tip) == ["Lea hlanya kaofela", "Ntetsetse hle"]
