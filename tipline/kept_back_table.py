"""The table of tips that a desk keeps back from being destroyed: a court needs them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from tipline.columns import Base, BigId


class KeptBack(Base):
    """One desk keeps one tip until a day; why is a sealed entry of kind ``reason``. A new one replaces the last."""

    __tablename__ = "kept_back"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tip_id: Mapped[int] = mapped_column(ForeignKey("tip.id"), index=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desk.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    reason_entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"))
    created_at: Mapped[datetime]
    until: Mapped[datetime]
    ended_at: Mapped[datetime | None]  # let go, or replaced
