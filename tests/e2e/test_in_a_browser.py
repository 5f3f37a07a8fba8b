"""What a newcomer does within minutes, in Chromium: three tips by three ways, read, one referred, one answered.

In both languages, without a script on the public pages, on a small phone and on a wide screen. ``TIPLINE_SHOTS=folder``
keeps pictures of each page.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser import press
from tests.e2e import running
from tests.e2e.running import Instance

SMALL: ViewportSize = {"width": 360, "height": 640}
WIDE: ViewportSize = {"width": 1280, "height": 800}
WORDS = {
    "en": {
        "report": "Tell us", "story": "A man at the rank offers work over the border and keeps the passports.",
        "by_text": "They hold my brother on a farm near Ficksburg and pay him nothing",
        "dialled": "My cousin went with an agent and does not answer",
        "answer": "We have read it. Write to us when it is safe.", "language": "2",
    },
    "st": {
        "report": "Re bolelle", "story": "Monna o fana ka mosebetsi mose ho moeli, o nka lipasa tsa batho.",
        "by_text": "Ba tšoere abuti oa ka polasing Ficksburg, ha ba mo lefe",
        "dialled": "Motsoalle oa ka o ile le agente, ha a arabe mohala",
        "answer": "Re balile molaetsa oa hau. Re ngolle ha ho bolokehile.", "language": "1",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def shown(template_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Give a demo instance as ``make run`` makes it: its own console for a carrier."""
    with running.demo_instance(tmp_path_factory.mktemp("shown"), template_var) as one:
        yield one


@pytest.mark.parametrize("lang", ["st", "en"])
def test_three_tips_by_three_ways_and_an_answer_back(shown: Instance, browser: Browser, lang: str) -> None:
    words, mark = WORDS[lang], secrets.token_hex(3)
    number = f"+266580{secrets.randbelow(10**5):05}"
    receipt = _by_web(shown, browser, lang, f"{words['story']} {mark}")
    phone = browser.new_page(viewport=WIDE)
    _by_ussd(shown, phone, number, words["language"], f"{words['dialled']} {mark}")
    _by_text(shown, phone, number, f"{words['by_text']} {mark}")

    desk = browser.new_context(viewport=SMALL, java_script_enabled=False, locale=lang).new_page()
    _sign_in(shown, desk, "immigration", lang)
    _shot(desk, f"{lang}-queue-small")
    for story in (words["story"], words["by_text"], words["dialled"]):
        _open(shown, desk, f"{story} {mark}")
    _shot(desk, f"{lang}-tip-small")

    _open(shown, desk, f"{words['by_text']} {mark}")
    desk.locator("#reply textarea").fill(f"{words['answer']} {mark}")
    press(desk.locator("#reply button:not([name])"))
    expect(desk.locator(".talk")).to_contain_text(mark)
    notice = "Reply 1" if lang == "en" else "Araba ka 1"
    expect(phone.locator("#thread")).to_contain_text(notice, timeout=60_000)
    assert words["answer"] not in phone.locator("#thread").inner_text()
    _by_text(shown, phone, number, "1")
    expect(phone.locator("#thread")).to_contain_text(f"{words['answer']} {mark}", timeout=60_000)
    _shot(phone, f"{lang}-phone")

    _open(shown, desk, f"{words['story']} {mark}")
    uid = desk.url.rsplit("/", 1)[1].split("?")[0].split("#")[0]
    desk.locator(".bar a[href='#refer']").click()
    desk.locator("#refer select").select_option("shelter")
    press(desk.locator("#refer button").last)
    desk.locator("[name=consent][value=agreed]").check()
    desk.locator("#reason").fill("a bed for tonight")
    _shot(desk, f"{lang}-refer-small")
    press(desk.locator("form.card button"))
    expect(desk.locator("main")).to_contain_text("a bed for tonight")

    shelter = browser.new_context(viewport=WIDE, java_script_enabled=False, locale=lang).new_page()
    _sign_in(shown, shelter, "shelter", lang)
    _open(shown, shelter, f"{words['story']} {mark}")
    press(shelter.locator("button[name=answer][value=accept]"))
    expect(shelter.locator(".head")).to_be_visible()
    _shot(shelter, f"{lang}-tip-wide")
    shelter.locator("#reply textarea").fill(f"{words['answer']} {mark}")
    press(shelter.locator("#reply button:not([name])"))

    for name, status in (("police", 404), ("admin", 403)):
        other = browser.new_context(viewport=SMALL, java_script_enabled=False, locale=lang).new_page()
        _sign_in(shown, other, name, lang)
        answer = other.goto(f"{shown.base}/desk/tips/{uid}")
        assert answer is not None
        assert answer.status in {status, 404}
        assert words["story"] not in other.content()

    _read_the_answer(shown, browser, lang, receipt, f"{words['answer']} {mark}")


def _by_web(one: Instance, browser: Browser, lang: str, story: str) -> str:
    page = browser.new_context(viewport=SMALL, java_script_enabled=False, locale=lang).new_page()
    page.goto(f"{one.base}/")
    assert f"/{lang}/" in page.url
    _shot(page, f"{lang}-home")
    press(page.get_by_role("link", name=WORDS[lang]["report"]).first)
    _shot(page, f"{lang}-report-start")
    press(page.locator("main a.btn, main button[value=next], main button").first)
    for _ in range(10):
        if page.locator(".code").count():
            break
        if page.locator("#story").count():
            page.locator("#story").fill(story)
        if page.locator("input[name=danger][value=no]").count():
            page.locator("input[name=danger][value=no]").check()
        _shot(page, f"{lang}-step-{page.locator('input[name=at]').get_attribute('value')}")
        press(page.locator("main button[value=next], main button[value=send]").first)
    digits = page.locator(".code").inner_text()
    assert re.fullmatch(r"\d{4} \d{4} \d{4} \d{4}", digits)
    _shot(page, f"{lang}-done")
    return digits


def _by_ussd(one: Instance, phone: Page, number: str, language: str, story: str) -> None:
    phone.goto(f"{one.base}/phone")
    phone.locator("#number").fill(number)
    phone.locator("button.call").click()
    screen = phone.locator("#screen")
    expect(screen).to_contain_text("1. Sesotho")
    _answer(phone, language)
    for _ in range(14):
        said = screen.inner_text()
        if re.search(r"\d{4} \d{4} \d{4} \d{4}", said):
            _shot(phone, f"ussd-{language}")
            phone.locator("button.end").click()
            return
        _answer(phone, "1" if re.search(r"^\d", said, re.MULTILINE) else story)
    pytest.fail("the report never ended")


def _answer(phone: Page, words: str) -> None:
    before = phone.locator("#screen").inner_text()
    phone.locator("#answer").fill(words)
    phone.locator("button.call").click()
    expect(phone.locator("#screen")).not_to_have_text(before)


def _by_text(one: Instance, phone: Page, number: str, words: str) -> None:
    phone.locator("#number").fill(number)
    phone.locator("#text").fill(words)
    phone.locator("button[value=text]").click()
    expect(phone.locator("#thread")).to_contain_text(words)


def _sign_in(one: Instance, page: Page, name: str, lang: str) -> None:
    page.goto(f"{one.base}/desk/sign-in?lang={lang}")
    page.locator("#username").fill(name)
    page.locator("#password").fill(one.people[name].password)
    press(page.locator("form.card button"))
    page.wait_for_url(re.compile(r"/desk/(?!sign-in)"))


def _open(one: Instance, page: Page, story: str) -> None:
    """Open tip after tip of the queue until the one with this story is there."""
    page.goto(f"{one.base}/desk/")
    tips = [link.get_attribute("href") for link in page.locator("main .rows a").all()]
    for tip in tips:
        page.goto(f"{one.base}{tip}")
        if story in page.content():
            return
    pytest.fail("no such tip in the queue")


def _read_the_answer(one: Instance, browser: Browser, lang: str, receipt: str, answer: str) -> None:
    page = browser.new_context(viewport=SMALL, java_script_enabled=False, locale=lang).new_page()
    page.goto(f"{one.base}/{lang}/inbox")
    page.locator("#receipt").fill(receipt)
    press(page.locator("main button").first)
    expect(page.locator(".thread")).to_contain_text(answer)
    assert receipt.replace(" ", "") not in page.url
    _shot(page, f"{lang}-inbox")
    leave = requests.get(f"{one.base}/exit", allow_redirects=False, timeout=running.PATIENCE)
    assert leave.status_code == 303


def _shot(page: Page, name: str) -> None:
    folder = os.environ.get("TIPLINE_SHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
