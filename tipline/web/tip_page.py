"""One tip as a page: what was said, what was done, what may be done next. Opened for this request only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import current_app, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from tipline import (
    abuse,
    answers,
    at_once,
    blocklist,
    callback,
    casework,
    clocks,
    desks,
    drafts,
    fates,
    giveaways,
    latecomers,
    lifecycle,
    merging,
    phones,
    queue,
    replies,
    thread,
)
from tipline.accounts import Identity
from tipline.casework import Case, View
from tipline.errors import AlreadyThere, DomainError
from tipline.models import Account, Event, Referral, TipDesk
from tipline.web import (
    call_words,
    desk_drafts,
    duty_page,
    filters,
    house,
    referral_words,
    retention_words,
    triage_words,
    words,
)
from tipline.web.compress import never_compress
from tipline.web.errors import message
from tipline.web.locale import LANGUAGES
from tipline.web.session import page
from tipline.web.told import ASKED, told

_NOTES = {thread.NOTE, thread.REASON, thread.OUTCOME}  # another desk’s own are not shown at all
BESIDE = 15  # rows of the queue beside a tip, on a wide screen
TALK = 100  # messages of a conversation that are shown at first, the newest


@dataclass(frozen=True)
class Slip:
    """A form that comes back: which, why it was refused ("" if it was not), and what was typed into it.

    ``parts`` are the texts that a phone would get of it, ``telling`` what of it gives away where it comes from.
    """

    form: str
    message: str
    typed: Mapping[str, str] = field(repr=False)
    parts: tuple[str, ...] = field(default=(), repr=False)
    telling: tuple[str, ...] = field(default=(), repr=False)


class Meanwhile(AlreadyThere):
    """Others did something since the page was made that a form comes from; ``said`` tells what, and who."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self.said = said


def is_as_seen(session: Session, case: Case) -> None:
    """Raise Meanwhile if others did something to a tip since the page was made that this form comes from.

    No other act comes between this and the end of the transaction. A form without ``seen`` is not asked.
    """
    at_once.hold_still(session, case.tip)
    done = happened(session, case, request.form.get("seen", ""))
    if done:
        what = "; ".join(done)
        raise Meanwhile(gettext("Meanwhile: %(what)s. Nothing was done; if it still holds, do it again.", what=what))


def why(error: DomainError) -> str:
    """Put into words why an act was refused."""
    return error.said if isinstance(error, Meanwhile) else message(error.code)


def happened(session: Session, case: Case, seen: str) -> list[str]:
    """Return in words what others did to a tip after the event that a page knew last, with their names."""
    if not (seen.isascii() and seen.isdecimal() and len(seen) < 19):  # noqa: PLR2004 - 63 bits
        return []
    names = {row.id: row.name for row in session.execute(select(Account.id, Account.name))}
    slugs = {slug: desk.name(case.who.lang) for slug, desk in desks.all_desks(session).items()}
    said = [
        (names.get(one.account_id or 0), words.event(one.kind, one.data, slugs))
        for one in at_once.since(session, case.tip, int(seen), case.who)
    ]
    return [f"{name}: {what}" if name else what for name, what in said]


def show(who: Identity, uid: str, slip: Slip | None = None, number: callback.Number | None = None) -> str:
    """Return the page of a tip, with a number to call where one is asked for. NotFound, NotAllowed, NoDeskAccess."""
    never_compress()
    note_look(who, uid)
    with house().database.read() as session:
        return _page(session, hold(session, who, uid), slip, number)


def note_look(who: Identity, uid: str) -> None:
    """Note that a person looks at a tip, where there is something to note; its page is made after that."""
    with house().database.read() as session:
        case = hold(session, who, uid)
        every = (case, *merging.under(session, case))  # what is one matter is looked at as one
        if not any(casework.is_news(session, one) for one in every) and at_once.is_noted(
            session, case.tip, who, case.now
        ):
            return
    with house().database.write() as session:
        case = hold(session, who, uid)
        for one in (case, *merging.under(session, case)):
            if casework.is_news(session, one):
                casework.look(session, one)
        at_once.come(session, case.tip, who, case.now)


def telling(who: Identity, uid: str, text: str) -> tuple[str, ...]:
    """Return what of an answer gives away to whoever holds its phone what this is about; nothing where none gets it."""
    with house().database.read() as session:
        names = [desk.name(lang) for desk in desks.all_desks(session).values() for lang in LANGUAGES]
        found = giveaways.find(text, names)
        return found if found and casework.view(session, hold(session, who, uid)).can_text else ()


def reports() -> fates.Reports:
    """Return which carriers tell what became of a message, and how long that is waited for."""
    gateways: Mapping[str, Any] = current_app.extensions["tipline_gateways"]
    telling = [name for name, one in gateways.items() if one.reports]
    return fates.Reports(telling, house().settings.unconfirmed_after)


def not_a_count() -> str:
    """Say that a count is a whole number."""
    return str(gettext("Write each count as a whole number, or leave it empty."))


def no_result() -> str:
    """Say that a result must be chosen."""
    return str(gettext("Choose how it ended."))


def now(who: Identity, uid: str) -> str:
    """Return who else has a tip before them and what was done since a page was made (``seen``): no word of the tip."""
    with house().database.read() as session:
        case = hold(session, who, uid)
        noted = at_once.is_noted(session, case.tip, who, case.now)
    if not noted:
        with house().database.write() as session:
            at_once.come(session, hold(session, who, uid).tip, who, house().clock())
    with house().database.read() as session:
        case = hold(session, who, uid)
        return render_template(
            "desk/_now.html",
            there=at_once.others(session, case.tip, who, case.now),
            changed=happened(session, case, request.args.get("seen", "")),
            again=url_for("desk.tip", uid=uid, **filters.carried()),
        )


def hold(session: Session, who: Identity, uid: str) -> Case:
    """Take hold of a tip for this request; see ``casework.hold``."""
    return casework.hold(session, who, uid, keys=house().keys, now=house().clock())


def _page(session: Session, case: Case, slip: Slip | None, number: callback.Number | None) -> str:
    who, tip = case.who, case.tip
    view = casework.view(session, case)
    every = desks.all_desks(session)
    names = {slug: desk.name(who.lang) for slug, desk in every.items()}
    reading = select(TipDesk.desk_id).where(TipDesk.tip_id == tip.id, TipDesk.state != "declined")
    there = set(session.scalars(reading))
    late = set(latecomers.without_story(session, tip)) - {who.desk_id}
    looked_for = filters.wanted(filters.carried())
    found = fates.fates(session, tip.id, case.now, reports())
    seen = told(tip, view)
    begun = drafts.kept(session, who, tip, instance=case.file.instance, now=case.now)
    earlier = 0 if request.args.get("all") == "1" else max(len(seen.talk) - TALK, 0)
    return page(
        "desk/tip.html",
        who,
        slip=slip,
        written=desk_drafts.written(case, slip.form if slip else "", slip.typed if slip else None, begun),
        ready=replies.every(),
        call=None if tip.withdrawn_at or tip.closed_at else callback.request(tip, view),
        call_words=call_words,
        referral_words=referral_words,
        number=number,
        spoken=phones.spoken,
        tip=tip,
        at=case.at,
        view=view,
        told=seen,
        asked_by_text=ASKED,
        talk=seen.talk[earlier:],
        earlier=earlier,
        gathered=abuse.gathered(session, tip.id, who.desk_id or 0) if tip.gathered else None,
        same=[(one.tip, casework.view(session, one)) for one in merging.under(session, case)],
        first=merging.first_of(session, case),
        kept_under=abuse.uid_of(session, tip.folded_into),
        texts=abuse.too_many(session, tip.id, house().settings.bounds, case.now),
        block=blocklist.blocked_at(session, tip.id),
        may_block=view.can_text and tip.channel in blocklist.BY_PHONE,
        notes=[
            one for one in view.thread if one.kind in _NOTES and (one.data is not None or one.desk_id == who.desk_id)
        ],
        offer=_offer(view, who),
        fates={entry: words.fate(one, view.names, case.now) for entry, one in found.items()},
        again={entry for entry, one in found.items() if one.code in fates.AGAIN and view.can_text},
        asked={entry for entry, one in found.items() if one.asked},
        price=_price(session, case, slip),
        events=_runs(view.events),
        notice=house().words.notice(tip.language),
        longest=answers.LONGEST_REPLY,
        names=names,
        by_id={desk.id: names[slug] for slug, desk in every.items()},
        readers=[names[slug] for slug, desk in every.items() if desk.id in there],
        others=[
            slug
            for slug, desk in every.items()
            if (desk.id not in there and slug not in tip.excluded) or desk.id in late
        ],
        asked_to_refer=latecomers.asked_to_refer(session, tip, case.at),
        moves=lifecycle.moves(tip.stage),
        need_reason=lifecycle.NEED_REASON,
        may_refer=tip.stage != "closed" and not (tip.withdrawn_at and view.text is None),
        may_close=tip.stage not in {"received", "closed"},
        **duty_page.on_tip(session, case),
        reference=queue.reference,
        **triage_words.of_tip(case, view),
        **retention_words.of_tip(session, case),
        beside=queue.page(session, who, now=case.now, size=BESIDE, **looked_for),
        beside_name=filters.name_of(looked_for),
        query=filters.query(looked_for),
        back=url_for("desk.home", **filters.kept(looked_for)),
        running=clocks.running(tip),
        there=at_once.others(session, tip, who, case.now),
        changed=[],
        seen=at_once.version(session, tip),
    )


def _runs(events: Iterable[Event]) -> list[tuple[Event, int]]:
    """Return what was done, with what happened by itself several times in a row as one, by its last time."""
    runs: list[tuple[Event, int]] = []
    for one in events:
        last = runs[-1][0] if runs else None
        if last and one.account_id is None and (one.kind, one.data, None) == (last.kind, last.data, last.account_id):
            runs[-1] = (one, runs[-1][1] + 1)
        else:
            runs.append((one, 1))
    return runs


def _price(session: Session, case: Case, slip: Slip | None) -> str:
    """Return what the texts of a preview cost, with the notice that goes first, by the carriers asked first."""
    if slip is None or not slip.parts:
        return ""
    number = answers.number_of(session, case.tip, case.keys, case.file.instance) or {}
    settings, door = house().settings, number.get("carrier", "")
    by = [settings.first_carrier("answer", door)] * len(slip.parts)
    with_notice = answers.way(case.tip, has_number=True) == answers.NOTICE
    if with_notice:
        by.append(settings.first_carrier("notice", door))
    return words.price(by, settings.prices, with_notice=with_notice)


def _offer(view: View, who: Identity) -> tuple[Referral, str | None] | None:
    """Return the referral that this desk is asked to answer, with its reason."""
    for row, reason, _ in view.referrals:
        if row.state == "offered" and row.to_desk_id == who.desk_id:
            return row, reason
    return None
