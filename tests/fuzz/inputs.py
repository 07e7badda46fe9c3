"""What the fuzzer sends and raises: hypothesis strategies, each with what may be hostile in it."""

from __future__ import annotations

import builtins
import datetime
import decimal
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

# With halves of surrogate pairs, which no UTF-8 can hold.
texts = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=30),
    st.sampled_from(["half \ud800 a pair", "\r\nSet-Cookie: a=b", "\u2028", "\0", " ", "%s {0}"]),
)


class HostileError(Exception):
    """What hostile members raise."""


def refuse(*args: Any, **kwargs: Any) -> Any:
    """Raise, whatever is asked."""
    raise HostileError(SECRET)


class Unspeakable:
    """An object that has no text, and raises when it is compared."""

    __str__ = __repr__ = __eq__ = refuse
    __hash__ = object.__hash__


class UnspeakableText(str):
    """A text that does not say itself, and has a code that cannot be read."""

    __str__ = __repr__ = __format__ = refuse
    code = property(refuse)


class UnspeakableDict(dict[Any, Any]):
    """A dict whose items nobody gets."""

    items = get = __iter__ = refuse


class Endless(list[Any]):
    """A list inside itself."""

    def __init__(self) -> None:
        """Put it there."""
        super().__init__()
        self.append(self)
        self.append("An error.")


class Wild(NamedTuple):
    """A value that hypothesis can show without asking it anything."""

    value: Any

    def __repr__(self) -> str:
        """Return what can be said of it."""
        try:
            told = vars(self.value) if isinstance(self.value, Exception) else self.value
            members = {name: type(of) for name, of in vars(type(self.value)).items()}
            return f"<{type(self.value).__mro__[:2]} {members} {told!r}>"
        except Exception as exc:
            return f"<{type(self.value).__mro__[:2]} {type(exc)}>"


@st.composite
def make_wild(draw: Callable[[Any], Any], values: st.SearchStrategy[Any]) -> Wild:
    """Return one of `values`, wrapped; hypothesis would show what `map(Wild)` was called with."""
    return Wild(draw(values))


codes = st.one_of(
    texts, st.sampled_from(["unique", "required", "invalid", "", "no way", "é"]), st.none()
)
error_details = st.builds(ErrorDetail, texts, codes)
hostile_values = st.sampled_from(
    [Unspeakable, lambda: UnspeakableText("x"), lambda: UnspeakableDict(a=1), Endless]
).map(lambda make: make())
leaves = st.one_of(
    *(texts, error_details, st.none(), st.booleans(), st.floats(), st.binary(max_size=5)),
    st.integers(-(2**70), 2**70),
    *(st.dates(), st.times(), st.datetimes(), st.timedeltas(), st.decimals(), st.uuids()),
    st.builds(lazystr, texts),
    st.builds(lambda text: ValueError(SECRET, text), texts),
    st.sampled_from(
        [object(), int, len, iter([]), datetime.UTC, decimal.ROUND_UP, uuid.NAMESPACE_DNS]
    ),
)
keys = st.one_of(
    *(
        texts,
        st.none(),
        st.booleans(),
        st.integers(-3, 2**70),
        st.floats(allow_nan=False),
        st.tuples(texts),
    ),
    st.sampled_from(["non_field_errors", "__all__", "detail", "error", "errors", "code", "status"]),
)


def make_trees(ends: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return nested details with `ends` at their ends."""
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
    """Return the exceptions that a module has."""
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Exception)
    ]


def get_foreign_exceptions() -> list[type[Exception]]:
    """Return those of the clients that are installed, all of which are optional."""
    found = []
    names = ("requests", "httpx", "urllib3.exceptions", "redis", "psycopg.errors", "aiohttp")
    for name in (*names, "kombu.exceptions", "smtplib", "urllib.error", "http.client"):
        try:
            found += get_exceptions(__import__(name, fromlist=["*"]))
        except ImportError:
            continue
    return found


CLASSES = [
    *(cls for cls in get_exceptions(builtins) if not issubclass(cls, Warning)),
    *(Http404, *get_exceptions(django_exceptions), *get_exceptions(database_exceptions)),
    *get_exceptions(drf_exceptions),
    *get_exceptions(sqlite3),
    *get_foreign_exceptions(),
]
API_CLASSES = [cls for cls in CLASSES if issubclass(cls, APIException)]

# What the error path, or what it calls, may read of an exception.
READ = (
    *("detail", "status_code", "default_code", "default_detail", "wait", "auth_header"),
    *("args", "errno", "exceptions", "sqlstate", "sqlite_errorname", "reason", "code"),
    *("error_list", "error_dict", "message", "messages", "params", "serializer", "filename"),
    *("__notes__", "__module__", "__class__", "__doc__"),
)
CALLED = (
    *("__str__", "__repr__", "__format__", "__hash__", "__eq__", "__bool__", "__len__"),
    *("__iter__", "add_note", "with_traceback", "get_codes", "get_full_details", "__reduce__"),
)

values = st.one_of(
    hostile_details,
    st.sampled_from(
        [0, 99, 200, 204, 304, 400, 401, 404, 418, 429, 500, 503, 504, 599, 600, "404"]
    ),
    st.sampled_from([10**400, -1, 0.5, float("inf"), float("nan")]),
    st.sampled_from(["Basic realm=x", "Bearer\r\nSet-Cookie: a=b", "Bearer \N{SNOWMAN}", "08006"]),
)
members = st.one_of(
    st.tuples(st.sampled_from(READ), st.one_of(values, st.just(property(refuse)))),
    st.tuples(st.sampled_from(CALLED), st.one_of(st.just(refuse), values)),
)


@st.composite
def exceptions(draw: Callable[[Any], Any], depth: int = 2) -> Exception:
    """Return an exception of a known class, or of one made for it, as wild as Python allows."""
    cls = draw(st.sampled_from(CLASSES if draw(st.booleans()) else API_CLASSES))
    if draw(st.booleans()):
        cls = make_class(cls, draw(st.lists(members, max_size=3)))
    exception = make_instance(cls, draw(st.lists(st.one_of(values, st.just(SECRET)), max_size=3)))
    for name, value in draw(st.lists(st.tuples(st.sampled_from(READ), values), max_size=2)):
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
    """Return `exception` with `inner` in it, or both in a group."""
    if how == "group":
        return ExceptionGroup(SECRET, [exception, inner])
    try:
        setattr(exception, how, (inner,) if how == "args" else inner)
    except Exception:
        return inner
    return exception


def make_class(cls: type[Exception], named: list[tuple[str, Any]]) -> type[Exception]:
    """Return a subclass of `cls` with these members, as far as Python makes one."""
    try:
        return type("Wild", (cls,), dict(named))
    except Exception:
        return type("Tame", (cls,), {})


def make_instance(cls: type[Exception], args: list[Any]) -> Exception:
    """Return an instance, made as its class would have it, or else without its constructor."""
    for make in (lambda: cls(*args), lambda: cls.__new__(cls, *args), lambda: cls.__new__(cls)):
        try:
            made = make()
        except Exception:
            continue
        if isinstance(made, Exception):
            return made
    return HostileError(SECRET)


# As WSGI servers hand them over: bytes as latin-1, without the ends of lines.
header_texts = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=40)
parameters = st.sampled_from(
    [
        *("", ";q=0.5", ";q=x", "; indent=4", "; indent=-1", "; indent=99999999", ";charset=utf-8"),
        *(
            "; charset=bz2_codec",
            "; charset=idna",
            "; charset=utf-7",
            "; charset=\xff",
            "; boundary",
        ),
        *("; a*=bogus''x", "; a*=utf-8''%ff", '; a="', "; boundary=x", ";;;=", "; version=\x00"),
        *("; charset=utf-16", "; charset=punycode", "; charset=unicode_escape", "; q=1;q=2"),
    ]
)
media_types = st.one_of(
    header_texts,
    st.builds(
        str.__add__,
        st.sampled_from(
            [
                *("application/json", "text/html", "*/*", "application/*", "application/xml", "/"),
                *("multipart/form-data", "application/x-www-form-urlencoded", "text/plain", "json"),
                *("application/problem+json", "application/vnd.api+json", "", ",", "a/b/c"),
            ]
        ),
        parameters,
    ),
)
accepts = st.lists(media_types, min_size=1, max_size=4).map(",".join)

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "PROPFIND")

queries = st.one_of(
    st.just(""),
    st.sampled_from(
        ["?format=json", "?format=xml", "?format=", "?format=%ff", "?page=x", "?%00=1"]
    ),
    header_texts.map("?{}".format),
)

identifiers = st.one_of(
    texts.map(lambda text: text.encode(errors="surrogatepass").decode("latin-1")),
    st.integers(-(2**70), 2**70).map(str),
    st.uuids().map(str),
    st.floats().map(str),
    st.sampled_from(
        [
            "9" * 5000,
            "x" * 24,
            "\0",
            "%00",
            "..",
            "a/b",
            "",
            " ",
            "1e5",
            "\N{FULLWIDTH DIGIT ONE}",
            "None",
        ]
    ).map(lambda text: text.encode().decode("latin-1")),
)

documents = st.recursive(
    st.one_of(
        *(texts, st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats()),
        st.uuids().map(str),
        st.sampled_from([10**300, "9" * 30, "\0", "", "x" * 24]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(
                texts,
                st.sampled_from(["name", "size", "shelf", "tags", "code", "slug", "number"]),
                st.sampled_from(["key", "things", "id", "pk"]),
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=15,
)


def encode(document: Any) -> bytes:
    """Return a document as JSON, with the halves of surrogate pairs that it may have."""
    return json.dumps(document, ensure_ascii=False).encode(errors="surrogatepass")


@st.composite
def broken(draw: Callable[[Any], Any]) -> bytes:
    """Return JSON of which a part is cut out, doubled or replaced."""
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
