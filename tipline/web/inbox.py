"""The reporter comes back with sixteen digits: reads the answers, says more.

The digits stand in no address. Once they opened a thread they travel locked in a hidden field, so that no page shows
them again; Argon2id runs before the transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext, to_user_timezone
from flask_babel import lazy_gettext as _l

from tipline import errors, followup, withdrawal
from tipline.followup import Thread
from tipline.intake import LONGEST
from tipline.receipts import clean
from tipline.web import drafts, house, report_steps
from tipline.web.compress import never_compress, same_for_all
from tipline.web.errors import message, status_of
from tipline.web.locale import written_date

blueprint = Blueprint("inbox", __name__)
LIFE = timedelta(hours=1)  # an open thread on a phone that somebody left lying
_PURPOSE = "receipt that opened a thread"
_ENDS = ("withdraw", "withdraw_yes", "close", "close_yes")
STAGES = {
    "received": _l("Your report has arrived. A person will read it."),
    "screened": _l("A person has read your report."),
    "urgent_safety": _l("Your report is treated as urgent. Somebody’s safety comes first."),
    "reported_police": _l("Your report was passed to the police."),
    "substantiated": _l("There is reason to go on with it."),
    "not_substantiated": _l("Not enough was found to go on. You can add what you know."),
    "referred": _l("Another office was asked to help."),
    "accepted": _l("Another office has taken it on."),
    "declined": _l("The office that was asked cannot take it. Another one is being sought."),
    "admission_assessment": _l("The help that is needed is being worked out."),
    "service_plan": _l("There is a plan for help."),
    "reintegrated": _l("The person is back in the community."),
    "non_residential_followup": _l("The person is back in the community, and help goes on."),
    "closed": _l("Your report is closed."),
}


@blueprint.get("/<any(st,en):lang>/inbox")
def ask(lang: str) -> str:
    """Ask for the sixteen digits."""
    same_for_all()
    return render_template("public/inbox.html", lang=lang, typed="", text="", fault="", expired=False)


@blueprint.post("/<any(st,en):lang>/inbox")
def open_thread(lang: str) -> Response:
    """Open the thread of a receipt; add what was written. Unknown digits and wrong ones get the same answer."""
    never_compress()
    text = report_steps.clean(request.form.get("text", ""))
    typed = report_steps.clean(request.form.get("receipt", ""))
    digits = clean(typed)
    held = request.form.get("held", "")
    if held:
        try:
            digits = _held(held)
        except drafts.Lost:
            return _ask_again(lang, "", text, "", 422, expired=True)
    if not digits:
        return _ask_again(lang, "", text, "unknown_receipt", 422)
    move = request.form.get("go", "")
    if held and move in _ENDS:
        return _end(lang, digits, text, move)
    try:
        keys = followup.unlock_receipt(digits, house().keys)
        now = house().clock()
        with house().database.write() as session:
            thread = followup.open_thread(session, keys, keys=house().keys, now=now)
            fault = _fault(move, text)
            sent = bool(text) and not fault and move != "back"
            added = sent and not _said_before(text, thread)
            if added:
                followup.add_by_receipt(session, keys, text, keys=house().keys, now=now, rules=house().rules)
                thread = followup.open_thread(session, keys, keys=house().keys, now=now)
    except (errors.UnknownReceipt, errors.Busy) as error:
        return _ask_again(lang, typed, text, error.code, status_of(error))
    return _thread(lang, digits, thread, "" if sent else text, fault, sent=sent)


def _end(lang: str, digits: str, text: str, move: str) -> Response:
    """Ask once more, then take the report back or close the receipt. What was typed meanwhile is only kept."""
    try:
        keys = followup.unlock_receipt(digits, house().keys)
        with house().database.write() as session:
            tip = withdrawal.tip_of(session, keys)
            if move == "withdraw_yes":
                passed = withdrawal.withdraw(session, tip, by="web", now=house().clock())
            else:
                passed = withdrawal.passed_on(session, tip)
            if move == "close_yes":
                withdrawal.close_receipt(session, tip, by="web", now=house().clock())
    except (errors.UnknownReceipt, errors.Busy) as error:
        return _ask_again(lang, "", text, error.code, status_of(error))
    ended = move.endswith("_yes")
    if ended:
        house().database.scrub()
    template = "public/inbox_ended.html" if ended else "public/inbox_end.html"
    held = "" if ended else _lock(digits)
    takes_back = move.startswith("withdraw")
    return Response(render_template(template, lang=lang, takes_back=takes_back, passed=passed, held=held, text=text))


def _thread(lang: str, digits: str, thread: Thread, text: str, fault: str, *, sent: bool) -> Response:
    values: dict[str, Any] = {
        "stage": STAGES[thread.stage],
        "closed": thread.closed,
        "lines": [(line.sender, line.text, _hour(line.hour)) for line in thread.lines],
        "held": _lock(digits),
        "sent": sent,
        "text": text,
        "fault": message(fault) if fault else "",
    }
    status = {"": 200, errors.TooLong.code: 413}.get(fault, 422)
    return Response(render_template("public/inbox_thread.html", lang=lang, **values), status)


def _ask_again(lang: str, typed: str, text: str, fault: str, status: int, *, expired: bool = False) -> Response:
    words = message(fault) if fault else ""
    page = render_template("public/inbox.html", lang=lang, typed=typed, text=text, fault=words, expired=expired)
    return Response(page, status)


def _fault(move: str, text: str) -> str:
    if report_steps.size(text) > LONGEST:
        return errors.TooLong.code
    return errors.EmptyTip.code if move == "say" and not text else ""


def _said_before(text: str, thread: Thread) -> bool:
    """Say whether these are the last words again: a double send adds once."""
    own = [line.text for line in thread.lines if line.sender == "reporter"]
    return bool(own) and own[-1] == text


def _lock(digits: str) -> str:
    return drafts.lock_field({"digits": digits}, house().keys.forms, _PURPOSE, house().clock())


def _held(held: str) -> str:
    data = drafts.unlock_field(held, house().keys.forms, _PURPOSE, house().clock(), LIFE)
    return str(data["digits"])


def _hour(hour: datetime) -> str:
    """Return when, in words that stay true: the hour is rounded down, so it was after it."""
    there = to_user_timezone(hour)
    return str(gettext("%(day)s, after %(clock)s", day=written_date(there.date()), clock=f"{there:%H}:00"))
