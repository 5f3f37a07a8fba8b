"""The desk: the queue, and a tip with all that may be done about it. Plain forms; every post leads back to a page.

A view opens the transaction, calls ``casework`` and leads to the tip; where an act is refused, what was typed is kept.
"""

from __future__ import annotations

import hashlib
from functools import partial

from flask import Blueprint, Flask, Response, redirect, request, url_for
from flask.blueprints import BlueprintSetupState
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from tipline import answers, blocklist, callback, casework, destruction, latecomers, queue
from tipline.accounts import READERS, Identity
from tipline.casework import Case
from tipline.errors import NotFound
from tipline.web import (
    call_words,
    clock_words,
    desk_drafts,
    desk_matters,
    desk_referrals,
    desk_search,
    house,
    look,
    queue_page,
    tip_page,
)
from tipline.web.acts import act as _act
from tipline.web.acts import again_with as _again_with
from tipline.web.compress import same_for_all
from tipline.web.session import ANYBODY, guard, page, signed_in
from tipline.web.tip_page import Slip

blueprint = Blueprint("desk", __name__)
guard(blueprint)
blueprint.register_blueprint(desk_search.blueprint)
blueprint.register_blueprint(desk_referrals.blueprint)
blueprint.register_blueprint(desk_matters.blueprint)
STYLES = ("tokens.css", "desk.css")
SCRIPT = "desk.js"
_WEEK = 7 * 86400  # seconds


@blueprint.record_once
def _set_up(state: BlueprintSetupState) -> None:
    assert isinstance(state.app, Flask)
    name = look.style_hash(look.stylesheet(*STYLES))[-13:-1].replace("/", "-").replace("+", "_")
    state.app.jinja_env.globals["desk_style"] = f"/look/desk-{name}.css"
    state.app.add_url_rule(f"/look/desk-{name}.css", "desk_style", _style)
    name = look.style_hash(look.script(SCRIPT))[-13:-1].replace("/", "-").replace("+", "_")
    state.app.jinja_env.globals["desk_script"] = f"/look/desk-{name}.js"
    state.app.add_url_rule(f"/look/desk-{name}.js", "desk_script", _script)
    state.app.jinja_env.globals.update(say_clock=clock_words.say, script_words=clock_words.for_script)


def _style() -> Response:
    """Give the desk's stylesheet; its name changes with it, so that a browser may keep it."""
    same_for_all(_WEEK)
    return Response(look.stylesheet(*STYLES), mimetype="text/css")


def _script() -> Response:
    """Give the desk's script, kept in the same way."""
    same_for_all(_WEEK)
    return Response(look.script(SCRIPT), mimetype="text/javascript")


@blueprint.get("/desk/")
@signed_in(*ANYBODY)
def home(who: Identity) -> AnyResponse:
    """Show where a person works: the queue, the people page, or what there is for other roles."""
    if who.role == "admin":
        return redirect(url_for("accounts.people.everybody"), 303)
    if who.role not in READERS:
        return Response(page("desk/rooms.html", who))
    return queue_page.show(who)


@blueprint.get("/desk/tips/<uid>")
@signed_in(*READERS)
def tip(who: Identity, uid: str) -> str:
    """Show a tip; the first look is noted."""
    return tip_page.show(who, uid)


@blueprint.get("/desk/tips/<uid>/now")
@signed_in(*READERS)
def now(who: Identity, uid: str) -> Response:
    """Tell a page that stays open who else is there and what changed; 304 if it knows that already."""
    said = tip_page.now(who, uid)
    tag = hashlib.sha256(said.encode()).hexdigest()[:24]
    answer = Response(status=304) if request.if_none_match.contains_weak(tag) else Response(said)
    answer.set_etag(tag, weak=True)
    return answer


@blueprint.get("/desk/awake")
@signed_in(*ANYBODY, before_enrolment=True)
def awake(_who: Identity) -> Response:
    """Hear from a page on which somebody reads or writes: their sign-in lasts."""
    return Response(status=204)


@blueprint.get("/desk/keys")
@signed_in(*ANYBODY)
def keys(who: Identity) -> str:
    """Show what single keys do."""
    return page("desk/keys.html", who)


@blueprint.post("/desk/tips/<uid>/take")
@signed_in(*READERS)
def take(who: Identity, uid: str) -> AnyResponse:
    """Take a tip."""
    return _act(who, uid, "take", casework.take, "taken")


@blueprint.post("/desk/tips/<uid>/notes")
@desk_drafts.kept_if_signed_out("note")
@signed_in(*READERS)
def note(who: Identity, uid: str) -> AnyResponse:
    """Keep a note, or what was begun of it."""
    if kept := desk_drafts.keep(who, uid, "note"):
        return kept
    text, about = request.form.get("text", ""), request.form.get("about", "")
    act = desk_drafts.sending("note", lambda session, case: casework.note(session, case, text, about))
    return _act(who, uid, "note", act, "noted")


@blueprint.post("/desk/tips/<uid>/replies")
@desk_drafts.kept_if_signed_out("reply")
@signed_in(*READERS)
def reply(who: Identity, uid: str) -> AnyResponse:
    """Answer the reporter, put a ready answer into the form, keep it, or show how it would leave."""
    if kept := desk_drafts.keep(who, uid, "reply"):
        return kept
    text = desk_drafts.typed()
    if "insert" in request.form:
        return _again_with(who, uid, Slip("reply", "", request.form), 200)
    if text.strip() and len(text) <= answers.LONGEST_REPLY:
        found = tip_page.telling(who, uid, text)
        if "preview" in request.form or set(found) - set(request.form.get("aware", "").split("|")):
            desk_drafts.keep_quietly(who, uid, "reply")
            return _again_with(who, uid, Slip("reply", "", request.form, tuple(house().words.parts(text)), found), 200)
    act = desk_drafts.sending("reply", lambda session, case: casework.reply(session, case, text, house().words))
    return _act(who, uid, "reply", act, "replied")


@blueprint.post("/desk/tips/<uid>/replies/<int(max=9223372036854775807):number>/again")
@signed_in(*READERS)
def again(who: Identity, uid: str, number: int) -> AnyResponse:
    """Send an answer again, or tell its phone anew."""
    words, reports = house().words, tip_page.reports()
    act = partial(casework.try_again, entry_id=number, words=words, reports=reports)
    return _act(who, uid, "reply", act, "again")


@blueprint.post("/desk/tips/<uid>/number")
@signed_in(*READERS)
def number(who: Identity, uid: str) -> AnyResponse:
    """Show the number of somebody who asked to be called, on this one answer: it stands in no address."""
    found: list[callback.Number] = []
    refused = _act(who, uid, "call", lambda session, case: found.append(callback.number(session, case)), "called")
    return Response(tip_page.show(who, uid, number=found[0])) if found else refused


@blueprint.post("/desk/tips/<uid>/calls")
@signed_in(*READERS)
def called(who: Identity, uid: str) -> AnyResponse:
    """Keep what came of a call."""
    result, text = request.form.get("result", ""), request.form.get("note", "")
    if result not in callback.RESULTS:
        return _again_with(who, uid, Slip("call", call_words.no_result(), request.form), 422)
    return _act(who, uid, "call", lambda session, case: callback.called(session, case, result, text), "called")


@blueprint.post("/desk/tips/<uid>/rest")
@signed_in(*READERS)
def rest(who: Identity, uid: str) -> AnyResponse:
    """Leave what was said before where it is; a desk that a later answer let in does not get it."""
    desk = request.form.get("desk", "")

    def leave(session: Session, case: Case) -> None:
        latecomers.leave(session, case.tip, case.at, desk, account_id=who.account_id, now=case.now)

    return _act(who, uid, "rest", leave, "left")


@blueprint.post("/desk/tips/<uid>/referrals/<int(max=9223372036854775807):number>")
@signed_in(*READERS)
def answer(who: Identity, uid: str, number: int) -> AnyResponse:
    """Accept or decline what was offered."""
    said, reason = request.form.get("answer", ""), request.form.get("reason", "")
    if said not in {"accept", "decline"}:
        raise NotFound
    done = "accepted" if said == "accept" else "declined"
    return _act(
        who, uid, "answer", lambda session, case: casework.answer_referral(session, case, number, said, reason), done
    )


@blueprint.post("/desk/tips/<uid>/moves")
@signed_in(*READERS)
def move(who: Identity, uid: str) -> AnyResponse:
    """Move a tip to another stage."""
    to, reason = request.form.get("to", ""), request.form.get("reason", "")
    return _act(who, uid, "move", lambda session, case: casework.move(session, case, to, reason), "moved")


@blueprint.post("/desk/tips/<uid>/block")
@signed_in(*READERS)
def block(who: Identity, uid: str) -> AnyResponse:
    """Block the phone that a tip came from."""
    reason = request.form.get("reason", "")
    return _act(who, uid, "block", lambda session, case: blocklist.block(session, case, reason), "blocked")


@blueprint.post("/desk/tips/<uid>/unblock")
@signed_in(*READERS)
def unblock(who: Identity, uid: str) -> AnyResponse:
    """Let the texts of a phone in again."""
    return _act(who, uid, "block", blocklist.unblock, "unblocked")


@blueprint.post("/desk/tips/<uid>/unfold")
@signed_in(*READERS)
def unfold(who: Identity, uid: str) -> AnyResponse:
    """Let one of many alike stand by itself."""
    return _act(who, uid, "unfold", blocklist.unfold, "unfolded")


@blueprint.post("/desk/tips/<uid>/kept-back")
@signed_in(*READERS)
def keep_back(who: Identity, uid: str) -> AnyResponse:
    """Keep a closed tip from being destroyed, for a reason and for some months."""
    reason, typed = request.form.get("reason", ""), request.form.get("months", "")
    months = int(typed) if typed in map(str, destruction.MONTHS) else 0
    return _act(
        who, uid, "keep", lambda session, case: destruction.keep_back(session, case, reason, months), "kept_back"
    )


@blueprint.post("/desk/tips/<uid>/let-go")
@signed_in(*READERS)
def let_go(who: Identity, uid: str) -> AnyResponse:
    """Let the schedule count again."""
    return _act(who, uid, "keep", destruction.let_go, "let_go")


@blueprint.get("/desk/blocked")
@signed_in("supervisor")
def blocked(who: Identity) -> str:
    """Show a supervisor which phones are blocked, by their tips."""
    with house().database.read() as session:
        found = blocklist.every(session, who)
    return page("desk/blocked.html", who, blocked=found, reference=queue.reference)
