"""The viewsets: the namesakes of DRF's."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from django.test import Client
from django.urls import include, path
from rest_framework import mixins as stock_mixins
from rest_framework import viewsets as stock
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from django_apierrors import filters, mixins, pagination, viewsets
from django_apierrors.semantics import StatusAwareMixin
from tests.bodies import body

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

VIEWSETS = ["ViewSet", "GenericViewSet", "ReadOnlyModelViewSet", "ModelViewSet"]


class Greetings(viewsets.ViewSet):
    """A viewset without a queryset."""

    def list(self, request: Request) -> Response:
        """List nothing."""
        return Response([])

    def create(self, request: Request) -> Response:
        """Make something that is nowhere."""
        return Response({"a": 1}, status=201)

    def retrieve(self, request: Request, pk: str) -> Response:
        """Show nothing."""
        return Response({})

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change nothing."""
        return Response({})


class OptedIn(Greetings):
    """The same with PATCH."""

    http_method_names = [*viewsets.ViewSet.http_method_names, "patch"]


router = SimpleRouter()
router.register("greetings", Greetings, basename="greeting")
router.register("opted-in", OptedIn, basename="opted-in")
urlpatterns = [path("", include(router.urls))]


@pytest.mark.parametrize("name", VIEWSETS)
def test_each_viewset_of_drf_has_its_namesake(name: str) -> None:
    ours = getattr(viewsets, name)
    assert issubclass(ours, getattr(stock, name))
    assert issubclass(ours, StatusAwareMixin)
    assert "patch" not in ours.http_method_names


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (viewsets, "rest_framework.viewsets"),
        (mixins, "rest_framework.mixins"),
        (pagination, "rest_framework.pagination"),
        (filters, "rest_framework.filters"),
    ],
)
def test_what_views_import_of_drf_is_there_to_import(ours: Any, theirs: str) -> None:
    module = importlib.import_module(theirs)
    public = {
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == theirs and name[0].isupper()
    }
    # Tuples that no view names, and a filter of DRF 3.18 alone.
    public -= {"Cursor", "PageLink", "UnaccentedSearchFilter"}
    assert public <= set(ours.__all__)


def test_a_model_viewset_has_our_mixins() -> None:
    for name in ("CreateModelMixin", "UpdateModelMixin", "DestroyModelMixin"):
        assert issubclass(viewsets.ModelViewSet, getattr(mixins, name))
        assert issubclass(getattr(mixins, name), getattr(stock_mixins, name))


def test_a_viewset_without_queryset_is_held_to_the_table(client: Client, settings: Any) -> None:
    settings.API_ERRORS = {"STRICT": True}
    client.raise_request_exception = False
    assert client.get("/greetings/").status_code == 200
    assert client.post("/greetings/", content_type="application/json").status_code == 500


def test_patch_is_opted_in_to_by_naming_it(client: Client) -> None:
    response = client.patch("/greetings/1/")
    assert (response.status_code, response.json()) == (405, body("METHOD_NOT_ALLOWED"))
    assert response["Allow"] == "GET, HEAD, OPTIONS"
    response = client.patch("/opted-in/1/")
    assert (response.status_code, response["Allow"]) == (200, "GET, HEAD, OPTIONS, PATCH")
