"""The engine and its transactions: one at a time on SQLite, however many threads and processes write.

SQLite lets one writer in at a time and others poll for it: two writing processes reach a p99 of 650 ms. Here a writer
first takes a lock in its process, then a file lock between processes (both wake the next one at once), then
``BEGIN IMMEDIATE``, which therefore never finds the database busy.
"""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

T = TypeVar("T")
_WAIT_FOR_READERS = 0.2  # seconds, with the write lock held


class Database:
    """Where the tips are. ``read()`` and ``write()`` each give one transaction; only ``write()`` commits."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        """Take an SQLAlchemy address: ``sqlite:///path`` or ``postgresql+psycopg://…``."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._pool_size = pool_size
        self._mutex = threading.Lock()
        self._brought: deque[_Task] = deque()
        self._lock_file: IO[str] | None = None
        self._writer: Connection | None = None
        self.info: dict[str, Any] = {}  # what every session brings along
        self.engine = self._make_engine()
        self._sessions = sessionmaker(self.engine, expire_on_commit=False, info=self.info)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that keeps nothing."""
        with self._sessions() as session:
            try:
                yield session
            finally:
                session.rollback()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session in a transaction; commit it at the end, or roll it back if anything is raised."""
        with self._turn() as session:
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise

    def together(self, work: Callable[[Session], T]) -> T:
        """Do some work in a transaction and commit it; on SQLite, what other threads bring meanwhile goes with it.

        The disk is waited for once for all of them. Work that raises undoes only its own; it may be done twice.
        """
        if not self.is_sqlite:
            with self.write() as session:
                return work(session)
        task = _Task(work)
        self._brought.append(task)
        with self._mutex:
            if not task.is_done:
                self._do([self._brought.popleft() for _ in range(len(self._brought))])
        if task.error is not None:
            raise task.error
        return cast("T", task.result)

    @property
    def is_writing(self) -> bool:
        """Say whether this thread is inside a transaction that keeps all others from writing (SQLite)."""
        return self.is_sqlite and _turn.mine

    def ping(self) -> None:
        """Raise if the database does not answer."""
        with self.read() as session:
            session.execute(text("SELECT 1"))

    def scrub(self) -> None:
        """Have SQLite empty its log, which still holds what was overwritten (``secure_delete`` does the rest).

        Where somebody reads just now, the next call empties it. PostgreSQL's log is its operator's affair.
        """
        if not self.is_sqlite or not self.url.database:
            return
        with self._turn(), closing(sqlite3.connect(self.url.database, timeout=_WAIT_FOR_READERS)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def dispose(self) -> None:
        """Close every connection (a fork must not share them)."""
        self.engine.dispose()
        with self._mutex:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            if self._lock_file is not None:
                self._lock_file.close()
                self._lock_file = None

    @contextmanager
    def _turn(self) -> Iterator[Session]:
        if not self.is_sqlite or not self.url.database or self.url.database == ":memory:":
            with self._sessions() as session:
                yield session
            return
        with self._mutex, self._alone() as session:
            yield session

    @contextmanager
    def _alone(self) -> Iterator[Session]:
        """Keep other processes out, this thread having kept out the others of its own; give a session.

        All of them write through one connection, whose cache of pages nobody else makes stale.
        """
        if self._lock_file is None:
            self._lock_file = Path(f"{self.url.database}.lock").open("a")  # noqa: SIM115 - held for life
        fcntl.flock(self._lock_file, fcntl.LOCK_EX)
        _turn.mine = True
        try:
            if self._writer is None:
                self._writer = self.engine.connect()
                self._writer.detach()  # the pool has no part in it
            with Session(self._writer, expire_on_commit=False, info=self.info) as session:
                yield session
        finally:
            if self._writer is not None and _is_open(self._writer):
                self._writer.close()
                self._writer = None
            _turn.mine = False
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)

    def _do(self, tasks: list[_Task]) -> None:
        """Do what threads have brought in one transaction; where one piece fails, each in a transaction of its own."""
        try:
            with self._alone() as session:
                for task in tasks:
                    task.result = task.work(session)
                    session.flush()
                    session.expunge_all()  # what one of them has loaded is no business of the next
                session.commit()
        except BaseException as error:  # noqa: BLE001 - it belongs to the thread that brought the work
            if len(tasks) > 1:
                for task in tasks:
                    self._do([task])
                return
            tasks[0].error = error
        for task in tasks:
            task.is_done = True

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


@dataclass
class _Task:
    """Work that a thread has brought, and what came of it."""

    work: Callable[[Session], Any]
    result: Any = None
    error: BaseException | None = None
    is_done: bool = False


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
        "cache_size=-2000",  # kB a connection; what is only read comes through the map below
        "mmap_size=268435456",
        "wal_autocheckpoint=4000",  # pages: at the usual 1000, one commit in sixty waits for a checkpoint
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    begin = "BEGIN IMMEDIATE" if _turn.mine else "BEGIN"
    try:
        _driver(connection).execute(begin)
    except sqlite3.Error:
        connection.exec_driver_sql(begin)  # again, so that SQLAlchemy says what is wrong


def _is_open(connection: Connection) -> bool:
    """Say whether a transaction was left open: a commit that fails (a full disk) does not end it."""
    return bool(_driver(connection).in_transaction)


def _driver(connection: Connection) -> Any:  # noqa: ANN401 - the driver's own connection
    return connection.connection.dbapi_connection
