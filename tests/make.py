"""Builders for tests: an instance, the people who sign in to it, a report."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tipline import accounts, casework, demo, news, settings
from tipline.accounts import Identity
from tipline.casework import Case
from tipline.database import Database
from tipline.house import House
from tipline.intake import Report, Submitted
from tipline.models import Desk, Tip, TipDesk

ROOT = Path(__file__).resolve().parents[1]
NOON = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
STORY = "My sister was promised work in a hotel in Durban. They took her passport and she cannot leave the house."
STORY_ST = "Ba nkile pasa ea khaitseli ea ka, ha a khone ho tsoa ka tlung Durban. Ba mo tšepisitse mosebetsi."


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


def told(house: House, **changes: Any) -> Submitted:
    """Take in a report and return what became of it."""
    return house.take_in(report(**changes))


def uid(house: House, tip_id: int) -> str:
    """Return the name that the desk's addresses use for a tip."""
    with house.database.read() as session:
        return session.get_one(Tip, tip_id).uid


@contextmanager
def held(house: House, who: Identity, tip_id: int) -> Iterator[tuple[Session, Case]]:
    """Give a signed-in person's hold on a tip, in one transaction."""
    name = uid(house, tip_id)
    with house.database.write() as session:
        yield session, casework.hold(session, who, name, keys=house.keys, now=house.clock())


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something holds; fail if it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.01)


def is_unread(house: House, tip: Tip | int, desk: str = "immigration") -> bool:
    """Say whether a desk has yet to look at what is new of a tip."""
    with house.database.read() as session:
        wanted = select(Tip, TipDesk).join(TipDesk, TipDesk.tip_id == Tip.id).join(Desk, Desk.id == TipDesk.desk_id)
        tip_id = tip if isinstance(tip, int) else tip.id
        here, at = session.execute(wanted.where(Tip.id == tip_id, Desk.slug == desk)).one()
        return news.is_unread(here, at)


def end_jobs(made: Flask) -> None:
    """Let the waker end what it began and close its engine: nothing of it may run once the database is gone."""
    work, ended = made.extensions["tipline_jobs"], threading.Event()
    if work._waker is not None:
        work._deliver = ended.set  # it wakes one after the other
        work.wake()
        assert ended.wait(20)
    work.huey.storage.close()
