"""A signed-in person's hold on one tip, and the small steps that every act is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tipline import clocks, thread
from tipline.accounts import Identity
from tipline.errors import ForbiddenMove, TooLong
from tipline.models import DeskKey, Entry, Tip, TipDesk
from tipline.sealing import KeyFile, PrivateKey, PublicKey

LONGEST_NOTE = 16_000


@dataclass(frozen=True)
class Case:
    """A signed-in person's hold on one tip: the tip, their desk's keys, the instance."""

    who: Identity
    tip: Tip
    at: TipDesk
    keys: Mapping[str, PrivateKey] = field(repr=False)
    file: KeyFile = field(repr=False)
    now: datetime


def may_act(case: Case) -> None:
    """Raise ForbiddenMove while a tip is only offered (whoever was asked answers first), or is one of many alike."""
    if case.at.state == "offered" or case.tip.folded_into is not None:
        raise ForbiddenMove


def may_still_act(case: Case) -> None:
    """Raise ForbiddenMove as ``may_act`` does, and once the tip is closed."""
    may_act(case)
    if case.tip.closed_at is not None:
        raise ForbiddenMove


def said(text: str) -> dict[str, str]:
    """Return what is sealed of written words. TooLong."""
    if len(text) > LONGEST_NOTE:
        raise TooLong
    return {"text": text}


def has_story(session: Session, case: Case) -> bool:
    """Say whether the story is still there: it was not taken back."""
    return any(entry.wraps for entry in thread.entries(session, case.tip.id, (thread.STORY,)))


def add_entry(session: Session, case: Case, kind: str, data: Mapping[str, Any], readers: list[PublicKey]) -> int:
    """Seal an entry of this person to its readers; return its id. ForbiddenMove once the tip is destroyed."""
    if case.tip.destroyed_at is not None:
        raise ForbiddenMove
    return thread.add(
        session, instance=case.file.instance, tip_id=case.tip.id, binding=case.tip.binding, kind=kind, data=data,
        readers=readers, now=case.now, desk_id=case.who.desk_id, account_id=case.who.account_id,
    )  # fmt: skip


def keep_own(session: Session, case: Case, kind: str, data: Mapping[str, Any]) -> int:
    """Seal an entry of this person to their own desk alone; return its id. ForbiddenMove, TooLong."""
    if len(thread.encode(data)) > 4 * LONGEST_NOTE:  # bytes: a letter may take four
        raise TooLong
    return add_entry(session, case, kind, data, own_desk(session, case))


def read_own(session: Session, case: Case, entry_id: int | None) -> Mapping[str, Any]:
    """Open one of the desk's own entries; empty if there is none or it does not open."""
    entry = session.get(Entry, entry_id) if entry_id is not None else None
    if entry is None or entry.tip_id != case.tip.id or not entry.wraps:
        return {}
    return thread.opened(entry, case.tip, case.keys, case.file.instance).data or {}


def own_desk(session: Session, case: Case) -> list[PublicKey]:
    """Return the present key of this person's desk, as readers of what stays there."""
    key = desk_key(session, case.who.desk_id or 0)
    return [key] if key is not None else []


def desk_key(session: Session, desk_id: int) -> PublicKey | None:
    """Return a desk's present key; None before its first member has signed in."""
    wanted = select(DeskKey.point).where(DeskKey.desk_id == desk_id, DeskKey.retired_at.is_(None))
    point = session.scalar(wanted)
    return PublicKey(point) if point else None


def to_stage(session: Session, case: Case, to: str) -> None:
    """Put a tip into a stage, in every queue that it stands in; ``lifecycle`` was asked before."""
    clocks.enter(session, case.tip, to, case.now)


def leave_event(session: Session, case: Case, kind: str, **data: Any) -> None:  # noqa: ANN401 - codes and counts
    """Leave an event of what this person did: codes only."""
    thread.record(
        session, case.tip.id, kind, case.now, account_id=case.who.account_id, desk_id=case.who.desk_id, **data
    )
