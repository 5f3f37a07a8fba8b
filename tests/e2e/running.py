"""An instance that really runs: supervisor, web, worker, on a port of its own; and its users from outside."""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from tests import make
from tests.postgres import free_port
from tipline import demo
from tipline.sealing import totp

PATIENCE = 120.0  # seconds that anything may take on a busy machine


def until(true: Callable[[], Any], log: Path, what: str = "it", patience: float = PATIENCE) -> Any:
    """Wait until something is true and return it; fail with what the processes said if it never is."""
    end = time.monotonic() + patience
    while not (found := true()):
        assert time.monotonic() < end, f"{what} never came\n{log.read_text()[-4000:]}"
        time.sleep(0.05)
    return found


@dataclass
class Person:
    """Somebody who signs in; ``code`` gives a fresh one-time code where the instance wants one."""

    name: str
    password: str = field(repr=False)
    code: Callable[[], str] = field(default=lambda: "", repr=False)


@dataclass
class Instance:
    """A running instance as its users see it."""

    port: int
    var: Path
    log: Path
    environ: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    people: dict[str, Person] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    tokens: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def base(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it can take a tip in."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tipline.supervisor"],
                cwd=make.ROOT,
                env=dict(self.environ),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        process = self.process
        until(lambda: self.answers() or process.poll() is not None, self.log, "the instance")
        assert process.poll() is None, self.log.read_text()[-4000:]

    def answers(self) -> bool:
        """Say whether it is alive."""
        try:
            return requests.get(f"{self.base}/healthz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            assert self.process.wait(PATIENCE) == 0
            self.process = None

    def kill_web(self) -> None:
        """Kill the web process at once, with all it was doing; the supervisor starts another."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        serving = [int(pid) for pid in children if b"granian" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        assert serving, children
        os.killpg(serving[0], signal.SIGKILL)

    def flask(self, *words: str, typed: str = "") -> str:
        """Run ``flask --app app …`` for it; return what it said."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "app", *words],
            cwd=make.ROOT,
            env=dict(self.environ),
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        with self.log.open("a") as log:  # what it shows once (passphrases) is not meant for a log; what it says is
            log.write(done.stderr)
        return done.stdout

    # --- a caseworker, by the API

    def desk(self, who: str, method: str, path: str, **body: Any) -> requests.Response:
        """Call the desk API as somebody."""
        if who not in self.tokens:
            person = self.people[who]
            sent = {"username": person.name, "password": person.password, "totp": person.code()}
            answer = requests.post(f"{self.base}/api/v1/sessions", json=sent, timeout=PATIENCE)
            assert answer.status_code == 201, answer.text
            self.tokens[who] = answer.json()["token"]
        head = {"Authorization": f"Bearer {self.tokens[who]}"}
        data = body if method == "POST" else None
        return requests.request(method, f"{self.base}/api/v1/desk/{path}", json=data, headers=head, timeout=PATIENCE)

    def queue(self, who: str) -> list[dict[str, Any]]:
        """Return every open tip of somebody's desk."""
        rows, cursor = [], ""
        while True:
            page = self.desk(who, "GET", f"tips?cursor={cursor}").json()
            rows += page["tips"]
            if not (cursor := page["next"] or ""):
                return rows

    def find(self, who: str, text: str) -> dict[str, Any]:
        """Return the tip whose story holds this text, opened; wait until it is there."""

        def look() -> dict[str, Any] | None:
            for row in self.queue(who):
                tip: dict[str, Any] = self.desk(who, "GET", f"tips/{row['id']}").json()
                if text in (tip["text"] or "") or any(text in one.get("text", "") for one in tip["thread"]):
                    return tip
            return None

        found: dict[str, Any] = until(look, self.log, "the tip")
        return found

    # --- phones, by Africa's Talking's doors

    def text(self, number: str, words: str, message_id: str) -> int:
        """Deliver a text message as the carrier does; return the status."""
        form = {"id": message_id, "from": number, "to": "48000", "text": words, "date": "2026-11-24 10:00:00"}
        secret = self.secrets["africastalking-callback"]
        return requests.post(f"{self.base}/sms/africastalking/{secret}", data=form, timeout=PATIENCE).status_code

    def dial(self, session: str, number: str, inputs: list[str]) -> str:
        """Send a USSD screen's request as the carrier does; return the screen."""
        form = {
            "sessionId": session, "phoneNumber": number, "networkCode": "65101", "serviceCode": "*123#",
            "text": "*".join(inputs),
        }  # fmt: skip
        secret = self.secrets["africastalking-callback"]
        answer = requests.post(f"{self.base}/ussd/africastalking/{secret}", data=form, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        return answer.text

    def report_by_ussd(self, session: str, number: str, story: str) -> str:
        """Walk a report to its end, always forward; return the sixteen digits."""
        inputs: list[str] = []
        for _ in range(14):
            screen = self.dial(session, number, inputs)
            assert screen.startswith("CON "), screen
            digits = re.search(r"\d{4} \d{4} \d{4} \d{4}", screen)
            if digits:
                return digits[0]
            inputs.append("1" if re.search(r"^\d", screen[4:], re.MULTILINE) else story)
        raise AssertionError("the report never ended")


def _environ(var: Path, port: int, more: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TIPLINE_")}
    return {**kept, "TIPLINE_VAR": str(var), "PORT": str(port), **more}


@contextmanager
def demo_instance(folder: Path, template: Path, **more: str) -> Iterator[Instance]:
    """Run a demo instance, on a free port if ``PORT`` is not among the settings."""
    var, port = make.copy(template, folder / "var"), int(more.get("PORT") or free_port())
    one = Instance(port, var, folder / "log", _environ(var, port, more), demo.made(var))
    one.people = {name: Person(name, one.secrets[name]) for name, _, _ in demo.ACCOUNTS}
    try:
        one.start()
        yield one
    finally:
        one.stop()


@contextmanager
def real_instance(
    folder: Path, server: str, database: str, more: Mapping[str, str], port: int | None = None
) -> Iterator[Instance]:
    """Set up and run a real instance: PostgreSQL for data and jobs, key file elsewhere, second factor."""
    folder.mkdir(exist_ok=True)
    var, port = folder / "var", port or free_port()
    secret = "0123456789abcdef0123456789abcdef"
    environ = {
        "TIPLINE_DEMO": "0",
        "TIPLINE_DATABASE_URL": f"{server}/{database}",
        "TIPLINE_KEY_FILE": str(folder / "elsewhere" / "keys.json"),
        "TIPLINE_BASE_URL": f"http://127.0.0.1:{port}",
        "AFRICASTALKING_CALLBACK_SECRET": secret,
        "TIPLINE_CARRIERS": "africastalking",
        **more,
    }
    one = Instance(port, var, folder / "log", _environ(var, port, environ), {"africastalking-callback": secret})
    said = one.flask("setup")
    one.people["admin"] = Person("admin", _shown(said, "Passphrase, shown once: "))
    for desk in ("immigration", "shelter", "police"):
        said = one.flask("account", "add", desk, "--desk", desk, "--role", "caseworker")
        one.people[desk] = Person(desk, _shown(said, "Passphrase, shown once: "))
    try:
        one.start()
        for person in one.people.values():
            first_sign_in(one, person)
        yield one
    finally:
        one.stop()


def first_sign_in(one: Instance, person: Person) -> None:
    """Sign in for the first time by the forms: note the recovery key, set up the one-time code."""
    browser = requests.Session()
    head = {"Origin": one.base}

    def send(path: str, **form: str) -> requests.Response:
        answer = browser.post(one.base + path, data=form, headers=head, timeout=PATIENCE)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer

    send("/desk/sign-in", username=person.name, password=person.password, totp="")
    page = browser.get(f"{one.base}/desk/", timeout=PATIENCE).text  # whoever has no authenticator is sent to set it up
    shown = re.search(r'<p class="secret">(.*?)</p>', page)
    assert shown, page
    letters = re.sub(r"<[^>]+>|\s", "", shown[1])
    secret = base64.b32decode(letters + "=" * (-len(letters) % 8))
    used = [0]

    def code() -> str:
        """Return the next code that was not used yet; wait for it where it must be."""
        while int(time.time()) // totp.STEP_SECONDS + 1 <= used[0]:
            time.sleep(0.2)
        step = max(used[0] + 1, int(time.time()) // totp.STEP_SECONDS - 1)
        used[0] = step
        return totp.code_at(secret, datetime.fromtimestamp(step * totp.STEP_SECONDS, UTC))

    send("/desk/account/authenticator", totp=code())
    person.code = code


def _shown(said: str, before: str) -> str:
    found = re.search(re.escape(before) + r"(\S+)", said)
    assert found, said
    return found[1]
