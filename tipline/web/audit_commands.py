"""``flask --app app audit …``: does the audit log stand, and the line to keep elsewhere that proves it."""

from __future__ import annotations

import click
from flask.cli import AppGroup, with_appcontext

from tipline import audit_check
from tipline.audit_check import Verdict
from tipline.house import KeyFileMissing
from tipline.web import house

audit_cli = AppGroup("audit", help="The log of what staff did: does it stand?")
_BROKEN, _UNCLEAR = 1, 2


@audit_cli.command("verify")
@click.option("--digest", "line", metavar='"SEQ LETTERS"', help="A line of `audit digest` that was kept elsewhere.")
@with_appcontext
def verify(line: str | None) -> None:
    """Walk the whole log. Exit 0: it stands; 1: it was changed, and where; 2: it could not be checked."""
    try:
        kept = audit_check.read_digest(line) if line is not None else None
        with house().database.read() as session:
            found = audit_check.verify(session, house().keys, kept)
    except audit_check.NoDigest:
        click.echo("This is no digest line: a number, a space, eight groups of four letters.", err=True)
        raise SystemExit(_UNCLEAR) from None
    except KeyFileMissing:
        click.echo("The key file cannot be read; without it nothing can be checked.", err=True)
        raise SystemExit(_UNCLEAR) from None
    click.echo(_in_words(found))
    if found.code != audit_check.STANDS:
        raise SystemExit(_BROKEN)
    if kept is None:
        click.echo("Whether rows at the end were cut off only a digest that was kept elsewhere can tell (--digest).")


@audit_cli.command("digest")
@with_appcontext
def digest() -> None:
    """Print the line to keep elsewhere: the newest row's number, and letters that only this log can have there."""
    with house().database.read() as session:
        click.echo(str(audit_check.digest(session)))


def _in_words(found: Verdict) -> str:
    seq, other = found.seq, found.other
    match found.code:
        case audit_check.STANDS:
            return f"The audit log stands: {seq} rows, each in its place."
        case audit_check.REMOVED:
            return f"Row {seq} was removed." if seq == other else f"Rows {seq} to {other} were removed."
        case audit_check.ALTERED:
            return f"Row {seq} was altered, or was never written by this instance."
        case audit_check.MOVED:
            return f"Rows were reordered: what was row {seq} stands as row {other}."
        case audit_check.INSERTED:
            return f"Row {seq} was inserted: what was row {seq} stands as row {other}."
        case audit_check.CUT:
            return f"Rows were cut off at the end: row {seq} and what followed are gone, {other} rows are left."
        case _:
            return f"The log was written anew: row {seq} is not the one whose digest was kept."
