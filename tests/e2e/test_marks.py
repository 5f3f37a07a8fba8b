"""After every channel was driven with marked words and numbers, the marks are in no byte that was written."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from pathlib import Path

import requests
from sqlalchemy import create_engine, text

from tests.channels.fake_carrier import FakeCarrier
from tests.e2e.running import PATIENCE, Instance, until

MARK = "Qhobosheane" + secrets.token_hex(5)
NATIONAL = ["58710401", "58710402", "58710403", "58710404"]
NUMBERS = ["+266" + NATIONAL[0], "266" + NATIONAL[1], "00266" + NATIONAL[2], NATIONAL[3]]


def test_the_marks_are_nowhere(one: Instance, carrier: FakeCarrier, tmp_path: Path) -> None:
    receipts = _drive(one, carrier)
    saved = one.var / "marks.backup"
    one.flask("backup", str(saved))
    one.stop()
    needles = [MARK.encode(), MARK.encode("utf-16-le"), MARK.encode().hex().encode()]
    needles += [number.encode() for number in NATIONAL]
    for receipt in receipts:
        needles += [receipt.encode(), " ".join(receipt[at : at + 4] for at in range(0, 16, 4)).encode()]
    for clear in (MARK.encode(), *(number.encode() for number in NATIONAL), *(one.encode() for one in receipts)):
        needles += list(_as_base64(clear))
    searched = 0
    for file in _files(one):
        found = file.read_bytes()
        searched += len(found)
        for needle in needles:
            assert needle not in found, f"{file.name} holds a mark"
    assert searched > 100_000
    one.start()


def _drive(one: Instance, carrier: FakeCarrier) -> list[str]:
    sent = {"text": f"{MARK} by web", "language": "en", "contact": NUMBERS[0], "place": f"{MARK} village"}
    receipt = requests.post(f"{one.base}/api/v1/tips", json=sent, timeout=PATIENCE).json()["receipt"]
    more = {"receipt": receipt, "text": f"{MARK} more"}
    assert requests.post(f"{one.base}/api/v1/receipts/messages", json=more, timeout=PATIENCE).status_code == 201
    for number in NUMBERS[1:3]:
        assert one.text(number, f"{MARK} by text", secrets.token_hex(8)) == 200
    call = {"sessionId": secrets.token_hex(8), "callerNumber": NUMBERS[1], "direction": "Inbound", "isActive": "1"}
    rung = f"{one.base}/calls/africastalking/{one.secrets['africastalking-callback']}"
    assert requests.post(rung, data=call, timeout=PATIENCE).status_code == 200
    assert one.text("VCL-INFO", f"Please call me {NATIONAL[2]} {MARK}", secrets.token_hex(8)) == 200
    ussd = one.report_by_ussd(f"ATUid_{secrets.token_hex(16)}", NUMBERS[3], f"{MARK} by USSD").replace(" ", "")
    one.dial(f"ATUid_{secrets.token_hex(16)}", NUMBERS[3], ["1", "4", ussd])
    _mislead(one, receipt)
    tip = one.find("immigration", f"{MARK} by text")
    for path, body in (
        ("replies", {"text": f"{MARK} reply"}),
        ("notes", {"text": f"{MARK} note"}),
        ("referrals", {"desk": "police", "reason": f"{MARK} reason"}),
        ("moves", {"to": MARK}),
    ):
        one.desk("immigration", "POST", f"tips/{tip['id']}/{path}", **body)
    one.desk("immigration", "POST", "search", q=MARK)
    for number in NUMBERS[1:3]:
        assert one.text(number, "1", secrets.token_hex(8)) == 200
    until(lambda: any(MARK in said.text for said in carrier.received), one.log, "the answer")
    return [receipt, ussd]


def _mislead(one: Instance, receipt: str) -> None:
    """Ask for what must fail: an error must not tell either."""
    wrong: list[tuple[str, dict[str, str]]] = [
        ("tips", {"text": f"{MARK} wrong", "language": MARK, "contact": NUMBERS[0] + "x", "category": MARK}),
        ("tips", {MARK: NUMBERS[0]}),
        ("receipts/open", {"receipt": receipt[:-1] + "x", MARK: "1"}),
        ("sessions", {"username": MARK, "password": NUMBERS[0]}),
    ]
    for path, body in wrong:
        answer = requests.post(f"{one.base}/api/v1/{path}", json=body, timeout=PATIENCE)
        assert 400 <= answer.status_code < 500
        assert MARK not in answer.text
    for address in (f"/en/learn/{MARK}", f"/en/inbox?receipt={receipt}", f"/sms/africastalking/{MARK}", f"/{MARK}"):
        assert requests.get(one.base + address, timeout=PATIENCE).status_code < 500


def _files(one: Instance) -> Iterator[Path]:
    yield one.log
    yield from (file for file in one.var.rglob("*") if file.is_file())
    yield from (file for file in one.var.parent.joinpath("elsewhere").rglob("*") if file.is_file())
    address = one.environ.get("TIPLINE_DATABASE_URL", "")
    if address:
        engine = create_engine(address, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("CHECKPOINT"))
            folder = Path(connection.execute(text("SHOW data_directory")).scalar_one())
        engine.dispose()
        yield from (file for file in folder.rglob("*") if file.is_file())
        yield folder.parent / "log"


def _as_base64(clear: bytes) -> Iterator[bytes]:
    """Give what of it survives in base64, wherever in a longer text it stands."""
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + clear)
        yield coded[4 if shift else 0 : len(coded) - 4]
