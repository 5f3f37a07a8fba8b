"""The core without its web: an instance, the people signed in to it, a clock to turn, a carrier that only remembers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session

from tests import make
from tipline import accounts, casework, demo, desks, queue, settings, thread
from tipline.accounts import Identity
from tipline.casework import Case
from tipline.database import Database
from tipline.house import House
from tipline.intake import Submitted
from tipline.models import Account, Entry, Tip
from tipline.outbox import Sent, Text
from tipline.receipts import Minter, Receipt, mint
from tipline.sealing import KeyFile, PrivateKey, unpack
from tipline.sealing.passwords import receipt_keys

READERS = ("immigration", "police", "shelter", "supervisor")
_signed_in: dict[Path, dict[str, Identity]] = {}


@dataclass
class Clock:
    """A clock that stands still until it is turned."""

    now: datetime = make.NOON

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Carrier:
    """Takes every text and remembers it; ``mishaps`` are raised first, one a text."""

    sent: list[Text] = field(default_factory=list)
    mishaps: list[Exception] = field(default_factory=list)

    def send(self, message: Text) -> Sent:
        if self.mishaps:
            raise self.mishaps.pop(0)
        self.sent.append(message)
        return Sent("fake", f"id-{len(self.sent)}")


class Words:
    """How an answer is put to a phone, in a word."""

    def notice(self, lang: str) -> str:
        return f"notice {lang}"

    def parts(self, text: str) -> list[str]:
        return [text[at : at + 160] for at in range(0, len(text), 160)]


class Mint(Minter):
    """Hands out the same real receipts in every test: each has a database of its own, and a receipt takes 40 ms."""

    made: ClassVar[dict[bytes, list[Receipt]]] = {}

    def __init__(self, pepper: bytes) -> None:
        super().__init__(pepper)
        self._next = count()
        self._lock = Lock()

    def take_ready(self) -> Receipt:
        with self._lock:
            known, at = self.made.setdefault(self._pepper, []), next(self._next)
            if at == len(known):
                known.append(mint(self._pepper))
            return known[at]


class QuickHouse(House):
    """A house with such a mint."""

    @cached_property
    def minter(self) -> Minter:
        return Mint(self.keys.pepper)


@dataclass
class Core:
    """One instance for one test."""

    house: House
    clock: Clock
    carrier: Carrier
    people: dict[str, Identity]

    @property
    def keys(self) -> KeyFile:
        return self.house.keys

    def told(self, **changes: Any) -> Submitted:
        return make.told(self.house, **changes)

    def held(self, name: str, tip_id: int) -> AbstractContextManager[tuple[Session, Case]]:
        return make.held(self.house, self.people[name], tip_id)

    def referred(self, to: str = "shelter", **told: Any) -> tuple[int, int]:
        """Tell, take and refer; return the tip's and the referral's ids."""
        done = self.told(**told)
        with self.held("immigration", done.tip_id) as (session, case):
            casework.take(session, case)
            referral = casework.refer(session, case, to, "She needs a safe bed tonight.")
        return done.tip_id, referral

    def answer(self, name: str, tip_id: int, referral: int, say: str, why: str = "") -> None:
        """Accept or decline what a person's desk was offered."""
        with self.held(name, tip_id) as (session, case):
            casework.answer_referral(session, case, referral, say, why)

    def accepted(self) -> int:
        """Tell, refer to the shelter and accept; return the tip's id."""
        tip_id, referral = self.referred()
        self.answer("shelter", tip_id, referral, "accept")
        return tip_id

    def tip(self, tip_id: int) -> Tip:
        with self.house.database.read() as session:
            tip = session.get_one(Tip, tip_id)
            session.expunge(tip)
        return tip

    def entries(self, tip_id: int, *kinds: str) -> list[Entry]:
        with self.house.database.read() as session:
            found = thread.entries(session, tip_id, kinds or None)
            session.expunge_all()
        return found

    def desk_keys(self, name: str) -> dict[str, PrivateKey]:
        """Return every private key that a person holds of their desk."""
        with self.house.database.read() as session:
            account = session.get_one(Account, self.people[name].account_id)
            return desks.private_keys(session, account, self.people[name].key)

    def readers(self, entry: Entry) -> set[str]:
        """Return whom an entry is sealed to: desks, and ``reporter`` for any other key."""
        held = {key_id: name for name in READERS[:3] for key_id in self.desk_keys(name)}
        return {held.get(key_id, "reporter") for key_id in unpack(entry.wraps)}

    def opens(self, name: str, entry: Entry) -> str | None:
        """Return the words of an entry if this person's keys open it."""
        data = thread.opened(entry, self.tip(entry.tip_id), self.desk_keys(name), self.keys.instance).data
        return None if data is None else str(data.get("text", ""))

    def queue(self, name: str, **wanted: Any) -> list[int]:
        """Return the ids in a person's queue, in its order."""
        with self.house.database.read() as session:
            found = queue.page(session, self.people[name], now=self.clock(), **wanted)
            return [row.tip.id for row in found.rows]

    def count(self, model: type) -> int:
        with self.house.database.read() as session:
            return len(session.scalars(select(model)).all())

    def receipt(self, done: Submitted) -> Any:
        assert done.receipt is not None
        return receipt_keys(done.receipt, self.keys.pepper)


def _people(template: Path, database: Database, keys: KeyFile) -> dict[str, Identity]:
    if template not in _signed_in:
        known, people = demo.made(template), {}
        for name in READERS:
            with database.read() as session:  # kept nowhere: whoever holds an identity needs no row
                who = accounts.candidate(session, name)
                key = accounts.unlocked(who, name, known[name], keys)
                started = accounts.begin(
                    session, who, key, code="", kind="bearer", keys=keys, now=make.NOON, second_factor=False
                )
                people[name] = accounts.resolve(
                    session, started.token, kind="bearer", now=make.NOON, second_factor=False
                )
        _signed_in[template] = people
    return _signed_in[template]


def _core(var: Path, template: Path, **environ: str) -> Core:
    loaded = settings.load({"TIPLINE_VAR": str(var), **environ})
    clock, carrier = Clock(), Carrier()
    house = QuickHouse(loaded, Database(loaded.database_url), Words(), carrier, clock=clock, second_factor=False)
    return Core(house, clock, carrier, _people(template, house.database, house.keys))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for ``core`` on both databases; on SQLite alone where it goes through many cases of one rule."""
    if "core" in metafunc.fixturenames:
        many = any(metafunc.definition.iter_markers("parametrize"))
        metafunc.parametrize("core", ["sqlite"] if many else ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def core(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Core]:
    """Give a fresh demo instance without its web, on SQLite and then on PostgreSQL."""
    if request.param == "sqlite":
        template = request.getfixturevalue("template_var")
        made = _core(make.copy(template, tmp_path / "var"), template)
        yield made
        made.house.database.dispose()
        return
    template = request.getfixturevalue("postgres_template")
    server = request.getfixturevalue("postgres_server")
    var, name = tmp_path / "var", f"core_{abs(hash(tmp_path))}"
    var.mkdir(mode=0o700)
    for file in ("demo.txt", "keys.json"):
        shutil.copy(template / file, var / file)
    _sql(server, f"CREATE DATABASE {name} TEMPLATE template_demo")
    made = _core(var, template, TIPLINE_DATABASE_URL=f"{server}/{name}")
    yield made
    made.house.database.dispose()
    _sql(server, f"DROP DATABASE {name} WITH (FORCE)")


def _sql(server: str, statement: str) -> None:
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
