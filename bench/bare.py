"""The baselines: Flask that says hello, and Flask that keeps one row durably before it does."""

from __future__ import annotations

import os
import sqlite3
import threading

from flask import Flask

_mutex = threading.Lock()
_mine = threading.local()


def create_app() -> Flask:
    """Put together the smallest Flask; ``BENCH_DB`` is the file it writes to."""
    app = Flask(__name__)
    path = os.environ["BENCH_DB"]
    _connection(path).execute("CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")

    @app.get("/hello")
    def hello() -> str:
        return "hello"

    @app.post("/commit")
    def commit() -> str:
        connection = _connection(path)
        with _mutex:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO row (body) VALUES (?)", (b"x" * 500,))
            connection.execute("COMMIT")
        return "kept"

    return app


def _connection(path: str) -> sqlite3.Connection:
    if not hasattr(_mine, "connection"):
        _mine.connection = sqlite3.connect(path, isolation_level=None)
        _mine.connection.execute("PRAGMA journal_mode=WAL")
        _mine.connection.execute("PRAGMA synchronous=FULL")
    connection: sqlite3.Connection = _mine.connection
    return connection
