"""From an exception of a database driver to an `Error` with the names of the fields.

No driver is imported. docs/databases.md has the table.
"""

from __future__ import annotations

from django_apierrors.catalog import get_code, get_or_make_code, resolve_status
from django_apierrors.errors import Error
from django_apierrors.fallback import log_failure
from django_apierrors.recognition.database import constraints
from django_apierrors.recognition.database.codes import NOT_NULL
from django_apierrors.recognition.database.drivers import (
    ConstraintViolation,
    DriverError,
    classify,
    parse_violation,
)
from django_apierrors.recognition.database.statements import FailedQuery, get_failed_query
from django_apierrors.validation.codes import find_catalog_name
from django_apierrors.validation.messages import Item

# An error in the content that was sent is a 400, even if its code has another status elsewhere: a
# missing foreign key in a body is not a missing page.
CONTENT_STATUS = 400


def recognise_database_error(exception: BaseException) -> Error | None:
    """Return the error of a driver's exception, `None` if it is not recognised."""
    driver_error = classify(exception)
    if driver_error is None:
        return None
    code = get_code(driver_error.code)
    if code.status >= 500:
        return Error.of_code(code)
    name, match = trace_constraint(exception, driver_error)
    project_code = getattr(match.constraint, "violation_error_code", None)
    code = get_or_make_code(find_catalog_name(project_code) or name, CONTENT_STATUS)
    project_message = constraints.find_project_message(match.constraint)
    names = constraints.get_sent_names(match, exception)
    fields, keys = ", ".join(names), names if len(names) == 1 else ()
    items = []
    if fields or project_message:
        message = code.description if driver_error.key in NOT_NULL else code.message
        items = [Item(fields, project_code or name.lower(), project_message or str(message), keys)]
    return Error(code, resolve_status(code, CONTENT_STATUS), items)


def trace_constraint(
    exception: BaseException, driver_error: DriverError
) -> tuple[str, constraints.ConstraintMatch]:
    """Return the name of the code, and the constraint and the fields that were violated."""
    try:
        violation, query = parse_violation(driver_error), get_failed_query(exception)
        return _refine(
            driver_error.code, violation, query, constraints.find_match(violation, query)
        )
    except Exception:
        # Models, constraints and their expressions are the project's code.
        log_failure("tracing a constraint to its fields")
        return driver_error.code, constraints.NO_MATCH


def _refine(
    code: str,
    violation: ConstraintViolation,
    query: FailedQuery,
    match: constraints.ConstraintMatch,
) -> tuple[str, constraints.ConstraintMatch]:
    if code == "MISSING_RESOURCE" and (
        # SQLite has one error for a missing row and for a row that others still refer to.
        # In the second case PostgreSQL names the columns of the referenced key.
        query.is_deletion or not constraints.has_relations(match.model, violation.columns)
    ):
        return "INVALID_STATE", constraints.NO_MATCH
    if code == "INVALID_STATE" and match.is_column_check:
        # The check of a PositiveIntegerField or a JSONField: the value is invalid.
        return "INVALID_CONTENT", match
    if code == "ALREADY_EXISTS" and match.constraint is None:
        return code, match._replace(constraint=constraints.find_unique_constraint(match))
    return code, match
