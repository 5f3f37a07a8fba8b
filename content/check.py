"""What keeps a lesson from being shown with a good conscience. Pure: the day is an argument."""

from __future__ import annotations

import html
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from content import library, spelling
from content.library import HERE, LANGUAGES, Lesson, LessonError

SCENES = HERE.parent / "static" / "scenes"
RULES = tomllib.loads((HERE / "rules.toml").read_text(encoding="utf-8"))
SHORT = 20  # septets of the title in the list by USSD
SCENE_BYTES = 3072
LONG_WORD = 6  # letters; LIX counts the words that have more
SCREENS = 5  # a lesson by USSD
SCREEN_SEPTETS = 119  # of 150; the rest is for "CON ", the way on, back and to the menu
MOST_WORDS = 12  # a sentence, on average
REVIEW_EVERY = timedelta(days=184)  # Anti-Trafficking in Persons Act, s. 43: reviewed "biannually"
NOTICES = frozenset({"not_reviewed"})  # told, but no failure: the page itself says so to its readers
_GSM7 = re.compile(r"[A-Za-z0-9 @£$¥èéùìòÇØøÅåÄÖÑÜ§äöñüàΔΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,\-./:;<=>?¡¿_\n]*")
_MARK = re.compile(r"\[\^(\d+)\]")
_MARK_HTML = re.compile(r'<sup><a href="#s(\d+)">\d+</a></sup>')
_SENTENCE = re.compile(r"(?:[^.!?]|[.!?](?=[^\s\[”’]))+[.!?]*[”’]?(?:\[\^\d+\])*")
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
    """Yield the paragraphs of the running text, without headings, markup and marks."""
    for piece in _marked_prose(lesson):
        yield _MARK.sub("", piece)


def lix(texts: Iterable[str]) -> float:
    """Return the readability index LIX: words a sentence, and per cent of words of more than six letters; 0 of none."""
    text = "\n".join(texts)
    found = re.findall(r"[\w’'-]+", text)
    sentences = len(re.findall(r"[.!?:;]+(?=[\s”’\"']|$)", text)) or 1
    long = sum(len(word) > LONG_WORD for word in found)
    return len(found) / sentences + 100 * long / len(found) if found else 0.0


def has_word(text: str, listed: Iterable[str]) -> str:
    """Return the first of the words (a star: any ending) that the text has, or nothing."""
    return next((word for word in listed if re.search(_word(word), text, re.IGNORECASE)), "")


def _word(listed: str) -> str:
    end = "" if listed.endswith("*") else r"\b"
    return rf"\b{re.escape(listed.rstrip('*'))}{end}"


def _marked_prose(lesson: Lesson) -> Iterator[str]:
    for piece in re.findall(r"<(?:p|li)>(.*?)</(?:p|li)>", lesson.html, re.DOTALL):
        yield html.unescape(re.sub(r"<[^>]+>", "", _MARK_HTML.sub(r"[^\1]", piece)))


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


def _facts(lesson: Lesson) -> Iterator[tuple[str, str]]:
    """Find facts without a mark, marks without a source, and figures on a screen that the text does not have."""
    whys = [choice.why for question in lesson.questions for choice in question.choices]
    known = ""
    for text in [*_marked_prose(lesson), *lesson.do_now, *whys]:
        for number in _MARK.findall(text):
            if not 1 <= int(number) <= len(lesson.sources):
                yield "mark_unknown", f"[^{number}]: there are {len(lesson.sources)} sources"
        for sentence in (hit.group().strip() for hit in _SENTENCE.finditer(text)):
            plain = _MARK.sub("", sentence)
            if plain != sentence:
                known += plain
            elif not plain.endswith("?") and (re.search(r"\d", plain) or has_word(plain, RULES["fact"][lesson.lang])):
                yield "fact_without_source", plain
    for text in (lesson.title, lesson.short, lesson.summary, *lesson.ussd):
        for figure in re.findall(r"\d+", text):
            if not re.search(rf"\b{figure}\b", known):
                yield "fact_without_source", f"{figure} is not in the text with a mark: {text}"


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
    path = scenes / f"{lesson.picture}.svg"
    drawn = path.read_text(encoding="utf-8") if lesson.picture and path.exists() else ""
    if len(drawn.encode()) > SCENE_BYTES:
        yield "picture_large", f"{len(drawn.encode())} bytes, at most {SCENE_BYTES}"
    for text, lang in ((lesson.picture_alt, lesson.lang), *((drawn, lang) for lang in LANGUAGES)):
        if word := has_word(text, RULES["image"][lang]):
            yield "picture_harm", word


def _screens(lesson: Lesson) -> Iterator[tuple[str, str]]:
    if len(library.fold(lesson.short)) > SHORT:
        yield "short_too_long", f"{len(library.fold(lesson.short))} septets, at most {SHORT}"
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
    if (index := lix(prose(lesson))) > RULES["lix"][lesson.lang]:
        yield "hard_to_read", f"LIX {index:.0f}, at most {RULES['lix'][lesson.lang]}"
    for text in words(lesson):
        if _PROMISES[lesson.lang].search(text):
            yield "promise", text
        if "!" in text:
            yield "exclamation", text
        if lesson.lang == "st":
            yield from (("spelling", f"{f.rule}: {f.excerpt}") for f in spelling.findings(text) if f.grave)


_RULES: tuple[Callable[[Lesson], Iterator[tuple[str, str]]], ...] = (_sources, _facts, _parts, _screens, _language)


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
    "marks",
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
        _MARK.findall("\n".join(_marked_prose(lesson))),
    )
