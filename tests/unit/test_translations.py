"""Catalogues are compiled when they changed, and only then."""

from __future__ import annotations

import gettext
import os
from pathlib import Path

from tipline import translations

SOURCE = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

msgid "yes"
msgstr "e"

#, fuzzy
msgid "no"
msgstr "che"
"""


def test_a_catalogue_is_compiled_once_and_again_after_a_change(tmp_path: Path) -> None:
    source = tmp_path / "st" / "LC_MESSAGES" / "public.po"
    source.parent.mkdir(parents=True)
    source.write_text(SOURCE, encoding="utf-8")
    target = source.with_suffix(".mo")
    assert translations.compile_stale(tmp_path) == [target]
    with target.open("rb") as file:
        said = gettext.GNUTranslations(file)
    assert said.gettext("yes") == "e"
    assert said.gettext("no") == "no"  # a guess that nobody confirmed is not shown
    assert translations.compile_stale(tmp_path) == []
    later = target.stat().st_mtime + 10
    os.utime(source, (later, later))
    assert translations.compile_stale(tmp_path) == [target]
    assert [path.name for path in sorted(source.parent.iterdir())] == ["public.mo", "public.po"]
