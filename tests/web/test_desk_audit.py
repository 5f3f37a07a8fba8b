"""Every act of staff, done through the real routes, leaves its row; who reads the log; how it is verified."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import delete, select, update

from tests import make
from tests.web import desk
from tests.web.api import Caller
from tests.web.test_desk_calls import rung
from tests.web.test_desk_carriers import message
from tests.web.test_desk_keys import newcomer, shown
from tests.web.test_sign_in_second_factor import SET_UP, secret_of
from tipline import abuse, audit, demo, followup
from tipline.house import House
from tipline.models import Act, Desk, DeskKey, Entry, OutMessage
from tipline.phones import Phone
from tipline.sealing import totp
from tipline.web.audit import ACTS

PAGE = "/desk/audit"
SAID = "Ba mo tšepisitse mosebetsi; these words stand nowhere"


class Log:
    """Looks at what was added to the log."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.seen: set[str] = set()

    def rows(self) -> list[Act]:
        with self.house.database.read() as session:
            found = list(session.scalars(select(Act).order_by(Act.seq)))
            session.expunge_all()
        return found

    @contextmanager
    def gains(self, *verbs: str) -> Iterator[None]:
        """Fail unless exactly these rows are added."""
        before = len(self.rows())
        yield
        assert tuple(row.verb for row in self.rows()[before:]) == verbs
        self.seen.update(verbs)


def run(app: Flask, *words: str, typed: str = "") -> Result:
    return app.test_cli_runner().invoke(args=list(words), input=typed)


def test_every_act_of_staff_leaves_its_row(app: Flask, house: House, tmp_path: Path) -> None:
    log = Log(house)
    _tips(app, house, log)
    _keys_and_people(app, house, log)
    _own_account(app, house, log)
    _from_the_command_line(app, house, log, tmp_path)
    assert log.seen == set(audit.VERBS)
    assert run(app, "audit", "verify").exit_code == 0
    kept = [(row.object, *row.data.values()) for row in log.rows()]
    assert not any("words" in str(one) or "immigration" in str(one) for row in kept for one in row)


def _tips(app: Flask, house: House, log: Log) -> None:
    tip, other = desk.tell_by_phone(house, phone=Phone("+26658809999", "console", "32100")), desk.tell(house)
    case, supervisor, police = (desk.at(app, name) for name in ("immigration", "supervisor", "police"))
    for act, verbs in (
        (lambda: case.get(tip), ("first_look",)),
        (lambda: case.get(tip), ()),
        (lambda: supervisor.get(tip), ("viewed",)),
        (lambda: case.post(tip + "/take"), ("taken",)),
        (lambda: case.post(tip + "/notes", text=SAID), ("noted",)),
        (lambda: case.post(tip + "/notes", 422, text=""), ()),
        (lambda: case.post(tip + "/replies", 200, text=SAID, preview="1"), ()),
        (lambda: case.post(tip + "/replies", text=SAID), ("replied",)),
        (lambda: case.post(tip + "/moves", to="not_substantiated", reason=SAID), ("moved",)),
        (lambda: police.get(tip, 404), ()),
        (lambda: case.post(tip + "/referrals", desk="police", reason=SAID), ("referred",)),
        (lambda: police.get(tip), ("opened",)),
        (lambda: police.post(tip + "/referrals/1", answer="accept"), ("accepted",)),
        (lambda: case.post(other + "/take"), ("taken",)),
        (lambda: case.post(other + "/referrals", desk="police", reason=SAID), ("referred",)),
        (lambda: police.post(other + "/referrals/2", answer="decline", reason=SAID), ("declined",)),
        (lambda: case.post(other + "/outcome", result="no_action", note=SAID), ("closed",)),
    ):  # fmt: skip
        with log.gains(*verbs):
            act()
    with house.database.write() as session:
        session.execute(update(OutMessage).values(state="dead"))
        answer = session.scalar(select(Entry.id).where(Entry.kind == "reply"))
    with log.gains("sent_again"):
        case.post(f"{tip}/replies/{answer}/again")
    third = desk.tell_by_phone(house, text="The same")
    fresh, lead = desk.tip_at(house, third).id, desk.tip_at(house, tip).id
    with house.database.write() as session:
        abuse.fold(session, fresh, lead, house.clock())
    with log.gains("unfolded"):
        case.post(third + "/unfold")
    with log.gains("blocked"):
        case.post(third + "/block", reason=SAID)
    with log.gains("unblocked"):
        case.post(third + "/unblock")
    api = Caller(app, "immigration")
    with log.gains("searched"):
        api.post("search", q="passport")
    with log.gains("noted"):
        api.post(f"tips/{tip.rsplit('/', 1)[1]}/notes", text=SAID)
    with log.gains("signed_out"):
        api.client.delete("/api/v1/sessions", headers=api.bearer)
    call = rung(house)
    case.post(call + "/take")
    case.get(call)
    with log.gains("number_shown"):
        case.post(call + "/number", 200)
    with log.gains("called"):
        case.post(call + "/calls", result="reached")
    receipt = make.told(house, text="A man in Maseru pays too little for shop work.").receipt or ""
    with house.database.write() as session:
        keys = followup.unlock_receipt(receipt, house.keys)
        danger = "Help me now, they locked me in. I am a child."
        followup.add_by_receipt(session, keys, danger, keys=house.keys, now=house.clock(), rules=house.rules)
    with house.database.read() as session:
        late = session.scalars(select(Entry.tip_id).order_by(Entry.id.desc())).first() or 0
    with log.gains("rest_left"):
        case.post(f"/desk/tips/{make.uid(house, late)}/rest", desk="police")


def _keys_and_people(app: Flask, house: House, log: Log) -> None:
    with log.gains("signed_in", "account_added"):
        thabo, word = newcomer(app, "thabo")
    with log.gains("signed_in"):
        assert thabo.sign_in(word).status_code == 303
    number = desk.account_id(house, "thabo")
    case, admin = desk.at(app, "immigration"), desk.at(app, "admin")
    with log.gains("key_shared"):
        case.post("/desk/key/share", account=str(number))
    with log.gains("recovery_made"):
        recovery = shown(case.post("/desk/key/recovery", 200).text)
    with log.gains("account_renewed"):
        word = shown(admin.post(f"/desk/people/{number}/passphrase", 200).text)
    thabo.sign_in(word)
    with log.gains("key_refused"):
        thabo.post("/desk/key/open", 422, recovery="AAAA")
    with log.gains("key_opened"):
        thabo.post("/desk/key/open", recovery=recovery)
    with log.gains("account_disabled"):
        admin.post(f"/desk/people/{number}/disable")
    with log.gains("key_renewed"):
        case.post("/desk/key/renew", 200)
    with log.gains("message_retried"):
        admin.post(f"/desk/carriers/{message(house)}/again")
    with log.gains("trail_viewed"):
        admin.get(PAGE)
    with log.gains():
        admin.get(PAGE)
    with house.database.write() as session:
        session.add(Desk(slug="clinic", name_en="Clinic", name_st="Tleleniki"))
    mpho, word = newcomer(app, "mpho", "clinic")
    with log.gains("key_made", "signed_in"):
        assert mpho.sign_in(word).status_code == 200
    with house.database.read() as session:
        assert len(session.scalars(select(DeskKey.id)).all()) == 5  # three desks, one of them renewed, and this


def _own_account(app: Flask, house: House, log: Log) -> None:
    me, now, own = desk.at(app, "shelter"), house.clock(), make.password(house, "shelter")
    house.clock = lambda: now
    with log.gains("passphrase_refused"):
        me.post("/desk/account/passphrase", 422, password="not it", new="x" * 20, again="x" * 20)
    secret = secret_of(me.get(SET_UP))
    with log.gains("authenticator_set"):
        me.post(SET_UP, 200, totp=totp.code_at(secret, now))
    with log.gains("codes_made"):
        me.post("/desk/account/codes", 200, password=own)
    with log.gains("sign_in_refused"):
        assert me.sign_in(code="000000").status_code == 401
    assert (log.rows()[-1].data, log.rows()[-1].object) == ({"step": "code"}, str(desk.account_id(house, "shelter")))
    house.clock = lambda: now + timedelta(minutes=1)
    with log.gains("signed_in"):
        me.sign_in(code=totp.code_at(secret, house.clock()))
    with log.gains("authenticator_dropped"):
        me.post("/desk/account/authenticator/anew", password=own)
    with log.gains("passphrase_changed"):
        me.post("/desk/account/passphrase", password=own, new="x" * 20, again="x" * 20)
    with log.gains():
        me.post("/desk/account/language", lang="en")
    with log.gains("signed_out"):
        me.post("/desk/sign-out")


def _from_the_command_line(app: Flask, house: House, log: Log, tmp_path: Path) -> None:
    with log.gains("account_added"):
        run(app, "account", "add", "pule", "--role", "donor")
    file = tmp_path / "all.backup"
    with log.gains("backup_written"):
        assert run(app, "backup", str(file)).exit_code == 0
    key = demo.made(house.settings.var)["backup-key"]
    var = tmp_path / "restored"
    new = make.app(var, TIPLINE_DEMO="0", TIPLINE_KEY_FILE=str(tmp_path / "elsewhere" / "keys.json"))
    assert run(new, "restore", str(file), "--key-stdin", typed=key + "\n").exit_code == 0
    there = Log(make.house_of(new))
    assert [row.verb for row in there.rows()] == [*(row.verb for row in log.rows()[:-1]), "restored"]
    assert "stands" in run(new, "audit", "verify").output
    log.seen.add("restored")
    make.house_of(new).database.dispose()


def test_every_verb_has_its_words(app: Flask, house: House) -> None:
    fields = {"to": "police", "result": "reached", "step": "code", "role": "donor"}
    with house.database.write() as session:
        for verb, kind in audit.VERBS.items():
            of = {audit.TIP: "a" * 32, audit.ACCOUNT: "1", audit.MESSAGE: "7"}.get(kind, "")
            audit.note(session, verb, house.clock(), account_id=2, desk_id=1, of=of, **fields)
    page = desk.words(desk.at(app, "supervisor").get(PAGE))
    assert not [verb for verb in audit.VERBS if "_" in verb and verb in page]
    assert set(ACTS) <= set(audit.VERBS)
    assert "Moved to:" in page
    assert "Shared the desk’s key with immigration" in page


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
