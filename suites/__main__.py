"""Run the test suites of DRF and of packages used with DRF, with this app in their settings.

    python -m suites --only djangorestframework-3.18

The source distribution of each package is fetched by pip and laid out in `build/suites`. Its tests
run without the app, and then in four ways, each of which adds to the way before: the handler;
renderer, parser and negotiation as defaults; the middleware; our views, paginations and filters in
place of the stock classes. A test that passes without the app and fails with it must be listed,
with a reason, in the suite's TOML file in this folder. The run fails if a test that differs is not
listed, or if a listed test no longer differs. A suite that cannot be fetched is skipped; if `CI` is
set, the run fails.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Lock

from suites.environment import NotFetchedError, fetch_source, make_environment
from suites.suite import (
    FOLDER,
    WAYS,
    Outcomes,
    Suite,
    Version,
    check_listed,
    find_differing,
    read_suites,
)

# The suites of packages that need no more than these share an environment, which one thread makes.
NEWEST = {"django>=5.2", "djangorestframework>=3.18"}
lock = Lock()

# pytest's exit codes for tests that ran: all passed, some failed.
RAN = (0, 1)


class SuiteError(Exception):
    """pytest could not run the tests."""


def main() -> None:
    """Run the suites, print the table and the reasons; exit with 1 if something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m suites", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--only", default="", help="the suites that have this in their names")
    parser.add_argument("--ways", default=",".join(WAYS[1:]), help="default: %(default)s")
    parser.add_argument("--processes", type=int, default=2, help="default: %(default)s")
    options = parser.parse_args()
    chosen = [
        (suite, version)
        for suite in read_suites()
        for version in suite.versions
        if options.only in f"{suite.package}-{version.version}"
    ]
    if not chosen:
        parser.error(f"--only: nothing has {options.only} in its name")
    print("| suite | Django | way | tests | different |\n|---|---|---|---|---|")
    problems = run_suites(chosen, options.ways.split(","), options.processes)
    print("\n| suite | way | tests | reason |\n|---|---|---|---|")
    print(*make_reasons(dict.fromkeys(suite.package for suite, _ in chosen)), sep="\n")
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(bool(problems))


def run_suites(
    chosen: Sequence[tuple[Suite, Version]], ways: Sequence[str], processes: int
) -> list[str]:
    """Run the suites in all ways and print their rows; return the mistakes in their lists.

    A process runs one suite in one way: workers of pytest-xdist would start Django several times
    for each.
    """
    problems = []
    with ThreadPoolExecutor(processes) as pool:
        prepared = [pool.submit(prepare_suite, *each) for each in chosen]
        wait(prepared)
        runs = [
            {way: pool.submit(run_tests, suite, *future.result(), way) for way in ("stock", *ways)}
            if future.exception() is None
            else {}
            for (suite, _), future in zip(chosen, prepared, strict=True)
        ]
        for (suite, version), future, outcomes in zip(chosen, prepared, runs, strict=True):
            label = f"{suite.package} {version.version.rstrip('.*')}"
            try:
                mistakes = check_suite(suite, *future.result(), outcomes)
                problems += [
                    f"{label} ({', '.join(ways)}): {text}" for text, ways in mistakes.items()
                ]
            except NotFetchedError as exc:
                print_row(label, "", "skipped: it cannot be fetched from the package index", "", "")
                if os.environ.get("CI"):
                    problems.append(f"{label} cannot be fetched: {exc}")
            except SuiteError as exc:
                problems.append(f"{label}: {exc}")
    return problems


def prepare_suite(suite: Suite, version: Version) -> tuple[Path, Path]:
    """Return the folder of a suite, and the Python of its environment."""
    source = fetch_source(suite.package, version.version)
    for path, content in suite.files.items():
        (source / path).write_text(content, "utf-8")
    if not NEWEST.issubset(version.requirements):
        return source, make_environment(source.parent.parent.name, version.requirements)
    requirements = {
        requirement
        for other in read_suites()
        for row in other.versions
        if NEWEST.issubset(row.requirements)
        for requirement in row.requirements
    }
    with lock:
        return source, make_environment("newest", sorted(requirements))


def check_suite(
    suite: Suite, source: Path, python: Path, outcomes: Mapping[str, Future[Outcomes]]
) -> dict[str, list[str]]:
    """Print the rows of a suite; return the mistakes in its list, with the ways that have them."""
    number = source.name.rpartition("-")[2]
    stock, *others = [future.result() for future in outcomes.values()]
    count = sum(outcome == "passed" for outcome in stock.values())
    problems: dict[str, list[str]] = {}
    for way, ours in zip([*outcomes][1:], others, strict=True):
        differing = find_differing(stock, ours)
        print_row(f"{suite.package} {number}", get_django(python), way, count, len(differing))
        for name, text in check_listed(suite.get_listed(number, way), stock, differing).items():
            problems.setdefault(f"{name} {text}", []).append(way)
    return problems


def print_row(*cells: object) -> None:
    """Print a row of the table, at once: all suites take minutes."""
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def run_tests(suite: Suite, source: Path, python: Path, way: str) -> Outcomes:
    """Run the tests of a suite in one way, and return their outcomes."""
    report = source.parent.parent / f"{way}.json"
    report.unlink(missing_ok=True)
    command = [str(python), "-m", "pytest", "-p", "overlay", "-p", "no:cacheprovider", "--quiet"]
    # pytest-django would put the folder of our manage.py in front of the suite's.
    command += ["--rootdir", ".", "-o", "django_find_project=false"]
    # pytest's own tracebacks of the failures, which nobody sees, take a sixth of the time.
    command += ["--tb=native"]
    command += suite.arguments
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DJANGO")}
    path = os.pathsep.join((str(FOLDER), *suite.paths))
    variables = {"APIERRORS_WAY": way, "APIERRORS_REPORT": str(report), "PYTHONPATH": path}
    completed = subprocess.run(
        command,
        cwd=source,
        env={**environment, **suite.environment, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    outcomes: Outcomes = json.loads(report.read_text("utf-8")) if report.exists() else {}
    if completed.returncode not in RAN or "passed" not in outcomes.values():
        output = completed.stdout[-3000:] + completed.stderr[-3000:]
        raise SuiteError(f"pytest failed in the way {way}:\n{output}")
    return outcomes


def get_django(python: Path) -> str:
    """Return the version of Django in an environment."""
    command = [str(python), "-c", "import django; print(django.__version__)"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def make_reasons(packages: Iterable[str]) -> Iterator[str]:
    """Yield the rows of the table of the reasons, with their numbers of tests."""
    for suite in read_suites():
        if suite.package in packages:
            for item in suite.differences:
                ways = ", ".join(item.ways) or "all"
                yield f"| {suite.package} | {ways} | {len(item.tests)} | {item.reason} |"


if __name__ == "__main__":
    main()
