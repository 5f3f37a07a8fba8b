"""The machine advises, a human decides the priority and says why; what a desk found stays with that desk."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests import make
from tests.unit.conftest import Core
from tests.unit.test_alerts import NUMBERS, reachable, swept
from tipline import assessing, assessment, casework, errors, followup, latecomers, priority, thread, withdrawal
from tipline.assessment import Answers
from tipline.models import Event, TipDesk

WHY = "A colleague knows the family; nobody is leaving this week."
DANGER = "Help me now, they locked me in. I am a child."


def decide(core: Core, tip_id: int, to: str, why: str = WHY, *, name: str = "immigration", saw: str = "") -> None:
    with core.held(name, tip_id) as (session, case):
        priority.decide(
            session, case.tip, case.at, to, why, account_id=case.who.account_id, keys=core.keys, now=core.clock(),
            before=saw or None,
        )  # fmt: skip


def places(core: Core, tip_id: int) -> set[str]:
    """Return by which priorities the desks' queues sort a tip."""
    with core.house.database.read() as session:
        return set(session.scalars(select(TipDesk.priority).where(TipDesk.tip_id == tip_id)))


def standing(core: Core, tip_id: int) -> priority.Standing:
    with core.house.database.read() as session:
        events = session.scalars(select(Event).where(Event.tip_id == tip_id).order_by(Event.id)).all()
        session.expunge_all()
    return priority.standing(core.tip(tip_id), events)


def say_more(core: Core, tip_id: int, text: str) -> None:
    with core.house.database.write() as session:
        tip = session.get_one(type(core.tip(tip_id)), tip_id)
        followup.heed(session, tip, text, danger_now=None, rules=core.house.rules, keys=core.keys, now=core.clock())
        followup.add(session, tip, text, keys=core.keys, now=core.clock())


class TestAHumanDecides:
    @pytest.mark.parametrize("to", ["P0", "P2", "P3"])
    def test_up_and_down_for_every_desk_and_the_advice_stays(self, core: Core, to: str) -> None:
        done = core.told(child=True)
        assert core.tip(done.tip_id).priority == "P1"
        decide(core, done.tip_id, to)
        assert core.tip(done.tip_id).priority == to
        assert places(core, done.tip_id) == {to}
        stands = standing(core, done.tip_id)
        assert stands.decided is not None
        assert (stands.advised, stands.decided.data["before"]) == ("P1", "P1")
        decide(core, done.tip_id, "P1")
        assert standing(core, done.tip_id).advised == "P1"

    def test_the_queue_follows(self, core: Core) -> None:
        first, second = core.told(child=True).tip_id, core.told(danger_now=True).tip_id
        assert core.queue("immigration") == [second, first]
        decide(core, second, "P3")
        assert core.queue("immigration") == [first, second]
        assert core.queue("police") == [first, second]
        assert core.queue("immigration", priority="P3") == [second]

    def test_the_reason_stays_at_the_desk_and_the_event_holds_codes(self, core: Core) -> None:
        done = core.told(child=True)
        decide(core, done.tip_id, "P0")
        (reason,) = core.entries(done.tip_id, thread.REASON)
        assert core.readers(reason) == {"immigration"}
        assert core.opens("immigration", reason) == WHY
        assert core.opens("police", reason) is None
        event = standing(core, done.tip_id).decided
        assert event is not None
        assert event.data == {"before": "P1", "to": "P0", "advised": "P1", "entry": reason.id}

    @pytest.mark.parametrize(
        ("to", "why", "saw", "error"),
        [
            ("P0", "  ", "", errors.ReasonMissing),
            ("P0", "a" * 16_001, "", errors.TooLong),
            ("P1", WHY, "", errors.AlreadyThere),
            ("P0", WHY, "P2", errors.AlreadyThere),
            ("P9", WHY, "", errors.NotFound),
        ],
    )
    def test_what_is_refused_changes_nothing(
        self, core: Core, to: str, why: str, saw: str, error: type[Exception]
    ) -> None:
        done = core.told(child=True)
        with pytest.raises(error):
            decide(core, done.tip_id, to, why, saw=saw)
        assert core.tip(done.tip_id).priority == "P1"
        assert core.entries(done.tip_id, thread.REASON) == []

    def test_not_what_is_only_offered_still_told_or_closed(self, core: Core) -> None:
        tip_id, _ = core.referred()
        with pytest.raises(errors.ForbiddenMove):
            decide(core, tip_id, "P0", name="shelter")
        done = core.house.take_in(make.report(channel="ussd", unfinished=True), with_receipt=False)
        with pytest.raises(errors.ForbiddenMove):
            decide(core, done.tip_id, "P0")
        with core.held("immigration", tip_id) as (session, case):
            casework.close(session, case, "information_given")
        with pytest.raises(errors.ForbiddenMove):
            decide(core, tip_id, "P0")


class TestWhatIsSaidAfterwards:
    def test_it_lifts_the_place_in_the_queue_and_the_decision_stands(self, core: Core) -> None:
        calm, urgent = core.told().tip_id, core.told(danger_now=True).tip_id
        decide(core, calm, "P3")
        say_more(core, calm, DANGER)
        assert core.tip(calm).priority == "P3"
        assert places(core, calm) == {"P0"}
        assert set(core.queue("immigration", priority="P0")) == {calm, urgent}
        stands = standing(core, calm)
        assert (core.tip(calm).newer, stands.advised) == ("P0", "P0")
        with core.house.database.read() as session:
            kinds = session.scalars(select(Event.kind).where(Event.tip_id == calm)).all()
            assert kinds.count(priority.NEWER) == 1
        say_more(core, calm, DANGER)
        with core.house.database.read() as session:
            kinds = session.scalars(select(Event.kind).where(Event.tip_id == calm)).all()
            assert kinds.count(priority.NEWER) == 1, "it is told once"

    def test_a_look_does_not_bring_it_down_again(self, core: Core) -> None:
        calm = core.told().tip_id
        decide(core, calm, "P3")
        say_more(core, calm, DANGER)
        with core.held("immigration", calm) as (session, case):
            casework.look(session, case)
        with core.held("immigration", calm) as (session, case):
            casework.take(session, case)
        assert places(core, calm) == {"P0"}

    def test_a_desk_that_it_lets_in_has_it_at_the_top_too(self, core: Core) -> None:
        calm = core.told().tip_id
        decide(core, calm, "P3")
        say_more(core, calm, DANGER)
        assert core.queue("police", priority="P0") == [calm]
        with core.held("immigration", calm) as (session, case):
            assert latecomers.asked_to_refer(session, case.tip, case.at) == ["police"]

    @pytest.mark.parametrize("to", ["P0", "P3"])
    def test_a_human_decides_again_and_may_stay(self, core: Core, to: str) -> None:
        calm = core.told().tip_id
        decide(core, calm, "P3")
        say_more(core, calm, DANGER)
        decide(core, calm, to, "Rang: it was a rehearsal." if to == "P3" else "They need help.")
        assert (core.tip(calm).priority, places(core, calm)) == (to, {to})
        stands = standing(core, calm)
        assert (core.tip(calm).newer, stands.advised) == (None, "P0")

    def test_calm_words_lift_nothing(self, core: Core) -> None:
        urgent = core.told(danger_now=True).tip_id
        decide(core, urgent, "P1")
        say_more(core, urgent, "The shop has a blue door.")
        assert (core.tip(urgent).priority, places(core, urgent)) == ("P1", {"P1"})
        assert core.tip(urgent).newer is None

    def test_where_nobody_decided_it_raises_the_tip_itself(self, core: Core) -> None:
        calm = core.told().tip_id
        say_more(core, calm, DANGER)
        assert (core.tip(calm).priority, places(core, calm)) == ("P0", {"P0"})
        assert standing(core, calm) == priority.Standing("P0", None)


class TestWhoIsOnCall:
    @pytest.fixture
    def calm(self, core: Core) -> int:
        """Have the supervisor reachable, and a tip that a human decided is P3 and everybody has looked at."""
        reachable(core, "supervisor")
        calm = core.told().tip_id
        decide(core, calm, "P3")
        with core.held("immigration", calm) as (session, case):
            casework.look(session, case)
        assert swept(core) == []
        return calm

    def test_is_alerted_when_newer_words_are_urgent_though_the_decision_stands(self, core: Core, calm: int) -> None:
        say_more(core, calm, DANGER)
        assert swept(core) == [("alert", NUMBERS["supervisor"], "en")]
        core.clock.turn(hours=1)
        assert swept(core) == [("alert", NUMBERS["supervisor"], "en")], "until somebody looks"

    def test_is_alerted_when_a_human_decides_that_it_is_urgent(self, core: Core, calm: int) -> None:
        decide(core, calm, "P1")
        assert swept(core) == []
        decide(core, calm, "P0")
        assert swept(core) == [("alert", NUMBERS["supervisor"], "en")]


FOUND = Answers(assessment.CHILD, assessment.LABOUR, assessment.TRAFFICKING, {"recruited": True, "d4_hours": False})


class TestWhatADeskFound:
    def test_it_is_sealed_to_that_desk_alone_and_each_is_kept(self, core: Core) -> None:
        done = core.told(child=True)
        with core.held("immigration", done.tip_id) as (session, case):
            first = assessing.keep(session, case, FOUND)
            assessing.keep(session, case, Answers(said={"d4_pay": True}), seen=first)
        with core.held("police", done.tip_id) as (session, case):
            assert assessing.history(session, case) == []
            assert assessing.kept(casework.view(session, case).thread) == []
        with core.held("supervisor", done.tip_id) as (session, case):
            newest, before = assessing.history(session, case)
        assert newest.answers == Answers(said={"d4_pay": True})
        assert (before.answers, before.account_id) == (FOUND, core.people["immigration"].account_id)
        for entry in core.entries(done.tip_id, thread.ASSESSMENT):
            assert core.readers(entry) == {"immigration"}
            assert b"recruited" not in entry.body

    def test_a_colleague_s_is_not_passed_over(self, core: Core) -> None:
        done = core.told()
        with core.held("immigration", done.tip_id) as (session, case):
            assessing.keep(session, case, FOUND, seen=0)
        with pytest.raises(errors.AlreadyThere), core.held("supervisor", done.tip_id) as (session, case):
            assessing.keep(session, case, FOUND, seen=0)

    def test_nothing_answered_is_nothing_found(self, core: Core) -> None:
        done = core.told()
        with pytest.raises(errors.EmptyTip), core.held("immigration", done.tip_id) as (session, case):
            assessing.keep(session, case, Answers(said={}))

    def test_it_does_not_go_with_a_referral(self, core: Core) -> None:
        done = core.told()
        with core.held("immigration", done.tip_id) as (session, case):
            assessing.keep(session, case, FOUND)
            casework.refer(session, case, "shelter", WHY)
        (entry,) = core.entries(done.tip_id, thread.ASSESSMENT)
        assert core.readers(entry) == {"immigration"}
        with pytest.raises(errors.ForbiddenMove), core.held("shelter", done.tip_id) as (session, case):
            assessing.keep(session, case, FOUND)

    def test_it_is_destroyed_with_what_was_taken_back(self, core: Core) -> None:
        done = core.told()
        with core.held("immigration", done.tip_id) as (session, case):
            assessing.keep(session, case, FOUND)
        with core.house.database.write() as session:
            tip = session.get_one(type(core.tip(done.tip_id)), done.tip_id)
            withdrawal.withdraw(session, tip, by="web", now=core.clock())
        (entry,) = core.entries(done.tip_id, thread.ASSESSMENT)
        assert (entry.body, entry.wraps) == (b"", b"")
        with pytest.raises(errors.ForbiddenMove), core.held("immigration", done.tip_id) as (session, case):
            assessing.keep(session, case, FOUND)
