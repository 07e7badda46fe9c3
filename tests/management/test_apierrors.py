"""`manage.py apierrors`: the catalogue and the audit, as a person and as CI reads them."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.urls import clear_url_caches, path
from rest_framework.renderers import JSONRenderer

from django_apierrors import generics
from django_apierrors.catalog import CATALOG
from tests.models import Shelf

ROOT = Path(__file__).resolve().parents[2]
ANSI = "\x1b["


class Shelves(generics.ListAPIView):
    """Lists shelves."""

    queryset = Shelf.objects.all()
    authentication_classes = []
    permission_classes = []
    pagination_class = None


class Patched(generics.UpdateAPIView):
    """Has PATCH."""

    queryset = Shelf.objects.all()
    authentication_classes = []
    permission_classes = []
    http_method_names = ["patch"]


ALL = "415 UNSUPPORTED_MEDIA_TYPE, 500 INTERNAL_ERROR, 503 SERVICE_UNAVAILABLE"
CLEAN = f"""
/shelves  tests.management.test_apierrors.Shelves
  GET     200  {ALL}

1 verb of 1 route: 0 departures, 0 ignored. 1 route to views that are not DRF's: not audited.
"""
PATCH = "Updates go by PUT. Leave 'patch' out of http_method_names; partial_put = True helps."
DEPARTED = f"""
/shelves  tests.management.test_apierrors.Shelves
  GET     200  {ALL}

/shelves/<str:pk>  tests.management.test_apierrors.Patched
  PATCH   200  400 INVALID_ID INVALID_CONTENT, 404 MISSING_RESOURCE, 413 CONTENT_TOO_LARGE, {ALL}
               ! patch: {PATCH}

2 verbs of 2 routes: 1 departure, 0 ignored. 1 route to views that are not DRF's: not audited.
"""


@pytest.fixture
def urls(settings: Any) -> Any:
    """Return a function that sets the URLs."""

    def set_urls(*patterns: Any) -> None:
        urlconf = ModuleType("urlconf")
        urlconf.urlpatterns = list(patterns)  # type: ignore[attr-defined]
        settings.ROOT_URLCONF = urlconf
        clear_url_caches()

    yield set_urls
    clear_url_caches()


@pytest.fixture
def clean(urls: Any) -> None:
    """Have a view that departs from nothing, and one that is not DRF's."""
    urls(path("shelves", Shelves.as_view()), path("admin", lambda request: HttpResponse()))


@pytest.fixture
def departed(urls: Any) -> None:
    """Have a view that departs."""
    urls(
        path("shelves", Shelves.as_view()),
        path("shelves/<str:pk>", Patched.as_view()),
        path("admin", lambda request: HttpResponse()),
    )


def run(*arguments: str, status: int = 0, stdout: Any = None) -> tuple[str, str]:
    """Run the command and return what it printed."""
    streams = stdout or io.StringIO(), io.StringIO()
    found = 0
    try:
        call_command("apierrors", *arguments, stdout=streams[0], stderr=streams[1])
    except SystemExit as exc:
        found = exc.code  # type: ignore[assignment]
    assert found == status
    return streams[0].getvalue(), streams[1].getvalue()


def run_on_a_terminal(columns: int, *arguments: str, **environment: str) -> str:
    """Run the command in a terminal of its own and return what is seen there."""
    ours, theirs = pty.openpty()
    environment = {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "COLUMNS": str(columns),
        "TERM": "xterm",
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME")},
        **environment,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "django", "apierrors", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError:
            pass
        os.close(ours)
    assert process.returncode == 0, shown
    return shown.decode().replace("\r\n", "\n")


def test_the_catalogue_is_a_table_of_the_codes_as_the_project_has_them(settings: Any) -> None:
    settings.API_ERRORS = {
        "CODES": {"GONE": {"number": None}, "OUT_OF_STOCK": {"status": 409, "description": "No."}}
    }
    head, missing, gone, *_, own = run()[0].splitlines()
    assert [" ".join(line.split()) for line in (head, missing, gone, own)] == [
        "code status number meaning",
        "MISSING_RESOURCE 404 16842752 A resource does not exist.",
        "GONE 410 A resource existed once and will not come back.",
        "OUT_OF_STOCK 409 No.",
    ]


def test_the_catalogue_is_json_with_all_that_it_knows() -> None:
    assert json.loads(run("--format", "json")[0]) == [
        {
            "name": code.name,
            "status": code.status,
            "number": code.number,
            "kind": kind,
            "message": str(code.message),
            "description": str(code.description),
            "advice": str(code.advice),
        }
        for code, kind in zip(CATALOG.values(), CATEGORIES, strict=True)
    ]


CATEGORIES = [
    *["look-up"] * 2,
    *["access"] * 3,
    *["content"] * 2,
    *["conflict"] * 2,
    *["protocol"] * 4,
    *["service"] * 3,
]


def test_the_catalogue_is_a_table_in_markdown() -> None:
    lines = run("--format", "markdown")[0].splitlines()
    assert lines[:3] == [
        "| code | status | number | meaning |",
        "|---|---|---|---|",
        "| MISSING_RESOURCE | 404 | 16842752 | A resource does not exist. |",
    ]
    assert len(lines) == len(CATALOG) + 2


def test_an_audit_prints_each_verb_and_ends_well_where_nothing_departs(clean: None) -> None:
    assert run("audit") == (CLEAN, "")


def test_an_audit_ends_with_1_where_a_view_departs(departed: None) -> None:
    assert run("audit", status=1) == (DEPARTED, "")


@pytest.mark.parametrize(
    "rule", ["/shelves/<str:pk>:patch", "PATCH /shelves/<str:pk>:patch", "*:patch"]
)
def test_a_departure_that_is_ignored_is_shown_and_lets_the_audit_end_well(
    departed: None, rule: str
) -> None:
    shown = DEPARTED.replace("! patch", "! ignored: patch")
    shown = shown.replace("1 departure, 0 ignored", "0 departures, 1 ignored")
    assert run("audit", "--ignore", rule) == (shown, "")


def test_what_is_printed_to_be_ignored_can_be_read_again(departed: None, tmp_path: Path) -> None:
    printed, _ = run("audit", "--format", "ignore")
    assert printed == "PATCH /shelves/<str:pk>:patch\n"
    known = tmp_path / "known.txt"
    known.write_text(f"# since 2019\n{printed}")
    assert run("audit", "--ignore-file", str(known), "--format", "ignore") == ("", "")
    run("audit", "--ignore-file", str(known))


def test_a_rule_that_nothing_needs_is_told_of(clean: None) -> None:
    _, told = run("audit", "--ignore", "*:patch")
    assert told == "Nothing departs as '*:patch' has it: leave it out.\n"


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--ignore", "patch", "'patch' is not of the form ROUTE:DEPARTURE."),
        ("--ignore-file", "/nothing", "[Errno 2] No such file or directory: '/nothing'"),
    ],
)
def test_a_rule_that_cannot_be_read_is_an_error(
    clean: None, option: str, value: str, message: str
) -> None:
    with pytest.raises(CommandError) as caught:
        run("audit", option, value)
    assert (str(caught.value), caught.value.returncode) == (message, 2)


def test_a_urlconf_that_cannot_be_read_is_an_error(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.nothing"
    clear_url_caches()
    with pytest.raises(CommandError) as caught:
        run("audit")
    clear_url_caches()
    assert str(caught.value) == (
        "The URLconf cannot be read: ModuleNotFoundError: No module named 'tests.nothing'"
    )
    assert caught.value.returncode == 2


def test_an_audit_is_json_with_all_that_it_found(departed: None) -> None:
    report = json.loads(run("audit", "--format", "json", status=1)[0])
    always = [
        {"status": 415, "code": "UNSUPPORTED_MEDIA_TYPE"},
        {"status": 500, "code": "INTERNAL_ERROR"},
        {"status": 503, "code": "SERVICE_UNAVAILABLE"},
    ]
    assert report == {
        "departures": [],
        "routes": [
            {
                "route": "/shelves",
                "view": "tests.management.test_apierrors.Shelves",
                "departures": [],
                "verbs": [{"verb": "GET", "successes": [200], "errors": always, "departures": []}],
            },
            {
                "route": "/shelves/<str:pk>",
                "view": "tests.management.test_apierrors.Patched",
                "departures": [],
                "verbs": [
                    {
                        "verb": "PATCH",
                        "successes": [200],
                        "errors": [
                            {"status": 400, "code": "INVALID_ID"},
                            {"status": 400, "code": "INVALID_CONTENT"},
                            {"status": 404, "code": "MISSING_RESOURCE"},
                            {"status": 413, "code": "CONTENT_TOO_LARGE"},
                            *always,
                        ],
                        "departures": [{"name": "patch", "message": PATCH, "ignored": False}],
                    }
                ],
            },
        ],
        "others": 1,
    }


def test_departures_of_the_project_and_of_a_view_are_printed_above_its_verbs(
    urls: Any, settings: Any
) -> None:
    settings.REST_FRAMEWORK = {}
    urls(path("shelves", Shelves.as_view(renderer_classes=[JSONRenderer])))
    lines = run("audit", status=1)[0].splitlines()
    assert lines[0].startswith("! handler: The exception handler of django_apierrors is not")
    assert lines[2] == "/shelves  tests.management.test_apierrors.Shelves"
    assert lines[3].startswith("  ! renderer: Errors that the view returns keep the shape")
    assert lines[-1].startswith("1 verb of 1 route: 2 departures, 0 ignored.")
    assert run("audit", "--format", "ignore")[0] == "*:handler\n/shelves:renderer\n"


def test_a_pipe_gets_no_colour(departed: None) -> None:
    assert ANSI not in run("audit", status=1)[0]
    assert ANSI in run("audit", "--force-color", status=1)[0]


@pytest.mark.parametrize("arguments", [(), ("audit",)], ids=["catalogue", "audit"])
def test_a_reader_that_leaves_early_sees_no_traceback(arguments: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stdout, pytest.raises(SystemExit) as ending:
        call_command("apierrors", *arguments, stdout=stdout)
    assert ending.value.code == 2


@pytest.mark.parametrize("columns", [50, 80, 120])
def test_a_terminal_gets_colour_and_lines_that_fit(columns: int) -> None:
    shown = run_on_a_terminal(columns)
    assert ANSI in shown
    plain = run_on_a_terminal(columns, NO_COLOR="1")
    assert ANSI not in plain
    assert max(map(len, plain.splitlines())) <= columns
    assert run_on_a_terminal(columns, "--no-color") == plain


def test_an_option_of_django_and_a_format_can_stand_on_either_side(departed: None) -> None:
    after = run("audit", "--force-color", "--format", "json", status=1)
    assert run("--force-color", "--format", "json", "audit", status=1) == after


@pytest.mark.parametrize(
    "option",
    [["--settings", "tests.settings"], ["--pythonpath", "."], ["--traceback"], ["-v", "2"]],
    ids=lambda option: option[0],
)
def test_every_option_of_django_can_stand_behind_the_word_audit(
    clean: None, option: list[str]
) -> None:
    assert run("audit", *option) == (CLEAN, "")


def test_a_terminal_gets_an_audit() -> None:
    shown = run_on_a_terminal(80, "audit", NO_COLOR="1")
    assert shown == "\n".join(
        [
            "",
            "0 verbs of 0 routes: 0 departures, 0 ignored. 0 routes to views that are not",
            "DRF's: not audited.",
            "",
        ]
    )
