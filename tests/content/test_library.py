"""Lessons load, render clean, and are the same in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from content import library
from content.library import LessonError


@pytest.mark.parametrize("lang", library.LANGUAGES)
def test_the_lesson_on_job_offers_is_whole(lang: str) -> None:
    lesson = library.lesson(lang, "job-offers")
    assert lesson is not None
    assert lesson.lang == lang
    assert lesson.html.count("<h2>") == 6
    assert len(lesson.questions) == 3
    assert all(choice.why for question in lesson.questions for choice in question.choices)
    assert len(lesson.do_now) == 5
    assert lesson.sources


@pytest.mark.parametrize("lang", library.LANGUAGES)
def test_ussd_screens_suit_the_plainest_phone(lang: str) -> None:
    for lesson in library.load(lang):
        screens = [library.fold(screen) for screen in lesson.ussd]
        assert len(screens) == 5
        assert all(screen.isascii() and len(screen) <= 119 for screen in screens)


def test_sesotho_folds_as_the_press_writes_it() -> None:
    assert library.fold("tšepiso ea ’nete") == "ts'episo ea 'nete"


def test_an_unknown_lesson_is_none() -> None:
    assert library.lesson("st", "../en/job-offers") is None


def test_markup_that_could_do_harm_does_not_survive() -> None:
    html = library.render("<script>x()</script> **b** [l](javascript:x) <img src=x onerror=y> [k](https://a.example)")
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert "<strong>b</strong>" in html
    assert '<a href="https://a.example" rel="noreferrer">k</a>' in html


def test_a_mark_leads_to_its_source_and_nothing_else_passes() -> None:
    assert '15.<sup><a href="#s1">1</a></sup>' in library.render("It is 15.[^1]")
    assert library.marked("<b>[^2]") == '&lt;b&gt;<sup><a href="#s2">2</a></sup>'


def test_lessons_come_in_their_order(tmp_path: Path) -> None:
    write(tmp_path, "en", "later", order=2)
    write(tmp_path, "en", "first", order=1)
    assert [lesson.slug for lesson in library.load("en", tmp_path)] == ["first", "later"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no front matter", "begins with"),
        ("+++\ntitle = \n+++\ntext", "a.md"),
        ("+++\ntitle = 'a'\nshort='a'\n+++\ntext", "summary is missing"),
        ("+++\ntitle='a'\nshort='a'\nsummary='b'\ns43_topic='c'\nnext_review='soon'\n+++\nx", "next_review is a date"),
        ("+++\ntitle='a'\nshort='a'\nsummary='b'\ns43_topic='c'\nnext_review=2027-01-01\n[[question]]\n+++\nx", "ask"),
    ],
)
def test_a_file_that_is_no_lesson_is_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "en" / "a.md"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(LessonError, match=says):
        library.read(path)


def write(root: Path, lang: str, slug: str, *, order: int) -> None:
    """Write the smallest lesson there can be."""
    (root / lang).mkdir(exist_ok=True)
    front = f"title='a'\nshort='a'\nsummary='b'\norder={order}\ns43_topic='rights'\nnext_review=2027-01-01\n"
    (root / lang / f"{slug}.md").write_text(f"+++\n{front}+++\nText.\n")
