"""Search at the desk. The words come in a form's body and go back into its field: never into an address or a log."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask_babel import gettext

from tipline import queue, search
from tipline.accounts import READERS, Identity
from tipline.web import house
from tipline.web.compress import never_compress
from tipline.web.session import page, signed_in

blueprint = Blueprint("search", __name__)
LONGEST = 200  # characters


@blueprint.get("/desk/search")
@signed_in(*READERS)
def ask(who: Identity) -> str:
    """Show the empty form."""
    return page("desk/search.html", who, q="", wrong="", found=None)


@blueprint.post("/desk/search")
@signed_in(*READERS)
def look(who: Identity) -> Response:
    """Look through the next tips of the desk, the newest first."""
    q = request.form.get("q", "").strip()[:LONGEST]
    wrong = ""
    if not q:
        wrong = gettext("Write what to look for: a word, a name, a place or a reference.")
    elif not search.long_enough(q):
        wrong = gettext("This is too short: nearly everything would be found. Write a word of three letters or more.")
    if wrong:
        return Response(page("desk/search.html", who, q=q, wrong=wrong, found=None), 422)
    never_compress()
    here = house()
    cursor = request.form.get("cursor")
    with here.database.read() as session:
        found = search.step(session, who, q, keys=here.keys, now=here.clock(), cursor=cursor)
        made = page(
            "desk/search.html", who, q=q, wrong="", found=found, went_on=bool(cursor), reference=queue.reference,
        )  # fmt: skip
        read = [hit.row.tip.uid for hit in found.hits if hit.excerpts]
    with here.database.write() as session:  # before it is answered, and not while thousands are opened
        here.note(session, who, "searched", found=len(found.hits))
        for uid in read:  # whoever was shown a part of what was said has seen it
            here.note(session, who, "found", of=uid)
    return Response(made)
