"""The API, desk side: what a signed-in caseworker or supervisor does. A tip is opened for one request and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session

from tipline import approval, casework, desks, news, outcomes, queue, search, thread
from tipline.accounts import READERS
from tipline.casework import Case
from tipline.errors import NotAllowed
from tipline.models import Tip
from tipline.web import figures_schemas, house, schemas
from tipline.web.api_base import PREFIX, Blueprint, call, prepare, signed_in

blueprint = Blueprint("desk_api", __name__, url_prefix=PREFIX + "/desk", description="For desks, with a bearer token")
_TIP = "/tips/<string:uid>"
_OF_A_TIP = (403, 404, 409)


def _readers_only() -> None:
    who = signed_in()
    if who.role not in READERS or who.desk_id is None or who.must_enrol:
        raise NotAllowed


prepare(blueprint, first=_readers_only)


@contextmanager
def _held(uid: str) -> Iterator[tuple[Session, Case]]:
    """Give a tip to act on, in one transaction."""
    instance = house()
    with instance.database.write() as session:
        yield session, casework.hold(session, signed_in(), uid, keys=instance.keys, now=instance.clock())


@call(blueprint, "GET", "/tips", query=schemas.TipsQuery, answer=schemas.TipsOut, errors=(403,), bearer=True)
def list_tips(query: dict[str, Any]) -> dict[str, Any]:
    """List the desk's open tips by priority, then newest; ``stage=closed`` lists the closed ones."""
    with house().database.read() as session:
        return _page(queue.page(session, signed_in(), now=house().clock(), **query))


@call(blueprint, "GET", _TIP, answer=schemas.WholeTipOut, errors=(403, 404), bearer=True)
def open_tip(uid: str) -> dict[str, Any]:
    """Open a tip: its story, thread and events. It counts as looked at."""
    with _held(uid) as (session, case):
        casework.look(session, case)
        view = casework.view(session, case)
        slugs = {desk.id: desk.slug for desk in desks.all_desks(session).values()}
    return {
        **_item(case.tip, slugs[case.tip.lead_desk_id], unread=news.is_unread(case.tip, case.at)),
        "text": view.text,
        "answers": view.answers,
        "thread": [_entry(entry, view, slugs) for entry in view.thread],
        "events": [
            {
                "kind": event.kind,
                "at": event.at,
                "desk": slugs.get(event.desk_id or 0),
                "account": view.names.get(event.account_id or 0),
                "data": event.data,
            }
            for event in view.events
        ],
        "referrals": [
            {
                "id": row.id,
                "sender": slugs[row.from_desk_id],
                "to": slugs[row.to_desk_id],
                "state": row.state,
                "reason": reason,
                "answer": answer,
                "at": row.created_at,
            }
            for row, reason, answer in view.referrals
        ],
        "can_reply": view.can_reply,
    }


@call(
    blueprint, "POST", _TIP + "/moves", body=schemas.MoveBody, answer=schemas.StageOut, status=201, errors=_OF_A_TIP,
    bearer=True,
)  # fmt: skip
def move_tip(body: dict[str, Any], uid: str) -> dict[str, Any]:
    """Move a tip to another stage; whoever moves one that nobody has taken, takes it."""
    with _held(uid) as (session, case):
        casework.move(session, case, body["to"], body.get("reason") or "", later=True)
    return {"stage": case.tip.stage}


@call(
    blueprint, "POST", _TIP + "/referrals", body=schemas.ReferBody, answer=schemas.ReferredOut, status=201,
    errors=_OF_A_TIP, bearer=True,
)  # fmt: skip
def refer_tip(body: dict[str, Any], uid: str) -> dict[str, Any]:
    """Offer a tip to another desk; from then on that desk can open it."""
    with _held(uid) as (session, case):
        referral = casework.refer(session, case, body["desk"], body["reason"])
    return {"id": referral, "stage": case.tip.stage}


@call(
    blueprint, "POST", _TIP + "/referrals/<int(max=9223372036854775807):rid>", body=schemas.AnswerBody,
    answer=schemas.AnsweredOut, status=201, errors=_OF_A_TIP, bearer=True,
)  # fmt: skip
def answer_referral(body: dict[str, Any], uid: str, rid: int) -> dict[str, Any]:
    """Accept or decline what was offered to this desk; whoever declines reads nothing of it from then on."""
    with _held(uid) as (session, case):
        casework.answer_referral(session, case, rid, body["answer"], body.get("reason") or "")
    return {"state": case.at.state, "stage": case.tip.stage}


@call(
    blueprint, "POST", _TIP + "/replies", body=schemas.WordsBody, answer=schemas.AddedOut, status=201,
    errors=_OF_A_TIP, bearer=True,
)  # fmt: skip
def reply_to_tip(body: dict[str, Any], uid: str) -> dict[str, Any]:
    """Answer the reporter, who reads it with the receipt; a phone is told that a message waits."""
    with _held(uid) as (session, case):
        entry = casework.reply(session, case, body["text"], house().words)
    house().wake()
    return {"id": entry}


@call(
    blueprint, "POST", _TIP + "/notes", body=schemas.WordsBody, answer=schemas.AddedOut, status=201,
    errors=_OF_A_TIP, bearer=True,
)  # fmt: skip
def note_on_tip(body: dict[str, Any], uid: str) -> dict[str, Any]:
    """Keep a note that this desk alone can read."""
    with _held(uid) as (session, case):
        return {"id": casework.note(session, case, body["text"])}


@call(
    blueprint, "POST", _TIP + "/outcome", body=schemas.OutcomeBody, answer=schemas.ClosedOut, status=201,
    errors=_OF_A_TIP, bearer=True,
)  # fmt: skip
def close_tip(body: dict[str, Any], uid: str) -> dict[str, Any]:
    """Close a tip with its outcome: counts, no names. A caseworker's ``no_action`` waits for a supervisor."""
    counts = {name: body.get(name) for name in outcomes.COUNTS}
    with _held(uid) as (session, case):
        closed = approval.end(
            session, case, body["result"], note=body.get("note") or "", later=True, together=False, **counts
        )
        return {"stage": case.tip.stage} if closed else {"stage": case.tip.stage, "waits_for_approval": True}


@call(blueprint, "POST", "/search", body=schemas.SearchBody, answer=schemas.TipsOut, errors=(403,), bearer=True)
def search_tips(body: dict[str, Any]) -> dict[str, Any]:
    """Find the desk's tips that hold all these words; ``next`` goes on where this step ended, even if it found none."""
    instance, who = house(), signed_in()
    with instance.database.read() as session:
        found = search.search(
            session, who, body["q"], keys=instance.keys, now=instance.clock(), cursor=body.get("cursor")
        )
        answer = _page(found)
    with instance.database.write() as session:  # before it is answered, and not while thousands are opened
        instance.note(session, who, "searched", found=len(found.rows))
    return answer


@call(blueprint, "GET", "/summary", answer=figures_schemas.SummaryOut, errors=(403,), bearer=True)
def summarise() -> dict[str, Any]:
    """Count the desk's tips; a supervisor is given the other desks' counts too."""
    with house().database.read() as session:
        return queue.summary(session, signed_in(), house().clock())


def _page(page: queue.Page) -> dict[str, Any]:
    return {"tips": [_item(row.tip, row.desk, unread=row.unread) for row in page.rows], "next": page.next}


def _item(tip: Tip, desk: str, *, unread: bool) -> dict[str, Any]:
    return {
        "id": tip.uid,
        "reference": queue.reference(tip.uid),
        "channel": tip.channel,
        "language": tip.language,
        "received_at": tip.received_at,
        "priority": tip.priority,
        "reasons": tip.reasons,
        "category": tip.category,
        "place": tip.place,
        "stage": tip.stage,
        "desk": desk,
        "unread": unread,
    }


def _entry(entry: thread.Opened, view: casework.View, slugs: dict[int, str]) -> dict[str, Any]:
    return {
        "id": entry.id,
        "kind": entry.kind,
        "sender": "reporter" if entry.kind == thread.MESSAGE else "desk",
        "desk": slugs.get(entry.desk_id or 0),
        "account": view.names.get(entry.account_id or 0),
        "text": str(entry.data.get("text", "")) if entry.data is not None else None,
        "at": entry.created_at,
        "read": entry.read_at is not None,
        "delivery": view.deliveries.get(entry.id),
    }
