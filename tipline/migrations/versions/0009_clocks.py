"""clocks and what waits for the reporter, in the queues' indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tipline.models import UtcDateTime

revision = "0009"
down_revision = "0008"
_DUE = sa.text("due IS NOT NULL")
_WAITS = sa.text("waits")
_HOUR = 3_600_000  # milliseconds


def upgrade() -> None:
    """Bring the tables here."""
    op.add_column("tip", sa.Column("police_at", UtcDateTime(), nullable=True))
    op.add_column("tip", sa.Column("waits", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("tip_desk", sa.Column("due", sa.BigInteger(), nullable=True))
    op.add_column("tip_desk", sa.Column("waits", sa.Boolean(), nullable=False, server_default=sa.false()))
    _stop_clocks()
    _start_clocks()
    _find_waiting()
    op.create_index(
        "ix_queue_due", "tip_desk", ["desk_id", "priority", "due", "tip_id"], sqlite_where=_DUE, postgresql_where=_DUE
    )
    op.create_index(
        "ix_queue_waits", "tip_desk", ["desk_id", "priority", "arrival", "tip_id"], sqlite_where=_WAITS,
        postgresql_where=_WAITS,
    )  # fmt: skip


def _stop_clocks() -> None:
    """Where a tip stands beyond the police, they know; since when is told by its last change."""
    beyond = "'reported_police', 'substantiated', 'not_substantiated', 'closed'"
    op.execute(f"UPDATE tip SET police_at = changed_at WHERE stage IN ({beyond})")  # noqa: S608 - the list above


def _start_clocks() -> None:
    """Give every open tip the time at which its first clock is over; ``arrival`` is minus epoch milliseconds."""
    open_ones = "tip.stage <> 'closed' AND tip.withdrawn_at IS NULL AND tip.folded_into IS NULL"
    hours = "CASE tip_desk.priority WHEN 'P2' THEN 24 WHEN 'P3' THEN 72 ELSE 1 END"
    here = "SELECT 1 FROM tip WHERE tip.id = tip_desk.tip_id"
    op.execute(
        f"UPDATE tip_desk SET due = -arrival + {_HOUR} * ({hours}) "  # noqa: S608 - the words above
        f"WHERE EXISTS ({here} AND {open_ones} AND tip.first_look_at IS NULL)"
    )
    op.execute(
        f"UPDATE tip_desk SET due = -arrival + {_HOUR} * 24 "  # noqa: S608
        f"WHERE due IS NULL AND priority IN ('P0', 'P1') AND EXISTS ({here} AND {open_ones} AND police_at IS NULL)"
    )


def _find_waiting() -> None:
    """Note which tips wait for their reporter: the last word of an open conversation is the desk's."""
    last = "SELECT max(id) FROM entry WHERE entry.tip_id = tip.id AND kind IN ('reply', 'message')"
    op.execute(
        "UPDATE tip SET waits = true WHERE stage <> 'closed' AND withdrawn_at IS NULL "  # noqa: S608
        f"AND EXISTS (SELECT 1 FROM entry WHERE entry.kind = 'reply' AND entry.id = ({last}))"
    )
    op.execute(
        "UPDATE tip_desk SET waits = true WHERE EXISTS (SELECT 1 FROM tip WHERE tip.id = tip_desk.tip_id AND tip.waits)"
    )
