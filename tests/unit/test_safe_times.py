"""When somebody can be called, read from how people say it in both languages."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipline import safe_times
from tipline.safe_times import find


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("18:00", "18:00"), ("18h00", "18:00"), ("ka 18.00", "18:00"), ("6pm", "18:00"), ("6 p.m.", "18:00"),
        ("12pm", "12:00"), ("12am", "00:00"), ("06:00", "06:00"), ("24:00", "00:00"), ("18", "18:00"),
        ("6", "6:00?"), ("6:30", "6:30?"), ("at 5", "5:00?"),
        ("6 mantsiboea", "18:00 evening"), ("ka hora ea 6 hoseng", "06:00 morning"), ("tonight 9", "night 21:00"),
        ("after 6pm", ">18:00"), ("ka mor'a 17:00", ">17:00"), ("before 8 in the morning", "<08:00 morning"),
        ("from 10:00 to 11:30", ">10:00? <11:30?"), ("between 5 and 6pm", ">5:00? <18:00"),
        ("bosiu", "night"), ("Hoseng!", "morning"), ("mantsiboea", "evening"), ("motšehare", "day"),
        ("Motsehare", "day"),
        ("ka Moqebelo", "sat"), ("Sontaha kapa Mantaha", "sun mon"), ("weekend", "weekend"), ("any time", "any"),
        ("neng kapa neng", "any"), ("hosane ka 14:00", "tomorrow 14:00"), ("now", "now"), ("hona joale", "now"),
    ],
)  # fmt: skip
def test_times_and_days(text: str, codes: str) -> None:
    assert find(text) == tuple(codes.split())


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("not in the morning", "!morning"), ("eseng hoseng", "!morning"), ("u se ke oa letsetsa bosiu", "!night"),
        ("Don’t call at night, 9am is good", "!night 09:00"), ("evening. Never on Sunday", "evening !sun"),
        ("18:00 but not 20:00", "18:00 !20:00"),
    ],
)  # fmt: skip
def test_what_is_not_safe_is_never_taken_for_safe(text: str, codes: str) -> None:
    assert find(text) == tuple(codes.split())


@pytest.mark.parametrize("text", ["NO", "no.", "Che", "No calls", "do not call me", "Don't call", "u se ntetsetse"])
def test_no_is_no(text: str) -> None:
    assert find(text) == (safe_times.NEVER,)


@pytest.mark.parametrize(
    "text",
    ["", "  ", "M12.50", "they took 5 girls", "58000000", "25:00", "18:75", "13pm", "ha ke tsebe", "24/11/2026", "1234",
     "ka la 21", "room 101"],
)  # fmt: skip
def test_what_is_no_time_is_none(text: str) -> None:
    assert find(text) == ()


@given(st.text())
def test_any_text_gives_codes_that_the_desk_can_say(text: str) -> None:
    for code in find(text):
        plain = code.lstrip("!").lstrip("<>")
        assert plain in (*safe_times.PARTS, safe_times.NEVER) or re.fullmatch(r"\d?\d:[0-5]\d\??", plain)


WORDS = [
    "not", "after", "before", "at", "to", "6", "18:00", "6pm", "night", "hoseng", ",",
    ".", "no", "che", "se", "ke", "oa",
]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS)))
def test_no_order_of_such_words_breaks_it(words: list[str]) -> None:
    assert len(find(" ".join(words))) <= 8
