"""audit: every act of staff as one row, each hashed over the one before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tipline.models import UtcDateTime

revision = "0008"
down_revision = "0007"
_NO_TIP = sa.text("kind <> 'tip'")


def upgrade() -> None:
    """Bring the tables here."""
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("desk_id", sa.Integer(), nullable=True),
        sa.Column("verb", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("object", sa.String(length=40), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("link", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("ix_audit_desk", "audit", ["desk_id", "at", "seq"])
    op.create_index("ix_audit_account", "audit", ["account_id", "at", "seq"])
    op.create_index("ix_audit_object", "audit", ["object", "at", "seq"])
    op.create_index("ix_audit_no_tip", "audit", ["at", "seq"], sqlite_where=_NO_TIP, postgresql_where=_NO_TIP)
