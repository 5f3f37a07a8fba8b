"""The desk's pages in Chromium, on a phone and wide: they fit, and ask for little; no other site can post here."""

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

    def __init__(
        self, browser: Browser, address: str, house: House, width: int, height: int, *, touch: bool = False
    ) -> None:
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": height}, has_touch=touch, reduced_motion="reduce"
        )
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
def test_the_pages_in_sesotho(browser: Browser, address: str, house: House, width: int, height: int) -> None:
    done = house.take_in(make.report(channel="sms", text=make.STORY_ST, language="st", phone=PHONE), with_receipt=False)
    person = Person(browser, address, house, width, height)
    page = person.page
    person.sign_in("immigration")
    assert page.url == f"{address}/desk/"
    person.asked.clear()
    page.goto(f"{address}/desk/")
    assert len(person.asked) <= 6, person.asked
    page.goto(f"{address}/desk/account")
    person.fits()
    press(page.locator("button[value=st]"))
    tip = f"/desk/tips/{make.uid(house, done.tip_id)}"
    for where in ("/desk/", tip, "/desk/key", "/desk/account", "/desk/account/authenticator"):
        page.goto(address + where)
        assert page.evaluate("document.documentElement.lang") == "st"
        person.fits()
    page.goto(f"{address}/desk/account")
    press(page.locator("main form[action='/desk/sign-out'] button").first)
    assert page.url == f"{address}/desk/sign-in"
    page.goto(address + tip)
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
