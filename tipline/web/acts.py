"""One act on a tip by a form: a transaction, the act, and back to a page. A refused form keeps what was typed."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from tipline import casework, queue
from tipline.accounts import Identity
from tipline.casework import Case
from tipline.errors import DomainError
from tipline.web import filters, house, tip_page
from tipline.web.errors import status_of
from tipline.web.tip_page import Slip

_ONLY_ADD = {"reply", "note", "call"}  # whatever others did meanwhile, these take nothing back

Act = Callable[[Session, Case], object]


def act(who: Identity, uid: str, form: str, do: Act, done: str) -> AnyResponse:
    """Do it and lead to the tip, or show the tip with ``form`` open and why it was refused.

    ``done`` is a code of ``words.DONE``; an act that returns a string says so itself.
    """
    refused: DomainError | None = None
    onward = None
    try:
        with house().database.write() as session:
            case = casework.hold(session, who, uid, keys=house().keys, now=house().clock())
            try:
                if form not in _ONLY_ADD:
                    tip_page.is_as_seen(session, case)
                if "onward" in request.form:
                    onward = queue.after(session, who, case.at, now=case.now, **filters.wanted(filters.carried()))
                said = do(session, case)
            except DomainError as error:
                refused = error
                raise
    except DomainError as error:
        if error is not refused:  # this tip is not theirs to act on
            raise
        return again_with(who, uid, Slip(form, tip_page.why(error), request.form), status_of(error))
    house().wake()
    done = said if isinstance(said, str) else done
    carried = filters.carried()
    if onward is not None:
        return redirect(url_for("desk.tip", uid=onward, done=done, **carried), 303)
    if done == "declined" or "onward" in request.form:
        return redirect(url_for("desk.home", done=done, **carried), 303)
    return redirect(url_for("desk.tip", uid=uid, done=done, **carried), 303)


def again_with(who: Identity, uid: str, slip: Slip, status: int) -> Response:
    """Show a tip with a form that comes back."""
    return Response(tip_page.show(who, uid, slip), status)
