"""what sending costs, by carrier and month; which carriers did not take a message, and which is asked last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Bring the tables here."""
    op.add_column("out_message", sa.Column("tried", sa.String(length=160), nullable=True))
    op.add_column("out_message", sa.Column("asked_last", sa.String(length=20), nullable=True))
    op.create_table(
        "carrier_cost",
        sa.Column("carrier", sa.String(length=20), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("carrier", "month", "currency"),
    )
