"""Translations compiled where they are older than their source; a second time costs nothing.

The source (``.po``) is kept in git, what the app reads (``.mo``) is not.
"""

from __future__ import annotations

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).resolve().parent.parent / "translations"


def compile_stale(folder: Path = FOLDER) -> list[Path]:
    """Compile every catalogue that changed; return what was written. Safe while others read or do the same."""
    written = []
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        fresh = target.with_suffix(f".{os.getpid()}")
        with source.open("rb") as read, fresh.open("wb") as write:
            write_mo(write, read_po(read, locale=source.parts[-3]))
        fresh.replace(target)
        written.append(target)
    return written


if __name__ == "__main__":
    compile_stale()
