"""referrals: whether they agreed, which steps were taken where nobody answered, and who is told of what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
_ALERT = sa.text("alert IS NOT NULL")
_OFFERED = sa.text("state = 'offered'")


def upgrade() -> None:
    """Bring the tables here."""
    op.add_column("referral", sa.Column("consent", sa.String(length=10), nullable=True))
    op.add_column("referral", sa.Column("late_steps", sa.Integer(), server_default="0", nullable=False))
    op.create_index("ix_referral_offered", "referral", ["id"], sqlite_where=_OFFERED, postgresql_where=_OFFERED)
    op.add_column("tip_desk", sa.Column("alert", sa.String(length=16), nullable=True))
    op.create_index("ix_alert", "tip_desk", ["desk_id"], sqlite_where=_ALERT, postgresql_where=_ALERT)
