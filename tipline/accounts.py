"""People who sign in. The password opens their private key, and that is the password check; nothing else is kept.

Argon2id takes a moment, so it never runs inside a transaction: ``candidate`` reads, ``unlocked`` works, ``begin``
writes (``house.House.sign_in`` does the three in turn).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from tipline import desks
from tipline.errors import EnrolFirst, NameTaken, SignInNeeded, SignInRefused, UnknownDesk, WeakPassword
from tipline.models import Account, Desk, RecoveryCode, SignIn
from tipline.sealing import CannotOpen, KeyFile, PrivateKey, keyed_hash, lock, totp, unlock
from tipline.sealing.passwords import MIN_OWN_PASSWORD, new_passphrase, password_key, unwrap_private, wrap_private

ROLES = ("caseworker", "supervisor", "trainer", "editor", "donor", "admin")
READERS = ("caseworker", "supervisor")  # the only roles that may open a tip, at their own desk
SIGNED_IN_FOR = timedelta(hours=10)
RECOVERY_CODES = 10
_ID_BYTES, _KEY_BYTES = 16, 32


@dataclass(frozen=True)
class Candidate:
    """What a sign-in is checked against; a name that does not exist has one too (and it never opens)."""

    account_id: int | None
    salt: bytes = field(repr=False)
    locked_key: bytes = field(repr=False)


@dataclass(frozen=True)
class Started:
    """A sign-in: the token for cookie or bearer, and the desk's recovery key if it created the desk's keys."""

    token: str = field(repr=False)
    expires_at: datetime
    recovery_key: str | None = field(repr=False)
    must_enrol: bool


@dataclass(frozen=True)
class Identity:
    """Who is signed in, with their private key for this request only."""

    account_id: int
    name: str
    role: str
    desk_id: int | None
    desk: str | None
    lang: str
    sign_in_id: bytes = field(repr=False)
    key: PrivateKey = field(repr=False)
    must_enrol: bool


def create(
    session: Session, *, name: str, role: str, desk: str | None, password: str | None, keys: KeyFile, now: datetime,
    lang: str = "en",
) -> tuple[Account, str]:  # fmt: skip
    """Add a person; return the account and the passphrase (generated if none is given).

    Raises NameTaken, UnknownDesk, WeakPassword (one of one's own needs 14 characters), ValueError for a role.
    """
    if role not in ROLES:
        msg = f"role must be one of {', '.join(ROLES)}"
        raise ValueError(msg)
    if password is not None and len(password) < MIN_OWN_PASSWORD:
        raise WeakPassword
    if session.scalar(select(Account.id).where(Account.name == name)) is not None:
        raise NameTaken
    desk_id = None
    if desk:
        desk_id = session.scalar(select(Desk.id).where(Desk.slug == desk))
        if desk_id is None:
            raise UnknownDesk
    password = password or new_passphrase()
    key = PrivateKey.generate()
    salt = secrets.token_bytes(16)
    account = Account(
        name=name, role=role, desk_id=desk_id, salt=salt, point=key.public().point, lang=lang, created_at=now,
        locked_key=wrap_private(key, password_key(password, salt, keys.pepper), name),
    )  # fmt: skip
    session.add(account)
    session.flush()
    return account, password


def is_first(session: Session) -> bool:
    """Say whether nobody has an account yet."""
    return session.scalar(select(Account.id).limit(1)) is None


def candidate(session: Session, name: str) -> Candidate:
    """Return what to check a password against."""
    account = None
    if name.isprintable():  # databases refuse other letters in their own ways
        account = session.scalar(select(Account).where(Account.name == name, Account.disabled_at.is_(None)))
    if account is None:
        return Candidate(None, hashlib.sha256(name.encode(errors="replace")).digest()[:16], b"")
    return Candidate(account.id, account.salt, account.locked_key)


def unlocked(who: Candidate, name: str, password: str, keys: KeyFile) -> PrivateKey:
    """Return the private key that the password opens; SignInRefused if it opens none. Takes about 0.15 s."""
    by = password_key(password, who.salt, keys.pepper)
    if who.account_id is None:
        raise SignInRefused
    try:
        return unwrap_private(who.locked_key, by, name)
    except CannotOpen:
        raise SignInRefused from None


def begin(
    session: Session,
    who: Candidate,
    key: PrivateKey,
    *,
    code: str,
    kind: str,
    keys: KeyFile,
    now: datetime,
    second_factor: bool,
) -> Started:
    """Check the one-time code and start a sign-in (``kind`` is ``cookie`` or ``bearer``). SignInRefused.

    EnrolFirst for a bearer whose second factor is still to be set up: that, and a desk's recovery key, need a page.

    The first member of a desk creates its keys here and is given its recovery key, once; never an administrator.
    """
    account = session.get(Account, who.account_id, with_for_update=True) if who.account_id else None
    if account is None or account.disabled_at is not None:
        raise SignInRefused
    if account.totp_confirmed and not _code_fits(session, account, code, keys, now):
        raise SignInRefused
    if kind == "bearer" and second_factor and not account.totp_confirmed:
        raise EnrolFirst
    session.execute(delete(SignIn).where(SignIn.expires_at < now))
    recovery = desks.found(session, account, now) if account.role in READERS else None
    raw_id, by = secrets.token_bytes(_ID_BYTES), secrets.token_bytes(_KEY_BYTES)
    session.add(
        SignIn(
            id=hashlib.sha256(raw_id).digest(), account_id=account.id, kind=kind, created_at=now, seen_at=now,
            locked_key=wrap_private(key, by, account.name), expires_at=now + SIGNED_IN_FOR,
        )
    )  # fmt: skip
    session.flush()
    token = base64.urlsafe_b64encode(raw_id + by).decode().rstrip("=")
    return Started(token, now + SIGNED_IN_FOR, recovery, second_factor and not account.totp_confirmed)


def resolve(session: Session, token: str, *, kind: str, now: datetime, second_factor: bool) -> Identity:
    """Return who a cookie or bearer token belongs to. SignInNeeded if nobody, or no longer."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        raise SignInNeeded from None
    if len(raw) != _ID_BYTES + _KEY_BYTES:
        raise SignInNeeded
    row = session.get(SignIn, hashlib.sha256(raw[:_ID_BYTES]).digest())
    if row is None or row.kind != kind or row.expires_at <= now:
        raise SignInNeeded
    account = session.get_one(Account, row.account_id)
    if account.disabled_at is not None:
        raise SignInNeeded
    try:
        key = unwrap_private(row.locked_key, raw[_ID_BYTES:], account.name)
    except CannotOpen:
        raise SignInNeeded from None
    slug = session.scalar(select(Desk.slug).where(Desk.id == account.desk_id)) if account.desk_id else None
    must_enrol = second_factor and not account.totp_confirmed
    return Identity(
        account.id, account.name, account.role, account.desk_id, slug, account.lang, row.id, key, must_enrol
    )


def end(session: Session, who: Identity, *, everywhere: bool = False) -> None:
    """Sign out, here or everywhere."""
    wanted = SignIn.account_id == who.account_id if everywhere else SignIn.id == who.sign_in_id
    session.execute(delete(SignIn).where(wanted))


def propose_totp(session: Session, who: Identity, keys: KeyFile) -> bytes:
    """Give an account a fresh authenticator secret, to be confirmed with a first code; return the secret."""
    account = session.get_one(Account, who.account_id)
    if account.totp_locked is not None and not account.totp_confirmed:
        return unlock(account.totp_locked, keys.totp, f"totp {account.id}")
    secret = totp.new_secret()
    account.totp_locked, account.totp_confirmed = lock(secret, keys.totp, f"totp {account.id}"), False
    session.flush()
    return secret


def confirm_totp(session: Session, who: Identity, code: str, keys: KeyFile, now: datetime) -> list[str]:
    """Confirm the authenticator with its first code; return ten recovery codes, shown once. SignInRefused."""
    account = session.get_one(Account, who.account_id)
    if account.totp_locked is None or account.totp_confirmed or not _totp_fits(account, code, keys, now):
        raise SignInRefused
    account.totp_confirmed = True
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    codes = [new_passphrase(3) for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(account_id=account.id, code_hash=_code_hash(keys, account, one)) for one in codes)
    session.flush()
    return codes


def set_language(session: Session, who: Identity, lang: str) -> None:
    """Remember which language a person reads the desk in."""
    session.get_one(Account, who.account_id).lang = "st" if lang == "st" else "en"


def _code_fits(session: Session, account: Account, code: str, keys: KeyFile, now: datetime) -> bool:
    if _totp_fits(account, code, keys, now):
        return True
    used = session.execute(
        delete(RecoveryCode).where(
            RecoveryCode.account_id == account.id, RecoveryCode.code_hash == _code_hash(keys, account, code)
        )
    )
    return bool(used.rowcount)  # type: ignore[attr-defined]


def _totp_fits(account: Account, code: str, keys: KeyFile, now: datetime) -> bool:
    if account.totp_locked is None:
        return False
    secret = unlock(account.totp_locked, keys.totp, f"totp {account.id}")
    step = totp.matching_step(secret, code.replace(" ", ""), now)
    if step is None or step <= account.totp_step:
        return False
    account.totp_step = step
    return True


def _code_hash(keys: KeyFile, account: Account, code: str) -> bytes:
    return keyed_hash(keys.totp, "recovery code", str(account.id), code.strip().lower().replace(" ", ""))
