"""A 204 has no bytes on the wire, whatever the renderer of the project."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import include, path
from rest_framework import renderers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer
from rest_framework.views import APIView

from django_apierrors import viewsets
from django_apierrors.semantics import StatusAwareMixin
from tests.models import Shelf

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


class EnvelopeRenderer(renderers.JSONRenderer):
    """Puts all data into an envelope, `None` too."""

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        content: bytes = super().render({"data": data}, *args, **kwargs)
        return content


class ShelfSerializer(ModelSerializer):
    class Meta:
        model = Shelf
        fields = ["name"]


class ShelfViewSet(viewsets.ModelViewSet):
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer
    renderer_classes = [EnvelopeRenderer, renderers.BrowsableAPIRenderer]
    put_status = 204


class Empty(StatusAwareMixin, APIView):
    """Returns a bare 204."""

    renderer_classes = [EnvelopeRenderer]

    def get(self, request: Request) -> Response:
        return Response(status=204)

    post = get


router = SimpleRouter()
router.register("shelves", ShelfViewSet)
urlpatterns = [path("empty/", Empty.as_view()), path("", include(router.urls))]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf.objects.create(name="low")


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_204_of_a_generic_view_has_no_bytes(client: Client, shelf: Shelf, method: str) -> None:
    response = client.generic(
        method, f"/shelves/{shelf.pk}/", b'{"name":"high"}', "application/json"
    )
    assert (response.status_code, response.content) == (204, b"")
    assert not response.has_header("Content-Type")


def test_a_204_of_another_view_has_no_bytes(client: Client) -> None:
    response = client.post("/empty/", {}, content_type="application/json")
    assert (response.status_code, response.content) == (204, b"")
    assert not response.has_header("Content-Type")


def test_the_browsable_api_has_its_page(client: Client, shelf: Shelf) -> None:
    response = client.delete(f"/shelves/{shelf.pk}/", headers={"Accept": "text/html"})
    assert (response.status_code, response["Content-Type"]) == (200, "text/html; charset=utf-8")
