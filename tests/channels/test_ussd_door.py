"""The USSD door: reports walked to their end and dropped on the way, consent, and who dials again."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from sms.ussd import failed_screen
from tests import make
from tests.channels.ussd_phone import (
    NUMBER,
    STORY,
    TO_STORY,
    Desk,
    UssdPhone,
    menu_of,
    receipt_in,
    rows_of,
    sweep,
    tips_of,
    wants_typing,
)  # fmt: skip
from tipline import outbox
from tipline.house import House
from tipline.models import Entry, OutMessage, PhoneThread
from tipline.thread import NUMBER as NUMBER_ENTRY

LANGS = ("1", "2")


# --- a report from its first screen to its last


@pytest.mark.parametrize("lang", LANGS)
def test_first_choices_lead_to_a_receipt_that_opens_the_report(any_app: Flask, lang: str) -> None:
    phone, house = UssdPhone.at(any_app), make.house_of(any_app)
    wire, screens, typed, receipt = phone.send(), 1, 0, ""
    while wire.startswith("CON "):
        typing = wants_typing(wire)
        typed += typing
        wire = phone.press(STORY if typing else lang if screens == 1 else "1")
        screens += 1
        if "Keep these" in wire or "Boloka" in wire:
            receipt = receipt_in(wire)
            assert wire.startswith("CON "), "a receipt is never on the last screen"
    assert (typed, screens <= 14) == (1, True)

    desk = Desk(any_app)
    (tip,) = desk.tips()
    view = desk.view(tip)
    assert view.text == STORY
    assert view.answers["category"] == "labour"
    assert (tip.priority, tip.place, tip.danger_now, tip.child, tip.unfinished) == ("P0", "maseru", True, True, False)
    assert tip.language == ("st" if lang == "1" else "en")
    assert desk.numbers(tip) == [NUMBER]
    assert Desk(any_app, "police").view(tip).text == STORY
    opened = any_app.test_client().post("/api/v1/receipts/open", json={"receipt": receipt})
    assert opened.json == {"stage": "received", "messages": []}
    sweep(house)
    assert [row.locked for row in rows_of(house)] == [b""]
    assert desk.events(tip) == ["received", "finished"]


def test_each_answered_screen_is_with_the_desk_at_once(any_app: Flask) -> None:
    phone, desk = UssdPhone.at(any_app), Desk(any_app)
    phone.press("2", "1", "1")
    assert desk.tips() == []
    assert rows_of(desk.house) == []
    phone.press("2")  # no danger now
    (tip,) = desk.tips()
    assert (tip.unfinished, tip.priority) == (True, "P2")
    assert Desk(any_app, "police").tips() == []
    phone.press("2", "3")  # a child is harmed, Leribe: the police read it too
    (tip,) = desk.tips()
    assert (tip.category, tip.place, tip.unfinished) == ("child", "leribe", True)
    assert Desk(any_app, "police").view(tip).answers["category"] == "child"


def test_an_answer_taken_back_takes_the_desk_away_again(any_app: Flask) -> None:
    phone = UssdPhone.at(any_app)
    phone.press("2", "1", "1", "1")  # danger now
    assert len(Desk(any_app, "police").tips()) == 1
    phone.press("0", "2")  # back: no danger
    assert Desk(any_app, "police").tips() == []
    (tip,) = Desk(any_app).tips()
    assert (tip.danger_now, tip.priority) == (False, "P2")


def test_a_dropped_line_leaves_a_tip_and_the_sweep_makes_it_final(any_app: Flask) -> None:
    phone, desk = UssdPhone.at(any_app), Desk(any_app)
    phone.press("1", "1", "1", "1", "1", "2")
    (tip,) = desk.tips()
    assert (tip.unfinished, tip.category) == (True, "child")

    sweep(desk.house, after=timedelta(minutes=4))
    assert [one.unfinished for one in desk.tips()] == [True]
    sweep(desk.house)
    assert [(one.unfinished, one.category) for one in desk.tips()] == [(False, "child")]
    assert desk.events(tip) == ["received", "dropped"]
    assert [(row.open, row.locked) for row in rows_of(desk.house)] == [(False, b"")]
    assert desk.view(tip).answers["category"] == "child"

    late = phone.press("1")
    assert late == "END Kea leboha. Tlaleho ea hau e fihlile; motho o tla e bala."
    assert len(desk.tips()) == 1
    sweep(desk.house)
    assert desk.events(tip) == ["received", "dropped"]


def test_the_carriers_note_ends_a_session_at_once(any_app: Flask) -> None:
    phone, house = UssdPhone.at(any_app), make.house_of(any_app)
    phone.press("2", "1", "1", "1")
    note = {"sessionId": phone.session_id, "status": "Incomplete", "phoneNumber": NUMBER, "hopsCount": "4"}
    for _ in range(2):
        answer = phone.client.post(f"/ussd/africastalking/{phone.secret}/events", data=note)
        assert answer.status_code == 200
    assert [tip.unfinished for tip in tips_of(house)] == [False]
    assert [row.locked for row in rows_of(house)] == [b""]
    for odd in ({}, {"sessionId": ""}, {"sessionId": "never heard of"}):
        assert phone.client.post(f"/ussd/africastalking/{phone.secret}/events", data=odd).status_code == 200


def test_a_story_alone_is_a_tip_and_nothing_at_all_is_none(any_app: Flask) -> None:
    house = make.house_of(any_app)

    def to_story(phone: UssdPhone) -> str:
        wire = phone.send()
        for _ in range(20):
            if wants_typing(wire):
                break
            lines = dict(re.findall(r"^(\d+)\. (.*)$", wire, re.MULTILINE))
            unknown = next((key for key, label in lines.items() if "know" in label), None)
            more = next((key for key, label in lines.items() if label == "More"), None)
            wire = phone.press("2" if not phone.typed or "May we text" in wire else unknown or more or "1")
        return wire

    phone = UssdPhone.at(any_app)
    assert wants_typing(to_story(phone))
    assert rows_of(house) == []
    assert phone.press("X").startswith("END We received nothing")
    assert tips_of(house) == []

    other = UssdPhone.at(any_app)
    to_story(other)
    assert receipt_in(other.press(STORY))
    assert Desk(any_app).view(tips_of(house)[0]).text == STORY


def test_a_call_that_carries_a_whole_report_is_taken_in(any_app: Flask) -> None:
    phone = UssdPhone.at(any_app)  # whatever the carrier's earlier calls came to
    phone.typed = ["2", *TO_STORY, "2", STORY]
    assert receipt_in(phone.send())
    assert len(tips_of(make.house_of(any_app))) == 1
    assert Desk(any_app).view(tips_of(make.house_of(any_app))[0]).text == STORY


# --- who may be answered


def test_no_number_is_kept_without_consent_and_none_after_it_is_taken_back(any_app: Flask) -> None:
    phone, desk = UssdPhone.at(any_app), Desk(any_app)

    def kept() -> tuple[int, int]:
        with desk.house.database.read() as session:
            entries = session.scalar(select(func.count()).where(Entry.kind == NUMBER_ENTRY)) or 0
            return entries, session.scalar(select(func.count()).select_from(PhoneThread)) or 0

    phone.press("2", *TO_STORY)
    assert kept() == (0, 0)
    phone.press("1")  # may text
    assert kept() == (1, 0)  # sealed to the desk; a text from this phone is a matter of its own
    assert desk.numbers(desk.tips()[0]) == [NUMBER]
    phone.press("0", "2")  # back: no
    assert kept() == (0, 0)
    phone.press("x")
    assert kept() == (0, 0)
    assert not desk.view(desk.tips()[0]).can_text


def test_a_number_is_sealed_to_the_desk_that_joins_later(any_app: Flask) -> None:
    phone = UssdPhone.at(any_app)
    phone.press("2", "1", "1", "2", "1", "1", "1", "2", "1")  # no danger, forced work, no child, may text
    assert Desk(any_app, "police").tips() == []
    phone.press("0", "0", "1")  # back to the child: yes
    police = Desk(any_app, "police")
    assert police.numbers(police.tips()[0]) == [NUMBER]


@pytest.mark.parametrize(("answer", "content"), [("1", False), ("3", True)])
def test_who_agrees_to_a_notice_has_not_agreed_to_the_answer_itself(
    any_app: Flask, answer: str, *, content: bool
) -> None:
    phone, desk = UssdPhone.at(any_app), Desk(any_app)
    phone.press("2", *TO_STORY, answer)
    assert [(tip.content_consent, desk.numbers(tip)) for tip in desk.tips()] == [(content, [NUMBER])]
    phone.press("0", "2")  # back: no
    assert [(tip.content_consent, desk.numbers(tip)) for tip in desk.tips()] == [(False, [])]
    phone.press("0", answer, STORY)
    assert [(tip.content_consent, desk.numbers(tip)) for tip in desk.tips()] == [(content, [NUMBER])]


@pytest.mark.parametrize(
    ("answer", "leaves"),
    [
        ("1", [("answer", outbox.HELD), ("notice", outbox.WAITING)]),
        ("2", []),
        ("3", [("answer", outbox.WAITING)]),
    ],
)
def test_an_answer_leaves_as_was_agreed(any_app: Flask, answer: str, leaves: list[tuple[str, str]]) -> None:
    phone, desk = UssdPhone.at(any_app), Desk(any_app)
    phone.press("2", *TO_STORY, answer, STORY, "1")
    desk.answer(desk.tips()[0], "We are coming.")
    with desk.house.database.read() as session:
        promises = session.execute(select(OutMessage.kind, OutMessage.state).order_by(OutMessage.id)).all()
    assert [(kind, state) for kind, state in promises] == leaves


# --- the reporter dials again


def test_a_receipt_opens_the_answers_newest_first_and_more_can_be_said(any_app: Flask) -> None:
    first, desk = UssdPhone.at(any_app), Desk(any_app)
    receipt = receipt_in(first.press("2", *TO_STORY, "2", STORY))
    first.press("1")
    desk.answer(desk.tips()[0], "Old answer.")
    desk.answer(desk.tips()[0], "Stay where people are. " * 12 + "We call the chief.")

    back = UssdPhone.at(any_app, number="+26662000000")  # another phone
    back.press("2", "4")
    wire, read = back.press(f"{receipt[:4]} {receipt[4:8]}-{receipt[8:]}"), ""
    assert "It has arrived" in wire
    for _ in range(9):
        read += wire[4:].split("\n1. ")[0].partition(") ")[2] + " "
        if "1. Finish" in wire:
            break
        wire = back.press("1")
    assert read.index("Stay where") < read.index("We call the chief.") < read.index("Old answer.")
    assert wants_typing(back.press("2"))
    assert "added" in back.press("he has a gun * hurry")
    assert back.press("1").startswith("END ")
    view = desk.view(desk.tips()[0])
    assert [one.data["text"] for one in view.thread if one.kind == "message" and one.data] == ["he has a gun * hurry"]
    assert "answer_read" in {event.kind for event in view.events}
    assert len(desk.tips()) == 1


def test_more_can_be_said_before_the_session_ends(any_app: Flask) -> None:
    phone, desk = UssdPhone.at(any_app), Desk(any_app)
    phone.press("2", "1", "1", "2", "1", "1", "1", "2", "2", STORY)
    assert Desk(any_app, "police").tips() == []
    assert wants_typing(phone.press("2"))
    phone.press("they beat the child now, she is 12")
    assert [tip.priority for tip in desk.tips()] == ["P0"], "what is said later counts as if said at once"
    assert len(Desk(any_app, "police").tips()) == 1
    assert phone.press("1").startswith("END ")


def test_from_the_own_receipt_the_menu_leads_on_and_back(any_app: Flask) -> None:
    theirs, phone, desk = UssdPhone.at(any_app), UssdPhone.at(any_app, number="+26662000000"), Desk(any_app)
    other = receipt_in(theirs.press("2", *TO_STORY, "2", STORY))
    own = receipt_in(phone.press("2", *TO_STORY, "2", STORY))
    assert "1. My numbers" in phone.press("00")
    assert receipt_in(phone.press("1")) == own
    phone.press("00", "4", other, "2", "for the other")
    phone.press("00", "4", own, "2", "for mine")
    phone.press("00", "1", "2", "and this")
    words = [[line.data["text"] for line in desk.view(tip).thread if line.data] for tip in desk.tips()]
    assert words == [["for the other"], ["for mine", "and this"]]


def test_another_reporters_receipt_leads_to_their_thread_only(any_app: Flask) -> None:
    theirs, desk = UssdPhone.at(any_app), Desk(any_app)
    receipt = receipt_in(theirs.press("2", *TO_STORY, "2", STORY))
    mine = UssdPhone.at(any_app, number="+26662000000")
    mine.press("2", "1", "1", "1", "00", "4", receipt, "2", "more of the first")
    first, second = desk.tips()
    assert [one.kind for one in desk.view(first).thread] == ["message"]
    assert desk.view(second).thread == ()
    assert second.unfinished


@pytest.mark.parametrize("lang", LANGS)
def test_digits_that_open_nothing_say_so(any_app: Flask, lang: str, any_house: House) -> None:
    phone = UssdPhone.at(any_app)
    wrong = phone.press(lang, "4", "1234 5678 9012 3451")
    assert wants_typing(wrong)
    unknown = phone.press("1234567890123450")
    assert unknown == failed_screen(menu_of(any_app), "st" if lang == "1" else "en", "unknown_receipt").wire()
    assert tips_of(any_house) == []
