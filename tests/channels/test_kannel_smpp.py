"""Kannel bound to an operator by SMPP: long texts in parts, as phones send and networks shuffle them, and back."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import func, select

from tests import make
from tests.browser import served
from tests.channels import smsc, telco
from tests.channels.conftest import Line
from tests.channels.fake_carrier import FakeCarrier
from tests.channels.smsc import PASSWORD, USERNAME, Part, Smsc
from tests.channels.telco import Telco, wait_until
from tipline.models import Inbound, OutMessage

ORDERS = [*itertools.permutations(range(2)), *itertools.permutations(range(3))]
# 153 septets fit into a part of a long GSM-7 text, 67 units into one of UCS-2, where a phone cuts an emoji in two.
GSM7 = "Ba nkile pasa ea ka. ".ljust(151, "a") + "{" + "€" + "Ke Maputsoe. ".ljust(149, "b") + "}" + "[Lifate]"
UCS2 = "Ba mo tšepisitse mosebetsi. ".ljust(66, "a") + "🚐" + "Ke Botšabelo. ".ljust(65, "b") + "🆘" + "Le šaletse"


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telco]:
    with telco.running_by_smpp(tmp_path_factory.mktemp("telco")) as made:
        yield made


@pytest.fixture
def line(operator: Telco, var: Path) -> Iterator[Line]:
    """Serve an instance behind the operator's short code."""
    made = make.app(var, **telco.settings_for(operator))
    with served(made, operator.app_port):
        yield Line(made, FakeCarrier())
    make.house_of(made).database.dispose()


@pytest.fixture
def centre(operator: Telco) -> Smsc:
    assert operator.smsc is not None
    return operator.smsc


def cut(text: str, reference: int) -> list[Part]:
    """Cut one of the two long texts, of two or three parts, where its characters meet the edges."""
    if text.startswith(GSM7[:100]):
        edges = [153, 306] if text == GSM7 else [153]
    else:
        edges = [134, 268] if text == UCS2 else [134]
    return smsc.parts(text, edges, reference)


def kept(line: Line) -> dict[str, list[str]]:
    """Return what each phone said, as the desk reads it."""
    desk = line.desk("immigration")
    said: dict[str, list[str]] = {}
    for tip in desk.tips():
        if tip.channel == "sms":
            said.setdefault(desk.number(tip)[0], []).extend(desk.said(tip))
    return said


def taken(line: Line) -> int:
    with line.house.database.read() as session:
        return session.scalar(select(func.count()).select_from(Inbound)) or 0


def test_parts_are_joined_in_whatever_order_they_come(line: Line, centre: Smsc) -> None:
    sent: dict[str, str] = {}
    arriving: dict[str, list[Part]] = {}
    for at, (order, whole) in enumerate(itertools.product(ORDERS, (GSM7, UCS2))):
        phone = f"+2665800{at:04}"
        sent[phone] = whole if len(order) == 3 else whole[: 290 if whole == GSM7 else 100]
        cut_up = cut(sent[phone], 7 if at % 3 else 0x1A2B)  # one reference for many phones; some take the long header
        arriving[phone] = [cut_up[number] for number in order]
    for turn in range(3):  # the parts of all phones come mixed
        for phone, waiting in arriving.items():
            for part in waiting[turn : turn + 1]:
                centre.part(phone, part)
    wait_until(lambda: taken(line) >= len(sent), "every text")
    assert kept(line) == {phone: [text] for phone, text in sent.items()}
    assert taken(line) == len(sent)


def test_a_part_that_comes_twice_is_taken_once_and_one_that_stays_alone_is_kept(line: Line, centre: Smsc) -> None:
    twice, alone, late = "+26658100001", "+26658100002", "+26658100003"
    for number in (1, 0, 1, 0, 2):
        centre.part(twice, cut(UCS2, 8)[number])
    orphan = cut(UCS2, 9)[2]
    centre.part(alone, orphan)
    first, second = smsc.parts("E mong o re thusitse ho e-na le koloi. " * 5, [153], 10)
    centre.part(late, second)
    wait_until(lambda: taken(line) >= 3, "the parts that stayed alone")
    centre.part(late, first)
    wait_until(lambda: taken(line) >= 4, "the part that came late")
    tail = "🆘Le šaletse".encode("utf-16-be")[2:].decode("utf-16-be", errors="replace")  # half an emoji was lost
    assert tail.endswith("Le šaletse")
    assert kept(line) == {
        twice: [UCS2],
        alone: [tail],
        late: [part.said.decode("gsm0338") for part in (second, first)],
    }


def test_an_answer_leaves_by_the_operator_and_its_fate_comes_back(line: Line, centre: Smsc, operator: Telco) -> None:
    phone, story, answer = "+26658200001", "Ba mo nkile Motšeanong, o Ladybrand.", "Re balile. Lula moo u bolokehileng."
    centre.text(phone, story)
    wait_until(lambda: taken(line) == 1, "the text")
    desk = line.desk("immigration")
    (tip,) = (tip for tip in desk.tips() if tip.channel == "sms")
    assert desk.number(tip) == [phone, "kannel", "48000"]
    line.deliver()
    wait_until(lambda: bool(centre.texts(phone)), "the first answer")
    wait_until(lambda: fates(line) == ["delivered"], "its report")

    centre.fate = "EXPIRED"
    desk.reply(tip, answer)
    line.deliver()
    wait_until(lambda: "failed" in fates(line), "what became of the notice")
    centre.fate = "DELIVRD"
    centre.text(phone, "1")
    wait_until(lambda: taken(line) == 2, "the key")
    line.deliver()
    wait_until(lambda: answer in centre.texts(phone), "the answer")
    assert centre.texts(phone)[1:] == ["U na le molaetsa. Araba ka 1 ho o bala mona.", answer]
    assert {(one.sender, one.coding) for one in centre.submitted} == {("48000", smsc.GSM7)}
    assert centre.binds == [(USERNAME, PASSWORD)]
    wait_until(lambda: centre.enquired > 0, "a sign of life")

    # the report of the last answer may still be on its way to us
    wait_until(lambda: not any(one.is_file() for one in operator.store.rglob("*")), "an empty store")
    written = operator.logged()
    for clear in (story, answer, GSM7, UCS2, *centre.texts(phone)):
        for start in range(0, len(clear) - 12, 12):
            mark = clear[start : start + 12]
            assert not [one for one in (mark, quote(mark), mark.encode("utf-16-be").hex()) if one in written]


def fates(line: Line) -> list[str | None]:
    with line.house.database.read() as session:
        return list(session.scalars(select(OutMessage.delivery).order_by(OutMessage.id)))
