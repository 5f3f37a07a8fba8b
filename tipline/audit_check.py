"""Does the audit log stand? Walks the chain, names the first row that is wrong, writes the digest to keep.

Rows are read ``BATCH`` at a time, however many there are. The database alone cannot tell that its last rows were cut
off: that is what a digest kept elsewhere is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from tipline.audit import FIRST, link
from tipline.models import Act
from tipline.sealing import KeyFile

BATCH = 1000
STANDS, ALTERED, REMOVED, INSERTED, MOVED, CUT, REWRITTEN = (
    "stands", "altered", "removed", "inserted", "moved", "cut", "rewritten",
)  # fmt: skip
_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")  # no digits: logs and telephones spoil them
_SHORT = 16  # bytes of a link in a digest
_DIGEST = re.compile(r"\s*([0-9]{1,18})\s+([a-p]{4}(?:-[a-p]{4}){7})\s*", re.ASCII)


class _Unreadable(Exception):
    """A row holds something that its column cannot hold."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        super().__init__(seq)


class NoDigest(Exception):
    """This is not a digest line: a number, a space, eight groups of four letters."""


@dataclass(frozen=True)
class Digest:
    """The number of a row and its link in letters: whoever keeps it elsewhere can prove what stood here."""

    seq: int
    letters: str

    def __str__(self) -> str:
        """Return it as a line to be kept."""
        return f"{self.seq} {self.letters}"


@dataclass(frozen=True)
class Verdict:
    """What was found: a code, the first row that is wrong (or the last, if it stands), and another row's number.

    ``other`` is the last of several rows that are removed, where a moved row stands now, or how many rows are left.
    """

    code: str
    seq: int
    other: int = 0


def digest(session: Session) -> Digest:
    """Return the digest of the newest row (number 0 while there is none)."""
    last = session.execute(select(Act.seq, Act.link).order_by(Act.seq.desc()).limit(1)).first()
    return Digest(last.seq, _letters(last.link)) if last else Digest(0, _letters(FIRST))


def read_digest(line: str) -> Digest:
    """Read a digest line as ``str(Digest)`` writes it. NoDigest."""
    found = _DIGEST.fullmatch(line.lower())
    if found is None:
        raise NoDigest
    return Digest(int(found[1]), found[2])


def verify(session: Session, keys: KeyFile, kept: Digest | None = None, *, newest: int | None = None) -> Verdict:
    """Walk the chain from its first row, or only its ``newest`` rows, and compare it with a digest that was kept."""
    last = session.scalar(select(func.max(Act.seq))) or 0
    start = max(last - newest, 0) if newest is not None else 0
    before = session.scalar(select(Act.link).where(Act.seq == start)) if start else FIRST
    if before is None:
        return Verdict(REMOVED, start, start)
    try:
        return _walk(session, keys, kept, start, before)
    except _Unreadable as row:
        return Verdict(ALTERED, row.seq)


def _walk(session: Session, keys: KeyFile, kept: Digest | None, start: int, before: bytes) -> Verdict:
    seq = start
    for row in _rows(session, start):
        seq += 1
        if row.seq != seq:
            return Verdict(REMOVED, seq, row.seq - 1)
        if link(keys, before, row) != row.link:
            return _wrong(session, keys, before, row)
        before = row.link
        if kept is not None and kept.seq == seq and kept.letters != _letters(row.link):
            return Verdict(REWRITTEN, seq)
    if kept is not None and kept.seq > seq:
        return Verdict(CUT, seq + 1, seq)
    return Verdict(STANDS, seq)


def _wrong(session: Session, keys: KeyFile, before: bytes, row: Act) -> Verdict:
    """Say what happened to the first row whose link does not fit, by what fits instead."""
    try:
        return _explained(session, keys, before, row)
    except _Unreadable:
        return Verdict(ALTERED, row.seq)


def _explained(session: Session, keys: KeyFile, before: bytes, row: Act) -> Verdict:
    previous, ahead = row, 0
    for other in _rows(session, row.seq):
        if link(keys, before, other, row.seq) == other.link:  # what belongs here stands there
            its_place = link(keys, other.link if previous is row else previous.link, row, other.seq) == row.link
            return Verdict(MOVED if its_place else INSERTED, row.seq, other.seq)
        if previous is row:  # were rows taken out and the rest counted anew?
            ahead = next((by for by in range(1, BATCH) if link(keys, row.link, other, other.seq + by) == other.link), 0)
        previous = other
    return Verdict(REMOVED, row.seq, row.seq + ahead - 1) if ahead else Verdict(ALTERED, row.seq)


def _rows(session: Session, after: int) -> Iterator[Act]:
    while True:
        try:
            rows = _some(session, after, BATCH)
        except (ValueError, TypeError):  # SQLite keeps whatever is written into it
            yield from _one_by_one(session, after)
            return
        yield from rows
        session.expunge_all()
        if len(rows) < BATCH:
            return
        after = rows[-1].seq


def _one_by_one(session: Session, after: int) -> Iterator[Act]:
    while True:
        try:
            rows = _some(session, after, 1)
        except (ValueError, TypeError):
            raise _Unreadable(session.scalars(_after(Act.seq, after)).first() or 0) from None
        if not rows:
            return
        yield rows[0]
        after = rows[0].seq


def _some(session: Session, after: int, count: int) -> list[Act]:
    return list(session.scalars(_after(Act, after).limit(count)))


def _after(what: Any, after: int) -> Select[Any]:  # noqa: ANN401 - a table or one of its columns
    return select(what).where(Act.seq > after).order_by(Act.seq)


def _letters(whole: bytes) -> str:
    letters = whole[:_SHORT].hex().translate(_LETTERS)
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))
