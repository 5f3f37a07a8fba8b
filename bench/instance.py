"""Demo instances to measure, made by the product itself; one is filled with tips by copying rows in SQL."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from tipline import demo
from tipline.database import Database

_CHUNK = 50_000
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT :start UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :stop)"


def make(var: Path) -> dict[str, str]:
    """Make a demo instance; return its passwords and callback secrets."""
    database = Database(f"sqlite:///{var / 'tipline.db'}")
    made = demo.prepare(database, var, var / "keys.json", datetime.now(UTC))
    database.dispose()
    return made


def count(var: Path, table: str) -> int:
    """Return how many rows a table of an instance has."""
    with contextlib.closing(sqlite3.connect(var / "tipline.db")) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - a table of ours


def fill(var: Path, tips: int) -> None:
    """Fill an instance up to a number of tips: the samples again and again, at other times, places and priorities."""
    connection = sqlite3.connect(var / "tipline.db", isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    samples = [row[0] for row in connection.execute("SELECT id FROM tip ORDER BY id")]
    other = {
        "id": "base.id + n.i * :step",
        "uid": "lower(hex(randomblob(16)))",
        "binding": "lower(hex(randomblob(16)))",
        "client_hash": "NULL",
        "receipt_lookup": "randomblob(32)",
        "taken_by": "NULL",  # nobody takes two hundred thousand
        "received_at": "strftime('%Y-%m-%d %H:%M:%f000', base.received_at, '-' || n.i || ' seconds')",
        "priority": "'P' || (n.i % 4)",
        "waits": "n.i % 5 = 0",
    }
    arrival = {
        "tip_id": "base.tip_id + n.i * :step",
        "priority": "'P' || (n.i % 4)",
        "arrival": "base.arrival + n.i * 1000",
        "due": "base.due - 360000000 - n.i * 1000",  # late, all of them
        "waits": "n.i % 5 = 0",
    }
    step = max(samples) + 1
    rounds = -(-(tips - len(samples)) // len(samples))
    for start in range(1, rounds + 1, _CHUNK // len(samples)):
        stop = min(start + _CHUNK // len(samples), rounds + 1)
        connection.execute("BEGIN")
        for table, changed in (("tip", other), ("tip_desk", arrival)):
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            values = ", ".join(changed.get(column, f"base.{column}") for column in columns)
            key = "id" if table == "tip" else "tip_id"
            connection.execute(
                f"{_NUMBERS} INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608 - names from the schema
                f"SELECT {values} FROM n, {table} AS base WHERE base.{key} <= :last",
                {"start": start, "stop": stop, "step": step, "last": max(samples)},
            )
        connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
