"""`manage.py apierrors` prints the catalogue; `manage.py apierrors audit` audits the URLconf."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.management.color import no_style
from django.urls import get_resolver

from django_apierrors.catalog import ErrorCode, get_category, get_codes
from django_apierrors.errors import format_code
from django_apierrors.introspection.audit import Audit, MethodReport, make_audit
from django_apierrors.introspection.findings import Finding, apply_rules, read_rules
from django_apierrors.management.client_modules import CLIENT_MODULES, find_breaking_changes
from django_apierrors.management.tables import TIED, fold, make_markdown, make_table

HEAD = ("code", "status", "number", "meaning")

METHOD_INDENT = " " * len("  DELETE  200  ")

FORMATS = {
    "catalogue": ("table", "json", "markdown", *CLIENT_MODULES),
    "audit": ("table", "json", "ignore"),
}

# The options that only one of the two has.
OPTIONS = {"catalogue": ("check",), "audit": ("ignore", "ignore_file")}

# Exit statuses.
HAS_FINDINGS = 1
HAS_FAILED = 2


class Command(BaseCommand):
    """Prints the catalogue, or audits the URLconf."""

    help = (
        "Prints the project's error codes. 'audit' prints the possible responses of each method of "
        "each route, and exits with 1 if there are findings."
    )
    # The audit reports a missing handler and a broken URLconf itself.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options; those of Django can stand on either side of `audit`."""
        action_help = "audit each method of each route"
        parser.add_argument("action", nargs="?", choices=["audit"], help=action_help)
        parser.add_argument(
            "--format",
            choices=[*FORMATS["catalogue"], "ignore"],
            help="default: table; ignore is for the audit, typescript and python print a module "
            "of the codes for clients",
        )
        parser.add_argument(
            "--check",
            metavar="PATH",
            help="compare the catalogue with a file that --format json printed; exit with 1 if a "
            "code disappeared or changed its status, number or value",
        )
        parser.add_argument(
            "--ignore",
            action="append",
            default=[],
            metavar="ROUTE:FINDING",
            help="ignore a finding: '/things:patch', 'POST /things:location', '*:renderer'",
        )
        parser.add_argument(
            "--ignore-file",
            action="append",
            default=[],
            metavar="PATH",
            help="ignore the findings in a file, one on each line, as --format ignore prints them",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command or `audit`."""
        has_colour = self.stdout.isatty() and not os.environ.get("NO_COLOR")
        if not has_colour and not options["force_color"]:
            self.style = no_style()
        # Lines in a pipe are not folded, so that grep finds them.
        self.width = shutil.get_terminal_size().columns if self.stdout.isatty() else None
        name = options["action"] or "catalogue"
        for message in find_wrong_options(name, options):
            raise CommandError(message, returncode=HAS_FAILED)
        try:
            try:
                (self.print_audit if name == "audit" else self.print_catalogue)(**options)
            finally:
                # Raise BrokenPipeError here, not at the end of the process.
                self.stdout.flush()
        except BrokenPipeError:
            # `head` and `less` close the pipe early. Python flushes stdout again at its end: this
            # is the solution in its documentation, in the note on SIGPIPE.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stdout.fileno())
            sys.exit(HAS_FAILED)

    def print_lines(self, lines: Iterable[str]) -> None:
        """Print lines."""
        for line in lines:
            self.stdout.write(line)

    def print_json(self, value: object) -> None:
        """Print a value as JSON."""
        self.stdout.write(json.dumps(value, indent=2, ensure_ascii=False))

    def print_catalogue(self, **options: Any) -> None:
        """Print the catalogue."""
        codes = list(get_codes().values())
        if options["check"] is not None:
            self.check_catalogue(options["check"], codes)
            return
        columns = attrgetter("name", "status", "number", "description")
        rows = [["" if cell is None else str(cell) for cell in columns(code)] for code in codes]
        if options["format"] == "json":
            self.print_json([serialize_code(code) for code in codes])
        elif options["format"] in CLIENT_MODULES:
            self.print_lines(CLIENT_MODULES[options["format"]](codes))
        elif options["format"] == "markdown":
            self.print_lines(make_markdown(HEAD, rows))
        else:
            head, *lines = make_table(HEAD, rows, self.width)
            self.print_lines([self.style.MIGRATE_HEADING(head), *lines])

    def check_catalogue(self, path: str, codes: Iterable[ErrorCode]) -> None:
        """Print the changes of the catalogue in a file that break clients, and exit with 1."""
        try:
            changes = list(find_breaking_changes(Path(path).read_text("utf-8"), codes))
        except (OSError, ValueError) as exc:
            raise CommandError(f"{path} cannot be read: {exc}", returncode=HAS_FAILED) from exc
        self.print_lines(map(self.style.ERROR, changes))
        if changes:
            sys.exit(HAS_FINDINGS)

    def print_audit(self, **options: Any) -> None:
        """Print the audit; exit with 1 if there is a finding that is not ignored."""
        try:
            rules = read_rules(options["ignore"], options["ignore_file"])
        except (OSError, ValueError) as exc:
            raise CommandError(str(exc), returncode=HAS_FAILED) from exc
        try:
            audit = make_audit(get_resolver())
        except Exception as exc:
            message = f"The URLconf cannot be read: {type(exc).__name__}: {exc}"
            raise CommandError(message, returncode=HAS_FAILED) from exc
        apply_rules(rules, audit.get_findings())
        findings = [finding for finding in audit.get_findings() if not finding.ignored]
        if options["format"] == "json":
            self.print_json(asdict(audit))
        elif options["format"] == "ignore":
            self.print_lines(finding.get_rule() for finding in findings)
        else:
            self.print_routes(audit)
            self.print_summary(audit)
        for rule in rules:
            if not rule.is_used:
                self.stderr.write(f"The rule {rule.text!r} matches no finding: remove it.")
        if findings and options["format"] != "ignore":
            sys.exit(HAS_FINDINGS)

    def print_routes(self, audit: Audit) -> None:
        """Print the findings about the project, and the routes, each with its methods."""
        self.print_findings(audit.findings, "")
        for route in audit.routes:
            self.stdout.write(f"\n{self.style.MIGRATE_HEADING(route.route)}  {route.view}")
            self.print_findings(route.findings, "  ")
            for method in route.methods:
                self.print_method(method)
                self.print_findings(method.findings, METHOD_INDENT)

    def print_method(self, report: MethodReport) -> None:
        """Print a method, its success statuses and its errors."""
        statuses = " ".join(map(str, report.successes))
        method, success = f"  {report.method:<6}", f"  {statuses:<3}  "
        errors = ", ".join(
            f"{status}{TIED}{' '.join(error['code'] for error in group)}"
            for status, group in groupby(report.errors, lambda error: error["status"])
        )
        first, *others = fold(errors, self.width, METHOD_INDENT) or [""]
        start = f"{self.style.HTTP_INFO(method)}{self.style.SUCCESS(success)}"
        self.print_lines([f"{start}{first[len(METHOD_INDENT) :]}".rstrip(), *others])

    def print_findings(self, findings: Iterable[Finding], indent: str) -> None:
        """Print findings."""
        for finding in findings:
            style = self.style.WARNING if finding.ignored else self.style.ERROR
            text = f"{'ignored: ' if finding.ignored else ''}{finding.name}: {finding.message}"
            self.print_lines(map(style, fold(text, self.width, f"{indent}! ", f"{indent}  ")))

    def print_summary(self, audit: Audit) -> None:
        """Print the numbers of methods, routes and findings."""
        ignored = [finding.ignored for finding in audit.get_findings()]
        findings = ignored.count(False)
        methods = sum(len(route.methods) for route in audit.routes)
        text = (
            f"{count(methods, 'method')} of {count(len(audit.routes), 'route')}: "
            f"{count(findings, 'finding')}, {sum(ignored)} ignored. "
            f"{count(audit.others, 'route')} to views that are not DRF's: not audited."
        )
        style = self.style.ERROR if findings else self.style.SUCCESS
        self.print_lines(["", *map(style, fold(text, self.width, ""))])


def find_wrong_options(name: str, options: Mapping[str, Any]) -> Iterator[str]:
    """Yield a message for each option that the catalogue or the audit would not read."""
    for other, keys in OPTIONS.items():
        for key in keys:
            if other != name and options[key] not in (None, []):
                yield f"The {name} has no option --{key.replace('_', '-')}: it is for the {other}."
    chosen = options["format"]
    if chosen is not None and chosen not in FORMATS[name]:
        yield f"The {name} has no format {chosen!r}. Use one of: {', '.join(FORMATS[name])}."
    if chosen is not None and options["check"] is not None:
        yield "--check prints changes, which have no --format."


def serialize_code(code: ErrorCode) -> dict[str, Any]:
    """Return a code as a JSON object."""
    return {
        "name": code.name,
        "status": code.status,
        "number": code.number,
        "code": format_code(code),
        "retry": code.get_retry(),
        "since": code.since,
        "deprecated": code.deprecated,
        "replaced_by": code.replaced_by,
        "category": get_category(code).name,
        **{name: str(getattr(code, name)) for name in ("message", "description", "advice")},
    }


def count(number: int, noun: str) -> str:
    """Return a number and its noun: `1 route`, `2 routes`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
