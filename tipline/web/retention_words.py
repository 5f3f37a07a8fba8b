"""When what a tip says is destroyed and who keeps it back, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext, ngettext, to_user_timezone
from sqlalchemy.orm import Session

from tipline import desks, destruction
from tipline.accounts import Identity
from tipline.casework import Case
from tipline.destruction import Plan
from tipline.web import words
from tipline.web.locale import written_date

_YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Going:
    """A plan as the desk reads it."""

    day: str
    backups: str
    why: str = ""
    waits: bool = False
    kept: tuple[str, ...] = ()
    ours: bool = False


def of_tip(session: Session, case: Case) -> dict[str, Any]:
    """Return what the page of a tip says of its end: ``going``, or ``destroyed``, and the ``months`` of a form."""
    plan, gone = destruction.plan(session, case.tip), case.tip.destroyed_at
    return {
        "going": say(plan, _names(session, case.who), case.who) if plan else None,
        "destroyed": Going(day(gone), day(gone + destruction.BACKUPS)) if gone else None,
        "months": [(one, ngettext("%(num)s month", "%(num)s months", one)) for one in destruction.MONTHS],
    }


def list_of(session: Session, who: Identity, now: datetime) -> dict[str, Any]:
    """Return what a desk's list of what goes soon says."""
    found, names = destruction.soon(session, who.desk_id or 0, now), _names(session, who)
    return {
        "going": [(tip, say(plan, names, who)) for tip, plan in found.going],
        "kept": [(tip, say(plan, names, who)) for tip, plan in found.kept],
        "count": found.count,
        "schedule": schedule(),
    }


def schedule() -> list[tuple[str, str]]:
    """Return each outcome and how long what was said is kept after it, the longest first."""
    rows = sorted(destruction.KEEP.items(), key=lambda one: one[1], reverse=True)
    return [(str(words.RESULTS[result]), time(keep)) for result, keep in rows if result in words.RESULTS]


def say(plan: Plan, names: dict[int, str], who: Identity) -> Going:
    """Put a plan into words for somebody."""
    keep = time(destruction.KEEP.get(plan.result or "", destruction.LONGEST))
    if plan.result in words.RESULTS:
        why = gettext("%(time)s after “%(result)s”", time=keep, result=words.RESULTS[plan.result or ""])
    else:
        why = gettext("%(time)s after the end", time=keep)
    kept = tuple(
        str(gettext("%(desk)s keeps it back until %(day)s", desk=names.get(row.desk_id, ""), day=day(row.until)))
        for row in plan.kept
    )
    ours = any(row.desk_id == who.desk_id for row in plan.kept)
    return Going(day(plan.at), day(plan.backups), str(why), plan.waits, kept, ours)


def time(keep: timedelta) -> str:
    """Return a length of time in years where it is whole years, else in days."""
    if keep % _YEAR == timedelta():
        return str(ngettext("%(num)s year", "%(num)s years", keep // _YEAR))
    return str(ngettext("%(num)s day", "%(num)s days", keep.days))


def day(at: datetime) -> str:
    """Return the date of a time in Lesotho."""
    return written_date(to_user_timezone(at).date())


def _names(session: Session, who: Identity) -> dict[int, str]:
    return {desk.id: desk.name(who.lang) for desk in desks.all_desks(session).values()}
