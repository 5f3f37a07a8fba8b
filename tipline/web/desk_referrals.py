"""Referring a tip: what goes is ticked, consent is recorded; and a desk that is not trusted is shut out."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Blueprint, Response, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from tipline import at_once, casework, desks, exclusions, latecomers, queue, referrals, thread
from tipline.accounts import READERS, Identity
from tipline.casework import Case
from tipline.errors import AllDesksExcluded, ConsentMissing, DomainError, NotFound
from tipline.referrals import Pick
from tipline.thread import Opened
from tipline.web import filters, house, referral_words, tip_page
from tipline.web.compress import never_compress
from tipline.web.errors import status_of
from tipline.web.session import page, signed_in
from tipline.web.tip_page import Slip

blueprint = Blueprint("desk_referrals", __name__)
_LONGEST_ID = 18  # digits
_SHOWN = 240  # letters of an entry


@dataclass(frozen=True)
class Choice:
    """An entry that may go along: as the form names it, and what it says."""

    id: int
    kind: str
    words: str = field(repr=False)
    entry: Opened = field(repr=False)


@blueprint.get("/desk/tips/<uid>/refer")
@signed_in(*READERS)
def choose(who: Identity, uid: str) -> str:
    """Show what may go to another desk, with what that desk needs ticked."""
    with house().database.read() as session:
        news = casework.is_news(session, _hold(session, who, uid))
    if news:
        with house().database.write() as session:
            casework.look(session, _hold(session, who, uid))
    return _page(who, uid, request.args.get("desk", ""))


@blueprint.post("/desk/tips/<uid>/referrals")
@signed_in(*READERS)
def refer(who: Identity, uid: str) -> AnyResponse:
    """Offer a tip to another desk; where that is refused, what was ticked and typed is kept."""
    form = request.form
    slug = form.get("desk", "")
    refused: DomainError | None = None
    try:
        with house().database.write() as session:
            case = _hold(session, who, uid)
            referrals.may_be_asked(session, case, slug)
            try:
                tip_page.is_as_seen(session, case)
                referrals.refer(session, case, slug, form.get("reason", ""), _pick(form))
            except DomainError as error:
                refused = error
                raise
    except DomainError as error:
        if error is not refused:
            return _refused(who, uid, "refer", error)
        return Response(_page(who, uid, slug, form, tip_page.why(error)), status_of(error))
    house().wake()
    return redirect(url_for("desk.tip", uid=uid, done="referred", **filters.carried()), 303)


@blueprint.post("/desk/tips/<uid>/exclusions")
@signed_in(*READERS)
def exclude(who: Identity, uid: str) -> AnyResponse:
    """Take a desk's keys out of a tip whose reporter does not trust it."""
    slug, reason = request.form.get("desk", ""), request.form.get("reason", "")
    try:
        with house().database.write() as session:
            case = _hold(session, who, uid)
            tip_page.is_as_seen(session, case)
            exclusions.exclude(session, case, slug, reason, house().rules)
            ours = desks.by_slug(session, slug).id == who.desk_id
    except AllDesksExcluded as error:
        return _refused(who, uid, "exclude", error, str(referral_words.NOBODY_LEFT))
    except DomainError as error:
        return _refused(who, uid, "exclude", error)
    house().wake()
    if ours:
        return redirect(url_for("desk.home", done="excluded", **filters.carried()), 303)
    return redirect(url_for("desk.tip", uid=uid, done="excluded", **filters.carried()), 303)


def _pick(form: MultiDict[str, str]) -> Pick:
    """Return what was ticked; what that desk needs where nothing could be. ConsentMissing, NotFound."""
    consent = form.get("consent")
    if consent is None:
        raise ConsentMissing
    ids = form.getlist("entry")
    if not all(one.isascii() and one.isdecimal() and len(one) <= _LONGEST_ID for one in ids):
        raise NotFound
    without = form.get("without", "") if consent != referrals.AGREED else ""
    return Pick([int(one) for one in ids] if "picked" in form else None, "answers" in form, consent, without)


def _refused(who: Identity, uid: str, form: str, error: DomainError, said: str = "") -> AnyResponse:
    """Show the tip with what was typed; NotFound and the like if it is not theirs to see."""
    return Response(tip_page.show(who, uid, Slip(form, said or tip_page.why(error), request.form)), status_of(error))


def _page(who: Identity, uid: str, slug: str, form: MultiDict[str, str] | None = None, wrong: str = "") -> str:
    never_compress()
    with house().database.read() as session:
        case = _hold(session, who, uid)
        desk = referrals.may_be_asked(session, case, slug)
        asked = slug in latecomers.asked_to_refer(session, case.tip, case.at)
        choices = _choices(session, case)
        needed = referrals.needed([one.entry for one in choices], slug)
        ticked = {one.id for one in choices if one.id in needed}
        if form is not None and "picked" in form:
            ticked = {one.id for one in choices if str(one.id) in form.getlist("entry")}
        return page(
            "desk/refer.html",
            who,
            tip=case.tip,
            seen=request.values.get("seen", "") if form is None else at_once.version(session, case.tip),
            query=filters.query(filters.wanted(filters.carried())),
            reference=queue.reference,
            desk=slug,
            name=desk.name(who.lang),
            choices=choices,
            ticked=ticked,
            typed=form or {},
            asked=asked,
            wrong=wrong,
            consents=referral_words.CONSENTS,
            kinds=referral_words.KINDS,
        )


def _choices(session: Session, case: Case) -> list[Choice]:
    """Return what this desk can pass on: only what it can open itself, and never a note."""
    found = []
    for entry in thread.entries(session, case.tip.id, referrals.PASSED_ON):
        seen = thread.opened(entry, case.tip, case.keys, case.file.instance) if entry.wraps else None
        if seen is None or seen.data is None:
            continue
        text = "" if entry.kind == thread.NUMBER else str(seen.data.get("text", ""))
        found.append(Choice(entry.id, entry.kind, text[:_SHOWN] + ("…" if len(text) > _SHOWN else ""), seen))
    return found


def _hold(session: Session, who: Identity, uid: str) -> Case:
    return casework.hold(session, who, uid, keys=house().keys, now=house().clock())
