"""What a text that orders an end leads to: it is asked once more, then what was told goes or a receipt is closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from sms.orders import Order
from tipline import intake, withdrawal
from tipline.errors import UnknownReceipt
from tipline.models import Tip
from tipline.phones import Known
from tipline.sealing.passwords import ReceiptKeys

ASKED = "!"  # beside where the questions to a phone stand: it was asked whether to delete, and nothing came since
_BY = "sms"
_WITHIN = timedelta(hours=1)


@dataclass(frozen=True)
class Ending:
    """The template that answers; ``asked``: a yes comes next; ``destroyed``: something of the tip is gone for good."""

    reply: str
    asked: bool = False
    destroyed: bool = False


def obey(
    session: Session, order: Order | None, known: Known | None, opened: ReceiptKeys | None, now: datetime
) -> Ending | None:
    """Do what an order says; None if it is none after all (a yes to something else).

    A phone alone ends only what was told from it by text: the number in any other report may be anybody's, so that
    the receipt is needed. ``opened`` is what the order's digits open.
    """
    if order is None:
        return None
    if order.digits:
        return _by_receipt(session, order, opened, now)
    if order.kind == "close":
        return Ending("close_how")
    if order.kind == "yes":
        asked = known is not None and ASKED in (known.dialogue or "") and now - known.changed_at <= _WITHIN
        if not asked:
            return None
    tip = _told_from(session, known)
    if tip is None:
        return Ending("delete_none")
    if not order.sure:
        return Ending("delete_ask_part" if withdrawal.passed_on(session, tip) else "delete_ask", asked=True)
    return _destroy(session, tip, now)


def _by_receipt(session: Session, order: Order, opened: ReceiptKeys | None, now: datetime) -> Ending:
    """Ask for the digits once more, beside a yes: nothing is kept of them meanwhile, and nothing is said of them."""
    if not order.sure:
        return Ending(f"{order.kind}_digits")
    try:
        tip = withdrawal.tip_of(session, opened) if opened is not None else None  # mistyped, or too many tries
    except UnknownReceipt:
        tip = None
    if tip is None:
        return Ending("digits_open_nothing")
    if order.kind == "delete":
        return _destroy(session, tip, now)
    withdrawal.close_receipt(session, tip, by=_BY, now=now)
    return Ending("digits_closed", destroyed=True)


def _destroy(session: Session, tip: Tip, now: datetime) -> Ending:
    passed = withdrawal.withdraw(session, tip, by=_BY, now=now)
    return Ending("deleted_part" if passed else "deleted", destroyed=True)


def _told_from(session: Session, known: Known | None) -> Tip | None:
    """Return what this phone told last by text, closed or not."""
    tip = session.get(Tip, known.tip_id) if known is not None and known.tip_id is not None else None
    return tip if tip is not None and tip.channel == intake.BY_PHONE else None
