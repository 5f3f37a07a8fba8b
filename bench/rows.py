"""The rows of the budgets: each measures one path and says what it should reach."""

from __future__ import annotations

import itertools
import json
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from bench import load
from bench.instance import count
from bench.load import Script, Seen
from bench.server import Server, granian, serving
from tipline.sealing.passwords import receipt_keys

CORES = 2
STORY = (
    "My sister was promised work in a hotel in Durban. They took her passport at the bridge and she cannot leave the "
    "house. She called on Sunday from another phone and cried. The man who took her comes back on Friday for two more."
)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
BROWSER = {"Accept-Encoding": "gzip, deflate, br", "Accept": "text/html"}
HELLO = load.request("GET", "/hello")
COMMIT = load.request("POST", "/commit")
WALK = ("1*1*1*1", "1", "1", "1", "1", "2")  # danger: yes; go on; what; where; not at the border; no child
_serial = itertools.count(1)


@dataclass(frozen=True)
class Result:
    """One row of the table."""

    name: str
    value: float
    unit: str
    budget: float
    at_least: bool
    detail: str = ""

    @property
    def kept(self) -> bool:
        """Say whether the budget is kept."""
        return self.value >= self.budget if self.at_least else self.value <= self.budget


@dataclass
class Bench:
    """What is running, and how long to look at it."""

    bare: Server
    ours: Server
    var: Path
    made: dict[str, str] = field(repr=False)
    rounds: int
    seconds: float

    def ratio(
        self,
        name: str,
        ours: Callable[[], list[Script]],
        base: bytes,
        budget: float,
        ok: frozenset[int] = frozenset({200}),
    ) -> Result:
        """Measure a path against a baseline in slices that take turns; the ratio is the median over the pairs."""
        load.drive(self.ours.port, ours(), seconds=self.seconds / 2)
        load.drive(self.bare.port, load.always(base), seconds=self.seconds / 2)
        pairs: list[tuple[Seen, Seen]] = []
        for _ in range(self.rounds):
            before = load.drive(self.bare.port, load.always(base), seconds=self.seconds / 2)
            mine = load.drive(self.ours.port, ours(), seconds=self.seconds)
            after = load.drive(self.bare.port, load.always(base), seconds=self.seconds / 2)
            before.took += after.took
            before.seconds += after.seconds
            pairs.append((mine, before))
            _check(mine, ok)
        value = statistics.median(mine.rate / bare.rate for mine, bare in pairs)
        rate = statistics.median(mine.rate for mine, _ in pairs)
        base_rate = statistics.median(bare.rate for _, bare in pairs)
        worst = statistics.median(mine.worst() for mine, _ in pairs) * 1000
        return Result(name, value, "×", budget, True, f"{rate:,.0f}/s of {base_rate:,.0f}/s, p99 {worst:.0f} ms")


def lesson(bench: Bench) -> Result:
    """Measure a lesson as a browser asks for it."""
    page = load.request("GET", "/st/learn/job-offers", headers=BROWSER)
    return bench.ratio("a lesson (brotli) / bare Flask", lambda: load.always(page), HELLO, 0.6)


def ussd_none(bench: Bench) -> Result:
    """Measure the first screen, of a fresh session each time, and the help screens."""
    return bench.ratio("a USSD screen that keeps none / bare Flask", lambda: load.shared(_dials(bench)), HELLO, 0.5)


def ussd_kept(bench: Bench) -> Result:
    """Measure the answers of a report, each kept before the next screen is shown."""
    return bench.ratio(
        "a USSD screen that keeps an answer / one commit", lambda: [_reports(bench) for _ in range(16)], COMMIT, 0.5
    )


def sms(bench: Bench) -> Result:
    """Measure texts that become tips, each from another phone, at Africa's Talking's door."""
    return bench.ratio("an SMS tip / one commit", lambda: load.shared(_texts(bench)), COMMIT, 0.5)


def burst(bench: Bench) -> list[Result]:
    """Measure 500 tips at once, receipts minted ahead; every receipt is counted again in the database."""
    load.drive(bench.ours.port, load.shared(itertools.islice(_tips(), 1)))
    ratios, worst, lost = [], [], 0
    for _ in range(1 if bench.rounds < 3 else 3):
        _wait_for_receipts(bench, 500)
        before = _count(bench)
        base = load.drive(bench.bare.port, load.shared(itertools.repeat(COMMIT, 1000)))
        mine = load.drive(bench.ours.port, load.shared(itertools.islice(_tips(), 500)), keep=True)
        _check(mine, frozenset({201}))
        receipts = {json.loads(body)["receipt"] for body in mine.bodies}
        lost += max(500 - len(receipts), 500 - (_count(bench) - before))
        ratios.append(mine.rate / base.rate)
        worst.append(mine.worst())
    return [
        Result("a burst of 500 tips with receipts / one commit", statistics.median(ratios), "×", 0.4, True),
        Result("… its p99", max(worst), "s", 1.0, False),
        Result("… tips lost", lost, "", 0, False),
    ]


def sustained(bench: Bench) -> Result:
    """Measure tips for as long as the receipts minted ahead have run out, against what Argon2id alone allows."""
    while _receipts(bench) > 0:
        load.drive(bench.ours.port, load.shared(_tips()), seconds=2)
    took = []
    rates = []
    for _ in range(2):
        for _ in range(20):
            begun = time.perf_counter()
            receipt_keys("0000000000000000", b"p" * 32, minting=True)
            took.append(time.perf_counter() - begun)
        rates.append(load.drive(bench.ours.port, load.shared(_tips()), seconds=max(8.0, bench.seconds)).rate)
    allowed = CORES / statistics.median(took)
    value = statistics.median(rates) / allowed
    detail = f"{statistics.median(rates):.0f}/s of {allowed:.0f}/s, Argon2id {statistics.median(took) * 1000:.0f} ms"
    return Result("tips sustained / Argon2id alone", value, "×", 0.85, True, detail)


def queue(bench: Bench, big: Server, ask: Callable[[Server, str], bytes], tips: int) -> Iterator[Result]:
    """Measure queue pages of a big instance against those of a small one: the 99th percentile, one reader."""
    for name, address in (("the queue", "/desk/"), ("overdue", "/desk/?overdue=1"), ("waiting", "/desk/?waits=1")):
        requests = {server: ask(server, address) for server in (bench.ours, big)}
        took: dict[Server, list[float]] = {bench.ours: [], big: []}
        for _ in range(max(bench.rounds, 2)):
            for server, data in requests.items():
                load.drive(server.port, load.always(data, 1), seconds=0.5)
                seen = load.drive(server.port, load.always(data, 1), seconds=bench.seconds)
                _check(seen, frozenset({200}))
                took[server] += seen.took
        small, large = (sorted(every)[int(len(every) * 0.99)] for every in took.values())
        detail = f"p99 {large * 1000:.1f} ms of {small * 1000:.1f} ms"
        yield Result(f"{name} with {tips:,} tips / with 1,000", large / small, "×", 1.3, False, detail)


def kannel(bench: Bench, texts: int) -> Result:
    """Measure texts, all at once at the operator's end, through a real Kannel to the commit that Kannel waits for."""
    from tests.channels import telco  # noqa: PLC0415 - Kannel runs as in the tests

    folder = bench.var.parent / "kannel"
    shutil.copytree(bench.var, folder / "var")
    with telco.running_by_smpp(folder) as kannel:
        environ = {"TIPLINE_VAR": str(folder / "var"), "PORT": str(kannel.app_port), **telco.settings_for(kannel)}
        with serving(granian(kannel.app_port, "app:create_app"), kannel.app_port, environ, "/healthz"):
            begun = time.perf_counter()
            for number in range(texts):
                kannel.deliver(_phone(number), f"{number}. {STORY[:120]}")
            while count(folder / "var", "inbound") < texts:
                time.sleep(0.05)
            took = time.perf_counter() - begun
    return Result("Kannel inbound, texts a minute", texts / took * 60, "", 5000, True, f"{texts:,} in {took:.1f} s")


def weight(bench: Bench) -> list[Result]:
    """Weigh the web process and time its start."""
    return [
        Result("memory of the web process, after all this", bench.ours.pss() / 1e6, "MB", 160, False),
        Result("start to first answer", bench.ours.first_answer, "s", 5, False),
    ]


def _dials(bench: Bench) -> Iterator[bytes]:
    for number in _serial:
        yield _dial(bench, number, "" if number % 2 else "2*2")


def _reports(bench: Bench) -> Iterator[bytes]:
    for number in _serial:
        for length in range(1, len(WALK) + 1):
            yield _dial(bench, number, "*".join(WALK[:length]))


def _dial(bench: Bench, number: int, text: str) -> bytes:
    body = {"sessionId": f"ATUid_{number:030}", "phoneNumber": _phone(number), "serviceCode": "*123#", "text": text}
    path = f"/ussd/africastalking/{bench.made['africastalking-callback']}"
    return load.request("POST", path, urlencode(body).encode(), FORM)


def _texts(bench: Bench) -> Iterator[bytes]:
    path = f"/sms/africastalking/{bench.made['africastalking-callback']}"
    for number in _serial:
        body = {
            "from": _phone(number),
            "to": "32100",
            "text": f"{STORY} {number}",
            "date": "2026-11-24 12:00:00",
            "id": f"m{number}",
        }
        yield load.request("POST", path, urlencode(body).encode(), FORM)


def _tips() -> Iterator[bytes]:
    for number in _serial:
        body = {"text": STORY, "language": "en", "place": "maseru-bridge", "client_id": f"bench-{number:024}"}
        yield load.request("POST", "/api/v1/tips", json.dumps(body).encode(), JSON)


def _phone(number: int) -> str:
    return f"+266{50_000_000 + number % 19_000_000}"


def _receipts(bench: Bench) -> int:
    seen = load.drive(bench.ours.port, [iter([load.request("GET", "/metrics")])], keep=True)
    for line in seen.bodies[0].decode().splitlines():
        if line.startswith("tipline_receipts_ready "):
            return int(float(line.split()[1]))
    return 0


def _wait_for_receipts(bench: Bench, wanted: int) -> None:
    until = time.monotonic() + 120
    while _receipts(bench) < wanted:
        if time.monotonic() > until:
            raise TimeoutError("receipts are not minted ahead")
        time.sleep(0.5)


def _count(bench: Bench) -> int:
    return count(bench.var, "tip")


def _check(seen: Seen, ok: frozenset[int]) -> None:
    bad = {status: count for status, count in seen.statuses.items() if status not in ok}
    if bad:
        raise RuntimeError(f"not every request was answered well: {bad}")
