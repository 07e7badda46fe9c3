"""`python -m suites`: the changes of a suite's settings, and the reasons for a failed run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from suites import __main__ as command
from suites import environment
from suites.applications import __main__ as applications
from suites.suite import WAYS, Difference, Suite, check_listed, find_differing, read_suites
from tests.docs.blocks import PAGES

# The results do not depend on the versions of Django and DRF.
pytestmark = pytest.mark.once

# Without the plugins of the tests' other packages, which take seconds to import.
TINY = Suite(
    "tiny",
    (),
    arguments=("-p", "pytest_django.plugin"),
    environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
)

CONFTEST = """
import django
from django.conf import settings

def pytest_configure():
    settings.configure(INSTALLED_APPS=("rest_framework",), MIDDLEWARE=(), SECRET_KEY="secret")
    django.setup()
"""

# Each test passes until its way.
TESTS = """
from django.conf import settings
from rest_framework import generics
from rest_framework.settings import api_settings
from rest_framework.viewsets import ModelViewSet

def test_stock():
    assert settings.PASSWORD_HASHERS == ["django.contrib.auth.hashers.MD5PasswordHasher"]

def test_handler():
    assert settings.INSTALLED_APPS == ("rest_framework",)
    assert api_settings.EXCEPTION_HANDLER.__module__ == "rest_framework.views"

def test_defaults():
    for classes in (api_settings.DEFAULT_RENDERER_CLASSES, api_settings.DEFAULT_PARSER_CLASSES):
        assert classes[0].__module__ in ("rest_framework.renderers", "rest_framework.parsers")

def test_middleware():
    assert settings.MIDDLEWARE == ()

def test_views():
    assert (generics.__name__, ModelViewSet.__module__) == (
        "rest_framework.generics", "rest_framework.viewsets"
    )

def test_no_way():
    assert not settings.DEBUG
"""


def test_each_way_has_all_ways_before_it(tmp_path: Path) -> None:
    source = tmp_path / "source" / "tiny-1"
    source.mkdir(parents=True)
    (source / "conftest.py").write_text(CONFTEST)
    (source / "test_tiny.py").write_text(TESTS)
    (source / "pytest.ini").write_text("[pytest]\n")
    python = Path(sys.executable)

    stock, *others = [command.run_tests(TINY, source, python, way) for way in WAYS]

    assert set(stock.values()) == {"passed"}
    differing = [
        [name.partition("::test_")[2] for name in find_differing(stock, o)] for o in others
    ]
    assert differing == [list(WAYS[1:end]) for end in range(2, len(WAYS) + 1)]


def test_pytest_must_run_the_tests(tmp_path: Path) -> None:
    source = tmp_path / "source" / "empty-1"
    source.mkdir(parents=True)
    (source / "pytest.ini").write_text("[pytest]\n")
    with pytest.raises(command.SuiteError, match="pytest failed in the way stock"):
        command.run_tests(TINY, source, Path(sys.executable), "stock")


def test_each_test_file_must_be_importable(tmp_path: Path) -> None:
    source = tmp_path / "source" / "tiny-1"
    source.mkdir(parents=True)
    (source / "conftest.py").write_text(CONFTEST)
    (source / "pytest.ini").write_text("[pytest]\n")
    (source / "test_right.py").write_text("def test_right(): pass\n")
    (source / "test_wrong.py").write_text("import no_such_package\n")
    with pytest.raises(command.SuiteError, match="no_such_package"):
        command.run_tests(TINY, source, Path(sys.executable), "stock")


WHY = Difference("Why.", tests=(), failures=("1 ?= *", "KeyError: 'detail'"))


@pytest.mark.parametrize(
    ("listed", "ours", "problem"),
    [
        ({}, "passed", None),
        ({"a": WHY}, "failed: 1 == 2", None),
        ({"a": WHY}, "failed: KeyError: 'detail'", None),
        ({"other version": WHY}, "passed", None),
        ({}, "failed: 1 == 2", "differs and is not listed: failed: 1 == 2"),
        ({}, "skipped", "differs and is not listed: skipped"),
        ({}, None, "differs and is not listed: not run"),
        ({"a": WHY}, "passed", "is listed and does not differ: Why."),
        ({"a": WHY}, "failed: 3 == 2", "is listed with another failure: failed: 3 == 2"),
        ({"a": WHY}, "skipped", "is listed with another failure: skipped"),
        (
            {"a": WHY},
            "failed: KeyError: 'detail', and logs Internal Server Error: /",
            "is listed with another failure: failed: KeyError: 'detail', and logs Internal Server "
            "Error: /",
        ),
    ],
)
def test_a_difference_must_be_listed_and_a_listed_test_must_fail_as_expected(
    listed: dict[str, Difference], ours: str | None, problem: str | None
) -> None:
    stock = {"a": "passed", "b": "failed: without the app too", "c": "skipped"}
    outcomes = stock | {"c": "passed", "a": ours}
    differing = find_differing(stock, {k: v for k, v in outcomes.items() if v is not None})
    assert check_listed(listed, stock, differing) == ({"a": problem} if problem else {})


FAILING_TESTS = """
import logging
from unittest import TestCase

def test_pytest():
    assert 1 == 2

class Tests(TestCase):
    def test_unittest(self):
        self.assertEqual(1, 2)

def test_exception():
    {}["detail"]

def test_500():
    logging.getLogger("django.request").error("Internal Server Error: /")
    {}["detail"]

def test_warning():
    logging.getLogger("django.request").warning("Not Found: /")
    {}["detail"]
"""


def test_the_message_of_a_failure_has_the_error_that_was_logged(tmp_path: Path) -> None:
    source = tmp_path / "source" / "tiny-1"
    source.mkdir(parents=True)
    (source / "conftest.py").write_text(CONFTEST)
    (source / "test_tiny.py").write_text(f"def test_right(): pass\n{FAILING_TESTS}")
    (source / "pytest.ini").write_text("[pytest]\n")
    outcomes = command.run_tests(TINY, source, Path(sys.executable), "handler")
    assert {name.rpartition("test_")[2]: outcome for name, outcome in outcomes.items()} == {
        "right": "passed",
        "pytest": "failed: 1 == 2",
        "unittest": "failed: 1 != 2",
        "exception": "failed: KeyError: 'detail'",
        "500": "failed: KeyError: 'detail', and logs Internal Server Error: /",
        "warning": "failed: KeyError: 'detail'",
    }


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_a_suite_that_cannot_be_fetched_is_skipped_but_fails_in_ci(
    ci: str, status: int, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.setattr(environment, "BUILD", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(sys, "argv", ["suites", "--only", "djangorestframework-3.18"])
    with pytest.raises(SystemExit) as caught:
        command.main()
    output = capsys.readouterr()
    assert caught.value.code == status
    row = "| djangorestframework 3.18 |  | skipped: it cannot be fetched from the package index |"
    assert row in output.out
    assert ("djangorestframework 3.18 cannot be fetched: ERROR: " in output.err) == bool(ci)


@pytest.mark.parametrize("main", [command.main, applications.main])
def test_a_name_that_no_suite_has_is_an_error(main: Any, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr(sys, "argv", ["suites", "--only", "djangorestframework-2"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert "--only: nothing has djangorestframework-2 in its name" in capsys.readouterr().err


def test_the_lists_have_no_test_twice_and_their_reasons_are_in_the_docs() -> None:
    page = PAGES["docs/suites.md"].read_text("utf-8")
    suites = read_suites()
    assert suites[0].package == "djangorestframework"
    for suite in suites:
        for version in suite.versions:
            for way in WAYS[1:]:
                differences = [d for d in suite.differences if d.applies_to(version.version, way)]
                tests = [test for difference in differences for test in difference.tests]
                assert len(tests) == len(set(tests))
        assert {way for item in suite.differences for way in item.ways} <= set(WAYS[1:])
    rows = [*command.make_reasons([suite.package for suite in suites])]
    assert [row for row in rows if row not in page] == []
