"""who has a tip before them, and whether a person uses single keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tipline.models import UtcDateTime

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Bring the tables here."""
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("account", sa.Column("shortcuts", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_table(
        "presence",
        sa.Column("tip_id", big, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"]),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("tip_id", "account_id"),
    )
    op.create_index("ix_presence_seen_at", "presence", ["seen_at"])
