"""What a tip's page shows of the duty to report and of closing; the parts of a report to the police in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext, to_user_timezone
from sqlalchemy import select
from sqlalchemy.orm import Session

from tipline import approval, duty, lifecycle, outcomes, police_report, thread
from tipline.casework import Case, View
from tipline.models import Desk, DeskKey, Event, Tip, TipDesk
from tipline.web import duty_words, words
from tipline.web.locale import written_date
from tipline.web.told import told
from tipline.withdrawal import POLICE

OWN, EXCLUDED, READS, OPENED, MAY_BE_ASKED, NONE = "own", "excluded", "reads", "opened", "ask", "none"


def on_tip(session: Session, case: Case) -> dict[str, Any]:
    """Return what the page of a tip needs."""
    owed = duty.is_owed(session, case.tip, desk_id=case.who.desk_id)
    return {
        "duty_words": duty_words,
        "counts_asked": outcomes.COUNTS,
        "police_reports": police_report.reports(session, case),
        "police_desk": police_desk(session, case),
        "police_due": duty.due(case.tip),
        "owed": owed,
        "past_screening": lifecycle.PAST_SCREENING if owed else lifecycle.NEED_REASON,
        "accounted": duty.is_accounted_for(session, case.tip),
        "unsaid": approval.is_unsaid(session, case),
        "proposal": approval.proposal(session, case),
        "only_propose": approval.is_needed(case),
        "has_supervisor": approval.has_supervisor(session, case.who.desk_id),
    }


def police_desk(session: Session, case: Case) -> str:
    """Say how it stands between a tip and the police's desk of this line."""
    desk_id = session.scalar(select(Desk.id).where(Desk.slug == POLICE))
    if desk_id is not None and desk_id == case.who.desk_id:
        return OWN
    if POLICE in case.tip.excluded:
        return EXCLUDED
    there = (TipDesk.tip_id == case.tip.id, TipDesk.desk_id == desk_id, TipDesk.state != "declined")
    if session.scalar(select(TipDesk.state).where(*there)) is not None:
        acted = select(Event.id).where(Event.tip_id == case.tip.id, Event.desk_id == desk_id).limit(1)
        return OPENED if session.scalar(acted) is not None else READS
    ready = select(DeskKey.id).where(DeskKey.desk_id == desk_id, DeskKey.retired_at.is_(None)).limit(1)
    return MAY_BE_ASKED if session.scalar(ready) is not None else NONE


def parts(tip: Tip, view: View, summary: str = "") -> dict[str, str]:
    """Return what each part of a report to the police would say; a part of which nothing is known is left out."""
    seen, given = told(tip, view), view.answers
    by_text = seen.answers
    later = [str(one.data.get("text", "")) for one in seen.talk if one.kind == thread.MESSAGE and one.data]
    found = {
        "what": "\n".join(one for one in (str(words.CATEGORIES[tip.category]), summary.strip()) if one),
        "where": by_text.get("where") or _where(tip, given.get("place")),
        "when": _when(tip, given.get("happening")),
        "danger": by_text.get("danger") or _known(given.get("danger_now", tip.danger_now)),
        "child": by_text.get("child") or _known(given.get("child", tip.child)),
        "words": seen.story or "",
        "later": "\n".join(later),
    }
    return {part: text for part, text in found.items() if text.strip()}


def on_paper(at: datetime) -> str:
    """Return a time in Lesotho as paper needs it: with its day and year."""
    here = to_user_timezone(at)
    return f"{written_date(here.date())}, {here:%H:%M}"


def _where(tip: Tip, given: object) -> str:
    said = words.place_said(given) if isinstance(given, str) and given else ""
    known = words.place(tip.place) if tip.place else ""
    return ", ".join(dict.fromkeys(one for one in (said, known) if one)) or str(gettext("not known"))


def _when(tip: Tip, happening: object) -> str:
    hour = tip.received_at.replace(minute=0, second=0, microsecond=0)  # the minute could lead to whoever told
    came = str(gettext("The report came %(when)s.", when=on_paper(hour)))
    said = words.HAPPENING.get(happening) if isinstance(happening, str) else None
    return f"{said}. {came}" if said is not None else came


def _known(value: object) -> str:
    return words.yes_no(value) if isinstance(value, bool) else str(gettext("not known"))
