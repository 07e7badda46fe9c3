"""Recognition: from an exception to an `Error`.

Tables decide: `EXCEPTIONS` of the project and `tables` by the class of the exception, `tracebacks`
by the functions in its traceback, `database` by the error details of the driver. An APIException
of DRF has its own status and messages (`api_exceptions`). `permissions` and `provenance` then read
the request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, TypeAlias

from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils.module_loading import import_string
from rest_framework import exceptions
from rest_framework.fields import get_error_detail
from rest_framework.relations import RelatedField

from django_apierrors.catalog import get_code, get_or_make_code
from django_apierrors.conf import api_errors
from django_apierrors.errors import Error
from django_apierrors.fallback import log_failure
from django_apierrors.parsers import refine_parse_error
from django_apierrors.recognition.api_exceptions import (
    get_code_of_row,
    is_error,
    recognise_api_exception,
)
from django_apierrors.recognition.database.lookup import recognise_database_error
from django_apierrors.recognition.messages import add_known_facts
from django_apierrors.recognition.permissions import find_checks, is_object_hidden, refine_forbidden
from django_apierrors.recognition.provenance import locate_parameter, refine_by_provenance
from django_apierrors.recognition.tables import (
    CODES_BY_API_EXCEPTION,
    CODES_BY_ATTRIBUTE,
    CODES_BY_EXCEPTION,
    UNWRAP,
)
from django_apierrors.recognition.tracebacks import find_raise_site, find_rejecting_field
from django_apierrors.validation.details import read_detail
from django_apierrors.validation.foreign_keys import MALFORMED
from django_apierrors.validation.messages import BODY, Item, make_path, truncate
from django_apierrors.validation.places import AnyRequest

if TYPE_CHECKING:
    from rest_framework.views import APIView


# The dotted names of the class of an exception and of its parents, the nearest first.
ClassNames: TypeAlias = Sequence[str]

# The rows of `EXCEPTIONS`, or those of a table.
Rows: TypeAlias = Mapping[str, str | None]

# The wrappers and groups around an exception, the outermost first.
Wrappers: TypeAlias = tuple[BaseException, ...]

# The largest number of wrappers and groups around an exception.
MAX_WRAPPERS = 10

# The largest numbers of groups in a group, and of other exceptions in it.
MAX_GROUPS, MAX_LEAVES = 10_000, 200_000

# The largest number of exceptions of a group whose values are compared with those of the request.
MAX_COMPARED = 20


def recognise(
    exception: BaseException, request: AnyRequest | None = None, view: APIView | None = None
) -> Error:
    """Return the error for `exception`, INTERNAL_ERROR if it is not recognised.

    `request` and `view` refine the error: a 403 is METHOD_FORBIDDEN or ACCESS_FORBIDDEN, and an
    exception about a value is the client's mistake only if the client sent the value.
    """
    exception = refine_parse_error(exception, request)
    error = _recognise(exception, request) or Error.of_code(get_code("INTERNAL_ERROR"))
    has_project_code = has_project_row(exception)
    if not has_project_code:
        error = add_known_facts(error, exception, request, view)
    if request is None:
        return error
    error = locate_parameter(error, exception, request, view)
    if view is not None:
        if is_object_hidden(error, exception, view):
            return recognise(Http404())
        if error.code.name == "ACCESS_FORBIDDEN":
            checks = find_checks(exception, view)
            if checks and request.method not in view.allowed_methods:
                # DRF runs the checks before it looks for the method.
                return recognise(exceptions.MethodNotAllowed(str(request.method)), request, view)
            error = refine_forbidden(error, exception, request, view, checks)
    return error if has_project_code else refine_by_provenance(error, exception, request)


def recognise_class_path(path: str) -> Error:
    """Return the error for an exception that is known only by the dotted name of its class.

    INTERNAL_ERROR if it is not recognised. A class that cannot be imported, because only the
    workers have its package, is looked up by its name alone.
    """
    try:
        cls: Any = resolve_name(path)
        # Not cls(): an exception may require arguments, which are not stored.
        return recognise(cls.__new__(cls))
    except Exception:
        for table in (api_errors.EXCEPTIONS, CODES_BY_EXCEPTION):
            name = table.get(path)
            if name is not None and "." not in name:
                return Error.of_code(get_or_make_code(name, 500))
        return Error.of_code(get_code("INTERNAL_ERROR"))


def has_project_row(exception: BaseException) -> bool:
    """Whether the nearest row for the class of `exception` is a row of the project."""
    project_rows = api_errors.EXCEPTIONS
    if not project_rows:
        return False
    names = _get_class_names(type(exception))
    return _find_nearest(exception, names, project_rows) in project_rows


def _recognise(
    exception: BaseException, request: AnyRequest | None, outer: Wrappers = ()
) -> Error | None:
    """Return the error for `exception`, which is inside the wrappers and groups `outer`."""
    if len(outer) > MAX_WRAPPERS or any(exception is wrapper for wrapper in outer):
        return None
    project_rows = api_errors.EXCEPTIONS
    names = _get_class_names(type(exception))
    name, is_of_project = _find_row(exception, names, project_rows)
    if is_of_project and "." in str(name):
        error = _describe(str(name), exception)
        if error is not None:
            return error
        name, _ = _find_row(exception, names, {})
    elif is_of_project and not isinstance(exception, exceptions.APIException):
        return _make_error(name)
    if isinstance(exception, exceptions.APIException):
        return recognise_api_exception(exception, name)
    return (
        _recognise_details(exception, names, project_rows)
        or _recognise_validation_error(exception)
        or _recognise_wrapped(exception, names, request, outer)
        or _make_error(name)
        or _recognise_attribute(exception, names, project_rows)
    )


def _describe(path: str, exception: BaseException) -> Error | None:
    """Return the error for the APIException that the project's function at `path` returns."""
    try:
        function = import_string(path)
        # A class is not called: `cls(exception)` would send the third-party message to the client.
        described: Any = None if isinstance(function, type) else function(exception)
        if not is_error(described):
            raise TypeError(f"{path} must return an APIException, not {described!r}.")
    except Exception:
        log_failure(f"calling {path}")
        return None
    return recognise_api_exception(described, None)


def _recognise_details(
    exception: BaseException, names: ClassNames, project_rows: Rows
) -> Error | None:
    """Return the error by the raise site, the rejecting field or the driver's error details.

    All three are more specific than the class. `None` if the project has removed the nearest row.
    """
    if project_rows.get(_find_nearest(exception, names, project_rows), "") is None:
        return None
    return (
        _recognise_rejecting_field(exception)
        or _make_error(find_raise_site(exception))
        or recognise_database_error(exception)
    )


def _recognise_rejecting_field(exception: BaseException) -> Error | None:
    rejecting = find_rejecting_field(exception)
    if rejecting is None:
        return None
    field, keys = rejecting
    code = get_code("INVALID_ID" if isinstance(field, RelatedField) else "INVALID_CONTENT")
    return Error.of_code(code, [Item(make_path(keys), MALFORMED, str(code.message), keys, BODY)])


def _find_row(
    exception: BaseException, names: ClassNames, project_rows: Rows
) -> tuple[str | None, bool]:
    """Return the code of the nearest row, and whether the row is the project's."""
    rows = _get_rows(exception)
    for name in names:
        if project_rows.get(name) is not None:
            return project_rows[name], True
        if name in rows and name not in project_rows:
            return rows[name], False
    return None, False


def _find_nearest(exception: BaseException, names: ClassNames, project_rows: Rows) -> str:
    """Return the name of the nearest row, or `""`. A row that removes one of our rows counts."""
    rows = _get_rows(exception)
    return next((name for name in names if name in project_rows or name in rows), "")


def _get_rows(exception: BaseException) -> Rows:
    # An APIException that is also a TimeoutError keeps its own status.
    is_api_exception = isinstance(exception, exceptions.APIException)
    return CODES_BY_API_EXCEPTION if is_api_exception else CODES_BY_EXCEPTION


# Not cached: some packages make new exception classes for every call, with names of any length.
def _get_class_names(cls: type[BaseException]) -> ClassNames:
    return [f"{base.__module__}.{base.__qualname__}" for base in cls.__mro__]


def _make_error(name: str | None) -> Error | None:
    return Error.of_code(get_code_of_row(name, 500)) if name else None


def _recognise_validation_error(exception: BaseException) -> Error | None:
    if not isinstance(exception, ValidationError) or not vars(exception):
        # recognise_class_path() makes an instance without messages.
        return None
    detail = get_error_detail(exception)
    return Error.of_messages(read_detail(detail, 400, is_serializer=True), 400)


def _recognise_wrapped(
    exception: BaseException, names: ClassNames, request: AnyRequest | None, outer: Wrappers
) -> Error | None:
    """Return the error of the exception inside a wrapper, or of the exceptions in a group."""
    inside, project_rows = (*outer, exception), api_errors.EXCEPTIONS
    if isinstance(exception, BaseExceptionGroup):
        return _recognise_group(exception, request, inside)
    for name in names:
        if name in project_rows:
            # If the row has a code, _recognise() has applied it; `None` removes our row.
            continue
        if name in UNWRAP:
            inner = _read(UNWRAP[name], exception)
            is_exception = isinstance(inner, BaseException)
            return _recognise_inner(inner, request, inside) if is_exception else None
        if name in CODES_BY_EXCEPTION:
            return None
    return None


def _recognise_inner(
    exception: Any, request: AnyRequest | None, outer: Wrappers, *, is_compared: bool = True
) -> Error | None:
    """Return the error for an exception inside `outer`, refined by the source of its value."""
    error = _recognise(exception, request, outer)
    if request is None or has_project_row(exception):
        return error
    default = Error.of_code(get_code("INTERNAL_ERROR"))
    checked = refine_by_provenance(error or default, exception, request, is_compared=is_compared)
    return None if checked is default else checked


def _recognise_group(
    group: BaseExceptionGroup[BaseException], request: AnyRequest | None, inside: Wrappers
) -> Error | None:
    """Return the error of a group if all its exceptions, at any depth, have the same code."""
    leaves = _read(_get_leaves, group)
    errors = [
        _recognise_inner(leaf, request, inside, is_compared=number < MAX_COMPARED)
        for number, leaf in enumerate(leaves if isinstance(leaves, list) else ())
    ]
    recognised = [error for error in errors if error is not None]
    names = {error.code.name for error in recognised}
    if names == {"INVALID_ID", "INVALID_CONTENT"}:
        # An invalid identifier is invalid content.
        code = get_code("INVALID_CONTENT")
        recognised = [error._replace(code=code, status=code.status) for error in recognised]
    elif len(names) != 1:
        return None
    if len(recognised) < len(errors):
        return None
    messages = truncate([item for error in recognised for item in error.items])
    extra = {**messages.extra, **recognised[0].extra}
    return recognised[0]._replace(items=messages.items, left_out=messages.left_out, extra=extra)


def _get_leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """Return the exceptions of a group and of the groups in it, `[]` if it is too large."""
    leaves: dict[int, BaseException] = {}
    groups: dict[int, BaseException] = {id(group): group}
    stack = [group]
    while stack:
        for inner in stack.pop().exceptions:
            seen = groups if isinstance(inner, BaseExceptionGroup) else leaves
            if id(inner) not in seen and isinstance(inner, BaseExceptionGroup):
                stack.append(inner)
            seen[id(inner)] = inner
            is_too_many = len(groups) > MAX_GROUPS or len(leaves) > MAX_LEAVES
            if is_too_many or not isinstance(inner, BaseException):
                return []
    return [*leaves.values()]


def _recognise_attribute(
    exception: BaseException, names: ClassNames, project_rows: Rows
) -> Error | None:
    """Return the error for a number or a name in `exception`: an errno, an HTTP status."""
    for name in names:
        if name in CODES_BY_ATTRIBUTE and name not in project_rows:
            get_number, codes = CODES_BY_ATTRIBUTE[name]
            return _make_error(codes.get(_read(get_number, exception)))
    return None


def _read(function: Callable[[Any], object], exception: BaseException) -> object:
    """Return the value that `function` reads from `exception`, `None` if the function fails."""
    try:
        return function(exception)
    except Exception:
        return None
