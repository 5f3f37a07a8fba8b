"""Servers under measurement: started on a free port of loopback, weighed, stopped."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tipline import supervisor

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    pid: int
    first_answer: float  # seconds from its start

    def pss(self) -> int:
        """Return the largest process's proportional share of memory, in bytes (the one that serves)."""
        return max(_pss(pid) for pid in (self.pid, *_children(self.pid)))


def granian(port: int, app: str, threads: int = supervisor.THREADS) -> list[str]:
    """Return the command that serves an app as ``make run`` does."""
    command = supervisor.children(port)[0].command
    command[command.index("--blocking-threads") + 1] = str(threads)
    return [*command[:-1], app]


def gunicorn(port: int, app: str, threads: int = supervisor.THREADS) -> list[str]:
    """Return the command that serves an app with gunicorn's threads."""
    return [
        sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1", "--worker-class", "gthread",
        "--threads", str(threads), "--log-level", "error", "--no-control-socket", app + "()",
    ]  # fmt: skip


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@contextlib.contextmanager
def serving(command: Sequence[str], port: int, environ: Mapping[str, str], probe: str) -> Iterator[Server]:
    """Run a server until the block ends; ``probe`` is a page that answers 200 when it is ready."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environ}, start_new_session=True)
    try:
        while not _answers(port, probe):
            if process.poll() is not None or time.perf_counter() - begun > 60:
                raise RuntimeError(f"{command} does not serve")
            time.sleep(0.01)
        yield Server(port, process.pid, time.perf_counter() - begun)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(2)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(port: int, probe: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", probe)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise LookupError(pid)
