"""Five thousand texts at once through a real Kannel, the web process killed under them: each is there once."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from tests import make
from tests.channels import telco as telcos
from tests.channels.telco import Telco, wait_until
from tests.e2e import running
from tests.e2e.running import Instance
from tipline import desks
from tipline.models import Account, Entry, Tip
from tipline.thread import MESSAGE, STORY, opened

TEXTS = 5000
PHONES = 4600  # so that four hundred phones write twice
PATIENCE = 240.0  # seconds, however busy the machine is; alone it takes some twenty
SPOKEN = {STORY, MESSAGE}


@pytest.fixture
def telco(tmp_path: Path) -> Iterator[Telco]:
    with telcos.running_by_smpp(tmp_path) as made:
        yield made


@pytest.fixture
def behind(telco: Telco, template_var: Path, tmp_path: Path) -> Iterator[Instance]:
    settings = {**telcos.settings_for(telco), "PORT": str(telco.app_port)}
    with running.demo_instance(tmp_path / "demo", template_var, **settings) as one:
        yield one


def test_a_burst_loses_and_doubles_nothing(telco: Telco, behind: Instance) -> None:
    assert telco.smsc is not None
    submitted = telco.smsc.submitted
    sent = {f"Molaetsa oa {at}: ba nkile pasa ea motho, o Maputsoe.": phone(at) for at in range(TEXTS)}
    for said, number in sent.items():
        telco.deliver(number, said)
    count(behind, "FROM inbound", lambda taken: taken > TEXTS // 3)
    behind.kill_web()
    count(behind, "FROM inbound", lambda taken: taken >= TEXTS)
    promised = count(behind, "FROM out_message", bool)
    count(behind, "FROM out_message WHERE state IN ('waiting', 'sending')", lambda left: not left)
    wait_until(lambda: len(submitted) >= promised, "every answer at the operator")

    assert Counter(said_at(behind)) == Counter(list(sent))
    assert count(behind, "FROM inbound", bool) == TEXTS
    answers = Counter(one.to for one in submitted)
    assert answers.total() == promised == count(behind, "FROM out_message WHERE state = 'sent'", bool)
    assert answers.keys() <= set(sent.values())


def phone(at: int) -> str:
    return f"+26658{at % PHONES:06}"


def count(one: Instance, which: str, enough: Callable[[int], bool]) -> int:
    """Count rows until there are enough."""

    def look() -> tuple[int] | None:
        with closing(sqlite3.connect(f"file:{one.var / 'tipline.db'}?mode=ro", uri=True)) as connection:
            (found,) = connection.execute(f"SELECT count(*) {which}").fetchone()
        return (found,) if enough(found) else None

    return int(running.until(look, one.log, f"enough {which}", PATIENCE)[0])


def said_at(one: Instance) -> Iterator[str]:
    """Open everything that came by text with the desks' keys."""
    made = make.app(one.var)
    house = make.house_of(made)
    who = make.identity(house, "immigration")
    with house.database.read() as session:
        keys = desks.private_keys(session, session.get_one(Account, who.account_id), who.key)
        wanted = select(Entry, Tip).join(Tip, Tip.id == Entry.tip_id)
        for entry, tip in session.execute(wanted.where(Tip.channel == "sms", Entry.kind.in_(SPOKEN))):
            data = opened(entry, tip, keys, house.keys.instance).data
            assert data is not None
            yield str(data["text"])
    house.database.dispose()
