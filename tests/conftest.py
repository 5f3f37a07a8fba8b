"""What the tests share: a demo instance made once and copied, on SQLite and PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from sqlalchemy import create_engine, text

from tests import make, postgres
from tests.browser import chromium
from tests.remembered import remembered
from tipline import translations
from tipline.house import House
from tipline.receipts import Minter


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what starts processes: it takes longest, and at the end one worker would wait for the other."""
    items.sort(key=lambda item: "tests/e2e/" not in item.nodeid)


@pytest.fixture(scope="session", autouse=True)
def _translations() -> None:
    translations.compile_stale()


@pytest.fixture(scope="session", autouse=True)
def _one_mint() -> Iterator[None]:
    """Share one mint among all copies of an instance: 600 receipts ahead in every test would take hours."""
    minters: dict[bytes, Minter] = {}

    def minter(house: House) -> Minter:
        pepper = house.keys.pepper
        return minters.setdefault(pepper, Minter(pepper, ahead=10))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(House, "minter", property(minter))
        yield


@pytest.fixture(scope="session", autouse=True)
def _worked_out_once() -> Iterator[None]:
    with remembered():
        yield


@pytest.fixture(scope="session")
def template_var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a demo instance on SQLite, to be copied."""
    return make.template(tmp_path_factory.mktemp("template") / "var")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Give the address of a private PostgreSQL."""
    with postgres.cluster() as address:
        yield address


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a demo instance on PostgreSQL; its database is called ``template_demo``."""
    _sql(postgres_server, "CREATE DATABASE template_demo")
    return make.template(tmp_path_factory.mktemp("template-pg") / "var", f"{postgres_server}/template_demo")


@pytest.fixture
def var(template_var: Path, tmp_path: Path) -> Path:
    """Return a fresh demo instance's folder (SQLite)."""
    return make.copy(template_var, tmp_path / "var")


@pytest.fixture
def app(var: Path) -> Iterator[Flask]:
    """Give a fresh demo instance's app (SQLite)."""
    made = make.app(var)
    yield made
    make.house_of(made).database.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a browser without a script."""
    return app.test_client()


@pytest.fixture
def house(app: Flask) -> House:
    """Return a fresh demo instance's house (SQLite)."""
    return make.house_of(app)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give a Chromium (for a module: its event loop must not outlive it)."""
    with chromium() as one:
        yield one


@pytest.fixture(params=["sqlite", "postgresql"])
def any_app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """Give a fresh demo instance's app, on SQLite and then on PostgreSQL."""
    if request.param == "sqlite":
        var = make.copy(request.getfixturevalue("template_var"), tmp_path / "var")
        made = make.app(var)
        yield made
        make.house_of(made).database.dispose()
        return
    template = request.getfixturevalue("postgres_template")
    server = request.getfixturevalue("postgres_server")
    var = tmp_path / "var"
    var.mkdir(mode=0o700)
    for name in ("demo.txt", "keys.json"):
        shutil.copy(template / name, var / name)
    name = f"test_{abs(hash(tmp_path))}"
    _sql(server, f"CREATE DATABASE {name} TEMPLATE template_demo")
    made = make.app(var, TIPLINE_DATABASE_URL=f"{server}/{name}")
    yield made
    make.house_of(made).database.dispose()
    make.end_jobs(made)
    _sql(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def any_house(any_app: Flask) -> House:
    """Return a fresh demo instance's house, on SQLite and then on PostgreSQL."""
    return make.house_of(any_app)


def _sql(server: str, statement: str) -> None:
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
