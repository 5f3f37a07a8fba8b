"""The migration that brings the duty to report: it carries outcomes across."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import bindparam, select, text

from tests import make
from tests.house.old_tables import empty_database
from tipline import migrate
from tipline.models import Approval, Entry, Outcome, PoliceReport, UtcDateTime


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_nineteenth_carries_everything_across(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with empty_database(kind, request, tmp_path) as database:
        migrate.upgrade(database, "0018")
        tip: dict[str, object] = {
            "id": 7, "uid": "u", "binding": "b", "channel": "sms", "language": "st", "category": "unknown",
            "priority": "P2", "reasons": "[]", "indicators": "[]", "stage": "closed", "lead_desk_id": 1,
            "excluded": "[]", "content_consent": True, "unfinished": False, "gathered": 0,
            "waits": False, "received_at": make.NOON, "changed_at": make.NOON,
        }  # fmt: skip
        somebody: dict[str, object] = {
            "id": 1, "name": "a", "role": "caseworker", "desk_id": 1, "salt": b"", "point": b"", "locked_key": b"",
            "totp_confirmed": False, "totp_step": 0, "lang": "en", "created_at": make.NOON,
        }  # fmt: skip
        ended: dict[str, object] = {
            "tip_id": 7, "desk_id": 1, "account_id": 1, "result": "assisted", "clients_served": 14, "reintegrated": 11,
            "created_at": make.NOON,
        }  # fmt: skip
        with database.write() as session:
            session.execute(text("INSERT INTO desk (id, slug, name_st, name_en) VALUES (1, 'one', 'One', 'One')"))
            for table, row in (("account", somebody), ("tip", tip), ("outcome", ended)):
                said = text(f"INSERT INTO {table} ({', '.join(row)}) VALUES (:{', :'.join(row)})")
                times = [bindparam(name, type_=UtcDateTime()) for name in row if name.endswith("_at")]
                session.execute(said.bindparams(*times), row)
        migrate.upgrade(database)
        with database.write() as session:
            kept = session.scalars(select(Outcome)).one()
            assert (kept.clients_served, kept.reintegrated, kept.identified, kept.residential) == (14, 11, None, None)
            entry = Entry(tip_id=7, uid="e", kind="report", body=b"x", wraps=b"x", created_at=make.NOON)
            session.add(entry)
            session.flush()
            by = {"tip_id": 7, "desk_id": 1, "account_id": 1, "created_at": make.NOON}
            session.add(PoliceReport(entry_id=entry.id, told_at=make.NOON, **by))
            session.add(Approval(state="waiting", stage="screened", reason_entry_id=entry.id, **by))
            session.flush()
            assert session.scalar(select(Approval.id)) == session.scalar(select(PoliceReport.id)) == 1
