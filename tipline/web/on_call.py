"""Who is alerted: how one is reached oneself, and the rota that supervisors and administrators keep."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from tipline import alerts, phones, rota
from tipline.accounts import READERS, Identity
from tipline.errors import BadPhoneNumber
from tipline.web import house
from tipline.web.errors import message
from tipline.web.session import page, signed_in

blueprint = Blueprint("on_call", __name__)
DAYS = (_l("Mon"), _l("Tue"), _l("Wed"), _l("Thu"), _l("Fri"), _l("Sat"), _l("Sun"))
_LONGEST_ADDRESS = 254
_LARGEST = 2**31 - 1


@blueprint.get("/desk/alerts")
@signed_in(*READERS, "admin")
def show(who: Identity) -> str:
    """Show who is alerted, in turn."""
    return _page(who)


@blueprint.post("/desk/alerts/contact")
@signed_in(*READERS)
def contact(who: Identity) -> AnyResponse:
    """Keep how one is alerted; both left empty, it is forgotten."""
    number, mail = request.form.get("number", "").strip(), request.form.get("mail", "").strip()
    try:
        number = phones.parse(number) if number else ""
    except BadPhoneNumber as bad:
        return Response(_page(who, message(bad.code), "contact"), 422)
    if mail and not _is_address(mail):
        return Response(_page(who, gettext("This does not look like an e-mail address."), "contact"), 422)
    with house().database.write() as session:
        alerts.set_contact(session, who.account_id, alerts.Reach(number, mail), house().keys)
        house().note(session, who, "contact_set", who.account_id)
    return _done("contact")


@blueprint.post("/desk/alerts/slots")
@signed_in(*rota.KEEPERS)
def add(who: Identity) -> AnyResponse:
    """Put somebody on call."""
    form = request.form
    starts, ends = _minutes(form.get("starts", "")), _minutes(form.get("ends", ""))
    days, person, desk = "".join(form.getlist("day")), form.get("account", ""), form.get("desk", "")
    if starts is None or ends is None or not set(days) & set(rota.ALL_DAYS):
        return Response(_page(who, gettext("Choose the days, and both times."), desk), 422)
    number = int(person) if person.isascii() and person.isdecimal() and len(person) < 10 else 0  # noqa: PLR2004
    with house().database.write() as session:
        of = rota.add(session, who, desk, number, days=days, starts=starts, ends=ends)
        house().note(session, who, "rota_changed", of, person=number)
    return _done("rota")


@blueprint.post(f"/desk/alerts/slots/<int(max={_LARGEST}):number>/remove")
@signed_in(*rota.KEEPERS)
def remove(who: Identity, number: int) -> AnyResponse:
    """Take somebody off the rota."""
    with house().database.write() as session:
        house().note(session, who, "rota_changed", rota.remove(session, who, number), slot=number)
    return _done("rota")


@blueprint.post(f"/desk/alerts/slots/<int(max={_LARGEST}):number>/up")
@signed_in(*rota.KEEPERS)
def up(who: Identity, number: int) -> AnyResponse:
    """Have somebody alerted earlier."""
    with house().database.write() as session:
        house().note(session, who, "rota_changed", rota.up(session, who, number), slot=number)
    return _done("rota")


def times(starts: int, ends: int) -> str:
    """Return a slot's hours as people write them."""
    if (ends - starts) % alerts.DAY == 0:
        return str(gettext("all day"))
    return f"{starts // 60:02}:{starts % 60:02}–{ends // 60:02}:{ends % 60:02}"


def _done(what: str) -> AnyResponse:
    return redirect(url_for("accounts.on_call.show", done=what), 303)


def _minutes(typed: str) -> int | None:
    hour, colon, minute = typed.partition(":")
    if not (colon and typed.isascii() and hour.isdecimal() and minute.isdecimal() and len(typed) <= 5):  # noqa: PLR2004
        return None
    of_day = int(hour) * 60 + int(minute)
    return of_day if of_day < alerts.DAY and int(minute) < 60 else None  # noqa: PLR2004 - minutes of an hour


def _is_address(typed: str) -> bool:
    name, _, domain = typed.rpartition("@")
    plain = typed.isascii() and typed.isprintable() and not set(typed) & set(' ,;:<>()[]"\\')
    return bool(name and "." in domain.strip(".") and plain and len(typed) <= _LONGEST_ADDRESS)


def _page(who: Identity, wrong: str = "", form: str = "") -> str:
    here = house()
    now = here.clock()
    with here.database.read() as session:
        kept = alerts.Reach()
        if who.role in READERS:
            kept = alerts.reach_of(session, who.account_id, here.keys)
        shown = [(one, alerts.chain(session, one.desk.id, now)) for one in rota.every(session, who)]
        return page(
            "desk/alerts.html",
            who,
            rotas=shown,
            kept=kept,
            mail=bool(here.settings.smtp.host),
            keeps=who.role in rota.KEEPERS,
            is_on=alerts.is_on,
            days=DAYS,
            times=times,
            wrong=wrong,
            wrong_form=form,
            typed=request.form,
        )
