"""Search at the desk: words in the form's body alone, steps that go on to the oldest, and what was shown in the log."""

from __future__ import annotations

import html
import logging
import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests import make
from tests.web.desk import Desk, at, tell, tip_at, words
from tipline import desks, queue, thread
from tipline.house import House
from tipline.models import Act, Event, Tip
from tipline.sealing import PublicKey
from tipline.web import logs

MANY = 2500


@pytest.fixture
def desk(app: Flask) -> Desk:
    """Sign immigration in."""
    return at(app, "immigration")


def search(desk: Desk, q: str, status: int = 200, **more: str) -> str:
    return desk.post("/desk/search", status, q=q, **more).text


def found(page: str) -> list[str]:
    return re.findall(r'class="row" href="(/desk/tips/[0-9a-f]{32})"', page)


def cursor(page: str) -> str | None:
    hit = re.search(r'name="cursor" value="(\d+)"', page)
    return hit[1] if hit else None


def test_a_find_shows_where_the_words_stand(desk: Desk, house: House) -> None:
    other = tell(house, text="Thabo sells permits in Durban")
    tip = tell(house, text="Ngoana oa ka o nkiloe ke monna ea bitsoang Thabo <b>, a mo isa kerekeng e kholo ea Tšepo.")
    page = search(desk, "NGWANA thabo")
    assert found(page) == [tip]
    assert "<mark>Ngoana</mark> oa ka" in page
    assert "<mark>Thabo</mark> &lt;b&gt;," in page
    assert "<mark>Tšepo</mark>" in search(desk, "tsepo")
    assert found(search(desk, "thabo")) == [tip, other], "the newest first"
    name = queue.reference(tip_at(house, other).uid)
    assert found(search(desk, name.lower())) == [other]
    assert 'value="NGWANA thabo"' in page
    assert "That was all" in words(page)


def test_long_stories_are_cut_around_the_word(desk: Desk, house: House) -> None:
    tell(house, text="word " * 60 + "a white lorry came " + "then " * 60)
    excerpt = re.search(r'class="excerpt">(.*?)</span>', search(desk, "lorry"))
    assert excerpt
    assert excerpt[1].startswith("… word")
    assert excerpt[1].endswith("then …")
    assert "a white <mark>lorry</mark> came" in excerpt[1]
    assert len(excerpt[1]) < 220


@pytest.mark.parametrize(("q", "said"), [("", "Write what to look for"), ("  ", "Write what"), ("a o!", "too short")])
def test_without_a_word_worth_looking_for_it_says_so(desk: Desk, q: str, said: str) -> None:
    page = search(desk, q, 422)
    assert said in page
    assert 'aria-invalid="true"' in page


def test_another_desk_finds_nothing_and_what_was_shown_is_in_the_log(app: Flask, desk: Desk, house: House) -> None:
    tip = tell(house, text="Thabo sells permits")
    assert found(search(at(app, "police"), "thabo")) == []
    search(desk, "thabo")
    with house.database.read() as session:
        rows = session.execute(select(Act.verb, Act.object, Act.data).order_by(Act.seq.desc()).limit(3)).all()
    assert [tuple(row) for row in reversed(rows)] == [
        ("searched", "", {"found": 0}),
        ("searched", "", {"found": 1}),
        ("found", tip.rsplit("/", 1)[1], {}),
    ]


def test_words_stand_in_no_address_and_nothing_is_kept(desk: Desk) -> None:
    assert desk.client.get("/desk/search?q=passport").text.count("passport") == 0
    answer = desk.client.post("/desk/search", data={"q": "passport"}, headers={"Accept-Encoding": "br, gzip"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert "Content-Encoding" not in answer.headers, "words beside what they find are not compressed together"


def fill(house: House, count: int) -> list[int]:
    """Keep many sealed stories the short way, every tenth with a name in it."""
    told = tip_at(house, tell(house))
    with house.database.write() as session:
        known = {desk.id: desk for desk in desks.all_desks(session).values()}
        lead = known[told.lead_desk_id]
        assert lead.key is not None
        reader: PublicKey = lead.key
        for number in range(count):
            when = make.NOON + timedelta(minutes=number)
            tip = Tip(
                uid=f"{number:032x}", binding=f"b{number}", channel="web", language="st", category="labour",
                priority="P2", reasons=[], indicators=[], stage="received", lead_desk_id=lead.id, excluded=[],
                received_at=when, changed_at=when,
            )  # fmt: skip
            session.add(tip)
            session.flush()
            desks.assign(session, tip.id, [lead], "P2", when)
            name = "Molikeng" if number % 100 == 0 else "motho"
            thread.add(
                session, instance=house.keys.instance, tip_id=tip.id, binding=tip.binding, kind=thread.STORY,
                data={"text": f"{name} o entse joalo. {make.STORY_ST}"}, readers=[reader], now=when,
            )  # fmt: skip
    return list(range(0, count, 100))


def test_two_steps_cover_two_and_a_half_thousand_and_the_words_are_nowhere(
    app: Flask, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = fill(house, MANY)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.init_logs(logging.DEBUG)
    try:
        desk = at(app, "immigration")
        first = search(desk, "molikeng")
        assert len(found(first)) == 20
        onward = cursor(first)
        assert onward
        assert "Looked through: 2000" in words(first)
        second = search(desk, "molikeng", cursor=onward)
    finally:
        root.handlers[:], level = before
        root.setLevel(level)
    assert cursor(second) is None
    seen = [int(one.rsplit("/", 1)[1], 16) for one in (*found(first), *found(second))]
    assert seen == wanted[::-1]
    said = "".join(capsys.readouterr())
    assert "molikeng" not in said.lower()
    with house.database.read() as session:
        kept = [str(row.data) for row in session.scalars(select(Act))]
        kept += [str(row.data) for row in session.scalars(select(Event))]
    assert not any("molikeng" in one.lower() for one in kept)
    assert "molikeng" not in html.unescape(desk.get("/desk/search")).lower()
