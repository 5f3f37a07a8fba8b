"""The OpenAPI document is whole, and what the API does is what it says: schemathesis asks everything it names."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests import make
from tests.web.api import TIP, TIPS, Caller, said

CALLS = {
    "post /tips", "get /keys", "post /receipts/open", "post /receipts/messages", "post /sessions", "delete /sessions",
    "get /desk/tips", "get /desk/tips/{uid}", "post /desk/tips/{uid}/moves", "post /desk/tips/{uid}/referrals",
    "post /desk/tips/{uid}/referrals/{rid}", "post /desk/tips/{uid}/replies", "post /desk/tips/{uid}/notes",
    "post /desk/tips/{uid}/outcome", "post /desk/search", "get /desk/summary",
}  # fmt: skip
CHECKS = (
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
)  # fmt: skip
EXAMPLES = 20
ASKED = [(name, mode) for name in sorted(CALLS) for mode in GenerationMode]
ASKED.remove(("get /keys", GenerationMode.NEGATIVE))  # there is nothing that could be wrong in it
_turn = itertools.count()


@pytest.fixture(scope="module")
def served(template_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Give an instance with a few tips, shared by all that is asked here."""
    made = make.app(make.copy(template_var, tmp_path_factory.mktemp("document") / "var"))
    client = made.test_client()
    for _ in range(3):
        assert client.post(TIPS, json=TIP).status_code == 201
    yield made
    make.house_of(made).database.dispose()


@pytest.fixture(scope="module")
def caseworker(served: Flask) -> Caller:
    return Caller(served, "immigration")


@pytest.fixture(scope="module")
def document(served: Flask) -> Any:
    def from_here(environ: dict[str, Any], start_response: Any) -> Any:
        return served({**environ, "REMOTE_ADDR": "127.0.0.1"}, start_response)

    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", from_here)


@pytest.mark.parametrize(("name", "mode"), ASKED)
def test_what_it_does_is_what_it_says(document: Any, caseworker: Caller, name: str, mode: GenerationMode) -> None:
    method, path = name.split()
    operation = document["/api/v1" + path][method]

    @settings(max_examples=EXAMPLES, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        if path.startswith("/desk"):
            case.headers = {**(case.headers or {}), **caseworker.bearer}
            known = caseworker.ids()
            if known and "uid" in (case.path_parameters or {}) and next(_turn) % 4:
                case.path_parameters["uid"] = known[-1]
        case.call_and_validate(checks=list(CHECKS))

    ask()


def test_every_call_is_in_it_with_its_forms(client: FlaskClient) -> None:
    spec = said(client.get("/api/v1/openapi.json"))
    assert spec["openapi"].startswith("3.")
    assert {f"{method} {path.removeprefix('/api/v1')}" for path, item in spec["paths"].items()
            for method in item if method != "parameters"} == CALLS  # fmt: skip
    names = set()
    for path, item in spec["paths"].items():
        for method, call in item.items():
            if method == "parameters":
                continue
            names.add(call["operationId"])
            assert call["summary"]
            assert ("/desk" in path or method == "delete") == (call.get("security") == [{"bearer": []}])
            assert ("requestBody" in call) == (method == "post")
            (good, *_) = [status for status in call["responses"] if status.startswith("2")]
            assert good == "204" or "schema" in call["responses"][good]["content"]["application/json"]
            wrong = {status for status in call["responses"] if status.startswith(("4", "5"))}
            assert method != "post" or {"400", "413", "415", "422"} <= wrong
            assert "/desk" not in path or {"401", "403"} <= wrong
    assert len(names) == len(CALLS)
    error = spec["components"]["schemas"]["ErrorBody"]
    assert set(error["required"]) == {"code", "message", "errors"}
    assert spec["components"]["securitySchemes"]["bearer"] == {"type": "http", "scheme": "bearer"}


def test_fields_that_are_not_named_are_not_taken(client: FlaskClient) -> None:
    forms = said(client.get("/api/v1/openapi.json"))["components"]["schemas"]
    for name, form in forms.items():
        assert not name.endswith("Body") or name == "ErrorBody" or form["additionalProperties"] is False, name
