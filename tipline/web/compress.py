"""Pages on the wire: brotli or gzip, and the same bytes again for pages that are the same for everybody.

A view marks such a page with ``same_for_all()``: then the compressed body is kept in this process for a minute. What
holds a receipt is marked with ``never_compress()``: compressed secrets beside chosen words can be guessed (BREACH).
Where such a page hands its secrets out through ``apart()``, the rest of it is compressed around them: a secret leaves
as it is, and no other byte of the page is written in terms of it.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import brotli
from flask import Flask, Response, g, request
from markupsafe import Markup, escape

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KEPT_SECONDS = 60.0
_MOST_PAGES = 500
_SMALLEST = 500
_APART = re.compile(b"[\x02\x03]")
_TEXT = ("text/", "application/json", "application/manifest", "image/svg")


@dataclass(frozen=True)
class _Page:
    body: bytes
    headers: list[tuple[str, str]]
    until: float
    etag: str


def same_for_all(seconds: int = 300) -> None:
    """Say that this response is the same for everybody; browsers may keep it for some seconds."""
    g.same_for_all = seconds


def never_compress() -> None:
    """Say that this response holds a secret beside words that somebody else may have chosen."""
    g.never_compress = True


def apart(secret: str) -> Markup:
    """Return a secret as a page may show it, marked so that nothing is compressed together with it."""
    g.apart = True
    clean = secret.replace("\x02", "").replace("\x03", "")
    return Markup("\x02") + escape(clean) + Markup("\x03")


def init_compress(app: Flask) -> None:
    """Compress what leaves, and answer from memory what is the same for all."""
    kept: dict[tuple[str, str], _Page] = {}
    app.jinja_env.filters["apart"] = apart
    app.wsgi_app = _FromMemory(app.wsgi_app, kept)  # type: ignore[method-assign]

    @app.after_request
    def _shrink(response: Response) -> Response:
        if response.direct_passthrough or response.is_streamed or _is_small(response):
            return response
        response.headers.add("Vary", "Accept-Encoding")
        encoding = _encoding(request.headers.get("Accept-Encoding", ""))
        common = g.get("same_for_all") if request.method == "GET" and response.status_code == 200 else None  # noqa: PLR2004
        body = response.get_data()
        if g.get("apart"):
            return _shrink_around(response, _APART.split(body))
        fits = len(body) >= _SMALLEST and (response.mimetype or "").startswith(_TEXT)
        if fits and encoding and not g.get("never_compress") and "Content-Encoding" not in response.headers:
            body = _squeeze(body, encoding, best=common is not None)
            response.set_data(body)
            response.headers["Content-Encoding"] = encoding
        if common is not None and not request.query_string:
            response.headers["Cache-Control"] = f"public, max-age={common}"
            etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            response.headers["ETag"] = etag
            names = ("Content-Type", "Content-Encoding", "Vary", "Cache-Control", "Content-Language", "ETag")
            headers = [(name, response.headers[name]) for name in names if name in response.headers]
            if len(kept) >= _MOST_PAGES:
                kept.clear()
            kept[request.path, encoding] = _Page(body, headers, time.monotonic() + KEPT_SECONDS, etag)
        return response


class _FromMemory:
    """Answers what is kept below Flask: the lessons then cost little more than a static file."""

    def __init__(self, below: WSGIApplication, kept: dict[tuple[str, str], _Page]) -> None:
        self._below = below
        self._kept = kept

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET" or environ.get("QUERY_STRING"):
            return self._below(environ, start_response)
        page = self._kept.get((environ["PATH_INFO"], _encoding(environ.get("HTTP_ACCEPT_ENCODING", ""))))
        if page is None or page.until < time.monotonic():
            return self._below(environ, start_response)
        if page.etag in environ.get("HTTP_IF_NONE_MATCH", ""):
            start_response("304 NOT MODIFIED", page.headers.copy())
            return []
        start_response("200 OK", [*page.headers, ("Content-Length", str(len(page.body)))])
        return [page.body]


def _shrink_around(response: Response, pieces: list[bytes]) -> Response:
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response.set_data(_squeeze_around(pieces))
        response.headers["Content-Encoding"] = "gzip"
    else:
        response.set_data(b"".join(pieces))
    return response


def _squeeze_around(pieces: list[bytes]) -> bytes:
    """Return gzip (RFC 1952) of pieces of which every second is a secret: those lie in stored blocks (RFC 1951 3.2.4).

    A full flush before each makes the compressor forget, so no reference reaches over a secret either.
    """
    deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    out = [b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"]
    for at, piece in enumerate(pieces):
        if at % 2:
            out += [_stored(piece[start : start + 0xFFFF]) for start in range(0, len(piece), 0xFFFF)]
        else:
            out += [deflate.compress(piece), deflate.flush(zlib.Z_FULL_FLUSH)]
    whole = b"".join(pieces)
    out += [deflate.flush(), zlib.crc32(whole).to_bytes(4, "little"), (len(whole) % 2**32).to_bytes(4, "little")]
    return b"".join(out)


def _stored(piece: bytes) -> bytes:
    return b"\x00" + len(piece).to_bytes(2, "little") + (len(piece) ^ 0xFFFF).to_bytes(2, "little") + piece


def _is_small(response: Response) -> bool:
    """Say whether an answer to a form is too small to be worth it (no cache keeps what was posted)."""
    return request.method == "POST" and (response.content_length or 0) < _SMALLEST and not g.get("apart")


def _encoding(accepted: str) -> str:
    return "br" if "br" in accepted else "gzip" if "gzip" in accepted else ""


def _squeeze(body: bytes, encoding: str, *, best: bool) -> bytes:
    if encoding == "br":
        return bytes(brotli.compress(body, quality=11 if best else 4))
    return gzip.compress(body, 9 if best else 5, mtime=0)
