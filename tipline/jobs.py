"""Background work: one Huey, its jobs, and how the web process wakes them. Jobs hold no desk's key.

SQLite embedded: Huey's own file in ``TIPLINE_VAR``. PostgreSQL: its tables in the same database. A job carries no
argument, so nothing of a tip ever stands in the queue.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from huey import Huey, PostgresHuey, SqliteHuey, crontab
from huey.consumer import Consumer
from sqlalchemy import func, make_url, select
from sqlalchemy.orm import Session

from tipline import abuse, alerts, audit_check, erasure, escalation, outbox, retention, unread
from tipline.house import House
from tipline.models import OutMessage

FILE = "jobs.db"
WORKERS = 8  # threads: a carrier that is slow holds up one, and what several have sent is noted with one commit
Sweep = Callable[[Session, House, datetime], None]
_REST_SECONDS = 0.05  # wakes closer together than this are one
_log = logging.getLogger(__name__)


def make_huey(database_url: str, var: Path) -> Huey:
    """Return the job engine of an instance: a file of its own, or the PostgreSQL database."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
        return SqliteHuey("tipline", filename=str(var / FILE), fsync=True, results=False, timeout=20)
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return PostgresHuey("tipline", dsn=dsn, results=False)


class Jobs:
    """The jobs of one instance. ``sweeps`` are what other wings want done every minute, in a transaction each."""

    def __init__(self, huey: Huey, house: House, copies: erasure.Copies, sweeps: Sequence[Sweep] = ()) -> None:
        """Register the jobs with the engine; nothing runs before a worker does."""
        self.huey = huey
        self._house = house
        self._copies = copies
        self._erasing = threading.Lock()
        self._sweeps = sweeps
        self._asked = threading.Event()
        self._waker: threading.Thread | None = None
        self._starting = threading.Lock()
        self._next: datetime | None = None
        self._deliver = huey.task(name="deliver")(self.deliver)
        huey.periodic_task(crontab(minute="*"), name="sweep")(self.sweep)
        huey.periodic_task(crontab(minute="*"), name="erase")(self.erase)
        huey.periodic_task(crontab(minute="17"), name="forget")(self.forget)
        huey.periodic_task(crontab(hour="1", minute="7"), name="digest")(self.digest)

    def wake(self) -> None:
        """Have the outbox delivered soon. Never blocks and never fails: the sweep finds what a wake missed."""
        if self._waker is None or not self._waker.is_alive():
            with self._starting:
                if self._waker is None or not self._waker.is_alive():
                    self._waker = threading.Thread(target=self._keep_waking, name="waker", daemon=True)
                    self._waker.start()
        self._asked.set()

    def deliver(self) -> None:
        """Send what is due, and come back when the next is."""
        house = self._house
        outbox.deliver(house.database, house.sender, house.keys, house.clock)
        with house.database.read() as session:
            due = session.scalar(select(func.min(OutMessage.due_at)).where(OutMessage.state == outbox.WAITING))
        now = house.clock()
        if due is None or (self._next is not None and now < self._next <= due):
            return
        self._next = due
        self._deliver.schedule(delay=max((due - now).total_seconds(), 0) + 0.2)

    def sweep(self) -> None:
        """Put back what a crash left, finish what was dropped, tell of what waits too long, send what is due."""
        house = self._house
        for sweep in (_outbox_sweep, _unread_sweep, _alert_sweep, _escalation_sweep, *self._sweeps):
            with house.database.write() as session:
                sweep(session, house, house.clock())
        self.deliver()

    def forget(self) -> None:
        """Forget what has had its time; see ``retention``."""
        house = self._house
        retention.forget(house.database, house.keys, house.clock(), keep_numbers=house.settings.keep_numbers)
        with house.database.write() as session:
            abuse.forget(session, house.clock(), house.settings.bounds)
        house.database.scrub()

    def digest(self) -> None:
        """Log the audit log's digest of the day: a number and letters, for whoever keeps logs elsewhere."""
        with self._house.database.read() as session:
            newest = audit_check.digest(session)
        _log.info("audit digest", extra={"count": newest.seq, "code": newest.letters})

    def erase(self) -> None:
        """Have carriers erase their copies. One run at a time: a carrier that is slow holds up one worker, not two."""
        house = self._house
        if self._erasing.acquire(blocking=False):
            try:
                erasure.erase(house.database, self._copies, house.keys, house.clock)
            finally:
                self._erasing.release()

    def ready(self) -> bool:
        """Say whether the engine answers."""
        return bool(self.huey.storage.queue_size() >= 0)

    def work(self) -> None:
        """Run the jobs until a signal stops the process."""
        house = self._house
        if house.database.is_sqlite:  # the one worker has just started: what is claimed, a crash left behind
            with house.database.write() as session:
                outbox.sweep(session, house.clock(), claim_lasts=timedelta(0))
        self.huey.flush()  # jobs carry nothing; the first sweep finds all there is to do
        self._deliver()
        worker: Any = Consumer(
            self.huey, workers=WORKERS, max_delay=0.5, scheduler_interval=1, check_worker_health=True
        )
        worker.run()

    def _keep_waking(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            try:
                self._deliver()
            except Exception as error:  # noqa: BLE001 - the sweep will find it
                _log.warning("cannot wake the worker", extra={"error": type(error).__name__})
            time.sleep(_REST_SECONDS)


def _outbox_sweep(session: Session, _house: House, now: datetime) -> None:
    outbox.sweep(session, now)


def _unread_sweep(session: Session, house: House, now: datetime) -> None:
    unread.tell(session, now, house.settings.tell_unread)


def _alert_sweep(session: Session, house: House, now: datetime) -> None:
    alerts.sweep(session, house.keys, now)


def _escalation_sweep(session: Session, house: House, now: datetime) -> None:
    escalation.escalate(session, now, house.settings.answer_within, house.keys)
