"""The pages that only tell: front page, help, who can see what; quick exit; small files browsers ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app, redirect, render_template
from flask.blueprints import BlueprintSetupState

from tipline import services
from tipline.web import look, retention_words
from tipline.web.compress import same_for_all
from tipline.web.locale import preferred_lang, written_date

blueprint = Blueprint("pages", __name__)
DAY = 86400  # seconds
ELSEWHERE = "https://www.google.com/"


@blueprint.record_once
def _set_up(state: BlueprintSetupState) -> None:
    assert isinstance(state.app, Flask)
    look.init_look(state.app)


@blueprint.app_context_processor
def _for_templates() -> dict[str, Any]:
    return {"written_date": written_date}


@blueprint.get("/")
def root() -> Response:
    """Send a visitor to the language that the browser asks for, else to Sesotho. No cookie."""
    response = redirect(f"/{preferred_lang()}/", 302)
    response.headers["Vary"] = "Accept-Language"
    response.headers["Cache-Control"] = "no-cache"
    return response  # type: ignore[return-value]


@blueprint.get("/<any(st,en):lang>/")
def home(lang: str) -> str:
    """Show the three ways: learn, tell, find help."""
    same_for_all()
    settings = current_app.config["TIPLINE"]
    return render_template("public/home.html", lang=lang, shortcode=settings.shortcode, ussd_code=settings.ussd_code)


@blueprint.get("/<any(st,en):lang>/help")
def help_page(lang: str) -> str:
    """Show where to go and, once confirmed, whom to ring."""
    same_for_all()
    own = own_directory()
    return render_template(
        "public/help.html",
        lang=lang,
        emergency=services.emergency(own),
        contacts=services.confirmed_contacts(own=own),
    )


@blueprint.get("/<any(st,en):lang>/privacy")
def privacy(lang: str) -> str:
    """Say who can see what, channel by channel."""
    same_for_all()
    number = retention_words.time(current_app.config["TIPLINE"].keep_numbers)
    return render_template("public/privacy.html", lang=lang, schedule=retention_words.schedule(), number=number)


@blueprint.get("/exit")
def leave() -> Response:
    """Go somewhere neutral at once, and ask the browser to forget what this site kept.

    The cache is not cleared: browsers take seconds over it, and whoever leaves has not got them.
    """
    response = redirect(getattr(current_app.config["TIPLINE"], "exit_url", "") or ELSEWHERE, 303)
    response.headers["Clear-Site-Data"] = '"cookies", "storage"'
    response.headers["Cache-Control"] = "no-store"
    return response  # type: ignore[return-value]


@blueprint.get("/favicon.svg", defaults={"name": "favicon.svg", "mimetype": "image/svg+xml"})
@blueprint.get("/favicon.ico", defaults={"name": "favicon.ico", "mimetype": "image/vnd.microsoft.icon"})
@blueprint.get(
    "/manifest.webmanifest",
    defaults={"name": "manifest.webmanifest", "mimetype": "application/manifest+json"},
)
def small_file(name: str, mimetype: str) -> Response:
    """Give the icon or the manifest; neither says what this site is about."""
    same_for_all(7 * DAY)
    return Response((look.STATIC / name).read_bytes(), mimetype=mimetype)


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Let search engines read the lessons and nothing that is personal."""
    lines = [
        "User-agent: *",
        "Disallow: /desk/",
        "Disallow: /exit",
        "Disallow: /api/",
        "Disallow: /*/inbox",
        "",
    ]
    same_for_all(DAY)
    return Response("\n".join(lines), mimetype="text/plain")


def own_directory() -> Path | None:
    """Return the operator's own directory of services, if this instance has a folder for one."""
    var = getattr(current_app.config["TIPLINE"], "var", None)
    return Path(var) / services.FILE if var else None
