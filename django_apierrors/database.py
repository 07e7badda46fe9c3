"""Databases: what the driver says of a failure -> a code, and the fields it is about.

Django wraps the driver's exception and keeps it as `__cause__`; the wrapper's class says too
little (an IntegrityError is a unique clash, a missing parent or a check), the driver's own name of
the failure says it all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from django.apps import apps
from django.db import Error as DatabaseError
from django.db.models import Model

from django_apierrors.catalog import get_code, get_status
from django_apierrors.details import Item
from django_apierrors.errors import Error

# SQLite's names of its extended result codes, nearest first (https://sqlite.org/rescode.html).
CODES_BY_SQLITE_NAME: Mapping[str, str] = {
    "SQLITE_CONSTRAINT_UNIQUE": "ALREADY_EXISTS",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "ALREADY_EXISTS",
    "SQLITE_CONSTRAINT_ROWID": "ALREADY_EXISTS",
    "SQLITE_CONSTRAINT_NOTNULL": "INVALID_CONTENT",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "MISSING_RESOURCE",
    "SQLITE_CONSTRAINT": "INVALID_STATE",
    "SQLITE_TOOBIG": "INVALID_CONTENT",
    "SQLITE_MISMATCH": "INVALID_CONTENT",
    "SQLITE_BUSY": "SERVICE_UNAVAILABLE",
    "SQLITE_LOCKED": "SERVICE_UNAVAILABLE",
    "SQLITE_CANTOPEN": "SERVICE_UNAVAILABLE",
    "SQLITE_READONLY": "SERVICE_UNAVAILABLE",
    "SQLITE_FULL": "SERVICE_UNAVAILABLE",
    "SQLITE_IOERR": "SERVICE_UNAVAILABLE",
}

# SQLSTATEs, and their classes of two characters, nearest first
# (https://www.postgresql.org/docs/current/errcodes-appendix.html).
CODES_BY_SQLSTATE: Mapping[str, str] = {
    "23505": "ALREADY_EXISTS",
    "23502": "INVALID_CONTENT",
    "23503": "MISSING_RESOURCE",
    "23": "INVALID_STATE",
    "22": "INVALID_CONTENT",
    "57014": "GATEWAY_TIMEOUT",
    "08": "SERVICE_UNAVAILABLE",
    "25006": "SERVICE_UNAVAILABLE",
    "40": "SERVICE_UNAVAILABLE",
    "53": "SERVICE_UNAVAILABLE",
    "55P03": "SERVICE_UNAVAILABLE",
    "57P": "SERVICE_UNAVAILABLE",
}

# What is wrong with what the client sent is a 400, whatever status its code has elsewhere: a
# parent that the document names and that is not there is no missing page.
CONTENT_STATUS = 400

FAILED_COLUMNS = re.compile(r"^(?:UNIQUE|NOT NULL) constraint failed: (\w+\.\w+(?:, \w+\.\w+)*)$")


def recognise_database_error(exception: BaseException) -> Error | None:
    """Return the error that the driver's report stands for, `None` where it is not recognised."""
    cause = exception.__cause__ if isinstance(exception, DatabaseError) else exception
    name = _get_code_of_sqlite(cause) or _get_code_of_sqlstate(cause)
    if name is None:
        return None
    code = get_code(name)
    fields = ", ".join(get_fields(str(cause)))
    message = code.description if name == "INVALID_CONTENT" else code.message
    items = [Item(fields, name.lower(), str(message))] if fields else []
    status = code.status if code.status >= 500 else CONTENT_STATUS
    return Error(code, get_status(code, status), items)


def get_fields(report: str) -> Sequence[str]:
    """Return the names of the model's fields that SQLite's `report` names as table and column."""
    match = FAILED_COLUMNS.match(report)
    if match is None:
        return []
    columns = [column.split(".") for column in match[1].split(", ")]
    models = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    return [field for table, column in columns if (field := _get_field(models.get(table), column))]


def _get_code_of_sqlite(cause: object) -> str | None:
    name = getattr(cause, "sqlite_errorname", None)
    while name:
        if name in CODES_BY_SQLITE_NAME:
            return CODES_BY_SQLITE_NAME[name]
        name = name.rpartition("_")[0]
    return None


def _get_code_of_sqlstate(cause: object) -> str | None:
    state = getattr(cause, "sqlstate", None) or ""
    prefixes = (state[:length] for length in range(len(state), 1, -1))
    return next(
        (CODES_BY_SQLSTATE[prefix] for prefix in prefixes if prefix in CODES_BY_SQLSTATE), None
    )


def _get_field(model: type[Model] | None, column: str) -> str | None:
    if model is None:
        return None
    return next((field.name for field in model._meta.fields if field.column == column), None)
