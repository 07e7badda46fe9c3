"""Exceptions of database drivers: the code of each, and the names in its error details.

Django wraps the driver's exception and keeps it as `__cause__`. The class of the wrapper is too
general: an IntegrityError is a duplicate, a missing foreign key or a failed check. The driver's own
number or name is exact.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db import Error as DatabaseError

from django_apierrors.recognition.database import codes


class DriverError(NamedTuple):
    """A driver's exception, the name of its code, and the driver's number or name for it."""

    exception: BaseException
    code: str
    key: str | int


class ConstraintViolation(NamedTuple):
    """The names in the error details of a driver; `""` and `()` if a driver omits them."""

    table: str = ""
    columns: tuple[str, ...] = ()
    constraint: str = ""
    # Never sent to a client.
    values: tuple[str, ...] = ()


# invalid_cursor_name
CLOSED_CURSOR = "34000"

# In each pattern the groups are the names that the message contains. The patterns are strings, so
# that `re` compiles them only when they are needed.

# SQLite does not translate its messages.
SQLITE = (
    r"(?a:(?:UNIQUE|NOT NULL) constraint failed: (?P<table>\w+)\.(?P<columns>\w+(?:, \w+\.\w+)*)\Z)"
    r"|(?:UNIQUE constraint failed: index '|CHECK constraint failed: (?:\(?JSON_VALID\()?\"?)"
    r"(?P<constraint>\w+)"
)

# PostgreSQL: `Key (shelf_id, "row")=(7, 1) ...`. Its words are translated. An index on an
# expression has no columns in its message, and does not match.
POSTGRESQL_COLUMNS = r'[^(]*\(("?\w+"?(?:, "?\w+"?)*)\)=\((.*?)\)'

# `invalid input syntax for type integer: "x"`, `value "99999" is out of range for type smallint`.
# Each language has its own quotes.
POSTGRESQL_VALUE_STATES = frozenset({"22003", "22007", "22008", "22009", "22015", "22P02", "42601"})
POSTGRESQL_VALUE = r"(?s)[^Q]*(?::\s*[Q]\s?(.*?)|[Q]\s?([^Q]*?))\s?[Q][^Q]*\Z".replace(
    "Q", '"«»„“”'
)

# MySQL and MariaDB. The messages are translated, and quote a value of the client before the names.
# The last (or the first) quoted string is always a name.
MYSQL_PATTERNS = {
    # MySQL writes `table.key` for a key.
    (1062, 1586): r".*['`](?:(?P<table>[^'`]+)\.)?(?P<constraint>[^'`.]+)['`]",
    # MariaDB writes `database`.`table`.`column` in some messages.
    (1264, 1265, 1366, 1406): r".*['`](?P<columns>[^'`]+)['`]",
    # In some messages the value is the only quoted string.
    (1292, 1525): r"[^'`]*'.*'.*['`](?P<columns>[^'`]+)['`]",
    # `Field 'size' doesn't have a default value`
    (1048, 1364): r"[^'`]*['`](?P<columns>[^'`]+)['`]",
    (1216, 1452): (
        r".*\(`[^`]+`\.`(?P<table>[^`]+)`, CONSTRAINT .* FOREIGN KEY \((?P<columns>`[^)]+`)\)"
    ),
    # MariaDB names the check of a column `table.column`, and then the failed table.
    (3819, 4025): (
        r"[^'`]*['`](?:[^'`]+\.)?(?P<constraint>[^'`.]+)['`](?:.*`\.`(?P<table>[^`]+)`)?"
    ),
}
MYSQL: Mapping[object, str] = {
    number: f"(?s){pattern}" for numbers, pattern in MYSQL_PATTERNS.items() for number in numbers
}

# `Incorrect integer value: 'x' for column ...`, `Truncated incorrect INTEGER value: 'x'`. The
# server cuts longer values, and writes bytes with a backslash.
MYSQL_VALUE_NUMBERS = frozenset({1292, 1366, 1525})
MYSQL_VALUE = r"[^']*'([^'\\]{0,100})'[^']*(?:'[^']*'[^']*)?\Z"


def classify(exception: BaseException) -> DriverError | None:
    """Return a driver's exception with its code, even if Django wraps it; `None` without a row."""
    cause = _find_cause(exception)
    if cause is None:
        return None
    if find_attribute(cause, "pgcode") == CLOSED_CURSOR and cause.__context__ is not None:
        # psycopg2 closes the cursor of an iterator() that has failed in the database.
        cause = _find_cause(cause.__context__) or cause
    # MySQL first: PyMySQL has SQLSTATEs too, which are less exact than its numbers.
    for find_row in (_find_mysql_row, _find_sqlite_row, _find_sqlstate_row, _find_message_row):
        row = find_row(cause)
        if row is not None:
            return DriverError(cause, *row)
    return None


def parse_violation(error: DriverError) -> ConstraintViolation:
    """Return the names in the error details of `error`."""
    diag = find_attribute(error.exception, "diag")
    if diag is not None:
        return _parse_postgresql(diag, error.key)
    if isinstance(error.key, str):
        return _parse(SQLITE, str(error.exception))
    if error.key in MYSQL:
        message = str(error.exception.args[-1])
        match = re.match(MYSQL_VALUE, message) if error.key in MYSQL_VALUE_NUMBERS else None
        return _parse(MYSQL[error.key], message)._replace(values=match.groups() if match else ())
    return ConstraintViolation()


def find_attribute(exception: BaseException, name: str) -> Any:
    """Return an attribute, `None` without it: the __getattr__() of any class may raise."""
    try:
        return getattr(exception, name, None)
    except Exception:
        return None


def _find_cause(exception: BaseException) -> BaseException | None:
    if not isinstance(exception, DatabaseError):
        return exception
    cause, context = exception.__cause__, exception.__context__
    if cause is None and context is not None and context.args == exception.args:
        # CursorWrapper in django.db.backends.mysql.base raises an IntegrityError without a cause.
        return context
    return cause


def _find_mysql_row(cause: BaseException) -> tuple[str, int] | None:
    number = cause.args[0] if cause.args else None
    if type(number) is not int or number not in codes.CODES_BY_MYSQL_NUMBER:
        return None
    # The base class of all exceptions of mysqlclient and of PyMySQL.
    is_mysql = any(base.__name__ == "MySQLError" for base in type(cause).__mro__)
    return (codes.CODES_BY_MYSQL_NUMBER[number], number) if is_mysql else None


def _find_sqlite_row(cause: BaseException) -> tuple[str, str] | None:
    key = find_attribute(cause, "sqlite_errorname")
    name = key if isinstance(key, str) else ""
    while name:
        if name in codes.CODES_BY_SQLITE_NAME:
            return codes.CODES_BY_SQLITE_NAME[name], str(key)
        name = name.rpartition("_")[0]
    return None


def _find_sqlstate_row(cause: BaseException) -> tuple[str, str] | None:
    # The attributes of psycopg and of psycopg2.
    state = find_attribute(cause, "sqlstate") or find_attribute(cause, "pgcode")
    if not isinstance(state, str):
        return None
    for length in range(len(state), 1, -1):
        if state[:length] in codes.CODES_BY_SQLSTATE:
            return codes.CODES_BY_SQLSTATE[state[:length]], state
    # The row of OperationalError in `recognition.tables` is only for exceptions without a SQLSTATE.
    return ("INTERNAL_ERROR", state) if find_attribute(cause, "diag") is not None else None


def _find_message_row(cause: BaseException) -> tuple[str, str] | None:
    message = cause.args[0] if cause.args else None
    if not isinstance(message, str):
        return None
    cls = type(cause)
    code = codes.CODES_BY_DRIVER_MESSAGE.get((f"{cls.__module__}.{cls.__qualname__}", message))
    return (code, message) if code else None


def _parse_postgresql(diag: Any, state: str | int) -> ConstraintViolation:
    table, constraint = diag.table_name or "", diag.constraint_name or ""
    if diag.column_name:
        return ConstraintViolation(table, (diag.column_name,), constraint)
    if state in POSTGRESQL_VALUE_STATES:
        match = re.match(POSTGRESQL_VALUE, diag.message_primary or "")
        groups = match.groups() if match else ()
        value = tuple(group for group in groups if group is not None)
        return ConstraintViolation(table, constraint=constraint, values=value)
    match = re.match(POSTGRESQL_COLUMNS, diag.message_detail or "")
    if match is None:
        return ConstraintViolation(table, constraint=constraint)
    columns, values = match[1].replace('"', "").split(", "), match[2].split(", ")
    return ConstraintViolation(table, tuple(columns), constraint, tuple(values))


def _parse(pattern: str, message: str) -> ConstraintViolation:
    match = re.match(pattern, message)
    names: dict[str, Any] = match.groupdict("") if match else {}
    # SQLite writes `table.column`.
    columns = [name.strip("`").rpartition(".")[2] for name in names.pop("columns", "").split(", ")]
    return ConstraintViolation(columns=tuple(filter(None, columns)), **names)
