"""What a text leads to, once: a tip, a further word in its thread, an answer read, texts stopped."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import make
from tests.channels import doors
from tests.channels.conftest import Line
from tests.channels.doors import NUMBER, said_in
from tests.channels.fake_carrier import FakeCarrier
from tipline.errors import NotFound
from tipline.models import Entry, Event, Inbound, OutMessage, Tip


def count(line: Line, table: type) -> int:
    with line.house.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def events(line: Line, tip: Tip) -> list[str]:
    with line.house.database.read() as session:
        return list(session.scalars(select(Event.kind).where(Event.tip_id == tip.id).order_by(Event.id)))


class TestATip:
    def test_is_read_at_the_desk_and_answered(self, line: Line) -> None:
        line.texter().text(make.STORY_ST)
        line.deliver()

        desk = line.desk("immigration")
        (tip,) = desk.tips()
        assert desk.said(tip) == [make.STORY_ST]
        assert (tip.channel, tip.language, tip.priority) == ("sms", "st", "P1")
        assert not tip.content_consent
        assert desk.number(tip) == [NUMBER, "africastalking", "48000"]
        assert line.carrier.texts(NUMBER)[0].startswith("Kea leboha. Molaetsa oa hau o fihlile")
        assert line.carrier.last_of("africastalking").sender == "48000"

    def test_is_answered_in_its_own_language(self, line: Line) -> None:
        assert "Your message has arrived" in (said_in(line.texter("twilio").text(make.STORY)) or "")

    def test_goes_on_in_the_same_thread(self, line: Line) -> None:
        texter = line.texter()
        texter.text(make.STORY_ST)
        line.clock.forward(minutes=30)
        texter.text("Ba tloha hosane hoseng")
        line.deliver()

        desk = line.desk("immigration")
        (tip,) = desk.tips()
        assert desk.said(tip) == [make.STORY_ST, "Ba tloha hosane hoseng"]
        assert len(desk.number(tip)) == 3
        assert "o kotsing hona joale?" in line.carrier.texts(NUMBER)[1]

    def test_begins_anew_when_the_last_one_is_closed(self, line: Line) -> None:
        texter = line.texter()
        texter.text(make.STORY_ST)
        with line.house.database.write() as session:
            session.scalars(select(Tip)).one().closed_at = line.clock.now
        texter.text("Ho na le taba e 'ngoe")

        assert len(line.desk("immigration").tips()) == 2

    def test_of_a_sender_without_a_number_is_kept_and_not_answered(self, line: Line) -> None:
        for number in ("VCL-INFO", "48000"):
            response = line.texter("twilio").text(f"{make.STORY} {number}", number=number, message_id=number)
            assert said_in(response) is None
        line.texter().text(make.STORY, number="ECONET")

        desk = line.desk("immigration")
        assert len(desk.tips()) == 3
        assert all(desk.number(tip) == [] for tip in desk.tips())
        assert count(line, OutMessage) == 0

    def test_another_phone_is_another_thread(self, line: Line) -> None:
        line.texter().text(make.STORY)
        line.texter(number="+26662000000").text(make.STORY)

        assert count(line, Tip) == 2

    def test_keeps_the_text_as_it_came(self, line: Line) -> None:
        said = "  Motšeanong ’m’e 🙏\n\t& <b>100%</b> +1 \x00"
        line.texter().text(said)

        desk = line.desk("immigration")
        assert desk.said(desk.tips()[0]) == [said]


class TestOnce:
    @pytest.mark.parametrize("name", doors.CARRIERS)
    def test_a_retry_is_the_same_tip_and_gets_the_first_answer(self, name: str, line: Line) -> None:
        request = doors.text(line.house.settings, name, make.STORY, message_id="m-7")
        client = line.app.test_client()

        first = request.send(client)
        line.clock.forward(hours=11)
        again = [request.send(client) for _ in range(3)]

        assert {(one.status_code, one.data) for one in again} == {(first.status_code, first.data)}
        assert (count(line, Tip), count(line, Inbound)) == (1, 1)
        assert count(line, OutMessage) == (0 if name == "twilio" else 1)
        assert count(line, Entry) == 2  # story and number

    def test_the_same_id_of_two_carriers_is_two_messages(self, line: Line) -> None:
        line.texter("twilio").text("Ba re koaletse ka tlung", message_id="1")
        line.texter("kannel").text("Ba re otla", message_id="1")

        assert count(line, Inbound) == 2

    def test_a_message_sent_again_under_a_new_id_within_ten_minutes(self, line: Line) -> None:
        texter = line.texter()
        texter.text(make.STORY)
        line.clock.forward(minutes=9, seconds=59)
        texter.text(make.STORY, carrier="kannel")
        assert (count(line, Entry), count(line, OutMessage)) == (2, 1)

        line.clock.forward(seconds=2)
        texter.text(make.STORY)
        assert count(line, Tip) == 1
        assert line.desk("immigration").said(line.desk("immigration").tips()[0]) == [make.STORY, make.STORY]

    def test_its_twin_gets_the_same_answer(self, line: Line) -> None:
        texter = line.texter("twilio")

        assert said_in(texter.text(make.STORY)) == said_in(texter.text(make.STORY))

    def test_retries_that_overtake_each_other(self, line: Line) -> None:
        client = line.app.test_client()
        one, two = (
            doors.text(line.house.settings, "africastalking", said, message_id=said)
            for said in ("Ba re koaletse ka tlung", "Re Welkom")
        )
        for request in (two, one, two, one, two):
            request.send(client)

        desk = line.desk("immigration")
        (tip,) = desk.tips()
        assert desk.said(tip) == ["Re Welkom", "Ba re koaletse ka tlung"]
        assert count(line, OutMessage) == 2

    def test_retries_at_the_same_moment(self, any_app: Flask, carrier: FakeCarrier) -> None:
        line = Line(any_app, carrier)
        requests = [
            doors.text(line.house.settings, "africastalking", "Ba re koaletse ka tlung", message_id=f"m-{number // 8}")
            for number in range(16)
        ]

        statuses = at_once(line, requests)

        assert statuses == [200] * 16
        assert (count(line, Tip), count(line, OutMessage)) == (1, 1)

    def test_two_texts_of_a_new_phone_at_the_same_moment(self, any_app: Flask, carrier: FakeCarrier) -> None:
        line = Line(any_app, carrier)
        said = [f"Re koaletsoe, re ba {number}" for number in range(6)]
        requests = [doors.text(line.house.settings, "kannel", one, message_id=one) for one in said]

        statuses = at_once(line, requests)

        desk = line.desk("immigration")
        assert statuses == [200] * 6
        assert sorted(text for tip in desk.tips() for text in desk.said(tip)) == said
        assert count(line, Tip) == 1


def at_once(line: Line, requests: list[doors.Request]) -> list[int]:
    """Send all of them at the same moment, each from a thread of its own."""
    barrier = Barrier(len(requests))

    def send(request: doors.Request) -> int:
        client = line.app.test_client()
        barrier.wait()
        return request.send(client).status_code

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(send, requests))


class TestACry:
    @pytest.mark.parametrize("word", ["HELP", "nthuse", "Thuso!", "NTHUSENG", "h e l p"])
    def test_is_p0_before_it_is_a_keyword(self, word: str, line: Line) -> None:
        line.texter().text(word)
        line.deliver()

        for name in ("immigration", "police"):
            (tip,) = line.desk(name).tips()
            assert (tip.priority, tip.danger_now) == ("P0", True)
            assert line.desk(name).said(tip) == [word]
        (reply,) = line.carrier.texts(NUMBER)
        assert "INFO" in reply or "TSEBO" in reply

    def test_raises_a_thread_that_was_quiet(self, line: Line) -> None:
        texter = line.texter()
        texter.text("Ke botsa ka mosebetsi oa Bloemfontein")
        (tip,) = line.desk("immigration").tips()
        assert (tip.priority, line.desk("police").tips()) == ("P2", [])

        line.clock.forward(hours=2)
        texter.text("NTHUSE")

        (tip,) = line.desk("immigration").tips()
        assert (tip.priority, tip.danger_now, make.is_unread(line.house, tip)) == ("P0", True, True)
        assert "raised" in events(line, tip)
        # The police are let in from now on: to the cry and the way to answer it, not to what was said before.
        police = line.desk("police")
        assert police.said(police.tips()[0]) == ["NTHUSE"]
        assert police.view(police.tips()[0]).can_text
        assert line.desk("immigration").said(tip) == ["Ke botsa ka mosebetsi oa Bloemfontein", "NTHUSE"]

    def test_in_so_many_words_raises_it_too(self, line: Line) -> None:
        texter = line.texter()
        texter.text("Ke botsa ka mosebetsi oa Bloemfontein")
        texter.text("Ba re koaletse ka tlung ba re otla, nthuseng")

        assert line.desk("police").tips()[0].priority == "P0"

    def test_small_talk_raises_nothing(self, line: Line) -> None:
        texter = line.texter()
        texter.text("Mohiri oa ka femeng ha a ntefe moputso")
        texter.text("Kea leboha")

        (tip,) = line.desk("immigration").tips()
        assert tip.priority == "P3"
        assert "raised" not in events(line, tip)


class TestAnInstance:
    def test_a_demo_hears_the_real_doors_and_answers_by_its_console(
        self, var: pytest.TempPathFactory, carrier: FakeCarrier
    ) -> None:
        line = Line(make.app(var, TIPLINE_BASE_URL=carrier.url), carrier)  # type: ignore[arg-type]
        line.texter("kannel").text(make.STORY_ST)
        line.deliver()

        received = line.carrier.last_of("console")
        assert received.text.startswith("Kea leboha")
        assert (received.to, received.sender) == (NUMBER, "")
        line.house.database.dispose()

    def test_police_alone_do_not_see_a_quiet_tip(self, line: Line) -> None:
        line.texter().text("Ke botsa ka mosebetsi oa Bloemfontein")
        police = line.desk("police")

        with pytest.raises(NotFound):
            police.view(line.desk("immigration").tips()[0])
