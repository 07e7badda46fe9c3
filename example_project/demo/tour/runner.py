"""The tour: sends the request of each row, and prints and checks the response."""

from __future__ import annotations

import http.client
import secrets
import time
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from example_project.demo.data import WRITE_KEY
from example_project.demo.terminal import Terminal
from example_project.demo.tour.checks import (
    REQUIRED_HEADERS,
    Response,
    find_faults,
    is_unfinished,
)
from example_project.demo.tour.rows import DOCUMENT_FIELDS, KEY_NAMES, Row, Section, get_sections

TIMEOUT = 20.0
POLL_INTERVAL = 0.2
# An operation of the tour imports two rows.
POLL_TIMEOUT = 30.0


class Tour:
    """One pass through the rows, against the server at ``url``."""

    def __init__(self, url: str, terminal: Terminal, sections: Sequence[Section]) -> None:
        self.url = urlsplit(url)
        self.terminal = terminal
        self.sections = sections
        self.values = {"serial": f"TOUR-{secrets.token_hex(6)}", "url": url.rstrip("/")}
        self.created_paths: list[str] = []

    def run(self) -> bool:
        """Run every row and print it; return whether all responses were right."""
        results: list[bool] = []
        try:
            for section in self.sections:
                self.terminal.line()
                self.terminal.line(section.title, "bold")
                if section.note:
                    self.terminal.line(section.note, "dim", indent=2)
                results.extend(self.run_row(row) for row in section.rows)
        finally:
            self.delete_created()
        self.print_summary(results)
        return all(results)

    def run_row(self, row: Row) -> bool:
        """Send the request of a row and print the response; return whether it was right."""
        response = None
        if row.exactly is not None:
            row = replace(row, exactly=self.fill(row.exactly.decode()).encode())
        try:
            response = self.poll(row) if row.polls else self.send_row(row)
            faults = find_faults(row, response)
        except (OSError, http.client.HTTPException) as error:
            faults = [f"no response: {error or type(error).__name__}"]
        if response and response.status < 300:
            self.store_ids(row, response)
        self.print_row(row, response, faults)
        return not faults

    def send_row(self, row: Row) -> Response:
        """Send the request of a row and return the response."""
        return self.send(row.method, row.path, row.key, row.body, row.headers)

    def poll(self, row: Row) -> Response:
        """Repeat the request of a row until its operation has finished or the time is up.

        The interval is shorter than the server's ``Retry-After``, because the import is small.
        """
        deadline = time.monotonic() + POLL_TIMEOUT
        response = self.send_row(row)
        while is_unfinished(response) and time.monotonic() < deadline:
            time.sleep(POLL_INTERVAL)
            response = self.send_row(row)
        return response

    def send(
        self,
        method: str,
        path: str,
        key: str | None = WRITE_KEY,
        body: str = "",
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Send one request and return the response."""
        headers = {"Content-Type": "application/json", **(headers or {})}
        if key is not None:
            headers["Authorization"] = key
        connection = http.client.HTTPConnection(self.url.netloc, timeout=TIMEOUT)
        try:
            connection.request(method, self.fill(path), self.fill(body) or None, headers)
            response = connection.getresponse()
            return Response(response.status, response.reason, response.headers, response.read())
        finally:
            connection.close()

    def fill(self, text: str) -> str:
        """Return the text with the names in braces replaced by their values."""
        for name, value in self.values.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def store_ids(self, row: Row, response: Response) -> None:
        """Store the ids of created resources, for later rows and for their deletion."""
        if row.method == "DELETE" and row.path in self.created_paths:
            self.created_paths.remove(row.path)
        document = response.json if isinstance(response.json, dict) else {}
        if row.makes and isinstance(document.get("id"), str):
            self.values[row.makes.partition("{")[2].rstrip("}")] = document["id"]
            # Operations cannot be deleted.
            if row.fields == DOCUMENT_FIELDS:
                self.created_paths.append(row.makes)
        if row.polls and isinstance(document.get("result"), dict):
            ids = document["result"].get("thngs", ())
            self.created_paths.extend(f"/thngs/{id_}" for id_ in ids)

    def delete_created(self) -> None:
        """Delete the resources that the rows have created and not deleted."""
        for path in self.created_paths:
            try:
                if path.startswith("/collections"):
                    self.send("DELETE", f"{path}/thngs")
                self.send("DELETE", path)
            except (OSError, http.client.HTTPException) as error:
                self.terminal.line(f"{self.fill(path)} could not be deleted: {error}", "red")

    def print_row(self, row: Row, response: Response | None, faults: list[str]) -> None:
        """Print the request and the response, with its faults."""
        line, paint = self.terminal.line, self.terminal.paint
        mark = paint("✗", "red", "bold") if faults else paint("✓", "green", "bold")
        line()
        self.terminal.stream.write(f"  {mark} ")
        line(row.label, "bold")
        line(self.format_request(row), "cyan", indent=4)
        if response:
            status = response.status
            colour = "green" if status < 400 else "yellow" if status < 500 else "red"
            line(f"{status} {response.reason}", colour, indent=4)
            for name in (*REQUIRED_HEADERS.get(status, ()), *row.required_headers):
                line(f"{name}: {response.headers[name]}", "dim", indent=4)
            line(response.text or "(no body)", indent=4)
        for fault in faults:
            line(f"wrong: {fault}", "red", indent=4)

    def format_request(self, row: Row) -> str:
        """Return the request of a row on one line."""
        headers = " ".join(f"{name}: {value}" for name, value in row.headers.items())
        parts = (row.method, self.fill(row.path), KEY_NAMES[row.key], headers, self.fill(row.body))
        return " ".join(part for part in parts if part)

    def print_summary(self, results: list[bool]) -> None:
        """Print how many rows passed."""
        count, failed = len(results), results.count(False)
        self.terminal.line()
        if failed:
            self.terminal.line(f"{failed} of {count} responses are not as expected.", "red")
        else:
            self.terminal.line(f"All {count} responses are as expected.", "green", "bold")


def run_tour(url: str, terminal: Terminal, immediate: bool = False) -> int:
    """Run the tour and return its exit status, 1 if a row fails or the server cannot be reached."""
    tour = Tour(url, terminal, get_sections(immediate))
    try:
        tour.send("GET", "/")
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        terminal.line(f"No response from {url} ({reason}).", "red")
        terminal.line("Start the demo first: make demo")
        return 1
    return 0 if tour.run() else 1
