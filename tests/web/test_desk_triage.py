"""The guided assessment and the decision on the priority, as pages without a script."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests import make
from tests.web.desk import Desk, at, tell, tip_at, words
from tipline import assessment, followup
from tipline.house import House, utc_now
from tipline.models import Entry, Event, Tip

ADULT: dict[str, Any] = {"age": "adult", "kind": "labour", "matter": "trafficking"}
WHY = "The school says that she is safe with her aunt."
DANGER = "Help me now, they locked me in. I am a child."


@pytest.fixture
def desk(app: Flask) -> Desk:
    """Sign immigration in."""
    return at(app, "immigration")


def yes(*codes: str) -> dict[str, Any]:
    return dict.fromkeys(codes, "yes")


def chosen(page: str) -> set[tuple[str, str]]:
    """Return what is chosen in a form: names and values that say something."""
    found = re.findall(r'<input type="radio" name="(\w+)" value="(\w+)" checked>', page)
    return set(found)


def found_at(desk: Desk, tip: str) -> str:
    """Return the words of the assessment on a tip's page."""
    page = desk.get(tip)
    start = page.index('id="assessment"')
    return words(page[start : page.index("</section>", start)])


def add(house: House, tip: str, text: str) -> None:
    with house.database.write() as session:
        now = utc_now()
        row = session.scalars(select(Tip).where(Tip.uid == tip.rsplit("/", 1)[1])).one()
        followup.heed(session, row, text, danger_now=None, rules=house.rules, keys=house.keys, now=now)
        followup.add(session, row, text, keys=house.keys, now=now)


class TestTheQuestions:
    def test_first_whom_it_is_about_then_what_is_known(self, desk: Desk, house: House) -> None:
        tip = tell(house)
        first = desk.get(tip + "/assessment")
        assert "Whom is it about?" in first
        assert "What is known?" not in first
        second = desk.post(tip + "/assessment", 200, fork="1", **ADULT).text
        assert "Deception in recruitment" in second
        assert chosen(second) == set(ADULT.items())
        assert "Nobody of your desk has assessed it" in desk.get(tip), "nothing is kept by that"

    def test_a_child_is_asked_other_things_first(self, desk: Desk, house: House) -> None:
        tip = tell(house)

        def asked(age: str) -> list[str]:
            page = desk.post(tip + "/assessment", 200, fork="1", age=age, kind="labour").text
            return list(re.findall(r"<summary><b>([^<]+)</b>", page))

        assert asked("child")[:2] == ["Recruited or moved", "Exploitation"]
        assert "Recruited or moved" not in asked("adult")
        assert asked("adult")[:4] == [assessment.WORDS[code]["en"] for code in ("D1", "D2", "D4", "D5")]
        child = desk.post(tip + "/assessment", 200, fork="1", age="child").text
        assert "For a child no means need be shown" in child

    def test_what_the_report_suggests_is_marked_and_not_chosen(self, desk: Desk, house: House) -> None:
        tip = tell(house, text="They took her passport and she is not allowed to leave the farm", category="labour")
        assert "docs_held" in tip_at(house, tip).indicators
        assert "Nothing of it counts until you say so" in found_at(desk, tip)
        page = desk.post(tip + "/assessment", 200, fork="1").text
        assert chosen(page) == set()
        papers = page[page.index('id="d5_documents"') :]
        assert "the words suggest this" in papers[: papers.index("</p>")]
        assert "the report suggests this" in page[: page.index("Sexual exploitation")]

    def test_what_was_answered_is_not_lost_when_the_fork_changes(self, desk: Desk, house: House) -> None:
        tip = tell(house)
        page = desk.post(tip + "/assessment", 200, fork="1", age="adult", recruited="yes", d4_pay="no").text
        assert 'type="hidden" name="recruited" value="yes"' in page
        assert ("d4_pay", "no") in chosen(page)

    def test_trafficking_and_smuggling_are_told_apart_in_a_line(self, desk: Desk, house: House) -> None:
        said = words(desk.get(tell(house) + "/assessment"))
        assert "Smuggling: somebody is helped over a border for money, and is free afterwards." in said


class TestWhatIsShown:
    def test_which_dimensions_are_met_and_why(self, desk: Desk, house: House) -> None:
        tip = tell(house)
        given = yes("d1_job", "d1_wages", "d4_pay", "d5_documents", "d5_debt")
        desk.post(tip + "/assessment", **ADULT, **given, d4_hours="no")
        said = found_at(desk, tip)
        for part in (
            "An adult · Work · Trafficking immigration,",
            "Indicators present. They neither prove nor disprove anything. Not shown yet: Exploitation.",
            "Deception in recruitment present, because: Lied to about the work, the place or the employer; Lied to",
            "Force in recruitment not known yet",
            "Exploitation in part: Little pay or none",
            "Force where they are present, because: Papers are held by somebody else; Bound by a debt",
            "Of the checklist of the Act (s.22): 4 of 23 are present.",
            "to the designated protection centre (s.23)",
        ):
            assert part in said, part
        assert "probab" not in said
        assert "%" not in said
        assert "social worker" not in said

    def test_the_next_assessment_begins_with_it_and_both_are_kept(self, app: Flask, desk: Desk, house: House) -> None:
        tip = tell(house)
        desk.post(tip + "/assessment", **ADULT, d4_hours="yes")
        page = desk.get(tip + "/assessment")
        assert chosen(page) == {*ADULT.items(), ("d4_hours", "yes")}
        seen = re.search(r'name="seen" value="(\d+)"', page)
        assert seen
        supervisor = at(app, "supervisor")
        supervisor.post(tip + "/assessment", seen=seen[1], **ADULT, d4_hours="yes", d4_pay="yes")
        said = found_at(desk, tip)
        assert "Exploitation present, because: Very long hours or too many days; Little pay or none" in said
        assert "Earlier assessments: 1 immigration," in said
        assert "An adult · Work · Trafficking; indicators present: 1" in said

    def test_a_colleague_s_is_not_passed_over(self, app: Flask, desk: Desk, house: House) -> None:
        tip = tell(house)
        at(app, "supervisor").post(tip + "/assessment", seen="0", **ADULT)
        page = desk.post(tip + "/assessment", 409, seen="0", age="child", d4_pay="yes").text
        assert "A colleague kept an assessment while you wrote" in page
        assert {("age", "child"), ("d4_pay", "yes")} <= chosen(page)
        seen = re.search(r'name="seen" value="(\d+)"', page)
        assert seen
        desk.post(tip + "/assessment", seen=seen[1], age="child", d4_pay="yes")

    def test_a_child_and_what_the_law_asks_next(self, desk: Desk, house: House) -> None:
        tip = tell(house)
        desk.post(tip + "/priority", to="P3", reason=WHY)
        desk.post(tip + "/assessment", age="child", kind="labour", **yes("recruited", "d4_hours", "d4_pay"))
        said = found_at(desk, tip)
        assert "Present together, as the list has it for a child" in said
        assert "to the designated social worker (s.23)" in said
        assert "protection centre" not in said
        assert "P1 is advised; it stands at P3. Decide the priority" in said

    def test_sexual_exploitation_is_not_weighed(self, desk: Desk, house: House) -> None:
        tip = tell(house)
        codes = yes("d1_job", "d1_wages", "d4_hours", "d5_violence")
        desk.post(tip + "/assessment", age="adult", kind="sexual", **codes)
        said = found_at(desk, tip)
        assert "For sexual exploitation nothing is weighed: here is what is present." in said
        assert "Deception in recruitment noted: Lied to about the work" in said
        assert "present, because" not in said
        assert "Present together" not in said

    @pytest.mark.parametrize(
        ("more", "again"), [({"age": "adult"}, False), ({"age": "child"}, True), (yes("d5_debt"), True)]
    )
    def test_smuggling_is_referred_unless(self, more: dict[str, Any], again: bool, desk: Desk, house: House) -> None:
        tip = tell(house)
        desk.post(tip + "/assessment", matter="smuggling", **more)
        said = found_at(desk, tip)
        assert "Smuggling (s.12): refer it. P3, unless" in said
        assert ("look again whether it is trafficking" in said) == again
        assert "substantiated" not in said

    def test_nothing_answered_is_not_kept(self, desk: Desk, house: House) -> None:
        tip = tell(house)
        assert "Answer at least one question" in desk.post(tip + "/assessment", 422, d4_pay="").text
        assert "Nobody of your desk has assessed it" in desk.get(tip)

    def test_another_desk_sees_that_it_was_done_and_not_what(self, app: Flask, desk: Desk, house: House) -> None:
        tip = tell(house, child=True)
        desk.post(tip + "/assessment", **ADULT, **yes("d4_hours", "d4_pay"))
        police = at(app, "police")
        page = police.get(tip)
        assert "An assessment was kept" in page
        assert "Very long hours" not in page
        assert "Nobody of your desk has assessed it" in page
        with house.database.read() as session:
            assert not any(b"d4_hours" in body for body in session.scalars(select(Entry.body)))
            assert session.scalars(select(Event.data).where(Event.kind == "assessed")).one() == {}

    def test_not_what_is_closed(self, desk: Desk, house: House) -> None:
        tip = tell(house)
        desk.post(tip + "/take")
        desk.post(tip + "/assessment", **ADULT)
        desk.post(tip + "/outcome", result="information_given", note="They know where to go.")
        desk.post(tip + "/assessment", 409, **ADULT)
        desk.get(tip + "/assessment", 409)
        page = desk.get(tip)
        assert "An adult · Work" in page
        assert "Assess it again" not in page
        assert 'id="priority"' not in page

    def test_in_sesotho(self, desk: Desk, house: House) -> None:
        tip = tell(house)
        desk.post("/desk/account/language", lang="st")
        desk.post(tip + "/assessment", **ADULT, **yes("d4_hours", "d4_pay"))
        said = found_at(desk, tip)
        assert "Tšebeliso e mpe e teng, hobane: Lihora tse telele haholo" in said
        assert "setsing sa tšireletso" in said
        assert "O thetsitsoe ka moputso" in desk.get(tip + "/assessment")


class TestThePriority:
    def test_changing_it_asks_why_and_the_advice_stays_beside_it(self, app: Flask, desk: Desk, house: House) -> None:
        tip = tell(house, child=True)
        page = desk.post(tip + "/priority", 422, to="P3", reason=" ", before="P1").text
        assert "written reason" in page
        assert '<option value="P3" selected>' in page
        answer = desk.post(tip + "/priority", to="P3", reason=WHY, before="P1")
        said = words(desk.get(answer.headers["Location"]))
        assert "The priority is decided." in said
        assert "Why P1: A child is concerned" in said
        assert "Advised P1, decided P3 by immigration (Immigration)" in said
        assert WHY in said
        assert "Priority decided: P3 (it was P1; advised: P1)" in said
        other = words(at(app, "police").get(tip))
        assert "Advised P1, decided P3 by immigration (Immigration)" in other
        assert WHY not in other
        assert "Why is kept at that desk." in other

    def test_the_queues_of_all_its_desks_follow(self, app: Flask, desk: Desk, house: House) -> None:
        tip = tell(house, child=True)
        desk.post(tip + "/priority", to="P0", reason="She is at the border.")
        for one in (desk, at(app, "police")):
            assert tip in one.get("/desk/?priority=P0")
            assert tip not in one.get("/desk/?priority=P1")

    @pytest.mark.parametrize(
        ("form", "status"),
        [
            ({"to": "P1", "reason": "x"}, 409),
            ({"to": "P7", "reason": "x"}, 422),
            ({"reason": "x"}, 422),
            ({"to": "P0", "reason": "x", "before": "P2"}, 409),
            ({"to": "P0", "reason": "x" * 16_001}, 422),
        ],
    )
    def test_what_is_refused(self, form: dict[str, Any], status: int, desk: Desk, house: House) -> None:
        tip = tell(house, child=True)
        desk.post(tip + "/priority", status, **form)
        assert tip_at(house, tip).priority == "P1"

    def test_newer_words_bring_it_back_and_a_human_decides(self, desk: Desk, house: House) -> None:
        tip, other = tell(house), tell(house, danger_now=True)
        desk.post(tip + "/priority", to="P3", reason=WHY)
        add(house, tip, DANGER)
        queue = desk.get("/desk/?priority=P0")
        assert tip in queue
        assert other in queue
        assert "Newer words: P0" in queue
        page = desk.get(tip)
        said = words(page)
        assert "What the reporter said since would raise this to P0; it was decided P3 before." in said
        assert "Advised P0, decided P3" in said
        assert '<option value="P0" selected>' in page
        desk.post(tip + "/priority", to="P0", reason="They ask for help.", before="P3")
        assert "would raise this" not in desk.get(tip)
        assert "Newer words" not in desk.get("/desk/")
        assert tip_at(house, tip).priority == "P0"

    def test_where_nobody_decided_newer_words_raise_it(self, desk: Desk, house: House) -> None:
        tip = tell(house)
        assert "#raised" not in desk.get(tip)
        add(house, tip, "Hello?")
        add(house, tip, DANGER)
        page = desk.get(tip)
        assert 'href="#raised"' in page
        assert DANGER in page.partition('id="raised"')[2].partition("</li>")[0]
        said = words(page)
        assert "Raised to P0 by what the reporter added" in said
        assert "decided" not in said.split("Assessment")[0]

    def test_what_is_still_being_told_is_not_decided_yet(self, desk: Desk, house: House) -> None:
        done = house.take_in(make.report(channel="ussd", unfinished=True), with_receipt=False)
        tip = f"/desk/tips/{make.uid(house, done.tip_id)}"
        assert 'id="priority"' not in desk.get(tip)
        desk.post(tip + "/priority", 409, to="P0", reason="x")
