"""Nothing, "please call me", a call that nobody takes: a request to be called, once, with the times that are safe."""

from __future__ import annotations

import tomllib
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import func, select

from sms import call_me
from tests import make
from tests.channels import doors
from tests.channels.conftest import Desk, Line
from tests.channels.doors import NUMBER, Request, said_in
from tipline import callback, casework
from tipline.models import DeskKey, Event, Inbound, OptOut, OutMessage, Tip, TipDesk

ASKING = "+26662001122"
PASSED_ON = "Please call me: 62001122. Dial *100# for airtime!"


def count(line: Line, table: type) -> int:
    with line.house.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def events(line: Line, tip: Tip) -> list[str]:
    with line.house.database.read() as session:
        rows = session.scalars(select(Event).where(Event.tip_id == tip.id).order_by(Event.id))
        return [row.data.get("how", row.kind) for row in rows]


def the_tip(line: Line) -> tuple[Desk, Tip]:
    desk = line.desk("immigration")
    (tip,) = desk.tips()
    return desk, tip


def request(line: Line) -> callback.Request:
    who = make.identity(line.house, "immigration")
    _, tip = the_tip(line)
    with line.house.database.read() as session:
        case = casework.hold(session, who, tip.uid, keys=line.house.keys, now=line.clock.now)
        found = callback.request(case.tip, casework.view(session, case))
    assert found is not None
    return found


def at(line: Line) -> dict[str, Request]:
    """Return a call of the same phone as each door is told of it."""
    settings = line.house.settings
    secret = settings.africastalking.callback_secrets[0]
    africastalking = {
        "isActive": "1", "sessionId": "ATVId_1", "direction": "Inbound", "callerNumber": NUMBER,
        "destinationNumber": "+26622000000", "callerCountryCode": "266",
    }  # fmt: skip
    twilio = {
        "CallSid": "CA1", "From": NUMBER, "To": "+26622000000", "CallStatus": "ringing", "Direction": "inbound",
        "AccountSid": settings.twilio.account_sid, "FromCity": "",
    }  # fmt: skip
    return {
        "africastalking": doors.form(f"/calls/africastalking/{secret}", africastalking),
        "twilio": doors.signed(settings, "/calls/twilio", twilio),
        "plain": doors.form(f"/calls/plain/{settings.calls_secrets[0]}", {"from": NUMBER, "id": "1700000000.12"}),
    }


def told(line: Line, door: str, **changes: str) -> Request:
    """Return a call as a door is told of it, some fields changed."""
    was = at(line)[door]
    fields = {**dict(parse_qsl(was.body.decode(), keep_blank_values=True)), **changes}
    return doors.signed(line.house.settings, was.path, fields) if door == "twilio" else doors.form(was.path, fields)


class TestByText:
    @pytest.mark.parametrize(
        ("said", "how", "priority"),
        [
            ("", "empty", "P2"), (" \u200b", "empty", "P2"),
            ("Please call me", "words", "P1"), ("ntetsetse hle", "words", "P1"),
        ],
    )  # fmt: skip
    def test_is_a_tip_that_says_that_nothing_is_known(self, said: str, how: str, priority: str, line: Line) -> None:
        line.texter().text(said)
        line.deliver()

        desk, tip = the_tip(line)
        assert (tip.channel, tip.priority, tip.danger_now) == ("sms", priority, None)
        assert tip.reasons == ["call_back_asked", "nothing_known"]
        assert desk.said(tip) == [said]
        assert desk.number(tip) == [NUMBER, "africastalking", "48000"]
        assert events(line, tip) == ["received", how]
        assert "18:00" in line.carrier.texts(NUMBER)[0]

    def test_the_question_is_in_both_languages_until_one_is_known(self, line: Line) -> None:
        texter = line.texter("twilio")
        both = said_in(texter.text("")) or ""
        assert "Ngola hape" in both
        assert "Write again" in both

        texter.text("english")
        line.clock.forward(hours=1)
        assert (said_in(texter.text("")) or "").startswith("Your message came empty. Write it again here, in Sesotho")

    def test_what_is_said_besides_counts(self, line: Line) -> None:
        line.texter().text(f"{make.STORY_ST} Ntetsetse hle")

        desk, tip = the_tip(line)
        assert desk.said(tip) == [f"{make.STORY_ST} Ntetsetse hle"]
        assert tip.priority == "P1"
        assert {"call_back_asked", "documents_held"} <= set(tip.reasons)
        assert "nothing_known" not in tip.reasons

    def test_joins_the_open_thread_of_the_phone(self, line: Line) -> None:
        texter = line.texter()
        texter.text("Monna o mong o re o batla batho")
        assert the_tip(line)[1].priority == "P2"
        line.clock.forward(minutes=5)
        texter.text("call me back")

        desk, tip = the_tip(line)
        assert desk.said(tip)[1] == "call me back"
        assert (tip.priority, tip.reasons[0], make.is_unread(line.house, tip)) == ("P1", "call_back_asked", True)
        with line.house.database.read() as session:
            assert set(session.scalars(select(TipDesk.priority))) == {"P1"}

    def test_again_within_ten_minutes_is_the_same(self, line: Line) -> None:
        texter = line.texter()
        for _ in range(3):
            texter.text("please call me")
        line.clock.forward(minutes=11)
        texter.text("please call me")

        assert request(line).count == 2
        assert count(line, Tip) == 1

    def test_a_phone_that_wants_no_texts_gets_none_and_stands_in_the_queue_all_the_same(self, line: Line) -> None:
        texter = line.texter("twilio")
        texter.text("STOP")
        assert said_in(texter.text("please call me")) is None

        assert request(line).is_open
        assert count(line, OptOut) == 1
        assert count(line, OutMessage) == 0

    def test_an_order_is_an_order_and_a_cry_is_a_cry(self, line: Line) -> None:
        line.texter().text("STOP")
        assert count(line, Tip) == 0
        line.texter(number="+26658000009").text("HELP")
        assert the_tip(line)[1].priority == "P0"

    @pytest.mark.parametrize("said", ["do not call me", "u se ke oa ntetsetsa", "they call me names", "call a doctor"])
    def test_what_asks_for_no_call_is_none(self, said: str, line: Line) -> None:
        line.texter().text(said)

        assert "call_back_asked" not in the_tip(line)[1].reasons


def test_every_phrase_that_asks_for_a_call_holds_the_letters_that_are_looked_for_first() -> None:
    call = tomllib.loads((make.ROOT / "sms" / "words.toml").read_text(encoding="utf-8"))["call"]
    letters = call["letters"].split()

    assert [one for one in f"{call['st']} {call['en']}".split() if not any(part in one for part in letters)] == []


class TestSafeTimes:
    @pytest.mark.parametrize(
        ("said", "times"),
        [
            ("18:00", ("18:00",)), ("6pm", ("18:00",)), ("bosiu", ("night",)), ("hoseng", ("morning",)),
            ("ka Moqebelo mantsiboea", ("sat", "evening")), ("weekend", ("weekend",)), ("CHE", ("never",)),
            ("Eseng hoseng", ("!morning",)), ("eseng joale, o teng", ("!now",)), ("not now, he is here", ("!now",)),
        ],
    )  # fmt: skip
    def test_are_read_from_the_answer(self, said: str, times: tuple[str, ...], line: Line) -> None:
        texter = line.texter("twilio")
        texter.text("please call me")
        line.clock.forward(minutes=2)
        answered = said_in(texter.text(said)) or ""

        found = request(line)
        assert (found.times, found.said) == (times, said)
        assert (
            ("nobody will call" if times == ("never",) else "it is noted") in answered
            or "lokile" in answered
            or ("e ngotse" in answered)
        )
        named = any(not one.startswith("!") for one in times)
        assert ("U ka bua neng" in answered or "When can you talk" in answered) != named

    def test_the_newest_counts_and_other_words_change_nothing(self, line: Line) -> None:
        texter = line.texter("twilio")
        for said in ("please call me", "18:00", "tomorrow 9am"):
            texter.text(said)
        assert "arrived too" in (said_in(texter.text("They are outside the house")) or "")

        found = request(line)
        assert (found.times, found.said) == (("tomorrow", "09:00"), "18:00\ntomorrow 9am")

    def test_stand_in_the_queue_for_whoever_may_read_the_tip_and_nowhere_in_the_clear(self, line: Line) -> None:
        texter = line.texter()
        texter.text("please call me")
        texter.text("bosiu ka 19:47")
        desk, tip = the_tip(line)

        with line.house.database.read() as session:
            who = make.identity(line.house, "immigration")
            found = callback.times(session, who, desk.tips(), line.house.keys)
        assert found == {tip.id: ("night", "19:47")}
        kept = (line.house.settings.var / "tipline.db").read_bytes()
        assert b"19:47" not in kept

    def test_without_a_request_a_time_is_just_a_text(self, line: Line) -> None:
        assert "has arrived" in (said_in(line.texter("twilio").text("The man comes at 18:00 for the girls")) or "")


class TestBesideOtherQuestions:
    @pytest.mark.parametrize("by_call", [True, False])
    def test_the_wish_to_be_called_is_the_only_question_then(self, by_call: bool, line: Line) -> None:
        texter = line.texter("twilio")
        assert "?" in (said_in(texter.text(make.STORY_ST)) or "")  # one of the others waits for its answer
        if by_call:
            at(line)["twilio"].send(line.app.test_client())
        else:
            texter.text("ntetsetse")
        line.clock.forward(minutes=20)
        answered = said_in(texter.text("CHE")) or ""

        assert "ha ho motho ea tla u letsetsa" in answered
        assert request(line).times == ("never",)
        assert the_tip(line)[1].child is None

    def test_none_is_asked_where_a_call_was_asked_for_first(self, line: Line) -> None:
        texter = line.texter("twilio")
        texter.text("please call me")
        line.clock.forward(minutes=20)

        assert "?" not in (said_in(texter.text("They are outside the house")) or "")

    def test_whoever_wants_no_texts_about_a_tip_gets_none_for_a_call(self, line: Line) -> None:
        line.texter("twilio").text(make.STORY_ST)
        with line.house.database.write() as session:
            session.scalars(select(Tip)).one().no_texts = True
        at(line)["plain"].send(line.app.test_client())

        assert request(line).is_open
        assert count(line, OutMessage) == 0


class TestPassedOnByANetwork:
    @pytest.mark.parametrize("sender", ["VCL-INFO", "140"])
    def test_the_number_in_the_text_is_the_one_to_call(self, sender: str, line: Line) -> None:
        assert said_in(line.texter("twilio").text(PASSED_ON, number=sender)) is None

        desk, tip = the_tip(line)
        assert (tip.priority, tip.reasons) == ("P1", ["call_back_asked", "nothing_known"])
        assert desk.number(tip) == [ASKING, "twilio", "48000", "message"]
        assert desk.said(tip) == [PASSED_ON]
        assert count(line, OutMessage) == 0  # the shape is not confirmed: anybody can write a number

    def test_a_confirmed_shape_is_asked_when_to_call(self, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(call_me, "_SHAPES", [(shape, True) for shape, _ in call_me._SHAPES])
        request = doors.text(line.house.settings, "twilio", PASSED_ON, number="140")
        answers = [said_in(request.send(line.app.test_client())) for _ in range(2)]
        line.deliver()

        assert answers == [None, None]  # the network's name gets nothing
        (text,) = line.carrier.texts(ASKING)
        assert "When can you talk" in text
        assert "U ka bua neng" in text

    def test_the_phone_itself_goes_on_in_the_same_thread(self, line: Line) -> None:
        line.texter().text(PASSED_ON, number="VCL-INFO")
        line.texter(number=ASKING).text("ka 18:00")

        desk, tip = the_tip(line)
        assert desk.number(tip)[-3:] == [ASKING, "africastalking", "48000"]
        assert "message" not in desk.number(tip)
        assert request(line).times == ("18:00",)

    def test_a_number_that_wrote_before_keeps_its_own_door(self, line: Line) -> None:
        line.texter(number=ASKING).text(make.STORY)
        line.texter("kannel").text(PASSED_ON, number="140")

        desk, tip = the_tip(line)
        assert desk.number(tip) == [ASKING, "africastalking", "48000"]
        assert request(line).how == "network"

    @pytest.mark.parametrize("said", ["Call 62001122 to win M5000", "Your code is 62001122", ""])
    def test_other_texts_of_a_name_ask_for_nothing(self, said: str, line: Line) -> None:
        line.texter().text(said or "hello", number="VCL-INFO")

        desk, tip = the_tip(line)
        assert desk.number(tip) == []
        assert "call_back_asked" not in tip.reasons


@pytest.mark.parametrize("door", ["africastalking", "twilio", "plain"])
class TestAMissedCall:
    def test_is_refused_kept_and_answered_by_text(self, door: str, line: Line) -> None:
        response = at(line)[door].send(line.app.test_client())
        line.deliver()

        assert response.status_code == 200
        refused = {"africastalking": "<Reject/>", "twilio": '<Reject reason="busy"/>'}.get(door, "")
        assert response.text == (
            f'<?xml version="1.0" encoding="UTF-8"?><Response>{refused}</Response>' if refused else ""
        )
        desk, tip = the_tip(line)
        assert (tip.channel, tip.priority, tip.reasons) == ("sms", "P1", ["call_back_asked", "nothing_known"])
        assert events(line, tip) == ["received", "missed"]
        assert NUMBER in desk.number(tip)
        (text,) = line.carrier.texts(NUMBER)
        assert "When can you talk by phone?" in text

    def test_told_twice_is_one(self, door: str, line: Line) -> None:
        for _ in range(3):
            assert at(line)[door].send(line.app.test_client()).status_code == 200
        over = {"africastalking": {"isActive": "0"}, "twilio": {"CallStatus": "busy"}, "plain": {}}[door]
        assert told(line, door, **over).send(line.app.test_client()).status_code == 200

        assert request(line).count == 1
        assert (count(line, Tip), count(line, Inbound), count(line, OutMessage)) == (1, 1, 1)

    def test_again_and_again_is_one_request_and_one_text(self, door: str, line: Line) -> None:
        name = {"africastalking": "sessionId", "twilio": "CallSid", "plain": "id"}[door]
        for turn in range(4):
            told(line, door, **{name: f"call-{turn}"}).send(line.app.test_client())
            line.clock.forward(minutes=2)
        line.deliver()

        assert request(line).count == 4
        assert len(line.carrier.texts(NUMBER)) == 1

    @pytest.mark.parametrize("hidden", ["", "anonymous", "Private", "+266696687", "+7378742833", "sip:x@example.org"])
    def test_of_a_hidden_number_is_no_request(self, hidden: str, door: str, line: Line) -> None:
        name = {"africastalking": "callerNumber", "twilio": "From", "plain": "from"}[door]

        assert told(line, door, **{name: hidden}).send(line.app.test_client()).status_code == 200
        assert (count(line, Tip), count(line, Inbound)) == (0, 0)

    def test_of_our_own_is_none(self, door: str, line: Line) -> None:
        if door == "plain":
            return
        changed = {"africastalking": {"direction": "Outbound"}, "twilio": {"Direction": "outbound-api"}}[door]

        assert told(line, door, **changed).send(line.app.test_client()).status_code == 200
        assert count(line, Tip) == 0

    def test_a_stranger_is_refused_and_nothing_is_kept(self, door: str, line: Line) -> None:
        good = at(line)[door]
        path = good.path if door == "twilio" else good.path.rsplit("/", 1)[0] + "/" + "0" * 32
        headers = {key: value for key, value in good.headers.items() if not key.startswith("X-Twilio")}

        assert Request(path, good.body, headers).send(line.app.test_client()).status_code == 403
        assert count(line, Tip) == 0

    def test_without_its_fields_it_is_refused_by_name(self, door: str, line: Line) -> None:
        path = at(line)[door].path
        empty = doors.signed(line.house.settings, path, {}) if door == "twilio" else doors.form(path, {})

        response = empty.send(line.app.test_client())
        assert response.status_code == 422
        assert "is missing" in response.text

    def test_without_a_desk_s_key_it_is_refused_and_told_to_come_again(self, door: str, line: Line) -> None:
        with line.house.database.write() as session:
            for key in session.scalars(select(DeskKey)):
                key.retired_at = line.clock.now

        response = at(line)[door].send(line.app.test_client())
        assert response.status_code == 503
        assert ("<Reject" in response.text) == (door != "plain")
        assert count(line, Inbound) == 0

    def test_of_a_phone_that_wants_no_texts_is_kept_and_not_answered(self, door: str, line: Line) -> None:
        line.texter("twilio").text("STOP")
        at(line)[door].send(line.app.test_client())

        assert request(line).how == "missed"
        assert count(line, OutMessage) == 0

    def test_joins_what_the_phone_wrote(self, door: str, line: Line) -> None:
        line.texter("twilio").text(make.STORY)
        at(line)[door].send(line.app.test_client())
        line.deliver()

        desk, tip = the_tip(line)
        assert desk.said(tip) == [make.STORY]
        assert "call_back_asked" in tip.reasons
        assert "When can you talk by phone? Reply with a time, like 18:00 or Saturday" in line.carrier.texts(NUMBER)[0]


def test_the_plain_door_is_shut_without_a_secret(line: Line, var: object) -> None:
    path = at(line)["plain"].path
    object.__setattr__(line.house.settings, "calls_secrets", ())

    assert doors.form(path, {"from": NUMBER, "id": "1"}).send(line.app.test_client()).status_code == 404
