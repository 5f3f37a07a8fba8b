"""A tip at the desk: every act, what is refused and how, and who reads what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests import make
from tests.channels.fake_carrier import FakeCarrier, running, settings_for
from tests.web.desk import PHONE, Desk, at, tell, tell_by_phone, tip_at, words
from tipline import followup, outbox, phones
from tipline.house import House, utc_now
from tipline.models import Entry, OutMessage, Tip
from tipline.sealing.passwords import receipt_keys

POSTS = {
    "take": {},
    "notes": {"text": "x"},
    "replies": {"text": "x"},
    "replies/1/again": {},
    "referrals": {"desk": "shelter", "reason": "x", "consent": "agreed"},
    "referrals/1": {"answer": "accept"},
    "rest": {"desk": "police"},
    "exclusions": {"desk": "police", "reason": "x"},
    "moves": {"to": "screened"},
    "outcome": {"result": "assisted"},
    "block": {"reason": "x"},
    "assessment": {"age": "child"},
    "priority": {"to": "P3", "reason": "x"},
    "unblock": {},
    "unfold": {},
}


def form_to(page: str, part: str) -> str:
    """Return the address of a form."""
    found: list[str] = re.findall(r'action="([^"]+)"', page)
    return next(address for address in found if part in address)


@pytest.fixture
def desk(app: Flask) -> Desk:
    """Sign immigration in."""
    return at(app, "immigration")


def test_a_tip_shows_story_answers_and_why(desk: Desk, house: House) -> None:
    tip = tell(house, place="maputsoe-bridge", child=True, category="labour", happening="week")
    page = desk.get(tip)
    assert make.STORY in page
    said = words(page)
    for part in (
        "A child is concerned Yes",
        "Where Maputsoe Bridge",
        "When This week",
        "Why P1:",
        "Nobody has taken it",
    ):
        assert part in said, part
    assert "Read by: Immigration, Police" in said
    assert "Opened for the first time" in desk.get(tip)
    assert tip_at(house, tip).first_look_at is not None
    assert not make.is_unread(house, tip_at(house, tip))


def test_nothing_of_a_tip_is_kept_or_compressed(desk: Desk, house: House) -> None:
    answer = desk.client.get(tell(house), headers={"Accept-Encoding": "br, gzip"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert make.STORY.encode() in answer.data


def test_what_a_reporter_wrote_is_text_and_nothing_else(desk: Desk, house: House) -> None:
    script = "<script>alert('x')</script> <img src=x onerror=y> {{ 7 * 7 }}"
    tip = tell(house, text=script, exclude_note=script)
    desk.post(tip + "/notes", text=script)
    desk.post(tip + "/referrals", consent="agreed", desk="shelter", reason=script)
    page = desk.get(tip)
    assert page.count("<script") == 1, "our own, at the end"
    assert "<img src=x" not in page
    assert page.count("&lt;script&gt;") == 4
    assert "{{ 7 * 7 }}" in page


def test_a_story_that_does_not_open_is_shown_as_such(desk: Desk, house: House) -> None:
    tip = tell(house)
    with house.database.write() as session:
        story = session.scalars(select(Entry).where(Entry.kind == "story")).one()
        session.execute(update(Entry).where(Entry.id == story.id).values(body=story.body[:-1] + b"\x00\x01"))
    page = desk.get(tip)
    assert "This story does not open" in page
    assert make.STORY not in page


def test_taking_a_tip_screens_it(desk: Desk, house: House) -> None:
    tip = tell(house)
    assert "Take it first" in desk.get(tip)
    answer = desk.post(tip + "/take")
    page = desk.get(answer.headers["Location"])
    assert "You work on this tip now." in page
    assert "Taken by immigration" in words(page)
    assert "/take" not in page
    assert tip_at(house, tip).stage == "screened"


def test_a_colleague_may_take_over(app: Flask, desk: Desk, house: House) -> None:
    tip = tell(house)
    desk.post(tip + "/take")
    other = at(app, "supervisor")
    page = other.get(tip)
    assert page.count(">Take over</button>") == 1  # on a phone, too, but not in its bar
    assert 'class="act open" id="take"' in page
    assert 'data-key="t"' not in page  # no slip of a key takes a tip from somebody
    other.post(tip + "/take")
    assert "Taken by supervisor" in words(desk.get(tip))


def test_a_note_is_for_the_desk_alone(app: Flask, desk: Desk, house: House) -> None:
    tip = tell(house, child=True)
    desk.post(tip + "/notes", text="Rang the school.\nNobody answers.")
    assert "Rang the school." in desk.get(tip)
    assert "Rang the school." not in at(app, "police").get(tip)


def test_what_was_typed_is_kept_beside_what_was_wrong(desk: Desk, house: House) -> None:
    tip = tell(house)
    answer = desk.post(tip + "/notes", 422, text="   ")
    assert "Nothing was written yet" in answer.text
    answer = desk.post(tip + "/referrals", 422, consent="duty", desk="shelter", reason="They need a bed <b>")
    assert "This step needs a written reason" in answer.text
    assert "They need a bed &lt;b&gt;" in answer.text
    assert "Location" not in answer.headers
    desk.post(tip + "/take")
    answer = desk.post(tip + "/outcome", 422, result="assisted", clients_served="two", note="Home again")
    assert "whole number" in answer.text
    assert 'value="two"' in answer.text
    assert "Home again" in answer.text
    assert '<option value="assisted" selected>' in answer.text
    assert "Choose how it ended" in desk.post(tip + "/outcome", 422, result="magic").text
    assert "written reason" in desk.post(tip + "/outcome", 422, result="no_action").text


def test_a_long_answer_is_refused_whole(desk: Desk, house: House) -> None:
    assert "too long" in desk.post(tell(house) + "/replies", 422, text="a" * 2001).text


def test_stages_move_as_the_law_has_it(desk: Desk, house: House) -> None:
    tip = tell(house)
    answer = desk.post(tip + "/moves", 409, to="reintegrated")
    assert "not possible at this stage" in answer.text
    desk.post(tip + "/moves", to="reported_police")
    assert "Moved to: Reported to police" in desk.get(tip)
    assert "written reason" in desk.post(tip + "/moves", 422, to="not_substantiated").text
    desk.post(tip + "/moves", to="not_substantiated", reason="Both were found at home and well.")
    page = desk.get(tip)
    assert "Both were found at home and well." in page
    assert tip_at(house, tip).stage == "not_substantiated"


def test_closing_keeps_counts_and_the_tip_can_still_be_read(desk: Desk, house: House) -> None:
    tip = tell(house)
    desk.post(tip + "/outcome", 409, result="assisted")
    desk.post(tip + "/take")
    desk.post(
        tip + "/outcome",
        result="assisted",
        clients_served="14",
        reintegrated="11",
        non_residential="",
        note="Done well.",
    )
    said = words(desk.get(tip))
    for part in ("People served 14", "Reintegrated 11", "Closed: Somebody was assisted", "Done well.", make.STORY):
        assert part in said, part
    assert "Followed up outside the shelter" not in said.split("What was done", maxsplit=1)[0]
    assert tip in desk.get("/desk/?stage=closed")
    assert tip not in desk.get("/desk/")
    desk.post(tip + "/moves", 409, to="screened")


def test_a_reply_waits_for_the_receipt_and_shows_when_it_was_read(desk: Desk, house: House) -> None:
    done = house.take_in(make.report())
    assert done.receipt
    with house.database.read() as session:
        tip = f"/desk/tips/{session.get_one(Tip, done.tip_id).uid}"
    assert "when they come back with their receipt" in desk.get(tip)
    desk.post(tip + "/replies", text="Can you tell us the name of the shop?")
    assert "Waits for the reporter’s receipt" in desk.get(tip)
    opened = receipt_keys(done.receipt, house.keys.pepper)
    with house.database.write() as session:
        thread = followup.open_thread(session, opened, keys=house.keys, now=utc_now())
        assert [line.text for line in thread.lines] == ["Can you tell us the name of the shop?"]
        followup.add_by_receipt(session, opened, "It is the blue one.", keys=house.keys, now=utc_now())
    assert "Unread" in desk.get("/desk/")
    page = desk.get(tip)
    assert "It is the blue one." in page
    assert "The reporter wrote again" in page
    assert "Waits for" not in page


@pytest.fixture
def carrier() -> Iterator[FakeCarrier]:
    """Run a carrier on loopback."""
    with running() as fake:
        yield fake


def deliver(house: House) -> None:
    """Do what the worker does."""
    outbox.deliver(house.database, house.sender, house.keys, house.clock)


def test_a_phone_is_told_and_what_fails_can_be_sent_again(var: Path, carrier: FakeCarrier) -> None:
    app = make.app(var, **settings_for(carrier, "africastalking"))
    desk, house = at(app, "immigration"), make.house_of(app)
    tip = tell_by_phone(house)
    page = desk.get(tip)
    assert "Their phone gets only this" in page
    assert house.words.notice("en")[:30] in page
    desk.post(tip + "/replies", text="We will come at nine.")
    assert "about to be told" in desk.get(tip)
    carrier.mood["africastalking"] = "bad_number"
    deliver(house)
    page = desk.get(tip)
    assert "It could not be sent" in page
    assert "A text message could not be sent" in page
    address = form_to(page, "/again")
    carrier.mood["africastalking"] = "ok"
    assert "sent again" in desk.get(desk.post(address).headers["Location"])
    deliver(house)
    assert "A notice that a message waits was sent" in desk.get(tip)
    assert carrier.texts(PHONE.number) == [house.words.notice("en")]
    desk.post(address, 404)
    house.database.dispose()


def test_the_number_is_shown_nowhere(desk: Desk, house: House) -> None:
    tip = tell_by_phone(house)
    desk.post(tip + "/replies", text="We will come at nine.")
    page = desk.get(tip)
    for form in ("58801234", "5880 1234", "+266"):
        assert form not in page


def test_without_a_way_back_there_is_no_form(desk: Desk, house: House) -> None:
    done = house.take_in(make.report(), with_receipt=False)
    with house.database.read() as session:
        tip = f"/desk/tips/{session.get_one(Tip, done.tip_id).uid}"
    page = desk.get(tip)
    assert "left no way to be answered" in page
    assert 'id="reply-text"' not in page
    desk.post(tip + "/replies", 422, text="Hello?")


def test_fates_of_an_answer_in_words(desk: Desk, house: House) -> None:
    tip = tell_by_phone(house)
    desk.post(tip + "/replies", text="We will come at nine.")
    shown = {
        ("answer", "held", None, "notice", "sent", "delivered"): "it has not asked for it yet",
        ("answer", "waiting", None, "notice", "sent", None): "On its way to the phone",
        ("answer", "sent", "sent", "notice", "sent", None): "whether it arrived is not known yet",
        ("answer", "sent", "delivered", "notice", "sent", None): "Arrived on the phone",
        ("answer", "sent", "failed", "notice", "sent", None): "did not reach the phone",
        ("answer", "expired", None, "notice", "sent", None): "no longer sent",
        ("answer", "held", None, "notice", "expired", None): "wants no texts",
    }
    for rows, said in shown.items():
        with house.database.write() as session:
            for kind, state, delivery in (rows[:3], rows[3:]):
                change = update(OutMessage).where(OutMessage.kind == kind)
                session.execute(change.values(state=state, delivery=delivery))
        assert said in desk.get(tip), rows


def test_a_desk_reads_only_what_is_routed_to_it(app: Flask, desk: Desk, house: House) -> None:
    tip = tell(house)
    for name in ("police", "shelter"):
        other = at(app, name)
        assert "There is nothing here" in other.get(tip, 404)
        for act, form in POSTS.items():
            other.post(f"{tip}/{act}", 404, **form)
    admin = at(app, "admin")
    admin.get(tip, 403)
    for act, form in POSTS.items():
        admin.post(f"{tip}/{act}", 403, **form)
    stranger = app.test_client()
    assert stranger.get(tip).status_code == 303
    for act, form in POSTS.items():
        assert stranger.post(f"{tip}/{act}", data=form).status_code == 401
    assert tip_at(house, tip).stage == "received"
    desk.get(tip)


def test_a_tip_that_is_not_there_looks_like_another_desks(desk: Desk) -> None:
    for uid in ("a" * 32, "A" * 32, "0", "%00", "..%2f", "’" * 32, "a" * 400):
        desk.get(f"/desk/tips/{uid}", 404)


def test_a_referral_is_offered_answered_and_seen_by_both(app: Flask, desk: Desk, house: House) -> None:
    tip = tell(house)
    desk.post(tip + "/take")
    desk.post(tip + "/notes", text="For us alone.")
    desk.post(tip + "/referrals", consent="agreed", desk="shelter", reason="A bed for tonight.")
    assert "done already" in desk.post(tip + "/referrals", 409, consent="agreed", desk="shelter", reason="Again.").text
    shelter = at(app, "shelter")
    assert "Offered to you" in shelter.get("/desk/")
    page = shelter.get(tip)
    assert make.STORY in page
    assert "A bed for tonight." in page
    assert "For us alone." not in page
    assert "/replies" not in page, "whoever is asked answers first"
    shelter.post(tip + "/replies", 409, text="Hello")
    answer = form_to(page, "/referrals/")
    assert "written reason" in shelter.post(answer, 422, answer="decline").text
    shelter.post(answer, 404, answer="perhaps")
    done = shelter.post(answer, answer="accept", reason="We have one.")
    assert "Your office leads now" in shelter.get(done.headers["Location"])
    shelter.post(answer, 409, answer="accept")
    shelter.post(tip + "/moves", to="admission_assessment")
    said = words(desk.get(tip))
    assert "We have one." in said
    assert "Immigration → Shelter" in said
    assert "Referred to Shelter" in said


def test_who_declines_reads_nothing_more(app: Flask, desk: Desk, house: House) -> None:
    tip = tell(house)
    desk.post(tip + "/referrals", consent="agreed", desk="shelter", reason="A bed for tonight.")
    shelter = at(app, "shelter")
    page = shelter.get(tip)
    answer = form_to(page, "/referrals/")
    done = shelter.post(answer, answer="decline", reason="We are full.")
    assert done.headers["Location"] == "/desk/?done=declined"
    assert "no longer reads" in shelter.get(done.headers["Location"])
    shelter.get(tip, 404)
    assert "We are full." in desk.get(tip)
    assert tip_at(house, tip).stage == "declined"
    desk.post(tip + "/referrals", consent="agreed", desk="shelter", reason="Somebody else left; please look again.")
    shelter.get(tip)


def test_an_office_that_the_reporter_excluded_is_not_offered(desk: Desk, house: House) -> None:
    tip = tell(house, exclude=("police",))
    page = desk.get(tip)
    assert '<option value="police"' not in page
    assert "Should not see this" in page
    answer = desk.post(tip + "/referrals", 422, consent="agreed", desk="police", reason="x")
    assert "asked that this office should not see" in answer.text


def test_the_police_stage_is_no_slip_where_the_reporter_excluded_them(desk: Desk, house: House) -> None:
    said = "asked that the police should not see this"
    assert said in desk.get(tell(house, exclude=("police",)))
    page = desk.get(tell(house))
    assert said not in page
    assert 'name="to" required>\n<option value="">' in page


def test_an_answer_to_a_phone_that_wants_no_texts_waits_for_no_receipt(desk: Desk, house: House) -> None:
    tip = tell_by_phone(house)
    with house.database.write() as session:
        phones.stop(session, house.keys, PHONE.number, utc_now())
    assert "A phone that sent STOP gets nothing" in desk.get(tip)
    shown = desk.get(desk.post(tip + "/replies", text="Are you safe?").headers["Location"])
    assert "This phone wants no texts; the answer waits" in shown
    assert "Waits for the reporter’s receipt" not in shown
    assert "on its way" not in shown


def test_another_desks_notes_stand_under_no_heading_here(app: Flask, desk: Desk, house: House) -> None:
    tip = tell(house)
    desk.post(tip + "/notes", text="I rang the neighbour.")
    desk.post(tip + "/referrals", consent="agreed", desk="shelter", reason="A bed for tonight.")
    assert "Notes of your desk" in desk.get(tip)
    assert "Notes of your desk" not in at(app, "shelter").get(tip)


def test_an_unfinished_report_says_so(desk: Desk, house: House) -> None:
    tip = tell(house, channel="ussd", unfinished=True)
    assert "Unfinished" in desk.get("/desk/")
    assert "has not finished" in desk.get(tip)


def test_all_of_it_in_sesotho(desk: Desk, house: House) -> None:
    tip = tell(house, text=make.STORY_ST, language="st", place="maputsoe-bridge")
    house.clock = lambda: utc_now() + timedelta(hours=5)
    desk.sign_in()
    desk.post("/desk/account/language", lang="st")
    page = desk.get(tip)
    assert '<html lang="st">' in page
    for part in ("Se boletsoeng", "Leliboho la Maputsoe", "lih", "Fetisetsa"):
        assert part in page, part
    for part in ("What was said", "Conversation", "Reply<"):
        assert part not in page
