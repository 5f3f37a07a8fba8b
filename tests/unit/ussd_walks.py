"""What the USSD tests share: menus, and playing a dialogue as a door would."""

from __future__ import annotations

import re
from dataclasses import replace

from sms.menu import Lesson, Menu, load_menu
from sms.segments import segments
from sms.ussd import LIMIT, Screen, Session, Turn, messages_screen, over_screen, play, receipt_screen, start
from tipline.services import Service

LESSON = ["Sheba pele u lumela.", "Botsa mohiri.", "Ema.", "Boloka pasa.", "Bolella motho."]
BARE = load_menu()
FULL = load_menu(
    lessons={
        "st": [Lesson("offers", "Tšepiso ea mosebetsi", tuple(LESSON))],
        "en": [Lesson("offers", "Job offers", ("x" * 119,) * 5)],
    },
    services=[
        Service("police", "Police", "Sepolesa", ("danger",), phone="5800 0000"),
        Service("clinic", "Clinic", "Tleleniki", ("health",), phone="5800 0001"),
    ],
)
_LESSONS = [Lesson(f"lesson-{number}", "T" * 60, ("x" * 119,) * 5) for number in range(9)]
LARGE = load_menu(  # an instance with many lessons, and with helpers that are not everywhere
    lessons={"st": _LESSONS, "en": _LESSONS},
    services=[
        Service("police", "Police", "Sepolesa", ("danger", "child"), phone="5800 0000"),
        Service("leribe", "Clinic Leribe", "Tleleniki Leribe", ("danger", "health"), ("leribe",), phone="5800 0002"),
        Service("maseru", "Clinic Maseru", "Tleleniki Maseru", ("health",), ("maseru",), phone="5800 0003"),
    ],
)
MENUS = (BARE, FULL, LARGE)
RECEIPT = "1234567890123450"
STORY = "They took 2 girls * at the bridge"


def lines(screen: Screen) -> list[str]:
    return screen.wire()[4:].split("\n")


def numbers(screen: Screen) -> list[str]:
    return [hit.group(1) for line in lines(screen) if (hit := re.match(r"(\d+)\. \S", line))]


def wants_typing(screen: Screen) -> bool:
    return not screen.end and not any(line[:1].isdigit() for line in lines(screen))


def check(screen: Screen) -> None:
    wire = screen.wire()
    assert wire.startswith("END " if screen.end else "CON ")
    assert len(wire) > len("CON ")
    assert segments(wire).encoding == "GSM-7"
    assert segments(wire).units <= LIMIT
    if not screen.end and not wants_typing(screen):
        assert "1" in numbers(screen)


def walk(menu: Menu, *answers: str, session: Session | None = None) -> Turn:
    """Play these answers as a door would: effects are carried out and their screens shown."""
    turn = start(menu) if session is None else Turn(session, Screen(""))
    for answer in answers:
        turn = done(menu, play(menu, turn.session, answer))
        check(turn.screen)
    return turn


def done(menu: Menu, turn: Turn) -> Turn:
    if turn.effect == "finish":
        return replace(receipt_screen(menu, turn.session, RECEIPT), effect="finish")
    if turn.effect == "read":
        return replace(messages_screen(menu, turn.session, "screened", ["Re fumane. 1. Ema. " * 20]), effect="read")
    if turn.effect in ("close", "delete"):
        return replace(over_screen(menu, turn.session, "deleted_but"), effect=turn.effect)
    return turn
