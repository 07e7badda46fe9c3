"""A tour of the API document over HTTP: a request for each row, and whether the answer is right.

    python -m example_project.tour --url http://127.0.0.1:8000

It needs the demo's data (``manage.py seed_demo``) and settings, and a worker (``manage.py
db_worker``); it leaves the data as it was.
The exit status is 0 if every row was as the API document says, else 1.
"""

from __future__ import annotations

import argparse
import http.client
import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from example_project.demo_data import WRITE_KEY
from example_project.terminal import Terminal
from example_project.tour_checks import STATUS_MUST_CARRY, Answer, faults, is_under_way
from example_project.tour_rows import DOCUMENT, KEY_NAMES, Row, Section, get_sections

TIMEOUT = 20.0
POLL_INTERVAL = 0.2
POLL_TIMEOUT = 30.0
"""Seconds that an operation is given; it holds two rows."""


class Tour:
    """One round through the rows, against the server at ``url``."""

    def __init__(self, url: str, terminal: Terminal, sections: Sequence[Section]) -> None:
        self.url = urlsplit(url)
        self.terminal = terminal
        self.sections = sections
        self.known = {"serial": f"TOUR-{secrets.token_hex(6)}", "url": url.rstrip("/")}
        self.made: list[str] = []

    def run(self) -> bool:
        """Drive every row, print it, and return whether all were right."""
        results: list[bool] = []
        try:
            for section in self.sections:
                self.terminal.line()
                self.terminal.line(section.title, "bold")
                if section.note:
                    self.terminal.line(section.note, "dim", indent=2)
                results.extend(self.drive(row) for row in section.rows)
        finally:
            self.tidy_up()
        self.print_summary(results)
        return all(results)

    def drive(self, row: Row) -> bool:
        """Send a row's request, print what came back, and return whether it was right."""
        answer = None
        if row.exactly is not None:
            row = replace(row, exactly=self.fill(row.exactly.decode()).encode())
        try:
            answer = self.poll(row) if row.polls else self.ask(row)
            found = faults(row, answer)
        except (OSError, http.client.HTTPException) as error:
            found = [f"no answer: {error or type(error).__name__}"]
        if answer and answer.status < 300:
            self.remember(row, answer)
        self.print_row(row, answer, found)
        return not found

    def ask(self, row: Row) -> Answer:
        """Send a row's request and return its answer."""
        return self.send(row.method, row.path, row.key, row.body, row.headers)

    def poll(self, row: Row) -> Answer:
        """Ask how an operation stands until it is done, or has had time enough.

        The server's ``Retry-After`` is for work that takes longer than a tour's.
        """
        deadline = time.monotonic() + POLL_TIMEOUT
        answer = self.ask(row)
        while is_under_way(answer) and time.monotonic() < deadline:
            time.sleep(POLL_INTERVAL)
            answer = self.ask(row)
        return answer

    def send(
        self,
        method: str,
        path: str,
        key: str | None = WRITE_KEY,
        body: str = "",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request and return its answer."""
        headers = {"Content-Type": "application/json", **(headers or {})}
        if key is not None:
            headers["Authorization"] = key
        connection = http.client.HTTPConnection(self.url.netloc, timeout=TIMEOUT)
        try:
            connection.request(method, self.fill(path), self.fill(body) or None, headers)
            response = connection.getresponse()
            return Answer(response.status, response.reason, response.headers, response.read())
        finally:
            connection.close()

    def fill(self, text: str) -> str:
        """Return the text with what is known in place of its name in braces."""
        for name, value in self.known.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def remember(self, row: Row, answer: Answer) -> None:
        """Keep the id of what a row has made, to use it and to delete it."""
        if row.method == "DELETE" and row.path in self.made:
            self.made.remove(row.path)
        document = answer.json if isinstance(answer.json, dict) else {}
        if row.makes and isinstance(document.get("id"), str):
            self.known[row.makes.partition("{")[2].rstrip("}")] = document["id"]
            # An operation is the server's own, which nobody can delete.
            if row.members == DOCUMENT:
                self.made.append(row.makes)
        if row.polls and isinstance(document.get("result"), dict):
            self.made.extend(f"/thngs/{id_}" for id_ in document["result"].get("thngs", ()))

    def tidy_up(self) -> None:
        """Delete whatever the rows have made and not deleted themselves."""
        for path in self.made:
            try:
                if path.startswith("/collections"):
                    self.send("DELETE", f"{path}/thngs")
                self.send("DELETE", path)
            except (OSError, http.client.HTTPException) as error:
                self.terminal.line(f"{self.fill(path)} could not be deleted: {error}", "red")

    def print_row(self, row: Row, answer: Answer | None, found: list[str]) -> None:
        """Print the request and what came of it."""
        line, paint = self.terminal.line, self.terminal.paint
        mark = paint("✗", "red", "bold") if found else paint("✓", "green", "bold")
        line()
        self.terminal.stream.write(f"  {mark} ")
        line(row.label, "bold")
        line(self.request_line(row), "cyan", indent=4)
        if answer:
            colour = "green" if answer.status < 400 else "yellow" if answer.status < 500 else "red"
            line(f"{answer.status} {answer.reason}", colour, indent=4)
            for name in (*STATUS_MUST_CARRY.get(answer.status, ()), *row.must_carry):
                line(f"{name}: {answer.headers[name]}", "dim", indent=4)
            line(answer.text or "(no body)", indent=4)
        for fault in found:
            line(f"wrong: {fault}", "red", indent=4)

    def request_line(self, row: Row) -> str:
        """Return a row's request on one line."""
        headers = " ".join(f"{name}: {value}" for name, value in row.headers.items())
        parts = (row.method, self.fill(row.path), KEY_NAMES[row.key], headers, self.fill(row.body))
        return " ".join(part for part in parts if part)

    def print_summary(self, results: list[bool]) -> None:
        """Print how many rows were right."""
        wrong = results.count(False)
        self.terminal.line()
        if wrong:
            verb = "is" if wrong == 1 else "are"
            self.terminal.line(
                f"{wrong} of {len(results)} rows {verb} not as the API document says.", "red"
            )
        else:
            self.terminal.line(
                f"All {len(results)} rows are as the API document says.", "green", "bold"
            )


def tour(url: str, terminal: Terminal, immediate: bool = False) -> int:
    """Run the tour and return its exit status; a server that is not there is said first."""
    round_trip = Tour(url, terminal, get_sections(immediate))
    try:
        round_trip.send("GET", "/")
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        terminal.line(f"Nothing answers at {url} ({reason}).", "red")
        terminal.line("Start the demo first: make demo")
        return 1
    return 0 if round_trip.run() else 1


def http_url(text: str) -> str:
    """Return the text if it is the URL of an HTTP server."""
    url = urlsplit(text)
    if url.scheme != "http" or not url.netloc:
        raise argparse.ArgumentTypeError(f"http://<host>:<port> is expected, not {text}")
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and run the tour."""
    parser = argparse.ArgumentParser(
        prog="python -m example_project.tour",
        description="A request for each row of the API document, and whether the answer is right.",
    )
    parser.add_argument(
        "--url", type=http_url, default="http://127.0.0.1:8000", help="default: %(default)s"
    )
    parser.add_argument(
        "--immediate", action="store_true", help="the server runs with EXAMPLE_TASKS=immediate"
    )
    options = parser.parse_args(arguments)
    try:
        return tour(options.url, Terminal(sys.stdout), options.immediate)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
