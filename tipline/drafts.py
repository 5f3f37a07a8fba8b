"""What somebody has begun to write at a tip: sealed to that one person's own key, until it is sent, or for a week.

Keeping needs their public key alone, so that what was typed is not lost where a sign-in has ended meanwhile; nobody
else opens it, not even their desk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from tipline import thread
from tipline.accounts import READERS, Identity
from tipline.models import Account, Draft, Tip, TipDesk
from tipline.retention import KEEP_DRAFTS
from tipline.sealing import CannotOpen, PublicKey, Where, open_sealed, pack, seal, unpack

LONGEST = 16_000  # characters


@dataclass(frozen=True)
class Kept:
    """What was begun, and when it was kept."""

    text: str = field(repr=False)
    at: datetime


def keep(session: Session, account: Account, tip: Tip, form: str, text: str, *, instance: str, now: datetime) -> None:
    """Keep what an account has typed into a form of a tip, in place of what was kept before; nothing typed ends it."""
    forget(session, account.id, tip.id, form)
    if not text.strip():
        return
    where = _where(instance, tip, account.id, form)
    sealed = seal(thread.encode({"text": text[:LONGEST]}), where, [PublicKey(account.point)])
    session.add(
        Draft(
            account_id=account.id, tip_id=tip.id, form=form, body=sealed.body, wraps=pack(sealed.wraps), kept_at=now,
        )
    )  # fmt: skip
    session.flush()


def keep_for(session: Session, account: Account | None, uid: str, form: str, text: str, *, instance: str,
             now: datetime) -> bool:  # fmt: skip
    """Keep it for somebody whose sign-in has ended; False if there is nothing to keep or nobody to keep it for."""
    if account is None or account.role not in READERS or account.disabled_at is not None or not text.strip():
        return False
    there = (TipDesk.desk_id == account.desk_id, TipDesk.state != "declined")
    tip = session.scalar(select(Tip).join(TipDesk, TipDesk.tip_id == Tip.id).where(Tip.uid == uid, *there))
    if tip is None:
        return False
    keep(session, account, tip, form, text, instance=instance, now=now)
    return True


def kept(session: Session, who: Identity, tip: Tip, *, instance: str, now: datetime) -> Mapping[str, Kept]:
    """Return what the signed-in person has begun to write at a tip, by form."""
    found: dict[str, Kept] = {}
    wanted = select(Draft).where(Draft.account_id == who.account_id, Draft.tip_id == tip.id)
    for row in session.scalars(wanted.where(Draft.kept_at > now - KEEP_DRAFTS)):
        where = _where(instance, tip, who.account_id, row.form)
        try:
            data = thread.decode(open_sealed(row.body, unpack(row.wraps), who.key, where))
        except (CannotOpen, ValueError):  # their key is another one since a forgotten passphrase
            continue
        found[row.form] = Kept(str(data.get("text", "")), row.kept_at)
    return found


def forget(session: Session, account_id: int, tip_id: int, form: str) -> None:
    """Destroy what was begun: it was sent, or thrown away."""
    session.execute(delete(Draft).where(Draft.account_id == account_id, Draft.tip_id == tip_id, Draft.form == form))


def _where(instance: str, tip: Tip, account_id: int, form: str) -> Where:
    return Where(instance, tip.binding, f"draft {account_id} {form}")
