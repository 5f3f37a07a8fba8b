"""drafts: what somebody at the desk has begun to write, sealed to their own key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tipline.models import UtcDateTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Bring the tables here."""
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "draft",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("tip_id", big, nullable=False),
        sa.Column("form", sa.String(8), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("wraps", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"]),
        sa.PrimaryKeyConstraint("account_id", "tip_id", "form"),
    )
    op.create_index("ix_draft_tip_id", "draft", ["tip_id"])
    op.create_index("ix_draft_kept_at", "draft", ["kept_at"])
