"""Which routing rules are in force: versions in the database, and what each process remembers of the newest.

As long as nobody changed them they are the seed's (version 1). The first change keeps those, too, so that what was in
force can always be told, whatever the seed file says later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import select
from sqlalchemy.orm import Session

from tipline import routing
from tipline.accounts import Identity
from tipline.database import Database
from tipline.models import Account
from tipline.rules import Rules, RulesRefused, check, listed, read
from tipline.rules_table import LONGEST_REASON, RuleSet

AGREE_WITHIN = timedelta(seconds=5)  # after a change, until every process routes by it


@dataclass(frozen=True)
class Version:
    """One version of the rules: who made it, when and why; ``again`` is an earlier one that it brought back."""

    number: int
    rules: Rules
    by: str | None = None  # None: the seed
    reason: str = ""
    again: int | None = None
    at: datetime | None = None


class InForce:
    """What one process remembers of the rules in force; it looks for newer ones at most every ``AGREE_WITHIN``."""

    def __init__(self, database: Database) -> None:
        """Begin with the seed's."""
        self._database = database
        self._lock = Lock()
        self._version = 0
        self._rules = routing.seed().rules
        self._looked: datetime | None = None

    def at(self, now: datetime) -> Rules:
        """Return the rules in force. In the middle of a transaction that writes they are those it began with."""
        if self._is_stale(now) and not self._database.is_writing:
            with self._lock:
                if self._is_stale(now):
                    self._look()
                    self._looked = now
        return self._rules

    def look_again(self) -> None:
        """Look at the next occasion, however long ago the last was."""
        self._looked = None

    def _is_stale(self, now: datetime) -> bool:
        return self._looked is None or not timedelta() <= now - self._looked < AGREE_WITHIN

    def _look(self) -> None:
        newer = select(RuleSet.version, RuleSet.rules).where(RuleSet.version > self._version)
        with self._database.read() as session:
            found = session.execute(newer.order_by(RuleSet.version.desc()).limit(1)).first()
        if found is not None:
            self._version, self._rules = found.version, read(found.rules)


def newest(session: Session) -> Version:
    """Return the version in force."""
    return versions(session, most=1)[0]


def versions(session: Session, most: int | None = None) -> list[Version]:
    """Return the versions, the newest first."""
    wanted = select(RuleSet, Account.name).join(Account, Account.id == RuleSet.account_id, isouter=True)
    rows = session.execute(wanted.order_by(RuleSet.version.desc()).limit(most)).all()
    found = [Version(row.version, read(row.rules), name, row.reason, row.again, row.created_at) for row, name in rows]
    return found or [Version(1, routing.seed().rules)]


def put_in_force(
    session: Session, who: Identity, rules: Rules, reason: str, *, after: int, now: datetime,
    desks: dict[str, bool], again: int | None = None,
) -> int:  # fmt: skip
    """Make rules the next version; return its number. ``after`` is the version that they were made from.

    RulesRefused as ``rules.check`` says, and ``stale`` if somebody else was faster, ``no_reason``, ``long_reason``.
    """
    before = newest(session)
    if before.number != after:
        raise RulesRefused("stale")
    check(rules, before.rules, desks)
    if not reason.strip():
        raise RulesRefused("no_reason")
    if len(reason.strip()) > LONGEST_REASON:
        raise RulesRefused("long_reason")
    if before.number == 1:
        session.merge(RuleSet(version=1, rules=listed(before.rules), account_id=None, reason="", created_at=None))
    number = before.number + 1
    session.add(
        RuleSet(
            version=number, rules=listed(rules), account_id=who.account_id, reason=reason.strip(), again=again,
            created_at=now,
        )
    )  # fmt: skip
    session.flush()
    return number
