"""The authenticator: set up with a first code, recovery codes shown once, and another phone later."""

from __future__ import annotations

import segno
from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from tipline import accounts, desks
from tipline.accounts import Identity
from tipline.errors import Busy, SignInRefused
from tipline.models import Account
from tipline.sealing import totp
from tipline.web import house
from tipline.web.compress import never_compress
from tipline.web.errors import message
from tipline.web.session import ANYBODY, page, signed_in

blueprint = Blueprint("second_factor", __name__)


@blueprint.get("/desk/account/authenticator")
@signed_in(*ANYBODY, before_enrolment=True)
def authenticator(who: Identity) -> AnyResponse:
    """Show the secret to be read by an authenticator app; it counts once its first code was given."""
    if is_set_up(who):
        return redirect(url_for("accounts.account"), 303)
    return Response(_enrol(who))


@blueprint.post("/desk/account/authenticator")
@signed_in(*ANYBODY, before_enrolment=True)
def confirm(who: Identity) -> AnyResponse:
    """Take the first code and show the recovery codes, once."""
    if is_set_up(who):
        return redirect(url_for("accounts.account"), 303)
    try:
        with house().database.write() as session:
            codes = accounts.confirm_totp(
                session, who, request.form.get("totp", "").strip(), house().keys, house().clock()
            )
            house().note(session, who, "authenticator_set", who.account_id)
    except SignInRefused:
        return Response(_enrol(who, gettext("This code does not fit. Wait for the next one and type it.")), 422)
    return _codes(who, codes)


@blueprint.post("/desk/account/authenticator/anew")
@signed_in(*ANYBODY)
def anew(who: Identity) -> AnyResponse:
    """Set up another phone: the passphrase is asked, then the old authenticator is forgotten."""
    refused = _not_me(who)
    if refused is not None:
        return refused
    with house().database.write() as session:
        accounts.drop_totp(session, who)
        house().note(session, who, "authenticator_dropped", who.account_id)
    return redirect(url_for("accounts.second_factor.authenticator"), 303)


@blueprint.post("/desk/account/codes")
@signed_in(*ANYBODY)
def new_codes(who: Identity) -> AnyResponse:
    """Make new recovery codes: the passphrase is asked, the old codes no longer work."""
    refused = _not_me(who)
    if refused is not None:
        return refused
    with house().database.write() as session:
        codes = accounts.new_codes(session, who, house().keys)
        house().note(session, who, "codes_made", who.account_id)
    return _codes(who, codes)


def is_set_up(who: Identity) -> bool:
    """Say whether a person has an authenticator."""
    with house().database.read() as session:
        return session.get_one(Account, who.account_id).totp_confirmed


def wrong_passphrase() -> str:
    """Say that the present passphrase was mistyped."""
    return str(gettext("Your present passphrase is not right."))


def _not_me(who: Identity) -> Response | None:
    try:
        house().check_password(who, request.form.get("password", ""))
    except Busy as busy:
        return Response(account_page(who, message(busy.code), "second_factor"), 503)
    except SignInRefused:
        return Response(account_page(who, wrong_passphrase(), "second_factor"), 422)
    return None


def account_page(who: Identity, wrong: str = "", form: str = "") -> str:
    """Return the page of one's own account; ``wrong`` stands beside the ``form`` that was refused."""
    with house().database.read() as session:
        has = session.get_one(Account, who.account_id).totp_confirmed
        desk = desks.by_slug(session, who.desk).name(who.lang) if who.desk else ""
        there = accounts.sign_ins(session, who, house().clock())
        return page(
            "desk/account.html", who, wrong=wrong, wrong_form=form, second_factor=has, desk=desk, sign_ins=there
        )


def _codes(who: Identity, codes: list[str]) -> Response:
    never_compress()
    return Response(page("desk/recovery_codes.html", who, codes=codes))


def _enrol(who: Identity, wrong: str = "") -> str:
    never_compress()
    with house().database.write() as session:
        secret = accounts.propose_totp(session, who, house().keys)
    picture = segno.make(totp.provisioning_uri(secret, who.name, house().settings.name), error="m")
    qr = picture.svg_data_uri(scale=1, border=2, dark="#1c1b1a", light="#fff", omitsize=True)
    return page("desk/authenticator.html", who, secret=totp.as_text(secret), qr=qr, wrong=wrong)
