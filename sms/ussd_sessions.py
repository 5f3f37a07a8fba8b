"""USSD sessions: what one call of the carrier leads to, and what is kept of it.

Until somebody has typed, or has said what a desk can use, a screen follows from the inputs alone (the carrier sends
all of them each time) and nothing is stored. From then on a row is kept, in the tip's own transaction: locked with a
key that only the carrier's session id opens, it holds where the dialogue stands and the screens shown so far, so that
a call that comes twice or late gets the screen it had.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

from sqlalchemy import ColumnElement, Table, bindparam, select, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from sms import ussd
from sms.menu import Menu
from sms.ussd_calls import Caller, Dial, Recent, Stands, id_hash, language_of, replay
from tipline import abuse, followup, intake, phones, thread, withdrawal
from tipline.errors import DomainError
from tipline.house import House
from tipline.intake import Report
from tipline.models import Tip, UssdSession
from tipline.phones import Phone
from tipline.prepared import Prepared, Row
from tipline.receipts import Receipt
from tipline.sealing import new_content_key
from tipline.sealing.passwords import ReceiptKeys

CARRIER = "africastalking"
SILENCE = timedelta(minutes=5)  # longer than any network keeps a session open
_CHOICES = frozenset("0123456789*")
_SHORT, _MOST_OPENINGS = 16, 5000  # the first screens, the same for everybody, are worked out once
_OPENS = frozenset({"read", "close", "delete"})
_TRIES = 4  # something to be made ready, and the same call twice at once
_TABLE: Table = UssdSession.__table__  # type: ignore[assignment]
# Statements made once. Whoever finds a session keeps others from it until the transaction ends.
_FIND = Prepared(select(_TABLE).where(_TABLE.c.id_hash == bindparam("session")).with_for_update())
_CHANGE = Prepared(update(_TABLE).where(_TABLE.c.id_hash == bindparam("session")))


@dataclass
class _Ready:
    """What takes Argon2id its time, done before the transaction begins."""

    receipt: Receipt | None = field(default=None, repr=False)
    opened: dict[str, ReceiptKeys] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class _Wanted:
    """What is not ready: the keys that these digits open or, without digits, a fresh receipt."""

    digits: str = field(default="", repr=False)


@dataclass(frozen=True)
class _Done:
    """A screen. ``taken`` unless the call did not belong to its session; ``promised`` if the worker may have to act.

    ``ended``: what a report told was destroyed.
    """

    wire: str = field(repr=False)
    taken: bool = True
    promised: bool = False
    ended: bool = False


@dataclass(frozen=True)
class _Step:
    """One answer played, nothing of it kept yet. ``speaks`` if the report is to be kept as it stands now."""

    turn: ussd.Turn
    speaks: bool
    screens: dict[str, str] = field(repr=False)
    draft_key: bytes = field(repr=False)
    tip_id: int | None


class Sessions:
    """The USSD sessions of one instance, as one process sees them."""

    def __init__(self, house: House, menu: Menu) -> None:
        """Take the house and the menu."""
        self.house = house
        self._menu = menu
        self._recent = Recent()
        self._first = ussd.start(menu).screen.wire()
        self._openings: dict[str, str] = {}

    def screen(self, dial: Dial) -> str:
        """Return what the carrier shows: ``CON …`` or ``END …``. What was said is committed before.

        A call that does not go on from its session, or comes from another phone, is closed. KeyFileMissing.
        """
        if not dial.text:
            return self._first
        if not self._recent.allows(dial):
            return self.sorry(dial.text)
        shown = None if self._recent.stays(dial) else self._opening(dial.text)
        done = self._take(Caller(self.house.keys, dial), dial) if shown is None else _Done(shown)
        if done.taken:
            self._recent.note(dial, stays=shown is None)
        return done.wire

    def sorry(self, text: str, code: str = "try_again") -> str:
        """Return the screen that says what went wrong, in the language that these inputs chose."""
        return ussd.failed_screen(self._menu, language_of(self._menu, text), code).wire()

    def end(self, session_id: str) -> None:
        """Close a session that the carrier says is over, and make final what it left."""
        house = self.house
        with house.database.write() as session:
            _finish(session, _TABLE.c.id_hash == id_hash(house.keys, session_id), house.clock())

    def _opening(self, text: str) -> str | None:
        """Return the screen that follows from these inputs alone; None where the session must be kept."""
        known = self._openings.get(text)
        if known is not None:
            return known
        walk = replay(self._menu, text, briefly=True)
        if walk is None:
            return self.sorry(text)
        if walk.stays:
            return None
        wire = walk.turn.screen.wire()
        if len(text) <= _SHORT and len(self._openings) < _MOST_OPENINGS and _CHOICES.issuperset(text):
            self._openings[text] = wire
        return wire

    def _take(self, caller: Caller, dial: Dial) -> _Done:
        ready = _Ready()
        for left in reversed(range(_TRIES)):
            try:
                done = self.house.database.together(partial(self._go_on, caller, dial, ready))
                if isinstance(done, _Wanted):
                    ready = self._make_ready(done)
                    continue
            except (IntegrityError, OperationalError):  # the same call twice: this one finds what the other kept
                if not left:
                    raise
                continue
            except DomainError as error:
                return _Done(self.sorry(dial.text, error.code), taken=False)
            if done.ended:
                self.house.database.scrub()
            if done.promised:
                self.house.wake()
            return done
        return _Done(self.sorry(dial.text), taken=False)

    def _make_ready(self, wanted: _Wanted) -> _Ready:
        if not wanted.digits:
            return _Ready(receipt=self.house.minter.take())
        return _Ready(opened={wanted.digits: followup.unlock_receipt(wanted.digits, self.house.keys)})

    def _go_on(self, caller: Caller, dial: Dial, ready: _Ready, session: Session) -> _Done | _Wanted:
        row = next(iter(_FIND.rows(session, {"session": caller.id_hash})), None)
        step = self._begin(caller, dial) if row is None else self._follow(caller, dial, row)
        if isinstance(step, _Done):
            return step
        wanted = self._wanted(step, ready)
        if wanted is not None:
            return wanted
        now, tip_id = self.house.clock(), step.tip_id
        if step.speaks:
            tip_id = self._put(session, dial, step, now)
        turn = self._act(session, step.turn, tip_id, ready, now)
        wire = turn.screen.wire()
        screens, draft_key = {**step.screens, caller.tag(dial.text): wire}, step.draft_key
        if turn.effect == "delete":  # nothing that was shown or typed is kept, and the story's key is gone
            tip_id = None if _is_own(step.turn, tip_id) else tip_id
            screens, draft_key = {caller.tag(dial.text): wire}, new_content_key()
        values: dict[str, Any] = {
            "open": True,  # also where it was this session's own report that went
            "transcript_length": len(dial.text),
            "transcript_hash": caller.hash(dial.text),
            "locked": caller.lock(Stands(turn.session, screens, draft_key)),
            "tip_id": tip_id,
            "changed_at": now,
        }
        if row is None:
            thread.put(session, UssdSession, id_hash=caller.id_hash, owner_hash=caller.owner_hash, **values)
        else:
            _CHANGE.run(session, {"session": caller.id_hash, **values})
        promised = tip_id != step.tip_id or turn.effect in {"finish", "add"}
        return _Done(wire, promised=promised, ended=turn.effect == "delete")

    def _begin(self, caller: Caller, dial: Dial) -> _Step | _Done:
        """Play a session of which nothing is kept yet, from its first screen on."""
        walk = replay(self._menu, dial.text)
        if walk is None:
            return self._closed(dial)
        screens = {caller.tag(transcript): wire for transcript, wire in walk.screens}
        return _Step(walk.turn, walk.speaks, screens, new_content_key(), None)

    def _follow(self, caller: Caller, dial: Dial, row: Row) -> _Step | _Done:
        """Play what is new in a call; a call that was answered before is shown what it was."""
        if row.owner_hash != caller.owner_hash:
            return self._closed(dial)
        if not row.open:
            return self._closed(dial, row.tip_id)
        stands = caller.unlock(row.locked)
        shown = stands.screens.get(caller.tag(dial.text))
        if shown is not None:
            return _Done(shown)
        is_over = next(reversed(stands.screens.values())).startswith("END ")
        if is_over or not caller.goes_on(dial.text, row.transcript_length, row.transcript_hash):
            return self._closed(dial)
        turn = ussd.play(self._menu, stands.session, dial.text[row.transcript_length + 1 :])
        is_new = turn.effect == "keep" and ussd.said(turn.session) != ussd.said(stands.session)  # a shrug adds nothing
        return _Step(turn, is_new or turn.effect == "finish", stands.screens, stands.draft_key, row.tip_id)

    def _wanted(self, step: _Step, ready: _Ready) -> _Wanted | None:
        """Return what must be made ready first: nothing is written while this is missing."""
        turn = step.turn
        if turn.effect == "finish":
            ready.receipt = ready.receipt or self.house.minter.take_ready()
            return _Wanted() if ready.receipt is None else None
        if turn.effect in _OPENS or (turn.effect == "add" and not _is_own(turn, step.tip_id)):
            digits = turn.session.scratch["receipt"]
            return _Wanted(digits) if digits not in ready.opened else None
        return None

    def _put(self, session: Session, dial: Dial, step: _Step, now: datetime) -> int:
        """Keep the report as it stands: a new tip at the first answer, the same tip after that."""
        said, house = ussd.said(step.turn.session), self.house
        number = phones.readable(dial.phone) if step.tip_id is None else None
        seen = abuse.dial(session, house.keys, number, house.settings.bounds, now) if number else None
        report = Report(
            channel="ussd",
            text=said.text,
            language=said.language,
            category=said.category,
            place=said.place,
            danger_now=said.danger_now,
            child=said.child,
            phone=self._phone(dial) if said.contact else None,
            content_consent=said.content,
            unfinished=step.turn.effect != "finish",
            alike=seen.alike if seen else None,
        )
        if step.tip_id is None:
            done = intake.submit(session, report, now=now, keys=house.keys, rules=house.rules, draft_key=step.draft_key)
            if seen is not None:
                abuse.fold_dial(session, done.tip_id, seen, now)
            return done.tip_id
        intake.grow(session, step.tip_id, report, now=now, keys=house.keys, rules=house.rules, draft_key=step.draft_key)
        return step.tip_id

    def _act(self, session: Session, turn: ussd.Turn, tip_id: int | None, ready: _Ready, now: datetime) -> ussd.Turn:
        """Carry out what else an answer led to; return the turn with the screen that follows."""
        keys = self.house.keys
        if turn.effect == "finish" and tip_id is not None and ready.receipt is not None:
            intake.attach_receipt(session, tip_id, ready.receipt, None, keys)
            return ussd.receipt_screen(self._menu, turn.session, ready.receipt.digits)
        if turn.effect == "read":
            opened = ready.opened[turn.session.scratch["receipt"]]
            found = followup.open_thread(session, opened, keys=keys, now=now)
            newest_first = [line.text for line in reversed(found.lines) if line.sender == "desk"]
            return ussd.messages_screen(self._menu, turn.session, found.stage, newest_first)
        if turn.effect == "add" and _is_own(turn, tip_id):
            tip = session.get_one(Tip, tip_id)
            followup.heed(session, tip, turn.words, danger_now=None, rules=self.house.rules, keys=keys, now=now)
            followup.add(session, tip, turn.words, keys=keys, now=now)
        elif turn.effect == "add":
            opened = ready.opened[turn.session.scratch["receipt"]]
            followup.add_by_receipt(session, opened, turn.words, keys=keys, now=now, rules=self.house.rules)
        elif turn.effect in ("close", "delete"):
            tip = withdrawal.tip_of(session, ready.opened[turn.session.scratch["receipt"]])
            how = _end(session, tip, turn.effect, now)
            turn = replace(ussd.over_screen(self._menu, turn.session, how), effect=turn.effect)
        return turn

    def _phone(self, dial: Dial) -> Phone | None:
        settings, number = self.house.settings, phones.readable(dial.phone)
        return Phone(number, CARRIER, settings.shortcode or settings.africastalking.sender) if number else None

    def _closed(self, dial: Dial, tip_id: int | None = None) -> _Done:
        if tip_id is None:
            return _Done(self.sorry(dial.text), taken=False)
        return _Done(ussd.thanks_screen(self._menu, language_of(self._menu, dial.text)).wire(), taken=False)


def finalise(session: Session, house: House, now: datetime) -> None:  # noqa: ARG001 - every sweep is handed the house
    """Close the sessions that have been silent, and make final what they left with the desk. No key is needed."""
    _finish(session, _TABLE.c.changed_at < now - SILENCE, now)


def _finish(session: Session, which: ColumnElement[bool], now: datetime) -> None:
    wanted = select(_TABLE.c.id_hash, _TABLE.c.tip_id).where(which, _TABLE.c.open.is_(True))
    for one in session.connection().execute(wanted.with_for_update(skip_locked=True)).all():
        if one.tip_id is not None:
            intake.finish_dropped(session, one.tip_id, now)
        _CHANGE.run(session, {"session": one.id_hash, "open": False, "locked": b""})


def _end(session: Session, tip: Tip, how: Literal["close", "delete"], now: datetime) -> str:
    """Close a receipt or destroy what it stands for; return the word for it."""
    if how == "close":
        withdrawal.close_receipt(session, tip, by="ussd", now=now)
        return "closed"
    return "deleted_but" if withdrawal.withdraw(session, tip, by="ussd", now=now) else "deleted"


def _is_own(turn: ussd.Turn, tip_id: int | None) -> bool:
    """Say whether further words belong to the report that this session itself has sent."""
    return tip_id is not None and ussd.is_own(turn.session)
