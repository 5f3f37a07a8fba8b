"""Referrals, exclusions and who is told of what, in words."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

CONSENTS = {
    "agreed": _l("They agreed to it"),
    "not_asked": _l("They were not asked"),
    "duty": _l("The law’s duty to report (s.23 of the Act), without their consent"),
}
SAID = {
    "agreed": _l("Consent: they agreed"),
    "not_asked": _l("Consent: they were not asked"),
    "duty": _l("Without consent, by the law’s duty to report (s.23 of the Act)"),
}
KINDS = {
    "story": _l("The story and the answers to our questions"),
    "message": _l("What the reporter added"),
    "reply": _l("What we answered"),
    "number": _l("The phone number, so that they can answer"),
}
NOBODY_LEFT = _l("Then no office could read it any more. Nothing was changed: agree with the reporter who may read it.")
ALERTS = {
    "answer_late": _l("Answer the referral: it waits too long"),
    "answer_overdue": _l("Supervisor: a referral waits for your desk’s answer"),
    "unanswered": _l("Supervisor: the other office does not answer"),
    "stands_in": _l("Supervisor: it waits here because another office is excluded"),
}


def event(kind: str, data: dict[str, Any], desks: dict[str, str]) -> str:
    """Return what happened around a referral or an exclusion; "" for anything else."""
    to = desks.get(data.get("to", ""), "")
    match kind:
        case "answer_late":
            return str(gettext("No answer from %(desk)s in time: its caseworkers were told", desk=to))
        case "answer_overdue":
            return str(gettext("Still no answer from %(desk)s: its supervisor was told", desk=to))
        case "unanswered":
            said = gettext("Still no answer from %(desk)s: the supervisors of the other offices were told", desk=to)
            return str(said)
        case "desk_excluded":
            out = desks.get(data.get("desk", ""), "")
            said = str(gettext("%(desk)s was excluded: it cannot open this any more", desk=out))
            after = desks.get(data.get("next") or "")
            return f"{said}. {gettext('%(desk)s reads it now', desk=after)}" if after else said
        case _:
            return ""
