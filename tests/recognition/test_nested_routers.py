"""Identifiers of parents in the URLs of drf-nested-routers and drf-extensions."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.test import Client
from django.urls import include, path
from rest_framework import routers, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from tests.models import Parcel, Shelf, Thing
from tests.recognition.support import expect, read

pytestmark = pytest.mark.django_db

MALFORMED = "The formatting of a resource identifier is incorrect."


class ThingSerializer(serializers.ModelSerializer[Thing]):
    class Meta:
        model = Thing
        fields = ["name"]


class ShelfViewSet(viewsets.ModelViewSet[Shelf]):
    queryset = Shelf.objects.all()
    serializer_class = serializers.Serializer

    @action(detail=True, url_path="things/of/(?P<size>[^/.]+)")
    def sized(self, request: Request, pk: str, size: str) -> Response:
        return Response(Thing.objects.filter(size=size).count())


class ThingViewSet(viewsets.ModelViewSet[Thing]):
    queryset = Thing.objects.all()
    serializer_class = ThingSerializer

    def get_queryset(self) -> Any:
        return self.queryset.filter(shelf_id=self.kwargs["shelf_pk"])

    def perform_create(self, serializer: Any) -> None:
        serializer.save(shelf_id=self.kwargs["shelf_pk"])


class ParcelViewSet(ThingViewSet):
    queryset = Parcel.objects.all()

    def get_queryset(self) -> Any:
        return self.queryset.filter(things=self.kwargs["thing_pk"])


def send(urlconf: list[Any], settings: Any, target: str, data: object = None) -> Any:
    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": urlconf})
    client = Client(raise_request_exception=False)
    if data is None:
        return read(client.get(target))
    return read(client.post(target, data, content_type="application/json"))


def test_the_variable_of_an_action_is_named(settings: Any) -> None:
    router = routers.SimpleRouter()
    router.register("shelves", ShelfViewSet)
    outcome = send([path("", include(router.urls))], settings, "/shelves/1/things/of/x/")
    assert outcome == expect("INVALID_ID", f"size: {MALFORMED}")


def test_a_nested_router_names_its_variable(settings: Any) -> None:
    nested = pytest.importorskip("rest_framework_nested.routers", reason="no drf-nested-routers")
    router = nested.SimpleRouter()
    router.register("shelves", ShelfViewSet)
    things = nested.NestedSimpleRouter(router, "shelves", lookup="shelf")
    things.register("things", ThingViewSet, basename="thing")
    parcels = nested.NestedSimpleRouter(router, "shelves", lookup="thing")
    parcels.register("parcels", ParcelViewSet, basename="parcel")
    urlconf = [path("", include([*things.urls, *parcels.urls]))]
    for target, data, name in [
        ("/shelves/x/things/", None, "shelf_pk"),
        ("/shelves/x/things/", {"name": "cup"}, "shelf_pk"),
        ("/shelves/x/parcels/", None, "thing_pk"),
    ]:
        assert send(urlconf, settings, target, data) == (
            expect("INVALID_ID", f"{name}: {MALFORMED}")
        )


def test_the_mixin_of_drf_extensions_names_its_variable(settings: Any) -> None:
    pytest.importorskip("rest_framework_extensions", reason="no drf-extensions")
    mixins = import_module("rest_framework_extensions.mixins")
    extensions = import_module("rest_framework_extensions.routers")

    class NestedViewSet(mixins.NestedViewSetMixin, viewsets.ModelViewSet):  # type: ignore[name-defined,misc,type-arg]
        queryset = Thing.objects.all()
        serializer_class = ThingSerializer

    router = extensions.ExtendedSimpleRouter()
    shelves = router.register("shelves", ShelfViewSet)
    shelves.register(
        "things", NestedViewSet, basename="shelf-things", parents_query_lookups=["shelf"]
    )
    outcome = send([path("", include(router.urls))], settings, "/shelves/x/things/")
    # NestedViewSetMixin raises an Http404 of its own in place of the ValueError.
    assert outcome == expect("INVALID_ID")
