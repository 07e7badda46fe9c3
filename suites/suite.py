"""A suite: the package and the versions whose tests are run, and the tests that differ."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch, fnmatchcase
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent

# Each way includes the ways before it. `stock` does not change the settings.
WAYS = ("stock", "handler", "defaults", "middleware", "views")

Outcomes = Mapping[str, str]
"""The outcome of each test by its name: `passed`, `skipped`, or `failed: ` and the message."""


@dataclass(frozen=True)
class Version:
    """A version of a package, and what its suite needs."""

    version: str
    requirements: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """Tests that fail because of this app, and the reason."""

    reason: str
    tests: tuple[str, ...]
    # Patterns for the messages of the failures, without `AssertionError: ` and `assert `. Each test
    # must fail with one of them, so that it cannot hide another fault.
    failures: tuple[str, ...]
    # Empty for all.
    ways: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()

    def applies_to(self, version: str, way: str) -> bool:
        """Whether the tests differ in this version and in this way."""
        is_of_version = not self.versions or any(fnmatch(version, item) for item in self.versions)
        return is_of_version and (not self.ways or way in self.ways)

    def expects(self, outcome: str) -> bool:
        """Whether a test may have this outcome."""
        return any(fnmatchcase(outcome, f"failed: {pattern}") for pattern in self.failures)


@dataclass(frozen=True)
class Suite:
    """The contents of one of the TOML files in this folder."""

    package: str
    versions: tuple[Version, ...]
    # Arguments for pytest: the folder of the tests, plugins that are switched off.
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    # Folders of the distribution that its tests import modules from.
    paths: tuple[str, ...] = ()
    # Files that the source distribution lacks, by their paths in it.
    files: Mapping[str, str] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()

    def get_listed(self, version: str, way: str) -> dict[str, Difference]:
        """Return the difference of each test that differs in `version` and `way`."""
        return {
            test: difference
            for difference in self.differences
            if difference.applies_to(version, way)
            for test in difference.tests
        }


def read_suites() -> list[Suite]:
    """Return the suites, DRF's own first."""
    paths = sorted(
        FOLDER.glob("*.toml"), key=lambda path: (path.stem != "djangorestframework", path)
    )
    return [parse_suite(tomllib.loads(path.read_text("utf-8"))) for path in paths]


def parse_suite(document: Mapping[str, Any]) -> Suite:
    """Return the suite in a TOML document."""
    values = {name: value for name, value in document.items() if name != "difference"}
    values["versions"] = tuple(Version(**make_tuples(row)) for row in document["versions"])
    rows = document.get("difference", ())
    differences = tuple(Difference(**make_tuples(row)) for row in rows)
    return Suite(**make_tuples(values), differences=differences)


def make_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` with a tuple in place of each list."""
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }


def find_differing(stock: Outcomes, ours: Outcomes) -> dict[str, str]:
    """Return the tests that pass without the app and not with it, and their outcomes."""
    return {
        name: ours.get(name, "not run")
        for name, outcome in stock.items()
        if outcome == "passed" and ours.get(name) != "passed"
    }


def check_listed(
    listed: Mapping[str, Difference], stock: Outcomes, differing: Outcomes
) -> dict[str, str]:
    """Return a message for each test that differs and is not listed, or does not and is listed.

    A test that this version of the suite does not have may be listed for another version.
    """
    new = differing.keys() - listed.keys()
    outdated = listed.keys() & stock.keys() - differing.keys()
    unexpected = [
        name
        for name in differing.keys() & listed.keys()
        if not listed[name].expects(differing[name])
    ]
    return {
        **{name: f"differs and is not listed: {differing[name]}" for name in sorted(new)},
        **{
            name: f"is listed with another failure: {differing[name]}"
            for name in sorted(unexpected)
        },
        **{
            name: f"is listed and does not differ: {listed[name].reason}"
            for name in sorted(outdated)
        },
    }
