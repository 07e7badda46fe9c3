"""The viewsets: their names, and the opt-in to PATCH."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from django.test import Client
from django.urls import include, path
from rest_framework import viewsets as stock
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from django_apierrors import filters, mixins, pagination, viewsets
from django_apierrors.semantics import StatusAwareMixin
from tests.bodies import method_body
from tests.models import Shelf

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


class Greetings(viewsets.ViewSet):
    """A viewset without a queryset."""

    def list(self, request: Request) -> Response:
        return Response([])

    def create(self, request: Request) -> Response:
        return Response({"a": 1}, status=201)

    def partial_update(self, request: Request, pk: str) -> Response:
        return Response({})


PATCHED = {"http_method_names": [*viewsets.ViewSet.http_method_names, "patch"]}

router = SimpleRouter()
router.register("greetings", Greetings, basename="greeting")
router.register("patched", type("Patched", (Greetings,), PATCHED), basename="patched")
urlpatterns = [path("", include(router.urls))]


@pytest.mark.parametrize(
    "name", ["ViewSet", "GenericViewSet", "ReadOnlyModelViewSet", "ModelViewSet"]
)
def test_each_viewset_has_the_name_of_drf_s(name: str) -> None:
    viewset = getattr(viewsets, name)
    assert issubclass(viewset, getattr(stock, name))
    assert issubclass(viewset, StatusAwareMixin)
    assert "patch" not in viewset.http_method_names
    assert name == "ViewSet" or viewset[Shelf] is viewset
    for mixin in ("CreateModelMixin", "UpdateModelMixin", "DestroyModelMixin"):
        assert issubclass(viewset, getattr(mixins, mixin)) is (name == "ModelViewSet")


@pytest.mark.parametrize("module", [viewsets, mixins, pagination, filters])
def test_a_module_has_every_class_of_its_namesake_in_drf(module: Any) -> None:
    stock_name = module.__name__.replace("django_apierrors", "rest_framework")
    names = {
        name
        for name, value in vars(importlib.import_module(stock_name)).items()
        if isinstance(value, type) and value.__module__ == stock_name and name[0].isupper()
    }
    # Tuples that no view uses, and a filter that only DRF 3.18 has.
    assert names - {"Cursor", "PageLink", "UnaccentedSearchFilter"} <= {*module.__all__}


def test_a_viewset_without_a_queryset_is_checked(client: Client, settings: Any) -> None:
    settings.API_ERRORS = {"STRICT": True}
    client.raise_request_exception = False
    assert client.get("/greetings/").status_code == 200
    assert client.post("/greetings/", content_type="application/json").status_code == 500


def test_patch_is_enabled_by_its_name(client: Client) -> None:
    response = client.patch("/greetings/1/")
    assert (response.status_code, response.json()) == (405, method_body("PATCH", "OPTIONS"))
    assert response["Allow"] == "OPTIONS"
    response = client.patch("/patched/1/")
    assert (response.status_code, response["Allow"]) == (200, "OPTIONS, PATCH")
