"""The table of the audit log; see ``audit``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import text

from tipline.columns import Base, BigId

_NO_TIP = text("kind <> 'tip'")


class Act(Base):
    """One act of staff in the audit log, hashed over the row before. It outlives what it names: no foreign keys."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_desk", "desk_id", "at", "seq"),
        Index("ix_audit_account", "account_id", "at", "seq"),
        Index("ix_audit_object", "object", "at", "seq"),
        Index("ix_audit_no_tip", "at", "seq", sqlite_where=_NO_TIP, postgresql_where=_NO_TIP),
    )

    seq: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    account_id: Mapped[int | None]
    desk_id: Mapped[int | None]
    verb: Mapped[str] = mapped_column(String(24))
    kind: Mapped[str] = mapped_column(String(10))  # of what it was done to
    object: Mapped[str] = mapped_column(String(40))
    data: Mapped[dict[str, Any]]
    link: Mapped[bytes] = mapped_column(LargeBinary(32))
