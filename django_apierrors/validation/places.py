"""Places: where a client sent the value of a message, and how the client spells its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import cache, reduce
from itertools import islice
from operator import getitem
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.utils.module_loading import import_string
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.utils import json

from django_apierrors.conf import api_errors
from django_apierrors.fallback import log_failure
from django_apierrors.validation import messages
from django_apierrors.validation.extra import MAX_DEPTH, clean

# Django's request, or DRF's, which is made from it.
AnyRequest: TypeAlias = HttpRequest | Request

UNSAFE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})

# The places of messages without a field, by the code of the error. Other codes have no place.
PLACES_BY_CODE: Mapping[str, str] = {
    "ALREADY_EXISTS": messages.BODY,
    "CONTENT_TOO_LARGE": messages.BODY,
    "GONE": messages.PATH,
    "INVALID_CONTENT": messages.BODY,
    "INVALID_ID": messages.PATH,
    "MISSING_RESOURCE": messages.PATH,
    "UNAUTHENTICATED": messages.HEADER,
    "UNSUPPORTED_MEDIA_TYPE": messages.HEADER,
}

# The number of values of a body among which the data of a serializer are searched.
MAX_SEARCHED = 100_000

# A name in the path of a field.
NAME = re.compile(r"[^\W\d]\w*")


def locate_items(
    items: Iterable[messages.Item], code: str, request: AnyRequest | None, place: str | None = None
) -> Iterator[messages.Item]:
    """Yield the items of an error with that `code`, each with its place in `request`.

    If `place` is given, the value is not in `request`, as in an example. The names of fields are
    spelt as the client spells them, by `FIELD_NAMES`.
    """
    request = request if place is None else None
    body = None if request is None else get_parsed_body(request)
    is_known = body is not None and body != ()
    spell = find_spelling_function()
    # Parsed once: a query may have a thousand parameters, and as many messages about them. Not
    # `request.GET`, which a middleware may have changed.
    query = "" if spell is None or request is None else request.META.get("QUERY_STRING", "")
    sent = dict(parse_qsl(query, keep_blank_values=True))
    data: object = None
    prefix: messages.Path | None = ()
    for item in items:
        if item.data is not None and body != ():
            if item.data is not data:
                # Once for all messages of a serializer.
                data = item.data
                prefix = find_prefix(data, body) if is_known else None
            item = item._replace(keys=() if prefix is None else (*prefix, *item.keys))
        if item.place is None:
            item = item._replace(place=find_place(item, code, request, body, place))
        keys = item.keys
        if spell is not None:
            item = spell_item(item, spell, None if request is None else sent)
        # A middleware may have changed the names, and a constraint of a database does not name the
        # row, or has names that the client does not know.
        if is_known and not any(is_sent(path, body, item.code) for path in (keys, item.keys)):
            item = item._replace(keys=())
        yield item


def find_place(
    item: messages.Item, code: str, request: AnyRequest | None, body: object, place: str | None
) -> str:
    """Return where the client sent the value that `item` is about, `""` if that is unknown."""
    if place == "":
        return ""
    if item.data is not None and request is not None and item.data is get_query(request):
        return messages.QUERY
    if not item.field:
        return find_place_of_code(code, request, place)
    if request is None:
        return place or ""
    is_unsafe = request.method in UNSAFE_METHODS
    name = item.keys[0] if item.keys else item.field
    # A field of the body that was not sent may have the name of a parameter.
    is_missing = is_unsafe and item.code == "required"
    if is_missing or (isinstance(body, Mapping) and name in body):
        return messages.BODY
    if not isinstance(name, str):
        return messages.BODY if is_unsafe else ""
    if name in get_query(request):
        return messages.QUERY
    if request.resolver_match is not None and name in request.resolver_match.kwargs:
        return messages.PATH
    if "-" in name and name in request.headers:
        return messages.HEADER
    return messages.BODY if is_unsafe else messages.QUERY


def find_place_of_code(code: str, request: AnyRequest | None, place: str | None) -> str:
    """Return where the client sent the value of an error without a field."""
    default = PLACES_BY_CODE.get(code, "")
    if request is None:
        return place or default if default == messages.BODY else default
    if code == "UNSUPPORTED_MEDIA_TYPE":
        has_format = (api_settings.URL_FORMAT_OVERRIDE or "") in get_query(request)
        return messages.QUERY if has_format else messages.HEADER
    is_query = default == messages.BODY and request.method not in UNSAFE_METHODS
    return messages.QUERY if is_query else default


def get_query(request: AnyRequest) -> Mapping[str, Any]:
    """Return the query parameters, nothing if there are more than Django allows."""
    try:
        return request.GET
    except SuspiciousOperation:
        return {}


def get_parsed_body(request: AnyRequest) -> object:
    """Return the parsed body, `()` if nothing has read it, `None` if it cannot be read again."""
    # Private, but DRF's Request reads it too; checked on Django 5.2 and 6.1. If nothing has read
    # the body, it is not read here: reading could wait for the client.
    if not request._read_started:  # type: ignore[union-attr]
        return ()
    try:
        if not isinstance(request, Request):
            return request.POST or json.loads(request.body.decode())
        return () if request.data is None else request.data
    except APIException:
        # The view has not read `data`: otherwise the error would be that of this exception.
        return ()
    except Exception:
        # The view has read a stream, or the body is not JSON.
        return None


def find_prefix(data: object, body: Any) -> messages.Path | None:
    """Return the keys that lead to `data`, the same object, in `body`; `()` for a copy of `body`.

    A serializer may validate a part of the body. `None` for a mapping without a key of the body.
    """
    if data is body:
        return ()
    values = islice(iter_values(body), MAX_SEARCHED)
    paths = [keys for keys, value in values if value is data]
    if len(paths) == 1:
        # Equal numbers and short strings may be the same object.
        return paths[0]
    is_comparable = isinstance(data, Mapping) and isinstance(body, Mapping) and bool(body)
    return None if is_comparable and body.keys().isdisjoint(data) else ()


def iter_values(value: Any, keys: messages.Path = ()) -> Iterator[tuple[messages.Path, Any]]:
    """Yield the values in a document, each with the keys that lead to it."""
    yield keys, value
    # A document in YAML may contain itself.
    if isinstance(value, (dict, list)) and len(keys) < MAX_DEPTH:
        for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
            yield from iter_values(entry, (*keys, key))


def is_sent(keys: messages.Path, body: Any, code: str | None) -> bool:
    """Whether `keys` lead to a value in `body`, or to where a required value is missing."""
    try:
        reduce(getitem, keys[:-1] if code == "required" else keys, body)
    except (LookupError, TypeError):
        return False
    return True


def make_pointer(keys: Iterable[object]) -> str | None:
    """Return the JSON pointer (RFC 6901) to a value, `None` if a key cannot be sent as it is."""
    tokens = []
    for key in keys:
        token = str(key)
        # Too long, or half of a surrogate pair.
        if len(token) > messages.MAX_SEGMENT_LENGTH or clean(token) != token:
            return None
        tokens.append("/" + token.replace("~", "~0").replace("/", "~1"))
    return "".join(tokens)


def is_field_name(value: object) -> bool:
    """Whether `value` can be sent as the name of a field: not with half of a surrogate pair."""
    return isinstance(value, str) and value != "" and clean(value) == value


def find_spelling_function() -> Callable[[str], str] | None:
    """Return the function named by `FIELD_NAMES`, `None` if it is not set or not importable.

    A name for which the function fails stays. The first failure is logged.
    """
    try:
        function: Any = api_errors.FIELD_NAMES and import_string(api_errors.FIELD_NAMES)
    except Exception:
        log_failure("importing the function named by FIELD_NAMES")
        return None
    if not function:
        return None

    has_failed = False

    # Each name once for an error: a body may have a thousand messages about ten fields.
    @cache
    def spell(name: str) -> str:
        nonlocal has_failed
        try:
            spelling: str = function(name)
            if is_field_name(spelling):
                return spelling
            raise TypeError(f"{api_errors.FIELD_NAMES} must return a name, not {spelling!r}.")
        except Exception:
            if not has_failed:
                log_failure("calling the function named by FIELD_NAMES")
            has_failed = True
        return name

    return spell


def spell_item(
    item: messages.Item, spell: Callable[[str], str], sent: Container[str] | None
) -> messages.Item:
    """Return `item` with each name in the path of its field as `spell` returns it.

    The names of URL variables and of headers do not change. The name of a query parameter changes
    only if the client sent the changed name: djangorestframework-camel-case changes `request.GET`.
    `sent` has the names that the client sent, `None` without a request.
    """
    if item.place in (messages.PATH, messages.HEADER) or not item.field:
        return item

    field = NAME.sub(lambda match: messages.cut(spell(match[0])), item.field)
    if item.place == messages.QUERY and sent is not None:
        return item._replace(field=field) if field in sent else item
    if make_pointer(item.keys) is None:
        # A function may return a shorter name.
        return item._replace(field=field, keys=())

    def spell_key(key: str) -> str:
        return NAME.sub(lambda match: spell(match[0]), key)

    keys = (spell_key(key) if isinstance(key, str) else key for key in item.keys)
    return item._replace(field=field, keys=tuple(keys))
