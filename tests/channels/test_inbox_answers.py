"""What a phone asks for: an answer that waits for it, texts stopped and started, another language."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from tests import make
from tests.channels.conftest import Line
from tests.channels.doors import NUMBER, said_in
from tipline import outbox, phones
from tipline.models import Event, OutMessage, Tip

ANSWER = "Motsoalle, re bone molaetsa oa hau. U ka re letsetsa neng?"


def count(line: Line, table: type) -> int:
    with line.house.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def events(line: Line, tip: Tip) -> list[str]:
    with line.house.database.read() as session:
        return list(session.scalars(select(Event.kind).where(Event.tip_id == tip.id).order_by(Event.id)))


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

    def test_the_first_text_that_tells_a_language_decides_it(self, line: Line) -> None:
        texter = line.texter("twilio")

        both = said_in(texter.text("HELP")) or ""
        assert "Motho o tla bala." in both
        assert "A person reads it." in both
        assert "le ona o fihlile" in (said_in(texter.text("Nthuse, ba re koaletse ka tlung")) or "")
        desk = line.desk("immigration")
        (tip,) = desk.tips()
        assert tip.language == "st"
        assert "o fihlile" in (said_in(texter.text("my boss took the passport and he is not paid")) or "")
        desk.reply(tip, ANSWER)
        line.deliver()
        assert line.carrier.texts(NUMBER) == ["U na le molaetsa. Araba ka 1 ho o bala mona."]

    @pytest.mark.parametrize("asks", ["Please call me", "PCM", ""])
    def test_what_a_network_sends_in_english_says_nothing_of_the_language(self, asks: str, line: Line) -> None:
        texter = line.texter("twilio")
        asked = said_in(texter.text(asks)) or ""
        assert "18:00" in asked
        assert "Araba ka nako" in asked or "araba ka nako" in asked
        assert (said_in(texter.text("Ka 2 thapama ha madam a ile mosebetsing")) or "").startswith(
            "Kea leboha, re e ngotse"
        )
        assert (said_in(texter.text("no")) or "").startswith("Ho lokile")
        assert [tip.language for tip in line.desk("immigration").tips()] == ["st"]

    def test_an_empty_text_is_asked_for_again(self, line: Line) -> None:
        assert "Molaetsa o ne o se na letho" in (said_in(line.texter("twilio").text(" \u200b ")) or "")
        assert count(line, Tip) == 1  # a request to be called: see test_call_backs
