"""duty: reports to the police, closings that somebody must still answer for, two more counts of an outcome."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tipline.models import UtcDateTime

revision = "0019"
down_revision = "0018"
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the tables here."""
    for name in ("identified", "residential"):
        op.add_column("outcome", sa.Column(name, sa.Integer(), nullable=True))
    op.create_index("ix_outcome_desk", "outcome", ["desk_id", "created_at"])
    op.create_table(
        "police_report",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tip_id", _ID, nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", _ID, nullable=False),
        sa.Column("receipt_entry_id", _ID, nullable=True),
        sa.Column("told_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"]),
        sa.ForeignKeyConstraint(["desk_id"], ["desk.id"]),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"]),
        sa.ForeignKeyConstraint(["receipt_entry_id"], ["entry.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_police_report_tip_id", "police_report", ["tip_id"])
    op.create_index("ix_police_report_desk", "police_report", ["desk_id", "told_at"])
    op.create_table(
        "approval",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tip_id", _ID, nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("reason_entry_id", _ID, nullable=True),
        sa.Column("answer_entry_id", _ID, nullable=True),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"]),
        sa.ForeignKeyConstraint(["desk_id"], ["desk.id"]),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["answered_by"], ["account.id"]),
        sa.ForeignKeyConstraint(["reason_entry_id"], ["entry.id"]),
        sa.ForeignKeyConstraint(["answer_entry_id"], ["entry.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_approval_tip_id", "approval", ["tip_id"])
    op.create_index("ix_approval_account_id", "approval", ["account_id"])
    op.create_index("ix_approval_desk", "approval", ["desk_id", "state"])
