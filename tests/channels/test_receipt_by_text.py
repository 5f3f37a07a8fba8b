"""A receipt by text: asked for with CODE or NOMORO, and opening its thread when it is texted from any phone."""

from __future__ import annotations

import logging
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from tests import make
from tests.channels import doors
from tests.channels.conftest import Line
from tests.channels.doors import CARRIERS, NUMBER
from tests.channels.fake_carrier import FakeCarrier
from tipline import fates, followup, outbox, phones
from tipline.intake import Report
from tipline.models import Entry, Inbound, OutMessage, Tip
from tipline.receipts import check_digit, clean, grouped, new_digits

OTHER = "+26662000000"
ANSWER = "Re tla kopana le uena ka labobeli."
NOTICE = "U na le molaetsa. Araba ka 1 ho o bala mona."
NOTHING = "Ha ho molaetsa o emetseng linomorong tseo hajoale."


def digits_in(text: str) -> str:
    """Return the receipt in a text."""
    found = re.match(r"(\d{4} \d{4} \d{4} \d{4})\n", text)
    assert found, text
    return clean(found[1])


def asked(line: Line, said: str = "NOMORO", carrier: str = "africastalking") -> str:
    """Text a tip and ask for its receipt; return the digits."""
    texter = line.texter(carrier)
    texter.text(make.STORY_ST)
    texter.text(said)
    line.deliver()
    return digits_in(next(text for text in line.carrier.texts(NUMBER) if re.match(r"\d{4} ", text)))


def the_tip(line: Line) -> Tip:
    with line.house.database.read() as session:
        tip = session.scalars(select(Tip)).one()
        session.expunge(tip)
        return tip


def lines(line: Line, digits: str) -> list[str]:
    """Return the desk's answers that a receipt opens on the web."""
    receipt = followup.unlock_receipt(digits, line.house.keys)
    with line.house.database.read() as session:
        opened = followup.open_thread(session, receipt, keys=line.house.keys, now=line.clock.now)
        session.rollback()
        return [one.text for one in opened.lines if one.sender == "desk"]


def at_rest(line: Line) -> bytes:
    """Return everything that the database and its journal hold."""
    path = Path(urlsplit(line.house.settings.database_url).path)
    return b"".join(one.read_bytes() for one in path.parent.glob(path.name + "*"))


class TestAskedFor:
    @pytest.mark.parametrize("name", CARRIERS)
    def test_it_is_sent_once_and_opens_the_thread(self, name: str, line: Line) -> None:
        digits = asked(line, carrier=name)

        line.desk("immigration").reply(the_tip(line), ANSWER)
        assert lines(line, digits) == [ANSWER]
        (sent,) = [one for one in line.carrier.received if one.text.startswith(grouped(digits))]
        assert sent.to == NUMBER
        assert "Ea ts'oereng mohala, le marang-rang, ba ka li bala." in sent.text

    @pytest.mark.parametrize("name", CARRIERS)
    def test_a_retry_neither_loses_nor_repeats_it(self, name: str, line: Line) -> None:
        line.texter(name).text(make.STORY_ST)
        request = doors.text(line.house.settings, name, "CODE", message_id="m-7")
        client = line.app.test_client()
        answers = [request.send(client) for _ in range(2)]
        line.deliver()
        line.clock.forward(hours=11)
        answers.append(request.send(client))
        line.deliver()

        assert {one.status_code for one in answers} == {200}
        assert len({one.data for one in answers}) == 1
        assert not re.search(rb"\d{4} \d{4}", answers[0].data)
        given = [text for text in line.carrier.texts(NUMBER) if re.match(r"\d{4} ", text)]
        assert len(given) == 1
        line.desk("immigration").reply(the_tip(line), ANSWER)
        assert lines(line, digits_in(given[0])) == [ANSWER]

    def test_it_is_not_shown_again(self, line: Line) -> None:
        digits = asked(line)
        line.texter().text("nomoro hle", message_id="again")
        line.deliver()

        last = line.carrier.texts(NUMBER)[-1]
        assert last.startswith("Linomoro tseo u li filoe hang feela")
        assert grouped(digits) not in last

    def test_nothing_was_said_yet(self, line: Line) -> None:
        assert "There are no digits to give you yet" in (doors.said_in(line.texter("twilio").text("code")) or "")
        with line.house.database.read() as session:
            assert session.scalars(select(Tip)).all() == []
            assert phones.thread_of(session, line.house.keys, NUMBER, line.clock.now) is None

    def test_a_phone_that_wants_no_texts_gets_none_and_loses_none(self, line: Line) -> None:
        texter = line.texter()
        texter.text(make.STORY_ST)
        for said in ("EMISA", "NOMORO"):
            texter.text(said)
        assert the_tip(line).receipt_lookup is None
        for said in ("QALA", "NOMORO"):
            texter.text(said)
        line.deliver()

        assert digits_in(line.carrier.texts(NUMBER)[-1])

    def test_a_sender_without_a_number_gets_none(self, line: Line) -> None:
        line.texter().text("CODE", number="ECONET")

        with line.house.database.read() as session:
            assert session.scalars(select(OutMessage)).all() == []

    def test_twice_at_once_gives_one(self, any_app: Flask, carrier: FakeCarrier) -> None:
        line = Line(any_app, carrier)
        line.texter().text(make.STORY_ST)
        barrier = Barrier(4)

        def ask(at: int) -> int:
            request = doors.text(line.house.settings, "kannel", "CODE", message_id=f"c-{at}")
            barrier.wait()
            return request.send(line.app.test_client()).status_code

        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(ask, range(4))) == {200}
        pile = Pile([])
        outbox.deliver(line.house.database, pile, line.house.keys, line.clock)

        given = [text for text in pile.texts if re.match(r"\d{4} ", text)]
        assert len(given) == 1
        line.desk("immigration").reply(the_tip(line), ANSWER)
        assert lines(line, digits_in(given[0])) == [ANSWER]

    def test_it_stands_nowhere_in_the_clear(self, line: Line, caplog: pytest.LogCaptureFixture) -> None:
        logging.getLogger().addHandler(caplog.handler)
        caplog.set_level(logging.DEBUG)
        texter = line.texter()
        texter.text(make.STORY_ST)
        texter.text("NOMORO")
        waiting = at_rest(line)
        line.deliver()
        digits = digits_in(line.carrier.texts(NUMBER)[-1])
        texter.text(digits)
        texter.text(f"CODE {grouped(digits)}")
        logging.getLogger().removeHandler(caplog.handler)

        for written in (waiting, at_rest(line), caplog.text.encode()):
            assert digits.encode() not in written
            assert grouped(digits).encode() not in written
        with line.house.database.read() as session:
            kept = {row.answer for row in session.scalars(select(Inbound))}
        assert kept == {"tip_where:st", "receipt_given:st", "digits_none:st"}


@dataclass
class Pile:
    """A carrier that lays texts on a pile."""

    texts: list[str]

    def send(self, message: outbox.Text) -> outbox.Sent:
        self.texts.append(message.text)
        return outbox.Sent("pile")


class TestTexted:
    @pytest.fixture
    def digits(self, line: Line) -> str:
        """Tell it on the web; the desk answers."""
        done = line.house.take_in(Report("web", make.STORY_ST, "st"))
        assert done.receipt is not None
        line.desk("immigration").reply(the_tip(line), ANSWER)
        return done.receipt

    @pytest.mark.parametrize("name", CARRIERS)
    def test_the_answer_is_read_from_any_phone(self, name: str, digits: str, line: Line) -> None:
        texter = line.texter(name, OTHER)
        told = texter.text(grouped(digits))
        line.deliver()
        if name == "twilio":
            assert doors.said_in(told) == NOTICE
        else:
            assert line.carrier.texts(OTHER) == [NOTICE]
        assert ANSWER not in line.carrier.texts(OTHER)

        texter.text("1")
        line.deliver()
        assert line.carrier.texts(OTHER)[-1] == ANSWER
        with line.house.database.read() as session:
            assert session.scalars(select(Entry).where(Entry.kind == "reply")).one().read_at is not None
        assert line.desk("immigration").said(the_tip(line)) == [make.STORY_ST]

        texter.text(digits)
        line.deliver()
        assert line.carrier.texts(OTHER).count(ANSWER) == 1

    @pytest.mark.parametrize("name", CARRIERS)
    def test_a_retry_gets_the_same_answer_and_holds_nothing_twice(self, name: str, digits: str, line: Line) -> None:
        request = doors.text(line.house.settings, name, digits, message_id="m-7", number=OTHER)
        client = line.app.test_client()
        answers = {request.send(client).data for _ in range(3)}
        line.texter(name, OTHER).text(digits)
        line.texter(name, OTHER).text("1", message_id="one")
        line.deliver()

        assert len(answers) == 1
        assert line.carrier.texts(OTHER).count(ANSWER) == 1

    def test_twice_at_once_holds_it_once(self, any_app: Flask, carrier: FakeCarrier) -> None:
        line = Line(any_app, carrier)
        done = line.house.take_in(Report("web", make.STORY_ST, "st"))
        line.desk("immigration").reply(the_tip(line), ANSWER)
        barrier = Barrier(4)

        def ask(at: int) -> int:
            said = done.receipt or ""
            request = doors.text(line.house.settings, "kannel", said, message_id=f"d-{at}", number=OTHER)
            barrier.wait()
            return request.send(line.app.test_client()).status_code

        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(ask, range(4))) == {200}
        line.texter("kannel", OTHER).text("1")
        pile = Pile([])
        outbox.deliver(line.house.database, pile, line.house.keys, line.clock)

        assert pile.texts.count(ANSWER) == 1
        assert len([text for text in pile.texts if text.startswith(NOTICE)]) == 4

    @pytest.mark.parametrize("name", CARRIERS)
    def test_words_after_the_digits_join_the_thread_from_any_phone(self, name: str, digits: str, line: Line) -> None:
        texter = line.texter(name, OTHER)
        texter.text(f"{grouped(digits)}. Ke nna hape, o ntse a le sieo", message_id="m-8")
        texter.text(f"{grouped(digits)}. Ke nna hape, o ntse a le sieo", message_id="m-8")
        line.deliver()

        assert line.desk("immigration").said(the_tip(line)) == [make.STORY_ST, "Ke nna hape, o ntse a le sieo"]
        assert digits.encode() not in at_rest(line)
        texter.text("1")
        line.deliver()
        assert line.carrier.texts(OTHER)[-1] == ANSWER

    def test_words_after_digits_that_open_nothing_are_a_tip(self, digits: str, line: Line) -> None:
        other = next(one for one in iter(new_digits, "") if one != digits)
        line.texter("kannel", OTHER).text(f"{other} ke nomoro ea bona ea banka")

        with line.house.database.read() as session:
            tips = session.scalars(select(Tip).order_by(Tip.id)).all()
            assert [one.channel for one in tips] == ["web", "sms"]
            session.expunge_all()
        assert line.desk("immigration").said(tips[1]) == [f"{other} ke nomoro ea bona ea banka"]

    def test_wrong_digits_look_like_nothing(self, digits: str, line: Line) -> None:
        slipped = digits[:-1] + str((int(digits[-1]) + 1) % 10)
        texter = line.texter("twilio", OTHER)
        answers = [texter.text(said) for said in (new_digits(), slipped)]
        texter.text(digits)
        texter.text("1")
        answers.append(texter.text(digits))  # right, and all is read

        assert len({one.data for one in answers}) == 1
        assert NOTHING in (doors.said_in(answers[0]) or "")

    def test_they_are_no_tip_and_no_further_word(self, digits: str, line: Line) -> None:
        texter = line.texter()
        texter.text(make.STORY_ST)
        texter.text(digits)
        texter.text(new_digits())

        desk = line.desk("immigration")
        assert [desk.said(tip) for tip in desk.tips()] == [[make.STORY_ST], [make.STORY_ST]]

    def test_no_fast_hash_of_them_is_kept(self, digits: str, line: Line) -> None:
        line.texter().text(digits)

        with line.house.database.read() as session:
            assert session.scalars(select(Inbound.twin_hash)).all() == [None]

    def test_guessing_is_bounded_by_phone(self, digits: str, line: Line) -> None:
        texter = line.texter("twilio", OTHER)
        for _ in range(10):
            texter.text(new_digits())

        assert NOTHING in (doors.said_in(texter.text(digits)) or "")
        assert doors.said_in(line.texter("twilio", NUMBER).text(digits)) == NOTICE

    def test_mistyped_digits_are_not_counted(self, digits: str, line: Line) -> None:
        texter = line.texter("twilio", OTHER)
        for at in range(12):
            half = f"4917263850172{at:02}"
            texter.text(half + str((int(check_digit(half)) + 1) % 10))
        assert doors.said_in(texter.text(digits)) == NOTICE

    def test_a_phone_that_wants_no_texts_gets_none(self, digits: str, line: Line) -> None:
        texter = line.texter(number=OTHER)
        for said in ("EMISA", digits, "1"):
            texter.text(said)
        line.deliver()
        assert len(line.carrier.texts(OTHER)) == 1

        for said in ("QALA", digits, "1"):
            texter.text(said, message_id=f"later {said}")
        line.deliver()
        assert ANSWER in line.carrier.texts(OTHER)

    def test_what_nobody_asks_for_is_gone_after_seven_days(self, digits: str, line: Line) -> None:
        texter = line.texter(number=OTHER)
        texter.text(digits)
        line.clock.forward(days=7)
        with line.house.database.write() as session:
            outbox.sweep(session, line.clock.now)
        texter.text("1")
        line.deliver()
        assert ANSWER not in line.carrier.texts(OTHER)

        texter.text(digits)
        texter.text("1")
        line.deliver()
        assert ANSWER in line.carrier.texts(OTHER)

    def test_only_what_is_new_waits_and_in_its_parts(self, digits: str, line: Line) -> None:
        texter = line.texter(number=OTHER)
        texter.text(digits)
        texter.text("1")
        line.desk("immigration").reply(the_tip(line), "lentsoe le leng " * 25)
        texter.text(digits)
        texter.text("1", message_id="second")
        line.deliver()

        said = line.carrier.texts(OTHER)
        assert said.count(ANSWER) == 1
        assert len([text for text in said if text.startswith("lentsoe")]) == 3

    def test_the_phone_that_was_told_anyway_is_told_once(self, line: Line) -> None:
        digits = asked(line)
        line.desk("immigration").reply(the_tip(line), ANSWER)
        texter = line.texter()
        texter.text(digits, message_id="digits")
        texter.text("1", message_id="one")
        line.deliver()

        assert line.carrier.texts(NUMBER).count(ANSWER) == 1

    def test_the_desk_s_page_does_not_take_it_for_its_own_text(self, digits: str, line: Line) -> None:
        line.texter(number=OTHER).text(digits)

        tip = the_tip(line)
        with line.house.database.read() as session:
            assert fates.fates(session, tip.id, line.clock.now, fates.Reports()) == {}
        assert line.desk("immigration").number(tip) == []
        line.texter(number=OTHER).text("Ba re koaletse ka tlung", message_id="new")
        assert (
            len(line.desk("immigration").tips()) == 2
        )  # whoever knows the digits is another reporter until they say so
