"""Over the whole route table: nobody is let in unnamed, every answer carries its headers, nothing breaks."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests import make
from tipline.house import House

OPEN_AT_THE_DESK = {"/desk/sign-in", "/api/v1/desk/sign-in"}
FILLED = {"lang": "en", "slug": "job-offers", "uid": "A" * 22, "tip": "A" * 22, "secret": "not-the-secret-at-all"}
HEADERS = {
    "Content-Security-Policy": r"default-src 'none'",
    "Referrer-Policy": r"^no-referrer$",
    "X-Content-Type-Options": r"^nosniff$",
    "X-Frame-Options": r"^DENY$",
    "Cross-Origin-Opener-Policy": r"^same-origin$",
    "Permissions-Policy": r"camera=\(\)",
    "Cache-Control": r"no-store|no-cache|max-age",
}
ASKED = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")


def addresses(app: Flask) -> Iterator[tuple[str, Rule]]:
    """Yield every address of the app, its blanks filled with something plausible."""
    for rule in app.url_map.iter_rules():
        yield re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", lambda blank: FILLED.get(blank[1], "1"), rule.rule), rule


def ask(client: FlaskClient, method: str, address: str) -> TestResponse:
    return client.open(address, method=method, json={} if address.startswith("/api/") and method != "GET" else None)


def is_desk(address: str) -> bool:
    return address.startswith(("/desk", "/trainers", "/api/v1/desk")) and address not in OPEN_AT_THE_DESK


def test_every_desk_route_demands_a_sign_in(app: Flask, client: FlaskClient) -> None:
    seen = 0
    for address, rule in addresses(app):
        if not is_desk(address):
            continue
        for method in sorted(rule.methods or set()):
            if method == "OPTIONS":
                continue
            seen += 1
            answer = ask(client, method, address)
            if answer.status_code in {302, 303}:
                assert "/sign-in" in answer.headers["Location"], (method, address)
            else:
                assert answer.status_code in {401, 403}, (method, address, answer.status_code)
    assert seen >= 20


def test_a_made_up_token_opens_nothing(app: Flask, client: FlaskClient) -> None:
    for address, _ in addresses(app):
        if address.startswith("/api/v1/desk"):
            answer = client.get(address, headers={"Authorization": "Bearer " + "A" * 86})
            assert answer.status_code in {401, 403, 405}, (address, answer.status_code)


@pytest.mark.parametrize("method", ASKED)
def test_every_answer_carries_the_security_headers_and_none_is_a_fault(
    app: Flask, client: FlaskClient, method: str
) -> None:
    asked = [address for address, _ in addresses(app)]
    asked += [
        "/nothing-here",
        "/en/nothing-here",
        "/api/v1/nothing",
        "/desk/nothing",
        "/static/nothing.css",
        "/%ff",
        "/en/%00",
    ]
    for address in asked:
        answer = ask(client, method, address)
        assert answer.status_code < 500 or (address == "/readyz" and answer.status_code == 503), (method, address)
        for header, pattern in HEADERS.items():
            assert re.search(pattern, answer.headers.get(header, "")), (method, address, header, answer.status_code)
        assert "unsafe" not in answer.headers["Content-Security-Policy"], address
        assert "Set-Cookie" not in answer.headers or is_desk(address) or "sign" in address, address


def test_nothing_of_a_desk_and_nothing_that_was_sent_may_be_kept(app: Flask, client: FlaskClient) -> None:
    for address, rule in addresses(app):
        methods = rule.methods or set()
        if "GET" in methods and is_desk(address):
            assert "no-store" in ask(client, "GET", address).headers["Cache-Control"], address
        if "POST" in methods:
            assert "no-store" in ask(client, "POST", address).headers["Cache-Control"], address


def test_a_fault_says_nothing_and_carries_the_headers(app: Flask) -> None:
    @app.get("/break")
    def broken() -> str:
        raise RuntimeError("+266 5880 1234 at the border")

    app.testing = False
    answer = app.test_client().get("/break")
    assert answer.status_code == 500
    assert "5880" not in answer.text
    assert "at the border" not in answer.text
    for header, pattern in HEADERS.items():
        assert re.search(pattern, answer.headers.get(header, "")), header


def test_without_keys_nothing_is_taken_in(app: Flask, client: FlaskClient, house: House) -> None:
    house.settings.key_file.unlink()
    answer = client.post("/api/v1/tips", json={"text": make.STORY, "language": "en"})
    assert answer.status_code == 503
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    assert client.get("/en/help").status_code == 200


def test_every_command_that_the_documents_name_exists(app: Flask) -> None:
    papers = [make.ROOT / "README.md", *sorted((make.ROOT / "docs").rglob("*.md"))]
    text = "\n".join(paper.read_text(encoding="utf-8") for paper in papers)
    for command in set(re.findall(r"flask --app app ([a-z]+)", text)):
        assert command in app.cli.commands, command
