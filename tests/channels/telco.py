"""A whole telco on one machine: Kannel as docs/carriers.md sets it up, and the operator's end of the line.

That end is fakesmsc (a phone each), or a message centre of our own that speaks SMPP (``smsc.py``).
"""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests import make
from tests.channels import smsc as smpp
from tests.channels.smsc import Smsc

NUMBER = "+26658000000"
FAKESMSC = "/usr/lib/kannel/test/fakesmsc"
SECRET = "k" * 32
SMSC = "group = smsc\nsmsc = fake\nsmsc-id = fake1\nport = {smsc}\nconnect-allow-ip = 127.0.0.1\n"
PART_SECONDS = 3  # how long Kannel waits for the rest of a long text, here
ENOUGH = 40  # seconds; each wait ends as soon as what it waits for is there


def wait_until(seen: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + ENOUGH
    while not seen():
        assert time.monotonic() < end, f"never seen: {what}"
        time.sleep(0.05)


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(socket.socket())) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Telco:
    """Kannel with the configuration of ``docs/carriers.md``, and phones that text through it."""

    folder: Path
    app_port: int
    ports: dict[str, int] = field(default_factory=dict)
    smsc: Smsc | None = None
    running: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        """Start bearerbox, then smsbox."""
        gateway, operator = documented()
        conf = _filled(gateway, {
            "13000": self.ports["admin"],
            "13001": self.ports["box"],
            "13013": self.ports["sendsms"],
            "127.0.0.1:8000": f"127.0.0.1:{self.app_port}",
            "/SECRET?": f"/{SECRET}?",
            "/var/spool/kannel": self.folder,
            "http-queue-delay = 10": "http-queue-delay = 1",
            "mo-timeout = 120": f"mo-timeout = {PART_SECONDS}",
        })  # fmt: skip
        if self.smsc is None:
            conf += SMSC.format(**self.ports)
        else:
            conf += _filled(operator, {
                "OPERATOR-HOST": "127.0.0.1",
                "port = 2775": f"port = {self.smsc.port}",
                "link-interval = 30": "link-interval = 1",
            })  # fmt: skip
        self.store.mkdir()
        (self.folder / "kannel.conf").write_text(conf, encoding="utf-8")
        self._run("bearerbox", ["/usr/sbin/bearerbox", "-v", "3", str(self.folder / "kannel.conf")])
        wait_until(lambda: listens(self.ports["box"]), "bearerbox")
        self._run("smsbox", ["/usr/sbin/smsbox", "-v", "3", str(self.folder / "kannel.conf")])
        wait_until(lambda: listens(self.ports["sendsms"]), "smsbox")

    def deliver(self, number: str, said: str) -> None:
        """Have a phone behind the operator send a short text."""
        assert self.smsc is not None
        self.smsc.text(number, said)

    @property
    def store(self) -> Path:
        """Return where texts lie that were not handed on yet."""
        return self.folder / "store"

    def logged(self) -> str:
        """Return what Kannel has said of itself."""
        return "".join(one.read_text(encoding="utf-8", errors="replace") for one in self.folder.glob("*box.log"))

    def phone(self, name: str, message: str) -> Phone:
        """Have a phone send one text and stay on the air for replies."""
        said = [FAKESMSC, "-H", "127.0.0.1", "-r", str(self.ports["smsc"]), "-m", "1", message]
        return Phone(self.folder / f"{name}.log", self._run(name, said))

    def _run(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        log = self.running.enter_context((self.folder / f"{name}.log").open("wb"))
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        self.running.callback(_end, process)
        return process


@dataclass
class Phone:
    """A phone on the air: fakesmsc writes what it is sent into its own log."""

    log: Path
    process: subprocess.Popen[bytes]

    def texts(self) -> list[str]:
        """Return the texts that arrived."""
        said = self.log.read_text(encoding="utf-8", errors="replace")
        return re.findall(rf"Got message \d+: <48000 {re.escape(NUMBER)} text (.*)>", said)

    def off(self) -> None:
        """Switch it off."""
        _end(self.process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def documented() -> list[str]:
    """Return the two blocks of ``docs/carriers.md`` that make a configuration: the gateway, and the operator's line."""
    document = (make.ROOT / "docs" / "carriers.md").read_text(encoding="utf-8")
    return re.findall(r"```conf\n(.*?)```", document, re.DOTALL)


def _filled(conf: str, here: dict[str, object]) -> str:
    for written, meant in here.items():
        assert written in conf, written
        conf = conf.replace(written, str(meant))
    return conf + "\n"


@contextmanager
def running(folder: Path, smsc: Smsc | None = None) -> Iterator[Telco]:
    """Run a telco; ``app_port`` is where its short code is to be served."""
    app, *ports = free_ports(5)
    made = Telco(folder, app, dict(zip(("admin", "box", "sendsms", "smsc"), ports, strict=True)), smsc)
    with made.running:
        made.start()
        yield made


@contextmanager
def running_by_smpp(folder: Path) -> Iterator[Telco]:
    """Run a telco whose phones are behind a message centre that speaks SMPP, bound already."""
    with smpp.running() as smsc, running(folder, smsc) as made:
        wait_until(lambda: smsc.is_bound, "the bind")
        yield made


def settings_for(telco: Telco) -> dict[str, str]:
    """Return the settings of an instance behind the short code 48000."""
    return {
        "TIPLINE_BASE_URL": f"http://127.0.0.1:{telco.app_port}",
        "TIPLINE_CARRIERS": "kannel",
        "TIPLINE_SHORTCODE": "48000",
        "KANNEL_SENDSMS_URL": f"http://127.0.0.1:{telco.ports['sendsms']}/cgi-bin/sendsms",
        "KANNEL_USERNAME": "KANNEL_USERNAME",
        "KANNEL_PASSWORD": "KANNEL_PASSWORD",
        "KANNEL_CALLBACK_SECRET": SECRET,
    }
