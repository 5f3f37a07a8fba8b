"""``flask --app app …``: set up, run and look after an instance. Thin: reads what was asked, calls, prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from flask_babel import force_locale

from tipline import accounts, backup, demo, desks, destruction, migrate, phones, retention, routing
from tipline.doctor import examine
from tipline.errors import BadPhoneNumber, DomainError, SettingsError
from tipline.house import House, utc_now
from tipline.sealing import CannotOpen, KeyFile
from tipline.settings import Settings
from tipline.triage_measure import lines, measure
from tipline.web import house, words
from tipline.web.audit_commands import audit_cli

account_cli = AppGroup("account", help="People who sign in.")


def read_settings(load: Callable[[], Settings]) -> Settings:
    """Read the settings, or say which are wrong and stop."""
    try:
        return load()
    except SettingsError as error:
        for name, should in error.problems:
            click.echo(f"{name} should be {should}.", err=True)
        raise SystemExit(2) from None


def init_commands(app: Flask) -> None:
    """Add the commands."""
    for command in (setup, run_demo, worker, doctor, purge, backup_to, restore, triage, account_cli, audit_cli):
        app.cli.add_command(command)


@click.command()
@click.option("--admin", default="admin", show_default=True, help="The first administrator's name.")
@with_appcontext
def setup(admin: str) -> None:
    """Set up a real instance: key file, tables, desks, first administrator, backup key (each shown once)."""
    instance = house()
    if instance.settings.demo:
        _stop("This is a demo instance. Choose another TIPLINE_VAR for a real one.")
    instance.settings.var.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = instance.settings.key_file
    fresh = not path.exists()
    if fresh:
        backup_key = backup.new_key()
        KeyFile.create(path, utc_now(), backup_point=backup_key.public().point)
    migrate.upgrade(instance.database)
    with instance.database.write() as session:
        desks.seed_desks(session, routing.seed().desks)
        first = accounts.is_first(session)
    word = instance.add_account(admin, "admin", None, "en", by=None) if first else ""
    click.echo(f"Key file: {path} (keep a copy of backups and of the backup key apart from it)")
    if first:
        click.echo(f"First administrator: {admin}\nPassphrase, shown once: {word}")
    if fresh:
        click.echo(f"Backup key, shown once, opens every backup: {backup.key_text(backup_key)}")
    click.echo("Next: flask --app app account add NAME --desk SLUG --role caseworker; flask --app app doctor")


@click.command("demo")
@with_appcontext
def run_demo() -> None:
    """Prepare a demo instance (once), and print where to look and its sign-ins."""
    instance = house()
    var, path = instance.settings.var, instance.settings.key_file
    if instance.settings.never_demo or (path.exists() and not demo.is_demo(var)):
        click.echo(f"{var} is for a real instance; it is left as it is.")
        return
    known = demo.prepare(instance.database, var, path, instance.clock())
    click.echo(demo.welcome(known, instance.settings.base_url))


@click.command()
@with_appcontext
def worker() -> None:
    """Run background jobs: deliver messages, sweep, forget."""
    current_app.extensions["tipline_jobs"].work()


@click.command()
@click.option("--send-test", "number", metavar="NUMBER", help="Only send a test text to NUMBER by each carrier.")
@click.option("--lang", type=click.Choice(["st", "en"]), default="st", show_default=True, help="Of the test text.")
@with_appcontext
def doctor(number: str | None, lang: str) -> None:
    """Say whether this instance is fit for real use; exit 1 if not."""
    if number is not None:
        _send_test(number, lang)
        return
    carriers, jobs = current_app.extensions["tipline_gateways"], current_app.extensions["tipline_jobs"]
    findings = examine(house(), carriers, jobs.ready)
    for finding in findings:
        click.echo(f"{'ok ' if finding.good else 'NOT' if finding.grave else '·  '} {finding.what}: {finding.detail}")
    if any(finding.grave and not finding.good for finding in findings):
        raise SystemExit(1)


def _send_test(number: str, lang: str) -> None:
    """Say of each carrier whether it took a text; stop with 1 if none did."""
    try:
        to = phones.parse(number)
    except BadPhoneNumber:
        _stop("This is no phone number. Write it as +266 and eight digits.")
    worked = False
    for carrier, code in current_app.extensions["tipline_send_test"](to, lang):
        with force_locale("en"):
            click.echo(f"NOT {carrier}: {words.failure(code)}" if code else f"ok  {carrier}")
        worked = worked or not code
    if not worked:
        _stop("No carrier took the text.")


@click.command()
@with_appcontext
def purge() -> None:
    """Forget now what has had its time (the worker does it every hour)."""
    here = house()
    retention.forget(here.database, here.keys, here.clock(), keep_numbers=here.settings.keep_numbers)
    here.database.scrub()
    click.echo("Forgotten.")


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def backup_to(file: Path) -> None:
    """Write everything, the key file too, to FILE, sealed to the backup key."""
    try:
        rows = backup.write(house().database, house().keys, file)
    except backup.NoBackupKey:
        _stop("The key file names no backup key.")
    except OSError as error:
        _stop(f"{file} cannot be written: {error.strerror}.")
    house().note_command("backup_written")
    ends = house().clock() + destruction.BACKUPS
    click.echo(f"{rows} rows in {file}. Delete it by {ends:%Y-%m-%d}: what is forgotten is forgotten only then.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key-stdin", is_flag=True, help="Read the backup key from standard input.")
@with_appcontext
def restore(file: Path, key_stdin: bool) -> None:  # noqa: FBT001 - a flag
    """Restore FILE into an empty instance; asks for the backup key."""
    instance = house()
    typed = sys.stdin.readline() if key_stdin else click.prompt("Backup key", hide_input=True)
    try:
        rows = backup.restore(instance.database, instance.settings.key_file, file, backup.read_key(typed))
    except CannotOpen:
        _stop("This backup does not open with this key, or it is damaged. Nothing was changed.")
    except backup.NotEmpty:
        _stop("This instance is not empty. Restore into a new TIPLINE_VAR and database. Nothing was changed.")
    instance.note_command("restored")
    click.echo(f"{rows} rows restored.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def triage(file: Path, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Advise on each text of FILE (columns as the reference's messages.tsv) and compare; nothing is stored."""
    try:
        result = measure(file)
    except ValueError as error:
        _stop(f"{file}: {error}")
    click.echo(json.dumps(result, indent=1) if as_json else "\n".join(lines(result)))


@account_cli.command("add")
@click.argument("name")
@click.option("--desk", help="The desk's slug.")
@click.option("--role", type=click.Choice(accounts.ROLES), required=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input (14 characters or more).")
@with_appcontext
def add(name: str, desk: str | None, role: str, password_stdin: bool) -> None:  # noqa: FBT001 - a flag
    """Add NAME; a passphrase is generated and shown once unless one is given."""
    instance: House = house()
    if role in accounts.READERS and not desk:
        _stop(f"A {role} belongs to a desk: add --desk SLUG.")
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    try:
        word = instance.add_account(name, role, desk, "en", by=None, password=password)
    except DomainError as error:
        _stop(_WORDS.get(error.code, error.code))
    click.echo(f"Added {name}." if password else f"Added {name}. Passphrase, shown once: {word}")


_WORDS = {
    "name_taken": "There is an account of this name already.",
    "unknown_desk": "There is no such desk.",
    "weak_password": "The password needs 14 characters or more.",
}


def _stop(why: str) -> NoReturn:
    click.echo(why, err=True)
    raise SystemExit(1)
