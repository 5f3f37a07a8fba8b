"""Telling the police: a sheet with little on it, what was handed over, their receipt; what takes a supervisor."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from tests import make
from tests.browser import press, served
from tests.web.api import Caller, said
from tests.web.desk import PHONE, Desk, at, tell, tell_by_phone, tip_at, words
from tests.web.test_axe import judge
from tipline.house import House
from tipline.models import Act, Entry

TELLING = "My sister works in a house in Hlotse and may not leave. Ring me: 5880 1234."
MINIMAL = ["what", "where", "when", "danger", "child"]


@pytest.fixture
def desk(app: Flask) -> Desk:
    return at(app, "immigration")


def paper(page: str) -> str:
    """Return the words of the sheet that is printed."""
    found = re.search(r'<article class="paper".*?</article>', page, re.DOTALL)
    return words(found[0]) if found else ""


def handed(now: datetime, **more: Any) -> dict[str, Any]:
    here = now + timedelta(hours=2)  # in Lesotho
    form = {"parts": MINIMAL, "station": "Hlotse", "day": f"{here:%Y-%m-%d}", "time": f"{here:%H:%M}"}
    return {**form, **more}


def test_little_goes_in_unless_somebody_chooses_more(desk: Desk, house: House) -> None:
    tip = tell_by_phone(house, text=TELLING, place="leribe", child=True)
    page = desk.get(tip + "/police-report")
    for part in MINIMAL:
        assert f'value="{part}" checked' in page, part
    assert 'value="words" checked' not in page
    assert "These words may tell who told: My sister works · me · 5880 1234" in words(page)
    assert paper(page) == ""

    page = desk.post(
        tip + "/police-report", 200, parts=MINIMAL, summary="Domestic work, kept in.", station="Hlotse"
    ).text
    sheet = paper(page)
    for part in (
        "A report to the police",
        "section 23",
        "Leribe",
        "A child is concerned Yes",
        "kept in.",
        "Signature",
        "Hlotse",
    ):
        assert part in sheet, part
    for left_out in ("sister", "5880", "1234", "Ring"):
        assert left_out not in sheet, left_out

    sheet = paper(desk.post(tip + "/police-report", 200, parts=["words"]).text)
    assert "My sister works in a house in Hlotse and may not leave. Ring me: […]." in sheet
    assert PHONE.number not in sheet
    assert "5880 1234" not in sheet
    assert "Choose" not in sheet
    with house.database.read() as session:
        assert session.scalars(select(Entry.kind).where(Entry.kind == "report")).all() == []
        assert session.scalars(select(Act.verb).where(Act.verb == "report_made")).all() == ["report_made"] * 2
    desk.post(tip + "/police-report", 422, parts=[])
    assert tip_at(house, tip).stage == "received"


def test_what_was_handed_over_is_kept_with_their_receipt(desk: Desk, house: House) -> None:
    tip = tell(house, place="leribe")
    form = handed(house.clock(), officer="Sgt. Mpho", summary="Kept in a house.")
    answer = desk.post(tip + "/police-reports", **form)
    said = words(desk.get(answer.headers["Location"]))
    for part in (
        "It is kept that the police were told.", "Told to the police", "Hlotse · Sgt. Mpho", "within an hour",
        "What they were given: What it is about , Where", "number is not kept yet", "The police were told",
        "Reported to police",
    ):  # fmt: skip
        assert part.replace(" ,", ",") in said.replace(" ,", ","), part
    address = tip + "/police-reports/1"
    assert "written yet" in desk.post(address + "/receipt", 422, number=" ").text
    desk.post(address + "/receipt", number="OB 77/11")
    said = words(desk.get(tip))
    assert "Their number: OB 77/11" in said
    sheet = paper(desk.get(address))
    for part in ("Kept in a house.", "OB 77/11", "Sgt. Mpho", "Leribe"):
        assert part in sheet, part
    police = at(desk.client.application, "police")
    police.get(address, 404)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"station": " "}, "which police station"),
        ({"day": "2999-01-01"}, "lies ahead"),
        ({"time": "noon"}, "lies ahead"),
        ({"parts": []}, "Nothing was written yet"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_lost(
    desk: Desk, house: House, changes: dict[str, Any], said: str
) -> None:
    tip = tell(house)
    answer = desk.post(tip + "/police-reports", 422, **{**handed(house.clock(), summary="Kept in <b>"), **changes})
    assert said in answer.text
    assert "Kept in &lt;b&gt;" in answer.text
    assert tip_at(house, tip).stage == "received"


def test_excluded_police_take_a_reason_and_a_name_is_heeded(desk: Desk, house: House) -> None:
    tip = tell(house, exclude=("police",), exclude_note="Sergeant Molefe")
    assert "Going against it takes a written reason" in desk.get(tip)
    page = desk.get(tip + "/police-report")
    assert "who must not get this: “Sergeant Molefe”" in page
    answer = desk.post(tip + "/police-report", 422, parts=MINIMAL)
    assert "written reason" in answer.text
    assert paper(answer.text) == ""
    reason = "The child is in danger tonight."
    assert paper(desk.post(tip + "/police-report", 200, parts=MINIMAL, reason=reason).text)
    desk.post(tip + "/police-reports", 422, **handed(house.clock()))
    desk.post(tip + "/police-reports", **handed(house.clock(), reason=reason))
    page = desk.get(tip)
    assert reason in page
    assert "although the reporter asked otherwise" in page
    at(desk.client.application, "police").get(tip, 404)


def test_the_police_desk_is_offered_where_it_may_be(desk: Desk, app: Flask, house: House) -> None:
    tip = tell(house)
    assert "a referral reaches them at once" in desk.get(tip + "/police-report")
    urgent = tell(house, danger_now=True)
    assert "nobody there has opened it yet" in desk.get(urgent)
    police = at(app, "police")
    own = police.get(urgent)
    assert "Make a report on paper" not in own
    assert '<option value="reported_police"' in own
    assert "has opened it already" in desk.get(urgent + "/police-report")
    assert '<option value="reported_police"' not in desk.get(urgent)


def test_without_action_a_supervisor_has_to_agree(desk: Desk, app: Flask, house: House) -> None:
    tip = tell(house)
    supervisor = at(app, "supervisor")
    desk.post(tip + "/take")
    assert "your supervisor has to agree" in desk.get(tip)
    answer = desk.post(tip + "/outcome", result="no_action", note="The same as last week.")
    page = desk.get(answer.headers["Location"])
    assert "Your supervisor is asked" in page
    assert "It waits for a supervisor" in page
    assert 'id="approval"' not in page
    desk.post(tip + "/approval", 403, answer="approve")
    assert tip_at(house, tip).stage == "screened"
    assert "Waits for a supervisor" in desk.get("/desk/approvals")

    assert "wait for your agreement: 1" in supervisor.get("/desk/")
    assert f'href="{tip}#approval"' in supervisor.get("/desk/approvals")
    assert "The same as last week." not in supervisor.get("/desk/approvals")
    page = supervisor.get(tip)
    assert "immigration proposes to close it without action" in words(page)
    assert "written reason" in supervisor.post(tip + "/approval", 422, answer="return", reason="").text
    supervisor.post(tip + "/approval", 404, answer="maybe")
    answer = supervisor.post(tip + "/approval", answer="return", reason="Ring them once more.")
    assert "The tip stays open" in supervisor.get(answer.headers["Location"])

    assert "Your supervisor sent back: 1" in desk.get("/desk/")
    assert "Sent back by supervisor: Ring them once more." in words(desk.get(tip))
    desk.post(tip + "/outcome", result="no_action", note="Rang twice; all is well.")
    answer = supervisor.post(tip + "/approval", answer="approve")
    page = supervisor.get(answer.headers["Location"])
    assert "Closed: No action" in page
    assert "Rang twice; all is well." in page
    assert "Nothing here" in supervisor.get("/desk/approvals")


def test_what_a_program_closed_without_a_word_is_asked_for(desk: Desk, app: Flask, house: House) -> None:
    tip = tell(house)
    program = Caller(app, "immigration")
    uid = tip.rsplit("/", 1)[1]
    assert program.post(f"tips/{uid}/moves", to="screened").status_code == 201
    assert said(program.post(f"tips/{uid}/outcome", result="assisted")) == {"stage": "closed"}
    assert "Closed without saying why the police were not told: 1" in desk.get("/desk/")
    assert f'href="{tip}#why"' in desk.get("/desk/approvals")
    assert "Why were the police not told?" in desk.get(tip)
    assert "written reason" in desk.post(tip + "/why", 422, reason=" ").text
    answer = desk.post(tip + "/why", reason="The mother wants no police.")
    page = desk.get(answer.headers["Location"])
    assert "Your reason is kept." in page
    assert "The mother wants no police." in page
    assert "Why were the police not told?" not in page
    assert "why the police were not told" not in desk.get("/desk/")
    desk.post(tip + "/why", 409, reason="Once more.")


def test_a_desk_without_a_supervisor_is_told_so(app: Flask, house: House) -> None:
    tip = tell(house, danger_now=True)
    police = at(app, "police")
    police.post(tip + "/take")
    assert "Your desk has no supervisor" in police.get(tip)
    assert "Your desk has no supervisor" in police.get("/desk/approvals")


def test_counts_fit_together_and_make_the_figures(desk: Desk, app: Flask, house: House) -> None:
    tip = tell(house)
    desk.post(tip + "/take")
    counts: dict[str, Any] = {"identified": "3", "clients_served": "14", "residential": "9", "reintegrated": "11"}
    refused = desk.post(tip + "/outcome", 422, result="assisted", **{**counts, "residential": "15"}, note="So.")
    assert "The counts do not fit" in refused.text
    assert "written reason" in desk.post(tip + "/outcome", 422, result="assisted", **counts).text
    desk.post(tip + "/outcome", result="assisted", **counts, note="They wanted no police.")
    said = words(desk.get(tip))
    assert "Victims identified 3 People served 14 Stayed in the shelter 9 Reintegrated 11" in said
    desk.get("/desk/figures", 403)
    said = words(at(app, "supervisor").get("/desk/figures"))
    for part in (
        "Tips closed 1",
        "Somebody was assisted 1",
        "People: Victims identified 3",
        "People: People served 14",
    ):
        assert part in said, part
    assert make.STORY not in said


def test_one_sheet_of_paper_without_a_number(browser: Browser, app: Flask, house: House) -> None:
    tip = tell_by_phone(house, text=TELLING, place="leribe", danger_now=True, child=True)
    with served(app) as address:
        context = browser.new_context(viewport={"width": 320, "height": 640}, bypass_csp=True)
        page = context.new_page()
        page.goto(f"{address}/desk/sign-in?lang=en")
        page.fill("[name=username]", "immigration")
        page.fill("[name=password]", make.password(house, "immigration"))
        press(page.locator("form.card button"))
        page.goto(f"{address}{tip}/police-report")
        judge(page)
        page.fill("#summary", "A girl works in a house in Hlotse and may not leave it.")
        page.check("[name=parts][value=words]")
        press(page.get_by_role("button", name="Show the report"))
        expect(page.locator(".paper")).to_contain_text("A girl works in a house")
        judge(page)
        printed = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
        page.emulate_media(media="print")
        seen = page.locator("body").inner_text()
        assert "Received by the police" in seen
        for left_out in ("5880 1234", "58801234", "The police have it", "Print it with"):
            assert left_out not in seen, left_out
        page.emulate_media(media="screen")
        page.fill("#to-station", "Hlotse")
        page.fill("#number", "OB 12")
        press(page.get_by_role("button", name="The police have it"))
        expect(page.locator("p.said")).to_have_text("It is kept that the police were told.")
        expect(page.locator("main")).to_contain_text("OB 12")
        judge(page)
        context.close()
