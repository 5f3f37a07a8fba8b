"""what newer words would raise a tip to after a human decided its priority."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Bring the tables here."""
    op.add_column("tip", sa.Column("newer", sa.String(2), nullable=True))
