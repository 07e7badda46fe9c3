"""The properties that the fuzzer tests: no exception leaves the application, every error is a body.

`test_fuzz.py` runs each of `TARGETS` for a moment, `stress/fuzz.py` for minutes or hours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.signals import got_request_exception
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
    LAYERS,
    LOOKUPS,
    OWN_VALUE,
    PLACES,
    RESOURCES,
    VIEWSETS,
    Act,
    RawResponse,
    check_response,
    counted_failures,
    is_rejected,
    send,
)
from tests.support import receive

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
    """A property, and the strategies of its inputs."""

    name: str
    function: Callable[..., None]
    inputs: tuple[st.SearchStrategy[Any], ...]

    def run(self, seed_value: int | None = None, **options: Any) -> None:
        """Test the property with these settings of hypothesis, and with a seed."""
        test = settings(**options)(given(*self.inputs)(self.function))
        (test if seed_value is None else seed(seed_value)(test))()


TARGETS: list[Target] = []


def fuzzes(*inputs: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as a target, with the strategies of its parameters."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        TARGETS.append(Target(function.__name__.removeprefix("fuzz_"), function, inputs))
        return function

    return register


def act(do: Act, place: str, layers: str, **changes: Any) -> RawResponse:
    """Call a function in one of `PLACES`, and return the response."""
    ACTS.append(do)
    try:
        return send("GET", f"/{place}", JSON, layers=layers, **changes)
    finally:
        ACTS.pop()


def can_be_classified(exception: Exception) -> bool:
    """Whether DRF's `handle_exception()` reaches the handler.

    DRF calls `isinstance()`, and sets the status of an exception about credentials.
    """
    try:
        if isinstance(exception, (NotAuthenticated, AuthenticationFailed)):
            exception.status_code = exception.status_code
    except Exception:
        return False
    return True


def throw(exception: BaseException) -> Any:
    raise exception


@fuzzes(inputs.details, st.integers(400, 599), layers, configurations)
def fuzz_returned_errors(
    data: Any, status: int, layers: str, configuration: Mapping[str, Any]
) -> None:
    """Errors that a view returns, with any data."""
    response = act(lambda: Response(data, status), "drf", layers, **configuration)

    assert response.status == status
    check_response(response)
    assert inputs.SECRET.encode() not in response.content


@fuzzes(inputs.details, layers, configurations)
def fuzz_details(detail: Any, layers: str, configuration: Mapping[str, Any]) -> None:
    """Validation errors with any detail."""
    with counted_failures() as failures:
        exception = ValidationError("")
        exception.detail = detail
        response = act(lambda: throw(exception), "drf", layers, **configuration)

    assert response.status == 400
    check_response(response)
    assert failures == []


@fuzzes(inputs.wild_details, st.booleans(), layers, configurations)
def fuzz_hostile_details(
    wild: inputs.Wild, returned: bool, layers: str, configuration: Mapping[str, Any]
) -> None:
    """Details that raise when they are read."""
    exception = ValidationError("")
    exception.detail = wild.value
    do = (lambda: Response(wild.value, 400)) if returned else (lambda: throw(exception))
    response = act(do, "drf", layers, **configuration)

    assert response.status in (400, 500)
    check_response(response)


@fuzzes(inputs.wild_exceptions, st.sampled_from(PLACES), layers, configurations)
def fuzz_exceptions(
    wild: inputs.Wild, place: str, layers: str, configuration: Mapping[str, Any]
) -> None:
    """Exceptions of any class with hostile attributes, from any place."""
    # Only the middleware handles plain views, and exceptions that DRF fails on before its handler.
    if place != "drf" or not can_be_classified(wild.value):
        layers = "middleware"
    response = act(lambda: throw(wild.value), place, layers, **configuration)

    # Stock DRF sends an APIException with the status of a redirect or of a success.
    is_api_exception = issubclass(type(wild.value), APIException)
    assert response.status >= 400 or (
        is_api_exception and response.status == wild.value.status_code
    )
    check_response(response)
    sends_message = (APIException, DjangoValidationError, ExceptionGroup)
    if not issubclass(type(wild.value), sends_message):
        assert inputs.SECRET.encode() not in response.content


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
    """Requests with any headers."""
    ACTS.append(lambda: Response({"okay": True}))
    try:
        with counted_failures() as failures:
            response = send(method, url + query, headers, body)
    finally:
        ACTS.pop()

    check_response(response)
    assert response.status != 500, response
    assert failures == []


@fuzzes(
    st.sampled_from(inputs.METHODS),
    st.sampled_from(sorted(VIEWSETS)),
    st.sampled_from(sorted(RESOURCES)),
    inputs.identifiers,
    inputs.queries,
    layers,
)
def fuzz_identifiers(
    method: str, viewset: str, resource: str, identifier: str, query: str, layers: str
) -> None:
    """Any identifiers in the URL of any resource."""
    with counted_failures() as failures:
        target = f"/{viewset}/{resource}/{identifier.replace('?', '%3F')}{query}"
        response = send(method, target, JSON, b"{}", layers="middleware")

    check_response(response)
    assert response.status < 500, response
    assert failures == []


@fuzzes(st.sampled_from(sorted(LOOKUPS)), inputs.documents, layers)
def fuzz_sent_values(name: str, value: Any, layers: str) -> None:
    """Any value of a client in a lookup or in a row: never a 5xx, and never a report."""
    with counted_failures() as failures, receive(got_request_exception) as reports:
        body = inputs.encode({"value": value})
        response = send("POST", f"/lookups/{name}", JSON, body, layers)

    check_response(response)
    assert response.status < 500, response
    assert failures == reports == []


@fuzzes(
    st.sampled_from(sorted(filter(is_rejected, LOOKUPS))),
    st.dictionaries(inputs.plain_texts, inputs.plain_texts | st.integers(-9, 9)),
    layers,
)
def fuzz_values_of_the_project(name: str, document: dict[str, Any], layers: str) -> None:
    """An invalid value of the project, with any request: a 500 that is reported and not echoed."""
    with counted_failures() as failures, receive(got_request_exception) as reports:
        body = inputs.encode({"a": document})
        response = send("POST", f"/lookups/{name}?q=1", JSON, body, layers)

    check_response(response)
    assert response.status == 500, response
    assert OWN_VALUE.encode() not in response.content
    assert len(reports) == 1
    assert failures == []


@fuzzes(
    st.sampled_from(["POST", "PUT"]),
    st.sampled_from(sorted(VIEWSETS)),
    st.sampled_from(sorted(RESOURCES)),
    st.sampled_from(["application/json"] * 3 + ["multipart/form-data; boundary=x", "text/plain"]),
    inputs.bodies,
)
def fuzz_bodies(method: str, viewset: str, resource: str, content_type: str, body: bytes) -> None:
    """Bodies that are JSON, nearly JSON or anything else."""
    headers = {**JSON, "CONTENT_TYPE": content_type}
    with counted_failures() as failures:
        response = send(method, f"/{viewset}/{resource}", headers, body)

    check_response(response)
    assert response.status < 500, response
    assert failures == []
    if response.status == 201:
        assert json.loads(response.content)
