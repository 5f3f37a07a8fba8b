"""The tables that the migrations make are the tables that the models name, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tests import make
from tipline import migrate
from tipline.database import Database
from tipline.house import House
from tipline.models import Base


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


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or not (name or "").startswith("huey_")  # the job engine keeps its own tables
