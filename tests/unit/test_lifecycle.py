"""The stages of a matter: no dead end but the closed one, and nothing closed that nobody looked at."""

from __future__ import annotations

import pytest

from tipline import lifecycle
from tipline.errors import ForbiddenMove

OPEN = [stage for stage in lifecycle.STAGES if stage != lifecycle.CLOSED]
BY_ACT = {"referred", "accepted", "declined", "closed"}


@pytest.mark.parametrize("stage", OPEN)
def test_from_every_open_stage_there_is_a_way_on(stage: str) -> None:
    assert lifecycle.moves(stage)
    assert not BY_ACT & set(lifecycle.moves(stage)), "these are entered by an act of their own"
    assert stage not in lifecycle.moves(stage)


@pytest.mark.parametrize("stage", [stage for stage in OPEN if stage != "urgent_safety"])
def test_danger_may_come_at_any_time(stage: str) -> None:
    lifecycle.check_move(stage, "urgent_safety")


@pytest.mark.parametrize("stage", ["accepted", "urgent_safety", "reported_police", "substantiated"])
def test_a_shelter_may_admit_after_safety_or_the_police(stage: str) -> None:
    lifecycle.check_move(stage, "admission_assessment")


def test_what_is_closed_stays_so_and_what_is_new_is_not_closed() -> None:
    assert lifecycle.moves("closed") == ()
    for stage in ("received", "closed"):
        with pytest.raises(ForbiddenMove):
            lifecycle.check_close(stage)
    with pytest.raises(ForbiddenMove):
        lifecycle.check_refer("closed")
    with pytest.raises(ForbiddenMove):
        lifecycle.check_move("received", "reintegrated")
