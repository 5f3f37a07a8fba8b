"""Symmetric seals and keyed hashes for what the server itself must read again (outbox, forms, sessions)."""

from __future__ import annotations

import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tipline.sealing.envelope import CannotOpen

_NONCE_BYTES = 12
_HASH_BYTES = 32


def lock(data: bytes, key: bytes, purpose: str) -> bytes:
    """Encrypt with a 32-byte key (AES-256-GCM); ``purpose`` must be the same when it is opened."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, purpose.encode())


def unlock(locked: bytes, key: bytes, purpose: str) -> bytes:
    """Undo ``lock``; CannotOpen for another key, purpose or a damaged byte."""
    if len(locked) < _NONCE_BYTES:
        raise CannotOpen
    try:
        return AESGCM(key).decrypt(locked[:_NONCE_BYTES], locked[_NONCE_BYTES:], purpose.encode())
    except InvalidTag:
        raise CannotOpen from None


def keyed_hash(key: bytes, *parts: str) -> bytes:
    """Return HMAC-SHA256 over length-prefixed parts: worthless to whoever has no key."""
    encoded = [part.encode(errors="surrogatepass") for part in parts]  # what people type need not be clean
    return hmac.digest(key, b"".join([len(one).to_bytes(4, "big") + one for one in encoded]), "sha256")


def derive(key: bytes, purpose: str, length: int = 32, salt: bytes | None = None) -> bytes:
    """Return HKDF-SHA256(key) for one purpose (RFC 5869; by hand, since every USSD screen needs one)."""
    extracted = hmac.digest(salt or bytes(_HASH_BYTES), key, "sha256")
    derived, block, counter = b"", b"", 1
    while len(derived) < length:
        block = hmac.digest(extracted, block + purpose.encode() + bytes([counter]), "sha256")
        derived, counter = derived + block, counter + 1
    return derived[:length]


def same(one: str, other: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())
