"""unread by desk: how often a tip was stirred, and up to where each of its desks has looked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Bring the tables here."""
    op.add_column("tip", sa.Column("stirs", sa.Integer(), server_default="1", nullable=False))
    op.add_column("tip_desk", sa.Column("seen", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE tip_desk SET seen = 1 WHERE tip_id IN (SELECT id FROM tip WHERE NOT unread)")
    op.drop_column("tip", "unread")
