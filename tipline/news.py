"""What is new of a tip, for each of its desks: how often the tip was stirred, and up to where a desk has looked.

Counted and not marked, so that what comes in touches one row, however many desks there are.
"""

from __future__ import annotations

from tipline.models import Tip, TipDesk


def stir(tip: Tip, what: str | None = None) -> None:
    """Make a tip unread for every desk that has it; ``what`` is new where that is not words (``words.NEWS``)."""
    tip.stirs, tip.news = Tip.stirs + 1, what  # added by the database: two at once count as two


def bring(at: TipDesk) -> None:
    """Make a tip unread for one desk alone."""
    at.seen = 0


def look(tip: Tip, at: TipDesk) -> None:
    """Make a tip read for one desk alone."""
    at.seen = tip.stirs


def is_unread(tip: Tip, at: TipDesk) -> bool:
    """Say whether a desk has yet to look at what is new; what is folded under another tip asks nobody to look."""
    return tip.folded_into is None and at.seen < tip.stirs
