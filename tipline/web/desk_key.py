"""The desk's key: who holds it, who waits for it, sharing it, the recovery key, renewal after somebody left."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from tipline import desks, drill
from tipline.accounts import READERS, Identity
from tipline.errors import NotFound
from tipline.models import Account
from tipline.sealing import CannotOpen, PrivateKey
from tipline.web import house
from tipline.web.compress import never_compress
from tipline.web.session import page, signed_in

blueprint = Blueprint("desk_key", __name__)


@blueprint.get("/desk/key")
@signed_in(*READERS)
def key(who: Identity) -> str:
    """Show how it stands with the desk's key, and what this person may do about it."""
    return _page(who)


@blueprint.post("/desk/key/share")
@signed_in(*READERS)
def share(who: Identity) -> AnyResponse:
    """Seal the desk's key to a colleague who waits for it."""
    number = request.form.get("account", "")
    with house().database.write() as session:
        waiting = {str(account.id): account for account in desks.waiting_for_key(session, who.desk_id or 0)}
        if number not in waiting:
            raise NotFound
        desks.share(session, held(session, who), waiting[number])
        house().note(session, who, "key_shared", number)
    return redirect(url_for("accounts.desk_key.key", done="shared"), 303)


@blueprint.post("/desk/key/open")
@signed_in(*READERS)
def open_by_recovery(who: Identity) -> AnyResponse:
    """Take the desk's recovery key and share the desk's key with the one who typed it."""
    try:
        with house().database.write() as session:
            drill.bound(session, who, house().clock())
            opened = desks.open_by_recovery(session, who.desk_id or 0, request.form.get("recovery", ""))
            desks.share(session, opened, session.get_one(Account, who.account_id))
            house().note(session, who, "key_opened")
    except CannotOpen:
        return _refused(who)
    return redirect(url_for("accounts.desk_key.key", done="opened"), 303)


@blueprint.post("/desk/key/try")
@signed_in(*READERS)
def try_recovery(who: Identity) -> AnyResponse:
    """Prove that the recovery key on paper opens the desk's key; nothing else changes."""
    now = house().clock()
    try:
        with house().database.write() as session:
            drill.bound(session, who, now)
            drill.prove(session, who, request.form.get("recovery", ""), now)
    except CannotOpen:
        return _refused(who)
    return redirect(url_for("accounts.desk_key.key", done="tried"), 303)


@blueprint.post("/desk/key/recovery")
@signed_in(*READERS)
def new_recovery(who: Identity) -> Response:
    """Make another recovery key and show it once; the one on paper no longer opens anything."""
    with house().database.write() as session:
        recovery = desks.new_recovery(session, who.desk_id or 0, held(session, who), house().clock())
        house().note(session, who, "recovery_made")
    return _shown(who, recovery)


@blueprint.post("/desk/key/renew")
@signed_in(*READERS)
def renew(who: Identity) -> Response:
    """Make the desk's next key after somebody left."""
    with house().database.write() as session:
        recovery = desks.rotate(session, who.desk_id or 0, held(session, who), house().clock())
        house().note(session, who, "key_renewed")
    return _shown(who, recovery, renewed=True)


def held(session: Session, who: Identity) -> dict[str, PrivateKey]:
    """Return the desk's keys that a person holds. NoDeskAccess."""
    return desks.private_keys(session, session.get_one(Account, who.account_id), who.key)


def _refused(who: Identity) -> Response:
    with house().database.write() as session:
        house().note(session, who, "key_refused")
    return Response(_page(who, gettext("This is not your desk’s present recovery key. Check every letter.")), 422)


def _shown(who: Identity, recovery: str, *, renewed: bool = False) -> Response:
    never_compress()
    return Response(
        page("desk/recovery_key.html", who, recovery_key=recovery, onward="/desk/key", first=False, renewed=renewed)
    )


def _page(who: Identity, wrong: str = "") -> str:
    with house().database.read() as session:
        holds = desks.holds_key(session, who.account_id)
        waiting = [one for one in desks.waiting_for_key(session, who.desk_id or 0) if one.id != who.account_id]
        due = desks.renewal_due(session, who.desk_id or 0)
        tried = drill.state(session, who.desk_id or 0, house().clock())
        return page("desk/key.html", who, holds=holds, waiting=waiting, due=due, tried=tried, wrong=wrong)
