"""A desk that something said later lets in reads only that; whoever has the rest is asked to refer it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tipline import casework, errors, followup, latecomers, withdrawal
from tipline.models import Tip

if TYPE_CHECKING:
    from tests.unit.conftest import Core

QUIET = "A man in Maseru pays too little for shop work."
DANGER = "Help me now, they locked me in and beat me with a knife. I am a child."


def raised(core: Core) -> int:
    """Take in a quiet report, then hear of danger: the police are let in."""
    done = core.told(text=QUIET)
    with core.house.database.write() as session:
        rules = core.house.rules
        followup.add_by_receipt(session, core.receipt(done), DANGER, keys=core.keys, now=core.clock(), rules=rules)
    return done.tip_id


def asked(core: Core, name: str, tip_id: int) -> list[str]:
    with core.held(name, tip_id) as (session, case):
        return latecomers.asked_to_refer(session, case.tip, case.at)


def leave(core: Core, name: str, tip_id: int, slug: str) -> None:
    with core.held(name, tip_id) as (session, case):
        account, now = case.who.account_id, core.clock()
        latecomers.leave(session, case.tip, case.at, slug, account_id=account, now=now)


def test_who_has_the_rest_is_asked_and_refers_it(core: Core) -> None:
    tip_id = raised(core)
    story, message = core.entries(tip_id, "story", "message")
    assert (core.readers(story), core.readers(message)) == ({"immigration"}, {"immigration", "police", "reporter"})
    assert (asked(core, "immigration", tip_id), asked(core, "police", tip_id)) == (["police"], [])
    with core.held("immigration", tip_id) as (session, case):
        referral = casework.refer(session, case, "police", "Here is what came before.")
    assert asked(core, "immigration", tip_id) == []
    assert core.opens("police", core.entries(tip_id, "story")[0]) == QUIET
    core.answer("police", tip_id, referral, "accept")
    assert asked(core, "immigration", tip_id) == []
    with core.held("immigration", tip_id) as (session, case), pytest.raises(errors.AlreadyThere):
        casework.refer(session, case, "police", "Again")


def test_it_may_stay_and_then_nobody_asks_again(core: Core) -> None:
    tip_id = raised(core)
    with pytest.raises(errors.NotFound):
        leave(core, "immigration", tip_id, "shelter")
    with pytest.raises(errors.NotFound):
        leave(core, "police", tip_id, "police")
    leave(core, "immigration", tip_id, "police")
    assert asked(core, "immigration", tip_id) == []
    with pytest.raises(errors.NotFound):
        leave(core, "immigration", tip_id, "police")
    with core.held("immigration", tip_id) as (session, case):  # another thought later
        casework.refer(session, case, "police", "It is needed after all.")


def test_nobody_is_asked_where_all_have_all_or_nothing_is_left(core: Core) -> None:
    assert asked(core, "immigration", core.told(text=DANGER).tip_id) == []
    tip_id = raised(core)
    with core.house.database.write() as session:
        withdrawal.withdraw(session, session.get_one(Tip, tip_id), by="web", now=core.clock())
    assert asked(core, "immigration", tip_id) == []
