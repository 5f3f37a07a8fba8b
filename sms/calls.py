"""The doors for calls: nobody answers, the caller pays nothing, and the number that rang is a request to be called.

A call whose number is hidden is refused like any other, and nothing is kept: nobody could be called.
"""

from __future__ import annotations

import logging
from functools import partial

from flask import Blueprint, Response, abort
from sqlalchemy.exc import IntegrityError

from sms import missed, webhooks
from sms.gateway import BadCall, Call, Fields, is_secret, number_of
from tipline.web import house

blueprint = Blueprint("calls", __name__, url_prefix="/calls")
_TRIES = 3  # a call told twice at once: the later one finds the first
_REJECT = '<?xml version="1.0" encoding="UTF-8"?><Response><Reject{}/></Response>'
# What carriers write where the number is hidden: words (which are no number anyway), and those words on a keypad.
# "ANONYMOUS" happens to begin with the code of this country.
_HIDDEN = {"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"}
_log = logging.getLogger(__name__)


@blueprint.post("/africastalking/<secret>")
def africastalking(secret: str) -> Response:
    """Take a call from Africa's Talking; it tells of it again when it is over, under the same id."""
    webhooks.check_form()
    _, call = webhooks.verified("africastalking", secret)
    return _answer("africastalking", partial(_of_africastalking, call), _REJECT.format(""))


@blueprint.post("/twilio")
def twilio() -> Response:
    """Take a call that Twilio signed, or its word that one is over."""
    _, call = webhooks.verified("twilio", "")
    return _answer("twilio", partial(_of_twilio, call), _REJECT.format(' reason="busy"'))


@blueprint.post("/plain/<secret>")
def plain(secret: str) -> Response:
    """Take word of a call from a telephone system of one's own: ``from`` and ``id``, as a form."""
    secrets = house().settings.calls_secrets
    if not secrets:
        abort(404)
    webhooks.check_form()
    if not is_secret(secret, secrets):
        abort(403)
    return _answer("plain", partial(_of_plain, webhooks.body()), "")


def _of_africastalking(call: Call) -> missed.Call | None:
    form = call.form()
    call_id, number = form.needed("sessionId"), form.needed("callerNumber")
    inbound = form.first("direction").strip().lower() in ("", "inbound")
    return _call("africastalking", call_id, number) if inbound else None


def _of_twilio(call: Call) -> missed.Call | None:
    form = call.form()
    call_id, number = form.needed("CallSid"), form.needed("From")
    return _call("twilio", call_id, number) if form.first("Direction") in ("", "inbound") else None


def _of_plain(body: bytes) -> missed.Call | None:
    form = Fields.read(body)
    return _call("plain", form.needed("id"), form.needed("from"), carrier="")


def _call(door: str, call_id: str, caller: str, carrier: str | None = None) -> missed.Call | None:
    number = "" if caller.strip() in _HIDDEN else number_of(caller)
    return missed.Call(door, call_id, number, door if carrier is None else carrier) if number else None


def _answer(door: str, read: partial[missed.Call | None], said: str) -> Response:
    """Keep a call and refuse it; 503 (come again) where it could not be kept."""
    kind = "text/xml" if said else "text/plain"
    try:
        call = read()
    except BadCall as bad:
        return Response(f"{bad}\n", 422, mimetype="text/plain")
    try:
        if call is not None:
            _keep(call)
    except webhooks.FAULTS as fault:
        _log.error("a call could not be kept", extra={"carrier": door, "error": type(fault).__name__})
        return Response(said, 503, mimetype=kind)
    return Response(said, mimetype=kind)


def _keep(call: missed.Call) -> None:
    here = house()
    keep = partial(
        missed.take,
        call=call,
        keys=here.keys,
        rules=here.rules,
        bounds=here.settings.bounds,
        pace=here.pace,
        now=here.clock(),
    )
    for left in reversed(range(_TRIES)):
        try:
            promised = here.database.together(keep)
        except IntegrityError:
            if not left:
                raise
        else:
            break
    if promised:
        here.wake()
