"""Phone numbers: whatever the library says, only sooner for the numbers that carriers of this country send."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tipline import phones
from tipline.errors import BadPhoneNumber


def of_the_library(text: str) -> str | None:
    try:
        number = phonenumbers.parse(text, phones.REGION)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if possible else None


def ours(text: str) -> str | None:
    try:
        return phones.parse(text)
    except BadPhoneNumber:
        return None


@given(st.from_regex(r"\A\+266[0-9]{6,10}\Z"))
@example("+26650000000")
@example("+26679999999")
def test_a_number_of_this_country_is_read_as_the_library_reads_it(text: str) -> None:
    assert ours(text) == of_the_library(text)


@pytest.mark.parametrize(
    "typed", ["+26658123456", " +26658123456 ", "26658123456", "0026658123456", "58123456", "5812 3456"]
)
def test_every_way_to_write_it_is_the_same_number(typed: str) -> None:
    assert phones.parse(typed) == "+26658123456"


@pytest.mark.parametrize("typed", ["", "+266", "+2665812345x", "+26658123456\n5", "+٢٦٦٥٨١٢٣٤٥٦x", "5" * 41])
def test_what_is_no_number_is_refused(typed: str) -> None:
    assert ours(typed) in {None, of_the_library(typed)}
