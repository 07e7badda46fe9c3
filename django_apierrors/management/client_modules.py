"""The catalogue as a contract with clients: typed modules of the codes, and breaking changes."""

from __future__ import annotations

import json
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
        yield f"{code.name} = APIErrorCode({values})"
        names.append(code.name)
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


def find_breaking_changes(content: str, codes: Iterable[ErrorCode]) -> Iterator[str]:
    """Yield a line for each code of `content` that is missing or has another status or number.

    `content` is what `manage.py apierrors --format json` printed. Raise ValueError for anything
    else.
    """
    current = {code.name: describe(code) for code in codes}
    try:
        committed = {row["name"]: row for row in json.loads(content)}
        for name, row in committed.items():
            if name not in current:
                yield f"{name} has been removed."
                continue
            for key in ("code", "status", "number"):
                if row[key] != current[name][key]:
                    yield f"{name}: {key} was {row[key]!r} and is {current[name][key]!r}."
    except (KeyError, TypeError) as exc:
        raise ValueError("it is not a list that --format json printed") from exc
