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
from tipline import outbox, phones
from tipline.errors import NotFound
from tipline.models import Entry, Event, Inbound, OutMessage, Tip

ANSWER = "Motsoalle, re bone molaetsa oa hau. U ka re letsetsa neng?"


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
        assert "le molaetsa ona o fihlile" in line.carrier.texts(NUMBER)[1]

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
        assert (tip.priority, tip.danger_now, tip.unread) == ("P0", True, True)
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


class TestAnAnswer:
    @pytest.fixture
    def asked(self, line: Line) -> Tip:
        """Return a tip that the desk has answered."""
        line.texter().text(make.STORY_ST)
        line.deliver()
        desk = line.desk("immigration")
        (tip,) = desk.tips()
        desk.reply(tip, ANSWER)
        line.deliver()
        return tip

    def test_waits_until_it_is_asked_for(self, asked: Tip, line: Line) -> None:
        assert line.carrier.texts(NUMBER)[1:] == ["U na le molaetsa. Araba ka 1 ho o bala mona."]

        line.texter().text("1", message_id="one")
        line.deliver()

        assert line.carrier.texts(NUMBER)[2:] == [ANSWER]
        assert "answer_read" in events(line, asked)

    def test_is_read_once(self, asked: Tip, line: Line) -> None:
        line.texter().text("1", message_id="one")
        line.clock.forward(minutes=1)
        line.texter().text("1", message_id="two")  # it may be the first, sent again: no answer
        line.clock.forward(hours=1)
        line.texter().text("1", message_id="one")  # a retry
        line.deliver()
        assert line.carrier.texts(NUMBER)[2:] == [ANSWER]

        line.texter().text("1", message_id="three")
        line.deliver()
        assert line.carrier.texts(NUMBER)[3].startswith("Ha ho molaetsa o u emetseng")

    def test_follows_another(self, asked: Tip, line: Line) -> None:
        texter = line.texter()
        texter.text("1", message_id="one")
        line.desk("immigration").reply(asked, "E mong hape.")
        texter.text("1", message_id="two")
        line.deliver()

        assert {ANSWER, "E mong hape."} <= set(line.carrier.texts(NUMBER))

    def test_leaves_by_the_door_last_written_to(self, asked: Tip, line: Line) -> None:
        line.texter("kannel").text("1", message_id="one", ours="48222")
        line.deliver()

        received = line.carrier.last_of("kannel")
        assert (received.text, received.sender) == (ANSWER, "48222")
        assert line.desk("immigration").number(asked) == [NUMBER, "kannel", "48222"]

    def test_to_what_was_said_at_another_door_goes_there(self, asked: Tip, line: Line) -> None:
        line.texter("twilio").text("Re se re le Ladybrand", ours="+15005550006", message_id="x")
        line.desk("immigration").reply(asked, "Re utloile.")
        line.deliver()

        assert line.carrier.last_of("twilio").text == "U na le molaetsa. Araba ka 1 ho o bala mona."

    def test_is_gone_after_seven_days(self, asked: Tip, line: Line) -> None:
        line.clock.forward(days=7)
        with line.house.database.write() as session:
            outbox.sweep(session, line.clock.now)
        line.texter().text("1", message_id="one")
        line.deliver()

        assert ANSWER not in line.carrier.texts(NUMBER)
        assert "Ha ho molaetsa" in line.carrier.texts(NUMBER)[-1]
        with line.house.database.read() as session:
            held = session.scalars(select(OutMessage).where(OutMessage.kind == "answer")).one()
            assert (held.state, held.payload) == ("expired", None)

    def test_of_several_parts_goes_out_whole(self, asked: Tip, line: Line) -> None:
        line.desk("immigration").reply(asked, "lentsoe le leng " * 25)
        line.texter().text("1", message_id="one")
        line.deliver()

        parts = [text for text in line.carrier.texts(NUMBER) if text.startswith("lentsoe")]
        assert len(parts) == 3
        assert all(len(part) <= 160 for part in parts)

    def test_is_not_read_from_another_phone(self, asked: Tip, line: Line) -> None:
        line.texter(number="+26662000000").text("1")
        line.deliver()

        assert ANSWER not in [one.text for one in line.carrier.received]


class TestOrders:
    def test_stop_is_obeyed(self, line: Line) -> None:
        texter = line.texter()
        texter.text(make.STORY_ST)
        line.deliver()
        desk = line.desk("immigration")
        (tip,) = desk.tips()
        desk.reply(tip, ANSWER)
        texter.text("EMISA")  # the notice is promised and not sent yet
        line.deliver()
        desk.reply(tip, "E mong.")
        texter.text("Ke sa ntse ke le teng")
        line.deliver()

        replies = line.carrier.texts(NUMBER)
        assert len(replies) == 2
        assert replies[1].startswith("Ho lokile. Ha u sa tla fumana melaetsa")
        assert desk.said(tip)[-1] == "Ke sa ntse ke le teng"

    def test_start_ends_it_and_what_waited_can_be_read(self, line: Line) -> None:
        texter = line.texter()
        texter.text(make.STORY_ST)
        desk = line.desk("immigration")
        desk.reply(desk.tips()[0], ANSWER)
        for said in ("STOP", "QALA", "1"):
            texter.text(said)
        line.deliver()

        replies = line.carrier.texts(NUMBER)
        assert ANSWER in replies
        assert any(reply.startswith("Ho lokile. U tla boela") for reply in replies)

    def test_stop_after_an_answer_was_asked_for(self, line: Line) -> None:
        texter = line.texter()
        texter.text(make.STORY_ST)
        desk = line.desk("immigration")
        desk.reply(desk.tips()[0], ANSWER)
        for said in ("1", "STOP"):
            texter.text(said)
        line.deliver()
        assert ANSWER not in line.carrier.texts(NUMBER)

        for said in ("START", "1"):
            texter.text(said)
        line.deliver()
        assert ANSWER in line.carrier.texts(NUMBER)

    def test_orders_are_obeyed_however_often(self, line: Line) -> None:
        texter = line.texter("twilio")
        answers = [said_in(texter.text(said)) for said in ("STOP", "START", "STOP", "START", "INFO", "INFO")]

        assert [bool(answer) for answer in answers] == [True] * 6
        with line.house.database.read() as session:
            assert not phones.stopped(session, line.house.keys, NUMBER)

    def test_nothing_is_remembered_of_who_only_asks(self, line: Line) -> None:
        texter = line.texter("twilio")

        assert "A person" not in (said_in(texter.text("TSEBO")) or "")
        assert "Ha ho molaetsa" in (said_in(texter.text("1")) or "")
        with line.house.database.read() as session:
            assert phones.thread_of(session, line.house.keys, NUMBER, line.clock.now) is None
        assert count(line, Tip) == 0

    def test_the_language_is_kept(self, line: Line) -> None:
        texter = line.texter("twilio")

        assert "in English" in (said_in(texter.text("ENGLISH")) or "")
        assert "Your message has arrived" in (said_in(texter.text("Ba re koaletse ka tlung")) or "")
        desk = line.desk("immigration")
        (tip,) = desk.tips()
        assert tip.language == "en"

        texter.text("SESOTHO")
        desk.reply(tip, ANSWER)
        line.deliver()
        assert line.carrier.texts(NUMBER) == ["U na le molaetsa. Araba ka 1 ho o bala mona."]

    def test_an_empty_text_is_asked_for_again(self, line: Line) -> None:
        assert "Molaetsa o fihlile o se na letho" in (said_in(line.texter("twilio").text(" \u200b ")) or "")
        assert count(line, Tip) == 0


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
