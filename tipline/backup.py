"""Everything in one file, the key file too, sealed to the backup key that ``setup`` shows once.

Rows are written as JSON lines through the tables as they are in the database, so a backup of SQLite restores into
PostgreSQL and the other way round. What lies in the rows is sealed already; the file adds the second lock.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, func, select, text

from tipline import migrate
from tipline.database import Database
from tipline.desks import recovery_text
from tipline.sealing import CannotOpen, KeyFile, PrivateKey
from tipline.sealing.stream import read_sealed, write_sealed

_VERSION_TABLE = "alembic_version"
_BATCH = 500


class NotEmpty(Exception):
    """The instance to restore into has data already."""


class NoBackupKey(Exception):
    """This key file names no backup key."""


def new_key() -> PrivateKey:
    """Make a backup key."""
    return PrivateKey.generate()


def key_text(key: PrivateKey) -> str:
    """Write a backup key so that it can be copied from paper."""
    return recovery_text(key.scalar)


def read_key(typed: str) -> PrivateKey:
    """Read a backup key as typed; CannotOpen if it is none."""
    letters = "".join(letter for letter in typed.upper() if letter.isalnum())
    try:
        scalar = base64.b32decode(letters + "=" * (-len(letters) % 8))
        key = PrivateKey(scalar)
        key.public()
    except ValueError:
        raise CannotOpen from None
    return key


def write(database: Database, keys: KeyFile, file: Path) -> int:
    """Write a backup of one moment; return how many rows. NoBackupKey."""
    if keys.backup is None:
        raise NoBackupKey
    fresh = file.with_name(file.name + ".new")
    counted = [0]
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out, database.engine.connect() as connection:
        if not database.is_sqlite:
            connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901
        write_sealed(_squeezed(_lines(connection, keys, counted)), out, keys.backup)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)
    return counted[0]


def restore(database: Database, key_path: Path, file: Path, key: PrivateKey) -> int:
    """Restore a backup into an empty instance; return how many rows. NotEmpty, CannotOpen: then nothing is changed."""
    if key_path.exists() or _has_rows(database):
        raise NotEmpty
    with file.open("rb") as sealed:  # once through first: a damaged file must change nothing
        for _ in _unsqueezed(read_sealed(sealed, key)):
            pass
    with file.open("rb") as sealed:
        lines = _unsqueezed(read_sealed(sealed, key))
        head = json.loads(next(lines))
        migrate.upgrade(database, head["revision"])
        count = 0
        with database.write() as session:
            connection = session.connection()
            tables = _tables(connection)
            for name, rows in _batches(lines):
                connection.execute(tables[name].insert(), rows)
                count += len(rows)
            if not database.is_sqlite:
                _set_sequences(connection, tables)
    _write_keys(key_path, head["keys"])
    migrate.upgrade(database)
    return count


def _lines(connection: Connection, keys: KeyFile, counted: list[int]) -> Iterator[bytes]:
    tables = _tables(connection)
    yield _line({"revision": migrate.present(connection), "keys": keys.path.read_text()})
    for name, table in tables.items():
        for row in connection.execute(select(table), execution_options={"yield_per": _BATCH}):
            counted[0] += 1
            yield _line([name, {column: _plain(value) for column, value in row._mapping.items()}])  # noqa: SLF001


def _tables(connection: Connection) -> dict[str, Table]:
    metadata = MetaData()
    metadata.reflect(connection)
    return {
        table.name: table
        for table in metadata.sorted_tables
        if table.name != _VERSION_TABLE and not table.name.startswith("huey")
    }


def _batches(lines: Iterator[bytes]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    present = ""
    rows: list[dict[str, Any]] = []
    for line in lines:
        name, row = json.loads(line)
        if rows and (name != present or len(rows) >= _BATCH):
            yield present, rows
            rows = []
        present = name
        rows.append({column: _value(value) for column, value in row.items()})
    if rows:
        yield present, rows


def _has_rows(database: Database) -> bool:
    with database.engine.connect() as connection:
        tables = _tables(connection).values()
        return any(connection.scalar(select(func.count()).select_from(table)) for table in tables)


def _set_sequences(connection: Connection, tables: dict[str, Table]) -> None:
    for table in tables.values():
        if "id" in table.c and table.c.id.type.python_type is int:
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "  # noqa: S608 - our own table names
                    f"(SELECT coalesce(max(id), 0) + 1 FROM {table.name}), false)"
                )
            )


def _write_keys(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _plain(value: Any) -> Any:  # noqa: ANN401 - a column's value
    match value:
        case bytes() | memoryview():
            return {"bytes": base64.b64encode(bytes(value)).decode()}
        case datetime():
            return {"time": value.isoformat()}
        case dict() | list():
            return {"json": value}
        case _:
            return value


def _value(plain: Any) -> Any:  # noqa: ANN401
    match plain:
        case {"bytes": str(coded)}:
            return base64.b64decode(coded)
        case {"time": str(written)}:
            return datetime.fromisoformat(written)
        case {"json": value}:
            return value
        case _:
            return plain


def _line(value: Any) -> bytes:  # noqa: ANN401
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _squeezed(lines: Iterator[bytes]) -> Iterator[bytes]:
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed:
        for line in lines:
            packed.write(line)
            if out.tell():
                yield out.getvalue()
                out.seek(0)
                out.truncate()
    yield out.getvalue()


def _unsqueezed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=31)
    held = b""
    for chunk in chunks:
        *lines, held = (held + unpacker.decompress(chunk)).split(b"\n")
        yield from lines
