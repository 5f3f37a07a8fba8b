"""Reports of delivery come in any order, and more than once: the furthest is what stays, at every carrier's door."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from tests import make
from tests.channels import doors
from tests.channels.conftest import Line
from tipline import outbox
from tipline.models import OutMessage
from tipline.outbox import RANK
from tipline.sealing import unlock

OWN_WORDS = {
    "africastalking": {
        "Sent": "sent", "Submitted": "sent", "Buffered": "buffered", "Rejected": "failed", "Success": "delivered",
        "Failed": "failed", "AbsentSubscriber": "undelivered", "Expired": "undelivered", "Never heard of": "",
    },
    "twilio": {
        "accepted": "queued", "scheduled": "queued", "queued": "queued", "sending": "queued", "sent": "sent",
        "undelivered": "undelivered", "failed": "failed", "canceled": "failed", "delivered": "delivered",
        "read": "delivered", "never heard of": "",
    },
    "kannel": {
        "1": "delivered", "2": "failed", "4": "buffered", "8": "sent", "16": "failed", "34": "failed", "64": "",
    },
}  # fmt: skip


def furthest(states: list[str]) -> int:
    return max(RANK.get(state, 0) for state in ["sent", *states])  # it was sent to begin with


def orders(words: list[str]) -> st.SearchStrategy[list[str]]:
    """Return every order of some of these, any of them more than once."""
    return st.lists(st.sampled_from(words), max_size=2 * len(words)).flatmap(st.permutations).map(list)


@pytest.mark.parametrize("name", OWN_WORDS)
def test_the_furthest_stays_at_every_door(name: str, line: Line) -> None:
    line.texter(name).text(make.STORY_ST)
    desk = line.desk("immigration")
    desk.reply(desk.tips()[0], "Re utloile.")
    line.deliver()
    with line.house.database.read() as session:
        row = session.scalars(select(OutMessage).where(OutMessage.kind == "notice")).one()
        number, known = row.id, unlock(row.carrier_id_locked or b"", line.house.keys.outbox, "a carrier's id").decode()
    client = line.app.test_client()

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(orders(list(OWN_WORDS[name])))
    def walk(said: list[str]) -> None:
        with line.house.database.write() as session:
            session.execute(update(OutMessage).where(OutMessage.id == number).values(delivery="sent"))
        for word in said:
            assert doors.report(client, line.house.settings, name, known, word).status_code == 200
        with line.house.database.read() as session:
            kept = session.get_one(OutMessage, number)
            assert RANK[kept.delivery or ""] == furthest([OWN_WORDS[name][word] for word in said])
            assert kept.state == outbox.SENT

    walk()
