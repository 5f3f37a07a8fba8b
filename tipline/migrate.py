"""Bring the tables to the present shape (Alembic); nothing is lost on the way. Used by ``setup`` and ``demo``."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, text

from tipline.database import Database

HERE = Path(__file__).parent / "migrations"


def upgrade(database: Database, to: str = "head") -> None:
    """Run the migrations up to ``to``, in one transaction. Alembic is loaded only here."""
    from alembic import command  # noqa: PLC0415 - stays out of the web process
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(HERE))
    with database.write() as session:
        config.attributes["connection"] = session.connection()
        command.upgrade(config, to)


def head() -> str:
    """Return the newest revision's name, as the file beside the migrations keeps it."""
    return (HERE / "HEAD").read_text().strip()


def present(connection: Connection) -> str | None:
    """Return the revision a database is at, or None if it is empty."""
    try:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except Exception:  # noqa: BLE001 - each driver has its own word for "no such table"
        return None
