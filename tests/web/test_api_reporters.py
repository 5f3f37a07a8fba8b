"""The API for reporters and sign-ins: seal as a browser does, come back with a receipt, get a token."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests import browser_seal, make
from tests.web.api import MORE, OPEN, SESSIONS, TIP, TIPS, count, refused, said, tip
from tipline import accounts, casework
from tipline.house import House
from tipline.models import SignIn
from tipline.sealing import totp


@pytest.fixture
def shared_client(shared_app: Flask) -> FlaskClient:
    """Return a program that asks an instance which other tests ask too."""
    return shared_app.test_client()


class TestSealed:
    """As a browser does it: GET keys, seal with HPKE as docs/api.md describes, POST; the desk opens it."""

    def test_the_worked_example_of_the_documents(self, client: FlaskClient, house: House) -> None:
        keys = said(client.get("/api/v1/keys"))
        assert (keys["suite"], keys["kem"], keys["kdf"], keys["aead"], keys["late_hours"]) == (1, 16, 1, 2, 72)
        assert [key["desk"] for key in keys["keys"]] == ["immigration", "shelter", "police"]
        client_id = secrets.token_urlsafe(16)
        story = {"text": make.STORY_ST, "answers": {"child": True}}
        sealed = browser_seal.seal(keys, client_id, story, ("immigration", "police"))
        sent = {"sealed": sealed, "client_id": client_id, "language": "st", "child": True}
        answer = client.post(TIPS, json=sent)
        assert answer.status_code == 201, answer.text
        assert said(client.post(TIPS, json=sent)) == said(answer)
        for name in ("immigration", "police"):
            with make.held(house, make.identity(house, name), tip(house).id) as (session, case):
                view = casework.view(session, case)
                assert (view.text, view.answers) == (make.STORY_ST, {"child": True})

    def test_what_is_sealed_to_too_few_or_for_another_place_is_refused_or_stays_shut(
        self, client: FlaskClient, house: House
    ) -> None:
        keys = said(client.get("/api/v1/keys"))
        client_id, other = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        for_police = browser_seal.seal(keys, client_id, {"text": "x"}, ("police",))
        refused(client.post(TIPS, json={"sealed": for_police, "client_id": client_id}), 422, "bad_envelope")
        good = browser_seal.seal(keys, client_id, {"text": "x"}, ("immigration",))
        for changes in ({"client_id": None}, {"client_id": "short"}):
            refused(client.post(TIPS, json={"sealed": good, **changes}), 422, "bad_envelope")
        both = client.post(TIPS, json={"sealed": good, "client_id": client_id, "text": "in the clear"})
        assert list(refused(both, 422, "invalid")) == ["sealed"]
        assert count(house) == 0
        assert client.post(TIPS, json={"sealed": good, "client_id": other}).status_code == 201
        with make.held(house, make.identity(house, "immigration"), tip(house).id) as (session, case):
            assert casework.view(session, case).text is None

    def test_a_long_story_fits(self, client: FlaskClient, house: House) -> None:
        keys, client_id = said(client.get("/api/v1/keys")), secrets.token_urlsafe(16)
        sealed = browser_seal.seal(keys, client_id, {"text": "a" * 65_000}, ("immigration", "police", "shelter"))
        assert client.post(TIPS, json={"sealed": sealed, "client_id": client_id}).status_code == 201

    def test_the_keys_are_the_desks(self, shared_client: FlaskClient) -> None:
        for key in said(shared_client.get("/api/v1/keys"))["keys"]:
            point = base64.b64decode(key["public_key"])
            assert (len(point), key["id"]) == (65, hashlib.sha256(point).hexdigest()[:16])
            assert set(key["name"]) == {"st", "en"}


class TestComingBack:
    def test_answers_and_more_words(self, client: FlaskClient, house: House) -> None:
        receipt = said(client.post(TIPS, json=TIP))["receipt"]
        empty = client.post(OPEN, json={"receipt": receipt})
        assert (empty.status_code, said(empty)) == (200, {"stage": "received", "messages": []})
        with make.held(house, make.identity(house, "immigration"), tip(house).id) as (session, case):
            casework.take(session, case)
            casework.reply(session, case, "Where is she?", house.words)
        typed = f"{receipt[:4]} {receipt[4:8]}-{receipt[8:12]}.{receipt[12:]}"
        assert client.post(MORE, json={"receipt": typed, "text": "In Durban."}).status_code == 201
        thread = said(client.post(OPEN, json={"receipt": typed}))
        assert thread["stage"] == "screened"
        assert [(one["from"], one["text"]) for one in thread["messages"]] == [
            ("desk", "Where is she?"),
            ("reporter", "In Durban."),
        ]
        assert all(":00:00" in one["hour"] for one in thread["messages"])
        assert make.STORY not in json.dumps(thread)

    def test_unknown_and_wrong_look_the_same(self, shared_client: FlaskClient) -> None:
        shared_client.post(TIPS, json=TIP)
        answers = [
            shared_client.post(address, json={"receipt": typed, **({"text": "words"} if address == MORE else {})})
            for address in (OPEN, MORE)
            for typed in ("0000000000000000", "1234567812345678", "1", "letters", "", "9" * 64)
        ]
        assert {(answer.status_code, answer.data) for answer in answers} == {(404, answers[0].data)}
        assert said(answers[0])["code"] == "unknown_receipt"

    @pytest.mark.parametrize(("text", "code"), [("", "empty"), (" ", "empty"), ("š" * 40_000, "too_long")])
    def test_more_words_are_words(self, shared_client: FlaskClient, text: str, code: str) -> None:
        receipt = said(shared_client.post(TIPS, json=TIP))["receipt"]
        refused(shared_client.post(MORE, json={"receipt": receipt, "text": text}), 422, code)

    @pytest.mark.parametrize("body", [{}, {"receipt": 1234567812345678}, {"receipt": None}, {"receipt": "1" * 65}])
    def test_a_receipt_is_text(self, shared_client: FlaskClient, body: dict[str, Any]) -> None:
        assert list(refused(shared_client.post(OPEN, json=body), 422, "invalid")) == ["receipt"]

    def test_danger_said_later_raises_the_tip(self, client: FlaskClient, house: House) -> None:
        receipt = said(client.post(TIPS, json={"text": "He sells forged permits.", "language": "en"}))["receipt"]
        words = "Help, he is beating a girl now, she is twelve, come quickly!"
        assert client.post(MORE, json={"receipt": receipt, "text": words}).status_code == 201
        assert tip(house).priority == "P0"


class TestSignIn:
    @pytest.fixture
    def strict(self, house: House) -> House:
        """Ask for a second factor, as every instance but a demo does."""
        house.second_factor = True
        return house

    def sign_in(self, client: FlaskClient, name: str, password: str, **more: str) -> TestResponse:
        return client.post(SESSIONS, json={"username": name, "password": password, **more})

    def test_a_token_that_works_until_it_is_given_back(self, client: FlaskClient, house: House) -> None:
        answer = self.sign_in(client, "immigration", make.password(house, "immigration"))
        assert answer.status_code == 201
        assert set(said(answer)) == {"token", "expires_at"}
        bearer = {"Authorization": f"Bearer {said(answer)['token']}"}
        assert said(client.get("/api/v1/desk/tips", headers=bearer)) == {"tips": [], "next": None}
        assert client.delete(SESSIONS, headers=bearer).status_code == 204
        gone = client.get("/api/v1/desk/tips", headers=bearer)
        refused(gone, 401, "sign_in_needed")
        assert gone.headers["WWW-Authenticate"] == "Bearer"
        assert count(house, SignIn) == 0

    def test_wrong_ones_look_the_same(self, client: FlaskClient, house: House) -> None:
        right = make.password(house, "immigration")
        answers = [
            self.sign_in(client, name, password)
            for name, password in (("immigration", "x"), ("nobody", right), ("\0", "\ud800"), ("police", right))
        ]
        assert {(answer.status_code, answer.data) for answer in answers} == {(401, answers[0].data)}
        assert said(answers[0])["code"] == "sign_in_refused"

    def test_a_guesser_is_told_to_wait_and_others_are_not(self, client: FlaskClient, house: House) -> None:
        for _ in range(10):
            refused(self.sign_in(client, "police", "a guess"), 401, "sign_in_refused")
        late = self.sign_in(client, "police", make.password(house, "police"))
        refused(late, 429, "too_many")
        assert int(late.headers["Retry-After"]) > 0
        assert self.sign_in(client, "immigration", make.password(house, "immigration")).status_code == 201

    def test_without_a_second_factor_there_is_no_token_where_one_is_asked(
        self, client: FlaskClient, strict: House
    ) -> None:
        answer = self.sign_in(client, "immigration", make.password(strict, "immigration"))
        refused(answer, 403, "must_enrol")
        assert count(strict, SignIn) == 0

    def test_with_one_its_code_is_needed_and_used_up(self, client: FlaskClient, strict: House) -> None:
        word = make.password(strict, "immigration")
        person = strict.who(strict.sign_in("immigration", word, "", "cookie").token, "cookie")
        now = strict.clock()
        with strict.database.write() as session:
            secret = accounts.propose_totp(session, person, strict.keys)
            codes = accounts.confirm_totp(session, person, totp.code_at(secret, now), strict.keys, now)
        refused(self.sign_in(client, "immigration", word), 401, "sign_in_refused")
        refused(self.sign_in(client, "immigration", word, totp=totp.code_at(secret, now)), 401, "sign_in_refused")
        assert self.sign_in(client, "immigration", word, totp=codes[0]).status_code == 201
        refused(self.sign_in(client, "immigration", word, totp=codes[0]), 401, "sign_in_refused")

    @pytest.mark.parametrize(
        "body", [{}, {"username": "a"}, {"username": 1, "password": "a"}, {"username": "a", "password": []}]
    )
    def test_both_are_needed_as_text(self, shared_client: FlaskClient, body: dict[str, Any]) -> None:
        refused(shared_client.post(SESSIONS, json=body), 422, "invalid")
