"""The carriers' doors for text messages: who calls is checked before anything is read, and nothing is said aloud.

A carrier gets its answer only after the commit; whatever keeps us from committing is a 503, so that it calls again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import cast
from xml.sax.saxutils import escape

from flask import Blueprint, Response, abort, current_app, request
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from sms import conversation, inbox
from sms.gateway import FORM, LONGEST_CALL, BadCall, Call, Delivery, Erases, Gateway, Inbound
from sms.heard import Heard, hear
from tipline import costs, erasure, followup, language, outbox, receipts
from tipline.errors import DomainError
from tipline.house import KeyFileMissing
from tipline.web import house, limits

blueprint = Blueprint("sms", __name__, url_prefix="/sms")
_TRIES = 3  # two messages of one phone at once: the later one finds what the first has made
FAULTS = (KeyFileMissing, DomainError, SQLAlchemyError)
_log = logging.getLogger(__name__)


@blueprint.post("/twilio")
def twilio() -> Response:
    """Take a text that Twilio signed; the reply travels in the answer (TwiML)."""
    return _take_text("twilio")


@blueprint.post("/twilio/status")
def twilio_status() -> Response:
    """Take Twilio's word on what became of a message."""
    return _take_delivery("twilio")


@blueprint.post("/africastalking/<secret>")
def africastalking(secret: str) -> Response:
    """Take a text from Africa's Talking, which calls again each minute until it hears 200."""
    check_form()
    return _take_text("africastalking", secret)


@blueprint.post("/africastalking/<secret>/delivery")
def africastalking_delivery(secret: str) -> Response:
    """Take Africa's Talking's word on what became of a message."""
    check_form()
    return _take_delivery("africastalking", secret)


@blueprint.post("/kannel/<secret>")
def kannel(secret: str) -> Response:
    """Take a text from a gateway of one's own (``post-url … ?id=%I``). The answer is empty: it could become a text."""
    return _take_text("kannel", secret)


@blueprint.get("/kannel/<secret>/delivery")
def kannel_delivery(secret: str) -> Response:
    """Take the gateway's word on what became of a message."""
    return _take_delivery("kannel", secret)


def _take_text(name: str, secret: str = "") -> Response:
    gateway, call = verified(name, secret)
    try:
        inbound = gateway.parse(call)
    except BadCall as bad:
        return _plain(str(bad), 422)
    if not _is_for_us(gateway, inbound):
        abort(403)
    try:
        taken = _keep(inbound, promise=not gateway.answers)
    except FAULTS as fault:
        _log.error("a text could not be kept", extra={"carrier": name, "error": type(fault).__name__})
        lang = language.guess(inbound.text) or "st"
        return _answer(gateway, conversation.render("unavailable", lang), 503)
    return _answer(gateway, taken.reply)


def _take_delivery(name: str, secret: str = "") -> Response:
    gateway, call = verified(name, secret)
    try:
        delivery = gateway.parse_delivery(call)
    except BadCall as bad:
        return _plain(str(bad), 422)
    try:
        if delivery.state and not _note_delivery(gateway, delivery):
            return _plain("", 503)
    except FAULTS as fault:
        _log.error("a report could not be kept", extra={"carrier": name, "error": type(fault).__name__})
        return _plain("", 503)
    return _plain("")


def _note_delivery(gateway: Gateway, delivery: Delivery) -> bool:
    """Note a report; False if it came before our own note of the message may have been committed: it must come again.

    The id is looked for once more where nothing is being sent: the note may have been committed between the two looks.
    One that is not ours is of a reply that travelled in our answer to the carrier: its copy can be erased from now on.
    """
    here, name, now = house(), gateway.name, house().clock()

    def noted(session: Session) -> bool:
        note = partial(outbox.note_delivery, session, here.keys, name, delivery.carrier_id, delivery.state, now)
        if not note():
            if outbox.is_sending(session):
                return False
            if not note() and delivery.state != "queued" and isinstance(gateway, Erases):
                ended = delivery.state in erasure.ENDS
                erasure.keep_id(session, name, delivery.carrier_id, keys=here.keys, now=now, ended=ended)
                if ended and gateway.answers:  # such a reply is a template, and those fit one segment
                    price = here.settings.prices.get(name)
                    costs.note(session, name, 1, None if price is None else price.of(1), now)
        return True

    return here.database.together(noted)


def _keep(inbound: Inbound, *, promise: bool) -> inbox.Taken:
    here = house()
    heard = hear(inbound)
    ahead = _work_out(inbound, heard)
    keep = partial(
        inbox.take,
        inbound=inbound,
        heard=heard,
        ahead=ahead,
        keys=here.keys,
        rules=here.rules,
        now=here.clock(),
        promise=promise,
        bounds=here.settings.bounds,
        pace=here.pace,
    )
    for left in reversed(range(_TRIES)):
        try:
            taken = here.database.together(keep)
        except IntegrityError:
            if not left:
                raise
        else:
            break
    if ahead.receipt is not None and not taken.gave:
        here.minter.give_back(ahead.receipt)
    if taken.ended:
        here.database.scrub()
    if taken.promised:
        here.wake()
    return taken


def _work_out(inbound: Inbound, heard: Heard) -> inbox.Ahead:
    """Do what takes Argon2id before the transaction. Digits beyond the bound, or mistyped, open nothing."""
    if not inbound.number:
        return inbox.Ahead()
    here = house()
    fresh = here.minter.take() if heard.wants_receipt else None
    if not receipts.is_well_formed(heard.digits) or not limits.may_guess(inbound.number):
        return inbox.Ahead(fresh)
    return inbox.Ahead(fresh, followup.unlock_receipt(heard.digits, here.keys))


def verified(name: str, secret: str) -> tuple[Gateway, Call]:
    """Return the carrier and its call; 404 where it is not set up, 403 where it is somebody else."""
    gateways = cast("Mapping[str, Gateway]", current_app.extensions["tipline_gateways"])
    if name not in gateways:
        abort(404)
    query = request.query_string
    call = Call(
        url=house().settings.base_url + request.path + (f"?{query.decode('latin-1')}" if query else ""),
        headers={header.lower(): value for header, value in request.headers},
        query=query,
        body=body(),
        secret=secret,
    )
    if not gateways[name].verify(call):
        abort(403)
    return gateways[name], call


def body() -> bytes:
    """Return the request's body; 413 if it is too long (of a chunked one Werkzeug would only cut off the end)."""
    request.max_content_length = LONGEST_CALL + 1
    data = request.get_data(cache=False)
    if len(data) > LONGEST_CALL:
        abort(413)
    return data


def check_form() -> None:
    """Refuse (415) what is no form."""
    if request.mimetype != FORM:
        abort(415)


def _is_for_us(gateway: Gateway, inbound: Inbound) -> bool:
    """Say whether a text was sent to our number; anything will do where ``TIPLINE_SHORTCODE`` is not set."""
    shortcode = house().settings.shortcode
    if not shortcode or not inbound.ours:
        return True
    return inbound.ours.lstrip("+") in {shortcode.lstrip("+"), gateway.own.lstrip("+")}


def _answer(gateway: Gateway, reply: str | None, status: int = 200) -> Response:
    if not gateway.answers:
        return _plain("", status)
    address = escape(f"{house().settings.base_url}/sms/{gateway.name}/status")
    told = f' statusCallback="{address}"' if gateway.reports else ""
    said = f"<Message{told}>{escape(reply)}</Message>" if reply else ""
    twiml = f'<?xml version="1.0" encoding="UTF-8"?><Response>{said}</Response>'
    return Response(twiml, status, mimetype="text/xml")


def _plain(said: str, status: int = 200) -> Response:
    return Response(f"{said}\n" if said else "", status, mimetype="text/plain")
