"""Pages that are the same for everybody are answered from memory, in each encoding, with the same headers."""

from __future__ import annotations

import gzip

import brotli
import pytest
from flask.testing import FlaskClient

PAGE = "/st/learn/job-offers"


@pytest.mark.parametrize("accepted", ["br, gzip", "gzip", ""])
def test_the_second_reader_gets_what_the_first_got(client: FlaskClient, accepted: str) -> None:
    headers = {"Accept-Encoding": accepted}
    first, second = (client.get(PAGE, headers=headers) for _ in range(2))
    assert second.data == first.data
    assert sorted(second.headers.items()) == sorted(first.headers.items())
    assert "Content-Security-Policy" in second.headers
    open_it = {"br": brotli.decompress, "gzip": gzip.decompress}.get(second.headers.get("Content-Encoding", ""), bytes)
    assert open_it(second.data) == client.get(PAGE).data


def test_whoever_has_it_already_gets_no_body(client: FlaskClient) -> None:
    etag = client.get(PAGE).headers["ETag"]
    answer = client.get(PAGE, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.data) == (304, b"")
    assert answer.headers["ETag"] == etag
    assert "Content-Security-Policy" in answer.headers


def test_questions_and_other_methods_are_never_answered_from_memory(client: FlaskClient) -> None:
    client.get(PAGE)
    assert client.post(PAGE).status_code == 405
    assert client.get(PAGE + "?x=1").status_code == 200
    assert "ETag" not in client.get(PAGE + "?x=1").headers
