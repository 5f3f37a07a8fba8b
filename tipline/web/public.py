"""The report on the web: one question a page, or all on one. Nothing is kept before the end; the end is ``take_in``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus

from flask import Blueprint, Response, current_app, render_template, request
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from tipline import desks, errors, places
from tipline.desks import OpenDesk
from tipline.intake import CATEGORIES
from tipline.receipts import grouped
from tipline.web import drafts, house, inbox, report_steps
from tipline.web.compress import apart, never_compress, same_for_all
from tipline.web.drafts import Draft, Lost
from tipline.web.errors import message, status_of
from tipline.web.origin import from_elsewhere

blueprint = Blueprint("public", __name__)
blueprint.register_blueprint(inbox.blueprint)
Faults = Mapping[str, str]  # field → code
Show = Callable[[str, Draft, Faults], Response]

_SLOT = "(receipt)"
_TYPED = ("story", "where", "exclude_note", "phone")
_STEP_OF = {  # where a refusal by intake is put right; everything else stays on the page that was sent
    "empty": ("story", "story"),
    "too_long": ("story", "story"),
    "unknown_category": ("story", "category"),
    "unknown_desk": ("exclude", "exclude"),
    "all_desks_excluded": ("exclude", "exclude"),
    "bad_phone": ("contact", "phone"),
}


@blueprint.before_request
def _own_pages_only() -> Response | None:
    if request.method != "POST" or not from_elsewhere(request):
        return None
    words = gettext("This was sent from another website, so it was not taken. Open our page and write there.")
    page = render_template("public/error.html", code="not_ours", status=403, message=words, title=gettext("Sorry"))
    return Response(page, HTTPStatus.FORBIDDEN)


@blueprint.get("/<any(st,en):lang>/report")
def start(lang: str) -> Response:
    """Say who can see what and when somebody reads it, before the first question."""
    same_for_all(60)
    return _start(lang, None)


@blueprint.post("/<any(st,en):lang>/report")
def answer(lang: str) -> Response:
    """Take the answer of one page and show the next; everything said so far comes along, locked."""
    form = request.form
    move = form.get("go", "next")
    at = form.get("at", "")
    try:
        draft = drafts.unseal(form.get("draft", ""), house().keys.forms, house().clock())
    except Lost:
        return _begin(lang) if move == "start" else _lost(lang, at, form)
    if at not in {*report_steps.STEPS, "safety"}:
        return _step(lang, "danger", draft)
    draft = replace(draft, answers=report_steps.fill(at, form, draft.answers))
    too_long = report_steps.too_long(at, draft.answers)
    if too_long:
        return _step(lang, at, draft, too_long)
    if move == "send":
        return _send(lang, draft, lambda step, now, faults: _step(lang, step, now, faults))
    return _turn(lang, at, move, draft)


@blueprint.get("/<any(st,en):lang>/report/short")
def short_form(lang: str) -> Response:
    """Ask everything on one page: one round trip on a slow network."""
    return _short(lang, drafts.begin())


@blueprint.post("/<any(st,en):lang>/report/short")
def send_short(lang: str) -> Response:
    """Take in what the short form says."""
    answers = report_steps.fill_all(request.form)
    try:
        known = drafts.unseal(request.form.get("draft", ""), house().keys.forms, house().clock())
    except Lost:
        return _short(lang, drafts.begin(answers), lost=True)
    draft = replace(known, answers=answers)
    if request.form.get("go") == "stay":
        return _short(lang, draft)
    faults = report_steps.all_faults(answers, _desks())
    if faults:
        return _short(lang, draft, faults)
    return _send(lang, draft, lambda _step, now, faults: _short(lang, now, faults))


def _begin(lang: str) -> Response:
    """Begin a report; where no desk could read it, say so before anything is written. NoDeskKey."""
    if not any(desk.key for desk in _desks().values()):
        raise errors.NoDeskKey
    return _step(lang, "danger", drafts.begin())


def _lost(lang: str, at: str, form: MultiDict[str, str]) -> Response:
    """Show the question again: earlier answers are gone, what this page said is kept."""
    draft = drafts.begin(report_steps.fill(at, form, drafts.Answers()))
    return _step(lang, at if at in {"danger", "story"} else "story", draft, lost=True)


def _turn(lang: str, at: str, move: str, draft: Draft) -> Response:
    known = _desks() if at == "exclude" else {}
    faults = report_steps.faults(at, draft.answers, known)
    if move == "skip":
        draft = replace(draft, answers=report_steps.without(at, draft.answers))
    elif move == "next" and faults:
        return _step(lang, at, draft, faults)
    else:
        draft = replace(draft, answers=report_steps.without_unknown(draft.answers, faults))
    if move == "stay":
        return _step(lang, at, draft)
    if move == "back":
        to = report_steps.before(at, checked=draft.checked)
    elif move in report_steps.FIELDS:
        to = move
    else:
        to = report_steps.after(at, draft.answers, checked=draft.checked)
    return _start(lang, draft) if to == "start" else _step(lang, to, draft)


def _send(lang: str, draft: Draft, show: Show) -> Response:
    wrong = report_steps.first_fault(draft.answers)
    if wrong:
        return show(wrong[0], draft, wrong[1])
    try:
        done = house().take_in(report_steps.report(draft, lang))
    except errors.DomainError as error:
        step, field = _STEP_OF.get(error.code, ("check", ""))
        return show(step, draft, {field: error.code})
    never_compress()
    page = _done_page(lang, bool(done.receipt), not done.is_new, draft.answers.danger == "yes", _how_told(draft))
    return Response(page.replace(_SLOT, apart(grouped(done.receipt))) if done.receipt else page)


def _how_told(draft: Draft) -> str:
    """Return what a phone will get: “notice”, “answer” or nothing."""
    return (draft.answers.texts or "notice") if report_steps.may_text(draft.answers) else ""


def _done_page(lang: str, receipt: bool, again: bool, danger: bool, phone: str) -> str:  # noqa: FBT001 - what it shows
    """Return the last page with a slot for the digits: all else in it is the same for many, so it is kept."""
    kept: dict[tuple[object, ...], str] = current_app.extensions.setdefault("done_pages", {})
    key = (lang, receipt, again, danger, phone)
    if key not in kept:
        kept[key] = render_template(
            "public/report_done.html",
            lang=lang,
            receipt=_SLOT if receipt else "",
            again=again,
            danger=danger,
            phone=phone,
            ussd_code=current_app.config["TIPLINE"].ussd_code,
        )
    return kept[key]


def _start(lang: str, draft: Draft | None) -> Response:
    settings = current_app.config["TIPLINE"]
    page = render_template(
        "public/report.html",
        lang=lang,
        draft=_locked(draft) if draft else "",
        offices=[desk.name(lang) for desk in _desks().values()],
        shortcode=settings.shortcode,
        ussd_code=settings.ussd_code,
    )
    return Response(page)


def _step(lang: str, step: str, draft: Draft, faults: Faults | None = None, *, lost: bool = False) -> Response:
    if step == "check":
        draft = replace(draft, checked=True)
    fields = report_steps.FIELDS.get(step, ())
    return _show(
        f"public/report_{step}.html",
        lang,
        draft,
        faults or {},
        secret=step == "check" or any(getattr(draft.answers, name) for name in fields if name in _TYPED),
        lost=lost,
        step=step,
        number=report_steps.number(step),
        total=len(report_steps.STEPS),
        locked=_locked(replace(draft, answers=report_steps.without(step, draft.answers))),
        offices=_desks() if step in {"exclude", "check"} else {},
    )


def _short(lang: str, draft: Draft, faults: Faults | None = None, *, lost: bool = False) -> Response:
    return _show(
        "public/report_short.html",
        lang,
        draft,
        faults or {},
        secret=any(getattr(draft.answers, name) for name in _TYPED),
        lost=lost,
        locked=_locked(replace(draft, answers=drafts.Answers())),
        offices=_desks(),
    )


def _show(
    template: str, lang: str, draft: Draft, faults: Faults, *, secret: bool, lost: bool, **values: object
) -> Response:
    if secret:
        never_compress()
    page = render_template(
        template,
        lang=lang,
        a=draft.answers,
        faults={field: message(code) for field, code in faults.items()},
        codes=set(faults.values()),
        lost=lost,
        districts=places.districts(),
        ports=places.ports(),
        places=places.ALL,
        categories=CATEGORIES,
        **values,
    )
    return Response(page, _status(faults) if faults else 422 if lost else 200)


def _status(faults: Faults) -> int:
    codes = set(faults.values())
    if errors.TooLong.code in codes:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return max(status_of(kind()) for kind in errors.DomainError.__subclasses__() if kind.code in codes)


def _locked(draft: Draft) -> str:
    return drafts.seal(draft, house().keys.forms, house().clock())


def _desks() -> dict[str, OpenDesk]:
    with house().database.read() as session:
        return desks.all_desks(session)
