"""The audit log: every act of staff as one row, each hashed over the one before. Ids and verbs, never text.

An act is noted in the transaction that does it and written just before that commits: if it is undone, so is its row,
and there is no gap. Whoever reports (web, SMS, USSD) leaves none: only staff act here. ``audit_check`` walks the chain;
docs/decisions tells why it is keyed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from tipline.models import Act
from tipline.sealing import KeyFile, keyed_hash

TIP, DESK, ACCOUNT, MESSAGE, INSTANCE = "tip", "desk", "account", "message", "instance"
VERBS = {  # verb → what it is done to; there is no other place, and an act without a verb cannot be written
    "first_look": TIP,
    "opened": TIP,
    "viewed": TIP,
    "taken": TIP,
    "moved": TIP,
    "noted": TIP,
    "referred": TIP,
    "accepted": TIP,
    "declined": TIP,
    "desk_excluded": TIP,
    "replied": TIP,
    "sent_again": TIP,
    "closed": TIP,
    "not_passed_on": TIP,
    "told_though_excluded": TIP,
    "police_told": TIP,
    "receipt_added": TIP,
    "report_made": TIP,
    "close_proposed": TIP,
    "close_approved": TIP,
    "close_returned": TIP,
    "rest_left": TIP,
    "kept_back": TIP,
    "let_go": TIP,
    "number_shown": TIP,
    "called": TIP,
    "blocked": TIP,
    "assessed": TIP,
    "prioritised": TIP,
    "unblocked": TIP,
    "unfolded": TIP,
    "merged": TIP,
    "unmerged": TIP,
    "found": TIP,
    "searched": DESK,
    "trail_viewed": DESK,
    "key_made": DESK,
    "key_renewed": DESK,
    "key_opened": DESK,
    "key_refused": DESK,
    "recovery_made": DESK,
    "recovery_tried": DESK,
    "key_shared": ACCOUNT,
    "signed_in": ACCOUNT,
    "sign_in_refused": ACCOUNT,
    "signed_out": ACCOUNT,
    "passphrase_refused": ACCOUNT,
    "passphrase_changed": ACCOUNT,
    "authenticator_set": ACCOUNT,
    "authenticator_dropped": ACCOUNT,
    "codes_made": ACCOUNT,
    "account_added": ACCOUNT,
    "account_disabled": ACCOUNT,
    "account_renewed": ACCOUNT,
    "contact_set": ACCOUNT,
    "rota_changed": DESK,
    "message_retried": MESSAGE,
    "rules_changed": INSTANCE,
    "backup_written": INSTANCE,
    "restored": INSTANCE,
}
LOOKS = ("first_look", "opened", "viewed")
LOOK_LASTS = timedelta(minutes=10)  # a page that comes back after each form is one look, not ten
FIRST = bytes(32)  # what the first row is hashed over
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,40}", re.ASCII)
_PENDING = "audit"
_ONE_AT_A_TIME = 0x7469706C  # PostgreSQL's advisory lock: any number, as long as it is always this one


class NotAnAct(Exception):
    """The verb is not listed, or what goes with it is no code: nothing of the transaction is kept."""


class Who(Protocol):
    """Whoever is signed in; ``accounts.Identity`` is."""

    @property
    def account_id(self) -> int:
        """Return their account's number."""

    @property
    def desk_id(self) -> int | None:
        """Return their desk's."""


@dataclass(frozen=True)
class Noted:
    """An act that is written when its transaction commits."""

    at: datetime
    verb: str
    account_id: int | None
    desk_id: int | None
    object: str
    data: dict[str, Any]


def note(
    session: Session, verb: str, now: datetime, *, account_id: int | None, desk_id: int | None,
    of: str | int = "", **data: Any,  # noqa: ANN401 - codes and counts
) -> None:  # fmt: skip
    """Note an act: who, at which desk, to what (a tip's uid, an account, a desk's slug). NotAnAct.

    The row is written at the very end, so that the chain is held for a moment and never while rows are waited for.
    """
    if verb not in VERBS:
        msg = f"no verb {verb!r}: list it in tipline.audit.VERBS, with its words in tipline.web.audit"
        raise NotAnAct(msg)
    if not all(_is_code(one) for pair in data.items() for one in pair) or not (of == "" or _is_code(of)):
        msg = f"{verb}: ids and codes only"
        raise NotAnAct(msg)
    acts = session.info.setdefault(_PENDING, [])
    acts.append(Noted(now, verb, account_id, desk_id, str(of), data))


def note_by(session: Session, who: Who, verb: str, now: datetime, *, of: str | int = "", **data: str | int) -> None:
    """Note what a signed-in person does, at their own desk."""
    note(session, verb, now, account_id=who.account_id, desk_id=who.desk_id, of=of, **data)


def looked_lately(session: Session, account_id: int, uid: str, now: datetime, verbs: Collection[str] = LOOKS) -> bool:
    """Say whether this person's look at a tip is in the log already, not longer than ``LOOK_LASTS`` ago."""
    wanted = select(Act.seq).where(
        Act.object == uid, Act.account_id == account_id, Act.verb.in_(verbs), Act.at > now - LOOK_LASTS
    )
    return session.scalar(wanted.limit(1)) is not None


def link(keys: KeyFile, before: bytes, row: Act, seq: int | None = None) -> bytes:
    """Return the hash that belongs to a row after ``before`` (as if it were number ``seq``)."""
    at = row.at.replace(tzinfo=None).isoformat(timespec="microseconds")
    said = [seq or row.seq, at, row.account_id, row.desk_id, row.verb, row.kind, row.object, row.data]
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return keyed_hash(keys.ids, "audit", before.hex(), canonical)


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    acts: list[Noted] = session.info.pop(_PENDING, [])
    if not acts:
        return
    keys: KeyFile = session.info["keys"]()  # without the key file nothing is done that should stand in the log
    session.flush()
    if session.get_bind().dialect.name == "postgresql":  # SQLite lets one in at a time anyway
        session.execute(text("SELECT pg_advisory_xact_lock(:one)"), {"one": _ONE_AT_A_TIME})
    last = session.execute(select(Act.seq, Act.link).order_by(Act.seq.desc()).limit(1)).first()
    seq, before = (last.seq, last.link) if last else (0, FIRST)
    for act in acts:
        seq += 1
        row = Act(
            seq=seq, at=act.at, account_id=act.account_id, desk_id=act.desk_id, verb=act.verb, kind=VERBS[act.verb],
            object=act.object, data=act.data,
        )  # fmt: skip
        row.link = before = link(keys, before, row)
        session.add(row)


def _is_code(value: object) -> bool:
    return value is None or isinstance(value, bool | int) or (isinstance(value, str) and bool(_CODE.fullmatch(value)))
