"""Too many texts of one phone, and a spike of all, at the real doors; and a cry out of each."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests import make
from tests.channels import doors
from tests.channels.bounds import count, events, look, queued, tips
from tests.channels.conftest import Line, Lines
from tests.channels.doors import NUMBER, said_in
from tipline import abuse, phones
from tipline.models import Event, HeldBack, Inbound, OutMessage, PhoneThread


class TestOnePhone:
    def test_has_its_answers_up_to_the_bound_and_is_heard_beyond_it(self, any_bounded: Line) -> None:
        line = any_bounded
        texter = line.texter("twilio")
        answers = [bool(said_in(texter.text(f"Taba ea {number}"))) for number in range(8)]

        assert answers == [True] * 4 + [False] * 4
        (tip,) = tips(line)
        desk = line.desk("immigration")
        assert desk.said(tip) == [f"Taba ea {number}" for number in range(8)]
        assert events(line, tip).count("many_texts") == 1
        assert events(line, tip).count("reporter_wrote") == 4  # the one over the bound is seen, the next are not marked
        with line.house.database.read() as session:
            assert abuse.too_many(session, tip.id, line.house.settings.bounds, line.clock.now) == (8, 8)
            seen = session.scalars(select(Event.data).where(Event.kind == "many_texts")).one()
            assert seen == {"count": 5}

    def test_marks_its_tip_once_and_not_for_each(self, bounded: Line) -> None:
        texter = bounded.texter()
        for number in range(5):
            texter.text(f"Taba ea {number}")
        (tip,) = tips(bounded)
        look(bounded, tip)
        for number in range(5, 8):
            texter.text(f"Taba ea {number}")
        assert not make.is_unread(bounded.house, tips(bounded)[0])

        bounded.clock.forward(hours=1)  # the bound of the day holds on, but once an hour a desk is told
        texter.text("Taba ea 8")
        texter.text("Taba ea 9")
        assert make.is_unread(bounded.house, tips(bounded)[0])
        assert count(bounded, OutMessage) == 5

    def test_begins_anew_with_the_hour_and_with_the_day(self, bounded: Line) -> None:
        texter = bounded.texter("twilio")
        answered = []
        for hours in (0, 1, 24):
            bounded.clock.forward(hours=hours)
            answered.append(sum(bool(said_in(texter.text(f"{hours} {number}"))) for number in range(6)))
        assert answered == [4, 3, 4]  # the second hour ends at the day's nine

    def test_cries_and_says_danger_as_if_there_were_no_bound(self, bounded: Line) -> None:
        texter = bounded.texter("twilio")
        for number in range(8):
            texter.text(f"Taba ea {number}")
        (tip,) = tips(bounded)
        look(bounded, tip)

        assert said_in(texter.text("NTHUSE"))
        (tip,) = tips(bounded)
        assert (tip.priority, tip.danger_now, make.is_unread(bounded.house, tip)) == ("P0", True, True)
        look(bounded, tip)
        assert said_in(texter.text("Ba re koaletse ka tlung, ba re otla, nthuseng hona joale"))
        assert make.is_unread(bounded.house, tips(bounded)[0])
        assert bounded.desk("police").said(tips(bounded)[0])[0] == "NTHUSE"

    def test_is_obeyed_beyond_the_bound_but_not_answered(self, bounded: Line) -> None:
        texter = bounded.texter("twilio")
        for number in range(5):
            texter.text(f"Taba ea {number}")
        assert [said_in(texter.text(said)) for said in ("INFO", "CODE", "STOP")] == [None, None, None]
        with bounded.house.database.read() as session:
            assert phones.stopped(session, bounded.house.keys, NUMBER)
        assert tips(bounded)[0].receipt_lookup is None  # what could not be said was not given away

    def test_that_only_asks_is_bounded_and_not_remembered(self, bounded: Line) -> None:
        texter = bounded.texter("twilio")
        answers = [bool(said_in(texter.text("TSEBO"))) for _ in range(6)]
        assert answers == [True] * 4 + [False] * 2
        assert count(bounded, PhoneThread) == 0

    def test_gets_no_answer_for_twins_beyond_the_bound(self, bounded: Line) -> None:
        texter = bounded.texter("twilio")
        answers = [bool(said_in(texter.text("Le nna kea botsa"))) for _ in range(6)]
        assert answers == [True] * 4 + [False] * 2
        assert len(bounded.desk("immigration").said(tips(bounded)[0])) == 1

    def test_a_retry_gets_the_answer_it_had(self, bounded: Line) -> None:
        client, settings = bounded.app.test_client(), bounded.house.settings
        sent = [doors.text(settings, "twilio", f"Taba {one}", message_id=f"m-{one}") for one in range(6)]
        first = [request.send(client).data for request in sent]
        assert [request.send(client).data for request in sent] == first
        assert count(bounded, Inbound) == 6

    def test_no_bound_where_it_is_0(self, lines: Lines) -> None:
        texter = lines(TIPLINE_TEXTS_AN_HOUR="0", TIPLINE_TEXTS_A_DAY="0").texter("twilio")
        assert all(said_in(texter.text(f"Taba ea {number}")) for number in range(30))


class TestAllPhones:
    def test_a_spike_is_kept_whole_and_answered_in_part(self, lines: Lines, capfd: pytest.CaptureFixture[str]) -> None:
        line = lines(TIPLINE_ANSWERS_A_MINUTE="5")
        answers = []
        for number in range(9):
            texter = line.texter("twilio", number=f"+2665800{number:04}")
            answers.append(bool(said_in(texter.text(f"Taba ea {number} e fapaneng"))))

        assert answers == [True] * 5 + [False] * 4
        assert len(queued(line)) == 9
        assert "".join(capfd.readouterr()).count("automatic answers are held back") == 1
        with line.house.database.read() as session:
            last, minutes = abuse.held_back(session, line.clock.now)
        assert (abuse.in_force(last, line.clock.now), minutes) == (True, 1)

        line.clock.forward(minutes=3)
        assert said_in(line.texter("twilio", number="+26658019999").text("E ’ngoe hape"))
        assert not abuse.in_force(last, line.clock.now)

    def test_a_first_cry_is_answered_in_it(self, lines: Lines) -> None:
        line = lines(TIPLINE_ANSWERS_A_MINUTE="2")
        for number in range(4):
            line.texter("twilio", number=f"+2665800{number:04}").text(f"Taba ea {number} e fapaneng")
        crying = line.texter("twilio", number="+26658018888")

        assert said_in(crying.text("NTHUSE"))
        assert said_in(crying.text("Ba re koaletse, ba re otla hona joale")) is None  # kept, and heard at the desk
        assert min(tip.priority for tip in tips(line)) == "P0"

    def test_no_bound_where_it_is_0(self, lines: Lines) -> None:
        line = lines(TIPLINE_ANSWERS_A_MINUTE="0")
        assert all(
            said_in(line.texter("twilio", number=f"+2665800{number:04}").text(f"Taba {number}")) for number in range(20)
        )
        assert count(line, HeldBack) == 0
