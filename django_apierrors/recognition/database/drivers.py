"""Reports: what a driver's exception names: the failure, the table, the columns, the constraint.

Django wraps the driver's exception and keeps it as `__cause__`; the wrapper's class says too
little (an IntegrityError is a unique clash, a missing parent or a check), the driver's own name or
number of the failure says it all. What the reports quote (values, SQL) stays here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db import Error as DatabaseError

from django_apierrors.recognition.database.codes import (
    CODES_BY_MYSQL_NUMBER,
    CODES_BY_SQLITE_NAME,
    CODES_BY_SQLSTATE,
    CODES_BY_TEXT,
)


class Failure(NamedTuple):
    """The driver's exception, the name of the code, and what the driver calls the failure."""

    cause: BaseException
    name: str
    key: str | int


class Report(NamedTuple):
    """What a driver names; `""` and `()` where it does not."""

    table: str = ""
    columns: tuple[str, ...] = ()
    constraint: str = ""
    # Never to be sent.
    values: tuple[str, ...] = ()


# SQLite: its messages are not translated.
SQLITE_COLUMNS = re.compile(
    r"(?:UNIQUE|NOT NULL) constraint failed: (\w+)\.(\w+(?:, \w+\.\w+)*)\Z", re.ASCII
)
SQLITE_CONSTRAINT = re.compile(
    r"(?:UNIQUE constraint failed: index '|CHECK constraint failed: \"?)(\w+)"
)

# Most exceptions say none of them; of those their class is not even asked.
KNOWN_TEXTS = frozenset(text for _name, text in CODES_BY_TEXT)

# PostgreSQL: `Key (shelf_id, "row")=(7, 1) ...`, its words translated. Columns, no expressions.
POSTGRESQL_COLUMNS = re.compile(r'[^(]*\(("?\w+"?(?:, "?\w+"?)*)\)=\((.*?)\)')

# MySQL and MariaDB. The texts are translated, and quote what a client sent in front of the names;
# what is quoted last, or first, is not. MySQL puts the table in front of a key's name.
LAST_QUOTED = re.compile(r".*['`]([^'`]+)['`]", re.DOTALL)
FIRST_QUOTED = re.compile(r"[^'`]*['`]([^'`]+)['`]")
FAILED_TABLE = re.compile(r".*`\.`([^`]+)`", re.DOTALL)
FOREIGN_KEY = re.compile(r".*\(`[^`]+`\.`([^`]+)`, CONSTRAINT .* FOREIGN KEY \((`[^)]+`)\)")


def find_failure(exception: BaseException) -> Failure | None:
    """Return what the tables have for a driver's exception, or for the one that Django wrapped."""
    cause = _get_cause(exception)
    if cause is None:
        return None
    found: tuple[str, str | int] | None = None
    # No driver's exception is one of Python's own; of those the text alone may tell.
    if type(cause).__module__ != "builtins":
        # PyMySQL has SQLSTATEs too, which say less than its numbers.
        found = _find_mysql_number(cause) or _find_sqlite_name(cause) or _find_sqlstate(cause)
    found = found or _find_text(cause)
    return Failure(cause, *found) if found is not None else None


def read_report(failure: Failure) -> Report:
    """Return what the driver's report of `failure` names."""
    diag = getattr(failure.cause, "diag", None)
    if diag is not None:
        return _read_postgresql(diag)
    if isinstance(failure.key, int):
        return _read_mysql(failure.key, str(failure.cause.args[-1]))
    return _read_sqlite(str(failure.cause))


def _get_cause(exception: BaseException) -> BaseException | None:
    if not isinstance(exception, DatabaseError):
        return exception
    cause, context = exception.__cause__, exception.__context__
    if cause is None and context is not None and context.args == exception.args:
        # CursorWrapper in django.db.backends.mysql.base raises an IntegrityError of Django's own.
        return context
    return cause


def _find_mysql_number(cause: BaseException) -> tuple[str, int] | None:
    number = cause.args[0] if cause.args else None
    if type(number) is not int or number not in CODES_BY_MYSQL_NUMBER:
        return None
    # The base of all exceptions of mysqlclient and of PyMySQL.
    is_mysql = any(base.__name__ == "MySQLError" for base in type(cause).__mro__)
    return (CODES_BY_MYSQL_NUMBER[number], number) if is_mysql else None


def _find_sqlite_name(cause: BaseException) -> tuple[str, str] | None:
    own: str = getattr(cause, "sqlite_errorname", "")
    name = own
    while name:
        if name in CODES_BY_SQLITE_NAME:
            return CODES_BY_SQLITE_NAME[name], own
        name = name.rpartition("_")[0]
    return None


def _find_sqlstate(cause: BaseException) -> tuple[str, str] | None:
    # As psycopg and as psycopg2 have it.
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    if not isinstance(state, str):
        return None
    for length in range(len(state), 1, -1):
        if state[:length] in CODES_BY_SQLSTATE:
            return CODES_BY_SQLSTATE[state[:length]], state
    # The OperationalError of PostgreSQL's drivers is an outage only where it has no SQLSTATE.
    return ("INTERNAL_ERROR", state) if hasattr(cause, "diag") else None


def _find_text(cause: BaseException) -> tuple[str, str] | None:
    text = cause.args[0] if cause.args else None
    if not isinstance(text, str) or text not in KNOWN_TEXTS:
        return None
    cls = type(cause)
    name = CODES_BY_TEXT.get((f"{cls.__module__}.{cls.__qualname__}", text))
    return (name, text) if name else None


def _read_postgresql(diag: Any) -> Report:
    table, name = diag.table_name or "", diag.constraint_name or ""
    if diag.column_name:
        return Report(table, (diag.column_name,), name)
    match = POSTGRESQL_COLUMNS.match(diag.message_detail or "")
    if match is None:
        return Report(table, constraint=name)
    columns, values = match[1].replace('"', "").split(", "), match[2].split(", ")
    return Report(table, tuple(columns), name, tuple(values))


def _read_mysql(number: int, message: str) -> Report:
    read = MYSQL_READERS.get(number)
    return read(message) if read is not None else Report()


def _read_mysql_key(message: str) -> Report:
    table, _, key = _get_group(LAST_QUOTED, message).rpartition(".")
    return Report(table, constraint=key)


def _read_mysql_column(message: str) -> Report:
    # MariaDB spells some `database`.`table`.`column`.
    return Report(columns=(_get_group(LAST_QUOTED, message),))


def _read_mysql_unset_column(message: str) -> Report:
    # `Field 'size' doesn't have a default value`
    return Report(columns=(_get_group(FIRST_QUOTED, message),))


def _read_mysql_foreign_key(message: str) -> Report:
    match = FOREIGN_KEY.match(message)
    if match is None:
        return Report()
    return Report(match[1], tuple(match[2].strip("`").split("`, `")))


def _read_mysql_check(message: str) -> Report:
    # MariaDB calls the check of a column `table.column`.
    name = _get_group(FIRST_QUOTED, message).rpartition(".")[2]
    return Report(_get_group(FAILED_TABLE, message), constraint=name)


MYSQL_READERS: Mapping[int, Any] = {
    **dict.fromkeys((1062, 1586), _read_mysql_key),
    **dict.fromkeys((1264, 1265, 1366, 1406), _read_mysql_column),
    **dict.fromkeys((1048, 1364), _read_mysql_unset_column),
    **dict.fromkeys((1216, 1452), _read_mysql_foreign_key),
    **dict.fromkeys((3819, 4025), _read_mysql_check),
}


def _read_sqlite(message: str) -> Report:
    match = SQLITE_COLUMNS.match(message)
    if match is not None:
        return Report(match[1], tuple(match[2].replace(f"{match[1]}.", "").split(", ")))
    return Report(constraint=_get_group(SQLITE_CONSTRAINT, message))


def _get_group(pattern: re.Pattern[str], message: str) -> str:
    match = pattern.match(message)
    return match[1] if match else ""
