"""The tables that the migrations make are the tables that the models name, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import bindparam, select, text

from tests import make
from tests.house.old_tables import A_DESK, A_PHONE, A_TIP, BYTES, carried_across, empty_database, put
from tipline import clocks, costs, migrate
from tipline.database import Database
from tipline.house import House
from tipline.models import (
    Act,
    Base,
    CarrierCopy,
    Contact,
    Entry,
    OnCall,
    OutMessage,
    PhoneThread,
    Tip,
    TipDesk,
    UtcDateTime,
)
from tipline.prices import Money


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(migrate.HERE))
    return ScriptDirectory.from_config(config)


def test_there_is_one_head_and_the_file_beside_the_migrations_names_it() -> None:
    assert scripts().get_heads() == [migrate.head()]


def test_every_migration_has_a_number_and_says_what_it_does() -> None:
    for script in scripts().walk_revisions():
        assert Path(script.path).name.startswith(f"{script.revision}_")
        assert script.doc


def test_migrated_tables_are_the_models_tables(any_house: House) -> None:
    with any_house.database.engine.connect() as connection:
        assert migrate.present(connection) == migrate.head()
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": _is_ours})
        assert compare_metadata(context, Base.metadata) == []


def test_a_second_run_changes_nothing(house: House) -> None:
    migrate.upgrade(house.database)
    migrate.upgrade(house.database)
    with house.database.read() as session:
        assert migrate.present(session.connection()) == migrate.head()


def test_an_empty_database_has_no_revision(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with database.engine.connect() as connection:
        assert migrate.present(connection) is None
    database.dispose()


def test_the_web_process_loads_neither_alembic_nor_a_carrier_it_does_not_use(var: Path) -> None:
    heavy = {"alembic", "twilio.rest", "africastalking"}
    code = f"import sys, app; app.create_app(); print(sorted({heavy} & set(sys.modules)))"
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=make.ROOT,
        env={**os.environ, "TIPLINE_VAR": str(var)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_third_carries_everything_across(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with empty_database(kind, request, tmp_path) as database:
        migrate.upgrade(database, "0002")
        with database.write() as session:
            for carrier_id_locked in (b"locked", None):
                session.execute(
                    text(
                        "INSERT INTO out_message (kind, state, attempts, due_at, expires_at, carrier, "
                        "carrier_id_locked, created_at, changed_at) VALUES ('reply', 'sent', 1, :at, :at, 'twilio', "
                        ":locked, :at, :at)"
                    ).bindparams(bindparam("at", type_=UtcDateTime())),
                    {"at": make.NOON, "locked": carrier_id_locked},
                )
        migrate.upgrade(database)
        with database.write() as session:
            assert migrate.present(session.connection()) == migrate.head()
            rows = session.scalars(select(OutMessage).order_by(OutMessage.id)).all()
            assert [(row.carrier_id_locked, row.due_at) for row in rows] == [(b"locked", make.NOON), (None, make.NOON)]
            session.add(CarrierCopy(carrier="twilio", locked=b"x", due_at=make.NOON, created_at=make.NOON))
            session.flush()
            assert session.scalar(select(CarrierCopy.id)) == 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_fourth_carries_everything_across(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with (
        carried_across(kind, request, tmp_path, "0003", A_DESK, A_TIP, A_PHONE) as database,
        database.write() as session,
    ):
        tip = session.execute(text("SELECT id, content_consent, no_texts FROM tip")).one()
        phone = session.execute(text("SELECT tip_id, language, dialogue FROM phone_thread")).one()
        assert (tip.id, bool(tip.content_consent), bool(tip.no_texts)) == (7, True, False)
        assert tuple(phone) == (7, "st", None)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_fifth_carries_everything_across(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with (
        carried_across(kind, request, tmp_path, "0004", A_DESK, A_TIP, A_PHONE) as database,
        database.write() as session,
    ):
        tip = session.scalars(select(Tip)).one()
        assert (tip.id, tip.uid, tip.alike, tip.folded_into, tip.gathered) == (7, "u", None, None, 0)
        phone = session.scalars(select(PhoneThread)).one()
        assert (phone.tip_id, phone.counted_hour, phone.hour_texts, phone.day_texts) == (7, None, 0, 0)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_sixth_carries_everything_across(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with empty_database(kind, request, tmp_path) as database:
        migrate.upgrade(database, "0005")
        with database.write() as session:
            answer = "INSERT INTO entry (id, tip_id, uid, kind, body, wraps, created_at) "
            put(session, A_DESK, A_TIP, f"{answer} VALUES (9, 7, 'e', 'reply', :b, :b, :at)")
        migrate.upgrade(database)
        with database.write() as session:
            tip, entry = session.scalars(select(Tip)).one(), session.scalars(select(Entry)).one()
            assert (tip.id, tip.content_consent, tip.withdrawn_at, tip.news) == (7, True, None, None)
            assert (entry.id, entry.body, entry.told_at, entry.created_at) == (9, BYTES, None, make.NOON)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_seventh_carries_everything_across(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with empty_database(kind, request, tmp_path) as database:
        migrate.upgrade(database, "0006")
        with database.write() as session:
            session.execute(
                text(
                    "INSERT INTO out_message (kind, state, attempts, due_at, expires_at, carrier, payload, failure, "
                    "created_at, changed_at) VALUES ('notice', 'dead', 3, :at, :at, 'kannel', :payload, 'no_answer', "
                    ":at, :at)"
                ).bindparams(bindparam("at", type_=UtcDateTime())),
                {"at": make.NOON, "payload": b"locked"},
            )
        migrate.upgrade(database)
        with database.write() as session:
            assert migrate.present(session.connection()) == migrate.head()
            row = session.scalars(select(OutMessage)).one()
            assert (row.payload, row.attempts, row.tried, row.asked_last) == (b"locked", 3, None, None)
            for _ in range(2):
                costs.note(session, "kannel", 2, Money(500_000, "LSL"), make.NOON)
            assert costs.spent(session)["kannel"]["2026-11"].sums == {"LSL": Money(1_000_000, "LSL")}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_eighth_carries_everything_across(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with carried_across(kind, request, tmp_path, "0007", A_DESK) as database, database.write() as session:
        assert session.execute(text("SELECT slug FROM desk")).all() == [("one",)]
        link = bytes(32)
        session.add(Act(seq=1, at=make.NOON, verb="restored", kind="instance", object="", data={}, link=link))
        session.flush()
        assert session.scalar(select(Act.link)) == link


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_ninth_starts_the_clocks(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with empty_database(kind, request, tmp_path) as database:
        migrate.upgrade(database, "0008")
        arrival, hour = -int(make.NOON.timestamp() * 1000), 3_600_000
        told = {  # id → priority, stage, whether somebody looked, kinds of entries; when its first clock is over, waits
            1: ("P0", "received", False, "story", hour, False),
            2: ("P2", "received", False, "story", 24 * hour, False),
            3: ("P1", "referred", True, "story reply", 24 * hour, True),
            4: ("P0", "reported_police", True, "story reply message", None, False),
            5: ("P3", "closed", True, "story reply", None, False),
        }
        with database.write() as session:
            put(session, A_DESK)
            at = bindparam("at", type_=UtcDateTime())
            looked = bindparam("looked", type_=UtcDateTime())
            for number, (priority, stage, was_seen, kinds, _, _) in told.items():
                given = {
                    "id": number, "uid": str(number), "priority": priority, "stage": stage, "at": make.NOON,
                    "looked": make.NOON if was_seen else None, "arrival": arrival,
                }  # fmt: skip
                session.execute(
                    text(
                        "INSERT INTO tip (id, uid, binding, channel, language, category, priority, reasons, "
                        "indicators, stage, lead_desk_id, excluded, content_consent, unfinished, unread, received_at, "
                        "changed_at, first_look_at) VALUES (:id, :uid, 'b', 'sms', 'st', 'unknown', :priority, '[]', "
                        "'[]', :stage, 1, '[]', true, false, true, :at, :at, :looked)"
                    ).bindparams(at, looked),
                    {name: given[name] for name in ("id", "uid", "priority", "stage", "at", "looked")},
                )
                session.execute(
                    text(
                        "INSERT INTO tip_desk (tip_id, desk_id, state, active, stage, priority, arrival) "
                        "VALUES (:id, 1, 'routed', true, :stage, :priority, :arrival)"
                    ),
                    {name: given[name] for name in ("id", "stage", "priority", "arrival")},
                )
                for one in kinds.split():
                    session.execute(
                        text(
                            "INSERT INTO entry (tip_id, uid, kind, body, wraps, created_at) "
                            "VALUES (:id, 'e', :kind, :empty, :empty, :at)"
                        ).bindparams(at),
                        {"id": number, "kind": one, "empty": b"", "at": make.NOON},
                    )
        migrate.upgrade(database)
        with database.read() as session:
            for number, (*_, left, waits) in told.items():
                tip, place = session.get_one(Tip, number), session.get_one(TipDesk, (number, 1))
                assert (place.due, place.waits) == (left if left is None else left - arrival, waits), number
                assert (place.due, place.waits) == (clocks.due(tip), tip.waits), number
                assert (tip.newer, clocks.place(tip)) == (None, place.priority), "the tenth finds no newer words"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_eleventh_carries_everything_across(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with empty_database(kind, request, tmp_path) as database:
        migrate.upgrade(database, "0010")
        with database.write() as session:
            put(session, A_DESK)
            session.execute(
                text(
                    "INSERT INTO account (id, name, role, desk_id, salt, point, locked_key, totp_confirmed, totp_step, "
                    "lang, created_at) VALUES (1, 'thato', 'caseworker', 1, :key, :key, :key, true, 0, 'st', :at)"
                ).bindparams(bindparam("at", type_=UtcDateTime())),
                {"key": b"k", "at": make.NOON},
            )
        migrate.upgrade(database)
        with database.write() as session:
            assert session.execute(text("SELECT name FROM account")).all() == [("thato",)]
            session.add(Contact(account_id=1, locked=b"x"))
            session.add(OnCall(desk_id=1, account_id=1, position=1, days="0", starts=0, ends=60))
            session.flush()
            assert session.scalar(select(OnCall.id)) == 1
            assert session.scalar(select(Contact.alerted_at)) is None


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or not (name or "").startswith("huey_")  # the job engine keeps its own tables
