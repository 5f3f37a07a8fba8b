"""``python -m content.spell FILE|FOLDER …``: Sesotho that is spelt otherwise in Lesotho; exit 1 if there is any."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from babel.messages.pofile import read_po

from content.spelling import findings

_KINDS = {".po", ".md", ".vtt"}


def problems(path: Path) -> Iterator[str]:
    """Yield the grave findings of a file: a catalogue's translations (``.po``), else its whole text."""
    for text in _texts(path):
        for finding in findings(text):
            if finding.grave:
                yield f"{path}: {finding.rule}: {finding.excerpt}"


def files(names: Sequence[str]) -> list[Path]:
    """Return the files named, and those below the folders named."""
    found = [path for name in names for path in ([Path(name)] if Path(name).is_file() else Path(name).rglob("*"))]
    return sorted(path for path in found if path.suffix in _KINDS)


def _texts(path: Path) -> Iterator[str]:
    if path.suffix != ".po":
        yield path.read_text(encoding="utf-8")
        return
    with path.open("rb") as file:
        catalogue = read_po(file, locale="st")
    for message in catalogue:
        if message.id and message.string:
            yield from [message.string] if isinstance(message.string, str) else message.string


if __name__ == "__main__":
    wrong = [line for path in files(sys.argv[1:]) for line in problems(path)]
    print("\n".join(wrong), end="\n" if wrong else "")  # noqa: T201 - a command
    sys.exit(bool(wrong))
