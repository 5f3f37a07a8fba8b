"""By text: what a phone told is deleted, and a receipt closed, each after a second question."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from tests import make
from tests.channels.conftest import Line
from tests.channels.doors import CARRIERS, NUMBER
from tipline import casework, followup
from tipline.errors import UnknownReceipt
from tipline.models import Entry, Event, Inbound, OutMessage, PhoneThread, Tip
from tipline.phones import Phone

OTHER = "+26662000000"
QUIET = "A man in Maseru pays too little for shop work."
QUIET_ST = "Monna Maseru o lefa chelete e nyane mosebetsing oa lebenkele."


def events(line: Line, tip_id: int) -> list[str]:
    with line.house.database.read() as session:
        return list(session.scalars(select(Event.kind).where(Event.tip_id == tip_id).order_by(Event.id)))


def said_last(line: Line, number: str = NUMBER) -> str:
    line.deliver()
    return line.carrier.texts(number)[-1]


def receipt_of(line: Line, **changes: object) -> tuple[str, int]:
    done = make.told(line.house, text=QUIET, **changes)
    return done.receipt or "", done.tip_id


def opens(line: Line, digits: str) -> bool:
    keys = followup.unlock_receipt(digits, line.house.keys)
    with line.house.database.read() as session:
        try:
            followup.open_thread(session, keys, keys=line.house.keys, now=line.clock.now)
        except UnknownReceipt:
            return False
        return True


class TestFromThePhoneThatTold:
    @pytest.mark.parametrize("name", CARRIERS)
    def test_delete_then_yes(self, name: str, line: Line) -> None:
        texter = line.texter(name)
        texter.text(QUIET)
        (tip,) = line.desk("immigration").tips()
        asked = texter.text("DELETE").get_data(as_text=True)
        assert "Reply YES to delete it" in (asked if name == "twilio" else said_last(line))
        assert line.desk("immigration").said(tip) == [QUIET]  # nothing more
        texter.text("Yes")
        assert line.desk("immigration").said(tip) == []
        assert line.desk("immigration").number(tip) == []
        assert events(line, tip.id)[-1] == "withdrawn"
        if name != "twilio":
            assert said_last(line).startswith("Done. What you told us is deleted")

    def test_in_sesotho(self, line: Line) -> None:
        texter = line.texter()
        texter.text(QUIET_ST)
        texter.text("Hlakola")
        assert "Araba E ho hlakola" in said_last(line)
        texter.text("E")
        assert said_last(line).startswith("Ho lokile. Tseo u re boletseng li hlakotsoe")

    def test_nothing_of_it_is_in_the_files_after_that(self, line: Line) -> None:
        texter = line.texter()
        texter.text(QUIET)
        (tip,) = line.desk("immigration").tips()
        path = Path(urlsplit(line.house.settings.database_url).path)

        def written() -> bytes:
            return b"".join(one.read_bytes() for one in path.parent.glob(path.name + "*"))

        with line.house.database.read() as session:
            body = session.scalars(select(Entry.body).where(Entry.tip_id == tip.id)).first()
        assert body
        assert body in written()
        texter.text("DELETE YES")
        assert body not in written()

    def test_another_word_in_between_calls_it_off(self, line: Line) -> None:
        texter = line.texter()
        texter.text(QUIET)
        (tip,) = line.desk("immigration").tips()
        texter.text("DELETE")
        texter.text("He was at the bus stop again.")
        texter.text("Yes")
        assert "withdrawn" not in events(line, tip.id)
        assert QUIET in line.desk("immigration").said(tip)

    def test_a_yes_that_comes_late_deletes_nothing(self, line: Line) -> None:
        texter = line.texter()
        texter.text(QUIET)
        (tip,) = line.desk("immigration").tips()
        texter.text("DELETE")
        line.clock.forward(hours=2)
        texter.text("Yes")
        assert "withdrawn" not in events(line, tip.id)

    def test_a_retry_of_the_carrier_says_the_same_and_does_nothing_more(self, line: Line) -> None:
        texter = line.texter()
        texter.text(QUIET)
        texter.text("DELETE")
        for _ in range(2):
            texter.text("Yes", message_id="the-same")
        line.deliver()
        assert [one.startswith("Done.") for one in line.carrier.texts(NUMBER)].count(True) == 1

    def test_the_next_text_is_a_new_report(self, line: Line) -> None:
        texter = line.texter()
        texter.text(QUIET)
        texter.text("DELETE YES")
        texter.text("It was a mistake, they do not pay us.")
        assert len(line.desk("immigration").tips()) == 2

    def test_a_closed_report_can_be_deleted(self, line: Line) -> None:
        texter = line.texter()
        texter.text(QUIET)
        (tip,) = line.desk("immigration").tips()
        with make.held(line.house, make.identity(line.house, "immigration"), tip.id) as (session, case):
            casework.take(session, case)
            casework.close(session, case, "assisted", note="It is done.")
        texter.text("DELETE")
        texter.text("Yes")
        assert events(line, tip.id)[-1] == "withdrawn"
        assert [one.id for one in line.desk("immigration").tips()] == [tip.id]

    def test_what_was_passed_on_stays_and_is_said_before_and_after(self, line: Line) -> None:
        texter = line.texter()
        texter.text(QUIET)
        (tip,) = line.desk("immigration").tips()
        with make.held(line.house, make.identity(line.house, "immigration"), tip.id) as (session, case):
            casework.move(session, case, "reported_police")
        texter.text("DELETE")
        assert "Part was passed on already, as it must be" in said_last(line)
        texter.text("Yes")
        assert said_last(line).startswith("Done. What was passed on stays")
        assert line.desk("immigration").said(tip) == [QUIET]
        assert line.desk("immigration").number(tip) == []

    def test_a_phone_that_wants_no_texts_gets_none_and_is_obeyed(self, line: Line) -> None:
        texter = line.texter()
        texter.text(QUIET)
        (tip,) = line.desk("immigration").tips()
        texter.text("STOP")
        line.deliver()
        before = len(line.carrier.texts(NUMBER))
        texter.text("DELETE YES")
        line.deliver()
        assert events(line, tip.id)[-1] == "withdrawn"
        assert len(line.carrier.texts(NUMBER)) == before

    def test_a_phone_that_told_nothing_by_text_deletes_nothing(self, line: Line) -> None:
        line.texter().text("DELETE YES")
        assert "If you have 16 digits, send: DELETE" in said_last(line)
        digits, tip_id = receipt_of(line, phone=Phone(OTHER, "africastalking", "48000"))
        (tip,) = line.desk("immigration").tips()
        line.desk("immigration").reply(tip, "We will come.")  # from now on that phone's texts join the thread
        line.texter(number=OTHER).text("DELETE YES")
        assert "If you have 16 digits" in said_last(line, OTHER)
        assert "withdrawn" not in events(line, tip_id)
        assert opens(line, digits)


class TestWithDigits:
    def test_they_are_asked_for_once_more_and_kept_nowhere(self, line: Line) -> None:
        digits, tip_id = receipt_of(line)
        texter = line.texter(number=OTHER)
        texter.text(f"DELETE {digits}")
        assert "send: DELETE YES and the digits again" in said_last(line, OTHER)
        assert events(line, tip_id) == ["received"]
        texter.text(f"DELETE YES {digits[:8]} {digits[8:]}")
        assert said_last(line, OTHER).startswith("Done. What you told us is deleted")
        assert events(line, tip_id)[-1] == "withdrawn"
        with line.house.database.read() as session:
            assert session.scalars(select(Inbound.twin_hash)).all() == [None, None]
            assert session.scalars(select(PhoneThread)).all() == []
            assert {row.payload for row in session.scalars(select(OutMessage))} == {None}

    def test_a_receipt_is_closed_and_the_report_stays(self, line: Line) -> None:
        digits, tip_id = receipt_of(line)
        texter = line.texter(number=OTHER)
        texter.text("KOALA")
        assert "romela: KOALA le linomoro" in said_last(line, OTHER)
        texter.text(f"koala {digits}")
        assert "KOALA E" in said_last(line, OTHER)
        assert opens(line, digits)
        texter.text(f"koala e {digits}")
        assert said_last(line, OTHER).startswith("Ho lokile. Linomoro tseo ha li sa bula letho")
        assert not opens(line, digits)
        assert events(line, tip_id)[-1] == "receipt_closed"
        with line.house.database.read() as session:
            tip = session.get_one(Tip, tip_id)
            assert tip.news == "receipt_closed"
        assert make.is_unread(line.house, tip_id)
        (tip,) = line.desk("immigration").tips()
        assert line.desk("immigration").said(tip) == [QUIET]
        texter.text(f"koala e {digits}")
        assert said_last(line, OTHER).startswith("Linomoro tseo ha li bule letho")

    def test_an_order_asks_for_no_answers(self, line: Line) -> None:
        """Who closes a receipt from a phone is not sent what it opens."""
        digits, _ = receipt_of(line)
        (tip,) = line.desk("immigration").tips()
        line.desk("immigration").reply(tip, "We will come.")
        line.texter(number=OTHER).text(f"CLOSE {digits}")
        with line.house.database.read() as session:
            assert session.scalars(select(OutMessage.kind)).all() == ["reply"]
