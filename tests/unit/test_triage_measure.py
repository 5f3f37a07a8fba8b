"""How triage compares with labelled messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tipline.triage_measure import lines, measure

DATA = Path(__file__).parents[1] / "data"


@pytest.mark.parametrize("name", ["messages.tsv", "triage_more.tsv"])
def test_the_figures_that_a_supervisor_needs_are_reached(name: str) -> None:
    figures = measure(DATA / name)["figures"]
    share = {key: figure["hits"] / figure["total"] for key, figure in figures.items()}
    assert share["p0_recall"] == 1
    assert share["p1_at_least_p1"] >= 0.9
    assert share["p3_as_p0"] <= 0.1
    assert share["child"] >= 0.9
    assert share["place"] >= 0.9


def test_only_labelled_columns_count_and_no_text_is_given_back(tmp_path: Path) -> None:
    file = tmp_path / "some.tsv"
    file.write_text(
        "language\ttext\tpriority\tdanger_now\tchild\tplace\tcategory\n"
        "en\tsecretword my salary is late\tP0\t-\t-\t-\tlabour\n"
        "en\tnthuse\tP0\tyes\t-\t-\t-\n",
        encoding="utf-8",
    )
    result = measure(file)
    assert result["messages"] == 2
    assert result["figures"]["p0_recall"] == {"hits": 1, "total": 2, "lines": [2]}
    assert result["figures"]["place"]["total"] == 0
    said = lines(result)
    assert "p0_recall: 1/2 (lines 2)" in said
    assert "secretword" not in "\n".join(said) + str(result)


def test_a_file_without_the_columns_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "wrong.tsv"
    file.write_text("a\tb\n1\t2\n", encoding="utf-8")
    with pytest.raises(ValueError, match="columns missing"):
        measure(file)
