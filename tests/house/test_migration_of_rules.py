"""The table of routing rules: what was there is carried across, and the seed's rules stay in force."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import make
from tests.house.old_tables import A_DESK, A_TIP, carried_across
from tipline import routing, rulebook
from tipline.models import RuleSet, Tip


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_eighteenth_leaves_reports_as_they_are_and_the_seed_in_force(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with carried_across(kind, request, tmp_path, "0016", A_DESK, A_TIP) as database, database.write() as session:
        assert session.get_one(Tip, 7).received_at == make.NOON
        assert rulebook.newest(session).rules == routing.seed().rules
        session.add(RuleSet(version=2, rules=[{"to": ["one"], "when": {}, "otherwise": False}], reason="so"))
        session.flush()
        assert rulebook.newest(session).rules == (routing.Rule(("one",), {}, otherwise=False),)
