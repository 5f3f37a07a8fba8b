"""Security headers on every response, whoever made it.

Styles are inline and named by their hash; no page needs a script. A view may set ``Cache-Control`` itself; else
nothing is stored anywhere.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, Response, after_this_request, current_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SCRIPTS = "; script-src 'self'"
_STYLES, _POLICIES = "csp_styles", "csp_policies"
_NEVER_STORED = ("/desk", "/api")
_FIXED = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), interest-cohort=()",
}


def allow_style(app: Flask, css: str) -> None:
    """Let pages carry this inline stylesheet (the exact text between ``<style>`` and ``</style>``)."""
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    styles(app).add(f"'sha256-{digest}'")


def styles(app: Flask) -> set[str]:
    """Return the hashes of the inline stylesheets, as the policy writes them."""
    return cast("set[str]", app.extensions.setdefault(_STYLES, set()))


def allow_scripts() -> None:
    """Let this response's page load scripts from ``static/``; inline ones stay forbidden."""

    @after_this_request
    def _allow(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy(current_app) + SCRIPTS
        return response


def harden_static(headers: MutableMapping[str, str], _path: str, _url: str) -> None:
    """Put the headers on a static file, which Flask never sees."""
    headers["Content-Security-Policy"] = "default-src 'none'; style-src 'self'; frame-ancestors 'none'"
    for name, value in _FIXED.items():
        headers[name] = value


class _Always:
    """Puts the headers on whatever the app answers: below Flask, where that costs next to nothing."""

    def __init__(self, app: Flask, *, https: bool) -> None:
        self._app = app
        self._below: WSGIApplication = app.wsgi_app
        self._same = list(_FIXED.items())
        if https:
            self._same.append(("Strict-Transport-Security", "max-age=31536000"))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:  # noqa: ANN401 - as PEP 3333 has it
            given = {name for name, _ in headers}
            if environ["PATH_INFO"].startswith(_NEVER_STORED):
                headers = [one for one in headers if one[0] != "Cache-Control"]
                given.discard("Cache-Control")
            if "Cache-Control" not in given:
                headers = [*headers, ("Cache-Control", "no-store")]
            if "Content-Security-Policy" not in given:
                headers = [*headers, ("Content-Security-Policy", policy(self._app))]
            return start_response(status, headers + self._same, *error)

        return self._below(environ, start)


def init_headers(app: Flask, *, https: bool) -> None:
    """Put the headers on every response."""
    app.wsgi_app = _Always(app, https=https)  # type: ignore[method-assign]


def policy(app: Flask) -> str:
    """Return the Content-Security-Policy of a page without a script."""
    allowed = styles(app)
    written: dict[int, str] = app.extensions.setdefault(_POLICIES, {})
    if len(allowed) not in written:
        written[len(allowed)] = (
            f"default-src 'none'; style-src 'self' {' '.join(sorted(allowed))}; img-src 'self' data:; "
            "media-src 'self'; manifest-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        )
    return written[len(allowed)]
