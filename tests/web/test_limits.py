"""Wrong sign-ins are bounded by name and by address; right ones and everything else are not."""

from __future__ import annotations

from flask.testing import FlaskClient

SIGN_IN = "/api/v1/sessions"


def attempt(client: FlaskClient, name: str, password: str = "wrong wrong wrong") -> int:
    return client.post(SIGN_IN, json={"username": name, "password": password}).status_code


def test_ten_wrong_sign_ins_of_one_name_are_enough_and_others_still_come_in(client: FlaskClient) -> None:
    assert [attempt(client, "police") for _ in range(11)] == [401] * 10 + [429]
    answer = client.post(SIGN_IN, json={"username": "police", "password": "wrong"})
    assert answer.json is not None
    assert answer.json["code"] == "too_many"
    assert attempt(client, "shelter") == 401


def test_what_is_not_a_sign_in_is_never_counted(client: FlaskClient) -> None:
    assert {client.get("/healthz").status_code for _ in range(150)} == {200}
    assert {client.post("/api/v1/receipts/open", json={}).status_code for _ in range(120)} == {422}


def test_who_guesses_from_elsewhere_locks_nobody_of_a_desk_out(client: FlaskClient) -> None:
    for name in ("police", "immigration"):
        for _ in range(11):
            attempt(client, name)
        assert attempt(client, name) == 429
        answer = client.post(SIGN_IN, json={"username": name, "password": "wrong"}, environ_base={"REMOTE_ADDR": "::1"})
        assert answer.status_code == 401, "their own office still gets to try"
