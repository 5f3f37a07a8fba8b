"""The stylesheets, written into the page itself: one request less is worth more than a cached file on 2G.

A page names its sheet with ``{{ inline_css() }}``; the policy in ``headers.py`` allows that text by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from markupsafe import Markup

from tipline.web import headers

STATIC = Path(__file__).resolve().parents[2] / "static"
PUBLIC = ("tokens.css", "public.css")


@cache
def stylesheet(*names: str) -> str:
    """Return these sheets of ``static/`` as one, without comments and spare space."""
    css = "".join((STATIC / name).read_text(encoding="utf-8") for name in names)
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"\s+", " ", css)
    css = re.sub(r"\s*([{};,>])\s*", r"\1", css)
    return re.sub(r":\s+(?=[^{}]*[;}])", ":", css).replace(";}", "}").strip()


@cache
def script(name: str) -> str:
    """Return a script of ``static/`` as it stands."""
    return (STATIC / name).read_text(encoding="utf-8")


def style_hash(css: str) -> str:
    """Return the hash of an inline stylesheet as a Content-Security-Policy writes it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()


def init_look(app: Flask) -> None:
    """Allow the public stylesheet and hand it to templates, with the name of the site."""
    css = stylesheet(*PUBLIC)
    headers.allow_style(app, css)
    app.extensions["style_hash"] = style_hash(css)
    app.jinja_env.globals.update(inline_css=inline_css, scene=scene)
    settings = app.config["TIPLINE"]

    @app.context_processor
    def _for_templates() -> dict[str, Any]:
        return {"site_name": settings.name, "demo": settings.demo}


def inline_css(*names: str) -> Markup:
    """Return the text for ``<style>``: the public sheets unless others are named (allow those too)."""
    return Markup(stylesheet(*(names or PUBLIC)))  # noqa: S704 - our own files, no user's word in them


def csp_hashes(app: Flask) -> tuple[str, ...]:
    """Return the hashes that a policy must allow for the public pages' style."""
    return (f"'{app.extensions['style_hash']}'",)


@cache
def scene(name: str) -> Markup:
    """Return a drawing of ``static/scenes`` to stand in the page; the template gives its words."""
    drawing = (STATIC / "scenes" / f"{name}.svg").read_text(encoding="utf-8")
    drawing = drawing.replace(' xmlns="http://www.w3.org/2000/svg"', ' aria-hidden="true"').strip()
    return Markup(drawing)  # noqa: S704 - our own file
