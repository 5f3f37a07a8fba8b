"""What ``make run`` becomes: prepare a demo instance, keep web and worker running, stop both at once.

Each child is a session of its own: a Ctrl-C reaches this process only, and whatever a child left behind is killed
with its group before it starts again. Standard library only; the app is not imported here.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"  # a real instance stands behind a proxy on the same machine
THREADS = 8  # blocking threads: SQLite lets one write at a time, more would only wait in another place
CONNECTIONS = 4096  # at once, idle ones too: a gateway that comes again after a restart opens one for each text
ROOT = Path(__file__).resolve().parent.parent
WRONG_SETTINGS = 2  # the exit status of a command whose settings are wrong: starting it again would not help
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 10.0  # seconds before a dead child starts again, doubled each time
_STEADY = 30.0  # seconds after which a child counts as having started well
_GRACE = 0.6  # seconds to finish what is under way
_PR_SET_PDEATHSIG = 1
_OURS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD}
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class Child:
    """A process that is to run for as long as this one does."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    wait: float = _FIRST_WAIT
    due: float = 0.0

    def start(self) -> None:
        """Start it in a session of its own, where signals find it as ever."""
        self.started = time.monotonic()
        self.process = subprocess.Popen(self.command, cwd=ROOT, start_new_session=True, preexec_fn=_in_child)  # noqa: PLW1509 - one thread only

    def ended(self) -> int | None:
        """Return its exit status if it ended since it was started; its group is gone then, too."""
        if self.process is None or self.process.poll() is None:
            return None
        status = self.process.returncode
        self.signal_all(signal.SIGKILL)
        self.process = None
        return status

    def later(self) -> None:
        """Plan the next start: at once after a long life, else later and later."""
        now = time.monotonic()
        if now - self.started > _STEADY:
            self.wait = _FIRST_WAIT
        self.due = now + self.wait
        self.wait = min(self.wait * 2, _LONGEST_WAIT)

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to every process of its session."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


def children(port: int) -> list[Child]:
    """Return the two that make an instance."""
    web = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "--host", HOST, "--port", str(port),
        "--workers", "1", "--blocking-threads", str(THREADS), "--http", "1", "--no-ws", "--log-level", "error",
        "--backlog", str(CONNECTIONS), "--backpressure", str(CONNECTIONS), "app:create_app",
    ]  # fmt: skip
    return [Child("web", web), Child("worker", [sys.executable, "-m", "flask", "--app", "app", "worker"])]


def run(port: int) -> int:
    """Serve until a signal says stop; return the exit status."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _OURS)
    if not _is_free(port):
        print(f"Port {port} is taken; choose another: make run PORT={port + 1}", file=sys.stderr)
        return 1
    status = _prepare()
    if status is not None:
        return status
    _allow_connections()
    running = children(port)
    try:
        return _keep(running, f"http://{HOST}:{port}/")
    finally:
        _stop(running)


def _allow_connections() -> None:
    """Let the children open a file for each connection: many systems give 1,024 at first, and more to who asks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _prepare() -> int | None:
    """Run ``flask demo``, which leaves a real instance as it is; return the exit status if that is the end of it."""
    demo = Child("demo", [sys.executable, "-m", "flask", "--app", "app", "demo"])
    demo.start()
    while (status := demo.ended()) is None:
        if _signal(5.0):
            _stop([demo])
            return 0
    return status or None


def _keep(running: list[Child], address: str) -> int:
    for child in running:
        child.start()
    said = False
    while True:
        now = time.monotonic()
        for child in running:
            status = child.ended()
            if status == WRONG_SETTINGS:
                return status
            if status is not None:
                child.later()
                print(f"{child.name} ended ({status}), starts again in {child.due - now:.1f} s", file=sys.stderr)
            if child.process is None and child.due <= now:
                child.start()
        if not said and not _is_free(int(address.rsplit(":", 1)[1].rstrip("/"))):
            said = True
            print(f"Serving {address}", flush=True)
        waiting = [child.due - now for child in running if child.process is None]
        if _signal(max(min([*waiting, 5.0 if said else 0.1]), 0.01)):
            return 0


def _stop(running: list[Child]) -> None:
    """Ask every child to end, and end whatever has not after the grace."""
    until = time.monotonic() + _GRACE
    for child in running:
        if child.process is not None:
            child.process.terminate()
    for child in running:
        if child.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(until - time.monotonic(), 0.01))
            child.signal_all(signal.SIGKILL)
            child.process.wait()


def _signal(seconds: float) -> bool:
    """Wait for a signal; say whether it is one that means stop."""
    came = signal.sigtimedwait(_OURS, seconds)
    return came is not None and came.si_signo != signal.SIGCHLD


def _is_free(port: int) -> bool:
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((HOST, port))
        except OSError:
            return False
    return True


def _in_child() -> None:
    """In a fresh child: end with this process, however it ends, and hear signals again."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _OURS)


def main() -> int:
    """Read ``PORT`` and serve."""
    parser = argparse.ArgumentParser(description="Keep web and worker of this instance running.")
    parser.add_argument("--tied", action="store_true", help="stop when the process that started this one ends")
    if parser.parse_args().tied:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    port = os.environ.get("PORT", "8000")
    if not port.isdecimal() or not 0 < int(port) < 2**16:
        print("PORT should be a number between 1 and 65535.", file=sys.stderr)
        return WRONG_SETTINGS
    return run(int(port))


if __name__ == "__main__":
    sys.exit(main())
