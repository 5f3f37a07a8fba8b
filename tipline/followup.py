"""The reporter returns with a receipt (or the phone that wrote): opens the thread, reads answers, says more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tipline import abuse, alerts, clocks, desks, intake, news, outbox, phones, priority, thread, triage
from tipline.errors import AllDesksExcluded, EmptyTip, NotFound, TooLong, UnknownReceipt
from tipline.intake import LONGEST
from tipline.models import Entry, Tip, TipDesk
from tipline.phones import Phone
from tipline.receipts import clean
from tipline.routing import Rule, route
from tipline.sealing import KeyFile, PrivateKey
from tipline.sealing.passwords import ReceiptKeys, receipt_keys

_SERIOUS = ("P0", "P1")  # what is less than that says nothing new about a tip that is there already


@dataclass(frozen=True)
class Line:
    """One message as the reporter sees it; ``hour`` is when, rounded down to the hour."""

    sender: str  # "desk" or "reporter"
    text: str = field(repr=False)
    hour: datetime


@dataclass(frozen=True)
class Thread:
    """What a receipt opens: the stage and the messages, never the story."""

    tip_id: int
    stage: str
    language: str
    lines: tuple[Line, ...] = field(repr=False)
    closed: bool


def unlock_receipt(typed: str, keys: KeyFile) -> ReceiptKeys:
    """Return what the typed digits open (about 40 ms whatever was typed; hold no transaction meanwhile)."""
    return receipt_keys(clean(typed) or "-", keys.pepper)


def open_thread(session: Session, receipt: ReceiptKeys, *, keys: KeyFile, now: datetime) -> Thread:
    """Open a thread for its reporter and mark the desk's answers as read. UnknownReceipt if there is none."""
    tip = _tip(session, receipt)
    public = receipt.key.public()
    lines = []
    for entry in thread.entries(session, tip.id, (thread.REPLY, thread.MESSAGE)):
        seen = thread.opened(entry, tip, {public.id: receipt.key}, keys.instance)
        if seen.data is None:
            continue  # from before this receipt could read
        sender = "desk" if entry.kind == thread.REPLY else "reporter"
        lines.append(
            Line(sender, str(seen.data.get("text", "")), entry.created_at.replace(minute=0, second=0, microsecond=0))
        )
        if entry.kind == thread.REPLY and entry.read_at is None:
            entry.read_at = now
            thread.record(session, tip.id, "answer_read", now)
    session.flush()
    return Thread(tip.id, tip.stage, tip.language, tuple(lines), tip.closed_at is not None)


def add_by_receipt(
    session: Session, receipt: ReceiptKeys, text: str, *, keys: KeyFile, now: datetime, rules: tuple[Rule, ...] = ()
) -> int:
    """Add the reporter's further words to the thread their receipt opens. UnknownReceipt, EmptyTip, TooLong.

    With ``rules`` they are also heeded, as ``heed`` says.
    """
    tip = _tip(session, receipt)
    if rules and tip.closed_at is None and len(text) <= LONGEST:
        heed(session, tip, text, danger_now=None, rules=rules, keys=keys, now=now)
    return add(session, tip, text, keys=keys, now=now)


def add(
    session: Session, tip: Tip, text: str, *, keys: KeyFile, now: datetime, to_receipt: bool = True,
    answers: str | None = None, value: bool | int | None = None, quiet: bool = False,
) -> int:  # fmt: skip
    """Add a reporter's further words to their tip, sealed to its desks; return the entry's id. EmptyTip, TooLong.

    ``to_receipt`` is false where whoever holds the receipt need not be who wrote: then the receipt does not open them.
    ``answers`` is the question that they answer (a code), ``value`` what with, where that is more than words.
    ``quiet`` keeps them and marks nothing: see ``abuse.weigh``.
    """
    if not text.strip():
        raise EmptyTip
    if len(text.encode(errors="surrogatepass")) > LONGEST:
        raise TooLong
    readers = thread.readers(session, tip)
    if not to_receipt:
        readers = [key for key in readers if key.point != tip.reporter_point]
    entry_id = thread.add(
        session, instance=keys.instance, tip_id=tip.id, binding=tip.binding, kind=thread.MESSAGE,
        data={"text": text, **({"answers": answers, "value": value} if answers else {})}, readers=readers, now=now,
    )  # fmt: skip
    if quiet:
        session.flush()
        return entry_id
    abuse.unfold(session, tip, now)
    news.stir(tip)
    tip.changed_at = now
    if tip.closed_at is not None:  # nobody looks for what is closed: back into the queues until somebody does
        there = (TipDesk.tip_id == tip.id, TipDesk.state != "declined")
        session.execute(update(TipDesk).where(*there).values(active=True))
    clocks.wait(session, tip, waits=False)
    thread.record(session, tip.id, "reporter_wrote", now)
    session.flush()
    return entry_id


def heed(
    session: Session, tip: Tip, text: str, *, danger_now: bool | None, rules: tuple[Rule, ...], keys: KeyFile,
    now: datetime, child: bool | None = None,
) -> None:  # fmt: skip
    """Let a reporter's further words count as if they had been said at once; call it before ``add``.

    ``danger_now`` and ``child`` are what was answered to these questions. Danger said later raises the tip (nothing
    lowers it; see ``priority.lift`` for what a human decided), and a desk that the rules name now is let in: ``add``
    then seals the new words to it as well. What was said before stays with the desks that had it.
    """
    draft = triage.Draft(text, tip.language, tip.channel, danger_now=danger_now, child=child)
    advice = triage.advise(draft)
    tip.place = tip.place or advice.place
    tip.danger_now = danger_now if tip.danger_now is None else tip.danger_now
    tip.child = child if tip.child is None else tip.child
    if advice.priority not in _SERIOUS:
        return
    before, place = tip.priority, clocks.place(tip)
    tip.danger_now = advice.danger_now or tip.danger_now
    tip.child = advice.child or tip.child
    tip.category = advice.category if tip.category == "unknown" else tip.category
    priority.lift(session, tip, advice.priority, now)
    tip.reasons = list(dict.fromkeys((*advice.reasons, *tip.reasons)))
    tip.indicators = list(dict.fromkeys((*tip.indicators, *advice.indicators)))
    joined = _let_in(session, tip, rules)
    if joined or tip.priority != before:
        thread.record(session, tip.id, "raised", now, before=before, to=tip.priority, desks=joined)
    if clocks.place(tip) == alerts.URGENT and (joined or place != alerts.URGENT):
        alerts.urgent(session, tip.id, keys, now)


def move_number(
    session: Session, tip: Tip, phone: Phone, *, keys: KeyFile, now: datetime, dialogue: str | None = None,
    language: str | None = None,
) -> None:  # fmt: skip
    """Remember the door a phone wrote to last (only the newest number entry counts), and where questions stand.

    Its text is counted. ``language`` is what its text was the first to tell.
    """
    tip.language = language or tip.language
    readers = [key for key in thread.readers(session, tip) if key.point != tip.reporter_point]
    thread.add(
        session, instance=keys.instance, tip_id=tip.id, binding=tip.binding, kind=thread.NUMBER,
        data=intake.number_data(phone), readers=readers, now=now,
    )  # fmt: skip
    old = list(thread.entries(session, tip.id, (thread.NUMBER,)))[:-1]
    for entry in old:
        session.delete(entry)
    phones.remember(session, keys, phone.number, now, tip_id=tip.id, language=language, dialogue=dialogue, texts=1)


def read_by_phone(session: Session, entry_id: int, now: datetime) -> None:
    """Mark an answer as read: its text went to the phone that asked for it."""
    entry = session.get(Entry, entry_id)
    if entry is None:
        raise NotFound
    if entry.read_at is None:
        entry.read_at = now
        thread.record(session, entry.tip_id, "answer_read", now)


def hold_answers(
    session: Session, receipt: ReceiptKeys, phone: Phone, parts: Callable[[str], list[str]], *, keys: KeyFile,
    now: datetime,
) -> None:  # fmt: skip
    """Let what the desk wrote and nobody read wait for a phone that texted this receipt, as a reply waits for its own.

    Nothing, and no error, where the receipt opens nothing or the phone wants no texts. ``parts`` cuts a text up.
    The promises do not name the tip: what becomes of them is not how the desk's own reply fared.
    """
    tip = session.scalar(select(Tip).where(Tip.receipt_lookup == receipt.lookup))
    if tip is None or phones.stopped(session, keys, phone.number):
        return
    hashes = [one for _, one in phones.hashes(keys, phone.number, now)]
    public = receipt.key.public()
    held = False
    for entry in thread.entries(session, tip.id, (thread.REPLY,)):
        seen = thread.opened(entry, tip, {public.id: receipt.key}, keys.instance)
        if entry.read_at is not None or seen.data is None or outbox.waits_for(session, hashes, now, entry.id):
            continue
        for part in parts(str(seen.data.get("text", ""))):
            text = outbox.Text(phone.number, part, phone.carrier, phone.ours)
            outbox.promise(
                session, text, kind="answer", keys=keys, now=now, phone_hash=hashes[0], entry_id=entry.id, held=True
            )
        held = True
    if held:  # known from now on: else nobody would look for what waits when it sends its 1
        known = phones.thread_of(session, keys, phone.number, now)
        lang = None if known and known.language else tip.language
        phones.remember(session, keys, phone.number, now, tip_id=None, language=lang)


def _let_in(session: Session, tip: Tip, rules: tuple[Rule, ...]) -> list[str]:
    """Open a tip to the desks that the rules name and that never had it; return their slugs."""
    known = {slug: desk for slug, desk in desks.all_desks(session).items() if desk.key is not None}
    rows = session.scalars(select(TipDesk).where(TipDesk.tip_id == tip.id)).all()
    there = {row.desk_id for row in rows}
    try:
        named = route(intake.facts(tip, tip.excluded), rules, known)
    except AllDesksExcluded:
        return []
    joined = [slug for slug in named if slug in known and known[slug].id not in there]
    for slug in joined:
        session.add(
            TipDesk(
                tip_id=tip.id, desk_id=known[slug].id, state="routed", active=True, priority=clocks.place(tip),
                arrival=rows[0].arrival, stage=tip.stage, due=clocks.due(tip), waits=tip.waits,
            )
        )  # fmt: skip
    session.flush()
    return joined


def _tip(session: Session, receipt: ReceiptKeys) -> Tip:
    tip = session.scalar(select(Tip).where(Tip.receipt_lookup == receipt.lookup))
    if tip is None:
        raise UnknownReceipt
    return tip


__all__ = [
    "Line",
    "PrivateKey",
    "Thread",
    "add",
    "add_by_receipt",
    "heed",
    "hold_answers",
    "move_number",
    "open_thread",
    "read_by_phone",
    "unlock_receipt",
]
