"""docs/upstreams.md is held against the tables, and its rows are followed."""

from __future__ import annotations

import errno
import re
from pathlib import Path
from typing import Any

import pytest
import requests
from pytest_django.fixtures import Settings

from django_apierrors.recognition import recognise
from django_apierrors.recognition.tables import (
    CODES_BY_ATTRIBUTE,
    CODES_BY_ERRNO,
    CODES_BY_EXCEPTION,
    CODES_BY_HTTP_STATUS,
    CODES_BY_SMTP_CODE,
    UNWRAP,
)

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "upstreams.md").read_text("utf-8")
ROWS = dict(re.findall(r"^\| (`?\w[^|]*?) \| (.*?) \|$", TEXT, re.MULTILINE))

# Django and its databases are no upstreams' clients: the README and docs/ tell of them elsewhere.
ELSEWHERE = ("django.", "psycopg", "pymysql", "MySQLdb")


def describe(name: str) -> str:
    """Return what the page says of the class called `name`."""
    words = [f"`{CODES_BY_EXCEPTION[name]}`"] if name in CODES_BY_EXCEPTION else []
    words += ["wrapper"] if name in UNWRAP else []
    words += ["by number"] if name in CODES_BY_ATTRIBUTE else []
    return ", ".join(words)


def test_the_page_lists_the_classes_of_the_tables() -> None:
    names = {*CODES_BY_EXCEPTION, *UNWRAP, *CODES_BY_ATTRIBUTE}
    expected = {f"`{name}`": describe(name) for name in names if not name.startswith(ELSEWHERE)}
    assert {name: row for name, row in ROWS.items() if re.match(r"`\w+\.", name)} == expected


def test_the_page_lists_the_numbers_of_the_tables() -> None:
    expected = {
        **{f"`{errno.errorcode[number]}`": code for number, code in CODES_BY_ERRNO.items()},
        **{f"HTTP {status}": code for status, code in CODES_BY_HTTP_STATUS.items()},
        **{f"SMTP {status}": code for status, code in CODES_BY_SMTP_CODE.items()},
    }
    numbers = {name: row.strip("`") for name, row in ROWS.items() if re.match("`E|HTTP|SMTP", name)}
    assert numbers == expected


@pytest.fixture
def example(settings: Settings) -> None:
    """Configure what the page shows."""
    shown: dict[str, Any] = {}
    (snippet,) = re.findall(r"^```python\n(API_ERRORS .*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    exec(compile(snippet, "docs/upstreams.md", "exec"), shown)
    settings.API_ERRORS = shown["API_ERRORS"]


@pytest.mark.usefixtures("example")
def test_the_rows_of_the_example_are_followed() -> None:
    response = requests.Response()
    response.status_code = 503
    known = {"__module__": "shop.warehouse", "__qualname__": "WarehouseSlow"}
    found = [
        recognise(type("WarehouseSlow", (Exception,), known)()).code.name,
        recognise(requests.HTTPError(response=response)).code.name,
    ]
    assert found == ["GATEWAY_TIMEOUT", "INTERNAL_ERROR"]
