"""Triage by hand: the guided assessment of a tip, and the decision on its priority. Plain forms, no script."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from tipline import assessing, assessment, casework, priority, queue
from tipline.accounts import READERS, Identity
from tipline.assessment import Answers
from tipline.errors import AlreadyThere, DomainError, EmptyTip
from tipline.web import filters, house, tip_page, triage_words
from tipline.web.compress import never_compress
from tipline.web.errors import status_of
from tipline.web.session import guard, page, signed_in
from tipline.web.tip_page import Slip

blueprint = Blueprint("triage", __name__)
guard(blueprint)
_SAID = {"yes": True, "no": False}


@blueprint.get("/desk/tips/<uid>/assessment")
@signed_in(*READERS)
def assess(who: Identity, uid: str) -> Response:
    """Ask what is known; the newest assessment of this desk stands in the form."""
    return _form(who, uid, None)


@blueprint.post("/desk/tips/<uid>/assessment")
@signed_in(*READERS)
def keep(who: Identity, uid: str) -> AnyResponse:
    """Keep what was found, or (``fork``) show what is asked after the first three answers."""
    form = request.form
    answers = _answers(form)
    if "fork" in form:
        return _form(who, uid, answers)
    seen = form.get("seen", "")
    number = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 19 else 0  # noqa: PLR2004 - 63 bits
    refused: DomainError | None = None
    try:
        with house().database.write() as session:
            case = casework.hold(session, who, uid, keys=house().keys, now=house().clock())
            try:
                assessing.keep(session, case, answers, number)
            except (AlreadyThere, EmptyTip) as error:
                refused = error
                raise
    except (AlreadyThere, EmptyTip) as error:
        if error is not refused:
            raise
        return _form(who, uid, answers, error)
    return redirect(url_for("desk.tip", uid=uid, done="assessed", _anchor="assessment", **filters.carried()), 303)


@blueprint.post("/desk/tips/<uid>/priority")
@signed_in(*READERS)
def decide(who: Identity, uid: str) -> AnyResponse:
    """Decide the priority, with a reason."""
    form = request.form
    if form.get("to") not in priority.LEVELS:
        return Response(tip_page.show(who, uid, Slip("priority", triage_words.no_level(), form)), 422)
    refused: DomainError | None = None
    try:
        with house().database.write() as session:
            case = casework.hold(session, who, uid, keys=house().keys, now=house().clock())
            try:
                tip_page.is_as_seen(session, case)
                priority.decide(
                    session, case.tip, case.at, form["to"], form.get("reason", ""), account_id=who.account_id,
                    keys=house().keys, now=case.now, before=form.get("before"),
                )  # fmt: skip
            except DomainError as error:
                refused = error
                raise
    except DomainError as error:
        if error is not refused:  # this tip is not theirs to act on
            raise
        return Response(tip_page.show(who, uid, Slip("priority", tip_page.why(error), form)), status_of(error))
    return redirect(url_for("desk.tip", uid=uid, done="prioritised", **filters.carried()), 303)


def _answers(form: Mapping[str, str]) -> Answers:
    given = {one.code: _SAID[form[one.code]] for one in assessment.QUESTIONS if form.get(one.code) in _SAID}
    return assessment.read(
        {"age": form.get("age"), "kind": form.get("kind"), "matter": form.get("matter"), "said": given}
    )


def _form(who: Identity, uid: str, answers: Answers | None, refused: DomainError | None = None) -> Response:
    never_compress()
    with house().database.read() as session:
        case = casework.hold(session, who, uid, keys=house().keys, now=house().clock())
        assessing.may_assess(session, case)
        before = assessing.history(session, case)
        said = answers or (before[0].answers if before else Answers())
        groups = triage_words.groups(said, case.tip) if answers is not None or before else []
        asked = {one.code for group in groups for one in group.questions}
        shown = page(
            "desk/assessment.html",
            who,
            tip=case.tip,
            reference=queue.reference,
            query=filters.query(filters.wanted(filters.carried())),
            t=triage_words,
            answers=said,
            groups=groups,
            aside=sorted((said.said or {}).keys() - asked),  # answers to what is not asked now are not lost
            suggested=triage_words.suggestions(case.tip),
            seen=before[0].id if before else 0,
            refused=triage_words.refusal(refused.code) if refused is not None else "",
        )
    return Response(shown, 200 if refused is None else status_of(refused))
