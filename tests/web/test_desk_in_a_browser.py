"""The desk in Chromium, on a phone and wide: the main way through, by forms alone, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from tests import make
from tests.browser import press, served
from tests.web.desk import PHONE
from tests.web.test_pages_in_a_browser import SMALL_TARGETS
from tipline.house import House


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    with served(app) as at:
        yield at


class Person:
    """Somebody at a screen."""

    def __init__(self, browser: Browser, address: str, house: House, width: int, height: int) -> None:
        self.context: BrowserContext = browser.new_context(viewport={"width": width, "height": height})
        self.page: Page = self.context.new_page()
        self.address, self.house = address, house
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("request", self._count)

    def sign_in(self, name: str) -> None:
        self.page.goto(f"{self.address}/desk/sign-in?lang=en")
        self.page.fill("[name=username]", name)
        self.page.fill("[name=password]", make.password(self.house, name))
        press(self.page.locator("form.card button"))

    def fits(self) -> None:
        """Nothing scrolls sideways, and fingers hit what they aim at."""
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), self.page.url
        found = self.page.evaluate(SMALL_TARGETS)
        small = [one for one in found if "checkbox" not in one and "radio" not in one]  # their labels are the targets
        assert small == [], self.page.url

    def _hear(self, message: ConsoleMessage) -> None:
        self.said.append(message.text)

    def _count(self, request: Request) -> None:
        self.asked.append(request.url)


@pytest.mark.parametrize(("width", "height"), [(360, 640), (1280, 800)])
def test_the_main_way_through(browser: Browser, address: str, house: House, width: int, height: int) -> None:
    house.take_in(make.report(place="maputsoe-bridge"))
    house.take_in(make.report(channel="sms", text=make.STORY_ST, language="st", phone=PHONE), with_receipt=False)
    person = Person(browser, address, house, width, height)
    page = person.page
    person.sign_in("immigration")
    assert page.url == f"{address}/desk/"
    person.asked.clear()
    page.goto(f"{address}/desk/")
    assert len(person.asked) <= 6, person.asked
    person.fits()

    press(page.get_by_text("Maputsoe Bridge").first)
    assert page.locator(".story").inner_text() == make.STORY
    person.fits()
    press(page.locator("button:visible", has_text="Take it"))
    assert page.locator("p.said").inner_text() == "You work on this tip now."
    (page.locator("#note a") if width > 600 else page.locator(".bar a", has_text="More")).click()
    page.fill("#note-text", "Rang the labour office.")
    press(page.locator("#note button:not([name])"))
    assert "Rang the labour office." in page.locator("main").inner_text()
    page.fill("#reply-text", "What is the name of the hotel?")
    press(page.locator("#reply button:not([name])"))
    assert "Waits for the reporter’s receipt" in page.locator(".talk").inner_text()
    (page.locator("#refer a") if width > 600 else page.locator(".bar a", has_text="Refer")).click()
    page.select_option("#refer-desk", "shelter")
    press(page.locator("#refer button").last)
    page.locator("[name=consent][value=agreed]").check()
    page.fill("#reason", "A bed for tonight.")
    person.fits()
    press(page.locator("form.card button"))
    assert "Immigration → Shelter" in page.locator("main").inner_text()
    tip = page.url.split("?")[0]

    shelter = Person(browser, address, house, width, height)
    shelter.sign_in("shelter")
    press(shelter.page.locator("text=Offered to you"))
    press(shelter.page.get_by_role("button", name="Decline"))
    alert = shelter.page.get_by_role("alert").first
    assert alert.inner_text() == "This step needs a written reason."
    press(shelter.page.get_by_role("button", name="Accept"))
    assert shelter.page.url.split("?")[0] == tip
    shelter.fits()
    shelter.context.close()

    page.goto(tip)
    page.locator("#close a").first.click()
    page.select_option("#close-result", "assisted")
    page.fill("#close-served", "1")
    press(page.locator("#close button:not([name])"))
    assert "Somebody was assisted" in page.locator("main").inner_text()
    page.goto(f"{address}/desk/account")
    person.fits()
    press(page.locator("button[value=st]"))
    for where in ("/desk/", tip.removeprefix(address), "/desk/key", "/desk/account", "/desk/account/authenticator"):
        page.goto(address + where)
        assert page.evaluate("document.documentElement.lang") == "st"
        person.fits()
    page.goto(f"{address}/desk/account")
    press(page.locator("main form[action='/desk/sign-out'] button").first)
    assert page.url == f"{address}/desk/sign-in"
    page.goto(tip)
    assert "/desk/sign-in?next=" in page.url
    assert person.said == []
    person.context.close()


def test_the_administrators_pages_fit_a_phone(browser: Browser, address: str, house: House) -> None:
    person = Person(browser, address, house, 320, 640)
    person.sign_in("admin")
    assert person.page.url == f"{address}/desk/people"
    person.fits()
    person.page.fill("#name", "mpho")
    person.page.select_option("#desk", "police")
    press(person.page.get_by_role("button", name="Add and show"))
    assert len(person.page.locator(".secret").inner_text()) == 24
    person.fits()
    assert person.said == []
    person.context.close()


def test_a_page_of_another_site_cannot_post_here(browser: Browser, address: str, house: House, tmp_path: Path) -> None:
    person = Person(browser, address, house, 360, 640)
    person.sign_in("immigration")
    trap = tmp_path / "trap.html"
    trap.write_text(f'<form method=post action="{address}/desk/sign-out"><button name=everywhere>Win</button></form>')
    person.page.goto(trap.as_uri())
    press(person.page.locator("button"))
    assert "marang-rang" in person.page.content() or "another site" in person.page.content()
    person.page.goto(f"{address}/desk/key")
    assert person.page.url.endswith("/desk/key")
    person.context.close()
