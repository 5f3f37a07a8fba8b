"""The questions of a report: their order, what a page's form says, what is wrong with it, what comes of it.

Pure: knows no Flask. Every question but the story may be skipped; a fault is a code of ``tipline.errors``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from tipline import errors, phones, places
from tipline.intake import CATEGORIES, LONGEST, Report
from tipline.phones import Phone
from tipline.web.drafts import Answers, Draft

STEPS = ("danger", "story", "where", "when", "exclude", "contact", "check")
FIELDS = {
    "danger": ("danger",),
    "story": ("story", "category"),
    "where": ("district", "port", "where"),
    "when": ("happening", "child"),
    "exclude": ("exclude", "exclude_note"),
    "contact": ("texts", "phone"),
}
CHANNEL = "web"
YES_NO = {"yes": True, "no": False}
UNKNOWN = "unknown"
INFORMAL = "informal"
NO_TEXTS, TEXTS = "none", ("none", "notice", "answer")
HAPPENING = ("now", "today", "week", "past", UNKNOWN)
_TICKED = {"danger": (*YES_NO, UNKNOWN), "happening": HAPPENING, "child": (*YES_NO, UNKNOWN), "texts": TEXTS}
_CHOSEN = ("category", "district", "port", "exclude")
LONGEST_LINE = 1000  # characters of a field that is one line
_MOST_DESKS = 100
_NOT_TYPED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Form(Protocol):
    """What a page sent."""

    def get(self, name: str, default: str) -> str:
        """Return one field."""

    def getlist(self, name: str) -> list[str]:
        """Return all values of a field."""


def number(step: str) -> int:
    """Return which of the questions a page belongs to, from 1."""
    return STEPS.index("danger" if step == "safety" else step) + 1


def fill(step: str, form: Form, answers: Answers) -> Answers:
    """Return the answers with those of one page, as typed."""
    typed: dict[str, str | tuple[str, ...]] = {}
    for name in FIELDS.get(step, ()):
        if name == "exclude":
            typed[name] = tuple(dict.fromkeys(form.getlist(name)[:_MOST_DESKS]))
        else:
            value = clean(form.get(name, ""))
            typed[name] = value if value in _TICKED.get(name, (value,)) else ""
    return replace(answers, **typed)  # type: ignore[arg-type]


def fill_all(form: Form) -> Answers:
    """Return the answers of the short form, which asks everything at once."""
    answers = Answers()
    for step in FIELDS:
        answers = fill(step, form, answers)
    return answers


def without(step: str, answers: Answers) -> Answers:
    """Return the answers without those of one page: it was skipped, or shows them itself."""
    blank = Answers()
    return replace(answers, **{name: getattr(blank, name) for name in FIELDS.get(step, ())})


def after(step: str, answers: Answers, *, checked: bool) -> str:
    """Return the page that follows."""
    if step == "danger" and answers.danger == "yes":
        return "safety"
    if checked:
        return "check"
    if step == "safety":
        return "story"
    return STEPS[min(STEPS.index(step) + 1, len(STEPS) - 1)]


def before(step: str, *, checked: bool) -> str:
    """Return the page before; ``start`` before the first."""
    if step == "safety":
        return "danger"
    if checked and step != "check":
        return "check"
    at = STEPS.index(step)
    return STEPS[at - 1] if at else "start"


def faults(step: str, answers: Answers, desks: Collection[str]) -> dict[str, str]:
    """Return what is wrong with one page's answers: field → code. ``desks`` are the slugs there are."""
    match step:
        case "story":
            return _story_faults(answers)
        case "where":
            return _where_faults(answers)
        case "exclude":
            return _exclude_faults(answers, desks)
        case "contact":
            return _contact_faults(answers)
        case _:
            return {}


def too_long(step: str, answers: Answers) -> dict[str, str]:
    """Return the fields of one page that hold more than can be carried on, whichever way somebody turns."""
    found = {}
    for name in FIELDS.get(step, ()):
        value = getattr(answers, name)
        longest = LONGEST if name == "story" else LONGEST_LINE
        if isinstance(value, str) and (len(value) if name != "story" else size(value)) > longest:
            found[name] = errors.TooLong.code
    return found


def first_fault(answers: Answers) -> tuple[str, dict[str, str]] | None:
    """Return the first page with something wrong, and what; which desks there are, intake knows itself."""
    for step in FIELDS:
        found = too_long(step, answers) or ({} if step == "exclude" else faults(step, answers, ()))
        if found:
            return step, found
    return None


def all_faults(answers: Answers, desks: Collection[str]) -> dict[str, str]:
    """Return everything that is wrong, for the short form."""
    found: dict[str, str] = {}
    for step in FIELDS:
        found |= too_long(step, answers) or faults(step, answers, desks)
    return found


def without_unknown(answers: Answers, found: Mapping[str, str]) -> Answers:
    """Return the answers without the choices that no page offers; what was typed stays as it is."""
    blank = Answers()
    return replace(answers, **{name: getattr(blank, name) for name in found if name in _CHOSEN})


def report(draft: Draft, lang: str) -> Report:
    """Return what intake takes in. BadPhoneNumber."""
    answers = draft.answers
    return Report(
        channel=CHANNEL,
        text=answers.story,
        language=lang,
        category=answers.category or None,
        place=place(answers, lang) or None,
        danger_now=YES_NO.get(answers.danger),
        child=YES_NO.get(answers.child),
        happening=answers.happening.replace(UNKNOWN, "") or None,
        exclude=answers.exclude,
        exclude_note=answers.exclude_note,
        phone=Phone(phones.parse(answers.phone)) if may_text(answers) else None,
        content_consent=may_text(answers) and answers.texts == "answer",
        client_id=draft.id,
    )


def place(answers: Answers, lang: str) -> str:
    """Return where it is: a slug, own words, or both as ``name: own words`` (the name is found again in them)."""
    slug = answers.port or (answers.district if answers.district != UNKNOWN else "")
    if not slug or not answers.where:
        return slug or answers.where
    known = places.ALL[slug]
    if slug == INFORMAL:
        return f"{INFORMAL}: {answers.where}"
    return f"{known.name_st if lang == 'st' else known.name_en}: {answers.where}"


def may_text(answers: Answers) -> bool:
    """Say whether a phone may get a text; a number typed beside “no text messages” is not kept."""
    return bool(answers.phone) and answers.texts != NO_TEXTS


def has_place(answers: Answers) -> bool:
    """Say whether a place was named."""
    return bool(answers.port or answers.where or answers.district not in {"", UNKNOWN})


def clean(typed: str) -> str:
    """Return what was typed with plain line ends, without spare space and without characters nobody can type."""
    lines = typed.replace("\r\n", "\n").replace("\r", "\n").strip()
    return _NOT_TYPED.sub("", lines)


def size(text: str) -> int:
    """Return how many bytes a text has (UTF-8)."""
    return len(text.encode(errors="surrogatepass"))


def _story_faults(answers: Answers) -> dict[str, str]:
    found = {}
    if answers.category and answers.category not in CATEGORIES:
        found["category"] = errors.UnknownCategory.code
    elif not (answers.story or _ticked_enough(answers)):
        found["story"] = errors.EmptyTip.code
    return found


def _ticked_enough(answers: Answers) -> bool:
    """Say whether somebody who cannot write has told enough for a human to act on."""
    kind = answers.category not in {"", UNKNOWN}
    return kind or "yes" in {answers.danger, answers.child} or has_place(answers)


def _where_faults(answers: Answers) -> dict[str, str]:
    found = {}
    if not _is_one(answers.district, (*_slugs(places.districts()), UNKNOWN)):
        found["district"] = errors.UnknownPlace.code
    if not _is_one(answers.port, (*_slugs(places.ports()), INFORMAL)):
        found["port"] = errors.UnknownPlace.code
    return found


def _exclude_faults(answers: Answers, desks: Collection[str]) -> dict[str, str]:
    if any(slug not in desks for slug in answers.exclude):
        return {"exclude": errors.UnknownDesk.code}
    if desks and set(answers.exclude) >= set(desks):
        return {"exclude": errors.AllDesksExcluded.code}
    return {}


def _contact_faults(answers: Answers) -> dict[str, str]:
    try:
        if may_text(answers):
            phones.parse(answers.phone)
    except errors.BadPhoneNumber as bad:
        return {"phone": bad.code}
    return {}


def _slugs(found: Iterable[places.Place]) -> list[str]:
    return [one.slug for one in found]


def _is_one(value: str, of: Collection[str]) -> bool:
    return not value or value in of
