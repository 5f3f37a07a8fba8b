"""One call of a USSD carrier: whose it is, whether it goes on from what is known, and where its inputs lead."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from sms import ussd
from sms.menu import Lang, Menu
from tipline.sealing import KeyFile, derive, keyed_hash, lock, unlock

_MOST_INPUTS = 200
_MOST_RECENT = 10_000
_PURPOSE = "a USSD session"


@dataclass(frozen=True)
class Dial:
    """One call as it came. ``text`` is every input of the session so far, joined by ``*``."""

    session_id: str = field(repr=False)
    phone: str = field(repr=False)
    service_code: str
    text: str = field(repr=False)

    @property
    def owner(self) -> str:
        """Return whose session it is: the phone and the code it dialled."""
        return f"{self.phone.strip().removeprefix('+')} {self.service_code}"  # "+" may arrive as a space


@dataclass(frozen=True)
class Walk:
    """Where inputs lead from the first screen on.

    ``stays``: one of them was typed or said something, so that the session must be kept. ``speaks``: they make a
    report. ``screens``: each transcript on the way and the screen it led to.
    """

    turn: ussd.Turn
    stays: bool
    speaks: bool
    screens: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True)
class Stands:
    """Where a dialogue stands: its state, the screen of each transcript so far, and the key of its draft tip."""

    session: ussd.Session
    screens: dict[str, str] = field(repr=False)
    draft_key: bytes = field(repr=False)


class Caller:
    """A session's keys. All of them need the carrier's session id, which is kept nowhere."""

    def __init__(self, keys: KeyFile, dial: Dial) -> None:
        """Take the key file and a call of the session."""
        self.id_hash = id_hash(keys, dial.session_id)
        self._key = derive(keys.ussd, f"{_PURPOSE} {dial.session_id}")
        self.owner_hash = keyed_hash(self._key, "owner", dial.owner)

    def hash(self, transcript: str) -> bytes:
        """Return the keyed hash of a transcript."""
        return keyed_hash(self._key, "transcript", transcript)

    def tag(self, transcript: str) -> str:
        """Return the short name under which a transcript's screen is kept."""
        return self.hash(transcript)[:8].hex()

    def goes_on(self, text: str, length: int, transcript_hash: bytes) -> bool:
        """Say whether inputs begin with this transcript and hold more."""
        return text[length : length + 1] == "*" and self.hash(text[:length]) == transcript_hash

    def lock(self, stands: Stands) -> bytes:
        """Lock where a dialogue stands."""
        parts = [stands.session.to_json(), stands.screens, stands.draft_key.hex()]
        plain = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
        return lock(plain.encode(errors="surrogatepass"), self._key, _PURPOSE)

    def unlock(self, locked: bytes) -> Stands:
        """Undo ``lock``."""
        line, screens, draft_key = json.loads(unlock(locked, self._key, _PURPOSE).decode(errors="surrogatepass"))
        return Stands(ussd.Session.from_json(line), screens, bytes.fromhex(draft_key))


@dataclass(frozen=True)
class _Known:
    owner: bytes
    length: int
    transcript: bytes
    stays: bool


class Recent:
    """The calls that this process answered last, in memory, hashed with a key that dies with it.

    Of a session that has said nothing yet no row is kept; this still notices a call that belongs to another.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._mutex = threading.Lock()

    def allows(self, dial: Dial) -> bool:
        """Say whether a call can belong to the session it names."""
        known = self._known.get(self._hash(dial.session_id))
        if known is None:
            return True
        if known.owner != self._hash(dial.owner):
            return False
        goes_on = dial.text[known.length : known.length + 1] in {"", "*"}
        return len(dial.text) < known.length or (goes_on and self._hash(dial.text[: known.length]) == known.transcript)

    def stays(self, dial: Dial) -> bool:
        """Say whether a row of this session is known to be kept."""
        known = self._known.get(self._hash(dial.session_id))
        return known is not None and known.stays

    def note(self, dial: Dial, *, stays: bool) -> None:
        """Remember a call that was answered; a late one changes nothing."""
        session = self._hash(dial.session_id)
        with self._mutex:
            known = self._known.get(session)
            if known is None or known.length < len(dial.text):
                self._known[session] = _Known(self._hash(dial.owner), len(dial.text), self._hash(dial.text), stays)
            self._known.move_to_end(session)
            if len(self._known) > _MOST_RECENT:
                self._known.popitem(last=False)

    def _hash(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=16).digest()


def id_hash(keys: KeyFile, session_id: str) -> bytes:
    """Return the keyed hash under which a session is found."""
    return keyed_hash(keys.ussd, "session", session_id)


def replay(menu: Menu, text: str, *, briefly: bool = False) -> Walk | None:
    """Play every input of a transcript from the first screen; None if they lead past a last one.

    What is typed takes all that follows, since a ``*`` in it cannot be told from the carrier's. ``briefly`` stops
    where it is clear that the session must be kept.
    """
    turn, stays, speaks = ussd.start(menu), False, False
    screens: list[tuple[str, str]] = []
    inputs = text.split("*")
    for number, answer in enumerate(inputs):
        if turn.screen.end or number == _MOST_INPUTS:
            return None
        if number:
            screens.append(("*".join(inputs[:number]), turn.screen.wire()))
        typed = ussd.wants_typing(menu, turn.session)
        turn = ussd.play(menu, turn.session, "*".join(inputs[number:]) if typed else answer)
        speaks = speaks or turn.effect in {"keep", "finish"}
        stays = stays or typed or speaks
        if typed or (stays and briefly):
            break
    return Walk(turn, stays, speaks, tuple(screens))


def language_of(menu: Menu, text: str) -> Lang | None:
    """Return the language that a session's inputs chose last; None if they chose none."""
    turn = ussd.start(menu)
    for answer in text.split("*", _MOST_INPUTS)[:_MOST_INPUTS]:
        turn = ussd.play(menu, turn.session, answer)
        if turn.screen.end:
            break
    return turn.session.lang
