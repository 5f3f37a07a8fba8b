"""Phone numbers: read as people and carriers write them, kept only as keyed hashes (and sealed to desks)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import ModuleType
from typing import NamedTuple

import phonenumbers
from sqlalchemy import Table, bindparam, case, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from tipline.errors import BadPhoneNumber
from tipline.models import BlockedPhone, OptOut, PhoneThread, Tip
from tipline.prepared import Prepared
from tipline.sealing import KeyFile, keyed_hash

REGION = "LS"

# Made once: every text and every dial asks these.
_threads: Table = PhoneThread.__table__  # type: ignore[assignment]
_STOPPED = Prepared(select(OptOut.since).where(OptOut.phone_hash == bindparam("hash")))
_STANDING = Prepared(
    select(
        select(OptOut.since).where(OptOut.phone_hash == bindparam("stop")).scalar_subquery().label("since"),
        select(BlockedPhone.tip_id).where(BlockedPhone.phone_hash == bindparam("block")).scalar_subquery().label("at"),
    )
)
_DAY = 24  # hours


@cache
def _known(hashes: int) -> Prepared:
    """Return what finds the rows of so many hashes, named ``hash0`` and so on."""
    these = or_(*(PhoneThread.phone_hash == bindparam(f"hash{at}") for at in range(hashes)))
    kept = (PhoneThread.dialogue, PhoneThread.counted_hour, PhoneThread.hour_texts, PhoneThread.day_texts)
    return Prepared(select(PhoneThread.tip_id, PhoneThread.language, PhoneThread.changed_at, *kept).where(these))


def _remembering(dialect: ModuleType) -> Prepared:
    insert = dialect.insert(_threads)
    new, old = insert.excluded, _threads.c
    kept = {name: func.coalesce(new[name], old[name]) for name in ("tip_id", "language", "dialogue")}
    counted = {
        "counted_hour": new.counted_hour,
        "hour_texts": new.hour_texts + case((old.counted_hour == new.counted_hour, old.hour_texts), else_=0),
        "day_texts": new.day_texts
        + case((old.counted_hour // _DAY == new.counted_hour // _DAY, old.day_texts), else_=0),
    }
    changed = {**kept, **counted, "changed_at": new.changed_at}
    return Prepared(insert.on_conflict_do_update(index_elements=["phone_hash"], set_=changed))


_REMEMBER = {"sqlite": _remembering(sqlite), "postgresql": _remembering(postgresql)}
_LONGEST = 40
_OURS = re.compile(r"\+266[2567]\d{7}", re.ASCII)  # as carriers write the numbers of this country


@dataclass(frozen=True)
class Phone:
    """A number in E.164, and the door it last wrote to: carrier and our own number there.

    ``given``: a message that came from elsewhere names this number; nothing came from it yet.
    """

    number: str = field(repr=False)
    carrier: str = ""
    ours: str = ""
    given: bool = False


class Known(NamedTuple):
    """What is kept of a phone that wrote before."""

    tip_id: int | None
    language: str | None
    changed_at: datetime
    dialogue: str | None
    counted_hour: int | None = None
    hour_texts: int = 0
    day_texts: int = 0

    def texts(self, now: datetime) -> tuple[int, int]:
        """Return how many texts it sent in this hour and on this day (UTC), as far as they are counted."""
        hour, then = hour_of(now), self.counted_hour
        if then is None:
            return 0, 0
        return self.hour_texts if then == hour else 0, self.day_texts if then // _DAY == hour // _DAY else 0


class Standing(NamedTuple):
    """What a phone may expect: ``stopped``, it wants no texts; ``blocked_at``, the tip that a desk blocked it at."""

    stopped: bool
    blocked_at: int | None


def parse(typed: str) -> str:
    """Return E.164 for a number as typed or as a carrier sends it; BadPhoneNumber if it cannot be one.

    ``+266…``, ``266…``, ``00266…`` and the eight national digits are the same number (a ``+`` that was not escaped
    arrives as a space).
    """
    text = typed.strip()
    if _OURS.fullmatch(text):
        return text
    if not text or len(text) > _LONGEST:
        raise BadPhoneNumber
    digits = "".join(letter for letter in text if letter.isdecimal())
    if text.startswith("00"):
        text = "+" + digits[2:]
    elif not text.startswith("+") and len(digits) > 9:  # noqa: PLR2004 - longer than a national number
        text = "+" + digits
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        raise BadPhoneNumber from None
    if not phonenumbers.is_possible_number(number):
        raise BadPhoneNumber
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def spoken(number: str) -> str:
    """Return a number in E.164 as people read it out: ``+266 5800 0000``."""
    return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def readable(typed: str) -> str | None:
    """Return E.164 as ``parse`` does, or None if it cannot be a number."""
    try:
        return parse(typed)
    except BadPhoneNumber:
        return None


def hashes(keys: KeyFile, number: str, now: datetime) -> list[tuple[str, bytes]]:
    """Return ``(month, keyed hash)`` under every living monthly key, this month's first."""
    present, _ = keys.phone_key(now)
    months = [present, *sorted((month for month in keys.phone if month < present), reverse=True)]
    return [(month, keyed_hash(keys.phone[month], "phone", number)) for month in months]


def block_hash(keys: KeyFile, number: str) -> bytes:
    """Return the hash under which a blocked phone is remembered: the key of STOP, which does not expire."""
    return keyed_hash(keys.optout, "block", number)


def hour_of(now: datetime) -> int:
    """Return the hour that texts are counted in: whole hours since 1970."""
    return int(now.timestamp()) // 3600


def optout_hash(keys: KeyFile, number: str) -> bytes:
    """Return the hash under which STOP is remembered: its own key, which does not expire."""
    return keyed_hash(keys.optout, "stop", number)


def one_at_a_time(session: Session, keys: KeyFile, number: str) -> None:
    """Let what one phone sends be taken in one after the other; SQLite's single writer does so by itself."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        turn = int.from_bytes(keyed_hash(keys.ids, "turn", number)[:8], "big", signed=True)
        connection.execute(select(func.pg_advisory_xact_lock(turn)))


def thread_of(session: Session, keys: KeyFile, number: str, now: datetime) -> Known | None:
    """Return what is known of this phone: the newest row under any living key."""
    wanted = {f"hash{at}": one for at, (_, one) in enumerate(hashes(keys, number, now))}
    rows = [Known(*row) for row in _known(len(wanted)).rows(session, wanted)]
    return max(rows, key=lambda row: row.changed_at, default=None)


def open_tip_of(session: Session, thread: Known | None) -> Tip | None:
    """Return the tip a phone's next words belong to, unless it is closed."""
    if thread is None or thread.tip_id is None:
        return None
    tip = session.get(Tip, thread.tip_id)
    return tip if tip is not None and tip.closed_at is None else None


def remember(
    session: Session, keys: KeyFile, number: str, now: datetime, *, tip_id: int | None, language: str | None,
    dialogue: str | None = None, texts: int = 0,
) -> None:  # fmt: skip
    """Remember under this month's key which thread a phone belongs to, its language, and where questions to it stand.

    What is None stays as it was. ``texts`` are counted to those of its hour and day (a new month begins from none).
    """
    month, this = hashes(keys, number, now)[0]
    values = {
        "phone_hash": this, "month": month, "tip_id": tip_id, "language": language, "dialogue": dialogue,
        "changed_at": now, "counted_hour": hour_of(now), "hour_texts": texts, "day_texts": texts,
    }  # fmt: skip
    _REMEMBER[session.connection().dialect.name].run(session, values)


def stop(session: Session, keys: KeyFile, number: str, now: datetime) -> None:
    """Remember that this phone wants no texts."""
    this = optout_hash(keys, number)
    if session.get(OptOut, this) is None:
        session.add(OptOut(phone_hash=this, since=now))
        session.flush()


def start(session: Session, keys: KeyFile, number: str) -> None:
    """Forget that this phone wanted no texts."""
    session.execute(delete(OptOut).where(OptOut.phone_hash == optout_hash(keys, number)))


def stopped(session: Session, keys: KeyFile, number: str) -> bool:
    """Say whether this phone wants no texts."""
    return bool(_STOPPED.rows(session, {"hash": optout_hash(keys, number)}))


def standing(session: Session, keys: KeyFile, number: str) -> Standing:
    """Say whether this phone wants no texts, and whether a desk has blocked it; one statement."""
    asked = {"stop": optout_hash(keys, number), "block": block_hash(keys, number)}
    row = _STANDING.rows(session, asked)[0]
    return Standing(row.since is not None, row.at)
