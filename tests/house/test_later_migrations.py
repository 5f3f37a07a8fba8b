"""The later migrations carry everything across, on SQLite and on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, text

from tests import make
from tests.house.old_tables import A_DESK, A_KEY, AN_OFFER, AN_OUTCOME, BYTES, carried_across, empty_database, put
from tipline import migrate, news
from tipline.models import (
    DeskKey,
    Draft,
    KeptBack,
    Outcome,
    Presence,
    Referral,
    Tip,
    TipDesk,
)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_twelfth_carries_everything_across(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with (
        carried_across(kind, request, tmp_path, "0011", *AN_OFFER.split(";")) as database,
        database.read() as session,
    ):
        row = session.scalars(select(Referral)).one()
        assert (row.state, row.consent, row.late_steps, row.created_at) == ("offered", None, 0, make.NOON)
        assert session.scalars(select(TipDesk)).one().alert is None


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_thirteenth_carries_everything_across(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with carried_across(kind, request, tmp_path, "0012", A_DESK) as database, database.write() as session:
        assert session.execute(text("SELECT slug FROM desk")).all() == [("one",)]
        assert session.scalars(select(Draft)).all() == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_fourteenth_carries_everything_across(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with (
        carried_across(kind, request, tmp_path, "0013", *AN_OFFER.split(";")) as database,
        database.write() as session,
    ):
        assert session.execute(text("SELECT name, shortcuts FROM account")).all() == [("thabo", True)]
        session.add(Presence(tip_id=7, account_id=3, seen_at=make.NOON))
        session.flush()
        assert session.scalar(select(Presence.seen_at)) == make.NOON


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_fifteenth_carries_everything_across(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with (
        carried_across(kind, request, tmp_path, "0014", *AN_OFFER.split(";")) as database,
        database.write() as session,
    ):
        tip = session.scalars(select(Tip)).one()
        assert (tip.id, tip.uid, tip.received_at, tip.destroyed_at) == (7, "u", make.NOON, None)
        session.add(
            KeptBack(tip_id=7, desk_id=1, account_id=3, reason_entry_id=5, created_at=make.NOON, until=make.NOON)
        )
        session.flush()
        assert session.scalar(select(KeptBack.ended_at)) is None


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_sixteenth_carries_everything_across(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with carried_across(kind, request, tmp_path, "0015", A_DESK, A_KEY) as database, database.read() as session:
        kept = session.scalars(select(DeskKey)).one()
        assert (kept.recovery_wrap, kept.created_at, kept.tried_at) == (BYTES, make.NOON, None)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_seventeenth_carries_everything_across(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with empty_database(kind, request, tmp_path) as database:
        migrate.upgrade(database, "0016")
        with database.write() as session:
            put(session, *AN_OFFER.split(";"))
            put(session, *(one.replace("(7, ", "(8, ").replace("'u'", "'v'").replace("false, true,", "false, false,")
                            for one in AN_OFFER.split(";")[2:4]))  # fmt: skip
        migrate.upgrade(database)
        with database.read() as session:
            found = session.execute(select(Tip, TipDesk).join(TipDesk, TipDesk.tip_id == Tip.id).order_by(Tip.id))
            assert [(tip.uid, news.is_unread(tip, at)) for tip, at in found] == [("u", True), ("v", False)]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_twentieth_carries_everything_across(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with empty_database(kind, request, tmp_path) as database:
        migrate.upgrade(database, "0019")
        with database.write() as session:
            put(
                session, *(one.replace(" unread,", "").replace("false, true,", "false,") for one in AN_OFFER.split(";"))
            )
            put(session, AN_OUTCOME)
        migrate.upgrade(database)
        with database.read() as session:
            assert session.scalars(select(Tip.grouped)).all() == [False]
            assert session.execute(select(TipDesk.state, TipDesk.matter_of)).all() == [("offered", None)]
            assert session.execute(select(Outcome.result, Outcome.counted_with)).all() == [("assisted", None)]
