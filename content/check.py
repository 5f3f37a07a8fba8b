"""What keeps a lesson from being shown with a good conscience. Pure: the day is an argument."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from content import library, spelling
from content.library import HERE, LANGUAGES, Lesson, LessonError

SCENES = HERE.parent / "static" / "scenes"
SCREENS = 5  # a lesson by USSD
SCREEN_SEPTETS = 119  # of 150; the rest is for "CON ", the way on, back and to the menu
MOST_WORDS = 12  # a sentence, on average
REVIEW_EVERY = timedelta(days=184)  # Anti-Trafficking in Persons Act, s. 43: reviewed "biannually"
NOTICES = frozenset({"not_reviewed"})  # told, but no failure: the page itself says so to its readers
_GSM7 = re.compile(r"[A-Za-z0-9 @£$¥èéùìòÇØøÅåÄÖÑÜ§äöñüàΔΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,\-./:;<=>?¡¿_\n]*")
_PLACEHOLDER = re.compile(r"%\([a-z_]+\)s|\{[a-z_]*\}")
_PROMISES = {
    "en": re.compile(r"\bwe (will (?!not)|promise|guarantee)", re.IGNORECASE),
    "st": re.compile(r"\b(rea|re) (u )?(tšepisa|tiisetsa)", re.IGNORECASE),
}


@dataclass(frozen=True)
class Problem:
    """One thing to mend: the file (``st/job-offers.md``), a stable code, and the detail in words."""

    file: str
    code: str
    detail: str

    @property
    def grave(self) -> bool:
        """Return whether the check fails because of it."""
        return self.code not in NOTICES


def check(now: date, root: Path = HERE, scenes: Path = SCENES) -> list[Problem]:
    """Return all that is missing, stale, unequal or misspelt among the lessons on the day ``now``."""
    found: dict[tuple[str, str], Lesson] = {}
    problems: list[Problem] = []
    for lang in LANGUAGES:
        for path in sorted((root / lang).glob("*.md")):
            try:
                found[lang, path.stem] = library.read(path)
            except LessonError as error:
                problems.append(Problem(f"{lang}/{path.name}", "unreadable", str(error)))
    for lesson in found.values():
        name = f"{lesson.lang}/{lesson.slug}.md"
        problems += [Problem(name, code, detail) for rule in _RULES for code, detail in rule(lesson)]
        problems += [Problem(name, code, detail) for code, detail in _review(lesson, now)]
        problems += [Problem(name, code, detail) for code, detail in _picture(lesson, scenes)]
    problems += _twins(found)
    return sorted(problems, key=lambda problem: (problem.file, problem.code, problem.detail))


def words(lesson: Lesson) -> Iterator[str]:
    """Yield every piece of text that a reader of this lesson sees on the web."""
    yield lesson.title
    yield lesson.summary
    yield lesson.picture_alt
    yield from prose(lesson)
    yield from lesson.do_now
    for question in lesson.questions:
        yield question.ask
        for choice in question.choices:
            yield from (choice.text, choice.why)


def prose(lesson: Lesson) -> Iterator[str]:
    """Yield the paragraphs of the running text, without headings and markup."""
    for piece in re.findall(r"<(?:p|li)>(.*?)</(?:p|li)>", lesson.html, re.DOTALL):
        yield html.unescape(re.sub(r"<[^>]+>", "", piece))


def sentence_length(texts: Iterator[str]) -> float:
    """Return the average number of words in a sentence; 0 where there is none."""
    counts = [len(part.split()) for text in texts for part in re.split(r"[.!?:;]+[”’\"']?(?:\s+|$)", text)]
    counts = [count for count in counts if count]
    return sum(counts) / len(counts) if counts else 0.0


def _review(lesson: Lesson, now: date) -> Iterator[tuple[str, str]]:
    if lesson.next_review < now:
        yield "stale", f"was to be reviewed by {lesson.next_review}"
    if lesson.next_review > now + REVIEW_EVERY:
        yield "review_too_late", f"{lesson.next_review} is more than six months away"
    if not lesson.reviewed_by:
        yield "not_reviewed", "no first-language reader has read it yet"


def _sources(lesson: Lesson) -> Iterator[tuple[str, str]]:
    if not lesson.sources:
        yield "source_missing", "says nothing of where it comes from"
    if lesson.s43_topic not in library.TOPICS:
        yield "topic_unknown", f"{lesson.s43_topic}: one of {', '.join(library.TOPICS)}"


def _parts(lesson: Lesson) -> Iterator[tuple[str, str]]:
    if not lesson.do_now:
        yield "do_now_missing", "says nothing of what one can do"
    if not lesson.questions:
        yield "questions_missing", "asks nothing"
    for question in lesson.questions:
        if len(question.choices) < 2:  # noqa: PLR2004 - else there is nothing to choose
            yield "choices_missing", question.ask


def _picture(lesson: Lesson, scenes: Path) -> Iterator[tuple[str, str]]:
    if lesson.picture and not (scenes / f"{lesson.picture}.svg").exists():
        yield "picture_missing", lesson.picture
    if lesson.picture and not lesson.picture_alt.strip():
        yield "alt_missing", "the picture has no words for those who cannot see it"


def _screens(lesson: Lesson) -> Iterator[tuple[str, str]]:
    if len(lesson.ussd) != SCREENS:
        yield "screens", f"{len(lesson.ussd)} screens for USSD, not {SCREENS}"
    for number, screen in enumerate(map(library.fold, lesson.ussd), 1):
        if len(screen) > SCREEN_SEPTETS:
            yield "screen_too_long", f"screen {number}: {len(screen)} septets, at most {SCREEN_SEPTETS}"
        if not _GSM7.fullmatch(screen):
            yield "screen_not_gsm7", f"screen {number} has a character that a plain phone lacks"
        if re.search(r"^\s*\d", screen, re.MULTILINE):
            yield "screen_digit", f"screen {number}: a line that begins with a digit looks like a choice"


def _language(lesson: Lesson) -> Iterator[tuple[str, str]]:
    length = sentence_length(prose(lesson))
    if length > MOST_WORDS:
        yield "sentences_long", f"{length:.1f} words a sentence, at most {MOST_WORDS}"
    for text in words(lesson):
        if _PROMISES[lesson.lang].search(text):
            yield "promise", text
        if "!" in text:
            yield "exclamation", text
        if lesson.lang == "st":
            yield from (("spelling", f"{f.rule}: {f.excerpt}") for f in spelling.findings(text) if f.grave)


_RULES: tuple[Callable[[Lesson], Iterator[tuple[str, str]]], ...] = (_sources, _parts, _screens, _language)


def _twins(found: dict[tuple[str, str], Lesson]) -> Iterator[Problem]:
    for slug in sorted({slug for _, slug in found}):
        twins = [found.get((lang, slug)) for lang in LANGUAGES]
        for lang, twin in zip(LANGUAGES, twins, strict=True):
            if twin is None:
                yield Problem(f"{lang}/{slug}.md", "twin_missing", "there is no such lesson in this language")
        first, second = twins
        if first is None or second is None:
            continue
        for what, one, other in zip(_COMPARED, _shape(first), _shape(second), strict=True):
            if one != other:
                yield Problem(f"{LANGUAGES[0]}/{slug}.md", "unequal", f"{what}: {one} here, {other} in {LANGUAGES[1]}")


_COMPARED = (
    "sources",
    "topic",
    "next_review",
    "order",
    "picture",
    "questions",
    "do_now",
    "screens",
    "headings",
    "placeholders",
)


def _shape(lesson: Lesson) -> tuple[object, ...]:
    text = "\n".join([*words(lesson), *lesson.ussd])
    return (
        lesson.sources,
        lesson.s43_topic,
        str(lesson.next_review),
        lesson.order,
        lesson.picture,
        [len(question.choices) for question in lesson.questions],
        len(lesson.do_now),
        len(lesson.ussd),
        lesson.html.count("<h2>"),
        sorted(Counter(_PLACEHOLDER.findall(text)).items()),
    )
