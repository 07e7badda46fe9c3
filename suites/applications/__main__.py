"""Send the same requests to whole applications, stock and with this app in their settings.

    python -m suites.applications --only pulpcore --requests 1000

Each application is installed from the package index into `build/applications`. PostgreSQL must run
on this machine, and Redis for NetBox. All parts are installed in the settings, as on the page
"Start" of the docs. The responses and the faults are kept in the folder of the application.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from suites.applications.comparison import compare, compare_schemas, judge
from suites.environment import ROOT, run_pip
from suites.suite import FOLDER

BUILD = ROOT / "build" / "applications"
HERE = Path(__file__).resolve().parent
DRIVER = str(HERE / "driver.py")
REQUIREMENTS = ("orjson", "psycopg[binary]", "pytest")

# The sides, and their ways in `suites.suite.WAYS`.
SIDES = {"stock": "stock", "ours": "middleware"}

CREATE_DATABASE = """
import sys

import psycopg

server = "host=127.0.0.1 user=postgres dbname=postgres"
with psycopg.connect(server, autocommit=True) as connection:
    for statement in sys.argv[1:]:
        connection.execute(statement)
"""


class Application:
    """One of the TOML files in this folder, and its environment."""

    def __init__(self, path: Path) -> None:
        """Read the file."""
        self.document: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        self.name: str = self.document["package"]
        self.folder = BUILD / self.name
        self.database = f"apierrors_{self.name.replace('-', '_')}"
        self.python = self.folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"

    def install(self) -> None:
        """Install the application and this app, once for its requirements."""
        required = (*REQUIREMENTS, *self.document["requirements"])
        stamp = self.folder / "requirements.txt"
        if not stamp.exists() or stamp.read_text("utf-8") != "\n".join(required):
            folder = str(self.folder / "venv")
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            run_pip("install", *required, python=self.python)
            run_pip("install", "--no-deps", "--editable", str(ROOT), python=self.python)
            stamp.write_text("\n".join(required), "utf-8")

    def run(self, side: str, *arguments: str, code: str | None = None) -> None:
        """Run Python in the folder of a side, over its database."""
        folder = self.folder / side
        variables = {
            **{key: value for key, value in os.environ.items() if not key.startswith("DJANGO")},
            **self.document["environment"],
            "APIERRORS_WAY": SIDES.get(side, "stock"),
            "APPLICATION": str(self.folder / "application.json"),
            "APPLICATION_DATABASE": f"{self.database}_{side}",
            # Faster, because no data has to survive a crash.
            "PGOPTIONS": "-c synchronous_commit=off",
            # The order of a set is the same on both sides.
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": os.pathsep.join((str(folder), str(FOLDER))),
        }
        with (self.folder / f"{side}.log").open("w", encoding="utf-8") as log:
            completed = subprocess.run(
                [str(self.python), *arguments],
                cwd=folder,
                env=variables,
                input=code,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        if completed.returncode != 0:
            raise SystemExit(f"{self.name}: {' '.join(arguments)} failed: see {log.name}")

    def copy(self, source: str, target: str) -> None:
        """Make the folder and the database of a side: empty ones, or a copy of another side's."""
        shutil.rmtree(self.folder / target, ignore_errors=True)
        name, template = f"{self.database}_{target}", f"{self.database}_{source}"
        statements = [f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}"]
        if source:
            shutil.copytree(self.folder / source, self.folder / target)
            statements[-1] += f" TEMPLATE {template}"
            # A database that autovacuum has open cannot be copied.
            others = f"FROM pg_stat_activity WHERE datname = '{template}'"
            statements.insert(1, f"SELECT pg_terminate_backend(pid) {others}")
        else:
            (self.folder / target).mkdir(parents=True)
        subprocess.run([str(self.python), "-c", CREATE_DATABASE, *statements], check=True)

    def prepare(self) -> None:
        """Make the template of both sides: files, tables and an administrator."""
        self.copy("", "template")
        for name, content in self.document["files"].items():
            (self.folder / "template" / name).write_text(content, "utf-8")
        self.run("template", *self.document["migrate"])
        self.run("template", "-m", "django", "shell", code=self.document["setup"])

    def list_requests(self, number: int | None) -> list[Any]:
        """Return the requests, or `number` of them, evenly spread over the list."""
        path = self.folder / "requests.json"
        self.copy("template", "listing")
        self.run("listing", DRIVER, "list", str(path))
        requests: list[Any] = json.loads(path.read_text("utf-8"))
        requests = requests[:: max(1, len(requests) // number)] if number else requests
        path.write_text(json.dumps(requests, indent=0), "utf-8")
        return requests

    def send_requests(self, side: str) -> list[Any]:
        """Send the requests to a new copy of the template, and return the responses."""
        path = self.folder / f"{side}.json"
        self.copy("template", side)
        self.run(side, DRIVER, "send", str(self.folder / "requests.json"), str(path))
        responses: list[Any] = json.loads(path.read_text("utf-8"))
        return responses

    def make_schema(self, side: str) -> Any:
        """Return the OpenAPI schema."""
        path = self.folder / f"{side}-schema.json"
        self.run(side, DRIVER, "schema", str(path))
        return json.loads(path.read_text("utf-8"))


def main() -> None:
    """Run the applications, print the table and the faults; exit with 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m suites.applications")
    parser.add_argument("--only", default="", help="the applications that have this in their names")
    parser.add_argument("--requests", type=int, help="the number of requests; default: all")
    parser.add_argument("--keep", action="store_true", help="use the databases of the last run")
    options = parser.parse_args()
    paths = [path for path in sorted(HERE.glob("*.toml")) if options.only in path.stem]
    if not paths:
        parser.error(f"--only: nothing has {options.only} in its name")
    print("| application | requests | successes | errors | other status | faults |")
    print("|---|---|---|---|---|---|", flush=True)
    faults: Counter[str] = Counter()
    for path in paths:
        faults += run_application(Application(path), options)
    for fault, number in faults.most_common():
        print(f"{number} x {fault}", file=sys.stderr)
    sys.exit(bool(faults))


def run_application(application: Application, options: argparse.Namespace) -> Counter[str]:
    """Run an application, print its row, and return its faults with their numbers."""
    application.install()
    settings = json.dumps(application.document)
    (application.folder / "application.json").write_text(settings, "utf-8")
    if not options.keep:
        application.prepare()
    requests = application.list_requests(options.requests)
    stock, ours = (application.send_requests(side) for side in SIDES)
    schemas = [application.make_schema(side) for side in SIDES]
    numbers = Counter(judge(*pair) for pair in zip(stock, ours, strict=True))
    faults = list(find_faults(requests, stock, ours))
    faults += [("", f"the schema differs: {place}") for place in compare_schemas(*schemas)]
    lines = (f"{fault}\n    {call}\n" for call, fault in faults)
    (application.folder / "faults.txt").write_text("".join(lines), "utf-8")
    errors = numbers["errors"] + numbers["documented"]
    cells = (len(requests), numbers["successes"], errors, numbers["documented"], len(faults))
    print(f"| {application.name} | {' | '.join(map(str, cells))} |", flush=True)
    return Counter(f"{application.name}: {fault.partition(': {')[0][:150]}" for _, fault in faults)


def find_faults(
    requests: list[Any], stock: list[Any], ours: list[Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    """Yield a request and a fault of our response to it."""
    for request, before, after in zip(requests, stock, ours, strict=True):
        call = f"{request['method']} {request['path']} {request.get('body', '')[:200]}"
        for fault in compare(request, before, after):
            yield f"{call}\n    stock: {before['body'][:500]}", fault


if __name__ == "__main__":
    main()
