"""The forms in which a caseworker writes: ready answers put in, what was begun kept, nothing typed ever lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from flask import redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from tipline import accounts, casework, drafts, replies
from tipline.accounts import Identity
from tipline.casework import Case
from tipline.drafts import Kept
from tipline.errors import SignInNeeded
from tipline.models import Account
from tipline.replies import Ready
from tipline.web import filters, house
from tipline.web.session import COOKIE

View = Callable[..., Any]
Act = Callable[[Session, Case], object]
FORMS = ("reply", "note")


@dataclass(frozen=True)
class Written:
    """What stands in the forms of a tip, the ready answer that was just put in, and what was kept, by form."""

    texts: Mapping[str, str] = field(repr=False)
    ready: Ready | None
    kept: Mapping[str, Kept] = field(repr=False)


def kept_if_signed_out(form: str) -> Callable[[View], View]:
    """Keep what was typed into a form where the sign-in has ended meanwhile; it is there after signing in again."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(uid: str) -> Any:  # noqa: ANN401 - whatever the view returns
            try:
                return view(uid=uid)
            except SignInNeeded:
                here = house()
                with here.database.write() as session:
                    account = accounts.whose(session, request.cookies.get(COOKIE, ""))
                    kept = drafts.keep_for(
                        session, account, uid, form, typed(), instance=here.keys.instance, now=here.clock()
                    )
                if not kept:
                    raise
                return redirect(url_for("accounts.sign_in", next=url_for("desk.tip", uid=uid)), 303)

        return guarded

    return decorate


def keep(who: Identity, uid: str, form: str) -> AnyResponse | None:
    """Keep or throw away what was begun, where one of these buttons was pressed; None if it was another."""
    if not {"keep", "drop"} & set(request.form):
        return None
    text = typed() if "keep" in request.form else ""
    with house().database.write() as session:
        case = casework.hold(session, who, uid, keys=house().keys, now=house().clock())
        _keep(session, case, form, text)
    done = "kept" if text.strip() else "dropped"
    return redirect(url_for("desk.tip", uid=uid, done=done, _anchor=form, **filters.carried()), 303)


def keep_quietly(who: Identity, uid: str, form: str) -> None:
    """Keep what was typed while its form is shown once more."""
    with house().database.write() as session:
        _keep(session, casework.hold(session, who, uid, keys=house().keys, now=house().clock()), form, typed())


def sending(form: str, act: Act) -> Act:
    """Return the act with the end of what was begun: once it is sent, nothing of it is kept."""

    def acted(session: Session, case: Case) -> object:
        done = act(session, case)
        drafts.forget(session, case.who.account_id, case.tip.id, form)
        return done

    return acted


def written(case: Case, slip_form: str, shown: Mapping[str, str] | None, kept: Mapping[str, Kept]) -> Written:
    """Return what stands in the forms: what was just typed, with a ready answer put in, else what was kept."""
    texts = {form: kept[form].text if form in kept else "" for form in FORMS}
    ready = None
    if shown is not None and slip_form in FORMS:
        texts[slip_form] = shown.get("text", "")
        if slip_form == "reply" and "insert" in shown:
            ready = replies.every().get(shown.get("ready", ""))
            texts["reply"] = replies.joined(texts["reply"], ready, case.tip.language)
    return Written(texts, ready, {} if shown is not None else kept)


def typed() -> str:
    """Return what was typed into the form."""
    return request.form.get("text", "").replace("\r\n", "\n")


def _keep(session: Session, case: Case, form: str, text: str) -> None:
    account = session.get_one(Account, case.who.account_id)
    drafts.keep(session, account, case.tip, form, text, instance=case.file.instance, now=case.now)
