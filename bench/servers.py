"""``python -m bench.servers``: gunicorn (gthread) against granian, interleaved (docs/decisions/0001-server.md)."""

from __future__ import annotations

import contextlib
import statistics
import tempfile
from pathlib import Path

from bench import load, server

ROUNDS, SECONDS = 6, 2.0
REQUESTS = {"hello": load.request("GET", "/hello"), "one durable commit": load.request("POST", "/commit")}


def main() -> None:
    """Measure and print: answers a second, the 99th percentile in milliseconds, memory."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        running = {}
        for name, command in (("gunicorn gthread", server.gunicorn), ("granian", server.granian)):
            port = server.free_port()
            environ = {"BENCH_DB": str(Path(folder) / f"{name}.db")}
            running[name] = stack.enter_context(
                server.serving(command(port, "bench.bare:create_app"), port, environ, "/hello")
            )
        for what, data in REQUESTS.items():
            for connections in (1, 16, 64):
                seen: dict[str, list[load.Seen]] = {name: [] for name in running}
                for _ in range(ROUNDS):
                    for name, one in running.items():
                        seen[name].append(load.drive(one.port, load.always(data, connections), seconds=SECONDS))
                for name, every in seen.items():
                    rate = statistics.median(one.rate for one in every)
                    worst = statistics.median(one.worst() for one in every) * 1000
                    bad = sum(count for one in every for status, count in one.statuses.items() if status != 200)
                    print(
                        f"{what:20} {connections:3} at once  {name:18} {rate:7.0f}/s  p99 {worst:6.1f} ms  errors {bad}"
                    )
        for name, one in running.items():
            print(f"memory {name:18} {one.pss() / 1e6:.0f} MB PSS, first answer {one.first_answer:.2f} s")


if __name__ == "__main__":
    main()
