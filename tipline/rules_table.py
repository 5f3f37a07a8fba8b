"""The table of routing rules that an administrator put in force: one row a version, never changed again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from tipline.columns import Base

LONGEST_REASON = 500


class RuleSet(Base):
    """All rules of one version; the newest is in force. Version 1 is the seed's, and nobody's."""

    __tablename__ = "rule_set"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rules: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str] = mapped_column(String(LONGEST_REASON))
    again: Mapped[int | None]  # which earlier version this one is
    created_at: Mapped[datetime | None]
