"""`Location`: where a new resource is, and that it answers there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import clear_script_prefix, include, path, re_path, set_script_prefix
from rest_framework import serializers, versioning
from rest_framework import viewsets as stock_viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter, SimpleRouter
from rest_framework.serializers import HyperlinkedIdentityField, ModelSerializer
from rest_framework.test import APIRequestFactory

from django_apierrors import generics, mixins, viewsets
from tests.models import Parcel, Shelf, Thing

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


@pytest.fixture(autouse=True)
def strict(settings: Any) -> None:
    """Make a 201 without its `Location` an error."""
    settings.API_ERRORS = {"STRICT": True}


class LinkedShelf(Shelf):
    """A shelf that says where it is: what a test puts into `url`."""

    url: ClassVar[Any] = None

    class Meta:
        proxy = True

    def get_absolute_url(self) -> Any:
        """Return the URL of this shelf."""
        url = type(self).url
        if isinstance(url, Exception):
            raise url
        return url.format(self.pk) if isinstance(url, str) else url


class ShelfSerializer(ModelSerializer):
    """A shelf."""

    class Meta:
        model = Shelf
        fields = ["id", "name"]


class NameSerializer(ModelSerializer):
    """A shelf without its key."""

    class Meta:
        model = Shelf
        fields = ["name"]


class HyperlinkedSerializer(ModelSerializer):
    """A shelf with its own URL."""

    url = HyperlinkedIdentityField(view_name="hyper-one")

    class Meta:
        model = Shelf
        fields = ["url", "name"]


class HomepageSerializer(ModelSerializer):
    """A shelf with a URL that is not its own."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = Shelf
        fields = ["url", "name"]

    def get_url(self, shelf: Shelf) -> str:
        """Return the page of the maker, which has one on this host."""
        return "http://testserver/single/1/"


class LinkedSerializer(ModelSerializer):
    """A shelf of the model that says where it is."""

    class Meta:
        model = LinkedShelf
        fields = ["name"]


class ParcelSerializer(ModelSerializer):
    """A parcel."""

    class Meta:
        model = Parcel
        fields = ["code", "slug", "number"]


class ShelfViewSet(viewsets.ModelViewSet):
    """Shelves, with extra actions that create."""

    queryset = Shelf.objects.all()
    serializer_class = NameSerializer

    @action(detail=True, methods=["post"], url_name="make-copy")
    def copy(self, request: Request, **kwargs: Any) -> Response:
        """Make a shelf of another one."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data, status=201)

    @action(detail=True, methods=["post"], serializer_class=ParcelSerializer)
    def parcels(self, request: Request, **kwargs: Any) -> Response:
        """Put a new parcel on the shelf: not a shelf."""
        return self.copy(request)

    @action(detail=True, methods=["post"])
    def notes(self, request: Request, **kwargs: Any) -> Response:
        """Put a note on the shelf: not a shelf, and without a serializer."""
        return Response({"id": 1}, status=201)


class Reversed(viewsets.GenericViewSet, mixins.CreateModelMixin, mixins.RetrieveModelMixin):
    """The base classes in the order that DRF does not mind either."""

    queryset = Shelf.objects.all()
    serializer_class = NameSerializer


class OnStock(mixins.CreateModelMixin, stock_viewsets.ReadOnlyModelViewSet):
    """Our mixin on a viewset of DRF's."""

    queryset = Shelf.objects.all()
    serializer_class = NameSerializer


class Documented(ShelfViewSet):
    """`create()` as DRF documents it."""

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Create a shelf."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        self.perform_create(serializer)
        headers = self.get_success_headers(serializer.data)
        return Response(serializer.data, status=201, headers=headers)


class Short(ShelfViewSet):
    """`create()` without its headers."""

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Create a shelf."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data, status=201)


class Enveloped(ShelfViewSet):
    """`create()` with an answer of its own shape."""

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Create a shelf."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        headers = self.get_success_headers(serializer.data)
        return Response({"shelf": serializer.data}, status=201, headers=headers)


class PlainDict(ShelfViewSet):
    """`create()` without a serializer."""

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Create a shelf."""
        shelf = Shelf.objects.create(name=request.data["name"])
        return Response({"id": shelf.pk, "name": shelf.name}, status=201)


class ByName(ShelfViewSet):
    """Says itself where a shelf is, and does not expect every name."""

    def get_location(self, data: Any) -> str:
        """Return the URL of a shelf whose name ends in a number."""
        _, number = data["name"].split("-")
        return f"http://testserver/by-name/{number}"


class ByNameInShort(Short, ByName):
    """The same, without the headers of `create()`."""


class ParcelsOnShelf(generics.GenericAPIView):
    """Makes parcels without a serializer, on a route beside the one of a shelf."""

    queryset = Parcel.objects.all()

    def post(self, request: Request, **kwargs: Any) -> Response:
        """Make a parcel."""
        return Response({"pk": 1}, status=201)


class Unsaved(ShelfViewSet):
    """`perform_create()` that leaves the serializer without its instance."""

    serializer_class = ShelfSerializer

    def perform_create(self, serializer: Any) -> None:
        """Create a shelf behind the serializer's back."""
        Shelf.objects.create(**serializer.validated_data)


class Bulk(ShelfViewSet):
    """Creates many at once."""

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """Return a serializer of many."""
        return super().get_serializer(*args, many=True, **kwargs)


class SlugViewSet(viewsets.ModelViewSet):
    """Parcels by their slug, which the URL calls by another name."""

    queryset = Parcel.objects.all()
    serializer_class = ParcelSerializer
    lookup_field = "slug"
    lookup_url_kwarg = "name"


class TransformViewSet(SlugViewSet):
    """Parcels by their slug in whatever case."""

    lookup_field = "slug__iexact"


class NumberSerializer(ParcelSerializer):
    """A parcel that shows its slug alone."""

    class Meta:
        model = Parcel
        fields = ["code", "slug", "number", "shelf"]


class RelatedViewSet(viewsets.ModelViewSet):
    """Parcels by the name of their shelf."""

    queryset = Parcel.objects.all()
    serializer_class = NumberSerializer
    lookup_field = "shelf__name"
    lookup_url_kwarg = "shelf"


class ThingSerializer(ModelSerializer):
    """A thing."""

    class Meta:
        model = Thing
        fields = ["name", "size"]


class NestedViewSet(viewsets.ModelViewSet):
    """Things on a shelf."""

    queryset = Thing.objects.all()
    serializer_class = ThingSerializer

    def perform_create(self, serializer: Any) -> None:
        """Create a thing on the shelf of the URL."""
        serializer.save(shelf_id=self.kwargs["shelf"])


class Create(generics.ListCreateAPIView):
    """The generic view that creates; it looks nothing up."""

    queryset = Shelf.objects.all()
    serializer_class = NameSerializer


class Retrieve(generics.RetrieveAPIView):
    """The generic view that shows one."""

    queryset = Shelf.objects.all()
    serializer_class = NameSerializer


class CreateParcel(generics.CreateAPIView):
    """Creates parcels; it looks nothing up."""

    queryset = Parcel.objects.all()
    serializer_class = ParcelSerializer


class Own(Create):
    """Knows where its resources are."""

    def get_location(self, data: Any) -> str:
        """Return the URL of a resource."""
        return f"http://testserver/single/{Shelf.objects.get(name=data['name']).pk}/"


class Bare(generics.GenericAPIView):
    """Answers 201 without any mixin."""

    queryset = Shelf.objects.all()

    def post(self, request: Request) -> Response:
        """Create nothing."""
        return Response({"a": 1}, status=201)


class PathVersioning(versioning.URLPathVersioning):
    """Knows one version."""

    allowed_versions = ("v1",)


class QueryVersioning(versioning.QueryParameterVersioning):
    """Knows one version, which must be sent."""

    allowed_versions = ("1",)


class AcceptVersioning(versioning.AcceptHeaderVersioning):
    """Knows one version, which must be sent."""

    allowed_versions = ("1",)


class NamespaceVersioning(versioning.NamespaceVersioning):
    """Knows two versions."""

    allowed_versions = ("v1", "v2")


def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a shelf, as a plain view."""
    return HttpResponse(Shelf.objects.get(pk=pk).name)


router = DefaultRouter()
router.register("shelves", ShelfViewSet)
router.register("reversed", Reversed, basename="reversed")
router.register("on-stock", OnStock, basename="on-stock")
router.register("documented", Documented, basename="documented")
router.register("short", Short, basename="short")
router.register("enveloped", Enveloped, basename="enveloped")
router.register("plain-dict", PlainDict, basename="plain-dict")
router.register("by-name", ByName, basename="by-name")
router.register("by-name-in-short", ByNameInShort, basename="by-name-in-short")
router.register("unsaved", Unsaved, basename="unsaved")
router.register("bulk", Bulk, basename="bulk")
router.register("slugs", SlugViewSet, basename="slug")
router.register("transforms", TransformViewSet, basename="transform")
router.register("related", RelatedViewSet, basename="related")
router.register(r"racks/(?P<shelf>\d+)/things", NestedViewSet, basename="rack-thing")

bare_router = SimpleRouter(trailing_slash=False)
bare_router.register("bare", ShelfViewSet, basename="bare")

inner = (
    [
        path("made/", Create.as_view(), name="made-list"),
        path("made/<pk>/", Retrieve.as_view(), name="made-detail"),
    ],
    "inner",
)
versioned = [
    path("", Create.as_view(versioning_class=NamespaceVersioning), name="shelf-list"),
    path("<pk>/", Retrieve.as_view(versioning_class=NamespaceVersioning), name="shelf-detail"),
]
by_path = {"versioning_class": PathVersioning}
by_query = {"versioning_class": QueryVersioning}
by_accept = {"versioning_class": AcceptVersioning}

urlpatterns = [
    path("single/", Create.as_view(), name="single-list"),
    path("single/<int:pk>/", Retrieve.as_view(), name="single-detail"),
    path("one-name/", Create.as_view(), name="onename"),
    path("no-name/", Create.as_view()),
    path("plain/", Create.as_view(), name="plain-list"),
    path("plain/<int:pk>/", show, name="plain-detail"),
    path("kinds/", CreateParcel.as_view(), name="kind-list"),
    path("kinds/<slug:name>/", SlugViewSet.as_view({"get": "retrieve"}), name="kind-detail"),
    path("keys/", CreateParcel.as_view(), name="key-list"),
    path(
        "keys/<code>/",
        generics.RetrieveAPIView.as_view(
            queryset=Parcel.objects.all(), serializer_class=ParcelSerializer, lookup_field="code"
        ),
        name="key-detail",
    ),
    path("single/<int:pk>/parcels/", ParcelsOnShelf.as_view(), name="single-parcels"),
    path("lost/", CreateParcel.as_view(), name="lost-list"),
    path("unmatched/", Create.as_view(), name="unmatched-list"),
    path("unmatched/<int:other>/<pk>/", Retrieve.as_view(), name="unmatched-detail"),
    path("keyless/", Create.as_view(), name="keyless-list"),
    path("keyless/one/", Retrieve.as_view(), name="keyless-detail"),
    path("hyper/", Create.as_view(serializer_class=HyperlinkedSerializer)),
    path("hyper/<pk>/", Retrieve.as_view(), name="hyper-one"),
    path("home/", Create.as_view(serializer_class=HomepageSerializer), name="home-list"),
    path("home/<pk>/", Retrieve.as_view(serializer_class=HomepageSerializer), name="home-detail"),
    path("linked/", Create.as_view(serializer_class=LinkedSerializer), name="linked-list"),
    path("linked/<pk>/", Retrieve.as_view(), name="linked-detail"),
    path("own/", Own.as_view()),
    path("without-mixin/", Bare.as_view()),
    path("in/", include(inner, namespace="outer")),
    path("v1/", include((versioned, "app"), namespace="v1")),
    path("v2/", include((versioned, "app"), namespace="v2")),
    path("by-path/<version>/", Create.as_view(**by_path), name="by-path-list"),
    path("by-path/<version>/<pk>/", Retrieve.as_view(**by_path), name="by-path-detail"),
    path("by-query/", Create.as_view(**by_query), name="by-query-list"),
    path("by-query/<pk>/", Retrieve.as_view(**by_query), name="by-query-detail"),
    path("by-accept/", Create.as_view(**by_accept), name="by-accept-list"),
    path("by-accept/<pk>/", Retrieve.as_view(**by_accept), name="by-accept-detail"),
    re_path(r"^old/(?:(?P<lang>[a-z]+)/)?$", Create.as_view(), name="old-list"),
    re_path(r"^old/(?:(?P<lang>[a-z]+)/)?(?P<pk>\d+)$", Retrieve.as_view(), name="old-detail"),
    re_path(r"^suffixed(?:\.(?P<format>\w+))?$", Create.as_view(), name="suffixed-list"),
    re_path(
        r"^suffixed/(?P<pk>\d+)(?:\.(?P<format>\w+))?$", Retrieve.as_view(), name="suffixed-detail"
    ),
    path("tenants/<tenant>/floors/<floor>/", Create.as_view(), name="floor-list"),
    path("tenants/<tenant>/<pk>/", Retrieve.as_view(), name="floor-detail"),
    path("", include(router.urls)),
    path("", include(bare_router.urls)),
]


def post(client: Client, url: str, data: Any = None, **headers: str) -> Any:
    """Create."""
    data = {"name": "low"} if data is None else data
    return client.post(url, data, content_type="application/json", headers=headers)


def follow(client: Client, location: str, **headers: str) -> int:
    """Return what the same caller is answered at `location`."""
    assert location.startswith("http://testserver/")
    return client.get(location.removeprefix("http://testserver"), headers=headers).status_code


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("/single/", "/single/{pk}/"),
        ("/plain/", "/plain/{pk}/"),
        ("/one-name/", "/shelves/{pk}/"),
        ("/no-name/", "/shelves/{pk}/"),
        ("/shelves/", "/shelves/{pk}/"),
        ("/shelves.json", "/shelves/{pk}/"),
        ("/bare", "/bare/{pk}"),
        ("/reversed/", "/reversed/{pk}/"),
        ("/on-stock/", "/on-stock/{pk}/"),
        ("/documented/", "/documented/{pk}/"),
        ("/short/", "/short/{pk}/"),
        ("/enveloped/", "/enveloped/{pk}/"),
        ("/plain-dict/", "/plain-dict/{pk}/"),
        ("/hyper/", "/hyper/{pk}/"),
        ("/home/", "/home/{pk}/"),
        ("/own/", "/single/{pk}/"),
        ("/in/made/", "/in/made/{pk}/"),
        ("/v1/", "/v1/{pk}/"),
        ("/v2/", "/v2/{pk}/"),
        ("/by-path/v1/", "/by-path/v1/{pk}/"),
        ("/by-query/?version=1", "/by-query/{pk}/?version=1"),
        ("/old/", "/old/{pk}"),
        ("/old/en/", "/old/en/{pk}"),
        ("/tenants/a/floors/b/", "/tenants/a/{pk}/"),
        ("/unmatched/", "/shelves/{pk}/"),
        ("/keyless/", "/shelves/{pk}/"),
        ("/suffixed.json", "/suffixed/{pk}"),
    ],
)
def test_a_new_shelf_is_at_its_location(client: Client, url: str, location: str) -> None:
    response = post(client, url)
    shelf = Shelf.objects.get()
    assert response.status_code == 201
    assert response["Location"] == "http://testserver" + location.format(pk=shelf.pk)
    assert follow(client, response["Location"]) == 200


def test_a_version_in_accept_is_not_in_the_location(client: Client) -> None:
    accept = "application/json; version=1"
    response = post(client, "/by-accept/", accept=accept)
    assert response["Location"] == f"http://testserver/by-accept/{Shelf.objects.get().pk}/"
    assert follow(client, response["Location"], accept=accept) == 200


PARCEL = {"code": "c" * 24, "slug": "small", "number": 7}


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("/slugs/", "/slugs/small/"),
        ("/transforms/", "/transforms/small/"),
        ("/kinds/", "/kinds/small/"),
        ("/keys/", f"/keys/{'c' * 24}/"),
    ],
)
def test_another_key_field_is_the_one_in_the_location(
    client: Client, url: str, location: str
) -> None:
    response = post(client, url, PARCEL)
    assert response["Location"] == f"http://testserver{location}"
    assert follow(client, response["Location"]) == 200


def test_a_key_field_of_a_related_model_is_the_one_in_the_location(client: Client) -> None:
    shelf = Shelf.objects.create(name="low shelf")
    response = post(client, "/related/", {**PARCEL, "shelf": shelf.pk})
    assert response["Location"] == "http://testserver/related/low%20shelf/"
    assert follow(client, response["Location"]) == 200


def test_a_key_that_is_null_makes_no_location(client: Client) -> None:
    response = post(client, "/related/", {**PARCEL, "shelf": None})
    assert (response.status_code, response.headers.get("Location")) == (201, None)


def test_a_nested_route_keeps_the_variables_of_its_url(client: Client) -> None:
    shelf = Shelf.objects.create(name="low")
    response = post(client, f"/racks/{shelf.pk}/things/")
    thing = Thing.objects.get()
    assert response["Location"] == f"http://testserver/racks/{shelf.pk}/things/{thing.pk}/"
    assert follow(client, response["Location"]) == 200


@pytest.mark.parametrize(
    ("url", "location"),
    [("/shelves/{pk}/copy/", "/shelves/{pk}/"), ("/bare/{pk}/copy", "/bare/{pk}")],
)
def test_an_extra_action_that_creates_has_a_location_beside_its_own_route(
    client: Client, url: str, location: str
) -> None:
    shelf = Shelf.objects.create(name="low")
    response = post(client, url.format(pk=shelf.pk), {"name": "high"})
    made = Shelf.objects.get(name="high")
    assert response["Location"] == "http://testserver" + location.format(pk=made.pk)


@pytest.mark.parametrize("action", ["parcels", "notes"])
def test_an_extra_action_that_creates_another_model_is_not_located_at_its_own(
    settings: Any, client: Client, action: str
) -> None:
    settings.API_ERRORS = {"STRICT": False}
    shelf = Shelf.objects.create(name="low")
    response = post(client, f"/shelves/{shelf.pk}/{action}/", PARCEL)
    assert (response.status_code, response.headers.get("Location")) == (201, None)


def test_a_view_of_another_model_is_not_located_at_the_route_beside_it(
    settings: Any, client: Client
) -> None:
    settings.API_ERRORS = {"STRICT": False}
    response = post(client, "/single/1/parcels/")
    assert (response.status_code, response.headers.get("Location")) == (201, None)


@pytest.fixture
def _prefix() -> Iterator[None]:
    """Mount the project, as Django's WSGI handler does with what the server says."""
    set_script_prefix("/api/")
    yield
    clear_script_prefix()


@pytest.mark.usefixtures("_prefix")
def test_a_mounted_project_keeps_its_prefix(client: Client) -> None:
    response = post(client, "/single/")
    assert response["Location"] == f"http://testserver/api/single/{Shelf.objects.get().pk}/"


def test_many_new_shelves_are_a_list_without_location(client: Client) -> None:
    response = post(client, "/bulk/", [{"name": "low"}, {"name": "high"}])
    assert (response.status_code, response.json()) == (201, [{"name": "low"}, {"name": "high"}])
    assert not response.has_header("Location")


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("/single/{}/?a=b", "http://testserver/single/{}/?a=b"),
        ("http://testserver/single/{}/", "http://testserver/single/{}/"),
        ("https://testserver/single/{}/", "https://testserver/single/{}/"),
        ("/\u00fc/{}/", "http://testserver/%C3%BC/{}/"),
    ],
)
def test_get_absolute_url_is_the_location(
    client: Client, monkeypatch: pytest.MonkeyPatch, url: str, location: str
) -> None:
    monkeypatch.setattr(LinkedShelf, "url", url)
    response = post(client, "/linked/")
    assert response["Location"] == location.format(Shelf.objects.get().pk)


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/{}/",
        "http://testserver.evil.example/",
        "http://testserver@evil.example/",
        "http://evil@testserver/",
        "//evil.example/",
        "javascript:alert(1)",
        "data:text/html,a",
        "ftp://testserver/",
        "/a\r\nSet-Cookie: a=b",
        "/a\nb",
        "/a\0b",
        "/a b",
        "",
        None,
        7,
        b"/a",
        ValueError("broken"),
        AttributeError("broken"),
        Shelf.DoesNotExist("broken"),
    ],
)
def test_a_get_absolute_url_that_is_no_clean_url_of_this_host_is_passed_over(
    client: Client, monkeypatch: pytest.MonkeyPatch, url: Any
) -> None:
    monkeypatch.setattr(LinkedShelf, "url", url)
    response = post(client, "/linked/")
    shelf = Shelf.objects.get()
    assert (response.status_code, response.json()) == (201, {"name": "low"})
    assert response["Location"] == f"http://testserver/linked/{shelf.pk}/"
    assert "Set-Cookie" not in response.headers


def test_what_fails_on_the_way_to_a_location_is_logged(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(LinkedShelf, "url", ValueError("broken"))
    post(client, "/linked/")
    assert caplog.messages == [
        "django_apierrors failed while looking for the Location of a resource in find_model_url()."
    ]


@pytest.mark.parametrize("url", ["/by-name/", "/by-name-in-short/"])
@pytest.mark.parametrize("name", ["low", "low-1\nX: 1", "low-1\r\nX: 1"])
def test_a_get_location_that_fails_leaves_the_row_and_the_201(
    settings: Any, client: Client, url: str, name: str
) -> None:
    settings.API_ERRORS = {"STRICT": False}
    response = post(client, url, {"name": name})
    assert (response.status_code, response.headers.get("Location")) == (201, None)
    assert "X" not in response.headers
    assert Shelf.objects.get().name == name


@pytest.mark.parametrize("url", ["/lost/", "/unsaved/"])
def test_a_row_that_was_created_is_answered_201_even_where_no_location_is_found(
    client: Client, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    data = PARCEL if url == "/lost/" else {"name": "low"}
    response = post(client, url, data)
    assert (response.status_code, response.headers.get("Location")) == (201, None)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "answered POST with 201, which must have a Location header" in caplog.text


def test_a_201_of_the_views_own_without_location_is_a_bug(client: Client) -> None:
    client.raise_request_exception = False
    assert post(client, "/without-mixin/").status_code == 500


def test_a_location_that_the_view_has_set_is_kept(client: Client) -> None:
    class Elsewhere(Short):
        def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
            response = super().create(request)
            response["Location"] = "https://elsewhere.example/"
            return response

    view = Elsewhere.as_view({"post": "create"})
    request = APIRequestFactory().post("/", {"name": "low"}, format="json")
    assert view(request)["Location"] == "https://elsewhere.example/"


def test_a_request_that_no_url_led_to_has_no_location() -> None:
    request = APIRequestFactory().post("/", {"name": "low"}, format="json")
    response = Create.as_view()(request)
    assert (response.status_code, response.headers.get("Location")) == (201, None)
