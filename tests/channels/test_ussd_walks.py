"""Random walks at the real USSD door: whatever is typed, however it travels, no answer is lost or counts twice."""

from __future__ import annotations

import random
import secrets

from flask import Flask

from sms import ussd
from sms.menu import LANGS
from sms.ussd import said
from tests import make
from tests.channels.ussd_phone import (
    STORY,
    TO_STORY,
    Desk,
    UssdPhone,
    menu_of,
    receipt_in,
    rows_of,
    sweep,
    tips_of,
)  # fmt: skip
from tipline import casework
from tipline.models import Tip

WALKS, READS = 100, 20
KEYS = [
    *["1"] * 12, "2", "2", "2", "3", "3", "4", "0", "0", "00", "9", "", "*", "1*", "x", "\u0662", "stop",
    "they * hurt", "0 girls", "\u0161\u2019m\u00e8 \U0001f198", "a" * 1200,
]  # fmt: skip
FATES = ["once"] * 6 + ["twice", "lost answer", "late", "stranger"]
NETWORKS = ["65101", "65102", "65501", "65510", "99999", "", "62120"]
FIRST = "CON Khetha puo / Choose language"


def test_in_random_walks_one_session_is_one_tip_at_most_and_holds_what_was_answered(app: Flask) -> None:
    dice, house, menu = random.Random(20261125), make.house_of(app), menu_of(app)
    desk, before = Desk(app), 0
    for number in range(WALKS):
        phone = UssdPhone.at(app, number=f"+2665800{number:04}")
        phone.network = dice.choice(NETWORKS)
        screens = {"": phone.send()}
        assert screens[""].startswith(FIRST), "nothing shows that anyone called before"
        phone.press(dice.choice("12"), *["1"] * dice.choice([0, 1, 2, 6, 8]))
        for _ in range(dice.randint(1, 10)):
            last = screens[phone.text] = phone.send()
            if last.startswith("END "):
                break
            travels(phone, screens, dice.choice(FATES), dice)
            phone.typed.append(dice.choice(KEYS))
            screens[phone.text] = phone.send()
        made = tips_of(house)[before:]
        assert len(made) <= 1
        holds(desk, made, stands(menu, phone))
        before += len(made)
        how_it_ends(app, phone, dice.choice(["hangs up", "silence", "still open"]))
    sweep(house)
    assert not any(tip.unfinished for tip in tips_of(house))
    assert not any(row.locked for row in rows_of(house))
    assert before > WALKS // 2, "most walks say something"


def test_in_random_walks_through_answers_none_is_a_fault_and_a_report_is_closed_or_destroyed_once(app: Flask) -> None:
    dice, house, menu = random.Random(7), make.house_of(app), menu_of(app)
    desk, sorry = Desk(app), {ussd.failed_screen(menu, lang, "try_again").wire() for lang in LANGS}
    keys = ["1", "1", "2", "2", "2", "3", "3", "0", "00", "", "he * is back", "\u0161\u2019"]
    ends = set()
    for number in range(READS):
        reporter = UssdPhone.at(app, number=f"+2665800{number:04}")
        receipt = receipt_in(reporter.press("1", *TO_STORY, "2", STORY))
        tip = tips_of(house)[-1]
        desk.answer(tip, "Re tla u thusa. " * dice.randint(1, 20))
        phone = UssdPhone.at(app, number=f"+2666200{number:04}")
        wire = phone.press(dice.choice("12"), "4", receipt)
        while wire.startswith("CON ") and len(phone.typed) < 14:
            wire = phone.press(dice.choice(keys))
            assert phone.send() == wire
            assert wire not in sorry
        told = {event.kind for event in desk.view(tip).events} & {"withdrawn", "receipt_closed"}
        assert len(told) <= 1
        again = UssdPhone.at(app).press("2", "4", receipt)
        assert again.startswith("END ") == bool(told)
        ends |= told
    assert ends == {"withdrawn", "receipt_closed"}


def travels(phone: UssdPhone, screens: dict[str, str], fate: str, dice: random.Random) -> None:
    """Let the last call come again, or older ones late, or another phone name this session."""
    if fate != "once":
        assert phone.send() == screens[phone.text]
    if fate == "late":
        for text in dice.sample(list(screens), min(4, len(screens))):
            assert phone.send(text) == screens[text]
    if fate == "stranger":
        other = UssdPhone(phone.client, phone.secret, "+26662999999", session_id=phone.session_id)
        assert other.send(f"{phone.text}*1").startswith("END ") or len(phone.typed) == 0


def how_it_ends(app: Flask, phone: UssdPhone, how: str) -> None:
    if how == "hangs up":
        note = {"sessionId": phone.session_id, "status": "Incomplete", "phoneNumber": phone.number}
        assert phone.client.post(f"/ussd/africastalking/{phone.secret}/events", data=note).status_code == 200
    elif how == "silence":
        sweep(make.house_of(app))


def stands(menu: ussd.Menu, phone: UssdPhone) -> ussd.Session:
    """Return where pure play stands after these inputs."""
    turn = ussd.start(menu)
    for answer in phone.typed:
        turn = ussd.play(menu, turn.session, answer)
        if turn.effect == "finish" and said(turn.session) != said(ussd.Session(lang=turn.session.lang)):
            turn = ussd.receipt_screen(menu, turn.session, "0" * 16)
        if turn.screen.end:
            break
    return turn.session


def holds(desk: Desk, made: list[Tip], session: ussd.Session) -> None:
    """Check that the desk has what pure play says was answered."""
    one = said(session)
    facts = {"category": one.category, "place": one.place, "danger_now": one.danger_now, "child": one.child}
    told = {name: value for name, value in facts.items() if value is not None}
    if not told and not one.text:
        return
    (tip,) = made
    view: casework.View = desk.view(tip)
    assert view.text == one.text
    assert {name: view.answers.get(name) for name in told} == told


def test_an_id_that_a_carrier_uses_again_shows_nothing_of_the_session_before(app: Flask) -> None:
    session_id = secrets.token_hex(16)
    first = UssdPhone.at(app, session_id=session_id)
    first.press("2", "1", "1", "1", "1")
    sweep(make.house_of(app))
    again = UssdPhone.at(app, session_id=session_id)
    assert again.send().startswith(FIRST)
    assert len(tips_of(make.house_of(app))) == 1


def test_after_a_drop_a_new_dial_starts_afresh_and_what_was_answered_is_marked_unfinished(app: Flask) -> None:
    phone, desk = UssdPhone.at(app), Desk(app)
    phone.press("2", "1", "1", "1", "1", "2", "3")  # danger, a child, Leribe; then the line drops
    (dropped,) = desk.tips()
    assert (dropped.unfinished, dropped.category, dropped.place, dropped.danger_now) == (True, "child", "leribe", True)

    again, fresh = UssdPhone.at(app), UssdPhone.at(app, number="+26662000000")
    assert again.send() == fresh.send()
    for answer in ("2", "1", "1", "2"):
        assert again.press(answer) == fresh.press(answer)
    first, *others = desk.tips()
    assert (first.unfinished, first.category) == (True, "child"), "the new dial left it as it was"
    assert [tip.category for tip in others] == ["unknown", "unknown"]
