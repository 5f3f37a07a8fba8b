"""Two tips that are one matter, put into words."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext

from tipline import matters, queue


def event(kind: str, data: dict[str, Any]) -> str:
    """Return in words that a tip was put together with another one, or taken out; "" for other events."""
    if kind == matters.MERGED:
        return str(gettext("Put together with %(tip)s as one matter", tip=queue.reference(data.get("tip", ""))))
    if kind == matters.UNMERGED:
        return str(gettext("No longer one matter with %(tip)s", tip=queue.reference(data.get("tip", ""))))
    return ""
