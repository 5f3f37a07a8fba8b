"""Database and key file in hand, nobody signed in: no delivered tip opens.

The thief knows the code. They take every byte string of the database and of the key file, try each as a key as it
stands and derived as anything in the house derives keys, unlock every locked column with every purpose, and try what
they found, again and again, on everything that is sealed.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from sqlalchemy import select

from tests import make
from tests.unit.conftest import Core
from tipline import accounts, casework, desks, followup, outbox, thread
from tipline.errors import SignInRefused
from tipline.models import Account, Base, Desk, DeskKey, DeskMember, Entry, OutMessage, SignIn, Tip, UssdSession
from tipline.phones import Phone
from tipline.sealing import CannotOpen, PrivateKey, Where, derive, lock, unlock, unpack, unwrap
from tipline.sealing.passwords import receipt_keys, unwrap_private

CLIENT = "c" * 22
PHONE = Phone("+26658001234", "kannel", "32100")
DERIVATIONS = ("receipt lookup", "receipt key", "receipt for a repeated send", "desk recovery key", "")


def lively(core: Core) -> list[int]:
    """Have one tip of every kind, worked on and answered; everything promised is delivered."""
    plain = core.told(client_id=CLIENT, phone=PHONE, child=True, exclude_note="an officer")
    asked = core.told(text="Another matter.")
    with core.house.database.write() as session:
        followup.add_by_receipt(session, core.receipt(plain), "more words", keys=core.keys, now=core.clock())
    with core.held("immigration", plain.tip_id) as (session, case):
        casework.note(session, case, "a note")
        casework.reply(session, case, "an answer", core.house.words)
        casework.refer(session, case, "shelter", "a reason")
    with core.held("immigration", asked.tip_id) as (session, case):
        casework.take(session, case)
        casework.close(session, case, "assisted", note="an end")
    with core.house.database.write() as session:
        session.add(
            UssdSession(
                id_hash=b"i" * 32, owner_hash=b"o" * 32, transcript_length=0, transcript_hash=b"t" * 32,
                locked=lock(b"a screen", derive(core.keys.ussd + b"the carrier's id", "ussd session"), "x"),
                tip_id=plain.tip_id, changed_at=core.clock(),
            )
        )  # fmt: skip
        waiting = [one for one in session.scalars(select(OutMessage.phone_hash)) if one is not None]
        outbox.release(session, waiting, core.clock())
    for kind in ("cookie", "bearer"):  # people are signed in elsewhere: their tokens are not on this machine
        core.house.sign_in("police", make.password(core.house, "police"), "", kind)
    outbox.deliver(core.house.database, core.carrier, core.keys, core.clock)
    (core.house.settings.var / "demo.txt").unlink()
    return [plain.tip_id, asked.tip_id]


class Thief:
    """Holds the database and the key file, and the code."""

    def __init__(self, core: Core) -> None:
        self.keys = core.keys
        with core.house.database.read() as session:
            self.rows: dict[str, list[dict[str, Any]]] = {
                model.class_.__tablename__: [
                    {column.key: getattr(row, column.key) for column in model.class_.__table__.columns}
                    for row in session.scalars(select(model.class_))
                ]
                for model in Base.registry.mappers
            }
        file = json.loads(core.keys.path.read_text())
        self.file = [value for name in ("keys", "phone") for value in self._bytes(file[name].values())]
        self.opened: list[bytes] = []

    @staticmethod
    def _bytes(texts: Any) -> list[bytes]:
        return [base64.b64decode(text) for text in texts]

    def columns(self, model: Any, name: str) -> Iterator[Any]:
        for row in self.rows[model.__tablename__]:
            if row[name] is not None:
                yield row[name]

    def texts(self) -> set[str]:
        """Return every short text and id of the database: what a key might be derived from."""
        found = {CLIENT[:1], self.keys.instance}
        for rows in self.rows.values():
            for row in rows:
                found |= {str(value) for value in row.values() if isinstance(value, str | int) and len(str(value)) < 70}
        return found

    def material(self) -> set[bytes]:
        """Return every byte string at hand."""
        found = {*self.file, *self.opened, *(text.encode() for text in self.texts())}
        for rows in self.rows.values():
            for row in rows:
                found |= {value for value in row.values() if isinstance(value, bytes) and len(value) <= 80}
        return found

    def symmetric(self) -> set[bytes]:
        """Return every 32-byte key that the house's derivations make of it."""
        raw = self.material()
        made = {one for one in raw if len(one) == 32}
        made |= {one[:32] for one in raw if len(one) > 32}
        for one in raw:
            made |= {derive(one, purpose) for purpose in DERIVATIONS}
            made.add(derive(one, "receipt for a repeated send", salt=self.keys.forms))
        return made

    def private(self) -> list[PrivateKey]:
        """Return every private key that the house's derivations make of it."""
        raw = self.material()
        keys = {one for one in self.symmetric() if 0 < int.from_bytes(one, "big") < 2**255}
        seeds = [derive(one, purpose, 48) for one in raw for purpose in ("receipt key", "desk recovery key")]
        return [*(PrivateKey(one) for one in keys), *(PrivateKey.from_seed(seed) for seed in seeds)]

    def locked(self) -> Iterator[tuple[str, bytes]]:
        """Yield every locked column."""
        for model, name in (
            (SignIn, "locked_key"), (Account, "locked_key"), (Account, "totp_locked"), (Tip, "client_receipt"),
            (UssdSession, "locked"), (OutMessage, "payload"), (OutMessage, "carrier_id_locked"),
        ):  # fmt: skip
            for value in self.columns(model, name):
                yield f"{model.__tablename__}.{name}", value

    def purposes(self) -> list[str]:
        names = [str(name) for name in self.columns(Account, "name")]
        ids = [str(one) for one in self.columns(Account, "id")]
        return [
            "an outgoing message", "a carrier's id", "receipt for a repeated send", "a form", "x",
            *(f"private key of {name}" for name in names), *(f"totp {one}" for one in ids),
        ]  # fmt: skip

    def unlocks(self) -> dict[str, int]:
        """Try every key with every purpose on every locked column; return what gave way, and keep what it held."""
        gave: dict[str, int] = {}
        keys = self.symmetric()
        for where, value in self.locked():
            for key in keys:
                for purpose in self.purposes():
                    with suppress(CannotOpen):
                        self.opened.append(unlock(value, key, purpose))
                        gave[where] = gave.get(where, 0) + 1
        return gave

    def wraps(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield every copy of a desk's private key with the place that it is bound to."""
        for row in self.rows[DeskMember.__tablename__]:
            yield row["wrap"], f"desk key {row['desk_key_id']} for {row['account_id']}".encode()
        for row in self.rows[DeskKey.__tablename__]:
            yield row["recovery_wrap"], f"desk key {row['id']} for recovery".encode()

    def entries(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield every wrap of every entry with the place that it is bound to."""
        bindings = {row["id"]: row["binding"] for row in self.rows[Tip.__tablename__]}
        for row in self.rows[Entry.__tablename__]:
            for key_id, wrap in unpack(row["wraps"]).items():
                yield wrap, Where(self.keys.instance, bindings[row["tip_id"]], row["uid"]).info(key_id)


def test_the_thief_s_tools_work_on_what_a_signed_in_person_has(core: Core) -> None:
    """The same tools, given one desk key, do open: so a failure below is the sealing's merit."""
    lively(core)
    thief = Thief(core)
    thief.opened = [key.scalar for key in core.desk_keys("immigration").values()]
    ours = [PrivateKey(one) for one in thief.opened]
    assert sum(opens(wrap, key, info) for wrap, info in thief.entries() for key in ours) >= 8


def test_database_and_key_file_open_no_delivered_tip(core: Core) -> None:
    lively(core)
    thief = Thief(core)
    assert {entry["kind"] for entry in thief.rows["entry"]} == {
        thread.STORY, thread.NUMBER, thread.MESSAGE, thread.REPLY, thread.NOTE, thread.REASON, thread.OUTCOME,
    }  # fmt: skip
    gave = thief.unlocks()
    assert set(gave) <= {"out_message.carrier_id_locked", "out_message.payload"}  # what the worker itself must read
    assert not list(thief.columns(OutMessage, "payload"))  # … and it is blanked once it is delivered
    keys = thief.private()
    assert len(keys) > 200
    points = {key.public().point for key in keys}
    assert not points & {*thief.columns(DeskKey, "point"), *thief.columns(Account, "point")}
    assert not points & {*thief.columns(Tip, "reporter_point")}
    sample = keys[:: max(1, len(keys) // 150)]  # a key whose public half is nobody's opens nothing: a few, to see it
    for wrap, info in (*thief.wraps(), *thief.entries()):
        assert not any(opens(wrap, key, info) for key in sample)


def test_what_is_not_delivered_yet_falls_and_takes_no_tip_with_it(core: Core) -> None:
    done = core.told(phone=PHONE)
    with core.held("immigration", done.tip_id) as (session, case):
        casework.reply(session, case, "an answer on its way", core.house.words)
    thief = Thief(core)
    assert set(thief.unlocks()) == {"out_message.payload"}
    assert any(b"an answer on its way" in one for one in thief.opened)
    assert not any(make.STORY.encode() in one for one in thief.opened)
    points = {key.public().point for key in thief.private()}
    assert not points & {*thief.columns(DeskKey, "point"), *thief.columns(Account, "point")}


def test_the_recovery_key_and_the_password_are_the_only_other_ways(core: Core) -> None:
    lively(core)
    thief = Thief(core)
    with core.house.database.read() as session:
        who = accounts.candidate(session, "immigration")
    for guess in ("", "immigration", thief.keys.instance):
        with suppress(SignInRefused):
            raise AssertionError(accounts.unlocked(who, "immigration", guess, thief.keys))
    for row in thief.rows[Account.__tablename__]:
        for key in (thief.keys.pepper, thief.keys.ids, thief.keys.forms):
            with suppress(CannotOpen):
                raise AssertionError(unwrap_private(row["locked_key"], key, row["name"]))
    with core.house.database.read() as session:
        for desk_id in session.scalars(select(Desk.id)):
            with suppress(CannotOpen):
                raise AssertionError(desks.open_by_recovery(session, desk_id, thief.keys.instance))


def test_a_receipt_is_as_good_as_its_digits(core: Core) -> None:
    done = core.told()
    with core.held("immigration", done.tip_id) as (session, case):
        casework.reply(session, case, "for the reporter", core.house.words)
    thief = Thief(core)
    wrong = receipt_keys("0" * 16, thief.keys.pepper)
    right = core.receipt(done)
    found = {opens(wrap, right.key, info) for wrap, info in thief.entries()}
    assert found == {True, False}  # the answer, and never the story
    assert not any(opens(wrap, wrong.key, info) for wrap, info in thief.entries())


def opens(wrap: bytes, key: PrivateKey, info: bytes) -> bool:
    try:
        unwrap(wrap, key, info)
    except CannotOpen:
        return False
    return True
