"""When what a tip said was destroyed, and which tips a desk keeps back from it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tipline.models import UtcDateTime

revision = "0015"
down_revision = "0014"
_KEEPS = sa.text("closed_at IS NOT NULL AND (destroyed_at IS NULL OR changed_at > destroyed_at)")


def upgrade() -> None:
    """Bring the tables here."""
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("tip", sa.Column("destroyed_at", UtcDateTime(), nullable=True))
    op.create_index("ix_tip_keeps", "tip", ["closed_at"], sqlite_where=_KEEPS, postgresql_where=_KEEPS)
    op.create_table(
        "kept_back",
        sa.Column("id", big, nullable=False),
        sa.Column("tip_id", big, nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("reason_entry_id", big, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"]),
        sa.ForeignKeyConstraint(["desk_id"], ["desk.id"]),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["reason_entry_id"], ["entry.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_kept_back_tip_id", "kept_back", ["tip_id"])
