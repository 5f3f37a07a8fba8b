"""when a desk's recovery key was made and last tried, and by whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tipline.models import UtcDateTime

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Bring the tables here."""
    op.add_column("desk_key", sa.Column("paper_at", UtcDateTime(), nullable=True))
    op.add_column("desk_key", sa.Column("tried_at", UtcDateTime(), nullable=True))
    op.add_column("desk_key", sa.Column("tried_by", sa.Integer(), nullable=True))
