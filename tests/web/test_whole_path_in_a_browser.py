"""Two tips from the queue to their end, in Chromium: a child in danger by touch in Sesotho, work by keys in English."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Locator, expect

from tests import make
from tests.browser import served
from tests.web.desk import at
from tests.web.test_axe import judge
from tests.web.test_desk_in_a_browser import Person
from tipline.house import House
from tipline.web.session import COOKIE, PATH

CHILD = "Ngoana oa lilemo tse 12 o notletsoe ka tlung e haufi le borokho. Ba mo tšelisa moeli bosiung bona."
ANSWER = "Rea leboha. Se kenele ka tlung eo. Re tla u araba mona hape."
AGAIN = "Ba mo khutlisitse hae. O bolokehile joale."
WORK = "They keep our passports at the farm and pay nothing. We are eleven men."
OTHER = "He sells forged permits at the taxi rank."


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    with served(app) as here:
        yield here


class Worker(Person):
    """Somebody at the desk who is signed in already; each page they come to is looked at."""

    def at_desk(self, app: Flask, name: str, lang: str) -> Worker:
        desk = at(app, name)
        desk.post("/desk/account/language", lang=lang)
        cookie = desk.client.get_cookie(COOKIE, path=PATH)
        assert cookie
        there = {"name": COOKIE, "value": cookie.value, "domain": "127.0.0.1", "path": PATH}
        self.context.add_cookies([there])  # type: ignore[list-item]
        self.page.goto(f"{self.address}/desk/")
        return self

    def look(self) -> None:
        """Let axe and fingers judge the page."""
        judge(self.page)
        self.fits()

    def tap(self, what: str | Locator) -> None:
        """Tap what leads to another page."""
        what = self.page.locator(what) if isinstance(what, str) else what
        with self.page.expect_navigation():
            what.tap()

    def unfold(self, name: str) -> Locator:
        """Open one of the acts below a tip."""
        self.page.locator(f"#{name} h2 a").tap()
        return self.page.locator(f"#{name}")

    def move(self, stage: str) -> None:
        """Change the stage, and see that it is so."""
        act = self.unfold("move")
        act.locator("select").select_option(stage)
        said = act.locator(f"option[value={stage}]").inner_text()
        self.tap(act.locator("button"))
        expect(self.page.locator(".head b").first).to_have_text(said)

    def reach(self, what: str, most: int = 40) -> None:
        """Press Tab until it has the focus."""
        field = self.page.locator(what)
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if field.evaluate("one => one === document.activeElement"):
                return
        pytest.fail(f"{what} is more than {most} steps away")

    def key(self, key: str, to: str) -> None:
        """Press a key that brings the focus somewhere."""
        self.page.keyboard.press(key)
        expect(self.page.locator(to)).to_be_focused()

    def leave(self, *keys: str) -> None:
        """Press keys, the last of which leads to another page."""
        for key in keys[:-1]:
            self.page.keyboard.press(key)
        with self.page.expect_navigation():
            self.page.keyboard.press(keys[-1])

    def told(self, text: str) -> None:
        """See what was done."""
        expect(self.page.locator("p.said")).to_contain_text(text)


def test_one_child_in_danger_by_touch_in_sesotho(browser: Browser, address: str, app: Flask, house: House) -> None:
    sent = house.take_in(make.report(text=CHILD, language="st", child=True, danger_now=True, place="maseru-bridge"))
    house.take_in(make.report(text=OTHER, category="other"))
    person = Worker(browser, address, house, 360, 640, touch=True).at_desk(app, "immigration", "st")
    page = person.page
    rows = page.locator("main a.row")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("P0")
    expect(rows.first.locator(".clock")).to_be_visible()
    person.look()
    person.tap(rows.first)
    expect(page.locator(".story")).to_have_text(CHILD)
    expect(page.locator(".head .clock")).to_have_count(1)
    person.look()
    person.tap(".bar form button")
    expect(page.locator("p.said")).to_be_visible()
    tip = page.url.split("?")[0]

    person.tap("#assessment a.btn")
    page.locator("[name=age][value=child]").tap()
    page.locator("[name=kind][value=labour]").tap()
    person.look()
    person.tap("[name=fork]")
    expect(page.locator("#questions")).to_be_visible()
    for code in ("taken_along", "d5_confined"):
        page.locator(f"[name={code}][value=yes]").tap()
    person.look()
    person.tap(".bar button.main")
    expect(page.locator("#assessment dt").first).to_be_visible()
    person.move("urgent_safety")
    person.tap("#police form button")
    page.locator("#summary").fill("Ngoana ea isoang ka theko moeling.")
    person.look()
    person.tap("form[action$='/police-report'] button")
    expect(page.locator(".paper")).to_contain_text("Ngoana ea isoang")
    expect(page.locator(".paper")).not_to_contain_text("borokho")
    page.locator("#to-station").fill("Maseru Bridge")
    page.locator("#number").fill("OB 12")
    person.look()
    person.tap("form[action$='/police-reports'] button")
    expect(page.locator("main")).to_contain_text("OB 12")
    expect(page.locator(".head .clock")).to_have_count(0)
    page.locator(".bar a[href='#reply']").tap()
    page.locator("#reply-text").fill(ANSWER)
    person.tap("#reply button:not([name])")
    expect(page.locator(".talk")).to_contain_text(ANSWER)

    page.locator(".bar a[href='#refer']").tap()
    page.locator("#refer-desk").select_option("shelter")
    person.tap("#refer form button")
    page.locator("label.pick", has_text=ANSWER).tap()
    page.locator("[name=consent][value=agreed]").tap()
    page.locator("#reason").fill("O hloka betha bosiung bona.")
    person.look()
    person.tap("form.card button")
    expect(page.locator(".notes", has_text="O hloka betha")).to_be_visible()
    person.look()

    police = Worker(browser, address, house, 360, 640, touch=True).at_desk(app, "police", "st")
    police.tap("main a.row")
    expect(police.page.locator(".story")).to_have_text(CHILD)
    expect(police.page.locator("main")).not_to_contain_text("betha")
    police.context.close()

    shelter = Worker(browser, address, house, 360, 640, touch=True).at_desk(app, "shelter", "st")
    inside = shelter.page
    shelter.tap("main a.row")
    expect(inside.locator(".story")).to_have_text(CHILD)
    expect(inside.locator(".talk .text")).to_have_text("Sena ha sea fetisetsoa ofising ea hau.")
    inside.locator(".bar a.main").tap()
    shelter.look()
    shelter.tap("#answer [value=accept]")
    for stage in ("admission_assessment", "service_plan", "reintegrated"):
        shelter.move(stage)
    shelter.look()
    close = shelter.unfold("close")
    close.locator("select").select_option("assisted")
    close.locator("[name=clients_served]").fill("1")
    close.locator("[name=reintegrated]").fill("1")
    shelter.tap(close.locator("button:not([name])"))
    expect(inside.locator("main .facts dd").last).to_have_text("1")
    expect(inside.locator("#close")).to_have_count(0)
    shelter.look()
    shelter.context.close()

    person.page.goto(f"{address}/desk/")
    expect(rows).to_have_count(1)
    assert sent.receipt
    reporter = Worker(browser, address, house, 360, 640, touch=True)
    reporter.page.goto(f"{address}/st/inbox")
    reporter.page.locator("#receipt").fill(sent.receipt)
    reporter.tap("main button")
    expect(reporter.page.locator(".thread")).to_contain_text(ANSWER)
    reporter.page.locator("#text").fill(AGAIN)
    reporter.tap("main button[value=say]")
    expect(reporter.page.get_by_role("status")).to_be_visible()
    judge(reporter.page)
    reporter.context.close()

    page.reload()
    expect(rows).to_have_count(2)
    expect(rows.first).to_have_class(re.compile(r"\bnew\b"))
    expect(rows.first).to_have_attribute("href", tip.removeprefix(address))
    person.tap(rows.first)
    expect(page.locator(".talk .them")).to_contain_text(AGAIN)
    person.look()
    assert person.said + police.said + shelter.said + reporter.said == []
    person.context.close()


def test_work_without_pay_by_keys_alone(browser: Browser, address: str, app: Flask, house: House) -> None:
    house.take_in(make.report(text=OTHER, category="other"))
    house.take_in(make.report(text=WORK, category="labour", danger_now=False, child=False))
    person = Worker(browser, address, house, 1280, 800).at_desk(app, "immigration", "en")
    page, key = person.page, person.page.keyboard
    person.look()
    person.leave("j", "j", "k", "Enter")
    expect(page.locator(".story")).to_have_text(WORK)
    person.look()
    tip = page.url.split("?")[0]
    person.leave("t")
    person.told("You work on this tip now.")

    person.leave("a")
    person.reach("[name=age][value='']")
    person.key("ArrowUp", "[name=age][value=adult]")
    person.reach("[name=kind][value='']")
    person.key("ArrowDown", "[name=kind][value=labour]")
    person.reach("[name=fork]")
    person.leave("Enter")
    person.reach("[name=d1_wages][value='']")
    for _ in range(2):
        key.press("ArrowUp")
    expect(page.locator("[name=d1_wages][value=yes]")).to_be_checked()
    person.look()
    person.leave("Enter")
    person.told("The assessment is kept.")
    expect(page.locator("#assessment dt").first).to_be_visible()

    person.key("p", "#priority-to")
    key.type("P2")
    key.press("Tab")
    key.type("The labour office goes there today.")
    person.leave("Tab", "Enter")
    expect(page.locator(".decided")).to_contain_text("The labour office goes there today.")
    person.key("n", "#note-text")
    key.type("Rang the labour office: r, t and e are typed here.")
    person.reach("#note button:not([name])")
    person.leave("Enter")
    person.told("The note is kept.")
    person.key("r", "#reply-text")
    key.type("Where is the farm?")
    person.reach("#reply button:not([name])")
    person.leave("Enter")
    person.told("The answer is written.")

    person.key("f", "#refer-desk")
    key.type("Police")
    person.leave("Tab", "Enter")
    person.look()
    person.reach("[name=consent][value=agreed]")
    key.press("Space")
    person.reach("#reason")
    key.type("Forced labour, it seems.")
    person.leave("Tab", "Enter")
    person.told("The other office was asked.")
    person.leave("u")
    expect(page).to_have_url(f"{address}/desk/")

    police = Worker(browser, address, house, 1280, 800).at_desk(app, "police", "en")
    police.leave("j", "Enter")
    expect(police.page.locator(".story")).to_have_text(WORK)
    expect(police.page.locator("main")).not_to_contain_text("Rang the labour office")
    police.look()
    police.key("t", "#answer-reason")
    police.reach("[value=decline]")
    police.leave("Enter")
    expect(police.page.get_by_role("alert").first).to_have_text("This step needs a written reason.")
    assert "422" in police.said.pop()  # the browser notes that it was refused
    police.look()
    police.key("t", "#answer-reason")
    key_there = police.page.keyboard
    key_there.type("It is across the border: not ours.")
    police.reach("[value=decline]")
    police.leave("Enter")
    expect(police.page).to_have_url(re.compile("/desk/[?]done=declined"))
    expect(police.page.locator("main a.row")).to_have_count(0)
    police.context.close()

    page.reload()
    person.leave("j", "Enter")
    expect(page.locator(".answer")).to_have_text("Police: It is across the border: not ours.")
    person.key("e", "#close-result")
    key.type("Somebody")
    person.reach("#close-note")
    expect(page.locator("label[for=close-note]")).to_have_text("Note: why it was not passed on to the police")
    person.reach("[name=onward]")
    person.leave("Enter")
    person.told("This step needs a written reason.")
    assert "422" in person.said.pop()
    person.key("e", "#close-result")
    person.reach("#close-note")
    key.type("The labour office has it; the police here are not the right ones.")
    person.reach("[name=onward]")
    person.leave("Enter")
    person.told("The tip is closed.")
    assert page.url.split("?")[0] != tip
    expect(page.locator(".story")).to_have_text(OTHER)
    person.leave("t")
    person.key("e", "#close-result")
    key.press("End")
    person.reach("#close-note")
    key.type("The same man told us this last week.")
    person.reach("#close button:not([name])")
    person.leave("Enter")
    person.told("Your supervisor is asked.")

    chief = Worker(browser, address, house, 1280, 800).at_desk(app, "supervisor", "en")
    chief.reach("a[href='/desk/approvals']")
    chief.leave("Enter")
    chief.look()
    chief.leave("j", "Enter")
    expect(chief.page.locator("#approval .text")).to_have_text("The same man told us this last week.")
    chief.look()
    chief.reach("[value=approve]")
    chief.leave("Enter")
    expect(chief.page.locator(".head b")).to_have_text("Closed")

    page.goto(tip)
    expect(page.locator(".facts", has_text="How it ended")).to_be_visible()
    expect(page.locator("#assessment h3")).to_have_count(0)
    person.look()
    person.leave("u")
    expect(page.locator("main a.row")).to_have_count(0)
    assert person.said + police.said + chief.said == []
    chief.context.close()
    person.context.close()
