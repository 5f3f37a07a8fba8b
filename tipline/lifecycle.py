"""Stages of a matter and the moves allowed between them: pure.

From the Act (s.23: report, assessment within 24 hours, substantiation; ss.36-39: centres) and the OSCE/ODIHR national
referral mechanism handbook. Nothing is ever closed automatically, and closing always takes an outcome.
"""

from __future__ import annotations

from tipline.errors import ForbiddenMove

RECEIVED = "received"
REPORTED = "reported_police"
CLOSED = "closed"
STAGES = (
    "received", "screened", "urgent_safety", "reported_police", "substantiated", "not_substantiated", "referred",
    "accepted", "declined", "admission_assessment", "service_plan", "reintegrated", "non_residential_followup",
    "closed",
)  # fmt: skip

_DANGER = ("urgent_safety", "reported_police")  # may come, or come back, whatever was reached before
_SHELTER = ("admission_assessment", "service_plan", "non_residential_followup")

_MOVES: dict[str, tuple[str, ...]] = {
    "received": ("screened", "urgent_safety", "reported_police"),
    "screened": ("urgent_safety", "reported_police", "substantiated", "not_substantiated"),
    "urgent_safety": ("screened", "reported_police", "substantiated", "not_substantiated", *_SHELTER),
    "reported_police": ("urgent_safety", "substantiated", "not_substantiated", *_SHELTER),
    "substantiated": ("urgent_safety", "reported_police", *_SHELTER),
    "not_substantiated": ("screened", "substantiated", *_DANGER),
    "referred": ("urgent_safety", "reported_police"),
    "accepted": ("urgent_safety", "reported_police", *_SHELTER),
    "declined": ("screened", "urgent_safety", "reported_police", "substantiated", "not_substantiated"),
    "admission_assessment": (*_SHELTER[1:], *_DANGER),
    "service_plan": ("reintegrated", "non_residential_followup", *_DANGER),
    "reintegrated": ("non_residential_followup", *_DANGER),
    "non_residential_followup": ("reintegrated", *_DANGER),
    "closed": (),
}  # fmt: skip
# These stages are entered by an act of their own (referring, answering a referral, closing with an outcome).
_BY_ACT = {"referred", "accepted", "declined", "closed"}
_NEVER_REFERRED_FROM = {"closed"}
_NEVER_CLOSED_FROM = {"received", "closed"}
NEED_REASON = {"not_substantiated"}
# Whoever comes here without having told the police writes why (the Act, s.23): see ``duty``.
PAST_SCREENING = {"substantiated", "not_substantiated", *_SHELTER, "reintegrated", CLOSED}

RESULTS = (
    "identified", "not_identified", "assisted", "investigation_opened", "prosecuted", "referred_elsewhere",
    "information_given", "no_action",
)  # fmt: skip
AT_THE_POLICE = {"investigation_opened", "prosecuted"}  # results that say that the police know
NEED_NOTE = {"no_action"}
NEED_APPROVAL = {"no_action"}  # a supervisor agrees before a tip is closed so


def moves(stage: str) -> tuple[str, ...]:
    """Return the stages a caseworker may move to by hand."""
    return _MOVES[stage]


def check_move(stage: str, to: str) -> None:
    """Raise ForbiddenMove unless a caseworker may move from ``stage`` to ``to``."""
    if to not in _MOVES[stage]:
        raise ForbiddenMove


def check_refer(stage: str) -> None:
    """Raise ForbiddenMove unless a tip in this stage may be referred."""
    if stage in _NEVER_REFERRED_FROM:
        raise ForbiddenMove


def check_close(stage: str) -> None:
    """Raise ForbiddenMove unless a tip in this stage may be closed: somebody looked at it first."""
    if stage in _NEVER_CLOSED_FROM:
        raise ForbiddenMove
