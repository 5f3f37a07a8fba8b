"""THE FRONT DOOR. Every channel comes in here: advise, route, seal, keep.

Nothing here commits: the edge opens the transaction (see ``house.House.take_in``).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, bindparam, delete, or_, select, update
from sqlalchemy.orm import Session

from tipline import abuse, alerts, clocks, desks, escalation, language, phones, places, thread, triage
from tipline.errors import BadEnvelope, EmptyTip, NoDeskKey, TooLong, UnknownCategory, UnknownDesk
from tipline.models import Entry, PhoneThread, Tip
from tipline.phones import Phone
from tipline.prepared import Prepared, Row
from tipline.receipts import Receipt
from tipline.routing import Facts, Rule, route
from tipline.sealing import (
    CannotOpen,
    KeyFile,
    PublicKey,
    Sealed,
    Where,
    derive,
    is_body,
    is_wrap_for,
    keyed_hash,
    lock,
    unlock,
    unpack,
)  # fmt: skip

CATEGORIES = (
    "labour", "sexual", "child", "marriage", "domestic", "mining", "documents", "smuggling", "other", "unknown",
)  # fmt: skip
BY_PHONE = "sms"  # the channel whose reporter is known by the phone alone
LONGEST = 64 * 1024  # bytes of UTF-8
STRONG_CLIENT_ID = 22  # characters of [A-Za-z0-9_-]: 128 bits or more
RECEIPT_KEPT = timedelta(hours=24)
STORY_UID = "story"  # what a device names its entry
_RECEIPT_AGAIN = "receipt for a repeated send"

_tip: Table = Tip.__table__  # type: ignore[assignment]
_draft = (Tip.binding, Tip.received_at, Tip.stage, Tip.stirs, Tip.folded_into, Tip.alike, *clocks.NEEDED)
_GROWING = Prepared(
    select(*_draft, Entry.id, Entry.uid, Entry.kind, Entry.wraps)
    .join(Entry, Entry.tip_id == Tip.id)
    .where(Tip.id == bindparam("tip"), Tip.unfinished)
    .where(or_(Entry.kind == thread.STORY, Entry.kind == thread.NUMBER))
)
_AGAIN = Prepared(
    select(Tip.id, Tip.received_at, Tip.receipt_lookup, Tip.client_receipt).where(
        Tip.client_hash == bindparam("client")
    )
)
_GROW = Prepared(update(_tip).where(_tip.c.id == bindparam("tip")))
_ATTACH = Prepared(update(_tip).where(_tip.c.id == bindparam("tip"), _tip.c.receipt_lookup.is_(None)))


@dataclass(frozen=True)
class SealedStory:
    """A story that the reporter's own device sealed to desks: one body, a wrap for each key id."""

    body: bytes
    wraps: Mapping[str, bytes]


@dataclass(frozen=True)
class Report:
    """What a channel hands in. Only ``channel`` and something said are needed; None means "not asked or skipped".

    ``place`` is a slug or free text; ``exclude`` desk slugs; ``exclude_note`` a named office or person (sealed);
    ``phone`` where an answer may go, ``content_consent`` whether its words may; ``dialogue`` where the questions stand.
    """

    channel: str
    text: str = field(default="", repr=False)
    language: str | None = None
    category: str | None = None
    place: str | None = None
    danger_now: bool | None = None
    child: bool | None = None
    happening: str | None = None
    exclude: tuple[str, ...] = ()
    exclude_note: str = field(default="", repr=False)
    phone: Phone | None = field(default=None, repr=False)
    content_consent: bool = False
    client_id: str | None = field(default=None, repr=False)
    sealed: SealedStory | None = field(default=None, repr=False)
    unfinished: bool = False
    call_back: bool = False  # asks to be called, which is enough to say
    dialogue: str | None = None
    alike: bytes | None = field(default=None, repr=False)  # what could make it one of many: see abuse
    language_sure: bool = True  # whether the phone is written to in ``language`` from now on


@dataclass(frozen=True)
class Submitted:
    """The tip that came of a report. ``receipt`` is None where it may not be said (again)."""

    tip_id: int
    is_new: bool
    has_receipt: bool
    receipt: str | None = field(default=None, repr=False)


def submit(
    session: Session, report: Report, *, now: datetime, keys: KeyFile, rules: tuple[Rule, ...],
    receipt: Receipt | None = None, draft_key: bytes | None = None, advice: triage.Advice | None = None,
) -> Submitted:  # fmt: skip
    """Take in a report from any channel; returns what the reporter needs to come back.

    ``draft_key`` is the story's content key, of a channel that will let this tip ``grow``; ``advice`` what ``advise``
    said of this report, where it was asked before the transaction began.

    The same ``client_id`` gives the same tip. Raises EmptyTip if nothing was said, TooLong over 64 KiB,
    UnknownCategory, UnknownDesk, BadEnvelope, AllDesksExcluded, and NoDeskKey (nothing is stored) if no desk can
    read it.
    """
    if report.client_id and (before := again(session, report.client_id, now=now, keys=keys)):
        return before
    client_hash = _client_hash(report.client_id, keys) if report.client_id else None
    _check(report)
    if report.exclude_note:
        report = replace(report, exclude=desks.with_named(session, report.exclude, report.exclude_note))
    advice = advice or advise(report)
    known_desks = desks.all_desks(session)
    chosen = _route(advice, report, rules, known_desks)
    uid = secrets.token_hex(16)
    binding = sealed_binding(report.client_id) if report.sealed and report.client_id else uid
    tip_id = thread.put(
        session, Tip, uid=uid, binding=binding, client_hash=client_hash, channel=report.channel,
        language=_language(report), lead_desk_id=chosen[0].id, excluded=list(report.exclude),
        content_consent=report.content_consent, unfinished=report.unfinished, alike=report.alike, received_at=now,
        changed_at=now, stage="received", stirs=1, **_advised(advice),
        **(_of_receipt(receipt, report.client_id, keys) if receipt else {}),
    )  # fmt: skip
    desks.assign(session, tip_id, chosen, advice.priority, now)
    if report.exclude and not set(route(facts(advice, ()), rules, known_desks)) - set(report.exclude):
        escalation.mark(session, tip_id, [one.id for one in chosen], escalation.STANDS_IN, keys=keys, now=now)
    readers = [desk.key for desk in chosen if desk.key is not None]
    if report.sealed is not None:
        wraps = _kept_wraps(session, report.sealed, chosen, now)
        thread.keep(session, tip_id, thread.STORY, STORY_UID, Sealed(report.sealed.body, wraps), now)
    else:
        thread.add(
            session, instance=keys.instance, tip_id=tip_id, binding=binding, kind=thread.STORY, data=_story(report),
            readers=readers, now=now, content_key=draft_key,
        )  # fmt: skip
    if report.phone is not None:
        _add_number(session, tip_id, binding, report.phone, readers, keys, now)
        if report.channel == BY_PHONE:
            number, lang = report.phone.number, report.language if report.language_sure else None
            phones.remember(session, keys, number, now, tip_id=tip_id, language=lang, dialogue=report.dialogue, texts=1)
    thread.record(session, tip_id, "received", now)
    if advice.priority == alerts.URGENT:
        alerts.urgent(session, tip_id, keys, now)
    return Submitted(tip_id, True, receipt is not None, receipt.digits if receipt else None)


def again(session: Session, client_id: str, *, now: datetime, keys: KeyFile) -> Submitted | None:
    """Return the tip that came of this ``client_id`` before, or None; what else is sent with it does not count.

    Its receipt is said again for 24 hours if nobody can guess the id.
    """
    found = _AGAIN.rows(session, {"client": _client_hash(client_id, keys)})
    if not found:
        return None
    tip = found[0]
    digits = None
    if tip.client_receipt is not None and now - tip.received_at < RECEIPT_KEPT:
        try:
            digits = unlock(tip.client_receipt, _client_key(client_id, keys), _RECEIPT_AGAIN).decode()
        except CannotOpen:
            digits = None
    return Submitted(tip.id, False, tip.receipt_lookup is not None, digits)


def is_strong(client_id: str) -> bool:
    """Say whether nobody can guess this id (128 bits or more): only then is a receipt said a second time."""
    return len(client_id) >= STRONG_CLIENT_ID


def sealed_binding(client_id: str) -> str:
    """Return what a device binds its envelopes to: SHA-256 of the client id, as hex.

    The id itself opens the kept receipt, so it never stands beside the tip.
    """
    return hashlib.sha256(client_id.encode()).hexdigest()


def attach_receipt(session: Session, tip_id: int, receipt: Receipt, client_id: str | None, keys: KeyFile) -> bool:
    """Give a tip its receipt; its answers are sealed to it from now on. False if it has one already."""
    return bool(_ATTACH.run(session, {"tip": tip_id, **_of_receipt(receipt, client_id, keys)}))


def grow(
    session: Session, tip_id: int, report: Report, *, now: datetime, keys: KeyFile, rules: tuple[Rule, ...],
    draft_key: bytes | None = None,
) -> None:  # fmt: skip
    """Replace an unfinished tip by the same tip with one more answer (USSD keeps every answered screen).

    A number that the reporter no longer agrees to is forgotten. A desk to which the tip was referred stays.
    """
    kept = {row.kind: row for row in _GROWING.rows(session, {"tip": tip_id})}
    if thread.STORY not in kept:
        return
    tip = kept[thread.STORY]
    advice = advise(report)
    known, there = desks.around(session, tip_id)
    chosen = _route(advice, report, rules, known)
    reading = desks.reassign(session, tip_id, chosen, there, advice.priority, tip)
    readers = [desk.key for desk in known.values() if desk.id in reading and desk.key is not None]
    thread.replace(session, tip, Where(keys.instance, tip.binding, tip.uid), _story(report), readers, draft_key)
    _renew_number(session, tip_id, tip.binding, kept.get(thread.NUMBER), report, readers, keys, now)
    values = {
        **_advised(advice),
        "language": _language(report),
        "content_consent": report.content_consent,
        "changed_at": now,
        "unfinished": report.unfinished,
        "alike": tip.alike if report.unfinished else None,  # a whole report is no draft among many
        "stirs": tip.stirs + 1,
    }
    if all(state == "routed" for state in reading.values()):  # else a desk has decided who leads
        values["lead_desk_id"] = chosen[0].id
    _GROW.run(session, {"tip": tip_id, **values})
    abuse.grown(session, tip_id, tip.folded_into, now)
    if advice.priority == alerts.URGENT:
        alerts.urgent(session, tip_id, keys, now)
    if not report.unfinished:
        thread.record(session, tip_id, "finished", now)


def finish_dropped(session: Session, tip_id: int, now: datetime) -> None:
    """Make an unfinished tip final as it stands: the session died, what was said stays with the desk. No key needed."""
    tip = session.get(Tip, tip_id)
    if tip is not None and tip.unfinished:
        tip.unfinished = False
        tip.changed_at = now
        thread.record(session, tip_id, "dropped", now)


def facts(said: triage.Advice | Tip, excluded: Iterable[str]) -> Facts:
    """Return what routing looks at, of a fresh report or of a tip that is kept."""
    place = places.ALL.get(said.place) if said.place else None
    return Facts(
        category=said.category,
        place=said.place,
        place_kind=place.kind if place else None,
        child=said.child,
        danger_now=said.danger_now,
        excluded=frozenset(excluded),
    )


def number_data(phone: Phone) -> dict[str, str]:
    """Return what the sealed number entry holds."""
    data = {"number": phone.number, "carrier": phone.carrier, "ours": phone.ours}
    return {**data, "given": "message"} if phone.given else data


def _of_receipt(receipt: Receipt, client_id: str | None, keys: KeyFile) -> dict[str, bytes | None]:
    """Return what a tip keeps of its receipt; for a client id that nobody can guess, what says it a second time."""
    kept = None
    if client_id is not None and is_strong(client_id):
        kept = lock(receipt.digits.encode(), _client_key(client_id, keys), _RECEIPT_AGAIN)
    return {"receipt_lookup": receipt.lookup, "reporter_point": receipt.public.point, "client_receipt": kept}


def _client_hash(client_id: str, keys: KeyFile) -> bytes:
    return keyed_hash(keys.ids, "client", client_id)


def _client_key(client_id: str, keys: KeyFile) -> bytes:
    return derive(client_id.encode(), _RECEIPT_AGAIN, salt=keys.forms)


def _kept_wraps(session: Session, story: SealedStory, chosen: list[desks.OpenDesk], now: datetime) -> dict[str, bytes]:
    """Return the wraps of the chosen desks, all others dropped. BadEnvelope if the leading desk could not read it."""
    if not is_body(story.body):
        raise BadEnvelope
    readers = desks.accepted_keys(session, [desk.id for desk in chosen], now)
    wraps = {key_id: wrap for key_id, wrap in story.wraps.items() if key_id in readers and is_wrap_for(wrap, key_id)}
    if chosen[0].id not in {readers[key_id] for key_id in wraps}:
        raise BadEnvelope
    return wraps


def _check(report: Report) -> None:
    if report.category is not None and report.category not in CATEGORIES:
        raise UnknownCategory
    if report.sealed is not None:
        if report.client_id is None or not is_strong(report.client_id) or report.text:
            raise BadEnvelope
        return
    if len(report.text.encode(errors="surrogatepass")) > LONGEST:
        raise TooLong
    said = (report.text.strip(), report.category, report.place, report.danger_now, report.child)
    if not report.call_back and not any(value is not None and value != "" for value in said):
        raise EmptyTip


def advise(report: Report) -> triage.Advice:
    """Advise on a report: what its words and answers say of place, category and priority."""
    return triage.advise(
        triage.Draft(
            text=report.text, language=report.language, channel=report.channel, category=report.category,
            place=report.place, danger_now=report.danger_now, child=report.child, happening=report.happening,
        )
    )  # fmt: skip


def _advised(advice: triage.Advice) -> dict[str, Any]:
    as_it_is = {name: getattr(advice, name) for name in ("place", "category", "priority", "danger_now", "child")}
    return {**as_it_is, "reasons": list(advice.reasons), "indicators": list(advice.indicators)}


def _route(
    advice: triage.Advice, report: Report, rules: tuple[Rule, ...], known: Mapping[str, desks.OpenDesk]
) -> list[desks.OpenDesk]:
    if any(slug not in known for slug in report.exclude):
        raise UnknownDesk
    with_key = [slug for slug, desk in known.items() if desk.key is not None]
    chosen = [known[slug] for slug in route(facts(advice, report.exclude), rules, with_key) if slug in with_key]
    if not chosen:
        raise NoDeskKey
    return chosen


def _add_number(
    session: Session, tip_id: int, binding: str, phone: Phone, readers: list[PublicKey], keys: KeyFile, now: datetime,
) -> None:  # fmt: skip
    """Seal a number to the desks. It says where an answer may go, not whose phone it is.

    So a text from that phone does not join this tip before a desk has written to it: on a shared phone it may be
    somebody else's, and the number that a web form gives may be anybody's.
    """
    thread.add(
        session, instance=keys.instance, tip_id=tip_id, binding=binding, kind=thread.NUMBER,
        data=number_data(phone), readers=readers, now=now,
    )  # fmt: skip


def _renew_number(
    session: Session, tip_id: int, binding: str, kept: Row, report: Report,
    readers: list[PublicKey], keys: KeyFile, now: datetime,
) -> None:  # fmt: skip
    """Seal the number to whoever reads the tip now, or forget it if the reporter does not agree any more."""
    if report.phone is not None and kept is None:
        _add_number(session, tip_id, binding, report.phone, readers, keys, now)
    elif report.phone is not None and kept is not None:
        if unpack(kept.wraps).keys() != {reader.id for reader in readers}:
            where = Where(keys.instance, binding, kept.uid)
            thread.replace(session, kept, where, number_data(report.phone), readers)
    elif kept is not None:
        session.execute(delete(Entry).where(Entry.id == kept.id))
        session.execute(delete(PhoneThread).where(PhoneThread.tip_id == tip_id))


def _language(report: Report) -> str:
    return report.language or language.guess(report.text) or "st"


def _story(report: Report) -> dict[str, Any]:
    answers = {
        "danger_now": report.danger_now,
        "child": report.child,
        "category": report.category,
        "place": report.place,
        "happening": report.happening,
        "exclude": list(report.exclude),
        "exclude_note": report.exclude_note or None,
    }
    return {"text": report.text, "answers": {name: value for name, value in answers.items() if value not in (None, [])}}
