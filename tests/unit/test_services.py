"""No number reaches the public that nobody has confirmed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tipline import services

CONFIRMED = 'phone = "{}"\nverified_on = 2026-12-01\n'


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / services.FILE
    path.write_text(text)
    return path


def test_the_shipped_directory_holds_no_number() -> None:
    assert services.directory()
    assert services.confirmed_contacts() == []
    assert services.emergency() == []
    assert services.unconfirmed() == list(services.directory())
    assert all(service.name("st") and service.name("en") for service in services.directory())


def test_an_operator_confirms_a_number(tmp_path: Path) -> None:
    path = own(tmp_path, '[[service]]\nslug = "police"\n' + CONFIRMED.format("123"))
    (police,) = services.emergency(path)
    assert (police.phone, police.verified_on, police.name("st")) == ("123", date(2026, 12, 1), "Sepolesa")
    assert "police" not in {service.slug for service in services.unconfirmed(path)}


@pytest.mark.parametrize(
    "missing", ['phone = "123"\n', "verified_on = 2026-12-01\n", 'phone = "123"\nverified_on = ""\n']
)
def test_half_a_confirmation_is_none(tmp_path: Path, missing: str) -> None:
    assert services.emergency(own(tmp_path, f'[[service]]\nslug = "police"\n{missing}')) == []


def test_near_ones_come_first_and_others_districts_not_at_all(tmp_path: Path) -> None:
    block = '[[service]]\nslug = "{0}"\nname_en = "{0}"\nname_st = "{0}"\n{1}' + CONFIRMED.format("1")
    text = block.format("all", "") + block.format("near", 'districts = ["leribe"]\n')
    path = own(tmp_path, text + block.format("far", 'districts = ["quthing"]\n'))
    assert [service.slug for service in services.confirmed_contacts("leribe", own=path)] == ["near", "all"]
    assert len(services.confirmed_contacts(own=path)) == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[service]]\nname_en = "x"\n', "without a slug"),
        ('[[service]]\nslug = "police"\nfone = "1"\n', "fone"),
        ('[[service]]\nslug = "new"\n', "name_en and name_st"),
        ('[[service]]\nslug = "police"\nverified_on = "soon"\n', "a date like"),
    ],
)
def test_a_wrong_block_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        services.directory(own(tmp_path, text))
