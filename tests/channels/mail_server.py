"""A mail server on loopback that keeps what it is handed: just enough of SMTP."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Post:
    """What came in, and how the server feels: ``refuse`` takes no address, ``port`` where it listens."""

    port: int = 0
    letters: list[tuple[str, str]] = field(default_factory=list)  # to whom, and all of it
    refuse: bool = False


@contextmanager
def mail_server() -> Iterator[Post]:
    """Serve until the end."""
    post = Post()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            to = ""
            self._say("220 here")
            while line := self.rfile.readline().decode().strip():
                verb = line[:4].upper()
                if verb == "RCPT":
                    to = line.partition("<")[2].partition(">")[0]
                    self._say("550 nobody" if post.refuse else "250 yes")
                elif verb == "DATA":
                    self._say("354 go on")
                    letter = b""
                    while not letter.endswith(b"\r\n.\r\n"):
                        letter += self.rfile.readline()
                    post.letters.append((to, letter.decode()))
                    self._say("250 kept")
                else:
                    self._say("221 bye" if verb == "QUIT" else "250 yes")

        def _say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        post.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield post
        server.shutdown()
        thread.join()
