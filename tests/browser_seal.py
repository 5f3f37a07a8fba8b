"""What a browser does to seal a story: only ``cryptography``'s HPKE and AES-GCM, and the layout of docs/api.md."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SUITE = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


def fields(*parts: str) -> bytes:
    return b"".join(len(part.encode()).to_bytes(2, "big") + part.encode() for part in parts)


def pad(plain: bytes) -> bytes:
    size = 256
    while size < len(plain) + 4:
        size *= 2
    return (len(plain).to_bytes(4, "big") + plain).ljust(size, b"\0")


def seal(keys: Mapping[str, Any], client_id: str, story: Mapping[str, Any], desks: tuple[str, ...]) -> dict[str, Any]:
    """Return what goes into ``sealed`` of POST /api/v1/tips; ``keys`` is the answer of GET /api/v1/keys."""
    content_key, nonce = os.urandom(32), os.urandom(12)
    binding = hashlib.sha256(client_id.encode()).hexdigest()
    place = (keys["label"], keys["instance"], binding, keys["entry"])
    plain = json.dumps(story).encode()
    body = bytes([keys["suite"]]) + nonce + AESGCM(content_key).encrypt(nonce, pad(plain), fields(*place, ""))
    wraps = {}
    for key in keys["keys"]:
        if key["desk"] in desks:
            public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), base64.b64decode(key["public_key"]))
            sealed = SUITE.encrypt(content_key, public, info=fields(*place, key["id"]))
            wraps[key["id"]] = bytes([keys["suite"]]) + bytes.fromhex(key["id"]) + sealed
    return {
        "suite": keys["suite"],
        "body": base64.b64encode(body).decode(),
        "wraps": {key_id: base64.b64encode(wrap).decode() for key_id, wrap in wraps.items()},
    }
