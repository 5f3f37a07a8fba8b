"""What somebody types is in no address, header, log line or byte on disk, and no length on the wire tells it."""

from __future__ import annotations

import gzip
import logging
import re
from pathlib import Path

import brotli
import pytest
from flask import Flask, Response, request
from werkzeug.test import TestResponse

from tests import make
from tests.web.reporter import STORY, Form, Reporter, at_the_desk, last_tip
from tipline import casework
from tipline.house import House
from tipline.web import compress

KB = 1000
MARK = "Qoqolosing-7f3a"
NUMBER = "58801234"


def test_marked_words_numbers_and_digits_are_nowhere(
    app: Flask, house: House, var: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    outside: list[str] = []

    @app.after_request
    def overhear(response: Response) -> Response:
        outside.extend((request.url, str(response.headers), str(response.status)))
        return response

    reporter = Reporter(app.test_client()).begin().walk_to("story")
    reporter.press("next", story=f"{MARK} story").press("next", where=f"{MARK} place").press("next")
    reporter.press("next", exclude_note=f"{MARK} officer").press("next", status=422, phone="12x")
    reporter.press("next", phone=f"+266 {NUMBER}").press("send")
    digits = reporter.receipt
    Reporter(app.test_client()).open("report/short").press("send", story=f"{MARK} short", phone=f"00266{NUMBER}")
    with make.held(house, at_the_desk(house, "immigration"), last_tip(house).id) as (session, case):
        casework.reply(session, case, f"{MARK} reply", house.words)
    inbox = Reporter(app.test_client()).open("inbox").press("", status=404, receipt=f"{digits[:-1]}{MARK}")
    inbox.press("", receipt=digits).press("say", text=f"{MARK} more")
    assert MARK in inbox.text
    written = b"".join(path.read_bytes() for path in var.rglob("*") if path.is_file())
    said = "\n".join((*outside, caplog.text, *capfd.readouterr()))
    for secret in (MARK, NUMBER, digits, " ".join(digits[at : at + 4] for at in range(0, 16, 4)), digits[:12]):
        assert secret.encode() not in written
        assert secret not in said


def test_the_hidden_field_does_not_tell_how_much_was_written(shared_app: Flask) -> None:
    lengths = set()
    for story in ("Thusa", STORY, STORY * 2):
        reporter = Reporter(shared_app.test_client()).begin().walk_to("story").press("next", story=story)
        assert story not in reporter.text
        lengths.add(len(reporter.form.fields["draft"]))
    assert len(lengths) == 1


def test_the_hidden_field_is_never_the_same_twice(shared_app: Flask) -> None:
    pages = [Reporter(shared_app.test_client()).begin().form.fields["draft"] for _ in range(2)]
    assert pages[0] != pages[1]


@pytest.mark.parametrize("step", ["story", "where", "exclude", "contact", "check"])
def test_what_was_typed_is_never_compressed_with_the_page(shared_app: Flask, step: str) -> None:
    typed = {"story": f"{MARK} & story", "where": MARK, "exclude_note": MARK, "phone": NUMBER}
    reporter = Reporter(shared_app.test_client()).begin().walk_to("story")
    while reporter.step != "check":
        reporter.press("next", **{name: value for name, value in typed.items() if name in reporter.form.fields})
    data = {**reporter.form.fields, "go": "stay" if step == "check" else step}
    page = reporter.client.post("/en/report", data=data, headers={"Accept-Encoding": "br, gzip"})
    assert page.headers["Content-Encoding"] == "gzip"
    plain = gzip.decompress(page.data)
    shown = {"story": f"{MARK} &amp; story", "contact": NUMBER}.get(step, MARK).encode()
    assert plain.count(shown) == page.data.count(shown) > 0  # as it is, never as a reference to something else
    assert not re.search(rb"[\x02\x03]", plain)
    assert len(page.data) < len(plain) * 0.6


def test_the_digits_are_never_compressed_with_the_page(shared_app: Flask) -> None:
    reporter = Reporter(shared_app.test_client()).begin().walk_to("check")
    data = {**reporter.form.fields, "go": "send"}
    page = reporter.client.post("/en/report", data=data, headers={"Accept-Encoding": "br, gzip"})
    digits = re.search(rb'class="code">([\d ]{19})<', gzip.decompress(page.data))
    assert digits
    assert digits[1] in page.data


@pytest.mark.parametrize(
    "pieces", [[b""], [b"", b"a", b""], [b"ab" * 900, b"secret" * 30_000, b"ab" * 900, b"", b"", b"x", b"end"]]
)
def test_a_page_compressed_around_its_secrets_is_the_same_page(pieces: list[bytes]) -> None:
    assert gzip.decompress(compress._squeeze_around(pieces)) == b"".join(pieces)


def test_a_page_with_secrets_reaches_browsers_that_unpack_nothing(shared_app: Flask) -> None:
    reporter = Reporter(shared_app.test_client()).begin().walk_to("check")
    assert "Content-Encoding" not in reporter.page.headers
    assert STORY in reporter.text
    assert "\x02" not in reporter.text


@pytest.mark.parametrize("encoding", ["br, gzip", "gzip"])
def test_every_page_keeps_its_budget(somebody: Reporter, encoding: str) -> None:
    """One step, the last page and the inbox: 10 kB on the wire with headers and icon, three requests at most."""
    somebody.client.environ_base["HTTP_ACCEPT_ENCODING"] = encoding
    icon = len(somebody.client.get("/favicon.svg").data) + 900
    weights = {}

    def weigh(name: str, answer: TestResponse) -> str:
        weights[name] = len(answer.data) + len(str(answer.headers)) + icon
        body = brotli.decompress(answer.data) if answer.headers["Content-Encoding"] == "br" else None
        page = (body or gzip.decompress(answer.data)).decode()
        assert len(re.findall(r"<(?:script|img|link)\b", page)) == 1  # the icon
        assert not re.search(r"\sstyle=|\son[a-z]+=", page)
        return page

    post = f"/{somebody.lang}/report"
    weigh("start", somebody.client.get(post))
    weigh("short", somebody.client.get(post + "/short"))
    weigh("inbox", somebody.client.get(f"/{somebody.lang}/inbox"))
    page = weigh("danger", somebody.client.post(post, data={"go": "start"}))
    typed = {"danger": "yes", "story": STORY * 4, "where": "Ha Abia", "exclude_note": "Sgt X", "phone": NUMBER}
    for name in ("safety", "story", "where", "when", "exclude", "contact", "check", "done"):
        form = Form()
        form.feed(page)
        data = {**form.fields, **typed, "go": "send" if name == "done" else "next"}
        page = weigh(name, somebody.client.post(post, data=data))
    assert 'class="code"' in page
    assert max(weights.values()) <= 10 * KB, weights
