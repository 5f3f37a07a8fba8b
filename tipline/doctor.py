"""Is this instance fit for real use? Findings in words for whoever runs it; nothing is changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tipline import abuse, audit_check, desks, erasure, migrate, services
from tipline.destruction import BACKUPS
from tipline.house import House, KeyFileMissing
from tipline.models import Account, OutMessage
from tipline.outbox import DEAD

_LEAST_FREE = 1 << 30  # bytes
_NEWEST_ACTS = 1000  # the whole log is for ``flask audit verify``
_ERASE_NOTHING = ("africastalking", "kannel")


@dataclass(frozen=True)
class Finding:
    """One thing looked at. A ``grave`` one that is not ``good`` makes the instance unfit."""

    what: str
    good: bool
    detail: str
    grave: bool = True


def examine(house: House, carriers: Collection[str], jobs_answer: Callable[[], bool]) -> list[Finding]:
    """Look at settings, keys, database, desks, people, jobs, carriers, services."""
    found = [Finding(name, good=False, detail=f"should be {should}") for name, should in house.settings.unfit()]
    found = found or [Finding("settings", good=True, detail="fit")]
    found.append(_keys(house))
    found += _asked("database", lambda: _database(house))
    found += _asked("jobs", lambda: [Finding("jobs", good=jobs_answer(), detail="the job engine answers")])
    found.append(Finding("carriers", good=bool(carriers), detail=", ".join(carriers) or "none is set up"))
    if "kannel" in carriers:
        logs = "set log-level = 4 and start its boxes with -v 4: below 3 Kannel writes texts into its own log"
        found.append(Finding("kannel", good=False, detail=logs, grave=False))
    kept = "this carrier cannot be told to erase its copies of texts: agree with it how long it keeps them"
    found += [Finding(name, good=False, detail=kept, grave=False) for name in _ERASE_NOTHING if name in carriers]
    found += _services(house)
    found += _asked("disk", lambda: _disk(house))
    found.append(_backups(house))
    return found


def _asked(what: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return look()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it is the finding
        return [Finding(what, good=False, detail=f"does not answer ({type(error).__name__})")]


def _disk(house: House) -> list[Finding]:
    free = shutil.disk_usage(house.settings.var).free
    return [Finding("disk", good=free > _LEAST_FREE, detail=f"{free // (1 << 20)} MB free")]


def _backups(house: House) -> Finding:
    """Look for backups that are too old, in the one folder that is known; where others lie, only their owner knows."""
    days, until = BACKUPS.days, (house.clock() - BACKUPS).timestamp()
    old = [file.name for file in house.settings.var.rglob("*.backup") if file.stat().st_mtime < until]
    if old:
        what = f"older than {days} days, delete them: {', '.join(sorted(old))}"
        return Finding("backups", good=False, detail=what, grave=False)
    return Finding("backups", good=True, detail=f"none in TIPLINE_VAR is older than {days} days; look elsewhere, too")


def _keys(house: House) -> Finding:
    try:
        keys = house.keys
    except KeyFileMissing as error:
        return Finding("key file", good=False, detail=str(error.__cause__))
    if keys.backup is None:
        return Finding("key file", good=False, detail="names no backup key: backups cannot be made")
    return Finding("key file", good=True, detail=str(keys.path))


def _database(house: House) -> list[Finding]:
    with house.database.read() as session:
        at = migrate.present(session.connection())
        found = [Finding("database", good=at == migrate.head(), detail=f"tables at {at}, newest {migrate.head()}")]
        if at is None:
            return found
        if at != migrate.head():
            return found
        return [*found, *_people(session), _audit(session, house), _answers(session, house.clock())]


def _audit(session: Session, house: House) -> Finding:
    found = audit_check.verify(session, house.keys, newest=_NEWEST_ACTS)
    if found.code == audit_check.STANDS:
        return Finding("audit log", good=True, detail=f"{found.seq} acts; the newest {_NEWEST_ACTS} stand")
    return Finding("audit log", good=False, detail=f"row {found.seq} is wrong: see flask audit verify")


def _people(session: Session) -> Iterator[Finding]:
    for desk in desks.all_desks(session).values():
        ready = desk.key is not None
        yield Finding(f"desk {desk.slug}", good=ready, detail="has its key" if ready else "no member has signed in yet")
    late = session.scalar(select(func.count()).where(Account.totp_confirmed.is_(False), Account.disabled_at.is_(None)))
    yield Finding("second factor", good=not late, detail=f"{late} accounts without it", grave=False)
    dead = session.scalar(select(func.count()).where(OutMessage.state == DEAD))
    yield Finding("outgoing messages", good=not dead, detail=f"{dead} could not be delivered", grave=False)
    kept = erasure.given_up(session)
    yield Finding("copies at carriers", good=not kept, detail=f"{kept} could not be erased", grave=False)


def _answers(session: Session, now: datetime) -> Finding:
    last, minutes = abuse.held_back(session, now)
    if not minutes:
        return Finding("automatic answers", good=True, detail="none was held back in 24 hours")
    begins = "are held back now" if abuse.in_force(last, now) else "were held back"
    detail = f"{begins}: in {minutes} minutes of the last 24 hours more were due than TIPLINE_ANSWERS_A_MINUTE"
    return Finding("automatic answers", good=False, detail=detail, grave=False)


def _services(house: House) -> Iterator[Finding]:
    own = house.settings.var / services.FILE
    open_ones = [service.slug for service in services.unconfirmed(own)]
    danger = services.emergency(own)
    yield Finding(
        "emergency contacts", good=bool(danger), detail=f"{len(danger)} confirmed: see services.toml", grave=False
    )
    yield Finding(
        "phone numbers", good=not open_ones, detail=f"not confirmed: {', '.join(open_ones) or 'none'}", grave=False
    )
