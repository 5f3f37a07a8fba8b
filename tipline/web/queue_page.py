"""The queue as a page. It is the same for a script that looks again: nothing new, and it is answered in a few bytes."""

from __future__ import annotations

import hashlib

from flask import Response, request
from sqlalchemy.orm import Session

from tipline import approval, blocklist, callback, desks, drill, places, queue, safe_times
from tipline.accounts import Identity
from tipline.queue import Page
from tipline.web import call_words, filters, house
from tipline.web.session import page


def show(who: Identity) -> Response:
    """Return the page of a queue, or 304 to whoever has it as it stands (``If-None-Match``)."""
    now = house().clock()
    wanted = filters.wanted(request.args)
    with house().database.read() as session:  # rows are read while the page is made
        shown = queue.page(session, who, now=now, cursor=request.args.get("cursor"), **wanted)
        counts = queue.counts(session, who, now)
        waiting = [one.name for one in desks.waiting_for_key(session, who.desk_id or 0) if one.id != who.account_id]
        due = desks.renewal_due(session, who.desk_id or 0)
        drill_due = drill.state(session, who.desk_id or 0, now).due
        approvals = approval.counts(session, who)
        tag = _tag(who, shown, {**counts, **approvals}, waiting, (due, drill_due))
        if request.if_none_match.contains_weak(tag):
            answer = Response(status=304)
        else:
            asked = (session, who, wanted, shown, counts, waiting)
            answer = Response(_page(*asked, due=due, drill_due=drill_due, approvals=approvals, tag=tag))
    answer.set_etag(tag, weak=True)
    return answer


def _page(
    session: Session, who: Identity, wanted: dict[str, object], shown: Page, counts: dict[str, int],
    waiting: list[str], *, due: bool, drill_due: bool, approvals: dict[str, int], tag: str,
) -> str:  # fmt: skip
    tips = [row.tip for row in shown.rows]
    times = callback.times(session, who, tips, house().keys)
    return page(
        "desk/queue.html",
        who,
        shown=shown,
        when={tip_id: call_words.safe_times(codes) for tip_id, codes in times.items()},
        declined={tip_id for tip_id, codes in times.items() if codes == (safe_times.NEVER,)},
        blocked=blocklist.among(session, tips),
        counts=counts,
        approvals=approvals,
        limit=queue.COUNT_LIMIT,
        tabs=filters.TABS,
        wanted=wanted,
        kept=filters.kept(wanted),
        query=filters.query(wanted),
        tag=f'W/"{tag}"',
        names={slug: desk.name(who.lang) for slug, desk in desks.all_desks(session).items()},
        holds=desks.holds_key(session, who.account_id),
        waiting=waiting,
        due=due,
        drill_due=drill_due,
        reference=queue.reference,
        all_places=places.ALL,
    )


def _tag(who: Identity, shown: Page, counts: dict[str, int], waiting: list[str], due: tuple[bool, bool]) -> str:
    """Return what changes when the page would: counts, rows and their newest change. No word of a tip is in it."""
    rows = [
        (
            row.tip.id, row.tip.changed_at.isoformat(), row.unread, row.tip.stage, row.priority, row.state,
            row.overdue, row.tip.news, row.tip.unfinished, row.tip.gathered, row.many,
        )
        for row in shown.rows
    ]  # fmt: skip
    said = repr((who.account_id, who.lang, rows, sorted(counts.items()), waiting, due))
    return hashlib.sha256(said.encode()).hexdigest()[:24]
