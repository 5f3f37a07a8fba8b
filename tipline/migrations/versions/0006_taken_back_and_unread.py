"""taken back and unread: when a reporter withdrew, what is new of a tip, which unread answers the desk knows of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tipline.models import UtcDateTime

revision = "0006"
down_revision = "0005"
_UNREAD = sa.text("kind = 'reply' AND read_at IS NULL AND told_at IS NULL")


def upgrade() -> None:
    """Bring the tables here. Answers from before are told of as well, once each."""
    op.add_column("tip", sa.Column("withdrawn_at", UtcDateTime(), nullable=True))
    op.add_column("tip", sa.Column("news", sa.String(length=16), nullable=True))
    op.add_column("entry", sa.Column("told_at", UtcDateTime(), nullable=True))
    op.create_index("ix_unread", "entry", ["created_at"], sqlite_where=_UNREAD, postgresql_where=_UNREAD)
