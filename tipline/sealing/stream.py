"""A long stream sealed to one key: backups. AES-256-GCM in chunks, so that no chunk can be lost, moved or cut off.

After the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): the nonce is a random prefix, a counter and
a mark on the last chunk. The content key is wrapped by HPKE like everything else.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tipline.sealing.envelope import KEY_ID_BYTES, CannotOpen, PrivateKey, PublicKey, unwrap, wrap

MAGIC = b"tipline backup 1\n"
CHUNK = 1 << 20
_PREFIX_BYTES = 7
_WRAP_BYTES = 1 + KEY_ID_BYTES + 65 + 32 + 16
_INFO = b"tipline backup"


def write_sealed(lines: Iterator[bytes], file: IO[bytes], reader: PublicKey) -> None:
    """Seal what the iterator gives to one reader."""
    key, prefix = AESGCM.generate_key(256), secrets.token_bytes(_PREFIX_BYTES)
    file.write(MAGIC + wrap(key, reader, _INFO) + prefix)
    aes, held, number = AESGCM(key), bytearray(), 0
    for line in lines:
        held += line
        while len(held) > CHUNK:
            _put(file, aes.encrypt(_nonce(prefix, number, last=False), bytes(held[:CHUNK]), None))
            del held[:CHUNK]
            number += 1
    _put(file, aes.encrypt(_nonce(prefix, number, last=True), bytes(held), None))


def read_sealed(file: IO[bytes], key: PrivateKey) -> Iterator[bytes]:
    """Give back what was sealed, chunk by chunk; CannotOpen with another key, or if anything is missing or changed."""
    if file.read(len(MAGIC)) != MAGIC:
        raise CannotOpen
    aes = AESGCM(unwrap(file.read(_WRAP_BYTES), key, _INFO))
    prefix, number = file.read(_PREFIX_BYTES), 0
    chunk = _take(file)
    while chunk:
        following = _take(file)
        try:
            yield aes.decrypt(_nonce(prefix, number, last=not following), chunk, None)
        except (InvalidTag, ValueError):
            raise CannotOpen from None
        chunk, number = following, number + 1
    if number == 0:
        raise CannotOpen


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])


def _put(file: IO[bytes], sealed: bytes) -> None:
    file.write(len(sealed).to_bytes(4, "big") + sealed)


def _take(file: IO[bytes]) -> bytes:
    size = int.from_bytes(file.read(4), "big")
    if size > CHUNK + 16:
        raise CannotOpen
    return file.read(size)
