"""The mixins: the successes of POST, PUT, PATCH and DELETE."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import include, path
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer

from django_apierrors import generics, viewsets
from tests.bodies import body, method_body
from tests.models import Shelf, Thing

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


class ThingSerializer(ModelSerializer):
    class Meta:
        model = Thing
        fields = ["name", "size"]


class ShelfSerializer(ModelSerializer):
    class Meta:
        model = Shelf
        fields = ["id", "name"]


class ThingViewSet(viewsets.ModelViewSet):
    queryset = Thing.objects.all()
    serializer_class = ThingSerializer

    @action(detail=True, methods=["put"])
    def label(self, request: Request, pk: str) -> Response:
        return self.update(request)

    @label.mapping.delete
    def delete_label(self, request: Request, pk: str) -> Response:
        return self.destroy(request)


THINGS = {"queryset": Thing.objects.all(), "serializer_class": ThingSerializer}
SHELVES = {"queryset": Shelf.objects.all(), "serializer_class": ShelfSerializer}

router = SimpleRouter()
for name, base, attributes in [
    ("things", ThingViewSet, {}),
    ("shelves", viewsets.ModelViewSet, SHELVES),
    ("read-only", viewsets.ReadOnlyModelViewSet, THINGS),
    ("variant", ThingViewSet, {"put_status": 204, "delete_status": 200}),
    ("partial", ThingViewSet, {"partial_put": True, "http_method_names": ["put", "patch"]}),
    ("wrong", ThingViewSet, {"put_status": 203, "delete_status": 202}),
]:
    viewset = type("Viewset", (base,), attributes)
    router.register(name, viewset, basename=name.replace("shelves", "shelf"))
urlpatterns = [
    path("generic/<pk>/", generics.RetrieveUpdateDestroyAPIView.as_view(**THINGS)),
    path("", include(router.urls)),
]

# The methods of a mixin are called by a generic view, a viewset's action and an extra action.
every_url = pytest.mark.parametrize("url", ["/generic/{}/", "/things/{}/", "/things/{}/label/"])


@pytest.fixture(autouse=True)
def strict(settings: Any) -> None:
    """Turn violations of the table of methods into errors."""
    settings.API_ERRORS = {"STRICT": True}


@pytest.fixture
def thing() -> Thing:
    return Thing.objects.create(name="cup", size=3)


def send(client: Client, method: str, url: str, data: str = "") -> Any:
    """Send `data` as JSON."""
    return client.generic(method, url, data, "application/json")


@every_url
def test_put_replaces_the_resource_and_returns_it(client: Client, thing: Thing, url: str) -> None:
    response = send(client, "PUT", url.format(thing.pk), '{"name": "jug"}')
    assert (response.status_code, response.json()) == (200, {"name": "jug", "size": 3})
    response = send(client, "PUT", url.format(thing.pk), '{"size": 4}')
    assert response.json() == body("INVALID_CONTENT", "name: This field is required.")
    assert Thing.objects.filter(name="jug", size=3).exists()


@every_url
def test_delete_returns_204_and_then_404(client: Client, thing: Thing, url: str) -> None:
    response = client.delete(url.format(thing.pk))
    assert (response.status_code, response.content) == (204, b"")
    assert not response.has_header("Content-Type")
    response = client.delete(url.format(thing.pk))
    assert (response.status_code, response.json()) == (404, body("MISSING_RESOURCE"))


@pytest.mark.parametrize(("method", "status"), [("PUT", 204), ("DELETE", 200)])
def test_the_status_of_an_attribute_is_returned_without_a_body(
    client: Client, thing: Thing, method: str, status: int
) -> None:
    response = send(client, method, f"/variant/{thing.pk}/", '{"name": "jug"}')
    assert (response.status_code, response.content) == (status, b"")
    assert not response.has_header("Content-Type")
    assert not Thing.objects.filter(name="cup").exists()


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_status_that_the_method_does_not_have_is_an_error(
    client: Client, thing: Thing, method: str
) -> None:
    client.raise_request_exception = False
    assert send(client, method, f"/wrong/{thing.pk}/", '{"name": "jug"}').status_code == 500


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_partial_update_changes_the_sent_fields(
    client: Client, thing: Thing, method: str
) -> None:
    response = send(client, method, f"/partial/{thing.pk}/", '{"size": 4}')
    assert (response.status_code, response.json()) == (200, {"name": "cup", "size": 4})


@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST"])
def test_a_resource_that_cannot_be_updated_is_405(
    client: Client, thing: Thing, method: str
) -> None:
    response = send(client, method, f"/read-only/{thing.pk}/", '{"name": "jug"}')
    assert (response.status_code, response.json()) == (
        405,
        method_body(method, "GET, HEAD, OPTIONS"),
    )
    assert response["Allow"] == "GET, HEAD, OPTIONS"


def test_post_returns_201_with_the_resource_and_its_location(client: Client) -> None:
    response = send(client, "POST", "/shelves/", '{"name": "low"}')
    pk = Shelf.objects.get().pk
    assert (response.status_code, response.json()) == (201, {"id": pk, "name": "low"})
    assert response["Location"] == f"http://testserver/shelves/{pk}/"
    response = send(client, "POST", "/shelves/", '{"name": "low"}')
    assert response.json()["code"] == "ALREADY_EXISTS"
    assert not response.has_header("Location")
