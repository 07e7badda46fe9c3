"""The inputs of the fuzzer: strategies of hypothesis, with hostile values among them."""

from __future__ import annotations

import builtins
import datetime
import json
import sqlite3
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from django.core import exceptions as django_exceptions
from django.db import utils as database_exceptions
from django.http import Http404
from django.utils.functional import lazystr
from hypothesis import strategies as st
from rest_framework import exceptions as drf_exceptions
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.utils.serializer_helpers import ReturnDict, ReturnList

SECRET = "s3cret-text-of-an-exception"

# With halves of surrogate pairs, which UTF-8 cannot encode.
texts = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=30),
    st.sampled_from(["half \ud800 a pair", "\r\nSet-Cookie: a=b", "\u2028", "\0", " ", "%s {0}"]),
)


plain_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


class HostileError(Exception):
    """Raised by hostile attributes."""


def raise_hostile(*args: Any, **kwargs: Any) -> Any:
    raise HostileError(SECRET)


class Hostile:
    """An object that raises when it is converted to a string or compared."""

    __str__ = __repr__ = __eq__ = raise_hostile
    __hash__ = object.__hash__


class HostileString(str):
    """A string that raises when it is converted, and whose code raises when it is read."""

    __str__ = __repr__ = __format__ = raise_hostile
    code = property(raise_hostile)


class HostileDict(dict[Any, Any]):
    """A dict that raises when its items are read."""

    items = get = __iter__ = raise_hostile


class Endless(list[Any]):
    def __init__(self) -> None:
        super().__init__()
        self.append(self)
        self.append("An error.")


class Wild(NamedTuple):
    """A hostile value with a safe representation, for hypothesis."""

    value: Any

    def __repr__(self) -> str:
        """Return as much as can be read of the value."""
        try:
            attributes = vars(self.value) if isinstance(self.value, Exception) else self.value
            members = {name: type(of) for name, of in vars(type(self.value)).items()}
            return f"<{type(self.value).__mro__[:2]} {members} {attributes!r}>"
        except Exception as exc:
            return f"<{type(self.value).__mro__[:2]} {type(exc)}>"


@st.composite
def make_wild(draw: Callable[[Any], Any], values: st.SearchStrategy[Any]) -> Wild:
    """Return one of `values`, wrapped. With `map(Wild)` hypothesis would show the bare value."""
    return Wild(draw(values))


codes = st.one_of(
    texts, st.sampled_from(["unique", "required", "invalid", "", "no way", "é"]), st.none()
)
error_details = st.builds(ErrorDetail, texts, codes)
hostile_values = st.sampled_from(
    [Hostile, lambda: HostileString("x"), lambda: HostileDict(a=1), Endless]
).map(lambda make: make())
leaves = st.one_of(
    texts | error_details | st.none() | st.booleans() | st.floats() | st.binary(max_size=5),
    st.integers(-(2**70), 2**70) | st.decimals() | st.uuids(),
    st.dates() | st.times() | st.datetimes() | st.timedeltas(),
    st.builds(lazystr, texts),
    st.builds(lambda text: ValueError(SECRET, text), texts),
    st.sampled_from([object(), int, len, iter([]), datetime.UTC, uuid.NAMESPACE_DNS]),
)
keys = st.one_of(
    texts | st.none() | st.booleans() | st.integers(-3, 2**70) | st.floats(allow_nan=False),
    st.tuples(texts),
    st.sampled_from(["non_field_errors", "__all__", "detail", "error", "errors", "code", "status"]),
)


def make_trees(ends: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return nested details with `ends` as their leaves."""
    return st.recursive(
        ends,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.lists(inner, max_size=3).map(tuple),
            st.dictionaries(keys, inner, max_size=4),
            st.dictionaries(texts, inner, max_size=2).map(
                lambda value: ReturnDict(value, serializer=None)
            ),
            st.lists(inner, max_size=2).map(lambda value: ReturnList(value, serializer=None)),
        ),
        max_leaves=12,
    )


details = make_trees(leaves)
hostile_details = make_trees(st.one_of(leaves, hostile_values))
wild_details = make_wild(hostile_details)


def get_exceptions(module: Any) -> list[type[Exception]]:
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Exception)
    ]


def get_third_party_exceptions() -> list[type[Exception]]:
    """Return the exception classes of the installed clients, all of which are optional."""
    classes = []
    names = ("requests", "httpx", "urllib3.exceptions", "redis", "psycopg.errors", "aiohttp")
    for name in (*names, "kombu.exceptions", "smtplib", "urllib.error", "http.client"):
        try:
            classes += get_exceptions(__import__(name, fromlist=["*"]))
        except ImportError:
            continue
    return classes


CLASSES = [
    *(cls for cls in get_exceptions(builtins) if not issubclass(cls, Warning)),
    *(Http404, *get_exceptions(django_exceptions), *get_exceptions(database_exceptions)),
    *get_exceptions(drf_exceptions),
    *get_exceptions(sqlite3),
    *get_third_party_exceptions(),
]
API_CLASSES = [cls for cls in CLASSES if issubclass(cls, APIException)]

# The attributes and methods of an exception that the package, or code called by it, may use.
READ_NAMES = """
detail status_code default_code default_detail wait auth_header args errno exceptions sqlstate
sqlite_errorname reason code error_list error_dict message messages params serializer filename
__notes__ __module__ __class__ __doc__
"""
CALLED_NAMES = """
__str__ __repr__ __format__ __hash__ __eq__ __bool__ __len__ __iter__ add_note with_traceback
get_codes get_full_details __reduce__
"""
read_names = st.sampled_from(READ_NAMES.split())
called_names = st.sampled_from(CALLED_NAMES.split())

values = st.one_of(
    hostile_details,
    st.sampled_from([0, 99, 200, 204, 304, 400, 401, 404, 418, 429, 500, 503, 504, 599, 600]),
    st.sampled_from(["404", 10**400, -1, 0.5, float("inf"), float("nan"), "08006"]),
    st.sampled_from(["Basic realm=x", "Bearer\r\nSet-Cookie: a=b", "Bearer \N{SNOWMAN}"]),
)
members = st.one_of(
    st.tuples(read_names, st.one_of(values, st.just(property(raise_hostile)))),
    st.tuples(called_names, st.one_of(st.just(raise_hostile), values)),
)


@st.composite
def exceptions(draw: Callable[[Any], Any], depth: int = 2) -> Exception:
    """Return an exception of an existing class or of a new subclass, with hostile attributes."""
    cls = draw(st.sampled_from(CLASSES if draw(st.booleans()) else API_CLASSES))
    if draw(st.booleans()):
        cls = make_class(cls, draw(st.lists(members, max_size=3)))
    exception = make_instance(cls, draw(st.lists(st.one_of(values, st.just(SECRET)), max_size=3)))
    for name, value in draw(st.lists(st.tuples(read_names, values), max_size=2)):
        try:
            setattr(exception, name, value)
        except Exception:
            continue
    if depth and draw(st.integers(0, 3)) == 0:
        inner = draw(exceptions(depth=depth - 1))
        how = draw(st.sampled_from(["__cause__", "__context__", "group", "reason", "args"]))
        return nest(exception, inner, how)
    return exception


wild_exceptions = make_wild(exceptions())


def nest(exception: Exception, inner: Exception, how: str) -> Exception:
    """Return `exception` with `inner` in an attribute, or a group of both."""
    if how == "group":
        return ExceptionGroup(SECRET, [exception, inner])
    try:
        setattr(exception, how, (inner,) if how == "args" else inner)
    except Exception:
        return inner
    return exception


def make_class(cls: type[Exception], named: list[tuple[str, Any]]) -> type[Exception]:
    """Return a subclass with these attributes, or without any if Python rejects them."""
    try:
        return type("Wild", (cls,), dict(named))
    except Exception:
        return type("Tame", (cls,), {})


def make_instance(cls: type[Exception], args: list[Any]) -> Exception:
    """Return an instance, made without the constructor if that raises."""
    for make in (lambda: cls(*args), lambda: cls.__new__(cls, *args), lambda: cls.__new__(cls)):
        try:
            instance = make()
        except Exception:
            continue
        if isinstance(instance, Exception):
            return instance
    return HostileError(SECRET)


# Bytes decoded as Latin-1, as in PEP 3333, without line breaks.
header_texts = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=40)
PARAMETERS = """
;q=0.5|;q=x|; indent=4|; indent=-1|; indent=99999999|;charset=utf-8|; charset=bz2_codec
; charset=idna|; charset=utf-7|; charset=\xff|; boundary|; a*=bogus''x|; a*=utf-8''%ff|; a="
; boundary=x|;;;=|; version=\x00|; charset=utf-16|; charset=punycode|; charset=unicode_escape
; q=1;q=2
"""
MEDIA_TYPES = """
application/json text/html */* application/* application/xml / multipart/form-data
application/x-www-form-urlencoded text/plain json application/problem+json
application/vnd.api+json , a/b/c
"""
media_types = header_texts | st.builds(
    str.__add__,
    st.sampled_from(["", *MEDIA_TYPES.split()]),
    st.sampled_from(["", *PARAMETERS.strip().replace("\n", "|").split("|")]),
)
accepts = st.lists(media_types, min_size=1, max_size=4).map(",".join)

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "PROPFIND")

queries = st.one_of(
    st.sampled_from(["", "?format=json", "?format=xml", "?format=", "?format=%ff", "?page=x"]),
    st.just("?%00=1"),
    header_texts.map("?{}".format),
)

LONG_IDENTIFIERS = ["9" * 5000, "x" * 24, "\N{FULLWIDTH DIGIT ONE}"]
IDENTIFIERS = ["\0", "%00", "..", "a/b", "", " ", "1e5", "None"]
identifiers = st.one_of(
    texts,
    st.integers(-(2**70), 2**70).map(str),
    st.uuids().map(str),
    st.floats().map(str),
    st.sampled_from([*LONG_IDENTIFIERS, *IDENTIFIERS]),
).map(lambda text: text.encode(errors="surrogatepass").decode("latin-1"))

NAMES = ["name", "size", "shelf", "tags", "code", "slug", "number", "key", "things", "id", "pk"]
documents = st.recursive(
    st.one_of(
        texts | st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(),
        st.uuids().map(str),
        st.sampled_from([10**300, "9" * 30, "\0", "", "x" * 24]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(texts | st.sampled_from(NAMES), inner, max_size=5),
    ),
    max_leaves=15,
)


def encode(document: Any) -> bytes:
    """Return a document as JSON, with halves of surrogate pairs."""
    return json.dumps(document, ensure_ascii=False).encode(errors="surrogatepass")


@st.composite
def broken(draw: Callable[[Any], Any]) -> bytes:
    """Return JSON with a part cut out, doubled or replaced."""
    content = encode(draw(documents))
    start = draw(st.integers(0, len(content)))
    end = draw(st.integers(start, len(content)))
    return (
        content[:start]
        + draw(st.binary(max_size=4))
        + content[draw(st.sampled_from([start, end])) :]
    )


bodies = st.one_of(
    documents.map(encode),
    documents.map(json.dumps).map(str.encode),
    broken(),
    st.binary(max_size=60),
    st.builds(
        lambda text, depth: text * depth,
        st.sampled_from([b"[", b'{"a":', b"[{"]),
        st.integers(0, 3000),
    ),
    st.just(b'{"name": ' + b"9" * 5000 + b"}"),
    st.just(b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\na\r\n--x--\r\n'),
    st.just(b"name=a&size=%ff&shelf=\x00"),
)
