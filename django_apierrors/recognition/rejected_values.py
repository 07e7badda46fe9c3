"""Rejected values: those that a model field, a lookup or a database does not accept.

The values are read from the frames that the exception passed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from types import FrameType
from typing import Any, NamedTuple

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import DataError, IntegrityError, OperationalError
from django.db.models import Field, FileField, Lookup, QuerySet, UUIDField, Value
from django.db.models.expressions import Col
from django.utils.duration import duration_microseconds

from django_apierrors.recognition.database import codes
from django_apierrors.recognition.database.drivers import (
    ConstraintViolation,
    DriverError,
    classify,
    parse_violation,
)
from django_apierrors.recognition.database.lookup import trace_constraint
from django_apierrors.recognition.database.statements import (
    FailedQuery,
    find_parameters,
    get_failed_query,
)
from django_apierrors.recognition.tracebacks import iter_frames

# The methods of a model field that prepare a value for a lookup or for save().
PREPARING = frozenset({"to_python", "get_prep_value", "get_db_prep_value", "get_db_prep_save"})

# The exceptions that these methods raise about a value. DJANGO_FIELD_ERRORS count only if Django's
# code raises them: a DurationField raises an AttributeError, a `range` of one value raises an
# IndexError.
PREPARING_ERRORS = (ValueError, TypeError, OverflowError, ValidationError, RecursionError)
DJANGO_FIELD_ERRORS = (AttributeError, IndexError)

# The codes of violated constraints. All other codes of a database are about the server or a value.
CONSTRAINT_CODES = frozenset({"MISSING_RESOURCE", "INVALID_STATE", "ALREADY_EXISTS"})

# SQLite calls functions of Django, such as the function for `regex`, and hides their exceptions.
FAILED_FUNCTION = "user-defined function raised exception"

# Longer patterns are not compiled: 0.5 MB take two seconds.
MAX_PATTERN = 1_000

# Python warns about a pattern with one of these sequences, and a database reads the pattern in
# another way: `[[:alpha:]]`. The warning is not suppressed, because a filter applies to the other
# threads too.
AMBIGUOUS = re.compile(r"\[\^?\[|\[.*?(?:--|&&|~~|\|\|)", re.DOTALL)

# NUL, and half of a surrogate pair: PostgreSQL cannot store these characters, not even in JSON.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")

# A LIMIT, and an integer of SQLite, have 63 bits and a sign.
MAX_INTEGER = 2**63 - 1

# The lookups that compare with each value of a list.
MULTIPLE = ("in", "range")

# If one of these is the value of an `in`, Django prepares its characters, keys or lines.
ITERABLES = (str, bytes, dict, UploadedFile)


class RejectedValues(NamedTuple):
    """Values, one of which was rejected, and the code of the error if the client sent the value.

    `code` is `None` if the error keeps its code. `values` is `None` if the values are unknown, and
    `()` if the project raised the exception. `fields` are the names of the model's fields.
    """

    code: str | None
    values: Sequence[object] | None
    fields: frozenset[str] = frozenset()


def find_rejected_values(exception: BaseException, *, is_safe: bool) -> RejectedValues | None:
    """Return the values that `exception` is about, `None` if it is not about values of a model.

    `is_safe` is true if the request has a safe method. A constraint that a safe request violates is
    about a value. A constraint that any other request violates is about the state of the resource.
    """
    driver_error = classify(exception)
    # No driver can encode half of a surrogate pair.
    is_not_encoded = isinstance(exception, UnicodeEncodeError) and find_parameters(exception)
    if driver_error is not None:
        return _find_by_driver_error(exception, driver_error, is_safe=is_safe)
    if type(exception) in (DataError, IntegrityError) and exception.__cause__ is None:
        # The project raised this exception: Django's exceptions have the driver's as their cause.
        return RejectedValues(None, ())
    if isinstance(exception, DataError) or is_not_encoded:
        return _find_in_statement(exception)
    if isinstance(exception, OperationalError) and exception.args == (FAILED_FUNCTION,):
        patterns = _find_invalid_patterns(find_parameters(exception))
        return RejectedValues("INVALID_CONTENT", patterns)
    if isinstance(exception, ObjectDoesNotExist):
        return _find_in_get(exception)
    is_prepared = isinstance(exception, PREPARING_ERRORS + DJANGO_FIELD_ERRORS)
    return (_find_in_field(exception) if is_prepared else None) or _find_unsuitable(exception)


def _find_by_driver_error(
    exception: BaseException, driver_error: DriverError, *, is_safe: bool
) -> RejectedValues | None:
    if driver_error.key in codes.NOT_NULL:
        return RejectedValues(None, [None])
    if driver_error.code == "INVALID_CONTENT":
        return _find_in_statement(exception, driver_error)
    if driver_error.code == "INTERNAL_ERROR":
        return _find_unsuitable(exception, driver_error)
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
        # Raw SQL has parameters. At COMMIT SQLite does not name the value or its field.
        return RejectedValues(code, values or find_parameters(exception) or None, fields)
    fields = frozenset(match.fields)
    values = [value for field, value in written if not fields or field.name in fields]
    if match.is_column_check and not any(map(_is_expression, values)) and values:
        return RejectedValues(code, values, fields)
    return RejectedValues(None, values or find_parameters(exception), fields) if is_safe else None


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
        # PostgreSQL spells a list as an array.
        lists = [value for value in _find_mistyped(query) if isinstance(value, list)]
        values = lists or violation.values
    elif limits := _find_large_limits(query):
        values = limits
    elif isinstance(exception, OverflowError) and (durations := _find_long_durations(query)):
        values = durations
    elif not rejected and key in codes.CALCULATED and query.model is not None:
        values = [value for _, value in written if value is not None]
        values += _iter_calculated(query, pairs)
    elif not rejected:
        values = find_parameters(exception)
        values = _find_suspects(key, values or ()) or values
    return RejectedValues("INVALID_CONTENT", values, frozenset(f.name for f, _ in rejected))


def _find_suspects(key: object, parameters: Sequence[Any]) -> list[object]:
    """Return the parameters of a statement that a database rejects with this error."""
    if key in codes.INVALID_PATTERN:
        return _find_invalid_patterns(parameters)
    if key == codes.REVERSED_RANGE:
        return [bound for value in parameters if isinstance(value, tuple) for bound in value]
    return [*filter(_has_unstorable, parameters)]


def _find_unsuitable(
    exception: BaseException, driver_error: DriverError | None = None
) -> RejectedValues | None:
    """Return the values that certainly caused a statement to fail, `None` without such a value.

    Without such a value the statement itself is wrong, which is a mistake of the project.
    """
    parameters = find_parameters(exception)
    if parameters is None:
        return None
    key, query = driver_error and driver_error.key, get_failed_query(exception)
    values = _find_large_limits(query)
    if driver_error is None:
        values += _iter_named_by_driver(exception, parameters)
    elif key in codes.MISTYPED:
        values += _find_mistyped(query)
    elif key == codes.TSQUERY:
        quoted = parse_violation(driver_error).values
        values += [value for value in parameters if value in quoted]
    return RejectedValues("INVALID_CONTENT", values) if values else None


def _iter_named_by_driver(exception: BaseException, parameters: Sequence[Any]) -> Iterator[Any]:
    """Yield the values whose type a driver names: "cannot adapt type 'dict'".

    The drivers of MySQL name a number: "inf can not be used with MySQL".
    """
    words = frozenset(re.findall(r"\w+", str(exception)))
    for value in parameters:
        is_deep = isinstance(exception, RecursionError) and isinstance(value, (dict, list))
        inner = [*_iter_values(value)]
        names = {type(each).__name__ for each in inner}
        numbers = {str(each).strip("-") for each in inner if isinstance(each, float)}
        if is_deep or words & (names | numbers):
            yield value


def _iter_pairs(query: FailedQuery) -> Iterator[tuple[Any, Any]]:
    """Yield each field that a value was written to, or compared with, and the value."""
    yield from query.iter_written()
    for node in _iter_nodes(query):
        if isinstance(node, Lookup) and isinstance(node.lhs, Col):
            is_list = node.lookup_name in MULTIPLE and isinstance(node.rhs, (list, tuple))
            yield from ((node.lhs.target, each) for each in (node.rhs if is_list else [node.rhs]))


def _find_mistyped(query: FailedQuery) -> list[object]:
    """Return the values that were written to a field, or compared with it, and are not valid."""
    return [value for field, value in _iter_pairs(query) if _is_invalid(field, value)]


def _find_long_durations(query: FailedQuery) -> list[object]:
    """Return the durations that SQLite cannot store: their microseconds have over 63 bits."""
    durations = [value for _, value in _iter_pairs(query) if isinstance(value, timedelta)]
    return [each for each in durations if abs(duration_microseconds(each)) > MAX_INTEGER]


def _find_large_limits(query: FailedQuery) -> list[object]:
    """Return the LIMITs and OFFSETs that are too large for every database but MySQL."""
    queries = [node for node in _iter_nodes(query) if hasattr(node, "high_mark")]
    pairs = [(node.low_mark, (node.high_mark or 0) - node.low_mark) for node in queries]
    return [limit for pair in pairs for limit in pair if limit > MAX_INTEGER]


def _iter_nodes(query: FailedQuery, pairs: Sequence[Any] = ()) -> Iterator[Any]:
    """Yield a query and the subqueries, lookups and expressions in it and in written values."""
    nodes = [query.query, *(value for _, value in pairs)]
    while nodes:
        node = nodes.pop()
        yield node
        nodes += getattr(node, "get_source_expressions", list)()
        if hasattr(node, "combined_queries"):
            nodes += [node.where, *node.annotations.values(), *node.combined_queries]
        if hasattr(node, "inner_query"):
            # The query whose rows are counted.
            nodes.append(node.inner_query)


def _iter_calculated(query: FailedQuery, pairs: Sequence[Any]) -> Iterator[object]:
    """Yield the values in expressions; the operands of most lookups are not among them."""
    for node in _iter_nodes(query, pairs):
        # RawSQL and ExtraWhere have `params`.
        yield from getattr(node, "params", None) or ()
        operand = node.value if isinstance(node, Value) else getattr(node, "rhs", None)
        if isinstance(node, Value):
            yield operand
        # A number with a large exponent is rejected in every part of a statement.
        operands = operand if isinstance(operand, (list, tuple)) else [operand]
        yield from (each for each in operands if isinstance(each, Decimal))


def _is_expression(value: object) -> bool:
    return hasattr(value, "resolve_expression")


def _has_unstorable(value: object) -> bool:
    return any(
        UNSTORABLE.search(inner)
        if isinstance(inner, str)
        else isinstance(inner, int) and abs(inner) > MAX_INTEGER
        for inner in _iter_values(value)
    )


def _iter_values(value: object) -> Iterator[object]:
    """Yield a value, and the keys and values in it, without recursion."""
    nodes = [value]
    while nodes:
        node = nodes.pop()
        yield node
        if isinstance(node, Mapping):
            nodes += [*node, *node.values()]
        elif isinstance(node, (list, tuple)):
            nodes += node


def _is_invalid(field: Field[Any, Any], value: Any) -> bool:
    if value is None or _is_expression(value):
        # As in Field.clean(): an ArrayField cannot validate None.
        return False
    try:
        prepared = field.to_python(value)
        field.run_validators(prepared)
    except (*PREPARING_ERRORS, *DJANGO_FIELD_ERRORS):
        return True
    # A RangeField accepts any type.
    return not isinstance(prepared, getattr(field, "range_type", object))


def _find_invalid_patterns(values: Sequence[object] | None) -> list[object]:
    """Return the strings that are not valid patterns, or else those too long to compile."""
    patterns = [value for value in values or () if isinstance(value, str)]
    short = [string for string in patterns if len(string) <= MAX_PATTERN]
    return [*filter(_is_invalid_pattern, short)] or [s for s in patterns if len(s) > MAX_PATTERN]


def _is_invalid_pattern(value: str) -> bool:
    if AMBIGUOUS.search(value):
        return True
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError):
        return True
    return False


def _find_in_get(exception: ObjectDoesNotExist) -> RejectedValues | None:
    """Return the values that `QuerySet.get()` or a relation (`user.profile`) looked for."""
    for frame, is_last in iter_frames(exception):
        # A `raise DoesNotExist` of the project is in another module.
        module = frame.f_globals.get("__name__") if is_last else ""
        if module == "django.db.models.fields.related_descriptors":
            instance = frame.f_locals["instance"]
            unique = [field.attname for field in instance._meta.concrete_fields if field.unique]
            # Not getattr(), which would load a deferred field.
            values = [*filter(None, map(vars(instance).get, unique))]
            return RejectedValues("MISSING_RESOURCE", values, frozenset(unique))
        if module == "django.db.models.query":
            kwargs = frame.f_locals["kwargs"]
            # The nodes of the query have the values as the fields have prepared them.
            nodes = _iter_nodes(FailedQuery(query=frame.f_locals["clone"].query))
            operands = [node.rhs for node in nodes if isinstance(node, Lookup)]
            values = [*kwargs.values(), *(value for value in operands if value is not None)]
            fields = frozenset(part for name in kwargs for part in name.split("__"))
            return RejectedValues("MISSING_RESOURCE", values, fields)
    return None


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
            if isinstance(exception, ValidationError):
                return None  # Validation, not a lookup.
        elif method == "__getitem__" and issubclass(type(owner), QuerySet):
            values = _get_limits(frame.f_locals["k"])
        elif method == "resolve_lookup_value" and _is_of_django(frame) and not values:
            # The function calls itself for each list in a list.
            values = [frame.f_locals["value"]]
        elif issubclass(type(owner), FileField) and method == "pre_save":
            values = [vars(frame.f_locals["model_instance"]).get(owner.attname)]
        elif issubclass(type(owner), Field) and method in PREPARING:
            if not isinstance(next(iter(values), None), ITERABLES):
                values = [frame.f_locals.get(frame.f_code.co_varnames[1])]
            fields.add(owner.name)
            if owner.primary_key or owner.is_relation or isinstance(owner, UUIDField):
                code = "INVALID_ID"
    # The last frame is the one that raised the exception.
    is_unhandled = isinstance(exception, DJANGO_FIELD_ERRORS) and not _is_of_django(frame)
    if isinstance(exception, RecursionError):
        # A deeply nested value can be the cause. For any other value, the field is the cause.
        is_unhandled = not isinstance(next(iter(values), None), (dict, list, tuple))
    return RejectedValues(code, values, frozenset(fields)) if values and not is_unhandled else None


def _get_limits(key: Any) -> list[object]:
    """Return the limits of a slice, or an index."""
    limits = getattr(key, "start", key), getattr(key, "stop", None)
    return [limit for limit in limits if limit is not None]


def _is_of_django(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).startswith("django.")
