"""The demo's phone in the browser: it reaches the real doors over HTTP, and a desk's answer reaches it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from werkzeug.serving import make_server

from sms.phone_line import Texts
from tests import make, postgres
from tests.browser import press
from tests.channels.ussd_phone import Desk, tips_of
from tipline import outbox
from tipline.house import House
from tipline.models import OutMessage, Tip

NUMBER = "+26658000000"


@dataclass
class Served:
    """A demo instance that answers on loopback."""

    app: Flask
    address: str

    @property
    def house(self) -> House:
        return make.house_of(self.app)

    def deliver(self) -> None:
        """Do what the worker does."""
        outbox.deliver(self.house.database, self.house.sender, self.house.keys, self.house.clock)

    def press(self, do: str, **fields: str) -> dict[str, Any]:
        """Press a key as the page's script does."""
        answer = requests.post(
            f"{self.address}/phone",
            data={"number": NUMBER, **fields, "do": do},
            headers={"Accept": "application/json"},
            timeout=20,
        )
        assert answer.status_code == 200
        state: dict[str, Any] = answer.json()
        return state


@pytest.fixture
def served(var: Path) -> Iterator[Served]:
    """Serve a fresh demo instance."""
    address = f"http://127.0.0.1:{postgres.free_port()}"
    app = make.app(var, TIPLINE_BASE_URL=address)
    server = make_server("127.0.0.1", int(address.rsplit(":", 1)[1]), app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Served(app, address)
    server.shutdown()
    thread.join()
    server.server_close()
    make.house_of(app).database.dispose()


def open_phone(browser: Browser, served: Served, *, script: bool = True, width: int = 360) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 640}, java_script_enabled=script)
    page = context.new_page()
    page.goto(f"{served.address}/phone")
    return page


def send(page: Page, answer: str | None = None) -> str:
    """Press the green key and return the next screen."""
    if answer is not None:
        page.fill("#answer", answer)
    steps = page.input_value("[name=steps]")
    page.click(".call")
    page.wait_for_function("old => document.querySelector('[name=steps]').value !== old", arg=steps)
    return page.inner_text("#screen")


def test_a_report_is_walked_to_its_receipt_on_the_keypad(browser: Browser, served: Served) -> None:
    page = open_phone(browser, served)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    assert "Sesotho" in send(page)
    page.click("button[value='key-9']")
    page.click(".clear")
    page.click("button[value='key-2']")
    assert page.input_value("#answer") == "2"
    screen = send(page)
    assert screen.startswith("Choose:")
    for _ in range(9):
        screen = send(page, "1")
    assert "in your own words" in screen
    screen = send(page, "They took her passport * and she cannot leave")
    receipt = re.search(r"(\d{4} ){3}\d{4}", screen)
    assert receipt
    assert send(page, "1").startswith("Thank you.")
    assert page.input_value("#answer") == "*123#"
    (tip,) = tips_of(served.house)
    assert Desk(served.app).view(tip).text == "They took her passport * and she cannot leave"
    opened = requests.post(f"{served.address}/api/v1/receipts/open", json={"receipt": receipt[0]}, timeout=20)
    assert opened.json()["stage"] == "received"
    assert said == []
    page.context.close()


def test_a_desks_answer_arrives_on_the_phone_that_wrote(browser: Browser, served: Served) -> None:
    page = open_phone(browser, served, width=1280)
    page.fill("#text", "They took her passport, help, Maputsoe")
    page.click("button[value='text']")
    expect(page.locator("#thread .me")).to_contain_text("They took her passport")
    expect(page.locator("#text")).to_have_value("")
    served.deliver()
    reply = page.locator("#thread li:not(.me)")
    expect(reply).to_contain_text("Thank you")
    assert "passport" not in reply.inner_text()

    desk = Desk(served.app)
    with served.house.database.read() as session:
        tip = session.scalars(select(Tip).where(Tip.channel == "sms")).one()
        session.expunge(tip)
    desk.answer(tip, "We are sending someone to the bus stop.")
    served.deliver()
    expect(reply).to_have_count(2)
    assert "bus stop" not in page.inner_text("#thread")
    page.fill("#text", "1")
    page.click("button[value='text']")
    expect(page.locator("#thread .me")).to_have_count(2)
    served.deliver()
    expect(page.locator("#thread")).to_contain_text("We are sending someone to the bus stop.")
    page.context.close()


def test_without_a_script_every_key_works(browser: Browser, served: Served) -> None:
    page = open_phone(browser, served, script=False)
    press(page.locator(".call"))
    press(page.locator("button[value='key-1']"))
    press(page.locator("button[value='key-2']"))
    press(page.locator(".clear"))
    assert page.input_value("#answer") == "1"
    press(page.locator(".call"))
    assert "Tlaleha" in page.inner_text("#screen")
    press(page.locator(".end"))
    assert (page.inner_text("#screen"), page.input_value("#answer")) == ("", "*123#")
    page.fill("#text", "Ba nkile pasa ea ka, nthuse")
    page.select_option("#door", "kannel")
    press(page.locator("button[value='text']"))
    served.deliver()
    press(page.locator("button[value='refresh']"))
    assert page.input_value("#door") == "kannel"
    assert page.locator("#thread li").count() == 2
    page.context.close()


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_it_fits_and_its_keys_can_be_hit(browser: Browser, served: Served, width: int) -> None:
    page = open_phone(browser, served, width=width)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = "[...document.querySelectorAll('button,input:not([type=hidden],[type=checkbox]),.switch,select,a')]"
    small += ".filter(e => {"
    small += "const b = e.getBoundingClientRect(); return b.width && b.height < 40}).map(e => e.outerHTML.slice(0, 60))"
    assert page.evaluate(small) == []
    page.context.close()


@pytest.mark.parametrize("door", ["africastalking", "twilio", "kannel"])
def test_each_door_takes_its_carriers_own_request(served: Served, door: str) -> None:
    state = served.press("text", text="Thusa, š \u2019m\u2019e", door=door)
    assert (state["problem"], state["text"]) == ("", "")
    assert [one["mine"] for one in state["texts"]] == ([True, False] if door == "twilio" else [True])
    served.deliver()
    texts = served.press("refresh")["texts"]
    assert [one["mine"] for one in texts] == [True, False]
    assert texts[1]["other"] == "48000"
    with served.house.database.read() as session:
        assert session.scalar(select(Tip.channel).order_by(Tip.id.desc()).limit(1)) == "sms"


@pytest.mark.parametrize("door", ["africastalking", "twilio", "kannel"])
@pytest.mark.parametrize(("do", "texts"), [("ring", 0), ("ask", 1)])
def test_a_call_that_nobody_takes_and_please_call_me_ask_for_a_call(
    served: Served, door: str, do: str, texts: int
) -> None:
    state = served.press(do, door=door, text="half a")
    assert (state["problem"], state["text"], sum(one["mine"] for one in state["texts"])) == ("", "half a", texts)
    with served.house.database.read() as session:
        tip = session.scalars(select(Tip).order_by(Tip.id.desc()).limit(1)).one()
        assert (tip.channel, "call_back_asked" in tip.reasons) == ("sms", True)
    served.deliver()
    answers = [one for one in served.press("refresh")["texts"] if not one["mine"]]
    assert len(answers) == 1
    assert "12:" in answers[0]["text"] or "18:00" in answers[0]["text"], "when can you talk?"


@pytest.mark.parametrize(("off", "fate"), [({}, "delivered"), ({"off": "1"}, "undelivered")])
def test_the_desk_hears_whether_a_text_reached_the_phone(served: Served, off: dict[str, str], fate: str) -> None:
    served.press("text", text="Ba nkile pasa ea ka, nthuse", **off)
    served.deliver()
    served.press("text", text="ENGLISH", was=NUMBER)  # on again, in the same hand
    served.deliver()
    with served.house.database.read() as session:
        fates = list(session.scalars(select(OutMessage.delivery).order_by(OutMessage.id)))
    shown = [one["mine"] for one in served.press("refresh")["texts"]]
    assert fates[0] == fate
    assert shown == ([True, True, False] if off else [True, False, True, False])
    with served.house.database.read() as session:
        assert set(session.scalars(select(OutMessage.delivery))) == {fate, "delivered"}


def test_each_phone_has_its_own_texts_switch_and_session(served: Served) -> None:
    first = served.press("text", text="from the first", off="1")
    assert (first["number"], first["off"]) == (NUMBER, True)
    at_menu = served.press("call", answer="*123#", off="1", was=NUMBER)
    kept = {name: str(at_menu[name]) for name in ("session", "steps", "typed", "screen", "was", "number")}
    second = served.press("phone-2", **kept, off="1")
    assert (second["number"], second["was"], second["off"]) == ("+26658000001", "+26658000001", False)
    assert (second["session"], second["screen"], second["texts"]) == ("", "", [])
    third = served.press("refresh", **{**kept, "number": "5800 0002"})
    assert (third["number"], third["session"], third["texts"]) == ("+26658000002", "", [])
    back = served.press("phone-1", was="+26658000002", number="+26658000002")
    assert (back["off"], [one["text"] for one in back["texts"]]) == (True, ["from the first"])


def test_a_report_on_a_text_that_the_house_did_not_promise_is_dropped(served: Served) -> None:
    said = {"to": NUMBER, "from": "", "text": "only a try", "id": "never heard of"}
    headers = {"X-Phone-Secret": served.house.settings.console_secret}
    assert requests.post(f"{served.address}/phone/deliver", json=said, headers=headers, timeout=20).status_code == 200
    for _ in range(2):
        assert [one["text"] for one in served.press("refresh")["texts"]] == ["only a try"]


def test_with_a_script_another_phone_is_taken_in_the_hand(browser: Browser, served: Served) -> None:
    page = open_phone(browser, served)
    page.fill("#text", "Ke fono ea pele")
    page.click("button[value='text']")
    expect(page.locator("#thread .me")).to_have_count(1)
    page.click("button[value='phone-2']")
    expect(page.locator("#number")).to_have_value("+26658000001")
    expect(page.locator("#thread .none")).to_be_visible()
    expect(page.locator(".pick[aria-pressed=true]")).to_have_attribute("data-number", "+26658000001")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.click("button[value='ring']")
    served.deliver()
    expect(page.locator("#thread li:not(.me):not(.none)")).to_have_count(1)
    page.click("button[value='phone-1']")
    expect(page.locator("#thread .me")).to_have_text(re.compile("Ke fono ea pele"))
    page.context.close()


def test_hanging_up_tells_the_door(served: Served) -> None:
    state = served.press("call", answer="*123#")
    for answer in ("2", "1", "1", "1"):
        kept = {name: str(state[name]) for name in ("session", "steps", "typed", "screen")}
        state = served.press("call", **kept, answer=answer)
    assert [tip.unfinished for tip in tips_of(served.house)] == [True]
    served.press("end", session=state["session"], steps="5", typed=state["typed"])
    assert [tip.unfinished for tip in tips_of(served.house)] == [False]


def test_what_goes_wrong_is_said_on_the_screen(served: Served) -> None:
    assert served.press("call", answer="*999#")["problem"] == "code"
    assert served.press("call", answer="*123#", number="what")["problem"] == "number"
    page = requests.post(f"{served.address}/phone", data={"do": "call", "answer": "1", "number": NUMBER}, timeout=20)
    assert "This code is not in use here." in page.text
    settings = served.app.config["TIPLINE"]
    away = type(settings)(**{**vars(settings), "base_url": f"http://127.0.0.1:{postgres.free_port()}"})
    served.app.config["TIPLINE"] = away
    state = served.press("call", answer="*123#")
    assert (state["problem"], state["session"]) == ("network", "")
    kept = served.press("text", text="not lost")
    assert (kept["problem"], kept["text"]) == ("network", "not lost")


def test_only_who_holds_the_secret_delivers(served: Served) -> None:
    said = {"to": NUMBER, "from": "", "text": "<b>you have a message</b>", "id": "1"}
    url, secret = f"{served.address}/phone/deliver", served.house.settings.console_secret
    for wrong in ({}, {"X-Phone-Secret": ""}, {"X-Phone-Secret": secret[:-1]}):
        assert requests.post(url, json=said, headers=wrong, timeout=20).status_code == 403
    right = {"X-Phone-Secret": secret}
    odd: Any
    for odd in ([], {"to": NUMBER}, {**said, "to": 5}):
        assert requests.post(url, json=odd, headers=right, timeout=20).status_code == 400
    assert requests.post(url, json=said, headers=right, timeout=20).status_code == 200
    page = requests.post(f"{served.address}/phone", data={"do": "refresh", "number": NUMBER}, timeout=20).text
    assert "<b>you have" not in page
    assert "<b>you have a message</b>" in unescape(page)


def test_its_page_may_load_its_script_and_no_other_does(served: Served) -> None:
    headers = requests.get(f"{served.address}/phone", timeout=20).headers
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in headers
    assert "script-src" not in requests.get(f"{served.address}/st/", timeout=20).headers["Content-Security-Policy"]


def test_a_real_instance_has_no_phone(var: Path) -> None:
    (var / "demo.txt").unlink()
    app = make.app(var)
    assert app.test_client().get("/phone").status_code == 404
    assert app.test_client().post("/phone/deliver", json={}).status_code == 404
    make.house_of(app).database.dispose()


def test_few_texts_of_few_phones_are_held_in_memory_only(served: Served) -> None:
    texts = Texts()
    for at in range(300):
        texts.add(f"+2665800{at:04}", "48000", "x", mine=False)
        texts.add(NUMBER, "48000", str(at), mine=False)
    assert texts.of("+26658000001") == []
    assert [one.text for one in texts.of(NUMBER)] == [str(at) for at in range(260, 300)]
    served.press("text", text="MARKED words", number="+26658009911")
    served.deliver()
    deadline = time.monotonic() + 5
    while len(served.press("refresh", number="+26658009911")["texts"]) < 2:
        assert time.monotonic() < deadline
    kept = b"".join(path.read_bytes() for path in served.house.settings.var.rglob("*") if path.is_file())
    assert b"MARKED" not in kept
    assert b"58009911" not in kept
