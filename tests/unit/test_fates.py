"""How an answer on its way to a phone fared, as the desk sees it, and having the phone told anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.unit.conftest import Carrier, Core, Words
from tipline import casework, costs, fates, outbox, phones, unread
from tipline.errors import CannotReply, NotFound
from tipline.fates import Fate, Reports
from tipline.models import OutMessage
from tipline.outbox import SendFailed, Sent, Text
from tipline.phones import Phone
from tipline.prices import Money

NUMBER = "+26658001234"
REPORTS = Reports({"fake"}, timedelta(hours=24))


@pytest.fixture
def answered(core: Core) -> tuple[int, int]:
    """Answer a tip that a phone sent; return the tip's id and the answer's."""
    told = core.told(phone=Phone(NUMBER, "kannel", "48000"))
    with core.held("immigration", told.tip_id) as (session, case):
        return told.tip_id, casework.reply(session, case, "We will come.", Words())


def deliver(core: Core) -> None:
    outbox.deliver(core.house.database, core.carrier, core.keys, core.clock)


def ask(core: Core) -> None:
    """Do what happens when the phone asks for what waits."""
    hashes = [one for _, one in phones.hashes(core.keys, NUMBER, core.clock())]
    with core.house.database.write() as session:
        outbox.release(session, hashes, core.clock())


def report(core: Core, carrier_id: str, state: str) -> None:
    with core.house.database.write() as session:
        assert outbox.note_delivery(session, core.keys, "fake", carrier_id, state, core.clock())


def fate(core: Core, answered: tuple[int, int]) -> Fate:
    with core.house.database.read() as session:
        return fates.fates(session, answered[0], core.clock(), REPORTS)[answered[1]]


def again(core: Core, answered: tuple[int, int]) -> None:
    with core.held("immigration", answered[0]) as (session, case):
        casework.try_again(session, case, answered[1], Words(), REPORTS)


def rows(core: Core) -> list[tuple[Any, ...]]:
    with core.house.database.read() as session:
        wanted = select(OutMessage.kind, OutMessage.state, OutMessage.payload.is_not(None), OutMessage.asked_last)
        return [tuple(row) for row in session.execute(wanted.order_by(OutMessage.id))]


def test_a_notice_that_nobody_confirms_is_said_to_be_so_and_the_answer_waits_on(
    core: Core, answered: tuple[int, int]
) -> None:
    assert fate(core, answered).code == "notice_waits"
    deliver(core)
    core.clock.turn(hours=23, minutes=59)
    assert fate(core, answered).code == "notice_sent"
    report(core, "id-1", "buffered")  # not the last word
    core.clock.turn(minutes=1)

    assert fate(core, answered) == Fate("notice_unconfirmed", "fake", (), 1)
    deliver(core)
    assert len(core.carrier.sent) == 1  # nothing goes out again by itself
    ask(core)
    deliver(core)
    assert core.carrier.sent[-1].text == "We will come."
    report(core, "id-1", "delivered")  # late, and welcome
    assert fate(core, answered).code == "text_sent"
    core.clock.turn(hours=24)
    assert fate(core, answered).code == "text_unconfirmed"


def test_a_carrier_that_never_reports_is_not_waited_for(core: Core, answered: tuple[int, int]) -> None:
    deliver(core)
    core.clock.turn(days=3)
    with core.house.database.read() as session:
        assert fates.fates(session, answered[0], core.clock(), Reports())[answered[1]].code == "notice_sent"


@pytest.mark.parametrize("why", ["unconfirmed", "undelivered"])
def test_the_phone_is_told_anew_and_the_silent_carrier_is_asked_last(
    core: Core, answered: tuple[int, int], why: str
) -> None:
    deliver(core)
    if why == "undelivered":
        report(core, "id-1", "undelivered")
    core.clock.turn(hours=25)
    assert fate(core, answered).code == f"notice_{why}"

    again(core, answered)

    assert rows(core) == [
        ("answer", "expired", False, None), ("notice", "sent", False, None),
        ("answer", "held", True, "fake"), ("notice", "waiting", True, "fake"),
    ]  # fmt: skip
    now = fate(core, answered)
    assert now.code == "notice_waits"
    assert now.again == (core.people["immigration"].account_id, core.clock())
    with pytest.raises(NotFound):
        again(core, answered)  # it is on its way
    deliver(core)
    assert [(one.text, one.asked_last) for one in core.carrier.sent] == [("notice en", ""), ("notice en", "fake")]
    ask(core)
    deliver(core)
    assert [one.text for one in core.carrier.sent][2:] == ["We will come."]  # once, though it was promised twice
    report(core, "id-3", "delivered")
    assert fate(core, answered).code == "text_delivered"


def test_words_that_did_not_arrive_go_only_where_they_are_asked_for_again(
    core: Core, answered: tuple[int, int]
) -> None:
    deliver(core)
    ask(core)
    deliver(core)
    report(core, "id-2", "failed")
    assert fate(core, answered).code == "text_undelivered"

    core.clock.turn(minutes=1)
    again(core, answered)
    deliver(core)

    assert [one.text for one in core.carrier.sent] == ["notice en", "We will come.", "notice en"]


def test_what_waited_too_long_can_be_told_again(core: Core, answered: tuple[int, int]) -> None:
    deliver(core)
    report(core, "id-1", "delivered")
    core.clock.turn(days=7)
    with core.house.database.write() as session:
        outbox.sweep(session, core.clock())
    assert fate(core, answered).code == "expired"

    again(core, answered)
    assert rows(core)[-2:] == [("answer", "held", True, None), ("notice", "waiting", True, None)]


@pytest.mark.parametrize("state", ["sent", "delivered"])
def test_what_fares_well_is_not_sent_again(core: Core, answered: tuple[int, int], state: str) -> None:
    deliver(core)
    report(core, "id-1", state)
    with pytest.raises(NotFound):
        again(core, answered)


def test_another_tips_answer_is_not_sent_again(core: Core, answered: tuple[int, int]) -> None:
    other = core.told()
    with pytest.raises(NotFound):
        again(core, (other.tip_id, answered[1]))
    with pytest.raises(NotFound):
        again(core, (answered[0], 999_999))


def test_a_phone_that_wants_no_texts_is_not_told_anew(core: Core, answered: tuple[int, int]) -> None:
    deliver(core)
    core.clock.turn(hours=25)
    with core.house.database.write() as session:
        phones.stop(session, core.keys, NUMBER, core.clock())
    with pytest.raises(CannotReply):
        again(core, answered)


@pytest.mark.parametrize("code", outbox.UNSURE)
def test_a_carrier_that_may_have_it_is_asked_last_when_the_desk_tries_again(
    core: Core, answered: tuple[int, int], code: str
) -> None:
    tried = (("twilio", "unreachable"), ("kannel", code))
    core.carrier.mishaps = [SendFailed(code, unsure=True, carrier="kannel", tried=tried)]
    deliver(core)
    assert fate(core, answered) == Fate("failed", "kannel", tried, 1)

    again(core, answered)
    deliver(core)

    assert [(one.text, one.asked_last) for one in core.carrier.sent] == [("notice en", "kannel")]
    assert fate(core, answered).tried == ()


def test_a_refusal_says_nothing_against_a_carrier(core: Core, answered: tuple[int, int]) -> None:
    core.carrier.mishaps = [SendFailed("no_credit", final=True, carrier="kannel", tried=(("kannel", "no_credit"),))]
    deliver(core)
    again(core, answered)
    deliver(core)
    assert core.carrier.sent[0].asked_last == ""


def test_dead_words_that_are_gone_are_sealed_from_the_answer_once_more(core: Core, answered: tuple[int, int]) -> None:
    core.carrier.mishaps = [SendFailed("bad_number", final=True, carrier="kannel")]
    deliver(core)
    with core.house.database.write() as session:  # as after 30 days
        session.execute(update(OutMessage).where(OutMessage.state == "dead").values(payload=None))
    core.clock.turn(days=31)

    again(core, answered)
    deliver(core)

    assert [one.text for one in core.carrier.sent] == ["notice en"]
    assert fate(core, answered).code == "notice_sent"


class Stand(Carrier):
    """A carrier that took a text after two others did not."""

    def send(self, message: Text) -> Sent:
        super().send(message)
        tried = (("africastalking", "carrier_fault"), ("twilio", "unreachable"))
        return Sent("fake", "id-1", 3, Money(750_000, "LSL"), tried)


def test_who_stood_in_and_what_it_cost_are_noted_with_the_sending(core: Core, answered: tuple[int, int]) -> None:
    core.carrier = Stand()
    core.carrier.mishaps = [SendFailed("too_fast", tried=(("kannel", "too_fast"),))]
    deliver(core)
    core.clock.turn(seconds=5)
    deliver(core)

    tried = (("africastalking", "carrier_fault"), ("twilio", "unreachable"))
    assert fate(core, answered) == Fate("notice_sent", "fake", tried, 2)
    with core.house.database.read() as session:
        one = costs.spent(session)["fake"]["2026-11"]
    assert (one.messages, one.segments, one.sums) == (1, 3, {"LSL": Money(750_000, "LSL")})


def test_words_that_arrived_at_the_second_sending_count_as_read(core: Core, answered: tuple[int, int]) -> None:
    deliver(core)
    report(core, "id-1", "failed")
    core.clock.turn(minutes=1)
    again(core, answered)
    deliver(core)
    ask(core)
    deliver(core)
    report(core, "id-3", "delivered")
    core.clock.turn(days=30)

    with core.house.database.write() as session:
        assert unread.tell(session, core.clock(), timedelta(days=5)) == 0
