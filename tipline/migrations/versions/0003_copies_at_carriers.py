"""copies at carriers: the ids of messages whose copies are still to be erased there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tipline.models import UtcDateTime

revision = "0003"
down_revision = "0002"
_KEPT = sa.text("carrier_id_locked IS NOT NULL")


def upgrade() -> None:
    """Bring the tables here."""
    op.create_table(
        "carrier_copy",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("carrier", sa.String(length=20), nullable=False),
        sa.Column("locked", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_carrier_copy_due_at", "carrier_copy", ["due_at"])
    op.create_index("ix_copy_kept", "out_message", ["due_at"], sqlite_where=_KEPT, postgresql_where=_KEPT)
