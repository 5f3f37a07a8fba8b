"""What is missing or stale among the lessons is found, and named."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from content import library
from content.check import SCENES, check
from content.commands import content_cli

TODAY = date(2026, 11, 24)


@pytest.fixture
def lessons(tmp_path: Path) -> Path:
    for lang in library.LANGUAGES:
        shutil.copytree(library.HERE / lang, tmp_path / lang)
    return tmp_path


def codes(root: Path, on: date = TODAY) -> set[tuple[str, str]]:
    return {(problem.file, problem.code) for problem in check(on, root, SCENES) if problem.grave}


def test_the_shipped_lessons_lack_nothing_but_a_reader() -> None:
    assert {problem.code for problem in check(TODAY)} <= {"not_reviewed"}


@pytest.mark.parametrize(
    ("lang", "old", "new", "code"),
    [
        ("st", "oa lapeng", "wa lapeng", "spelling"),
        ("st", "tšepisa", "tshepisa", "spelling"),
        ("en", "next_review = 2027-05-20", "next_review = 2026-11-23", "stale"),
        ("en", "next_review = 2027-05-20", "next_review = 2028-05-20", "review_too_late"),
        ("en", "recruitment_techniques", "something", "topic_unknown"),
        ("en", 'picture = "job-offers"', 'picture = "none"', "picture_missing"),
        (
            "en",
            "A person in a blanket and a hat looks at a message on a phone. A taxi stands by the road.",
            "",
            "alt_missing",
        ),
        ("en", "Stop, and ask why.", "Stop, and ask why. " + "Ask again. " * 6, "screen_too_long"),
        ("st", "Ema, u botse lebaka.", "Ema ✋", "screen_not_gsm7"),
        ("en", '"Much money for easy work? ', '"2 signs. ', "screen_digit"),
        ("en", "Hurry and silence\n", "Hurry and silence\n\nWe will bring you home.\n", "promise"),
        ("en", "It is not your fault.", "It is not your fault!", "exclamation"),
        ("en", "work it off. Nobody", "work it off for 7 years. Nobody", "fact_without_source"),
        ("en", "The law forbids both:", "The law is clear. The law forbids both:", "fact_without_source"),
        ("st", "Potlako le khutso\n", "Potlako le khutso\n\nBa 60 lekholong baa tseba.\n", "fact_without_source"),
        ("en", "Ask others what", "Ask 100 others what", "fact_without_source"),
        ("en", "Tell somebody now;", "Section 23 says: tell somebody now;", "fact_without_source"),
        ("en", "debt.[^1]", "debt.[^4]", "mark_unknown"),
        ("en", "debt.[^1]", "debt.[^1][^2]", ""),
        ("en", "A taxi stands by the road.", "His hands are tied with a rope.", "picture_harm"),
        ("st", "Tekesi e eme haufi le tsela.", "Motho o tlamiloe ka liketane.", "picture_harm"),
        ("en", 'short = "Job offers"', 'short = "Job offers, looked at"', "short_too_long"),
        (
            "en",
            "Hurry and silence\n",
            "Hurry and silence\n\n" + "Unnecessarily complicated considerations. " * 40,
            "hard_to_read",
        ),
        (
            "en",
            '[[question.choice]]\ntext = "Wait for a call"',
            '[[question.choices]]\ntext = "x"',
            "choices_missing",
        ),
    ],
)
def test_what_is_wrong_is_found(lessons: Path, lang: str, old: str, new: str, code: str) -> None:
    path = lessons / lang / "job-offers.md"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    found = codes(lessons)
    assert (f"{lang}/job-offers.md", code) in found if code else found == {("st/job-offers.md", "unequal")}


@pytest.mark.parametrize("part", ["sources = [", "do_now = ["])
def test_a_part_that_is_missing_is_found(lessons: Path, part: str) -> None:
    path = lessons / "en" / "job-offers.md"
    before, rest = path.read_text().split(part, 1)
    path.write_text(before + rest.split("\n]\n", 1)[1])
    assert ("st/job-offers.md", "unequal") in codes(lessons)
    assert {code for file, code in codes(lessons) if file == "en/job-offers.md"} & {
        "source_missing",
        "do_now_missing",
    }


def test_a_lesson_without_its_twin_is_found(lessons: Path) -> None:
    (lessons / "st" / "job-offers.md").unlink()
    assert codes(lessons) == {("st/job-offers.md", "twin_missing")}


def test_placeholders_must_be_the_same_in_both(lessons: Path) -> None:
    path = lessons / "en" / "job-offers.md"
    path.write_text(path.read_text() + "\nDial %(code)s.\n")
    assert codes(lessons) == {("st/job-offers.md", "unequal")}


def test_long_sentences_are_found(lessons: Path) -> None:
    path = lessons / "en" / "job-offers.md"
    path.write_text(path.read_text() + "\n" + "word " * 300 + ".\n")
    assert codes(lessons) == {("en/job-offers.md", "sentences_long")}


def test_a_broken_file_is_named(lessons: Path) -> None:
    (lessons / "en" / "broken.md").write_text("nothing")
    assert codes(lessons) == {("en/broken.md", "unreadable")}


def test_the_command_tells_and_fails_only_where_something_is_to_mend() -> None:
    runner = Flask("bare").test_cli_runner()
    fine = runner.invoke(content_cli, ["check", "--on", "2026-11-24"])
    assert (fine.exit_code, "0 to mend" in fine.output) == (0, True)
    stale = runner.invoke(content_cli, ["check", "--on", "2028-01-01"])
    assert (stale.exit_code, "en/job-offers.md: stale" in stale.output) == (1, True)
    assert "--on" in runner.invoke(content_cli, ["check", "--help"]).output


def test_a_scene_is_small_and_shows_no_harm(tmp_path: Path) -> None:
    for scene in SCENES.glob("*.svg"):
        shutil.copy(scene, tmp_path)
    scene = tmp_path / "job-offers.svg"
    scene.write_text(scene.read_text().replace("</svg>", "<title>Chained</title>" + " " * 3000 + "</svg>"))
    found = {problem.code for problem in check(TODAY, scenes=tmp_path) if problem.grave}
    assert found == {"picture_harm", "picture_large"}


def test_ten_lessons_cover_all_that_the_law_asks_for() -> None:
    assert {lesson.s43_topic for lesson in library.load("st")} == set(library.TOPICS)
    assert [lesson.order for lesson in library.load("st")] == list(range(1, 11))
