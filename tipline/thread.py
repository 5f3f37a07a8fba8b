"""Entries of a thread: sealed when added, opened for one reader. Adding needs no private key."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from tipline import audit
from tipline.models import DeskKey, Entry, Event, Tip, TipDesk
from tipline.prepared import Prepared, Row
from tipline.sealing import (
    CannotOpen,
    PrivateKey,
    PublicKey,
    Sealed,
    Where,
    open_sealed,
    pack,
    reseal,
    seal,
    seal_body,
    unpack,
)

STORY, NUMBER, MESSAGE, REPLY, NOTE, REASON, OUTCOME, ASSESSMENT, EXTRACT, REPORT = (
    "story", "number", "message", "reply", "note", "reason", "outcome", "assessment", "extract", "report",
)  # fmt: skip

_REPLACE = Prepared(update(Entry.__table__).where(Entry.__table__.c.id == bindparam("entry")))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Opened:
    """An entry as a reader sees it; ``data`` is None where it could not be opened."""

    id: int
    kind: str
    desk_id: int | None
    account_id: int | None
    created_at: datetime
    read_at: datetime | None
    data: Mapping[str, Any] | None


def put(session: Session, model: type, **values: Any) -> int:  # noqa: ANN401 - column values
    """Insert one row the short way (the hot path has no use for the unit of work); return the id it was given."""
    return _insert(model).insert(session, values)


@cache
def _insert(model: type) -> Prepared:
    return Prepared(model.__table__.insert())  # type: ignore[attr-defined]


def add(
    session: Session,
    *,
    instance: str,
    tip_id: int,
    binding: str,
    kind: str,
    data: Mapping[str, Any],
    readers: Iterable[PublicKey],
    now: datetime,
    desk_id: int | None = None,
    account_id: int | None = None,
    content_key: bytes | None = None,
) -> int:
    """Seal one entry to its readers and keep it; return its id."""
    uid = secrets.token_hex(8)
    sealed = seal(encode(data), Where(instance, binding, uid), readers, content_key)
    return keep(session, tip_id, kind, uid, sealed, now, desk_id=desk_id, account_id=account_id)


def keep(
    session: Session,
    tip_id: int,
    kind: str,
    uid: str,
    sealed: Sealed,
    now: datetime,
    *,
    desk_id: int | None = None,
    account_id: int | None = None,
) -> int:
    """Keep an entry that is sealed already; return its id."""
    return put(
        session,
        Entry,
        tip_id=tip_id,
        uid=uid,
        kind=kind,
        desk_id=desk_id,
        account_id=account_id,
        body=sealed.body,
        wraps=pack(sealed.wraps),
        created_at=now,
    )


def replace(
    session: Session, entry: Row, where: Where, data: Mapping[str, Any], readers: list[PublicKey],
    content_key: bytes | None = None,
) -> None:  # fmt: skip
    """Seal an unfinished entry (its ``id`` and ``wraps``) anew: a USSD draft grows by an answer.

    While its readers stay the same, whoever holds its ``content_key`` need not wrap it for them again.
    """
    if content_key is not None and unpack(entry.wraps).keys() == {reader.id for reader in readers}:
        _REPLACE.run(session, {"entry": entry.id, "body": seal_body(encode(data), where, content_key)})
        return
    sealed = seal(encode(data), where, readers, content_key)
    _REPLACE.run(session, {"entry": entry.id, "body": sealed.body, "wraps": pack(sealed.wraps)})


def opened(entry: Entry, tip: Tip, keys: Mapping[str, PrivateKey], instance: str) -> Opened:
    """Open one entry with whichever of the keys it is sealed to; what does not open is shown as such."""
    wraps = unpack(entry.wraps)
    data: Mapping[str, Any] | None = None
    for key_id in wraps.keys() & keys.keys():
        try:
            data = decode(open_sealed(entry.body, wraps, keys[key_id], Where(instance, tip.binding, entry.uid)))
            break
        except (CannotOpen, ValueError):
            continue
    return Opened(entry.id, entry.kind, entry.desk_id, entry.account_id, entry.created_at, entry.read_at, data)


def entries(session: Session, tip_id: int, kinds: Iterable[str] | None = None) -> list[Entry]:
    """Return a thread's entries, oldest first."""
    wanted = select(Entry).where(Entry.tip_id == tip_id).order_by(Entry.id)
    if kinds is not None:
        wanted = wanted.where(Entry.kind.in_(list(kinds)))
    return list(session.scalars(wanted))


def let_in(entry: Entry, tip: Tip, keys: Mapping[str, PrivateKey], instance: str, reader: PublicKey) -> bool:
    """Seal an entry to one more reader with a key that opens it; False if none of the keys does."""
    wraps = unpack(entry.wraps)
    for key_id in wraps.keys() & keys.keys():
        try:
            entry.wraps = pack(reseal(wraps, keys[key_id], Where(instance, tip.binding, entry.uid), reader))
        except CannotOpen:
            continue
        return True
    return False


def shut_out(entry: Entry, key_ids: Iterable[str]) -> None:
    """Take readers' wraps away; the last wrap stays (it goes only by retention)."""
    wraps = unpack(entry.wraps)
    left = {key_id: one for key_id, one in wraps.items() if key_id not in set(key_ids)}
    if left:
        entry.wraps = pack(left)


def readers(session: Session, tip: Tip) -> list[PublicKey]:
    """Return the keys of all who read the dialogue: the tip's desks, and the reporter if they hold a receipt."""
    wanted = (
        select(DeskKey.point)
        .join(TipDesk, TipDesk.desk_id == DeskKey.desk_id)
        .where(TipDesk.tip_id == tip.id, TipDesk.state != "declined", DeskKey.retired_at.is_(None))
    )
    found = [PublicKey(point) for point in session.scalars(wanted)]
    return [*found, PublicKey(tip.reporter_point)] if tip.reporter_point else found


def record(
    session: Session,
    tip_id: int,
    kind: str,
    now: datetime,
    *,
    account_id: int | None = None,
    desk_id: int | None = None,
    **data: Any,  # noqa: ANN401 - codes and counts
) -> None:
    """Leave an event: codes only, never content. What a person did stands in the audit log, too."""
    if account_id is not None:
        uid = session.get_one(Tip, tip_id).uid
        audit.note(session, kind, now, account_id=account_id, desk_id=desk_id, of=uid, **data)
    put(session, Event, tip_id=tip_id, kind=kind, at=now, account_id=account_id, desk_id=desk_id, data=data)


def encode(data: Mapping[str, Any]) -> bytes:
    """Return what is sealed: JSON, UTF-8."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")


def decode(plain: bytes) -> Mapping[str, Any]:
    """Undo ``encode``; ValueError if it is something else (a browser sealed it, we did not)."""
    try:
        data = json.loads(plain.decode(errors="replace"))
    except RecursionError:  # nested so deeply that it was meant to do harm
        data = None
    if not isinstance(data, dict):
        msg = "not an entry"
        raise ValueError(msg)  # noqa: TRY004 - the caller treats all unreadable entries alike
    return data
