"""Promises are kept: once if all goes well, again after a crash, never with a transaction open."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from tests import make
from tests.unit.conftest import Carrier, Core
from tipline import outbox, phones
from tipline.database import Database
from tipline.models import Event, OutMessage
from tipline.outbox import SendFailed, Sent, Text
from tipline.phones import Phone
from tipline.sealing import unlock

NUMBER = "+26658001234"
TEXT = Text(NUMBER, "Where is she now?", "kannel", "32100")


def promise(core: Core, **more: Any) -> int:
    with core.house.database.write() as session:
        return outbox.promise(session, TEXT, keys=core.keys, now=core.clock(), **{"kind": "answer", **more})


def hashes(core: Core) -> list[bytes]:
    return [one for _, one in phones.hashes(core.keys, NUMBER, core.clock())]


def deliver(core: Core) -> int:
    return outbox.deliver(core.house.database, core.carrier, core.keys, core.clock)


def sweep(core: Core) -> int:
    with core.house.database.write() as session:
        return outbox.sweep(session, core.clock())


def row(core: Core, message_id: int) -> OutMessage:
    with core.house.database.read() as session:
        found = session.get_one(OutMessage, message_id)
        session.expunge(found)
    return found


@dataclass
class Watching(Carrier):
    """A carrier that looks whether a connection of the house is in use while it is called."""

    database: Database | None = None
    open: list[int] = field(default_factory=list)

    def send(self, message: Text) -> Sent:
        assert self.database is not None
        self.open.append(self.database.engine.pool.checkedout())  # type: ignore[attr-defined]
        with self.database.write():  # on SQLite this would wait for ever if a writer's turn were held
            pass
        return super().send(message)


class TestOnce:
    def test_what_is_promised_is_sent_and_then_blanked(self, core: Core) -> None:
        promised = promise(core)
        assert deliver(core) == 1
        assert core.carrier.sent == [TEXT]
        kept = row(core, promised)
        assert (kept.state, kept.payload, kept.attempts) == ("sent", None, 1)
        assert (kept.carrier, kept.delivery) == ("fake", "sent")
        assert kept.carrier_id_locked is not None
        assert unlock(kept.carrier_id_locked, core.keys.outbox, "a carrier's id") == b"id-1"
        assert deliver(core) == 0

    def test_it_waits_locked(self, core: Core) -> None:
        kept = row(core, promise(core))
        raw = b"".join(bytes(str(value), "utf-8") if not isinstance(value, bytes) else value
                       for value in (getattr(kept, column.key) for column in OutMessage.__table__.columns))  # fmt: skip
        assert b"she now" not in raw
        assert b"58001234" not in raw
        assert "she now" not in repr(TEXT)
        assert NUMBER not in repr(TEXT)

    def test_no_transaction_is_open_while_the_carrier_is_called(self, core: Core) -> None:
        carrier = core.carrier = Watching(database=core.house.database)
        for _ in range(3):
            promise(core)
        carrier.mishaps = [SendFailed("down"), RuntimeError("odd")]
        assert deliver(core) == 3
        assert carrier.open == [0, 0, 0]

    def test_a_promise_that_was_rolled_back_is_none(self, core: Core) -> None:
        with suppress(KeyError), core.house.database.write() as session:
            outbox.promise(session, TEXT, kind="answer", keys=core.keys, now=core.clock())
            raise KeyError
        assert deliver(core) == 0

    def test_more_than_a_batch_go_in_their_order(self, core: Core) -> None:
        with core.house.database.write() as session:
            for number in range(45):
                outbox.promise(session, Text(NUMBER, str(number)), kind="answer", keys=core.keys, now=core.clock())
        assert deliver(core) == 45
        assert [message.text for message in core.carrier.sent] == [str(number) for number in range(45)]

    def test_what_does_not_open_is_dead_and_holds_up_nobody(self, core: Core) -> None:
        broken, good = promise(core), promise(core)
        with core.house.database.write() as session:
            session.execute(update(OutMessage).where(OutMessage.id == broken).values(payload=b"rubbish"))
        deliver(core)
        assert (row(core, broken).state, row(core, broken).failure) == ("dead", "unreadable")
        assert row(core, good).state == "sent"


class TestCrashes:
    def test_one_that_was_claimed_when_the_worker_died_is_sent_after_the_sweep(self, core: Core) -> None:
        promised = promise(core)
        assert [one.id for one in outbox._claim(core.house.database, core.clock())] == [promised]
        assert row(core, promised).state == "sending"
        assert deliver(core) == 0
        core.clock.turn(seconds=119)
        assert sweep(core) == 0
        core.clock.turn(seconds=1)
        assert sweep(core) == 1
        assert deliver(core) == 1
        assert core.carrier.sent == [TEXT]
        assert row(core, promised).attempts == 2

    def test_two_workers_never_claim_the_same(self, core: Core) -> None:
        for _ in range(30):
            promise(core)
        one = outbox._claim(core.house.database, core.clock())
        other = outbox._claim(core.house.database, core.clock())
        assert (len(one), len(other)) == (20, 10)
        assert not {message.id for message in one} & {message.id for message in other}

    def test_a_slow_carrier_gives_the_rest_back_before_another_worker_takes_it(self, core: Core) -> None:
        class Slow(Carrier):
            def send(self, message: Text) -> Sent:
                core.clock.turn(seconds=25)
                sweep(core)  # another worker's
                return super().send(message)

        core.carrier = Slow()
        ids = [promise(core) for _ in range(10)]
        assert deliver(core) == 10
        assert len(core.carrier.sent) == 10
        assert {row(core, one).state for one in ids} == {"sent"}
        assert {row(core, one).attempts for one in ids} == {1}


class TestFailures:
    def test_it_is_tried_again_later_and_later_and_then_given_up(self, core: Core) -> None:
        tip = core.told()
        promised = promise(core, tip_id=tip.tip_id)
        for tries, seconds in enumerate(outbox.BACK_OFF, 1):
            core.carrier.mishaps = [SendFailed("down", carrier="kannel")]
            assert deliver(core) == 1
            kept = row(core, promised)
            assert (kept.state, kept.attempts, kept.failure, kept.carrier) == ("waiting", tries, "down", "kannel")
            assert kept.due_at == core.clock() + timedelta(seconds=seconds)
            core.clock.turn(seconds=seconds - 1)
            assert deliver(core) == 0
            core.clock.turn(seconds=1)
        core.carrier.mishaps = [SendFailed("down")]
        deliver(core)
        kept = row(core, promised)
        assert (kept.state, kept.delivery) == ("dead", "failed")
        with core.house.database.read() as session:
            assert session.scalars(select(Event.data).where(Event.kind == "send_failed")).all() == [{"code": "down"}]
        core.clock.turn(days=9)
        assert (deliver(core), sweep(core), core.carrier.sent) == (0, 0, [])

    def test_the_desk_may_have_a_dead_one_tried_again(self, core: Core) -> None:
        promised = promise(core)
        core.carrier.mishaps = [SendFailed("no_credit", final=True)]
        deliver(core)
        with core.house.database.write() as session:
            assert outbox.retry(session, promised, core.clock())
            assert not outbox.retry(session, promised, core.clock())
            assert not outbox.retry(session, promised + 1, core.clock())
        deliver(core)
        assert core.carrier.sent == [TEXT]
        assert (row(core, promised).state, row(core, promised).failure) == ("sent", None)

    @pytest.mark.parametrize("mishap", [SendFailed("bad_number", final=True), SendFailed("timeout", unsure=True)])
    def test_what_is_useless_or_may_have_gone_is_not_repeated(self, core: Core, mishap: SendFailed) -> None:
        promised = promise(core)
        core.carrier.mishaps = [mishap]
        deliver(core)
        core.clock.turn(days=2)
        assert (deliver(core), sweep(core)) == (0, 0)
        assert (row(core, promised).state, row(core, promised).failure) == ("dead", mishap.code)
        assert core.carrier.sent == []

    def test_a_carrier_s_surprise_is_a_failure_like_another(self, core: Core, caplog: pytest.LogCaptureFixture) -> None:
        promised, other = promise(core), promise(core)
        core.carrier.mishaps = [RuntimeError(f"cannot reach {NUMBER}")]
        deliver(core)
        assert (row(core, promised).state, row(core, promised).failure) == ("waiting", "unexpected")
        assert row(core, other).state == "sent"
        assert NUMBER not in caplog.text

    def test_what_is_too_late_is_given_up_at_its_next_failure(self, core: Core) -> None:
        promised = promise(core)
        core.clock.turn(hours=37)
        core.carrier.mishaps = [SendFailed("down")]
        deliver(core)
        assert row(core, promised).state == "dead"


class TestHeld:
    def test_it_waits_until_the_phone_asks(self, core: Core) -> None:
        promised = promise(core, held=True, phone_hash=hashes(core)[0], entry_id=None)
        assert deliver(core) == 0
        with core.house.database.write() as session:
            assert outbox.waits_for(session, hashes(core), core.clock())
            assert not outbox.waits_for(session, [b"x" * 32], core.clock())
            assert outbox.release(session, [b"x" * 32], core.clock()) == []
            outbox.release(session, hashes(core), core.clock())
            assert not outbox.waits_for(session, hashes(core), core.clock())
        assert deliver(core) == 1
        assert row(core, promised).state == "sent"

    def test_it_goes_through_the_door_where_the_phone_asked(self, core: Core) -> None:
        promise(core, held=True, phone_hash=hashes(core)[0])
        with core.house.database.write() as session:
            door = Phone(NUMBER, "africastalking", "48000")
            outbox.release(session, hashes(core), core.clock(), keys=core.keys, phone=door)
        deliver(core)
        assert core.carrier.sent == [Text(NUMBER, TEXT.text, "africastalking", "48000")]

    def test_after_seven_days_its_words_are_gone(self, core: Core) -> None:
        promised = promise(core, held=True, phone_hash=hashes(core)[0])
        core.clock.turn(days=7, seconds=-1)
        sweep(core)
        assert row(core, promised).payload is not None
        core.clock.turn(seconds=1)
        with core.house.database.write() as session:
            assert outbox.release(session, hashes(core), core.clock()) == []
        sweep(core)
        assert (row(core, promised).state, row(core, promised).payload) == ("expired", None)

    def test_it_is_found_under_last_month_s_key(self, core: Core) -> None:
        promise(core, held=True, phone_hash=hashes(core)[0])
        core.clock.turn(days=6, hours=23)  # into December: the hash has another key
        with core.house.database.write() as session:
            assert outbox.waits_for(session, hashes(core), core.clock())

    def test_stop_calls_off_what_was_about_to_go(self, core: Core) -> None:
        notice = promise(core, kind="notice", phone_hash=hashes(core)[0])
        answer = promise(core, kind="answer", phone_hash=hashes(core)[0])
        other = promise(core, kind="notice", phone_hash=b"x" * 32)
        with core.house.database.write() as session:
            outbox.call_off(session, hashes(core), core.clock())
        assert deliver(core) == 1
        assert [row(core, one).state for one in (notice, answer, other)] == ["expired", "held", "sent"]
        assert row(core, notice).payload is None


class TestDeliveryReports:
    @pytest.mark.parametrize("order", [*permutations(["sent", "buffered", "delivered"])])
    def test_a_state_only_moves_forward(self, core: Core, order: tuple[str, ...]) -> None:
        promised = promise(core)
        deliver(core)
        for state in (*order, *order, "nonsense", "queued"):
            with core.house.database.write() as session:
                assert outbox.note_delivery(session, core.keys, "fake", "id-1", state, make.NOON)
        assert row(core, promised).delivery == "delivered"

    def test_a_failure_after_all_is_seen_and_delivered_beats_it(self, core: Core) -> None:
        promised = promise(core)
        deliver(core)
        shown = []
        for state in ("failed", "sent", "delivered", "failed"):
            with core.house.database.write() as session:
                outbox.note_delivery(session, core.keys, "fake", "id-1", state, make.NOON)
            shown.append(row(core, promised).delivery)
        assert shown == ["failed", "failed", "delivered", "delivered"]

    @pytest.mark.parametrize(("carrier", "name"), [("fake", "id-2"), ("twilio", "id-1"), ("fake", ""), ("", "")])
    def test_a_report_about_nothing_of_ours_changes_nothing(self, core: Core, carrier: str, name: str) -> None:
        promised = promise(core)
        deliver(core)
        with core.house.database.write() as session:
            assert not outbox.note_delivery(session, core.keys, carrier, name, "delivered", make.NOON)
        assert row(core, promised).delivery == "sent"


def test_no_report_ever_moves_one_back(core: Core) -> None:
    with core.house.database.write() as session:
        text = Text("+26658001234", "x")
        number = outbox.promise(session, text, kind="answer", keys=core.keys, now=core.clock())
    outbox.deliver(core.house.database, core.carrier, core.keys, core.clock)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.sampled_from([*outbox.RANK, "nonsense"]), max_size=12))
    def walk(states: list[str]) -> None:
        with core.house.database.write() as session:
            session.execute(update(OutMessage).where(OutMessage.id == number).values(delivery="sent"))
            seen: list[Any] = ["sent"]
            for state in states:
                assert outbox.note_delivery(session, core.keys, "fake", "id-1", state, core.clock())
                seen.append(session.get_one(OutMessage, number).delivery)
            ranks = [outbox.RANK[one] for one in seen]
            assert ranks == sorted(ranks)
            assert ranks[-1] == max(outbox.RANK.get(state, 0) for state in ["sent", *states])

    walk()
