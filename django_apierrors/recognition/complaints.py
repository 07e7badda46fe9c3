"""Complaints: the values that an exception is about, read from the frames that raised it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import DataError, OperationalError
from django.db.models import Field, Lookup, UUIDField

from django_apierrors.recognition.database.codes import INVALID_PATTERN, NOT_NULL
from django_apierrors.recognition.database.drivers import DriverError, classify, parse_violation
from django_apierrors.recognition.database.lookup import find_missing_key
from django_apierrors.recognition.database.statements import get_failed_query, get_parameters
from django_apierrors.recognition.tracebacks import iter_frames

# The methods of a model field that prepare a value for a lookup or for save(); and those that
# validate, in full_clean() or a form.
PREPARING = frozenset({"to_python", "get_prep_value", "get_db_prep_value", "get_db_prep_save"})
VALIDATING = frozenset({"clean", "run_validators", "validate"})

# The methods of a lookup that prepare its right-hand side.
LOOKUP_PREPARING = frozenset(
    {"get_prep_lookup", "get_db_prep_lookup", "process_rhs", "batch_process_rhs"}
)

QUERY = "django.db.models.query"

# SQLite calls functions of Django's, and hides what they raise. One of them is for `regex`.
FAILED_FUNCTION = "user-defined function raised exception"

# A bulk_create() may write a million rows.
MAX_VALUES = 10_000


class Complaint(NamedTuple):
    """The values that an exception is about; the code if the client sent one of them.

    `values` is `None` if they are unknown. `names` are those of model fields.
    """

    values: Sequence[object] | None
    code: str
    names: frozenset[str] = frozenset()


def find_complaint(exception: BaseException) -> Complaint | None:
    """Return the values that `exception` is about, `None` if it is about no value."""
    driver_error = classify(exception)
    if driver_error is not None:
        if driver_error.code == "MISSING_RESOURCE":
            return _find_missing_key(exception)
        if driver_error.code == "INVALID_CONTENT":
            return _find_rejected_by_database(exception, driver_error)
        # An expression failed: no value is to blame.
        return Complaint([], "INVALID_CONTENT") if isinstance(exception, DataError) else None
    if isinstance(exception, DataError):
        return _find_rejected_by_database(exception, None)
    if isinstance(exception, OperationalError):
        return _find_rejected_pattern(exception)
    if isinstance(exception, ObjectDoesNotExist):
        return _find_missing_row(exception)
    if isinstance(exception, (ValueError, TypeError, OverflowError, ValidationError)):
        return _find_rejected_by_field(exception)
    return None


def _find_missing_key(exception: BaseException) -> Complaint | None:
    missing = find_missing_key(exception)
    if missing is None:
        return None
    return Complaint([*missing.values] or None, "MISSING_RESOURCE", missing.fields)


def _find_rejected_by_database(
    exception: BaseException, driver_error: DriverError | None
) -> Complaint:
    """Return the values of a statement, as few as possible: PostgreSQL does not name the column."""
    if driver_error is not None and driver_error.key in NOT_NULL:
        # No value was written; the client may have left it out.
        return Complaint(None, "INVALID_CONTENT")
    columns = parse_violation(driver_error).columns if driver_error is not None else ()
    written = [*islice(get_failed_query(exception).iter_written(), MAX_VALUES)]
    rejected = [
        (field, value)
        for field, value in written
        if (field.column in columns if columns else _is_rejected(field, value))
    ]
    values = [value for _, value in rejected]
    if not rejected:
        parameters = [*islice(get_parameters(exception), MAX_VALUES)]
        is_suspect = _is_invalid_pattern if _is_about_pattern(driver_error) else _has_nul
        suspects = [value for value in parameters if is_suspect(value)]
        values = suspects or [*(value for _, value in written), *parameters]
    names = frozenset(str(field.name) for field, _ in rejected)
    return Complaint(values or None, "INVALID_CONTENT", names)


def _is_rejected(field: Field[Any, Any], value: Any) -> bool:
    """Whether `field` knows without the database that it cannot have `value`."""
    if _has_nul(value):
        return True
    try:
        field.run_validators(field.to_python(value))
    except (ValidationError, ValueError, TypeError, OverflowError):
        return True
    return False


def _has_nul(value: object) -> bool:
    """Whether NUL is in a string, or in a string of a JSON value."""
    if isinstance(value, (dict, list)):
        return "\\x00" in repr(value)
    return isinstance(value, str) and "\0" in value


def _is_about_pattern(driver_error: DriverError | None) -> bool:
    return driver_error is not None and driver_error.key in INVALID_PATTERN


def _find_rejected_pattern(exception: OperationalError) -> Complaint | None:
    """Return the regular expressions that SQLite's function, which is Python's `re`, rejects."""
    if str(exception) != FAILED_FUNCTION:
        return None
    parameters = islice(get_parameters(exception), MAX_VALUES)
    return Complaint(list(filter(_is_invalid_pattern, parameters)), "INVALID_CONTENT")


def _is_invalid_pattern(value: object) -> bool:
    try:
        re.compile(value if isinstance(value, str) else "")
    except (re.error, OverflowError, RecursionError):
        return True
    return False


def _find_missing_row(exception: ObjectDoesNotExist) -> Complaint | None:
    """Return the values that `QuerySet.get()` looked for.

    `latest()` and `earliest()`, which call it, are about an empty table.
    """
    for frame, is_last in iter_frames(exception):
        name = frame.f_code.co_name
        if frame.f_globals.get("__name__") != QUERY:
            continue
        if name in ("latest", "earliest"):
            return None
        if name == "get" and is_last and "clone" in frame.f_locals:
            where = frame.f_locals["clone"].query.where
            return Complaint([*islice(_iter_operands(where), MAX_VALUES)], "MISSING_RESOURCE")
    return None


def _iter_operands(where: Any) -> Iterator[object]:
    """Yield the right-hand sides of the lookups in a WHERE clause."""
    nodes = [where]
    while nodes:
        node = nodes.pop()
        nodes.extend(getattr(node, "children", ()))
        if hasattr(node, "rhs"):
            yield node.rhs


def _find_rejected_by_field(exception: BaseException) -> Complaint | None:
    """Return the value that a model field could not prepare for a lookup or for save()."""
    values: list[object] = []
    names: set[str] = set()
    code = "INVALID_CONTENT"
    for frame, is_last in iter_frames(exception):
        method = frame.f_code.co_name
        owner: Any = frame.f_locals.get("self")
        # Not isinstance(): a lazy object would be evaluated.
        if issubclass(type(owner), Field):
            if method in VALIDATING:
                return None
            if method in PREPARING:
                values.append(frame.f_locals.get(frame.f_code.co_varnames[1]))
                names.add(owner.name)
                if owner.primary_key or owner.is_relation or issubclass(type(owner), UUIDField):
                    code = "INVALID_ID"
        elif issubclass(type(owner), Lookup) and (method in LOOKUP_PREPARING or is_last):
            values.append(owner.rhs)
    # The innermost first: one member of a list.
    return Complaint(values[::-1], code, frozenset(names)) if values else None
