"""one matter: which tips a desk put under which, and what was counted with another one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
_UNDER = sa.text("matter_of IS NOT NULL")


def upgrade() -> None:
    """Bring the tables here."""
    op.add_column("tip", sa.Column("grouped", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("tip_desk", sa.Column("matter_of", sa.BigInteger(), nullable=True))
    op.add_column("outcome", sa.Column("counted_with", sa.BigInteger(), nullable=True))
    op.create_index("ix_matter", "tip_desk", ["desk_id", "matter_of"], sqlite_where=_UNDER, postgresql_where=_UNDER)
