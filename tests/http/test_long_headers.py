"""Headers of any length: the time that they take, and the responses."""

from __future__ import annotations

import time

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tests.bodies import body

# Many media types, none of them JSON: Django compares each of them with each.
LONG_ACCEPT = ",".join(f"text/html;q=0.9;a={number}" for number in range(40_000))


@pytest.mark.parametrize("accept", [LONG_ACCEPT, f"application/problem+json,{LONG_ACCEPT}"])
def test_a_long_accept_prefers_json_and_takes_no_time(
    client: Client, settings: Settings, accept: str
) -> None:
    settings.API_ERRORS = {"PROBLEM_JSON": True}
    start = time.perf_counter()
    response = client.get("/nowhere", headers={"Accept": accept})

    assert (response.status_code, response.json()) == (404, body("MISSING_RESOURCE"))
    assert time.perf_counter() - start < 0.5


def test_an_accept_of_four_kilobytes_is_read(client: Client) -> None:
    accept = "text/html," + "a/b," * 1000
    response = client.get("/nowhere", headers={"Accept": accept})

    assert response["Content-Type"] == "text/html; charset=utf-8"


# A test client sends the last as it is: not as a string.
@pytest.mark.parametrize(
    "length", ["9" * 4400, "many", "-1", 17], ids=["digits", "word", "-1", "int"]
)
def test_a_length_that_is_not_a_number_for_python_does_not_matter(
    client: Client, length: str | int
) -> None:
    response = client.generic("GET", "/nowhere", CONTENT_LENGTH=length)

    assert (response.status_code, response.json()) == (404, body("MISSING_RESOURCE"))


@pytest.mark.parametrize("length", ["9" * 4400, "many", 17], ids=["digits", "word", 17])
def test_a_bad_host_beside_such_a_length_is_a_400(client: Client, length: str | int) -> None:
    response = client.generic("GET", "/nowhere", CONTENT_LENGTH=length, HTTP_HOST="a_b")

    assert (response.status_code, response.json()) == (400, body("INVALID_CONTENT"))
