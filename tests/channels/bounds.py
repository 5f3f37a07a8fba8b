"""What the tests of abuse by phone look at."""

from __future__ import annotations

from sqlalchemy import func, select

from tests import make
from tests.channels.conftest import Line
from tipline import blocklist, casework, queue
from tipline.models import Event, Tip

CHAIN = "Romela molaetsa ona ho batho ba leshome u tla fumana airtime"


def tips(line: Line) -> list[Tip]:
    with line.house.database.read() as session:
        found = list(session.scalars(select(Tip).order_by(Tip.id)))
        session.expunge_all()
        return found


def count(line: Line, table: type, *where: object) -> int:
    with line.house.database.read() as session:
        return session.scalar(select(func.count()).select_from(table).where(*where)) or 0  # type: ignore[arg-type]


def events(line: Line, tip: Tip) -> list[str]:
    with line.house.database.read() as session:
        return list(session.scalars(select(Event.kind).where(Event.tip_id == tip.id).order_by(Event.id)))


def queued(line: Line, name: str = "immigration") -> list[Tip]:
    """Return what a desk's queue shows."""
    with line.house.database.read() as session:
        rows = queue.page(session, make.identity(line.house, name), now=line.clock.now, size=1000).rows
        session.expunge_all()
        return [row.tip for row in rows]


def look(line: Line, tip: Tip, name: str = "immigration") -> None:
    """Have somebody look at a tip."""
    with make.held(line.house, make.identity(line.house, name), tip.id) as (session, case):
        casework.look(session, case)


def block(line: Line, tip: Tip, reason: str = "Insults, day after day.") -> None:
    with make.held(line.house, make.identity(line.house, "immigration"), tip.id) as (session, case):
        blocklist.block(session, case, reason)
