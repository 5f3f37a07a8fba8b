"""What goes soon: the closed tips of a desk whose time is nearly over, and those that are kept back."""

from __future__ import annotations

from flask import Blueprint

from tipline import queue
from tipline.accounts import READERS, Identity
from tipline.web import house, retention_words
from tipline.web.session import guard, page, signed_in

blueprint = Blueprint("desk_retention", __name__)
guard(blueprint)


@blueprint.get("/desk/retention")
@signed_in(*READERS)
def soon(who: Identity) -> str:
    """Show what goes within 30 days, the first to go first."""
    with house().database.read() as session:
        shown = retention_words.list_of(session, who, house().clock())
        return page("desk/retention.html", who, reference=queue.reference, **shown)
