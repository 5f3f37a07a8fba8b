"""Promised texts leave though a carrier is down, what became of them is seen, and nothing of them is written down."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from sms.providers import failures
from tests import make
from tests.channels import doors
from tests.channels.conftest import Line
from tests.channels.doors import NUMBER
from tipline import outbox
from tipline.models import Event, OutMessage
from tipline.outbox import BACK_OFF, Sent, Text
from tipline.sealing import unlock

ALL = ("africastalking", "twilio", "kannel")


def message(line: Line) -> OutMessage:
    """Return the newest promise."""
    with line.house.database.read() as session:
        row = session.scalars(select(OutMessage).order_by(OutMessage.id.desc()).limit(1)).one()
        session.expunge(row)
        return row


def carrier_id(line: Line) -> str:
    """Return the carrier's id of the newest message, as it would come back."""
    row = message(line)
    return unlock(row.carrier_id_locked or b"", line.house.keys.outbox, "a carrier's id").decode()


@pytest.fixture
def promised(line: Line) -> Line:
    """Give a line on which a reply is promised and not sent yet."""
    line.texter().text(make.STORY_ST)
    return line


class TestACarrierThatIsDown:
    @pytest.fixture(autouse=True)
    def _down(self, promised: Line) -> None:
        promised.carrier.mood = dict.fromkeys(ALL, "fault")

    def test_is_tried_again_and_again(self, promised: Line) -> None:
        line = promised
        for tries, wait in enumerate(BACK_OFF[:4], start=1):
            assert line.deliver() == 1
            row = message(line)
            assert (row.state, row.attempts, row.failure, row.carrier) == (
                "waiting", tries, "carrier_fault", "africastalking",
            )  # fmt: skip
            line.clock.forward(seconds=wait - 1)
            assert line.deliver() == 0
            line.clock.forward(seconds=1)

        line.carrier.mood = {}
        line.deliver()
        assert len(line.carrier.texts(NUMBER)) == 1
        row = message(line)
        assert (row.state, row.payload, row.failure, row.delivery) == ("sent", None, None, "sent")

    def test_another_stands_in(self, promised: Line) -> None:
        del promised.carrier.mood["kannel"]

        promised.deliver()

        assert promised.carrier.last_of("kannel").to == NUMBER
        assert message(promised).carrier == "kannel"

    def test_is_given_up_at_last_where_the_desk_sees_it(self, line: Line) -> None:
        desk = line.desk("immigration")
        (tip,) = desk.tips()
        desk.reply(tip, "Re utloile.")
        for _ in range(2 * len(BACK_OFF)):
            line.deliver()
            line.clock.forward(hours=9)

        notice = message(line)
        assert (notice.kind, notice.state, notice.delivery) == ("notice", "dead", "failed")
        with line.house.database.read() as session:
            assert "send_failed" in session.scalars(select(Event.kind).where(Event.tip_id == tip.id)).all()
        assert "failed" in desk.view(tip).deliveries.values()

        line.carrier.mood = {}
        with line.house.database.write() as session:
            assert outbox.retry(session, notice.id, line.clock.now)
        line.deliver()
        assert line.carrier.texts(NUMBER)[-1].startswith("U na le molaetsa")


def test_what_may_have_arrived_is_not_sent_again(promised: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "TIMEOUT", (0.5, 0.2))
    promised.carrier.mood["africastalking"] = "silent"

    promised.deliver()
    promised.carrier.mood = {}
    promised.clock.forward(hours=5)
    promised.deliver()

    assert promised.carrier.received == []
    assert (message(promised).state, message(promised).failure) == ("dead", "no_answer")


@pytest.mark.parametrize("mood", ["opted_out"])
def test_what_is_useless_is_not_tried_again(mood: str, promised: Line) -> None:
    promised.carrier.mood = dict.fromkeys(ALL, mood)

    promised.deliver()

    assert (message(promised).state, message(promised).failure) == ("dead", mood)


@pytest.mark.parametrize(
    ("name", "reports"),
    [
        ("africastalking", [("Buffered", "buffered"), ("Sent", "buffered"), ("Brand new", "buffered"),
                            ("Success", "delivered"), ("Failed", "delivered")]),
        ("twilio", [("sending", "sent"), ("sent", "sent"), ("undelivered", "undelivered"), ("delivered", "delivered"),
                    ("queued", "delivered")]),
        ("kannel", [("8", "sent"), ("4", "buffered"), ("8", "buffered"), ("1", "delivered"), ("2", "delivered")]),
        ("kannel", [("34", "failed"), ("66", "failed"), ("5", "delivered")]),
    ],
)  # fmt: skip
def test_a_report_only_moves_forward(name: str, reports: list[tuple[str, str]], line: Line) -> None:
    line.texter(name).text(make.STORY_ST)
    desk = line.desk("immigration")
    desk.reply(desk.tips()[0], "Re utloile.")
    line.deliver()
    assert message(line).carrier == name
    known = carrier_id(line)

    for said, seen in reports:
        for _ in range(2):  # carriers repeat themselves
            response = doors.report(line.app.test_client(), line.house.settings, name, known, said)
            assert (response.status_code, response.data) == (200, b"")
        assert message(line).delivery == seen


@dataclass
class Hasty:
    """A carrier whose report overtakes its own answer: it comes while the message is still being handed over."""

    line: Line
    name: str
    state: str
    answered: int = 0

    def send(self, _message: Text) -> Sent:
        self.answered = self.report()
        return Sent(self.name, "hasty-1")

    def report(self) -> int:
        client = self.line.app.test_client()
        return doors.report(client, self.line.house.settings, self.name, "hasty-1", self.state).status_code


@pytest.mark.parametrize(("name", "state"), [("africastalking", "Success"), ("kannel", "1"), ("twilio", "delivered")])
def test_a_report_that_overtakes_our_own_note_comes_again(name: str, state: str, promised: Line) -> None:
    hasty = Hasty(promised, name, state)
    promised.house.sender = hasty
    assert hasty.report() == 200  # nothing is on its way: this id is none of ours

    promised.deliver()
    assert (hasty.answered, message(promised).delivery) == (503, "sent")

    assert hasty.report() == 200
    assert message(promised).delivery == "delivered"


def test_a_report_while_the_keys_are_gone_comes_again(promised: Line) -> None:
    promised.deliver()
    known = carrier_id(promised)
    promised.house.settings.key_file.unlink()
    del promised.house.keys

    for name, state in (("africastalking", "Success"), ("twilio", "delivered"), ("kannel", "1")):
        response = doors.report(promised.app.test_client(), promised.house.settings, name, known, state)
        assert response.status_code == 503


@pytest.mark.parametrize("mood", ["ok", "fault", "bad_number", "opted_out", "not_authorised", "garbage", "drop"])
def test_nothing_of_a_text_or_a_number_is_written_down(
    mood: str, line: Line, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ALL:
        line.texter(name, "+26658777123").text(f"Ba re koaletse zebra {name}")
        line.carrier.mood = dict.fromkeys(ALL, mood)
        line.deliver()
    desk = line.desk("immigration")
    desk.reply(desk.tips()[0], "quagga e utloahetse")
    line.texter("kannel", "+26658777123").text("1", message_id="one")
    line.deliver()

    written = caplog.text + "".join(capfd.readouterr())
    secrets = (*line.house.settings.africastalking.callback_secrets, *line.house.settings.kannel.callback_secrets)
    for mark in ("8777123", "zebra", "quagga", "kannel-password", "a-key-of-the-tests", *secrets):
        assert mark not in written
