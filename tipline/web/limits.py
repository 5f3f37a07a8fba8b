"""What bounds guessing: wrong sign-ins, by address and by name; receipts by text, by phone.

Never a report: nobody in need is told to wait.

Addresses are counted under a keyed hash that changes every day and are kept nowhere. Over Tor everybody has the same
address, so the bound by name is the tight one. What Argon2 may cost at once is bounded in ``sealing.passwords``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response, g, request
from flask_limiter import Limiter
from limits import parse

from tipline.sealing import keyed_hash
from tipline.web import house

_REFUSED = 401
_GUESSES = parse("10 per hour")


def _hashed(what: str, value: str) -> str:
    instance = house()
    return keyed_hash(instance.keys.ids, "limit", f"{instance.clock():%Y-%m-%d}", what, value).hex()[:32]


def _address() -> str:
    return _hashed("address", request.remote_addr or "")


def _name() -> str:
    body = request.get_json(silent=True) if request.is_json else request.form
    name = body.get("username", "") if isinstance(body, Mapping) else ""
    return _hashed("name", f"{request.remote_addr} {str(name)[:80]}")


def _was_refused(response: Response) -> bool:
    return response.status_code == _REFUSED


limiter = Limiter(key_func=_address, headers_enabled=False, swallow_errors=True)


def bounded_sign_ins(view: Callable[..., Any]) -> Callable[..., Any]:
    """Bound wrong sign-ins of a view that answers them with 401 and whose form or JSON has ``username``."""
    by_name = limiter.limit("10 per 15 minutes", key_func=_name, deduct_when=_was_refused)
    by_address = limiter.limit("100 per 15 minutes", deduct_when=_was_refused)
    bounded = by_name(by_address(view))

    @functools.wraps(view)
    def marked(*args: object, **values: object) -> object:
        g.bounded = True
        return bounded(*args, **values)

    return marked


def may_guess(number: str) -> bool:
    """Count one receipt that a phone texted; False beyond ten an hour. The number is counted under its keyed hash."""
    return limiter.limiter.hit(_GUESSES, "digits", _hashed("phone", number))


def init_limits(app: Flask, storage: str) -> None:
    """Start counting; ``storage`` is ``memory://``, or an address that several web processes share."""
    app.config["RATELIMIT_STORAGE_URI"] = storage
    hooks = (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs)
    before = [len(every.get(None, ())) for every in hooks]
    limiter.init_app(app)
    for every, ours in zip(hooks, before, strict=True):
        own = every[None]  # type: ignore[index]
        own[ours:] = [_at_sign_ins(hook) for hook in own[ours:]]


def _at_sign_ins(hook: Callable[..., Any]) -> Callable[..., Any]:
    """Keep a hook of the limiter to the views that it bounds: run for every page, they cost a fifth of a small one."""

    def only(*args: object) -> object:
        return hook(*args) if g.get("bounded") else args[0] if args else None

    return only
