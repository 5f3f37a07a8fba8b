"""The carrier's USSD door: Africa's Talking's form in, ``CON …`` or ``END …`` out.

No signature is documented, so a secret stands in the path. Whatever goes wrong behind it, the answer is a last screen
with status 200: a gateway shows nothing else to the person who dialled.
"""

from __future__ import annotations

import logging
from typing import cast

from flask import Blueprint, Flask, Response, abort, current_app, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import RequestEntityTooLarge

from sms.gateway import FORM, LONGEST_CALL, BadCall, Fields, is_secret
from sms.ussd_calls import Dial
from sms.ussd_sessions import Sessions, finalise
from tipline.house import KeyFileMissing

__all__ = ["blueprint", "finalise"]

blueprint = Blueprint("ussd", __name__, url_prefix="/ussd/africastalking")
_SESSIONS = "tipline_ussd"
_log = logging.getLogger(__name__)


@blueprint.record_once
def _set_up(state: BlueprintSetupState) -> None:
    assert isinstance(state.app, Flask)
    extensions = state.app.extensions
    extensions[_SESSIONS] = Sessions(extensions["tipline"], extensions["tipline_menu"])


@blueprint.post("/<secret>")
def screen(secret: str) -> Response:
    """Answer one call of the carrier with the next screen."""
    sessions = _checked(secret)
    if request.mimetype != FORM:
        abort(415)
    try:
        form = Fields.read(request.get_data(cache=False))
    except RequestEntityTooLarge:
        return _show(sessions.sorry("", "too_long"), 413)
    except BadCall:
        return _show(sessions.sorry(""))
    first = form.first
    dial = Dial(first("sessionId"), first("phoneNumber").strip(), first("serviceCode").strip(), first("text"))
    if sessions.house.settings.ussd_code not in {"", dial.service_code}:  # compared only where it is set
        abort(403)
    if not dial.session_id or not dial.phone:
        return _show(sessions.sorry(dial.text))
    try:
        return _show(sessions.screen(dial))
    except KeyFileMissing:
        return _show(sessions.sorry(dial.text, "no_desk_key"))
    except Exception:  # noqa: BLE001 - whoever dialled needs words, whatever went wrong
        _log.exception("a USSD call failed")  # the log gets its type and place
        return _show(sessions.sorry(dial.text))


@blueprint.post("/<secret>/events")
def events(secret: str) -> Response:
    """Take the carrier's word that a session is over. It may never come: a sweep closes silent sessions too."""
    sessions = _checked(secret)
    try:
        session_id = Fields.read(request.get_data(cache=False)).first("sessionId")
        if session_id:
            sessions.end(session_id)
    except (BadCall, RequestEntityTooLarge):
        pass  # nothing in it that we need
    except Exception:  # noqa: BLE001 - the sweep does it a little later
        _log.exception("a USSD note failed")
    return _show("")


def _checked(secret: str) -> Sessions:
    """Return the sessions; 403 for a wrong secret."""
    sessions = cast("Sessions", current_app.extensions[_SESSIONS])
    if not is_secret(secret, sessions.house.settings.africastalking.callback_secrets):
        abort(403)
    request.max_content_length = LONGEST_CALL
    return sessions


def _show(wire: str, status: int = 200) -> Response:
    return Response(wire, status, mimetype="text/plain")
