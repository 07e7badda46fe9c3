"""`manage.py apierrors`: the catalogue as the project has it, and `audit`, what its views do."""

from __future__ import annotations

import json
import os
import shutil
import sys
from argparse import SUPPRESS
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.management.color import no_style
from django.urls import get_resolver

from django_apierrors.catalog import ErrorCode, get_category, get_codes
from django_apierrors.introspection.audit import Audit, Found, VerbReport, make_audit
from django_apierrors.introspection.findings import Departure, Rule, is_ignored, read_rules
from django_apierrors.management.tables import TIED, fold, make_markdown, make_table

Ignored: TypeAlias = Collection[Found]

HEAD = ("code", "status", "number", "meaning")

VERB_INDENT = " " * len("  DELETE  200  ")

FORMAT_HELP = "default: table"

DEPARTED = 1
BROKEN = 2


class Command(BaseCommand):
    """Prints the catalogue, or audits the URLconf."""

    help = (
        "Prints the error codes as this project has them; 'audit' prints what each verb of each "
        "route can answer, and ends with 1 where one departs from the rules."
    )
    # The audit tells itself what is missing, and a URLconf that is broken.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the options."""
        formats = ["table", "json", "markdown"]
        parser.add_argument("--format", choices=formats, default="table", help=FORMAT_HELP)
        parser.set_defaults(print=self.print_catalogue)
        commands = parser.add_subparsers(title="commands", metavar="audit")
        audit = commands.add_parser("audit", help="what each verb of each route can answer")
        formats = ["table", "json", "ignore"]
        # The default is the command's: one here would hide what was said before "audit".
        audit.add_argument("--format", choices=formats, default=SUPPRESS, help=FORMAT_HELP)
        audit.add_argument(
            "--ignore",
            action="append",
            default=[],
            metavar="ROUTE:DEPARTURE",
            help="accept a departure: '/things:patch', 'POST /things:location', '*:renderer'",
        )
        audit.add_argument(
            "--ignore-file",
            action="append",
            default=[],
            metavar="PATH",
            help="accept those of a file, one on a line, as --format ignore prints them",
        )
        # Django has them for the command itself alone.
        for option in ("--no-color", "--force-color", "--traceback"):
            audit.add_argument(option, action="store_true", default=SUPPRESS, help=SUPPRESS)
        for option in ("--settings", "--pythonpath"):
            audit.add_argument(option, default=SUPPRESS, help=SUPPRESS)
        audit.add_argument("-v", "--verbosity", type=int, default=SUPPRESS, help=SUPPRESS)
        audit.set_defaults(print=self.print_audit)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was asked for."""
        has_colour = self.stdout.isatty() and not os.environ.get("NO_COLOR")
        if not has_colour and not options["force_color"]:
            self.style = no_style()
        # In a pipe a line is whole, so that it can be searched for.
        self.width = shutil.get_terminal_size().columns if self.stdout.isatty() else None
        try:
            try:
                options["print"](**options)
            finally:
                # Here, so that what cannot be written is not left to the end of the process.
                self.stdout.flush()
        except BrokenPipeError:
            # `head` and `less` leave when they have seen enough. Python writes what is left once
            # more as it ends: the way out is that of its documentation of SIGPIPE.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stdout.fileno())
            sys.exit(BROKEN)

    def print_lines(self, lines: Iterable[str]) -> None:
        """Print lines."""
        for line in lines:
            self.stdout.write(line)

    def print_json(self, document: object) -> None:
        """Print a document."""
        self.stdout.write(json.dumps(document, indent=2, ensure_ascii=False))

    def print_catalogue(self, **options: Any) -> None:
        """Print the catalogue."""
        codes = list(get_codes().values())
        rows = [make_row(code) for code in codes]
        if options["format"] == "json":
            self.print_json([make_document(code) for code in codes])
        elif options["format"] == "markdown":
            self.print_lines(make_markdown(HEAD, rows))
        else:
            head, *lines = make_table(HEAD, rows, self.width)
            self.print_lines([self.style.MIGRATE_HEADING(head), *lines])

    def print_audit(self, **options: Any) -> None:
        """Print the audit, and end with 1 where there is a departure that is not ignored."""
        rules = self.get_rules(**options)
        audit = self.get_audit()
        departures = list(audit.get_departures())
        ignored = {item for item in departures if is_ignored(rules, *item)}
        found = [item for item in departures if item not in ignored]
        if options["format"] == "json":
            self.print_json(make_report(audit, ignored))
        elif options["format"] == "ignore":
            self.print_lines(make_rule(*item) for item in found)
        else:
            self.print_routes(audit, ignored)
            self.print_summary(audit, len(found), len(departures) - len(found))
        for rule in rules:
            if not rule.is_used:
                self.stderr.write(f"Nothing departs as {rule.text!r} has it: leave it out.")
        if found and options["format"] != "ignore":
            sys.exit(DEPARTED)

    def get_rules(self, **options: Any) -> list[Rule]:
        """Return what to ignore."""
        try:
            return read_rules(options["ignore"], options["ignore_file"])
        except (OSError, ValueError) as exc:
            raise CommandError(str(exc), returncode=BROKEN) from exc

    def get_audit(self) -> Audit:
        """Return the audit of the project's URLconf."""
        try:
            return make_audit(get_resolver())
        except Exception as exc:
            message = f"The URLconf cannot be read: {type(exc).__name__}: {exc}"
            raise CommandError(message, returncode=BROKEN) from exc

    def print_routes(self, audit: Audit, ignored: Ignored) -> None:
        """Print the routes, each with its verbs."""
        for departure in audit.departures:
            self.print_departure(departure, ("*", "*", departure) in ignored, "")
        for report in audit.routes:
            self.stdout.write(f"\n{self.style.MIGRATE_HEADING(report.route)}  {report.view}")
            for departure in report.departures:
                self.print_departure(departure, ("*", report.route, departure) in ignored, "  ")
            for verb in report.verbs:
                self.print_verb(verb)
                for departure in verb.departures:
                    is_ignored = (verb.verb, report.route, departure) in ignored
                    self.print_departure(departure, is_ignored, VERB_INDENT)

    def print_verb(self, report: VerbReport) -> None:
        """Print a verb, what it succeeds with and what it can be refused with."""
        successes = " ".join(map(str, report.successes))
        start = f"  {report.verb:<6}  {successes:<3}  "
        first, *further = fold(get_errors(report), self.width, VERB_INDENT) or [""]
        verb = self.style.HTTP_INFO(start[:8])
        status = self.style.SUCCESS(start[8:])
        self.print_lines([f"{verb}{status}{first[len(start) :]}".rstrip(), *further])

    def print_departure(self, departure: Departure, is_ignored: bool, indent: str) -> None:
        """Print a departure."""
        mark, style = ("ignored: ", self.style.WARNING) if is_ignored else ("", self.style.ERROR)
        text = f"{mark}{departure.name}: {departure.message}"
        self.print_lines(map(style, fold(text, self.width, f"{indent}! ", f"{indent}  ")))

    def print_summary(self, audit: Audit, found: int, ignored: int) -> None:
        """Print how many there are of what."""
        verbs = sum(len(report.verbs) for report in audit.routes)
        text = (
            f"{count(verbs, 'verb')} of {count(len(audit.routes), 'route')}: "
            f"{count(found, 'departure')}, {ignored} ignored. "
            f"{count(audit.others, 'route')} to views that are not DRF's: not audited."
        )
        style = self.style.ERROR if found else self.style.SUCCESS
        self.print_lines(["", *map(style, fold(text, self.width, ""))])


def make_row(code: ErrorCode) -> Sequence[str]:
    """Return the row of a code."""
    number = "" if code.number is None else str(code.number)
    return (code.name, str(code.status), number, str(code.description))


def make_document(code: ErrorCode) -> dict[str, Any]:
    """Return a code as JSON has it."""
    texts = ("message", "description", "advice")
    return {
        "name": code.name,
        "status": code.status,
        "number": code.number,
        "kind": get_category(code).name,
        **{name: str(getattr(code, name)) for name in texts},
    }


def make_report(audit: Audit, ignored: Ignored) -> dict[str, Any]:
    """Return an audit as JSON has it."""

    def make_departures(verb: str, route: str, found: Sequence[Departure]) -> list[Any]:
        return [{**asdict(one), "ignored": (verb, route, one) in ignored} for one in found]

    return {
        "departures": make_departures("*", "*", audit.departures),
        "routes": [
            {
                "route": report.route,
                "view": report.view,
                "departures": make_departures("*", report.route, report.departures),
                "verbs": [
                    {
                        "verb": verb.verb,
                        "successes": list(verb.successes),
                        "errors": [
                            {"status": status, "code": code} for status, code in verb.errors
                        ],
                        "departures": make_departures(verb.verb, report.route, verb.departures),
                    }
                    for verb in report.verbs
                ],
            }
            for report in audit.routes
        ],
        "others": audit.others,
    }


def get_errors(report: VerbReport) -> str:
    """Return the errors of a verb, those of one status together."""
    names: dict[int, list[str]] = {}
    for status, name in report.errors:
        names.setdefault(status, []).append(name)
    return ", ".join(f"{status}{TIED}{' '.join(found)}" for status, found in names.items())


def make_rule(verb: str, route: str, departure: Departure) -> str:
    """Return the rule that ignores one departure, and no more."""
    return f"{'' if verb == '*' else f'{verb} '}{route}:{departure.name}"


def count(number: int, what: str) -> str:
    """Return a number and what there is that number of."""
    return f"{number} {what}{'' if number == 1 else 's'}"
