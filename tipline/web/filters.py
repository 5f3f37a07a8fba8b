"""The filters of a queue, as they stand in its address: what is asked for, and what is said of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from tipline import places, queue
from tipline.lifecycle import STAGES

YES = ("mine", "waits", "overdue", "offered")
TABS: tuple[
    tuple[object, dict[str, str], str | None], ...
] = (  # what stands above the queue: name, its filter, which count it shows
    (_l("All open"), {}, None),
    (_l("New"), {"stage": "received"}, "new"),
    (_l("Urgent"), {"priority": "P0"}, "urgent"),
    (_l("Mine"), {"mine": "1"}, "mine"),
    (_l("Waiting for the reporter"), {"waits": "1"}, "waits"),
    (_l("Overdue"), {"overdue": "1"}, "overdue"),
    (_l("Offered"), {"offered": "1"}, "offered"),
    (_l("All closed"), {"stage": "closed"}, None),
)


def wanted(asked: Mapping[str, str]) -> dict[str, Any]:
    """Return what ``queue.page`` is to look for; what nobody can ask for is passed over."""
    return {
        "stage": asked.get("stage") if asked.get("stage") in STAGES else None,
        "priority": asked.get("priority") if asked.get("priority") in queue.PRIORITIES else None,
        "place": asked.get("place") if asked.get("place") in places.ALL else None,
        **{name: asked.get(name) == "1" for name in YES},
    }


def kept(looked_for: Mapping[str, Any]) -> dict[str, Any]:
    """Return a filter as an address carries it on."""
    return {name: "1" if value is True else value for name, value in looked_for.items() if value}


def query(looked_for: Mapping[str, Any]) -> str:
    """Return a filter as the end of an address: ``?mine=1``, or nothing."""
    said = urlencode(kept(looked_for))
    return f"?{said}" if said else ""


def name_of(looked_for: Mapping[str, Any]) -> str:
    """Return what a queue with this filter is called."""
    said = kept(looked_for)
    return str(next((name for name, one, _ in TABS if one == said and one), gettext("Queue")))


def carried() -> dict[str, Any]:
    """Return the filter of the queue that a person came from: of the address, or carried on by a form (``list``)."""
    if request.method == "POST":
        return kept(wanted(dict(parse_qsl(request.form.get("list", "")[:200]))))
    return kept(wanted(request.args))
