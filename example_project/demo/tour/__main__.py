"""The tour alone, against a server that already runs.

    python -m example_project.demo.tour --url http://127.0.0.1:8000

The server needs the settings of the demo, its data (``manage.py seed_demo``) and a worker
(``manage.py db_worker``). The tour deletes the data that it creates. The exit status is 0 if
every row matches the API document, else 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from example_project.demo.terminal import Terminal
from example_project.demo.tour.runner import run_tour


def parse_url(text: str) -> str:
    """Return the text if it is the URL of an HTTP server."""
    url = urlsplit(text)
    if url.scheme != "http" or not url.netloc:
        raise argparse.ArgumentTypeError(f"expected http://<host>:<port>, not {text}")
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and run the tour."""
    parser = argparse.ArgumentParser(
        prog="python -m example_project.demo.tour",
        description="Sends a request for each row of the API document and checks the response.",
    )
    parser.add_argument(
        "--url", type=parse_url, default="http://127.0.0.1:8000", help="default: %(default)s"
    )
    parser.add_argument(
        "--immediate", action="store_true", help="the server runs with EXAMPLE_TASKS=immediate"
    )
    options = parser.parse_args(arguments)
    try:
        return run_tour(options.url, Terminal(sys.stdout), options.immediate)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
