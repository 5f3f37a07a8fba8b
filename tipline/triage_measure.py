"""How triage's advice compares with labelled messages. Nothing is stored, and no text is ever given back."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from tipline.triage import Advice, Draft, advise

_COLUMNS = ("text", "priority", "danger_now", "child", "place", "category")
_FIGURES = (
    "p0_recall", "p1_at_least_p1", "p3_as_p0", "priority_exact", "danger_now", "child", "place", "category",
)  # fmt: skip
_SAYS = {"yes": True, "no": False}


def measure(path: str | Path) -> dict[str, Any]:
    """Advise on every text of a file of tab-separated messages and count.

    Returns ``{"messages": n, "figures": {name: {"hits", "total", "lines"}}}``: ``lines`` are the numbers of
    the lines in the file that were missed (for ``p3_as_p0``, the hits themselves are the faults). Raises
    ValueError if a column is missing, OSError if the file cannot be read.
    """
    figures: dict[str, dict[str, Any]] = {name: {"hits": 0, "total": 0, "lines": []} for name in _FIGURES}
    count = 0
    with Path(path).open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        missing = [column for column in _COLUMNS if column not in (rows.fieldnames or ())]
        if missing:
            raise ValueError("columns missing: " + ", ".join(missing))
        for row in rows:
            count += 1
            for name, hit in _compare(row, advise(Draft(text=row["text"] or ""))).items():
                figure = figures[name]
                figure["total"] += 1
                figure["hits"] += hit
                if hit == (name == "p3_as_p0"):
                    figure["lines"].append(rows.line_num)
    return {"messages": count, "figures": figures}


def _compare(row: dict[str, str], advice: Advice) -> dict[str, bool]:
    wanted = row["priority"]
    marks: dict[str, bool] = {}
    if wanted != "-":
        marks["priority_exact"] = advice.priority == wanted
    if wanted == "P0":
        marks["p0_recall"] = advice.priority == "P0"
    elif wanted == "P1":
        marks["p1_at_least_p1"] = advice.priority in ("P0", "P1")
    elif wanted == "P3":
        marks["p3_as_p0"] = advice.priority == "P0"
    for name, got in (("danger_now", advice.danger_now), ("child", advice.child)):
        if row[name] in _SAYS:
            marks[name] = got is _SAYS[row[name]]
    for name, said in (("place", advice.place), ("category", advice.category)):
        if row[name] != "-":
            marks[name] = said == row[name]
    return marks


def lines(result: dict[str, Any]) -> list[str]:
    """Put a measurement into lines for a terminal: one a figure, with the numbers of the lines missed."""
    said = [f"messages: {result['messages']}"]
    for name, figure in result["figures"].items():
        wrong = f" (lines {', '.join(map(str, figure['lines']))})" if figure["lines"] else ""
        said.append(f"{name}: {figure['hits']}/{figure['total']}{wrong}")
    return said
