"""Referrals: who reads what while a desk is asked, after it said yes, and after it said no."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests import make
from tests.unit.conftest import Core
from tipline import casework, errors, followup, thread
from tipline.models import DeskKey, Referral, Tip
from tipline.phones import Phone
from tipline.sealing import unpack

WHY = "She needs a safe bed tonight."
PHONE = Phone("+26658001234", "kannel", "32100")


def test_the_other_desk_reads_what_was_said_and_not_the_notes(core: Core) -> None:
    done = core.told(phone=PHONE)
    with core.house.database.write() as session:
        followup.add_by_receipt(session, core.receipt(done), "She has a baby.", keys=core.keys, now=core.clock())
    with core.held("immigration", done.tip_id) as (session, case):
        casework.note(session, case, "ours")
        casework.reply(session, case, "How old is it?", core.house.words)
        casework.refer(session, case, "shelter", WHY)
    kinds = {entry.kind: core.readers(entry) for entry in core.entries(done.tip_id)}
    assert kinds == {
        "story": {"immigration", "shelter"},
        "number": {"immigration", "shelter"},
        "message": {"immigration", "shelter", "reporter"},
        "reply": {"immigration", "shelter", "reporter"},
        "note": {"immigration"},
        "reason": {"immigration", "shelter"},
    }
    with core.held("shelter", done.tip_id) as (session, case):
        view = casework.view(session, case)
    assert view.text == make.STORY
    assert [(row.state, reason) for row, reason, _ in view.referrals] == [("offered", WHY)]
    assert core.queue("shelter", offered=True) == [done.tip_id]


def test_accepted_it_leads_and_works_on(core: Core) -> None:
    tip_id = core.accepted()
    tip = core.tip(tip_id)
    assert (tip.stage, tip.lead_desk_id) == ("accepted", core.people["shelter"].desk_id)
    with core.held("shelter", tip_id) as (session, case):
        casework.move(session, case, "admission_assessment")
        casework.reply(session, case, "You can come today.", core.house.words)
    with core.held("immigration", tip_id) as (session, case):  # whoever referred still reads
        assert casework.view(session, case).text == make.STORY


def test_declined_it_reads_nothing_any_more(core: Core) -> None:
    tip_id, referral = core.referred(phone=PHONE)
    with core.held("shelter", tip_id) as (session, case):
        casework.note(session, case, "We are full.")
    core.answer("shelter", tip_id, referral, "decline", "No bed is free.")
    ours = core.desk_keys("shelter").keys()
    for entry in core.entries(tip_id):
        assert entry.kind == thread.NOTE or not unpack(entry.wraps).keys() & ours, entry.kind
        assert entry.kind == thread.NOTE or core.opens("shelter", entry) is None
    with pytest.raises(errors.NotFound), core.held("shelter", tip_id):
        pass
    assert core.queue("shelter") == []
    with core.held("immigration", tip_id) as (session, case):
        view = casework.view(session, case)
    assert [(row.state, why) for row, _, why in view.referrals] == [("declined", "No bed is free.")]
    assert core.tip(tip_id).stage == "declined"
    with core.house.database.write() as session:  # what comes later is not sealed to it either
        followup.add(session, session.get_one(Tip, tip_id), "more", keys=core.keys, now=core.clock())
    assert "shelter" not in core.readers(core.entries(tip_id, thread.MESSAGE)[0])


def test_declined_it_stays_out_of_the_closed_ones(core: Core) -> None:
    tip_id, referral = core.referred()
    core.answer("shelter", tip_id, referral, "decline", "No bed is free.")
    with core.held("supervisor", tip_id) as (session, case):
        casework.close(session, case, "no_action", note="Nobody could help.")
    assert core.queue("shelter", stage="closed") == []
    assert core.queue("immigration", stage="closed") == [tip_id]


def test_declined_it_may_be_asked_again(core: Core) -> None:
    tip_id, referral = core.referred()
    core.answer("shelter", tip_id, referral, "decline", "No bed is free.")
    with core.held("immigration", tip_id) as (session, case):
        again = casework.refer(session, case, "shelter", "A bed is free now.")
    core.answer("shelter", tip_id, again, "accept")
    with core.held("shelter", tip_id) as (session, case):
        assert casework.view(session, case).text == make.STORY


def test_a_desk_that_the_reporter_excluded_cannot_be_asked(core: Core) -> None:
    done = core.told(exclude=("police",), child=True)
    with pytest.raises(errors.ExcludedDesk), core.held("immigration", done.tip_id) as (session, case):
        casework.refer(session, case, "police", WHY)
    assert core.readers(core.entries(done.tip_id)[0]) == {"immigration"}


@pytest.mark.parametrize(
    ("to", "why", "error"),
    [
        ("shelter", "", errors.ReasonMissing),
        ("army", WHY, errors.UnknownDesk),
        ("immigration", WHY, errors.AlreadyThere),
        ("police", WHY, errors.AlreadyThere),
        ("shelter", "a" * 16_001, errors.TooLong),
    ],
)
def test_what_cannot_be_referred(core: Core, to: str, why: str, error: type[Exception]) -> None:
    done = core.told(child=True)
    with pytest.raises(error), core.held("immigration", done.tip_id) as (session, case):
        casework.refer(session, case, to, why)
    assert core.count(Referral) == 0


def test_a_desk_where_nobody_ever_signed_in_cannot_be_asked(core: Core) -> None:
    done = core.told()
    with core.house.database.write() as session:
        shelter = core.people["shelter"].desk_id
        session.scalars(select(DeskKey).where(DeskKey.desk_id == shelter)).one().retired_at = make.NOON
    with pytest.raises(errors.DeskNotReady), core.held("immigration", done.tip_id) as (session, case):
        casework.refer(session, case, "shelter", WHY)


def test_only_the_desk_that_was_asked_answers_and_only_once(core: Core) -> None:
    tip_id, referral = core.referred(child=True)
    for other in ("immigration", "police"):
        with pytest.raises(errors.NotFound):
            core.answer(other, tip_id, referral, "accept")
    with pytest.raises(errors.NotFound):
        core.answer("shelter", tip_id, referral + 1, "accept")
    with pytest.raises(errors.ReasonMissing):
        core.answer("shelter", tip_id, referral, "decline", " ")
    core.answer("shelter", tip_id, referral, "accept")
    with pytest.raises(errors.AlreadyThere):
        core.answer("shelter", tip_id, referral, "decline", "changed our mind")


def test_whoever_was_asked_answers_before_acting(core: Core) -> None:
    tip_id, _ = core.referred()
    acts = (
        casework.take,
        lambda session, case: casework.move(session, case, "urgent_safety"),
        lambda session, case: casework.reply(session, case, "hello", core.house.words),
        lambda session, case: casework.refer(session, case, "police", WHY),
        lambda session, case: casework.close(session, case, "assisted", note="It is done."),
    )
    for act in acts:
        with pytest.raises(errors.ForbiddenMove), core.held("shelter", tip_id) as (session, case):
            act(session, case)
    with core.held("shelter", tip_id) as (session, case):
        casework.note(session, case, "We are looking for a bed.")


def test_what_was_closed_meanwhile_is_not_opened_by_an_answer(core: Core) -> None:
    tip_id, referral = core.referred()
    with core.held("immigration", tip_id) as (session, case):
        casework.close(session, case, "assisted", note="It is done.")
    with pytest.raises(errors.ForbiddenMove):
        core.answer("shelter", tip_id, referral, "accept")
    assert core.tip(tip_id).stage == "closed"
