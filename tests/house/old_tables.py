"""Databases of old: empty ones that a migration may be stopped in, and the rows that they then had."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import bindparam, create_engine, text
from sqlalchemy.orm import Session

from tests import make
from tipline import migrate
from tipline.database import Database
from tipline.models import UtcDateTime

BYTES = b"sealed"
A_DESK = "INSERT INTO desk (id, slug, name_st, name_en) VALUES (1, 'one', 'One', 'One')"
A_KEY = "INSERT INTO desk_key (id, desk_id, version, point, recovery_wrap, created_at) VALUES ('k', 1, 1, :b, :b, :at)"
A_TIP = """
INSERT INTO tip (id, uid, binding, channel, language, category, priority, reasons, indicators, stage, lead_desk_id,
excluded, content_consent, unfinished, unread, received_at, changed_at)
VALUES (7, 'u', 'b', 'sms', 'st', 'unknown', 'P2', '[]', '[]', 'received', 1, '[]', true, false, true, :at, :at)
"""
A_PHONE = """
INSERT INTO phone_thread (phone_hash, month, tip_id, language, changed_at) VALUES (:b, '2026-11', 7, 'st', :at)
"""
AN_OFFER = """
INSERT INTO desk (id, slug, name_st, name_en) VALUES (1, 'one', 'One', 'One'), (2, 'two', 'Two', 'Two');
INSERT INTO account (id, name, role, desk_id, salt, point, locked_key, totp_confirmed, totp_step, lang, created_at)
VALUES (3, 'thabo', 'caseworker', 1, :b, :b, :b, true, 0, 'st', :at);
INSERT INTO tip (id, uid, binding, channel, language, category, priority, reasons, indicators, stage, lead_desk_id,
excluded, content_consent, unfinished, unread, received_at, changed_at)
VALUES (7, 'u', 'b', 'sms', 'st', 'unknown', 'P2', '[]', '[]', 'referred', 1, '[]', true, false, true, :at, :at);
INSERT INTO tip_desk (tip_id, desk_id, state, active, stage, priority, arrival)
VALUES (7, 2, 'offered', true, 'referred', 'P2', -1);
INSERT INTO entry (id, tip_id, uid, kind, body, wraps, created_at) VALUES (5, 7, 'e', 'reason', :b, :b, :at);
INSERT INTO referral (id, tip_id, from_desk_id, to_desk_id, account_id, state, reason_entry_id, created_at)
VALUES (4, 7, 1, 2, 3, 'offered', 5, :at)
"""
AN_OUTCOME = """
INSERT INTO outcome (id, tip_id, desk_id, account_id, result, created_at) VALUES (1, 7, 1, 3, 'assisted', :at)
"""


def put(session: Session, *statements: str) -> None:
    """Insert rows as a database of old has them; ``:b`` are some bytes, ``:at`` is a time."""
    for statement in statements:
        given = {name: value for name, value in (("b", BYTES), ("at", make.NOON)) if f":{name}" in statement}
        one = text(statement)
        session.execute(one.bindparams(bindparam("at", type_=UtcDateTime())) if "at" in given else one, given)


@contextmanager
def empty_database(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give a database without tables, gone afterwards."""
    if kind == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'old.db'}")
        yield database
        database.dispose()
        return
    server, name = request.getfixturevalue("postgres_server"), f"old_{abs(hash(tmp_path))}"
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        database = Database(f"{server}/{name}")
        yield database
        database.dispose()
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@contextmanager
def carried_across(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, before: str, *rows: str
) -> Iterator[Database]:
    """Give a database that held these rows at the version ``before`` and has all migrations behind it."""
    with empty_database(kind, request, tmp_path) as database:
        migrate.upgrade(database, before)
        with database.write() as session:
            put(session, *rows)
        migrate.upgrade(database)
        yield database
