"""The scripts of `stress/` and `benchmarks/`: a small run of those that need no database server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import require_package

# The results do not depend on the versions of Django and DRF.
pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = sorted(
    f"{path.parent.name}.{path.stem}"
    for directory in ("stress", "benchmarks")
    for path in (ROOT / directory).glob("*.py")
    if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
)


def run(script: str, *arguments: str) -> str:
    """Return the output of a script that succeeds."""
    command = [sys.executable, "-m", script, *arguments]
    completed = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_prints_its_options(script: str) -> None:
    if script in {"stress.operations", "stress.outages"}:
        require_package("psycopg")
    assert run(script, "--help").startswith(f"usage: python -m {script} [-h]")


@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
def test_concurrent_clients_get_the_responses_of_the_tour(server: str) -> None:
    require_package(server)
    require_package("django_tasks_db")
    output = run("stress.load", "--server", server, "--requests", "200", "--clients", "8")
    assert re.search(r"^200 requests in ", output, re.MULTILINE)
    assert "\nviolations: 0\n" in output
    references = re.search(r"references: (\d+) received, (\d+) in the log", output)
    assert references is not None
    assert references[1] == references[2] != "0"


def test_the_response_to_a_flood_is_small() -> None:
    require_package("gunicorn")
    output = run("stress.floods", "--only", "levels of arrays")
    assert output.endswith("violations: 0\n")


def test_the_speed_benchmark_prints_a_row_for_each_request() -> None:
    require_package("drf_standardized_errors")
    require_package("orjson")
    output = run("benchmarks.speed", "--rounds", "1", "--only", "create")
    header, _, *rows = output.partition("\n\n")[0].splitlines()
    assert [name.strip() for name in header.strip("| ").split("|")] == [
        *("stock DRF", "stock again", "drf-standardized-errors"),
        *("settings alone", "with the middleware", "generic views"),
    ]
    figures = r" \| [\d.]+ ms (\| \d+\.\d\d ){5}\|"
    names = [re.sub(figures, "", row) for row in rows]
    assert names == ["| a create", "| a create, without orjson"]


def test_the_import_benchmark_prints_milliseconds_and_megabytes() -> None:
    require_package("drf_standardized_errors")
    assert re.fullmatch(
        r"importing DRF: \S+ ms; importing this package: \S+ ms more\n"
        r"a worker of stock DRF: \S+ MB; with this package: \S+ MB more\n",
        run("benchmarks.imports", "--runs", "1"),
    )
