"""The same words from many phones are one entry of the queue: nothing is lost, and a cry comes through."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import make
from tests.channels import doors
from tests.channels.bounds import CHAIN, count, events, queued, tips
from tests.channels.conftest import Line, Lines
from tipline import abuse, casework, queue, retention
from tipline.errors import ForbiddenMove
from tipline.models import OutMessage, Tip


class TestAFlood:
    def test_of_300_texts_is_one_entry_of_the_queue_and_loses_none(self, any_bounded: Line) -> None:
        line, client = any_bounded, any_bounded.app.test_client()
        for number in range(300):
            said = CHAIN if number % 3 else f"  {CHAIN.upper()}!! "
            request = doors.text(
                line.house.settings, "kannel", said, message_id=f"m-{number}", number=f"+26658{number:06}"
            )
            assert request.send(client).status_code == 200

        every = tips(line)
        assert len(every) == 300
        assert count(line, OutMessage) == 300  # each of them was answered
        first, second = sorted(queued(line), key=lambda tip: tip.id)
        assert (first.id, first.gathered, second.gathered) == (every[0].id, 298, 0)
        assert {tip.folded_into for tip in every[2:]} == {first.id}
        assert not any(make.is_unread(line.house, tip) for tip in every[2:])
        assert events(line, first).count("gathering") == 1
        desk = line.desk("immigration")
        assert desk.said(every[299]) == [CHAIN]
        assert desk.number(every[299]) == ["+26658000299", "kannel", "48000"]
        with line.house.database.read() as session:
            who = make.identity(line.house, "immigration")
            seen = abuse.gathered(session, first.id, who.desk_id or 0)
            assert (seen.count, len(seen.newest)) == (298, abuse.SHOWN)
            assert seen.newest[0][0] == every[299].uid
            assert queue.counts(session, who, line.clock.now)["new"] == 2
            assert queue.summary(session, who, line.clock.now)["stages"] == {"received": 2}

    def test_somebody_in_it_who_writes_again_stands_by_themselves(self, bounded: Line) -> None:
        self._flood(bounded, 5)
        texter = bounded.texter(number="+26658000004")
        texter.text(message_id="again", said="Empa nna ke hlile ke hloka ho bua le motho")

        found = next(tip for tip in queued(bounded) if tip.id == tips(bounded)[4].id)
        assert (found.folded_into, make.is_unread(bounded.house, found), found.stage) == (None, True, "received")
        assert bounded.desk("immigration").said(found) == [CHAIN, "Empa nna ke hlile ke hloka ho bua le motho"]
        assert events(bounded, found)[-1] == "reporter_wrote"

    def test_a_cry_out_of_it_comes_through(self, bounded: Line) -> None:
        self._flood(bounded, 5)
        bounded.texter(number="+26658000003").text("NTHUSE", message_id="again")
        found = next(tip for tip in queued(bounded) if tip.id == tips(bounded)[3].id)
        assert (found.priority, found.folded_into) == ("P0", None)

    def test_a_cry_is_never_one_of_many(self, bounded: Line) -> None:
        for number in range(6):
            bounded.texter(number=f"+26658000{number:03}").text("NTHUSE")
        assert [tip.folded_into for tip in tips(bounded)] == [None] * 6
        assert len(queued(bounded, "police")) == 6

    def test_what_says_more_is_not_folded(self, bounded: Line) -> None:
        said = "Ba re koaletse ka tlung ba re otla"
        for number in range(2):
            bounded.texter(number=f"+26658000{number:03}").text(said)
        with bounded.house.database.write() as session:
            for tip in session.scalars(select(Tip)):
                tip.danger_now, tip.priority = None, "P2"
        bounded.texter(number="+26658000009").text(said)
        assert tips(bounded)[2].folded_into is None

    def test_words_that_only_look_alike_are_not_the_same(self, bounded: Line) -> None:
        for number in range(8):
            bounded.texter(number=f"+26658000{number:03}").text(f"{CHAIN} {number}")
        assert len(queued(bounded)) == 8

    def test_marks_without_a_word_are_the_same_only_if_they_are(self, bounded: Line) -> None:
        for number, said in enumerate(("🙏", "🙏", "🙏", "😀")):
            bounded.texter(number=f"+26658000{number:03}").text(said)
        assert [tip.folded_into is None for tip in tips(bounded)] == [True, True, False, True]

    def test_goes_on_while_it_lasts_and_ends_with_its_time(self, bounded: Line) -> None:
        self._flood(bounded, 3)
        for number in range(10, 13):
            bounded.clock.forward(minutes=50)
            self._flood(bounded, 1, number)
        assert len(queued(bounded)) == 2
        bounded.clock.forward(minutes=61)
        self._flood(bounded, 1, 20)
        assert len(queued(bounded)) == 3

    def test_is_not_folded_into_what_is_closed(self, bounded: Line) -> None:
        self._flood(bounded, 4)
        first = tips(bounded)[0]
        who = make.identity(bounded.house, "immigration")
        with make.held(bounded.house, who, first.id) as (session, case):
            casework.take(session, case)
            casework.close(session, case, "information_given", note="It is done.")
        every = tips(bounded)
        assert [tip.stage for tip in every] == ["closed", "received", "closed", "closed"]
        assert every[3].closed_at == bounded.clock.now
        assert (every[3].received_at.minute, "closed_with" in events(bounded, every[3])) == (0, True)
        with bounded.house.database.read() as session:
            assert [row.tip.id for row in queue.page(session, who, now=bounded.clock.now, stage="closed").rows] == [1]
        self._flood(bounded, 1, 30)
        assert len(queued(bounded)) == 2

        bounded.texter(number="+26658000003").text(
            "Taba e ncha", message_id="again"
        )  # what is closed is closed: a tip of its own
        assert tips(bounded)[-1].folded_into is None
        retention.forget(
            bounded.house.database,
            bounded.house.keys,
            bounded.clock.now + timedelta(days=31),
            keep_numbers=timedelta(days=30),
        )
        assert bounded.desk("immigration").number(every[2]) == []

    def test_one_of_many_is_answered_only_by_itself(self, bounded: Line) -> None:
        self._flood(bounded, 4)
        last = tips(bounded)[3]
        who = make.identity(bounded.house, "immigration")
        with make.held(bounded.house, who, last.id) as (session, case), pytest.raises(ForbiddenMove):
            casework.reply(session, case, "Re u utloile.", bounded.house.words)
        with make.held(bounded.house, who, last.id) as (session, case):
            abuse.unfold(session, case.tip, case.now, account_id=who.account_id)
            casework.reply(session, case, "Re u utloile.", bounded.house.words)
        assert last.id in {tip.id for tip in queued(bounded)}
        bounded.deliver()
        bounded.texter(number="+26658000003").text("1", message_id="again")
        bounded.deliver()
        assert "Re u utloile." in bounded.carrier.texts("+26658000003")

    def test_what_tells_it_is_forgotten(self, any_bounded: Line) -> None:
        self._flood(any_bounded, 2)
        assert count(any_bounded, Tip, Tip.alike.is_not(None)) == 2
        for minutes, left in ((59, 2), (60, 0)):
            with any_bounded.house.database.write() as session:
                later = any_bounded.clock.now + timedelta(minutes=minutes)
                abuse.forget(session, later, any_bounded.house.settings.bounds)
            assert count(any_bounded, Tip, Tip.alike.is_not(None)) == left

    def test_none_where_the_setting_is_0(self, lines: Lines) -> None:
        line = lines(TIPLINE_FLOOD_FROM="0")
        self._flood(line, 12)
        assert len(queued(line)) == 12

    @staticmethod
    def _flood(line: Line, many: int, start: int = 0) -> None:
        for number in range(start, start + many):
            line.texter(number=f"+26658000{number:03}").text(CHAIN)
