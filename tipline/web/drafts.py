"""A report on its way: the answers so far, locked in a hidden field of the page. No row and no cookie before the end.

The field is bound to its purpose, padded (its length does not tell how much was written) and dies after a day: an old
page on a shared phone opens nothing. Its id makes a double send one tip.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from tipline.sealing import CannotOpen, lock, unlock
from tipline.sealing.envelope import pad, unpad

LIFE = timedelta(hours=24)  # as long as a double send gets its receipt again
_PURPOSE = "report on its way"


class Lost(Exception):
    """The hidden field is not there, is too old, or was changed: what it held is gone."""


@dataclass(frozen=True)
class Answers:
    """What was answered so far, as typed or ticked; empty means "not asked or skipped"."""

    danger: str = ""  # yes, no, unknown
    story: str = field(default="", repr=False)
    category: str = ""
    district: str = ""  # a slug, or unknown
    port: str = ""  # a slug, or informal
    where: str = field(default="", repr=False)
    happening: str = ""  # now, today, week, past, unknown
    child: str = ""  # yes, no, unknown
    exclude: tuple[str, ...] = ()
    exclude_note: str = field(default="", repr=False)
    texts: str = ""  # how a phone may be answered: none, notice, answer
    phone: str = field(default="", repr=False)


@dataclass(frozen=True)
class Draft:
    """A report on its way. ``checked``: all questions were seen once, so a change leads back to the check."""

    id: str = field(repr=False)
    answers: Answers = field(default_factory=Answers)
    checked: bool = False


def begin(answers: Answers | None = None) -> Draft:
    """Return a new draft; its id has 128 bits."""
    return Draft(secrets.token_urlsafe(16), answers or Answers())


def seal(draft: Draft, key: bytes, now: datetime) -> str:
    """Return a draft as the hidden field carries it."""
    said = {name: value for name, value in asdict(draft.answers).items() if value}
    return lock_field({"id": draft.id, "checked": draft.checked, "said": said}, key, _PURPOSE, now)


def unseal(text: str, key: bytes, now: datetime) -> Draft:
    """Return the draft that a hidden field carries. Lost."""
    data = unlock_field(text, key, _PURPOSE, now, LIFE)
    said = data["said"]
    known = {one.name: said[one.name] for one in fields(Answers) if one.name in said}
    known["exclude"] = tuple(known.get("exclude", ()))
    return Draft(data["id"], Answers(**known), data["checked"])


def lock_field(data: Mapping[str, Any], key: bytes, purpose: str, now: datetime) -> str:
    """Return data as a hidden field carries it: with the time, padded, locked, in letters."""
    plain = json.dumps({**data, "at": int(now.timestamp())}, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(lock(pad(plain.encode()), key, purpose)).decode()


def unlock_field(text: str, key: bytes, purpose: str, now: datetime, life: timedelta) -> dict[str, Any]:
    """Undo ``lock_field``. Lost if it is older than ``life``, for another purpose, or not ours."""
    try:
        data: dict[str, Any] = json.loads(unpad(unlock(base64.urlsafe_b64decode(text.encode()), key, purpose)))
    except (CannotOpen, binascii.Error):
        raise Lost from None
    if now.timestamp() - data["at"] > life.total_seconds():
        raise Lost
    return data
