"""A whole telco on one machine: Kannel's bearerbox and smsbox, Debian's fakesmsc for the phones, our app on a port."""

from __future__ import annotations

import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Response
from sqlalchemy import func, select
from werkzeug.serving import make_server

from tests import make
from tests.channels.conftest import Line
from tests.channels.fake_carrier import FakeCarrier
from tipline.models import Inbound, OutMessage

NUMBER = "+26658000000"
STORY = "Ba nkile pasa ea khaitseli ea ka. Ba mo tšepisitse mosebetsi Durban ka Motšeanong."
ANSWER = "Re bone molaetsa oa hau. Lula moo u bolokehileng."
FAKESMSC = "/usr/lib/kannel/test/fakesmsc"
SECRET = "k" * 32
SMSC = "group = smsc\nsmsc = fake\nsmsc-id = fake1\nport = {smsc}\nconnect-allow-ip = 127.0.0.1\n"
ENOUGH = 20  # seconds; each wait ends as soon as what it waits for is there


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
    running: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        """Start bearerbox, then smsbox."""
        document = (make.ROOT / "docs" / "carriers.md").read_text(encoding="utf-8")
        conf = re.findall(r"```conf\n(.*?)```", document, re.DOTALL)[0] + "\n" + SMSC.format(**self.ports)
        for documented, here in {
            "13000": self.ports["admin"],
            "13001": self.ports["box"],
            "13013": self.ports["sendsms"],
            "127.0.0.1:8000": f"127.0.0.1:{self.app_port}",
            "/SECRET?": f"/{SECRET}?",
            "/var/spool/kannel": self.folder,
        }.items():
            assert documented in conf
            conf = conf.replace(documented, str(here))
        (self.folder / "kannel.conf").write_text(conf, encoding="utf-8")
        self._run("bearerbox", ["/usr/sbin/bearerbox", "-v", "3", str(self.folder / "kannel.conf")])
        wait_until(lambda: listens(self.ports["box"]), "bearerbox")
        self._run("smsbox", ["/usr/sbin/smsbox", "-v", "3", str(self.folder / "kannel.conf")])
        wait_until(lambda: listens(self.ports["sendsms"]), "smsbox")

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


@pytest.fixture
def telco(tmp_path: Path) -> Iterator[Telco]:
    app, *ports = free_ports(5)
    made = Telco(tmp_path, app, dict(zip(("admin", "box", "sendsms", "smsc"), ports, strict=True)))
    with made.running:
        made.start()
        yield made


@pytest.fixture
def seen() -> list[int]:
    """Collect the statuses that our doors answered with."""
    return []


@pytest.fixture
def short_code(telco: Telco, var: Path, seen: list[int]) -> Iterator[Line]:
    """Serve an instance behind the short code 48000."""
    made = make.app(
        var,
        TIPLINE_BASE_URL=f"http://127.0.0.1:{telco.app_port}",
        TIPLINE_CARRIERS="kannel",
        TIPLINE_SHORTCODE="48000",
        KANNEL_SENDSMS_URL=f"http://127.0.0.1:{telco.ports['sendsms']}/cgi-bin/sendsms",
        KANNEL_USERNAME="KANNEL_USERNAME",
        KANNEL_PASSWORD="KANNEL_PASSWORD",
        KANNEL_CALLBACK_SECRET=SECRET,
    )

    @made.after_request
    def _note(response: Response) -> Response:
        seen.append(response.status_code)
        return response

    server = make_server("127.0.0.1", telco.app_port, made, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield Line(made, FakeCarrier())
    server.shutdown()
    server.server_close()
    thread.join()
    make.house_of(made).database.dispose()


def delivered(line: Line, phone: Phone, text: str) -> bool:
    """Do the worker's part, then look at the phone."""
    line.deliver()
    return any(one.startswith(text) for one in phone.texts())


def test_a_text_in_sesotho_reaches_the_desk_and_the_answer_reaches_the_phone(
    telco: Telco, short_code: Line, seen: list[int]
) -> None:
    line = short_code
    keys = line.house.settings.key_file
    keys.rename(keys.with_suffix(".away"))  # we cannot keep anything at first: Kannel has to come again

    ucs2 = "".join(f"%{byte:02x}" for byte in STORY.encode("utf-16-be"))
    phone = telco.phone("phone", f"{NUMBER} 48000 ucs2 {ucs2}")
    wait_until(lambda: 503 in seen, "the first try")
    keys.with_suffix(".away").rename(keys)
    wait_until(lambda: 200 in seen, "Kannel's second try")

    desk = line.desk("immigration")
    (tip,) = desk.tips()
    assert desk.said(tip) == [STORY]
    assert desk.number(tip) == [NUMBER, "kannel", "48000"]
    wait_until(lambda: delivered(line, phone, "Kea leboha. Molaetsa oa hau o fihlile"), "the first reply")

    desk.reply(tip, ANSWER)
    wait_until(lambda: delivered(line, phone, "U na le molaetsa. Araba ka 1 ho o bala mona."), "the notice")
    assert ANSWER not in phone.texts()
    phone.off()

    phone = telco.phone("phone-again", f"{NUMBER} 48000 text 1")
    wait_until(lambda: delivered(line, phone, ANSWER), "the answer")
    wait_until(lambda: "delivered" in deliveries(line), "Kannel's reports")
    assert set(deliveries(line)) <= {"sent", "delivered"}
    assert set(seen) == {200, 503}
    with line.house.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Inbound)) == 2
    for log in telco.folder.glob("*box.log"):
        written = log.read_text(encoding="utf-8", errors="replace")
        assert not [mark for mark in (STORY, quote(STORY), ANSWER, quote(ANSWER), "Kea leboha") if mark in written]


def deliveries(line: Line) -> list[str | None]:
    with line.house.database.read() as session:
        return list(session.scalars(select(OutMessage.delivery)))
