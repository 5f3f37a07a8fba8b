"""The one key file: separate random keys, mode 600, never in the database.

Losing it loses undelivered messages and every receipt and password, never a delivered tip: those open with the desks'
recovery keys. A thief who holds it and the database opens undelivered outgoing messages and tests phone numbers
against their keyed hashes, nothing else.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tipline.sealing.envelope import PublicKey

_KEYS = ("outbox", "forms", "ussd", "totp", "pepper", "optout", "ids")


@dataclass
class KeyFile:
    """The keys of one instance. ``phone`` holds one key a month; an expired one is destroyed."""

    path: Path
    instance: str
    outbox: bytes = field(repr=False)
    forms: bytes = field(repr=False)
    ussd: bytes = field(repr=False)
    totp: bytes = field(repr=False)
    pepper: bytes = field(repr=False)
    optout: bytes = field(repr=False)
    ids: bytes = field(repr=False)
    phone: dict[str, bytes] = field(repr=False)
    backup: PublicKey | None = None

    @classmethod
    def create(cls, path: Path, now: datetime, backup_point: bytes | None = None) -> KeyFile:
        """Make a new key file (mode 600), with the public half of the backup key.

        FileExistsError if there is one: keys are never overwritten.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        keys = {name: _text(secrets.token_bytes(32)) for name in _KEYS}
        months = {month: _text(secrets.token_bytes(32)) for month in _months(now)}
        data = {"version": 1, "instance": secrets.token_hex(8), "keys": keys, "phone": months}
        if backup_point is not None:
            data["backup"] = _text(backup_point)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(data, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        return cls.load(path)

    @classmethod
    def load(cls, path: Path) -> KeyFile:
        """Read the key file. FileNotFoundError, PermissionError (others can read it) or ValueError (not one)."""
        if path.stat().st_mode & 0o077:
            msg = f"{path} must not be readable by others (chmod 600)"
            raise PermissionError(msg)
        try:
            data = json.loads(path.read_text())
            keys = {name: _bytes(data["keys"][name]) for name in _KEYS}
            phone = {month: _bytes(key) for month, key in data["phone"].items()}
            backup = PublicKey(_bytes(data["backup"])) if "backup" in data else None
            return cls(path=path, instance=data["instance"], phone=phone, backup=backup, **keys)
        except (KeyError, TypeError, json.JSONDecodeError):
            msg = f"{path} is not a key file"
            raise ValueError(msg) from None

    def phone_key(self, now: datetime) -> tuple[str, bytes]:
        """Return this month's name and phone-hash key, making it (and the next month's) if needed."""
        month = f"{now.year:04}-{now.month:02}"  # as ``_months`` has it; strftime costs more than the hash
        if month not in self.phone:
            self.renew(now)
        return month, self.phone[month]

    def renew(self, now: datetime, keep_months: int | None = None) -> None:
        """Add the coming months' phone keys and destroy those older than ``keep_months``, for all processes."""
        with self.path.with_suffix(".lock").open("a") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            data = json.loads(self.path.read_text())
            for month in _months(now):
                data["phone"].setdefault(month, _text(secrets.token_bytes(32)))
            if keep_months is not None:
                oldest = f"{now - timedelta(days=30.5 * keep_months):%Y-%m}"
                data["phone"] = {month: key for month, key in data["phone"].items() if month >= oldest}
            fresh = self.path.with_suffix(".new")
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w") as file:
                json.dump(data, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
            self.phone = {month: _bytes(key) for month, key in data["phone"].items()}


def _months(now: datetime) -> tuple[str, str]:
    return f"{now:%Y-%m}", f"{now.replace(day=1) + timedelta(days=32):%Y-%m}"


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
