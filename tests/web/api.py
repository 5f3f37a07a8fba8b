"""What the tests of the API share: its addresses, its one error envelope, a signed-in person."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests import make
from tipline.house import House
from tipline.models import Tip

TIPS, OPEN, MORE, SESSIONS = "/api/v1/tips", "/api/v1/receipts/open", "/api/v1/receipts/messages", "/api/v1/sessions"
TIP = {"text": make.STORY, "language": "en"}


def count(house: House, model: type = Tip) -> int:
    with house.database.read() as session:
        return len(session.scalars(select(model)).all())


def tip(house: House) -> Tip:
    with house.database.read() as session:
        one = session.scalars(select(Tip)).one()
        session.expunge(one)
        return one


def said(answer: TestResponse) -> Any:
    """Return what an answer holds."""
    assert answer.is_json, answer.text
    return answer.json


def refused(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """Check the one envelope; return what it says of fields."""
    assert (answer.status_code, said(answer)["code"]) == (status, code), answer.text
    assert set(said(answer)) == {"code", "message", "errors"}
    assert said(answer)["message"]
    assert answer.headers["Cache-Control"] == "no-store"
    errors: dict[str, Any] = said(answer)["errors"]
    return errors


class Caller:
    """A program that calls the API for one person."""

    def __init__(self, app: Flask, name: str) -> None:
        self.client: FlaskClient = app.test_client()
        password = make.password(make.house_of(app), name)
        answer = self.client.post(SESSIONS, json={"username": name, "password": password})
        assert answer.status_code == 201, answer.text
        self.bearer = {"Authorization": f"Bearer {said(answer)['token']}"}

    def get(self, path: str) -> TestResponse:
        return self.client.get(f"/api/v1/desk/{path}", headers=self.bearer)

    def post(self, path: str, **body: Any) -> TestResponse:
        return self.client.post(f"/api/v1/desk/{path}", json=body, headers=self.bearer)

    def ids(self, query: str = "") -> list[str]:
        answer = self.get(f"tips{query}")
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in said(answer)["tips"]]
