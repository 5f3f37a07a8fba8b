"""A backup is everything, opens with the backup key alone, and restores from either database into either."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests import make
from tipline import backup, casework, demo
from tipline.database import Database
from tipline.house import House
from tipline.models import Tip
from tipline.sealing import CannotOpen, KeyFile, PrivateKey


@pytest.fixture
def saved(any_house: House, tmp_path: Path) -> tuple[House, Path, PrivateKey]:
    any_house.take_in(make.report())
    file = tmp_path / "all.backup"
    assert backup.write(any_house.database, any_house.keys, file) > 10
    return any_house, file, backup.read_key(demo.made(any_house.settings.var)["backup-key"])


def test_a_restored_instance_opens_its_tips(saved: tuple[House, Path, PrivateKey], tmp_path: Path) -> None:
    house, file, key = saved
    database, key_path = Database(f"sqlite:///{tmp_path / 'new.db'}"), tmp_path / "new" / "keys.json"
    backup.restore(database, key_path, file, key)
    keys = KeyFile.load(key_path)
    who = make.identity(house, "immigration")
    with database.read() as session:
        tip = session.scalars(select(Tip)).one()
        case = casework.hold(session, who, tip.uid, keys=keys, now=make.NOON)
        assert casework.view(session, case).text == make.STORY
    with pytest.raises(backup.NotEmpty):
        backup.restore(database, tmp_path / "other.json", file, key)
    database.dispose()


def test_another_key_opens_nothing_and_changes_nothing(saved: tuple[House, Path, PrivateKey], tmp_path: Path) -> None:
    _, file, key = saved
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    with pytest.raises(CannotOpen):
        backup.restore(database, tmp_path / "keys.json", file, PrivateKey.generate())
    whole = file.read_bytes()
    for damaged in (whole[:-1], whole[:200] + bytes([whole[200] ^ 1]) + whole[201:], b"", whole[:20]):
        file.write_bytes(damaged)
        with pytest.raises(CannotOpen):
            backup.restore(database, tmp_path / "keys.json", file, key)
    assert not (tmp_path / "keys.json").exists()
    database.dispose()


def test_a_backup_key_is_read_as_people_write_it() -> None:
    key = backup.new_key()
    assert backup.read_key(backup.key_text(key).lower().replace("-", " ")) == key
    for wrong in ("", "abc", "1" * 52):
        with pytest.raises(CannotOpen):
            backup.read_key(wrong)


def test_a_restored_database_goes_on_counting(saved: tuple[House, Path, PrivateKey], any_house: House) -> None:
    house, file, key = saved
    with house.database.engine.begin() as connection:
        for table in reversed(list(backup._tables(connection).values())):
            connection.execute(table.delete())
    key_path = house.settings.var / "restored.json"
    backup.restore(house.database, key_path, file, key)
    house.take_in(make.report())
    with any_house.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Tip)) == 2
