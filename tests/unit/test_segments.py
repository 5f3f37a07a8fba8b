"""How long a text is on the air, and what folding makes of it."""

from __future__ import annotations

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from sms.segments import fits_one, fold, parts, segments, septets


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("tšepo", "ts'epo"),
        ("Tšoha ’m’e", "Ts'oha 'm'e"),
        ("s\u030cetsa", "s'etsa"),  # a caron on its own: NFC comes first
        ("“e” – e…", '"e" - e...'),
        ("ō ē ê ô", "o e e o"),
        ("è é ò à ñ", "è é ò à ñ"),
        ("a\u00a0b\tc", "a b c"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("😀", "?"),
        ("a\u200bb\x00c\x1bd", "abcd"),
        ("½", "1/2"),
        ("{[~|€]}", "{[~|€]}"),
    ],
)
def test_folds_to_what_every_phone_shows(typed: str, sent: str) -> None:
    assert fold(typed) == sent


@given(st.text())
def test_folded_text_is_gsm7_and_folding_again_changes_nothing(text: str) -> None:
    folded = fold(text)

    assert not folded or smsutil.is_valid_gsm(folded)
    assert fold(folded) == folded
    assert septets(text) == segments(folded).units


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"),
    [
        ("", "GSM-7", 0, 0),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        ("š" * 70, "UCS-2", 70, 1),
        ("š" * 71, "UCS-2", 71, 2),
        ("😀" * 35, "UCS-2", 70, 1),
    ],
)
def test_counts_segments(text: str, encoding: str, units: int, count: int) -> None:
    counted = segments(text)

    assert (counted.encoding, counted.units, counted.count) == (encoding, units, count)


def test_a_text_is_weighed_as_it_is_sent() -> None:
    assert fits_one("š" * 80)
    assert not fits_one("š" * 81)


def test_an_answer_is_cut_between_words_and_loses_none() -> None:
    answer = "Re bile le kopano le bona hoseng, ’me ba re tšepisitse thuso. " * 12

    cut = parts(answer)

    assert all(segments(part).count == 1 for part in cut)
    assert " ".join(cut) == fold(answer).strip()


@given(st.text(), st.integers(min_value=10, max_value=160))
def test_parts_fit_and_keep_every_letter(text: str, limit: int) -> None:
    cut = parts(text, limit)

    assert all(0 < septets(part) <= limit for part in cut)
    assert "".join("".join(cut).split()) == "".join(fold(text).split())


def test_no_part_comes_of_nothing() -> None:
    assert parts("") == []
    assert parts(" \n ") == []
