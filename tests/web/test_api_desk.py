"""The desk over the API: what each person may see and do, with the contract's names and nothing beside them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import make
from tests.web.api import MORE, OPEN, TIP, TIPS, Caller, refused, said
from tipline import outbox
from tipline.house import House

ITEM = {"id", "reference", "channel", "language", "received_at", "priority", "reasons", "category", "place", "stage",
        "desk", "unread"}  # fmt: skip
ACTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("moves", {"to": "screened"}),
    ("referrals", {"desk": "shelter", "reason": "A bed."}),
    ("referrals/1", {"answer": "accept"}),
    ("replies", {"text": "hello"}),
    ("notes", {"text": "hello"}),
    ("outcome", {"result": "assisted"}),
)


@pytest.fixture
def immigration(app: Flask) -> Caller:
    return Caller(app, "immigration")


def tell(client: FlaskClient, **changes: Any) -> str:
    """Send a tip; return its receipt."""
    answer = client.post(TIPS, json={**TIP, **changes})
    assert answer.status_code == 201, answer.text
    return str(said(answer)["receipt"])


class TestTheQueue:
    def test_a_list_of_items(self, client: FlaskClient, immigration: Caller) -> None:
        tell(client, place="leribe", language="st")
        (item,) = said(immigration.get("tips"))["tips"]
        assert set(item) == ITEM
        assert (item["channel"], item["language"], item["place"], item["stage"]) == ("web", "st", "leribe", "received")
        assert (item["desk"], item["unread"], len(item["reference"])) == ("immigration", True, 9)
        assert item["received_at"].endswith("+00:00")
        assert item["reasons"]

    def test_pages_by_urgency_then_newest(self, client: FlaskClient, immigration: Caller) -> None:
        for number in range(30):
            tell(client, danger_now=number % 3 == 0, text=f"Matter {number}")
        first = said(immigration.get("tips"))
        rest = said(immigration.get(f"tips?cursor={first['next']}"))
        assert (len(first["tips"]), len(rest["tips"]), rest["next"]) == (25, 5, None)
        both = first["tips"] + rest["tips"]
        assert len({one["id"] for one in both}) == 30
        assert [one["priority"] for one in both] == sorted(one["priority"] for one in both)
        for level in ("P0", "P2"):
            times = [one["received_at"] for one in both if one["priority"] == level]
            assert times == sorted(times, reverse=True)

    def test_filters_and_empty_ones(self, client: FlaskClient, immigration: Caller) -> None:
        tell(client, place="leribe")
        tell(client, danger_now=True)
        assert len(immigration.ids("?stage=&priority=&place=&cursor=")) == 2
        assert len(immigration.ids("?priority=P0")) == 1
        assert len(immigration.ids("?place=leribe&stage=received")) == 1
        assert immigration.ids("?stage=closed") == []

    @pytest.mark.parametrize("query", ["stage=gone", "priority=P9", "place=durban", "cursor=" + "1" * 61])
    def test_a_filter_that_is_none(self, immigration: Caller, query: str) -> None:
        assert list(refused(immigration.get(f"tips?{query}"), 422, "invalid")) == [query.partition("=")[0]]


class TestOneTip:
    def test_opened_it_says_everything_but_the_number(self, client: FlaskClient, immigration: Caller) -> None:
        receipt = tell(client, contact="58001234", child=True, happening="now")
        client.post(MORE, json={"receipt": receipt, "text": "She is twelve."})
        (tip_id,) = immigration.ids()
        assert immigration.post(f"tips/{tip_id}/notes", text="ours").status_code == 201
        assert immigration.post(f"tips/{tip_id}/replies", text="Where is she?").status_code == 201
        tip = said(immigration.get(f"tips/{tip_id}"))
        assert set(tip) == ITEM | {"text", "answers", "thread", "events", "referrals", "can_reply"}
        assert tip["text"] == make.STORY
        assert tip["answers"] == {"child": True, "happening": "now"}
        lines = [(one["kind"], one["from"], one["text"], one["desk"], one["account"]) for one in tip["thread"]]
        assert lines == [
            ("message", "reporter", "She is twelve.", None, None),
            ("note", "desk", "ours", "immigration", "immigration"),
            ("reply", "desk", "Where is she?", "immigration", "immigration"),
        ]
        kinds = [one["kind"] for one in tip["events"]]
        assert {"received", "reporter_wrote", "noted", "replied", "first_look"} <= set(kinds)
        assert (tip["unread"], tip["can_reply"]) == (False, True)
        assert "58001234" not in json.dumps(tip)
        assert receipt not in json.dumps(tip)

    def test_the_answer_arrives(self, client: FlaskClient, immigration: Caller, house: House) -> None:
        receipt = tell(client, contact="58001234")
        (tip_id,) = immigration.ids()
        immigration.post(f"tips/{tip_id}/replies", text="Where is she?")
        assert said(client.post(OPEN, json={"receipt": receipt}))["messages"][0]["text"] == "Where is she?"
        assert outbox.deliver(house.database, house.sender, house.keys, house.clock) == 1  # the notice, not the words

    def test_another_desk_s_tip_is_not_there(self, app: Flask, client: FlaskClient, immigration: Caller) -> None:
        tell(client)
        (tip_id,) = immigration.ids()
        for name in ("police", "shelter"):
            other = Caller(app, name)
            assert other.ids() == []
            for path in (tip_id, "0" * 32, "x", tip_id.upper(), "%00"):
                refused(other.get(f"tips/{path}"), 404, "not_found")
            for act, body in ACTS:
                refused(other.post(f"tips/{tip_id}/{act}", **body), 404, "not_found")
            assert said(other.post("search", q="passport")) == {"tips": [], "next": None}
        assert said(immigration.get(f"tips/{tip_id}"))["stage"] == "received"

    @pytest.mark.parametrize("name", ["admin", "trainer", "donor", "editor"])
    def test_other_roles_are_refused(self, app: Flask, client: FlaskClient, immigration: Caller, name: str) -> None:
        tell(client)
        (tip_id,) = immigration.ids()
        other = Caller(app, name)
        for path in ("tips", f"tips/{tip_id}", "summary", f"tips/{'0' * 32}"):
            refused(other.get(path), 403, "not_allowed")
        for act, body in (*ACTS, ("moves", {"nonsense": 1})):
            refused(other.post(f"tips/{tip_id}/{act}", **body), 403, "not_allowed")
        refused(other.post("search", q="x"), 403, "not_allowed")

    def test_without_a_token_nothing_is_said_not_even_about_the_body(self, client: FlaskClient) -> None:
        for header in ("", "Bearer", "Bearer x", "Basic abc", "Bearer " + "A" * 64, "Bearer é"):
            for act, body in (*ACTS, ("moves", {"nonsense": 1})):
                address = f"/api/v1/desk/tips/{'0' * 32}/{act}"
                refused(client.post(address, json=body, headers={"Authorization": header}), 401, "sign_in_needed")
            refused(client.get("/api/v1/desk/tips", headers={"Authorization": header}), 401, "sign_in_needed")

    def test_a_desk_s_cookie_is_no_token(self, client: FlaskClient, house: House) -> None:
        cookie = house.sign_in("immigration", make.password(house, "immigration"), "", "cookie").token
        headers = {"Authorization": f"Bearer {cookie}"}
        refused(client.get("/api/v1/desk/tips", headers=headers), 401, "sign_in_needed")


class TestActs:
    def test_a_matter_from_first_look_to_outcome(self, app: Flask, client: FlaskClient, immigration: Caller) -> None:
        tell(client)
        shelter = Caller(app, "shelter")
        (tip_id,) = immigration.ids()

        moved = immigration.post(f"tips/{tip_id}/moves", to="screened")
        assert (moved.status_code, said(moved)) == (201, {"stage": "screened"})
        asked = immigration.post(f"tips/{tip_id}/referrals", desk="shelter", reason="She needs a bed.")
        assert (asked.status_code, said(asked)["stage"]) == (201, "referred")
        refused(immigration.post(f"tips/{tip_id}/referrals", desk="shelter", reason="again"), 409, "already_there")

        assert shelter.ids() == [tip_id]
        seen = said(shelter.get(f"tips/{tip_id}"))
        assert (seen["text"], seen["referrals"][0]["reason"]) == (make.STORY, "She needs a bed.")
        assert (seen["referrals"][0]["id"], seen["referrals"][0]["state"]) == (said(asked)["id"], "offered")
        refused(shelter.post(f"tips/{tip_id}/outcome", result="assisted"), 409, "forbidden_move")

        taken = shelter.post(f"tips/{tip_id}/referrals/{said(asked)['id']}", answer="accept")
        assert (taken.status_code, said(taken)) == (201, {"state": "accepted", "stage": "accepted"})
        refused(shelter.post(f"tips/{tip_id}/referrals/{said(asked)['id']}", answer="accept"), 409, "already_there")
        assert said(shelter.get(f"tips/{tip_id}"))["desk"] == "shelter"
        for to in ("admission_assessment", "service_plan", "reintegrated"):
            assert said(shelter.post(f"tips/{tip_id}/moves", to=to)) == {"stage": to}
        closed = shelter.post(
            f"tips/{tip_id}/outcome", result="assisted", clients_served=1, reintegrated=1, note="She is home."
        )
        assert (closed.status_code, said(closed)) == (201, {"stage": "closed"})
        assert immigration.ids() == shelter.ids() == []
        assert immigration.ids("?stage=closed") == [tip_id]
        refused(shelter.post(f"tips/{tip_id}/moves", to="screened"), 409, "forbidden_move")

    def test_whoever_declines_sees_it_no_more(self, app: Flask, client: FlaskClient, immigration: Caller) -> None:
        tell(client)
        shelter = Caller(app, "shelter")
        (tip_id,) = immigration.ids()
        rid = said(immigration.post(f"tips/{tip_id}/referrals", desk="shelter", reason="A bed."))["id"]
        refused(shelter.post(f"tips/{tip_id}/referrals/{rid}", answer="decline"), 422, "reason_missing")
        no = shelter.post(f"tips/{tip_id}/referrals/{rid}", answer="decline", reason="We are full.")
        assert (no.status_code, said(no)) == (201, {"state": "declined", "stage": "declined"})
        refused(shelter.get(f"tips/{tip_id}"), 404, "not_found")
        assert shelter.ids() == shelter.ids("?stage=declined") == []
        assert said(immigration.get(f"tips/{tip_id}"))["referrals"][0]["answer"] == "We are full."

    def test_closing_without_action_waits_for_a_supervisor(
        self, app: Flask, client: FlaskClient, immigration: Caller
    ) -> None:
        tell(client)
        (tip_id,) = immigration.ids()
        immigration.post(f"tips/{tip_id}/moves", to="screened")
        refused(immigration.post(f"tips/{tip_id}/outcome", result="no_action"), 422, "reason_missing")
        asked = immigration.post(f"tips/{tip_id}/outcome", result="no_action", note="It was a joke.")
        assert (asked.status_code, said(asked)) == (201, {"stage": "screened", "waits_for_approval": True})
        assert immigration.ids() == [tip_id]
        supervisor = Caller(app, "supervisor")
        done = supervisor.post(f"tips/{tip_id}/outcome", result="no_action", note="It was a joke.")
        assert (done.status_code, said(done)) == (201, {"stage": "closed"})

    @pytest.mark.parametrize(
        ("act", "body", "status", "code"),
        [
            ("moves", {"to": "reintegrated"}, 409, "forbidden_move"),
            ("moves", {"to": "closed"}, 409, "forbidden_move"),
            ("moves", {"to": "gone"}, 422, "invalid"),
            ("moves", {}, 422, "invalid"),
            ("moves", {"to": "screened", "extra": 1}, 422, "invalid"),
            ("referrals", {"desk": "army", "reason": "x"}, 422, "unknown_desk"),
            ("referrals", {"desk": "shelter", "reason": " "}, 422, "reason_missing"),
            ("referrals", {"desk": "shelter"}, 422, "invalid"),
            ("referrals", {"desk": "police", "reason": "x"}, 422, "excluded_desk"),
            ("referrals/1", {"answer": "accept"}, 404, "not_found"),
            ("referrals/99999999999999999999", {"answer": "accept"}, 404, "not_found"),
            ("referrals/1", {"answer": "perhaps"}, 422, "invalid"),
            ("replies", {"text": " "}, 422, "empty"),
            ("replies", {"text": "a" * 2001}, 422, "too_long"),
            ("notes", {"text": ""}, 422, "empty"),
            ("notes", {"text": 5}, 422, "invalid"),
            ("outcome", {"result": "assisted"}, 409, "forbidden_move"),
            ("outcome", {"result": "forgotten"}, 422, "invalid"),
            ("outcome", {"result": "assisted", "clients_served": -1}, 422, "invalid"),
            ("outcome", {"result": "assisted", "reintegrated": "3"}, 422, "invalid"),
            ("outcome", {"result": "assisted", "reintegrated": True}, 422, "invalid"),
        ],
    )
    def test_what_cannot_be_done(
        self, client: FlaskClient, immigration: Caller, act: str, body: dict[str, Any], status: int, code: str
    ) -> None:
        tell(client, exclude=["police"])
        (tip_id,) = immigration.ids()
        refused(immigration.post(f"tips/{tip_id}/{act}", **body), status, code)
        tip = said(immigration.get(f"tips/{tip_id}"))
        assert (tip["stage"], tip["thread"], tip["referrals"]) == ("received", [], [])

    def test_messages_are_in_the_person_s_language(self, client: FlaskClient, immigration: Caller) -> None:
        answer = immigration.get(f"tips/{'0' * 32}")
        assert said(answer)["message"] == "There is nothing here."
        answer = immigration.get(f"tips/{'0' * 32}?lang=st")
        assert said(answer)["message"] == "Ha ho letho mona."


class TestFiguresAndSearch:
    def test_a_caseworker_s_figures(self, client: FlaskClient, immigration: Caller) -> None:
        tell(client, danger_now=True)
        figures = said(immigration.get("summary"))
        assert figures == {
            "stages": {"received": 1}, "priorities": {"P0": 1}, "overdue": 0, "median_hours_to_first_look": None,
        }  # fmt: skip

    def test_a_supervisor_s(self, app: Flask, client: FlaskClient) -> None:
        tell(client, danger_now=True)
        figures = said(Caller(app, "supervisor").get("summary"))
        assert figures["stages"] == {"received": 1}
        assert figures["desks"]["police"] == {"stages": {"received": 1}, "priorities": {"P0": 1}, "overdue": 0}
        assert set(figures["desks"]) == {"police", "shelter"}

    def test_search(self, client: FlaskClient, immigration: Caller) -> None:
        tell(client)
        tell(client, text="Nothing of the kind.")
        found = said(immigration.post("search", q="PASSPORT durban"))
        assert [set(one) for one in found["tips"]] == [ITEM]
        assert found["next"] is None
        refused(immigration.post("search", q="?"), 422, "empty")
        for body in ({}, {"q": ""}, {"q": "a" * 201}, {"q": 5}):
            refused(immigration.post("search", **body), 422, "invalid")
        refused(immigration.get("search?q=passport"), 405, "method")  # words never stand in an address
