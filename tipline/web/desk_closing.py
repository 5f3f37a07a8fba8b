"""How a matter ends: its outcome, a supervisor's agreement where nothing was done, the figures month by month."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from tipline import approval, outcomes, queue
from tipline.accounts import READERS, Identity
from tipline.casework import Case
from tipline.errors import NotFound
from tipline.lifecycle import RESULTS
from tipline.web import duty_words, house, tip_page
from tipline.web.acts import act, again_with
from tipline.web.session import guard, page, signed_in
from tipline.web.tip_page import Slip

blueprint = Blueprint("desk_closing", __name__)
guard(blueprint)
_MOST_PEOPLE = 9999


@blueprint.post("/desk/tips/<uid>/outcome")
@signed_in(*READERS)
def close(who: Identity, uid: str) -> AnyResponse:
    """Close a tip with its outcome; what takes a supervisor's agreement is proposed."""
    form = request.form
    counts: dict[str, Any] = {}
    for name in outcomes.COUNTS:
        typed = form.get(name, "").strip()
        if typed and not (typed.isascii() and typed.isdecimal() and int(typed) <= _MOST_PEOPLE):
            return again_with(who, uid, Slip("close", tip_page.not_a_count(), form), 422)
        counts[name] = int(typed) if typed else None
    result, note = form.get("result", ""), form.get("note", "")
    if result not in RESULTS:
        return again_with(who, uid, Slip("close", tip_page.no_result(), form), 422)

    def end(session: Session, case: Case) -> str:
        return (
            "closed"
            if approval.end(session, case, result, note=note, together="together" in form, **counts)
            else "proposed"
        )

    return act(who, uid, "close", end, "closed")


@blueprint.post("/desk/tips/<uid>/approval")
@signed_in("supervisor")
def approve(who: Identity, uid: str) -> AnyResponse:
    """Agree to close a tip without action, or send the proposal back."""
    said, reason = request.form.get("answer", ""), request.form.get("reason", "")
    if said not in {approval.APPROVE, approval.RETURN}:
        raise NotFound
    done = "closed" if said == approval.APPROVE else "returned"
    return act(who, uid, "approval", lambda session, case: approval.answer(session, case, said, reason), done)


@blueprint.post("/desk/tips/<uid>/why")
@signed_in(*READERS)
def explain(who: Identity, uid: str) -> AnyResponse:
    """Write why the police were not told of a tip that was closed without saying so."""
    reason = request.form.get("reason", "")
    return act(who, uid, "why", lambda session, case: approval.explain(session, case, reason), "explained")


@blueprint.get("/desk/approvals")
@signed_in(*READERS)
def approvals(who: Identity) -> str:
    """Show a supervisor what waits for them, a caseworker what became of their proposals, both what is owed."""
    with house().database.read() as session:
        waiting = approval.waiting(session, who)
        there = approval.has_supervisor(session, who.desk_id)
    return page("desk/approvals.html", who, waiting=waiting, has_supervisor=there, reference=queue.reference)


@blueprint.get("/desk/figures")
@signed_in("supervisor")
def figures(who: Identity) -> str:
    """Show a supervisor how their desk's matters ended, month by month: counts only."""
    with house().database.read() as session:
        months = outcomes.by_month(session, who.desk_id or 0, house().clock())
    return page("desk/figures.html", who, months=months, duty_words=duty_words, counts=outcomes.COUNTS, results=RESULTS)
