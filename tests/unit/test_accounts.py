"""People: the password is the key, codes work once, sign-ins end, and whoever leaves reads nothing new."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.unit.conftest import Core
from tipline import accounts, casework, desks, errors
from tipline.accounts import Identity, Started
from tipline.models import Account, DeskKey, DeskMember, RecoveryCode, SignIn
from tipline.routing import DeskSeed
from tipline.sealing import CannotOpen, PrivateKey, totp, unpack

PASSWORD = "a long enough passphrase"


def add(core: Core, name: str, role: str = "caseworker", desk: str | None = "immigration") -> None:
    with core.house.database.write() as session:
        accounts.create(session, name=name, role=role, desk=desk, password=PASSWORD, keys=core.keys, now=core.clock())


def sign_in(core: Core, name: str = "lineo", code: str = "", kind: str = "cookie", password: str = PASSWORD) -> Started:
    return core.house.sign_in(name, password, code, kind)


def who(core: Core, started: Started, kind: str = "cookie") -> Identity:
    return core.house.who(started.token, kind)


def enrol(core: Core, name: str = "lineo") -> tuple[bytes, list[str]]:
    """Set up a second factor; return the secret and the recovery codes."""
    person = who(core, sign_in(core, name))
    with core.house.database.write() as session:
        secret = accounts.propose_totp(session, person, core.keys)
        codes = accounts.confirm_totp(session, person, totp.code_at(secret, core.clock()), core.keys, core.clock())
    core.clock.turn(seconds=60)
    return secret, codes


class TestPasswords:
    def test_only_the_right_one_opens(self, core: Core) -> None:
        add(core, "lineo")
        assert who(core, sign_in(core)).name == "lineo"
        for name, password in (
            ("lineo", "a long enough passphrasE"), ("Lineo", PASSWORD), ("nobody", PASSWORD), ("\0", PASSWORD),
            ("\ud800", "\ud800"),
        ):  # fmt: skip
            with pytest.raises(errors.SignInRefused):
                sign_in(core, name, password=password)

    def test_nothing_of_it_is_kept(self, core: Core) -> None:
        add(core, "lineo")
        with core.house.database.read() as session:
            account = session.scalars(select(Account).where(Account.name == "lineo")).one()
            raw = repr([getattr(account, column.key) for column in Account.__table__.columns])
        assert "long enough" not in raw

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"name": "immigration"}, errors.NameTaken),
            ({"desk": "army"}, errors.UnknownDesk),
            ({"password": "thirteen chrs"}, errors.WeakPassword),
            ({"role": "king"}, ValueError),
            ({"name": " "}, ValueError),
            ({"name": "a\0b"}, ValueError),
            ({"desk": None}, errors.UnknownDesk),
        ],
    )
    def test_who_cannot_be_added(self, core: Core, changes: dict[str, Any], error: type[Exception]) -> None:
        wanted = {"name": "lineo", "role": "caseworker", "desk": "immigration", "password": PASSWORD, **changes}
        before = core.count(Account)
        with core.house.database.write() as session, pytest.raises(error):
            accounts.create(session, keys=core.keys, now=core.clock(), **wanted)
        assert core.count(Account) == before

    def test_a_generated_passphrase_opens_too(self, core: Core) -> None:
        with core.house.database.write() as session:
            _, word = accounts.create(
                session, name="lineo", role="donor", desk=None, password=None, keys=core.keys, now=core.clock()
            )
        assert who(core, sign_in(core, password=word)).role == "donor"


class TestSignIns:
    def test_one_ends_after_ten_hours(self, core: Core) -> None:
        add(core, "lineo")
        started = sign_in(core, kind="bearer")
        assert started.expires_at == core.clock() + timedelta(hours=10)
        core.clock.turn(hours=10, seconds=-1)
        who(core, started, "bearer")
        core.clock.turn(seconds=1)
        with pytest.raises(errors.SignInNeeded):
            who(core, started, "bearer")

    def test_signing_out_here_and_everywhere(self, core: Core) -> None:
        add(core, "lineo")
        one, two, three = (sign_in(core) for _ in range(3))
        with core.house.database.write() as session:
            accounts.end(session, who(core, one))
        with pytest.raises(errors.SignInNeeded):
            who(core, one)
        with core.house.database.write() as session:
            accounts.end(session, who(core, two), everywhere=True)
        for gone in (two, three):
            with pytest.raises(errors.SignInNeeded):
                who(core, gone)

    def test_a_cookie_is_no_bearer_token_nor_the_other_way_round(self, core: Core) -> None:
        add(core, "lineo")
        for kind, other in (("cookie", "bearer"), ("bearer", "cookie")):
            started = sign_in(core, kind=kind)
            who(core, started, kind)
            with pytest.raises(errors.SignInNeeded):
                who(core, started, other)

    def test_half_a_token_opens_nothing(self, core: Core) -> None:
        add(core, "lineo")
        one, other = sign_in(core), sign_in(core)
        raw, strange = (base64.urlsafe_b64decode(token) for token in (one.token, other.token))
        for wrong in (raw[:16] + strange[16:], raw[:16] + bytes(32), raw[:-1], raw + b"x", b""):
            with pytest.raises(errors.SignInNeeded):
                core.house.who(base64.urlsafe_b64encode(wrong).decode(), "cookie")
        for made_up in ("é", "\0", "a" * 64, "=", "a" * 10_000):
            with pytest.raises(errors.SignInNeeded):
                core.house.who(made_up, "cookie")

    def test_the_row_alone_opens_nothing(self, core: Core) -> None:
        add(core, "lineo")
        started = sign_in(core)
        with core.house.database.read() as session:
            rows = session.scalars(select(SignIn)).all()
            raw = repr([[getattr(row, column.key) for column in SignIn.__table__.columns] for row in rows])
        assert started.token not in raw
        assert repr(base64.urlsafe_b64decode(started.token)[:16])[2:-1] not in raw

    def test_a_disabled_account_is_out_at_once(self, core: Core) -> None:
        add(core, "lineo")
        started = sign_in(core)
        person = who(core, started)
        with core.house.database.write() as session:
            accounts.disable(session, person.account_id, core.clock())
        with pytest.raises(errors.SignInNeeded):
            who(core, started)
        with pytest.raises(errors.SignInRefused):
            sign_in(core)


class TestSecondFactor:
    def test_a_code_works_once(self, core: Core) -> None:
        add(core, "lineo")
        secret, _ = enrol(core)
        code = totp.code_at(secret, core.clock())
        sign_in(core, code=code)
        for again in (code, totp.code_at(secret, core.clock() - timedelta(seconds=30)), ""):
            with pytest.raises(errors.SignInRefused):
                sign_in(core, code=again)
        core.clock.turn(seconds=30)
        sign_in(core, code=totp.code_at(secret, core.clock()))

    def test_the_code_that_confirmed_it_is_used_up(self, core: Core) -> None:
        add(core, "lineo")
        secret, _ = enrol(core)
        with pytest.raises(errors.SignInRefused):
            sign_in(core, code=totp.code_at(secret, core.clock() - timedelta(seconds=60)))

    def test_a_wrong_password_uses_up_no_code(self, core: Core) -> None:
        add(core, "lineo")
        secret, _ = enrol(core)
        code = totp.code_at(secret, core.clock())
        with pytest.raises(errors.SignInRefused):
            sign_in(core, code=code, password="another passphrase")
        sign_in(core, code=code)

    def test_each_recovery_code_works_once(self, core: Core) -> None:
        add(core, "lineo")
        _, codes = enrol(core)
        assert len(set(codes)) == 10
        sign_in(core, code=codes[0].upper())
        sign_in(core, code=codes[1])
        for used in codes[:2]:
            with pytest.raises(errors.SignInRefused):
                sign_in(core, code=used)
        assert core.count(RecoveryCode) == 8
        with core.house.database.read() as session:
            kept = b"".join(session.scalars(select(RecoveryCode.code_hash)))
        assert not any(code.encode() in kept for code in codes)

    def test_another_s_recovery_code_is_worth_nothing(self, core: Core) -> None:
        add(core, "lineo")
        add(core, "palesa")
        _, codes = enrol(core, "lineo")
        enrol(core, "palesa")
        with pytest.raises(errors.SignInRefused):
            sign_in(core, "palesa", code=codes[0])
        sign_in(core, "lineo", code=codes[0])

    def test_a_bearer_needs_it_first_where_it_is_asked_for(self, core: Core) -> None:
        add(core, "lineo")
        core.house.second_factor = True
        with pytest.raises(errors.EnrolFirst):
            sign_in(core, kind="bearer")
        assert core.count(SignIn) == 0
        started = sign_in(core)
        assert started.must_enrol
        assert who(core, started).must_enrol
        with pytest.raises(errors.SignInRefused):  # and says nothing to whoever does not know the password
            sign_in(core, kind="bearer", password="not the passphrase")
        secret, _ = enrol(core)
        code = totp.code_at(secret, core.clock())
        assert not who(core, sign_in(core, kind="bearer", code=code), "bearer").must_enrol

    def test_its_secret_is_locked_for_its_owner(self, core: Core) -> None:
        add(core, "lineo")
        secret, _ = enrol(core)
        with core.house.database.read() as session:
            locked = session.scalars(select(Account.totp_locked).where(Account.name == "lineo")).one()
        assert locked is not None
        assert secret not in locked

    def test_a_first_code_confirms_and_a_wrong_one_does_not(self, core: Core) -> None:
        add(core, "lineo")
        person = who(core, sign_in(core))
        with core.house.database.write() as session:
            secret = accounts.propose_totp(session, person, core.keys)
            assert accounts.propose_totp(session, person, core.keys) == secret
        with core.house.database.write() as session, pytest.raises(errors.SignInRefused):
            accounts.confirm_totp(session, person, "000000", core.keys, core.clock() + timedelta(days=1))
        sign_in(core)  # an unconfirmed one is asked for nowhere


class TestDeskKeys:
    def test_the_first_member_makes_the_key_and_is_shown_its_recovery_key_once(self, core: Core) -> None:
        with core.house.database.write() as session:
            desks.seed_desks(session, (DeskSeed("embassy", "Embassy", "Boemeli"),))
        add(core, "lineo", desk="embassy")
        add(core, "palesa", desk="embassy")
        first = sign_in(core)
        assert first.recovery_key is not None
        assert first.recovery_key not in repr(first)
        assert sign_in(core).recovery_key is None
        assert sign_in(core, "palesa").recovery_key is None
        lineo, palesa = who(core, first), who(core, sign_in(core, "palesa"))
        held = self.keys(core, lineo)
        with pytest.raises(errors.NoDeskAccess):
            self.keys(core, palesa)
        with core.house.database.write() as session:
            assert [one.name for one in desks.waiting_for_key(session, lineo.desk_id or 0)] == ["palesa"]
            desks.share(session, held, session.get_one(Account, palesa.account_id))
        assert self.keys(core, palesa) == held
        with core.house.database.read() as session:
            assert desks.open_by_recovery(session, lineo.desk_id or 0, first.recovery_key.lower()) == held
            with pytest.raises(CannotOpen):
                desks.open_by_recovery(session, lineo.desk_id or 0, desks.recovery_text(b"another key for them"))

    def test_an_administrator_makes_none(self, core: Core) -> None:
        add(core, "root", role="admin", desk=None)
        assert sign_in(core, "root").recovery_key is None
        with pytest.raises(errors.NoDeskAccess):
            self.keys(core, who(core, sign_in(core, "root")))

    def test_a_key_is_shared_with_nobody_of_another_desk(self, core: Core) -> None:
        add(core, "lineo", desk="police")
        lineo = who(core, sign_in(core))
        with core.house.database.write() as session:
            desks.share(session, core.desk_keys("immigration"), session.get_one(Account, lineo.account_id))
        with pytest.raises(errors.NoDeskAccess):
            self.keys(core, lineo)

    def test_whoever_left_reads_nothing_new_and_those_who_stay_read_all(self, core: Core) -> None:
        before = core.told(text="from before")
        supervisor = core.people["supervisor"]
        desk_id = supervisor.desk_id or 0
        old, held = core.desk_keys("supervisor"), core.desk_keys("immigration")
        with core.house.database.write() as session:
            accounts.disable(session, supervisor.account_id, core.clock())
            assert desks.renewal_due(session, desk_id)
            core.clock.turn(seconds=1)
            desks.rotate(session, desk_id, held, core.clock())
            assert not desks.renewal_due(session, desk_id)
        after = core.told(text="from after")
        with core.house.database.read() as session:
            assert session.scalars(select(DeskMember).where(DeskMember.account_id == supervisor.account_id)).all() == []
            rows = session.execute(select(DeskKey.version, DeskKey.retired_at).where(DeskKey.desk_id == desk_id)).all()
        assert sorted((version, retired is None) for version, retired in rows) == [(1, False), (2, True)]
        for done, text in ((before, "from before"), (after, "from after")):
            with core.held("immigration", done.tip_id) as (session, case):
                assert casework.view(session, case).text == text
        assert not unpack(core.entries(after.tip_id)[0].wraps).keys() & old.keys()

    @staticmethod
    def keys(core: Core, person: Identity) -> dict[str, PrivateKey]:
        with core.house.database.read() as session:
            return desks.private_keys(session, session.get_one(Account, person.account_id), person.key)
