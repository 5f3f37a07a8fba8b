"""Keys at the desk: made by the first, shared by hand, recovered from paper, renewed after somebody left."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask

from tests import make
from tests.web.desk import Desk, account_id, at, tell, words
from tipline import desks
from tipline.errors import SignInNeeded
from tipline.house import House
from tipline.models import Account
from tipline.routing import DeskSeed

GROUPS = re.compile(r'<p class="secret big">(.*?)</p>', re.DOTALL)


def shown(page: str) -> str:
    found = GROUPS.search(page)
    assert found
    return re.sub(r"<[^>]+>|\s", "", found[1])


def newcomer(app: Flask, name: str, desk: str = "immigration", role: str = "caseworker") -> tuple[Desk, str]:
    """Have the administrator add somebody; return their browser and the passphrase that was shown."""
    admin = at(app, "admin")
    page = admin.post("/desk/people", 200, name=name, role=role, desk=desk, lang="en").text
    return Desk(app, name), shown(page)


@pytest.fixture
def clinic(house: House) -> str:
    """Add a desk that nobody belongs to yet."""
    with house.database.write() as session:
        desks.seed_desks(session, (DeskSeed("clinic", "Clinic", "Tleleniki"),))
    return "clinic"


def test_the_first_of_a_desk_is_shown_its_recovery_key_once(app: Flask, house: House, clinic: str) -> None:
    mpho, word = newcomer(app, "mpho", clinic)
    answer = mpho.sign_in(word)
    assert answer.status_code == 200
    recovery = shown(answer.text)
    assert len(recovery) == 32
    assert "first of your desk" in answer.text
    assert "required" in answer.text
    assert mpho.sign_in(word).status_code == 303, "not a second time"
    assert recovery not in mpho.get("/desk/key")
    with house.database.read() as session:
        assert desks.open_by_recovery(session, desks.by_slug(session, clinic).id, recovery)


def test_nothing_can_be_referred_to_a_desk_that_has_no_key(app: Flask, house: House, clinic: str) -> None:
    desk, tip = at(app, "immigration"), tell(house)
    answer = desk.post(tip + "/referrals", 409, consent="agreed", desk=clinic, reason="Please look at her arm.")
    assert "Nobody of that office has signed in yet" in answer.text
    assert "Please look at her arm." in answer.text


def test_a_later_member_waits_until_a_colleague_shares(app: Flask, house: House) -> None:
    tip = tell(house)
    thabo, word = newcomer(app, "thabo")
    assert thabo.sign_in(word).status_code == 303
    queue = thabo.get("/desk/")
    assert tip in queue, "the queue holds nothing sealed"
    assert "A colleague has to share the desk’s key with you" in queue
    assert "/desk/key" in thabo.get(tip, 403)
    thabo.post(tip + "/take", 403)
    assert "share the desk’s key with you" in thabo.get("/desk/key")
    thabo.post("/desk/key/share", 404, account=account_id(house, "immigration"))

    desk = at(app, "immigration")
    assert "Waiting for the desk’s key: thabo." in words(desk.get("/desk/"))
    assert "Share the key with thabo" in desk.get("/desk/key")
    stranger = at(app, "police")
    assert "thabo" not in stranger.get("/desk/key")
    stranger.post("/desk/key/share", 404, account=account_id(house, "thabo"))
    desk.post("/desk/key/share", account=account_id(house, "thabo"))
    assert "Nobody waits" in desk.get("/desk/key")
    assert make.STORY in thabo.get(tip)


def test_who_waits_cannot_share_it_with_themselves(app: Flask, house: House) -> None:
    thabo, word = newcomer(app, "thabo")
    thabo.sign_in(word)
    thabo.post("/desk/key/share", 403, account=account_id(house, "thabo"))
    thabo.post("/desk/key/recovery", 403)
    thabo.post("/desk/key/renew", 403)


def test_the_recovery_key_opens_what_nobody_else_can(app: Flask, house: House) -> None:
    tip = tell(house)
    desk = at(app, "immigration")
    old = shown(desk.post("/desk/key/recovery", 200).text)
    recovery = shown(desk.post("/desk/key/recovery", 200).text)
    other = shown(at(app, "police").post("/desk/key/recovery", 200).text)
    thabo, word = newcomer(app, "thabo")
    thabo.sign_in(word)
    for wrong in ("", "x", old, other, recovery[:-1] + "0"):
        answer = thabo.post("/desk/key/open", 422, recovery=wrong)
        assert "not your desk’s present recovery key" in answer.text, "the key before no longer opens anything"
        assert not wrong or f'value="{wrong}"' not in answer.text
    spaced = " ".join(recovery[at : at + 4].lower() for at in range(0, 32, 4))
    thabo.post("/desk/key/open", recovery=spaced)
    assert make.STORY in thabo.get(tip)


def test_a_lost_passphrase_means_a_fresh_start_and_nothing_is_lost(app: Flask, house: House) -> None:
    tip, supervisor = tell(house), at(app, "supervisor")
    admin = at(app, "admin")
    word = shown(admin.post(f"/desk/people/{account_id(house, 'supervisor')}/passphrase", 200).text)
    supervisor.get("/desk/", 303)
    assert supervisor.sign_in().status_code == 401
    assert supervisor.sign_in(word).status_code == 303
    supervisor.get(tip, 403)
    at(app, "immigration").post("/desk/key/share", account=account_id(house, "supervisor"))
    assert make.STORY in supervisor.get(tip)


def test_after_somebody_left_the_desk_renews_its_key(app: Flask, house: House) -> None:
    before = tell(house)
    desk, supervisor = at(app, "immigration"), at(app, "supervisor")
    assert "Renew" not in desk.get("/desk/")
    desk.post("/desk/key/renew", 409)
    thabo, word = newcomer(app, "thabo")
    thabo.sign_in(word)
    desk.post("/desk/key/share", account=account_id(house, "thabo"))
    lerato, her_word = newcomer(app, "lerato")
    lerato.sign_in(her_word)
    with house.database.read() as session:
        account = session.get_one(Account, account_id(house, "thabo"))
        leaver = desks.private_keys(session, account, house.who(cookie(thabo), "cookie").key)
        first = desks.by_slug(session, "immigration")
    at(app, "admin").post(f"/desk/people/{account_id(house, 'thabo')}/disable")
    thabo.get("/desk/", 303)

    assert "Somebody left your desk" in desk.get("/desk/")
    recovery = shown(desk.post("/desk/key/renew", 200).text)
    assert "Somebody left" not in desk.get("/desk/")
    desk.post("/desk/key/renew", 409)
    after = tell(house, text="Said after somebody left.")
    with house.database.read() as session:
        second = desks.by_slug(session, "immigration")
        assert (first.version, second.version) == (1, 2)
        assert second.key is not None
        assert second.key.id not in leaver
    for one in (desk, supervisor):
        assert make.STORY in one.get(before)
        assert "Said after somebody left." in one.get(after)
    desk.post(before + "/notes", text="Still readable.")
    assert "Still readable." in supervisor.get(before)

    lerato.get(before, 403)
    supervisor.post("/desk/key/share", account=account_id(house, "lerato"))
    assert make.STORY in lerato.get(before)
    assert "Said after somebody left." in lerato.get(after)

    palesa, word = newcomer(app, "palesa")
    palesa.sign_in(word)
    palesa.post("/desk/key/open", recovery=recovery)
    assert make.STORY in palesa.get(before), "the newest key opens the whole row"


def test_a_second_renewal_still_opens_the_first_tips(app: Flask, house: House) -> None:
    tip, desk = tell(house), at(app, "immigration")
    for name in ("thabo", "lerato"):
        newcomer(app, name)
        at(app, "admin").post(f"/desk/people/{account_id(house, name)}/disable")
        desk.post("/desk/key/renew", 200)
    supervisor = at(app, "supervisor")
    assert make.STORY in supervisor.get(tip)
    with house.database.read() as session:
        assert desks.by_slug(session, "immigration").version == 3


def test_the_next_who_signs_in_renews_the_key_and_a_leaver_is_out(app: Flask, house: House) -> None:
    before = tell(house)
    supervisor = at(app, "supervisor")
    thabo, word = newcomer(app, "thabo")
    thabo.sign_in(word)
    supervisor.post("/desk/key/share", account=account_id(house, "thabo"))
    assert make.STORY in thabo.get(before)
    who = house.who(cookie(thabo), "cookie")
    bearer = house.sign_in("thabo", word, "", "bearer").token
    at(app, "admin").post(f"/desk/people/{account_id(house, 'thabo')}/disable")
    for ended, kind in ((cookie(thabo), "cookie"), (bearer, "bearer")):
        with pytest.raises(SignInNeeded):
            house.who(ended, kind)
    assert thabo.sign_in(word).status_code == 401
    with house.database.read() as session:
        assert not desks.holds_key(session, who.account_id)

    lerato, her_word = newcomer(app, "lerato")
    assert lerato.sign_in(her_word).status_code == 303, "who does not hold the key makes none"
    desk = Desk(app, "immigration")
    answer = desk.sign_in(next="/desk/account")
    assert answer.status_code == 200
    assert "Somebody left your desk, so it got a new key" in answer.text
    assert "first of your desk" not in answer.text
    assert 'action="/desk/account"' in answer.text
    recovery = shown(answer.text)
    assert Desk(app, "supervisor").sign_in().status_code == 303, "not a second time"
    assert "Somebody left" not in desk.get("/desk/")
    desk.post("/desk/key/try", recovery=recovery)
    assert make.STORY in desk.get(before)
    assert make.STORY in supervisor.get(before)


def test_the_key_before_is_sealed_to_for_three_days_more(app: Flask, house: House) -> None:
    with house.database.read() as session:
        first = desks.by_slug(session, "immigration")
    newcomer(app, "thabo")
    at(app, "admin").post(f"/desk/people/{account_id(house, 'thabo')}/disable")
    now = house.clock()
    assert shown(Desk(app, "immigration").sign_in().text)
    with house.database.read() as session:
        second = desks.by_slug(session, "immigration")
        assert first.key is not None
        assert second.key is not None
        for hours, taken in ((71, {first.key.id, second.key.id}), (73, {second.key.id})):
            assert desks.accepted_keys(session, [first.id], now + timedelta(hours=hours)).keys() == taken


def test_the_paper_is_tried_and_nothing_changes(app: Flask, house: House) -> None:
    tip, desk = tell(house), at(app, "immigration")
    assert "Nobody has tried this paper yet." in words(desk.get("/desk/key"))
    assert "three months" not in desk.get("/desk/")
    recovery = shown(desk.post("/desk/key/recovery", 200).text)
    desk.post("/desk/key/try", recovery=recovery.lower())
    assert re.search(r"Last tried: [0-9:]+, by immigration\.", words(desk.get("/desk/key?done=tried")))
    assert make.STORY in desk.get(tip)
    later = house.clock() + timedelta(days=90, hours=1)
    house.clock = lambda: later
    desk = at(app, "immigration")
    assert "Nobody has tried the recovery key on paper for three months." in words(desk.get("/desk/"))
    desk.post("/desk/key/try", recovery=recovery)
    assert "three months." not in words(desk.get("/desk/"))
    desk.post("/desk/key/recovery", 200)
    assert "Nobody has tried this paper yet." in words(desk.get("/desk/key")), "another paper, not tried"
    assert "three months." not in words(desk.get("/desk/"))


def test_guessing_a_recovery_key_is_bounded_for_the_one_who_guesses(app: Flask, house: House) -> None:
    desk, supervisor = at(app, "immigration"), at(app, "supervisor")
    recovery = shown(supervisor.post("/desk/key/recovery", 200).text)
    for _ in range(10):
        assert "WRONG" not in desk.post("/desk/key/try", 422, recovery="WRONG").text
    for address in ("/desk/key/try", "/desk/key/open"):
        assert "Too many tries" in desk.post(address, 429, recovery=recovery).text
    supervisor.post("/desk/key/try", recovery=recovery)
    later = house.clock() + timedelta(minutes=14, seconds=59)
    house.clock = lambda: later
    desk.post("/desk/key/try", 429, recovery=recovery)
    after = later + timedelta(minutes=1)
    house.clock = lambda: after
    desk.post("/desk/key/try", recovery=recovery)


def test_people_are_added_with_care(app: Flask, house: House) -> None:
    admin = at(app, "admin")
    add = "/desk/people"
    assert "taken" in admin.post(add, 422, name="police", role="donor").text
    assert "at most 40 letters" in admin.post(add, 422, name="", role="donor").text
    assert "at most 40 letters" in admin.post(add, 422, name="a\x00b", role="donor").text
    assert "at most 40 letters" in admin.post(add, 422, name="x", role="king").text
    assert "choose one" in admin.post(add, 422, name="x", role="caseworker").text
    assert "There is no such office" in admin.post(add, 422, name="x", role="caseworker", desk="nowhere").text
    mine = account_id(house, "admin")
    admin.post(f"/desk/people/{mine}/disable", 403)
    admin.post(f"/desk/people/{mine}/passphrase", 404)
    admin.post("/desk/people/99999/disable", 404)
    admin.post("/desk/people/99999/passphrase", 404)
    desk = at(app, "immigration")
    desk.get("/desk/people", 403)
    desk.post(add, 403, name="x", role="admin")
    desk.post(f"/desk/people/{mine}/disable", 403)
    for address in ("/desk/key", "/desk/key/share", "/desk/key/renew"):
        assert admin.client.open(address, method="GET" if address == "/desk/key" else "POST").status_code == 403
    editor, word = newcomer(app, "new editor", role="editor")
    assert editor.sign_in(word).status_code == 303
    with house.database.read() as session:
        added = session.get_one(Account, account_id(house, "new editor"))
        assert (added.desk_id, added.lang) == (None, "en")
    admin.post(f"/desk/people/{account_id(house, 'police')}/disable")
    admin.post(f"/desk/people/{account_id(house, 'police')}/passphrase", 409)


def cookie(desk: Desk) -> str:
    kept = desk.client.get_cookie("desk", path="/desk")
    assert kept is not None
    return kept.value
