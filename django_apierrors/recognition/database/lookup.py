"""Databases: what the driver says of a failure -> a code, and the fields it is about.

No driver is imported. docs/databases.md has the table of what becomes what.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django_apierrors.catalog import get_code, get_or_make_code, resolve_status
from django_apierrors.errors import Error
from django_apierrors.fallback import log_failure
from django_apierrors.recognition.database.codes import NOT_NULL
from django_apierrors.recognition.database.constraints import (
    UNTRACED,
    Trace,
    find_unique_constraint,
    get_own_message,
    get_sent_fields,
    has_relations,
    trace,
)
from django_apierrors.recognition.database.drivers import Report, find_failure, read_report
from django_apierrors.recognition.database.statements import get_statement
from django_apierrors.validation.codes import get_catalog_name
from django_apierrors.validation.details import Item

if TYPE_CHECKING:
    from django_apierrors.catalog import ErrorCode
    from django_apierrors.recognition.database.drivers import Failure
    from django_apierrors.recognition.database.statements import Statement

# What is wrong with what the client sent is a 400, whatever status its code has elsewhere: a
# parent that the document names and that is not there is no missing page.
CONTENT_STATUS = 400


class MissingKey(NamedTuple):
    """A foreign key that leads nowhere: its fields, and its values as texts, where they are known.

    SQLite says of neither: then they are all that the statement wrote, at a COMMIT none.
    """

    fields: frozenset[str]
    values: frozenset[str]


def recognise_database_error(exception: BaseException) -> Error | None:
    """Return the error that the driver's report stands for, `None` where it is not recognised."""
    failure = find_failure(exception)
    if failure is None:
        return None
    code = get_code(failure.name)
    if code.status >= 500:
        return Error.of_code(code)
    name, found = _look_closer(exception, failure)
    own_code = getattr(found.constraint, "violation_error_code", None)
    code = get_or_make_code(get_catalog_name(own_code) or name, CONTENT_STATUS)
    own_message = get_own_message(found.constraint)
    fields = ", ".join(get_sent_fields(found))
    items = []
    if fields or own_message:
        message = own_message or _get_message(code, failure)
        items = [Item(fields, own_code or name.lower(), message)]
    return Error(code, resolve_status(code, CONTENT_STATUS), items)


def find_missing_key(exception: BaseException) -> MissingKey | None:
    """Return the foreign key that a database found to lead nowhere, `None` for other failures."""
    failure = find_failure(exception)
    if failure is None or failure.name != "MISSING_RESOURCE":
        return None
    report, keys = read_report(failure), get_statement(exception).get_keys()
    fields = _look_closer(exception, failure)[1].fields or tuple(keys)
    written = (value for field in fields for value in keys.get(field, ()))
    return MissingKey(frozenset(fields), frozenset(report.values or written))


def _look_closer(exception: BaseException, failure: Failure) -> tuple[str, Trace]:
    """Return the name of the code, and what the failure is about, as far as the models tell."""
    try:
        report, statement = read_report(failure), get_statement(exception)
        return _tell(failure.name, report, statement, trace(report, statement))
    except Exception:
        # Models, constraints and their expressions are the project's.
        log_failure("looking for what a database refused")
        return failure.name, UNTRACED


def _tell(name: str, report: Report, statement: Statement, found: Trace) -> tuple[str, Trace]:
    if name == "MISSING_RESOURCE" and (
        # SQLite has one report for a parent that is not there, and one that is still in use;
        # PostgreSQL names the columns of the parent's key for the latter.
        statement.is_deletion or not has_relations(found.model, report.columns)
    ):
        return "INVALID_STATE", UNTRACED
    if name == "INVALID_STATE" and found.is_of_column:
        # The check of a PositiveIntegerField, or of a JSONField: it is the value that is wrong.
        return "INVALID_CONTENT", found
    if name == "ALREADY_EXISTS" and found.constraint is None:
        return name, found._replace(constraint=find_unique_constraint(found))
    return name, found


def _get_message(code: ErrorCode, failure: Failure) -> str:
    return str(code.description if failure.key in NOT_NULL else code.message)
