"""Prices, orders of preference and patience, as an operator writes them down: read exactly, or refused by name."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.channels import fake_carrier
from tests.channels.fake_carrier import FakeCarrier
from tests.unit.conftest import Core
from tipline import costs, prices, settings
from tipline.errors import SettingsError
from tipline.prices import Money, Price


@pytest.mark.parametrize(
    ("amount", "micros", "said"),
    [
        ("0.25", 250_000, "LSL 0.25"), ("1", 1_000_000, "LSL 1.00"), ("0.8000", 800_000, "LSL 0.80"),
        ("0.0079", 7_900, "LSL 0.0079"), ("12.5", 12_500_000, "LSL 12.50"), ("0", 0, "LSL 0.00"),
        ("0.000001", 1, "LSL 0.000001"),
    ],
)  # fmt: skip
def test_an_amount_is_exact(amount: str, micros: int, said: str) -> None:
    read = prices.money("LSL", amount)
    assert read == Money(micros, "LSL")
    assert str(read) == said


@pytest.mark.parametrize(
    ("currency", "amount"),
    [
        ("LSL", ""),
        ("LSL", "-1"),
        ("LSL", "1,5"),
        ("LSL", "1.0000001"),
        ("LSL", "٣"),
        ("lsl", "1"),
        ("M", "1"),
        ("", "1"),
    ],
)
def test_what_is_no_amount_is_none(currency: str, amount: str) -> None:
    assert prices.money(currency, amount) is None


def test_a_price_names_its_carrier_and_its_day() -> None:
    read = prices.read(" Kannel  0.25 LSL 2026-11-01 ")
    assert read == ("kannel", Price(Money(250_000, "LSL"), date(2026, 11, 1)))
    assert read[1].of(3) == Money(750_000, "LSL")
    for wrong in ("kannel 0.25 LSL", "kannel 0.25 LSL yesterday", "kannel x LSL 2026-11-01", "kannel 1 LSL 2026-02-30"):
        assert prices.read(wrong) is None


def load(var: Path, **more: str) -> settings.Settings:
    told = fake_carrier.settings_for(FakeCarrier(url="http://127.0.0.1:1"), "africastalking,twilio,kannel")
    return settings.load({"TIPLINE_VAR": str(var), **told, **more})


def test_each_kind_may_have_an_order_of_its_own(var: Path) -> None:
    read = load(var, TIPLINE_CARRIERS_NOTICE="kannel, Twilio", TIPLINE_UNCONFIRMED_HOURS="6")
    assert read.carriers_by_kind == {"notice": ("kannel", "twilio")}
    assert read.unconfirmed_after == timedelta(hours=6)
    asked = [read.first_carrier(*one) for one in (("notice",), ("notice", "twilio"), ("notice", "africastalking"))]
    assert asked == ["kannel", "twilio", "kannel"]
    assert (read.first_carrier("answer"), read.first_carrier("answer", "kannel")) == ("africastalking", "kannel")
    assert settings.load({"TIPLINE_VAR": str(var), "TIPLINE_DEMO": "0"}).first_carrier("notice") == ""


@pytest.mark.parametrize(
    ("name", "value", "should"),
    [
        ("TIPLINE_CARRIERS_ANSWER", "pigeon", "a list with commas of"),
        ("TIPLINE_CARRIERS_REPLY", "console", "carriers that TIPLINE_CARRIERS names too; console is not"),
        ("TIPLINE_PRICES", "kannel 0.25", "such as: kannel 0.25 LSL 2026-11-01"),
        ("TIPLINE_PRICES", "pigeon 0.25 LSL 2026-11-01", "such as: kannel 0.25 LSL 2026-11-01"),
        ("TIPLINE_UNCONFIRMED_HOURS", "0", "a number of hours, 1 to 168"),
        ("TIPLINE_UNCONFIRMED_HOURS", "soon", "a number of hours, 1 to 168"),
    ],
)
def test_a_wrong_one_is_named_before_anything_starts(var: Path, name: str, value: str, should: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load(var, **{name: value})
    assert [one for one, said in raised.value.problems if should in said] == [name]


def test_costs_are_summed_by_month_and_currency_in_lesothos_time(core: Core) -> None:
    last_of_november = core.clock().replace(day=30, hour=21, minute=59)
    with core.house.database.write() as session:
        for at, cost in (
            (core.clock(), Money(250_000, "LSL")),
            (last_of_november, Money(250_000, "LSL")),
            (last_of_november, Money(7_900, "USD")),
            (last_of_november, None),
            (last_of_november + timedelta(minutes=1), Money(250_000, "LSL")),
        ):
            costs.note(session, "kannel", 2, cost, at)
        months = costs.spent(session)["kannel"]

    assert list(months) == ["2026-12", "2026-11"]
    one = months["2026-11"]
    assert (one.messages, one.segments, one.unpriced) == (4, 8, 1)
    assert one.sums == {"LSL": Money(500_000, "LSL"), "USD": Money(7_900, "USD")}
    whole = costs.total(months)
    assert (whole.messages, whole.segments, whole.unpriced) == (5, 10, 1)
    assert whole.sums["LSL"] == Money(750_000, "LSL")
