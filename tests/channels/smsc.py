"""An operator's message centre: SMPP 3.4 over a socket, as Kannel binds to it. No kept library has a server side."""

from __future__ import annotations

import itertools
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedIOBase

import smsutil

OURS = "48000"
USERNAME, PASSWORD = "OPERATOR-NAME", "8-SIGNS."  # as in docs/carriers.md; SMPP has room for eight
GSM7, LATIN1, UCS2 = 0, 3, 8  # data_coding
_HEAD = struct.Struct(">IIII")  # length, command, status, sequence
_SUBMIT, _DELIVER, _UNBIND, _BIND, _ENQUIRE = 0x4, 0x5, 0x6, 0x9, 0x15
_ANSWER = 0x80000000
_REFUSED = 0xE  # ESME_RINVPASWD
_UDH, _RECEIPT = 0x40, 0x04  # esm_class
_FATES = {"DELIVRD": 2, "EXPIRED": 3, "UNDELIV": 5}  # message_state


@dataclass(frozen=True)
class Submitted:
    """A text that was handed to the operator."""

    to: str
    sender: str
    text: str
    coding: int


@dataclass(frozen=True)
class Part:
    """One part of a long text: octets, data_coding, and the header that says what it is a part of."""

    said: bytes
    coding: int
    udh: bytes


@dataclass
class Smsc:
    """What went through; texts that nobody has acknowledged are sent again to whoever binds next.

    ``fate`` is what becomes of texts that are handed in.
    """

    port: int = 0
    fate: str = "DELIVRD"
    submitted: list[Submitted] = field(default_factory=list)
    binds: list[tuple[str, str]] = field(default_factory=list)
    enquired: int = 0
    acknowledged: int = 0
    _waiting: dict[int, bytes] = field(default_factory=dict)
    _line: BufferedIOBase | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def is_bound(self) -> bool:
        """Say whether somebody is bound."""
        return self._line is not None

    def text(self, number: str, said: str) -> None:
        """Hand a short text from a phone on, at once or as soon as somebody binds."""
        self._deliver(number, *encoded(said), 0)

    def part(self, number: str, part: Part) -> None:
        """Hand one part of a long text on."""
        self._deliver(number, part.udh + part.said, part.coding, _UDH)

    def texts(self, number: str) -> list[str]:
        """Return the texts for one phone, in the order they came."""
        return [one.text for one in self.submitted if one.to == number]

    def serve(self, stream: BufferedIOBase, line: BufferedIOBase) -> None:
        """Talk to one client until it hangs up."""
        try:
            self._talk(stream, line)
        except OSError:
            pass  # the client is gone
        finally:
            self._line = None

    def _talk(self, stream: BufferedIOBase, line: BufferedIOBase) -> None:
        while len(head := stream.read(_HEAD.size)) == _HEAD.size:
            length, command, status, sequence = _HEAD.unpack(head)
            body = stream.read(length - _HEAD.size)
            if command == _BIND:
                self._bound(line, sequence, body)
            elif command == _SUBMIT:
                self._take(line, sequence, body)
            elif command == _ENQUIRE:
                self.enquired += 1
                self._send(line, _ENQUIRE | _ANSWER, sequence)
            elif command == _UNBIND:
                self._line = None
                self._send(line, _UNBIND | _ANSWER, sequence)
            elif command == _DELIVER | _ANSWER and not status:
                self.acknowledged += 1
                self._waiting.pop(sequence, None)

    def _bound(self, line: BufferedIOBase, sequence: int, body: bytes) -> None:
        name, password = (part.decode() for part in body.split(b"\0")[:2])
        self.binds.append((name, password))
        if (name, password) != (USERNAME, PASSWORD):
            self._send(line, _BIND | _ANSWER, sequence, status=_REFUSED)
            return
        self._send(line, _BIND | _ANSWER, sequence, b"OPERATOR\0")
        with self._lock:
            self._line = line
            for number, waiting in list(self._waiting.items()):
                self._send(line, _DELIVER, number, waiting)

    def _take(self, line: BufferedIOBase, sequence: int, body: bytes) -> None:
        _, rest = body.split(b"\0", 1)  # service type
        sender, rest = rest[2:].split(b"\0", 1)
        to, rest = rest[2:].split(b"\0", 1)
        _, _, rest = rest[3:].split(b"\0", 2)  # esm_class, protocol, priority; when to send and until when
        wants_receipt, _, coding, _, length = rest[:5]
        said = rest[5 : 5 + length]
        text = said.decode("utf-16-be" if coding == UCS2 else "gsm0338")
        name = f"{len(self.submitted):X}"
        self.submitted.append(Submitted(f"+{to.decode()}", sender.decode(), text, coding))
        self._send(line, _SUBMIT | _ANSWER, sequence, name.encode() + b"\0")
        if wants_receipt & 1:
            self._report(f"+{to.decode()}", name, said)

    def _report(self, number: str, name: str, said: bytes) -> None:
        """Say what became of a text, as operators do: with its first words in it."""
        dates = "submit date:2611240900 done date:2611240900"
        receipt = f"id:{name} sub:001 dlvrd:001 {dates} stat:{self.fate} err:000 text:".encode() + said[:20]
        named = name.encode() + b"\0"
        more = struct.pack(f">HH{len(named)}s", 0x1E, len(named), named)  # receipted_message_id
        more += struct.pack(">HHB", 0x427, 1, _FATES[self.fate])  # message_state
        self._deliver(number, receipt, GSM7, _RECEIPT, more)

    def _deliver(self, number: str, said: bytes, coding: int, kind: int, more: bytes = b"") -> None:
        addresses = b"\0\1\1" + number.lstrip("+").encode() + b"\0\0\1" + OURS.encode() + b"\0"  # international, ours
        body = addresses + bytes([kind, 0, 0, 0, 0, 0, 0, coding, 0, len(said)]) + said + more
        with self._lock:
            sequence = next(self._numbers)
            self._waiting[sequence] = body
            if self._line is not None:
                self._send(self._line, _DELIVER, sequence, body)

    def _send(self, line: BufferedIOBase, command: int, sequence: int, body: bytes = b"", status: int = 0) -> None:
        with self._lock:
            line.write(_HEAD.pack(_HEAD.size + len(body), command, status, sequence) + body)


@contextmanager
def running() -> Iterator[Smsc]:
    """Run a message centre on a free port."""
    made = Smsc()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            made.serve(self.rfile, self.wfile)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        made.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def encoded(text: str) -> tuple[bytes, int]:
    """Return a text as it is on the air, and its data_coding."""
    if smsutil.is_valid_gsm(text):
        return text.encode("gsm0338"), GSM7
    return text.encode("utf-16-be"), UCS2


def parts(text: str, at: list[int], reference: int) -> list[Part]:
    """Cut a text into parts before the octets ``at``; a reference above 255 takes the longer header."""
    said, coding = encoded(text)
    edges = [0, *at, len(said)]
    belongs = [8, 4, reference >> 8, reference & 255] if reference > 255 else [0, 3, reference]
    return [
        Part(said[start:end], coding, bytes([len(belongs) + 2, *belongs, len(at) + 1, number]))
        for number, (start, end) in enumerate(itertools.pairwise(edges), start=1)
    ]
