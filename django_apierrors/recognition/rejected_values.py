"""Rejected values: what a model field, a lookup or a database could not take.

They are read from the frames that the exception passed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import DataError, OperationalError
from django.db.models import Field, Lookup, UUIDField

from django_apierrors.recognition.database.codes import NOT_NULL
from django_apierrors.recognition.database.drivers import classify, parse_violation
from django_apierrors.recognition.database.lookup import trace_constraint
from django_apierrors.recognition.database.statements import get_failed_query, get_parameters
from django_apierrors.recognition.tracebacks import iter_frames

if TYPE_CHECKING:
    from django_apierrors.recognition.database.drivers import DriverError

# The methods of a model field that prepare a value for a lookup or for save().
PREPARING = frozenset({"to_python", "get_prep_value", "get_db_prep_value", "get_db_prep_save"})

# SQLite calls functions of Django's and hides what they raise. `regex` is one of them.
FAILED_FUNCTION = "user-defined function raised exception"


class RejectedValues(NamedTuple):
    """Values, one of which was rejected, and the code if the client sent it.

    `values` is `None` if they are unknown. `fields` are the names of the model's fields.
    """

    code: str
    values: Sequence[object] | None
    fields: frozenset[str] = frozenset()


def find_rejected_values(exception: BaseException) -> RejectedValues | None:
    """Return the values that `exception` is about, `None` if it is about no value of a model."""
    driver_error = classify(exception)
    if driver_error is not None:
        if driver_error.code == "MISSING_RESOURCE":
            return _find_foreign_keys(exception, driver_error)
        # NULL is not a value: the client may have left it out.
        is_about_value = driver_error.code == "INVALID_CONTENT" and driver_error.key not in NOT_NULL
        return _find_in_statement(exception, driver_error) if is_about_value else None
    # Half of a surrogate pair, which no driver can encode.
    is_not_encoded = isinstance(exception, UnicodeEncodeError) and get_parameters(exception)
    if isinstance(exception, DataError) or is_not_encoded:
        return _find_in_statement(exception)
    if isinstance(exception, OperationalError) and str(exception) == FAILED_FUNCTION:
        patterns = filter(_is_invalid_pattern, get_parameters(exception))
        return RejectedValues("INVALID_CONTENT", [*patterns])
    if isinstance(exception, ObjectDoesNotExist):
        return _find_in_get(exception)
    if isinstance(exception, (ValueError, TypeError, OverflowError, ValidationError)):
        return _find_in_field(exception)
    return None


def _find_foreign_keys(
    exception: BaseException, driver_error: DriverError
) -> RejectedValues | None:
    code, match = trace_constraint(exception, driver_error)
    if code != "MISSING_RESOURCE":
        # A row that others refer to.
        return None
    query = get_failed_query(exception)
    keys = [(field.name, value) for field, value in query.iter_written() if field.is_relation]
    # SQLite does not name the foreign key.
    fields = frozenset(match.fields or [name for name, _ in keys])
    values = [value for name, value in keys if name in fields and value is not None]
    if len(values) != 1:
        # PostgreSQL names the value too.
        values = [*parse_violation(driver_error).values] or values
    # At COMMIT SQLite knows neither.
    return RejectedValues(code, values or None, fields)


def _find_in_statement(
    exception: BaseException, driver_error: DriverError | None = None
) -> RejectedValues:
    """Return the written values that their fields reject too, or all values of the statement.

    Only MariaDB and MySQL name the column.
    """
    columns = parse_violation(driver_error).columns if driver_error is not None else ()
    written = [
        (field, value)
        for field, value in get_failed_query(exception).iter_written()
        if (not columns or field.column in columns) and not hasattr(value, "resolve_expression")
    ]
    rejected = [pair for pair in written if _is_invalid(*pair)] or (written if columns else [])
    values = [value for _, value in rejected] or [
        value for value in get_parameters(exception) if value is not None
    ]
    fields = frozenset(field.name for field, _ in rejected)
    return RejectedValues("INVALID_CONTENT", values or None, fields)


def _is_invalid(field: Field[Any, Any], value: Any) -> bool:
    try:
        field.run_validators(field.to_python(value))
    except (ValidationError, ValueError, TypeError, OverflowError):
        return True
    return False


def _is_invalid_pattern(value: object) -> bool:
    try:
        re.compile(value if isinstance(value, str) else "")
    except (re.error, OverflowError, RecursionError):
        return True
    return False


def _find_in_get(exception: ObjectDoesNotExist) -> RejectedValues | None:
    """Return the values that `QuerySet.get()` looked for."""
    for frame, is_last in iter_frames(exception):
        # A `raise DoesNotExist` of the project is in another module.
        if is_last and frame.f_globals.get("__name__") == "django.db.models.query":
            query: Any = frame.f_locals["clone"].query
            # The lookups have the values as their fields have prepared them.
            values = [*frame.f_locals["kwargs"].values(), *_iter_operands(query.where)]
            return RejectedValues("MISSING_RESOURCE", values)
    return None


def _iter_operands(where: Any) -> Iterator[object]:
    """Yield the right-hand sides of the lookups in a WHERE clause, and in its subqueries."""
    nodes = [where]
    while nodes:
        node = nodes.pop()
        nodes.extend(getattr(node, "children", ()))
        operand: Any = getattr(node, "rhs", None)
        if hasattr(operand, "where"):
            nodes.append(operand.where)
        elif operand is not None:
            yield operand


def _find_in_field(exception: BaseException) -> RejectedValues | None:
    """Return the value that a model field could not prepare: the innermost, one of a list."""
    values: list[object] = []
    fields: set[str] = set()
    code = "INVALID_CONTENT"
    for frame, _ in iter_frames(exception):
        method = frame.f_code.co_name
        # Not isinstance(), which evaluates a lazy object.
        owner: Any = frame.f_locals.get("self")
        if issubclass(type(owner), Lookup):
            values = [owner.rhs]
        elif issubclass(type(owner), Field) and method == "clean":
            # Validation, not a lookup.
            return None
        elif issubclass(type(owner), Field) and method in PREPARING:
            values = [frame.f_locals.get(frame.f_code.co_varnames[1])]
            fields.add(owner.name)
            if owner.primary_key or owner.is_relation or isinstance(owner, UUIDField):
                code = "INVALID_ID"
    return RejectedValues(code, values, frozenset(fields)) if values else None
