"""Derived keys are HKDF-SHA256 as RFC 5869 and pyca/cryptography have it."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tipline.sealing import derive


@pytest.mark.parametrize("salt", [None, b"", b"s", bytes(range(32)), b"s" * 100])
@pytest.mark.parametrize("length", [1, 16, 32, 33, 48, 64, 82, 255])
@pytest.mark.parametrize("purpose", ["", "receipt key", "\u0161 " * 40])
def test_a_derived_key_is_hkdf(salt: bytes | None, length: int, purpose: str) -> None:
    expected = HKDF(SHA256(), length, salt, purpose.encode()).derive(b"k" * 32)
    assert derive(b"k" * 32, purpose, length, salt) == expected


def test_the_rfcs_third_case() -> None:
    okm = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    assert derive(b"\x0b" * 22, "", 42).hex() == okm
