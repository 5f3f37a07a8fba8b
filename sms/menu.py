"""The USSD menu as data: read it, check it, lay a screen out in 150 septets. Pure but for its file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, NoReturn

from sms.segments import fold, parts, septets
from tipline import places
from tipline.services import Service

Lang = Literal["st", "en"]
LANGS: tuple[Lang, Lang] = ("st", "en")
LIMIT = 150  # septets of a screen with its "CON " or "END ": networks differ, this passes all
PREFIX = 4
ROOM = LIMIT - PREFIX
_CHOICE_LINE = re.compile(r"^\s*\d", re.MULTILINE)


class MenuError(ValueError):
    """Something of the menu, a lesson or the directory cannot be shown. Says which."""


@dataclass(frozen=True)
class Choice:
    """One numbered answer: what is kept (``value``), where it leads, and its label in both languages."""

    st: str
    en: str
    to: str
    value: str = ""

    def label(self, lang: Lang) -> str:
        """Return the label in this language."""
        return self.st if lang == "st" else self.en


@dataclass(frozen=True)
class Step:
    """One screen of ``menu.toml``."""

    name: str
    kind: Literal["choice", "typing", "pages"]
    st: str
    en: str
    answer: str = ""
    back: str = ""
    source: str = ""
    to: str = ""
    choice: tuple[Choice, ...] = ()

    def text(self, lang: Lang) -> str:
        """Return what the screen says in this language."""
        return self.st if lang == "st" else self.en


@dataclass(frozen=True)
class Menu:
    """All screens and words, the lesson's screens in each language, and the confirmed services."""

    steps: Mapping[str, Step]
    words: Mapping[str, Mapping[str, str]]
    failed: Mapping[str, Mapping[str, str]]
    stages: Mapping[str, Mapping[str, str]]
    lessons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    services: tuple[Service, ...] = ()
    dealt: dict[tuple[str, str, str | None], list[tuple[Choice, ...]]] = field(  # what ``paged`` has worked out
        default_factory=dict, init=False, repr=False, compare=False
    )

    def word(self, name: str, lang: Lang) -> str:
        """Return one of the shared words."""
        return self.words[name][lang]

    def choices(self, step: Step, lang: Lang, district: str | None = None) -> tuple[Choice, ...]:
        """Return a step's numbered answers; ``district`` is the one whose ports are asked for."""
        if step.source == "districts":
            named = [Choice(place.name_st, place.name_en, step.to, place.slug) for place in places.districts()]
            return (*named, self._choice("elsewhere", "child", "unknown"))
        if step.source == "ports":
            ports = [Choice(place.name_st, place.name_en, step.to, place.slug) for place in places.ports(district)]
            return (
                self._choice("not_border", step.to, district or "unknown"),
                *ports,
                self._choice("informal", step.to, "informal"),
            )
        return tuple(one for one in step.choice if one.to != "learn" or self.lessons.get(lang))

    def pages_of(self, step: Step, lang: Lang) -> tuple[str, ...]:
        """Return the texts of a step that the caller handed in: the lesson or the directory."""
        return self.lessons.get(lang, ()) if step.name == "learn" else self.help_pages(lang)

    def help_pages(self, lang: Lang) -> tuple[str, ...]:
        """Return the directory: the confirmed numbers, then where to go."""
        return self._directory[lang]

    @cached_property
    def _directory(self) -> dict[Lang, tuple[str, ...]]:
        return {lang: self._lay_out(lang) for lang in LANGS}

    def _lay_out(self, lang: Lang) -> tuple[str, ...]:
        pages: list[str] = []
        for service in self.services:
            line = fold(_line(service, lang))
            if pages and septets(f"{pages[-1]}\n{line}") <= self.page_room(lang):
                pages[-1] = f"{pages[-1]}\n{line}"
            else:
                pages.append(line)
        return (*pages, *parts(self.word("places_to_go", lang), self.page_room(lang)))

    def page_room(self, lang: Lang) -> int:
        """Return the septets left for a text that is leafed through, with its widest row of choices."""
        forward = max(septets(self.word(name, lang)) for name in ("next", "finish"))
        return ROOM - len("\n1. ") - forward - len("\n0. ") - septets(self.word("back", lang))

    def lesson_room(self, lang: Lang) -> int:
        """Return the septets of one lesson screen, which carries only the way forward."""
        return ROOM - len("\n1. ") - max(septets(self.word(name, lang)) for name in ("next", "finish"))

    def safety(self, lang: Lang) -> str:
        """Return what somebody in danger reads: the confirmed numbers that fit, else where to go."""
        step = self.steps["safety"]
        room = ROOM - sum(septets(line) + 1 for line in numbered(step.choice, lang))
        said = f"{self.word('not_emergency', lang)} {self.word('call', lang)}"
        listed = said
        for line in (_line(service, lang) for service in self.services if "danger" in service.needs):
            if septets(f"{listed}\n{line}") <= room:
                listed = f"{listed}\n{line}"
        return listed if listed != said else step.text(lang)

    def _choice(self, word: str, to: str, value: str) -> Choice:
        return Choice(self.word(word, "st"), self.word(word, "en"), to, value)


def load_menu(
    path: Path | None = None,
    lessons: Mapping[str, Sequence[str]] | None = None,
    services: Iterable[Service] = (),
) -> Menu:
    """Read the menu and add the lesson's screens (``{"st": […], "en": […]}``) and the services.

    The services are to be confirmed ones (``tipline.services.confirmed_contacts``).
    Without a lesson in a language "learn" is not offered there. MenuError names a lesson screen or a service
    that does not fit, or that looks like a numbered choice.
    """
    data = _read(path or Path(__file__).with_suffix(".toml"))
    steps = {block["name"]: _step(block) for block in data["screen"]}
    given = {lang: tuple(fold(text) for text in texts) for lang, texts in (lessons or {}).items()}
    menu = Menu(steps, data["words"], data["failed"], data["stages"], given, tuple(services))
    _check(menu)
    return menu


def numbered(choices: Sequence[Choice], lang: Lang) -> list[str]:
    """Return the lines ``1. label`` of these choices."""
    return [f"{number}. {one.label(lang)}" for number, one in enumerate(choices, 1)]


def paged(menu: Menu, step: Step, lang: Lang, district: str | None) -> list[tuple[Choice, ...]]:
    """Deal a step's choices to pages that fit, even with "More", "Back" and the line about a wrong answer."""
    known = menu.dealt.get((step.name, lang, district))
    if known is None:
        known = menu.dealt[step.name, lang, district] = _deal(menu, step, lang, district)
    return known


def _line(service: Service, lang: Lang) -> str:
    return f"{service.name(lang)}: {service.phone}"


def _deal(menu: Menu, step: Step, lang: Lang, district: str | None) -> list[tuple[Choice, ...]]:
    choices = menu.choices(step, lang, district)
    base = septets(step.text(lang)) + 1 + septets(menu.word("wrong", lang))
    base += len("\n0. ") + septets(menu.word("back", lang)) if step.back else 0
    more = len("\n9. ") + septets(menu.word("more", lang))
    cost = [len("\n9. ") + septets(one.label(lang)) for one in choices]
    if len(choices) <= 1 or base + sum(cost) <= ROOM:
        return [choices]
    pages: list[tuple[Choice, ...]] = []
    page: list[Choice] = []
    used = base + more
    for number, one in enumerate(choices):
        last = number == len(choices) - 1
        room = ROOM + (more if last else 0)  # the last page needs no "More"
        if page and used + cost[number] > room:
            pages.append(tuple(page))
            page, used = [], base + more
        page.append(one)
        used += cost[number]
    return [*pages, tuple(page)]


@cache
def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _step(block: Mapping[str, Any]) -> Step:
    choices = tuple(Choice(**choice) for choice in block.get("choice", ()))
    return Step(**{**block, "choice": choices})


def _check(menu: Menu) -> None:
    for lang in LANGS:
        room = menu.lesson_room(lang)
        for number, text in enumerate(menu.lessons.get(lang, ()), 1):
            if not text.strip() or septets(text) > room or _CHOICE_LINE.search(text):
                _refuse("lesson screen", number, lang, room, septets(text))
        room = menu.page_room(lang)
        for number, service in enumerate(menu.services, 1):
            line = _line(service, lang)
            if septets(line) > room or _CHOICE_LINE.search(line):
                _refuse("service", number, lang, room, septets(line))


def _refuse(what: str, number: int, lang: Lang, room: int, length: int) -> NoReturn:
    problem = f"{what} {number} ({lang}): 1 to {room} septets (now {length}), no line beginning with a digit"
    raise MenuError(problem)
