"""The audit log as a page: who looked at what at a supervisor's desk; keys and accounts for an administrator.

Filters are addresses; a tip stands there by its short name. To read the log is an act of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from flask import Blueprint, request
from flask_babel import gettext, to_utc
from flask_babel import lazy_gettext as _l

from tipline import audit, desks, queue, trail
from tipline.accounts import Identity
from tipline.models import Act
from tipline.web import house, words
from tipline.web.session import page, signed_in

blueprint = Blueprint("audit", __name__)
ACTS = {
    "first_look": _l("Opened for the first time"),
    "viewed": _l("Looked at it"),
    "taken": _l("Took it"),
    "noted": _l("Kept a note"),
    "accepted": _l("Accepted the referral"),
    "declined": _l("Declined the referral"),
    "replied": _l("Answered the reporter"),
    "sent_again": _l("Had a text message sent again"),
    "found": _l("Saw a part of it in a search"),
    "searched": _l("Searched in the tips of the desk"),
    "trail_viewed": _l("Looked at this log"),
    "key_made": _l("Made the desk’s first key"),
    "key_renewed": _l("Renewed the desk’s key"),
    "key_opened": _l("Opened the desk’s key with the recovery key"),
    "key_refused": _l("Typed a recovery key that was not right"),
    "recovery_made": _l("Made a new recovery key"),
    "recovery_tried": _l("Tried the recovery key: it opens"),
    "signed_in": _l("Signed in"),
    "signed_out": _l("Signed out"),
    "passphrase_refused": _l("Mistyped their own passphrase"),
    "passphrase_changed": _l("Changed their passphrase"),
    "authenticator_set": _l("Set up an authenticator"),
    "authenticator_dropped": _l("Dropped their authenticator"),
    "codes_made": _l("Made new recovery codes"),
    "contact_set": _l("Changed how they are alerted"),
    "rota_changed": _l("Changed who is on call"),
    "message_retried": _l("Had a text message tried again that was given up"),
    "backup_written": _l("A backup was written"),
    "restored": _l("This instance was restored from a backup"),
}
_YEARS = (2000, 2999)  # beyond, calendars run out
_REFUSED = {
    "password": _l("Somebody gave this name and a wrong passphrase"),
    "code": _l("Somebody gave this name and its passphrase, but a wrong code"),
    "enrol": _l("Could not sign in to the API: no second factor yet"),
}


@blueprint.get("/desk/audit")
@signed_in(*trail.READERS)
def log(who: Identity) -> str:
    """Show what was done, the newest first."""
    asked = request.args
    number, reference, cursor = asked.get("person", ""), asked.get("tip", "").strip()[:12], asked.get("cursor")
    person = int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else None  # noqa: PLR2004
    day = _day(asked.get("day", ""))
    begins = to_utc(datetime.combine(day, time())).replace(tzinfo=UTC) if day else None
    here = house()
    with here.database.read() as session:
        known = audit.looked_lately(session, who.account_id, "", here.clock(), ("trail_viewed",))
    if not known:
        with here.database.write() as session:
            here.note(session, who, "trail_viewed")
    kept = {"person": person, "tip": reference or None, "day": day.isoformat() if day else None}
    with here.database.read() as session:
        shown = trail.page(session, who, person=person, reference=reference, begins=begins, cursor=cursor)
        names = {slug: desk.name(who.lang) for slug, desk in desks.all_desks(session).items()}
        return page(
            "desk/audit.html",
            who,
            shown=shown,
            kept={name: value for name, value in kept.items() if value},
            act=lambda row: _act(row, shown.names, names),
            reference=queue.reference,
            tip=trail.still_there(session, who, reference),
        )


def _act(row: Act, people: Mapping[int, str], desk_names: dict[str, str]) -> str:
    """Return what was done, in words."""
    name = people.get(int(row.object), "") if row.kind == audit.ACCOUNT and row.object else ""
    match row.verb:
        case "moved" | "referred" | "closed":
            return words.event(row.verb, row.data, desk_names)
        case "key_shared":
            return str(gettext("Shared the desk’s key with %(name)s", name=name))
        case "sign_in_refused":
            return str(_REFUSED[row.data["step"]] if row.object else gettext("Somebody gave a name that is nobody’s"))
        case "account_added":
            return str(gettext("Added the account %(name)s (%(role)s)", name=name, role=words.ROLES[row.data["role"]]))
        case "rules_changed":
            return str(gettext("Changed who gets which report (version %(number)s)", number=row.data["version"]))
        case "account_disabled":
            return str(gettext("Disabled the account %(name)s", name=name))
        case "account_renewed":
            return str(gettext("Gave %(name)s a new passphrase", name=name))
        case _:
            return str(ACTS.get(row.verb) or words.event(row.verb, row.data, desk_names))


def _day(written: str) -> date | None:
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return None
    return day if _YEARS[0] <= day.year <= _YEARS[1] else None
