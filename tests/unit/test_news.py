"""What is new of a tip is new for each desk until that desk has looked."""

from __future__ import annotations

from tests import make
from tests.unit.conftest import Core
from tipline import casework, followup, queue, withdrawal


def unread(core: Core) -> list[bool]:
    """Return for whom the newest tip is unread: immigration, the police."""
    found = []
    with core.house.database.read() as session:
        for name in ("immigration", "police"):
            (row,) = queue.page(session, core.people[name], now=core.clock()).rows
            found.append(row.unread)
    return found


def test_each_desk_looks_for_itself(core: Core) -> None:
    done = core.told(text="They took my passport and hit me.", danger_now=True)
    seen = [unread(core)]
    for desk in ("immigration", "police"):
        with core.held(desk, done.tip_id) as (session, case):
            assert casework.is_news(session, case)
            casework.look(session, case)
        seen.append(unread(core))
    with core.held("immigration", done.tip_id) as (session, case):
        followup.add(session, case.tip, "And now?", keys=core.keys, now=core.clock())
    seen.append(unread(core))
    assert seen == [[True, True], [False, True], [False, False], [True, True]]


def test_what_is_new_beside_words_is_said_to_each_desk_until_it_has_looked(core: Core) -> None:
    done = core.told(text="They took my passport and hit me.", danger_now=True)
    for desk in ("immigration", "police"):
        with core.held(desk, done.tip_id) as (session, case):
            casework.look(session, case)
    with core.held("police", done.tip_id) as (session, case):
        withdrawal.close_receipt(session, case.tip, by="web", now=core.clock())
    with core.held("police", done.tip_id) as (session, case):
        casework.look(session, case)
    assert unread(core) == [True, False]
    assert core.tip(done.tip_id).news == withdrawal.RECEIPT_CLOSED
    with core.held("immigration", done.tip_id) as (session, case):
        followup.add(session, case.tip, "And now?", keys=core.keys, now=core.clock())
    assert core.tip(done.tip_id).news is None
    assert make.is_unread(core.house, done.tip_id, "police")


def test_who_is_asked_has_not_looked_and_who_asks_has(core: Core) -> None:
    done = core.told(text="They took my passport.")
    with core.held("immigration", done.tip_id) as (session, case):
        casework.look(session, case)
        casework.refer(session, case, "police", "They are needed.")
    assert unread(core) == [False, True]
