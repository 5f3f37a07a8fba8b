"""Two tables of the duty to report: what was told to the police, and closings that somebody must still answer for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tipline.columns import Base, BigId


class PoliceReport(Base):
    """A report to the police, as it was passed on; what it said, to whom, and their receipt are sealed entries."""

    __tablename__ = "police_report"
    __table_args__ = (Index("ix_police_report_desk", "desk_id", "told_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tip_id: Mapped[int] = mapped_column(ForeignKey("tip.id"), index=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desk.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"))
    receipt_entry_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id"))
    told_at: Mapped[datetime]
    created_at: Mapped[datetime]


class Approval(Base):
    """A proposal to close without action, which stands while the tip rests in the stage that it was made in.

    Or (``unsaid``, ``said``) a tip closed before somebody wrote why the police were not told.
    """

    __tablename__ = "approval"
    __table_args__ = (Index("ix_approval_desk", "desk_id", "state"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tip_id: Mapped[int] = mapped_column(ForeignKey("tip.id"), index=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desk.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    state: Mapped[str] = mapped_column(String(10))  # waiting, approved, returned, replaced; unsaid, said
    stage: Mapped[str] = mapped_column(String(32))
    reason_entry_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id"))
    answer_entry_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id"))
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
