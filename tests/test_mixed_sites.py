"""DRF views behind plain ones, pages of DRF's renderers, and developers' browsers."""

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

from django_apierrors.catalog import CATALOG
from django_apierrors.renderers import JSONRenderer
from tests.models import Shelf

pytestmark = pytest.mark.urls(__name__)

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class FailingView(APIView):
    """Fail as the URL says."""

    def get(self, request: Request, fault: str) -> Response:
        """Fail."""
        if fault == "returned":
            return Response({"detail": "Sold."}, status=409)
        raise {"outage": ConnectionRefusedError, "bug": KeyError}[fault]("secret")


class StockFailingView(FailingView):
    """The same, in DRF's own JSON."""

    renderer_classes = [renderers.JSONRenderer]


class StaticView(APIView):
    """A page, but for an outage."""

    renderer_classes = [renderers.StaticHTMLRenderer]

    def get(self, request: Request) -> Response:
        """Fail."""
        raise ConnectionRefusedError("secret")


class ForbiddenView(APIView):
    """A page about a refusal, from a view that speaks JSON."""

    def get(self, request: Request) -> HttpResponse:
        """Refuse."""
        return HttpResponseForbidden("<h1>secret</h1>")


class ShelfSerializer(serializers.ModelSerializer[Shelf]):
    """A shelf."""

    class Meta:
        model = Shelf
        fields = ["name"]


class ShelfView(generics.CreateAPIView):
    """Shelves with the browsable API."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer
    parser_classes = [FormParser]
    renderer_classes = [JSONRenderer, renderers.BrowsableAPIRenderer]


def dispatch(request: HttpRequest, view: str, fault: str) -> HttpResponseBase:
    """Choose a DRF view, as a plain view that nobody can see it behind."""
    views: dict[str, Any] = {"ours": FailingView, "stock": StockFailingView}
    return views[view].as_view()(request, fault=fault)


def fail_in_html(request: HttpRequest) -> HttpResponse:
    """Fail as a page of the site beside the API."""
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
    """Return a client that is shown what a server would answer."""
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("view", ["ours", "stock"])
@pytest.mark.parametrize("debug", [False, True])
def test_a_drf_view_behind_a_plain_one_fails_in_the_format(
    client: Client, settings: Settings, view: str, debug: bool
) -> None:
    settings.DEBUG = debug
    answers = [client.get(f"/dispatch/{view}/{fault}") for fault in ("outage", "bug", "returned")]

    assert [answer.json()["code"] for answer in answers] == [
        "SERVICE_UNAVAILABLE",
        "INTERNAL_ERROR",
        "CONFLICT",
    ]
    assert "secret" not in "".join(answer.text for answer in answers)


def test_a_page_of_the_site_beside_it_stays_a_page(client: Client) -> None:
    assert client.get("/site").headers["Content-Type"].startswith("text/html")


def test_a_renderer_of_pages_makes_its_own_page_about_an_outage(client: Client) -> None:
    response = client.get("/static", headers={"accept": CHROME})

    assert response.status_code == 503
    assert response.text == "503 Service Unavailable"


def test_a_browser_gets_the_body_of_what_a_view_of_json_returned(
    client: Client, settings: Settings
) -> None:
    settings.DEBUG = True
    response = client.get("/forbidden", headers={"accept": CHROME})

    assert response.status_code == 403
    assert response.json() == {
        "status": 403,
        "errors": [str(CATALOG["ACCESS_FORBIDDEN"].message)],
        "code": "ACCESS_FORBIDDEN",
        "moreInfo": "",
    }


def test_a_browser_keeps_the_technical_page_of_a_bug_and_of_an_outage(
    client: Client, settings: Settings
) -> None:
    settings.DEBUG = True
    for fault in ("outage", "bug"):
        response = client.get(f"/dispatch/ours/{fault}", headers={"accept": CHROME})
        assert response.headers["Content-Type"].startswith("text/html")
        assert "Traceback" in response.text


@pytest.mark.django_db
def test_the_form_of_the_browsable_api_keeps_what_was_typed_and_says_what_is_wrong(
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
