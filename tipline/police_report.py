"""Told to the police (Act s.23): what was passed on, to which station, when, and their receipt. Sealed to the desk.

What goes into a report is chosen part by part, little by default; the reporter's number is taken out of it whatever was
chosen, and nothing here is sealed to anybody but the desk that writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from tipline import audit, casework, clocks, duty, lifecycle, telltale, thread
from tipline.case import Case, keep_own, leave_event, may_still_act, read_own
from tipline.errors import AlreadyThere, BadTime, EmptyTip, NotFound, StationMissing, TooLong
from tipline.models import Account, PoliceReport

MINIMAL = ("what", "where", "when", "danger", "child")
PARTS = (*MINIMAL, "words", "later")  # the reporter's own words go only where somebody chose them
LONGEST_LINE = 200  # of a station, an officer, the police's number
_CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True)
class Told:
    """A report that was handed over; ``said`` is what stood in it, part by part. ``reason``: see ``tell``."""

    station: str = field(repr=False)
    at: datetime
    said: Mapping[str, str] = field(repr=False)
    officer: str = field(default="", repr=False)
    number: str = field(default="", repr=False)  # the police's own: occurrence book, case
    reason: str = field(default="", repr=False)


@dataclass(frozen=True)
class Kept:
    """A report as its desk sees it later."""

    id: int
    by: str
    at: datetime
    hours: int  # since the tip came
    late: bool
    due: datetime  # until when the police should have made their first assessment
    has_receipt: bool
    station: str = field(repr=False)
    officer: str = field(repr=False)
    number: str = field(repr=False)
    said: Mapping[str, str] = field(repr=False)


def numbers(session: Session, case: Case) -> tuple[str, ...]:
    """Return the reporter's phone numbers, to take them out of what leaves; nobody is shown them."""
    kept = thread.entries(session, case.tip.id, (thread.NUMBER,))
    opened = (thread.opened(one, case.tip, case.keys, case.file.instance).data for one in kept)
    return tuple(str(data["number"]) for data in opened if data and "number" in data)


def clean(session: Session, case: Case, said: Mapping[str, str]) -> dict[str, str]:
    """Return the parts of a report in their order, without empty ones and without the reporter's number."""
    known = numbers(session, case)
    return {part: telltale.without_number(said[part], known) for part in PARTS if said.get(part, "").strip()}


def note_made(session: Session, case: Case) -> None:
    """Note in the audit log that a report was put on paper."""
    audit.note_by(session, case.who, "report_made", case.now, of=case.tip.uid)


def tell(session: Session, case: Case, told: Told) -> int:
    """Keep that the police were told, and move the tip there if it may; return the report's number.

    ``reason`` is needed where the reporter excluded the police. ForbiddenMove, StationMissing, EmptyTip (no part),
    BadTime, ReasonMissing, TooLong.
    """
    may_still_act(case)
    said = clean(session, case, told.said)
    if not told.station.strip():
        raise StationMissing
    if not said:
        raise EmptyTip
    if max(len(one) for one in (told.station, told.officer, told.number)) > LONGEST_LINE:
        raise TooLong
    if told.at > case.now + _CLOCKS_DIFFER or told.at < case.tip.received_at - _CLOCKS_DIFFER:
        raise BadTime
    if lifecycle.REPORTED in lifecycle.moves(case.tip.stage):
        casework.move(session, case, lifecycle.REPORTED, told.reason)
    else:  # a second station, or a stage from which it is told without going back
        reason, desk_id = told.reason, case.who.desk_id
        if kind := duty.answers_for(session, case.tip, lifecycle.REPORTED, reason, desk_id=desk_id):
            keep_own(session, case, thread.REASON, {"text": reason})
            leave_event(session, case, kind)
    entry = keep_own(
        session, case, thread.REPORT, {"text": told.station.strip(), "officer": told.officer.strip(), "said": said}
    )
    receipt = _receipt(session, case, told.officer, told.number) if told.number.strip() else None
    row = PoliceReport(
        tip_id=case.tip.id, desk_id=case.who.desk_id, account_id=case.who.account_id, entry_id=entry,
        receipt_entry_id=receipt, told_at=min(told.at, case.now), created_at=case.now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    leave_event(session, case, "police_told", parts=len(said))
    return row.id


def add_receipt(session: Session, case: Case, report_id: int, officer: str, number: str) -> None:
    """Keep the police's own number and officer, where they came later. NotFound, AlreadyThere, EmptyTip, TooLong."""
    row = _row(session, case, report_id)
    if row.receipt_entry_id is not None:
        raise AlreadyThere
    if not number.strip():
        raise EmptyTip
    if max(len(officer), len(number)) > LONGEST_LINE:
        raise TooLong
    row.receipt_entry_id = _receipt(session, case, officer, number)
    session.flush()
    leave_event(session, case, "receipt_added")


def reports(session: Session, case: Case) -> list[Kept]:
    """Return what this desk told the police about a tip, the oldest first."""
    mine = (PoliceReport.tip_id == case.tip.id, PoliceReport.desk_id == case.who.desk_id)
    rows = session.scalars(select(PoliceReport).where(*mine).order_by(PoliceReport.id)).all()
    who = {row.account_id for row in rows}
    names = {one.id: one.name for one in session.execute(select(Account.id, Account.name).where(Account.id.in_(who)))}
    return [_kept(session, case, row, names) for row in rows]


def report(session: Session, case: Case, report_id: int) -> Kept:
    """Return one report of this desk. NotFound."""
    row = _row(session, case, report_id)
    return _kept(session, case, row, {row.account_id: session.get_one(Account, row.account_id).name})


def _kept(session: Session, case: Case, row: PoliceReport, names: Mapping[int, str]) -> Kept:
    data = read_own(session, case, row.entry_id)
    receipt = read_own(session, case, row.receipt_entry_id)
    said = data.get("said")
    return Kept(
        id=row.id,
        by=names.get(row.account_id, ""),
        at=row.told_at,
        hours=max(row.told_at - case.tip.received_at, timedelta()) // timedelta(hours=1),
        late=row.told_at > duty.due(case.tip),
        due=row.told_at + clocks.POLICE,
        has_receipt=row.receipt_entry_id is not None,
        station=str(data.get("text", "")),
        officer=str(receipt.get("officer") or data.get("officer", "")),
        number=str(receipt.get("number", "")),
        said={part: str(said[part]) for part in PARTS if part in said} if isinstance(said, dict) else {},
    )


def _receipt(session: Session, case: Case, officer: str, number: str) -> int:
    data = {"text": number.strip(), "number": number.strip(), "officer": officer.strip()}
    return keep_own(session, case, thread.REPORT, data)


def _row(session: Session, case: Case, report_id: int) -> PoliceReport:
    row = session.get(PoliceReport, report_id)
    if row is None or row.tip_id != case.tip.id or row.desk_id != case.who.desk_id:
        raise NotFound
    return row
