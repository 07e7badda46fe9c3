"""Recognition: an exception, whoever raised it, becomes an error.

Tables decide: the project's `EXCEPTIONS` and `known_exceptions` by what the exception is,
`passages` by where it went through, `database` by what the driver says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias

from django.core.exceptions import ValidationError
from rest_framework import exceptions
from rest_framework.fields import get_error_detail

from django_apierrors.catalog import RENAMED_STATUSES, find_code, get_code, get_status
from django_apierrors.conf import api_errors
from django_apierrors.database import recognise_database_error
from django_apierrors.details import Item, Items, flatten, get_message
from django_apierrors.errors import (
    Error,
    flatten_with_keys,
    get_limit,
    get_shared_code,
    is_one_line,
)
from django_apierrors.known_exceptions import (
    CODES_BY_API_EXCEPTION,
    CODES_BY_EXCEPTION,
    NUMBERED,
    WRAPPED,
)
from django_apierrors.memory import get_text
from django_apierrors.message_codes import GENERIC_MESSAGES, get_code_of_message
from django_apierrors.passages import find_passage
from django_apierrors.refusals import get_detail
from django_apierrors.relations import MALFORMED, find_refused_key

if TYPE_CHECKING:
    from django_apierrors.catalog import ErrorCode


# The names of an exception's classes, the nearest first, and what `EXCEPTIONS` says of them.
ClassNames: TypeAlias = tuple[str, ...]
Rows: TypeAlias = Mapping[str, str | None]

# The HTTP names that `EXCEPTIONS` may give in place of a code, whatever Python calls them.
STATUSES_BY_NAME: Mapping[str, int] = {
    **{name: status.value for name, status in HTTPStatus.__members__.items()},
    **{name: status for status, name in RENAMED_STATUSES.items()},
}

# The names of all rows of ours, whichever table they are in.
ROWS = frozenset({*CODES_BY_API_EXCEPTION, *CODES_BY_EXCEPTION, *WRAPPED, *NUMBERED})

# The modules whose default texts say what the catalogue says, in fewer words.
OWN_TEXTS = frozenset(
    {"rest_framework.exceptions", "django_apierrors.exceptions", "django_apierrors.refusals"}
)


def recognise(exception: BaseException) -> Error:
    """Return the error that `exception` stands for: INTERNAL_ERROR where it is not recognised."""
    return _recognise(exception) or Error.of_code(get_code("INTERNAL_ERROR"))


def _recognise(exception: BaseException) -> Error | None:
    own_rows = api_errors.EXCEPTIONS
    names = _get_names(type(exception), own_rows)
    name, is_own = _find_row(exception, names, own_rows)
    if isinstance(exception, exceptions.APIException):
        return _recognise_api_exception(exception, name)
    if is_own:
        return _make_error(name)
    return (
        _recognise_closely(exception, names, own_rows)
        or _recognise_validation_error(exception)
        or _recognise_inner(exception, names, own_rows)
        or _make_error(name)
        or _recognise_number(exception, names, own_rows)
    )


def _recognise_closely(exception: BaseException, names: ClassNames, own_rows: Rows) -> Error | None:
    """Return what says more of `exception` than its class, unless the project removed its row."""
    if own_rows and any(own_rows.get(name, "") is None for name in names):
        return None
    return (
        _recognise_key(exception)
        or _make_error(find_passage(exception))
        or recognise_database_error(exception)
    )


def _recognise_key(exception: BaseException) -> Error | None:
    field = find_refused_key(exception)
    if field is None:
        return None
    code = get_code("INVALID_ID")
    return Error.of_code(code, [Item(field, MALFORMED, str(code.message))])


def _find_row(
    exception: BaseException, names: ClassNames, own_rows: Rows
) -> tuple[str | None, bool]:
    """Return the code of the nearest row, and whether that row is the project's own."""
    # An APIException that is also a TimeoutError says its status itself.
    is_api_exception = isinstance(exception, exceptions.APIException)
    rows = CODES_BY_API_EXCEPTION if is_api_exception else CODES_BY_EXCEPTION
    for name in names:
        if name in own_rows:
            code = own_rows[name]
            if code is not None:
                return code, True
        elif name in rows:
            return rows[name], False
    return None, False


def _get_names(cls: type[BaseException], own_rows: Rows) -> ClassNames:
    """Return the names of `cls` and its bases that may have a row, the project's or ours."""
    # A setting that is no dict is to fail where it is asked for a name.
    get_names = _remember_names_of_rows if own_rows == {} else _remember_names
    try:
        return get_names(cls)  # type: ignore[arg-type]
    except TypeError:
        # A metaclass may leave its classes without a hash.
        return get_names.__wrapped__(cls)


# Bounded: some libraries make their exception classes anew for every call.
@lru_cache(maxsize=512)
def _remember_names(cls: type[BaseException]) -> tuple[str, ...]:
    return tuple(f"{base.__module__}.{base.__qualname__}" for base in cls.__mro__)


@lru_cache(maxsize=512)
def _remember_names_of_rows(cls: type[BaseException]) -> tuple[str, ...]:
    return tuple(name for name in _remember_names.__wrapped__(cls) if name in ROWS)


def _make_error(name: str | None) -> Error | None:
    return Error.of_code(_find_code(name, 500)) if name else None


def _find_code(name: str, status: int) -> ErrorCode:
    """Return the code of a row; a name of HTTP's has its status, any other new one `status`."""
    return find_code(name, STATUSES_BY_NAME.get(name, status))


def _recognise_api_exception(exception: exceptions.APIException, name: str | None) -> Error:
    status = _get_status(exception)
    items = _get_items(exception)
    if name is not None:
        code = _find_code(name, status)
        status = code.status
    else:
        code = _get_code(exception, items, status)
        status = get_status(code, status)
    return Error(code, status, items, items.left_out, _get_headers(exception))


def _get_status(exception: exceptions.APIException) -> int:
    # DRF's handle_exception() rewrites the 401 of an instance to 403 where the first
    # authenticator has no challenge.
    refused = (exceptions.NotAuthenticated, exceptions.AuthenticationFailed)
    status = (type(exception) if isinstance(exception, refused) else exception).status_code
    return status if isinstance(status, int) and 400 <= status <= 599 else 500


def _get_items(exception: exceptions.APIException) -> Items:
    """Return the messages of `exception`, none where they are a default text of DRF's or ours."""
    detail = get_detail(exception)
    if isinstance(detail, str):
        return Items() if _is_default(exception, detail) else flatten(detail)
    # A dict of details elsewhere is a library's: {"detail", "code", "messages"}.
    if not isinstance(exception, exceptions.ValidationError) and (message := get_message(detail)):
        return Items([message])
    items = flatten_with_keys(detail, get_limit())
    text = items.get_only_text()
    if text is not None and _is_default(exception, text):
        return Items()
    return items


def _is_default(exception: exceptions.APIException, message: str) -> bool:
    owner: Any = next(cls for cls in type(exception).__mro__ if "default_detail" in vars(cls))
    if owner.__module__ not in OWN_TEXTS:
        return False
    start, brace, end = get_text(owner.default_detail).partition("{")
    if brace:
        return message.startswith(start) and message.endswith(end.partition("}")[2])
    # Throttled adds how long to wait, which `Retry-After` says.
    return message == start or (
        isinstance(exception, exceptions.Throttled) and message.startswith(start)
    )


def _get_code(exception: exceptions.APIException, items: Items, status: int) -> ErrorCode:
    """Return the code of `exception`: its own where that says more than the status does."""
    # What is given as a code may be anything: an HTTP status, a list.
    default = exception.default_code if isinstance(exception.default_code, str) else "error"
    if isinstance(exception, exceptions.ValidationError) and default in GENERIC_MESSAGES:
        return get_shared_code(items, status)
    detail = getattr(exception, "detail", None)
    message = get_message(detail)
    own = message.code if message else getattr(detail, "code", None)
    return get_code_of_message(own if isinstance(own, str) and own else default, status)


def _get_headers(exception: exceptions.APIException) -> dict[str, str]:
    """Return the headers that `exception` brings with it, under the names that DRF reads them by.

    `auth_header` is set by DRF's handle_exception() where the first authenticator has a challenge;
    `wait` is in seconds.
    """
    headers = {}
    challenge = getattr(exception, "auth_header", None)
    if challenge and is_one_line(challenge):
        headers["WWW-Authenticate"] = str(challenge)
    wait = getattr(exception, "wait", None)
    if isinstance(wait, (int, float)) and 0 <= wait < math.inf:
        headers["Retry-After"] = str(math.ceil(wait))
    return headers


def _recognise_validation_error(exception: BaseException) -> Error | None:
    if not isinstance(exception, ValidationError):
        return None
    return Error.of_items(flatten(get_error_detail(exception), get_limit()), 400)


def _recognise_inner(exception: BaseException, names: ClassNames, own_rows: Rows) -> Error | None:
    """Return what the exceptions inside a wrapper or a group agree to be."""
    if isinstance(exception, BaseExceptionGroup):
        errors = [_recognise(inner) for inner in exception.exceptions]
        known = [error for error in errors if error is not None]
        if len(known) < len(errors) or len({error.code.name for error in known}) > 1:
            return None
        return known[0]._replace(items=[item for error in known for item in error.items])
    for name in names:
        if name in own_rows:
            # A row of the project's that names a code has been followed already.
            continue
        if name in WRAPPED:
            inner = WRAPPED[name](exception)
            return _recognise(inner) if isinstance(inner, BaseException) else None
        if name in CODES_BY_EXCEPTION:
            return None
    return None


def _recognise_number(exception: BaseException, names: ClassNames, own_rows: Rows) -> Error | None:
    """Return what the number that `exception` has tells: an errno, an HTTP status."""
    for name in names:
        if name in NUMBERED and name not in own_rows:
            get_number, codes = NUMBERED[name]
            return _make_error(codes.get(get_number(exception)))
    return None
