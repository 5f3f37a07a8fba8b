"""Prepared statements say the same as SQLAlchemy's own, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.exc import IntegrityError

from tests import make
from tipline.house import House
from tipline.models import Desk, Inbound, OutMessage, Tip
from tipline.prepared import Prepared

_TIP: Any = Tip.__table__
_INSERT = Prepared(_TIP.insert())
_KEPT = Prepared(Inbound.__table__.insert())  # type: ignore[attr-defined]
_CHANGE = Prepared(update(_TIP).where(_TIP.c.id == bindparam("tip"), _TIP.c.client_hash.is_(None)))
_FIND = Prepared(select(_TIP).where(or_(_TIP.c.id == bindparam("tip"), _TIP.c.channel == "pigeon")))


def values(**changes: Any) -> dict[str, Any]:
    """Return a tip's columns, of every type that there is."""
    plain: dict[str, Any] = {
        "uid": "u", "binding": "100% %(b)s ?", "client_hash": None, "channel": "web", "language": "st", "place": None,
        "category": "other", "priority": "P2", "reasons": ["š", "b"], "indicators": [], "danger_now": None,
        "child": False, "stage": "received", "lead_desk_id": 1, "excluded": [], "content_consent": True,
        "unfinished": False, "stirs": 1, "receipt_lookup": b"\x00%s", "received_at": make.NOON,
        "changed_at": datetime(2026, 11, 24, 1, 2, 3, 4567, tzinfo=timezone(timedelta(hours=2))),
    }  # fmt: skip
    return {**plain, **changes}


def test_what_is_inserted_is_what_sqlalchemy_and_a_prepared_select_find(any_house: House) -> None:
    with any_house.database.write() as session:
        number = _INSERT.insert(session, values())
        other = _INSERT.insert(session, values(uid="v", receipt_lookup=None, child=None))
        [row] = _FIND.rows(session, {"tip": number})
        tip = session.get_one(Tip, number)
    assert other > number
    assert {name: getattr(tip, name) for name in values()} == values()
    assert {name: getattr(row, name) for name in values()} == values()
    assert row.changed_at.tzinfo is UTC
    assert type(row.receipt_lookup) is bytes
    assert row.content_consent is True


def test_a_change_says_how_many_rows_it_found(any_house: House) -> None:
    with any_house.database.write() as session:
        number = _INSERT.insert(session, values())
        assert _CHANGE.run(session, {"tip": number, "reasons": ["c"], "client_hash": b"x"}) == 1
        assert _CHANGE.run(session, {"tip": number, "reasons": []}) == 0
        [row] = _FIND.rows(session, {"tip": number})
        assert (row.reasons, row.client_hash) == (["c"], b"x")
        assert _FIND.rows(session, {"tip": 0}) == []


def test_it_is_part_of_the_sessions_transaction(any_house: House) -> None:
    with any_house.database.write() as session:
        number = _INSERT.insert(session, values())
        session.rollback()
        assert _FIND.rows(session, {"tip": number}) == []


def test_an_error_of_the_database_is_sqlalchemys_and_shows_no_value(any_house: House) -> None:
    row = {"id_hash": b"secret", "twin_hash": None, "answer": "secret", "at": make.NOON}
    with any_house.database.write() as session:
        assert _KEPT.run(session, row) == 1
    with any_house.database.write() as session, pytest.raises(IntegrityError) as caught:
        _KEPT.run(session, row)
    assert "secret" not in str(caught.value)


def test_what_python_would_fill_in_must_be_given(any_house: House) -> None:
    kept = Prepared(OutMessage.__table__.insert())  # type: ignore[attr-defined]
    with any_house.database.write() as session, pytest.raises(AssertionError, match="default"):
        kept.insert(session, {"kind": "reply", "state": "waiting"})


def test_a_select_without_values_finds_every_row(any_house: House) -> None:
    every = Prepared(select(Desk.id, Desk.slug).order_by(Desk.id))
    with any_house.database.read() as session:
        assert [tuple(row) for row in every.rows(session, {})] == [
            tuple(row) for row in session.execute(select(Desk.id, Desk.slug).order_by(Desk.id))
        ]
