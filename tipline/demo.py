"""What differs in a demo instance, all of it: secrets it makes for itself, loopback only, no second factor, samples.

A demo instance does by itself what first sign-ins and sharing would do, and keeps the passwords beside the data in
``demo.txt``: whoever can read that file can read everything. Therefore it serves nobody but its own machine.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from tipline import accounts, backup, casework, desks, intake, migrate, routing
from tipline.accounts import Identity
from tipline.database import Database
from tipline.intake import Report
from tipline.models import Account, Tip
from tipline.receipts import mint
from tipline.sealing import KeyFile
from tipline.sealing.passwords import new_passphrase

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from tipline.settings import Settings

FILE = "demo.txt"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
ACCOUNTS = (  # name, role, desk
    ("immigration", "caseworker", "immigration"),
    ("shelter", "caseworker", "shelter"),
    ("police", "caseworker", "police"),
    ("supervisor", "supervisor", "immigration"),
    ("trainer", "trainer", None),
    ("editor", "editor", None),
    ("donor", "donor", None),
    ("admin", "admin", None),
)
_SECRETS: dict[str, Callable[[], str]] = {
    "africastalking-callback": lambda: secrets.token_hex(16),
    "kannel-callback": lambda: secrets.token_hex(16),
    "calls-callback": lambda: secrets.token_hex(16),
    "twilio-account": lambda: "AC" + secrets.token_hex(16),
    "twilio-token": lambda: secrets.token_hex(16),
    "twilio-from": lambda: "48000",
    "console": lambda: secrets.token_hex(16),
}
_HEAD = "# This demo instance's sign-ins (name password) and callback secrets. For trying out only.\n"
_REFUSAL_HEADERS = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
]
_SAMPLES = Path(__file__).with_name("demo.toml")


def is_demo(var: Path) -> bool:
    """Say whether a folder holds a demo instance."""
    return (var / FILE).exists()


def made(var: Path) -> dict[str, str]:
    """Return what a demo instance made for itself: name → password or secret."""
    if not is_demo(var):
        return {}
    lines = (line.split(maxsplit=1) for line in (var / FILE).read_text().splitlines() if not line.startswith("#"))
    return {pair[0]: pair[1].strip() for pair in lines if len(pair) == 2}  # noqa: PLR2004 - name and value


def problems(settings: Settings) -> list[tuple[str, str]]:
    """Return what keeps these settings from a demo instance: it serves its own machine only."""
    if urlsplit(settings.base_url).hostname in LOOPBACK:
        return []
    return [("TIPLINE_BASE_URL", "a loopback address, since this is a demo instance")]


def second_factor(settings: Settings) -> bool:
    """Say whether sign-ins need a one-time code: everywhere but in a demo instance."""
    return not settings.demo


class LoopbackOnly:
    """Wraps a WSGI app and refuses whoever does not come from this machine, or asks for it by another name."""

    def __init__(self, inner: WSGIApplication) -> None:
        """Take the app to guard."""
        self._inner = inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        host = urlsplit("//" + environ.get("HTTP_HOST", "")).hostname
        if host in LOOPBACK and environ.get("REMOTE_ADDR") in LOOPBACK:
            return self._inner(environ, start_response)
        start_response("403 Forbidden", _REFUSAL_HEADERS)
        return [b"This demo instance serves its own machine only.\n"]


def prepare(
    database: Database, var: Path, key_path: Path, now: datetime, *, with_samples: bool = True
) -> dict[str, str]:
    """Make a demo instance, or complete one that is there; return what stands in ``demo.txt``."""
    var.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = made(var)
    for name, make in _SECRETS.items():
        known.setdefault(name, make())
    for name, _, _ in ACCOUNTS:
        known.setdefault(name, new_passphrase())
    if not key_path.exists():
        backup_key = backup.new_key()
        KeyFile.create(key_path, now, backup_key.public().point)
        known["backup-key"] = backup.key_text(backup_key)
        _write(var / FILE, known)
    _write(var / FILE, known)
    keys = KeyFile.load(key_path)
    database.info["keys"] = lambda: keys
    migrate.upgrade(database)
    with database.write() as session:
        desks.seed_desks(session, routing.seed().desks)
        there = set(session.scalars(select(Account.name)))
    for name, role, desk in ACCOUNTS:
        if name not in there:
            with database.write() as session:
                accounts.create(session, name=name, role=role, desk=desk, password=known[name], keys=keys, now=now)
    people = {
        name: _sign_in(database, name, known, keys, now) for name, role, _ in ACCOUNTS if role in accounts.READERS
    }
    with database.write() as session:
        giver = people["immigration"]
        held = desks.private_keys(session, session.get_one(Account, giver.account_id), giver.key)
        desks.share(session, held, session.get_one(Account, people["supervisor"].account_id))
        if with_samples and session.scalar(select(Tip.id).limit(1)) is None:
            _samples(session, people, keys, now)
        for who in people.values():
            accounts.end(session, who, everywhere=False)
    _write(var / FILE, known)
    return known


def welcome(known: dict[str, str], address: str) -> str:
    """Return what is said when a demo instance starts: where to look, and the sign-ins."""
    width = max(len(name) for name, _, _ in ACCOUNTS)
    rows = [f"    {name:{width}}  {known[name]}" for name, _, _ in ACCOUNTS]
    return "\n".join(
        [
            "",
            f"  The public pages        {address}/",
            f"  A phone (SMS and USSD)  {address}/phone",
            f"  The desk                {address}/desk/",
            "",
            "  Sign-ins of this demo instance:",
            *rows,
            "",
            "  Stop with Ctrl-C.",
            "",
        ]
    )


def _sign_in(database: Database, name: str, known: dict[str, str], keys: KeyFile, now: datetime) -> Identity:
    with database.read() as session:
        who = accounts.candidate(session, name)
    key = accounts.unlocked(who, name, known[name], keys)
    with database.write() as session:
        started = accounts.begin(session, who, key, code="", kind="bearer", keys=keys, now=now, second_factor=False)
        desk = accounts.resolve(session, started.token, kind="bearer", now=now, second_factor=False)
        if started.recovery_key:
            known[f"recovery-{desk.desk}"] = started.recovery_key
        return desk


def _samples(session: Session, people: dict[str, Identity], keys: KeyFile, now: datetime) -> None:
    """Add a few composed tips, so that a newcomer sees a desk at work."""
    rules = routing.seed().rules
    for block in tomllib.loads(_SAMPLES.read_text(encoding="utf-8"))["tip"]:
        at = now - timedelta(minutes=block.pop("minutes_ago"))
        to = block.pop("refer_to", None)
        receipt = mint(keys.pepper)
        done = intake.submit(session, Report(**block), now=at, keys=keys, rules=rules, receipt=receipt)
        if to:
            uid = session.get_one(Tip, done.tip_id).uid
            case = casework.hold(session, people["immigration"], uid, keys=keys, now=now - timedelta(minutes=5))
            casework.look(session, case)
            casework.take(session, case)
            casework.refer(session, case, to, "A safe place for tonight is needed.")


def _write(path: Path, known: dict[str, str]) -> None:
    fresh = path.with_suffix(".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(_HEAD + "".join(f"{name} {value}\n" for name, value in known.items()))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
