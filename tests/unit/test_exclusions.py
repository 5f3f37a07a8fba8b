"""Whom a reporter does not trust has no key to what they told: by whatever way it might have come there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from tests import make
from tests.unit.conftest import Core
from tipline import accounts, casework, desks, errors, escalation, exclusions, followup, intake, queue
from tipline.models import Referral, Tip, TipDesk
from tipline.phones import Phone
from tipline.sealing import unpack

DANGER = "Help me now, they locked me in and beat me with a knife. I am a child."
QUIET = "A man in Maseru pays too little for shop work."
PHONE = Phone("+26658001234", "kannel", "32100")
NAMED = "They named Sergeant Zebra-7741."


def shut_out(core: Core, name: str, tip_id: int, slug: str) -> str | None:
    with core.held(name, tip_id) as (session, case):
        return exclusions.exclude(session, case, slug, NAMED, core.house.rules)


def sealed_to(core: Core, desk: str, tip_id: int) -> list[str]:
    """Return the kinds of entries that carry a wrap of any version of a desk's key, as its own people hold them."""
    keys = core.desk_keys(desk).keys()
    return [entry.kind for entry in core.entries(tip_id) if unpack(entry.wraps).keys() & keys]


def writes(core: Core, tip_id: int, text: str) -> None:
    with core.house.database.write() as session:
        tip = session.get_one(Tip, tip_id)
        followup.heed(
            session, tip, text, danger_now=True, child=True, rules=core.house.rules, keys=core.keys, now=core.clock()
        )
        followup.add(session, tip, text, keys=core.keys, now=core.clock())


def moves_its_number(core: Core, tip_id: int) -> None:
    with core.house.database.write() as session:
        followup.move_number(session, session.get_one(Tip, tip_id), PHONE, keys=core.keys, now=core.clock())


def is_referred(core: Core, tip_id: int) -> None:
    with pytest.raises(errors.ExcludedDesk), core.held("immigration", tip_id) as (session, case):
        casework.refer(session, case, "police", "Please look.")


def goes_to_the_shelter_which_refers(core: Core, tip_id: int) -> None:
    with core.held("immigration", tip_id) as (session, case):
        referral = casework.refer(session, case, "shelter", "A bed.")
    core.answer("shelter", tip_id, referral, "accept", "Yes.")
    with pytest.raises(errors.ExcludedDesk), core.held("shelter", tip_id) as (session, case):
        casework.refer(session, case, "police", "Please look.")


def is_answered(core: Core, tip_id: int) -> None:
    with core.held("immigration", tip_id) as (session, case):
        casework.reply(session, case, "Are you safe?", core.house.words)
        casework.note(session, case, "ours")


def keys_are_renewed(core: Core, tip_id: int) -> None:
    for name in ("police", "immigration"):
        leaver, desk_id, held = f"{name}-leaver", core.people[name].desk_id or 0, core.desk_keys(name)
        locked = accounts.behind(leaver, None, core.keys)
        with core.house.database.write() as session:
            gone = accounts.add(session, locked, role="caseworker", desk=name, now=core.clock())
            desks.share(session, held, gone)
            accounts.disable(session, gone.id, core.clock())
            desks.rotate(session, desk_id, held, core.clock())
    writes(core, tip_id, "And again")


def nobody_answers(core: Core, tip_id: int) -> None:
    with core.held("immigration", tip_id) as (session, case):
        casework.refer(session, case, "shelter", "A bed.")
    core.clock.turn(days=9)
    with core.house.database.write() as session:
        escalation.escalate(session, core.clock(), core.house.settings.answer_within, core.keys)


def says_more(core: Core, tip_id: int) -> None:
    writes(core, tip_id, DANGER)


WAYS: tuple[Callable[[Core, int], None], ...] = (
    says_more, moves_its_number, is_referred, is_answered, goes_to_the_shelter_which_refers, says_more, is_answered,
)  # fmt: skip


@pytest.mark.parametrize("channel", ["web", "sms", "ussd"])
def test_an_excluded_desk_gets_no_key_by_any_way(core: Core, channel: str) -> None:
    for told in (DANGER, QUIET):  # the rules name the police at once; only by what is said later
        done = core.told(channel=channel, text=told, exclude=("police",), phone=PHONE)
        for way in WAYS:
            way(core, done.tip_id)
            assert sealed_to(core, "police", done.tip_id) == [], way.__name__
            assert "immigration" in core.readers(core.entries(done.tip_id)[0])
    assert core.queue("police") == []


@pytest.mark.parametrize("way", [nobody_answers, keys_are_renewed])
def test_nor_where_nobody_answers_or_keys_are_renewed(core: Core, way: Callable[[Core, int], None]) -> None:
    done = core.told(text=DANGER, exclude=("police",), phone=PHONE)
    way(core, done.tip_id)
    assert sealed_to(core, "police", done.tip_id) == []


def test_the_same_ways_do_let_a_desk_in_that_is_not_excluded(core: Core) -> None:
    done = core.told(text=QUIET, phone=PHONE)
    says_more(core, done.tip_id)
    assert sealed_to(core, "police", done.tip_id) == ["message"]


def test_a_ussd_report_that_grows_into_danger(core: Core) -> None:
    draft = {"channel": "ussd", "unfinished": True, "exclude": ("police",), "text": ""}
    done = core.told(**draft, category="labour")
    with core.house.database.write() as session:
        report = make.report(**{**draft, "unfinished": False}, category="labour", danger_now=True, child=True)
        intake.grow(session, done.tip_id, report, now=core.clock(), keys=core.keys, rules=core.house.rules)
    assert sealed_to(core, "police", done.tip_id) == []


def test_a_desk_that_had_it_loses_it(core: Core) -> None:
    done = core.told(text=DANGER, phone=PHONE)
    writes(core, done.tip_id, "more")
    is_answered(core, done.tip_id)
    assert set(sealed_to(core, "police", done.tip_id)) == {"story", "number", "message", "reply"}
    assert shut_out(core, "immigration", done.tip_id, "police") is None
    assert sealed_to(core, "police", done.tip_id) == []
    with pytest.raises(errors.NotFound), core.held("police", done.tip_id):
        pass
    for way in WAYS:
        way(core, done.tip_id)
        assert sealed_to(core, "police", done.tip_id) == [], way.__name__
    reason = next(entry for entry in core.entries(done.tip_id, "reason") if core.opens("immigration", entry) == NAMED)
    assert core.readers(reason) == {"immigration"}
    stored = b"".join(entry.body for entry in core.entries(done.tip_id))
    assert b"Zebra" not in stored
    with pytest.raises(errors.AlreadyThere):
        shut_out(core, "immigration", done.tip_id, "police")


def test_the_last_reader_goes_and_the_next_desk_is_told_that_something_waits(core: Core) -> None:
    done = core.told(text=QUIET, phone=PHONE)
    writes(core, done.tip_id, "a word more")
    is_answered(core, done.tip_id)
    with core.held("immigration", done.tip_id) as (session, case):
        casework.take(session, case)
    assert shut_out(core, "immigration", done.tip_id, "immigration") == "police"
    assert sealed_to(core, "immigration", done.tip_id) == ["note"]  # what it wrote for itself
    assert core.opens("police", core.entries(done.tip_id, "story")[0]) == QUIET
    assert {entry.kind for entry in core.entries(done.tip_id) if "police" in core.readers(entry)} == {
        "story", "number", "message", "reply", "reason",
    }  # fmt: skip
    assert (core.queue("immigration"), core.queue("police")) == ([], [done.tip_id])
    police = core.people["police"].desk_id
    tip = core.tip(done.tip_id)
    assert (tip.lead_desk_id, tip.taken_by, tip.excluded) == (police, None, ["immigration"])
    assert make.is_unread(core.house, tip, "police")
    with core.house.database.read() as session:
        (alert,) = escalation.standing(session)
    assert (alert.desk_id, alert.role, alert.code) == (police, "supervisor", escalation.STANDS_IN)
    with core.held("police", done.tip_id) as (session, case):
        assert casework.is_news(session, case)
        casework.look(session, case)
    with core.house.database.read() as session:
        assert escalation.standing(session) == []


def test_nothing_is_lost_where_every_other_desk_is_excluded(core: Core) -> None:
    done = core.told(exclude=("police", "shelter"))
    with pytest.raises(errors.AllDesksExcluded):
        shut_out(core, "immigration", done.tip_id, "immigration")
    assert core.opens("immigration", core.entries(done.tip_id)[0]) == make.STORY
    assert core.queue("immigration") == [done.tip_id]


def test_what_only_one_desk_opens_only_that_desk_hands_on(core: Core) -> None:
    done = core.told(text=QUIET)
    says_more(core, done.tip_id)  # the police read what came since, not the story
    with pytest.raises(errors.ForbiddenMove):
        shut_out(core, "police", done.tip_id, "immigration")
    assert shut_out(core, "immigration", done.tip_id, "immigration") == "police"
    assert core.opens("police", core.entries(done.tip_id)[0]) == QUIET


def test_what_was_asked_is_called_off_and_whoever_was_asked_reads_on(core: Core) -> None:
    tip_id, _ = core.referred()
    shut_out(core, "immigration", tip_id, "immigration")
    with core.house.database.read() as session:
        assert session.scalars(select(Referral.state)).all() == ["called_off"]
        states = session.scalars(select(TipDesk.state).where(TipDesk.tip_id == tip_id)).all()
    assert (states, core.tip(tip_id).stage) == (["routed"], "screened")
    with core.held("shelter", tip_id) as (session, case):
        casework.take(session, case)


def test_an_asked_desk_that_is_excluded_has_nothing_to_answer(core: Core) -> None:
    tip_id, referral = core.referred()
    shut_out(core, "immigration", tip_id, "shelter")
    assert sealed_to(core, "shelter", tip_id) == []
    with pytest.raises(errors.NotFound):
        core.answer("shelter", tip_id, referral, "accept")


@pytest.mark.parametrize(("slug", "why", "error"), [
    ("police", " ", errors.ReasonMissing),
    ("army", "x", errors.UnknownDesk),
])  # fmt: skip
def test_what_is_refused(core: Core, slug: str, why: str, error: type[Exception]) -> None:
    done = core.told()
    with pytest.raises(error), core.held("immigration", done.tip_id) as (session, case):
        exclusions.exclude(session, case, slug, why, core.house.rules)


def test_while_it_is_only_offered_nobody_is_shut_out(core: Core) -> None:
    tip_id, _ = core.referred()
    with pytest.raises(errors.ForbiddenMove):
        shut_out(core, "shelter", tip_id, "immigration")


class TestAnOfficerNamedAtOnce:
    def officer(self, core: Core, name: str, desk: str) -> None:
        with core.house.database.write() as session:
            locked = accounts.behind(name, None, core.keys)
            accounts.add(session, locked, role="caseworker", desk=desk, now=core.clock())

    def test_their_whole_desk_is_left_out_and_the_name_is_sealed(self, core: Core) -> None:
        self.officer(core, "Thabo Zebra", "police")
        done = core.told(text=DANGER, exclude_note="not sergeant ZEBRA, Thabo; he drinks with them")
        assert core.tip(done.tip_id).excluded == ["police"]
        assert sealed_to(core, "police", done.tip_id) == []
        assert b"zebra" not in b"".join(entry.body for entry in core.entries(done.tip_id)).lower()

    def test_half_a_name_is_no_name(self, core: Core) -> None:
        self.officer(core, "Thabo Zebra", "police")
        done = core.told(text=DANGER, exclude_note="my neighbour Thabo, and al")
        assert core.tip(done.tip_id).excluded == []

    def test_where_nobody_would_be_left_the_reporter_is_told(self, core: Core) -> None:
        self.officer(core, "Zebra", "shelter")
        with pytest.raises(errors.AllDesksExcluded):
            core.told(exclude=("immigration", "police"), exclude_note="nor zebra")
        assert core.count(Tip) == 0


def test_a_desk_that_reads_in_place_of_those_excluded_is_told(core: Core) -> None:
    done = core.told(exclude=("immigration", "police"))
    with core.house.database.read() as session:
        assert [(one.tip_id, one.role) for one in escalation.standing(session)] == [(done.tip_id, "supervisor")]
        rows = queue.page(session, core.people["shelter"], now=core.clock()).rows
    assert [row.alert for row in rows] == [escalation.STANDS_IN]
    core.told(exclude=("police",))
    core.told()
    with core.house.database.read() as session:
        assert len(escalation.standing(session)) == 1
