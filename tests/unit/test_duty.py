"""The duty to report: what is not passed on takes a written reason; closing without action takes a supervisor."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests import make
from tests.unit.conftest import Core
from tipline import approval, casework, duty, errors, lifecycle, outcomes, police_report, queue, thread
from tipline.models import Account, Event, Outcome, Tip
from tipline.phones import Phone
from tipline.police_report import Told

WHY = "The mother found him at his aunt's house."
PHONE = Phone("+26658001234", "kannel", "32100")


def screened(core: Core, **told: object) -> int:
    done = core.told(**told)
    with core.held("immigration", done.tip_id) as (session, case):
        casework.take(session, case)
    return done.tip_id


def kinds(core: Core, tip_id: int) -> list[str]:
    with core.house.database.read() as session:
        return list(session.scalars(select(Event.kind).where(Event.tip_id == tip_id).order_by(Event.id)))


class TestNotPassingOn:
    @pytest.mark.parametrize("to", ["substantiated", "not_substantiated"])
    def test_it_takes_a_written_reason_once(self, core: Core, to: str) -> None:
        tip_id = screened(core)
        with pytest.raises(errors.ReasonMissing), core.held("immigration", tip_id) as (session, case):
            casework.move(session, case, to, " ")
        assert core.tip(tip_id).stage == "screened"
        with core.held("immigration", tip_id) as (session, case):
            casework.move(session, case, to, WHY)
        assert kinds(core, tip_id) == ["received", "taken", "moved", "not_passed_on"]
        assert core.readers(core.entries(tip_id, thread.REASON)[0]) == {"immigration"}
        assert core.tip(tip_id).police_at == core.clock()
        with core.held("immigration", tip_id) as (session, case):
            casework.close(session, case, "identified")
        assert kinds(core, tip_id)[-1] == "closed"

    def test_to_close_it_takes_one_too(self, core: Core) -> None:
        tip_id = screened(core)
        with pytest.raises(errors.ReasonMissing), core.held("immigration", tip_id) as (session, case):
            casework.close(session, case, "information_given")
        with core.held("immigration", tip_id) as (session, case):
            casework.close(session, case, "information_given", note=WHY)
        assert kinds(core, tip_id)[-2:] == ["closed", "not_passed_on"]

    def test_what_the_police_know_takes_none(self, core: Core) -> None:
        tip_id = screened(core)
        with core.held("immigration", tip_id) as (session, case):
            casework.move(session, case, "reported_police")
            casework.move(session, case, "substantiated")
            casework.close(session, case, "assisted")
        assert "not_passed_on" not in kinds(core, tip_id)

    @pytest.mark.parametrize("result", sorted(lifecycle.AT_THE_POLICE))
    def test_nor_what_the_police_work_on(self, core: Core, result: str) -> None:
        tip_id = screened(core)
        with core.held("immigration", tip_id) as (session, case):
            casework.close(session, case, result)
        assert core.tip(tip_id).stage == "closed"

    def test_nor_what_their_own_desk_does(self, core: Core) -> None:
        done = core.told(danger_now=True)
        with core.held("police", done.tip_id) as (session, case):
            casework.take(session, case)
            casework.move(session, case, "substantiated")
        assert core.tip(done.tip_id).stage == "substantiated"

    def test_nor_what_their_desk_reads(self, core: Core) -> None:
        tip_id = screened(core, danger_now=True)
        with core.held("immigration", tip_id) as (session, case):
            assert duty.is_passed_on(session, case.tip, case.who.desk_id)
            casework.close(session, case, "assisted")
        assert "not_passed_on" not in kinds(core, tip_id)

    def test_a_program_may_leave_the_reason_for_later(self, core: Core) -> None:
        tip_id = screened(core)
        with core.held("immigration", tip_id) as (session, case):
            casework.move(session, case, "substantiated", later=True)
            with pytest.raises(errors.ReasonMissing):
                approval.end(session, case, "no_action", later=True)
            with pytest.raises(errors.AlreadyThere):
                approval.explain(session, case, WHY)
            assert approval.end(session, case, "assisted", later=True, clients_served=2)
        for name in ("immigration", "supervisor"):
            with core.held(name, tip_id) as (session, case):
                assert approval.counts(session, case.who) == {approval.UNSAID: 1}
                listed = approval.waiting(session, case.who)
                assert [(one.uid, one.state) for one in listed] == [(case.tip.uid, approval.UNSAID)]
        with core.held("immigration", tip_id) as (session, case):
            with pytest.raises(errors.ReasonMissing):
                approval.explain(session, case, " ")
            assert approval.is_unsaid(session, case)
            approval.explain(session, case, WHY)
            assert not approval.is_unsaid(session, case)
            assert approval.counts(session, case.who) == {}
            with pytest.raises(errors.AlreadyThere):
                approval.explain(session, case, WHY)
        assert kinds(core, tip_id)[-2:] == ["closed", "not_passed_on"]
        assert core.readers(core.entries(tip_id, thread.REASON)[0]) == {"immigration"}

    def test_where_the_police_know_nothing_is_left_for_later(self, core: Core) -> None:
        tip_id = screened(core)
        with core.held("immigration", tip_id) as (session, case):
            casework.move(session, case, "reported_police")
            assert approval.end(session, case, "assisted", later=True)
            assert approval.counts(session, case.who) == {}

    def test_a_referral_has_its_reason_already(self, core: Core) -> None:
        tip_id = core.accepted()
        with core.held("shelter", tip_id) as (session, case):
            casework.move(session, case, "admission_assessment")
            casework.close(session, case, "assisted", clients_served=1)
        assert core.tip(tip_id).stage == "closed"

    def test_against_the_reporters_wish_it_takes_a_reason(self, core: Core) -> None:
        tip_id = screened(core, exclude=("police",))
        with pytest.raises(errors.ReasonMissing), core.held("immigration", tip_id) as (session, case):
            casework.move(session, case, "reported_police")
        with core.held("immigration", tip_id) as (session, case):
            casework.move(session, case, "reported_police", "A child may die.")
        assert kinds(core, tip_id)[-2:] == ["moved", "told_though_excluded"]


class TestClosingWithoutAction:
    def test_a_caseworker_proposes_and_a_supervisor_agrees(self, core: Core) -> None:
        tip_id = screened(core)
        with pytest.raises(errors.ApprovalNeeded), core.held("immigration", tip_id) as (session, case):
            casework.close(session, case, "no_action", note=WHY)
        with core.held("immigration", tip_id) as (session, case):
            approval.propose(session, case, WHY)
            with pytest.raises(errors.NotAllowed):
                approval.answer(session, case, approval.APPROVE)
        assert core.tip(tip_id).stage == "screened"
        core.clock.turn(days=400)  # nothing is closed by waiting
        with core.held("supervisor", tip_id) as (session, case):
            assert approval.counts(session, case.who) == {approval.WAITING: 1}
            listed = approval.waiting(session, case.who)
            assert [(one.uid, one.by, one.state) for one in listed] == [(case.tip.uid, "immigration", approval.WAITING)]
            found = approval.proposal(session, case)
            assert found is not None
            assert (found.reason, found.by, found.state) == (WHY, "immigration", approval.WAITING)
            approval.answer(session, case, approval.APPROVE)
            assert approval.counts(session, case.who) == {}
        assert core.tip(tip_id).stage == "closed"
        assert kinds(core, tip_id)[-4:] == ["close_proposed", "close_approved", "closed", "not_passed_on"]
        with core.held("supervisor", tip_id) as (session, case):
            assert [one.data for one in casework.view(session, case).thread if one.kind == thread.OUTCOME] == [
                {"text": WHY}
            ]
        with pytest.raises(errors.ForbiddenMove), core.held("supervisor", tip_id) as (session, case):
            approval.answer(session, case, approval.APPROVE)

    def test_it_comes_back_with_a_reason(self, core: Core) -> None:
        tip_id = screened(core)
        with core.held("immigration", tip_id) as (session, case):
            with pytest.raises(errors.ReasonMissing):
                approval.propose(session, case, " ")
            approval.propose(session, case, WHY)
        with pytest.raises(errors.ReasonMissing), core.held("supervisor", tip_id) as (session, case):
            approval.answer(session, case, approval.RETURN, " ")
        with core.held("supervisor", tip_id) as (session, case):
            approval.answer(session, case, approval.RETURN, "Ring the school first.")
            with pytest.raises(errors.AlreadyThere):
                approval.answer(session, case, approval.APPROVE)
        with core.held("immigration", tip_id) as (session, case):
            found = approval.proposal(session, case)
            assert found is not None
            assert (found.state, found.answer, found.answered_by) == (
                approval.RETURNED, "Ring the school first.", "supervisor",
            )  # fmt: skip
            assert approval.counts(session, case.who) == {approval.RETURNED: 1}
            assert approval.waiting(session, case.who)[0].state == approval.RETURNED
            approval.propose(session, case, "The school says he is there.")
            assert approval.counts(session, case.who) == {}
        for entry in core.entries(tip_id, thread.REASON):
            assert core.readers(entry) == {"immigration"}

    def test_whatever_moves_the_tip_overtakes_it(self, core: Core) -> None:
        tip_id = screened(core)
        with core.held("immigration", tip_id) as (session, case):
            approval.propose(session, case, WHY)
            casework.move(session, case, "urgent_safety")
        with core.held("supervisor", tip_id) as (session, case):
            assert approval.proposal(session, case) is None
            assert approval.counts(session, case.who) == {}
            with pytest.raises(errors.AlreadyThere):
                approval.answer(session, case, approval.APPROVE)

    def test_another_desk_sees_nothing_of_it(self, core: Core) -> None:
        done = core.told(danger_now=True)
        with core.held("police", done.tip_id) as (session, case):
            casework.take(session, case)
            approval.propose(session, case, WHY)
            assert not approval.has_supervisor(session, case.who.desk_id)
        with core.held("supervisor", done.tip_id) as (session, case):
            assert approval.has_supervisor(session, case.who.desk_id)
            assert approval.proposal(session, case) is None
            assert approval.waiting(session, case.who) == []
            with pytest.raises(errors.AlreadyThere):
                approval.answer(session, case, approval.APPROVE)

    def test_unread_it_cannot_even_be_proposed(self, core: Core) -> None:
        done = core.told()
        with pytest.raises(errors.ForbiddenMove), core.held("immigration", done.tip_id) as (session, case):
            approval.propose(session, case, WHY)

    def test_nobody_agrees_to_their_own(self, core: Core) -> None:
        tip_id = screened(core)
        with core.held("immigration", tip_id) as (session, case):
            assert not approval.end(session, case, "no_action", note=WHY, later=True)
            session.get_one(Account, case.who.account_id).role = "supervisor"
            promoted = replace(case, who=replace(case.who, role="supervisor"))
            with pytest.raises(errors.NotAllowed):
                approval.answer(session, promoted, approval.APPROVE)

    def test_a_supervisor_needs_no_other(self, core: Core) -> None:
        tip_id = screened(core)
        with core.held("supervisor", tip_id) as (session, case):
            casework.close(session, case, "no_action", note=WHY)
        assert core.tip(tip_id).stage == "closed"


class TestTellingThePolice:
    def told(self, core: Core, **changes: object) -> Told:
        said = {"what": "Labour", "where": "Maseru", "words": "Ring me, 5800 1234 or (+266)58001234!", "later": " "}
        given = {
            "station": "Maseru Central",
            "at": core.clock(),
            "said": said,
            "officer": "Sgt. Thabo",
            "number": "OB 7",
        }
        return Told(**{**given, **changes})  # type: ignore[arg-type]

    def test_it_is_kept_sealed_to_the_desk_and_moves_the_tip(self, core: Core) -> None:
        tip_id = screened(core, danger_now=True, phone=PHONE)
        core.clock.turn(hours=25)
        with core.held("immigration", tip_id) as (session, case):
            police_report.tell(session, case, self.told(core, at=core.clock() - timedelta(hours=3)))
        tip = core.tip(tip_id)
        assert (tip.stage, kinds(core, tip_id)[-2:]) == ("reported_police", ["moved", "police_told"])
        for entry in core.entries(tip_id, thread.REPORT):
            assert core.readers(entry) == {"immigration"}
            assert b"Maseru" not in entry.body
        with core.held("supervisor", tip_id) as (session, case):
            (kept,) = police_report.reports(session, case)
            assert (kept.station, kept.officer, kept.number) == ("Maseru Central", "Sgt. Thabo", "OB 7")
            assert (kept.by, kept.hours, kept.late, kept.has_receipt) == ("immigration", 22, False, True)
            assert kept.said == {"what": "Labour", "where": "Maseru", "words": "Ring me, […] or ([…]!"}
            assert "58001234" not in repr(kept)
            assert "Maseru" not in repr(kept)
        with core.held("police", tip_id) as (session, case):
            assert police_report.reports(session, case) == []

    def test_their_number_may_come_later(self, core: Core) -> None:
        tip_id = screened(core)
        core.clock.turn(hours=25)
        with core.held("immigration", tip_id) as (session, case):
            number = police_report.tell(session, case, self.told(core, number=" "))
            assert police_report.report(session, case, number).late
            assert not police_report.report(session, case, number).has_receipt
            with pytest.raises(errors.EmptyTip):
                police_report.add_receipt(session, case, number, "", " ")
            police_report.add_receipt(session, case, number, "", "OB 9")
            kept = police_report.report(session, case, number)
            assert (kept.number, kept.officer) == ("OB 9", "Sgt. Thabo")
            with pytest.raises(errors.AlreadyThere):
                police_report.add_receipt(session, case, number, "", "OB 10")
            police_report.tell(session, case, self.told(core, station="Hlotse"))  # a second station
            assert [one.station for one in police_report.reports(session, case)] == ["Maseru Central", "Hlotse"]
        other = screened(core)
        with pytest.raises(errors.NotFound), core.held("immigration", other) as (session, case):
            police_report.add_receipt(session, case, number, "", "OB 9")

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"station": " "}, errors.StationMissing),
            ({"said": {"what": " ", "unheard-of": "x"}}, errors.EmptyTip),
            ({"at": make.NOON + timedelta(hours=1)}, errors.BadTime),
            ({"at": make.NOON - timedelta(hours=1)}, errors.BadTime),
            ({"officer": "a" * 201}, errors.TooLong),
            ({"said": {"words": "a" * 64_001}}, errors.TooLong),
        ],
    )
    def test_what_cannot_be_is_refused_whole(
        self, core: Core, changes: dict[str, object], error: type[Exception]
    ) -> None:
        tip_id = screened(core)
        with pytest.raises(error), core.held("immigration", tip_id) as (session, case):
            police_report.tell(session, case, self.told(core, **changes))
        assert core.tip(tip_id).stage == "screened"
        assert core.entries(tip_id, thread.REPORT) == []

    def test_excluded_police_get_nothing_without_a_reason(self, core: Core) -> None:
        tip_id = screened(core, exclude=("police",))
        for _ in range(2):  # the second time the stage is reached already
            with pytest.raises(errors.ReasonMissing), core.held("immigration", tip_id) as (session, case):
                police_report.tell(session, case, self.told(core))
            with core.held("immigration", tip_id) as (session, case):
                police_report.tell(session, case, self.told(core, reason="A child may die."))
        assert kinds(core, tip_id).count("told_though_excluded") == 2
        with pytest.raises(errors.NotFound), core.held("police", tip_id):
            pass

    def test_a_closed_one_is_told_no_more(self, core: Core) -> None:
        tip_id = screened(core)
        with core.held("immigration", tip_id) as (session, case):
            casework.close(session, case, "assisted", note=WHY)
        with pytest.raises(errors.ForbiddenMove), core.held("immigration", tip_id) as (session, case):
            police_report.tell(session, case, self.told(core))

    def test_the_clock_is_the_queues(self, core: Core) -> None:
        tip = core.tip(screened(core))
        assert duty.due(tip) == tip.received_at + timedelta(hours=24)


class TestFigures:
    @pytest.mark.parametrize(
        "counts",
        [
            {"clients_served": 2, "reintegrated": 3},
            {"clients_served": 2, "residential": 3},
            {"clients_served": 0, "non_residential": 1},
        ],
    )
    def test_counts_that_cannot_be_are_refused(self, core: Core, counts: dict[str, Any]) -> None:
        tip_id = core.accepted()
        with pytest.raises(errors.BadCounts), core.held("shelter", tip_id) as (session, case):
            casework.close(session, case, "assisted", **counts)
        assert core.tip(tip_id).stage == "accepted"

    def test_a_supervisor_sees_the_months_of_their_own_desk(self, core: Core) -> None:
        first, second, third = screened(core), screened(core), screened(core, danger_now=True)
        everybody: dict[str, Any] = {
            "identified": 3,
            "clients_served": 14,
            "residential": 9,
            "reintegrated": 11,
            "non_residential": 14,
        }
        with core.held("immigration", first) as (session, case):
            casework.close(session, case, "assisted", note=WHY, **everybody)
        core.clock.turn(days=30)
        with core.held("immigration", second) as (session, case):
            casework.close(session, case, "not_identified", note=WHY)
        with core.held("immigration", third) as (session, case):
            told = Told("Maseru", core.clock(), {"what": "Labour"})
            police_report.tell(session, case, told)
            police_report.tell(session, case, told)
            casework.close(session, case, "prosecuted", clients_served=1)
        with core.house.database.read() as session:
            who = core.people["supervisor"]
            months = outcomes.by_month(session, who.desk_id or 0, core.clock())
            assert [one.month for one in months] == ["2026-12", "2026-11"]
            assert (months[0].closed, months[0].told) == (2, 1)
            assert months[0].results == {"not_identified": 1, "prosecuted": 1}
            assert months[0].people["clients_served"] == 1
            assert (months[1].closed, months[1].told, months[1].people) == (1, 0, everybody)
            summary = queue.summary(session, who, core.clock())
            assert summary["months"] == [vars(one) for one in months]
            assert "months" not in queue.summary(session, core.people["immigration"], core.clock())
            assert outcomes.by_month(session, core.people["shelter"].desk_id or 0, core.clock()) == []
            assert set(session.scalars(select(Outcome.desk_id))) == {who.desk_id}

    def test_a_month_is_lesothos(self, core: Core) -> None:
        tip_id = screened(core)
        core.clock.now = core.clock.now.replace(month=11, day=30, hour=22, minute=30)  # the first of December there
        with core.held("supervisor", tip_id) as (session, case):
            casework.close(session, case, "assisted", note=WHY)
        with core.house.database.read() as session:
            months = outcomes.by_month(session, core.people["supervisor"].desk_id or 0, core.clock())
            assert [one.month for one in months] == ["2026-12"]
            assert session.scalar(select(Tip.stage)) == "closed"
