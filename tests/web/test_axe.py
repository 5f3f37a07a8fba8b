"""Every page by axe-core's rules (WCAG 2.2 A and AA, best practice), on 320 pixels: public, the report, the desk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update

from sms import missed
from tests import make
from tests.browser import press, served
from tipline import abuse, blocklist, followup, outbox
from tipline.models import Account, HeldBack, OutMessage, Tip
from tipline.outbox import Text
from tipline.phones import Phone

RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
TOLD = [
    "",
    "learn",
    "learn/job-offers",
    "learn/your-rights",
    "help",
    "privacy",
    "report",
    "report/short",
    "inbox",
    "nothing-here",
]
STEPS = 9  # danger, safety, story, where, when, exclude, contact, check, done


@pytest.fixture(scope="module")
def address(shared_app: Flask) -> Iterator[str]:
    with served(shared_app) as at:
        yield at


@pytest.fixture(params=["st", "en"])
def lang(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def _the_desk_speaks(shared_app: Flask, lang: str) -> None:
    with make.house_of(shared_app).database.write() as session:
        session.execute(update(Account).values(lang=lang))


@pytest.fixture
def page(browser: Browser, lang: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 320, "height": 640}, bypass_csp=True, locale=lang)
    yield context.new_page()
    context.close()


def judge(page: Page) -> None:
    """Fail with what axe has against the page, and if it scrolls sideways."""
    page.evaluate("scrollTo(0, 0)")  # what lies half under the head is one scroll away, not small
    found = Axe().run(page, options=RULES).response["violations"]
    said = [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found]
    assert said == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


def test_the_pages_that_tell(page: Page, address: str, lang: str) -> None:
    for name in TOLD:
        page.goto(f"{address}/{lang}/{name}")
        judge(page)


def test_a_report_and_coming_back(page: Page, address: str, lang: str) -> None:
    page.goto(f"{address}/{lang}/report")
    press(page.locator("main button").first)
    seen = 0
    while not page.locator(".code").count():
        judge(page)
        seen += 1
        if page.locator("input[name=danger][value=yes]").count():
            page.locator("input[name=danger][value=yes]").check()
        if page.locator("#story").count():
            page.locator("#story").fill(make.STORY)
        press(page.locator("main button[value=next], main button[value=send]").first)
        assert seen < STEPS, page.url
    judge(page)
    digits = page.locator(".code").inner_text()
    page.goto(f"{address}/{lang}/inbox")
    page.locator("#receipt").fill("1234")
    press(page.locator("main button").first)
    judge(page)
    page.locator("#receipt").fill(digits)
    press(page.locator("main button").first)
    assert page.locator("#text").count()
    judge(page)
    page.locator("main summary").click()
    judge(page)
    for move in ("close", "back", "withdraw", "withdraw_yes"):
        if move == "withdraw":
            page.locator("main summary").click()
        press(page.locator(f"main button[value={move}]"))
        judge(page)


def test_the_desk(page: Page, address: str, lang: str, shared_app: Flask) -> None:
    house = make.house_of(shared_app)
    house.take_in(make.report(danger_now=True))
    page.goto(f"{address}/desk/sign-in?lang={lang}")
    judge(page)
    page.locator("#username").fill("immigration")
    page.locator("#password").fill(make.password(house, "immigration"))
    press(page.locator("form.card button"))
    page.wait_for_url("**/desk/")
    judge(page)
    tip = page.locator("main .rows a").first.get_attribute("href")
    press(page.locator(".find button"))  # nothing is written: it says so
    judge(page)
    page.locator("#search").fill("passport")
    press(page.locator(".find button"))
    expect(page.locator(".finds mark").first).to_be_visible()
    judge(page)
    for path in (tip, "/desk/account", "/desk/account/authenticator", "/desk/key", "/desk/retention", "/desk/keys"):
        page.goto(f"{address}{path}")
        judge(page)


def test_triage_by_hand_with_the_keyboard_alone(page: Page, address: str, lang: str, shared_app: Flask) -> None:
    house = make.house_of(shared_app)
    told = "They took her passport and she is not allowed to leave the farm."
    tip = f"{address}/desk/tips/{make.uid(house, house.take_in(make.report(text=told)).tip_id)}"
    page.goto(f"{address}/desk/sign-in?lang={lang}")
    page.locator("#username").fill("immigration")
    page.locator("#password").fill(make.password(house, "immigration"))
    page.locator("#password").press("Enter")
    page.wait_for_url("**/desk/")
    page.set_viewport_size({"width": 320, "height": 12000})  # a target half under the bar is one scroll away, not small
    page.goto(tip)
    page.locator("#assessment a.btn").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[name=age]")).to_have_count(3)
    judge(page)
    page.locator("[name=age][value='']").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator("[name=age][value=adult]")).to_be_checked()
    page.locator("[name=kind][value='']").focus()
    page.keyboard.press("ArrowDown")  # round to the first: work
    page.locator("[name=fork]").press("Enter")
    expect(page.locator("#questions")).to_be_visible()
    judge(page)
    for code in ("d5_documents", "d5_confined"):
        page.locator(f"[name={code}][value='']").focus()
        page.keyboard.press("ArrowDown")
        expect(page.locator(f"[name={code}][value=yes]")).to_be_checked()
    closed = page.locator("details:not([open]) > summary").first
    closed.press("Enter")
    judge(page)
    page.locator("#assess > button").last.press("Enter")
    page.wait_for_url("**done=assessed*")
    expect(page.locator("#assessment dt").first).to_be_visible()
    judge(page)
    page.goto(f"{tip}#priority")
    page.locator("#priority-to").select_option("P3")
    page.locator("#priority-reason").fill("The labour office has it in hand.")
    page.locator("#priority button").press("Enter")
    expect(page.locator(".decided")).to_be_visible()
    with house.database.write() as session:
        row = session.scalars(select(Tip).where(Tip.uid == tip.rsplit("/", 1)[1])).one()
        followup.heed(
            session, row, "Help me now!", danger_now=True, rules=house.rules, keys=house.keys, now=house.clock()
        )
    page.goto(tip)
    expect(page.locator("#priority-to")).to_have_value("P0")
    judge(page)
    page.goto(f"{address}/desk/?priority=P0")
    judge(page)


def test_a_request_to_be_called(page: Page, address: str, lang: str, shared_app: Flask) -> None:
    house = make.house_of(shared_app)
    with house.database.write() as session:
        call = missed.Call("plain", f"axe-{lang}", "+26658123457")
        missed.take(
            session, call, keys=house.keys, rules=house.rules, bounds=house.settings.bounds, pace=house.pace,
            now=house.clock(),
        )  # fmt: skip
        uid = session.scalars(select(Tip.uid).order_by(Tip.id.desc())).first()
    page.goto(f"{address}/desk/sign-in?lang={lang}")
    page.locator("#username").fill("immigration")
    page.locator("#password").fill(make.password(house, "immigration"))
    press(page.locator("form.card button"))
    page.wait_for_url("**/desk/")
    page.goto(f"{address}/desk/tips/{uid}")
    judge(page)
    if page.locator("form[action$='/take']").count():
        press(page.locator(".bar form button"))
    press(page.locator("form[action*='/number'] button"))
    expect(page.locator("#number")).to_have_attribute("href", "tel:+26658123457")
    judge(page)


def test_what_is_done_about_abuse_by_phone(page: Page, address: str, lang: str, shared_app: Flask) -> None:
    house = make.house_of(shared_app)
    lead, *others = [
        house.take_in(
            make.report(channel="sms", phone=Phone(f"+2665800000{number}"), danger_now=True), with_receipt=False
        ).tip_id
        for number in range(3)
    ]
    for other in others:
        with house.database.write() as session:
            abuse.fold(session, other, lead, house.clock())
    with make.held(house, make.identity(house, "supervisor"), lead) as (session, case):
        blocklist.block(session, case, "Insults, day after day.")
    with house.database.write() as session:
        session.merge(HeldBack(minute=house.clock().replace(second=0, microsecond=0)))
    page.goto(f"{address}/desk/sign-in?lang={lang}")
    page.locator("#username").fill("supervisor")
    page.locator("#password").fill(make.password(house, "supervisor"))
    press(page.locator("form.card button"))
    page.wait_for_url("**/desk/")
    judge(page)
    for path in (f"tips/{make.uid(house, lead)}#block", f"tips/{make.uid(house, others[0])}", "blocked"):
        page.goto(f"{address}/desk/{path}")
        if page.locator("details").count():
            page.locator("summary").first.press("Enter")
        judge(page)


def test_the_administrator_s_pages(page: Page, address: str, lang: str, shared_app: Flask) -> None:
    house = make.house_of(shared_app)
    with house.database.write() as session:
        number = outbox.promise(session, Text("+26658123456", "-"), kind="notice", keys=house.keys, now=house.clock())
        row = session.get_one(OutMessage, number)
        row.state, row.carrier, row.failure = outbox.DEAD, "africastalking", "not_understood"
    page.goto(f"{address}/desk/sign-in?lang={lang}")
    page.locator("#username").fill("admin")
    page.locator("#password").fill(make.password(house, "admin"))
    press(page.locator("form.card button"))
    page.wait_for_url("**/desk/people")
    for path in (
        "/desk/people",
        "/desk/carriers",
        "/desk/alerts",
        "/desk/audit",
        "/desk/rules",
        "/desk/rules/change?act=change&rule=2",
    ):
        page.goto(f"{address}{path}")
        judge(page)


def test_the_supervisor_s_pages(page: Page, address: str, lang: str, shared_app: Flask) -> None:
    house = make.house_of(shared_app)
    house.take_in(make.report(danger_now=True))
    page.goto(f"{address}/desk/sign-in?lang={lang}")
    page.locator("#username").fill("supervisor")
    page.locator("#password").fill(make.password(house, "supervisor"))
    page.locator("#password").press("Enter")
    page.wait_for_url("**/desk/")
    tip = page.locator("main .rows a").first.get_attribute("href")
    page.goto(f"{address}{tip}")
    judge(page)
    page.locator("a[href*='/desk/audit?tip=']").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/audit?tip=*")
    judge(page)
    page.locator("#tip").fill("")
    page.locator("#tip").press("Enter")
    page.wait_for_url("**/desk/audit?person=*")
    judge(page)


def test_the_phone_of_a_demo(page: Page, address: str) -> None:
    page.goto(f"{address}/phone")
    judge(page)
    page.click("button[value='ask']")
    page.wait_for_selector("#thread .me")
    judge(page)
