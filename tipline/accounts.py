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

from sqlalchemy import ColumnElement, and_, delete, not_, or_, select, update
from sqlalchemy.orm import Session

from tipline import audit, desks
from tipline.errors import (
    AlreadyThere,
    EnrolFirst,
    NameTaken,
    NotFound,
    SignInNeeded,
    SignInRefused,
    UnknownDesk,
    WeakPassword,
)
from tipline.models import Account, Contact, Desk, DeskMember, RecoveryCode, SignIn
from tipline.sealing import CannotOpen, KeyFile, PrivateKey, keyed_hash, lock, totp, unlock
from tipline.sealing.passwords import MIN_OWN_PASSWORD, new_passphrase, password_key, unwrap_private, wrap_private

ROLES = ("caseworker", "supervisor", "trainer", "editor", "donor", "admin")
COOKIE = "cookie"  # a sign-in of a browser; the other kind is "bearer"
READERS = ("caseworker", "supervisor")  # the only roles that may open a tip, at their own desk
SIGNED_IN_FOR = timedelta(hours=10)
IDLE = timedelta(minutes=15)  # a browser that asks for nothing so long is signed out
_NOTICED = timedelta(minutes=1)  # how exactly it is known when somebody was last seen
RECOVERY_CODES = 10
_ID_BYTES, _KEY_BYTES = 16, 32


@dataclass(frozen=True)
class Candidate:
    """What a sign-in is checked against; a name that does not exist has one too (and it never opens)."""

    account_id: int | None
    salt: bytes = field(repr=False)
    locked_key: bytes = field(repr=False)


@dataclass(frozen=True)
class Locked:
    """A key pair behind a password: what is kept of it, and the password to be shown once if it was generated."""

    name: str
    password: str = field(repr=False)
    salt: bytes = field(repr=False)
    point: bytes
    locked_key: bytes = field(repr=False)


@dataclass(frozen=True)
class Started:
    """A sign-in: the token for cookie or bearer, and the desk's recovery key if it created the desk's keys."""

    token: str = field(repr=False)
    expires_at: datetime
    recovery_key: str | None = field(repr=False)
    must_enrol: bool
    renewed: bool = False  # it is the recovery key of the next key, made because somebody left


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
    seen_lately: bool = True
    shortcuts: bool = True  # single keys at the desk


def create(
    session: Session, *, name: str, role: str, desk: str | None, password: str | None, keys: KeyFile, now: datetime,
    lang: str = "en",
) -> tuple[Account, str]:  # fmt: skip
    """Add a person; return the account and the passphrase (generated if none is given).

    Raises NameTaken, UnknownDesk, WeakPassword (one of one's own needs 14 characters), ValueError for a role.
    """
    locked = behind(name, password, keys)
    return add(session, locked, role=role, desk=desk, now=now, lang=lang), locked.password


def behind(name: str, password: str | None, keys: KeyFile, key: PrivateKey | None = None) -> Locked:
    """Lock a key (a fresh one if none is given) behind a password (generated if none is given). Takes about 0.15 s.

    WeakPassword: one of one's own needs 14 characters or more.
    """
    if password is not None and len(password) < MIN_OWN_PASSWORD:
        raise WeakPassword
    password = password or new_passphrase()
    key = key or PrivateKey.generate()
    salt = secrets.token_bytes(16)
    locked_key = wrap_private(key, password_key(password, salt, keys.pepper), name)
    return Locked(name, password, salt, key.public().point, locked_key)


def add(session: Session, locked: Locked, *, role: str, desk: str | None, now: datetime, lang: str = "en") -> Account:
    """Add a person with the key that ``behind`` made. NameTaken, UnknownDesk, ValueError for a role or a name."""
    if role not in ROLES:
        msg = f"role must be one of {', '.join(ROLES)}"
        raise ValueError(msg)
    if not locked.name.strip() or not locked.name.isprintable():
        msg = "a name is made of letters that can be seen"
        raise ValueError(msg)
    if session.scalar(select(Account.id).where(Account.name == locked.name)) is not None:
        raise NameTaken
    desk_id = session.scalar(select(Desk.id).where(Desk.slug == desk)) if desk else None
    if desk_id is None and (desk or role in READERS):
        raise UnknownDesk
    account = Account(
        name=locked.name, role=role, desk_id=desk_id, salt=locked.salt, point=locked.point, lang=lang, created_at=now,
        locked_key=locked.locked_key,
    )  # fmt: skip
    session.add(account)
    session.flush()
    return account


def relock(session: Session, who: Identity, locked: Locked) -> None:
    """Put one's own key behind another password; one's other sign-ins end."""
    account = session.get_one(Account, who.account_id)
    account.salt, account.locked_key = locked.salt, locked.locked_key
    session.execute(delete(SignIn).where(SignIn.account_id == account.id, SignIn.id != who.sign_in_id))


def start_anew(session: Session, account_id: int, locked: Locked) -> None:
    """Give a person who lost password or authenticator a fresh key pair; a colleague shares the desk's key again.

    NotFound; AlreadyThere for an account that is disabled.
    """
    account = _account(session, account_id)
    if account.disabled_at is not None:
        raise AlreadyThere
    _take_away(session, account)
    account.salt, account.locked_key, account.point = locked.salt, locked.locked_key, locked.point
    account.totp_locked, account.totp_confirmed = None, False


def disable(session: Session, account_id: int, now: datetime) -> None:
    """Let nobody in by this account again; its sign-ins end and its copies of the desk's key are deleted. NotFound.

    The desk's own key is renewed by the next member who holds it (``desks.renewal_due``).
    """
    account = _account(session, account_id)
    _take_away(session, account)
    account.disabled_at = account.disabled_at or now


def people(session: Session) -> list[tuple[Account, str | None]]:
    """Return everybody with the slug of their desk, by name."""
    rows = session.execute(select(Account, Desk.slug).join(Desk, isouter=True).order_by(Account.name))
    return [(account, slug) for account, slug in rows]


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
    session.execute(delete(SignIn).where(or_(SignIn.expires_at < now, _idle(now))))
    recovery = desks.found(session, account, now) if account.role in READERS else None
    must_enrol = second_factor and not account.totp_confirmed
    by_page = account.role in READERS and kind == COOKIE and not must_enrol
    renewed = desks.renew(session, account, key, now) if by_page and recovery is None else None
    raw_id, by = secrets.token_bytes(_ID_BYTES), secrets.token_bytes(_KEY_BYTES)
    session.add(
        SignIn(
            id=hashlib.sha256(raw_id).digest(), account_id=account.id, kind=kind, created_at=now, seen_at=now,
            locked_key=wrap_private(key, by, account.name), expires_at=now + SIGNED_IN_FOR,
        )
    )  # fmt: skip
    session.flush()
    if recovery or renewed:
        verb = "key_renewed" if renewed else "key_made"
        audit.note(session, verb, now, account_id=account.id, desk_id=account.desk_id)
    audit.note(session, "signed_in", now, account_id=account.id, desk_id=account.desk_id, of=account.id, by=kind)
    token = base64.urlsafe_b64encode(raw_id + by).decode().rstrip("=")
    return Started(token, now + SIGNED_IN_FOR, renewed or recovery, must_enrol, renewed is not None)


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
    if kind == COOKIE and row.seen_at <= now - IDLE:
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
        account.id, account.name, account.role, account.desk_id, slug, account.lang, row.id, key, must_enrol,
        seen_lately=row.seen_at > now - _NOTICED, shortcuts=account.shortcuts,
    )  # fmt: skip


def seen(session: Session, who: Identity, now: datetime) -> None:
    """Note that somebody is at work: their sign-in lasts."""
    session.execute(update(SignIn).where(SignIn.id == who.sign_in_id).values(seen_at=now))


def sign_ins(session: Session, who: Identity, now: datetime) -> list[SignIn]:
    """Return where a person is signed in now, the newest first: when, how, last seen; nothing else is known."""
    mine = (SignIn.account_id == who.account_id, SignIn.expires_at > now, not_(_idle(now)))
    return list(session.scalars(select(SignIn).where(*mine).order_by(SignIn.created_at.desc())))


def end_one(session: Session, who: Identity, name: str) -> None:
    """End one of one's own sign-ins, by its id in hexadecimal. NotFound."""
    try:
        wanted = bytes.fromhex(name)
    except ValueError:
        raise NotFound from None
    ended = session.execute(delete(SignIn).where(SignIn.id == wanted, SignIn.account_id == who.account_id))
    if not ended.rowcount:  # type: ignore[attr-defined]
        raise NotFound


def whose(session: Session, token: str) -> Account | None:
    """Return whose sign-in a cookie was, ended or not, while its row is there: nothing opens with that."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    row = session.get(SignIn, hashlib.sha256(raw[:_ID_BYTES]).digest())
    return session.get(Account, row.account_id) if row is not None and row.kind == "cookie" else None


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
    return new_codes(session, who, keys)


def drop_totp(session: Session, who: Identity) -> None:
    """Forget one's authenticator (a new phone); the next is set up before anything else where one is asked."""
    account = session.get_one(Account, who.account_id)
    account.totp_locked, account.totp_confirmed = None, False
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))


def new_codes(session: Session, who: Identity, keys: KeyFile) -> list[str]:
    """Return ten fresh recovery codes, shown once; the old ones no longer work. SignInRefused without authenticator."""
    account = session.get_one(Account, who.account_id)
    if not account.totp_confirmed:
        raise SignInRefused
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    codes = [new_passphrase(3) for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(account_id=account.id, code_hash=_code_hash(keys, account, one)) for one in codes)
    session.flush()
    return codes


def set_language(session: Session, who: Identity, lang: str) -> None:
    """Remember which language a person reads the desk in."""
    session.get_one(Account, who.account_id).lang = "st" if lang == "st" else "en"


def set_shortcuts(session: Session, who: Identity, *, on: bool) -> None:
    """Remember whether a person uses single keys at the desk."""
    session.get_one(Account, who.account_id).shortcuts = on


def _idle(now: datetime) -> ColumnElement[bool]:
    return and_(SignIn.kind == COOKIE, SignIn.seen_at <= now - IDLE)


def _account(session: Session, account_id: int) -> Account:
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound
    return account


def _take_away(session: Session, account: Account) -> None:
    for column in (SignIn.account_id, DeskMember.account_id, RecoveryCode.account_id, Contact.account_id):
        session.execute(delete(column.class_).where(column == account.id))


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
