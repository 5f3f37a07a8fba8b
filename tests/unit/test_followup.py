"""The reporter comes back: reads the desk's answers, never the story, and says more."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests import make
from tests.unit.conftest import Core
from tipline import casework, errors, followup, thread
from tipline.intake import Submitted
from tipline.models import Event, PhoneThread, Tip
from tipline.phones import Phone
from tipline.sealing.passwords import receipt_keys

CALM = "There is a man who sells forged permits at the taxi rank."


def opened(core: Core, done: Submitted) -> followup.Thread:
    with core.house.database.write() as session:
        return followup.open_thread(session, core.receipt(done), keys=core.keys, now=core.clock())


def say(core: Core, done: Submitted, text: str) -> None:
    with core.house.database.write() as session:
        followup.add_by_receipt(
            session, core.receipt(done), text, keys=core.keys, now=core.clock(), rules=core.house.rules
        )


def test_the_digits_open_the_thread_and_not_the_story(core: Core) -> None:
    done = core.told()
    seen = opened(core, done)
    assert (seen.tip_id, seen.stage, seen.language) == (done.tip_id, "received", "en")
    assert (seen.lines, seen.closed) == ((), False)


def test_answers_are_read_with_it_and_marked_once(core: Core) -> None:
    done = core.told()
    with core.held("immigration", done.tip_id) as (session, case):
        casework.note(session, case, "a note for us")
        casework.reply(session, case, "Where is she now?", core.house.words)
    say(core, done, "In Durban, near the beach.")
    core.clock.turn(minutes=50)
    lines = opened(core, done).lines
    assert [(line.sender, line.text) for line in lines] == [
        ("desk", "Where is she now?"),
        ("reporter", "In Durban, near the beach."),
    ]
    assert all(line.hour == make.NOON for line in lines)
    opened(core, done)
    with core.house.database.read() as session:
        kinds = session.scalars(select(Event.kind).order_by(Event.id)).all()
    assert kinds == ["received", "noted", "replied", "reporter_wrote", "answer_read"]


@pytest.mark.parametrize("typed", ["", "1", "4271 9930 1582 6047", "no digits", "9" * 500])
def test_other_digits_open_nothing(core: Core, typed: str) -> None:
    core.told()
    opens = followup.unlock_receipt(typed, core.keys)
    with core.house.database.write() as session, pytest.raises(errors.UnknownReceipt):
        followup.open_thread(session, opens, keys=core.keys, now=core.clock())
    with core.house.database.write() as session, pytest.raises(errors.UnknownReceipt):
        followup.add_by_receipt(session, opens, "words", keys=core.keys, now=core.clock())


def test_one_receipt_does_not_open_another_thread(core: Core) -> None:
    one, other = core.told(), core.told()
    say(core, other, "only in the other")
    assert opened(core, one).lines == ()
    assert len(opened(core, other).lines) == 1


@pytest.mark.parametrize(("text", "error"), [(" \n", errors.EmptyTip), ("a" * 65_537, errors.TooLong)])
def test_more_words_are_words_and_not_too_many(core: Core, text: str, error: type[Exception]) -> None:
    done = core.told()
    with pytest.raises(error):
        say(core, done, text)


def test_more_words_reach_the_desks_of_the_tip_and_no_other(core: Core) -> None:
    done = core.told(text=CALM)
    say(core, done, "He comes on Fridays.")
    (message,) = core.entries(done.tip_id, thread.MESSAGE)
    assert core.readers(message) == {"immigration", "reporter"}
    assert make.is_unread(core.house, done.tip_id)


class TestDangerSaidLater:
    def test_it_raises_the_tip_and_lets_the_police_read_the_new_words_only(self, core: Core) -> None:
        done = core.told(text=CALM)
        assert core.queue("police") == []
        before = core.tip(done.tip_id).priority
        say(core, done, "Help, he is beating a girl now, she is twelve, come quickly!")
        tip = core.tip(done.tip_id)
        assert (tip.priority, before > "P0") == ("P0", True)
        assert core.queue("police") == [done.tip_id]
        (message,) = core.entries(done.tip_id, thread.MESSAGE)
        (story,) = core.entries(done.tip_id, thread.STORY)
        assert core.readers(message) == {"immigration", "police", "reporter"}
        assert core.readers(story) == {"immigration"}

    def test_it_lets_in_nobody_whom_the_reporter_excluded(self, core: Core) -> None:
        done = core.told(text=CALM, exclude=("police",))
        say(core, done, "Help, he is beating a girl now, she is twelve, come quickly!")
        assert core.queue("police") == []
        assert core.readers(core.entries(done.tip_id, thread.MESSAGE)[0]) == {"immigration", "reporter"}

    def test_calm_words_lower_nothing(self, core: Core) -> None:
        done = core.told(danger_now=True)
        say(core, done, "Thank you.")
        assert core.tip(done.tip_id).priority == "P0"


def test_words_to_a_closed_matter_come_before_a_desk_again(core: Core) -> None:
    done = core.told(child=True)
    with core.held("immigration", done.tip_id) as (session, case):
        casework.take(session, case)
        casework.close(session, case, "information_given", note="It is done.")
    assert core.queue("immigration") == core.queue("police") == []
    assert opened(core, done).closed
    say(core, done, "They came back.")
    assert core.queue("immigration") == core.queue("police") == [done.tip_id]
    assert core.queue("immigration", stage="closed") == [done.tip_id]
    with core.held("immigration", done.tip_id) as (session, case):
        casework.look(session, case)
        assert casework.view(session, case).thread[-1].data == {"text": "They came back."}
    assert core.queue("immigration") == []
    assert core.queue("police") == [done.tip_id]
    assert core.queue("immigration", stage="closed") == [done.tip_id]


def test_the_number_that_wrote_last_counts(core: Core) -> None:
    done = core.told(phone=Phone("+26658001234", "kannel", "32100"))
    with core.house.database.write() as session:
        tip = session.get_one(Tip, done.tip_id)
        followup.move_number(
            session, tip, Phone("+26658001234", "africastalking", "48000"), keys=core.keys, now=core.clock()
        )
    (number,) = core.entries(done.tip_id, thread.NUMBER)
    assert core.readers(number) == {"immigration"}  # never to the receipt: whoever finds one learns no number
    with core.held("immigration", done.tip_id) as (_, case):
        data = thread.opened(number, case.tip, case.keys, core.keys.instance).data
    assert data == {"number": "+26658001234", "carrier": "africastalking", "ours": "48000"}
    with core.house.database.read() as session:
        assert session.scalars(select(PhoneThread.tip_id)).all() == [done.tip_id]


def test_what_a_phone_was_sent_is_marked_as_read_once(core: Core) -> None:
    done = core.told()
    with core.held("immigration", done.tip_id) as (session, case):
        entry = casework.reply(session, case, "hello", core.house.words)
    for _ in range(2):
        with core.house.database.write() as session:
            followup.read_by_phone(session, entry, core.clock())
    with core.house.database.write() as session, pytest.raises(errors.NotFound):
        followup.read_by_phone(session, entry + 1000, core.clock())
    with core.house.database.read() as session:
        assert session.scalars(select(Event.kind)).all().count("answer_read") == 1


def test_words_from_before_the_receipt_stay_closed_to_it(core: Core) -> None:
    before = core.house.take_in(make.report(client_id="k" * 22), with_receipt=False)
    with core.house.database.write() as session:
        tip = session.get_one(Tip, before.tip_id)
        followup.add(session, tip, "before it was minted", keys=core.keys, now=core.clock())
    again = core.house.again("k" * 22)
    assert again is not None
    assert again.receipt is not None
    say(core, again, "after it")
    assert [line.text for line in opened(core, again).lines] == ["after it"]
    assert receipt_keys(again.receipt, core.keys.pepper).lookup == core.tip(before.tip_id).receipt_lookup
