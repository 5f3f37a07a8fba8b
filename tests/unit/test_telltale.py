"""Words that may tell who told, and numbers taken out of what leaves."""

from __future__ import annotations

import pytest

from tipline import telltale


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("My name is Palesa and my sister works there", ("My name is Palesa", "my sister works")),
        ("I am her neighbour", ("I am her neighbour",)),
        ("Lebitso la ka ke Thabo", ("Lebitso la ka ke Thabo",)),
        ("Moahisane oa ka o ntšoile", ("Moahisane oa ka",)),
        ("Ke nna 'm'e oa hae", ("nna",)),
        ("Ring 5800 1234", ("5800 1234",)),
        ("Five girls work in a house in Hlotse. They may not leave.", ()),
        ("Bana ba bahlano ba Hlotse. Ke taba e boima.", ()),
    ],
)
def test_words_that_may_tell_who_told(text: str, words: tuple[str, ...]) -> None:
    assert telltale.found(text) == words


@pytest.mark.parametrize(
    "written", ["58001234", "5800 1234", "+266 5800 1234", "0026658001234", "(266) 58-00-12-34", "58.00.12.34"]
)
def test_the_reporters_number_is_taken_out_however_it_is_written(written: str) -> None:
    clean = telltale.without_number(f"Ring {written} tonight, not 58009999 or room 12", ("+26658001234",))
    assert clean.endswith("[…] tonight, not 58009999 or room 12")
    assert telltale.without_number("58001234 58001234", ("+26658001234", "12")) == "[…] […]"
