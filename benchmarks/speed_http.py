"""The same over HTTP: gunicorn for each configuration, and a client that keeps it busy.

    python -m benchmarks.speed_http --only E1 S2 --rounds 20

A round asks one server after the other; the figure is stock DRF's time for a request against the
configuration's, the median over the rounds. What the server and the sockets cost is the same for
all of them, and so the figures are nearer to 1 than those in one process.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from http.client import HTTPConnection
from statistics import median
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.speed_settings")
django.setup()

from benchmarks import speed_requests  # noqa: E402
from benchmarks.speed_project import SCENARIOS  # noqa: E402

NAMES = ("stock DRF", "stock again", "plain Django view", "ours", "ours, generic views")
SHOWN = ("E1", "E3", "E7", "S1", "S2")
FIRST_PORT = 18600

# How many requests a server gets in its turn, on one connection.
TURN = 100


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", nargs="*", default=SHOWN, choices=SHOWN)
    options = parser.parse_args()
    ports = {name: FIRST_PORT + number for number, name in enumerate(NAMES)}
    servers = [start_server(name, port) for name, port in ports.items()]
    try:
        connections = {name: connect(port) for name, port in ports.items()}
        print(f"| | {' | '.join(options.only)} |\n|---|{'---|' * len(options.only)}")
        rows = {
            scenario: measure(connections, scenario, options.rounds) for scenario in options.only
        }
        for name in NAMES:
            print(f"| {name} | {' | '.join(f'{rows[each][name]:.2f}' for each in rows)} |")
    finally:
        for server in servers:
            server.terminate()
            server.wait()


def start_server(name: str, port: int) -> subprocess.Popen[bytes]:
    """Start one worker of gunicorn with the views of a configuration."""
    command = [
        *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--log-level", "error"),
        *("--worker-class", "gthread", "--threads", "1", "--keep-alive", "600"),
        f"benchmarks.speed_http:make_application({name!r})",
    ]
    return subprocess.Popen(command)


def make_application(name: str) -> Any:
    """Return the WSGI application of a configuration, for gunicorn."""
    return speed_requests.make_configurations(SHOWN)[name]


def connect(port: int) -> HTTPConnection:
    """Return a connection to a server, once that is there."""
    connection = HTTPConnection("127.0.0.1", port)
    for _try in range(600):
        try:
            connection.connect()
        except ConnectionRefusedError:
            time.sleep(0.2)
        else:
            return connection
    raise TimeoutError(f"No server on port {port}.")


def spend(connection: HTTPConnection, name: str) -> float:
    """Return the seconds that a turn takes."""
    scenario = SCENARIOS[name]
    headers = {"Accept": "*/*"}
    if scenario.body:
        headers["Content-Type"] = scenario.content_type
    begun = time.perf_counter()
    for _time in range(TURN):
        connection.request(scenario.method, f"/{name}", scenario.body or None, headers)
        response = connection.getresponse()
        response.read()
        assert response.status == scenario.status
    return time.perf_counter() - begun


def measure(connections: dict[str, HTTPConnection], scenario: str, rounds: int) -> dict[str, float]:
    """Return the time of a request to each server, as a ratio to that to stock DRF's."""
    ratios: dict[str, list[float]] = {name: [] for name in connections}
    names = list(connections)
    for connection in connections.values():
        spend(connection, scenario)
    for _round in range(rounds):
        random.shuffle(names)
        spent = {name: spend(connections[name], scenario) for name in names}
        for name in names:
            ratios[name].append(spent[name] / spent[NAMES[0]])
    return {name: median(values) for name, values in ratios.items()}


if __name__ == "__main__":
    main()
