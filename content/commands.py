"""``flask content …``: what keepers of the lessons ask for."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from flask.cli import AppGroup

from content.check import check

content_cli = AppGroup("content", help="Lessons: what is missing, stale or misspelt.")


@content_cli.command("check")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="Check as if it were this day (default: today).")
def check_lessons(on: datetime | None) -> None:
    """List what has to be mended in the lessons; exit 1 if there is anything but a missing reader."""
    problems = check((on or datetime.now(UTC)).date())
    for problem in problems:
        mark = " " if problem.grave else "·"
        click.echo(f"{mark} {problem.file}: {problem.code}: {problem.detail}")
    grave = sum(problem.grave for problem in problems)
    click.echo(f"{grave} to mend, {len(problems) - grave} to know.")
    if grave:
        raise SystemExit(1)
