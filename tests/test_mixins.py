"""The mixins: what POST, PUT, PATCH and DELETE succeed with."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import include, path
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.serializers import ModelSerializer

from django_apierrors import generics, viewsets
from tests.bodies import body
from tests.models import Parcel, Shelf, Thing

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


@pytest.fixture(autouse=True)
def strict(settings: Any) -> None:
    """Make a violation of the verb table an error."""
    settings.API_ERRORS = {"STRICT": True}


class ShelfSerializer(ModelSerializer):
    """A shelf."""

    class Meta:
        model = Shelf
        fields = ["id", "name"]


class ThingSerializer(ModelSerializer):
    """A thing."""

    class Meta:
        model = Thing
        fields = ["name", "size"]


class ShelfViewSet(viewsets.ModelViewSet):
    """Shelves, with an extra action that has verbs of its own."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer

    @action(detail=True, methods=["get"])
    def label(self, request: Request, pk: str) -> Response:
        """Show the label."""
        return Response(self.get_object().name)

    @label.mapping.put
    def put_label(self, request: Request, pk: str) -> Response:
        """Change the label."""
        return self.update(request)

    @label.mapping.delete
    def delete_label(self, request: Request, pk: str) -> Response:
        """Delete the shelf with its label."""
        return self.destroy(request)


class ThingViewSet(viewsets.ModelViewSet):
    """Things, by a UUID."""

    queryset = Thing.objects.all()
    serializer_class = ThingSerializer

    @action(detail=True, methods=["put"], serializer_class=ThingSerializer)
    def label(self, request: Request, pk: str) -> Response:
        """Change the thing."""
        return self.update(request)


class ShelfDetail(generics.RetrieveUpdateDestroyAPIView):
    """A shelf."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class ThingDetail(generics.RetrieveUpdateDestroyAPIView):
    """A thing."""

    queryset = Thing.objects.all()
    serializer_class = ThingSerializer


class ReadOnly(generics.RetrieveDestroyAPIView):
    """A shelf that cannot be updated."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class ReadOnlyViewSet(viewsets.ReadOnlyModelViewSet):
    """Shelves that cannot be updated."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


def make(**attributes: Any) -> Any:
    """Return a generic view and a viewset of shelves with `attributes`."""
    return (
        type("Detail", (ShelfDetail,), attributes).as_view(),
        type("ViewSet", (ShelfViewSet,), attributes),
    )


def make_thing(**attributes: Any) -> Any:
    """Return a generic view and a viewset of things with `attributes`."""
    return (
        type("Detail", (ThingDetail,), attributes).as_view(),
        type("ViewSet", (ThingViewSet,), attributes),
    )


VARIANTS = {
    "plain": make(),
    "put-204": make(put_status=204),
    "put-wrong": make(put_status=201),
    "delete-200": make(delete_status=200),
    "delete-wrong": make(delete_status=202),
    "patch": make(http_method_names=["get", "put", "patch", "head", "options"]),
    "thing": make_thing(),
    "partial": make_thing(partial_put=True),
    "thing-patch": make_thing(http_method_names=["put", "patch"]),
}

router = DefaultRouter()
for name, (_, viewset) in VARIANTS.items():
    router.register(f"router/{name}", viewset, basename=name)
router.register("router/read-only", ReadOnlyViewSet, basename="read-only")

urlpatterns = [
    *(path(f"generic/{name}/<pk>/", view) for name, (view, _) in VARIANTS.items()),
    path("generic/read-only/<pk>/", ReadOnly.as_view()),
    path("", include(router.urls)),
]

ROUTES = ["/generic/{}/{}/", "/router/{}/{}/", "/router/{}/{}/label/"]
every_route = pytest.mark.parametrize("route", ROUTES)
both_routes = pytest.mark.parametrize("route", ROUTES[:2])


@pytest.fixture
def shelf() -> Shelf:
    """Return a shelf."""
    return Shelf.objects.create(name="low")


@pytest.fixture
def thing() -> Thing:
    """Return a thing."""
    return Thing.objects.create(name="cup", size=3)


def send(client: Client, verb: str, url: str, data: str = "") -> Any:
    """Send a request, a document in it."""
    return client.generic(verb, url, data, "application/json")


@every_route
def test_put_answers_200_with_the_document(client: Client, shelf: Shelf, route: str) -> None:
    response = send(client, "PUT", route.format("plain", shelf.pk), '{"name": "high"}')
    assert (response.status_code, response.json()) == (200, {"id": shelf.pk, "name": "high"})
    assert Shelf.objects.get().name == "high"


@every_route
def test_put_status_204_leaves_the_body_out(client: Client, shelf: Shelf, route: str) -> None:
    response = send(client, "PUT", route.format("put-204", shelf.pk), '{"name": "high"}')
    assert (response.status_code, response.content) == (204, b"")
    assert not response.has_header("Content-Type")
    assert Shelf.objects.get().name == "high"


@pytest.mark.parametrize("variant", ["put-wrong", "delete-wrong"])
@every_route
def test_a_status_that_the_verb_does_not_have_is_a_bug(
    client: Client, shelf: Shelf, route: str, variant: str
) -> None:
    client.raise_request_exception = False
    verb = variant.removesuffix("-wrong").upper()
    response = send(client, verb, route.format(variant, shelf.pk), '{"name": "high"}')
    assert response.status_code == 500


@every_route
def test_put_validates_the_whole_document(client: Client, thing: Thing, route: str) -> None:
    response = send(client, "PUT", route.format("thing", thing.pk), '{"size": 4}')
    assert response.json() == body("INVALID_CONTENT", "name: This field is required.")


@both_routes
def test_partial_put_updates_what_is_sent(client: Client, thing: Thing, route: str) -> None:
    response = send(client, "PUT", route.format("partial", thing.pk), '{"size": 4}')
    assert (response.status_code, response.json()) == (200, {"name": "cup", "size": 4})


@both_routes
def test_a_patch_that_was_opted_in_updates_what_is_sent(
    client: Client, thing: Thing, route: str
) -> None:
    response = send(client, "PATCH", route.format("thing-patch", thing.pk), '{"size": 4}')
    assert (response.status_code, response.json()) == (200, {"name": "cup", "size": 4})


@both_routes
@pytest.mark.parametrize("verb", ["PUT", "PATCH", "POST"])
def test_a_resource_that_cannot_be_updated_answers_405(
    client: Client, shelf: Shelf, route: str, verb: str
) -> None:
    response = send(client, verb, route.format("read-only", shelf.pk), '{"name": "high"}')
    assert (response.status_code, response.json()) == (405, body("METHOD_NOT_ALLOWED"))
    allowed = "GET, DELETE, HEAD, OPTIONS" if "generic" in route else "GET, HEAD, OPTIONS"
    assert response["Allow"] == allowed


@every_route
@pytest.mark.parametrize(
    ("variant", "key", "code"),
    [("plain", "99", "MISSING_RESOURCE"), ("plain", "low", "INVALID_ID")],
)
@pytest.mark.parametrize("verb", ["PUT", "DELETE"])
def test_an_update_or_delete_of_nothing_is_refused(
    client: Client, route: str, variant: str, key: str, code: str, verb: str
) -> None:
    response = send(client, verb, route.format(variant, key), '{"name": "high"}')
    assert (response.status_code, response.json()) == (body(code)["status"], body(code))


@every_route
@pytest.mark.parametrize(("variant", "status"), [("plain", 204), ("delete-200", 200)])
def test_delete_answers_without_body_and_content_type(
    client: Client, shelf: Shelf, route: str, variant: str, status: int
) -> None:
    response = client.delete(route.format(variant, shelf.pk))
    assert (response.status_code, response.content) == (status, b"")
    assert not response.has_header("Content-Type")
    assert not Shelf.objects.exists()


@every_route
def test_a_second_delete_is_missing_resource(client: Client, shelf: Shelf, route: str) -> None:
    url = route.format("plain", shelf.pk)
    client.delete(url)
    response = client.delete(url)
    assert (response.status_code, response.json()) == (404, body("MISSING_RESOURCE"))


@every_route
@pytest.mark.parametrize("model", [Thing, Parcel], ids=["PROTECT", "RESTRICT"])
def test_a_protected_object_is_invalid_state_and_still_there(
    client: Client, shelf: Shelf, route: str, model: Any
) -> None:
    only = {"key": uuid.uuid4()} if model is Thing else {"code": "c" * 24, "number": 1}
    model.objects.create(shelf=shelf, **only)
    response = client.delete(route.format("plain", shelf.pk))
    assert (response.status_code, response.json()) == (400, body("INVALID_STATE"))
    assert Shelf.objects.filter(pk=shelf.pk).exists()


def test_post_answers_201_with_the_document_and_its_location(client: Client) -> None:
    response = send(client, "POST", "/router/plain/", '{"name": "low"}')
    pk = Shelf.objects.get().pk
    assert (response.status_code, response.json()) == (201, {"id": pk, "name": "low"})
    assert response["Location"] == f"http://testserver/router/plain/{pk}/"
    assert response["Content-Type"] == "application/json"


def test_a_post_that_is_refused_has_no_location(client: Client, shelf: Shelf) -> None:
    response = send(client, "POST", "/router/plain/", '{"name": "low"}')
    assert response.json()["code"] == "ALREADY_EXISTS"
    assert not response.has_header("Location")
