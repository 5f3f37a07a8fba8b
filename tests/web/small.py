"""The pages that only tell, served by the smallest app that can carry them: no database, no keys."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

from flask import Flask
from jinja2 import StrictUndefined

import content.web
from tipline import translations
from tipline.web import compress, errors, headers, locale, pages

CATALOGUE = locale.ROOT / "translations" / "st" / "LC_MESSAGES" / "public.po"


def small_app(var: Path | None = None, *, demo: bool = False) -> Flask:
    """Put the public blueprints together; translations older than their source are compiled first."""
    translations.compile_stale()
    app = Flask("small", root_path=str(locale.ROOT), static_folder="static")
    app.config["TIPLINE"] = SimpleNamespace(
        name="Lentsoe",
        shortcode="32100",
        ussd_code="*123#",
        demo=demo,
        var=var,
        exit_url="https://www.example.org/",
        keep_numbers=timedelta(days=30),
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    locale.init_locale(app)
    compress.init_compress(app)
    headers.init_headers(app, https=False)
    errors.init_errors(app)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(content.web.blueprint)
    return app
