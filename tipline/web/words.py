"""Codes put into words for the desk, in the language of the request; ages and times as people say them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import format_date, gettext, to_user_timezone
from flask_babel import lazy_gettext as _l

from tipline import places, triage
from tipline.costs import Spent
from tipline.fates import Fate
from tipline.outbox import Refusals
from tipline.prices import Price
from tipline.web import call_words, duty_words, matter_words, referral_words, triage_words
from tipline.web.locale import current_lang, written_date

STAGES = {
    "received": _l("New"),
    "screened": _l("Screened"),
    "urgent_safety": _l("Urgent safety"),
    "reported_police": _l("Reported to police"),
    "substantiated": _l("Substantiated"),
    "not_substantiated": _l("Not substantiated"),
    "referred": _l("Referred"),
    "accepted": _l("Accepted"),
    "declined": _l("Declined"),
    "admission_assessment": _l("Admission assessment"),
    "service_plan": _l("Service plan"),
    "reintegrated": _l("Reintegrated"),
    "non_residential_followup": _l("Follow-up outside the shelter"),
    "closed": _l("Closed"),
}
PRIORITIES = {"P0": _l("Now"), "P1": _l("Within the hour"), "P2": _l("By tomorrow"), "P3": _l("To refer")}
SHAPES = {"P0": "▲", "P1": "●", "P2": "○", "P3": "–"}
CHANNELS = {"web": _l("Web"), "sms": _l("SMS"), "ussd": _l("USSD")}
CATEGORIES = {
    "labour": _l("Labour"),
    "sexual": _l("Sexual exploitation"),
    "child": _l("Child"),
    "marriage": _l("Forced marriage"),
    "domestic": _l("Domestic work"),
    "mining": _l("Mining"),
    "documents": _l("Documents"),
    "smuggling": _l("Smuggling"),
    "other": _l("Something else"),
    "unknown": _l("Not clear yet"),
}
HAPPENING = {"now": _l("Now"), "today": _l("Today"), "week": _l("This week"), "past": _l("In the past")}
RESULTS = {
    "identified": _l("A victim was identified"),
    "not_identified": _l("No victim was identified"),
    "assisted": _l("Somebody was assisted"),
    "investigation_opened": _l("An investigation was opened"),
    "prosecuted": _l("A case went to court"),
    "referred_elsewhere": _l("Passed on to another office"),
    "information_given": _l("Information was given"),
    "no_action": _l("No action"),
}
ROLES = {
    "caseworker": _l("Caseworker"),
    "supervisor": _l("Supervisor"),
    "trainer": _l("Trainer"),
    "editor": _l("Editor"),
    "donor": _l("Donor"),
    "admin": _l("Administrator"),
}
EVENTS = {
    "received": _l("The report came in"),
    "finished": _l("The reporter finished the report"),
    "dropped": _l("The line broke; what was said so far was kept"),
    "first_look": _l("Opened for the first time"),
    "taken": _l("Taken"),
    "noted": _l("A note was kept"),
    "replied": _l("An answer was written"),
    "answer_read": _l("The reporter read an answer"),
    "reporter_wrote": _l("The reporter wrote again"),
    "accepted": _l("The referral was accepted"),
    "declined": _l("The referral was declined"),
    "send_failed": _l("A text message could not be sent"),
    "sent_again": _l("A text message is sent again"),
    "alerted": _l("Somebody of the desk was alerted that something urgent waits"),
    "number_forgotten": _l("The phone number was destroyed, as planned"),
    "destroyed": _l("What this said was destroyed, as planned"),
    "let_go": _l("Is no longer kept back"),
    "number_shown": _l("The phone number was looked at, to call it"),
    "opened": _l("Opened for the first time at this desk"),
    "receipt_closed": _l("The receipt was closed by whoever held it: it opens nothing any more"),
    "rest_left": _l("What was said before stays here; it was not passed on"),
    "gathering": _l("More of the same came in and is kept under this one"),
    "folded": _l("Kept under an earlier one like it"),
    "unfolded": _l("Taken out: it stands by itself"),
    "closed_with": _l("Closed with the one that it was kept under"),
    "many_texts": _l("Many texts from one phone: %(count)s today"),
    "blocked": _l("The phone was blocked"),
    "unblocked": _l("The phone was unblocked"),
}
NEWS = {
    "receipt_closed": _l("Receipt closed"),
    "answer_unread": _l("Answer not read"),
    "withdrawn": _l("Taken back"),
}
REFERRALS = {
    "offered": _l("waits for an answer"),
    "accepted": _l("accepted"),
    "declined": _l("declined"),
    "called_off": _l("called off"),
}
ALERTS = referral_words.ALERTS
FATES = {
    "notice_waits": _l("The phone is about to be told that a message waits"),
    "notice_sent": _l("A notice that a message waits was sent; whether it arrived is not known yet"),
    "notice_delivered": _l("The phone was told that a message waits; it has not asked for it yet"),
    "notice_undelivered": _l("The phone could not be reached; the answer waits for 7 days"),
    "notice_unconfirmed": _l("Not confirmed: the carrier took the notice and never said whether it arrived"),
    "on_its_way": _l("On its way to the phone as text"),
    "text_sent": _l("Sent to the phone as text; whether it arrived is not known yet"),
    "text_delivered": _l("Arrived on the phone as text"),
    "text_undelivered": _l("Sent, but it did not reach the phone"),
    "text_unconfirmed": _l("Not confirmed: the carrier took it and never said whether it arrived"),
    "expired": _l("Nobody asked for it within 7 days; it is no longer sent"),
    "stopped": _l("This phone wants no texts; the answer waits"),
    "failed": _l("It could not be sent"),
}
CARRIERS = {
    "africastalking": "Africa’s Talking",
    "twilio": "Twilio",
    "kannel": "Kannel",
    "console": _l("The phone in the browser"),
    "mail": _l("E-mail"),
}
KINDS = {
    "reply": _l("Automatic reply"),
    "notice": _l("Notice that a message waits"),
    "answer": _l("Answer"),
    "alert": _l("Alert to staff"),
    "mail": _l("Alert to staff, by e-mail"),
}
FAILURES = {
    "bad_number": _l("The carrier does not know this number"),
    "opted_out": _l("The phone told the carrier that it wants no texts"),
    "bad_address": _l("The mail server does not take this address"),
    "no_route": _l("The carrier does not reach this network"),
    "no_credit": _l("No credit is left with the carrier"),
    "bad_sender": _l("The carrier does not let us send from our number"),
    "not_authorised": _l("The carrier does not accept our name or password"),
    "refused": _l("The carrier refused it"),
    "risk_hold": _l("The carrier holds it back as a risk"),
    "too_fast": _l("Too many at once for the carrier"),
    "carrier_fault": _l("A fault at the carrier"),
    "unreachable": _l("The carrier could not be reached"),
    "no_answer": _l("The carrier did not answer; it may have been sent"),
    "broken_off": _l("The line to the carrier broke; it may have been sent"),
    "not_understood": _l("The carrier’s answer was not understood; it may have been sent"),
    "no_carrier": _l("No carrier is set up"),
    "unreadable": _l("Our own key no longer opens it"),
    "undelivered": _l("The carrier could not reach the phone"),
    "failed": _l("The carrier says that it failed"),
}
DONE = {
    "taken": _l("You work on this tip now."),
    "kept": _l("Kept for you. Nothing was sent, and only you can read it."),
    "dropped": _l("Thrown away."),
    "rules": _l("These rules are in force now, for everything that comes in from here on."),
    "noted": _l("The note is kept."),
    "replied": _l("The answer is written."),
    "referred": _l("The other office was asked."),
    "moved": _l("The stage was changed."),
    "accepted": _l("You accepted. Your office leads now."),
    "declined": _l("You declined. Your office no longer reads this tip."),
    "closed": _l("The tip is closed. It can still be read."),
    "again": _l("The message is sent again."),
    "excluded": _l("That office is shut out. It cannot open this any more."),
    "called": _l("What came of the call is kept."),
    "left": _l("It stays here."),
    **duty_words.DONE,
    "blocked": _l("The phone is blocked."),
    "unblocked": _l("The phone is no longer blocked."),
    "kept_back": _l("It is kept back until the day that is named below."),
    "let_go": _l("It is no longer kept back."),
    "unfolded": _l("It stands by itself now, in the queue."),
    "merged": _l("They are one matter now."),
    "unmerged": _l("It stands by itself now, in the queue."),
    "assessed": _l("The assessment is kept."),
    "prioritised": _l("The priority is decided."),
    "shared": _l("The key is shared."),
    "opened": _l("You hold the desk’s key now."),
    "tried": _l("The paper is right: it opens the desk’s key. Lock it away again."),
    "disabled": _l("The account is disabled and signed out."),
    "password": _l("Your passphrase was changed. You are signed out everywhere else."),
    "language": _l("The language was changed."),
    "ended": _l("That sign-in was ended."),
    "contact": _l("How you are alerted was changed."),
    "rota": _l("The list of who is on call was changed."),
    "keys": _l("It is changed."),
    "second_factor": _l("Set up your authenticator again."),
}
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def age(since: datetime, now: datetime) -> str:
    """Return how long ago something was, in one unit: ``4 min``, ``2 h``, ``3 d``."""
    passed = max(now - since, timedelta())
    if passed < _HOUR:
        return str(gettext("%(number)s min", number=passed // _MINUTE))
    if passed < 2 * _DAY:
        return str(gettext("%(number)s h", number=passed // _HOUR))
    return str(gettext("%(number)s d", number=passed // _DAY))


def moment(at: datetime, now: datetime) -> str:
    """Return a time in Lesotho: the hour and minute, and the date unless it is today."""
    here, today = to_user_timezone(at), to_user_timezone(now)
    clock = f"{here:%H:%M}"
    if here.date() == today.date():
        return clock
    day = written_date(here.date()) if here.year != today.year else _this_year(here.date())
    return f"{day}, {clock}"


def _this_year(day: date) -> str:
    return str(format_date(day, "'la' d MMMM" if current_lang() == "st" else "d MMMM"))


def place(slug: str | None) -> str:
    """Return a place's name."""
    known = places.ALL.get(slug or "")
    if known is None:
        return str(gettext("Place not chosen"))
    return known.name_st if current_lang() == "st" else known.name_en


def place_said(typed: str) -> str:
    """Return a place as the reporter gave it: by its name where it is one of the list, else in their own words."""
    return place(typed) if typed in places.ALL else typed


def reasons(codes: list[str]) -> list[str]:
    """Return the reasons of an advice in words."""
    said = triage.REASONS_ST if current_lang() == "st" else triage.REASONS
    return [said[code] for code in codes if code in said]


def event(kind: str, data: dict[str, Any], desks: dict[str, str]) -> str:
    """Return what was done, in words; ``desks`` are their names by slug."""
    if kind == "moved":
        return str(gettext("Moved to: %(stage)s", stage=STAGES.get(data.get("to", ""), "")))
    if kind == "referred":
        return str(gettext("Referred to %(desk)s", desk=desks.get(data.get("to", ""), "")))
    if kind == "closed":
        return str(gettext("Closed: %(result)s", result=RESULTS.get(data.get("result", ""), "")))
    if kind == "withdrawn":
        if data.get("kept"):
            return str(gettext("The reporter took it back; what had been passed on stays"))
        return str(gettext("The reporter took it back; all of it was destroyed"))
    if kind == "answer_unread":
        said = str(gettext("Nobody has read the answer for %(days)s days", days=data.get("days", 0)))
        return f"{said}. {failure(data['failure'])}" if "failure" in data else said
    if kind == "kept_back":
        until = written_date(date.fromisoformat(data["until"]))
        return str(gettext("Kept back until %(day)s", day=until))
    own = call_words.event(kind, data) or triage_words.event(kind, data) or referral_words.event(kind, data, desks)
    said = own or duty_words.event(kind) or matter_words.event(kind, data) or str(EVENTS.get(kind, kind))
    return said % data if kind == "many_texts" else said


def failure(code: str | None) -> str:
    """Return why a text message could not be sent."""
    return str(FAILURES.get(code or "", gettext("Something unexpected")))


def carrier(name: str | None) -> str:
    """Return a carrier's name."""
    return str(CARRIERS.get(name or "", name or ""))


def refusals(tried: Refusals) -> str:
    """Return who did not take a message, and why: ``Twilio (The carrier could not be reached)``."""
    return ", ".join(f"{carrier(name)} ({failure(code)})" for name, code in tried)


def fate(one: Fate, names: Mapping[int, str], now: datetime) -> list[str]:
    """Return how far an answer came and what was done on the way, a sentence each; ``names`` are people's, by id."""
    said = [str(FATES[one.code])]
    if one.tried and one.code == "failed":
        said.append(refusals(one.tried))
    elif one.tried and one.code not in {"on_its_way", "notice_waits"}:
        said.append(
            str(
                gettext(
                    "Sent by %(carrier)s, not taken by %(refused)s",
                    carrier=carrier(one.carrier),
                    refused=refusals(one.tried),
                )
            )
        )
    elif one.carrier and one.code not in {"expired", "stopped"}:
        said.append(carrier(one.carrier))
    if one.tries > 1:
        said.append(str(gettext("Tries: %(count)s", count=one.tries)))
    if one.again is not None:
        who, at = one.again
        said.append(
            str(gettext("Sent again by %(name)s, %(when)s", name=names.get(who or 0, ""), when=moment(at, now)))
        )
    return said


def price(by: Sequence[str], prices: Mapping[str, Price], *, with_notice: bool) -> str:
    """Return what a text each by these carriers costs; a price that nobody wrote down is said to be unknown."""
    if not all(by):
        return str(gettext("No carrier is set up, so no text message leaves."))
    counts = Counter(by)
    unknown = [carrier(name) for name in counts if name not in prices]
    if unknown:
        return str(gettext("Price not known: %(carriers)s", carriers=", ".join(unknown)))
    said = ", ".join(f"{prices[name].of(count)} ({carrier(name)})" for name, count in counts.items())
    if with_notice:
        return str(gettext("Price, the notice included: %(sum)s", sum=said))
    return str(gettext("Price: %(sum)s", sum=said))


def price_of(one: Price | None) -> str:
    """Return what one segment costs, and since when that holds."""
    if one is None:
        return str(gettext("not known"))
    return f"{one.segment} ({written_date(one.since)})"


def cost(one: Spent) -> list[str]:
    """Return what messages cost, currency by currency, and how many have no known price."""
    sums = [str(money) for money in one.sums.values()]
    if one.unpriced:
        sums.append(str(gettext("not known: %(count)s", count=one.unpriced)))
    return sums


def month(code: str) -> str:
    """Return a month in words (``2026-11``)."""
    return str(format_date(date.fromisoformat(f"{code}-01"), "MMMM y"))


def yes_no(value: object) -> str:
    """Return an answer to a yes-or-no question."""
    return str(gettext("Yes") if value else gettext("No"))
