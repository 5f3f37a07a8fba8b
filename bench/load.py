"""A load generator small enough not to be what is measured: one thread, epoll, kept-alive connections."""

from __future__ import annotations

import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Make = Callable[[int], bytes]  # the number of a request → its bytes


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


def drive(
    port: int,
    make: Make,
    *,
    connections: int = 16,
    seconds: float | None = None,
    count: int | None = None,
    keep: bool = False,
) -> Seen:
    """Send requests for some seconds, or a number of them, each connection waiting for its answer before the next."""
    seen = Seen()
    waiting = selectors.DefaultSelector()
    sent = 0
    begun = time.perf_counter()
    until = begun + seconds if seconds is not None else float("inf")
    most = count if count is not None else 2**62
    lines = [_Line(port) for _ in range(min(connections, most))]
    for line in lines:
        waiting.register(line.socket, selectors.EVENT_READ, line)
        line.send(make(sent))
        sent += 1
    busy = len(lines)
    while busy:
        for key, _ in waiting.select():
            line = key.data
            if not line.receive():
                continue
            now = time.perf_counter()
            seen.statuses[line.status] += 1
            seen.took.append(now - line.at)
            if keep:
                seen.bodies.append(line.body)
            if now < until and sent < most:
                line.send(make(sent))
                sent += 1
            else:
                waiting.unregister(line.socket)
                line.socket.close()
                busy -= 1
    seen.seconds = time.perf_counter() - begun
    return seen


class _Line:
    """One connection, with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.at = 0.0
        self.status = 0
        self.body = b""
        self._got = b""

    def send(self, data: bytes) -> None:
        self.at = time.perf_counter()
        self._got = b""
        self.socket.sendall(data)

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
