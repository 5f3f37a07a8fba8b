"""A real instance behind an operator's short code: set up, second factor, PostgreSQL, Kannel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.channels import telco as telcos
from tests.channels.telco import NUMBER, Telco, wait_until
from tests.e2e import running
from tests.e2e.conftest import new_database
from tests.e2e.running import Instance

STORY = "Ba tšoere abuti oa ka polasing e haufi le Ficksburg, ha ba mo lefe."
ANSWER = "Re balile molaetsa oa hau. Re ngolle ha ho bolokehile."


@pytest.fixture
def telco(tmp_path: Path) -> Iterator[Telco]:
    with telcos.running(tmp_path) as made:
        yield made


@pytest.fixture
def behind(telco: Telco, postgres_server: str, tmp_path: Path) -> Iterator[Instance]:
    database = new_database(postgres_server, "kannel_real")
    settings = telcos.settings_for(telco)
    with running.real_instance(tmp_path / "real", postgres_server, database, settings, telco.app_port) as one:
        yield one


def test_a_text_reaches_the_desk_and_the_answer_the_phone(telco: Telco, behind: Instance) -> None:
    ucs2 = "".join(f"%{byte:02x}" for byte in STORY.encode("utf-16-be"))
    phone = telco.phone("phone", f"{NUMBER} 48000 ucs2 {ucs2}")
    tip = behind.find("immigration", STORY)
    assert (tip["channel"], tip["language"]) == ("sms", "st")
    wait_until(lambda: any(said.startswith("Kea leboha") for said in phone.texts()), "the first reply")
    assert behind.desk("immigration", "POST", f"tips/{tip['id']}/replies", text=ANSWER).status_code == 201
    wait_until(lambda: "U na le molaetsa. Araba ka 1 ho o bala mona." in phone.texts(), "the notice")
    assert ANSWER not in phone.texts()
    phone.off()
    again = telco.phone("again", f"{NUMBER} 48000 text 1")
    wait_until(lambda: ANSWER in again.texts(), "the answer")
