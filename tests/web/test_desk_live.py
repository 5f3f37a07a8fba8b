"""The desk while others work, too: clocks in words, what is new, who is at a tip, acts on a page that is old."""

from __future__ import annotations

import re
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask

from tests import make
from tests.web.desk import Desk, at, tell, tip_at, words
from tipline import followup
from tipline.house import House, utc_now
from tipline.sealing.passwords import receipt_keys
from tipline.web import clock_words, filters


@pytest.fixture
def desk(app: Flask) -> Desk:
    """Sign immigration in."""
    return at(app, "immigration")


@pytest.fixture
def colleague(app: Flask) -> Desk:
    """Sign somebody else of the same desk in."""
    return at(app, "supervisor")


def seen(page: str) -> str:
    """Return the version that a page's forms carry."""
    found = re.search(r'name="seen" value="([0-9]+)"', page)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("time", "up", "said"),
    [
        (timedelta(seconds=1), True, "1 min"),
        (timedelta(seconds=59), False, "0 min"),
        (timedelta(minutes=59, seconds=1), True, "60 min"),
        (timedelta(hours=1), True, "1 h"),
        (timedelta(hours=47, minutes=59), False, "47 h"),
        (timedelta(hours=48), False, "2 d"),
    ],
)
def test_a_time_is_said_in_one_unit(app: Flask, time: timedelta, up: bool, said: str) -> None:
    with app.test_request_context("/en/"):
        assert clock_words.span(time, up=up) == said


def test_a_filter_is_an_address_and_nothing_else_is_asked_for(app: Flask) -> None:
    asked = {"stage": "received", "priority": "P9", "place": "nowhere", "mine": "1", "waits": "yes", "x": "y"}
    found = filters.kept(filters.wanted(asked))
    assert found == {"stage": "received", "mine": "1"}
    assert filters.query(filters.wanted(asked)) == "?stage=received&mine=1"
    assert filters.query(filters.wanted({})) == ""
    with app.test_request_context("/desk/tips/x/take", method="POST", data={"list": "overdue=1&cursor=P0.1.1&mine=2"}):
        assert filters.carried() == {"overdue": "1"}
        assert filters.name_of(filters.wanted(filters.carried())) in {"Overdue", "E fetiloe ke nako"}


def test_clocks_count_down_in_words(app: Flask, house: House) -> None:
    tip = tell(house, danger_now=True)
    start = utc_now()
    for minutes, said in ((16, "first look due in 44 min"), (59.5, "first look due in 1 min")):
        house.clock = lambda minutes=minutes: start + timedelta(minutes=minutes)  # type: ignore[misc]
        desk = at(app, "immigration")
        assert said in words(desk.get("/desk/"))
    house.clock = lambda: start + timedelta(hours=3, minutes=5)
    desk = at(app, "immigration")
    page = desk.get("/desk/")
    assert "first look overdue by 2 h" in words(page)
    assert 'class="late">1</b>' in page
    said = words(desk.get(tip))
    assert "police: 20 h left" in said
    assert "first look" not in said
    house.clock = lambda: start + timedelta(hours=26)
    late = at(app, "immigration")
    assert "police: overdue by 2 h" in words(late.get("/desk/?overdue=1"))
    late.post(tip + "/moves", to="reported_police")
    assert "Nothing here" in words(late.get("/desk/?overdue=1"))


def test_whoever_asks_again_is_told_only_what_is_new(desk: Desk, house: House) -> None:
    tell(house)
    first = desk.client.get("/desk/?stage=received")
    tag = first.headers["ETag"]
    assert f'data-tag="{tag.replace(chr(34), "&#34;")}"' in first.text

    def again(address: str = "/desk/?stage=received", tag: str = tag) -> Any:
        return desk.client.get(address, headers={"If-None-Match": tag})

    assert (again().status_code, again().data) == (304, b"")
    assert again("/desk/?mine=1").status_code == 200
    tip = tell(house)
    answer = again()
    assert answer.status_code == 200
    assert tip in answer.text
    newer = answer.headers["ETag"]
    assert again(tag=newer).status_code == 304
    desk.get(tip)
    assert again(tag=newer).status_code == 200, "somebody has read it"
    assert "no-store" in first.headers["Cache-Control"]


def test_two_at_one_tip_see_each_other_for_two_minutes(desk: Desk, colleague: Desk, house: House) -> None:
    tip = tell(house)
    assert "Also open now" not in words(desk.get(tip))
    assert "Also open now with: immigration." in words(colleague.get(tip))
    now = desk.get(tip + "/now")
    assert "Also open now with: supervisor." in words(now)
    assert make.STORY[:20] not in now
    tag = desk.client.get(tip + "/now").headers["ETag"]
    assert desk.client.get(tip + "/now", headers={"If-None-Match": tag}).status_code == 304
    house.clock = lambda: utc_now() + timedelta(minutes=3)
    assert words(desk.get(tip + "/now")) == ""
    assert "Also open now with: immigration." in words(colleague.get(tip + "/now"))


def test_another_desk_is_not_told_who_is_there(app: Flask, desk: Desk, house: House) -> None:
    tip = tell(house, danger_now=True)
    desk.get(tip)
    assert "Also open" not in words(at(app, "police").get(tip))


def test_an_act_on_an_old_page_is_asked_about_once_more(desk: Desk, colleague: Desk, house: House) -> None:
    tip = tell(house)
    old = seen(desk.get(tip))
    colleague.post(tip + "/take", seen=seen(colleague.get(tip)))
    told = words(desk.get(f"{tip}/now?seen={old}"))
    assert "Meanwhile: supervisor: Taken." in told
    answer = desk.post(tip + "/moves", 409, to="not_substantiated", reason="She came home by herself.", seen=old)
    assert "Meanwhile: supervisor: Taken. Nothing was done" in words(answer.text)
    assert "She came home by herself." in answer.text, "what was typed is kept"
    assert tip_at(house, tip).stage == "screened"
    again = seen(answer.text)
    desk.post(tip + "/moves", to="not_substantiated", reason="She came home by herself.", seen=again)
    assert tip_at(house, tip).stage == "not_substantiated"
    desk.post(tip + "/outcome", result="information_given", seen=again)  # one's own acts are no surprise


@pytest.mark.parametrize(
    ("form", "typed"),
    [
        ("take", {}),
        ("outcome", {"result": "no_action", "note": "Nothing to be done."}),
        ("priority", {"to": "P0", "reason": "She is alone with him."}),
        ("referrals", {"desk": "shelter", "consent": "agreed", "reason": "A bed for tonight."}),
        ("exclusions", {"desk": "shelter", "reason": "His sister works there."}),
    ],
)
def test_nothing_is_decided_over_what_the_reporter_just_wrote(
    desk: Desk, house: House, form: str, typed: dict[str, Any]
) -> None:
    done = house.take_in(make.report())
    tip = f"/desk/tips/{make.uid(house, done.tip_id)}"
    desk.post(tip + "/moves", to="screened")
    old = seen(desk.get(tip))
    with house.database.write() as session:
        receipt = receipt_keys(done.receipt or "", house.keys.pepper)
        followup.add_by_receipt(session, receipt, "He is back.", keys=house.keys, now=house.clock())
    before = tip_at(house, tip)
    answer = desk.post(f"{tip}/{form}", 409, seen=old, **typed)
    assert "The reporter wrote again" in words(answer.text)
    assert "He is back." in answer.text
    for one in typed.values():
        assert one in answer.text
    after = tip_at(house, tip)
    for one in ("stage", "taken_by", "priority", "excluded"):
        assert getattr(after, one) == getattr(before, one)
    desk.post(f"{tip}/{form}", seen=seen(answer.text), **typed)


def test_notes_and_answers_only_add(desk: Desk, colleague: Desk, house: House) -> None:
    tip = tell(house)
    old = seen(desk.get(tip))
    colleague.post(tip + "/take")
    desk.post(tip + "/notes", text="Rang the school.", seen=old)
    desk.post(tip + "/replies", text="Where is she now?", seen=old)
    colleague.post(tip + "/notes", text="So did I.", seen=old)
    page = desk.get(tip)
    for said in ("Rang the school.", "Where is she now?", "So did I."):
        assert said in page


@pytest.mark.parametrize("page", ["", "x", "-1", "9" * 30, "٣"])
def test_a_page_that_tells_no_version_is_not_asked(desk: Desk, colleague: Desk, house: House, page: str) -> None:
    tip = tell(house)
    colleague.post(tip + "/take")
    desk.post(tip + "/take", seen=page)


def test_of_two_at_the_same_moment_one_is_asked(any_app: Flask, any_house: House) -> None:
    tip = tell(any_house)
    both = [at(any_app, "immigration"), at(any_app, "supervisor")]
    pages = [seen(one.get(tip)) for one in both]
    barrier, answers = Barrier(2), []

    def act(one: Desk, page: str) -> None:
        barrier.wait()
        answers.append(one.client.post(tip + "/take", data={"seen": page}).status_code)

    threads = [Thread(target=act, args=pair) for pair in zip(both, pages, strict=True)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(answers) == [303, 409]


def test_closing_leads_on_to_the_next_of_the_same_queue(desk: Desk, house: House) -> None:
    tips = [tell(house) for _ in range(3)]  # the newest stands first
    for one in tips[1:]:
        desk.post(one + "/take")
    assert f'href="{tips[1]}?mine=1"' in desk.get(tips[2] + "?mine=1")
    form: dict[str, Any] = {"result": "assisted", "note": "They went home.", "list": "mine=1", "onward": "1"}
    answer = desk.post(tips[2] + "/outcome", **form)
    assert answer.headers["Location"].split("?")[0] == tips[1]
    assert "mine=1" in answer.headers["Location"]
    answer = desk.post(tips[1] + "/outcome", **form)
    assert answer.headers["Location"].split("?")[0] == "/desk/"
    assert "done=closed" in answer.headers["Location"]


def test_single_keys_are_told_and_can_be_switched_off(desk: Desk) -> None:
    assert "back to the queue" in words(desk.get("/desk/keys"))
    assert "data-shortcuts" in desk.get("/desk/")
    desk.post("/desk/account/keys", shortcuts="0")
    page = desk.get("/desk/")
    assert "data-shortcuts" not in page
    assert "<kbd>" not in page
    assert "You have switched them off." in words(desk.get("/desk/keys"))
    desk.post("/desk/account/keys", shortcuts="1")
    assert "data-shortcuts" in desk.get("/desk/")


def test_the_script_is_our_own_file_and_a_full_queue_stays_light_and_strict(desk: Desk, house: House) -> None:
    for _ in range(25):
        tell(house, danger_now=True, child=True, place="maputsoe-bridge")
    answer = desk.client.get("/desk/")
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    found = re.findall(r'<script src="(/look/desk-[\w-]+\.js)" defer></script>', answer.text)
    assert len(found) == 1
    styles = re.findall(r'<link rel="stylesheet" href="([^"]+)">', answer.text)
    parts = ["/desk/", "/favicon.svg", *found, *styles]
    assert len(parts) <= 6
    got = [desk.client.get(one, headers={"Accept-Encoding": "gzip, br"}) for one in parts]
    assert sum(len(one.data) for one in got) < 40_000
    script = desk.client.get(found[0])
    assert script.headers["Cache-Control"] == "public, max-age=604800"
    assert "<script" not in desk.client.get("/desk/sign-in").text
