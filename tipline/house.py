"""What the edges hold in their hand: settings, database, keys, receipts minted ahead, and the clock.

Edges open transactions through it, so that the two orders that matter stand in one place: Argon2id never runs inside a
transaction, and a tip is committed before anything else may fail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tipline import abuse, accounts, audit, intake
from tipline.answers import Words
from tipline.database import Database
from tipline.errors import EnrolFirst, SignInRefused
from tipline.intake import Report, Submitted
from tipline.models import Account
from tipline.outbox import Sender
from tipline.receipts import Minter
from tipline.rulebook import InForce
from tipline.rules import Rules
from tipline.sealing import KeyFile, PrivateKey
from tipline.settings import Settings


class KeyFileMissing(Exception):
    """There is no key file, or it cannot be read: nothing is taken in (fail closed)."""


def utc_now() -> datetime:
    """Return the present time, aware, in UTC."""
    return datetime.now(UTC)


def _sleep() -> None:
    """Wake nobody (commands and tests that deliver by themselves)."""


@dataclass
class House:
    """One instance, put together by ``app.create_app``."""

    settings: Settings
    database: Database
    words: Words
    sender: Sender
    wake: Callable[[], None] = _sleep
    clock: Callable[[], datetime] = utc_now
    second_factor: bool = True  # a demo instance asks for none (see ``demo``)

    def __post_init__(self) -> None:
        """Let every transaction write the audit log, which is keyed."""
        self.database.info["keys"] = lambda: self.keys

    @cached_property
    def keys(self) -> KeyFile:
        """Return the key file, read once. KeyFileMissing."""
        try:
            return KeyFile.load(self.settings.key_file)
        except (OSError, ValueError) as error:
            raise KeyFileMissing from error

    @cached_property
    def minter(self) -> Minter:
        """Return this process's mint of receipts."""
        return Minter(self.keys.pepper)

    @cached_property
    def pace(self) -> abuse.Pace:
        """Return what counts this process's automatic answers."""
        return abuse.Pace(self.settings.bounds)

    @cached_property
    def rulebook(self) -> InForce:
        """Return what this process remembers of the routing rules."""
        return InForce(self.database)

    @property
    def rules(self) -> Rules:
        """Return the routing rules in force, not older than ``rulebook.AGREE_WITHIN``."""
        return self.rulebook.at(self.clock())

    def take_in(self, report: Report, *, with_receipt: bool = True) -> Submitted:
        """Take in a report in a transaction of its own and wake the worker; see ``intake.submit`` for what it raises.

        Where no receipt is ready, the tip is committed first, then its receipt.
        """
        ready = self.minter.take_ready() if with_receipt else None
        advice = intake.advise(report)  # before the transaction: others can write meanwhile
        keep = partial(
            intake.submit,
            report=report,
            now=self.clock(),
            keys=self.keys,
            rules=self.rules,
            receipt=ready,
            advice=advice,
        )
        for again in (True, False):
            try:
                done = self.database.together(keep)
                break
            except IntegrityError:  # the same client_id twice at once: the second finds the first
                if not again:
                    raise
        if ready is not None and not done.is_new:
            self.minter.give_back(ready)
        if with_receipt and not done.has_receipt:
            done = self._receipt_later(done, report.client_id)
        self.wake()
        return done

    def again(self, client_id: str) -> Submitted | None:
        """Return the tip that was sent under this id before, whatever is sent with it now; None if there is none."""
        with self.database.read() as session:
            done = intake.again(session, client_id, now=self.clock(), keys=self.keys)
        if done is not None and not done.has_receipt:
            done = self._receipt_later(done, client_id)
        return done

    def sign_in(self, name: str, password: str, code: str, kind: str) -> accounts.Started:
        """Sign a person in (``kind``: cookie or bearer). SignInRefused, EnrolFirst, Busy."""
        with self.database.read() as session:
            who = accounts.candidate(session, name)
        step = "password"
        try:
            key = accounts.unlocked(who, name, password, self.keys)
            step = "code"
            with self.database.write() as session:
                return accounts.begin(
                    session, who, key, code=code, kind=kind, keys=self.keys, now=self.clock(),
                    second_factor=self.second_factor,
                )  # fmt: skip
        except (SignInRefused, EnrolFirst) as refused:
            step = "enrol" if isinstance(refused, EnrolFirst) else step
            with self.database.write() as session:  # for a name that is nobody's too: it must not take less time
                self._note_account(session, "sign_in_refused", who.account_id, by=who.account_id, step=step)
            raise

    def check_password(self, who: accounts.Identity, password: str) -> PrivateKey:
        """Make sure that it is the signed-in person who asks; return their key. SignInRefused, Busy."""
        with self.database.read() as session:
            mine = accounts.candidate(session, who.name)
        try:
            return accounts.unlocked(mine, who.name, password, self.keys)
        except SignInRefused:
            with self.database.write() as session:
                self._note_account(session, "passphrase_refused", who.account_id, by=who.account_id)
            raise

    def change_password(self, who: accounts.Identity, old: str, new: str) -> None:
        """Put a person's key behind another password; their other sign-ins end. SignInRefused, WeakPassword, Busy."""
        locked = accounts.behind(who.name, new, self.keys, self.check_password(who, old))
        with self.database.write() as session:
            accounts.relock(session, who, locked)
            self._note_account(session, "passphrase_changed", who.account_id, by=who.account_id)

    def add_account(
        self, name: str, role: str, desk: str | None, lang: str, *, by: int | None, password: str | None = None
    ) -> str:
        """Add a person; return the passphrase, to be shown once if it was generated.

        ``by`` is the account that does it (None: whoever runs the command). NameTaken, UnknownDesk, WeakPassword, Busy.
        """
        locked = accounts.behind(name, password, self.keys)
        with self.database.write() as session:
            account = accounts.add(session, locked, role=role, desk=desk, now=self.clock(), lang=lang)
            self._note_account(session, "account_added", account.id, by=by, role=role)
        return locked.password

    def new_passphrase(self, account_id: int, name: str, *, by: int) -> str:
        """Give a person who lost theirs a fresh key pair; return the passphrase, to be shown once. NotFound, Busy."""
        locked = accounts.behind(name, None, self.keys)
        with self.database.write() as session:
            accounts.start_anew(session, account_id, locked)
            self._note_account(session, "account_renewed", account_id, by=by)
        return locked.password

    def disable_account(self, account_id: int, *, by: int) -> None:
        """Let nobody in by an account again; see ``accounts.disable``. NotFound."""
        with self.database.write() as session:
            accounts.disable(session, account_id, self.clock())
            self._note_account(session, "account_disabled", account_id, by=by)

    def note(self, session: Session, who: accounts.Identity, verb: str, of: str | int = "", **data: str | int) -> None:
        """Note in the audit log what a signed-in person does in this transaction; see ``audit.note``."""
        audit.note_by(session, who, verb, self.clock(), of=of, **data)

    def note_command(self, verb: str) -> None:
        """Note in the audit log what was done from the command line, in a transaction of its own."""
        with self.database.write() as session:
            audit.note(session, verb, self.clock(), account_id=None, desk_id=None)

    def who(self, token: str, kind: str, *, at_work: bool = True) -> accounts.Identity:
        """Return who a cookie or bearer token belongs to. SignInNeeded.

        ``at_work``: a person did something, so that the sign-in lasts; not where a page only looks for news by itself.
        """
        now = self.clock()
        with self.database.read() as session:
            who = accounts.resolve(session, token, kind=kind, now=now, second_factor=self.second_factor)
        if at_work and not who.seen_lately:
            with self.database.write() as session:
                accounts.seen(session, who, now)
        return who

    def _note_account(
        self, session: Session, verb: str, account_id: int | None, *, by: int | None, **data: str
    ) -> None:
        """Note what is done to an account (None: a name that is nobody's), at that account's desk."""
        account = session.get(Account, account_id) if account_id else None
        desk_id = account.desk_id if account else None
        audit.note(session, verb, self.clock(), account_id=by, desk_id=desk_id, of=account_id or "", **data)

    def _receipt_later(self, done: Submitted, client_id: str | None) -> Submitted:
        if not done.is_new and not intake.is_strong(client_id or ""):
            return done  # whoever guesses an id gets no receipt
        receipt = self.minter.take()
        with self.database.write() as session:
            if intake.attach_receipt(session, done.tip_id, receipt, client_id, self.keys):
                return Submitted(done.tip_id, done.is_new, True, receipt.digits)
            said = intake.again(session, client_id, now=self.clock(), keys=self.keys) if client_id else None
        return Submitted(done.tip_id, done.is_new, True, said.receipt if said else None)
