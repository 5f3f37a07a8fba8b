"""Every role at every route, and every desk at every other desk's tips: whoever is not let in, is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests import make
from tests.house.access import ACCESS, ANYBODY, NOTHING, Access
from tipline import accounts, audit, desks
from tipline.house import House
from tipline.models import Account, TipDesk
from tipline.sealing import PrivateKey
from tipline.web.session import COOKIE, PATH

DESKS = ("immigration", "police", "shelter")
SAFE = ("GET", "HEAD")
ABSENT = "2147483646"  # of accounts and messages: there is none of that number
FILLED = {"lang": "en", "slug": "job-offers", "secret": "not-the-secret-at-all"}
WHERE: dict[str, dict[str, Any]] = {  # reports that exactly one desk gets
    "immigration": {},
    "police": {"danger_now": True, "exclude": ("immigration",)},
    "shelter": {"exclude": ("immigration", "police")},
}
BLANK = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")  # of an address: <int(max=9):number>
WORDS = "cannot leave the house"


@dataclass(eq=False)
class Person:
    """Somebody at a desk (or none), with their key unlocked once."""

    name: str
    role: str
    desk: str | None
    who: accounts.Candidate
    key: PrivateKey
    tokens: dict[str, str]


@pytest.fixture(scope="module")
def world(template_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Give an instance with a supervisor at every desk."""
    var = make.copy(template_var, tmp_path_factory.mktemp("matrix") / "var")
    made = make.app(var)
    yield made
    make.house_of(made).database.dispose()


@pytest.fixture(scope="module")
def people(world: Flask) -> list[Person]:
    """Return one person of every role, and at every desk one of each role that reads."""
    house = make.house_of(world)
    known = [(name, make.password(house, name)) for name in (*DESKS, "supervisor", *ANYBODY[2:])]
    for desk in DESKS[1:]:
        name = f"{desk}-supervisor"
        known.append((name, house.add_account(name, "supervisor", desk, "en", by=None)))
    found = [_person(house, name, password) for name, password in known]
    _share(house, {one.name: one for one in found})
    return found


def keyed(method: str, rule: str) -> str:
    """Return how the table names a route."""
    rule = re.sub(r"^/look/desk-[\w-]+\.(css|js)$", r"/look/desk.\1", rule)
    bare = BLANK.sub(lambda blank: f"<{blank[1]}>", rule)
    return f"{method} {bare}"


def routes(app: Flask) -> dict[str, tuple[str, str]]:
    """Return every route of the app by its name in the table: method and rule."""
    return {
        keyed(method, rule.rule): (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_route_stands_in_the_table_and_nothing_else_does(world: Flask) -> None:
    there = set(routes(world))
    assert sorted(there - set(ACCESS)) == [], "add who may use it to tests/house/access.py"
    assert sorted(set(ACCESS) - there) == [], "there is no such route any more"


def test_what_changes_something_leaves_a_row_that_has_a_verb() -> None:
    silent = {"POST /desk/account/language", "POST /desk/account/keys"}  # how a person likes the desk
    for name, access in ACCESS.items():
        if access.leaves == NOTHING:
            at_the_desk = access.to is not None and not name.startswith("GET ")
            assert not at_the_desk or name in silent, f"{name} leaves no row in the audit log"
        else:
            assert access.leaves in audit.VERBS, name


@pytest.mark.parametrize("name", sorted(ACCESS))
def test_who_is_let_in(name: str, world: Flask, people: list[Person]) -> None:
    method, rule = routes(world)[name]
    access = ACCESS[name]
    tips = _tips(make.house_of(world)) if "uid" in rule else {"": ""}
    for desk, uid in tips.items():
        address = _filled(rule, uid)
        for person in (None, *(people if access.to is not None else people[:1])):
            answer = _ask(world, person, method, address, access)
            expected = _expected(access, person, method, address, desk)
            shown = (name, person and f"{person.role} of {person.desk}", f"a tip of {desk or 'none'}")
            assert answer.status_code == expected, (*shown, answer.status_code, answer.text[:300])
            if desk and (person is None or person.desk != desk):
                assert WORDS not in answer.text, shown
            if answer.status_code == 303 and person is None and access.to is not None:
                assert "/sign-in" in answer.headers["Location"], shown


def _expected(access: Access, person: Person | None, method: str, address: str, desk: str) -> int:
    if access.to is None:
        return access.status
    if person is None:
        return 303 if method in SAFE and address.startswith("/desk") else 401
    if person.role not in access.to:
        return 403
    if desk and person.desk != desk:
        return 404
    return access.else_where.get(person.role, access.status)


def _ask(app: Flask, person: Person | None, method: str, address: str, access: Access) -> TestResponse:
    client, headers = app.test_client(), {}
    api = address.startswith("/api/")
    if person is not None:
        token = _token(make.house_of(app), person, "bearer" if api else "cookie")
        if api:
            headers["Authorization"] = f"Bearer {token}"
        else:
            client.set_cookie(COOKIE, token, path=PATH)
        if access.leaves == "signed_out":
            person.tokens.clear()
    if method in SAFE:
        return client.open(address, method=method, headers=headers)
    sent: dict[str, Any] = {"json" if api else "data": dict(access.form)}
    return client.open(address, method=method, headers=headers, **sent)


def _filled(rule: str, uid: str) -> str:
    def blank(found: re.Match[str]) -> str:
        return uid if found[1] == "uid" else FILLED.get(found[1], ABSENT)

    return BLANK.sub(blank, rule)


def _tips(house: House) -> dict[str, str]:
    """Hand in a report for each desk; return desk → uid."""
    found = {}
    for desk, told in WHERE.items():
        done = house.take_in(make.report(**told), with_receipt=False)
        found[desk] = make.uid(house, done.tip_id)
        with house.database.read() as session:
            at = session.scalars(select(TipDesk.desk_id).where(TipDesk.tip_id == done.tip_id)).all()
            assert list(at) == [desks.by_slug(session, desk).id]
    return found


def _person(house: House, name: str, password: str) -> Person:
    with house.database.read() as session:
        who = accounts.candidate(session, name)
        account = session.get_one(Account, who.account_id)
        role, desk_id = account.role, account.desk_id
        desk = next((one.slug for one in desks.all_desks(session).values() if one.id == desk_id), None)
    return Person(name, role, desk, who, accounts.unlocked(who, name, password, house.keys), {})


def _token(house: House, person: Person, kind: str) -> str:
    if kind not in person.tokens:
        with house.database.write() as session:
            started = accounts.begin(
                session, person.who, person.key, code="", kind=kind, keys=house.keys, now=house.clock(),
                second_factor=house.second_factor,
            )  # fmt: skip
        person.tokens[kind] = started.token
    return person.tokens[kind]


def _share(house: House, found: dict[str, Person]) -> None:
    with house.database.write() as session:
        for desk in DESKS[1:]:
            giver = session.get_one(Account, found[desk].who.account_id)
            held = desks.private_keys(session, giver, found[desk].key)
            desks.share(session, held, session.get_one(Account, found[f"{desk}-supervisor"].who.account_id))
