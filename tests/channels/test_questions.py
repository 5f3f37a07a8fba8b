"""The questions after a first text, through the real doors: what is asked, kept, put to use, and sent."""

from __future__ import annotations

import random
from itertools import permutations

import pytest
from flask import Flask
from sqlalchemy import select

from sms import conversation
from sms.segments import ONE_SEGMENT, septets
from tests import make
from tests.channels import doors
from tests.channels.conftest import Line
from tests.channels.doors import CARRIERS, NUMBER, said_in
from tests.channels.fake_carrier import FakeCarrier
from tipline import thread
from tipline.models import PhoneThread, Tip
from tipline.phones import Phone

QUIET = "Ke tseba monna ea tlatsang likonteraka tsa bohata"
CONSENT = ("Na re ka u ngolla mona?", "May we write to you?")


def talk(line: Line, *texts: str, carrier: str = "twilio", minutes: float = 3) -> list[str | None]:
    """Text one after the other; return what answers each."""
    texter, answers = line.texter(carrier), []
    for said in texts:
        response = texter.text(said, message_id=f"{line.clock.now:%d%H%M%S}")
        answers.append(said_in(response) if carrier == "twilio" else None)
        line.clock.forward(minutes=minutes)
    return answers


def the_tip(line: Line) -> Tip:
    with line.house.database.read() as session:
        tip = session.scalars(select(Tip)).one()
        session.expunge(tip)
    return tip


def answered(line: Line, desk: str = "immigration") -> list[tuple[str, str | None, object]]:
    """Return what a desk reads of a tip's further words: text, question, value."""
    view = line.desk(desk).view(the_tip(line))
    return [
        (one.data["text"], one.data.get("answers"), one.data.get("value"))
        for one in view.thread
        if one.kind == thread.MESSAGE and one.data
    ]


class TestADialogue:
    def test_every_answer_is_kept_and_put_to_use(self, line: Line) -> None:
        said = talk(line, QUIET, "Ha Abia, Maseru", "E", "ee", "1", "Kea leboha")

        assert [(one or "")[:30] for one in said] == [
            "Kea leboha. Molaetsa oa hau o ",
            "Kea leboha. Na uena kapa motho",
            "Motho o tla e bala. Ha u khona",
            "Kea leboha. Na re ka u ngolla ",
            "Kea leboha. Karabo e tla fihla",
            "Kea leboha, le molaetsa ona o ",
        ]
        tip = the_tip(line)
        assert (tip.place, tip.danger_now, tip.child, tip.priority) == ("maseru", True, True, "P0")
        assert (tip.content_consent, tip.no_texts) == (True, False)
        assert answered(line) == [
            ("Ha Abia, Maseru", "where", None),
            ("E", "danger", True),
            ("ee", "child", True),
            ("1", "consent", 1),
            ("Kea leboha", None, None),
        ]
        assert answered(line, "police")[0] == ("E", "danger", True)

    def test_a_no_is_no_danger_and_lowers_nothing(self, line: Line) -> None:
        talk(line, QUIET, "0", "che", "no", "2")

        tip = the_tip(line)
        assert (tip.place, tip.danger_now, tip.child, tip.priority) == (None, False, False, "P2")
        assert (tip.content_consent, tip.no_texts) == (False, False)
        assert [one[0] for one in answered(line)] == ["che", "no", "2"]  # the bare skip is no message

    def test_a_child_is_advised_on_and_routed_anew(self, line: Line) -> None:
        talk(line, QUIET, "0", "0", "E")

        assert (the_tip(line).priority, the_tip(line).child) == ("P1", True)
        assert answered(line, "police") == [("E", "child", True)]

    @pytest.mark.parametrize("name", CARRIERS)
    def test_no_texts_means_none_until_asked_for_again(self, name: str, line: Line) -> None:
        talk(line, QUIET, "0", "0", "0", carrier=name)
        line.deliver()
        sent = len(line.carrier.texts(NUMBER))
        later = talk(line, "3", "Ba teng hape", "INFO", "NTHUSE", carrier=name)
        line.deliver()

        assert the_tip(line).no_texts
        assert set(later) == {None}
        assert len(line.carrier.texts(NUMBER)) == sent
        assert [one[0] for one in answered(line)] == ["3", "Ba teng hape", "NTHUSE"]

        line.texter(name).text("QALA", message_id="again")
        assert not the_tip(line).no_texts

    def test_no_texts_calls_off_what_was_about_to_go(self, line: Line) -> None:
        for at, said in enumerate((QUIET, "0", "0", "0", "3")):
            line.texter("kannel").text(said, message_id=str(at))
            line.clock.forward(seconds=21)
        line.deliver()
        assert line.carrier.texts(NUMBER) == []

    def test_begins_anew_with_a_new_tip(self, line: Line) -> None:
        talk(line, QUIET, "0", "0")
        with line.house.database.write() as session:
            session.scalars(select(Tip)).one().closed_at = line.clock.now
        assert "Ho etsahala hokae?" in (talk(line, "Ho na le taba e 'ngoe")[0] or "")

    def test_is_asked_within_a_day_and_answered_later(self, line: Line) -> None:
        talk(line, QUIET)
        line.clock.forward(hours=24)
        assert "bala tsohle" in (talk(line, "Ha Abia")[0] or "")
        assert "le molaetsa ona" in (talk(line, "Ba teng hape")[0] or "")

    def test_ends_where_the_receipt_leads_elsewhere(self, line: Line) -> None:
        talk(line, QUIET, "NOMORO")
        assert "bala tsohle" in (talk(line, "Ha Abia")[0] or "")

    def test_does_not_come_between_a_desk_and_a_reporter(self, line: Line) -> None:
        talk(line, QUIET, "Maseru")
        line.desk("immigration").reply(the_tip(line), "U ka re letsetsa?")
        assert "le molaetsa ona" in (talk(line, "E")[0] or "")
        talk(line, "1")
        assert "le molaetsa ona" in (talk(line, "ee")[0] or "")
        assert (the_tip(line).priority, answered(line)[-1]) == ("P2", ("ee", None, None))

    def test_a_waiting_message_wins_and_the_question_stays(self, line: Line) -> None:
        talk(line, QUIET, "0", "0", "0")
        line.desk("immigration").reply(the_tip(line), "U ka re letsetsa?")
        talk(line, "1")
        line.deliver()
        assert "U ka re letsetsa?" in line.carrier.texts(NUMBER)
        assert not the_tip(line).content_consent
        talk(line, "1")
        assert the_tip(line).content_consent

    def test_is_not_asked_of_a_web_reporter_s_phone(self, line: Line) -> None:
        line.house.take_in(make.report(phone=Phone(NUMBER, "twilio", doors.OURS)))
        line.desk("immigration").reply(the_tip(line), "U ka re letsetsa?")
        talk(line, "1")
        assert "this message has arrived too" in (talk(line, "Ha Abia")[0] or "")

    def test_makes_room_for_a_wish_to_be_called(self, line: Line) -> None:
        said = talk(line, QUIET, "Ntetsetse", "18:00", "Ha Abia")
        assert "U ka bua neng ka mohala?" in (said[1] or "")
        assert "re e ngotse" in (said[2] or "")
        assert "le molaetsa ona" in (said[3] or "")
        assert [one[1] for one in answered(line)] == [None, None, None]

    def test_after_stop_nothing_is_asked_and_after_start_it_goes_on(self, line: Line) -> None:
        assert talk(line, QUIET, "EMISA", "Ha Abia", "QALA")[2] is None
        assert "o kotsing" in (talk(line, "Ba teng hape")[0] or "")


class TestOnce:
    @pytest.mark.parametrize("name", CARRIERS)
    def test_a_retry_of_an_answer_moves_nothing(self, name: str, line: Line) -> None:
        line.texter(name).text(QUIET, message_id="m-0")
        line.clock.forward(minutes=3)
        request = doors.text(line.house.settings, name, "0", message_id="m-7")
        client = line.app.test_client()
        answers = [request.send(client).data for _ in range(3)]
        line.clock.forward(hours=3)
        answers.append(request.send(client).data)

        assert len(set(answers)) == 1
        assert dialogue(line) == "wd?"

    def test_a_twin_of_an_answer_moves_nothing(self, line: Line) -> None:
        talk(line, QUIET)
        texter = line.texter("twilio")
        first = said_in(texter.text("Ha Abia", message_id="a"))
        line.clock.forward(minutes=9)
        assert said_in(texter.text("Ha Abia", message_id="b")) == first
        line.clock.forward(minutes=1)
        first = said_in(texter.text("E", message_id="c"))
        line.clock.forward(seconds=20)
        assert said_in(texter.text("E", message_id="d")) == first
        assert [one[0] for one in answered(line)] == ["Ha Abia", "E"]
        line.clock.forward(seconds=1)
        assert CONSENT[0] in (said_in(texter.text("E", message_id="e")) or "")
        assert [one[1] for one in answered(line)] == ["where", "danger", "child"]


def dialogue(line: Line) -> str | None:
    with line.house.database.read() as session:
        return session.scalars(select(PhoneThread.dialogue)).one()


class TestParts:
    PARTS = (
        "(1/3) Ke tseba monna ea tlang ka koloi",
        "(2/3) a bua le baroetsana ba Mafeteng",
        "(3/3) a ba tsepisa chelete",
    )

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    def test_marked_in_every_order_with_duplicates(self, order: tuple[int, ...], line: Line) -> None:
        texter = line.texter("twilio")
        answers = []
        for at in (*order, order[0], order[2]):
            answers.append(said_in(texter.text(self.PARTS[at], message_id=f"{line.clock.now:%M%S}")))
            line.clock.forward(seconds=4)

        tip = the_tip(line)
        assert line.desk("immigration").said(tip) == [self.PARTS[at] for at in order]
        assert answers[1:3] == [None, None]
        assert tip.place == "mafeteng"
        assert dialogue(line) in {"w?+", "d?+"}

    def test_unmarked_stay_in_order_of_arrival_and_answer_nothing(self, line: Line) -> None:
        long = "Ke batla ho le bolella ka monna ea tlang motseng oa rona ka koloi e tsoeu " * 3
        first, second, third = long[:153], long[153:200], "ke phetho ea taba ea ka"
        texter = line.texter("twilio")
        for said in (first, second):
            texter.text(said)
            line.clock.forward(seconds=10)
        assert line.desk("immigration").said(the_tip(line)) == [first, second]
        assert dialogue(line) == "w?"
        line.clock.forward(minutes=2)
        texter.text(third)
        assert answered(line)[-1] == (third, "where", None)


WALK = (
    "e", "che", "0", "tlola", "1", "2", "3", "Maseru", "ha Abia", "NTHUSE", "STOP", "QALA", "INFO", "ENGLISH",
    "SESOTHO", "ha ke tsebe", "voetsek", "Le bo mang?", "(1/2) ba re tlisitse", "(2/2) koano", "",
    "ngoana oa lilemo li 9", "š" * 67, "Ba re koaletse ka tlung, ba re otla, nthuseng", "x" * 153, QUIET, "lol", "PUO",
)  # fmt: skip
NOT_KEPT = {"read", "stop", "start", "info", "language", "nothing_waiting", "empty", "receipt", "digits", "skip"}


@pytest.mark.parametrize("seed", range(12))
def test_walks_lose_nothing_and_repeat_no_question(seed: int, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    rolled = random.Random(seed)
    kept: list[str] = []
    asked: list[str] = []
    steps: list[str] = []
    real = conversation.step

    def watched(*given: object) -> conversation.Step:
        one = real(*given)  # type: ignore[arg-type]
        steps.append(one.action)
        return one

    monkeypatch.setattr(conversation, "step", watched)
    texter = line.texter("twilio")
    for at in range(25):
        said = rolled.choice(WALK)
        response = texter.text(said, message_id=f"w-{at}")
        assert response.status_code == 200
        answer = said_in(response)
        assert answer is None or septets(answer) <= ONE_SEGMENT
        if steps[-1] not in NOT_KEPT:
            kept.append(said)
        state = dialogue_letters(line)
        assert state[: len(asked)] == asked
        assert len(state) - len(asked) <= 1
        asked = state
        if rolled.random() < 0.1:
            tips = line.desk("immigration").tips()
            if tips and not tips[0].no_texts:
                line.desk("immigration").reply(tips[0], "Re u utloile.")
        line.clock.forward(seconds=rolled.choice((5, 30, 150, 700, 700)))
    said_there = [text for tip in line.desk("immigration").tips() for text in line.desk("immigration").said(tip)]
    # A soft twin (the same words within ten minutes) is there once; everything else as often as it was said.
    assert set(said_there) - {""} == set(kept) - {""}


def dialogue_letters(line: Line) -> list[str]:
    with line.house.database.read() as session:
        kept = session.scalars(select(PhoneThread.dialogue)).first() or ""
    return [letter for letter in kept if letter in "wdct"]


def test_both_databases_take_a_dialogue(any_app: Flask, carrier: FakeCarrier) -> None:
    line = Line(any_app, carrier)
    talk(line, QUIET, "Maseru", "E", "che", "2")
    assert (the_tip(line).priority, the_tip(line).child, dialogue(line)) == ("P0", False, "wdct")
