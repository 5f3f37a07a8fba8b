"""Routing rules put into words: what a rule asks for, which reports are meant, why rules were refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from tipline.routing import Facts, Rule
from tipline.rules import ANSWERS, RulesRefused
from tipline.web import words

KINDS = {
    "district": _l("A district"),
    "port": _l("A port of entry"),
    "informal": _l("A crossing without a post"),
}
ASKED = {"danger_now": _l("Danger now"), "child": _l("About a child")}
HEADS = {
    "category": _l("What it is about"),
    "place": _l("The place"),
    "place_kind": _l("What kind of place"),
}
TITLES = {
    "add": _l("Add a rule"),
    "change": _l("Change a rule"),
    "up": _l("Move a rule up"),
    "down": _l("Move a rule down"),
    "remove": _l("Remove a rule"),
    "back": _l("Go back to an earlier version"),
}
_YES = {"danger_now": _l("there is danger now"), "child": _l("it is about a child")}
_NO = {"danger_now": _l("no danger now, as was said"), "child": _l("not about a child, as was said")}
_REFUSED = {
    "no_desk": _l("Choose the office that it goes to."),
    "unknown_desk": _l("There is no such office. Choose one from the list."),
    "unknown_value": _l("Something chosen here does not exist. Choose from what is shown."),
    "no_such_rule": _l("There is no such rule or version any more. Look at the rules in force."),
    "no_change": _l("With this, the rules would stay as they are."),
    "no_reason": _l("Write why: a change needs a reason."),
    "long_reason": _l("The reason is too long. Use at most 500 letters."),
    "too_many": _l("There are too many rules. Remove one first."),
    "stale": _l("Somebody else changed the rules meanwhile. Look at what is in force now, then send yours again."),
}


def refusal(error: RulesRefused, names: Mapping[str, str]) -> str:
    """Return why rules were refused, and what to do."""
    if error.what == "no_key":
        return str(
            gettext(
                "%(desk)s can read nothing yet: nobody of that office has signed in. Have somebody sign in first.",
                desk=names.get(error.of, error.of),
            )
        )
    if error.example is not None:
        return str(
            gettext(
                "Some reports would reach no office, for example: %(example)s. Add an office for them.",
                example=report(error.example, names),
            )
        )
    return str(_REFUSED[error.what])


def conditions(rule: Rule) -> list[str]:
    """Return what must hold for a rule, one thing each; empty: nothing, it holds for every report."""
    return [_condition(name, value) for name, value in rule.when.items()]


def desks(slugs: Sequence[str], names: Mapping[str, str]) -> str:
    """Return offices by their names, the leading one first."""
    return ", ".join(names.get(slug, slug) for slug in slugs)


def report(facts: Facts, names: Mapping[str, str]) -> str:
    """Return which reports are meant."""
    said = [str(words.CATEGORIES[facts.category])]
    if facts.place:
        said.append(words.place(facts.place))
    said += [str(_YES[name]) for name in ASKED if getattr(facts, name)]
    if facts.excluded:
        said.append(str(gettext("without: %(desks)s", desks=desks(sorted(facts.excluded), names))))
    return " · ".join(said)


def _condition(name: str, value: Any) -> str:  # noqa: ANN401 - what a rule holds
    if name == "any":
        each = [" + ".join(_condition(*pair) for pair in choice.items()) for choice in value]
        return f" {gettext('or')} ".join(each)
    if name in ASKED:
        return str((_YES if value is ANSWERS["yes"] else _NO)[name])
    values = [value] if isinstance(value, str) else value
    if name == "category":
        return str(gettext("it is about: %(what)s", what=", ".join(str(words.CATEGORIES[one]) for one in values)))
    said: Mapping[str, object] = {"place_kind": KINDS}.get(name, {})
    return f"{HEADS[name]}: " + ", ".join(words.place(one) if name == "place" else str(said[one]) for one in values)
