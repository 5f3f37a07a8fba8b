"""Time-based one-time codes (RFC 6238): six digits, 30 seconds, SHA-1 as every authenticator app has it."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP_SECONDS = 30


def new_secret() -> bytes:
    """Return 20 random bytes (RFC 4226 §4 R6)."""
    return secrets.token_bytes(20)


def matching_step(secret: bytes, code: str, now: datetime) -> int | None:
    """Return the time step that the code belongs to (the present one or a neighbour), or None.

    The caller remembers the step: a code works once (RFC 6238 §5.2).
    """
    if len(code) != 6 or not code.isascii() or not code.isdigit():  # noqa: PLR2004 - as the apps show it
        return None
    totp = _totp(secret)
    present = int(now.timestamp()) // STEP_SECONDS
    for step in (present, present - 1, present + 1):
        try:
            totp.verify(code.encode(), step * STEP_SECONDS)
        except InvalidToken:
            continue
        return step
    return None


def code_at(secret: bytes, now: datetime) -> str:
    """Return the code an authenticator app would show."""
    return _totp(secret).generate(int(now.timestamp())).decode()


def provisioning_uri(secret: bytes, name: str, issuer: str) -> str:
    """Return the otpauth:// address for an authenticator app."""
    return _totp(secret).get_provisioning_uri(name, issuer)


def as_text(secret: bytes) -> str:
    """Return the secret as people type it (base32)."""
    return base64.b32encode(secret).decode().rstrip("=")


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, 6, SHA1(), STEP_SECONDS)  # noqa: S303 - RFC 6238's default; HMAC-SHA-1 is not broken
