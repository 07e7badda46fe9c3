"""The tables in docs/upstreams.md equal those of the package, and its example works."""

from __future__ import annotations

import errno
import re
from pathlib import Path
from typing import Any

import requests
from pytest_django.fixtures import Settings

from django_apierrors.recognition import recognise
from django_apierrors.recognition.tables import (
    CODES_BY_ATTRIBUTE,
    CODES_BY_ERRNO,
    CODES_BY_EXCEPTION,
    CODES_BY_GRPC_STATUS,
    CODES_BY_HTTP_STATUS,
    CODES_BY_ORACLE_CODE,
    CODES_BY_SMTP_CODE,
    UNWRAP,
)

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "upstreams.md").read_text("utf-8")
ROWS = dict(re.findall(r"^\| (`?\w[^|]*?) \| (.*?) \|$", TEXT, re.MULTILINE))

# Django and its databases are described on other pages.
ELSEWHERE = ("django.", "psycopg", "pymysql", "MySQLdb")


def describe(name: str) -> str:
    """Return the cell of the class called `name`."""
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
        **{f"gRPC {status}": code for status, code in CODES_BY_GRPC_STATUS.items()},
        **{f"Oracle {number}": code for number, code in CODES_BY_ORACLE_CODE.items()},
    }
    numbers = {
        name: row.strip("`")
        for name, row in ROWS.items()
        if re.match("`E|HTTP|SMTP|gRPC|Oracle", name)
    }
    assert numbers == expected


def test_the_settings_of_the_example_work(settings: Settings) -> None:
    namespace: dict[str, Any] = {}
    (example,) = re.findall(r"^```python\n(API_ERRORS .*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    exec(compile(example, "docs/upstreams.md", "exec"), namespace)
    settings.API_ERRORS = namespace["API_ERRORS"]
    response = requests.Response()
    response.status_code = 503
    cls = type("WarehouseSlow", (Exception,), {"__module__": "shop.warehouse"})
    codes = [recognise(each).code.name for each in (cls(), requests.HTTPError(response=response))]
    assert codes == ["GATEWAY_TIMEOUT", "INTERNAL_ERROR"]
