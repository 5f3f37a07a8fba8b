"""Assessment and priority put into words for the desk: what is present and because of what, never how likely."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from tipline import assessing, assessment, priority
from tipline.assessment import Answers, Part, Question, Result
from tipline.casework import Case, View
from tipline.models import Tip
from tipline.web.locale import current_lang

AGES = {assessment.CHILD: _l("A child"), assessment.ADULT: _l("An adult")}
KINDS = {
    assessment.LABOUR: _l("Work"),
    assessment.SEXUAL: _l("Sexual exploitation"),
    assessment.OTHER: _l("Something else"),
}
MATTERS = {assessment.TRAFFICKING: _l("Trafficking"), assessment.SMUGGLING: _l("Smuggling")}
_POLICE = _l("Whoever has reasonable grounds reports to the police, who assess it within 24 hours (s.23).")
_SOCIAL_WORKER = _l("A child: once it is substantiated, to the designated social worker (s.23).")
_CENTRE = _l("An adult: once it is substantiated, to the designated protection centre (s.23).")
_SMUGGLING = _l(
    "Smuggling (s.12): refer it. P3, unless somebody is in danger now, a child is concerned, or somebody is exploited."
)
_LOOK_AGAIN = _l("One of these is so here: look again whether it is trafficking.")
_SERIOUS = "P1"
# The order in which each is asked: what the rule needs stands first.
_ADULT: tuple[str, ...] = ("D1", "D2", "D4", "D5", "signs", "D3", "D6")
_CHILD: tuple[str, ...] = ("moved", "D4", "D5", "signs", "D1", "D2", "D3", "D6")


def of_tip(case: Case, view: View) -> dict[str, Any]:
    """Return what a tip's page shows of its assessments and of its priority."""
    tip, kept = case.tip, assessing.kept(view.thread)
    stands = priority.standing(tip, view.events)
    why = ""
    if stands.decided is not None:
        reason = next((one for one in view.thread if one.id == stands.decided.data.get("entry")), None)
        why = str(reason.data.get("text", "")) if reason is not None and reason.data else ""
    return {
        "assessed": summary(tip, kept[0].answers) if kept else None,
        "assessments": kept,
        "assessed_before": [(one, brief(one.answers)) for one in kept[1:]],
        "suggestions": suggestions(tip),
        "may_assess": not (tip.closed_at or tip.folded_into or case.at.state == "offered" or view.text is None),
        "stands": stands,
        "decided_why": why,
        "may_decide": not (tip.closed_at or tip.unfinished),
        "levels": priority.LEVELS,
    }


def summary(tip: Tip, answers: Answers) -> dict[str, Any]:
    """Return an assessment in words."""
    result = assessment.assess(answers)
    return {
        "about": _about(answers),
        "any": result.any_present,
        "parts": [(name(one.code), _state(one), _listed(one.present)) for one in result.parts if _worth(one, answers)],
        "whole": whole(answers, result),
        "act": len(result.act),
        "act_of": len(assessment.ACT_22),
        "steps": steps(tip, answers, result),
    }


def brief(answers: Answers) -> str:
    """Return an assessment in a line."""
    present = sum((answers.said or {}).values())
    count = gettext("indicators present: %(count)s", count=present)
    return f"{_about(answers)}; {count}"


def name(code: str) -> str:
    """Return the name of a dimension, or of another group of questions."""
    return assessment.WORDS[code][current_lang()]


def asked(question: Question) -> str:
    """Return a question in words."""
    return question.said[current_lang()]


@dataclass(frozen=True)
class Group:
    """Questions that stand together: how many were answered with yes, and whether the report suggests one."""

    code: str
    questions: tuple[Question, ...]
    yes: int
    suggested: bool


def groups(answers: Answers, tip: Tip) -> list[Group]:
    """Return what is asked about a child or an adult, in its order; while the age is not known, about either."""
    questions, whole_groups = assessment.suggested(tip.indicators)
    if answers.age == assessment.ADULT:
        order = _ADULT
    elif answers.age == assessment.CHILD:
        order = _CHILD
    else:
        order = ("moved", *_ADULT)
    return [
        Group(
            code,
            assessment.BY_GROUP[code],
            len(answers.yes(assessment.BY_GROUP[code])),
            code in whole_groups or any(one.code in questions for one in assessment.BY_GROUP[code]),
        )
        for code in order
    ]


def group_hint(code: str, answers: Answers) -> str:
    """Return what must be known about a group of questions; "" for most."""
    if answers.age == assessment.CHILD and code in {"D1", "D2", "D3", "D6"}:
        return str(gettext("For a child no means need be shown: note what is known, ask nothing more."))
    if code in {"D3", "D6"}:
        return str(gettext("Shown beside the others; the rule does not ask for it."))
    return ""


def suggestions(tip: Tip) -> dict[str, Any]:
    """Return what the report suggests; nothing of it counts until a human says so."""
    questions, whole_groups = assessment.suggested(tip.indicators)
    return {
        "questions": questions,
        "age": None if tip.child is None else assessment.CHILD if tip.child else assessment.ADULT,
        "kind": assessment.kind_of(tip.category),
        "matter": assessment.SMUGGLING if tip.category == assessment.SMUGGLING else None,
        "said": [name(code) for code in assessment.DIMENSIONS if code in whole_groups]
        + [asked(one) for one in assessment.QUESTIONS if one.code in questions and one.group != "D2"],
    }


def whole(answers: Answers, result: Result) -> str:
    """Return what can be said of the whole: what belongs together and is present, or is not shown yet."""
    if answers.kind == assessment.SEXUAL:
        return str(gettext("For sexual exploitation nothing is weighed: here is what is present."))
    if answers.kind != assessment.LABOUR:
        return str(gettext("The strengths of the list are those for work. What is not work is not weighed."))
    if answers.age is None:
        return str(gettext("Find out whether it is about a child: for a child no means need be shown."))
    if not result.together:
        missing = "; ".join(" / ".join(name(code) for code in choice) for choice in result.missing)
        return str(gettext("Not shown yet: %(parts)s.", parts=missing))
    if answers.age == assessment.CHILD:
        return str(gettext("Present together, as the list has it for a child: recruited or moved, and exploited."))
    return str(
        gettext(
            "Present together, as the list has it for an adult: "
            "recruited by deception or force, exploited, and held by force."
        )
    )


def steps(tip: Tip, answers: Answers, result: Result) -> list[tuple[str, str]]:
    """Return the next steps that the law names for what was found, each with the form that it leads to ("": none)."""
    child = answers.age == assessment.CHILD or (answers.age is None and tip.child is True)
    found: list[tuple[str, str]] = []
    if answers.matter == assessment.SMUGGLING:
        found.append((str(_SMUGGLING), "refer"))
        if child or tip.danger_now or result.any_present:
            found.append((str(_LOOK_AGAIN), ""))
    else:
        if tip.police_at is None and (result.any_present or answers.matter == assessment.TRAFFICKING):
            found.append((str(_POLICE), "police"))
        if child:
            found.append((str(_SOCIAL_WORKER), "refer"))
        elif answers.age == assessment.ADULT:
            found.append((str(_CENTRE), "refer"))
    if (result.together or child) and tip.priority > _SERIOUS:
        advised = gettext("For what is present P1 is advised; it stands at %(priority)s.", priority=tip.priority)
        found.append((str(advised), "priority"))
    return found


def event(kind: str, data: dict[str, Any]) -> str:
    """Return what was done, in words; "" where it was something else."""
    if kind == "assessed":
        return str(gettext("An assessment was kept"))
    if kind == "raised":
        if data.get("to") == data.get("before"):
            return str(gettext("What the reporter added lets another office read it"))
        return str(gettext("Raised to %(priority)s by what the reporter added", priority=data.get("to", "")))
    said = {name: data.get(name, "") for name in ("to", "before", "advised", "decided")}
    if kind == priority.DECIDED:
        return str(gettext("Priority decided: %(to)s (it was %(before)s; advised: %(advised)s)", **said))
    if kind == priority.NEWER:
        return str(gettext("The reporter’s newer words would raise it to %(to)s; it was decided %(decided)s", **said))
    return ""


def no_level() -> str:
    """Say that a priority must be chosen."""
    return str(gettext("Choose how urgent it is."))


def refusal(code: str) -> str:
    """Return why an assessment was not kept."""
    if code == "already_there":
        return str(
            gettext(
                "A colleague kept an assessment while you wrote. Look at it first; "
                "to keep yours as the newest, press once more."
            )
        )
    return str(gettext("Answer at least one question, then keep it."))


def _about(answers: Answers) -> str:
    said = [str(AGES.get(answers.age or "", gettext("Age not known")))]
    said += [str(KINDS[one]) for one in (answers.kind,) if one]
    said += [str(MATTERS[one]) for one in (answers.matter,) if one]
    return " · ".join(said)


def _worth(part: Part, answers: Answers) -> bool:
    """Say whether a part is worth a line: something is present, or the rule asks for it."""
    wanted = {assessment.CHILD: ("moved", "D4"), assessment.ADULT: ("D1", "D2", "D4", "D5")}
    return bool(part.present) or part.code in wanted.get(answers.age or "", ())


def _state(part: Part) -> str:
    if part.present:
        said = {True: gettext("present, because:"), False: gettext("in part:"), None: gettext("noted:")}[part.met]
    elif part.met:
        said = gettext("present: it shows in how they were recruited")
    else:
        said = gettext("not known yet") if part.open else gettext("nothing found")
    return str(said)


def _listed(questions: Iterable[Question]) -> str:
    return "; ".join(asked(one) for one in questions)
