"""POST /api/v1/tips: a tip is taken once, wrong input is named and never echoed."""

from __future__ import annotations

import json
import secrets
import threading
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests import make
from tests.web.api import OPEN, SESSIONS, TIP, TIPS, count, refused, said, tip
from tipline import casework
from tipline.house import House
from tipline.models import Entry, Tip


@pytest.fixture
def asker(shared_app: Flask) -> FlaskClient:
    """Return a program that asks an instance which other tests ask too."""
    return shared_app.test_client()


class TestTell:
    def test_a_tip_and_its_receipt(self, client: FlaskClient, house: House) -> None:
        answer = client.post(TIPS, json={**TIP, "place": "maseru-bridge", "category": "labour", "child": True})
        assert answer.status_code == 201
        assert set(said(answer)) == {"receipt"}
        assert len(said(answer)["receipt"]) == 16
        kept = tip(house)
        assert (kept.channel, kept.language, kept.place, kept.category) == ("web", "en", "maseru-bridge", "labour")
        assert kept.content_consent is False
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Content-Encoding" not in answer.headers
        assert "Set-Cookie" not in answer.headers

    def test_words_for_a_place_and_no_language_will_do(self, client: FlaskClient, house: House) -> None:
        sent = {"text": make.STORY_ST, "place": "near the bridge at Ficksburg", "contact": None, "exclude": None}
        assert client.post(TIPS, json=sent).status_code == 201
        assert (tip(house).language, tip(house).place) == ("st", "maputsoe-bridge")

    @pytest.mark.parametrize("typed", ["58001234", "+266 5800 1234", "0026658001234", " 5800-1234 "])
    def test_a_number_as_typed_may_be_told_that_a_message_waits(
        self, client: FlaskClient, house: House, typed: str
    ) -> None:
        assert client.post(TIPS, json={**TIP, "contact": typed}).status_code == 201
        who = make.identity(house, "immigration")
        with make.held(house, who, tip(house).id) as (session, case):
            assert casework.view(session, case).can_text
        assert tip(house).content_consent is False

    def test_all_desks_excluded_says_where_else_to_go(self, client: FlaskClient, house: House) -> None:
        answer = client.post(TIPS, json={**TIP, "exclude": ["immigration", "police", "shelter", "police"]})
        refused(answer, 422, "all_desks_excluded")
        assert "social worker" in said(answer)["message"]
        assert count(house) == 0

    @pytest.mark.parametrize(
        ("changes", "code", "field"),
        [
            ({"text": ""}, "empty", None),
            ({"text": "  \n"}, "empty", None),
            ({"text": None}, "empty", None),
            ({"text": "š" * 40_000}, "too_long", None),
            ({"text": "a" * 65_537}, "too_long", None),
            ({"text": 5}, "invalid", "text"),
            ({"text": ["a"]}, "invalid", "text"),
            ({"language": "fr"}, "invalid", "language"),
            ({"category": "gossip"}, "invalid", "category"),
            ({"danger_now": "yes"}, "invalid", "danger_now"),
            ({"child": 1}, "invalid", "child"),
            ({"happening": {}}, "invalid", "happening"),
            ({"place": "x" * 201}, "invalid", "place"),
            ({"contact": "not a number"}, "bad_phone", None),
            ({"contact": "1" * 41}, "invalid", "contact"),
            ({"exclude": "police"}, "invalid", "exclude"),
            ({"exclude": [5]}, "invalid", "exclude"),
            ({"exclude": ["army"]}, "unknown_desk", None),
            ({"client_id": ""}, "invalid", "client_id"),
            ({"client_id": "a" * 65}, "invalid", "client_id"),
            ({"client_id": "a\n"}, "invalid", "client_id"),
            ({"client_id": "á"}, "invalid", "client_id"),
            ({"sealed": {}}, "invalid", "sealed"),
            ({"sealed": {"suite": 1, "body": "!", "wraps": {"0" * 16: "AA=="}}}, "invalid", "sealed"),
            ({"sealed": "x"}, "invalid", "sealed"),
            ({"secret_field": 1}, "invalid", "body"),
        ],
    )
    def test_what_is_wrong_is_named_and_nothing_kept(
        self, asker: FlaskClient, shared: House, changes: dict[str, Any], code: str, field: str | None
    ) -> None:
        before = count(shared)
        errors = refused(asker.post(TIPS, json={**TIP, **changes}), 422, code)
        assert list(errors) == ([field] if field else [])
        assert count(shared) == before

    def test_what_was_sent_is_never_said_back(self, asker: FlaskClient) -> None:
        mark = "zebra8871"
        for body in (
            {mark: mark}, {"text": {mark: mark}}, {"language": mark}, {"category": mark}, {"exclude": [mark]},
            {"contact": mark}, {"client_id": mark + "!"}, {"danger_now": mark}, {"sealed": {mark: mark}},
            {"sealed": {"suite": 1, "body": "AA==", "wraps": {mark: "AA=="}}}, [mark], mark,
        ):  # fmt: skip
            answer = asker.post(TIPS, json=body)
            assert answer.status_code == 422
            assert mark not in answer.text
        assert mark not in asker.post(f"/api/v1/{mark}", json={}).text
        assert mark not in asker.post(TIPS, data=mark, content_type="application/json").text

    @pytest.mark.parametrize(
        ("asked", "headers", "body", "starts"),
        [
            ("?lang=en", {"Accept-Language": "st"}, {"language": "st"}, "Nothing"),
            ("?lang=st", {"Accept-Language": "en"}, {"language": "en"}, "Ha ho"),
            ("", {"Accept-Language": "en-ZA, fr;q=0.5"}, {"language": "st"}, "Nothing"),
            ("", {"Accept-Language": "fr"}, {"language": "en"}, "Nothing"),
            ("", {}, {"language": "en"}, "Nothing"),
            ("", {}, {}, "Ha ho"),
            ("?lang=xx", {}, {"language": "xx"}, "Ho na le"),
        ],
    )
    def test_the_message_is_in_the_language_asked_for(
        self, asker: FlaskClient, asked: str, headers: dict[str, str], body: dict[str, str], starts: str
    ) -> None:
        answer = asker.post(TIPS + asked, headers=headers, json={"text": "", **body})
        assert said(answer)["message"].startswith(starts), answer.text


class TestWhatIsNoJson:
    @pytest.mark.parametrize(
        "data",
        [b"", b"{", b"\xff\xfe", b"{'text': 1}", b'{"text": NaN}', b"[" * 100_000, b'{"a":' * 50_000, b"\0" * 20,
         b'{"text": "\x01"}'],
    )  # fmt: skip
    @pytest.mark.parametrize("address", [TIPS, OPEN, SESSIONS])
    def test_it_is_answered_with_400(self, asker: FlaskClient, address: str, data: bytes) -> None:
        refused(asker.post(address, data=data, content_type="application/json"), 400, "bad_request")

    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
    def test_other_kinds_are_answered_with_415(self, asker: FlaskClient, kind: str) -> None:
        refused(asker.post(TIPS, data=json.dumps(TIP), content_type=kind), 415, "not_json")

    def test_too_much_is_answered_with_413(self, asker: FlaskClient, shared: House) -> None:
        before = count(shared)
        refused(asker.post(TIPS, json={"text": "a" * 300_000}), 413, "too_large")
        assert count(shared) == before

    @pytest.mark.parametrize("body", ["null", "5", '"text"', "[]", "true"])
    def test_json_that_is_no_object_is_answered_with_422(self, asker: FlaskClient, body: str) -> None:
        answer = asker.post(TIPS, data=body, content_type="application/json")
        assert list(refused(answer, 422, "invalid")) == ["body"]

    def test_a_wrong_method_is_told_the_right_ones(self, asker: FlaskClient) -> None:
        answer = asker.put(TIPS, json=TIP)
        refused(answer, 405, "method")
        assert set(answer.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}

    def test_there_is_nothing_elsewhere(self, asker: FlaskClient) -> None:
        refused(asker.get("/api/v1/nothing"), 404, "not_found")
        refused(asker.get("/api/v2/tips"), 404, "not_found")


class TestSentAgain:
    def test_the_same_id_is_answered_with_the_same_receipt_whatever_the_body(
        self, client: FlaskClient, house: House
    ) -> None:
        client_id = secrets.token_urlsafe(16)
        first = client.post(TIPS, json={**TIP, "client_id": client_id})
        for body in (TIP, {"text": 5, "nonsense": 1}, {}, {"exclude": ["army"]}, {"sealed": "x"}):
            again = client.post(TIPS, json={**body, "client_id": client_id})
            assert (again.status_code, said(again)) == (200, said(first))
        assert count(house) == count(house, Entry) == 1

    def test_one_that_can_be_guessed_gets_no_receipt(self, client: FlaskClient, house: House) -> None:
        first = client.post(TIPS, json={**TIP, "client_id": "1"})
        assert (first.status_code, len(said(first)["receipt"])) == (201, 16)
        again = client.post(TIPS, json={**TIP, "client_id": "1"})
        assert (again.status_code, said(again)) == (200, {"receipt": None})
        assert count(house) == 1

    def test_after_a_day_the_receipt_is_not_said_any_more(self, client: FlaskClient, house: House) -> None:
        client_id = secrets.token_urlsafe(16)
        client.post(TIPS, json={**TIP, "client_id": client_id})
        with house.database.write() as session:
            row = session.scalars(select(Tip)).one()
            row.received_at = row.received_at.replace(year=row.received_at.year - 1)
        again = client.post(TIPS, json={**TIP, "client_id": client_id})
        assert (again.status_code, said(again)) == (200, {"receipt": None})

    def test_sixteen_at_once_are_one_tip(self, any_app: Flask) -> None:
        house, client_id = make.house_of(any_app), secrets.token_urlsafe(16)
        answers = at_once(any_app, [{**TIP, "client_id": client_id}] * 16)
        assert sorted(answer.status_code for answer in answers) == [200] * 15 + [201]
        assert len({said(answer)["receipt"] for answer in answers}) == 1
        assert said(answers[0])["receipt"] is not None
        assert count(house) == 1

    def test_two_hundred_are_two_hundred(self, any_app: Flask) -> None:
        house = make.house_of(any_app)
        answers = at_once(any_app, [{**TIP, "text": f"Matter {number}"} for number in range(200)], threads=8)
        assert [answer.status_code for answer in answers] == [201] * 200
        assert len({said(answer)["receipt"] for answer in answers}) == 200
        assert count(house) == count(house, Entry) == 200


def at_once(app: Flask, bodies: list[dict[str, Any]], threads: int = 16) -> list[TestResponse]:
    """Post all of them from several threads."""
    waiting, answers, start = iter(bodies), [], threading.Barrier(threads)
    lock = threading.Lock()

    def work() -> None:
        client = app.test_client()
        start.wait()
        while True:
            with lock:
                body = next(waiting, None)
            if body is None:
                return
            answers.append(client.post(TIPS, json=body))

    every = [threading.Thread(target=work) for _ in range(threads)]
    for one in every:
        one.start()
    for one in every:
        one.join()
    return answers


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "text", "language", "category", "place", "danger_now", "child", "happening", "contact", "exclude", "client_id",
    "sealed", "other",
)  # fmt: skip


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(body=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6) | JSON)
def test_no_body_breaks_it(asker: FlaskClient, body: Any) -> None:
    answer = asker.post(TIPS, data=json.dumps(body), content_type="application/json")
    assert answer.status_code in {200, 201, 422}
    if answer.status_code == 422:
        assert set(said(answer)) == {"code", "message", "errors"}
        assert set(said(answer)["errors"]) <= {*FIELDS, "body"} - {"other"}
    else:
        assert set(said(answer)) == {"receipt"}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(min_size=1, max_size=400), language=st.sampled_from(["st", "en"]), place=st.text(max_size=60))
def test_any_words_are_taken(asker: FlaskClient, text: str, language: str, place: str) -> None:
    answer = asker.post(TIPS, json={"text": "a " + text, "language": language, "place": place})
    assert answer.status_code == 201, answer.text
