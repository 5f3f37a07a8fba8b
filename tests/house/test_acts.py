"""Every act of staff, done through the real routes, leaves its row in the audit log: one play of all verbs.

Whoever adds a verb to ``tipline.audit.VERBS`` adds the act to the play.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from click.testing import Result
from flask import Flask
from sqlalchemy import select, update

from tests import make
from tests.web import desk
from tests.web.api import Caller
from tests.web.test_desk_abuse import kept_under
from tests.web.test_desk_calls import rung
from tests.web.test_desk_carriers import message
from tests.web.test_desk_keys import newcomer, shown
from tests.web.test_sign_in_second_factor import SET_UP, secret_of
from tipline import audit, demo, followup, queue
from tipline.house import House
from tipline.models import Act, Desk, DeskKey, Entry, OutMessage
from tipline.phones import Phone
from tipline.sealing import totp

LOG = "/desk/audit"
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
    here = house.clock() + timedelta(hours=2)  # in Lesotho
    handed: dict[str, Any] = {"parts": "what", "station": SAID, "day": f"{here:%Y-%m-%d}", "time": f"{here:%H:%M}"}
    excluded = desk.tell(house, exclude=("police",), text="They pay us nothing.")
    for act, verbs in (
        (lambda: case.get(tip), ("first_look",)),
        (lambda: case.get(tip), ()),
        (lambda: supervisor.get(tip), ("viewed",)),
        (lambda: case.post(tip + "/take"), ("taken",)),
        (lambda: case.post(tip + "/notes", text=SAID), ("noted",)),
        (lambda: case.post(tip + "/notes", 422, text=""), ()),
        (lambda: case.post(tip + "/replies", 200, text=SAID, preview="1"), ()),
        (lambda: case.post(tip + "/replies", text=SAID), ("replied",)),
        (lambda: case.post(tip + "/moves", to="not_substantiated", reason=SAID), ("moved", "not_passed_on")),
        (lambda: police.get(tip, 404), ()),
        (lambda: case.post(tip + "/referrals", consent="agreed", desk="police", reason=SAID), ("referred",)),
        (lambda: police.get(tip), ("opened",)),
        (lambda: police.post(tip + "/referrals/1", answer="accept"), ("accepted",)),
        (lambda: case.post(other + "/take"), ("taken",)),
        (lambda: case.post(other + "/referrals", consent="agreed", desk="police", reason=SAID), ("referred",)),
        (lambda: police.post(other + "/referrals/2", answer="decline", reason=SAID), ("declined",)),
        (lambda: case.post(other + "/exclusions", desk="shelter", reason=SAID), ("desk_excluded",)),
        (lambda: case.get(other + "/police-report"), ("viewed",)),
        (lambda: case.post(other + "/police-report", 200, parts="what"), ("report_made",)),
        (lambda: case.post(other + "/police-report", 422), ()),
        (lambda: case.post(other + "/police-reports", **handed), ("moved", "police_told")),
        (lambda: case.get(other + "/police-reports/1"), ("report_made",)),
        (lambda: case.post(other + "/police-reports/1/receipt", number="OB 7"), ("receipt_added",)),
        (lambda: case.post(other + "/outcome", result="no_action", note=SAID), ("close_proposed",)),
        (lambda: supervisor.get(other), ("viewed",)),
        (lambda: supervisor.post(other + "/approval", answer="return", reason=SAID), ("close_returned",)),
        (lambda: case.post(other + "/outcome", result="no_action", note=SAID), ("close_proposed",)),
        (lambda: supervisor.post(other + "/approval", answer="approve"), ("close_approved", "closed")),
        (lambda: case.post(other + "/kept-back", reason=SAID, months="12"), ("kept_back",)),
        (lambda: case.post(other + "/kept-back", 422, reason="", months="12"), ()),
        (lambda: case.post(other + "/let-go"), ("let_go",)),
        (lambda: case.post(excluded + "/take"), ("taken",)),
        (lambda: case.post(excluded + "/moves", 422, to="reported_police"), ("viewed",)),
        (lambda: case.post(excluded + "/moves", to="reported_police", reason=SAID), ("moved", "told_though_excluded")),
    ):  # fmt: skip
        with log.gains(*verbs):
            act()
    with house.database.write() as session:
        session.execute(update(OutMessage).values(state="dead"))
        answer = session.scalar(select(Entry.id).where(Entry.kind == "reply"))
    with log.gains("sent_again"):
        case.post(f"{tip}/replies/{answer}/again")
    lead = desk.tell_by_phone(house, phone=Phone("+26658807777", "console", "32100"))
    with log.gains("unfolded"):
        case.post(kept_under(house, lead, 1)[0] + "/unfold")
    with log.gains("assessed"):
        case.post(lead + "/assessment", age="child", d4_pay="yes")
    with log.gains("prioritised"):
        case.post(lead + "/priority", to="P3", reason=SAID)
    with log.gains("merged", "merged"):
        case.post(lead + "/matter", reference=queue.reference(tip.rsplit("/", 1)[1]), reason=SAID)
    with log.gains("unmerged", "unmerged"):
        case.post(lead + "/apart", reason=SAID)
    with log.gains("blocked"):
        case.post(lead + "/block", reason=SAID)
    case.get(lead)
    with log.gains("unblocked"):
        case.post(lead + "/unblock")
    api = Caller(app, "immigration")
    with log.gains("searched"):
        api.post("search", q="passport")
    with log.gains("searched", "found", "found", "found"):
        assert case.post("/desk/search", 200, q="passport").text.count("<mark>") == 3
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
    with log.gains("recovery_tried"):
        case.post("/desk/key/try", recovery=recovery)
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
    with log.gains("contact_set"):
        case.post("/desk/alerts/contact", number="58001234")
    with log.gains("rota_changed"):
        me = desk.account_id(house, "immigration")
        admin.post("/desk/alerts/slots", desk="immigration", account=str(me), day="0", starts="08:00", ends="17:00")
    with log.gains("rules_changed"):
        admin.post("/desk/rules/change", act="up", rule="2", version="1", reason=SAID)
    assert (log.rows()[-1].object, log.rows()[-1].data) == ("", {"version": 2})
    with log.gains("trail_viewed"):
        admin.get(LOG)
    with log.gains():
        admin.get(LOG)
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
