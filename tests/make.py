"""Builders for tests: an instance, the people who sign in to it, a report."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask

from tipline import accounts, demo, settings
from tipline.accounts import Identity
from tipline.database import Database
from tipline.house import House
from tipline.intake import Report

ROOT = Path(__file__).resolve().parents[1]
NOON = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
STORY = "My sister was promised work in a hotel in Durban. They took her passport and she cannot leave the house."
STORY_ST = "Ba nkile pasa ea khaitseli ea ka, ha a khone ho tsoa ka tlung Durban. Ba mo tšepisitse mosebetsi."


def compile_translations() -> None:
    """Compile the catalogues that are older than their source."""
    for source in (ROOT / "translations").glob("*/LC_MESSAGES/*.po"):
        compiled = source.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
            with source.open("rb") as read, compiled.open("wb") as written:
                write_mo(written, read_po(read, locale=source.parts[-3]))


def template(var: Path, database_url: str | None = None, *, with_samples: bool = False) -> Path:
    """Make a demo instance (about 2 s); tests copy it instead of making their own."""
    url = database_url or f"sqlite:///{var / 'tipline.db'}"
    database = Database(url)
    demo.prepare(database, var, var / "keys.json", NOON, with_samples=with_samples)
    database.dispose()
    return var


def app(var: Path, **environ: str) -> Flask:
    """Put together the app of the instance in ``var``; ``environ`` are settings as in the environment."""
    from app import create_app  # noqa: PLC0415 - the composition root is imported late

    made = create_app(settings.load({"TIPLINE_VAR": str(var), **environ}))
    made.testing = True
    return made


def house_of(made: Flask) -> House:
    """Return the house that an app serves."""
    house: House = made.extensions["tipline"]
    return house


def copy(of: Path, to: Path) -> Path:
    """Copy an instance's folder."""
    shutil.copytree(of, to, dirs_exist_ok=True)
    return to


def password(house: House, name: str) -> str:
    """Return a demo account's password."""
    return demo.made(house.settings.var)[name]


def identity(house: House, name: str) -> Identity:
    """Sign a demo account in, as the API does."""
    started = house.sign_in(name, password(house, name), "", "bearer")
    return house.who(started.token, "bearer")


def report(**changes: Any) -> Report:
    """Return a report that a web form could hand in."""
    return Report(**{"channel": "web", "text": STORY, "language": "en", **changes})


def signed_in(house: House, name: str, kind: str = "bearer") -> accounts.Started:
    """Sign a demo account in and return its token."""
    return house.sign_in(name, password(house, name), "", kind)
