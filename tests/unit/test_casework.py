"""What a desk does: each act guarded, each reading bound to the desk, each step left as an event without words."""

from __future__ import annotations

import dataclasses
import itertools
import json

import pytest
from sqlalchemy import delete, select

from tests import make
from tests.unit.conftest import Core
from tipline import casework, errors, lifecycle, thread
from tipline.accounts import ROLES
from tipline.models import DeskMember, Event, Outcome, OutMessage, TipDesk
from tipline.phones import Phone, stop
from tipline.sealing import CannotOpen

WHY = "She needs a safe bed tonight."
PHONE = Phone("+26658001234", "kannel", "32100")


class TestWhoMayHoldATip:
    def test_the_desk_it_was_routed_to_and_no_other(self, core: Core) -> None:
        done = core.told()
        with core.held("immigration", done.tip_id) as (session, case):
            assert casework.view(session, case).text == make.STORY
        with core.held("supervisor", done.tip_id) as (session, case):
            assert casework.view(session, case).text == make.STORY
        for other in ("police", "shelter"):
            with pytest.raises(errors.NotFound), core.held(other, done.tip_id):
                pass

    @pytest.mark.parametrize("role", [role for role in ROLES if role not in {"caseworker", "supervisor"}])
    def test_no_other_role_even_at_the_desk(self, core: Core, role: str) -> None:
        done = core.told()
        core.people = {**core.people, "immigration": dataclasses.replace(core.people["immigration"], role=role)}
        with pytest.raises(errors.NotAllowed), core.held("immigration", done.tip_id):
            pass

    def test_nobody_whose_second_factor_is_still_missing(self, core: Core) -> None:
        done = core.told()
        core.people = {**core.people, "immigration": dataclasses.replace(core.people["immigration"], must_enrol=True)}
        with pytest.raises(errors.NotAllowed), core.held("immigration", done.tip_id):
            pass

    def test_a_made_up_id_is_nothing(self, core: Core) -> None:
        for uid in ("", "0" * 32, "'; --", "\0", "A" * 32, "é" * 32, "0" * 33, "\ud800" * 32):
            with core.house.database.write() as session, pytest.raises(errors.NotFound):
                casework.hold(session, core.people["immigration"], uid, keys=core.keys, now=core.clock())

    def test_whoever_moves_the_row_by_hand_still_cannot_read(self, core: Core) -> None:
        done = core.told()
        police = core.people["police"].desk_id
        with core.house.database.write() as session:
            session.add(
                TipDesk(tip_id=done.tip_id, desk_id=police, state="routed", active=True, priority="P0", arrival=0)
            )
        with core.held("police", done.tip_id) as (session, case):
            view = casework.view(session, case)
        assert (view.text, view.answers) == (None, {})

    def test_nobody_opens_a_colleague_s_copy_of_the_key(self, core: Core) -> None:
        done = core.told()
        stranger = dataclasses.replace(core.people["police"], desk_id=core.people["immigration"].desk_id)
        thief = dataclasses.replace(stranger, account_id=core.people["immigration"].account_id)
        core.people = {**core.people, "stranger": stranger, "thief": thief}
        with core.held("stranger", done.tip_id) as (session, case):
            assert casework.view(session, case).text is None
        with pytest.raises(CannotOpen), core.held("thief", done.tip_id):
            pass

    def test_a_member_to_whom_nobody_has_shared_the_key_waits(self, core: Core) -> None:
        done = core.told()
        with core.house.database.write() as session:
            session.execute(delete(DeskMember).where(DeskMember.account_id == core.people["supervisor"].account_id))
        with pytest.raises(errors.NoDeskAccess), core.held("supervisor", done.tip_id):
            pass


class TestLooking:
    def test_the_first_look_stops_the_clock_once(self, core: Core) -> None:
        done = core.told()
        for name in ("immigration", "supervisor"):
            core.clock.turn(hours=1)
            with core.held(name, done.tip_id) as (session, case):
                casework.look(session, case)
        tip = core.tip(done.tip_id)
        assert tip.first_look_at is not None
        assert not make.is_unread(core.house, tip)
        assert (tip.first_look_at - make.NOON).total_seconds() == 3600
        with core.house.database.read() as session:
            assert session.scalars(select(Event.kind).order_by(Event.id)).all() == ["received", "first_look"]

    def test_the_answers_are_shown_and_the_number_never(self, core: Core) -> None:
        done = core.told(child=True, place="by the old mill", happening="now", exclude_note="Ntate X", phone=PHONE)
        with core.held("immigration", done.tip_id) as (session, case):
            casework.reply(session, case, "hello", core.house.words)
            view = casework.view(session, case)
        assert view.answers == {
            "child": True, "place": "by the old mill", "happening": "now", "exclude_note": "Ntate X",
        }  # fmt: skip
        assert (view.can_text, view.can_reply) == (True, True)
        assert "58001234" not in repr((view.thread, view.answers, view.text, view.referrals, view.deliveries))
        assert "58001234" not in repr([event.data for event in view.events])
        assert make.STORY not in repr(view)
        assert thread.NUMBER not in {entry.kind for entry in view.thread}


def test_the_table_of_moves_decides() -> None:
    for at, to in itertools.product(lifecycle.STAGES, lifecycle.STAGES):
        if to in lifecycle.moves(at):
            lifecycle.check_move(at, to)
            assert to not in {"referred", "accepted", "declined", "closed", "received"}  # these take acts of their own
        else:
            with pytest.raises(errors.ForbiddenMove):
                lifecycle.check_move(at, to)


class TestMoves:
    def test_to_take_is_to_screen(self, core: Core) -> None:
        done = core.told()
        with core.held("immigration", done.tip_id) as (session, case):
            casework.take(session, case)
        tip = core.tip(done.tip_id)
        assert (tip.stage, tip.taken_by) == ("screened", core.people["immigration"].account_id)
        assert tip.first_look_at == core.clock()

    def test_whoever_moves_what_nobody_has_takes_it(self, core: Core) -> None:
        done = core.told()
        with core.held("immigration", done.tip_id) as (session, case):
            casework.move(session, case, "screened")
        with core.held("supervisor", done.tip_id) as (session, case):
            casework.move(session, case, "reported_police")
        assert core.tip(done.tip_id).taken_by == core.people["immigration"].account_id
        assert core.queue("immigration", stage="reported_police") == [done.tip_id]

    def test_not_substantiated_takes_a_reason_that_stays_at_the_desk(self, core: Core) -> None:
        done = core.told(child=True)
        with core.held("immigration", done.tip_id) as (session, case):
            casework.take(session, case)
            with pytest.raises(errors.ReasonMissing):
                casework.move(session, case, "not_substantiated", " ")
            casework.move(session, case, "not_substantiated", "He is her uncle.")
        assert core.readers(core.entries(done.tip_id, thread.REASON)[0]) == {"immigration"}

    def test_a_forbidden_move_changes_nothing(self, core: Core) -> None:
        done = core.told()
        with pytest.raises(errors.ForbiddenMove), core.held("immigration", done.tip_id) as (session, case):
            casework.move(session, case, "reintegrated")
        assert core.tip(done.tip_id).stage == "received"
        assert core.count(Event) == 1


class TestNotes:
    def test_a_note_is_for_its_own_desk_alone(self, core: Core) -> None:
        done = core.told(child=True)
        with core.held("immigration", done.tip_id) as (session, case):
            casework.note(session, case, "Do not tell the police yet.")
            casework.refer(session, case, "shelter", WHY)
        (note,) = core.entries(done.tip_id, thread.NOTE)
        assert core.readers(note) == {"immigration"}
        for other in ("police", "shelter"):
            assert core.opens(other, note) is None
            with core.held(other, done.tip_id) as (session, case):
                assert "police yet" not in repr([entry.data for entry in casework.view(session, case).thread])

    @pytest.mark.parametrize(("text", "error"), [(" ", errors.EmptyTip), ("a" * 16_001, errors.TooLong)])
    def test_it_says_something_and_not_too_much(self, core: Core, text: str, error: type[Exception]) -> None:
        done = core.told()
        with pytest.raises(error), core.held("immigration", done.tip_id) as (session, case):
            casework.note(session, case, text)


class TestReplies:
    def test_it_is_sealed_to_the_desks_and_the_receipt_and_waits_for_the_phone(self, core: Core) -> None:
        done = core.told(child=True, phone=PHONE)
        with core.held("immigration", done.tip_id) as (session, case):
            casework.reply(session, case, "w" * 300, core.house.words)
        (entry,) = core.entries(done.tip_id, thread.REPLY)
        assert core.readers(entry) == {"immigration", "police", "reporter"}
        with core.house.database.read() as session:
            rows = session.scalars(select(OutMessage).order_by(OutMessage.id)).all()
            states = [(row.kind, row.state) for row in rows]
            assert states == [("answer", "held"), ("answer", "held"), ("notice", "waiting")]
            assert all(b"58001234" not in (row.payload or b"") for row in rows)

    def test_a_phone_that_said_stop_is_left_alone(self, core: Core) -> None:
        done = core.told(phone=PHONE)
        with core.house.database.write() as session:
            stop(session, core.keys, PHONE.number, core.clock())
        with core.held("immigration", done.tip_id) as (session, case):
            casework.reply(session, case, "hello", core.house.words)
        assert core.count(OutMessage) == 0

    def test_there_must_be_a_way_back(self, core: Core) -> None:
        done = core.house.take_in(make.report(), with_receipt=False)
        with pytest.raises(errors.CannotReply), core.held("immigration", done.tip_id) as (session, case):
            casework.reply(session, case, "hello", core.house.words)
        with core.held("immigration", done.tip_id) as (session, case):
            assert not casework.view(session, case).can_reply

    @pytest.mark.parametrize(("text", "error"), [("", errors.EmptyTip), ("a" * 2001, errors.TooLong)])
    def test_it_says_something_and_not_too_much(self, core: Core, text: str, error: type[Exception]) -> None:
        done = core.told(phone=PHONE)
        with pytest.raises(error), core.held("immigration", done.tip_id) as (session, case):
            casework.reply(session, case, text, core.house.words)
        assert core.count(OutMessage) == 0


class TestClosing:
    def test_it_keeps_counts_and_coarsens_the_time(self, core: Core) -> None:
        core.clock.turn(minutes=25, seconds=7)
        tip_id = core.accepted()
        core.clock.turn(hours=2)
        with core.held("shelter", tip_id) as (session, case):
            casework.close(
                session, case, "assisted", clients_served=14, reintegrated=11, non_residential=3, note="All are safe."
            )
        tip = core.tip(tip_id)
        assert (tip.stage, tip.received_at, tip.closed_at) == ("closed", make.NOON, core.clock())
        assert tip.first_look_at == make.NOON
        with core.house.database.read() as session:
            outcome = session.scalars(select(Outcome)).one()
            assert (outcome.clients_served, outcome.reintegrated, outcome.non_residential) == (14, 11, 3)
            arrivals = session.scalars(select(TipDesk.arrival)).all()
        assert {*arrivals} == {-int(make.NOON.timestamp() * 1000)}
        assert core.readers(core.entries(tip_id, thread.OUTCOME)[0]) == {"shelter"}
        assert core.queue("immigration") == core.queue("shelter") == []

    @pytest.mark.parametrize(
        ("result", "note", "error"),
        [
            ("no_action", "", errors.ReasonMissing),
            ("forgotten", "x", errors.NotFound),
            ("assisted", "a" * 16_001, errors.TooLong),
        ],
    )
    def test_it_takes_an_outcome(self, core: Core, result: str, note: str, error: type[Exception]) -> None:
        tip_id = core.accepted()
        with pytest.raises(error), core.held("shelter", tip_id) as (session, case):
            casework.close(session, case, result, note=note)
        assert core.tip(tip_id).stage == "accepted"

    def test_nothing_is_closed_unread_or_twice(self, core: Core) -> None:
        done = core.told()
        with pytest.raises(errors.ForbiddenMove), core.held("immigration", done.tip_id) as (session, case):
            casework.close(session, case, "assisted", note="It is done.")
        with core.held("immigration", done.tip_id) as (session, case):
            casework.take(session, case)
            casework.close(session, case, "assisted", note="It is done.")
        for act in (
            lambda session, case: casework.close(session, case, "assisted", note="It is done."),
            lambda session, case: casework.refer(session, case, "shelter", WHY),
            lambda session, case: casework.move(session, case, "screened"),
        ):
            with pytest.raises(errors.ForbiddenMove), core.held("immigration", done.tip_id) as (session, case):
                act(session, case)


def test_events_hold_codes_and_no_words(core: Core) -> None:
    tip_id, referral = core.referred(phone=PHONE)
    core.answer("shelter", tip_id, referral, "accept", "We have a bed.")
    with core.held("shelter", tip_id) as (session, case):
        casework.note(session, case, "noted words")
        casework.reply(session, case, "replied words", core.house.words)
        casework.close(session, case, "assisted", note="closing words")
    with core.house.database.read() as session:
        rows = session.scalars(select(Event).order_by(Event.id)).all()
        kinds = [row.kind for row in rows]
        said = json.dumps([row.data for row in rows])
        people = {row.account_id for row in rows if row.kind != "received"}
    assert kinds == ["received", "taken", "referred", "accepted", "noted", "replied", "closed"]
    assert not any(word in said for word in ("words", "bed", "safe", "58001234"))
    assert people == {core.people[name].account_id for name in ("immigration", "shelter")}
