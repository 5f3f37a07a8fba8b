"""What the end-to-end tests share: an instance that runs, a demo one and a real one, on one fake carrier."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.channels import fake_carrier
from tests.channels.fake_carrier import FakeCarrier
from tests.e2e import running
from tests.e2e.running import Instance


@pytest.fixture(scope="module")
def carrier() -> Iterator[FakeCarrier]:
    """Give a fake carrier for the whole module."""
    with fake_carrier.running() as fake:
        yield fake


@pytest.fixture(scope="module")
def demo_one(carrier: FakeCarrier, template_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Give a demo instance that runs."""
    with running.demo_instance(tmp_path_factory.mktemp("demo"), template_var, **_carrier(carrier)) as one:
        yield one


@pytest.fixture(scope="module")
def real_one(
    carrier: FakeCarrier, postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Instance]:
    """Give a real instance that runs: set up, second factor, PostgreSQL."""
    folder = tmp_path_factory.mktemp("real")
    name = new_database(postgres_server, folder.name)
    with running.real_instance(folder, postgres_server, name, _carrier(carrier)) as one:
        yield one


@pytest.fixture(scope="module", params=["demo_one", "real_one"])
def one(request: pytest.FixtureRequest) -> Instance:
    """Give a running instance: a demo, then a real one."""
    found: Instance = request.getfixturevalue(request.param)
    return found


def new_database(server: str, name: str) -> str:
    """Make an empty database; return its name."""
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return name


def _carrier(fake: FakeCarrier) -> dict[str, str]:
    settings = fake_carrier.settings_for(fake, "africastalking")
    told = {name: value for name, value in settings.items() if name != "TIPLINE_BASE_URL"}
    return {**told, "TIPLINE_ANSWERS_A_MINUTE": "0"}  # the tests send as much in a minute as they can
