"""questions by text: where the questions to a phone stand, and reporters who want no texts about their tip."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Bring the tables here."""
    op.add_column("phone_thread", sa.Column("dialogue", sa.String(length=12), nullable=True))
    op.add_column("tip", sa.Column("no_texts", sa.Boolean(), nullable=False, server_default=sa.false()))
