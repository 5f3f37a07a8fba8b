"""A reporter takes back what they told: nothing of it opens after that, unless it was passed on; on both databases."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from tests import make
from tipline import casework, errors, followup, intake, outbox, phones, thread, withdrawal
from tipline.models import Event, OutMessage, PhoneThread, Tip
from tipline.outbox import SendFailed, Text
from tipline.phones import Phone
from tipline.sealing import unpack
from tipline.sealing.passwords import ReceiptKeys
from tipline.withdrawal import PassedOn

if TYPE_CHECKING:
    from tests.unit.conftest import Core

PHONE = Phone("+26658000000", "twilio", "48000")
QUIET = "A man in Maseru pays too little for shop work."  # no desk but immigration is given it
LATER = "They moved her to another shop."
CLIENT = "a-client-id-that-nobody-guesses"


@dataclass(frozen=True)
class Told:
    """A tip, and what its receipt opens."""

    id: int
    receipt: ReceiptKeys


def told(core: Core, **changes: Any) -> Told:
    """Take a quiet report in, say more, answer, keep a note."""
    done = core.told(**{"text": QUIET, "phone": PHONE, "client_id": CLIENT, **changes})
    receipt = core.receipt(done)
    with core.house.database.write() as session:
        followup.add_by_receipt(session, receipt, LATER, keys=core.keys, now=core.clock())
    with core.held("immigration", done.tip_id) as (session, case):
        casework.take(session, case)
        casework.note(session, case, "The caller speaks of a shop.")
        casework.reply(session, case, "Please come to the office.", core.house.words)
    return Told(done.tip_id, receipt)


def withdraw(core: Core, tip_id: int) -> PassedOn:
    with core.house.database.write() as session:
        return withdrawal.withdraw(session, session.get_one(Tip, tip_id), by="web", now=core.clock())


def opens(core: Core, one: Told) -> list[str]:
    """Try every entry with every key of every desk and the receipt's; return the kinds of those that open."""
    tip, reporter = core.tip(one.id), one.receipt.key
    keys = {
        key_id: key for name in ("immigration", "police", "shelter") for key_id, key in core.desk_keys(name).items()
    }
    keys[reporter.public().id] = reporter
    entries = core.entries(one.id)
    return [entry.kind for entry in entries if thread.opened(entry, tip, keys, core.keys.instance).data is not None]


def events(core: Core, tip_id: int) -> list[tuple[str, dict[str, Any]]]:
    with core.house.database.read() as session:
        rows = session.scalars(select(Event).where(Event.tip_id == tip_id).order_by(Event.id))
        return [(row.kind, row.data) for row in rows]


def sealed(core: Core, tip_id: int) -> list[bytes]:
    """Return all that is kept sealed of a tip, and what waits for its phone."""
    with core.house.database.read() as session:
        waits = session.scalars(select(OutMessage.payload).where(OutMessage.payload.is_not(None))).all()
    kept = [part for entry in core.entries(tip_id) for part in (entry.body, *unpack(entry.wraps).values())]
    return [part for part in (*kept, *waits) if part]


def test_nothing_of_it_opens_afterwards(core: Core) -> None:
    one = told(core)
    assert len(opens(core, one)) == 5  # story, number, message, note, answer
    passed = withdraw(core, one.id)
    assert not passed
    assert opens(core, one) == []
    assert all(entry.body == entry.wraps == b"" for entry in core.entries(one.id))
    with core.house.database.read() as session:
        assert session.scalar(select(func.count()).where(PhoneThread.tip_id == one.id)) == 0
        left = session.execute(select(OutMessage.state, OutMessage.payload, OutMessage.phone_hash)).all()
        assert {tuple(row) for row in left} == {(outbox.EXPIRED, None, None)}
        with pytest.raises(errors.UnknownReceipt):
            followup.open_thread(session, one.receipt, keys=core.keys, now=core.clock())


def test_the_bytes_of_the_file_hold_nothing_of_it(core: Core) -> None:
    """Every sealed body, every wrapped key and every locked text is gone from the file and from its log."""
    one, other = told(core), core.told(text=QUIET)
    gone, kept = sealed(core, one.id), core.entries(other.tip_id)[0].body
    withdraw(core, one.id)
    core.house.database.scrub()
    if core.house.database.is_sqlite:
        var = core.house.settings.var
        written = b"".join(Path(file).read_bytes() for file in var.glob("tipline.db*"))
        assert kept in written
        assert [part for part in gone if part in written] == []
    else:
        assert sealed(core, one.id) == []


def test_the_desk_is_told_and_counts_survive(core: Core) -> None:
    one = told(core)
    with core.held("immigration", one.id) as (session, case):
        casework.look(session, case)
    before = core.tip(one.id)
    withdraw(core, one.id)
    tip = core.tip(one.id)
    assert (make.is_unread(core.house, tip), tip.news, tip.withdrawn_at) == (True, withdrawal.WITHDRAWN, core.clock())
    assert events(core, one.id)[-1] == (withdrawal.WITHDRAWN, {"by": "web", "kept": False})
    for name in ("stage", "category", "place", "priority", "received_at", "channel", "first_look_at"):
        assert getattr(tip, name) == getattr(before, name)
    assert (tip.reasons, tip.indicators) == ([], [])
    other = core.told()  # there somebody can still be helped
    assert core.queue("immigration") == [other.tip_id, one.id]
    with core.held("immigration", one.id) as (session, case):
        view = casework.view(session, case)
        assert (view.text, view.thread, view.can_reply) == (None, (), False)
        with pytest.raises(errors.CannotReply):
            casework.reply(session, case, "Hello", core.house.words)
        with pytest.raises(errors.ForbiddenMove):
            casework.refer(session, case, "shelter", "Why not")
        casework.close(session, case, "no_action", note="It was taken back.")


def test_a_closed_tip_comes_back_before_the_desk(core: Core) -> None:
    one = told(core)
    with core.held("immigration", one.id) as (session, case):
        casework.close(session, case, "assisted", note="It is done.")
    assert core.queue("immigration") == []
    withdraw(core, one.id)
    assert core.queue("immigration") == [one.id]


def test_a_device_that_sends_again_gets_no_second_receipt(core: Core) -> None:
    one = told(core)
    withdraw(core, one.id)
    again = core.told(text=QUIET, client_id=CLIENT)
    assert (again.tip_id, again.is_new, again.receipt) == (one.id, False, None)


def test_a_draft_that_still_grows_is_left_alone(core: Core) -> None:
    done = core.told(text=QUIET, channel="ussd", unfinished=True)
    withdraw(core, done.tip_id)
    with core.house.database.write() as session:
        more = make.report(text="It goes on.", channel="ussd", unfinished=True)
        intake.grow(session, done.tip_id, more, now=core.clock(), keys=core.keys, rules=core.house.rules)
    assert [entry.body for entry in core.entries(done.tip_id)] == [b""]


def test_the_next_text_of_that_phone_begins_anew(core: Core) -> None:
    one = told(core, channel="sms")
    withdraw(core, one.id)
    with core.house.database.read() as session:
        known = phones.thread_of(session, core.keys, PHONE.number, core.clock())
    assert known is None


def test_what_is_being_sent_just_now_is_not_tried_again(core: Core) -> None:
    one = told(core)

    class Slow:
        def send(self, _message: Text) -> outbox.Sent:
            withdraw(core, one.id)
            code = "unreachable"
            raise SendFailed(code)

    outbox.deliver(core.house.database, Slow(), core.keys, core.clock)
    core.clock.turn(hours=1)
    outbox.deliver(core.house.database, core.carrier, core.keys, core.clock)
    assert core.carrier.sent == []


class TestPassedOn:
    """What the law's duty has passed on stays with those who had it."""

    def test_a_queue_that_nobody_looked_into_is_no_officer(self, core: Core) -> None:
        one = told(core, danger_now=True)
        assert not withdraw(core, one.id)
        assert opens(core, one) == []

    def test_what_the_police_have_opened_stays(self, core: Core) -> None:
        one = told(core, danger_now=True)
        with core.held("police", one.id) as (session, case):
            assert casework.is_news(session, case)
            casework.look(session, case)
        with core.held("police", one.id) as (session, case):
            assert not casework.is_news(session, case)
        passed = withdraw(core, one.id)
        assert (passed.police, passed.office) == (True, False)
        assert sorted(opens(core, one)) == ["message", "note", "reply", "story"]  # never the number
        with core.held("police", one.id) as (session, case):
            view = casework.view(session, case)
            assert (view.text, view.can_reply) == (QUIET, False)
        assert events(core, one.id)[-1] == (withdrawal.WITHDRAWN, {"by": "web", "kept": True})
        with core.house.database.read() as session, pytest.raises(errors.UnknownReceipt):
            followup.open_thread(session, one.receipt, keys=core.keys, now=core.clock())

    def test_what_was_said_until_the_police_were_told_stays_and_the_rest_goes(self, core: Core) -> None:
        one = told(core)
        with core.held("immigration", one.id) as (session, case):
            casework.move(session, case, "reported_police")
        core.clock.turn(hours=1)
        with core.house.database.write() as session:
            tip = session.get_one(Tip, one.id)
            followup.add(session, tip, "Only for you.", keys=core.keys, now=core.clock())
        passed = withdraw(core, one.id)
        assert (passed.police, passed.office, passed.until) == (True, False, make.NOON)
        assert sorted(opens(core, one)) == ["message", "note", "reply", "story"]
        assert "Only for you." not in [core.opens("immigration", entry) for entry in core.entries(one.id)]

    @pytest.mark.parametrize("answer", ["", "accept", "decline"])
    def test_a_referral_counts_unless_it_was_declined(self, core: Core, answer: str) -> None:
        one = told(core)
        with core.held("immigration", one.id) as (session, case):
            referral = casework.refer(session, case, "shelter", "She needs a bed.")
        if answer:
            core.answer("shelter", one.id, referral, answer, "We are full.")
        passed = withdraw(core, one.id)
        assert (passed.police, passed.office) == (False, answer != "decline")
        assert bool(opens(core, one)) is (answer != "decline")

    def test_an_outcome_that_says_so_counts(self, core: Core) -> None:
        one = told(core)
        with core.held("immigration", one.id) as (session, case):
            casework.close(session, case, "referred_elsewhere", note="To the social worker.")
        assert withdraw(core, one.id).office
        assert "story" in opens(core, one)


def test_a_closed_receipt_opens_nothing_and_the_tip_stays(core: Core) -> None:
    one = told(core)
    held = Phone("+26658111111", "twilio", "48000")
    with core.house.database.write() as session:  # whoever found it asked for the answer by text
        followup.hold_answers(session, one.receipt, held, lambda text: [text], keys=core.keys, now=core.clock())
        hashes = [one_hash for _, one_hash in phones.hashes(core.keys, held.number, core.clock())]
        assert outbox.waits_for(session, hashes, core.clock())
        withdrawal.close_receipt(session, withdrawal.tip_of(session, one.receipt), by="ussd", now=core.clock())
        assert not outbox.waits_for(session, hashes, core.clock())
    tip = core.tip(one.id)
    assert (make.is_unread(core.house, tip), tip.news, tip.withdrawn_at) == (True, withdrawal.RECEIPT_CLOSED, None)
    assert events(core, one.id)[-1] == (withdrawal.RECEIPT_CLOSED, {"by": "ussd"})
    assert all(core.readers(entry) == {"immigration"} for entry in core.entries(one.id))
    with core.house.database.read() as session:
        with pytest.raises(errors.UnknownReceipt):
            withdrawal.tip_of(session, one.receipt)
        with pytest.raises(errors.UnknownReceipt):
            followup.open_thread(session, one.receipt, keys=core.keys, now=core.clock())
    with core.held("immigration", one.id) as (session, case):
        view = casework.view(session, case)
        assert (view.text, view.can_text) == (QUIET, True)  # the phone is still answered
    again = core.told(text=QUIET, client_id=CLIENT)
    assert (again.tip_id, again.receipt) == (one.id, None)
