"""How a desk's answer reaches its reporter: as text, as a notice that it waits, or by the receipt alone. They chose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from tipline import outbox, phones, thread
from tipline.models import OutMessage, Tip
from tipline.sealing import KeyFile, PrivateKey

LONGEST_REPLY = 2000  # characters; a phone gets it in parts of 160
# The ways, as ``words.WAYS`` says them to whoever writes.
TEXT, NOTICE, NO_TEXTS, RECEIPT, NOTHING = "text", "notice", "no_texts", "receipt", "nothing"


class Words(Protocol):
    """How an answer is put to a phone; the sms wing says it, ``app`` hands it in."""

    def notice(self, lang: str) -> str:
        """Return the neutral text that says a message waits."""

    def parts(self, text: str) -> list[str]:
        """Return a text as one-segment parts."""


def way(tip: Tip, *, has_number: bool) -> str:
    """Return how an answer to this tip leaves, STOP aside (a phone that sent it gets nothing until START).

    The words themselves go to a phone at once only if its reporter agreed to that (``content_consent``).
    """
    if has_number and not tip.no_texts:
        return TEXT if tip.content_consent else NOTICE
    if tip.reporter_point is None:
        return NOTHING
    return NO_TEXTS if has_number else RECEIPT


def number_of(
    session: Session, tip: Tip, keys: Mapping[str, PrivateKey], instance: str
) -> dict[str, str] | None:  # fmt: skip
    """Return the newest number that one of the keys opens (``number``, ``carrier``, ``ours``); no page may show it."""
    found = [thread.opened(one, tip, keys, instance) for one in thread.entries(session, tip.id, (thread.NUMBER,))]
    data = next((one.data for one in reversed(found) if one.data), None)
    return None if data is None else {str(name): str(value) for name, value in data.items()}


def send(
    session: Session, tip: Tip, number: Mapping[str, str], text: str, entry_id: int, words: Words, *, keys: KeyFile,
    now: datetime, asked_last: str | None = None,
) -> None:  # fmt: skip
    """Promise an answer to the phone that a tip left: its words, or a notice while they wait to be asked for.

    Nothing, and no error, where its reporter or the phone itself wants no texts. ``asked_last`` is a carrier that was
    silent about it before.
    """
    how = way(tip, has_number=True)
    if how not in (TEXT, NOTICE) or phones.stopped(session, keys, number["number"]):
        return
    _, phone_hash = phones.hashes(keys, number["number"], now)[0]
    common: dict[str, Any] = {
        "keys": keys, "now": now, "phone_hash": phone_hash, "tip_id": tip.id, "entry_id": entry_id,
        "asked_last": asked_last,
    }  # fmt: skip

    def sms(body: str) -> outbox.Text:
        return outbox.Text(number["number"], body, number.get("carrier", ""), number.get("ours", ""))

    for part in words.parts(text):
        outbox.promise(session, sms(part), kind="answer", held=how == NOTICE, **common)
    if how == NOTICE:
        outbox.promise(session, sms(words.notice(tip.language)), kind="notice", **common)
    lang = None if tip.channel == "sms" else tip.language  # a text tells it, once it is sure
    phones.remember(session, keys, number["number"], now, tip_id=tip.id, language=lang)


def deliveries(session: Session, tip_id: int) -> dict[int, str]:
    """Return what the carrier last said of each answer: entry id → its word, or the state here."""
    rows = session.scalars(select(OutMessage).where(OutMessage.tip_id == tip_id).order_by(OutMessage.id))
    return {row.entry_id: row.delivery or row.state for row in rows if row.entry_id is not None}
