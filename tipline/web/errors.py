"""Domain errors and HTTP errors put into the user's language: a page, or the API's envelope. Input is never echoed."""

from __future__ import annotations

import logging

from flask import Flask, Response, g, jsonify, render_template, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import HTTPException

from tipline import errors
from tipline.house import KeyFileMissing

STATUS: dict[type[Exception], int] = {
    errors.NotFound: 404,
    errors.UnknownReceipt: 404,
    errors.ForbiddenMove: 409,
    errors.AlreadyThere: 409,
    errors.ApprovalNeeded: 409,
    errors.NotAllowed: 403,
    errors.NoDeskAccess: 403,
    errors.SignInNeeded: 401,
    errors.SignInRefused: 401,
    errors.EnrolFirst: 403,
    errors.DeskNotReady: 409,
    errors.NoDeskKey: 503,
    errors.Busy: 503,
    errors.TooMany: 429,
    KeyFileMissing: 503,
}
MESSAGES = {
    "refused": _l("This cannot be done."),
    "empty": _l("Nothing was written yet. Write a few words, then send."),
    "too_long": _l("This is too long to send in one piece. Shorten it, or send it in two parts."),
    "no_desk_key": _l("No report can be taken at the moment. If you are in danger, go to the nearest police station."),
    "all_desks_excluded": _l(
        "You excluded every office, so nobody could read your report. Nothing was sent. "
        "You can go to a chief, a social worker or a clinic instead."
    ),
    "unknown_receipt": _l("No report opens with this number. Check the 16 digits and try again."),
    "unknown_desk": _l("There is no such office."),
    "unknown_place": _l("We do not know this place. Choose one from the list or write it in your own words."),
    "unknown_category": _l("We do not know this kind of report. Choose one from the list."),
    "bad_envelope": _l("The sealed report could not be read. Nothing was stored; send it again."),
    "bad_phone": _l("This does not look like a phone number. Write it as you would dial it."),
    "not_found": _l("There is nothing here."),
    "forbidden_move": _l("This step is not possible at this stage."),
    "reason_missing": _l("This step needs a written reason."),
    "approval_needed": _l("A supervisor of your desk has to agree to this. Propose it on the tip’s page."),
    "bad_counts": _l(
        "The counts do not fit: who stayed in the shelter, went home or is followed up is one of the people served."
    ),
    "bad_time": _l("This time lies ahead, or before the report came. Correct it."),
    "station_missing": _l("Write which police station got it."),
    "excluded_desk": _l("The reporter asked that this office should not see the report."),
    "consent_missing": _l("Say whether they agreed to this referral."),
    "nothing_chosen": _l("Choose at least one thing that the other office needs."),
    "already_there": _l("This was done already."),
    "not_allowed": _l("Your role does not allow this."),
    "no_phone": _l("No phone number that could be blocked came with this."),
    "cannot_reply": _l("The reporter left no way to be answered."),
    "sign_in_refused": _l("Name, password or code is not right. Try again."),
    "sign_in_needed": _l("Please sign in."),
    "no_desk_access": _l("A colleague has to share the desk's key with you first."),
    "must_enrol": _l("Sign in on the desk's page first and set up your second factor there."),
    "desk_not_ready": _l("Nobody of that office has signed in yet, so it can receive nothing."),
    "weak_password": _l("A password of your own needs 14 characters or more."),
    "name_taken": _l("This name is taken."),
    "busy": _l("Many people are writing at this moment. Wait a little and try again; nothing is lost."),
    "bad_request": _l("This could not be read. Go back and try again."),
    "invalid": _l("Something is missing or not in the right form. See what is said beside each field."),
    "not_json": _l("This address takes JSON only."),
    "too_large": _l("This is too large to send. Shorten it and send it again."),
    "too_many": _l("Too many tries. Wait a few minutes and try again."),
    "method": _l("This address cannot be used in this way."),
    "unavailable": _l("This does not work at the moment. Try again in a few minutes."),
    "error": _l("Something went wrong on our side. Try again in a few minutes."),
}
_HTTP_CODES = {
    400: "bad_request",
    401: "sign_in_needed",
    403: "not_allowed",
    404: "not_found",
    405: "method",
    413: "too_large",
    415: "not_json",
    422: "bad_request",
    429: "too_many",
    503: "unavailable",
}
_log = logging.getLogger(__name__)


def message(code: str) -> str:
    """Return what a code means, in the language of the request."""
    return str(MESSAGES.get(code, MESSAGES["error"]))


def status_of(error: Exception) -> int:
    """Return the HTTP status of a domain error (422 unless it has one of its own)."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 422)


def envelope(code: str, status: int, details: dict[str, object] | None = None) -> Response:
    """Return the API's one error body."""
    response = jsonify({"code": code, "message": message(code), "errors": details or {}})
    response.status_code = status
    return response


def init_errors(app: Flask) -> None:
    """Answer every error in words."""

    @app.errorhandler(errors.DomainError)
    def _domain(error: errors.DomainError) -> Response:
        return _answer(error.code, status_of(error))

    @app.errorhandler(KeyFileMissing)
    def _closed(_error: KeyFileMissing) -> Response:
        return _answer("no_desk_key", 503)

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        status = error.code or 500
        if error.response is not None or status < 400:  # noqa: PLR2004 - a redirect, not an error
            return error.get_response()  # type: ignore[return-value]
        response = _answer(_HTTP_CODES.get(status, "error"), status)
        for name, value in error.get_headers():
            if name.lower() in {"allow", "retry-after", "www-authenticate"}:
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def _fault(error: Exception) -> Response:
        _log.error("a request failed", exc_info=error)
        return _answer("error", 500)


def _answer(code: str, status: int) -> Response:
    if request.path.startswith("/api/"):
        return envelope(code, status)
    if request.path.startswith(("/sms/", "/ussd/", "/healthz", "/readyz", "/metrics")):
        return Response(code + "\n", status, mimetype="text/plain")
    lang = request.path.split("/")[1]
    if lang in {"st", "en"}:
        g.lang = lang
    page = render_template("public/error.html", code=code, status=status, message=message(code), title=gettext("Sorry"))
    return Response(page, status)
