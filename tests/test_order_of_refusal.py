"""A bare `Accept: text/html` at a view of ours that has JSON alone."""

from __future__ import annotations

import logging

import pytest
from django.http import Http404
from django.test import Client
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.semantics import StatusAwareMixin
from tests.bodies import body

pytestmark = pytest.mark.urls(__name__)


class Failing(StatusAwareMixin, APIView):
    """Fails in its permissions or in its method."""

    authentication_classes = ()
    exception: Exception = Http404()
    fails_early = False

    def check_permissions(self, request: Request) -> None:
        if self.fails_early:
            raise self.exception

    def get(self, request: Request) -> Response:
        raise self.exception


urlpatterns = [
    path("checks/missing", Failing.as_view(fails_early=True)),
    path("checks/bug", Failing.as_view(fails_early=True, exception=RuntimeError("bug"))),
    path("method/missing", Failing.as_view()),
    path("method/bug", Failing.as_view(exception=RuntimeError("bug"))),
]


def test_the_exceptions_of_the_checks_come_before_the_415(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.raise_request_exception = False
    missing = client.get("/checks/missing", headers={"Accept": "text/html"})
    assert (missing.status_code, missing.json()) == (404, body("MISSING_RESOURCE"))

    caplog.clear()
    bug = client.get("/checks/bug", headers={"Accept": "text/html"})
    assert (bug.status_code, bug.json()["code"]) == (500, "INTERNAL_ERROR")
    [record] = [record for record in caplog.records if record.exc_info]
    assert record.levelno == logging.ERROR


@pytest.mark.parametrize("name", ["missing", "bug"])
def test_the_415_comes_before_the_method_which_is_not_called(client: Client, name: str) -> None:
    response = client.get(f"/method/{name}", headers={"Accept": "text/html"})
    assert (response.status_code, response.json()) == (415, body("UNSUPPORTED_MEDIA_TYPE"))
