"""Signing in and out, and a person's own account: passphrase, language, authenticator."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from tipline import accounts
from tipline.accounts import Identity
from tipline.errors import Busy, SignInRefused, WeakPassword
from tipline.web import audit, carriers, desk_key, desk_rules, house, on_call, people, second_factor
from tipline.web.compress import never_compress
from tipline.web.errors import message, status_of
from tipline.web.limits import bounded_sign_ins
from tipline.web.second_factor import account_page, wrong_passphrase
from tipline.web.session import ANYBODY, forget, guard, keep, page, safe_path, signed_in

blueprint = Blueprint("accounts", __name__)
guard(blueprint)
blueprint.register_blueprint(second_factor.blueprint)
blueprint.register_blueprint(desk_key.blueprint)
blueprint.register_blueprint(people.blueprint)
blueprint.register_blueprint(carriers.blueprint)
blueprint.register_blueprint(audit.blueprint)
blueprint.register_blueprint(on_call.blueprint)
blueprint.register_blueprint(desk_rules.blueprint)


@blueprint.get("/desk/sign-in")
def sign_in() -> str:
    """Ask for name, password and code."""
    return _form(request.args.get("next", ""))


@blueprint.post("/desk/sign-in")
@bounded_sign_ins
def enter() -> AnyResponse:
    """Sign in: all three at once, and one answer whatever was wrong. A language chosen at the door is the door's.

    The first member of a desk is shown its recovery key here and nowhere else; the first after somebody left, the next.
    """
    form = request.form
    try:
        started = house().sign_in(
            form.get("username", "").strip(), form.get("password", ""), form.get("totp", "").strip(), "cookie"
        )
    except (SignInRefused, Busy) as refused:
        said = _form(form.get("next", ""), form.get("username", ""), message(refused.code))
        return Response(said, status_of(refused))
    onward = safe_path(form.get("next", "")) or "/desk/"
    who = house().who(started.token, "cookie")
    if started.recovery_key is None:
        return keep(redirect(onward, 303), started)  # type: ignore[arg-type] # werkzeug's class, the same cookie
    never_compress()
    shown = page(
        "desk/recovery_key.html", who, recovery_key=started.recovery_key, onward=onward,
        first=not started.renewed, renewed=started.renewed,
    )  # fmt: skip
    return keep(Response(shown), started)


@blueprint.post("/desk/sign-out")
@signed_in(*ANYBODY, before_enrolment=True)
def sign_out(who: Identity) -> AnyResponse:
    """Sign out, here or everywhere."""
    with house().database.write() as session:
        accounts.end(session, who, everywhere="everywhere" in request.form)
        house().note(session, who, "signed_out", who.account_id)
    return forget(redirect(url_for("accounts.sign_in"), 303))  # type: ignore[arg-type]


@blueprint.post("/desk/account/sign-ins/end")
@signed_in(*ANYBODY)
def end_one(who: Identity) -> AnyResponse:
    """End one of one's own sign-ins: another browser, a token."""
    with house().database.write() as session:
        accounts.end_one(session, who, request.form.get("sign_in", ""))
        house().note(session, who, "signed_out", who.account_id)
    return redirect(url_for("accounts.account", done="ended"), 303)


@blueprint.get("/desk/account")
@signed_in(*ANYBODY)
def account(who: Identity) -> str:
    """Show what one may change about oneself."""
    return account_page(who)


@blueprint.post("/desk/account/passphrase")
@signed_in(*ANYBODY)
def passphrase(who: Identity) -> AnyResponse:
    """Change one's passphrase: the same key, behind another one."""
    old, new = request.form.get("password", ""), request.form.get("new", "")
    if new != request.form.get("again", ""):
        return Response(account_page(who, gettext("The two new passphrases are not the same."), "passphrase"), 422)
    try:
        house().change_password(who, old, new)
    except (SignInRefused, WeakPassword, Busy) as refused:
        said = wrong_passphrase() if isinstance(refused, SignInRefused) else message(refused.code)
        return Response(account_page(who, said, "passphrase"), 503 if isinstance(refused, Busy) else 422)
    return redirect(url_for("accounts.account", done="password"), 303)


@blueprint.post("/desk/account/language")
@signed_in(*ANYBODY, before_enrolment=True)
def language(who: Identity) -> AnyResponse:
    """Choose the language of the desk."""
    with house().database.write() as session:
        accounts.set_language(session, who, request.form.get("lang", ""))
    return redirect(url_for("accounts.account", done="language"), 303)


@blueprint.post("/desk/account/keys")
@signed_in(*ANYBODY)
def shortcuts(who: Identity) -> AnyResponse:
    """Switch single keys on or off."""
    with house().database.write() as session:
        accounts.set_shortcuts(session, who, on=request.form.get("shortcuts") == "1")
    return redirect(url_for("accounts.account", done="keys"), 303)


def _form(onward: str, username: str = "", wrong: str = "") -> str:
    return page(
        "desk/sign_in.html", None, onward=safe_path(onward) or "", username=username[:60], wrong=wrong,
    )  # fmt: skip
