"""Two tips that are one matter: put together at one desk, and taken apart. Plain forms."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from tipline import casework, merging, trail
from tipline.accounts import READERS, Identity
from tipline.casework import Case
from tipline.errors import AlreadyThere, DomainError, ForbiddenMove, NotFound
from tipline.web import filters, house, tip_page
from tipline.web.errors import status_of
from tipline.web.session import signed_in
from tipline.web.tip_page import Meanwhile, Slip

blueprint = Blueprint("desk_matters", __name__)
_LETTERS = 8  # of a reference


@blueprint.post("/desk/tips/<uid>/matter")
@signed_in(*READERS)
def merge(who: Identity, uid: str) -> AnyResponse:
    """Put a tip under another one of this desk."""
    reference, reason = request.form.get("reference", ""), request.form.get("reason", "")

    def act(session: Session, case: Case) -> None:
        merging.merge(session, case, _named(session, who, reference), reason)

    return _act(who, uid, act, "merged")


@blueprint.post("/desk/tips/<uid>/apart")
@signed_in(*READERS)
def unmerge(who: Identity, uid: str) -> AnyResponse:
    """Let a tip stand by itself again."""
    reason = request.form.get("reason", "")
    return _act(who, uid, lambda session, case: merging.unmerge(session, case, reason), "unmerged")


def _act(who: Identity, uid: str, act: Callable[[Session, Case], None], done: str) -> AnyResponse:
    refused: DomainError | None = None
    try:
        with house().database.write() as session:
            merging.one_at_a_time(session, who.desk_id)
            case = casework.hold(session, who, uid, keys=house().keys, now=house().clock())
            try:
                tip_page.is_as_seen(session, case)
                act(session, case)
            except DomainError as error:
                refused = error
                raise
    except DomainError as error:
        if error is not refused:  # this tip is not theirs to act on
            raise
        slip = Slip("matter", _why(error), request.form)
        return Response(tip_page.show(who, uid, slip), 422 if isinstance(error, NotFound) else status_of(error))
    return redirect(url_for("desk.tip", uid=uid, done=done, _anchor="together", **filters.carried()), 303)


def _named(session: Session, who: Identity, reference: str) -> str | None:
    """Return the tip of this name; a shorter one could be any."""
    name = reference.strip().replace(" ", "")
    return trail.still_there(session, who, name) if len(name.replace("-", "")) == _LETTERS else None


def _why(error: DomainError) -> str:
    if isinstance(error, NotFound):
        return str(gettext("Your office has no open tip by this reference."))
    if isinstance(error, AlreadyThere) and not isinstance(error, Meanwhile):
        return str(gettext("These are one matter already."))
    if isinstance(error, ForbiddenMove):
        return str(
            gettext("This cannot be put together: one of them is closed, taken back, unfinished or not yours yet.")
        )
    return tip_page.why(error)
