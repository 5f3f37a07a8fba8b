"""Sesotho as Lesotho writes it, complete, and chosen without a cookie."""

from __future__ import annotations

import re
from datetime import date

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from flask import Flask, g
from flask_babel import format_date, gettext

from tests.web.small import CATALOGUE, small_app
from tipline.web import locale

DAY = date(2026, 7, 21)
PLACEHOLDER = re.compile(r"%\([a-z_]+\)s")


@pytest.fixture(scope="module")
def app() -> Flask:
    return small_app()


@pytest.mark.parametrize(
    ("month", "name"),
    [
        (1, "Pherekhong"),
        (2, "Hlakola"),
        (4, "’Mesa"),
        (5, "Motšeanong"),
        (7, "Phupu"),
        (11, "Pulungoana"),
        (12, "Tšitoe"),
    ],
)
def test_months_are_lesothos(app: Flask, month: int, name: str) -> None:
    with app.test_request_context("/st/"):
        day = date(2026, month, 3)
        assert format_date(day, "long") == locale.format_date_st(day) == f"la 3 {name} 2026"


def test_days_are_lesothos(app: Flask) -> None:
    with app.test_request_context("/st/"):
        assert format_date(DAY, "full") == "Labobeli, la 21 Phupu 2026"


def test_english_dates_are_english(app: Flask) -> None:
    with app.test_request_context("/en/"):
        assert locale.written_date(DAY) == "21 July 2026"


@pytest.mark.parametrize(
    ("address", "asked", "lang"),
    [
        ("/st/help", "en", "st"),
        ("/en/help", "st", "en"),
        ("/desk/?lang=en", "st", "en"),
        ("/desk/?lang=xx", "en", "en"),
        ("/desk/", "", "st"),
        ("/stranger", "en", "en"),
    ],
)
def test_the_address_decides_then_the_question_then_the_browser(
    app: Flask, address: str, asked: str, lang: str
) -> None:
    with app.test_request_context(address, headers={"Accept-Language": asked}):
        assert locale.current_lang() == lang


def test_a_view_may_change_the_language_midway(app: Flask) -> None:
    with app.test_request_context("/en/"):
        assert gettext("Leave") == "Leave"
        locale.use_lang("st")
        assert (g.lang, gettext("Leave")) == ("st", "Tsoa")


def test_every_public_word_has_its_sesotho() -> None:
    with (locale.ROOT / "translations" / "babel.cfg").open() as source:
        methods, options = parse_mapping_cfg(source)  # type: ignore[no-untyped-call]
    with CATALOGUE.open("rb") as source:
        catalogue = read_po(source, locale="st")
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "_l": None, "lazy_gettext": None}
    extracted = extract_from_dir(locale.ROOT, methods, options, keywords=keywords)
    found = {message for _, _, message, _, _ in extracted}
    assert len(found) > 80
    missing = [message for message in found if message not in catalogue or not catalogue[message].string]
    assert missing == []


def test_sesotho_keeps_every_placeholder() -> None:
    with CATALOGUE.open("rb") as source:
        for message in read_po(source, locale="st"):
            said, meant = ("".join(part or "") for part in (message.string, message.id))
            assert sorted(PLACEHOLDER.findall(said)) == sorted(PLACEHOLDER.findall(meant)), message.id
