"""The administrator's page: who has an account, adding one, disabling one, a new passphrase. No tip is read here."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from tipline import accounts, desks
from tipline.accounts import READERS, ROLES, Identity
from tipline.errors import Busy, DomainError, NameTaken, NotAllowed, NotFound, UnknownDesk
from tipline.models import Account
from tipline.web import house
from tipline.web.compress import never_compress
from tipline.web.errors import message, status_of
from tipline.web.locale import LANGUAGES
from tipline.web.session import page, signed_in

blueprint = Blueprint("people", __name__)
LONGEST_NAME = 40


@blueprint.get("/desk/people")
@signed_in("admin")
def everybody(who: Identity) -> str:
    """Show everybody."""
    return _page(who)


@blueprint.post("/desk/people")
@signed_in("admin")
def add(who: Identity) -> Response:
    """Add a person and show the generated passphrase, once."""
    form = request.form
    name, role, desk = (form.get(field, "").strip() for field in ("name", "role", "desk"))
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or role not in ROLES:
        return Response(_page(who, gettext("Give a name of at most 40 letters, and choose a role.")), 422)
    if role in READERS and not desk:
        return Response(_page(who, gettext("A caseworker or supervisor belongs to an office: choose one.")), 422)
    lang = form.get("lang", "")
    try:
        word = house().add_account(
            name, role, desk if role in READERS else None, lang if lang in LANGUAGES else "st", by=who.account_id
        )
    except (NameTaken, UnknownDesk, Busy) as refused:
        return Response(_page(who, message(refused.code)), status_of(refused))
    return _word(who, name, word)


@blueprint.post("/desk/people/<int(max=2147483647):number>/disable")
@signed_in("admin")
def disable(who: Identity, number: int) -> AnyResponse:
    """Disable an account: it is signed out everywhere, and its desk is asked to renew its key."""
    if number == who.account_id:
        raise NotAllowed
    house().disable_account(number, by=who.account_id)
    return redirect(url_for("accounts.people.everybody", done="disabled"), 303)


@blueprint.post("/desk/people/<int(max=2147483647):number>/passphrase")
@signed_in("admin")
def passphrase(who: Identity, number: int) -> Response:
    """Give somebody who lost passphrase or phone a fresh start."""
    with house().database.read() as session:
        account = session.get(Account, number)
        if account is None or number == who.account_id:
            raise NotFound
        name = account.name
    try:
        word = house().new_passphrase(number, name, by=who.account_id)
    except DomainError as refused:
        return Response(_page(who, message(refused.code)), status_of(refused))
    return _word(who, name, word)


def _word(who: Identity, name: str, word: str) -> Response:
    never_compress()
    return Response(page("desk/passphrase.html", who, name=name, passphrase=word))


def _page(who: Identity, wrong: str = "") -> str:
    with house().database.read() as session:
        listed = accounts.people(session)
        names = {slug: desk.name(who.lang) for slug, desk in desks.all_desks(session).items()}
        return page("desk/people.html", who, people=listed, names=names, roles=ROLES, wrong=wrong, typed=request.form)
