"""The page of the audit log: who reads it, in which words; and the commands that verify it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import delete, update

from tests import make
from tests.web import desk
from tipline import audit
from tipline.house import House
from tipline.models import Act
from tipline.web.audit import ACTS

PAGE = "/desk/audit"


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=list(words))


def test_every_verb_has_its_words(app: Flask, house: House) -> None:
    fields = {"to": "police", "result": "reached", "step": "code", "role": "donor", "until": "2026-12-01"}
    fields |= {"tip": "a" * 32, "version": "1"}
    acts: list[str] = []
    supervisor, verbs = desk.at(app, "supervisor"), list(audit.VERBS.items())
    for some in (verbs[:30], verbs[30:60], verbs[60:]):  # each on one page of the log
        with house.database.write() as session:
            for verb, kind in some:
                of = {audit.TIP: "a" * 32, audit.ACCOUNT: "1", audit.MESSAGE: "7"}.get(kind, "")
                audit.note(session, verb, house.clock(), account_id=2, desk_id=1, of=of, **fields)
        acts += re.findall(r"</b> · (.*?)</span>", supervisor.get(PAGE))[: len(some) + 1]  # and that it was looked at
    assert len(acts) >= len(audit.VERBS)
    assert set(acts) & set(audit.VERBS) == set()
    assert set(ACTS) <= set(audit.VERBS)
    assert "Shared the desk’s key with immigration" in acts


def test_a_supervisor_sees_who_looked_at_a_tip(app: Flask, house: House) -> None:
    tip, other = desk.tell(house), desk.tell(house)
    for name in ("immigration", "supervisor"):
        somebody = desk.at(app, name)
        for address in (tip, other):
            somebody.get(address)
    assert "Who looked at this" not in desk.at(app, "immigration").get(tip)
    supervisor = desk.at(app, "supervisor")
    found = supervisor.get(tip).split(f'href="{PAGE}?tip=')[1].split('"')[0]
    page = supervisor.get(f"{PAGE}?tip={found}")
    said = desk.words(page)
    assert "immigration · Opened for the first time" in said
    assert "supervisor · Looked at it" in said
    assert f'href="{tip}"' in page
    assert page.count(f">{found}</a>") == 2
    person = desk.account_id(house, "immigration")
    assert "supervisor ·" not in desk.words(supervisor.get(f"{PAGE}?tip={found}&person={person}"))
    assert "Nothing here" in supervisor.get(f"{PAGE}?day=2001-01-01")
    assert "Nothing here" in supervisor.get(f"{PAGE}?tip=AAAA-AAAA")
    for odd in ("?day=x", "?person=x", "?cursor=x", "?person=99999999999", "?tip=%00", "?day=0001-01-01"):
        supervisor.get(PAGE + odd)
    assert make.STORY not in page


def test_an_administrator_sees_no_tip_there(app: Flask, house: House) -> None:
    tip = desk.tell(house)
    desk.at(app, "immigration").get(tip)
    admin = desk.at(app, "admin")
    page = admin.get(PAGE)
    assert "immigration · Signed in" in desk.words(page)
    assert "Opened for the first time" not in page
    assert 'class="ref"' not in page
    assert "Nothing here" in admin.get(f"{PAGE}?tip=AAAA-AAAA")


@pytest.fixture
def broken(app: Flask, house: House) -> Callable[..., Result]:
    """Return a way to harm the log and then run a command."""

    def harm(statement: object, *words: str) -> Result:
        with house.database.write() as session:
            session.execute(statement)  # type: ignore[call-overload]
        return run(app, *words)

    return harm


def test_verify_says_what_it_found_and_exits_accordingly(
    app: Flask, house: House, broken: Callable[..., Result]
) -> None:
    line = run(app, "audit", "digest").output.strip()
    seq = int(line.split()[0])
    stands = run(app, "audit", "verify", "--digest", line)
    assert (stands.exit_code, stands.output) == (0, f"The audit log stands: {seq} rows, each in its place.\n")
    assert "only a digest" in run(app, "audit", "verify").output
    unclear = run(app, "audit", "verify", "--digest", "7")
    assert (unclear.exit_code, "no digest line" in unclear.output) == (2, True)
    altered = broken(update(Act).where(Act.seq == 2).values(account_id=99), "audit", "verify")
    assert (altered.exit_code, "Row 2 was altered" in altered.output) == (1, True)
    removed = broken(delete(Act).where(Act.seq == 2), "audit", "verify")
    assert (removed.exit_code, removed.output) == (1, "Row 2 was removed.\n")
    assert "NOT audit log: row 2 is wrong" in run(app, "doctor").output
    cut = broken(delete(Act).where(Act.seq > 1), "audit", "verify", "--digest", line)
    assert cut.exit_code == 1
    assert "cut off at the end: row 2 and what followed are gone, 1 rows are left" in cut.output
    house.settings.key_file.unlink()
    house.__dict__.pop("keys", None)
    blind = run(app, "audit", "verify")
    assert (blind.exit_code, "key file" in blind.output) == (2, True)


def test_the_worker_logs_the_digest(app: Flask, house: House, caplog: pytest.LogCaptureFixture) -> None:
    line = run(app, "audit", "digest").output.strip()
    caplog.set_level("INFO")
    app.extensions["tipline_jobs"].digest()
    record = next(one for one in caplog.records if one.message == "audit digest")
    assert f"{record.__dict__['count']} {record.__dict__['code']}" == line
