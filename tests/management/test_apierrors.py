"""`manage.py apierrors`: the catalogue and the audit, for a person and for CI."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.urls import clear_url_caches, path
from rest_framework.renderers import JSONRenderer

from django_apierrors import generics
from django_apierrors.catalog import CATALOG
from django_apierrors.errors import format_code
from tests.models import Shelf

ROOT = Path(__file__).resolve().parents[2]
ANSI = "\x1b["


class Shelves(generics.ListAPIView):
    queryset = Shelf.objects.all()
    authentication_classes = []
    permission_classes = []
    pagination_class = None


class Patched(generics.UpdateAPIView):
    queryset = Shelf.objects.all()
    authentication_classes = []
    permission_classes = []
    http_method_names = ["patch"]


ALL = "415 UNSUPPORTED_MEDIA_TYPE, 500 INTERNAL_ERROR, 503 SERVICE_UNAVAILABLE"
CLEAN = f"""
/shelves  {__name__}.Shelves
  GET     200  {ALL}

1 method of 1 route: 0 findings, 0 ignored. 1 route to views that are not DRF's: not audited.
"""
PATCH = (
    "Update with PUT: remove 'patch' from http_method_names. With partial_put = True a PUT may "
    "omit fields."
)
WRONG = f"""
/shelves  {__name__}.Shelves
  GET     200  {ALL}

/shelves/<str:pk>  {__name__}.Patched
  PATCH   200  400 INVALID_ID INVALID_CONTENT, 404 MISSING_RESOURCE, 413 CONTENT_TOO_LARGE, {ALL}
               ! patch: {PATCH}

2 methods of 2 routes: 1 finding, 0 ignored. 1 route to views that are not DRF's: not audited.
"""


@pytest.fixture
def clean(set_urls: Any) -> None:
    """Have a view without findings, and a view that is not DRF's."""
    set_urls(path("shelves", Shelves.as_view()), path("admin", lambda request: HttpResponse()))


@pytest.fixture
def wrong(set_urls: Any) -> None:
    """Have a view with a finding as well."""
    set_urls(
        path("shelves", Shelves.as_view()),
        path("shelves/<str:pk>", Patched.as_view()),
        path("admin", lambda request: HttpResponse()),
    )


def run(*arguments: str, status: int = 0) -> tuple[str, str]:
    """Run the command; return its output to stdout and to stderr."""
    stdout, stderr = io.StringIO(), io.StringIO()
    exit_status = 0
    try:
        call_command("apierrors", *arguments, stdout=stdout, stderr=stderr)
    except SystemExit as exc:
        exit_status = exc.code  # type: ignore[assignment]
    assert exit_status == status
    return stdout.getvalue(), stderr.getvalue()


def run_on_a_terminal(columns: int, *arguments: str, **environment: str) -> str:
    """Run the command in a terminal of its own; return its output."""
    our_end, its_end = pty.openpty()
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
        stdout=its_end,
        stderr=its_end,
    ) as process:
        os.close(its_end)
        output = b""
        try:
            while chunk := os.read(our_end, 65536):
                output += chunk
        except OSError:
            pass
        os.close(our_end)
    assert process.returncode == 0, output
    return output.decode().replace("\r\n", "\n")


def test_the_catalogue_is_a_table_of_the_codes_as_the_project_has_them(settings: Any) -> None:
    settings.API_ERRORS = {
        "CODES": {"GONE": {"number": None}, "OUT_OF_STOCK": {"status": 409, "description": "No."}}
    }
    head, missing, gone, *_, custom = run()[0].splitlines()
    assert [" ".join(line.split()) for line in (head, missing, gone, custom)] == [
        "code status number meaning",
        "MISSING_RESOURCE 404 16842752 A resource does not exist.",
        "GONE 410 A resource existed once and will not come back.",
        "OUT_OF_STOCK 409 No.",
    ]


def test_the_catalogue_is_json_with_messages_and_advice() -> None:
    assert json.loads(run("--format", "json")[0]) == [
        {
            "name": code.name,
            "status": code.status,
            "number": code.number,
            "code": format_code(code),
            "retry": code.get_retry(),
            "since": "",
            "deprecated": False,
            "replaced_by": None,
            "category": category,
            "message": str(code.message),
            "description": str(code.description),
            "advice": str(code.advice),
        }
        for code, category in zip(CATALOG.values(), CATEGORIES, strict=True)
    ]


CATEGORIES = [
    *["lookup"] * 2,
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


def test_an_audit_without_findings_exits_with_0(clean: None) -> None:
    assert run("audit") == (CLEAN, "")


def test_an_audit_with_findings_exits_with_1(wrong: None) -> None:
    assert run("audit", status=1) == (WRONG, "")


def test_an_ignored_finding_is_printed_and_does_not_count(wrong: None) -> None:
    output = WRONG.replace("! patch", "! ignored: patch")
    output = output.replace("1 finding, 0 ignored", "0 findings, 1 ignored")
    assert run("audit", "--ignore", "PATCH /shelves/<str:pk>:patch") == (output, "")


def test_the_ignore_format_can_be_read_as_an_ignore_file(wrong: None, tmp_path: Path) -> None:
    output, _ = run("audit", "--format", "ignore")
    assert output == "PATCH /shelves/<str:pk>:patch\n"
    file = tmp_path / "known.txt"
    file.write_text(f"# since 2019\n{output}")
    assert run("audit", "--ignore-file", str(file), "--format", "ignore") == ("", "")
    run("audit", "--ignore-file", str(file))


def test_an_unused_rule_is_named_on_stderr(clean: None) -> None:
    assert "'*:patch'" in run("audit", "--ignore", "*:patch")[1]


def test_a_command_that_cannot_be_run_exits_with_2(clean: None, settings: Any) -> None:
    for arguments, words in {
        ("audit", "--ignore", "patch"): "'patch' is not of the form ROUTE:FINDING.",
        ("audit", "--ignore-file", "/nothing"): "'/nothing'",
        ("audit", "--ignore-file", "."): "Is a directory",
        ("audit", "--format", "markdown"): "The audit has no format 'markdown'. Use one of: table,",
        ("--format", "ignore"): "The catalogue has no format 'ignore'. Use one of: table, json,",
        ("--check", "errors.json", "audit"): "The audit has no option --check: it is for the cat",
        ("--check", "", "audit"): "The audit has no option --check: it is for the catalogue.",
        ("--ignore", "*:patch"): "The catalogue has no option --ignore: it is for the audit.",
        ("--ignore-file", "known.txt"): "The catalogue has no option --ignore-file: it is for the",
        ("--check", "errors.json", "--format", "json"): "--check prints changes, which have no -",
        ("audit",): "The URLconf cannot be read: ModuleNotFoundError: No module named 'tests.none'",
    }.items():
        if arguments == ("audit",):
            settings.ROOT_URLCONF = "tests.none"
            clear_url_caches()
        with pytest.raises(CommandError) as info:
            run(*arguments)
        assert words in str(info.value)
        assert info.value.returncode == 2
    clear_url_caches()


@pytest.mark.parametrize("arguments", [("--format", "yaml"), ("audits",), ("--check",)])
def test_an_argument_that_does_not_exist_exits_with_2(arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "django", "apierrors", *arguments]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    process = subprocess.run(
        command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True
    )
    assert (process.returncode, process.stdout) == (2, "")
    assert "apierrors: error: " in process.stderr


def test_an_audit_is_json_with_all_findings(wrong: None) -> None:
    def make_errors(text: str) -> list[dict[str, Any]]:
        pairs = (error.split() for error in text.split(", "))
        return [{"status": int(status), "code": code} for status, code in pairs]

    errors = "400 INVALID_ID, 400 INVALID_CONTENT, 404 MISSING_RESOURCE, 413 CONTENT_TOO_LARGE"
    finding = {"name": "patch", "message": PATCH, "route": "/shelves/<str:pk>", "method": "PATCH"}
    get = {"method": "GET", "successes": [200], "errors": make_errors(ALL), "findings": []}
    patch = {
        "method": "PATCH",
        "successes": [200],
        "errors": make_errors(f"{errors}, {ALL}"),
        "findings": [{**finding, "ignored": False}],
    }
    names = {"/shelves": ("Shelves", get), "/shelves/<str:pk>": ("Patched", patch)}
    assert json.loads(run("audit", "--format", "json", status=1)[0]) == {
        "findings": [],
        "routes": [
            {"route": route, "view": f"{__name__}.{name}", "findings": [], "methods": [method]}
            for route, (name, method) in names.items()
        ],
        "others": 1,
    }


def test_findings_about_the_project_and_a_view_are_printed_above_its_methods(
    set_urls: Any, settings: Any
) -> None:
    settings.REST_FRAMEWORK, settings.MIDDLEWARE = {}, []
    set_urls(path("shelves", Shelves.as_view(renderer_classes=[JSONRenderer])))
    lines = run("audit", status=1)[0].splitlines()
    assert lines[0].startswith("! handler: ")
    assert lines[2] == f"/shelves  {__name__}.Shelves"
    assert lines[3].startswith("  ! renderer: ")
    assert lines[-1].startswith("1 method of 1 route: 2 findings, 0 ignored.")


def test_a_pipe_has_no_colour_unless_it_is_forced(wrong: None) -> None:
    assert ANSI not in run("audit", status=1)[0]
    assert ANSI in run("audit", "--force-color", status=1)[0]


def test_a_reader_that_closes_the_pipe_early_sees_no_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stdout, pytest.raises(SystemExit) as info:
        call_command("apierrors", stdout=stdout)
    assert info.value.code == 2


@pytest.mark.parametrize("columns", [50, 120])
def test_a_terminal_has_colour_and_lines_that_fit(columns: int) -> None:
    assert ANSI in run_on_a_terminal(columns)
    plain = run_on_a_terminal(columns, NO_COLOR="1")
    assert ANSI not in plain
    assert max(map(len, plain.splitlines())) <= columns


def test_options_of_django_and_a_format_can_stand_on_either_side_of_audit(wrong: None) -> None:
    options = ("--force-color", "--format", "json", "--traceback", "-v", "2")
    output = run("audit", *options, status=1)
    assert run(*options, "audit", status=1) == output
    assert json.loads(output[0])["others"] == 1


def test_the_summary_of_an_audit_is_folded_on_a_terminal() -> None:
    lines = run_on_a_terminal(60, "audit", "--settings", "tests.settings", NO_COLOR="1").split("\n")
    assert lines == [
        "",
        "0 methods of 0 routes: 0 findings, 0 ignored. 0 routes to",
        "views that are not DRF's: not audited.",
        "",
    ]
