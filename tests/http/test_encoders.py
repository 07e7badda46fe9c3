"""The encoder: with orjson and without, the bytes of DRF's JSONRenderer."""

from __future__ import annotations

import datetime
import decimal
import enum
import importlib.util
import json
import math
import sys
import uuid
from collections import OrderedDict, UserList, namedtuple
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from django.db import DatabaseError, connection, models
from django.http import QueryDict
from django.utils.functional import lazystr
from django.utils.safestring import SafeString
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import renderers
from rest_framework.exceptions import ErrorDetail
from rest_framework.utils.serializer_helpers import ReturnDict, ReturnList

from django_apierrors.http import encoders
from tests.models import Shelf
from tests.support import NameSerializer, subclass

Factory = Callable[[], Any]
Encode = Callable[[Any], bytes]

needs_orjson = pytest.mark.skipif(encoders.orjson is None, reason="orjson is not installed")


def encode_by_stock(data: Any) -> bytes:
    """Return `data` as DRF's own renderer renders it."""
    rendered: bytes = renderers.JSONRenderer().render(data)
    return rendered


def load_without_orjson() -> ModuleType:
    """Return a second copy of the module, loaded as if orjson were not installed."""
    spec: Any = importlib.util.find_spec("django_apierrors.http.encoders")
    module = importlib.util.module_from_spec(spec)
    # `make matrix` also runs the tests in an environment without orjson.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "orjson", None)
        spec.loader.exec_module(module)
    return module


encode_without_orjson: Encode = load_without_orjson().encode

ENCODERS: list[Encode] = [encoders.encode, encode_without_orjson]


class Colour(models.TextChoices):
    RED = "red", "Red"


class Size(models.IntegerChoices):
    SMALL = 1, "Small"


class Plain(enum.StrEnum):
    A = "a"


class Number(enum.IntEnum):
    A = 1


# Subclasses, as numpy's float64 is one.
OwnFloat, OwnList = subclass(float), subclass(list)
OwnInt = subclass(int, __repr__=lambda self: "not a number")
OwnString = subclass(str, __str__=lambda self: "another string")
# A replacement for numpy's arrays.
Array = subclass(object, tolist=lambda self: [1, 2])
# A mapping by its protocol alone, as the rows of some database drivers are.
Row = subclass(object, keys=lambda self: ["a"], __getitem__=lambda self, key: 1)


class OneShot:
    """An iterable, not an iterator, that can be read once."""

    def __init__(self) -> None:
        self.values = iter([1, 2])

    def __iter__(self) -> Iterator[int]:
        return self.values


Point = namedtuple("Point", "x y")


def make_moved() -> OrderedDict[str, int]:
    """Return a dict in another order than that of insertion."""
    moved = OrderedDict(a=1, b=2)
    moved.move_to_end("a")
    return moved


def make_twice() -> list[Any]:
    """Return the same generator twice."""
    generator = (number for number in (1, 2))
    return [generator, generator]


def nest(depth: int) -> list[Any]:
    """Return lists inside each other."""
    nested: list[Any] = []
    for _level in range(depth - 1):
        nested = [nested]
    return nested


ZONE = datetime.timezone(datetime.timedelta(hours=2))

VALUES: dict[str, Factory] = {
    "dates and times": lambda: [
        datetime.datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=datetime.UTC),
        datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=ZONE),
        datetime.datetime(2026, 1, 2, 3, 4, 5),
        *(datetime.date(2026, 1, 2), datetime.time(3, 4, 5, 600000)),
        datetime.timedelta(days=1, milliseconds=1),
    ],
    "numbers": lambda: [1.5, 0.1, -0.0, 2**64 - 1, decimal.Decimal("10.50")],
    "beyond 64 bits": lambda: [2**64, -(2**63) - 1],
    "strings": lambda: [lazystr("lazy"), SafeString("<b>"), ErrorDetail("No.", code="no")],
    "bytes": lambda: ["grün".encode(), memoryview(b"ab")],
    "line separators": lambda: {"a\u2028b": "c\u2029d\u2028", "â": "â", "\U0001f600": None},
    "control characters": lambda: "".join(map(chr, range(32))) + '\x7f"\\/',
    "subclass of str": lambda: OwnString("string"),
    "subclass of int": lambda: [OwnInt(7), OwnInt(2**70)],
    "subclass of float": lambda: OwnFloat(1.5),
    "subclass of list": lambda: OwnList([1, OwnList()]),
    "subclass of dict": lambda: QueryDict("a=1&a=2&b=3"),
    "dict in another order": make_moved,
    "named tuple": lambda: Point(1, lazystr("y")),
    "enumerations": lambda: [Colour.RED, Size.SMALL, Plain.A, Number.A],
    "keys": lambda: {2: "a", True: 1, None: 2, 1.5: 3, Colour.RED: 4, SafeString("s"): 5},
    "set": lambda: {uuid.UUID(int=1)},
    "numpy": Array,
    "row": Row,
    "generator": lambda: ((n for n in range(m)) for m in range(3)),
    "generator twice": make_twice,
    "generator, then one for the fallback": lambda: [iter([1, iter([2])]), 2**64],
    "generator twice, then one for the fallback": lambda: [make_twice(), 2**64],
    "one-shot iterable, then one for the fallback": lambda: [OneShot(), 2**64],
    "generator after a value for the fallback": lambda: [2**64, iter([1])],
    "empty": lambda: [{}, [], "", ()],
    "deeper than orjson goes": lambda: nest(300),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_has_the_bytes_of_stock(name: str) -> None:
    expected = encode_by_stock(VALUES[name]())
    assert [encode(VALUES[name]()) for encode in ENCODERS] == [expected, expected]


AB = b'[{"name":"a"},{"name":"b"}]'


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("make", "encoded"),
    [
        (lambda: Shelf.objects.values("name"), AB),
        (lambda: Shelf.objects.values_list("name"), b'[["a"],["b"]]'),
        (lambda: Shelf.objects.values_list("name", flat=True).iterator(), b'["a","b"]'),
        (lambda: NameSerializer(Shelf.objects.all(), many=True).data, AB),
        (lambda: NameSerializer(Shelf.objects.first()).data, b'{"name":"a"}'),
    ],
)
def test_data_of_the_orm_and_of_serializers_is_encoded(make: Factory, encoded: bytes) -> None:
    Shelf.objects.bulk_create([Shelf(name="a"), Shelf(name="b")])
    assert isinstance(make(), (models.QuerySet, Iterator, ReturnList, ReturnDict))
    assert [encode(make()) for encode in ENCODERS] == [encoded, encoded]


@dataclass(frozen=True)
class Once:
    """A recipe for a generator: each encoder needs a new one."""

    values: tuple[Any, ...]


def make(recipe: Any) -> Any:
    """Return the data of a recipe, with new generators."""
    if isinstance(recipe, Once):
        return (make(value) for value in recipe.values)
    if isinstance(recipe, list):
        return [make(value) for value in recipe]
    if isinstance(recipe, dict):
        return {key: make(value) for key, value in recipe.items()}
    return recipe


STRINGS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(["\u2028", "a\u2029"])
NUMBERS = (
    st.integers()
    | st.integers(min_value=2**62, max_value=2**66)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)
)
TIMES = st.one_of(st.datetimes(), st.dates(), st.times(), st.timedeltas()) | st.datetimes(
    timezones=st.timezones()
)
LEAVES = (
    st.one_of(st.none(), st.booleans(), st.uuids(), NUMBERS, TIMES, STRINGS)
    | st.one_of(STRINGS.map(lazystr), STRINGS.map(SafeString), STRINGS.map(str.encode))
    | st.sampled_from([Colour.RED, Size.SMALL, Plain.A, Number.A])
)
KEYS = STRINGS | st.integers() | st.booleans() | st.none()
RECIPES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(STRINGS, inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.lists(inner, max_size=3).map(lambda values: Once(tuple(values)))
    ),
    max_leaves=12,
)


@needs_orjson
@given(RECIPES)
def test_any_data_has_the_values_of_stock_by_orjson(recipe: Any) -> None:
    encoded = encoders.encode([make(recipe)])
    assert json.loads(encoded) == json.loads(encode_by_stock([make(recipe)]))


@given(RECIPES)
def test_any_data_has_the_bytes_of_stock_without_orjson(recipe: Any) -> None:
    assert encode_without_orjson([make(recipe)]) == encode_by_stock([make(recipe)])


def fail_after(*values: Any) -> Iterator[Any]:
    """Yield `values`, then fail like a lazy query."""
    yield from values
    raise DatabaseError("gone")


def make_cycle() -> list[Any]:
    """Return a list that contains itself."""
    cycle: list[Any] = []
    cycle.append(cycle)
    return cycle


@dataclass
class Record:
    """A dataclass, which orjson could encode, but DRF cannot."""

    name: str = "a"


UNENCODABLE: dict[str, Factory] = {
    "lone surrogate": lambda: "\ud800",
    "aware time": lambda: datetime.time(1, 2, tzinfo=datetime.UTC),
    "user list": lambda: UserList([1, 2]),
    "dataclass": Record,
    "model": lambda: Shelf(name="a"),
    "cycle": make_cycle,
    "beyond the stack": lambda: nest(100_000),
    "bytes that are not UTF-8": lambda: b"\xff",
    "int of too many digits": lambda: 10**5000,
    "generator that fails": fail_after,
    "generator that fails midway": lambda: fail_after(1, 2),
    "generator that fails behind one for the fallback": lambda: [{1: 1}, fail_after(1)],
    "generator that fails inside a generator": lambda: iter([1, fail_after(1)]),
}


@pytest.mark.parametrize("name", UNENCODABLE)
def test_a_value_that_stock_cannot_encode_raises_the_exception_of_stock(name: str) -> None:
    with pytest.raises(Exception) as stock:  # noqa: PT011
        encode_by_stock(UNENCODABLE[name]())
    for encode in ENCODERS:
        with pytest.raises(stock.type) as ours:
            encode(UNENCODABLE[name]())
        assert (ours.type, str(ours.value)) == (stock.type, str(stock.value))


def test_the_exit_of_a_worker_is_not_caught() -> None:
    def stop() -> Iterator[int]:
        yield 1
        raise SystemExit(3)

    for encode in ENCODERS:
        with pytest.raises(SystemExit):
            encode(stop())


@pytest.mark.django_db
def test_a_query_that_fails_runs_once() -> None:
    sent = []

    def fail(execute: Any, sql: str, *args: Any) -> Any:
        sent.append(sql)
        raise DatabaseError("gone")

    with connection.execute_wrapper(fail), pytest.raises(DatabaseError, match="gone"):
        encoders.encode({"shelves": Shelf.objects.values("name")})
    assert len(sent) == 1


class Direction(enum.Enum):
    """An Enum, which orjson encodes, but DRF does not."""

    NORTH = "north"


class Labelled(enum.StrEnum):
    """An Enum whose values differ from their strings."""

    A = "a", "The first"

    def __new__(cls, string: str, label: str) -> Labelled:
        member = str.__new__(cls, string)
        member._value_ = label
        return member


@needs_orjson
@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (1e-07, b"1e-7"),
        (math.nan, b"null"),
        (-math.inf, b"null"),
        (decimal.Decimal("NaN"), b"null"),
        (Direction.NORTH, b'"north"'),
        (Labelled.A, b'"The first"'),
    ],
)
def test_the_differences_with_orjson_are_those_in_the_docs(value: Any, encoded: bytes) -> None:
    assert encoders.encode(value) == encoded


def test_without_orjson_nan_and_infinity_raise() -> None:
    for number in (math.nan, math.inf, decimal.Decimal("NaN")):
        with pytest.raises(ValueError, match="not JSON compliant"):
            encode_without_orjson([number])
