"""queues by stage: an index serves every filter of a queue, however many tips there are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
_OFFERED = sa.text("state = 'offered'")
_TAKEN = sa.text("taken_by IS NOT NULL")


def upgrade() -> None:
    """Bring the tables here."""
    op.add_column("tip_desk", sa.Column("stage", sa.String(length=32), nullable=False, server_default="received"))
    op.execute("UPDATE tip_desk SET stage = (SELECT stage FROM tip WHERE tip.id = tip_desk.tip_id)")
    op.create_index("ix_queue_stage", "tip_desk", ["desk_id", "stage", "priority", "arrival", "tip_id"])
    op.create_index(
        "ix_queue_offered",
        "tip_desk",
        ["desk_id", "priority", "arrival"],
        sqlite_where=_OFFERED,
        postgresql_where=_OFFERED,
    )
    op.create_index("ix_tip_taken", "tip", ["taken_by"], sqlite_where=_TAKEN, postgresql_where=_TAKEN)
