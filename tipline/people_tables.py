"""The tables of the rota: who is alerted, how, for which tips."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from tipline.columns import Base, BigId


class Contact(Base):
    """How a person is alerted: their number and address, locked by the outbox key; when they last were."""

    __tablename__ = "contact"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    locked: Mapped[bytes]
    alerted_at: Mapped[datetime | None]


class OnCall(Base):
    """Somebody is on call for a desk: on these days of the week, from a minute of the day to another (Lesotho)."""

    __tablename__ = "on_call"

    id: Mapped[int] = mapped_column(primary_key=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desk.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    position: Mapped[int]  # who is alerted first, at each desk
    days: Mapped[str] = mapped_column(String(7))  # digits: 0 is Monday
    starts: Mapped[int]
    ends: Mapped[int]  # not later than ``starts``: on the next day


class Alert(Base):
    """A tip that nobody may overlook: whom of a desk it was told to, and when the next is told."""

    __tablename__ = "alert"

    tip_id: Mapped[int] = mapped_column(BigId, ForeignKey("tip.id"), primary_key=True, autoincrement=False)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desk.id"), primary_key=True)
    since: Mapped[datetime]
    told: Mapped[list[Any]] = mapped_column(JSON)  # accounts, in this round
    due_at: Mapped[datetime] = mapped_column(index=True)
