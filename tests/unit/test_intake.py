"""The front door: what comes in is kept once, sealed to the desks that may read it, or refused with a reason."""

from __future__ import annotations

import base64
import secrets
import threading
from typing import Any

import pytest
from sqlalchemy import select, update

from tests import browser_seal, make
from tests.unit.conftest import Core
from tipline import casework, errors, intake, thread
from tipline.intake import SealedStory, sealed_binding
from tipline.models import DeskKey, Entry, Event, PhoneThread, Tip, TipDesk
from tipline.phones import Phone
from tipline.sealing import PublicKey, Where, seal, unpack

STRONG = "k" * 22
PHONE = Phone("+26658001234", "kannel", "32100")


def strong() -> str:
    return secrets.token_urlsafe(16)


def sealed(core: Core, client_id: str, desks: tuple[str, ...], text: str = make.STORY) -> SealedStory:
    """Seal a story as a reporter's device does."""
    with core.house.database.read() as session:
        rows = session.execute(select(DeskKey.id, DeskKey.point, DeskKey.desk_id)).all()
    names = {1: "immigration", 2: "shelter", 3: "police"}
    keys = {
        "instance": core.keys.instance,
        "suite": 1,
        "label": "tipline/1",
        "entry": "story",
        "keys": [
            {"id": row.id, "desk": names[row.desk_id], "public_key": base64.b64encode(row.point).decode()}
            for row in rows
        ],
    }
    made = browser_seal.seal(keys, client_id, {"text": text, "answers": {"child": True}}, desks)
    wraps = {key_id: base64.b64decode(wrap) for key_id, wrap in made["wraps"].items()}
    return SealedStory(base64.b64decode(made["body"]), wraps)


def nothing_is_there(core: Core) -> bool:
    return not any(core.count(model) for model in (Tip, TipDesk, Entry, Event, PhoneThread))


class TestWhoReadsIt:
    def test_immigration_alone_by_the_rules(self, core: Core) -> None:
        done = core.told(text="They sell forged permits at the taxi rank.")
        (story,) = core.entries(done.tip_id)
        assert core.readers(story) == {"immigration"}
        assert core.opens("immigration", story) == "They sell forged permits at the taxi rank."
        assert core.opens("supervisor", story) is not None
        assert core.opens("police", story) is None
        assert core.opens("shelter", story) is None
        assert core.queue("immigration") == [done.tip_id]
        assert core.queue("police") == core.queue("shelter") == []

    @pytest.mark.parametrize("said", [{"child": True}, {"danger_now": True}])
    def test_the_police_too_where_there_is_a_child_or_danger(self, core: Core, said: dict[str, Any]) -> None:
        done = core.told(**said)
        assert core.readers(core.entries(done.tip_id)[0]) == {"immigration", "police"}
        assert core.queue("police") == [done.tip_id]

    @pytest.mark.parametrize(
        ("exclude", "readers"),
        [
            (("police",), {"immigration"}),
            (("immigration",), {"police"}),
            (("immigration", "police"), {"shelter"}),
            (("shelter", "immigration"), {"police"}),
        ],
    )
    def test_a_desk_that_the_reporter_excluded_has_no_wrap_of_anything(
        self, core: Core, exclude: tuple[str, ...], readers: set[str]
    ) -> None:
        done = core.told(child=True, danger_now=True, exclude=exclude, phone=PHONE)
        entries = core.entries(done.tip_id)
        assert {entry.kind for entry in entries} == {thread.STORY, thread.NUMBER}
        for entry in entries:
            assert core.readers(entry) == readers
            for excluded in exclude:
                assert not unpack(entry.wraps).keys() & core.desk_keys(excluded).keys()
                assert core.opens(excluded, entry) is None
        for excluded in exclude:
            assert core.queue(excluded) == []

    def test_all_desks_excluded(self, core: Core) -> None:
        with pytest.raises(errors.AllDesksExcluded):
            core.told(exclude=("immigration", "police", "shelter"))
        assert nothing_is_there(core)

    def test_no_desk_has_a_key(self, core: Core) -> None:
        with core.house.database.write() as session:
            session.execute(update(DeskKey).values(retired_at=make.NOON))
        with pytest.raises(errors.NoDeskKey):
            core.told()
        assert nothing_is_there(core)

    def test_nothing_said_stands_in_the_clear(self, core: Core) -> None:
        said = {"text": "Zebra-8871 took her", "happening": "Zebra-8872", "exclude_note": "Zebra-8873",
                "place": "Zebra-8874", "client_id": "Zebra-8875-" + STRONG}  # fmt: skip
        done = core.told(**said, phone=Phone("+26658008876"))
        with core.house.database.read() as session:
            for model in (Tip, TipDesk, Entry, Event, PhoneThread):
                for row in session.scalars(select(model)):
                    values = [getattr(row, column.key) for column in model.__table__.columns]
                    raw = b"|".join(value if isinstance(value, bytes) else repr(value).encode() for value in values)
                    assert b"Zebra" not in raw
                    assert b"8876" not in raw
        assert core.opens("immigration", core.entries(done.tip_id)[0]) == "Zebra-8871 took her"

    def test_a_text_of_any_letters_comes_back(self, core: Core) -> None:
        text = "tšoara ’na \N{ZERO WIDTH JOINER} \x00 \U0001f198 " + "a" * 60_000
        done = core.told(text=text)
        assert core.opens("immigration", core.entries(done.tip_id)[0]) == text
        broken = core.told(text="lone \ud800 surrogate")
        assert str(core.opens("immigration", core.entries(broken.tip_id)[0])).startswith("lone ")


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"text": ""}, errors.EmptyTip),
            ({"text": " \n\t "}, errors.EmptyTip),
            ({"text": "š" * 32_769}, errors.TooLong),
            ({"category": "gossip"}, errors.UnknownCategory),
            ({"exclude": ("army",)}, errors.UnknownDesk),
            ({"exclude": ("immigration", "")}, errors.UnknownDesk),
        ],
    )
    def test_it_is_named_and_nothing_is_kept(self, core: Core, changes: dict[str, Any], error: type[Exception]) -> None:
        with pytest.raises(error):
            core.told(**changes)
        assert nothing_is_there(core)

    @pytest.mark.parametrize("said", [{"danger_now": True}, {"category": "child"}, {"place": "leribe"}])
    def test_one_answer_is_enough(self, core: Core, said: dict[str, Any]) -> None:
        assert core.told(text="", **said).is_new


class TestSentAgain:
    def test_the_same_id_is_the_same_tip_whatever_comes_with_it(self, core: Core) -> None:
        first = core.told(client_id=STRONG)
        for changes in ({}, {"text": ""}, {"exclude": ("immigration", "police", "shelter")}, {"category": "gossip"}):
            again = core.told(client_id=STRONG, **changes)
            assert (again.tip_id, again.is_new, again.receipt) == (first.tip_id, False, first.receipt)
        assert core.count(Tip) == 1
        assert core.count(Entry) == 1
        assert core.house.again(STRONG) == again
        assert core.house.again("another") is None

    def test_a_receipt_is_said_again_for_a_day(self, core: Core) -> None:
        first = core.told(client_id=STRONG)
        core.clock.turn(hours=23, minutes=59)
        assert core.told(client_id=STRONG).receipt == first.receipt
        core.clock.turn(minutes=1)
        late = core.told(client_id=STRONG)
        assert (late.tip_id, late.receipt) == (first.tip_id, None)

    @pytest.mark.parametrize("guessable", ["1", "tip-2026-11-24", "k" * 21])
    def test_an_id_that_can_be_guessed_says_no_receipt(self, core: Core, guessable: str) -> None:
        first = core.told(client_id=guessable)
        assert first.receipt is not None
        assert core.told(client_id=guessable).receipt is None
        assert core.tip(first.tip_id).client_receipt is None

    def test_whoever_guesses_an_id_before_its_receipt_was_given_gets_none(self, core: Core) -> None:
        core.house.take_in(make.report(client_id="guessable"), with_receipt=False)
        again = core.house.again("guessable")
        assert again is not None
        assert (again.is_new, again.has_receipt, again.receipt) == (False, False, None)

    def test_a_crash_between_the_tip_and_its_receipt_loses_nothing(self, core: Core) -> None:
        before = core.house.take_in(make.report(client_id=STRONG), with_receipt=False)
        again = core.told(client_id=STRONG)
        assert again.tip_id == before.tip_id
        assert again.receipt is not None
        assert core.house.again(STRONG) == again

    def test_two_that_race_for_the_receipt_are_told_the_same(self, core: Core) -> None:
        before = core.house.take_in(make.report(client_id=STRONG), with_receipt=False)
        winner = core.house._receipt_later(before, STRONG)
        loser = core.house._receipt_later(before, STRONG)
        assert winner.receipt == loser.receipt is not None

    def test_sixteen_at_once_make_one_tip(self, core: Core) -> None:
        results: list[Any] = []

        def send() -> None:
            try:
                results.append(core.told(client_id=STRONG))
            except Exception as error:  # noqa: BLE001 - the test names it
                results.append(error)

        threads = [threading.Thread(target=send) for _ in range(16)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert [one for one in results if isinstance(one, Exception)] == []
        assert {one.tip_id for one in results} == {results[0].tip_id}
        assert {one.receipt for one in results} == {results[0].receipt}
        assert results[0].receipt is not None
        assert sum(one.is_new for one in results) == 1
        assert (core.count(Tip), core.count(Entry)) == (1, 1)

    def test_a_receipt_is_never_replaced(self, core: Core) -> None:
        done = core.told(client_id=STRONG)
        with core.house.database.write() as session:
            assert not intake.attach_receipt(session, done.tip_id, core.house.minter.take(), None, core.keys)


class TestSealedByTheReporter:
    def test_it_opens_at_the_desks_that_the_rules_choose(self, core: Core) -> None:
        client_id = strong()
        story = sealed(core, client_id, ("immigration", "police", "shelter"))
        done = core.told(text="", sealed=story, client_id=client_id)
        (entry,) = core.entries(done.tip_id)
        assert core.readers(entry) == {"immigration"}
        assert core.opens("immigration", entry) == make.STORY
        assert core.opens("police", entry) is None

    def test_the_server_keeps_no_wrap_of_a_desk_that_is_excluded(self, core: Core) -> None:
        client_id = strong()
        story = sealed(core, client_id, ("immigration", "police", "shelter"))
        done = core.told(text="", sealed=story, client_id=client_id, child=True, exclude=("immigration",))
        assert core.readers(core.entries(done.tip_id)[0]) == {"police"}

    def test_it_opens_only_where_its_device_meant_it_to(self, core: Core) -> None:
        story = sealed(core, strong(), ("immigration",))
        moved = core.told(text="", sealed=story, client_id=strong())
        assert core.opens("immigration", core.entries(moved.tip_id)[0]) is None

    def test_the_id_that_opens_the_kept_receipt_stands_nowhere(self, core: Core) -> None:
        client_id = strong()
        done = core.told(text="", sealed=sealed(core, client_id, ("immigration",)), client_id=client_id)
        tip = core.tip(done.tip_id)
        assert tip.binding == sealed_binding(client_id)
        assert client_id not in repr([getattr(tip, column.key) for column in Tip.__table__.columns])

    def test_what_does_not_have_the_form_is_refused(self, core: Core) -> None:
        client_id = strong()
        good = sealed(core, client_id, ("immigration",))
        (key_id, wrap), *_ = good.wraps.items()
        police = sealed(core, client_id, ("police",)).wraps
        for bad in (
            SealedStory(b"", good.wraps),
            SealedStory(good.body[:-1], good.wraps),
            SealedStory(b"\x02" + good.body[1:], good.wraps),
            SealedStory(good.body, {}),
            SealedStory(good.body, {key_id: wrap[:-1]}),
            SealedStory(good.body, {key_id: next(iter(police.values()))}),
            SealedStory(good.body, {"0" * 16: wrap}),
            SealedStory(good.body, police),
        ):
            with pytest.raises(errors.BadEnvelope):
                core.told(text="", sealed=bad, client_id=client_id)
        for client, text in ((None, ""), ("short", ""), (client_id, "and words in the clear")):
            with pytest.raises(errors.BadEnvelope):
                core.told(text=text, sealed=good, client_id=client)
        assert nothing_is_there(core)

    @pytest.mark.parametrize(("hours", "taken"), [(71, True), (72, False), (500, False)])
    def test_a_key_that_was_replaced_is_taken_for_three_days(self, core: Core, hours: int, taken: bool) -> None:
        client_id = strong()
        story = sealed(core, client_id, ("immigration",))
        with core.house.database.write() as session:
            old = session.scalars(select(DeskKey).where(DeskKey.id.in_(story.wraps))).one()
            old.retired_at = core.clock()
            new = core.people["police"].key.public()  # any other key
            session.add(
                DeskKey(
                    id=new.id, desk_id=old.desk_id, version=2, point=new.point, recovery_wrap=b"",
                    created_at=core.clock(),
                )
            )  # fmt: skip
        core.clock.turn(hours=hours)
        if taken:
            done = core.told(text="", sealed=story, client_id=client_id)
            assert core.opens("immigration", core.entries(done.tip_id)[0]) == make.STORY
        else:
            with pytest.raises(errors.BadEnvelope):
                core.told(text="", sealed=story, client_id=client_id)

    @pytest.mark.parametrize("plain", ["[" * 100_000, "5", "null", '{"text": {"a": 1}, "answers": [1]}', "{", "é"])
    def test_a_story_that_is_no_story_harms_nobody(self, core: Core, plain: str) -> None:
        client_id = strong()
        good = sealed(core, client_id, ("immigration",))
        with core.house.database.read() as session:
            point = session.scalars(select(DeskKey.point).where(DeskKey.id.in_(good.wraps))).one()
        where = Where(core.keys.instance, sealed_binding(client_id), "story")
        made = seal(plain.encode("latin-1"), where, [PublicKey(point)])
        done = core.told(text="", sealed=SealedStory(made.body, made.wraps), client_id=client_id)
        with core.held("immigration", done.tip_id) as (session, case):
            view = casework.view(session, case)
        assert view.answers == {}


def test_a_number_is_sealed_and_finds_the_thread_of_whoever_wrote_with_it(core: Core) -> None:
    for channel, finds in (("web", False), ("sms", True)):  # a number that was typed may be anybody's
        done = core.told(phone=PHONE, channel=channel)
        (number,) = core.entries(done.tip_id, thread.NUMBER)
        assert core.readers(number) == {"immigration"}
        with core.house.database.read() as session:
            assert (done.tip_id in session.scalars(select(PhoneThread.tip_id)).all()) == finds


def test_a_dropped_report_stays_as_it_stands(core: Core) -> None:
    done = core.told(unfinished=True, channel="ussd")
    with core.house.database.write() as session:
        intake.finish_dropped(session, done.tip_id, core.clock())
        intake.finish_dropped(session, done.tip_id, core.clock())
        kinds = session.scalars(select(Event.kind).order_by(Event.id)).all()
    assert kinds == ["received", "dropped"]
    assert not core.tip(done.tip_id).unfinished
