"""Ignoring: the departures that a project knows of and accepts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from django_apierrors.departures import Departure


@dataclass
class Rule:
    """`ROUTE:DEPARTURE` or `VERB ROUTE:DEPARTURE`; `*` stands for anything in each of them."""

    text: str
    is_used: bool = False

    def __post_init__(self) -> None:
        """Take the parts; raise ValueError where one is missing."""
        # A route may hold a colon: <int:pk>.
        self.route, _, self.name = self.text.rpartition(":")
        if not self.route or not self.name:
            raise ValueError(f"{self.text!r} is not of the form ROUTE:DEPARTURE.")

    def matches(self, verb: str, route: str, departure: Departure) -> bool:
        """Tell whether a departure is to be ignored."""
        # A route may have brackets, which are no pattern of ours.
        pattern = self.route.replace("[", "[[]")
        is_there = fnmatchcase(route, pattern) or fnmatchcase(f"{verb} {route}", pattern)
        found = is_there and fnmatchcase(departure.name, self.name)
        self.is_used = self.is_used or found
        return found


def read_rules(texts: Sequence[str], paths: Sequence[str]) -> list[Rule]:
    """Return the rules of texts and of files, in which `#` begins a comment."""
    lines = [line for path in paths for line in Path(path).read_text("utf-8").splitlines()]
    written = (line.partition("#")[0].strip() for line in lines)
    return [Rule(text) for text in [*texts, *filter(None, written)]]


def is_ignored(rules: Sequence[Rule], verb: str, route: str, departure: Departure) -> bool:
    """Tell whether any rule matches; all are asked, so that one that nothing needs can be told."""
    matches = [rule.matches(verb, route, departure) for rule in rules]
    return any(matches)
