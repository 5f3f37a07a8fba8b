"""A load generator small enough not to be what is measured: one thread, epoll, kept-alive connections."""

from __future__ import annotations

import itertools
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Script = Iterator[bytes]  # what one connection sends, request by request


def request(method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """Return a request as bytes."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Seen:
    """What came back: statuses, seconds each answer took, the bodies if they were asked for."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    took: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Return answers a second."""
        return len(self.took) / self.seconds

    def worst(self, share: float = 0.99) -> float:
        """Return the seconds within which this share of answers came."""
        return sorted(self.took)[min(int(len(self.took) * share), len(self.took) - 1)]


def always(data: bytes, connections: int = 16) -> list[Script]:
    """Return scripts that send the same request for ever."""
    return [itertools.repeat(data) for _ in range(connections)]


def shared(requests: Iterator[bytes], connections: int = 16) -> list[Script]:
    """Return scripts that take their requests from one source, whichever connection is free."""
    return [requests for _ in range(connections)]


def drive(port: int, scripts: Sequence[Script], *, seconds: float = float("inf"), keep: bool = False) -> Seen:
    """Run scripts at once, a connection each, until they end or the time is up; answers under way are awaited."""
    seen = Seen()
    waiting = selectors.DefaultSelector()
    begun = time.perf_counter()
    until = begun + seconds
    for script in scripts:
        line = _Line(port, script)
        if line.send_next():
            waiting.register(line.socket, selectors.EVENT_READ, line)
    while waiting.get_map():
        for key, _ in waiting.select():
            line = key.data
            if not line.receive():
                continue
            now = time.perf_counter()
            seen.statuses[line.status] += 1
            seen.took.append(now - line.at)
            if keep:
                seen.bodies.append(line.body)
            if now >= until:
                waiting.unregister(line.socket)
                line.socket.close()
            elif not line.send_next():
                waiting.unregister(line.socket)
    seen.seconds = time.perf_counter() - begun
    return seen


class _Line:
    """One connection, with at most one request under way."""

    def __init__(self, port: int, script: Script) -> None:
        self._script = script
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.at = 0.0
        self.status = 0
        self.body = b""
        self._got = b""

    def send_next(self) -> bool:
        """Send the script's next request; False, and hang up, at its end."""
        data = next(self._script, None)
        if data is None:
            self.socket.close()
            return False
        self.at = time.perf_counter()
        self._got = b""
        self.socket.sendall(data)
        return True

    def receive(self) -> bool:
        """Take in what has come; say whether the answer is whole."""
        data = self.socket.recv(262144)
        if not data:
            raise ConnectionError("the server hung up")
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if not found:
            return False
        length = _length(head)
        if length is None:
            if not body.endswith(b"0\r\n\r\n"):
                return False
        elif len(body) < length:
            return False
        self.status = int(head[9:12])
        self.body = body
        return True


def _length(head: bytes) -> int | None:
    at = head.lower().find(b"\r\ncontent-length:")
    if at < 0:
        return None if b"chunked" in head.lower() else 0
    return int(head[at + 17 :].split(b"\r\n", 1)[0])
