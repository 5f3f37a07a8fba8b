"""The thin edge: public pages, desk, API, accounts, commands. Views translate; they decide nothing."""

from __future__ import annotations

from typing import cast

from flask import current_app

from tipline.house import House


def house() -> House:
    """Return the instance that this app serves."""
    return cast("House", current_app.extensions["tipline"])
