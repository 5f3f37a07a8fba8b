"""Every setting, read once, frozen, refused by name if wrong. docs/settings.md lists them all (a test holds it).

A setting comes from the environment or from a ``.env`` file; one that is a secret also from a file whose path stands
in the same name with ``_FILE`` behind it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values

from tipline import demo as demo_module
from tipline import prices
from tipline.abuse import Bounds
from tipline.errors import SettingsError
from tipline.mail import Smtp
from tipline.prices import Price

CARRIERS = ("africastalking", "twilio", "kannel", "console")
KINDS = ("reply", "notice", "answer", "alert")  # of outgoing messages, as the outbox names them
MIN_SECRET = 16


@dataclass(frozen=True)
class Twilio:
    """Twilio's account; ``api_url`` is another host, for tests."""

    account_sid: str
    auth_token: str = field(repr=False)
    sender: str
    api_url: str


@dataclass(frozen=True)
class AfricasTalking:
    """Africa's Talking's account, and the secret in the addresses that it calls."""

    username: str
    api_key: str = field(repr=False)
    sender: str
    callback_secrets: tuple[str, ...] = field(repr=False)
    api_url: str


@dataclass(frozen=True)
class Kannel:
    """A self-hosted gateway, and the secret in the address that it calls."""

    sendsms_url: str
    username: str
    password: str = field(repr=False)
    callback_secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Settings:
    """What one instance is told from outside."""

    var: Path
    database_url: str
    key_file: Path
    base_url: str
    demo: bool
    trusted_proxies: int
    carriers: tuple[str, ...]
    carriers_by_kind: Mapping[str, tuple[str, ...]]
    prices: Mapping[str, Price]
    unconfirmed_after: timedelta
    shortcode: str
    ussd_code: str
    name: str
    exit_url: str
    limits_url: str
    keep_numbers: timedelta
    tell_unread: timedelta
    answer_within: Mapping[str, timedelta]
    bounds: Bounds
    metrics_token: str = field(repr=False)
    console_secret: str = field(repr=False)
    twilio: Twilio
    africastalking: AfricasTalking
    kannel: Kannel
    calls_secrets: tuple[str, ...] = field(default=(), repr=False)
    smtp: Smtp = field(default_factory=Smtp)
    never_demo: bool = False  # ``TIPLINE_DEMO=0`` stands there: no demo instance is made by mistake

    def first_carrier(self, kind: str, door: str = "") -> str:
        """Return who is asked first to send a message of a kind to a phone that last wrote to ``door``; "" if none."""
        order = self.carriers_by_kind.get(kind, self.carriers)
        return door if door in order else next(iter(order), "")

    def unfit(self) -> list[tuple[str, str]]:
        """Return what keeps these settings from real use, as ``(setting, what it should be)``."""
        if self.demo:
            return [("TIPLINE_DEMO", "off: this is a demo instance, its passwords lie beside its data")]
        problems = []
        if self.key_file.is_relative_to(self.var):
            problems.append(("TIPLINE_KEY_FILE", "a path outside TIPLINE_VAR, on another disk if you can"))
        address = urlsplit(self.base_url)
        if address.scheme != "https" and not (address.hostname or "").endswith(".onion"):
            problems.append(("TIPLINE_BASE_URL", "the public https:// address of this instance"))
        if not self.carriers:
            problems.append(("TIPLINE_CARRIERS", f"one or more of {', '.join(CARRIERS[:-1])}, best first"))
        return problems


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from ``environ`` (else the process's environment over ``.env``).

    Raises SettingsError that names every wrong setting and says what it should be.
    """
    if environ is None:
        kept = {name: value or "" for name, value in dotenv_values(".env").items()}
        environ = {**kept, **os.environ}
    reader = _Reader(environ)
    var = Path(reader.text("TIPLINE_VAR", "var")).resolve()
    demo = reader.flag("TIPLINE_DEMO", default=demo_module.is_demo(var))
    made = demo_module.made(var) if demo else {}
    port = environ.get("PORT", "8000")
    settings = Settings(
        var=var,
        database_url=reader.database("TIPLINE_DATABASE_URL", f"sqlite:///{var / 'tipline.db'}"),
        key_file=Path(reader.text("TIPLINE_KEY_FILE", str(var / "keys.json"))).resolve(),
        base_url=reader.address("TIPLINE_BASE_URL", f"http://127.0.0.1:{port}"),
        demo=demo,
        trusted_proxies=reader.count("TIPLINE_TRUSTED_PROXIES"),
        carriers=reader.carriers("TIPLINE_CARRIERS") or (("console",) if demo else ()),
        carriers_by_kind=reader.carriers_by_kind("TIPLINE_CARRIERS"),
        prices=reader.prices("TIPLINE_PRICES"),
        unconfirmed_after=reader.hours("TIPLINE_UNCONFIRMED_HOURS", 24),
        shortcode=reader.text("TIPLINE_SHORTCODE"),
        ussd_code=reader.text("TIPLINE_USSD_CODE"),
        name=reader.text("TIPLINE_NAME", "Lentsoe"),
        exit_url=reader.address("TIPLINE_EXIT_URL", "https://www.google.com/"),
        limits_url=reader.text("TIPLINE_LIMITS_URL", "memory://"),
        keep_numbers=reader.days("TIPLINE_KEEP_NUMBERS_DAYS", 30),
        tell_unread=reader.days("TIPLINE_UNREAD_DAYS", 5),
        answer_within=reader.by_priority("TIPLINE_ANSWER_HOURS", "1,4,24,72"),
        bounds=Bounds(
            texts_an_hour=reader.bound("TIPLINE_TEXTS_AN_HOUR", 20),
            texts_a_day=reader.bound("TIPLINE_TEXTS_A_DAY", 60),
            answers_a_minute=reader.bound("TIPLINE_ANSWERS_A_MINUTE", 200),
            flood_from=reader.bound("TIPLINE_FLOOD_FROM", 5, least=3),
            flood_within=timedelta(minutes=reader.bound("TIPLINE_FLOOD_MINUTES", 60, most=1440)),
        ),
        metrics_token=reader.secret("TIPLINE_METRICS_TOKEN"),
        console_secret=made.get("console", ""),
        twilio=Twilio(
            reader.text("TWILIO_ACCOUNT_SID", made.get("twilio-account", "")),
            reader.secret("TWILIO_AUTH_TOKEN", made.get("twilio-token", "")),
            reader.text("TWILIO_FROM", made.get("twilio-from", "")),
            reader.address("TWILIO_API_URL"),
        ),
        africastalking=AfricasTalking(
            reader.text("AFRICASTALKING_USERNAME"),
            reader.secret("AFRICASTALKING_API_KEY"),
            reader.text("AFRICASTALKING_FROM"),
            reader.callback_secrets("AFRICASTALKING_CALLBACK_SECRET", made.get("africastalking-callback", "")),
            reader.address("AFRICASTALKING_API_URL"),
        ),
        kannel=Kannel(
            reader.address("KANNEL_SENDSMS_URL"),
            reader.text("KANNEL_USERNAME"),
            reader.secret("KANNEL_PASSWORD"),
            reader.callback_secrets("KANNEL_CALLBACK_SECRET", made.get("kannel-callback", "")),
        ),
        calls_secrets=reader.callback_secrets("TIPLINE_CALLS_SECRET", made.get("calls-callback", "")),
        smtp=reader.smtp("TIPLINE_SMTP_URL", "TIPLINE_MAIL_FROM"),
        never_demo=not demo and bool(reader.text("TIPLINE_DEMO")),
    )
    reader.check(settings)
    if reader.problems:
        raise SettingsError(reader.problems)
    return settings


class _Reader:
    """Reads one setting after the other and remembers what is wrong."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[tuple[str, str]] = []

    def text(self, name: str, default: str = "") -> str:
        return self.environ.get(name, "").strip() or default

    def secret(self, name: str, default: str = "") -> str:
        path = self.text(name + "_FILE")
        if not path:
            return self.text(name, default)
        try:
            return Path(path).read_text().strip()
        except OSError:
            self.problems.append((name + "_FILE", "the path of a file that can be read"))
            return default

    def callback_secrets(self, name: str, default: str) -> tuple[str, ...]:
        """Return one secret or, while it is changed, two with a comma between them."""
        found = tuple(part.strip() for part in self.secret(name, default).split(",") if part.strip())
        if any(len(part) < MIN_SECRET or not part.replace("-", "").replace("_", "").isalnum() for part in found):
            self.problems.append((name, "32 or more letters and digits (two with a comma between while you change it)"))
        return found

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.text(name).lower()
        if value not in {"", "0", "1", "no", "yes", "false", "true", "off", "on"}:
            self.problems.append((name, "1 or 0"))
        return default if not value else value in {"1", "yes", "true", "on"}

    def count(self, name: str) -> int:
        value = self.text(name, "0")
        if not value.isdecimal() or int(value) > 10:  # noqa: PLR2004 - nobody has more proxies in a row
            self.problems.append((name, "how many proxies stand before the app: 0, 1, 2 …"))
            return 0
        return int(value)

    def bound(self, name: str, default: int, *, least: int = 1, most: int = 100_000) -> int:
        """Return how many of something are allowed; 0 where it is not bounded."""
        value = self.text(name, str(default))
        count = int(value) if value.isascii() and value.isdecimal() and len(value) < 9 else -1  # noqa: PLR2004
        if count != 0 and not least <= count <= most:
            self.problems.append((name, f"a whole number from {least} to {most}, or 0 for no bound"))
            return default
        return count

    def days(self, name: str, default: int) -> timedelta:
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdecimal()) or int(value) > 3650:  # noqa: PLR2004 - ten years
            self.problems.append((name, "a number of days, 0 to 3650"))
            return timedelta(days=default)
        return timedelta(days=int(value))

    def hours(self, name: str, default: int) -> timedelta:
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdecimal() and 1 <= int(value) <= 168):  # noqa: PLR2004 - a week
            self.problems.append((name, "a number of hours, 1 to 168"))
            return timedelta(hours=default)
        return timedelta(hours=int(value))

    def by_priority(self, name: str, default: str) -> dict[str, timedelta]:
        """Return an hour count for each of P0, P1, P2 and P3."""
        found = [part.strip() for part in self.text(name, default).split(",")]
        if len(found) != 4 or not all(one.isascii() and one.isdecimal() and 1 <= int(one) <= 168 for one in found):  # noqa: PLR2004
            self.problems.append((name, "four numbers of hours, 1 to 168, with commas: for P0, P1, P2 and P3"))
            found = default.split(",")
        return {f"P{at}": timedelta(hours=int(one)) for at, one in enumerate(found)}

    def address(self, name: str, default: str = "") -> str:
        value = self.text(name, default).rstrip("/") if name != "TIPLINE_EXIT_URL" else self.text(name, default)
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname):
            self.problems.append((name, "an address that begins with http:// or https://"))
        return value

    def smtp(self, name: str, name_from: str) -> Smtp:
        value, sender = self.secret(name), self.text(name_from)
        if not value:
            return Smtp()
        parts = urlsplit(value)
        try:
            port = parts.port or (465 if parts.scheme == "smtps" else 587)
        except ValueError:
            port = 0
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or not port:
            self.problems.append((name, "smtp://NAME:PASSWORD@HOST:PORT, or smtps:// for TLS from the first byte"))
            return Smtp()
        if "@" not in sender or not sender.isascii() or not sender.isprintable():
            self.problems.append((name_from, "the address that letters come from, since TIPLINE_SMTP_URL is set"))
        name_in, password = (unquote(part or "") for part in (parts.username, parts.password))
        return Smtp(parts.hostname, port, parts.scheme == "smtps", name_in, password, sender)

    def database(self, name: str, default: str) -> str:
        value = self.secret(name, default)
        for short in ("postgres://", "postgresql://"):
            if value.startswith(short):
                value = "postgresql+psycopg://" + value[len(short) :]
        if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            self.problems.append((name, "sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"))
        return value

    def carriers(self, name: str) -> tuple[str, ...]:
        found = tuple(part.strip().lower() for part in self.text(name).split(",") if part.strip())
        if any(part not in CARRIERS for part in found):
            self.problems.append((name, f"a list with commas of {', '.join(CARRIERS)}"))
        return found

    def carriers_by_kind(self, name: str) -> dict[str, tuple[str, ...]]:
        named = {kind: self.carriers(f"{name}_{kind.upper()}") for kind in KINDS}
        return {kind: found for kind, found in named.items() if found}

    def prices(self, name: str) -> dict[str, Price]:
        found = [prices.read(part) for part in self.text(name).split(",") if part.strip()]
        if any(one is None or one[0] not in CARRIERS for one in found):
            shape = "CARRIER PRICE CURRENCY DATE of one segment, with commas between carriers"
            self.problems.append((name, f"{shape}, such as: kannel 0.25 LSL 2026-11-01"))
        return dict(one for one in found if one is not None)

    def check(self, settings: Settings) -> None:
        """Look at what only shows when all settings are seen together."""
        self.problems += demo_module.problems(settings) if settings.demo else []
        needed = {
            "twilio": {
                "TWILIO_ACCOUNT_SID": settings.twilio.account_sid,
                "TWILIO_AUTH_TOKEN": settings.twilio.auth_token,
                "TWILIO_FROM": settings.twilio.sender,
            },
            "africastalking": {
                "AFRICASTALKING_USERNAME": settings.africastalking.username,
                "AFRICASTALKING_API_KEY": settings.africastalking.api_key,
                "AFRICASTALKING_CALLBACK_SECRET": ",".join(settings.africastalking.callback_secrets),
            },
            "kannel": {
                "KANNEL_SENDSMS_URL": settings.kannel.sendsms_url,
                "KANNEL_USERNAME": settings.kannel.username,
                "KANNEL_PASSWORD": settings.kannel.password,
                "KANNEL_CALLBACK_SECRET": ",".join(settings.kannel.callback_secrets),
            },
        }
        for carrier in settings.carriers:
            for setting, value in needed.get(carrier, {}).items():
                if not value:
                    self.problems.append((setting, f"set, since TIPLINE_CARRIERS names {carrier}"))
        for kind, order in settings.carriers_by_kind.items():
            for carrier in order:
                if carrier in CARRIERS and carrier not in settings.carriers:
                    named = f"a list with commas of carriers that TIPLINE_CARRIERS names too; {carrier} is not"
                    self.problems.append((f"TIPLINE_CARRIERS_{kind.upper()}", named))
