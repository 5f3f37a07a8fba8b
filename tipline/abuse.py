"""Abuse by phone: bounds for each phone and for all of them, floods of one text, blocked phones.

Whatever a bound says, what was sent is kept: only marks, automatic answers and places in the queue are saved. A cry for
help, and words that raise a tip to danger, always come through.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import Table, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from tipline import clocks, news, phones, thread
from tipline.coarse import coarsen_arrival, hour_of
from tipline.lexicon import plain
from tipline.models import BlockedPhone, HeldBack, PhoneThread, Tip, TipDesk
from tipline.phones import Known
from tipline.prepared import Prepared
from tipline.sealing import KeyFile, keyed_hash
from tipline.triage import Advice

FOLDED = "folded"  # where a folded tip stands in the queues: in none
SHOWN = 50  # folded tips that a page names
KEEP_MINUTES = timedelta(days=30)
_GRAVE = ("P0", "P1")
_WORD = re.compile(r"\w+")
_log = logging.getLogger(__name__)

_tip: Table = Tip.__table__  # type: ignore[assignment]
_places: Table = TipDesk.__table__  # type: ignore[assignment]
_held: Table = HeldBack.__table__  # type: ignore[assignment]
_fresh_and_alike = (
    Tip.alike == bindparam("alike"),
    Tip.changed_at > bindparam("since"),
    Tip.folded_into.is_(None),
    Tip.closed_at.is_(None),
)
_ALIKE = Prepared(
    select(Tip.id, Tip.gathered, Tip.priority, Tip.danger_now, Tip.child, Tip.place)
    .where(*_fresh_and_alike)
    .order_by(Tip.gathered.desc(), Tip.id)
    .limit(bindparam("most"))
)
_few = select(Tip.id).where(*_fresh_and_alike).limit(bindparam("most")).subquery()
_DIAL = Prepared(
    select(
        select(BlockedPhone.tip_id).where(BlockedPhone.phone_hash == bindparam("phone")).scalar_subquery().label("at"),
        select(func.count()).select_from(_few).scalar_subquery().label("many"),
        select(Tip.id)
        .where(*_fresh_and_alike)
        .order_by(Tip.gathered.desc(), Tip.id)
        .limit(1)
        .scalar_subquery()
        .label("first"),
        select(func.max(Tip.gathered)).where(*_fresh_and_alike).scalar_subquery().label("gathered"),
    )
)
_HOLD = {
    "sqlite": Prepared(sqlite.insert(_held).on_conflict_do_nothing()),
    "postgresql": Prepared(postgresql.insert(_held).on_conflict_do_nothing()),
}


@dataclass(frozen=True)
class Bounds:
    """How much is too much; where it is 0, nothing is."""

    texts_an_hour: int = 20
    texts_a_day: int = 60
    answers_a_minute: int = 200
    flood_from: int = 5
    flood_within: timedelta = timedelta(minutes=60)

    def over(self, hour: int, day: int) -> bool:
        """Say whether a phone that has sent so many texts has had its answers."""
        return bool(
            (self.texts_an_hour and hour >= self.texts_an_hour) or (self.texts_a_day and day >= self.texts_a_day)
        )

    def begins(self, hour: int, day: int) -> bool:
        """Say whether the next text is the first over a bound, or the first of its hour: one that a desk should see."""
        return hour in {0, self.texts_an_hour} or day == self.texts_a_day


class Pace:
    """One process's automatic answers, minute by minute; how often phones of which nothing is kept asked this hour."""

    def __init__(self, bounds: Bounds) -> None:
        """Start with none."""
        self._bounds = bounds
        self._mutex = Lock()
        self._minute: datetime | None = None
        self._answers = 0
        self._noted: datetime | None = None
        self._hour = 0
        self._asked: Counter[bytes] = Counter()

    def allows(self, now: datetime) -> bool:
        """Count one automatic answer; False beyond the bound for all phones."""
        minute = now.replace(second=0, microsecond=0)
        with self._mutex:
            if self._minute != minute:
                self._minute, self._answers = minute, 0
            self._answers += 1
            return not self._bounds.answers_a_minute or self._answers <= self._bounds.answers_a_minute

    def asks(self, phone_hash: bytes, now: datetime) -> bool:
        """Count what a phone asks of which nothing is kept; False beyond the bound for one phone."""
        hour = phones.hour_of(now)
        with self._mutex:
            if self._hour != hour:
                self._hour, self._asked = hour, Counter()
            self._asked[phone_hash] += 1
            return not self._bounds.over(self._asked[phone_hash] - 1, 0)

    def hold_back(self, session: Session, now: datetime) -> None:
        """Note, once a minute, that an answer was held back: other processes tell administrators."""
        minute = now.replace(second=0, microsecond=0)
        if self._noted == minute:
            return
        self._noted = minute
        _HOLD[session.connection().dialect.name].run(session, {"minute": minute})
        _log.warning("automatic answers are held back: more are due in this minute than the bound allows")


@dataclass(frozen=True)
class Weighed:
    """How a text is taken in. ``quiet``: kept without a mark or a place in a queue; ``answered``: as usual, by itself.

    ``blocked_at`` is the tip that it is kept at because its phone is blocked; ``too_many``: how many its phone has sent
    today, where a desk is to see that, else 0.
    """

    urgent: bool = False
    quiet: bool = False
    answered: bool = True
    blocked_at: Tip | None = None
    too_many: int = 0


def weigh(
    session: Session, advice: Advice | None, tip: Tip | None, known: Known | None, blocked: int | None, *,
    cried: bool, bounds: Bounds, now: datetime,
) -> Weighed:  # fmt: skip
    """Weigh a text by what it says (``advice``; None of an order), its phone's open tip, what is known of the phone.

    ``blocked`` is the tip at which the phone was blocked.
    """
    at = session.get(Tip, blocked) if blocked is not None else None
    if cried or (advice is not None and is_urgent(advice, tip or at)):
        return Weighed(urgent=True)
    if at is not None:
        return Weighed(quiet=True, answered=False, blocked_at=at)
    hour, day = known.texts(now) if known is not None else (0, 0)
    if not bounds.over(hour, day):
        return Weighed()
    begins = bounds.begins(hour, day)
    return Weighed(quiet=tip is not None and not begins, answered=False, too_many=day + 1 if begins else 0)


def paced(
    session: Session, weighed: Weighed, known: Known | None, only_asks: bytes | None, *, pace: Pace, now: datetime
) -> Weighed:
    """Count an answer that is due, or hold it back; the first cry of a phone that day is answered all the same.

    ``only_asks`` is the hash of a phone of which nothing is kept: it is not remembered here either.
    """
    if only_asks is not None and not pace.asks(only_asks, now):
        return replace(weighed, answered=False)
    if pace.allows(now) or (weighed.urgent and not (known is not None and known.texts(now)[1])):
        return weighed
    pace.hold_back(session, now)
    return replace(weighed, answered=False)


def is_urgent(advice: Advice | Tip, tip: Tip | None) -> bool:
    """Say whether words mean danger now, or something graver than what is known of the tip that they would join."""
    if advice.danger_now or advice.priority == "P0":
        return True
    return advice.priority in _GRAVE and (tip is None or advice.priority < tip.priority)


def words_hash(keys: KeyFile, text: str) -> bytes:
    """Return what tells that two phones sent the same words: a keyed hash, without case, accents and marks."""
    return keyed_hash(keys.ids, "words", " ".join(_WORD.findall(plain(text))) or text.strip())


def flood_of(session: Session, alike: bytes, advice: Advice, bounds: Bounds, now: datetime) -> int | None:
    """Return the tip that a fresh text is to be folded into: enough open ones say the same, and it says no more."""
    if not bounds.flood_from:
        return None
    most = bounds.flood_from - 1
    found = _ALIKE.rows(session, {"alike": alike, "since": now - bounds.flood_within, "most": most})
    if not found or (len(found) < most and not found[0].gathered):
        return None
    return None if _adds(advice, found[0]) else int(found[0].id)


@dataclass(frozen=True)
class Dial:
    """What is known when a phone begins a report by USSD: its mark, where it is blocked, which draft it repeats."""

    alike: bytes
    blocked_at: int | None
    repeats: int | None


def dial(session: Session, keys: KeyFile, number: str, bounds: Bounds, now: datetime) -> Dial:
    """Look whether a phone that begins a report is blocked, or has left enough unfinished ones; one statement."""
    alike = keyed_hash(keys.ids, "drafts", number)
    asked = {
        "phone": phones.block_hash(keys, number), "alike": alike, "since": now - bounds.flood_within,
        "most": max(bounds.flood_from - 1, 0),
    }  # fmt: skip
    row = _DIAL.rows(session, asked)[0]
    many = bounds.flood_from and row.first and (row.many >= bounds.flood_from - 1 or row.gathered)
    return Dial(alike, row.at, row.first if many else None)


def fold_dial(session: Session, tip_id: int, seen: Dial, now: datetime) -> None:
    """Fold a draft that has just begun under the tip where its phone is blocked, or under the draft that it repeats."""
    under = seen.blocked_at or seen.repeats
    if under is None:
        return
    tip, lead = session.get_one(Tip, tip_id, populate_existing=True), session.get(Tip, under)
    if lead is not None and not (is_urgent(tip, lead) if seen.blocked_at else not tip.unfinished or _adds(tip, lead)):
        fold(session, tip_id, under, now)


def grown(session: Session, tip_id: int, under: int | None, now: datetime) -> None:
    """Look anew at a draft that has just grown: finished, or saying more than those ``under`` one, it stands by itself.

    What a blocked phone finishes stays folded unless it is urgent.
    """
    if under is None:
        return
    tip = session.get_one(Tip, tip_id, populate_existing=True)
    lead = session.get(Tip, tip.folded_into)
    blocked = session.scalar(select(BlockedPhone.tip_id).where(BlockedPhone.tip_id == tip.folded_into).limit(1))
    if lead is None or (is_urgent(tip, lead) if blocked else (not tip.unfinished or _adds(tip, lead))):
        unfold(session, tip, now)
        return
    session.flush()
    _leave_queues(session, tip_id)


def fold(session: Session, tip_id: int, into: int, now: datetime) -> None:
    """Keep a fresh tip under another one: whole, with its own number and thread, but in no queue."""
    connection = session.connection()
    connection.execute(update(_tip).where(_tip.c.id == tip_id).values(folded_into=into))
    _leave_queues(session, tip_id)
    lead = update(_tip).where(_tip.c.id == into).values(gathered=_tip.c.gathered + 1, changed_at=now)
    connection.execute(lead)
    first = update(_tip).where(_tip.c.id == into, _tip.c.gathered == 1).values(stirs=_tip.c.stirs + 1, news=None)
    if connection.execute(first).rowcount:
        thread.record(session, into, "gathering", now)
    thread.record(session, tip_id, "folded", now)


def unfold(
    session: Session, tip: Tip, now: datetime, *, account_id: int | None = None, desk_id: int | None = None
) -> None:
    """Let a folded tip stand by itself, in its desks' queues; nothing for one that does."""
    if tip.folded_into is None:
        return
    tip.folded_into = tip.alike = None
    news.stir(tip)
    session.flush()
    there = (_places.c.tip_id == tip.id, _places.c.state != "declined")
    session.connection().execute(update(_places).where(*there).values(active=tip.closed_at is None, stage=tip.stage))
    clocks.post(session, tip)
    thread.record(session, tip.id, "unfolded", now, account_id=account_id, desk_id=desk_id)


def close_folded(session: Session, tip_id: int, now: datetime) -> None:
    """Close what is folded into a tip that is being closed: its phone numbers have their time, too."""
    folded = session.execute(select(Tip.id, Tip.received_at).where(Tip.folded_into == tip_id)).all()
    for one, received in folded:
        coarse = hour_of(received)
        coarsen_arrival(session, one, received)
        values = {"stage": "closed", "closed_at": now, "changed_at": now, "received_at": coarse}
        session.connection().execute(update(_tip).where(_tip.c.id == one).values(**values))
        arrival = -int(coarse.timestamp() * 1000)
        session.connection().execute(update(_places).where(_places.c.tip_id == one).values(arrival=arrival))
        thread.record(session, one, "closed_with", now)


@dataclass(frozen=True)
class Gathered:
    """What is folded into a tip, as one desk may see it: how many, from when to when, and the newest of them."""

    count: int
    first: datetime | None
    last: datetime | None
    newest: tuple[tuple[str, datetime], ...]


def gathered(session: Session, tip_id: int, desk_id: int) -> Gathered:
    """Return what is folded into a tip and may be opened by this desk."""
    there = (Tip.folded_into == tip_id, TipDesk.desk_id == desk_id, TipDesk.state != "declined")
    figures = select(func.count(), func.min(Tip.received_at), func.max(Tip.received_at))
    count, first, last = session.execute(figures.join(TipDesk, TipDesk.tip_id == Tip.id).where(*there)).one()
    wanted = select(Tip.uid, Tip.received_at).join(TipDesk, TipDesk.tip_id == Tip.id).where(*there)
    rows = session.execute(wanted.order_by(Tip.id.desc()).limit(SHOWN)).all()
    return Gathered(count, first, last, tuple((uid, at) for uid, at in rows))


def uid_of(session: Session, tip_id: int | None) -> str | None:
    """Return the name under which the tip can be opened that another one is folded into."""
    return session.scalar(select(Tip.uid).where(Tip.id == tip_id)) if tip_id is not None else None


def too_many(session: Session, tip_id: int, bounds: Bounds, now: datetime) -> tuple[int, int] | None:
    """Return how many texts a tip's phone sent in this hour and today, if that is over a bound."""
    kept = (PhoneThread.dialogue, PhoneThread.counted_hour, PhoneThread.hour_texts, PhoneThread.day_texts)
    wanted = select(PhoneThread.tip_id, PhoneThread.language, PhoneThread.changed_at, *kept)
    newest = wanted.where(PhoneThread.tip_id == tip_id).order_by(PhoneThread.changed_at.desc()).limit(1)
    row = session.execute(newest).first()
    if row is None:
        return None
    hour, day = Known(*row).texts(now)
    return (hour, day) if bounds.over(hour, day) else None


def held_back(session: Session, now: datetime) -> tuple[datetime | None, int]:
    """Return the last minute in which answers were held back, and in how many they were within a day."""
    day = select(func.max(HeldBack.minute), func.count()).where(HeldBack.minute > now - timedelta(hours=24))
    last, count = session.execute(day).one()
    return last, count


def in_force(last: datetime | None, now: datetime) -> bool:
    """Say whether answers are held back at the moment."""
    return last is not None and now - last < timedelta(minutes=2)


def forget(session: Session, now: datetime, bounds: Bounds) -> None:
    """Destroy the marks of what came some time ago, and old minutes."""
    old = (Tip.alike.is_not(None), Tip.changed_at <= now - bounds.flood_within)
    session.execute(update(Tip).where(*old).values(alike=None), execution_options={"synchronize_session": False})
    session.execute(delete(HeldBack).where(HeldBack.minute < now - KEEP_MINUTES))


def _adds(said: Advice | Tip, lead: Advice | Tip) -> bool:
    """Say whether something speaks of danger, a child or a place that another one does not speak of."""
    return bool(
        said.priority < lead.priority
        or (said.danger_now and not lead.danger_now)
        or (said.child and not lead.child)
        or (said.place is not None and said.place != lead.place)
    )


def _leave_queues(session: Session, tip_id: int) -> None:
    out = update(_places).where(_places.c.tip_id == tip_id).values(active=False, stage=FOLDED, due=None)
    session.connection().execute(out)
