"""Provenance: whether the client sent a value that an exception is about.

In a variable of the URL, in the query string or in the body. Values are compared as strings, in a
simplified spelling. The comparison can be wrong in both directions: a project may convert a value,
and a value may be in the request by chance.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist, SuspiciousOperation, ValidationError
from django.http import Http404
from django.http.request import RawPostDataException
from django.utils.datastructures import MultiValueDict
from rest_framework.exceptions import APIException

from django_apierrors.catalog import get_code
from django_apierrors.errors import Error
from django_apierrors.exceptions import DRF_EXCEPTIONS
from django_apierrors.fallback import log_failure
from django_apierrors.recognition.complaints import find_complaint
from django_apierrors.recognition.tracebacks import find_rejected_field
from django_apierrors.validation.details import Item, make_path
from django_apierrors.validation.foreign_keys import MALFORMED

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request

    from django_apierrors.catalog import ErrorCode
    from django_apierrors.recognition.complaints import Complaint

# Where a value is. The URL comes first: it names the resource.
PLACES = ("path", "query", "body")

# A request with more values may have sent any value.
MAX_SENT = 20_000
MAX_MESSAGE_LENGTH = 1_000

UUID_LENGTH = 32

SCALARS = (str, bytes, int, float, Decimal, UUID, date, time, timedelta, type(None))
DATE = re.compile(r"\d{4}-\d\d-\d\d")

# What spellings of one value differ in: `shelf_id`, `shelfId`; hyphens of a UUID; the wildcards and
# the backslashes that `contains` adds.
IGNORED = re.compile(r"[-_%\\]+")

# A key and the keys above it, the nearest first: paths are made only for the values that match.
Keys: TypeAlias = tuple[Any, Any] | None


class Source(NamedTuple):
    """Where the client sent a value: one of `PLACES`, and the path there; `""` if it is unknown."""

    place: str
    name: str = ""


class SentValue(NamedTuple):
    """A value of the request in all its spellings, the whole value first, and where it is."""

    spellings: tuple[str, ...]
    place: str
    keys: Keys

    def has_name(self, names: tuple[str, ...]) -> bool:
        """Whether the key is that of a field: `shelf`, `shelf_id`, `shelfId`."""
        keys = self.keys
        while keys is not None and isinstance(keys[1], int):
            keys = keys[0]
        return keys is not None and bool(names) and _simplify(keys[1]).startswith(names)

    def get_source(self) -> Source:
        """Return the place and the path."""
        path, keys = [], self.keys
        while keys is not None:
            keys, key = keys
            path.append(key)
        return Source(self.place, make_path(reversed(path)))


def check_provenance(
    error: Error, exception: BaseException, request: HttpRequest | Request
) -> Error:
    """Return the error for an exception about a value, by whether the client sent the value.

    A value that the project's code wrote is a bug: INTERNAL_ERROR. docs/databases.md has the table.
    """
    # DRF's get_object_or_404() raises an Http404 in place of the exception of the lookup.
    is_lookup = error.code.name == "INVALID_ID" and isinstance(exception, Http404)
    subject = exception.__context__ if is_lookup else exception
    if isinstance(subject, (*DRF_EXCEPTIONS, type(None))):
        return error
    try:
        complaint = None if find_rejected_field(subject) else find_complaint(subject)
        return _judge(error, complaint, subject, request) if complaint is not None else error
    except Exception:
        # The request is read through the project's own classes.
        log_failure("looking for a value in the request")
        return error


def _judge(
    error: Error, complaint: Complaint, exception: BaseException, request: HttpRequest | Request
) -> Error:
    is_unknown = complaint.values is None and not complaint.names
    if request.method == "DELETE" and is_unknown and complaint.code == "MISSING_RESOURCE":
        # At COMMIT SQLite reports a missing parent and a parent in use alike.
        return Error.of_code(get_code("INVALID_STATE"))
    if isinstance(exception, ObjectDoesNotExist) and _is_about_user(complaint, request):
        return error
    source = _find_source(complaint, request)
    if source is None:
        return Error.of_code(get_code("INTERNAL_ERROR"))
    if not source.name:
        # Without the message of a ValidationError, which repeats the value.
        if isinstance(exception, ValidationError) or error.code.status >= 500:
            return Error.of_code(get_code("INVALID_CONTENT"))
        return error
    return _make_error(error, complaint, exception, source)


def _make_error(
    error: Error, complaint: Complaint, exception: BaseException, source: Source
) -> Error:
    is_path = source.place == "path"
    if complaint.code == "MISSING_RESOURCE":
        if is_path or isinstance(exception, ObjectDoesNotExist):
            return Error.of_code(get_code("MISSING_RESOURCE"))
    elif is_path and error.code.name == "INVALID_ID":
        # A lookup of the resource itself.
        return error
    elif is_path or complaint.code == "INVALID_ID":
        code = get_code("INVALID_ID")
        return Error.of_code(code, [Item(source.name, MALFORMED, str(code.message))])
    elif isinstance(exception, ValidationError) or error.code.status >= 500:
        code = get_code("INVALID_CONTENT")
        return Error.of_code(code, [Item(source.name, "invalid", _get_message(exception, code))])
    # A database's own error, in the client's spelling of the field.
    if not complaint.names and len(complaint.values or ()) > 1:
        # Which of the values the database rejected is unknown.
        return error
    message = error.items[0].message if error.items else str(error.code.message)
    return error._replace(items=[Item(source.name, error.code.name.lower(), message)])


def _get_message(exception: BaseException, code: ErrorCode) -> str:
    """Return the message of a model field, which repeats the client's value, or the code's."""
    message = exception.messages[0] if isinstance(exception, ValidationError) else ""
    return message if 0 < len(message) <= MAX_MESSAGE_LENGTH else str(code.message)


def _is_about_user(complaint: Complaint, request: HttpRequest | Request) -> bool:
    """Whether a lookup was for a row of the user that the credentials of the request name."""
    key = getattr(getattr(_get_plain(request), "user", None), "pk", None)
    return key is not None and any(
        _spell(key) in _spell_all(value) for value in complaint.values or ()
    )


def _find_source(complaint: Complaint, request: HttpRequest | Request) -> Source | None:
    """Return where the client sent a value that `complaint` is about, `None` if it did not."""
    is_readable, values = _iter_sent(request)
    sent = [*islice(values, MAX_SENT)]
    names = tuple(map(_simplify, complaint.names))
    # A list or a dict was sent if all that is in it was sent.
    wanted = [_spell_all(value) for value in complaint.values or ()]
    matches = _find_matches(sent, set[str | None]().union(*wanted), names)
    for spellings in wanted:
        if spellings and spellings <= matches.keys():
            sources = [matches[spelling].get_source() for spelling in spellings]
            return min(sources, key=lambda source: (PLACES.index(source.place), source.name))
    if complaint.code == "MISSING_RESOURCE":
        # A slug or a token may stand for the key; another key does not.
        kinds = {_get_kind(spelling or "") for spellings in wanted for spelling in spellings}
        for value in sent:
            if value.has_name(names) and _get_kind(value.spellings[0]) not in kinds - {""}:
                return value.get_source()
    if not is_readable or len(sent) == MAX_SENT:
        return Source("body")
    return Source(sent[0].place) if sent and complaint.values is None and not names else None


def _find_matches(
    sent: Iterable[SentValue], wanted: Container[str | None], names: tuple[str, ...]
) -> dict[str | None, SentValue]:
    """Return the best of the values in each wanted spelling: one with the name of the field."""
    matches: dict[str | None, tuple[tuple[bool, int], SentValue]] = {}
    for value in sent:
        for spelling in value.spellings:
            if spelling in wanted:
                rank = (not value.has_name(names), _get_place(value))
                if spelling not in matches or rank < matches[spelling][0]:
                    matches[spelling] = (rank, value)
    return {spelling: value for spelling, (_, value) in matches.items()}


def _get_place(value: SentValue) -> int:
    return PLACES.index(value.place)


def _get_kind(spelling: str) -> str:
    """Return the kind of key that a string looks like, `""` if it is no key."""
    if spelling.isdecimal():
        return "integer"
    return "UUID" if len(spelling) == UUID_LENGTH else ""


def _iter_sent(request: HttpRequest | Request) -> tuple[bool, Iterator[SentValue]]:
    """Return whether the body can be read, and all values that the client sent."""
    plain = _get_plain(request)
    match = plain.resolver_match
    stack: list[tuple[str, Keys, object]] = [
        ("query", None, plain.GET),
        ("path", None, match.kwargs if match is not None else {}),
    ]
    is_readable, data = _read_body(request, plain)
    return is_readable, _walk([("body", None, data), *stack])


def _get_plain(request: HttpRequest | Request) -> HttpRequest:
    """Return the request of Django inside DRF's `_request` (checked on DRF 3.16 and 3.18)."""
    plain: HttpRequest = getattr(request, "_request", request)
    return plain


def _read_body(request: HttpRequest | Request, plain: HttpRequest) -> tuple[bool, object]:
    length = plain.META.get("CONTENT_LENGTH") or "0"
    if length == "0" and "HTTP_TRANSFER_ENCODING" not in plain.META:
        return True, None
    try:
        # DRF's Request keeps the body that it has parsed; Django's has no such attribute.
        data = getattr(request, "data", None)
        if data is None:
            data = plain.POST or json.loads(plain.body)
    except APIException:
        # The view has not read the body either, or would have failed by this exception.
        return True, None
    except (RawPostDataException, SuspiciousOperation, OSError, ValueError, RecursionError):
        return False, None
    return isinstance(data, (Mapping, list)), data


def _walk(stack: list[tuple[str, Keys, object]]) -> Iterator[SentValue]:
    """Yield the values in `stack`, without recursion: a client chooses the depth."""
    while stack:
        place, keys, value = stack.pop()
        if isinstance(value, MultiValueDict):
            stack.extend(
                (place, (keys, key), item) for key, items in value.lists() for item in items
            )
        elif isinstance(value, Mapping):
            stack.extend((place, (keys, key), item) for key, item in value.items())
        elif isinstance(value, (list, tuple)):
            stack.extend((place, (keys, index), item) for index, item in enumerate(value))
        elif keys is not None and (spelling := _spell(value)) is not None:
            yield SentValue(tuple(_iter_spellings(value, spelling)), place, keys)


def _iter_spellings(value: object, spelling: str) -> Iterator[str]:
    """Yield what a project may make of a value that was sent: a key of a URL, a day of a time."""
    yield spelling
    if isinstance(value, str):
        if "/" in value:
            yield _simplify(value.rstrip("/").rpartition("/")[2])
        if DATE.match(value):
            yield _simplify(value[:10])


def _spell_all(value: object) -> set[str | None]:
    """Return the spellings of all that is in a value of the project's."""
    spellings: set[str | None] = set()
    stack = [value]
    while stack:
        value = stack.pop()
        if isinstance(value, Mapping):
            stack.extend(value.values())
        elif isinstance(value, (list, tuple, set, frozenset)):
            stack.extend(value)
        else:
            spellings.add(_spell(value))
    return spellings


def _spell(value: object) -> str | None:
    """Return a value as a string, `None` if no client can send it."""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if not isinstance(value, SCALARS):
        # A model instance in a lookup, or the JSON of a driver of PostgreSQL.
        value = getattr(value, "pk", None)
        return _simplify(value) if value is not None else None
    return _simplify(value)


def _simplify(value: object) -> str:
    try:
        spelling = IGNORED.sub("", str(value).strip()).lower()
    except ValueError:
        # An integer that is longer than sys.get_int_max_str_digits() allows.
        return ""
    return spelling.lstrip("0") or "0" if spelling.isdecimal() else spelling
