"""The tables, sections and bodies of the README and the docs are those of the source."""

from __future__ import annotations

import errno
import json
import re
from typing import Any

import pytest
import requests
from pytest_django.fixtures import Settings
from rest_framework.exceptions import NotAuthenticated

from django_apierrors.catalog import CATALOG
from django_apierrors.errors import Error
from django_apierrors.introspection.findings import METHOD_RULES, VIEW_RULES
from django_apierrors.recognition import recognise, tables
from django_apierrors.recognition.database.codes import (
    CODES_BY_MYSQL_NUMBER,
    CODES_BY_SQLITE_NAME,
    CODES_BY_SQLSTATE,
)
from django_apierrors.reference.rendering import DIRECTORY, TEMPLATES
from django_apierrors.semantics import ALLOWED_STATUSES
from tests.docs.blocks import PAGES, ROOT, Block, read_blocks
from tests.support import DEFAULTS

PACKAGE = "django_apierrors"
TEXTS = {page: path.read_text(encoding="utf-8") for page, path in PAGES.items()}
README = TEXTS["README.md"]
UPSTREAMS = TEXTS["docs/upstreams.md"]

# Django and its databases are described on other pages than docs/upstreams.md.
ELSEWHERE = ("django.", "psycopg", "pymysql", "MySQLdb")
# The blocks of `base.html` that the other templates fill.
INHERITED = {"title", "main", "json", "on_index", "on_verbs"}

CODES = [[code.name, str(code.status), str(code.number)] for code in CATALOG.values()]
CHECK_IDS = sorted(
    {
        check_id
        for path in (ROOT / PACKAGE).rglob("*.py")
        for check_id in re.findall(rf"{PACKAGE}\.[EWI]\d{{3}}", path.read_text(encoding="utf-8"))
    }
)


def read_section(page: str, heading: str) -> str:
    """Return the text below a heading, up to the next heading of level 2."""
    return TEXTS[page].partition(f"\n{heading}\n")[2].partition("\n## ")[0]


def read_rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, without its head."""
    table = read_section(page, heading).partition("\n|")[2].partition("\n\n")[0]
    lines = table.splitlines()[2:]
    return [[c.strip().strip("`") for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def read_section_blocks(page: str, title: str) -> list[Block]:
    """Return the blocks below a heading of level 2; each is run."""
    blocks = [block for block in read_blocks(page) if block.section == title]
    assert not any(block.reason for block in blocks), title
    return blocks


def test_the_tables_of_the_readme_and_the_index_have_the_rows_of_the_source_code() -> None:
    defaults = [
        [key, json.dumps(value) if isinstance(value, str) else repr(value)]
        for key, value in DEFAULTS.items()
    ]
    assert f"[{len(CODES)} codes](docs/index.md#codes)" in README
    assert [row[:3] for row in read_rows("docs/index.md", "## Codes")] == CODES
    assert [row[:2] for row in read_rows("README.md", "## Settings")] == defaults


def test_the_bodies_of_drf_become_the_bodies_of_the_package() -> None:
    before, after = (
        [json.loads(line) for line in block.splitlines()]
        for block in re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    )
    unauthenticated, unavailable = NotAuthenticated(), ConnectionRefusedError()
    assert after == [
        recognise(unauthenticated).get_body(),
        Error.of_data(before[1], 400).get_body(),
        Error.of_data(before[2], 409).get_body(),
        recognise(unavailable).get_body(),
    ]
    assert before[0] == {"detail": str(unauthenticated.detail)}


def test_the_readme_has_at_most_200_lines() -> None:
    assert README.count("\n") <= 200


def get_titles(page: str) -> list[str]:
    """Return the headings of level 2 that are names in the source."""
    return re.findall(r"^## `(.*)`$", TEXTS[page], re.MULTILINE)


def test_every_setting_has_a_section_with_its_default_and_an_example() -> None:
    page = "docs/settings.md"
    assert get_titles(page) == list(DEFAULTS)
    for key, expected in DEFAULTS.items():
        section = read_section(page, f"## `{key}`")
        default = section.partition("Default: `")[2].partition("`")[0]
        assert eval(default, {}) == expected, key
        blocks = read_section_blocks(page, f"`{key}`")
        assert any(block.language == "python" and f'"{key}": ' in block.text for block in blocks), (
            key
        )
        assert any(block.language == "console" for block in blocks), key


def test_every_check_has_a_section_with_a_mistake_and_its_fix() -> None:
    assert get_titles("docs/checks.md") == CHECK_IDS
    for check_id in CHECK_IDS:
        blocks = read_section_blocks("docs/checks.md", f"`{check_id}`")
        first, *_, last = [block for block in blocks if block.language == "console"]
        assert set(re.findall(rf"\(({PACKAGE}\.\w+)\)", first.text)) == {check_id}
        assert last.text.endswith("System check identified no issues (0 silenced).\n"), check_id


def test_the_table_of_methods_has_the_allowed_statuses() -> None:
    table: dict[str, set[int]] = {verb: set() for verb in ALLOWED_STATUSES}
    section = read_section("docs/verbs.md", "## The table")
    for verbs, statuses in re.findall(r"^\| ([A-Z].*?) \| (\d.*?) \|", section, re.MULTILINE):
        for verb in re.findall("[A-Z]+", verbs):
            table[verb] |= {int(status) for status in re.findall(r"\d{3}", statuses)}
    assert table == {verb: set(successes) for verb, successes in ALLOWED_STATUSES.items()}


@pytest.mark.parametrize(
    ("column", "codes"),
    [
        pytest.param(0, CODES_BY_SQLSTATE, id="PostgreSQL"),
        pytest.param(1, CODES_BY_MYSQL_NUMBER, id="MySQL"),
        pytest.param(2, CODES_BY_SQLITE_NAME, id="SQLite"),
    ],
)
def test_the_table_of_database_errors_has_the_rows_of_the_source_code(
    column: int, codes: dict[object, str]
) -> None:
    table: dict[str, str] = {}
    section = read_section("docs/databases.md", "## The code of each error")
    for code, *cells in re.findall(
        r"^\|[^|]+\| `([A-Z_]+)` \|([^|]*)\|([^|]*)\|([^|]*)\|$", section, re.MULTILINE
    ):
        table |= dict.fromkeys(re.findall(r"`(\w+)`", cells[column]), code)
    assert table == {str(key): code for key, code in codes.items()}


def test_the_table_of_findings_is_complete() -> None:
    expected = {"handler", "unreadable", *VIEW_RULES, *METHOD_RULES}
    assert {row[0] for row in read_rows("docs/commands.md", "## The audit")} == expected


def test_the_table_of_templates_lists_each_with_its_blocks() -> None:
    rows = {row[0]: row[1:] for row in read_rows("docs/reference.md", "## Override the templates")}
    templates = sorted((TEMPLATES / DIRECTORY).iterdir())
    assert sorted(rows) == [template.name for template in templates]
    for template in templates:
        blocks = set(re.findall(r"{% block (\w+) %}", template.read_text(encoding="utf-8")))
        hidden = {"on_index", "on_verbs"} if template.name == "base.html" else INHERITED
        assert set(re.findall(r"`(\w+)`", f"`{rows[template.name][-1]}`")) == blocks - hidden


def describe(name: str) -> str:
    """Return the cell of an exception class in docs/upstreams.md."""
    codes = tables.CODES_BY_EXCEPTION
    words = [f"`{codes[name]}`"] if name in codes else []
    words += ["wrapper"] if name in tables.UNWRAP else []
    words += ["by number"] if name in tables.CODES_BY_ATTRIBUTE else []
    return ", ".join(words)


def test_the_page_about_upstreams_lists_the_classes_and_numbers_of_the_tables() -> None:
    rows = dict(re.findall(r"^\| (`?\w[^|]*?) \| (.*?) \|$", UPSTREAMS, re.MULTILINE))
    names = {*tables.CODES_BY_EXCEPTION, *tables.UNWRAP, *tables.CODES_BY_ATTRIBUTE}
    numbers = {
        **{f"`{errno.errorcode[number]}`": code for number, code in tables.CODES_BY_ERRNO.items()},
        **{f"HTTP {status}": code for status, code in tables.CODES_BY_HTTP_STATUS.items()},
        **{f"SMTP {status}": code for status, code in tables.CODES_BY_SMTP_CODE.items()},
        **{f"gRPC {status}": code for status, code in tables.CODES_BY_GRPC_STATUS.items()},
        **{f"Oracle {number}": code for number, code in tables.CODES_BY_ORACLE_CODE.items()},
    }
    kinds = r"`\w+\.|`E|HTTP|SMTP|gRPC|Oracle"
    assert {name: row for name, row in rows.items() if re.match(kinds, name)} == {
        **{f"`{name}`": describe(name) for name in names if not name.startswith(ELSEWHERE)},
        **{name: f"`{code}`" for name, code in numbers.items()},
    }


def test_the_settings_of_the_page_about_upstreams_work(settings: Settings) -> None:
    namespace: dict[str, Any] = {}
    pattern = r"^```python\n(API_ERRORS .*?)^```$"
    (example,) = re.findall(pattern, UPSTREAMS, re.DOTALL | re.MULTILINE)
    exec(compile(example, "docs/upstreams.md", "exec"), namespace)
    settings.API_ERRORS = namespace["API_ERRORS"]
    response = requests.Response()
    response.status_code = 503
    cls = type("WarehouseSlow", (Exception,), {"__module__": "shop.warehouse"})
    codes = [recognise(each).code.name for each in (cls(), requests.HTTPError(response=response))]
    assert codes == ["GATEWAY_TIMEOUT", "INTERNAL_ERROR"]
