"""Slow hashes: people's passwords and reporters' receipts, both Argon2id (RFC 9106) with the pepper as its secret.

Separate semaphores bound what sign-ins and receipts may cost at once: 64 MiB and about 0.15 s a sign-in, 19 MiB and
about 0.04 s a receipt. Receipts are worked out by two threads of low priority. Each keeps its 19 MiB for the next one;
without them every thread of the server would (and memory given back and asked for again halves Argon2id's speed).
"""

from __future__ import annotations

import os
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from tipline.errors import Busy
from tipline.sealing.envelope import PrivateKey
from tipline.sealing.secret import derive, lock, unlock

_SIGN_INS = threading.BoundedSemaphore(2)
_RECEIPTS = threading.BoundedSemaphore(2)
_WAIT_SECONDS = 20.0
_HANDS = ThreadPoolExecutor(
    2, "receipts", initializer=lambda: os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
)
_RECEIPT_SALT = b"tipline receipt v1"
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # no letter that looks like another
MIN_OWN_PASSWORD = 14


@dataclass(frozen=True)
class ReceiptKeys:
    """What a receipt's digits open: where the thread is found, and the reporter's key."""

    lookup: bytes
    key: PrivateKey


def new_passphrase(groups: int = 5) -> str:
    """Return a generated passphrase: groups of four letters and digits, about 20 bits each."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(groups))


def password_key(password: str, salt: bytes, pepper: bytes) -> bytes:
    """Return the 32-byte key that a password opens (Argon2id 64 MiB, t=3). Busy if too many sign in at once."""
    with _Slot(_SIGN_INS):
        hasher = Argon2id(salt=salt, length=32, iterations=3, lanes=1, memory_cost=64 * 1024, secret=pepper)
        return hasher.derive(password.encode(errors="surrogatepass"))


def wrap_private(key: PrivateKey, by: bytes, owner: str) -> bytes:
    """Lock a private key with a 32-byte key, for one owner."""
    return lock(key.scalar, by, f"private key of {owner}")


def unwrap_private(locked: bytes, by: bytes, owner: str) -> PrivateKey:
    """Undo ``wrap_private``; CannotOpen with another key or owner: this is the password check."""
    return PrivateKey(unlock(locked, by, f"private key of {owner}"))


def receipt_keys(digits: str, pepper: bytes, *, minting: bool = False) -> ReceiptKeys:
    """Return what sixteen digits open (Argon2id 19 MiB, t=2, then HKDF). Busy if too many ask at once.

    Minting takes no slot, so that it is never told to wait; whoever returns waits for one of them at most.
    """
    hasher = Argon2id(salt=_RECEIPT_SALT, length=32, iterations=2, lanes=1, memory_cost=19 * 1024, secret=pepper)
    with nullcontext() if minting else _Slot(_RECEIPTS):
        root = _HANDS.submit(hasher.derive, digits.encode()).result()
    return ReceiptKeys(derive(root, "receipt lookup"), PrivateKey.from_seed(derive(root, "receipt key", 48)))


class _Slot:
    """A place in a semaphore, or Busy after a while."""

    def __init__(self, semaphore: threading.BoundedSemaphore) -> None:
        self._semaphore = semaphore

    def __enter__(self) -> None:
        if not self._semaphore.acquire(timeout=_WAIT_SECONDS):
            raise Busy

    def __exit__(self, *_: object) -> None:
        self._semaphore.release()
