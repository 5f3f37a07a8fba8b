"""South African spelling is told from Lesotho's."""

from __future__ import annotations

import pytest

from content.spelling import findings


@pytest.mark.parametrize(
    "text",
    [
        "batho ba bang ba dutse",
        "o kgotse",
        "ntjhe",
        "ngwana oa ka",
        "ntlo ya ka",
        "wena",
        "jwale",
        "tshebetso",
        "gore",
    ],
)
def test_south_african_spelling_is_found(text: str) -> None:
    assert any(finding.grave for finding in findings(text))


@pytest.mark.parametrize(
    "text",
    [
        "Ngoana oa hau o sireletsehile joale.",
        "Lithuto tse khutšoane ka mosebetsi, maeto le litokelo tsa hau.",
        "Bala ho https://www.example.org/indications kapa {wena}",
        'reviewed_by = ""',
    ],
)
def test_lesotho_spelling_and_what_is_no_sesotho_pass(text: str) -> None:
    assert not [finding for finding in findings(text) if finding.grave]


def test_a_hint_is_no_error() -> None:
    assert [finding.grave for finding in findings("kea leboha, ho a loketse")] == [False]
