"""Routing rules that an administrator put in force, version by version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tipline.models import UtcDateTime

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Bring the tables here."""
    op.create_table(
        "rule_set",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("again", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("version"),
    )
