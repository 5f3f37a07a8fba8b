"""The language of a request, and Lesotho's own months and days.

Public pages carry their language in the address (``/st/…``, ``/en/…``); everything else takes ``g.lang`` as
a view set it (the desk: ``?lang=`` for that page alone, else the person's own), else ``?lang=``, else
``Accept-Language``, else ``st``. No cookie.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

from babel import localedata
from babel.dates import parse_pattern
from flask import Flask, g, has_request_context, request, url_for
from flask_babel import Babel, format_date, refresh

LANGUAGES = {"st": "Sesotho", "en": "English"}
DEFAULT = "st"
DOMAINS = ("public", "desk")
ROOT = Path(__file__).resolve().parents[2]

# Babel carries South African spelling; these are Lesotho's.
_MONTHS = (
    "Pherekhong", "Hlakola", "Hlakubele", "’Mesa", "Motšeanong", "Phuptjane",
    "Phupu", "Phato", "Loetse", "Mphalane", "Pulungoana", "Tšitoe",
)  # fmt: skip
_DAYS = ("Mantaha", "Labobeli", "Laboraro", "Labone", "Labohlano", "Moqebelo", "Sontaha")
_PATTERNS = {
    "short": "dd/MM/yyyy",
    "medium": "d MMMM y",
    "long": "'la' d MMMM y",
    "full": "EEEE, 'la' d MMMM y",
}


def init_locale(app: Flask) -> None:
    """Set up translations and ``g.lang``; templates get ``lang``, ``languages`` and ``url_for_lang``."""
    use_lesotho_calendar()
    babel_folder = str(ROOT / "translations")
    Babel(
        app,
        default_locale=DEFAULT,
        default_domain=";".join(DOMAINS),
        default_translation_directories=";".join(babel_folder for _ in DOMAINS),
        default_timezone="Africa/Maseru",
        locale_selector=current_lang,
    )

    @app.url_value_preprocessor
    def _from_address(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        if values and values.get("lang") in LANGUAGES:
            use_lang(values["lang"])

    @app.context_processor
    def _for_templates() -> dict[str, Any]:
        return {"lang": current_lang(), "languages": LANGUAGES, "url_for_lang": url_for_lang}


def current_lang() -> str:
    """Return ``st`` or ``en`` for this request and keep the answer in ``g.lang``."""
    if not has_request_context():
        return DEFAULT
    if g.get("lang") not in LANGUAGES:
        g.lang = _asked_for()
    return str(g.lang)


def use_lang(lang: str) -> None:
    """Answer this request in ``lang``, whatever was chosen before."""
    g.lang = lang if lang in LANGUAGES else DEFAULT
    refresh()


def use_lang_of(person: str) -> None:
    """Answer this request in a person's own language, but for a page that asks for another (``?lang=``)."""
    chosen = request.args.get("lang", "")
    use_lang(chosen if chosen in LANGUAGES else person)


def preferred_lang() -> str:
    """Return what the browser asks for, Sesotho if it asks for neither."""
    return request.accept_languages.best_match(["st", "en"]) or DEFAULT


def url_for_lang(lang: str) -> str:
    """Return the address of this same page in another language; the front page where there is none."""
    if request.endpoint and request.view_args and "lang" in request.view_args:
        return url_for(request.endpoint, **{**request.view_args, "lang": lang})
    return f"/{lang}/"


def format_date_st(day: date) -> str:
    """Return a date as Sesotho writes it: ``la 21 Phupu 2026``."""
    return f"la {day.day} {_MONTHS[day.month - 1]} {day.year}"


def written_date(day: date) -> str:
    """Return a date in the language of the request."""
    return format_date_st(day) if current_lang() == "st" else str(format_date(day, "d MMMM y"))


def use_lesotho_calendar() -> None:
    """Replace Babel's Sesotho month and day names and date patterns, for the whole process."""
    data: Any = localedata.load("st")
    for context in ("format", "stand-alone"):
        data["months"].setdefault(context, {})["wide"] = dict(enumerate(_MONTHS, 1))
        data["months"][context]["abbreviated"] = dict(enumerate(_MONTHS, 1))
        data["days"].setdefault(context, {})["wide"] = dict(enumerate(_DAYS))
        data["days"][context]["abbreviated"] = dict(enumerate(_DAYS))
    for width, pattern in _PATTERNS.items():
        data["date_formats"][width] = parse_pattern(pattern)


def _asked_for() -> str:
    asked = re.match(r"/(st|en)(/|$)", request.path)
    if asked:
        return asked.group(1)
    chosen = request.args.get("lang", "")
    return chosen if chosen in LANGUAGES else preferred_lang()
