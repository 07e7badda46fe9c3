"""The benchmarks: each says what it takes, and a small run of those that need no database holds."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import require_package

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = sorted(
    path.stem
    for path in (ROOT / "benchmarks").glob("*.py")
    if "ArgumentParser" in path.read_text(encoding="utf-8")
)


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a benchmark and return what it printed."""
    return subprocess.run(
        [sys.executable, "-m", f"benchmarks.{script}", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


@pytest.mark.once
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_says_what_it_takes(script: str) -> None:
    completed = run(script, "--help")

    assert completed.returncode == 0, completed.stderr
    assert "--help" in completed.stdout


@pytest.mark.once
@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
def test_the_rows_of_the_tour_are_right_when_clients_send_them_at_once(server: str) -> None:
    require_package(server)
    require_package("django_tasks_db")

    completed = run("load", "--server", server, "--requests", "400", "--clients", "8")

    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert re.search(r"^400 requests in ", completed.stdout, re.MULTILINE), completed.stderr
    assert "\nwrong answers: 0\n" in completed.stdout
    given = re.search(r"references: (\d+) given, (\d+) in the log", completed.stdout)
    assert given is not None
    assert given[1] == given[2] != "0"


@pytest.mark.once
def test_a_flood_is_answered_within_bounds() -> None:
    require_package("gunicorn")

    completed = run("floods", "--size", "100000", "--only", "levels")

    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert completed.stdout.endswith("violations: 0\n")
