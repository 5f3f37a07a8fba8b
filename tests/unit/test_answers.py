"""An answer leaves as its reporter chose: as text, as a notice that it waits, or by the receipt alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from tests import make
from tipline import answers, casework, errors, outbox, phones, unread
from tipline.models import Entry, Event, OutMessage, Tip
from tipline.phones import Phone

if TYPE_CHECKING:
    from tests.unit.conftest import Core

PHONE = Phone("+26658000000", "twilio", "48000")
ANSWER = "Please come to the office."
DAY = 24  # hours


def answered(core: Core, *, no_texts: bool = False, **changes: Any) -> int:
    """Take a report in, answer it, send what is due; return the tip's id."""
    done = core.told(**{"phone": PHONE, **changes})
    with core.house.database.write() as session:
        session.get_one(Tip, done.tip_id).no_texts = no_texts
    with core.held("immigration", done.tip_id) as (session, case):
        casework.look(session, case)
        casework.reply(session, case, ANSWER, core.house.words)
    deliver(core)
    return done.tip_id


def deliver(core: Core) -> None:
    outbox.deliver(core.house.database, core.carrier, core.keys, core.clock)


def way(core: Core, tip_id: int) -> str:
    with core.held("immigration", tip_id) as (session, case):
        return casework.view(session, case).way


def sent(core: Core) -> list[str]:
    return [one.text for one in core.carrier.sent]


def tell(core: Core) -> int:
    with core.house.database.write() as session:
        return unread.tell(session, core.clock(), core.house.settings.tell_unread)


def told_of(core: Core, tip_id: int) -> list[dict[str, Any]]:
    with core.house.database.read() as session:
        found = session.scalars(select(Event).where(Event.tip_id == tip_id, Event.kind == unread.NEWS))
        return [event.data for event in found]


def test_who_agreed_to_it_gets_the_words_at_once(core: Core) -> None:
    tip_id = answered(core, content_consent=True)
    assert (way(core, tip_id), sent(core)) == (answers.TEXT, [ANSWER])


def test_stop_wins_over_consent(core: Core) -> None:
    tip_id = core.told(phone=PHONE, content_consent=True).tip_id
    with core.held("immigration", tip_id) as (session, case):
        casework.reply(session, case, ANSWER, core.house.words)
    with core.house.database.write() as session:  # it comes between the promise and the carrier
        hashes = [one for _, one in phones.hashes(core.keys, PHONE.number, core.clock())]
        phones.stop(session, core.keys, PHONE.number, core.clock())
        outbox.call_off(session, hashes, core.clock())
    with core.held("immigration", tip_id) as (session, case):
        casework.reply(session, case, "And another.", core.house.words)
    deliver(core)
    assert sent(core) == []


def test_who_did_not_agree_hears_that_a_message_waits(core: Core) -> None:
    tip_id = answered(core)
    assert (way(core, tip_id), sent(core)) == (answers.NOTICE, ["notice en"])


def test_who_wants_no_texts_gets_none_and_reads_by_receipt(core: Core) -> None:
    tip_id = answered(core, no_texts=True, content_consent=True)
    assert (way(core, tip_id), sent(core), core.count(OutMessage)) == (answers.NO_TEXTS, [], 0)
    assert "reporter" in core.readers(core.entries(tip_id, "reply")[0])


def test_without_a_number_it_waits_for_the_receipt(core: Core) -> None:
    assert way(core, answered(core, phone=None)) == answers.RECEIPT


def test_who_can_be_reached_by_nothing_is_not_answered(core: Core) -> None:
    done = core.house.take_in(make.report(channel="sms", phone=PHONE), with_receipt=False)
    with core.house.database.write() as session:
        session.get_one(Tip, done.tip_id).no_texts = True
    assert way(core, done.tip_id) == answers.NOTHING
    with core.held("immigration", done.tip_id) as (session, case), pytest.raises(errors.CannotReply):
        casework.reply(session, case, ANSWER, core.house.words)


class TestUnread:
    """The desk is told of an answer that nobody read, once."""

    def test_after_five_days_and_once(self, core: Core) -> None:
        tip_id = answered(core, phone=None)
        core.clock.turn(hours=5 * DAY - 1)
        assert tell(core) == 0
        core.clock.turn(hours=1)
        assert (tell(core), tell(core)) == (1, 0)
        assert told_of(core, tip_id) == [{"days": 5}]
        tip = core.tip(tip_id)
        assert (make.is_unread(core.house, tip), tip.news) == (True, unread.NEWS)
        with core.held("immigration", tip_id) as (session, case):
            casework.look(session, case)
        assert not make.is_unread(core.house, tip_id)

    def test_not_of_one_that_was_read(self, core: Core) -> None:
        tip_id = answered(core, phone=None)
        with core.house.database.write() as session:
            session.execute(update(Entry).where(Entry.kind == "reply").values(read_at=core.clock()))
        core.clock.turn(hours=9 * DAY)
        assert (tell(core), told_of(core, tip_id)) == (0, [])

    def test_not_of_one_that_went_as_text(self, core: Core) -> None:
        tip_id = answered(core, content_consent=True)
        core.clock.turn(hours=9 * DAY)
        assert (tell(core), told_of(core, tip_id)) == (0, [])

    @pytest.mark.parametrize("consent", [True, False])
    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({"delivery": "undelivered"}, "undelivered"),
            ({"state": outbox.DEAD, "failure": "no_route", "delivery": "failed"}, "no_route"),
        ],
    )
    def test_what_the_carrier_said_goes_with_it(
        self, core: Core, consent: bool, values: dict[str, str], said: str
    ) -> None:
        tip_id = answered(core, content_consent=consent)
        kind = "answer" if consent else "notice"
        with core.house.database.write() as session:
            session.execute(update(OutMessage).where(OutMessage.kind == kind).values(**values))
        core.clock.turn(hours=6 * DAY)
        assert (tell(core), told_of(core, tip_id)) == (1, [{"days": 6, "failure": said}])

    def test_a_closed_tip_stays_out_of_the_queues(self, core: Core) -> None:
        tip_id = answered(core, phone=None)
        with core.held("immigration", tip_id) as (session, case):
            casework.take(session, case)
            casework.close(session, case, "assisted", note="It is done.")
        core.clock.turn(hours=9 * DAY)
        assert (tell(core), told_of(core, tip_id), core.queue("immigration")) == (1, [{"days": 9}], [])
        assert not make.is_unread(core.house, tip_id)
