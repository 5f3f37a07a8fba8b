"""Words in an answer that tell whoever holds the phone what it is about."""

from __future__ import annotations

import pytest

from tipline import giveaways

DESKS = ("Immigration", "Bofalli", "Shelter", "Setsi sa bolulo")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Sepolesa se tla tla hosane.", ("Sepolesa",)),
        ("Re bofalli; re sebetsa ka khoebo ka batho.", ("bofalli", "khoebo ka batho")),
        ("U ka robala setsing. Setsi sa bolulo se bulehile.", ("Setsi sa bolulo",)),
        ("THE POLICE, the police", ("POLICE",)),
        ("Thank you for your report about trafficking.", ("report", "trafficking")),
        ("Tlhekefetso le TLALEHO ea hau", ("Tlhekefetso", "TLALEHO")),
    ],
)
def test_what_gives_a_text_away_is_named_as_it_stands(text: str, found: tuple[str, ...]) -> None:
    assert giveaways.find(text, DESKS) == found


@pytest.mark.parametrize("text", ["", "Re teng ho u thusa. Ngola mona.", "Are you safe now? Text us.", "Setsi se hole"])
def test_what_says_nothing_of_it_passes(text: str) -> None:
    assert giveaways.find(text, DESKS) == ()
