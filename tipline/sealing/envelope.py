"""One envelope everywhere: HPKE (RFC 9180), base mode, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.

Every entry has its own content key; the body is AES-256-GCM over padded bytes, the content key is wrapped by HPKE
for each reader. ``info`` (RFC 9180 §5.1) binds a wrap to its instance, tip, entry and reader, so that a blob moved
elsewhere does not open. WebCrypto can write the same bytes.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SUITE_P256 = 1
KEM_ID, KDF_ID, AEAD_ID = 0x0010, 0x0001, 0x0002  # RFC 9180 §7
LABEL = "tipline/1"
KEY_ID_BYTES = 8
_SUITE = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_SMALLEST_BUCKET = 256
_NONCE_BYTES, _TAG_BYTES, _POINT_BYTES = 12, 16, 65
WRAP_BYTES = 1 + KEY_ID_BYTES + _POINT_BYTES + 32 + _TAG_BYTES  # of a content key


class CannotOpen(Exception):
    """This envelope does not open with this key in this place."""


@dataclass(frozen=True)
class PublicKey:
    """A reader's P-256 key: ``point`` is the 65-byte uncompressed form, ``id`` 16 hex digits of its SHA-256."""

    point: bytes

    @property
    def id(self) -> str:
        """Return the key's name in envelopes: the first 8 bytes of SHA-256(point), as hex."""
        return _key_id(self.point)


@dataclass(frozen=True)
class PrivateKey:
    """The 32-byte scalar of a P-256 key; never printed."""

    scalar: bytes

    def __repr__(self) -> str:
        """Hide the scalar."""
        return "PrivateKey(…)"

    @classmethod
    def generate(cls) -> PrivateKey:
        """Make a fresh key."""
        return cls(ec.generate_private_key(_CURVE).private_numbers().private_value.to_bytes(32, "big"))

    @classmethod
    def from_seed(cls, seed: bytes) -> PrivateKey:
        """Derive a key from at least 48 uniform bytes (bias below 2**-128, FIPS 186-5 A.2.1)."""
        return cls((int.from_bytes(seed, "big") % (_ORDER - 1) + 1).to_bytes(32, "big"))

    def public(self) -> PublicKey:
        """Return the public half."""
        point = _private(self.scalar).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return PublicKey(point)


@dataclass(frozen=True)
class Where:
    """The place an envelope belongs to; it opens nowhere else."""

    instance: str
    tip: str
    entry: str

    def info(self, recipient: str = "") -> bytes:
        """Return the bytes that bind: every field with its length (2 bytes, big-endian) before it."""
        return fields(LABEL, self.instance, self.tip, self.entry, recipient)


@dataclass(frozen=True)
class Sealed:
    """An entry at rest: the sealed body, and its content key once for each reader (by key id)."""

    body: bytes
    wraps: dict[str, bytes]


def fields(*parts: str) -> bytes:
    """Join text fields so that no two different lists give the same bytes."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(2, "big") + part for part in encoded)


def pad(data: bytes) -> bytes:
    """Return ``data`` with its length before it, filled up with zeros to the next power of two (256 B or more)."""
    size = _SMALLEST_BUCKET
    while size < len(data) + 4:
        size *= 2
    return len(data).to_bytes(4, "big") + data + bytes(size - 4 - len(data))


def unpad(padded: bytes) -> bytes:
    """Undo ``pad``; CannotOpen if the length does not fit."""
    length = int.from_bytes(padded[:4], "big")
    if len(padded) < 4 or length > len(padded) - 4:  # noqa: PLR2004 - the length itself
        raise CannotOpen
    return padded[4 : 4 + length]


def wrap(secret: bytes, reader: PublicKey, info: bytes) -> bytes:
    """Seal a short secret to one reader: suite byte, key id, enc (65 bytes), ciphertext."""
    sealed = _SUITE.encrypt(secret, _public(reader.point), info=info)
    return bytes([SUITE_P256]) + bytes.fromhex(reader.id) + sealed


def unwrap(envelope: bytes, key: PrivateKey, info: bytes) -> bytes:
    """Open what ``wrap`` made; CannotOpen for another suite, key, place or a damaged byte."""
    if len(envelope) < 1 + KEY_ID_BYTES + _POINT_BYTES or envelope[0] != SUITE_P256:
        raise CannotOpen
    try:
        return _SUITE.decrypt(envelope[1 + KEY_ID_BYTES :], _private(key.scalar), info=info)
    except (InvalidTag, ValueError):
        raise CannotOpen from None


def new_content_key() -> bytes:
    """Return a fresh key for one entry."""
    return AESGCM.generate_key(256)


def seal(data: bytes, where: Where, readers: Iterable[PublicKey], content_key: bytes | None = None) -> Sealed:
    """Seal one entry to its readers, under a fresh key of its own unless one is given.

    ValueError without a reader: there is no plaintext branch.
    """
    content_key = content_key or new_content_key()
    wraps = {reader.id: wrap(content_key, reader, where.info(reader.id)) for reader in readers}
    if not wraps:
        msg = "an entry needs a reader"
        raise ValueError(msg)
    return Sealed(seal_body(data, where, content_key), wraps)


def seal_body(data: bytes, where: Where, content_key: bytes) -> bytes:
    """Seal only the body of an entry, whose key is wrapped to its readers already (a draft that grows)."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return bytes([SUITE_P256]) + nonce + AESGCM(content_key).encrypt(nonce, pad(data), where.info())


def open_sealed(body: bytes, wraps: Mapping[str, bytes], key: PrivateKey, where: Where) -> bytes:
    """Open an entry with one reader's key; CannotOpen if it is not sealed to it or was moved or damaged."""
    content_key = _content_key(wraps, key, where)
    if len(body) < 1 + _NONCE_BYTES or body[0] != SUITE_P256:
        raise CannotOpen
    try:
        return unpad(AESGCM(content_key).decrypt(body[1 : 1 + _NONCE_BYTES], body[1 + _NONCE_BYTES :], where.info()))
    except (InvalidTag, ValueError):
        raise CannotOpen from None


def is_body(body: bytes) -> bool:
    """Say whether this has the outer form of a sealed body; only a reader can tell more."""
    padded = len(body) - 1 - _NONCE_BYTES - _TAG_BYTES
    return body[:1] == bytes([SUITE_P256]) and padded >= _SMALLEST_BUCKET and padded & (padded - 1) == 0


def is_wrap_for(envelope: bytes, key_id: str) -> bool:
    """Say whether this has the outer form of a content key wrapped for this key."""
    right = len(envelope) == WRAP_BYTES and envelope[0] == SUITE_P256
    return right and envelope[1 : 1 + KEY_ID_BYTES].hex() == key_id


def reseal(wraps: Mapping[str, bytes], key: PrivateKey, where: Where, reader: PublicKey) -> dict[str, bytes]:
    """Return the wraps with one more reader, whom a present reader lets in; CannotOpen if they cannot open it."""
    content_key = _content_key(wraps, key, where)
    return {**wraps, reader.id: wrap(content_key, reader, where.info(reader.id))}


def pack(wraps: Mapping[str, bytes]) -> bytes:
    """Put the wraps into one column: each with its length (2 bytes) before it; they carry their own key ids."""
    return b"".join(len(one).to_bytes(2, "big") + one for one in wraps.values())


def unpack(packed: bytes) -> dict[str, bytes]:
    """Undo ``pack``: key id → wrap."""
    wraps = {}
    at = 0
    while at < len(packed):
        end = at + 2 + int.from_bytes(packed[at : at + 2], "big")
        one = packed[at + 2 : end]
        wraps[one[1 : 1 + KEY_ID_BYTES].hex()] = one
        at = end
    return wraps


def _content_key(wraps: Mapping[str, bytes], key: PrivateKey, where: Where) -> bytes:
    reader = key.public().id
    if reader not in wraps:
        raise CannotOpen
    return unwrap(wraps[reader], key, where.info(reader))


@lru_cache(maxsize=4096)
def _key_id(point: bytes) -> str:
    return hashlib.sha256(point).digest()[:KEY_ID_BYTES].hex()


@lru_cache(maxsize=64)
def _public(point: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)


def _private(scalar: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(scalar, "big"), _CURVE)
