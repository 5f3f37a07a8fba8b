"""Statements that are compiled once and then handed straight to the driver, in the session's own transaction.

The SQL, the types and the errors are SQLAlchemy's. What it does around each execution (cache keys, contexts, result
objects) costs more than SQLite's own work, and a text that becomes a tip takes a dozen statements.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import ClauseElement, Connection, Dialect, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

Row = Any  # what a SELECT finds: a named tuple, as the statement names its columns
Turn = Callable[[Any], Any] | None  # turns a value into what the driver takes, or back; None if it stays as it is

_moments: dict[tuple[str, type], Turn] = {}  # a tip says what time it is in ten statements


class Prepared:
    """One statement. Its values are named like its bound parameters and, to insert or update, like the columns.

    It takes no ``IN`` (the parameters of which could differ in number) and no defaults that Python fills in.
    """

    def __init__(self, statement: ClauseElement) -> None:
        """Take a statement; each dialect compiles it when it is first run there."""
        self._statement = statement
        self._compiled: dict[tuple[str, ...], _Compiled] = {}

    def rows(self, session: Session, values: Mapping[str, Any]) -> list[Row]:
        """Return what a SELECT finds."""
        compiled, cursor = self._run(session, values)
        found = cursor.fetchall()
        turns = compiled.turns
        return [
            compiled.row([turn(one) if turn else one for turn, one in zip(turns, row, strict=True)]) for row in found
        ]

    def run(self, session: Session, values: Mapping[str, Any]) -> int:
        """Change rows; return how many there were."""
        return int(self._run(session, values)[1].rowcount)

    def insert(self, session: Session, values: Mapping[str, Any]) -> int:
        """Insert a row; return the number that the database has given it, 0 if it brings its own key."""
        compiled, cursor = self._run(session, values)
        if cursor.description:  # PostgreSQL: RETURNING
            return int(cursor.fetchone()[0])
        return int(cursor.lastrowid) if compiled.by_place else 0

    def _run(self, session: Session, values: Mapping[str, Any]) -> tuple[_Compiled, Any]:
        connection = session.bind  # on SQLite the one connection that writes, else an engine
        if not isinstance(connection, Connection) or not connection.in_transaction():
            connection = session.connection()
        dialect = connection.dialect
        key = (dialect.name, *values)
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = self._compiled[key] = _compile(self._statement, dialect, list(values))
        if compiled.fixed:
            values = {**compiled.fixed, **values}
        given: Any = [turn(values[name]) if turn else values[name] for name, turn in compiled.given]
        if not compiled.by_place:
            given = dict(zip(compiled.names, given, strict=True))
        cursor = connection.connection.cursor()
        try:
            cursor.execute(compiled.sql, given)
        except dialect.loaded_dbapi.Error as error:
            base = dialect.loaded_dbapi.Error
            raise DBAPIError.instance(compiled.sql, None, error, base, hide_parameters=True, dialect=dialect) from error
        return compiled, cursor


@dataclass(frozen=True)
class _Compiled:
    sql: str
    by_place: bool
    names: tuple[str, ...]
    given: tuple[tuple[str, Turn], ...]
    fixed: Mapping[str, Any]  # values that stand in the statement itself
    row: Callable[[list[Any]], Row]
    turns: tuple[Turn, ...]


def _compile(statement: ClauseElement, dialect: Dialect, names: list[str]) -> _Compiled:
    compiled = cast("SQLCompiler", statement.compile(dialect=dialect, column_keys=names))
    assert not compiled.prefetch, "a default that Python fills in is to be given"
    wanted = tuple((compiled.positiontup if compiled.positional else None) or compiled.params)
    columns = list(statement.selected_columns) if isinstance(statement, Select) else []
    row: Any = namedtuple("row", [str(column.key) for column in columns])  # type: ignore[misc]  # noqa: PYI024
    return _Compiled(
        sql=compiled.string,
        by_place=compiled.positional,
        names=wanted,
        given=tuple((name, _into(compiled.binds[name].type, dialect)) for name in wanted),
        fixed={name: compiled.params[name] for name in wanted if name not in names},
        row=row._make,
        turns=tuple(column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns),
    )


def _into(of: TypeEngine[Any], dialect: Dialect) -> Turn:
    turn = of.dialect_impl(dialect).bind_processor(dialect)
    if turn is None or of.python_type is not datetime:
        return turn
    return _moments.setdefault((dialect.name, type(of)), lru_cache(maxsize=64)(turn))
