"""Provenance: whether the client sent a value that was rejected, or the project's code wrote it.

The client sends values in the variables of the URL, in the query string and in the body. All of
them are compared in a simplified spelling. The comparison can be wrong in both directions: a
project may convert a value, and a value may be in the request by chance.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.files import File
from django.http import Http404
from django.utils.datastructures import MultiValueDict
from django.utils.dateparse import parse_datetime, parse_duration, parse_time
from django.utils.ipv6 import clean_ipv6_address
from django.utils.timezone import is_aware, is_naive, localdate, make_aware
from rest_framework.fields import BooleanField
from rest_framework.pagination import BasePagination
from rest_framework.permissions import SAFE_METHODS

from django_apierrors.catalog import get_code
from django_apierrors.errors import Error, find_django_request
from django_apierrors.exceptions import DRF_EXCEPTIONS
from django_apierrors.fallback import log_failure
from django_apierrors.recognition.rejected_values import RejectedValues, find_rejected_values
from django_apierrors.recognition.tracebacks import find_query_reader, get_page_parameter
from django_apierrors.validation.extra import CONTAINERS
from django_apierrors.validation.messages import BODY, PATH, QUERY, Item, Path, make_path
from django_apierrors.validation.places import AnyRequest, get_parsed_body

# The URL comes first: it names the resource.
ORDER = (PATH, QUERY, BODY)

# If a request has more values, any rejected value counts as sent by the client.
MAX_SENT = 20_000

SCALARS = (str, bytes, int, float, Decimal, UUID, date, time, timedelta, type(None))

DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _parse_datetime(text: str) -> datetime | None:
    parsed = parse_datetime(text)
    return make_aware(parsed) if parsed is not None and is_naive(parsed) else parsed


def _parse_date(text: str) -> date | None:
    """Return the local date of a datetime, as a DateField of a model does."""
    parsed = _parse_datetime(text)
    return None if parsed is None else localdate(parsed)


def _parse_bool(text: str) -> bool | None:
    is_true = text.lower() in BooleanField.TRUE_VALUES
    return is_true if is_true or text.lower() in BooleanField.FALSE_VALUES else None


# The functions of fields that convert a string or a number, by the type of a rejected value. Longer
# strings than MAX_PARSED are not parsed. One character is parsed only under a key with the name of
# a field, because `page=1` does not send True.
PARSERS: Mapping[type, Callable[[str], object]] = {
    datetime: _parse_datetime,
    date: _parse_date,
    time: parse_time,
    timedelta: parse_duration,
    bool: _parse_bool,
    float: float,
    str: lambda text: clean_ipv6_address(text) if ":" in text else None,
}
MAX_PARSED = 1_000

# The spellings of one value differ in these characters: the hyphens of a UUID, the underscore in
# `shelf_id` (`shelfId`), the wildcards that a `contains` adds, and the anchors of a pattern.
IGNORED = re.compile(r"[-+_%\\^$]+")

# A view may split a string into these parts, and the string of a search into words.
SEPARATORS = re.compile(r"[,;|]")
QUERY_SEPARATORS = re.compile(r"[,;|\s]")

# A project may put a string that was sent into a longer one, or cut a shorter one out of it. The
# shorter string may be in the longer one by chance if it has fewer than MIN_COMMON characters, or
# less than half of the characters of the longer one. More than MAX_DERIVED values are not compared.
MIN_COMMON, MAX_DERIVED = 3, 20

# Deeper lists and dicts are not compared as a whole: each comparison may go through all levels.
MAX_LEVELS = 20

# The keys around a value, its own key, and the innermost key that is not the index of a list. The
# path is made only if it is needed.
Keys: TypeAlias = tuple[Any, Any, Any]

# One of `PLACES`, the keys around a value, and the value.
Sent: TypeAlias = tuple[str, Keys, object]


class Source(NamedTuple):
    """The place of a value in the request: one of `PLACES`, and the keys to it, if known."""

    place: str
    keys: Path = ()


def refine_by_provenance(
    error: Error,
    exception: BaseException,
    request: AnyRequest,
    *,
    is_compared: bool = True,
    sent: Mapping[str, object] | None = None,
) -> Error:
    """Return `error` with the place of the value, INTERNAL_ERROR if the client did not send it.

    A value that is not compared counts as the client's. `sent` replaces the values of the request.
    """
    # DRF's get_object_or_404() raises an Http404 in place of the exception of the lookup.
    is_lookup = error.code.name == "INVALID_ID" and isinstance(exception, Http404)
    cause = exception.__context__ if is_lookup else exception
    if cause is None or isinstance(cause, DRF_EXCEPTIONS):
        return error
    try:
        rejected = find_rejected_values(cause, is_safe=request.method in SAFE_METHODS)
        if rejected is None:
            return error
        is_missing = rejected.code == "MISSING_RESOURCE"
        if request.method == "DELETE" and is_missing and not rejected.fields:
            # SQLite has one message for a missing row and for a row that is still needed.
            return Error.of_code(get_code("INVALID_STATE"))
        pagination = find_query_reader(cause, None)
        decoded = _decode_cursor(pagination)
        sent = sent or _get_sent(request)
        source = _find_source(rejected, sent, decoded) if is_compared else Source(BODY)
        if source is None:
            return Error.of_code(get_code("INTERNAL_ERROR"))
        if source.place == QUERY and source.keys and source.keys[0] in decoded:
            return _make_cursor_error(pagination)
        if rejected.code is None:
            return error
        return _make_error(error, cause, rejected.code, source)
    except Exception:
        # The request and the models are read through the project's own classes.
        log_failure("looking for a value in the request")
        return error


def locate_parameter(error: Error, exception: BaseException, request: Any, view: Any) -> Error:
    """Return `error` about the query string if a pagination or a filter backend raised `exception`.

    The message about a page that does not exist gets the name of the parameter. A 404 of a filter
    backend is returned unchanged: it may be about the resource that the URL names.
    """
    if not isinstance(exception, DRF_EXCEPTIONS) or error.status not in (400, 404):
        return error
    try:
        reader = find_query_reader(exception, view)
        is_page = isinstance(reader, BasePagination) and error.status == 404
        if reader is None or (error.status == 404 and not is_page):
            return error
        name = get_page_parameter(reader)[0] if is_page else ""
        default = Item("", error.code.name.lower(), str(error.code.message))
        variables = request.resolver_match.kwargs if request.resolver_match else ()
        return error._replace(
            items=[
                item if item.field in variables else _move_to_query(item, name)
                for item in error.items or [default]
            ]
        )
    except Exception:
        # The pagination and the filter backends are the project's own classes.
        log_failure("looking for the parameter of an error")
        return error


def _move_to_query(item: Item, name: str) -> Item:
    """Return a message about the query string; about the parameter `name` if it has no field."""
    if not item.field and name:
        # The project's message may name the parameter.
        message = item.message.removeprefix(f"{name}: ")
        item = item._replace(field=name, message=message, keys=(name,))
    return item._replace(place=item.place or QUERY)


def _decode_cursor(pagination: Any) -> dict[str, object]:
    """Return the value in the cursor of DRF's pagination, by the name of its parameter."""
    # DRF sets the attribute when it has decoded the parameter. Other paginations do not have it.
    position = getattr(getattr(pagination, "cursor", None), "position", None)
    return {} if position is None else {get_page_parameter(pagination)[0]: position}


def _make_cursor_error(pagination: Any) -> Error:
    """Return the error that our own pagination has for an invalid cursor."""
    name, message = get_page_parameter(pagination)
    item = Item(name, "invalid", str(message), (name,), QUERY)
    return Error.of_code(get_code("INVALID_CONTENT"), [item])


def _make_error(error: Error, cause: BaseException, name: str, source: Source) -> Error:
    """Return the error about the value at `source`, with the code `name`."""
    is_get = isinstance(cause, ObjectDoesNotExist)
    is_in_path, is_lookup = source.place == PATH, error.code.name == "INVALID_ID"
    if (name == "MISSING_RESOURCE" and (is_in_path or is_get)) or (is_in_path and is_lookup):
        # The message is about the resource of the URL, not about a field.
        return Error.of_code(get_code(name if name == "MISSING_RESOURCE" else "INVALID_ID"))
    if is_in_path or is_lookup:
        name = "INVALID_ID"
    if error.code.name != name:
        error = Error.of_code(get_code(name))
    item = error.items[0] if error.items else Item("", name.lower(), str(error.code.message))
    if source.keys:
        item = item._replace(field=make_path(source.keys), keys=source.keys)
    # Without a field the message of the code is sent. The message of a ValidationError is not sent,
    # because it repeats the value, which may be the project's.
    return error._replace(items=[item._replace(place=source.place)] if item.field else [])


def _find_source(
    rejected: RejectedValues, places: Mapping[str, object], decoded: Mapping[str, object]
) -> Source | None:
    """Return the source of one of the rejected values, `None` if the client sent other values only.

    `decoded` has values that the query string contains in an encoded form, such as a cursor.
    """
    body = places[BODY]
    sent = [*islice(_iter_sent(places), MAX_SENT)]
    # If a client omits a value from a body that the view has parsed, the value is NULL.
    is_left_out = rejected.code is None and rejected.values == [None] and body != ()
    is_unknown = body is None or len(sent) == MAX_SENT
    sent += [(QUERY, keys, value) for keys, value in _walk(decoded) if keys[0]]
    default = Source(BODY) if (is_unknown or is_left_out) and rejected.values != () else None
    if rejected.values is None:
        sources = [Source(place) for place, _, value in sent if not isinstance(value, CONTAINERS)]
        return sources[0] if sources else default
    matches = _find_matches(rejected, sent)
    values = {*map(_spell_all, rejected.values)}
    # A list or a dict was sent if everything in it was sent.
    sources = [
        matches[spelling]
        for spellings in values
        if spellings <= matches.keys()
        for spelling in spellings
    ]
    if not sources:
        return _find_derived(values, sent) or default
    source = min(sources, key=lambda source: ORDER.index(source.place))
    # If there are many values, the rejected one is unknown.
    return source if len(values) == 1 else Source(source.place)


def _find_matches(rejected: RejectedValues, sent: Sequence[Sent]) -> dict[object, Source]:
    """Return the source of each spelling of a rejected value that the client sent.

    A list or a dict as a whole has priority, then a value under the name of a field of the model.
    """
    values = rejected.values or ()
    wanted = frozenset[object]().union(*map(_spell_all, values)) - {None}
    containers = [value for value in values if _has_values(value)]
    names = tuple(map(_simplify, rejected.fields))
    types = {type(inner) for value in values for _, inner in islice(_walk(value), MAX_SENT)}
    parsers = [PARSERS[cls] for cls in types & PARSERS.keys()]
    matches: dict[object, Source] = {}
    ranks: dict[object, int] = {}
    for place, keys, value in sent:
        is_whole = _has_values(value) and _is_shallow(keys) and value in containers
        # Only the beginning of the key: a client may send a 1 MB key above thousands of values.
        is_named = _simplify(str(keys[2])[:100]).startswith(names)
        parsed = _iter_parsed(value, parsers, is_named=is_named)
        spellings = wanted & {*_iter_spellings(value), *parsed}
        for spelling in _spell_all(value) if is_whole else spellings:
            rank = 1 + is_named + 2 * is_whole
            if rank > ranks.get(spelling, 0):
                matches[spelling], ranks[spelling] = Source(place, _make_path(keys)), rank
    return matches


def _find_derived(values: set[frozenset[object]], sent: Sequence[Sent]) -> Source | None:
    """Return the source of a sent string that contains a value, or that a value contains.

    The shorter string must have at least half of the characters of the longer one.
    """
    strings = [value for spellings in values for value in spellings if isinstance(value, str)]
    for place, keys, value in sent if len(strings) <= MAX_DERIVED else ():
        spelling = _simplify(value) if isinstance(value, str) else ""
        for string in strings:
            short, long = sorted((string, spelling), key=len)
            if len(short) >= max(MIN_COMMON, len(long) / 2) and short in long:
                return Source(place, _make_path(keys) if len(values) == 1 else ())
    return None


def _get_sent(request: AnyRequest) -> dict[str, object]:
    """Return the values that the client sent, by their place."""
    django_request: Any = find_django_request(request)
    match: Any = django_request.resolver_match
    if match is None:
        # A test calls the view without a URL: DRF's request has the arguments.
        context = getattr(request, "parser_context", None) or {}
        variables = {**dict(enumerate(context.get("args", ()))), **context.get("kwargs", {})}
    else:
        arguments = {**dict(enumerate(match.args)), **match.kwargs}
        # The extra arguments are constants of the URL pattern.
        variables = {key: arguments[key] for key in arguments if key not in match.extra_kwargs}
    return {PATH: variables, QUERY: django_request.GET, BODY: get_parsed_body(request)}


def _iter_sent(places: Mapping[str, object]) -> Iterator[Sent]:
    """Yield all values that the client sent, and the containers around them."""
    for place, values in places.items():
        for keys, value in _walk(values):
            if keys[0] or value not in ({}, ()):
                yield place, keys, value
            if keys[0] and isinstance(keys[1], str) and not keys[1].isidentifier():
                # The name of a field is an identifier. The client chose any other key.
                yield place, keys, keys[1]
            if isinstance(value, str):
                yield from ((place, keys, part) for part in _iter_parts(place, value))


def _iter_parts(place: str, text: str) -> Iterator[object]:
    """Yield the parts of a string, and the values in it if it is a JSON document."""
    parts = (QUERY_SEPARATORS if place == QUERY else SEPARATORS).split(text, MAX_SENT)
    yield from parts if len(parts) > 1 else ()
    if text.startswith(("{", "[")):
        with suppress(ValueError, RecursionError):
            yield from (value for _, value in _walk(json.loads(text)) if not _has_values(value))


def _walk(values: object) -> Iterator[tuple[Keys, object]]:
    """Yield `values` and all values in it, without recursion: a client chooses the depth."""
    levels: list[Iterator[tuple[Keys, object]]] = [iter([((None, "", ""), values)])]
    while levels:
        for keys, value in levels[-1]:
            yield keys, value
            if isinstance(value, CONTAINERS):
                levels.append(_iter_items(keys, value))
                break
        else:
            levels.pop()


def _iter_items(keys: Keys, container: Any) -> Iterator[tuple[Keys, object]]:
    if isinstance(container, MultiValueDict):
        return (((keys, key, key), value) for key, values in container.lists() for value in values)
    if isinstance(container, Mapping):
        return (((keys, key, key), value) for key, value in container.items())
    return (((keys, index, keys[2]), value) for index, value in enumerate(container))


def _is_shallow(keys: Keys) -> bool:
    levels = 0
    while keys is not None and levels <= MAX_LEVELS:
        keys, levels = keys[0], levels + 1
    return keys is None


def _make_path(keys: Keys) -> Path:
    path = []
    while keys[0] is not None:
        path.append(keys[1])
        keys = keys[0]
    return tuple(reversed(path))


def _spell_all(value: object) -> frozenset[object]:
    """Return the spellings of the values in a value, `{()}` if all are empty containers."""
    values = (inner for _, inner in islice(_walk(value), MAX_SENT))
    spellings = frozenset(_spell(inner) for inner in values if not _has_values(inner))
    return spellings - {()} or spellings


def _has_values(value: object) -> bool:
    return isinstance(value, CONTAINERS) and bool(value)


def _iter_spellings(value: object) -> Iterator[object]:
    """Yield the values that a project may make of a value that was sent."""
    yield _spell(value)
    if isinstance(value, str):
        if "/" in value:
            # The key in the URL of a resource.
            yield _spell(value.rstrip("/").rpartition("/")[2])
        if DATE.match(value):
            yield _spell(value[:10])
    elif isinstance(value, float) and value.is_integer():
        # 9223372036854775808 for 9.223372036854776e18.
        yield _spell(int(value))


def _iter_parsed(
    value: object, parsers: Sequence[Callable[[str], object]], *, is_named: bool
) -> Iterator[object]:
    """Yield the values that fields parse from a value that was sent."""
    if not parsers or not isinstance(value, (str, int, float)):
        return
    if not isinstance(value, str):
        value = str(value) if abs(value) < 2**64 else ""
    if not (len(value) > 1 or is_named) or len(value) > MAX_PARSED:
        return
    for parse in parsers:
        with suppress(ValueError, OverflowError, ValidationError):
            parsed = parse(value.strip())
            if parsed is not None:
                yield _spell(parsed)


def _spell(value: object) -> object:
    """Return a value as a simplified string or as a number, `None` if no client can send it."""
    if isinstance(value, datetime):
        # At the ends of the calendar, a time of another time zone cannot be converted to UTC.
        with suppress(OverflowError):
            value = value.astimezone(UTC) if is_aware(value) else value
        value = value.date()
    if isinstance(value, File):
        # The name, which a FileField writes.
        value = str(value)
    if not isinstance(value, SCALARS):
        is_empty = isinstance(value, CONTAINERS) and not value
        return () if is_empty else None
    spelling = None
    try:
        spelling = _simplify(value)
        # `7`, `007`, `7.0` and a 7 of another script are one number.
        is_number = spelling[:1].isdecimal() and len(spelling) < 40
        return Decimal(spelling) if is_number else spelling
    except (ArithmeticError, ValueError):
        # An int can have more digits than sys.set_int_max_str_digits() allows.
        return spelling


def _simplify(value: object) -> str:
    return IGNORED.sub("", str(value)).strip().lower()
