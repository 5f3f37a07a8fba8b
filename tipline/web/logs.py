"""Structured logs through a scrubber: no tip text, number or receipt ever stands in one.

Three walls: our own code logs only fixed words and codes; an exception is written as its type and where it was raised,
never its message or its values; whatever is left with five or more digits in a row, or with a secret path, is blanked.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import structlog

_DIGITS = re.compile(r"\+?\d(?:[\s.-]?\d){4,}")
_SECRET_PATH = re.compile(r"(/(?:sms|ussd|calls)/(?:africastalking|kannel|plain)/)[^/\s?\"']+")
_QUERY = re.compile(r"\?[^\s\"']+")
_LONGEST = 300
_OURS = (
    "event",
    "level",
    "logger",
    "timestamp",
    "error",
    "where",
    "path",
    "status",
    "count",
    "seconds",
    "carrier",
    "code",
)


def scrub(text: str) -> str:
    """Blank what could be a number, a receipt or a secret, and cut what is long."""
    text = _SECRET_PATH.sub(r"\1…", text)
    text = _QUERY.sub("?…", text)
    return _DIGITS.sub("#", text)[:_LONGEST]


def where(error: BaseException) -> str:
    """Return type and place of an exception: file and line of each step, never its message."""
    return f"{type(error).__name__} at {_steps(error.__traceback__)}"


def _steps(trace: TracebackType | None) -> str:
    steps = traceback.extract_tb(trace)[-6:]
    return " < ".join(f"{step.filename.rsplit('/', 2)[-1]}:{step.lineno} {step.name}" for step in reversed(steps))


def _scrubbed(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401
    raised = event.pop("exc_info", None)
    error = raised[1] if isinstance(raised, tuple) else sys.exc_info()[1] if raised is True else raised
    if isinstance(error, BaseException):
        event["error"], event["where"] = type(error).__name__, _steps(error.__traceback__)
    kept = {name: event[name] for name in _OURS if name in event}
    return {
        name: value if name == "timestamp" or isinstance(value, int | float) else scrub(str(value))
        for name, value in kept.items()
    }


class _ToStandardError(logging.Handler):
    """Writes to what standard error is at that moment; a line that cannot be made or written is lost, not shown."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 - whatever is wrong with it
            self.handleError(record)


def init_logs(level: int = logging.INFO) -> None:
    """Send every logger of the process through the scrubber to standard error, one line each."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _scrubbed,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "logger", "event"]),
        ],
    )
    handler = _ToStandardError()
    handler.setFormatter(formatter)
    logging.raiseExceptions = False  # else a log call that cannot be written is printed with all its arguments
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("twilio", "urllib3", "requests", "werkzeug", "alembic", "sqlalchemy", "huey", "africastalking"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
