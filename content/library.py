"""Load and render lessons. Pure, but for reading its own files once a process."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

HERE = Path(__file__).parent
LANGUAGES = ("st", "en")
FENCE = "+++"
TOPICS = (  # what awareness has to cover: Anti-Trafficking in Persons Act, s. 43
    "duties_under_act",
    "recruitment_techniques",
    "control_tactics",
    "forms_of_abuse",
    "where_to_get_help",
    "rights",
)
_TAGS = {"h2", "h3", "p", "ul", "ol", "li", "strong", "em", "blockquote", "a", "br"}
_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_MARK = re.compile(r"\[\^(\d{1,2})\]")  # after a fact: which of the sources says so
_FOLD = str.maketrans({"š": "s'", "Š": "S'", "’": "'", "‘": "'", "“": "'", "”": "'", "–": "-", "…": "..."})


class LessonError(ValueError):
    """A lesson's file cannot be read as one."""


@dataclass(frozen=True)
class Choice:
    """One answer to a question, and what is kindly said about it."""

    text: str
    why: str


@dataclass(frozen=True)
class Question:
    """A question at the end of a lesson; no answer is kept anywhere."""

    ask: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Lesson:
    """One lesson in one language; ``reviewed_by`` is empty until a first-language reader read it."""

    slug: str
    lang: str
    title: str
    short: str
    summary: str
    html: Markup
    s43_topic: str
    sources: tuple[str, ...]
    reviewed_by: str
    next_review: date
    ussd: tuple[str, ...]
    questions: tuple[Question, ...]
    do_now: tuple[str, ...]
    order: int = 0
    picture: str = ""
    picture_alt: str = ""


@cache
def load(lang: str, root: Path = HERE) -> tuple[Lesson, ...]:
    """Return the lessons of a language in their order. LessonError names the file that cannot be read."""
    found = [read(path) for path in sorted((root / lang).glob("*.md"))]
    return tuple(sorted(found, key=lambda lesson: (lesson.order, lesson.slug)))


def lesson(lang: str, slug: str, root: Path = HERE) -> Lesson | None:
    """Return one lesson, or None if there is none of this name."""
    return next((found for found in load(lang, root) if found.slug == slug), None)


def fold(text: str) -> str:
    """Return text as plain phones show it: ``tš`` is ``ts'``, as the press of Lesotho writes it too."""
    return text.translate(_FOLD)


def read(path: Path) -> Lesson:
    """Read one file (its folder is the language, its name the slug). LessonError."""
    front, body = split(path)
    try:
        return Lesson(
            slug=path.stem,
            lang=path.parent.name,
            title=_text(front, "title"),
            short=_text(front, "short"),
            summary=_text(front, "summary"),
            html=render(body),
            s43_topic=_text(front, "s43_topic"),
            sources=tuple(front.get("sources", ())),
            reviewed_by=front.get("reviewed_by", ""),
            next_review=_day(front, "next_review"),
            ussd=tuple(front.get("ussd", ())),
            questions=tuple(_question(block) for block in front.get("question", ())),
            do_now=tuple(front.get("do_now", ())),
            order=int(front.get("order", 0)),
            picture=front.get("picture", ""),
            picture_alt=front.get("picture_alt", ""),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LessonError(f"{path.name}: {error}") from error


def split(path: Path) -> tuple[dict[str, Any], str]:
    """Return a file's front matter and its text. LessonError."""
    parts = path.read_text(encoding="utf-8").split(FENCE + "\n")
    if len(parts) != 3 or parts[0].strip():  # noqa: PLR2004 - nothing, front matter, text
        raise LessonError(f"{path.name}: begins with {FENCE}, TOML, {FENCE}, then the text")
    try:
        return tomllib.loads(parts[1]), parts[2]
    except tomllib.TOMLDecodeError as error:
        raise LessonError(f"{path.name}: {error}") from error


def render(text: str) -> Markup:
    """Return Markdown as clean HTML: headings, paragraphs, lists, emphasis, links, marks, nothing else."""
    html = nh3.clean(_MARKDOWN.render(text), tags=_TAGS, attributes={"a": {"href"}}, link_rel="noreferrer")
    return Markup(_linked(html))  # noqa: S704 - nh3 has just cleaned it


def marked(text: str) -> Markup:
    """Return plain text as HTML, its marks ``[^1]`` as links to the list of sources."""
    return Markup(_linked(str(escape(text))))  # noqa: S704 - it has just been escaped


def _linked(html: str) -> str:
    return _MARK.sub(r'<sup><a href="#s\1">\1</a></sup>', html)


def _text(front: dict[str, Any], name: str) -> str:
    value = front.get(name)
    if not isinstance(value, str) or not value.strip():
        raise LessonError(f"{name} is missing")
    return value


def _day(front: dict[str, Any], name: str) -> date:
    value = front.get(name)
    if not isinstance(value, date):
        raise LessonError(f"{name} is a date like 2026-11-24")
    return value


def _question(block: dict[str, Any]) -> Question:
    return Question(block["ask"], tuple(Choice(one["text"], one["why"]) for one in block.get("choice", ())))
