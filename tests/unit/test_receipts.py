"""Receipts survive being written down, read out and typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import make
from tipline import receipts
from tipline.house import House
from tipline.sealing import CannotOpen, Where, open_sealed, seal
from tipline.sealing.passwords import receipt_keys

DIGITS = st.text("0123456789", min_size=15, max_size=15)
PEPPER = b"p" * 32


def test_damm_s_own_example() -> None:
    assert receipts.check_digit("572") == "4"


@given(DIGITS, st.integers(0, 15), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(fifteen: str, at: int, step: int) -> None:
    right = fifteen + receipts.check_digit(fifteen)
    wrong = right[:at] + str((int(right[at]) + step) % 10) + right[at + 1 :]
    assert receipts.is_well_formed(right)
    assert not receipts.is_well_formed(wrong)


@given(DIGITS, st.integers(0, 14))
def test_two_neighbours_changed_round_are_noticed(fifteen: str, at: int) -> None:
    right = fifteen + receipts.check_digit(fifteen)
    wrong = right[:at] + right[at + 1] + right[at] + right[at + 2 :]
    assert receipts.is_well_formed(wrong) == (right == wrong)


@given(st.text(max_size=40))
def test_anything_can_be_typed(typed: str) -> None:
    digits = receipts.clean(typed)
    assert len(digits) <= receipts.LENGTH + 1
    assert digits == "" or digits.isascii()
    receipts.is_well_formed(typed)
    receipts.is_well_formed(digits)


@pytest.mark.parametrize(
    "typed",
    [
        "4271993015826047",
        "4271 9930 1582 6047",
        "4271-9930-1582-6047",
        " 4271.9930.1582.6047\n",
        "４２７１９９３０１５８２６０４７",
        "no. 4271 9930 / 1582 6047",
    ],
)
def test_the_same_receipt_however_it_is_grouped(typed: str) -> None:
    assert receipts.clean(typed) == "4271993015826047"


def test_seventeen_digits_are_not_cut_to_sixteen_right_ones() -> None:
    assert not receipts.is_well_formed(receipts.clean("42719930158260470"))


def test_they_are_shown_in_fours() -> None:
    assert receipts.grouped("4271993015826047") == "4271 9930 1582 6047"


def test_fresh_ones_are_well_formed_and_differ() -> None:
    many = {receipts.new_digits() for _ in range(200)}
    assert len(many) == 200
    assert all(receipts.is_well_formed(one) for one in many)


def test_digits_alone_lead_to_the_thread_and_its_key() -> None:
    fresh = receipts.mint(PEPPER)
    opens = receipt_keys(fresh.digits, PEPPER)
    assert opens.lookup == fresh.lookup
    here = Where("instance", "tip", "entry")
    sealed = seal(b"answer", here, [fresh.public])
    assert open_sealed(sealed.body, sealed.wraps, opens.key, here) == b"answer"
    other = receipt_keys(fresh.digits, b"another pepper: another instance")
    assert other.lookup != fresh.lookup
    with pytest.raises(CannotOpen):
        open_sealed(sealed.body, sealed.wraps, other.key, here)
    assert fresh.digits not in repr(fresh)


def test_they_are_minted_ahead(house: House) -> None:
    minter = receipts.Minter(house.keys.pepper, ahead=2)
    one, two = minter.take(), minter.take()
    assert one.digits != two.digits
    make.until(lambda: minter.ready() == 2)
    ready = minter.take_ready()
    assert ready is not None
    assert receipts.is_well_formed(ready.digits)


def test_a_receipt_given_back_is_ready_for_the_next_and_one_too_many_is_dropped() -> None:
    kept = receipts.Minter(b"p" * 32, ahead=1)
    kept.give_back(receipts.mint(b"p" * 32))
    kept.give_back(receipts.mint(b"p" * 32))
    assert kept.ready() == 1
