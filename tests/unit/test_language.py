"""Which of the two languages a text is in."""

from __future__ import annotations

import pytest

from tipline.language import find, guess


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("My sister was promised a job in Durban", "en"),
        ("help", "en"),
        ("nthuse", "st"),
        ("Lumela", "st"),
        ("Ba nkile litokomane tsa rona merafong", "st"),
        ("Ba nkile ditokomane tsa rona", "st"),
        ("Plz thusa sister ya ka, boss o tshwere passport ya hae, ha a mo lefe", "st"),
        ("people cross cigarettes at tele bridge at night", "en"),
        ("", None),
        ("??", None),
        ("asdf ghjk", None),
        ("sawubona ngicela usizo", None),
        ("12345", None),
    ],
)
def test_the_language_with_more_evidence_is_guessed(text: str, language: str | None) -> None:
    assert guess(text) == language


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("Hello", False),
        ("HELP", False),
        ("Lumela", False),
        ("Maputsoe", False),
        ("", False),
        ("Plz nthuse", False),
        ("My sister was promised a job in Durban", True),
        ("Ke kopa thuso ka Sesotho", True),
        ("Plz thusa sister ya ka, boss o tshwere passport ya hae, ha a mo lefe", True),
    ],
)
def test_a_word_that_both_use_decides_nothing_for_good(text: str, *, sure: bool) -> None:
    assert find(text).sure is sure
