"""The USSD door and what carriers do: retries, late and foreign calls, and the same call twice at once."""

from __future__ import annotations

import threading

import pytest
from flask import Flask

from tests import make
from tests.channels.ussd_phone import (
    NUMBER,
    STORY,
    TO_STORY,
    Desk,
    UssdPhone,
    receipt_in,
    tips_of,
)  # fmt: skip

# --- what carriers do


def test_the_same_call_again_gets_the_same_screen_and_makes_nothing_new(any_app: Flask) -> None:
    phone, desk = UssdPhone.at(any_app), Desk(any_app)
    for answer in ("2", *TO_STORY, "1", STORY, "2", "and a boy", "1"):
        wire = phone.press(answer)
        assert [phone.send() for _ in range(2)] == [wire, wire]
    (tip,) = desk.tips()
    assert [one.kind for one in desk.view(tip).thread] == ["message"]
    assert len(desk.numbers(tip)) == 1


def test_a_late_call_gets_the_screen_it_had_and_changes_nothing(any_app: Flask) -> None:
    phone = UssdPhone.at(any_app)
    screens = {"": phone.send()}
    for answer in ("2", *TO_STORY, "2", STORY, "2", "and * a boy"):
        phone.press(answer)
        screens[phone.text] = phone.send()
    for text in reversed(screens):
        assert phone.send(text) == screens[text]
    assert phone.press("1").startswith("END "), "the session still stands where it stood"
    assert len(tips_of(make.house_of(any_app))) == 1


@pytest.mark.parametrize("kept", [4, 6])
def test_a_call_that_does_not_go_on_from_its_session_is_closed(any_app: Flask, kept: int) -> None:
    phone, house = UssdPhone.at(any_app), make.house_of(any_app)
    phone.press(*("2", "1", "1", "1", "1", "1")[:kept])
    before = [(tip.category, tip.changed_at) for tip in tips_of(house)]
    for other in ("1*1*1*1*1*1*1", "2*1*1*2*1*1*1", f"{phone.text}1", f"{phone.text}x*1", "9*9*9*9*9*9*9", "9*9"):
        assert phone.send(other).startswith("END "), other
    assert [(tip.category, tip.changed_at) for tip in tips_of(house)] == before
    assert phone.press("1").startswith("CON ")


def test_a_session_that_said_nothing_yet_is_no_other_phones_either(any_app: Flask) -> None:
    phone = UssdPhone.at(any_app)
    phone.press("2", "1")
    stranger = UssdPhone.at(any_app, session_id=phone.session_id, number="+26662999999")
    assert stranger.send("2*1").startswith("END ")
    assert stranger.send("2*1*1").startswith("END ")
    assert phone.send("1*2").startswith("END ")
    assert phone.press("1").startswith("CON ")


@pytest.mark.parametrize("change", [{"number": "+26662999999"}, {"code": "*999#"}])
def test_another_phone_or_code_does_not_see_a_session(any_app: Flask, change: dict[str, str]) -> None:
    phone, desk = UssdPhone.at(any_app), Desk(any_app)
    phone.press("2", *TO_STORY, "2", STORY)
    receipt = receipt_in(phone.send())
    stranger = UssdPhone.at(any_app, session_id=phone.session_id, **change)
    at = make.house_of(any_app).settings
    fresh = make.app(at.var, TIPLINE_DATABASE_URL=at.database_url)
    elsewhere = UssdPhone.at(fresh, session_id=phone.session_id, **change)  # another process, which remembers nothing
    for one in (stranger, elsewhere):
        for text in (phone.text, phone.text + "*1", phone.text + "*2*mine"):
            wire = one.send(text)
            assert wire.startswith("END ")
            assert receipt[:4] not in wire
    make.house_of(fresh).database.dispose()
    make.end_jobs(fresh)
    assert len(desk.tips()) == 1
    assert desk.view(desk.tips()[0]).thread == ()


def test_a_plus_that_arrives_as_a_space_is_the_same_phone(any_app: Flask) -> None:
    phone = UssdPhone.at(any_app)
    phone.press("2", "1", "1", "1")
    phone.number = " " + NUMBER[1:]
    assert phone.press("1").startswith("CON ")


def test_an_empty_answer_is_an_answer(any_app: Flask) -> None:
    phone = UssdPhone.at(any_app)
    assert phone.press("2").startswith("CON Choose:")
    assert phone.press("").startswith("CON Use a number.")
    phone.typed = ["2", "", "1", "1", "2", "", "1"]
    assert phone.send().startswith("CON ")
    assert len(tips_of(make.house_of(any_app))) == 1
    other = UssdPhone.at(any_app)
    assert receipt_in(other.press("2", *TO_STORY, "2", ""))


def test_the_same_call_twice_at_once_is_one_tip(any_app: Flask) -> None:
    house = make.house_of(any_app)
    house.minter.start()
    for typed in (["2", "1", "1", "1"], ["2", *TO_STORY, "1", STORY]):
        phone = UssdPhone.at(any_app)
        phone.typed = typed
        wires: list[str] = []
        before, gate = len(tips_of(house)), threading.Barrier(6)

        def call(one: UssdPhone = phone, gate: threading.Barrier = gate, wires: list[str] = wires) -> None:
            client = UssdPhone.at(any_app, session_id=one.session_id)
            gate.wait()
            wires.append(client.send(one.text))

        threads = [threading.Thread(target=call) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(wires)) == 1, "all of them see the same screen, the same receipt"
        assert wires[0].startswith("CON ")
        assert len(tips_of(house)) == before + 1


def test_a_call_that_died_after_its_commit_is_answered_when_it_comes_again(any_app: Flask) -> None:
    phone, house = UssdPhone.at(any_app), make.house_of(any_app)
    phone.press("2", *TO_STORY, "2")
    wake, house.wake = house.wake, lambda: (_ for _ in ()).throw(RuntimeError("died"))
    phone.typed.append(STORY)
    phone.send()
    house.wake = wake
    assert receipt_in(phone.send())
    assert len(tips_of(house)) == 1
