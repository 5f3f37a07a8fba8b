"""Web and worker are killed at random moments under load: what was acknowledged is there once, every reply comes."""

from __future__ import annotations

import os
import random
import secrets
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import requests
from sqlalchemy import Engine, create_engine, text

from tests.channels.fake_carrier import FakeCarrier
from tests.e2e.running import Instance, until

KILLS = 6


class Load:
    """Reporters who try again with the same id until they are told that it arrived."""

    def __init__(self, one: Instance) -> None:
        self.one = one
        self.over = threading.Event()
        self.receipts: dict[str, str] = {}
        self.texted: list[str] = []
        self.dialled: list[str] = []
        self.faults: list[str] = []
        self._threads = [
            threading.Thread(target=self._work, args=(act, number))
            for number, act in enumerate([self._web, self._web, self._sms, self._sms, self._ussd])
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Let everybody end what they began."""
        self.over.set()
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive()

    def _work(self, act: Callable[[int, int], None], who: int) -> None:
        for count in range(10_000):
            if self.over.is_set():
                return
            try:
                act(who, count)
            except Exception as fault:  # noqa: BLE001 - told at the end
                self.faults.append(repr(fault))
                return

    def _web(self, who: int, count: int) -> None:
        client_id = secrets.token_urlsafe(24)
        sent = {"text": f"tip {who}-{count}", "language": "en", "client_id": client_id}
        answer = self._again(lambda: requests.post(f"{self.one.base}/api/v1/tips", json=sent, timeout=10))
        self.receipts[client_id] = answer.json()["receipt"]

    def _sms(self, who: int, count: int) -> None:
        number, message_id = f"+2665800{who}{count:03}", secrets.token_hex(8)
        secret = self.one.secrets["africastalking-callback"]
        form = {"id": message_id, "from": number, "to": "48000", "text": f"text {who}-{count} from a border"}
        self._again(lambda: requests.post(f"{self.one.base}/sms/africastalking/{secret}", data=form, timeout=10))
        self.texted.append(number)

    def _ussd(self, who: int, count: int) -> None:
        session, number = f"ATUid_{secrets.token_hex(16)}", f"+2665900{count:04}"
        inputs: list[str] = []
        for _ in range(14):
            screen = self._again(lambda: self._screen(session, number, inputs)).text
            if "receipt" in screen or any(len(word) == 4 and word.isdigit() for word in screen.split()):
                break
            inputs.append("1" if any(line[:1].isdigit() for line in screen[4:].split("\n")) else f"story {count}")
        self.dialled.append(number)

    def _screen(self, session: str, number: str, inputs: list[str]) -> requests.Response:
        form = {"sessionId": session, "phoneNumber": number, "serviceCode": "*123#", "text": "*".join(inputs)}
        secret = self.one.secrets["africastalking-callback"]
        return requests.post(f"{self.one.base}/ussd/africastalking/{secret}", data=form, timeout=10)

    @staticmethod
    def _again(call: Callable[[], requests.Response]) -> requests.Response:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                answer = call()
            except requests.RequestException:
                time.sleep(0.1)
                continue
            if answer.status_code in {200, 201} and not answer.text.startswith("END"):
                return answer
            time.sleep(0.1)
        message = "never acknowledged"
        raise AssertionError(message)


def _children(one: Instance) -> list[int]:
    assert one.process is not None
    pid = one.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_nothing_acknowledged_is_lost_or_doubled(demo_one: Instance, carrier: FakeCarrier) -> None:
    engine = create_engine(f"sqlite:///{demo_one.var / 'tipline.db'}")
    before = _tips(engine)
    load = Load(demo_one)
    load.start()
    for _ in range(KILLS):
        time.sleep(random.uniform(0.3, 1.5))
        alive = until(lambda: len(found := _children(demo_one)) == 2 and found, demo_one.log, "both children")
        os.killpg(random.choice(alive), signal.SIGKILL)
        until(demo_one.answers, demo_one.log, "the web process")
    time.sleep(0.5)
    load.finish()
    assert load.faults == []
    assert len(load.receipts) > 20

    until(lambda: all(carrier.texts(number) for number in load.texted), demo_one.log, "every promised reply")
    for receipt in random.sample(sorted(load.receipts.values()), 15):
        opened = requests.post(f"{demo_one.base}/api/v1/receipts/open", json={"receipt": receipt}, timeout=30)
        assert opened.status_code == 200
    assert len(set(load.receipts.values())) == len(load.receipts)
    acknowledged = {"web": len(load.receipts), "sms": len(load.texted), "ussd": len(load.dialled)}
    assert _tips(engine) - before == Counter(acknowledged)
    with engine.connect() as connection:
        stories = connection.execute(text("SELECT count(*) FROM entry WHERE kind = 'story'")).scalar_one()
    assert stories == sum(acknowledged.values()) + before.total()
    engine.dispose()


def _tips(engine: Engine) -> Counter[str]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT channel, count(*) AS tips FROM tip GROUP BY channel"))
        return Counter({row.channel: row.tips for row in rows})
