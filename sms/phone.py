"""A feature phone in the browser (demo instances): USSD and text messages through the real doors.

The page keeps its own state in its fields, as a phone does; texts are kept in memory by number, never on a disk. It
works without a script; with one the keys answer at once and new texts appear by themselves.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from dataclasses import dataclass, field
from typing import cast

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, render_template, request
from flask.blueprints import BlueprintSetupState

from sms.phone_line import DOORS, Line, NoNetwork, Texts
from sms.providers.console import NAME
from tipline import outbox, phones
from tipline.errors import BadPhoneNumber
from tipline.sealing import same
from tipline.web import house
from tipline.web.compress import never_compress
from tipline.web.headers import allow_scripts

blueprint = Blueprint("phone", __name__, url_prefix="/phone")
PHONES = ("+26658000000", "+26658000001", "+26658000002")  # made up: the line's own examples
KEYS = (
    ("1", ""), ("2", "abc"), ("3", "def"), ("4", "ghi"), ("5", "jkl"), ("6", "mno"), ("7", "pqrs"), ("8", "tuv"),
    ("9", "wxyz"), ("*", ""), ("0", ""), ("#", ""),
)  # fmt: skip
_STATE = ("number", "was", "off", "answer", "session", "steps", "typed", "screen", "problem", "door", "text")
_LONGEST = 6000  # characters of one field
_MOST_STEPS = 1000
_SESSION = re.compile(r"[0-9a-f]{32}")
_TEXTS = "tipline_phone"
_CHANGES = {f"phone-{at}": number for at, number in enumerate(PHONES, 1)}
ASK = "Please call me"  # in the phone's own words; what networks send for it is in ``call_me.toml``


@dataclass
class Phone:
    """What the phone shows. ``session``, ``steps`` and ``typed`` (all inputs, joined by ``*``) are its USSD session."""

    number: str = field(default=PHONES[0], repr=False)
    was: str = field(default="", repr=False)  # the number before: another one is another phone
    off: bool = False
    answer: str = field(default="", repr=False)
    session: str = field(default="", repr=False)
    steps: int = 0
    typed: str = field(default="", repr=False)
    screen: str = field(default="", repr=False)
    problem: str = ""
    door: str = DOORS[0]
    text: str = field(default="", repr=False)


@blueprint.record_once
def _set_up(state: BlueprintSetupState) -> None:
    assert isinstance(state.app, Flask)
    state.app.extensions[_TEXTS] = Texts()


@blueprint.get("")
def idle() -> Response:
    """Show the phone, its code typed in."""
    return _show(Phone(off=_texts().is_off(PHONES[0]), answer=_line().code))


@blueprint.post("")
def press() -> Response:
    """Press one of its keys: ``do`` is call, end, clear, text, ring, ask, refresh, phone-N or key-N."""
    phone = _read()
    do = request.form.get("do", "")
    phone.number = _CHANGES.get(do, phone.number)
    try:
        phone.number = phones.parse(phone.number)
    except BadPhoneNumber:
        phone.problem = "number"
        return _show(phone)
    try:
        if phone.was and phone.was != phone.number:
            _change(phone)
        else:
            _texts().switch(phone.number, off=phone.off)
        if do == "call":
            _call(phone)
        elif do == "end":
            _hang_up(phone)
        elif do == "text":
            _send_text(phone, phone.text)
            phone.text = ""
        elif do == "ring":
            _line().ring(phone.number, phone.door)
        elif do == "ask":
            _send_text(phone, ASK)
        elif do == "clear":
            phone.answer = phone.answer[:-1]
        elif do.startswith("key-"):
            phone.answer += do.removeprefix("key-")[:1]
    except NoNetwork as fault:
        phone.problem = "refused" if fault.status else "network"
    return _show(phone)


@blueprint.post("/deliver")
def deliver() -> Response:
    """Take a text that the house sends to a phone (``sms.providers.console``): JSON to, from, text and id."""
    secret = _line().settings.console_secret
    if not secret or not same(request.headers.get("X-Phone-Secret", ""), secret):
        abort(403)
    said = request.get_json(silent=True)
    if not isinstance(said, dict) or not all(isinstance(said.get(name), str) for name in ("to", "from", "text", "id")):
        abort(400)
    _texts().deliver(said["to"], said["from"] or _line().shortcode, said["text"], said["id"])
    return jsonify({"taken": True})


def _call(phone: Phone) -> None:
    """Dial, or send the answer to the screen that is shown; what fails can be sent again as it is."""
    if not phone.session and phone.answer.strip() != _line().code:
        phone.problem = "code"
        return
    session = phone.session or secrets.token_hex(16)
    inputs = phone.answer if phone.steps <= 1 else f"{phone.typed}*{phone.answer}"
    typed = inputs if phone.session else ""
    phone.screen, over = _line().dial(phone.number, session, typed)
    phone.session, phone.typed, phone.steps, phone.answer = session, typed, phone.steps + 1, ""
    if over:
        last = phone.screen
        _hang_up(phone)
        phone.screen = last


def _hang_up(phone: Phone) -> None:
    """End the session; the carrier's note may get lost, as it may in life."""
    if phone.session:
        with contextlib.suppress(NoNetwork):
            _line().hang_up(phone.number, phone.session)
    phone.session, phone.typed, phone.steps, phone.screen, phone.answer = "", "", 0, "", _line().code


def _change(phone: Phone) -> None:
    """Take another phone: the first one's session is over, and each has its own switch."""
    taken = phone.number
    phone.number = phone.was
    _hang_up(phone)
    phone.number, phone.off = taken, _texts().is_off(taken)


def _send_text(phone: Phone, text: str) -> None:
    line, texts = _line(), _texts()
    texts.add(phone.number, line.shortcode, text, mine=True)
    reply = line.text(phone.number, text, phone.door)
    if reply:
        texts.add(phone.number, line.shortcode, reply, mine=False)


def _read() -> Phone:
    """Read the phone's state from the form that it lies in."""
    form = request.form
    texts = ("number", "was", "answer", "session", "typed", "screen", "text")
    given = {name: form.get(name, "")[:_LONGEST] for name in texts}
    steps = min(form.get("steps", 0, type=int), _MOST_STEPS)
    phone = Phone(**given, off="off" in form, door=form.get("door", DOORS[0]), steps=steps)
    phone.text = phone.text.replace("\r\n", "\n")
    if not _SESSION.fullmatch(phone.session):
        phone.session, phone.typed, phone.steps = "", "", 0
    if phone.door not in DOORS:
        phone.door = DOORS[0]
    return phone


def _show(phone: Phone) -> Response:
    phone.was = phone.number
    _tell(phone.number)
    texts = _texts().of(phone.number)
    if request.accept_mimetypes.best == "application/json":
        shown = {name: getattr(phone, name) for name in _STATE}
        return jsonify({**shown, "texts": [one.as_json() for one in texts]})
    never_compress()
    allow_scripts()
    line = _line()
    page = render_template(
        "phone/phone.html", phone=phone, texts=texts, keys=KEYS, doors=DOORS, phones=PHONES, code=line.code,
        shortcode=line.shortcode,
    )  # fmt: skip
    return Response(page, headers={"Cache-Control": "no-store"})


def _tell(number: str) -> None:
    """Report what became of the texts to a phone, as a carrier would; what the house has not noted yet waits."""
    here = house()
    told = _texts().reports(number)
    if not told:
        return
    with here.database.write() as session:
        for one in told:
            known = outbox.note_delivery(session, here.keys, NAME, one.carrier_id, one.state, here.clock())
            if not known and outbox.is_sending(session):
                _texts().report(one)


def _line() -> Line:
    return Line(current_app.config["TIPLINE"])


def _texts() -> Texts:
    return cast("Texts", current_app.extensions[_TEXTS])
