"""A malformed `Host` at the pages of the reference."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client
from django.urls import include, path

from django_apierrors.errors import Error

pytestmark = pytest.mark.urls(__name__)

urlpatterns = [path("errors/", include("django_apierrors.reference.urls"))]


@pytest.fixture(autouse=True)
def no_other_middleware(settings: Any) -> None:
    """Leave out CommonMiddleware, which raises before the view."""
    settings.MIDDLEWARE = []


@pytest.mark.parametrize("page", ["", "GONE", "verbs"])
@pytest.mark.parametrize(
    ("query", "accept", "is_json"),
    [
        ("", "*/*", True),
        ("?format=json", "text/html", True),
        ("", "text/html", False),
        ("?format=html", "*/*", False),
    ],
)
def test_the_error_has_the_format_of_the_page(
    client: Client,
    caplog: pytest.LogCaptureFixture,
    page: str,
    query: str,
    accept: str,
    is_json: bool,
) -> None:
    headers = {"Accept": accept, "Host": "a_b"}
    response = client.get(f"/errors/{page}{query}", headers=headers)
    assert response.status_code == 400
    if is_json:
        assert response.json() == Error.of_status(400).get_body()
        assert response["Vary"] == "Accept"
    else:
        assert response["Content-Type"] == "text/html; charset=utf-8"
    [record] = caplog.records
    assert (record.name, record.levelno) == ("django.security.DisallowedHost", logging.ERROR)
