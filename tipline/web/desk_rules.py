"""The administrator's page of routing rules: those in force, a change tried out and put in force, earlier versions.

A change is a page of its own: what it would do to typical reports is shown before it is made, and it needs a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from tipline import desks, places, rulebook, rules, triage
from tipline.accounts import Identity
from tipline.rulebook import Version
from tipline.rules import Rules, RulesRefused
from tipline.rules_table import LONGEST_REASON
from tipline.web import house, rule_words
from tipline.web.session import page, signed_in

blueprint = Blueprint("rules", __name__)
BACK = "back"
_WITH_A_FORM = ("add", "change")
_LONGEST_NUMBER = 9
_SHOWN = 50  # versions


@dataclass
class Asked:
    """What a change page was asked for: the act, on which rule (or version), made from which version."""

    act: str
    number: int
    fields: dict[str, list[str]] = field(default_factory=dict)

    def made(self, now: Version, versions: list[Version]) -> Rules:
        """Return the rules that would be in force. RulesRefused."""
        if self.act == BACK:
            earlier = next((one.rules for one in versions if one.number == self.number), None)
            if earlier is None:
                raise RulesRefused("no_such_rule")
            return earlier
        rule = rules.parse(self.fields) if self.act in _WITH_A_FORM else None
        return rules.changed(now.rules, self.act, self.number, rule)


@blueprint.before_app_request
def _know_the_rules() -> None:
    """See, before anything is taken in and outside its transaction, whether there are newer rules.

    What fails here fails again where something is taken in, and is told there in the way of its own door.
    """
    if request.method == "POST":
        with suppress(Exception):
            house().rulebook.at(house().clock())


@blueprint.get("/desk/rules")
@signed_in("admin")
def show(who: Identity) -> str:
    """Show the rules in force, what they make of typical reports, and every earlier version."""
    with house().database.read() as session:
        known, names = _desks(session, who)
        every = rulebook.versions(session)
    now = every[0]
    return page(
        "desk/rules.html",
        who,
        now_in_force=now,
        ways=rules.dry_run(now.rules, now.rules, _ready(known)),
        earlier=every[1 : _SHOWN + 1],
        names=names,
        say=rule_words,
    )


@blueprint.get("/desk/rules/change")
@signed_in("admin")
def ask(who: Identity) -> str:
    """Ask for one change. Where nothing is to be filled in, what it would do is shown at once."""
    asked = Asked(_act(request.args), _number(request.args.get("rule", "")))
    with house().database.read() as session:
        known, names = _desks(session, who)
        every = rulebook.versions(session)
    now = every[0]
    if asked.act == "change" and 1 <= asked.number <= len(now.rules):
        asked.fields = rules.form_of(now.rules[asked.number - 1]) or {}
    elif asked.act == "add" and not request.args.get("rule"):
        asked.number = len(now.rules)
    if asked.act in _WITH_A_FORM:
        return _form(who, asked, every, known, names)
    return _form(who, asked, every, known, names, try_it=True)


@blueprint.post("/desk/rules/change")
@signed_in("admin")
def change(who: Identity) -> AnyResponse:
    """Try a change out (``try``), or put it in force as the next version."""
    form = request.form
    fields = {name: form.getlist(name) for name in form}
    asked = Asked(_act(form), _number(form.get("rule", "")), fields)
    with house().database.read() as session:
        known, names = _desks(session, who)
        every = rulebook.versions(session)
    if "try" in form:
        return Response(_form(who, asked, every, known, names, try_it=True))
    try:
        _put_in_force(who, asked, _number(form.get("version", "")), form.get("reason", ""))
    except RulesRefused as refused:
        return Response(_form(who, asked, every, known, names, refused=refused), 422)
    except IntegrityError:  # two at once: the other one was first
        return Response(_form(who, asked, every, known, names, refused=RulesRefused("stale")), 422)
    house().rulebook.look_again()
    return redirect(url_for("accounts.rules.show", done="rules"), 303)


def _put_in_force(who: Identity, asked: Asked, after: int, reason: str) -> None:
    here = house()
    with here.database.write() as session:
        every = rulebook.versions(session)
        known, _ = _desks(session, who)
        number = rulebook.put_in_force(
            session, who, asked.made(every[0], every), reason, after=after, now=here.clock(), desks=known,
            again=asked.number if asked.act == BACK else None,
        )  # fmt: skip
        here.note(session, who, "rules_changed", version=number)


def _form(
    who: Identity, asked: Asked, every: list[Version], known: dict[str, bool], names: dict[str, str], *,
    refused: RulesRefused | None = None, try_it: bool = False,
) -> str:  # fmt: skip
    now = every[0]
    shown: dict[str, Any] = {"ways": None, "count": None}
    try:
        made = asked.made(now, every)
        rules.check(made, now.rules, known)
    except RulesRefused as wrong:
        refused = wrong if try_it else refused
    else:
        if try_it or refused is not None:
            ready = _ready(known)
            shown["ways"] = rules.dry_run(now.rules, made, ready)
            shown["count"] = rules.count_elsewhere(now.rules, made, ready)
    there = asked.act not in ("add", BACK) and 1 <= asked.number <= len(now.rules)
    rule = now.rules[asked.number - 1] if there else None
    return page(
        "desk/rules_change.html",
        who,
        asked=asked,
        current=now,
        rule=rule,
        back_to=next((one for one in every if asked.act == BACK and one.number == asked.number), None),
        with_form=asked.act in _WITH_A_FORM,
        no_form=asked.act == "change" and rule is not None and not asked.fields,
        wrong=rule_words.refusal(refused, names) if refused else "",
        names=names,
        say=rule_words,
        choices={"category": triage.CATEGORIES, "place_kind": tuple(rule_words.KINDS), "place": tuple(places.ALL)},
        longest=LONGEST_REASON,
        **shown,
    )


def _desks(session: Session, who: Identity) -> tuple[dict[str, bool], dict[str, str]]:
    """Return every desk: whether it has a key, and its name."""
    every = desks.all_desks(session)
    return {slug: one.key is not None for slug, one in every.items()}, {
        slug: one.name(who.lang) for slug, one in every.items()
    }


def _ready(known: dict[str, bool]) -> list[str]:
    return [slug for slug, has_key in known.items() if has_key]


def _act(sent: Mapping[str, str]) -> str:
    act = sent.get("act", "")
    return act if act in rule_words.TITLES else "add"


def _number(typed: str) -> int:
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= _LONGEST_NUMBER else 0
