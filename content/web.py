"""The lessons on the web: a list, and a page for each; the same for everybody, so browsers may keep them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, render_template
from markupsafe import Markup

from content import library
from tipline.web.compress import same_for_all

blueprint = Blueprint("content", __name__)


@blueprint.app_context_processor
def _for_templates() -> dict[str, Any]:
    return {"lesson_of_the_day": lesson_of_the_day}


@blueprint.app_template_filter("marked")
def _marked(text: str) -> Markup:
    return library.marked(text)


@blueprint.get("/<any(st,en):lang>/learn")
def learn(lang: str) -> str:
    """List the lessons."""
    same_for_all()
    return render_template("public/learn.html", lang=lang, lessons=library.load(lang))


@blueprint.get("/<any(st,en):lang>/learn/<slug>")
def show(lang: str, slug: str) -> str:
    """Show one lesson."""
    lesson = library.lesson(lang, slug)
    if lesson is None:
        abort(404)
    same_for_all()
    return render_template("public/lesson.html", lang=lang, lesson=lesson)


def lesson_of_the_day(lang: str) -> library.Lesson | None:
    """Return the lesson that the front page names today; each gets its day in turn."""
    lessons = library.load(lang)
    return lessons[datetime.now(UTC).toordinal() % len(lessons)] if lessons else None
