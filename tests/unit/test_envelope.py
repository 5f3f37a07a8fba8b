"""Envelopes open for their reader in their place, and for nobody else and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cryptography_vectors
import pytest
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from tipline import sealing
from tipline.sealing import CannotOpen, PrivateKey, Where, envelope

HERE = Where("instance", "tip", "entry")
OURS = (0, envelope.KEM_ID, envelope.KDF_ID, envelope.AEAD_ID)  # mode base
ONE, TWO, STRANGER = (PrivateKey.generate() for _ in range(3))


def vectors() -> list[dict[str, Any]]:
    """Return the CFRG's vectors (RFC 9180 appendix A) for the suite that the house uses."""
    path = Path(cryptography_vectors.__file__).parent / "HPKE" / "test-vectors.json"
    every = json.loads(path.read_text())
    return [one for one in every if (one["mode"], one["kem_id"], one["kdf_id"], one["aead_id"]) == OURS]


def test_the_suite_opens_the_vectors_of_the_standard() -> None:
    (vector,) = vectors()
    first = vector["encryptions"][0]
    scalar = bytes.fromhex(vector["skRm"])
    plain = openssl.hpke._decrypt_with_aad(
        envelope._SUITE,
        bytes.fromhex(vector["enc"] + first["ct"]),
        ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1()),
        info=bytes.fromhex(vector["info"]),
        aad=bytes.fromhex(first["aad"]),
    )
    assert plain == bytes.fromhex(first["pt"])
    assert PrivateKey(scalar).public().point == bytes.fromhex(vector["pkRm"])


@given(st.binary(max_size=3000))
def test_what_is_sealed_opens_for_each_of_its_readers_only(data: bytes) -> None:
    sealed = sealing.seal(data, HERE, [ONE.public(), TWO.public()])
    for reader in (ONE, TWO):
        assert sealing.open_sealed(sealed.body, sealed.wraps, reader, HERE) == data
    with pytest.raises(CannotOpen):
        sealing.open_sealed(sealed.body, sealed.wraps, STRANGER, HERE)


def test_there_is_no_way_to_seal_to_nobody() -> None:
    with pytest.raises(ValueError, match="reader"):
        sealing.seal(b"words", HERE, [])


@pytest.mark.parametrize(
    "there",
    [
        Where("other", "tip", "entry"),
        Where("instance", "other", "entry"),
        Where("instance", "tip", "other"),
        Where("instanc", "etip", "entry"),
        Where("", "", ""),
    ],
)
def test_an_envelope_that_was_moved_does_not_open(there: Where) -> None:
    sealed = sealing.seal(b"words", HERE, [ONE.public()])
    with pytest.raises(CannotOpen):
        sealing.open_sealed(sealed.body, sealed.wraps, ONE, there)


def test_neither_body_nor_wrap_can_be_swapped_between_entries() -> None:
    elsewhere = Where("instance", "tip", "elsewhere")
    one = sealing.seal(b"one", HERE, [ONE.public()])
    other = sealing.seal(b"other", elsewhere, [ONE.public()])
    for body, wraps, where in (
        (one.body, other.wraps, HERE),
        (other.body, one.wraps, HERE),
        (other.body, other.wraps, HERE),
        (one.body, one.wraps, elsewhere),
    ):
        with pytest.raises(CannotOpen):
            sealing.open_sealed(body, wraps, ONE, where)


def test_a_wrap_does_not_open_under_another_readers_name() -> None:
    sealed = sealing.seal(b"words", HERE, [ONE.public()])
    stolen = {TWO.public().id: sealed.wraps[ONE.public().id]}
    with pytest.raises(CannotOpen):
        sealing.open_sealed(sealed.body, stolen, TWO, HERE)


@given(st.data())
def test_a_damaged_byte_anywhere_is_noticed(data: st.DataObject) -> None:
    sealed = sealing.seal(b"words", HERE, [ONE.public()])
    name = ONE.public().id
    whole = sealed.body + sealed.wraps[name]
    at = data.draw(st.integers(0, len(whole) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    damaged = whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :]
    body, wrap = damaged[: len(sealed.body)], damaged[len(sealed.body) :]
    if 1 <= at - len(sealed.body) <= envelope.KEY_ID_BYTES:  # the key id is a label; a wrong one is looked up in vain
        assert envelope.unpack(envelope.pack({name: wrap})).keys() != {name}
        return
    with pytest.raises(CannotOpen):
        sealing.open_sealed(body, {name: wrap}, ONE, HERE)


@given(st.data())
def test_what_is_cut_off_or_made_up_does_not_open(data: st.DataObject) -> None:
    sealed = sealing.seal(b"words", HERE, [ONE.public()])
    name = ONE.public().id
    short = data.draw(st.integers(0, len(sealed.body) - 1))
    made_up = data.draw(st.binary(max_size=200))
    for body, wrap in (
        (sealed.body[:short], sealed.wraps[name]),
        (made_up, sealed.wraps[name]),
        (sealed.body, sealed.wraps[name][: short % len(sealed.wraps[name])]),
        (sealed.body, made_up),
    ):
        with pytest.raises(CannotOpen):
            sealing.open_sealed(body, {name: wrap}, ONE, HERE)


def test_a_point_that_is_not_on_the_curve_does_not_open() -> None:
    wrap = sealing.wrap(b"k" * 32, ONE.public(), b"info")
    at = 1 + envelope.KEY_ID_BYTES
    for point in (bytes(65), b"\x04" + bytes(64), b"\x04" + b"\xff" * 64, b"\x02" + wrap[at + 1 : at + 65]):
        with pytest.raises(CannotOpen):
            sealing.unwrap(wrap[:at] + point + wrap[at + 65 :], ONE, b"info")


@given(st.integers(0, 5000))
def test_lengths_show_only_as_powers_of_two(length: int) -> None:
    padded = len(envelope.pad(b"x" * length))
    assert padded >= 256
    assert padded & (padded - 1) == 0
    assert padded < 2 * max(length + 4, 256)
    assert envelope.unpad(envelope.pad(b"x" * length)) == b"x" * length


@pytest.mark.parametrize("padded", [b"", b"\0\0\0", b"\0\0\0\x05abcd", b"\xff\xff\xff\xff" + bytes(252)])
def test_a_wrong_length_in_front_is_refused(padded: bytes) -> None:
    with pytest.raises(CannotOpen):
        envelope.unpad(padded)


def test_a_reader_lets_another_in_and_a_stranger_cannot() -> None:
    sealed = sealing.seal(b"words", HERE, [ONE.public()])
    wraps = sealing.reseal(sealed.wraps, ONE, HERE, TWO.public())
    assert sealing.open_sealed(sealed.body, wraps, TWO, HERE) == b"words"
    with pytest.raises(CannotOpen):
        sealing.reseal(sealed.wraps, STRANGER, HERE, STRANGER.public())


def test_wraps_in_one_column() -> None:
    sealed = sealing.seal(b"words", HERE, [ONE.public(), TWO.public()])
    assert sealing.unpack(sealing.pack(sealed.wraps)) == sealed.wraps
    assert sealing.unpack(b"") == {}


def test_the_outer_form_of_bodies_and_wraps_is_known() -> None:
    sealed = sealing.seal(b"x" * 1000, HERE, [ONE.public()])
    (name, wrap), *_ = sealed.wraps.items()
    assert sealing.is_body(sealed.body)
    assert sealing.is_wrap_for(wrap, name)
    assert not any(map(sealing.is_body, (b"", b"\x01", sealed.body[:-1], b"\x02" + sealed.body[1:])))
    assert not sealing.is_wrap_for(wrap, TWO.public().id)
    assert not any(sealing.is_wrap_for(bad, name) for bad in (b"", wrap[:-1], wrap + b"\0", b"\x02" + wrap[1:]))


def test_fields_that_run_together_differ() -> None:
    assert envelope.fields("ab", "c") != envelope.fields("a", "bc")
    assert envelope.fields("a", "") != envelope.fields("", "a")


def test_a_private_key_is_not_printed() -> None:
    assert ONE.scalar.hex() not in repr(ONE)
    assert repr(ONE) == "PrivateKey(…)"


@given(st.binary(min_size=48, max_size=48))
def test_every_seed_gives_a_key_of_the_curve(seed: bytes) -> None:
    key = PrivateKey.from_seed(seed)
    assert 0 < int.from_bytes(key.scalar, "big") < envelope._ORDER
    assert PrivateKey.from_seed(seed) == key
