"""Where people find help: a directory as data. A number is public only when somebody has confirmed it.

Pure but for loading its own file once. ``services.toml`` here ships without numbers; an operator's own
``services.toml`` in ``TIPLINE_VAR`` completes it, block by block.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

FILE = "services.toml"


@dataclass(frozen=True)
class Service:
    """An office or line that helps; ``districts`` empty means the whole country."""

    slug: str
    name_en: str
    name_st: str
    needs: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    phone: str = ""
    hours_en: str = ""
    hours_st: str = ""
    verified_on: date | None = None
    source: str = ""

    @property
    def confirmed(self) -> bool:
        """Return whether somebody rang this number and wrote down when."""
        return bool(self.phone and self.verified_on)

    def name(self, lang: str) -> str:
        """Return its name in ``st`` or ``en``."""
        return self.name_st if lang == "st" else self.name_en

    def hours(self, lang: str) -> str:
        """Return its opening hours in words; empty if not known."""
        return self.hours_st if lang == "st" else self.hours_en


@cache
def directory(own: Path | None = None) -> tuple[Service, ...]:
    """Return every service, confirmed or not; an operator's file ``own`` changes or adds blocks by slug.

    Read once a process. ValueError names what is wrong in a file.
    """
    found: dict[str, Service] = {}
    for path in (Path(__file__).with_name(FILE), own):
        if path is None or not path.exists():
            continue
        for block in tomllib.loads(path.read_text(encoding="utf-8")).get("service", []):
            _add(found, block, path.name)
    return tuple(found.values())


def confirmed_contacts(district: str | None = None, need: str = "", own: Path | None = None) -> list[Service]:
    """Return the services whose number is confirmed: those of ``district`` first, then the country's."""
    near = [s for s in directory(own) if s.confirmed and (not need or need in s.needs)]
    chosen = [s for s in near if not s.districts or district is None or district in s.districts]
    return sorted(chosen, key=lambda s: not s.districts)


def emergency(own: Path | None = None) -> list[Service]:
    """Return whom to ring in danger; empty while no number is confirmed."""
    return confirmed_contacts(need="danger", own=own)


def unconfirmed(own: Path | None = None) -> list[Service]:
    """Return what an operator has still to confirm."""
    return [service for service in directory(own) if not service.confirmed]


def _add(found: dict[str, Service], block: dict[str, Any], where: str) -> None:
    slug = block.get("slug", "")
    wrong = set(block) - {field.name for field in fields(Service)}
    if not slug or wrong:
        raise ValueError(f"{where}: block {slug or 'without a slug'}: unknown {', '.join(sorted(wrong)) or 'name'}")
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in block.items()}
    if values.get("verified_on") == "":
        values["verified_on"] = None
    if not isinstance(values.get("verified_on"), date | None):
        raise ValueError(f"{where}: {slug}: verified_on is a date like 2026-11-24")  # noqa: TRY004 - a word on the file
    if slug in found:
        found[slug] = replace(found[slug], **values)
    elif "name_en" not in values or "name_st" not in values:
        raise ValueError(f"{where}: {slug}: name_en and name_st are needed")
    else:
        found[slug] = Service(**values)
