"""The scripts of `stress/` and `benchmarks/`: a small run of those that need no database server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import require_package

# A version of Django or DRF changes none of it.
pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = sorted(
    f"{path.parent.name}.{path.stem}"
    for directory in ("stress", "benchmarks")
    for path in (ROOT / directory).glob("*.py")
    if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
)


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script, and return its output."""
    return subprocess.run(
        [sys.executable, "-m", script, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_prints_its_options(script: str) -> None:
    if script in {"stress.operations", "stress.outages"}:
        require_package("psycopg")

    completed = run(script, "--help")

    assert completed.returncode == 0, completed.stderr
    assert completed.stdout.startswith(f"usage: python -m {script} [-h]")


@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
def test_concurrent_clients_get_the_responses_of_the_tour(server: str) -> None:
    require_package(server)
    require_package("django_tasks_db")

    completed = run("stress.load", "--server", server, "--requests", "200", "--clients", "8")

    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert re.search(r"^200 requests in ", completed.stdout, re.MULTILINE), completed.stderr
    assert "\nviolations: 0\n" in completed.stdout
    references = re.search(r"references: (\d+) received, (\d+) in the log", completed.stdout)
    assert references is not None
    assert references[1] == references[2] != "0"


def test_the_response_to_a_flood_is_small() -> None:
    require_package("gunicorn")

    completed = run("stress.floods", "--only", "levels of arrays")

    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert completed.stdout.endswith("violations: 0\n")


def test_the_speed_benchmark_prints_a_row_for_each_request() -> None:
    require_package("drf_standardized_errors")
    require_package("orjson")

    completed = run("benchmarks.speed", "--rounds", "1", "--only", "create")

    assert completed.returncode == 0, completed.stderr
    header, _, *rows = completed.stdout.partition("\n\n")[0].splitlines()
    names = [name.strip() for name in header.strip("| ").split("|")]
    assert names == [
        "stock DRF",
        "stock again",
        "drf-standardized-errors",
        "settings alone",
        "with the middleware",
        "generic views",
    ]
    figures = r"\| [\d.]+ ms (\| \d+\.\d\d ){5}\|"
    assert [re.sub(figures, "", row) for row in rows] == [
        "| a create ",
        "| a create, without orjson ",
    ]


def test_the_import_benchmark_prints_milliseconds_and_megabytes() -> None:
    require_package("drf_standardized_errors")

    completed = run("benchmarks.imports", "--runs", "1")

    assert completed.returncode == 0, completed.stderr
    assert re.fullmatch(
        r"importing DRF: \S+ ms; importing this package: \S+ ms more\n"
        r"a worker of stock DRF: \S+ MB; with this package: \S+ MB more\n",
        completed.stdout,
    )
