"""The commands of whoever runs an instance: set up, add people, look after it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from tests import make
from tests.channels import fake_carrier
from tests.channels.fake_carrier import FakeCarrier
from tipline import demo
from tipline.models import Account, Desk, OutMessage, Tip


def run(app: Flask, *words: str, typed: str = "") -> Result:
    return app.test_cli_runner().invoke(args=list(words), input=typed)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """Give a maker of apps in whose folder nothing was set up yet."""
    every: list[Flask] = []

    def begin(**environ: str) -> Flask:
        folder = tmp_path / f"real-{len(every)}"
        keys = str(folder / "elsewhere" / "keys.json")
        every.append(make.app(folder / "var", TIPLINE_DEMO="0", TIPLINE_KEY_FILE=keys, **environ))
        return every[-1]

    yield begin
    for one in every:
        make.house_of(one).database.dispose()


@pytest.fixture
def real(empty: Callable[..., Flask]) -> Flask:
    """Return the app of a folder in which nothing was set up yet."""
    return empty()


def test_setup_shows_the_passphrase_and_the_backup_key_once(real: Flask) -> None:
    first = run(real, "setup", "--admin", "thato")
    assert first.exit_code == 0
    assert "First administrator: thato" in first.output
    assert "Backup key, shown once" in first.output
    again = run(real, "setup")
    assert again.exit_code == 0
    assert "shown once" not in again.output
    house = make.house_of(real)
    assert house.settings.key_file.stat().st_mode & 0o777 == 0o600
    assert house.settings.var.stat().st_mode & 0o777 == 0o700
    with house.database.read() as session:
        assert session.scalars(select(Account.name)).all() == ["thato"]
        assert set(session.scalars(select(Desk.slug))) == {"immigration", "shelter", "police"}
    word = first.output.split("Passphrase, shown once: ")[1].split()[0]
    assert house.sign_in("thato", word, "", "cookie").must_enrol


def test_a_demo_instance_is_not_set_up_for_real_and_a_real_one_is_no_demo(app: Flask, real: Flask) -> None:
    assert run(app, "setup").exit_code == 1
    run(real, "setup")
    said = run(real, "demo")
    assert said.exit_code == 0
    assert "left as it is" in said.output
    assert not demo.is_demo(make.house_of(real).settings.var)


def test_people_are_added_with_a_passphrase_of_ours_or_their_own(real: Flask) -> None:
    run(real, "setup")
    house = make.house_of(real)
    made = run(real, "account", "add", "lineo", "--desk", "police", "--role", "caseworker")
    word = made.output.split("Passphrase, shown once: ")[1].split()[0]
    assert house.sign_in("lineo", word, "", "cookie").recovery_key
    own = "a long sentence of one's own"
    assert (
        "Passphrase"
        not in run(
            real,
            "account",
            "add",
            "pule",
            "--desk",
            "police",
            "--role",
            "supervisor",
            "--password-stdin",
            typed=own + "\n",
        ).output
    )
    assert house.sign_in("pule", own, "", "cookie").recovery_key is None


@pytest.mark.parametrize(
    ("words", "typed", "said"),
    [
        (("admin", "--role", "admin"), "", "already"),
        (("x", "--role", "caseworker"), "", "--desk"),
        (("x", "--role", "caseworker", "--desk", "moon"), "", "no such desk"),
        (("x", "--role", "donor", "--password-stdin"), "short\n", "14 characters"),
        (("x", "--role", "king"), "", "Invalid value"),
    ],
)
def test_what_cannot_be_added_is_named(real: Flask, words: tuple[str, ...], typed: str, said: str) -> None:
    run(real, "setup")
    result = run(real, "account", "add", *words, typed=typed)
    assert result.exit_code != 0
    assert said in result.output


def test_the_doctor_says_what_is_missing_for_real_use(real: Flask, app: Flask) -> None:
    nothing = run(real, "doctor")
    assert nothing.exit_code == 1
    assert "TIPLINE_BASE_URL" in nothing.output
    run(real, "setup")
    for desk in ("immigration", "shelter", "police"):
        assert f"desk {desk}: no member has signed in yet" in run(real, "doctor").output
    trial = run(app, "doctor")
    assert trial.exit_code == 1
    assert "TIPLINE_DEMO" in trial.output


def test_the_doctor_lets_a_fit_instance_go(empty: Callable[..., Flask]) -> None:
    fit = empty(
        TIPLINE_BASE_URL="https://example.org", TIPLINE_CARRIERS="kannel", KANNEL_USERNAME="u", KANNEL_PASSWORD="p",
        KANNEL_SENDSMS_URL="http://127.0.0.1:13013/cgi-bin/sendsms", KANNEL_CALLBACK_SECRET="s" * 32,
    )  # fmt: skip
    run(fit, "setup")
    for desk in ("immigration", "shelter", "police"):
        own = f"the passphrase of {desk}"
        run(fit, "account", "add", desk, "--desk", desk, "--role", "caseworker", "--password-stdin", typed=own)
        make.house_of(fit).sign_in(desk, own, "", "cookie")
    said = run(fit, "doctor")
    assert said.exit_code == 0, said.output
    assert "log-level = 4" in said.output
    assert "not confirmed: police" in said.output


@pytest.fixture
def carrier() -> Iterator[FakeCarrier]:
    with fake_carrier.running() as fake:
        yield fake


@pytest.fixture
def many(var: Path, carrier: FakeCarrier) -> Iterator[Flask]:
    """Give an instance with three carriers."""
    made = make.app(var, **fake_carrier.settings_for(carrier, "africastalking,twilio,kannel"))
    yield made
    make.house_of(made).database.dispose()


@pytest.mark.parametrize(
    ("lang", "said"), [("st", "Ona ke molaetsa oa teko."), ("en", "This is a test message.")]
)  # fmt: skip
def test_the_doctor_sends_a_test_text_by_each_carrier(lang: str, said: str, many: Flask, carrier: FakeCarrier) -> None:
    carrier.mood["twilio"] = "not_authorised"
    result = run(many, "doctor", "--send-test", "5812 3456", "--lang", lang)

    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "ok  africastalking", "NOT twilio: The carrier does not accept our name or password", "ok  kannel",
    ]  # fmt: skip
    assert [one.carrier for one in carrier.received] == ["africastalking", "kannel"]
    assert all(one.text.startswith(said) and one.to == "+26658123456" for one in carrier.received)
    with make.house_of(many).database.read() as session:
        assert session.scalars(select(OutMessage.id)).all() == []


def test_a_test_text_that_no_carrier_takes(many: Flask, carrier: FakeCarrier, caplog: pytest.LogCaptureFixture) -> None:
    carrier.mood = {"africastalking": "bad_number", "twilio": "fault", "kannel": "drop"}
    result = run(many, "doctor", "--send-test", "58123456")

    assert result.exit_code == 1
    assert "NOT africastalking: The carrier does not know this number" in result.output
    assert "No carrier took the text." in result.output
    assert "8123456" not in result.output + caplog.text


def test_a_test_text_needs_a_number(many: Flask, carrier: FakeCarrier) -> None:
    result = run(many, "doctor", "--send-test", "58x1")

    assert result.exit_code == 1
    assert "58x1" not in result.output
    assert carrier.received == []


def test_a_backup_is_made_and_restored_from_the_command_line(
    app: Flask, empty: Callable[..., Flask], tmp_path: Path
) -> None:
    make.house_of(app).take_in(make.report())
    file = tmp_path / "all.backup"
    assert run(app, "backup", str(file)).exit_code == 0
    assert run(app, "backup", str(tmp_path / "no" / "folder" / "x")).exit_code == 1
    key = demo.made(make.house_of(app).settings.var)["backup-key"]
    new = empty()
    wrong = run(new, "restore", str(file), "--key-stdin", typed="ABCD-EFGH\n")
    assert wrong.exit_code == 1
    assert "does not open" in wrong.output
    assert run(new, "restore", str(file), "--key-stdin", typed=key + "\n").exit_code == 0
    with make.house_of(new).database.read() as session:
        assert len(session.scalars(select(Tip.id)).all()) == 1
    assert "not empty" in run(new, "restore", str(file), "--key-stdin", typed=key + "\n").output


def test_triage_is_measured_and_nothing_is_stored(app: Flask) -> None:
    file = str(make.ROOT / "tests" / "data" / "messages.tsv")
    assert "p0_recall: 10/10" in run(app, "triage", file).output
    figures = json.loads(run(app, "triage", file, "--json").output)
    assert figures["messages"] == 40
    assert run(app, "triage", str(make.ROOT / "README.md")).exit_code == 1
    with make.house_of(app).database.read() as session:
        assert session.scalars(select(Tip.id)).all() == []


def test_purge_says_that_it_is_done(app: Flask) -> None:
    assert run(app, "purge").output == "Forgotten.\n"


def test_every_command_helps(app: Flask) -> None:
    for words in (
        ["setup"], ["demo"], ["worker"], ["doctor"], ["purge"], ["backup"], ["restore"], ["triage"], ["account", "add"],
        ["content", "check"],
    ):  # fmt: skip
        said = run(app, *words, "--help")
        assert said.exit_code == 0
        assert "Usage:" in said.output
