"""The handler as others call it: in any context, and with exceptions that are not errors."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import Client
from django.urls import path
from pytest_django.fixtures import Settings
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView
from rest_framework.views import exception_handler as stock_exception_handler

from django_apierrors.handler import exception_handler
from tests.recognition.support import expect, read

pytestmark = pytest.mark.urls(__name__)


class Redirect(exceptions.APIException):
    def __init__(self, status: int) -> None:
        super().__init__("Look elsewhere.")
        self.status_code = status


class RedirectingView(APIView):
    def get(self, request: Request, status: int) -> Response:
        raise Redirect(status)


urlpatterns = [path("<int:status>/", RedirectingView.as_view())]


@pytest.mark.parametrize("middleware", [True, False])
@pytest.mark.parametrize("status", [200, 302, 304, 399])
def test_an_exception_that_is_not_an_error_is_sent_as_by_stock_drf(
    settings: Settings, status: int, middleware: bool, caplog: pytest.LogCaptureFixture
) -> None:
    others = settings.MIDDLEWARE[1:]
    settings.MIDDLEWARE = settings.MIDDLEWARE if middleware else others
    ours = Client().get(f"/{status}/")
    settings.MIDDLEWARE = others
    settings.REST_FRAMEWORK = {}
    stock = Client().get(f"/{status}/")
    assert (ours.status_code, ours.content, ours.headers) == (status, stock.content, stock.headers)
    assert caplog.records == []


EXCEPTIONS = {
    "MISSING_RESOURCE": Http404("secret"),
    "ACCESS_FORBIDDEN": PermissionDenied("secret"),
    "UNAUTHENTICATED": exceptions.NotAuthenticated(),
    "METHOD_NOT_ALLOWED": exceptions.MethodNotAllowed("PUT"),
    "THROTTLED": exceptions.Throttled(7),
}

VIEW = APIView()
REQUEST = APIRequestFactory().get("/things/")
CONTEXTS: dict[str, Any] = {
    "None": None,
    "empty": {},
    "nothing": {"view": None, "request": None},
    "Django's request": {"request": REQUEST},
    "Django's request and a view": {"request": REQUEST, "view": VIEW, "args": (), "kwargs": {}},
    "the view alone": {"view": VIEW},
}


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
@pytest.mark.parametrize("name", EXCEPTIONS)
def test_a_rejection_in_any_context_has_its_body_and_no_record(
    name: str, context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    exception = EXCEPTIONS[name]
    response = exception_handler(exception, context)
    stock = stock_exception_handler(exception, context or {})
    assert response is not None
    assert stock is not None
    status, body = read(response.render())
    assert (status, body["code"]) == (stock.status_code, expect(name)[1]["code"])
    assert caplog.records == []


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
def test_an_unhandled_exception_in_any_context_has_its_body_and_one_record(
    context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    response = exception_handler(KeyError("secret"), context)
    assert response is not None
    assert read(response.render()) == expect("INTERNAL_ERROR")
    assert [(r.name, r.levelno) for r in caplog.records] == [("django.request", logging.ERROR)]
