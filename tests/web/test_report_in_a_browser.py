"""The report in Chromium without a script, on the smallest screens: it fits, fingers hit, Enter leads on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from tests.browser import served
from tests.web.reporter import STORY, as_read_by, last_tip
from tipline.house import House

WRONG = """() => {
  const small = [...document.querySelectorAll('a, button, input, select, textarea, summary')].map(e => {
    const box = (e.closest('.pick') || e).getBoundingClientRect();
    const seen = box.width && box.right > 0 && getComputedStyle(e).display != 'inline';
    return seen && (box.height < 48 || box.width < 44) ? e.outerHTML.slice(0, 80) : '';
  }).filter(Boolean);
  const named = [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
    .filter(e => !e.labels.length).map(e => 'no label: ' + e.name);
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  const led = [...document.querySelectorAll('[aria-describedby]')]
    .flatMap(e => e.getAttribute('aria-describedby').trim().split(/ +/)).filter(id => !ids.includes(id));
  const wide = document.documentElement.scrollWidth > innerWidth ? ['wide'] : [];
  const twice = new Set(ids).size < ids.length ? ['twice'] : [];
  return [...small, ...named, ...wide, ...twice, ...led.map(id => 'no ' + id)];
}"""


@pytest.fixture(scope="module")
def address(shared_app: Flask) -> Iterator[str]:
    with served(shared_app) as at:
        yield at


class Phone:
    """A phone's browser without a script; what its page looks like is asked from outside."""

    def __init__(self, browser: Browser, address: str, lang: str, width: int) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 320}, java_script_enabled=False)
        self.page: Page = self.context.new_page()
        self.home = f"{address}/{lang}"
        self.asked: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))

    def open(self, path: str) -> None:
        self.page.goto(f"{self.home}/{path}")
        self.fits()

    def press(self, value: str) -> None:
        self.tap(f"main button[value={value}]")

    def tap(self, what: str) -> None:
        with self.page.expect_navigation():
            self.page.click(what)
        self.fits()

    def fits(self) -> None:
        assert self.page.evaluate(WRONG) == [], self.page.inner_text("h1")


@pytest.mark.parametrize("width", [240, 360])
@pytest.mark.parametrize("lang", ["st", "en"])
def test_a_report_from_beginning_to_answer(
    browser: Browser, address: str, shared: House, lang: str, width: int
) -> None:
    phone = Phone(browser, address, lang, width)
    page = phone.page
    phone.open("report")
    phone.press("start")
    page.check("[value=yes]")
    phone.press("next")
    phone.press("next")
    page.fill("#story", STORY)
    page.select_option("#category", "labour")
    phone.press("next")
    page.check("[name=district][value=maseru]")
    page.fill("#where", "Ha Abia")
    page.keyboard.press("Enter")  # leads on, not back
    page.wait_for_selector("[name=happening]")
    phone.fits()
    page.check("[name=happening][value=now]")
    page.check("[name=child][value=no]")
    phone.press("next")
    for box in page.query_selector_all("[name=exclude]"):
        box.check()
    phone.press("next")
    assert page.is_checked("[value=police]")
    page.uncheck("[value=immigration]")
    page.uncheck("[value=police]")
    phone.press("next")
    page.fill("#phone", "12")
    phone.press("next")
    page.fill("#phone", "58801234")
    phone.press("next")
    phone.tap("header button.quiet")  # back: the number is still there
    assert page.input_value("#phone") == "58801234"
    phone.press("next")
    phone.press("send")
    digits = page.inner_text(".code")
    seen = as_read_by(shared, "immigration", last_tip(shared))
    assert (seen.text, seen.answers["exclude"], seen.can_text) == (STORY, ["shelter"], True)
    phone.open("inbox")
    page.fill("#receipt", "1234")
    page.keyboard.press("Enter")
    page.wait_for_selector("#w-receipt")
    phone.fits()
    page.fill("#receipt", digits)
    page.keyboard.press("Enter")
    page.wait_for_selector("#text")
    phone.fits()
    page.fill("#text", "Newcastle")
    phone.press("say")
    assert "Newcastle" in page.inner_text(".thread")
    assert all(url in {f"{phone.home}/report", f"{phone.home}/inbox"} or "favicon" in url for url in phone.asked)
    phone.context.close()


@pytest.mark.parametrize("width", [240, 360])
@pytest.mark.parametrize("lang", ["st", "en"])
def test_the_short_form(browser: Browser, address: str, shared: House, lang: str, width: int) -> None:
    phone = Phone(browser, address, lang, width)
    page = phone.page
    phone.open("report/short")
    for part in page.query_selector_all("summary"):
        part.click()
    phone.fits()
    phone.press("send")  # nothing said
    assert page.is_visible("#w-story")
    page.fill("#story", STORY)
    phone.tap("text=English" if lang == "st" else "text=Sesotho")
    assert page.input_value("#story") == STORY
    phone.press("send")
    assert len(page.inner_text(".code").replace(" ", "")) >= 16
    assert as_read_by(shared, "immigration", last_tip(shared)).text == STORY
    phone.context.close()


def test_leaving_is_one_touch_on_every_page(browser: Browser, address: str) -> None:
    phone = Phone(browser, address, "en", 240)
    phone.open("report")
    phone.press("start")
    phone.page.check("[value=no]")
    phone.press("next")
    phone.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    box = phone.page.locator(".leave").bounding_box()
    assert box
    assert 0 <= box["y"] < 20
    assert phone.page.get_attribute(".leave", "href") == "/exit"
    phone.context.close()
