"""``python -m bench [--quick] [ROW …]``: the table of the budgets, and ``bench/results.json``."""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from bench import instance, load, rows, server
from bench.rows import Bench, Result

ROWS = ("lesson", "ussd_none", "ussd_kept", "sms", "burst", "sustained", "kannel", "queue", "weight")
# Every text that becomes a tip is answered, as on a quiet day: the bound for a spike would make the path shorter.
UNBOUND = {"TIPLINE_ANSWERS_A_MINUTE": "0"}
RESULTS = Path(__file__).with_name("results.json")


def main() -> int:
    """Measure what was asked for; return 1 if a budget is missed."""
    parser = argparse.ArgumentParser(prog="make bench", description="Speed as ratios, measured side by side.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--quick", action="store_true", help="fewer rounds, a queue of 100,000 tips")
    asked = parser.parse_args()
    wanted = asked.rows or ROWS
    if unknown := set(wanted) - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="tipline-bench-") as folder, contextlib.ExitStack() as stack:
        results = _measure(Path(folder), stack, wanted, quick=asked.quick)
    RESULTS.write_text(json.dumps([{**vars(one), "kept": one.kept} for one in results], indent=1) + "\n")
    return 0 if all(one.kept for one in results) else 1


def _measure(
    folder: Path, stack: contextlib.ExitStack, wanted: list[str] | tuple[str, ...], *, quick: bool
) -> list[Result]:
    small, large = folder / "small", folder / "large"
    made = instance.make(small)
    shutil.copytree(small, large)
    instance.fill(small, 1000)
    bare = _serve(stack, "bench.bare:create_app", {"BENCH_DB": str(folder / "bare.db")}, "/hello")
    ours = _serve(stack, "app:create_app", {"TIPLINE_VAR": str(small), **UNBOUND}, "/healthz")
    bench = Bench(bare, ours, small, made, rounds=2 if quick else 5, seconds=1.0 if quick else 2.0)
    results: list[Result] = []

    def note(*more: Result) -> None:
        for one in more:
            results.append(one)
            verdict = "kept  " if one.kept else "MISSED"
            sign = "≥" if one.at_least else "≤"
            print(
                f"{verdict}  {one.name:52} {one.value:8.2f} {one.unit:2} {sign} {one.budget:g}  {one.detail}",
                flush=True,
            )

    if "queue" in wanted:  # first: the small instance has its thousand tips
        tips = 100_000 if quick else 1_000_000
        instance.fill(large, tips)
        big = _serve(stack, "app:create_app", {"TIPLINE_VAR": str(large)}, "/healthz")
        note(*rows.queue(bench, big, lambda one, at: _queue_page(one, at, made["immigration"]), tips))
    for name in ("lesson", "ussd_none", "ussd_kept", "sms"):
        if name in wanted:
            note(getattr(rows, name)(bench))
    if "burst" in wanted:
        note(*rows.burst(bench))
    if "sustained" in wanted:
        note(rows.sustained(bench))
    if "kannel" in wanted:
        note(rows.kannel(bench, 1000 if quick else 5000))
    if "weight" in wanted:
        note(*rows.weight(bench))
    return results


def _serve(stack: contextlib.ExitStack, app: str, environ: dict[str, str], probe: str) -> server.Server:
    port = server.free_port()
    return stack.enter_context(server.serving(server.granian(port, app), port, {**environ, "PORT": str(port)}, probe))


def _queue_page(one: server.Server, address: str, password: str) -> bytes:
    """Sign in as a browser would and return the request for a page of the queue."""
    connection = http.client.HTTPConnection("127.0.0.1", one.port)
    body = urlencode({"username": "immigration", "password": password})
    origin = f"http://127.0.0.1:{one.port}"
    connection.request("POST", "/desk/sign-in", body, {**rows.FORM, "Origin": origin})
    cookie = connection.getresponse().getheader("Set-Cookie", "").split(";")[0]
    connection.close()
    return load.request("GET", address, headers={**rows.BROWSER, "Cookie": cookie})


if __name__ == "__main__":
    sys.exit(main())
