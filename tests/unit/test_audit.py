"""The audit log: one row an act, in one chain; whatever is changed in it is found and named."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from tests.unit.conftest import Core
from tipline import accounts, audit, audit_check, casework, errors, retention, thread, trail
from tipline.audit_check import ALTERED, CUT, INSERTED, MOVED, REMOVED, REWRITTEN, STANDS, Digest, Verdict
from tipline.models import Act, Entry, Event, Tip, TipDesk
from tipline.queue import reference

Harm = Callable[[Session], object]


def acts(core: Core, **wanted: Any) -> list[Act]:
    with core.house.database.read() as session:
        found = list(session.scalars(select(Act).filter_by(**wanted).order_by(Act.seq)))
        session.expunge_all()
    return found


def chained(core: Core, count: int = 8) -> None:
    """Add rows to what the demo instance's own making has left."""
    for number in range(count):
        with core.house.database.write() as session:
            audit.note(session, "searched", core.clock(), account_id=1, desk_id=1, found=number)
        core.clock.turn(seconds=1)


def verdict(core: Core, kept: Digest | None = None, newest: int | None = None) -> Verdict:
    with core.house.database.read() as session:
        return audit_check.verify(session, core.keys, kept, newest=newest)


def last(core: Core) -> int:
    with core.house.database.read() as session:
        return audit_check.digest(session).seq


def harm(core: Core, *statements: Any) -> None:
    with core.house.database.write() as session:
        for statement in statements:
            session.execute(statement, execution_options={"synchronize_session": False})


def renumbered(seq: int, to: int) -> Any:
    return update(Act).where(Act.seq == seq).values(seq=to)


class TestTheRows:
    def test_a_row_says_who_did_what_to_which_tip_and_no_words(self, core: Core) -> None:
        tip_id, _ = core.referred()
        uid = core.tip(tip_id).uid
        taken, referred = acts(core, object=uid)
        who = core.people["immigration"]
        assert (taken.verb, taken.kind, taken.account_id, taken.desk_id) == (
            "taken",
            "tip",
            who.account_id,
            who.desk_id,
        )
        data = {"to": "shelter", "consent": None, "entries": 1}
        assert (referred.verb, referred.data, referred.at) == ("referred", data, core.clock())

    def test_an_act_that_is_undone_leaves_no_row_and_no_gap(self, core: Core) -> None:
        before = last(core)
        done = core.told()

        def take_and_fail() -> None:
            with core.held("immigration", done.tip_id) as (session, case):
                casework.take(session, case)
                casework.refer(session, case, "shelter", "")

        with pytest.raises(errors.ReasonMissing):
            take_and_fail()
        assert last(core) == before
        chained(core, 1)
        assert last(core) == before + 1
        assert verdict(core) == Verdict(STANDS, before + 1)

    @pytest.mark.parametrize(
        ("verb", "given"),
        [
            ("peeked", {}),
            ("moved", {"to": "two words"}),
            ("moved", {"to": "Ba nkile pasa ea khaitseli ea ka ’me ha a khone"}),
            ("moved", {"to": ["closed"]}),
            ("moved", {"of": "no code"}),
        ],
    )
    def test_an_act_without_a_verb_or_with_words_cannot_be_written(
        self, core: Core, verb: str, given: dict[str, Any]
    ) -> None:
        before = last(core)
        with pytest.raises(audit.NotAnAct), core.house.database.write() as session:
            audit.note(session, verb, core.clock(), account_id=1, desk_id=1, **given)
        assert last(core) == before

    def test_whatever_a_person_does_to_a_tip_goes_through_the_log(self, core: Core) -> None:
        done = core.told()
        with pytest.raises(audit.NotAnAct), core.house.database.write() as session:
            thread.record(session, done.tip_id, "peeked", core.clock(), account_id=1, desk_id=1)

    def test_reporters_leave_no_row(self, core: Core) -> None:
        before = last(core)
        core.told()
        core.told(channel="sms", text="Nthuse", client_id=None)
        assert last(core) == before

    def test_a_look_that_goes_on_is_one_row(self, core: Core) -> None:
        done = core.told()
        for name, minutes, seen in (
            ("immigration", 0, True), ("immigration", 5, False), ("supervisor", 0, True), ("immigration", 5, True),
        ):  # fmt: skip
            core.clock.turn(minutes=minutes)
            with core.held(name, done.tip_id) as (session, case):
                assert casework.is_news(session, case) is seen
                casework.look(session, case)
        looks = [(row.verb, row.account_id) for row in acts(core, object=core.tip(done.tip_id).uid)]
        immigration, supervisor = (core.people[name].account_id for name in ("immigration", "supervisor"))
        assert looks == [("first_look", immigration), ("viewed", supervisor), ("viewed", immigration)]

    def test_sign_ins_that_were_refused_say_at_which_step(self, core: Core) -> None:
        with core.house.database.read() as session:
            account_id = accounts.candidate(session, "police").account_id
        for name in ("police", "nobody of this name"):
            with pytest.raises(errors.SignInRefused):
                core.house.sign_in(name, "not the passphrase", "", "cookie")
        known, unknown = acts(core, verb="sign_in_refused")
        assert (known.account_id, known.object, known.data) == (account_id, str(account_id), {"step": "password"})
        assert known.desk_id == core.people["police"].desk_id
        assert (unknown.account_id, unknown.desk_id, unknown.object) == (None, None, "")


class TestTheChain:
    def test_it_stands(self, core: Core) -> None:
        chained(core)
        count = last(core)
        assert count >= 8
        assert [row.seq for row in acts(core)] == list(range(1, count + 1))
        assert verdict(core) == Verdict(STANDS, count)

    def test_an_empty_one_stands(self, core: Core) -> None:
        harm(core, delete(Act))
        assert verdict(core) == Verdict(STANDS, 0)
        assert verdict(core, newest=5) == Verdict(STANDS, 0)
        with core.house.database.read() as session:
            assert audit_check.read_digest(str(audit_check.digest(session))).seq == 0

    def test_it_is_walked_in_pieces(self, core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(audit_check, "BATCH", 3)
        chained(core, 7)
        assert verdict(core) == Verdict(STANDS, last(core))
        harm(core, update(Act).where(Act.seq == last(core) - 4).values(verb="taken"))
        assert verdict(core) == Verdict(ALTERED, last(core) - 4)

    @pytest.mark.parametrize(
        "values",
        [
            {"verb": "viewed"}, {"account_id": 3}, {"account_id": None}, {"desk_id": 2}, {"object": "x"},
            {"kind": "tip"}, {"data": {"found": 99}}, {"link": bytes(32)},
        ],
    )  # fmt: skip
    def test_an_altered_row_is_named(self, core: Core, values: dict[str, Any]) -> None:
        chained(core)
        row = last(core) - 3
        harm(core, update(Act).where(Act.seq == row).values(values))
        assert verdict(core) == Verdict(ALTERED, row)

    def test_an_altered_time_is_named(self, core: Core) -> None:
        chained(core)
        row = last(core) - 3
        harm(core, update(Act).where(Act.seq == row).values(at=core.clock() - timedelta(microseconds=1)))
        assert verdict(core) == Verdict(ALTERED, row)

    def test_a_removed_row_is_named(self, core: Core) -> None:
        chained(core)
        row = last(core) - 3
        harm(core, delete(Act).where(Act.seq == row))
        assert verdict(core) == Verdict(REMOVED, row, row)
        harm(core, delete(Act).where(Act.seq < row + 2))
        assert verdict(core) == Verdict(REMOVED, 1, row + 1)

    def test_removed_rows_are_named_though_the_rest_was_counted_anew(self, core: Core) -> None:
        chained(core)
        row = last(core) - 4
        harm(
            core, delete(Act).where(Act.seq.in_((row, row + 1))),
            *(renumbered(seq, seq - 2) for seq in (row + 2, row + 3, row + 4)),
        )  # fmt: skip
        assert verdict(core) == Verdict(REMOVED, row, row + 1)

    def test_rows_that_changed_places_are_named(self, core: Core) -> None:
        chained(core)
        row = last(core) - 4
        for apart in (1, 3):
            swap = [
                renumbered(row, 10**6), renumbered(row + apart, row), renumbered(10**6, row + apart)
            ]  # fmt: skip
            harm(core, *swap)
            assert verdict(core) == Verdict(MOVED, row, row + apart)
            harm(core, *swap)
            assert verdict(core).code == STANDS

    @pytest.mark.parametrize("column", ["at", "data"])
    def test_a_row_that_cannot_even_be_read_is_named(self, core: Core, column: str) -> None:
        chained(core)
        row = last(core) - 3
        harm(core, text(f"UPDATE audit SET {column} = 'soon' WHERE seq = {row}"))
        assert verdict(core) == Verdict(ALTERED, row)
        harm(core, update(Act).where(Act.seq == row - 1).values(verb="viewed"))
        assert verdict(core) == Verdict(ALTERED, row - 1)

    def test_an_inserted_row_is_named(self, core: Core) -> None:
        chained(core)
        row, end = last(core) - 3, last(core)
        harm(core, *(renumbered(seq, seq + 1) for seq in range(end, row - 1, -1)))
        with core.house.database.write() as session:
            session.add(
                Act(
                    seq=row, at=core.clock(), account_id=2, desk_id=1, verb="viewed", kind="tip", object="a" * 32,
                    data={}, link=b"x" * 32,
                )
            )  # fmt: skip
        assert verdict(core) == Verdict(INSERTED, row, row + 1)

    def test_rows_cut_off_at_the_end_are_named_by_a_digest_kept_elsewhere(self, core: Core) -> None:
        chained(core)
        end = last(core)
        with core.house.database.read() as session:
            kept = audit_check.read_digest(str(audit_check.digest(session)))
        chained(core, 2)
        assert verdict(core, kept) == Verdict(STANDS, end + 2)
        harm(core, delete(Act).where(Act.seq > end - 2))
        assert verdict(core) == Verdict(STANDS, end - 2)
        assert verdict(core, kept) == Verdict(CUT, end - 1, end - 2)
        chained(core, 4)  # and the log went on
        assert verdict(core) == Verdict(STANDS, end + 2)
        assert verdict(core, kept) == Verdict(REWRITTEN, end)

    def test_only_the_newest_rows_are_looked_at_where_that_is_asked(self, core: Core) -> None:
        chained(core)
        end = last(core)
        harm(core, update(Act).where(Act.seq == end - 5).values(verb="viewed"))
        assert verdict(core, newest=4) == Verdict(STANDS, end)
        assert verdict(core, newest=5) == Verdict(STANDS, end)  # it is what the first of them is hashed over
        assert verdict(core, newest=6) == Verdict(ALTERED, end - 5)
        harm(core, delete(Act).where(Act.seq == end - 4))
        assert verdict(core, newest=4) == Verdict(REMOVED, end - 4, end - 4)

    def test_another_key_file_writes_another_chain(self, core: Core) -> None:
        chained(core)
        core.keys.ids = b"k" * 32
        assert verdict(core) == Verdict(ALTERED, 1)

    @pytest.mark.parametrize("line", ["", "12", "x aaaa", "1 abcd-abcd", "1 " + "-".join(["wxyz"] * 8)])
    def test_what_is_no_digest_line(self, core: Core, line: str) -> None:
        with pytest.raises(audit_check.NoDigest):
            audit_check.read_digest(line)


class TestTogether:
    def test_many_writers_keep_one_chain(self, core: Core) -> None:
        before, each, writers = last(core), 10, 6
        done = core.told()
        failed: list[BaseException] = []

        def write() -> None:
            try:
                for number in range(each):
                    with core.house.database.write() as session:
                        audit.note(session, "searched", core.clock(), account_id=1, desk_id=1, found=number)
                        tip = session.get_one(Tip, done.tip_id, with_for_update=True)  # rows are waited for meanwhile
                        tip.gathered += 1
            except BaseException as error:  # noqa: BLE001 - shown below
                failed.append(error)

        threads = [threading.Thread(target=write) for _ in range(writers)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert failed == []
        assert verdict(core) == Verdict(STANDS, before + each * writers)
        assert core.tip(done.tip_id).gathered == each * writers


class TestForgetting:
    def test_the_rows_outlive_the_tip_and_the_chain_stands(self, core: Core) -> None:
        tip_id, _ = core.referred()
        uid = core.tip(tip_id).uid
        kept = [row.verb for row in acts(core, object=uid)]
        assert len(kept) == 2
        retention.forget(core.house.database, core.keys, core.clock(), keep_numbers=timedelta(0))
        with core.house.database.write() as session:
            session.execute(text("DELETE FROM referral"))
            for table in (Event, Entry, TipDesk):
                session.execute(delete(table).where(table.tip_id == tip_id))
            session.execute(delete(Tip).where(Tip.id == tip_id))
        assert [row.verb for row in acts(core, object=uid)] == kept
        assert verdict(core) == Verdict(STANDS, last(core))
        with core.house.database.read() as session:
            shown = trail.page(session, core.people["supervisor"], reference=reference(uid))
            assert [row.verb for row in shown.rows] == kept[::-1]
            assert trail.still_there(session, core.people["supervisor"], reference(uid)) is None


class TestWhoSeesIt:
    def test_a_supervisor_sees_their_own_desk_and_nobody_else_any(self, core: Core) -> None:
        tip_id, referral = core.referred()
        core.answer("shelter", tip_id, referral, "accept")
        with core.house.database.read() as session:
            shown = trail.page(session, core.people["supervisor"])
            assert {row.desk_id for row in shown.rows} == {core.people["immigration"].desk_id}
            assert set(shown.people.values()) == {"immigration", "supervisor"}
            for name in ("immigration", "shelter", "police"):
                with pytest.raises(errors.NotAllowed):
                    trail.page(session, core.people[name])

    def test_it_is_sifted_by_person_tip_and_day_and_comes_in_pages(
        self, core: Core, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        supervisor = core.people["supervisor"]
        first, second = core.told().tip_id, core.told().tip_id
        for name, tip_id, days in (("immigration", first, 0), ("supervisor", first, 1), ("immigration", second, 1)):
            core.clock.turn(days=days)
            with core.held(name, tip_id) as (session, case):
                casework.look(session, case)
        monkeypatch.setattr(trail, "PAGE", 2)
        with core.house.database.read() as session:

            def found(**wanted: Any) -> list[tuple[str, int | None]]:
                rows: list[tuple[str, int | None]] = []
                cursor = None
                while True:
                    page = trail.page(session, supervisor, cursor=cursor, **wanted)
                    rows += [(row.object, row.account_id) for row in page.rows if row.verb in audit.LOOKS]
                    cursor = page.next
                    if cursor is None:
                        return rows

            mine, theirs = supervisor.account_id, core.people["immigration"].account_id
            one, two = core.tip(first).uid, core.tip(second).uid
            assert found() == [(two, theirs), (one, mine), (one, theirs)]
            assert found(person=theirs) == [(two, theirs), (one, theirs)]
            assert found(reference=reference(one)) == [(one, mine), (one, theirs)]
            assert found(reference=reference(one).lower().replace("-", "")) == found(reference=reference(one))
            assert found(begins=core.clock() - timedelta(days=1, hours=1)) == [(one, mine)]
            for nothing in ("----", "ÄÖÜ", "A", "not a reference"):
                assert found(reference=nothing) == []
            assert found(reference=reference(two), person=mine) == []
            assert trail.page(session, supervisor, cursor="x").rows == trail.page(session, supervisor).rows
            assert trail.page(session, supervisor, cursor="9" * 18).rows == trail.page(session, supervisor).rows
