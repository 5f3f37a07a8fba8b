"""What a closed tip says is destroyed on its outcome's schedule, and nothing opens it; on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from tests import make
from tipline import (
    approval,
    casework,
    destruction,
    errors,
    followup,
    lifecycle,
    police_report,
    queue,
    retention,
    thread,
    withdrawal,
)
from tipline.destruction import BACKUPS, KEEP, LONGEST
from tipline.models import (
    Act,
    Approval,
    Base,
    Entry,
    Event,
    Outcome,
    OutMessage,
    PhoneThread,
    PoliceReport,
    Referral,
    Tip,
)
from tipline.outcomes import by_month as months_of
from tipline.phones import Phone
from tipline.police_report import Told
from tipline.sealing import unpack

if TYPE_CHECKING:
    from tests.unit.conftest import Core

PHONE = Phone("+26658000000", "twilio", "48000")
QUIET = "A man in Maseru pays too little for shop work."
TOLD = make.NOON + timedelta(minutes=17)
KEEP_NUMBERS = timedelta(days=30)
MINUTE = timedelta(minutes=1)


def told(core: Core, result: str = "information_given", **changes: object) -> int:
    """Take a report in by phone, work on it, close it an hour later; return its id."""
    core.clock.now = TOLD
    done = core.told(**{"text": QUIET, "phone": PHONE, "client_id": "a-client-id-that-nobody-guesses", **changes})
    with core.held("immigration", done.tip_id) as (session, case):
        casework.look(session, case)
        casework.take(session, case)
        casework.note(session, case, "The caller speaks of a shop.")
        casework.reply(session, case, "Please come to the office.", core.house.words)
    core.clock.turn(hours=1)
    close(core, done.tip_id, result)
    return done.tip_id


def close(core: Core, tip_id: int, result: str) -> None:
    with core.held("supervisor", tip_id) as (session, case):
        casework.close(session, case, result, clients_served=2, note="They went home.")


def forget(core: Core, now: datetime) -> None:
    core.clock.now = now
    retention.forget(core.house.database, core.keys, now, keep_numbers=KEEP_NUMBERS)
    core.house.database.scrub()


def is_there(core: Core, tip_id: int) -> bool:
    return any(entry.wraps for entry in core.entries(tip_id))


def plan(core: Core, tip_id: int) -> destruction.Plan:
    with core.house.database.read() as session:
        found = destruction.plan(session, session.get_one(Tip, tip_id))
        session.expunge_all()
    assert found is not None
    return found


def test_each_outcome_of_the_house_has_a_schedule() -> None:
    assert set(lifecycle.RESULTS) <= set(KEEP)
    assert max(KEEP.values()) == LONGEST
    assert destruction.keep_of(["no_action", "assisted"]) == (KEEP["assisted"], "assisted")
    assert destruction.keep_of(["no_action", "a result of next year"]) == (LONGEST, None)
    assert destruction.keep_of([]) == (LONGEST, None)


@pytest.mark.parametrize("result", lifecycle.RESULTS)
def test_it_goes_when_its_outcome_says_and_not_a_minute_before(core: Core, result: str) -> None:
    tip_id, still_open = told(core, result), core.told().tip_id
    ends = core.clock.now.replace(minute=17) + KEEP[result]
    assert plan(core, tip_id).at == ends
    assert plan(core, tip_id).backups == ends + BACKUPS
    forget(core, ends - MINUTE)
    assert is_there(core, tip_id)
    forget(core, ends)
    assert not is_there(core, tip_id)
    forget(core, ends + 10 * LONGEST)
    assert is_there(core, still_open)
    with core.house.database.read() as session:
        assert destruction.plan(session, session.get_one(Tip, still_open)) is None
        assert destruction.plan(session, session.get_one(Tip, tip_id)) is None
        kinds = session.scalars(select(Event.kind).where(Event.tip_id == tip_id))
        assert list(kinds).count("destroyed") == 1


def test_the_longest_of_several_outcomes_counts_and_an_unknown_one_for_the_longest(core: Core) -> None:
    first, other = told(core, "no_action"), told(core, "no_action", text=QUIET + " It is far.", client_id=None)
    ends = core.clock.now
    with core.house.database.write() as session:
        for tip_id, result in ((first, "assisted"), (other, "of_next_year")):
            session.add(Outcome(tip_id=tip_id, desk_id=1, account_id=1, result=result, created_at=ends))
    forget(core, ends + KEEP["assisted"] - MINUTE)
    assert (is_there(core, first), is_there(core, other)) == (True, True)
    forget(core, ends + KEEP["assisted"])
    assert (is_there(core, first), is_there(core, other)) == (False, True)
    forget(core, ends + LONGEST - MINUTE)
    assert is_there(core, other)
    forget(core, ends + LONGEST)
    assert not is_there(core, other)


def test_nothing_of_it_is_found_or_opens_afterwards(core: Core) -> None:
    tip_id = told(core, "assisted")
    with core.held("immigration", tip_id) as (session, case):
        casework.note(session, case, "Once more, after the end.")
    kept = [part for entry in core.entries(tip_id) for part in (entry.body, *unpack(entry.wraps).values())]
    tip = core.tip(tip_id)
    secrets = [*kept, tip.receipt_lookup, tip.reporter_point, tip.client_hash, tip.client_receipt]
    with core.house.database.read() as session:
        secrets += session.scalars(select(OutMessage.payload).where(OutMessage.tip_id == tip_id))
        secrets += session.scalars(select(PhoneThread.phone_hash).where(PhoneThread.tip_id == tip_id))
    sought = [one for one in secrets if one]
    assert len(sought) > 12
    assert all(one in _all_bytes(core) for one in sought)

    forget(core, core.clock.now + KEEP["assisted"])

    left = _all_bytes(core)
    assert not any(one in left for one in sought)
    names = ("immigration", "police", "shelter")
    assert not any(core.opens(name, entry) for name in names for entry in core.entries(tip_id))
    with core.held("immigration", tip_id) as (session, case):
        seen = casework.view(session, case)
        assert (seen.text, seen.thread, seen.can_reply, dict(seen.answers)) == (None, (), False, {})
        with pytest.raises(errors.ForbiddenMove):
            casework.note(session, case, "Who was it?")
    core.told(text=QUIET, phone=PHONE)  # the phone begins a new thread
    assert core.count(Tip) == 2


def test_an_old_row_does_not_open_either_where_its_wraps_are_gone(core: Core) -> None:
    tip_id = told(core, "no_action")
    old = core.entries(tip_id)
    forget(core, core.clock.now + KEEP["no_action"])
    left = {entry.id: entry for entry in core.entries(tip_id)}
    assert set(left) == {entry.id for entry in old if entry.kind != thread.NUMBER}
    for entry in old:  # somebody kept the body and the number of the row, and holds the desk's key
        entry.wraps = left[entry.id].wraps if entry.id in left else b""
        assert core.opens("immigration", entry) is None


def test_its_receipt_is_one_that_nobody_ever_had(core: Core) -> None:
    core.clock.now = TOLD
    done = core.told(text=QUIET)
    receipt = core.receipt(done)
    with core.held("immigration", done.tip_id) as (session, case):
        casework.take(session, case)
    close(core, done.tip_id, "no_action")
    forget(core, core.clock.now + KEEP["no_action"])
    with core.house.database.write() as session:
        with pytest.raises(errors.UnknownReceipt):
            withdrawal.tip_of(session, receipt)
        with pytest.raises(errors.UnknownReceipt):
            followup.add_by_receipt(session, receipt, "Hello", keys=core.keys, now=core.clock())


def test_figures_are_the_same_before_and_after_and_the_log_stands(core: Core) -> None:
    tip_id = told(core, "assisted")
    before = _figures(core, tip_id)
    forget(core, core.clock.now + KEEP["assisted"])
    assert _figures(core, tip_id) == before
    tip = core.tip(tip_id)
    assert (tip.channel, tip.place, tip.stage, tip.reasons, tip.child) == ("web", "maseru", "closed", [], None)


def test_the_minute_of_arrival_goes_at_closing_and_every_minute_when_it_is_destroyed(core: Core) -> None:
    core.clock.now = TOLD
    done = core.told(text=QUIET, place="maseru", phone=PHONE)
    core.clock.turn(minutes=7)
    with core.held("immigration", done.tip_id) as (session, case):
        casework.take(session, case)
        police_report.tell(session, case, Told("Maseru Central", core.clock(), {"what": "Labour"}))
        approval.propose(session, case, "They went home.")
    core.clock.turn(minutes=7)
    tip_id = done.tip_id
    with core.held("supervisor", tip_id) as (session, case):
        approval.answer(session, case, approval.APPROVE)
    hour = TOLD.replace(minute=0)
    with core.house.database.read() as session:
        first = session.scalars(select(Entry).where(Entry.tip_id == tip_id).order_by(Entry.id)).first()
        came = session.scalars(select(Event).where(Event.tip_id == tip_id).order_by(Event.id)).first()
        assert first is not None
        assert came is not None
        assert (first.created_at, came.at, session.get_one(Tip, tip_id).received_at) == (hour, hour, hour)
    forget(core, core.clock.now + KEEP["no_action"])
    with core.house.database.read() as session:
        events = select(Event.at).where(Event.tip_id == tip_id, Event.kind.not_in(("destroyed", "number_forgotten")))
        times = [*session.scalars(events), *session.scalars(select(Entry.created_at).where(Entry.tip_id == tip_id))]
        times += session.scalars(select(Outcome.created_at))
        times += session.scalars(select(Referral.created_at))
        times += session.execute(select(PoliceReport.told_at, PoliceReport.created_at)).one()
        times += session.execute(select(Approval.created_at, Approval.answered_at)).one()
        tip = session.get_one(Tip, tip_id)
        times += [tip.changed_at, tip.closed_at or tip.changed_at]
        assert {time.minute for time in times} == {0}
        assert session.scalar(select(func.count()).select_from(OutMessage).where(OutMessage.tip_id == tip_id)) == 0


def test_a_reporter_who_writes_again_postpones_it(core: Core) -> None:
    tip_id = told(core, "no_action")
    late = core.clock.now + KEEP["no_action"] - timedelta(days=1)
    core.clock.now = late
    with core.house.database.write() as session:
        followup.add(session, session.get_one(Tip, tip_id), "They came back.", keys=core.keys, now=late)
    forget(core, late + LONGEST)
    assert is_there(core, tip_id)  # nobody has looked yet
    assert plan(core, tip_id).waits
    with core.held("immigration", tip_id) as (session, case):
        casework.look(session, case)
    forget(core, late + KEEP["no_action"] - MINUTE)
    assert is_there(core, tip_id)
    forget(core, late + KEEP["no_action"])
    assert not is_there(core, tip_id)


def test_a_desk_keeps_a_tip_back_for_a_reason_and_lets_it_go(core: Core) -> None:
    tip_id = told(core, "no_action")
    ends = core.clock.now + KEEP["no_action"]
    core.clock.now = ends - timedelta(days=5)
    with core.held("immigration", tip_id) as (session, case):
        with pytest.raises(errors.ReasonMissing):
            destruction.keep_back(session, case, " ", 12)
        with pytest.raises(errors.NotFound):
            destruction.keep_back(session, case, "The court asks for it.", 13)
        with pytest.raises(errors.ForbiddenMove):
            destruction.let_go(session, case)
        destruction.keep_back(session, case, "The court asks for it.", 12)
    until = ends + timedelta(days=365)  # longer than its schedule keeps it
    assert (plan(core, tip_id).at, plan(core, tip_id).scheduled) == (until, ends)
    forget(core, until - MINUTE)
    assert is_there(core, tip_id)
    with core.held("immigration", tip_id) as (session, case):  # once more
        destruction.keep_back(session, case, "It has not ended.", 1)
    again = core.clock.now + timedelta(days=30)
    forget(core, again - MINUTE)
    assert is_there(core, tip_id)
    reason = core.entries(tip_id, thread.REASON)[-1]
    assert core.readers(reason) == {"immigration"}
    assert core.opens("immigration", reason) == "It has not ended."
    with core.held("immigration", tip_id) as (session, case):
        destruction.let_go(session, case)
    forget(core, again)
    assert not is_there(core, tip_id)
    with core.house.database.read() as session:
        verbs = session.scalars(select(Act.verb).order_by(Act.seq)).all()
    assert verbs[-3:] == ["kept_back", "kept_back", "let_go"]


def test_where_two_desks_keep_it_the_later_day_counts(core: Core) -> None:
    tip_id = core.accepted()
    with core.held("shelter", tip_id) as (session, case):
        casework.close(session, case, "information_given", note="Nothing more to do.")
    ends = core.clock.now + KEEP["information_given"]
    core.clock.now = ends - timedelta(days=2)
    for name, months in (("shelter", 1), ("immigration", 3)):
        with core.held(name, tip_id) as (session, case):
            destruction.keep_back(session, case, "Needed.", months)
    assert plan(core, tip_id).at == ends + timedelta(days=90)
    with core.held("shelter", tip_id) as (session, case):
        destruction.let_go(session, case)
    forget(core, core.clock.now + timedelta(days=89))
    assert is_there(core, tip_id)
    forget(core, ends + timedelta(days=90))
    assert not is_there(core, tip_id)


def test_an_open_tip_is_not_kept_back(core: Core) -> None:
    with core.held("immigration", core.told().tip_id) as (session, case), pytest.raises(errors.ForbiddenMove):
        destruction.keep_back(session, case, "Needed.", 1)


def test_a_desk_is_shown_what_goes_soon_and_what_it_keeps(core: Core) -> None:
    first = told(core, "no_action")
    second = told(core, "not_identified", text=QUIET + " It is far.", client_id=None)
    core.clock.now = plan(core, first).at - timedelta(days=29)
    desk, other = (core.people[name].desk_id or 0 for name in ("immigration", "shelter"))
    with core.house.database.read() as session:
        shown = destruction.soon(session, desk, core.clock.now)
        assert ([tip.id for tip, _ in shown.going], shown.count, shown.kept) == ([first], 1, ())
        assert destruction.soon(session, other, core.clock.now).count == 0
        assert destruction.soon(session, desk, plan(core, second).at - timedelta(days=29)).count == 2
    with core.held("immigration", first) as (session, case):
        destruction.keep_back(session, case, "Needed.", 6)
    with core.house.database.read() as session:
        shown = destruction.soon(session, desk, core.clock.now)
        assert (shown.going, [tip.id for tip, _ in shown.kept]) == ((), [first])


def test_a_run_that_is_stopped_goes_on_with_the_next(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    tips = [told(core, "no_action", text=f"{QUIET} {at}", client_id=None) for at in range(3)]
    monkeypatch.setattr(destruction, "_BATCH", 1)
    ends = core.clock.now + KEEP["no_action"]
    commits = []

    def crash(_session: Session) -> None:
        commits.append(1)
        if len(commits) > 1:
            raise KeyboardInterrupt

    event.listen(Session, "before_commit", crash)
    try:
        with pytest.raises(KeyboardInterrupt):
            destruction.forget(core.house.database, ends)
    finally:
        event.remove(Session, "before_commit", crash)
    assert sorted(is_there(core, tip_id) for tip_id in tips) == [False, True, True]
    destruction.forget(core.house.database, ends)
    assert not any(is_there(core, tip_id) for tip_id in tips)


def test_what_is_kept_under_another_goes_with_it(core: Core) -> None:
    core.clock.now = TOLD
    lead, under = core.told(text=QUIET).tip_id, core.told(text=QUIET).tip_id
    with core.house.database.write() as session:
        session.get_one(Tip, under).folded_into = lead
    with core.held("immigration", lead) as (session, case):
        casework.take(session, case)
    close(core, lead, "no_action")
    with core.house.database.write() as session:
        session.execute(text("UPDATE tip_desk SET active = false"))
    forget(core, core.clock.now + KEEP["no_action"])
    assert not is_there(core, lead)
    assert not is_there(core, under)


def _figures(core: Core, tip_id: int) -> tuple[object, ...]:
    with core.house.database.read() as session:
        tip = session.get_one(Tip, tip_id)
        outcomes = session.execute(select(Outcome.result, Outcome.clients_served, Outcome.desk_id)).all()
        path = session.execute(select(Event.kind, Event.account_id).where(Event.kind.in_(("moved", "closed")))).all()
        acts = session.execute(select(Act.seq, Act.link)).all()
        counts = queue.summary(session, core.people["supervisor"], core.clock())
        counts["months"] = months_of(session, core.people["supervisor"].desk_id or 0, TOLD)
        return (tip.uid, tip.channel, tip.language, tip.category, tip.priority, outcomes, path, acts, counts)


def _all_bytes(core: Core) -> bytes:
    """Return the files of SQLite, or every column of every row of PostgreSQL."""
    if core.house.database.is_sqlite:
        files = sorted(core.house.settings.var.glob("tipline.db*"))
        return b"".join(file.read_bytes() for file in files)
    found = []
    with core.house.database.read() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(select(table)):
                found += [bytes(value) for value in row if isinstance(value, bytes | memoryview)]
    return b"\0".join(found)
