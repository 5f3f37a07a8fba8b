"""The desk's script in Chromium: keys from the sign-in on; what is new; the lock."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests import make
from tests.browser import served
from tests.web.desk import at, tell
from tests.web.test_axe import judge
from tipline.house import House
from tipline.web.session import COOKIE, PATH

CHILD = "A girl of 12 is locked in a house at the bridge. They take her across the border tonight."


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    with served(app) as here:
        yield here


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    size = {"width": 1280, "height": 800}
    context = browser.new_context(viewport=size, bypass_csp=True, reduced_motion="reduce")  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def enter(page: Page, address: str, app: Flask, where: str = "/desk/") -> None:
    """Open a page as immigration, signed in already."""
    cookie = at(app, "immigration").client.get_cookie(COOKIE, path=PATH)
    assert cookie
    page.context.add_cookies([{"name": COOKIE, "value": cookie.value, "domain": "127.0.0.1", "path": PATH}])
    page.goto(address + where)


def status(page: Page, said: str) -> None:
    expect(page.locator("p.said")).to_contain_text(said)
    page.wait_for_load_state()  # then keys work


def tabs(page: Page, times: int) -> None:
    for _ in range(times):
        page.keyboard.press("Tab")


def test_a_report_by_keys_from_the_sign_in_to_a_stage(page: Page, address: str, house: House) -> None:
    house.take_in(make.report(text="He sells forged permits at the taxi rank.", category="other"))
    house.take_in(make.report(text=CHILD, child=True, danger_now=True, place="maseru-bridge"))
    key = page.keyboard
    page.goto(f"{address}/desk/sign-in?lang=en")
    page.locator("#username").focus()
    key.type("immigration")
    key.press("Tab")
    key.type(make.password(house, "immigration"))
    key.press("Enter")
    expect(page).to_have_url(f"{address}/desk/")
    page.wait_for_load_state()
    key.press("?")
    expect(page.locator("#sheet")).to_be_visible()
    judge(page)
    key.press("Escape")
    expect(page.locator("#sheet")).to_be_hidden()
    key.press("b")
    expect(page.locator("main")).to_be_hidden()
    expect(page).to_have_title("Lentsoe")
    key.press("j")
    expect(page.locator("main")).to_be_hidden()
    key.press("b")
    expect(page).to_have_title("Queue · Lentsoe")
    key.press("j")
    expect(page.locator("main a.row").first).to_be_focused()
    key.press("j")
    key.press("k")
    expect(page.locator("main a.row:focus")).to_contain_text("P0")
    expect(page.locator("main a.row:focus")).to_contain_text("first look due in 60 min")
    key.press("Enter")
    expect(page.locator(".story")).to_have_text(CHILD)
    page.wait_for_load_state()
    expect(page.locator(".head .clock")).to_have_text("police: 23 h left")
    key.press("t")
    status(page, "You work on this tip now.")
    key.press("n")
    expect(page.locator("#note-text")).to_be_focused()
    key.type("the jug reads b and t")  # keys rest while one types
    tabs(page, 2)
    key.press("Enter")
    status(page, "The note is kept.")
    key.press("s")
    expect(page.locator("#move-to")).to_be_focused()
    key.type("Urgent")
    key.press("Tab")
    key.type("Called the unit at the bridge.")
    key.press("Tab")
    key.press("Enter")
    status(page, "The stage was changed.")
    key.press("u")
    expect(page).to_have_url(f"{address}/desk/")
    page.wait_for_load_state()
    key.press("/")
    expect(page.locator("#search")).to_be_focused()


def test_what_is_new_comes_by_itself_and_takes_no_focus(page: Page, address: str, app: Flask, house: House) -> None:
    tip = tell(house, danger_now=True)
    page.clock.install()
    enter(page, address, app)
    rows = page.locator("main a.row")
    expect(rows).to_have_count(1)
    tell(house, danger_now=True)
    page.clock.fast_forward(26_000)
    expect(rows).to_have_count(2)
    expect(page.locator("#news")).to_have_text("New here: 1")
    expect(page.locator(".tabs a", has_text="Urgent")).to_have_text("Urgent 2")
    page.keyboard.press("j")
    expect(rows.first).to_be_focused()
    held = rows.first.get_attribute("href")
    tell(house, danger_now=True)
    page.clock.fast_forward(26_000)
    offered = page.locator("#news button")
    expect(offered).to_have_text("New here: 1")
    expect(rows).to_have_count(2)
    assert page.evaluate("document.activeElement.getAttribute('href')") == held
    offered.click()
    expect(rows).to_have_count(3)
    page.clock.fast_forward(5 * 60_000)
    expect(page.locator("main a.row .clock").last).to_have_text(re.compile("first look due in 5[0-9] min"))

    page.goto(address + tip)
    expect(page.locator("#now")).to_be_empty()
    colleague = at(app, "supervisor")
    colleague.post(tip + "/take")
    colleague.get(tip)
    page.clock.fast_forward(26_000)
    expect(page.locator("#now")).to_contain_text("Also open now with: supervisor.")
    expect(page.locator("#now")).to_contain_text("Meanwhile: supervisor: Taken.")
    at(app, "immigration").post("/desk/account/keys", shortcuts="0")
    page.goto(f"{address}/desk/")
    for key in "?jkubt/":
        page.keyboard.press(key)
    expect(page.locator("main a.row:focus")).to_have_count(0)
    expect(page.locator("main")).to_be_visible()
    expect(page.locator("dialog:visible")).to_have_count(0)
    expect(page).to_have_url(f"{address}/desk/")


def test_an_idle_screen_is_locked_and_what_was_typed_stays(page: Page, address: str, app: Flask, house: House) -> None:
    tip = tell(house)
    page.set_viewport_size({"width": 360, "height": 640})
    page.clock.install()
    enter(page, address, app, tip)
    page.locator("#reply-text").fill("Where is she now?")
    page.clock.fast_forward(13 * 60_000 + 5_000)
    expect(page.locator("#soon")).to_be_visible()
    judge(page)
    with page.expect_response("**/now?seen=*") as answer:
        page.keyboard.press("t")  # it says that somebody is there, and takes nothing
    assert answer.value.request.headers["x-look"] == "here"
    expect(page.locator("#soon")).to_be_hidden()
    with page.expect_response("**/desk/sign-out"):
        page.clock.fast_forward(16 * 60_000)
    expect(page.locator("#lock")).to_be_visible()
    expect(page.locator("#lock-password")).to_be_focused()
    expect(page.locator(".story")).to_be_hidden()
    expect(page).to_have_title("Lentsoe")
    judge(page)
    other = page.context.new_page()
    other.goto(f"{address}/desk/")
    assert "/desk/sign-in" in other.url, "the server knows nobody here any more"
    other.close()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("#lock")).to_be_visible()
    page.locator("#lock-password").fill("not the passphrase")
    page.keyboard.press("Enter")
    expect(page.locator("#lock .wrong")).to_contain_text("not right")
    page.locator("#lock-password").fill(make.password(house, "immigration"))
    page.keyboard.press("Enter")
    expect(page.locator("#lock")).to_be_hidden()
    expect(page.locator("#reply-text")).to_have_value("Where is she now?")
    page.locator("#reply button:not([name])").click()
    status(page, "The answer is written.")
    expect(page.locator("p.hint", has_text="Nobody has taken it yet")).to_be_visible()
