"""What the fuzzer asks for, and what must hold: no exception out of the door, no body but ours.

`tests/fuzz/test_fuzz.py` runs each of `TARGETS` for a moment, `stress/fuzz.py` for minutes or hours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError as DjangoValidationError
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    NotAuthenticated,
    ValidationError,
)
from rest_framework.response import Response

from tests.fuzz import inputs
from tests.fuzz.project import (
    ACTS,
    CATEGORIES,
    LAYERS,
    PLACES,
    RESOURCES,
    Act,
    Answer,
    ask,
    check,
    counted_failures,
)

JSON = {"CONTENT_TYPE": "application/json", "HTTP_ACCEPT": "application/json"}

configurations = st.fixed_dictionaries(
    {},
    optional={
        "DETAILS": st.booleans(),
        "MAX_ERRORS": st.sampled_from([None, 0, 1, 2, 1000]),
        "CODE_FORMAT": st.sampled_from(["legacy", "name", "number"]),
        "MORE_INFO": st.sampled_from(["", "https://api.example/{code}", "error-code"]),
        "HIDE_FORBIDDEN": st.booleans(),
    },
)
layers = st.sampled_from(sorted(LAYERS))


class Target(NamedTuple):
    """A property, and the inputs that it is to hold for."""

    name: str
    holds_for: Callable[..., None]
    inputs: tuple[st.SearchStrategy[Any], ...]

    def run(self, first: int | None = None, **options: Any) -> None:
        """Try it on many inputs, by hypothesis's settings; `first` is the seed of them all."""
        test = settings(**options)(given(*self.inputs)(self.holds_for))
        (test if first is None else seed(first)(test))()


TARGETS: list[Target] = []


def fuzzes(*inputs: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a target of a function; the inputs are in the order of its parameters."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        TARGETS.append(Target(function.__name__.removeprefix("fuzz_"), function, inputs))
        return function

    return register


def act(do: Act, place: str, layers: str, **changes: Any) -> Answer:
    """Have something done somewhere, and return the answer to it."""
    ACTS.append(do)
    try:
        return ask("GET", f"/{place}", JSON, layers=layers, **changes)
    finally:
        ACTS.pop()


def can_be_classified(exception: Exception) -> bool:
    """Tell whether what DRF's handle_exception() asks first of all gets an answer."""
    try:
        isinstance(exception, (NotAuthenticated, AuthenticationFailed))
    except Exception:
        return False
    return True


def throw(exception: BaseException) -> Any:
    """Raise `exception`."""
    raise exception


@fuzzes(inputs.details, st.integers(400, 599), layers, configurations)
def fuzz_returned_errors(
    data: Any, status: int, layers: str, configuration: Mapping[str, Any]
) -> None:
    """An error that a view returns, whatever its data."""
    answer = act(lambda: Response(data, status), "drf", layers, **configuration)

    assert answer.status == status
    check(answer)
    assert inputs.SECRET.encode() not in answer.content


@fuzzes(inputs.details, layers, configurations)
def fuzz_details(detail: Any, layers: str, configuration: Mapping[str, Any]) -> None:
    """A validation error, whatever its detail."""
    with counted_failures() as failures:
        exception = ValidationError("")
        exception.detail = detail
        answer = act(lambda: throw(exception), "drf", layers, **configuration)

    assert answer.status == 400
    check(answer)
    assert failures == []


@fuzzes(inputs.wild_details, st.booleans(), layers, configurations)
def fuzz_hostile_details(
    wild: inputs.Wild, returned: bool, layers: str, configuration: Mapping[str, Any]
) -> None:
    """Details that raise when they are read."""
    exception = ValidationError("")
    exception.detail = wild.value
    do = (lambda: Response(wild.value, 400)) if returned else (lambda: throw(exception))
    answer = act(do, "drf", layers, **configuration)

    assert answer.status in (400, 500)
    check(answer)


@fuzzes(inputs.wild_exceptions, st.sampled_from(PLACES), layers, configurations)
def fuzz_exceptions(
    wild: inputs.Wild, place: str, layers: str, configuration: Mapping[str, Any]
) -> None:
    """An exception of any class, with hostile members, from anywhere."""
    # Plain views are the middleware's, and so is what DRF fails at before it calls its handler.
    if place != "drf" or not can_be_classified(wild.value):
        layers = "middleware"
    answer = act(lambda: throw(wild.value), place, layers, **configuration)

    assert answer.status >= 400
    check(answer)
    speaks = (APIException, DjangoValidationError, ExceptionGroup)
    if not issubclass(type(wild.value), speaks):
        assert inputs.SECRET.encode() not in answer.content


@fuzzes(
    st.sampled_from(inputs.METHODS),
    st.sampled_from(["/drf", "/ours/shelves", "/stock/things", "/nowhere", "/ours/things/x"]),
    inputs.queries,
    st.fixed_dictionaries(
        {"HTTP_ACCEPT": inputs.accepts, "CONTENT_TYPE": inputs.media_types},
        optional={
            "HTTP_HOST": inputs.header_texts,
            "HTTP_ACCEPT_LANGUAGE": inputs.header_texts,
            "HTTP_AUTHORIZATION": inputs.header_texts,
            "HTTP_CONTENT_ENCODING": inputs.header_texts,
            "CONTENT_LENGTH": st.sampled_from(["", "0", "1", "99999999999"]),
        },
    ),
    inputs.bodies,
)
def fuzz_headers(method: str, url: str, query: str, headers: dict[str, str], body: bytes) -> None:
    """Requests whose headers say anything."""
    ACTS.append(lambda: Response({"okay": True}))
    try:
        with counted_failures() as failures:
            answer = ask(method, url + query, headers, body)
    finally:
        ACTS.pop()

    check(answer)
    assert answer.status != 500, answer
    assert failures == []


@fuzzes(
    st.sampled_from(inputs.METHODS),
    st.sampled_from(sorted(CATEGORIES)),
    st.sampled_from(sorted(RESOURCES)),
    inputs.identifiers,
    inputs.queries,
    layers,
)
def fuzz_identifiers(
    method: str, kind: str, resource: str, identifier: str, query: str, layers: str
) -> None:
    """Identifiers of any form, in the URL of any resource."""
    with counted_failures() as failures:
        target = f"/{kind}/{resource}/{identifier.replace('?', '%3F')}{query}"
        answer = ask(method, target, JSON, b"{}", layers="middleware")

    check(answer)
    assert answer.status < 500, answer
    assert failures == []


@fuzzes(
    st.sampled_from(["POST", "PUT"]),
    st.sampled_from(sorted(CATEGORIES)),
    st.sampled_from(sorted(RESOURCES)),
    st.sampled_from(["application/json"] * 3 + ["multipart/form-data; boundary=x", "text/plain"]),
    inputs.bodies,
)
def fuzz_bodies(method: str, kind: str, resource: str, content_type: str, body: bytes) -> None:
    """Bodies that are JSON, nearly JSON, or anything."""
    headers = {**JSON, "CONTENT_TYPE": content_type}
    with counted_failures() as failures:
        answer = ask(method, f"/{kind}/{resource}", headers, body)

    check(answer)
    assert answer.status < 500, answer
    assert failures == []
    if answer.status == 201:
        assert json.loads(answer.content)
