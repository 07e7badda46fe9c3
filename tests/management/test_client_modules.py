"""The catalogue as a contract: typed modules for clients, the check against a committed copy."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from django_apierrors.catalog import CATALOG

CODES = {
    "OUT_OF_STOCK": {
        "status": 409,
        "description": "None left */ nowhere.",
        "retry": "later",
        "since": "2.1",
        "deprecated": True,
        "replaced_by": "INVALID_STATE",
    }
}


def run(*arguments: str, status: int = 0) -> str:
    """Return the output of the command."""
    output = io.StringIO()
    if status:
        with pytest.raises(SystemExit) as raised:
            call_command("apierrors", *arguments, stdout=output)
        assert raised.value.code == status
    else:
        call_command("apierrors", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture(autouse=True)
def codes(settings: Settings) -> None:
    """Have a code of the project's own."""
    settings.API_ERRORS = {"CODES": CODES}


def test_the_json_has_the_facts_that_a_client_needs() -> None:
    rows = {row["name"]: row for row in json.loads(run("--format", "json"))}

    assert {**rows["OUT_OF_STOCK"], "message": "", "advice": ""} == {
        "name": "OUT_OF_STOCK",
        "status": 409,
        "number": None,
        "code": "OUT_OF_STOCK",
        "retry": "later",
        "since": "2.1",
        "deprecated": True,
        "replaced_by": "INVALID_STATE",
        "category": "custom",
        "message": "",
        "description": "None left */ nowhere.",
        "advice": "",
    }
    retries = {name: row["retry"] for name, row in rows.items() if name in CATALOG}
    later = {"THROTTLED", "SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT"}
    assert {name for name, retry in retries.items() if retry == "later"} == later
    assert retries["MISSING_RESOURCE"] == "no"
    assert retries["INVALID_CONTENT"] == "after change"


def test_the_python_module_is_typed_and_holds_the_codes(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    module = tmp_path / "errors.py"
    client = tmp_path / "client.py"
    module.write_text(run("--format", "python"), "utf-8")
    client.write_text(
        "from errors import ERRORS, UNAUTHENTICATED, APIErrorCode\n"
        "assert ERRORS[33619968] is UNAUTHENTICATED\n"
        "assert ERRORS['OUT_OF_STOCK'] == APIErrorCode(\n"
        "    'OUT_OF_STOCK', 'OUT_OF_STOCK', None, 409, 'later')\n"
        f"assert len(ERRORS) == {len(CATALOG) + 1}\n"
    )

    for command in ([client.name], ["-m", "mypy", "--strict", "--no-incremental", client.name]):
        subprocess.run([sys.executable, *command], cwd=tmp_path, check=True)


def test_a_code_may_have_the_name_of_the_dict(settings: Settings) -> None:
    settings.API_ERRORS = {"CODES": {"ERRORS": {"status": 418}}}
    module: dict[str, Any] = {"__name__": "errors"}
    exec(run("--format", "python"), module)
    assert module["ERRORS"]["ERRORS"] is module["ERRORS_"]
    assert module["ERRORS_"].status == 418


def test_the_typescript_module_has_a_constant_for_each_code() -> None:
    module = run("--format", "typescript")

    document = module.partition("ERRORS = {\n")[2].partition("\n} as const;")[0]
    rows = [line.strip().removesuffix(",") for line in document.splitlines()]
    constants = dict(row.split(": ", 1) for row in rows if not row.startswith("/**"))
    assert constants.keys() == {*CATALOG, "OUT_OF_STOCK"}
    assert json.loads(constants["UNAUTHENTICATED"]) == {
        "code": 33619968,
        "number": 33619968,
        "status": 401,
        "retry": "after change",
    }
    assert "/** None left * / nowhere. */" in rows


def test_a_code_that_disappeared_or_changed_breaks_clients(
    settings: Settings, tmp_path: Path
) -> None:
    copy = tmp_path / "errors.json"
    copy.write_text(run("--format", "json"), "utf-8")
    assert run("--check", str(copy)) == ""
    settings.API_ERRORS = {"CODES": {**CODES, "NEW": {"status": 418}}}
    assert run("--check", str(copy)) == ""

    settings.API_ERRORS = {"CODES": {"GONE": {"status": 404, "number": 7}}, "CODE_FORMAT": "number"}

    lines = run("--check", str(copy), status=1).splitlines()
    assert "OUT_OF_STOCK has been removed." in lines
    assert "GONE: status was 410 and is 404." in lines
    assert "GONE: number was 16908288 and is 7." in lines
    assert "GONE: code was 'GONE' and is 7." in lines


ROW = {"name": "GONE", "code": "GONE", "status": 410, "number": 16908288}
OTHER_SCHEMA = "it is not a list of codes that --format json printed"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Expecting value: line 1"),
        (b"<<<<<<< HEAD\n[", "Expecting value: line 1"),
        ("[]".encode("utf-16"), "'utf-8' codec can't decode"),
        (b"[" * 100_000, OTHER_SCHEMA),
        *((json.dumps(value).encode(), OTHER_SCHEMA) for value in ({}, [], 1, None, [1], [[]])),
        *((json.dumps(value).encode(), OTHER_SCHEMA) for value in ({"codes": [ROW]}, ["GONE"])),
        *(
            (json.dumps([{**ROW, **change}]).encode(), OTHER_SCHEMA)
            for change in ({"name": 1}, {"status": "410"}, {"status": True}, {"number": 1.5})
        ),
        (b'[{"name": "GONE", "status": 410}]', OTHER_SCHEMA),
        # The file may name a code that the catalogue does not have.
        (b'[{"name": "SOLD_OUT"}]', OTHER_SCHEMA),
        (json.dumps([ROW, ROW]).encode(), "it has the code GONE 2 times"),
    ],
)
def test_a_file_that_is_not_a_catalogue_is_rejected_with_the_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    copy = tmp_path / "errors.json"
    copy.write_bytes(content)

    with pytest.raises(CommandError) as raised:
        run("--check", str(copy))

    assert str(raised.value).startswith(f"{copy} cannot be read: {reason}")
    assert raised.value.returncode == 2


def test_a_path_that_is_not_a_file_is_rejected_with_the_reason(tmp_path: Path) -> None:
    for path, reason in [
        (tmp_path / "absent.json", "No such file or directory"),
        (tmp_path, "Is a directory"),
        (tmp_path / "\0", "embedded null"),
    ]:
        with pytest.raises(CommandError, match=reason) as raised:
            run("--check", str(path))
        assert raised.value.returncode == 2
