"""The pages in Chromium: nothing scrolls sideways, fingers hit what they aim at, nothing is blocked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Request

from tests.browser import served
from tests.web.small import small_app
from tests.web.test_pages import BUDGETS

SMALL_TARGETS = """[...document.querySelectorAll('a,button,input,select,summary')].filter(e => {
  const box = e.getBoundingClientRect();
  const seen = box.width && box.right > 0 && getComputedStyle(e).display != 'inline';
  return seen && (box.height < 48 || box.width < 44);
}).map(e => e.outerHTML.slice(0, 80))"""
LEAVE = "(b => [b.top, b.right])(document.querySelector('.leave').getBoundingClientRect())"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(small_app(demo=True)) as at:
        yield at


@pytest.mark.parametrize("width", [240, 320, 1280])
@pytest.mark.parametrize("lang", ["st", "en"])
def test_every_page_fits_every_screen(browser: Browser, address: str, lang: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 320}, java_script_enabled=True)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        said.append(message.text)

    def count(request: Request) -> None:
        asked.append(request.url)

    page.on("console", hear)
    page.on("request", count)
    for name, (_, most) in BUDGETS.items():
        asked.clear()
        page.goto(f"{address}/{lang}/{name}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        assert page.evaluate(SMALL_TARGETS) == [], name
        assert len(asked) <= most, asked
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        top, right = page.evaluate(LEAVE)
        assert 0 <= top < 20, "Leave stays in sight"
        assert width - 20 < right <= width
    assert said == []
    context.close()


def test_an_answer_to_a_question_opens_without_a_script(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 640}, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/en/learn/job-offers")
    why = page.get_by_text("A real job will still be there tomorrow.")
    assert not why.is_visible()
    page.get_by_text("Say yes quickly").click()
    assert why.is_visible()
    context.close()
