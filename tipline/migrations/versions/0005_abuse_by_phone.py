"""abuse by phone: counts for each phone, tips folded into one, blocked phones, minutes without automatic answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tipline.models import UtcDateTime

revision = "0005"
down_revision = "0004"
_ALIKE = sa.text("alike IS NOT NULL")
_FOLDED = sa.text("folded_into IS NOT NULL")


def upgrade() -> None:
    """Bring the tables here."""
    op.add_column("phone_thread", sa.Column("counted_hour", sa.Integer(), nullable=True))
    op.add_column("phone_thread", sa.Column("hour_texts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("phone_thread", sa.Column("day_texts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("tip", sa.Column("alike", sa.LargeBinary(length=32), nullable=True))
    op.add_column("tip", sa.Column("folded_into", sa.BigInteger(), nullable=True))
    op.add_column("tip", sa.Column("gathered", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_tip_alike", "tip", ["alike"], sqlite_where=_ALIKE, postgresql_where=_ALIKE)
    op.create_index("ix_tip_folded", "tip", ["folded_into"], sqlite_where=_FOLDED, postgresql_where=_FOLDED)
    op.create_table(
        "blocked_phone",
        sa.Column("phone_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("tip_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"]),
        sa.PrimaryKeyConstraint("phone_hash"),
    )
    op.create_index("ix_blocked_phone_tip_id", "blocked_phone", ["tip_id"])
    op.create_table("held_back", sa.Column("minute", UtcDateTime(), nullable=False), sa.PrimaryKeyConstraint("minute"))
