"""What a desk keeps for itself at a tip: an entry sealed to that desk alone, and the event that says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from tipline import desks, thread
from tipline.casework import LONGEST_NOTE, Case
from tipline.errors import ForbiddenMove, TooLong
from tipline.models import Entry

_LONGEST = 4 * LONGEST_NOTE  # bytes: a letter may take four


def may_act(case: Case) -> None:
    """Raise ForbiddenMove while a tip is only offered, is one of many alike, or is closed."""
    if case.at.state == "offered" or case.tip.folded_into is not None or case.tip.closed_at is not None:
        raise ForbiddenMove


def keep(session: Session, case: Case, kind: str, data: Mapping[str, Any]) -> int:
    """Seal an entry to the person's own desk and keep it; return its id. TooLong."""
    if len(thread.encode(data)) > _LONGEST:
        raise TooLong
    own = [desk.key for desk in desks.all_desks(session).values() if desk.id == case.who.desk_id and desk.key]
    return thread.add(
        session, instance=case.file.instance, tip_id=case.tip.id, binding=case.tip.binding, kind=kind, data=data,
        readers=own, now=case.now, desk_id=case.who.desk_id, account_id=case.who.account_id,
    )  # fmt: skip


def read(session: Session, case: Case, entry_id: int | None) -> Mapping[str, Any]:
    """Open one of the desk's own entries; empty if there is none or it does not open."""
    entry = session.get(Entry, entry_id) if entry_id is not None else None
    if entry is None or entry.tip_id != case.tip.id or not entry.wraps:
        return {}
    return thread.opened(entry, case.tip, case.keys, case.file.instance).data or {}


def left(session: Session, case: Case, kind: str, **data: str | int) -> None:
    """Leave an event (and its row in the audit log)."""
    thread.record(
        session, case.tip.id, kind, case.now, account_id=case.who.account_id, desk_id=case.who.desk_id, **data
    )
