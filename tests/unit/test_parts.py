"""Long texts in parts of their own: told apart and joined."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from tests import make
from tipline.parts import Joined, Part, Said, joined, part


def said(*texts: str, minutes: float = 1) -> list[Said]:
    return [Said(at, make.NOON + timedelta(minutes=minutes * at), text) for at, text in enumerate(texts, 1)]


@pytest.mark.parametrize(
    "text", ["1/3 ba re", "(1/3) ba re", "[1/3]ba re", "1/3: ba re", "Part 1 of 3: ba re", "1 of 3 ba re",
             "ba re (1/3)", "ba re 1/3", "(1/3)\nba re", "1/3) ba re"],
)  # fmt: skip
def test_a_mark_at_either_end(text: str) -> None:
    assert part(text) == Part(1, 3, "ba re")


@pytest.mark.parametrize(
    "text",
    ["24/7", "3/2 ba re", "ka la 12/3 ba re", "ba re", "", "1/1 ba re", "on 11/12/2026", "M1/3", "0/3 x", "1/10 x"],
)
def test_what_is_no_mark(text: str) -> None:
    assert part(text) is None


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_parts_are_joined_in_their_order_whatever_order_they_came_in(order: tuple[int, ...]) -> None:
    texts = ["(1/3) Ba re", "(2/3) koaletse", "(3/3) ka tlung"]
    assert joined(said(*[texts[at] for at in order])) == [Joined((1, 2, 3), "Ba re koaletse ka tlung")]


@pytest.mark.parametrize("order", list(permutations([0, 0, 1, 1])))
def test_a_part_that_comes_twice_counts_once(order: tuple[int, ...]) -> None:
    texts = ["Ba re (1/2)", "koaletse (2/2)"]
    assert joined(said(*[texts[at] for at in order])) == [Joined((1, 2, 3, 4), "Ba re koaletse")]


def test_other_words_stay_where_they_came() -> None:
    assert joined(said("Lumelang", "2/2 ka tlung", "Ha Abia", "1/2 Ba re koaletse", "Kea leboha")) == [
        Joined((1,), "Lumelang"),
        Joined((2, 4), "Ba re koaletse ka tlung"),
        Joined((3,), "Ha Abia"),
        Joined((5,), "Kea leboha"),
    ]


def test_a_missing_part_is_shown_as_missing() -> None:
    assert joined(said("1/3 Ba re", "3/3 ka tlung")) == [Joined((1, 2), "Ba re … ka tlung", missing=True)]


def test_a_part_alone_keeps_its_mark() -> None:
    assert joined(said("1/2 mokotla")) == [Joined((1,), "1/2 mokotla")]


def test_another_text_under_the_same_number_is_another_set() -> None:
    assert [one.text for one in joined(said("1/2 A", "2/2 B", "1/2 C", "2/2 D"))] == ["A B", "C D"]


def test_parts_of_another_day_are_not_joined() -> None:
    assert [one.text for one in joined(said("1/2 A", "2/2 B", minutes=90))] == ["1/2 A", "2/2 B"]
