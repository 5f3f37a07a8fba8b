"""The engine and its transactions: one at a time on SQLite, however many threads and processes write.

SQLite lets one writer in at a time and others poll for it: two writing processes reach a p99 of 650 ms. Here a writer
first takes a lock in its process, then a file lock between processes (both wake the next one at once), then
``BEGIN IMMEDIATE``, which therefore never finds the database busy.
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry


class Database:
    """Where the tips are. ``read()`` and ``write()`` each give one transaction; only ``write()`` commits."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        """Take an SQLAlchemy address: ``sqlite:///path`` or ``postgresql+psycopg://…``."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._pool_size = pool_size
        self._mutex = threading.Lock()
        self._lock_file: IO[str] | None = None
        self.engine = self._make_engine()
        self._reading = sessionmaker(self.engine, expire_on_commit=False)
        self._writing = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that keeps nothing."""
        with self._reading() as session:
            try:
                yield session
            finally:
                session.rollback()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session in a transaction; commit it at the end, or roll it back if anything is raised."""
        with self._turn(), self._writing() as session:
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise

    def ping(self) -> None:
        """Raise if the database does not answer."""
        with self.read() as session:
            session.execute(text("SELECT 1"))

    def dispose(self) -> None:
        """Close every connection (a fork must not share them)."""
        self.engine.dispose()
        with self._mutex:
            if self._lock_file is not None:
                self._lock_file.close()
                self._lock_file = None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self.is_sqlite or not self.url.database or self.url.database == ":memory:":
            yield
            return
        with self._mutex:
            if self._lock_file is None:
                self._lock_file = Path(self.url.database + ".lock").open("a")  # noqa: SIM115 - held for life
            fcntl.flock(self._lock_file, fcntl.LOCK_EX)
            _turn.mine = True
            try:
                yield
            finally:
                _turn.mine = False
                fcntl.flock(self._lock_file, fcntl.LOCK_UN)

    def _make_engine(self) -> Engine:
        if not self.is_sqlite:
            return create_engine(
                self.url, pool_size=self._pool_size, max_overflow=5, pool_pre_ping=True, hide_parameters=True
            )
        engine = create_engine(
            self.url,
            pool_size=self._pool_size,
            max_overflow=20,
            hide_parameters=True,
            connect_args={"check_same_thread": False},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine


class _Turn(threading.local):
    """Whether this thread holds the write lock: then its transaction takes SQLite's at once."""

    mine = False


_turn = _Turn()


def _prepare_sqlite(connection: Any, _record: ConnectionPoolEntry) -> None:  # noqa: ANN401 - a DB-API connection
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=10000",
        "secure_delete=ON",
        "temp_store=MEMORY",
        "cache_size=-16000",
        "mmap_size=268435456",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:  # noqa: ANN401 - an SQLAlchemy connection
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _turn.mine else "BEGIN")
