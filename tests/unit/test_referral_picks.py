"""What goes along with a referral is chosen, consent is recorded, and a desk's own notes open to that desk alone."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.unit.conftest import Core
from tipline import casework, desks, errors, followup, referrals, thread
from tipline.models import Event, Referral
from tipline.phones import Phone
from tipline.referrals import Pick
from tipline.sealing import unpack

WHY = "She needs a safe bed tonight."
PHONE = Phone("+26658001234", "kannel", "32100")


def a_talk(core: Core) -> int:
    """Have a story, a number, a message and an answer in one thread."""
    done = core.told(phone=PHONE, place="maputsoe-bridge", category="labour", exclude_note="somebody")
    with core.house.database.write() as session:
        followup.add_by_receipt(session, core.receipt(done), "She has a baby.", keys=core.keys, now=core.clock())
    with core.held("immigration", done.tip_id) as (session, case):
        casework.reply(session, case, "How old is it?", core.house.words)
    return done.tip_id


def refer(core: Core, tip_id: int, to: str, pick: Pick | None = None) -> int:
    with core.held("immigration", tip_id) as (session, case):
        return referrals.refer(session, case, to, WHY, pick)


def ids(core: Core, tip_id: int, *kinds: str) -> list[int]:
    return [entry.id for entry in core.entries(tip_id, *kinds)]


def opened_by(core: Core, name: str, tip_id: int) -> set[str]:
    return {entry.kind for entry in core.entries(tip_id) if name in core.readers(entry)}


def test_each_desk_gets_what_it_needs_unless_something_else_is_chosen(core: Core) -> None:
    tip_id = a_talk(core)
    refer(core, tip_id, "police")
    assert opened_by(core, "police", tip_id) == {"story", "message", "reason"}
    refer(core, tip_id, "shelter")
    assert opened_by(core, "shelter", tip_id) == {"story", "number", "message", "reply", "reason"}


def test_only_what_was_chosen_opens(core: Core) -> None:
    tip_id = a_talk(core)
    refer(core, tip_id, "shelter", Pick(ids(core, tip_id, "message"), consent="agreed"))
    assert opened_by(core, "shelter", tip_id) == {"message", "reason"}
    with core.held("shelter", tip_id) as (session, case):
        view = casework.view(session, case)
    assert (view.text, view.answers) == (None, {})
    assert [one.data["text"] for one in view.thread if one.data] == ["She has a baby."]


def test_the_answers_go_without_story_and_names(core: Core) -> None:
    tip_id = a_talk(core)
    refer(core, tip_id, "shelter", Pick((), answers=True, consent="agreed"))
    with core.held("shelter", tip_id) as (session, case):
        view = casework.view(session, case)
    assert (view.text, view.answers) == (None, {"category": "labour", "place": "maputsoe-bridge"})
    with core.held("immigration", tip_id) as (session, case):
        assert casework.view(session, case).answers["exclude_note"] == "somebody"


def test_consent_and_its_reason_are_recorded_and_sealed(core: Core) -> None:
    tip_id = a_talk(core)
    referral = refer(core, tip_id, "shelter", Pick(consent="duty", without="She is a child and cannot be asked."))
    with core.held("shelter", tip_id) as (session, case):
        view = casework.view(session, case)
    assert view.without == {referral: "She is a child and cannot be asked."}
    with core.house.database.read() as session:
        assert session.scalars(select(Referral.consent)).all() == ["duty"]
        event = session.scalars(select(Event).where(Event.kind == "referred")).one()
        assert event.data == {"to": "shelter", "consent": "duty", "entries": 4}
    reason = core.entries(tip_id, "reason")[-1]
    assert core.readers(reason) == {"immigration", "shelter"}


@pytest.mark.parametrize(
    ("pick", "error"),
    [
        (Pick(consent="perhaps"), errors.ConsentMissing),
        (Pick(consent="not_asked", without=" "), errors.ReasonMissing),
        (Pick(consent="duty"), errors.ReasonMissing),
        (Pick(entries=(), consent="agreed"), errors.NothingChosen),
        (Pick(entries=(999_999,), consent="agreed"), errors.NotFound),
    ],
)
def test_what_cannot_go(core: Core, pick: Pick, error: type[Exception]) -> None:
    tip_id = a_talk(core)
    with pytest.raises(error):
        refer(core, tip_id, "shelter", pick)
    assert (core.count(Referral), opened_by(core, "shelter", tip_id)) == (0, set())


def test_another_tip_s_entry_and_a_note_cannot_be_chosen(core: Core) -> None:
    tip_id, other = a_talk(core), core.told()
    with core.held("immigration", tip_id) as (session, case):
        note = casework.note(session, case, "ours")
    for one in (note, ids(core, other.tip_id, "story")[0]):
        with pytest.raises(errors.NotFound):
            refer(core, tip_id, "shelter", Pick((one,), consent="agreed"))


def test_a_note_and_a_place_of_safety_open_to_their_desk_alone(core: Core) -> None:
    """Another desk's keys of every version, its recovery key and a referral back open neither."""
    tip_id = core.accepted()
    with core.held("shelter", tip_id) as (session, case):
        casework.note(session, case, "She slept well.")
        casework.note(session, case, "The yellow house", casework.PLACE_OF_SAFETY)
        referrals.refer(session, case, "police", "They ask for her.")
    for name in ("immigration", "police"):
        with core.house.database.write() as session:
            recovery = desks.new_recovery(session, core.people[name].desk_id or 0, core.desk_keys(name), core.clock())
        with core.house.database.read() as session:
            by_paper = desks.open_by_recovery(session, core.people[name].desk_id or 0, recovery)
        for entry in core.entries(tip_id, thread.NOTE):
            assert core.readers(entry) == {"shelter"}
            assert core.opens(name, entry) is None
            assert not unpack(entry.wraps).keys() & {one.public().id for one in by_paper.values()}
    assert {core.opens("shelter", entry) for entry in core.entries(tip_id, thread.NOTE)} == {
        "She slept well.", "The yellow house",
    }  # fmt: skip
    stored = [entry.kind.encode() + entry.body for entry in core.entries(tip_id)]
    assert not any(word in one for one in stored for word in (b"yellow", b"safety"))  # not even that it is a place
    with core.held("immigration", tip_id) as (session, case):
        assert not [one for one in casework.view(session, case).thread if one.kind == thread.NOTE and one.data]
