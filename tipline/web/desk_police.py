"""Reporting to the police: choosing the parts, the paper, and keeping that it was handed over and received.

A report stands on the one answer that shows it, and is kept only when it was handed over, sealed to the desk.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import to_user_timezone, to_utc
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from tipline import casework, desks, duty, police_report, queue, telltale
from tipline.accounts import READERS, Identity
from tipline.case import Case, may_still_act
from tipline.errors import BadTime, DomainError, EmptyTip, ReasonMissing
from tipline.police_report import Told
from tipline.web import duty_page, duty_words, house, tip_page
from tipline.web.acts import act
from tipline.web.compress import never_compress
from tipline.web.errors import message, status_of
from tipline.web.session import guard, page, signed_in

blueprint = Blueprint("desk_police", __name__)
guard(blueprint)
_NUMBER = "<int(max=9223372036854775807):number>"


@blueprint.get("/desk/tips/<uid>/police-report")
@signed_in(*READERS)
def choose(who: Identity, uid: str) -> AnyResponse:
    """Show what may go into a report: little, unless somebody chooses more."""
    tip_page.note_look(who, uid)
    with house().database.read() as session:
        return _page(session, _hold(session, who, uid), {})


@blueprint.post("/desk/tips/<uid>/police-report")
@signed_in(*READERS)
def paper(who: Identity, uid: str) -> AnyResponse:
    """Put the chosen parts on paper: shown, printed, not kept."""
    wrong: DomainError | None = None
    said: dict[str, str] | None = None
    try:
        with house().database.write() as session:
            case = _hold(session, who, uid)
            said = _said(session, case)
            police_report.note_made(session, case)
    except DomainError as error:
        wrong = error
    with house().database.read() as session:  # who may not act on this tip is refused here
        return _page(session, _hold(session, who, uid), request.form, said=said, wrong=wrong)


@blueprint.post("/desk/tips/<uid>/police-reports")
@signed_in(*READERS)
def tell(who: Identity, uid: str) -> AnyResponse:
    """Keep that a report was handed over: to whom, when, what it said."""
    form = request.form
    said: dict[str, str] | None = None
    try:
        with house().database.write() as session:
            case = _hold(session, who, uid)
            said = _said(session, case)
            told = Told(
                station=form.get("station", ""), at=_at(form), said=said, officer=form.get("officer", ""),
                number=form.get("number", ""), reason=form.get("reason", ""),
            )  # fmt: skip
            police_report.tell(session, case, told)
    except DomainError as error:
        with house().database.read() as session:
            return _page(session, _hold(session, who, uid), form, said=said, wrong=error)
    return redirect(url_for("desk.tip", uid=uid, done="police_told"), 303)


@blueprint.get(f"/desk/tips/<uid>/police-reports/{_NUMBER}")
@signed_in(*READERS)
def again(who: Identity, uid: str, number: int) -> str:
    """Show a report that was handed over, to print it once more."""
    never_compress()
    with house().database.write() as session:
        case = tip_page.hold(session, who, uid)
        police_report.report(session, case, number)
        police_report.note_made(session, case)
    with house().database.read() as session:
        case = tip_page.hold(session, who, uid)
        kept = police_report.report(session, case, number)
        return page("desk/police_again.html", who, **_head(session, case), kept=kept, said=kept.said, form=_kept(kept))


@blueprint.post(f"/desk/tips/<uid>/police-reports/{_NUMBER}/receipt")
@signed_in(*READERS)
def receipt(who: Identity, uid: str, number: int) -> AnyResponse:
    """Keep the police's own number, where it came later."""
    officer, theirs = request.form.get("officer", ""), request.form.get("number", "")

    def add(session: Session, case: Case) -> None:
        police_report.add_receipt(session, case, number, officer, theirs)

    return act(who, uid, "police", add, "receipt_added")


def _hold(session: Session, who: Identity, uid: str) -> Case:
    case = tip_page.hold(session, who, uid)
    may_still_act(case)
    return case


def _said(session: Session, case: Case) -> dict[str, str]:
    """Return the chosen parts in words. EmptyTip; ReasonMissing where the reporter excluded the police."""
    form = request.form
    if duty_page.police_desk(session, case) == duty_page.EXCLUDED and not form.get("reason", "").strip():
        raise ReasonMissing
    found = duty_page.parts(case.tip, casework.view(session, case), form.get("summary", ""))
    chosen = {part: found[part] for part in form.getlist("parts") if part in found}
    if not chosen:
        raise EmptyTip
    return police_report.clean(session, case, chosen)


def _at(form: Mapping[str, str]) -> datetime:
    try:
        here = datetime.fromisoformat(f"{form.get('day', '')}T{form.get('time', '')}")
    except ValueError:
        raise BadTime from None
    if here.tzinfo is not None:
        raise BadTime
    at: datetime = to_utc(here)
    return at.replace(tzinfo=UTC)


def _head(session: Session, case: Case) -> dict[str, Any]:
    return {
        "tip": case.tip,
        "reference": queue.reference,
        "duty_words": duty_words,
        "on_paper": duty_page.on_paper,
        "desk_name": next(
            one.name(case.who.lang) for one in desks.all_desks(session).values() if one.id == case.who.desk_id
        ),
    }


def _kept(kept: police_report.Kept) -> dict[str, str]:
    return {"station": kept.station, "officer": kept.officer, "number": kept.number}


def _page(
    session: Session, case: Case, form: Mapping[str, str], *, said: Mapping[str, str] | None = None,
    wrong: DomainError | None = None,
) -> Response:  # fmt: skip
    """Return the page: the choice, and the paper where there is one."""
    never_compress()
    view = casework.view(session, case)
    found = duty_page.parts(case.tip, view)
    chosen = request.form.getlist("parts") if request.method == "POST" else police_report.MINIMAL
    here = to_user_timezone(case.now)
    text = page(
        "desk/police_report.html",
        case.who,
        **_head(session, case),
        form=form,
        said=said,
        wrong=message(wrong.code) if wrong else "",
        found=found,
        chosen=chosen,
        minimal=police_report.MINIMAL,
        telltale={part: telltale.found(found.get(part, "")) for part in ("words", "later")},
        in_summary=telltale.found(form.get("summary", "")),
        police_desk=duty_page.police_desk(session, case),
        due=duty.due(case.tip),
        not_to=view.answers.get("exclude_note", ""),
        day=form.get("day") or f"{here:%Y-%m-%d}",
        time=form.get("time") or f"{here:%H:%M}",
    )
    return Response(text, status_of(wrong) if wrong else 200)
