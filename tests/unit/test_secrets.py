"""Locks, keyed hashes, passwords, one-time codes and the key file."""

from __future__ import annotations

import json
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import make
from tipline.errors import Busy
from tipline.sealing import CannotOpen, KeyFile, PrivateKey, derive, keyed_hash, lock, same, totp, unlock
from tipline.sealing import passwords as words

KEY, OTHER = b"k" * 32, b"o" * 32


@given(st.binary(max_size=300))
def test_a_lock_opens_with_its_key_for_its_purpose(data: bytes) -> None:
    locked = lock(data, KEY, "purpose")
    assert unlock(locked, KEY, "purpose") == data
    assert data == b"" or data not in locked or len(data) < 4
    for key, purpose in ((OTHER, "purpose"), (KEY, "another purpose")):
        with pytest.raises(CannotOpen):
            unlock(locked, key, purpose)
    with pytest.raises(CannotOpen):
        unlock(locked[:-1] + bytes([locked[-1] ^ 1]), KEY, "purpose")


@given(st.binary(max_size=40))
def test_what_was_never_locked_does_not_open(made_up: bytes) -> None:
    with pytest.raises(CannotOpen):
        unlock(made_up, KEY, "purpose")


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_keyed_hashes_tell_lists_apart(one: list[str], other: list[str]) -> None:
    assert (keyed_hash(KEY, *one) == keyed_hash(KEY, *other)) == (one == other)
    assert keyed_hash(KEY, *one) != keyed_hash(OTHER, *one)


def test_a_lone_surrogate_is_hashed_like_any_letter() -> None:
    assert keyed_hash(KEY, "\ud800") != keyed_hash(KEY, "?")


def test_derived_keys_differ_by_purpose_and_salt() -> None:
    assert len({derive(KEY, "a"), derive(KEY, "b"), derive(KEY, "a", salt=b"s"), derive(OTHER, "a")}) == 4
    assert same("a", "a")
    assert not same("a", "é")


def test_a_password_opens_its_owner_s_key_only() -> None:
    key = PrivateKey.generate()
    by = words.password_key("correct horse battery", b"s" * 16, KEY)
    locked = words.wrap_private(key, by, "lineo")
    assert words.unwrap_private(locked, by, "lineo") == key
    with pytest.raises(CannotOpen):
        words.unwrap_private(locked, by, "palesa")
    for password, salt, pepper in (
        ("correct horse batterz", b"s" * 16, KEY),
        ("correct horse battery", b"t" * 16, KEY),
        ("correct horse battery", b"s" * 16, OTHER),
        ("\ud800", b"s" * 16, KEY),
    ):
        with pytest.raises(CannotOpen):
            words.unwrap_private(locked, words.password_key(password, salt, pepper), "lineo")


def test_passphrases_are_long_and_hold_no_letter_that_looks_like_another() -> None:
    phrase = words.new_passphrase()
    assert len(phrase) == 24
    assert not set(phrase) & set("il1o0")
    assert words.new_passphrase() != phrase


def test_too_many_at_once_are_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    full = threading.BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(words, "_WAIT_SECONDS", 0.01)
    for name, ask in (
        ("_SIGN_INS", lambda: words.password_key("p", b"s" * 16, KEY)),
        ("_RECEIPTS", lambda: words.receipt_keys("1", KEY)),
    ):
        monkeypatch.setattr(words, name, full)
        with pytest.raises(Busy):
            ask()
    words.receipt_keys("1", KEY, minting=True)  # minting waits for nobody


# RFC 6238 appendix B, SHA-1; authenticator apps show the last six of its eight digits.
@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_of_the_standard(seconds: int, code: str) -> None:
    secret, now = b"12345678901234567890", datetime.fromtimestamp(seconds, UTC)
    assert totp.code_at(secret, now) == code
    assert totp.matching_step(secret, code, now) == seconds // 30


@pytest.mark.parametrize(("later", "fits"), [(0, True), (30, True), (-30, True), (61, False), (-61, False)])
def test_a_clock_may_be_half_a_minute_wrong(later: int, fits: bool) -> None:
    secret, now = totp.new_secret(), make.NOON
    step = totp.matching_step(secret, totp.code_at(secret, now), now + timedelta(seconds=later))
    assert step == (int(now.timestamp()) // 30 if fits else None)


@pytest.mark.parametrize("code", ["", "28708", "2870822", "28708a", "２８７０８２", "-28708", " 28708"])
def test_what_is_not_six_digits_is_no_code(code: str) -> None:
    assert totp.matching_step(b"12345678901234567890", code, datetime.fromtimestamp(59, UTC)) is None


def test_the_secret_for_an_authenticator() -> None:
    secret = totp.new_secret()
    assert len(secret) == 20
    assert totp.as_text(secret) in totp.provisioning_uri(secret, "lineo", "Lentsoe")


class TestKeyFile:
    def test_it_is_made_for_its_owner_alone_and_read_again(self, tmp_path: Path) -> None:
        made = KeyFile.create(tmp_path / "deep" / "keys.json", make.NOON, PrivateKey.generate().public().point)
        assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
        assert KeyFile.load(made.path) == made
        assert sorted(made.phone) == ["2026-11", "2026-12"]
        every = [made.outbox, made.forms, made.ussd, made.totp, made.pepper, made.optout, made.ids]
        every += made.phone.values()
        assert len({*every}) == 9
        assert all(len(key) == 32 for key in every)
        assert not any(key.hex() in repr(made) or repr(key) in repr(made) for key in every)

    def test_it_is_never_overwritten(self, tmp_path: Path) -> None:
        made = KeyFile.create(tmp_path / "keys.json", make.NOON)
        with pytest.raises(FileExistsError):
            KeyFile.create(made.path, make.NOON)
        assert KeyFile.load(made.path) == made

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
    def test_one_that_others_can_read_is_refused(self, tmp_path: Path, mode: int) -> None:
        made = KeyFile.create(tmp_path / "keys.json", make.NOON)
        made.path.chmod(mode)
        with pytest.raises(PermissionError):
            KeyFile.load(made.path)

    @pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"keys": {}}', '{"keys": 1, "phone": 2}'])
    def test_what_is_no_key_file_is_refused(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "keys.json"
        path.write_text(text)
        path.chmod(0o600)
        with pytest.raises(ValueError, match="not a key file"):
            KeyFile.load(path)

    def test_a_damaged_key_is_refused(self, tmp_path: Path) -> None:
        made = KeyFile.create(tmp_path / "keys.json", make.NOON)
        data = json.loads(made.path.read_text())
        data["keys"]["outbox"] = "not base64!"
        made.path.write_text(json.dumps(data))
        with pytest.raises(ValueError):
            KeyFile.load(made.path)

    def test_phone_keys_come_with_their_month_and_go_for_ever(self, tmp_path: Path) -> None:
        made = KeyFile.create(tmp_path / "keys.json", make.NOON)
        month, key = made.phone_key(make.NOON)
        assert (month, made.phone_key(make.NOON + timedelta(days=1))[1]) == ("2026-11", key)
        later = make.NOON + timedelta(days=150)
        assert made.phone_key(later)[0] == "2027-04"
        assert made.phone["2026-11"] == key
        made.renew(later, keep_months=3)
        assert "2026-11" not in made.phone
        assert key not in KeyFile.load(made.path).phone.values()
        assert KeyFile.load(made.path) == made
        assert stat.S_IMODE(made.path.stat().st_mode) == 0o600

    def test_two_processes_make_the_same_month_once(self, tmp_path: Path) -> None:
        made = KeyFile.create(tmp_path / "keys.json", make.NOON)
        copies = [KeyFile.load(made.path) for _ in range(8)]
        later = make.NOON + timedelta(days=100)
        threads = [threading.Thread(target=copy.phone_key, args=(later,)) for copy in copies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({copy.phone_key(later)[1] for copy in copies}) == 1
