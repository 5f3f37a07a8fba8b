"""`make run` as a newcomer has it: real processes on a port of their own, killed and stopped."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests import make
from tipline import demo

CHILDREN = ("granian", "flask --app app worker")
PATIENCE = 120.0  # seconds that anything may take on a busy machine


class Started:
    """A supervisor that was started, and what can be seen of it from outside."""

    def __init__(self, var: Path, port: int, log: Path, settings: Mapping[str, str]) -> None:
        self.port = port
        self.log = log
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TIPLINE_", "COV_"))}
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tipline.supervisor"],
                cwd=make.ROOT,
                env={**kept, "TIPLINE_VAR": str(var), "PORT": str(port), **settings},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def get(self, path: str) -> int | None:
        """Return the status of a page, or None if nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def pids(self) -> set[int]:
        """Return every process below the supervisor."""
        return set(_below(self.process.pid))

    def child(self, words: str) -> int | None:
        """Return the supervisor's own child whose command line holds these words."""
        for pid in _children(self.process.pid):
            if words in _command(pid):
                return pid
        return None

    def ready(self) -> None:
        """Wait for the web process to answer and for both children to be there."""
        until(lambda: self.get("/healthz") == 200, self.log)
        until(lambda: all(self.child(words) for words in CHILDREN), self.log)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send the supervisor, and it alone, a signal; return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def until(true: Callable[[], bool], log: Path) -> None:
    """Wait until something is true; fail with what the processes said if it never is."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except FileNotFoundError:
        return ""


def _below(pid: int) -> Iterator[int]:
    for child in _children(pid):
        yield child
        yield from _below(child)


def _alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}


@pytest.fixture
def port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@pytest.fixture
def start(var: Path, port: int, tmp_path: Path) -> Iterator[Callable[..., Started]]:
    every: list[Started] = []

    def begin(**settings: str) -> Started:
        every.append(Started(var, port, tmp_path / "log", settings))
        return every[-1]

    yield begin
    for one in every:
        below = one.pids()
        one.process.kill()
        one.process.wait(PATIENCE)
        until(lambda below=below: not _alive(below), one.log)  # type: ignore[misc] # a killed one takes its children along


def test_it_serves_restarts_what_dies_stops_whole_and_keeps_its_data(
    start: Callable[..., Started], var: Path, port: int
) -> None:
    first = start()
    first.ready()
    assert f"http://127.0.0.1:{port}/desk/" in first.log.read_text()
    passwords = demo.made(var)

    for words in CHILDREN:
        victim = first.child(words)
        assert victim is not None
        below = {victim, *_below(victim)}
        os.kill(victim, signal.SIGKILL)
        until(lambda: not _alive(below), first.log)  # noqa: B023 - awaited at once
        first.ready()
        assert first.child(words) not in below

    everything = first.pids()
    assert len(everything) >= 3
    assert first.stop() == 0
    assert not _alive(everything)
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(("127.0.0.1", port))

    second = start()
    second.ready()
    assert demo.made(var) == passwords
    everything = second.pids()
    assert second.stop(signal.SIGTERM) == 0
    assert not _alive(everything)


def test_its_death_takes_everything_along(start: Callable[..., Started]) -> None:
    one = start()
    one.ready()
    everything = one.pids()
    one.process.kill()
    until(lambda: not _alive(everything), one.log)


def test_no_demo_instance_is_made_where_a_real_one_is_meant(start: Callable[..., Started], var: Path) -> None:
    (var / "demo.txt").unlink()
    (var / "keys.json").unlink()
    one = start(TIPLINE_DEMO="0")
    until(lambda: one.get("/healthz") == 200, one.log)
    assert one.stop() == 0
    assert not (var / "demo.txt").exists()
    assert not (var / "keys.json").exists()


def test_a_taken_port_is_named(start: Callable[..., Started], port: int) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", port))
        door.listen()
        one = start()
        assert one.process.wait(PATIENCE) == 1
    assert f"Port {port} is taken" in one.log.read_text()


def test_wrong_settings_are_named_and_nothing_goes_round_in_circles(
    start: Callable[..., Started],
) -> None:
    one = start(TWILIO_API_URL="not an address")
    assert one.process.wait(PATIENCE) == 2
    assert "TWILIO_API_URL" in one.log.read_text()
