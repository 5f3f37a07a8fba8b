"""No log line holds a number, a receipt, a secret address or what somebody wrote."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests import make
from tipline.web import logs

NUMBER, RECEIPT = "+26658801234", "4271 9930 1582 6047"
FORMS = ("+26658801234", "26658801234", "58801234", "5880 1234", "+266 58 80 12 34", "266-5880-1234", "+266.5880.1234")
Said = Callable[[], str]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Iterator[Said]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.init_logs()
    yield lambda: "".join(capsys.readouterr())
    root.handlers[:], level = before
    root.setLevel(level)


@pytest.mark.parametrize("form", [*FORMS, RECEIPT, RECEIPT.replace(" ", ""), RECEIPT.replace(" ", "-")])
def test_numbers_and_receipts_are_blanked_in_every_form(form: str) -> None:
    assert logs.scrub(f"from {form} today") == "from # today"


@pytest.mark.parametrize(
    "address",
    [
        "/sms/africastalking/0f0e0d0c0b0a09080706050403020100",
        "/sms/kannel/seCret-seCret-seCret-seCret/delivery?id=77",
        "/ussd/africastalking/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/events",
    ],
)
def test_secret_addresses_are_blanked(address: str) -> None:
    secret = address.split("/")[3]
    assert secret not in logs.scrub(f"POST {address} 403")
    assert "/…" in logs.scrub(f"POST {address} 403")


def test_what_follows_a_question_mark_is_blanked() -> None:
    assert logs.scrub("GET /en/report?text=she+is+held here") == "GET /en/report?… here"


@given(st.text(alphabet="0123456789", min_size=5, max_size=20), st.text(max_size=40), st.text(max_size=40))
def test_no_run_of_five_digits_survives(digits: str, before: str, after: str) -> None:
    kept = logs.scrub(before + digits + after)
    assert digits not in kept
    assert len(kept) <= 300


@pytest.mark.parametrize(
    "name", ["tipline.outbox", "twilio.http_client", "urllib3.connectionpool", "huey", "werkzeug", "made.up"]
)
def test_every_logger_of_the_process_goes_through_the_scrubber(said: Said, name: str) -> None:
    logging.getLogger(name).error("cannot send to %s: receipt %s", NUMBER, RECEIPT)
    written = said()
    assert "cannot send" in written
    assert not any(form in written for form in (*FORMS, RECEIPT))


def test_an_exception_is_its_type_and_place_never_its_message_or_values(said: Said) -> None:
    def deeper(story: str) -> None:
        raise ValueError(f"{story} {NUMBER}")

    try:
        deeper(make.STORY)
    except ValueError:
        logging.getLogger("tipline.web.errors").exception("a request failed")
    written = said()
    assert "ValueError" in written
    assert "test_logs.py" in written
    assert "passport" not in written
    assert "5880123" not in written  # seven digits: no time of day has them


def test_fields_that_are_not_ours_are_left_out(said: Said) -> None:
    logging.getLogger("tipline").warning("odd", extra={"text": make.STORY, "carrier": "kannel", "count": 123456})
    written = said()
    assert "passport" not in written
    assert "carrier=kannel" in written
    assert "count=123456" in written


def test_a_log_call_with_wrong_arguments_does_not_print_them(said: Said) -> None:
    logging.getLogger("tipline").error("one %s only", NUMBER, make.STORY)  # noqa: PLE1205 - wrong on purpose
    written = said()
    assert "5880123" not in written  # seven digits: no time of day has them
    assert "passport" not in written


def test_a_request_that_fails_is_written_without_what_was_sent(app: Flask, said: Said) -> None:
    @app.post("/break")
    def broken() -> str:
        raise RuntimeError(make.STORY)

    app.testing = False
    client: FlaskClient = app.test_client()
    assert client.post("/break?from=58801234", data={"text": make.STORY}).status_code == 500
    written = said()
    assert "RuntimeError" in written
    assert "passport" not in written
    assert "5880123" not in written  # seven digits: no time of day has them
