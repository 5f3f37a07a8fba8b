"""The duty to report (Anti-Trafficking Act s.23): what is not passed on takes a written reason, once for each tip.

Passed on is what the police know, or what another office was asked to take by a referral (its reason is written, too):
see ``withdrawal.passed_on``. docs/decisions/0009 tells why.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tipline import clocks, lifecycle
from tipline.errors import ReasonMissing
from tipline.models import Desk, Event, Tip, TipDesk
from tipline.withdrawal import POLICE, passed_on

NOT_PASSED_ON, THOUGH_EXCLUDED = "not_passed_on", "told_though_excluded"  # events: a reason for it was written


def answers_for(
    session: Session, tip: Tip, to: str, reason: str, *, desk_id: int | None, result: str = "", later: bool = False
) -> str:
    """Say what a written reason accounts for when a desk moves a tip to a stage ("" if for nothing in particular).

    ``result`` is the outcome where the tip is closed. ReasonMissing where there must be one: the tip goes past
    screening and nobody passed it on (``later``: that may be written later, see ``is_owed``); the police are told
    although the reporter excluded them.
    """
    kind = _accounts_for(session, tip, to, desk_id, result)
    if later and kind == NOT_PASSED_ON and not reason.strip():
        kind = ""
    if (kind or to in lifecycle.NEED_REASON or result in lifecycle.NEED_NOTE) and not reason.strip():
        raise ReasonMissing
    return kind


def is_owed(session: Session, tip: Tip, *, desk_id: int | None, result: str = "") -> bool:
    """Say whether it is still to be written why a tip was not passed on, should it go past screening."""
    return _accounts_for(session, tip, lifecycle.CLOSED, desk_id, result) == NOT_PASSED_ON


def is_passed_on(session: Session, tip: Tip, desk_id: int | None) -> bool:
    """Say whether the police or another office have it: the police's desk reads it, they were told, or a referral."""
    police = select(Desk.id).where(Desk.slug == POLICE).scalar_subquery()
    there = (TipDesk.tip_id == tip.id, TipDesk.desk_id == police, TipDesk.state != "declined")
    reads = session.scalar(select(TipDesk.state).where(*there)) is not None
    return reads or is_police(session, desk_id) or bool(passed_on(session, tip))


def is_accounted_for(session: Session, tip: Tip) -> bool:
    """Say whether somebody wrote why it was not passed on; not to be substantiated took a reason always."""
    wanted = select(Event).where(Event.tip_id == tip.id, Event.kind.in_((NOT_PASSED_ON, "moved")))
    return any(
        event.kind == NOT_PASSED_ON or event.data.get("to") == "not_substantiated" for event in session.scalars(wanted)
    )


def is_police(session: Session, desk_id: int | None) -> bool:
    """Say whether a desk is the police's."""
    return session.scalar(select(Desk.id).where(Desk.slug == POLICE)) == desk_id


def due(tip: Tip) -> datetime:
    """Return until when the police should know; see ``clocks``."""
    return tip.received_at + clocks.POLICE


def _accounts_for(session: Session, tip: Tip, to: str, desk_id: int | None, result: str) -> str:
    if to == lifecycle.REPORTED:
        excluded = POLICE in tip.excluded and not is_police(session, desk_id)
        return THOUGH_EXCLUDED if excluded else ""
    if to not in lifecycle.PAST_SCREENING or result in lifecycle.AT_THE_POLICE or tip.withdrawn_at is not None:
        return ""
    if is_accounted_for(session, tip) or is_passed_on(session, tip, desk_id):
        return ""
    return NOT_PASSED_ON
