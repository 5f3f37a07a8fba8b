"""The USSD menu as data: read it, check it, lay a screen out in 150 septets. Pure but for its file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from sms.segments import fold, parts, septets
from tipline import places
from tipline.services import Service

Lang = Literal["st", "en"]
LANGS: tuple[Lang, Lang] = ("st", "en")
LIMIT = 150  # septets of a screen with its "CON " or "END ": networks differ, this passes all
PREFIX = 4
MAIN = "main"  # the menu's first screen
TITLE = 70  # septets of a lesson's title: a line of the list
ROOM = LIMIT - PREFIX
_CHOICE_LINE = re.compile(r"^\s*\d", re.MULTILINE)


class MenuError(ValueError):
    """Something of the menu, a lesson or the directory cannot be shown. Says which."""


@dataclass(frozen=True)
class Choice:
    """One numbered answer: what is kept (``value``), where it leads, and its label in both languages.

    ``does``: an effect of ``ussd_state.Turn`` that the caller carries out before anything is shown.
    """

    st: str
    en: str
    to: str
    value: str = ""
    does: Literal["", "close", "delete"] = ""

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
    skip: str = ""
    picks: str = ""
    choice: tuple[Choice, ...] = ()

    def text(self, lang: Lang) -> str:
        """Return what the screen says in this language."""
        return self.st if lang == "st" else self.en


@dataclass(frozen=True)
class Lesson:
    """One lesson as plain phones show it: its name, its title and its screens."""

    slug: str
    title: str
    screens: tuple[str, ...]


@dataclass(frozen=True)
class Menu:
    """All screens and words, the lessons in each language, and the confirmed services."""

    steps: Mapping[str, Step]
    words: Mapping[str, Mapping[str, str]]
    failed: Mapping[str, Mapping[str, str]]
    stages: Mapping[str, Mapping[str, str]]
    lessons: Mapping[str, tuple[Lesson, ...]] = field(default_factory=dict)
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
            return (*named, self._choice("elsewhere", step.skip or step.to, "unknown"))
        if step.source == "ports":
            ports = [Choice(place.name_st, place.name_en, step.to, place.slug) for place in places.ports(district)]
            return (
                self._choice("not_border", step.to, district or "unknown"),
                *ports,
                self._choice("informal", step.to, "informal"),
            )
        if step.source == "lessons":
            return tuple(Choice(one.title, one.title, step.to, one.slug) for one in self.lessons.get(lang, ()))
        return tuple(one for one in step.choice if one.to != "learn" or self.lessons.get(lang))

    def pages_of(self, step: Step, lang: Lang, picked: Mapping[str, str]) -> tuple[str, ...]:
        """Return the texts of a step that leafs: the lesson that was picked, or who helps with what was picked."""
        if step.name == "lesson":
            lessons = self.lessons.get(lang, ())
            return next((one for one in lessons if one.slug == picked.get("lesson")), lessons[0]).screens
        return self.help_pages(lang, picked.get("need", "danger"), picked.get("near"))

    def asks_where(self, need: str) -> bool:
        """Say whether it matters where somebody is: one who helps with this need is not there for all the country."""
        return any(service.districts for service in self.services if need in service.needs)

    def help_pages(self, lang: Lang, need: str, near: str | None = None) -> tuple[str, ...]:
        """Return the confirmed numbers for a need, those of the district ``near`` first, then where to go, in words."""
        found = [one for one in self.services if need in one.needs]
        if near is not None:
            found = [one for one in found if not one.districts or near in one.districts]
        pages: list[str] = []
        for line in (fold(_line(one, lang)) for one in sorted(found, key=lambda one: not one.districts)):
            if pages and septets(f"{pages[-1]}\n{line}") <= self.page_room(lang):
                pages[-1] = f"{pages[-1]}\n{line}"
            else:
                pages.append(line)
        words = self.word(f"go_{need}", lang).split("\n")
        return (*pages, *(page for chunk in words for page in parts(chunk, self.page_room(lang))))

    def ways(self, step: Step, lang: Lang) -> list[str]:
        """Return the last lines of a screen: back and, but in the menu itself, to the menu."""
        if step.name == MAIN:
            return [f"0. {self.word('language', lang)}"]
        return [f"0. {self.word('back', lang)}", f"00. {self.word('menu', lang)}"]

    def page_room(self, lang: Lang) -> int:
        """Return the septets left for a text that is leafed through, under it the way on, back and to the menu."""
        forward = max(septets(self.word(name, lang)) for name in ("next", "finish"))
        return ROOM - len("\n1. ") - forward - self.ways_room(lang)

    def ways_room(self, lang: Lang) -> int:
        """Return the septets that the last two lines of a screen take, with the ends of the lines before them."""
        return len("\n0. \n00. ") + septets(self.word("back", lang)) + septets(self.word("menu", lang))

    def safety(self, lang: Lang) -> str:
        """Return what somebody in danger reads: the confirmed numbers that fit, else where to go."""
        step = self.steps["safety"]
        room = ROOM - sum(septets(line) + 1 for line in numbered(step.choice, lang)) - self.ways_room(lang)
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
    lessons: Mapping[str, Iterable[Lesson]] | None = None,
    services: Iterable[Service] = (),
) -> Menu:
    """Read the menu and add the lessons of each language and the services.

    The services are to be confirmed ones (``tipline.services.confirmed_contacts``).
    Without a lesson in a language "learn" is not offered there. MenuError names a lesson or a service
    that does not fit, or that looks like a numbered choice.
    """
    data = _read(path or Path(__file__).with_suffix(".toml"))
    steps = {block["name"]: _step(block) for block in data["screen"]}
    given = {lang: tuple(map(_folded, every)) for lang, every in (lessons or {}).items()}
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
    base += menu.ways_room(lang)
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


def _folded(lesson: Lesson) -> Lesson:
    return Lesson(lesson.slug, fold(lesson.title), tuple(fold(text) for text in lesson.screens))


def _check(menu: Menu) -> None:
    for lang in LANGS:
        room = menu.page_room(lang)
        for lesson in menu.lessons.get(lang, ()):
            for text in (lesson.title, *lesson.screens):
                _fits(f"lesson {lesson.slug}", text, lang, TITLE if text == lesson.title else room)
        for service in menu.services:
            _fits(f"service {service.slug}", _line(service, lang), lang, room)


def _fits(what: str, text: str, lang: Lang, room: int) -> None:
    if not text.strip() or septets(text) > room or _CHOICE_LINE.search(text):
        problem = f"{what} ({lang}): 1 to {room} septets (now {septets(text)}), no line beginning with a digit"
        raise MenuError(problem)
