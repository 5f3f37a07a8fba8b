"""Every setting is described, and every setting that is described exists."""

from __future__ import annotations

import re

from tests import make
from tipline import settings

DOCUMENT = (make.ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


class Asked(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        self.names.add(name)
        return super().get(name, default)


def read() -> set[str]:
    asked = Asked()
    settings.load(asked)
    return asked.names


def test_every_setting_stands_in_the_document_once_and_nothing_else_does() -> None:
    described = re.findall(r"^\| `([A-Z_]+)`", DOCUMENT, re.MULTILINE)
    assert sorted(described) == sorted(name for name in read() if not name.endswith("_FILE") or name in described)


def test_the_secrets_that_may_lie_in_a_file_are_marked() -> None:
    marked = set(re.findall(r"^\| `([A-Z_]+)` †", DOCUMENT, re.MULTILINE))
    assert marked == {
        name.removesuffix("_FILE") for name in read() if name != "TIPLINE_KEY_FILE" and name.endswith("_FILE")
    }


def test_every_row_says_what_it_is_for_and_what_holds_without_it() -> None:
    for row in re.findall(r"^\| `.*$", DOCUMENT, re.MULTILINE):
        assert len([cell for cell in row.strip("|").split("|") if cell.strip()]) == 3, row
