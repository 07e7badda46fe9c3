"""The departures that a project accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from django_apierrors.introspection.findings import Departure, Rule, is_ignored, read_rules

PATCH = Departure("patch", "Updates go by PUT.")
ROUTE = "/things/<int:pk>"


@pytest.mark.parametrize(
    "text",
    [
        "/things/<int:pk>:patch",
        "PATCH /things/<int:pk>:patch",
        "/things/*:patch",
        "*:patch",
        "/things/*:*",
        "PATCH *:*",
    ],
)
def test_a_rule_matches_by_route_or_verb_and_route(text: str) -> None:
    rule = Rule(text)
    assert rule.matches("PATCH", ROUTE, PATCH)
    assert rule.is_used


@pytest.mark.parametrize(
    "text",
    ["/things/<int:pk>:parser", "/things:patch", "/Things/*:patch", "PUT *:patch", "things*:patch"],
)
def test_a_rule_for_something_else_does_not_match(text: str) -> None:
    rule = Rule(text)
    assert not rule.matches("PATCH", ROUTE, PATCH)
    assert not rule.is_used


def test_brackets_of_a_route_are_no_pattern() -> None:
    rule = Rule("/things/[a-z]:patch")
    assert rule.matches("PATCH", "/things/[a-z]", PATCH)
    assert not rule.matches("PATCH", "/things/b", PATCH)


def test_a_rule_stays_used() -> None:
    rule = Rule("*:patch")
    rule.matches("PATCH", ROUTE, PATCH)
    rule.matches("POST", ROUTE, Departure("parser", ""))
    assert rule.is_used


@pytest.mark.parametrize("text", ["", "patch", ":patch", "/things:"])
def test_a_rule_that_can_match_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not of the form ROUTE:DEPARTURE"):
        Rule(text)


def test_every_rule_that_matches_is_used() -> None:
    rules = [Rule("*:patch"), Rule("*:*"), Rule("*:parser")]
    assert is_ignored(rules, "PATCH", ROUTE, PATCH)
    assert [rule.is_used for rule in rules] == [True, True, False]


def test_rules_are_read_from_files_without_comments(tmp_path: Path) -> None:
    path = tmp_path / "ignored.txt"
    path.write_text("# of old\n\nPATCH *:patch  # for good\n*:parser\n")
    assert [rule.text for rule in read_rules(["a:b"], [str(path)])] == [
        "a:b",
        "PATCH *:patch",
        "*:parser",
    ]
