"""A reporter takes back what they told, or closes a receipt that fell into wrong hands. The desk always hears of it.

What goes, what stays and why: ``docs/decisions/0005-taking-back.md``.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from tipline import clocks, matters, news, thread
from tipline.errors import UnknownReceipt
from tipline.models import (
    Desk,
    DeskKey,
    Draft,
    Entry,
    Event,
    Outcome,
    OutMessage,
    PhoneThread,
    Tip,
    TipDesk,
    UssdSession,
)
from tipline.outbox import DEAD, EXPIRED, HELD, SENDING, SENT, WAITING
from tipline.sealing import PublicKey, unpack
from tipline.sealing.passwords import ReceiptKeys

POLICE = "police"
_BY_REFERRAL = ("offered", "accepted")
_CALL_ASKED = "call_back_asked"  # a reason of ``callback``, which lies above
_HANDED_OVER = ("referred_elsewhere", "investigation_opened", "prosecuted")  # outcomes that say so
# What ``Tip.news`` says of a tip that is unread for another reason than words.
WITHDRAWN, RECEIPT_CLOSED = "withdrawn", "receipt_closed"


@dataclass(frozen=True)
class PassedOn:
    """What the law's duty has passed on already: to the police, to another office, or to both."""

    police: bool
    office: bool
    key_ids: frozenset[str]  # of desks that hold it by that duty
    until: datetime | None  # what was said until then was passed on outside of here

    def __bool__(self) -> bool:
        """Say whether anything was."""
        return self.police or self.office

    def has(self, entry: Entry) -> bool:
        """Say whether an entry was passed on."""
        if self.until is not None and entry.created_at <= self.until:
            return True
        return not self.key_ids.isdisjoint(unpack(entry.wraps))


def tip_of(session: Session, receipt: ReceiptKeys) -> Tip:
    """Return the tip that a receipt opens. UnknownReceipt."""
    tip = session.scalar(select(Tip).where(Tip.receipt_lookup == receipt.lookup))
    if tip is None:
        raise UnknownReceipt
    return tip


def passed_on(session: Session, tip: Tip) -> PassedOn:
    """Say what the duty to report (Anti-Trafficking Act s.23, CPWA s.36) has passed on of a tip.

    To the police: its stage once said so, or somebody at the police's desk opened it or acted on it. To another
    office: by a referral that was not declined, or by how it ended. A queue that nobody has looked into is no officer.
    """
    desks = session.execute(
        select(Desk.id, Desk.slug, TipDesk.state)
        .join(TipDesk, TipDesk.desk_id == Desk.id)
        .where(TipDesk.tip_id == tip.id, TipDesk.state != "declined")
    ).all()
    events = session.scalars(select(Event).where(Event.tip_id == tip.id)).all()
    acted = {event.desk_id for event in events}
    at_police = {desk.id for desk in desks if desk.slug == POLICE and desk.id in acted}
    referred = {desk.id for desk in desks if desk.state in _BY_REFERRAL}
    reported = [
        event.at
        for event in events
        if event.kind == "police_told" or (event.kind == "moved" and event.data.get("to") == "reported_police")
    ]
    handed = (Outcome.tip_id == tip.id, Outcome.result.in_(_HANDED_OVER))
    ended = list(session.scalars(select(Outcome.created_at).where(*handed)))
    keys = session.scalars(select(DeskKey.id).where(DeskKey.desk_id.in_(at_police | referred)))
    return PassedOn(
        police=bool(at_police or reported),
        office=bool(referred - at_police or ended),
        key_ids=frozenset(keys),
        until=max([*reported, *ended], default=None),
    )


def withdraw(session: Session, tip: Tip, *, by: str, now: datetime) -> PassedOn:
    """Destroy what a reporter told: story, messages, answers, the desk's notes on it, the number. Counts survive.

    What was passed on stays with those who had it; what is returned says so. Either way the receipt opens nothing any
    more, nothing is sent any more, and the desks are told. ``by`` is the channel it was asked through.
    """
    passed = passed_on(session, tip)
    entries = thread.entries(session, tip.id)
    # What a desk wrote for itself retells the story, and goes and stays with it.
    own = {thread.NOTE, thread.REASON, thread.OUTCOME, thread.ASSESSMENT, thread.REPORT}
    for entry in entries:
        if entry.kind == thread.NUMBER or not (passed and (entry.kind in own or passed.has(entry))):
            entry.body = entry.wraps = b""
    _call_off(session, tip, [entry.id for entry in entries], everything=True)
    session.execute(delete(PhoneThread).where(PhoneThread.tip_id == tip.id))
    session.execute(delete(Draft).where(Draft.tip_id == tip.id))
    # Its draft's key lies in it. The row stays, closed: a call that comes late must not tell the story once more.
    ended = {"open": False, "locked": b"", "tip_id": None}
    session.execute(update(UssdSession).where(UssdSession.tip_id == tip.id).values(ended), _NO_SYNC)
    _close_receipt(tip, entries)
    tip.unfinished, tip.content_consent = False, False
    tip.withdrawn_at, tip.alike, tip.waits = now, None, False
    tip.reasons = [one for one in tip.reasons if passed and one != _CALL_ASKED]  # there is no number to call any more
    if not passed:
        tip.indicators = []
    matters.leave(session, tip)
    _tell_desks(session, tip, WITHDRAWN, now)
    thread.record(session, tip.id, WITHDRAWN, now, by=by, kept=bool(passed))
    session.flush()
    return passed


def close_receipt(session: Session, tip: Tip, *, by: str, now: datetime) -> None:
    """Have a receipt open nothing any more; the tip stays as it is, and its desks are told."""
    entries = thread.entries(session, tip.id)
    _call_off(session, tip, [entry.id for entry in entries], everything=False)
    _close_receipt(tip, entries)
    _tell_desks(session, tip, RECEIPT_CLOSED, now)
    thread.record(session, tip.id, RECEIPT_CLOSED, now, by=by)
    session.flush()


def _close_receipt(tip: Tip, entries: list[Entry]) -> None:
    """Take the receipt's key out of a thread. A lookup that nobody can find stays: no device gets a second receipt."""
    if tip.reporter_point is not None:
        key_id = PublicKey(tip.reporter_point).id
        for entry in entries:
            thread.shut_out(entry, [key_id])
    if tip.receipt_lookup is not None:
        tip.receipt_lookup = secrets.token_bytes(32)
    tip.reporter_point = tip.client_receipt = None


def _call_off(session: Session, tip: Tip, entry_ids: list[int], *, everything: bool) -> None:
    """Call off what waits to be sent: of the tip, or only what waits for whoever texted its receipt."""
    of_entries = OutMessage.entry_id.in_(entry_ids)
    which: ColumnElement[bool] = of_entries & OutMessage.tip_id.is_(None)
    if everything:
        hashes = select(PhoneThread.phone_hash).where(PhoneThread.tip_id == tip.id)
        automatic = OutMessage.phone_hash.in_(hashes) & OutMessage.tip_id.is_(None) & OutMessage.entry_id.is_(None)
        which = or_(OutMessage.tip_id == tip.id, of_entries, automatic)
    waits = which & OutMessage.state.in_((HELD, WAITING))
    session.execute(update(OutMessage).where(waits).values(state=EXPIRED), _NO_SYNC)
    blank = which & OutMessage.state.in_((EXPIRED, DEAD, SENDING, SENT))
    session.execute(update(OutMessage).where(blank).values(payload=None, phone_hash=None), _NO_SYNC)


def _tell_desks(session: Session, tip: Tip, what: str, now: datetime) -> None:
    """Put a tip before its desks again, closed or not."""
    news.stir(tip, what)
    tip.changed_at = now
    there = (TipDesk.tip_id == tip.id, TipDesk.state != "declined")
    session.execute(update(TipDesk).where(*there).values(active=True))
    clocks.post(session, tip)


_NO_SYNC = {"synchronize_session": False}
