"""The sixteen digits a reporter comes back with: fifteen random ones and a check digit.

A phone can type them, a voice can read them out, and a slip of one digit or of two neighbours is told apart from a
wrong receipt (Damm 2004). Nothing cheaper to guess than Argon2id stands behind them, so they are minted ahead.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import secrets
import threading
from dataclasses import dataclass, field

from tipline.sealing import PublicKey
from tipline.sealing.passwords import receipt_keys

LENGTH = 16
_DAMM = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Receipt:
    """A fresh receipt: its digits, where its thread will be found, and the reporter's public key."""

    digits: str = field(repr=False)
    lookup: bytes = field(repr=False)
    public: PublicKey = field(repr=False)


def check_digit(digits: str) -> str:
    """Return Damm's check digit: it catches every single slip and every swap of neighbours."""
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return str(interim)


def new_digits() -> str:
    """Return sixteen fresh digits."""
    digits = "".join(secrets.choice("0123456789") for _ in range(LENGTH - 1))
    return digits + check_digit(digits)


def clean(typed: str) -> str:
    """Return only the digits of what somebody typed (spaces, dashes and dots are how people group them)."""
    return "".join(str(int(letter)) for letter in typed if letter.isdecimal())[: LENGTH + 1]


def is_well_formed(digits: str) -> bool:
    """Say whether these can be a receipt: sixteen digits, the last one right."""
    return len(digits) == LENGTH and digits.isdecimal() and check_digit(digits[:-1]) == digits[-1]


def grouped(digits: str) -> str:
    """Return the digits in fours, as people copy them."""
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def mint(pepper: bytes, *, ahead: bool = False) -> Receipt:
    """Make one receipt (about 40 ms)."""
    digits = new_digits()
    keys = receipt_keys(digits, pepper, minting=ahead)
    return Receipt(digits, keys.lookup, keys.key.public())


class Minter:
    """Keeps receipts ready in memory, so that nobody waits for Argon2id. One to a process; nothing touches a disk."""

    def __init__(self, pepper: bytes, ahead: int = 600) -> None:
        """Take the pepper and how many to keep ready (600: a burst of 500 and some)."""
        self._pepper = pepper
        self._ready: queue.Queue[Receipt] = queue.Queue(maxsize=ahead)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def take(self) -> Receipt:
        """Return a receipt: one that is ready, or a fresh one."""
        return self.take_ready() or mint(self._pepper)

    def take_ready(self) -> Receipt | None:
        """Return a receipt that is ready, or None."""
        self.start()
        try:
            return self._ready.get_nowait()
        except queue.Empty:
            return None

    def give_back(self, receipt: Receipt) -> None:
        """Keep a receipt that nobody was given after all."""
        with contextlib.suppress(queue.Full):
            self._ready.put_nowait(receipt)

    def ready(self) -> int:
        """Return how many are ready."""
        return self._ready.qsize()

    def start(self) -> None:
        """Begin minting (again, after a fork)."""
        if self._thread is not None and self._thread.is_alive():
            return
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="minter", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            try:
                self._ready.put(mint(self._pepper, ahead=True))
            except RuntimeError:  # the process is ending: its threads take nothing on
                return
            except Exception:  # noqa: BLE001 - whatever it was, reports are still taken, only slower
                _log.exception("minting stopped")
                return
