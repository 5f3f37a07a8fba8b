"""The page on which a caseworker chooses what goes to another office, and the form that shuts one out."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from flask import Flask

from tests import make
from tests.web.desk import at, tell, tell_by_phone, tip_at, words
from tipline import escalation
from tipline.house import House, utc_now


def ticked(page: str) -> list[bool]:
    return ["checked" in one for one in re.findall(r'<input type="checkbox" name="entry"[^>]*>', page)]


def ids(page: str) -> list[str]:
    return re.findall(r'name="entry" value="(\d+)"', page)


def test_what_an_office_needs_is_ticked_and_only_what_is_ticked_goes(app: Flask, house: House) -> None:
    tip, case = tell_by_phone(house, content_consent=True), at(app, "immigration")
    case.post(tip + "/notes", text="For us alone.")
    case.post(tip + "/replies", text="How old is she?")
    page = case.get(tip + "/refer?desk=shelter")
    assert ticked(page) == [True, True, True]
    assert make.STORY[:40] in page
    assert "For us alone." not in page
    assert "58801234" not in page
    page = case.get(tip + "/refer?desk=police")
    assert ticked(page) == [True, False, False]  # the story; neither the number nor what we answered
    case.get(tip + "/refer?desk=moon", 422)
    at(app, "police").get(tip + "/refer?desk=shelter", 404)

    form: dict[str, Any] = {"desk": "police", "picked": "1", "reason": "So that you can look <b>"}
    refused = case.post(tip + "/referrals", 422, **form, entry=ids(page)[0])
    assert "Say whether they agreed" in words(refused.text)
    assert "look &lt;b&gt;" in refused.text
    refused = case.post(tip + "/referrals", 422, **form, consent="agreed")
    assert "Choose at least one thing" in refused.text
    assert ticked(refused.text) == [False, False, False]
    refused = case.post(tip + "/referrals", 422, **form, entry=ids(page)[2], consent="duty")
    assert ticked(refused.text) == [False, False, True]
    case.post(tip + "/referrals", 404, **form, entry="999", consent="agreed")
    case.post(tip + "/referrals", 404, **form, entry="x", consent="agreed")
    why = "A child: it may not wait."
    case.post(tip + "/referrals", **form, entry=ids(page)[2], consent="duty", without=why)

    seen = at(app, "police").get(tip)
    assert "How old is she?" in seen
    assert make.STORY[:40] not in seen
    assert "The story was not passed on to your office." in seen
    assert f"duty to report (s.23 of the Act): {why}" in words(seen)


def test_a_place_of_safety_is_a_note_of_its_desk(app: Flask, house: House) -> None:
    tip, case = tell(house, child=True), at(app, "immigration")
    case.post(tip + "/notes", text="The yellow house", about="place_of_safety")
    assert "place of safety The yellow house" in words(case.get(tip))
    assert "yellow" not in at(app, "police").get(tip)


def test_an_office_is_shut_out(app: Flask, house: House) -> None:
    tip, case = tell(house, child=True), at(app, "immigration")
    refused = case.post(tip + "/exclusions", 422, desk="police", reason=" ")
    assert "written reason" in refused.text
    done = case.post(tip + "/exclusions", desk="police", reason="They named Sergeant Zebra.")
    page = words(case.get(done.headers["Location"]))
    assert "That office is shut out." in page
    assert "Police was excluded: it cannot open this any more" in page
    assert "Sergeant Zebra" in page
    at(app, "police").get(tip, 404)
    assert tip_at(house, tip).excluded == ["police"]


def test_whoever_shuts_their_own_office_out_reads_it_no_more(app: Flask, house: House) -> None:
    tip, case = tell(house), at(app, "immigration")
    done = case.post(tip + "/exclusions", desk="immigration", reason="They named one of us.")
    assert "That office is shut out." in case.get(done.headers["Location"])
    case.get(tip, 404)
    police = at(app, "police")
    assert "another office is excluded" in police.get("/desk/")
    assert "Police reads it now" in words(police.get(tip))
    assert "another office is excluded" not in police.get("/desk/")


def test_the_last_office_cannot_be_shut_out(app: Flask, house: House) -> None:
    tip, case = tell(house, exclude=("police", "shelter")), at(app, "immigration")
    refused = case.post(tip + "/exclusions", 422, desk="immigration", reason="All of you.")
    assert "Nothing was changed" in refused.text
    assert make.STORY[:40] in case.get(tip)


def test_the_queue_shows_what_waits_for_an_answer_too_long(app: Flask, house: House) -> None:
    tip, case = tell(house), at(app, "immigration")
    case.post(tip + "/referrals", desk="shelter", reason="A bed.", consent="agreed")
    for hours, name, said in (
        (30, "shelter", "Answer the referral: it waits too long"),
        (60, "shelter", "Supervisor: a referral waits"),
        (90, "supervisor", "Supervisor: the other office does not answer"),
    ):
        now = utc_now() + timedelta(hours=hours)
        with house.database.write() as session:
            within = dict.fromkeys(house.settings.answer_within, timedelta(hours=25))
            escalation.escalate(session, now, within, house.keys)
        assert said in words(at(app, name).get("/desk/"))
    assert "Still no answer from Shelter: the supervisors of the other offices were told" in words(case.get(tip))
