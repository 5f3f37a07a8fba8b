"""The tables of what people do at a tip right now: what they have begun to write, and that they are there."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from tipline.columns import Base


class Draft(Base):
    """What one person has begun to write at a tip; sealed to their own key, forgotten after a week."""

    __tablename__ = "draft"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    tip_id: Mapped[int] = mapped_column(ForeignKey("tip.id"), primary_key=True, index=True)
    form: Mapped[str] = mapped_column(String(8), primary_key=True)
    body: Mapped[bytes]
    wraps: Mapped[bytes]
    kept_at: Mapped[datetime] = mapped_column(index=True)


class Presence(Base):
    """Somebody has a tip before them; forgotten after two minutes, see ``at_once``."""

    __tablename__ = "presence"

    tip_id: Mapped[int] = mapped_column(ForeignKey("tip.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(index=True)
