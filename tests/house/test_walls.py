"""The house's own laws: who may know whom, how long a file may be, where time and commits come from."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import make

ROOMS = ("tipline", "sms", "content", "tests", "bench")
OURS = [make.ROOT / "app.py", *(path for room in ROOMS for path in sorted((make.ROOT / room).rglob("*.py")))]
EDGES = (
    "app.py", "tipline/web/", "tipline/supervisor.py", "sms/webhooks", "sms/ussd_door", "sms/phone",
    "content/web.py", "content/commands.py", "content/spell.py",
)  # fmt: skip
CLOCK = ("tipline/house.py",)  # the one place below the edges that reads the clock, as House.clock
LONGEST = 400


def name(path: Path) -> str:
    return path.relative_to(make.ROOT).as_posix()


def below_the_edges() -> list[Path]:
    return [path for path in OURS if not name(path).startswith((*EDGES, "tests/", "bench/"))]


def calls(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.lineno, ast.unparse(node.func)


@pytest.mark.parametrize("path", OURS, ids=name)
def test_no_file_is_longer_than_can_be_read_in_one_go(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_templates_styles_and_scripts_are_not_longer_either() -> None:
    kinds = ("*.html", "*.css", "*.js")
    found = [path for room in ("templates", "static") for kind in kinds for path in (make.ROOT / room).rglob(kind)]
    assert found
    assert [name(path) for path in found if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST] == []


def test_the_walls_between_the_wings_stand() -> None:
    lint = Path(sys.executable).with_name("lint-imports")  # a process of its own: it takes over logging
    done = subprocess.run([lint], cwd=make.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_room_below_the_edge_stands_behind_the_wall_that_keeps_the_web_out() -> None:
    contracts = tomllib.loads((make.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    behind = next(contract for contract in contracts if contract["id"] == "core")["source_modules"]
    rooms = {path.stem for path in (make.ROOT / "tipline").glob("*.py")} - {"__init__"}
    rooms |= {path.parent.name for path in (make.ROOT / "tipline").glob("*/__init__.py")} - {"web"}
    assert {f"tipline.{room}" for room in rooms} <= set(behind)


def test_below_the_edges_nobody_looks_at_a_clock() -> None:
    seen = [
        f"{name(path)}:{line} {call}"
        for path in below_the_edges()
        if name(path) not in CLOCK
        for line, call in calls(path)
        if call.endswith(("datetime.now", "datetime.utcnow", "datetime.today", "date.today")) or call == "time.time"
    ]
    assert seen == []


def test_only_the_database_commits() -> None:
    seen = [
        f"{name(path)}:{line} {call}"
        for path in OURS
        if not name(path).startswith(("tests/", "bench/")) and name(path) != "tipline/database.py"
        for line, call in calls(path)
        if call.endswith((".commit", ".rollback"))
    ]
    assert seen == []


def test_nothing_is_left_to_do_and_no_test_is_passed_over() -> None:
    words = re.compile(r"\b(T[O]DO|F[I]XME|X[X]X)\b|p[y]test\.(mark\.)?(skip|xfail)")
    seen = [name(path) for path in OURS if words.search(path.read_text(encoding="utf-8"))]
    assert seen == []


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_says_what_it_is_for(file: str) -> None:
    lines = (make.ROOT / file).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#") and not re.search(r"\S\s+# \S", line)] == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_requirement_is_fixed_with_hashes_and_names_no_registry(lock: str) -> None:
    text = (make.ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index-url" not in text
    blocks = re.findall(r"^[a-z0-9][^\n]*(?:\n    --hash=sha256:[0-9a-f]{64}[^\n]*)*", text, re.MULTILINE)
    assert [block for block in blocks if "==" not in block or "--hash" not in block] == []
    sources = ["requirements.txt", *(["requirements-dev.txt"] if "dev" in lock else [])]
    wanted = {
        re.split(r"[\[<>=~ ]", line)[0].lower().replace("_", "-")
        for source in sources
        for line in (make.ROOT / source).read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    }
    assert wanted <= {block.split("==")[0].split("[")[0] for block in blocks}


def test_what_the_readme_promises_exists() -> None:
    readme = (make.ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (make.ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    promised = set(re.findall(r"\bmake ([a-z]+)", readme)) - {"a"}
    assert promised
    assert promised <= targets
    for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", readme):
        assert (make.ROOT / link).exists(), link


def test_make_help_names_every_door() -> None:
    shown = subprocess.run(["make", "help"], cwd=make.ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("run", "test", "lint", "bench", "help", "lock"):
        assert re.search(rf"^make {target}\s+\S", shown, re.MULTILINE), target
