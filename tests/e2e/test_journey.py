"""A tip travels, by each channel, from outside: another process that knows the contract only.

The same for a demo instance and for a real one (set up, second factor, PostgreSQL).
"""

from __future__ import annotations

import secrets

import pytest
import requests

from tests.channels.fake_carrier import FakeCarrier
from tests.e2e.running import PATIENCE, Instance, until

NUMBERS = {"sms": "+26658000101", "ussd": "+26658000102"}


@pytest.fixture
def mark() -> str:
    return "Qhomane" + secrets.token_hex(4)


def test_by_web_and_back(one: Instance, mark: str) -> None:
    sent = {"text": f"{mark}: workers are brought over the river", "language": "en", "place": "maputsoe-bridge"}
    answer = requests.post(f"{one.base}/api/v1/tips", json=sent, timeout=PATIENCE)
    assert answer.status_code == 201
    receipt = answer.json()["receipt"]
    tip = one.find("immigration", mark)
    assert (tip["channel"], tip["place"], tip["stage"]) == ("web", "maputsoe-bridge", "received")

    uid = tip["id"]
    assert one.desk("police", "GET", f"tips/{uid}").status_code == 404
    assert one.desk("shelter", "GET", f"tips/{uid}").status_code == 404
    assert one.desk("admin", "GET", f"tips/{uid}").status_code == 403

    assert one.desk("immigration", "POST", f"tips/{uid}/moves", to="screened").status_code == 201
    assert one.desk("immigration", "POST", f"tips/{uid}/replies", text=f"{mark} we have read it").status_code == 201
    opened = requests.post(f"{one.base}/api/v1/receipts/open", json={"receipt": receipt}, timeout=PATIENCE).json()
    assert opened["stage"] == "screened"
    assert [(line["from"], line["text"]) for line in opened["messages"]] == [("desk", f"{mark} we have read it")]
    more = {"receipt": receipt, "text": f"{mark} they leave on Friday"}
    assert requests.post(f"{one.base}/api/v1/receipts/messages", json=more, timeout=PATIENCE).status_code == 201
    thread = one.desk("immigration", "GET", f"tips/{uid}").json()["thread"]
    assert any(line.get("text") == more["text"] for line in thread)

    referred = one.desk("immigration", "POST", f"tips/{uid}/referrals", desk="shelter", reason="a bed for tonight")
    assert referred.status_code == 201
    assert one.desk("shelter", "GET", f"tips/{uid}").json()["text"] == sent["text"]
    answered = one.desk("shelter", "POST", f"tips/{uid}/referrals/{referred.json()['id']}", answer="accept")
    assert answered.status_code == 201
    assert one.desk("police", "GET", f"tips/{uid}").status_code == 404
    outcome = {"result": "assisted", "clients_served": 1, "reintegrated": 0, "note": f"{mark} safe"}
    assert one.desk("shelter", "POST", f"tips/{uid}/outcome", **outcome).status_code == 201
    assert one.desk("shelter", "POST", f"tips/{uid}/moves", to="screened").status_code == 409


def test_by_text_and_back(one: Instance, carrier: FakeCarrier, mark: str) -> None:
    number = NUMBERS["sms"]
    before = len(carrier.texts(number))
    assert one.text(number, f"{mark}: monna o isa banana ka noka", mark) == 200
    assert one.text(number, f"{mark}: monna o isa banana ka noka", mark) == 200  # the carrier tries again
    neutral = until(lambda: carrier.texts(number)[before:], one.log, "the neutral reply")[0]
    assert mark not in neutral
    tip = one.find("immigration", mark)
    assert (tip["channel"], tip["language"]) == ("sms", "st")
    assert number not in str(tip)

    answer = f"{mark}: re balile molaetsa oa hau, re se re o sebetsa."
    assert one.desk("immigration", "POST", f"tips/{tip['id']}/replies", text=answer).status_code == 201
    notice = until(lambda: carrier.texts(number)[before + 1 :], one.log, "the notice")[0]
    assert mark not in notice
    assert one.text(number, "1", mark + "-1") == 200
    until(lambda: carrier.texts(number)[before + 2 :] == [answer], one.log, "the answer")


def test_by_ussd_and_back(one: Instance, mark: str) -> None:
    number, session = NUMBERS["ussd"], f"ATUid_{secrets.token_hex(16)}"
    story = f"{mark} * ba bane"
    receipt = one.report_by_ussd(session, number, story)
    tip = one.find("immigration", mark)
    assert (tip["channel"], tip["text"]) == ("ussd", story)
    assert one.desk("immigration", "POST", f"tips/{tip['id']}/replies", text=f"{mark} kea leboha").status_code == 201
    inputs = ["1", "4", receipt.replace(" ", "")]
    screens = [one.dial(f"ATUid_{session}", number, inputs[:count]) for count in range(4)]
    inputs.append("1")
    screens.append(one.dial(f"ATUid_{session}", number, inputs))
    assert any(f"{mark} kea leboha" in screen for screen in screens)


def test_a_dropped_session_is_a_tip(one: Instance) -> None:
    session = f"ATUid_{secrets.token_hex(16)}"
    before = len(one.queue("immigration"))
    inputs: list[str] = []
    for _ in range(6):
        one.dial(session, NUMBERS["ussd"], inputs)
        inputs.append("1")
    rows = one.queue("immigration")
    assert len(rows) == before + 1
    assert rows[0]["priority"] == "P0"


def test_an_excluded_desk_never_sees_it(one: Instance, mark: str) -> None:
    sent = {"text": f"{mark} the officer takes money", "language": "en", "exclude": ["immigration"]}
    assert requests.post(f"{one.base}/api/v1/tips", json=sent, timeout=PATIENCE).status_code == 201
    tip = one.find("police", mark)
    assert one.desk("immigration", "GET", f"tips/{tip['id']}").status_code == 404
    sent["exclude"] = ["immigration", "police", "shelter"]
    refused = requests.post(f"{one.base}/api/v1/tips", json=sent, timeout=PATIENCE)
    assert (refused.status_code, refused.json()["code"]) == (422, "all_desks_excluded")


def test_strangers_get_nowhere(one: Instance) -> None:
    for secret in ("", "0" * 32, one.secrets["africastalking-callback"][:-1] + "x"):
        form = {"id": "x", "from": NUMBERS["sms"], "to": "48000", "text": "hello"}
        answer = requests.post(f"{one.base}/sms/africastalking/{secret}", data=form, timeout=PATIENCE)
        assert answer.status_code in {403, 404}
    assert requests.get(f"{one.base}/api/v1/desk/tips", timeout=PATIENCE).status_code == 401
    wrong = {"username": "immigration", "password": "not the password"}
    assert requests.post(f"{one.base}/api/v1/sessions", json=wrong, timeout=PATIENCE).status_code == 401
    page = requests.get(f"{one.base}/desk/", allow_redirects=False, timeout=PATIENCE)
    assert (page.status_code, page.headers["Location"].split("?")[0]) == (303, "/desk/sign-in")


def test_it_is_ready(one: Instance) -> None:
    answer = requests.get(f"{one.base}/readyz", timeout=PATIENCE)
    assert (answer.status_code, set(answer.json().values())) == (200, {True})
