"""The carrier's USSD door."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint
from sqlalchemy.orm import Session

from tipline.house import House

blueprint = Blueprint("ussd", __name__)


def finalise(session: Session, house: House, now: datetime) -> None:
    """Make final what a dead session left."""
