"""Routing rules as an administrator edits them: a form made into a rule and back, what may not be, what would change.

Pure. The rules themselves are ``routing``'s; which are in force is ``rulebook``'s affair.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

from tipline import places, triage
from tipline.errors import AllDesksExcluded, DomainError
from tipline.routing import Facts, Rule, route

ANSWERS = {"yes": True, "no": False}
NAMED = {  # what a rule may name of a report that has a list of values
    "category": triage.CATEGORIES,
    "place": tuple(places.ALL),
    "place_kind": ("district", "port", "informal"),
}
ASKED = ("danger_now", "child")
MOST = 30  # rules: each is looked at for every report
ACTS = ("add", "change", "up", "down", "remove")
_ANY = "any"

Rules = tuple[Rule, ...]
Form = Mapping[str, Sequence[str]]  # a field's name → what was sent under it


class RulesRefused(DomainError):
    """These rules cannot be; ``what`` says why in a code, ``of`` names the desk, ``example`` a report."""

    code = "rules_refused"

    def __init__(self, what: str, of: str = "", example: Facts | None = None) -> None:
        """Say what is wrong."""
        super().__init__(what)
        self.what = what
        self.of = of
        self.example = example


@dataclass(frozen=True)
class Way:
    """Reports that are routed alike: who gets them before and after a change, the leading desk first."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    reports: tuple[Facts, ...]

    @property
    def changes(self) -> bool:
        """Say whether they would go elsewhere."""
        return self.before != self.after


def listed(rules: Rules) -> list[dict[str, Any]]:
    """Return rules as they are kept."""
    return [{"to": list(rule.to), "when": dict(rule.when), "otherwise": rule.otherwise} for rule in rules]


def read(rows: Iterable[Mapping[str, Any]]) -> Rules:
    """Return rules that were kept."""
    return tuple(Rule(tuple(row["to"]), row["when"], row["otherwise"]) for row in rows)


def parse(form: Form) -> Rule:
    """Make a rule of a form: ``lead`` and ``also`` (desks), ``match`` (all or any), conditions. RulesRefused.

    What is left empty is no condition.
    """
    lead = next((slug for slug in form.get("lead", ()) if slug), "")
    if not lead:
        raise RulesRefused("no_desk")
    wanted: dict[str, Any] = {}
    for name in ASKED:
        said = next(iter(form.get(name, ())), "")
        if said and said not in ANSWERS:
            raise RulesRefused("unknown_value")
        if said:
            wanted[name] = ANSWERS[said]
    for name, known in NAMED.items():
        values = list(dict.fromkeys(form.get(name, ())))
        if not set(values) <= set(known):
            raise RulesRefused("unknown_value")
        if values:
            wanted[name] = values
    if "any" in form.get("match", ()) and len(wanted) > 1:
        wanted = {_ANY: [{name: value} for name, value in wanted.items()]}
    to = dict.fromkeys((lead, *form.get("also", ())))
    return Rule(tuple(to), wanted, bool(form.get("otherwise")))


def form_of(rule: Rule) -> dict[str, list[str]] | None:
    """Return the form that makes this rule, or None where no form can (a file may say more)."""
    said = {name for name in rule.when if name != _ANY}
    if _ANY in rule.when:
        choices = rule.when[_ANY]
        if said or any(len(one) != 1 or _ANY in one for one in choices):
            return None
        flat = {name: value for one in choices for name, value in one.items()}
        if len(flat) != len(choices):
            return None
    else:
        flat = dict(rule.when)
    spoken = {answer: word for word, answer in ANSWERS.items()}
    fields = {name: [spoken[value]] if name in ASKED else list(value) for name, value in flat.items()}
    return {
        "lead": [rule.to[0]],
        "also": list(rule.to[1:]),
        "match": ["any" if _ANY in rule.when else "all"],
        "otherwise": ["1"] if rule.otherwise else [],
        **fields,
    }


def changed(rules: Rules, act: str, number: int, rule: Rule | None = None) -> Rules:
    """Return the rules after an act (``ACTS``) on the rule of this number, from 1; RulesRefused if there is none.

    ``add`` puts the new one after that number; 0 is before all.
    """
    at, some = number - 1, list(rules)
    if act not in ACTS or not (0 if act == "add" else 1) <= number <= len(some):
        raise RulesRefused("no_such_rule")
    if act == "add" and rule is not None:
        some.insert(number, rule)
    elif act == "change" and rule is not None:
        some[at] = rule
    elif act == "up" and at > 0:
        some[at - 1 : at + 1] = some[at], some[at - 1]
    elif act == "down" and at < len(some) - 1:
        some[at : at + 2] = some[at + 1], some[at]
    elif act == "remove":
        del some[at]
    return tuple(some)


def check(rules: Rules, before: Rules, desks: Mapping[str, bool]) -> None:
    """Make sure that rules can be put in force after ``before``; ``desks`` says of each whether it has a key.

    RulesRefused: ``too_many``, ``unknown_desk``, ``no_key`` (of a desk that a new or altered rule names),
    ``no_change``, ``nowhere`` (no rule names a desk that could read such a report; every report is tried).
    """
    if len(rules) > MOST:
        raise RulesRefused("too_many")
    for rule in rules:
        for slug in rule.to:
            if slug not in desks:
                raise RulesRefused("unknown_desk", slug)
            if not desks[slug] and rule not in before:
                raise RulesRefused("no_key", slug)
    if rules == before:
        raise RulesRefused("no_change")
    ready = [slug for slug, has_key in desks.items() if has_key]
    for facts in every_report():
        if not set(_to(facts, rules)) & set(ready):
            raise RulesRefused("nowhere", example=facts)


def every_report() -> Iterator[Facts]:
    """Yield every report that rules can tell apart, of which nobody excluded a desk."""
    answers = (False, True, None)
    kinds: list[tuple[str | None, str | None]] = [(None, None), *((one.slug, one.kind) for one in places.ALL.values())]
    for category, (place, kind), danger, child in product(triage.CATEGORIES, kinds, answers, answers):
        yield Facts(category, place, kind, child, danger, frozenset())


def typical_reports(desks: Collection[str]) -> Iterator[Facts]:
    """Yield a few reports of each sort: every category with and without danger and a child, every place, exclusions."""
    for category, danger, child in product(triage.CATEGORIES, (False, True), (False, True)):
        yield Facts(category, None, None, child, danger, frozenset())
    for one in places.ALL.values():
        yield Facts("unknown", one.slug, one.kind, child=False, danger_now=False, excluded=frozenset())
    for count in range(1, len(desks)):
        for excluded in combinations(desks, count):
            yield Facts("unknown", None, None, child=False, danger_now=False, excluded=frozenset(excluded))


def dry_run(before: Rules, after: Rules, ready: Collection[str]) -> list[Way]:
    """Say how typical reports would be routed before and after a change, among the desks that have a key.

    What changes stands first. No tip is looked at.
    """
    ways: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Facts]] = {}
    for facts in typical_reports(ready):
        both = (_routed(facts, before, ready), _routed(facts, after, ready))
        ways.setdefault(both, []).append(facts)
    found = [Way(*both, tuple(reports)) for both, reports in ways.items()]
    return sorted(found, key=lambda way: not way.changes)


def count_elsewhere(before: Rules, after: Rules, ready: Collection[str]) -> tuple[int, int]:
    """Return how many of all reports that rules can tell apart would go elsewhere, and how many there are."""
    every = list(every_report())
    return sum(_routed(one, before, ready) != _routed(one, after, ready) for one in every), len(every)


def _to(facts: Facts, rules: Rules) -> tuple[str, ...]:
    try:
        return route(facts, rules, ())
    except AllDesksExcluded:
        return ()


def _routed(facts: Facts, rules: Rules, ready: Collection[str]) -> tuple[str, ...]:
    """Return what taking in makes of it: desks without a key are left out."""
    return tuple(slug for slug in route(facts, rules, ready) if slug in ready)
