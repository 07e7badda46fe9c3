"""The catalogue as a contract with clients: typed modules of the codes, and breaking changes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from django_apierrors.catalog import ErrorCode
from django_apierrors.errors import format_code

TYPESCRIPT_TYPES = """
export type ErrorName = keyof typeof ERRORS;
export type ErrorCode = (typeof ERRORS)[ErrorName]["code"];

/** The body of an error. */
export interface APIError {
  status: number;
  errors: string[];
  code: ErrorCode;
  moreInfo: string;
}"""

PYTHON_TYPES = '''
from typing import Literal, NamedTuple


class APIErrorCode(NamedTuple):
    """A code: its name, its value in the body, its number, its status, whether to retry."""

    name: str
    code: str | int
    number: int | None
    status: int
    retry: Literal["no", "later", "after change"]

'''


def make_typescript(codes: Iterable[ErrorCode]) -> Iterator[str]:
    """Yield the lines of a TypeScript module, which `tsc --strict` accepts."""
    yield "// The error codes of the API, printed by `manage.py apierrors --format typescript`."
    yield "export const ERRORS = {"
    for code in codes:
        description = " ".join(str(code.description).split()).replace("*/", "* /")
        yield f"  /** {description} */"
        yield f"  {code.name}: {json.dumps(describe(code), ensure_ascii=False)},"
    yield "} as const;"
    yield from TYPESCRIPT_TYPES.splitlines()


def make_python(codes: Iterable[ErrorCode]) -> Iterator[str]:
    """Yield the lines of a Python module, which `mypy --strict` accepts."""
    yield '"""The error codes of the API, printed by `manage.py apierrors --format python`."""'
    yield from PYTHON_TYPES.splitlines()
    names = []
    for code in codes:
        values = ", ".join(map(repr, (code.name, *describe(code).values())))
        # A code of the project may be called ERRORS, as the dict at the end of the module.
        name = "ERRORS_" if code.name == "ERRORS" else code.name
        yield f"{name} = APIErrorCode({values})"
        names.append(name)
    yield ""
    yield "ERRORS = {"
    yield from (f"    {name}.code: {name}," for name in names)
    yield "}"


CLIENT_MODULES: Mapping[str, Callable[[Iterable[ErrorCode]], Iterator[str]]] = {
    "typescript": make_typescript,
    "python": make_python,
}


def describe(code: ErrorCode) -> dict[str, Any]:
    """Return the facts about a code that a program needs; `code` is its value in the body."""
    return {
        "code": format_code(code),
        "number": code.number,
        "status": code.status,
        "retry": code.get_retry(),
    }


# The keys of a code that `--check` compares, and the types of their values.
COMPARED: Mapping[str, tuple[type, ...]] = {
    "name": (str,),
    "code": (str, int),
    "status": (int,),
    "number": (int, type(None)),
}


def find_breaking_changes(content: str, codes: Iterable[ErrorCode]) -> Iterator[str]:
    """Yield a line for each code of `content` that is missing or changed for clients.

    `content` is the output of `manage.py apierrors --format json`. Raise ValueError for anything
    else.
    """
    current = {code.name: describe(code) for code in codes}
    for row in parse_catalogue(content):
        name = row.pop("name")
        if name not in current:
            yield f"{name} has been removed."
            continue
        for key, value in row.items():
            if value != current[name][key]:
                yield f"{name}: {key} was {value!r} and is {current[name][key]!r}."


def parse_catalogue(content: str) -> list[dict[str, Any]]:
    """Return the compared keys of each code of `content`; raise ValueError if it has no codes."""
    try:
        rows = [{key: row[key] for key in COMPARED} for row in json.loads(content)]
    except (KeyError, TypeError, RecursionError):
        rows = []
    if not rows or any(type(row[key]) not in COMPARED[key] for row in rows for key in row):
        raise ValueError("it is not a list of codes that --format json printed")
    for name, number in Counter(row["name"] for row in rows).items():
        if number > 1:
            raise ValueError(f"it has the code {name} {number} times")
    return rows
