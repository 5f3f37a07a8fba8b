"""Kannel for real: a text in Sesotho through bearerbox and smsbox to the desk, and the answer back to the phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Response
from sqlalchemy import func, select

from tests import make
from tests.browser import served
from tests.channels.conftest import Line
from tests.channels.fake_carrier import FakeCarrier
from tests.channels.telco import NUMBER, Phone, Telco, running, settings_for, wait_until
from tipline.models import Inbound, OutMessage

STORY = "Ba nkile pasa ea khaitseli ea ka. Ba mo tšepisitse mosebetsi Durban ka Motšeanong."
ANSWER = "Re bone molaetsa oa hau. Lula moo u bolokehileng."


@pytest.fixture
def telco(tmp_path: Path) -> Iterator[Telco]:
    with running(tmp_path) as made:
        yield made


@pytest.fixture
def seen() -> list[int]:
    """Collect the statuses that our doors answered with."""
    return []


@pytest.fixture
def short_code(telco: Telco, var: Path, seen: list[int]) -> Iterator[Line]:
    """Serve an instance behind the short code 48000."""
    made = make.app(var, **settings_for(telco))

    @made.after_request
    def _note(response: Response) -> Response:
        seen.append(response.status_code)
        return response

    with served(made, telco.app_port):
        yield Line(made, FakeCarrier())
    make.house_of(made).database.dispose()


def delivered(line: Line, phone: Phone, text: str) -> bool:
    """Do the worker's part, then look at the phone."""
    line.deliver()
    return any(one.startswith(text) for one in phone.texts())


def test_a_text_in_sesotho_reaches_the_desk_and_the_answer_reaches_the_phone(
    telco: Telco, short_code: Line, seen: list[int]
) -> None:
    line = short_code
    keys = line.house.settings.key_file
    keys.rename(keys.with_suffix(".away"))  # we cannot keep anything at first: Kannel has to come again

    ucs2 = "".join(f"%{byte:02x}" for byte in STORY.encode("utf-16-be"))
    phone = telco.phone("phone", f"{NUMBER} 48000 ucs2 {ucs2}")
    wait_until(lambda: 503 in seen, "the first try")
    keys.with_suffix(".away").rename(keys)
    wait_until(lambda: 200 in seen, "Kannel's second try")

    desk = line.desk("immigration")
    (tip,) = desk.tips()
    assert desk.said(tip) == [STORY]
    assert desk.number(tip) == [NUMBER, "kannel", "48000"]
    wait_until(lambda: delivered(line, phone, "Kea leboha. Molaetsa oa hau o fihlile"), "the first reply")

    desk.reply(tip, ANSWER)
    wait_until(lambda: delivered(line, phone, "U na le molaetsa. Araba ka 1 ho o bala mona."), "the notice")
    assert ANSWER not in phone.texts()
    phone.off()

    phone = telco.phone("phone-again", f"{NUMBER} 48000 text 1")
    wait_until(lambda: delivered(line, phone, ANSWER), "the answer")
    wait_until(lambda: "delivered" in deliveries(line), "Kannel's reports")
    assert set(deliveries(line)) <= {"sent", "delivered"}
    assert set(seen) == {200, 503}
    with line.house.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Inbound)) == 2
    for log in telco.folder.glob("*box.log"):
        written = log.read_text(encoding="utf-8", errors="replace")
        assert not [mark for mark in (STORY, quote(STORY), ANSWER, quote(ANSWER), "Kea leboha") if mark in written]


def deliveries(line: Line) -> list[str | None]:
    with line.house.database.read() as session:
        return list(session.scalars(select(OutMessage.delivery)))
