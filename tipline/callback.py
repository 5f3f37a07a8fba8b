"""Requests to be called: taken in, shown with the times that are safe, and what came of each call.

Whoever sends nothing, "please call me" or rings once asks for a person and says no more. Such a tip stands in the queue
like any other. Its number is shown for one purpose, to the person who has taken it, and each look leaves an event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tipline import casework, clocks, desks, followup, intake, news, priority, safe_times, thread
from tipline.accounts import Identity
from tipline.casework import Case, View
from tipline.errors import ForbiddenMove, NotFound
from tipline.intake import Report
from tipline.models import Account, Entry, Tip
from tipline.routing import Rule
from tipline.sealing import KeyFile
from tipline.triage import Advice

ASKED, CALLED, UNKNOWN = "call_back_asked", "called_back", "nothing_known"  # reasons of a tip
RESULTS = ("reached", "not_reached", "wrong_person")
_ENDS = ("reached", "wrong_person")  # then nobody waits for a call any more
# Somebody who cannot pay or write asked for a person: within the hour. An empty text may be a slip of the thumb.
_LEVEL = {"empty": "P2"}
_SAID = 4  # texts that say when to call, shown to whoever calls
_MOST = 200  # entries that one look at a queue opens


@dataclass(frozen=True)
class Request:
    """A request to be called. ``times`` are codes of ``safe_times``, read from the last of the words ``said``.

    ``tried`` is when somebody called last, and what came of it.
    """

    count: int
    last: datetime
    how: str
    is_open: bool
    times: tuple[str, ...] = field(repr=False)
    said: str = field(repr=False)
    tried: tuple[datetime, str] | None = None

    @property
    def is_wanted(self) -> bool:
        """Say whether a call is still wanted."""
        return self.is_open and self.times != (safe_times.NEVER,)


@dataclass(frozen=True)
class Number:
    """A number to call; ``given``: as a message names it, which need not be where the message came from."""

    number: str = field(repr=False)
    given: bool = False


def advise(how: str, said: Advice | None = None) -> Advice:
    """Return the advice on a request; ``said`` is the advice on what the reporter told besides, if anything."""
    level = _LEVEL.get(how, "P1")
    if said is None:
        return Advice(level, (), (ASKED, UNKNOWN), "unknown", None, None, None)
    reasons = (*said.reasons, ASKED) if said.priority <= level else (ASKED, *said.reasons)
    return replace(said, priority=min(said.priority, level), reasons=reasons)


def ask(
    session: Session, tip: Tip | None, report: Report, how: str, *, said: Advice | None = None, keys: KeyFile,
    rules: tuple[Rule, ...], now: datetime,
) -> None:  # fmt: skip
    """Keep a request in the phone's open thread, else as a tip of its own; ``how``: empty, words, network, missed."""
    if tip is None:
        done = intake.submit(session, report, now=now, keys=keys, rules=rules, advice=advise(how, said))
        thread.record(session, done.tip_id, "call_asked", now, how=how)
        return
    if report.text.strip():
        followup.heed(session, tip, report.text, danger_now=None, rules=rules, keys=keys, now=now)
        followup.add(session, tip, report.text, keys=keys, now=now, to_receipt=tip.channel == intake.BY_PHONE)
    _mark(tip, ASKED, instead_of=CALLED)
    priority.lift(session, tip, _LEVEL.get(how, "P1"), now)
    news.stir(tip)
    tip.changed_at = now
    clocks.post(session, tip)
    thread.record(session, tip.id, "call_asked", now, how=how)


def request(tip: Tip, view: View) -> Request | None:
    """Return the request that a tip holds, or None."""
    asked = [one for one in view.events if one.kind == "call_asked"]
    if not asked:
        return None
    texts = [str(one.data.get("text", "")) for one in view.thread if one.kind == thread.MESSAGE and one.data]
    newest_first = [*reversed(texts), view.text or ""]
    times, said = _newest(newest_first)
    if times != (safe_times.NEVER,):  # "not when he is at home", said before the hour was named, still holds
        said = "\n".join(reversed(_said(newest_first)))
    calls = [(one.at, str(one.data.get("result", ""))) for one in view.events if one.kind == "called"]
    return Request(
        len(asked), asked[-1].at, str(asked[-1].data.get("how", "")), ASKED in tip.reasons, times, said,
        calls[-1] if calls else None,
    )  # fmt: skip


def times(session: Session, who: Identity, tips: Iterable[Tip], keys: KeyFile) -> dict[int, tuple[str, ...]]:
    """Return when those in a queue who wait for a call can be called, by tip; nothing of it is kept in the clear."""
    waiting = {tip.id: tip for tip in tips if ASKED in tip.reasons}
    if not waiting:
        return {}
    opens = desks.private_keys(session, session.get_one(Account, who.account_id), who.key)
    wanted = select(Entry).where(Entry.tip_id.in_(waiting), Entry.kind.in_((thread.STORY, thread.MESSAGE)))
    texts: dict[int, list[str]] = {}
    for entry in session.scalars(wanted.order_by(Entry.id.desc()).limit(_MOST)):
        data = thread.opened(entry, waiting[entry.tip_id], opens, keys.instance).data
        texts.setdefault(entry.tip_id, []).append(str(data.get("text", "")) if data else "")
    return {tip_id: _newest(said)[0] for tip_id, said in texts.items()}


def number(session: Session, case: Case) -> Number:
    """Return the number to call and note that it was looked at.

    NotFound if nobody asked to be called or the number is gone; ForbiddenMove for anybody but the person who has taken
    the tip, once it is closed, and where the reporter said that they want no call.
    """
    view = _allowed(session, case)
    asked = request(case.tip, view)
    if asked is None:
        raise NotFound
    if asked.times == (safe_times.NEVER,):
        raise ForbiddenMove
    kept = [thread.opened(one, case.tip, case.keys, case.file.instance) for one in _numbers(session, case.tip)]
    data: Mapping[str, object] | None = next((one.data for one in reversed(kept) if one.data), None)
    if data is None:
        raise NotFound
    _record(session, case, "number_shown")
    return Number(str(data["number"]), given="given" in data)


def called(session: Session, case: Case, result: str, note: str = "") -> None:
    """Note what came of a call, with a sealed note if there is something to keep. NotFound, ForbiddenMove, TooLong."""
    view = _allowed(session, case)
    if result not in RESULTS or request(case.tip, view) is None:
        raise NotFound
    if note.strip():
        casework.note(session, case, note)
    if result in _ENDS:
        _mark(case.tip, CALLED, instead_of=ASKED)
    case.tip.changed_at = case.now
    session.flush()
    _record(session, case, "called", result=result)


def _allowed(session: Session, case: Case) -> View:
    if case.at.state == "offered" or case.tip.closed_at is not None or case.tip.taken_by != case.who.account_id:
        raise ForbiddenMove
    return casework.view(session, case)


def _numbers(session: Session, tip: Tip) -> list[Entry]:
    return thread.entries(session, tip.id, (thread.NUMBER,))


def _newest(texts: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """Return the times in the newest of these texts that says any, and that text."""
    for text in texts:
        if found := safe_times.find(text):
            return found, text
    return (), ""


def _said(texts: Iterable[str]) -> list[str]:
    """Return the newest of these texts that say when to call, down to one that wanted no call."""
    found: list[str] = []
    for text in texts:
        times = safe_times.find(text)
        if times == (safe_times.NEVER,) or len(found) == _SAID:
            break
        if times:
            found.append(text)
    return found


def _mark(tip: Tip, reason: str, *, instead_of: str) -> None:
    kept = [one for one in tip.reasons if one not in (reason, instead_of)]
    tip.reasons = [*kept, reason] if tip.priority == "P0" else [reason, *kept]


def _record(session: Session, case: Case, kind: str, **data: str) -> None:
    thread.record(
        session, case.tip.id, kind, case.now, account_id=case.who.account_id, desk_id=case.who.desk_id, **data
    )
