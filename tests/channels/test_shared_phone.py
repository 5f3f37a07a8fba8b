"""A phone may be anybody's: what is texted from it joins a report only once a desk has written to that phone."""

from __future__ import annotations

from sqlalchemy import select

from tests import make
from tests.channels.conftest import Line
from tipline import casework, followup
from tipline.house import House
from tipline.models import Tip
from tipline.phones import Phone

NUMBER = "+26658000000"


def tips(house: House) -> list[tuple[str, str]]:
    """Return each tip's channel and uid."""
    with house.database.read() as session:
        return [(row.channel, row.uid) for row in session.execute(select(Tip.channel, Tip.uid).order_by(Tip.id))]


def test_a_text_after_a_web_report_with_the_same_number_is_a_tip_of_its_own(line: Line) -> None:
    line.house.take_in(make.report(phone=Phone(NUMBER)))
    line.texter(number=NUMBER).text("Ba re ke tsamaee hosane")
    assert [channel for channel, _ in tips(line.house)] == ["web", "sms"]


def test_once_a_desk_wrote_it_joins_and_the_receipt_does_not_open_it(line: Line) -> None:
    house = line.house
    done = house.take_in(make.report(phone=Phone(NUMBER)))
    uid = tips(house)[0][1]
    who = make.identity(house, "immigration")
    with house.database.write() as session:
        case = casework.hold(session, who, uid, keys=house.keys, now=line.clock.now)
        casework.reply(session, case, "We have read it.", house.words)
    line.texter(number=NUMBER).text("It is somebody else who writes from this phone")
    assert len(tips(house)) == 1
    with house.database.write() as session:
        case = casework.hold(session, who, uid, keys=house.keys, now=line.clock.now)
        said = [one.data["text"] for one in casework.view(session, case).thread if one.kind == "message" and one.data]
        opened = followup.open_thread(
            session, followup.unlock_receipt(done.receipt or "", house.keys), keys=house.keys, now=line.clock.now
        )
    assert said == ["It is somebody else who writes from this phone"]
    assert [line.text for line in opened.lines] == ["We have read it."]
