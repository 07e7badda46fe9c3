"""Sites that mix an API with HTML: plain views, HTML renderers, and browsers under DEBUG."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseForbidden
from django.test import Client
from django.urls import path
from pytest_django import Settings
from rest_framework import generics, renderers, serializers
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.renderers import JSONRenderer
from tests.bodies import body
from tests.models import Shelf

pytestmark = pytest.mark.urls(__name__)

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class FailingView(APIView):
    """Fails in the way that the URL names."""

    def get(self, request: Request, fault: str) -> Response:
        """Return or raise an error."""
        if fault == "returned":
            return Response({"detail": "Sold."}, status=409)
        raise {"outage": ConnectionRefusedError, "bug": KeyError}[fault]("secret")


class StockFailingView(FailingView):
    """The same with DRF's JSON renderer."""

    renderer_classes = [renderers.JSONRenderer]


class StaticView(APIView):
    """An HTML page that fails."""

    renderer_classes = [renderers.StaticHTMLRenderer]

    def get(self, request: Request) -> Response:
        """Raise as during an outage."""
        raise ConnectionRefusedError("secret")


class ForbiddenView(APIView):
    """A JSON view that returns an HTML page for an error."""

    def get(self, request: Request) -> HttpResponse:
        """Return the page."""
        return HttpResponseForbidden("<h1>secret</h1>")


class ShelfSerializer(serializers.ModelSerializer[Shelf]):
    """A shelf."""

    class Meta:
        model = Shelf
        fields = ["name"]


class ShelfView(generics.CreateAPIView):
    """Shelves in the browsable API."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer
    parser_classes = [FormParser]
    renderer_classes = [JSONRenderer, renderers.BrowsableAPIRenderer]


def dispatch(request: HttpRequest, view: str, fault: str) -> HttpResponseBase:
    """Call a DRF view, which the URL resolver does not know of."""
    views: dict[str, Any] = {"ours": FailingView, "stock": StockFailingView}
    return views[view].as_view()(request, fault=fault)


def fail_in_html(request: HttpRequest) -> HttpResponse:
    """Raise in a page of the site."""
    raise ConnectionRefusedError("secret")


urlpatterns = [
    path("dispatch/<view>/<fault>", dispatch),
    path("static", StaticView.as_view()),
    path("forbidden", ForbiddenView.as_view()),
    path("shelves", ShelfView.as_view()),
    path("site", fail_in_html),
]


@pytest.fixture
def client() -> Client:
    """A client that returns a 500 instead of raising its exception."""
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("view", ["ours", "stock"])
@pytest.mark.parametrize("debug", [False, True])
def test_a_drf_view_called_by_a_plain_view_fails_in_the_format(
    client: Client, settings: Settings, view: str, debug: bool
) -> None:
    settings.DEBUG = debug
    responses = [client.get(f"/dispatch/{view}/{fault}") for fault in ("outage", "bug", "returned")]

    assert [response.json()["code"] for response in responses] == [
        "SERVICE_UNAVAILABLE",
        "INTERNAL_ERROR",
        "CONFLICT",
    ]
    assert "secret" not in "".join(response.text for response in responses)


def test_a_plain_view_fails_with_a_page(client: Client) -> None:
    assert client.get("/site").headers["Content-Type"].startswith("text/html")


def test_an_html_renderer_renders_its_own_error_page(client: Client) -> None:
    response = client.get("/static", headers={"accept": CHROME})

    assert response.status_code == 503
    assert response.text == "503 Service Unavailable"


def test_an_error_page_that_a_json_view_returns_becomes_a_body(
    client: Client, settings: Settings
) -> None:
    settings.DEBUG = True
    response = client.get("/forbidden", headers={"accept": CHROME})

    assert response.status_code == 403
    assert response.json() == body("ACCESS_FORBIDDEN")


def test_a_browser_gets_the_technical_page_under_debug(client: Client, settings: Settings) -> None:
    settings.DEBUG = True
    for fault in ("outage", "bug"):
        response = client.get(f"/dispatch/ours/{fault}", headers={"accept": CHROME})
        assert response.headers["Content-Type"].startswith("text/html")
        assert "Traceback" in response.text


@pytest.mark.django_db
def test_the_form_of_the_browsable_api_keeps_its_values_and_shows_the_errors(
    client: Client, settings: Settings
) -> None:
    settings.STATIC_URL = "/static/"
    response = client.post(
        "/shelves",
        f"name={'x' * 30}",
        content_type="application/x-www-form-urlencoded",
        headers={"accept": CHROME},
    )

    assert response.status_code == 400
    assert f'value="{"x" * 30}"' in response.text
    assert '<span class="help-block">Ensure this field has no more than 20' in response.text
