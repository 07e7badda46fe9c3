"""Rejected values: those that a model field, a lookup or a database does not accept.

The values are read from the frames that the exception passed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import DataError, OperationalError
from django.db.models import Field, Lookup, UUIDField, Value

from django_apierrors.recognition.database.codes import CALCULATED, NOT_NULL, PATTERN
from django_apierrors.recognition.database.drivers import (
    ConstraintViolation,
    classify,
    parse_violation,
)
from django_apierrors.recognition.database.lookup import trace_constraint
from django_apierrors.recognition.database.statements import get_failed_query, get_parameters
from django_apierrors.recognition.tracebacks import iter_frames

if TYPE_CHECKING:
    from types import FrameType

    from django_apierrors.recognition.database.drivers import DriverError
    from django_apierrors.recognition.database.statements import FailedQuery

# The methods of a model field that prepare a value for a lookup or for save().
PREPARING = frozenset({"to_python", "get_prep_value", "get_db_prep_value", "get_db_prep_save"})

# Their exceptions about a value. Those of the second tuple count in Django's own fields only: a
# DurationField raises an AttributeError, a `range` of one value an IndexError.
PREPARING_ERRORS = (ValueError, TypeError, OverflowError, ValidationError)
DJANGO_FIELD_ERRORS = (AttributeError, IndexError)

# The codes of violated constraints. All other codes of a database are about the server or a value.
CONSTRAINT_CODES = frozenset({"MISSING_RESOURCE", "INVALID_STATE", "ALREADY_EXISTS"})

# SQLite calls functions of Django's and hides their exceptions. `regex` is one of them.
FAILED_FUNCTION = "user-defined function raised exception"


# Longer patterns are not compiled: 0.5 MB take two seconds.
MAX_PATTERN = 1_000

# NUL, and half of a surrogate pair: PostgreSQL stores neither in a text nor in JSON.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class RejectedValues(NamedTuple):
    """Values, one of which was rejected, and the code if the client sent it.

    The code is `None` if it does not depend on where the value was sent. `values` is `None` if they
    are unknown. `fields` are the names of the model's fields.
    """

    code: str | None
    values: Sequence[object] | None
    fields: frozenset[str] = frozenset()


def find_rejected_values(exception: BaseException, *, is_safe: bool) -> RejectedValues | None:
    """Return the values that `exception` is about, `None` if it is about no value of a model.

    `is_safe` is whether the request has a safe method. A violated constraint is then about a value,
    otherwise about the state of the resource.
    """
    driver_error = classify(exception)
    # No driver can encode half of a surrogate pair.
    is_not_encoded = isinstance(exception, UnicodeEncodeError) and get_parameters(exception)
    if driver_error is not None:
        return _find_by_driver_error(exception, driver_error, is_safe=is_safe)
    if isinstance(exception, DataError) or is_not_encoded:
        return _find_in_statement(exception)
    if isinstance(exception, OperationalError) and str(exception) == FAILED_FUNCTION:
        patterns = _find_invalid_patterns(get_parameters(exception))
        return RejectedValues("INVALID_CONTENT", patterns)
    if isinstance(exception, ObjectDoesNotExist):
        return _find_in_get(exception)
    if isinstance(exception, PREPARING_ERRORS + DJANGO_FIELD_ERRORS):
        return _find_in_field(exception)
    return None


def _find_by_driver_error(
    exception: BaseException, driver_error: DriverError, *, is_safe: bool
) -> RejectedValues | None:
    if driver_error.key in NOT_NULL:
        return RejectedValues(None, [None])
    if driver_error.code == "INVALID_CONTENT":
        return _find_in_statement(exception, driver_error)
    if driver_error.code not in CONSTRAINT_CODES:
        return None
    code, match = trace_constraint(exception, driver_error)
    query = get_failed_query(exception)
    written = [pair for pair in query.iter_written() if pair[1] is not None]
    if code == "MISSING_RESOURCE":
        keys = [(field.name, value) for field, value in written if field.is_relation]
        # SQLite does not name the foreign key.
        fields = frozenset(match.fields or [name for name, _ in keys])
        values = [value for name, value in keys if name in fields]
        if len(values) != 1:
            # PostgreSQL names the value too.
            values = [*parse_violation(driver_error).values] or values
        # At COMMIT SQLite has neither the value nor its field.
        return RejectedValues(code, values or None, fields)
    fields = frozenset(match.fields)
    values = [value for field, value in written if not fields or field.name in fields]
    if match.is_column_check and not any(map(_is_expression, values)) and values:
        return RejectedValues(code, values, fields)
    return RejectedValues(None, values or get_parameters(exception), fields) if is_safe else None


def _find_in_statement(
    exception: BaseException, driver_error: DriverError | None = None
) -> RejectedValues:
    """Return the value that the database names, else those that the exception may be about."""
    key = driver_error and driver_error.key
    violation = parse_violation(driver_error) if driver_error else ConstraintViolation()
    query, columns = get_failed_query(exception), violation.columns
    pairs = [pair for pair in query.iter_written() if not columns or pair[0].column in columns]
    written = [pair for pair in pairs if not _is_expression(pair[1])]
    # Only MariaDB and MySQL name the column.
    rejected = [pair for pair in written if _is_invalid(*pair)] or (written if columns else [])
    values: Sequence[object] | None = [value for _, value in rejected]
    if violation.values and not (columns and rejected):
        values = violation.values
    elif not rejected and key in CALCULATED and query.model is not None:
        values = [*(value for _, value in written), *_iter_calculated(query, pairs)]
    elif not rejected:
        values = get_parameters(exception)
        suspects = [*filter(_has_unstorable, values or ())]
        values = (_find_invalid_patterns(values) if key in PATTERN else suspects) or values
    return RejectedValues("INVALID_CONTENT", values, frozenset(f.name for f, _ in rejected))


def _iter_calculated(query: FailedQuery, pairs: list[Any]) -> Iterator[object]:
    """Yield the values in expressions; the operands of most lookups are not among them."""
    nodes = [query.query, *(value for _, value in pairs)]
    while nodes:
        node = nodes.pop()
        nodes += getattr(node, "get_source_expressions", list)()
        if hasattr(node, "combined_queries"):
            nodes += [node.where, *node.annotations.values(), *node.combined_queries]
        # RawSQL and ExtraWhere have `params`.
        yield from getattr(node, "params", None) or ()
        operand = node.value if isinstance(node, Value) else getattr(node, "rhs", None)
        # A number with a large exponent is rejected wherever it is.
        if isinstance(node, Value) or isinstance(operand, Decimal):
            yield operand


def _is_expression(value: object) -> bool:
    return hasattr(value, "resolve_expression")


def _has_unstorable(value: object) -> bool:
    nodes = [value]
    while nodes:
        node = nodes.pop()
        if isinstance(node, str) and UNSTORABLE.search(node):
            return True
        if isinstance(node, Mapping):
            nodes += [*node, *node.values()]
        elif isinstance(node, (list, tuple)):
            nodes += node
    return False


def _is_invalid(field: Field[Any, Any], value: Any) -> bool:
    if value is None:
        # As in Field.clean(): an ArrayField cannot validate None.
        return False
    try:
        field.run_validators(field.to_python(value))
    except (ValidationError, ValueError, TypeError, OverflowError):
        return True
    return False


def _find_invalid_patterns(values: Sequence[object] | None) -> list[object]:
    """Return the strings that are not valid patterns, or else those too long to compile."""
    patterns = [value for value in values or () if isinstance(value, str)]
    short = [string for string in patterns if len(string) <= MAX_PATTERN]
    return [*filter(_is_invalid_pattern, short)] or [s for s in patterns if len(s) > MAX_PATTERN]


def _is_invalid_pattern(value: str) -> bool:
    try:
        re.compile(value)
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
            lookups = frame.f_locals["kwargs"]
            values = [*lookups.values(), *_iter_operands(query.where)]
            fields = frozenset(part for name in lookups for part in name.split("__"))
            return RejectedValues("MISSING_RESOURCE", values, fields)
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
    """Return the value that a model field could not prepare.

    The innermost field decides. In an ArrayField this is the field of one item of the list.
    """
    values: list[object] = []
    fields: set[str] = set()
    code = "INVALID_CONTENT"
    for frame, _ in iter_frames(exception):
        method = frame.f_code.co_name
        # Not isinstance(), which evaluates a lazy object.
        owner: Any = frame.f_locals.get("self")
        if issubclass(type(owner), Lookup):
            # The lookup of an ArrayField prepares the value before its attribute `rhs` is set.
            values = [vars(owner).get("rhs", frame.f_locals.get("rhs"))]
        elif method == "build_lookup" and _is_of_django(frame):
            # The lookup was not created: most lookups reject None.
            values = [frame.f_locals["rhs"]]
        elif issubclass(type(owner), Field) and method == "clean":
            # Validation, not a lookup.
            return None
        elif issubclass(type(owner), Field) and method in PREPARING:
            values = [frame.f_locals.get(frame.f_code.co_varnames[1])]
            fields.add(owner.name)
            if owner.primary_key or owner.is_relation or isinstance(owner, UUIDField):
                code = "INVALID_ID"
    # The last frame is the one that raised the exception.
    is_unhandled = isinstance(exception, DJANGO_FIELD_ERRORS) and not _is_of_django(frame)
    return RejectedValues(code, values, frozenset(fields)) if values and not is_unhandled else None


def _is_of_django(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).startswith("django.")
