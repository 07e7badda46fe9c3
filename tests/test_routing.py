"""The `Location` of a new resource, and the flat list of the URL patterns."""

from __future__ import annotations

import logging
from types import ModuleType
from typing import Any, ClassVar

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import (
    NoReverseMatch,
    URLResolver,
    clear_script_prefix,
    get_resolver,
    include,
    path,
    re_path,
    set_script_prefix,
)
from django.urls.resolvers import RegexPattern
from rest_framework import serializers, versioning
from rest_framework import viewsets as stock_viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter, SimpleRouter
from rest_framework.serializers import HyperlinkedIdentityField
from rest_framework.test import APIRequestFactory

from django_apierrors import generics, mixins, viewsets
from django_apierrors.routing import get_routes, get_routes_by_name
from tests.models import Parcel, Shelf, Thing
from tests.support import NameSerializer, make_serializer, subclass

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


@pytest.fixture(autouse=True)
def strict(settings: Any) -> None:
    """Turn a 201 without its `Location` into an error, unless `create()` made the resource."""
    settings.API_ERRORS = {"STRICT": True}


@pytest.fixture(autouse=True)
def silent_views(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test be the first in which a view creates a resource without a `Location`."""
    monkeypatch.setattr(mixins, "_views_without_location", set())


class LinkedShelf(Shelf):
    """A shelf whose `get_absolute_url()` returns or raises what a test assigns to `url`."""

    url: ClassVar[Any] = None

    class Meta:
        proxy = True

    def get_absolute_url(self) -> Any:
        if isinstance(self.url, Exception):
            raise self.url
        return self.url.format(self.pk) if isinstance(self.url, str) else self.url


LinkedSerializer = make_serializer(LinkedShelf, "name")
ParcelSerializer = make_serializer(Parcel, "code", "slug", "number", "shelf")
identity = HyperlinkedIdentityField(view_name="hyper-one")
HyperlinkedSerializer = make_serializer(Shelf, "url", "name", url=identity)
# Its `url` is another resource's.
homepage = serializers.SerializerMethodField(method_name="get_homepage")
HOMEPAGE = {"url": homepage, "get_homepage": lambda *args: "http://testserver/single/1/"}
HomepageSerializer = make_serializer(Shelf, "url", "name", **HOMEPAGE)


class Shelves:
    """The attributes of a view of shelves."""

    queryset = Shelf.objects.all()
    serializer_class = NameSerializer


class Create(Shelves, generics.ListCreateAPIView):
    pass


class Retrieve(Shelves, generics.RetrieveAPIView):
    pass


class ShelfViewSet(Shelves, viewsets.ModelViewSet):
    @action(detail=True, methods=["post"], url_name="make-copy")
    def copy(self, request: Request, **kwargs: Any) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data, status=201)

    @action(detail=True, methods=["post"], serializer_class=ParcelSerializer)
    def parcels(self, request: Request, **kwargs: Any) -> Response:
        """Create a resource of another model."""
        return self.copy(request)

    @action(detail=True, methods=["post"])
    def notes(self, request: Request, **kwargs: Any) -> Response:
        """Create a resource without a model."""
        return Response({"id": 1}, status=201)


class GenericFirst(
    Shelves, viewsets.GenericViewSet, mixins.CreateModelMixin, mixins.RetrieveModelMixin
):
    """The base classes in the other order."""


class OnStock(Shelves, mixins.CreateModelMixin, stock_viewsets.ReadOnlyModelViewSet):
    """Our mixin on DRF's viewset."""


# The overridden methods of viewsets.


def create_short(view: Any, request: Request) -> Response:
    """Create a shelf without a call of `get_success_headers()`."""
    return view.copy(request)


def create_enveloped(view: Any, request: Request) -> Response:
    """Create a shelf with a response of another shape."""
    data = view.copy(request).data
    return Response({"shelf": data}, status=201, headers=view.get_success_headers(data))


def create_elsewhere(view: Any, request: Request) -> Response:
    """Create a shelf, and set the `Location`."""
    return Response(view.copy(request).data, 201, headers={"Location": "https://elsewhere/"})


def create_plain_dict(view: Any, request: Request) -> Response:
    """Create a shelf without a serializer."""
    shelf = Shelf.objects.create(name=request.data["name"])
    return Response({"id": shelf.pk, "name": shelf.name}, status=201)


def get_location(view: Any, data: Any) -> str:
    """Raise for a name without a dash, and for `none-1`."""
    prefix, number = data["name"].split("-")
    if prefix == "none":
        raise NoReverseMatch(number)
    return f"http://testserver/by-name/{number}"


def perform_create(view: Any, serializer: Any) -> None:
    """Leave the serializer without its instance."""
    Shelf.objects.create(**serializer.validated_data)


def get_serializer(view: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the serializer of a list."""
    return super(ShelfViewSet, view).get_serializer(*args, many=True, **kwargs)


class SlugViewSet(viewsets.ModelViewSet):
    queryset = Parcel.objects.all()
    serializer_class = ParcelSerializer
    lookup_field = "slug"
    lookup_url_kwarg = "name"


class ThingViewSet(viewsets.ModelViewSet):
    queryset = Thing.objects.all()
    serializer_class = make_serializer(Thing, "name", "size")

    def perform_create(self, serializer: Any) -> None:
        serializer.save(shelf_id=self.kwargs["shelf"])


CreateParcel = subclass(Create, queryset=Parcel.objects.all(), serializer_class=ParcelSerializer)


class CreateWithoutMixin(generics.GenericAPIView):
    queryset = Parcel.objects.all()

    def post(self, request: Request, **kwargs: Any) -> Response:
        return Response({"pk": 1}, status=201)


PathVersioning = subclass(versioning.URLPathVersioning, allowed_versions=("v1",))
QueryVersioning = subclass(versioning.QueryParameterVersioning, allowed_versions=("1",))
NamespaceVersioning = subclass(versioning.NamespaceVersioning, allowed_versions=("v1", "v2"))


def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a shelf in a view that is not DRF's."""
    return HttpResponse(Shelf.objects.get(pk=pk).name)


NO_QUERYSET: dict[str, Any] = {"queryset": None, "get_queryset": lambda view: Shelf.objects.all()}
VIEWSETS: dict[str, Any] = {
    "generic-first": GenericFirst,
    "on-stock": OnStock,
    "short": subclass(ShelfViewSet, create=create_short),
    "enveloped": subclass(ShelfViewSet, create=create_enveloped),
    "elsewhere": subclass(ShelfViewSet, create=create_elsewhere),
    "plain-dict": subclass(ShelfViewSet, create=create_plain_dict, **NO_QUERYSET),
    "by-name": subclass(ShelfViewSet, get_location=get_location),
    "unsaved": subclass(ShelfViewSet, perform_create=perform_create),
    "bulk": subclass(ShelfViewSet, get_serializer=get_serializer),
    "slugs": SlugViewSet,
    "transforms": subclass(SlugViewSet, lookup_field="slug__iexact"),
    "related": subclass(SlugViewSet, lookup_field="shelf__name"),
}
router = DefaultRouter()
router.register("shelves", ShelfViewSet)
for prefix, viewset in VIEWSETS.items():
    router.register(prefix, viewset, basename=prefix)
router.register(r"racks/(?P<shelf>\d+)/things", ThingViewSet, basename="rack-thing")

bare_router = SimpleRouter(trailing_slash=False)
bare_router.register("bare", ShelfViewSet, basename="bare")


def make_pair(prefix: str, name: str, **attributes: Any) -> list[Any]:
    """Return the URLs of a list and of its details."""
    return [
        path(prefix, Create.as_view(**attributes), name=f"{name}-list"),
        path(f"{prefix}<pk>/", Retrieve.as_view(**attributes), name=f"{name}-detail"),
    ]


versions = make_pair("", "shelf", versioning_class=NamespaceVersioning)

urlpatterns = [
    *make_pair("single/", "single"),
    path("single/<int:pk>/parcels/", CreateWithoutMixin.as_view(), name="single-parcels"),
    path("no-name/", Create.as_view()),
    path("plain/", Create.as_view(), name="plain-list"),
    path("plain/<int:pk>/", show, name="plain-detail"),
    path("slug-pair/", CreateParcel.as_view(), name="slug-pair-list"),
    path("slug-pair/<name>/", SlugViewSet.as_view({"get": "retrieve"}), name="slug-pair-detail"),
    path("lost/", CreateParcel.as_view(), name="lost-list"),
    path("unmatched/", Create.as_view(), name="unmatched-list"),
    path("unmatched/<int:other>/<pk>/", Retrieve.as_view(), name="unmatched-detail"),
    path("keyless/", Create.as_view(), name="keyless-list"),
    path("keyless/one/", Retrieve.as_view(), name="keyless-detail"),
    path("hyper/", Create.as_view(serializer_class=HyperlinkedSerializer)),
    path("hyper/<pk>/", Retrieve.as_view(), name="hyper-one"),
    *make_pair("home/", "home", serializer_class=HomepageSerializer),
    path("linked/", Create.as_view(serializer_class=LinkedSerializer), name="linked-list"),
    path("linked/<pk>/", Retrieve.as_view(), name="linked-detail"),
    path("in/", include((make_pair("made/", "made"), "inner"), namespace="outer")),
    path("v1/", include((versions, "app"), namespace="v1")),
    path("v2/", include((versions, "app"), namespace="v2")),
    *make_pair("by-path/<version>/", "by-path", versioning_class=PathVersioning),
    *make_pair("by-query/", "by-query", versioning_class=QueryVersioning),
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


def post(client: Client, url: str, data: Any = None) -> Any:
    return client.post(url, data or {"name": "low"}, content_type="application/json")


def assert_location(client: Client, response: Any, location: str) -> None:
    """Assert that `response` has the absolute URL of `location`, which exists."""
    assert response.status_code == 201
    assert response["Location"] == f"http://testserver{location}"
    assert client.get(location).status_code == 200


@pytest.mark.parametrize(
    ("url", "location"),
    [
        *(
            (f"/{name}/", f"/{name}/{{pk}}/")
            for name in [
                *("single", "plain", "generic-first", "on-stock", "short", "enveloped"),
                *("plain-dict", "hyper", "home", "in/made", "v1", "v2", "by-path/v1"),
            ]
        ),
        *((url, "/shelves/{pk}/") for url in ("/no-name/", "/unmatched/", "/keyless/")),
        ("/shelves.json", "/shelves/{pk}/"),
        ("/bare", "/bare/{pk}"),
        ("/by-query/?version=1", "/by-query/{pk}/?version=1"),
        ("/old/", "/old/{pk}"),
        ("/old/en/", "/old/en/{pk}"),
        ("/tenants/a/floors/b/", "/tenants/a/{pk}/"),
        ("/suffixed.json", "/suffixed/{pk}"),
    ],
)
def test_a_new_shelf_is_at_its_location(client: Client, url: str, location: str) -> None:
    response = post(client, url)
    assert_location(client, response, location.format(pk=Shelf.objects.get().pk))


PARCEL = {"code": "c" * 24, "slug": "small", "number": 7}


@pytest.mark.parametrize(
    ("url", "data", "location"),
    [
        ("/slugs/", PARCEL, "/slugs/small/"),
        ("/transforms/", PARCEL, "/transforms/small/"),
        ("/slug-pair/", PARCEL, "/slug-pair/small/"),
        ("/related/", {**PARCEL, "shelf": 1}, "/related/low%20shelf/"),
        ("/racks/1/things/", {"name": "x"}, "/racks/1/things/{thing}/"),
        # The extra action of another resource of the same model.
        ("/shelves/1/copy/", {"name": "high"}, "/shelves/{high}/"),
    ],
)
def test_a_location_has_the_lookup_field_and_the_variables_of_the_url(
    client: Client, url: str, data: dict[str, Any], location: str
) -> None:
    Shelf.objects.create(pk=1, name="low shelf")
    response = post(client, url, data)
    keys = {"thing": Thing.objects.values_list("pk", flat=True).first(), "high": None}
    keys["high"] = Shelf.objects.values_list("pk", flat=True).last()
    assert_location(client, response, location.format_map(keys))


@pytest.mark.parametrize("url", ["/shelves/1/parcels/", "/shelves/1/notes/", "/single/1/parcels/"])
def test_a_view_that_creates_another_model_has_no_location(
    settings: Any, quiet_client: Client, url: str
) -> None:
    assert post(quiet_client, url, PARCEL).status_code == 500
    settings.API_ERRORS = {"STRICT": False}
    other = {**PARCEL, "code": "d" * 24, "slug": "other", "number": 8}
    response = post(quiet_client, url, other)
    assert (response.status_code, response.headers.get("Location")) == (201, None)


def test_the_prefix_of_a_mounted_project_is_in_the_location(client: Client) -> None:
    # As Django's WSGI handler does.
    set_script_prefix("/api/")
    try:
        response = post(client, "/single/")
    finally:
        clear_script_prefix()
    assert response["Location"] == f"http://testserver/api/single/{Shelf.objects.get().pk}/"


def test_a_list_of_new_resources_has_no_location(client: Client) -> None:
    data = [{"name": "low"}, {"name": "high"}]
    response = post(client, "/bulk/", data)
    assert (response.status_code, response.json()) == (201, data)
    assert not response.has_header("Location")


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("/single/{}/?a=b", "http://testserver/single/{}/?a=b"),
        ("https://testserver/single/{}/", "https://testserver/single/{}/"),
        ("/\u00fc/{}/", "http://testserver/%C3%BC/{}/"),
        ("/\\evil.example/{}/", "http://testserver/%5Cevil.example/{}/"),
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
        *("http://evil.example/{}/", "http://testserver.evil.example/", "//evil.example/"),
        *("http://testserver@evil.example/", "http://evil@testserver/", "ftp://testserver/"),
        *("javascript:alert(1)", "/a\r\nSet-Cookie: a=b", "/a\0b", "/a b", "", None, 7, b"/a"),
        *(AttributeError("broken"), Shelf.DoesNotExist("broken")),
    ],
)
def test_an_invalid_get_absolute_url_is_ignored(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, url: Any
) -> None:
    monkeypatch.setattr(LinkedShelf, "url", url)
    response = post(client, "/linked/")
    assert_location(client, response, f"/linked/{Shelf.objects.get().pk}/")
    assert "Set-Cookie" not in response.headers
    assert ("find_model_url()" in caplog.text) is not isinstance(url, str | None)


@pytest.mark.parametrize(
    ("url", "data", "is_unhandled"),
    [
        pytest.param("/lost/", PARCEL, False, id="no detail route"),
        pytest.param("/unsaved/", {"name": "low"}, False, id="no key"),
        pytest.param("/related/", PARCEL, False, id="a key that is null"),
        pytest.param("/by-name/", {"name": "low"}, True, id="get_location() raises"),
        pytest.param("/by-name/", {"name": "low-1\r\nX: 1"}, False, id="a line break"),
    ],
)
def test_a_new_resource_without_a_location_is_201(
    client: Client,
    caplog: pytest.LogCaptureFixture,
    url: str,
    data: dict[str, Any],
    is_unhandled: bool,
) -> None:
    response = post(client, url, data)
    assert (response.status_code, response.headers.get("Location")) == (201, None)
    assert Shelf.objects.count() + Parcel.objects.count() == 1
    levels = {record.levelno for record in caplog.records}
    assert levels == {logging.WARNING, *[logging.ERROR] * is_unhandled}
    assert "returned 201 for POST, but a 201 must have a Location header" in caplog.text


@pytest.mark.parametrize(
    ("url", "rows"),
    [
        (
            "/related/",
            [{"code": str(n) * 24, "slug": n, "number": n, "shelf": 1} for n in range(3)],
        ),
        ("/by-name/", [{"name": "none-a/b"}, {"name": "none-c/d"}]),
    ],
)
def test_keys_that_do_not_fit_a_url_are_logged_once_for_their_view(
    client: Client, caplog: pytest.LogCaptureFixture, url: str, rows: list[dict[str, Any]]
) -> None:
    Shelf.objects.create(pk=1, name="a/b")
    for data in rows:
        response = post(client, url, data)
        assert (response.status_code, response.headers.get("Location")) == (201, None)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_a_key_that_does_not_fit_get_absolute_url_is_not_logged(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LinkedShelf, "url", NoReverseMatch("a/b"))
    response = post(client, "/linked/", {"name": "a/b"})
    assert_location(client, response, f"/linked/{Shelf.objects.get().pk}/")
    assert caplog.records == []


def test_a_location_that_the_view_has_set_is_kept(client: Client) -> None:
    assert post(client, "/elsewhere/")["Location"] == "https://elsewhere/"


def test_a_request_without_a_matched_url_has_no_location() -> None:
    request = APIRequestFactory().post("/", {"name": "low"}, format="json")
    response = Create.as_view()(request)
    assert (response.status_code, response.headers.get("Location")) == (201, None)


def make_resolver(*patterns: Any) -> URLResolver:
    """Return the resolver of a URLconf, which includes itself if `patterns` has an Ellipsis."""
    module: Any = ModuleType("urlconf")
    module.urlpatterns = [
        path("again/", include(module)) if pattern is ... else pattern for pattern in patterns
    ]
    return URLResolver(RegexPattern(r"^/"), module)


def test_a_route_has_the_pattern_the_namespaces_and_the_variables_of_its_includes() -> None:
    detail = ([path("<int:pk>/", show, name="one")], "inner")
    outer = ([path("d/", include(detail))], "c")
    resolver = make_resolver(
        path("a/<slug:name>/", show, name="a"),
        re_path(r"^b/(?P<key>\d+)/(\w+)$", show),
        path("c/<version>/", include(outer, namespace="outer")),
    )
    routes = get_routes(resolver)
    assert [(route.pattern, route.view_name, {*route.variables}) for route in routes] == [
        ("a/<slug:name>/", "a", {"name"}),
        (r"^b/(?P<key>\d+)/(\w+)$", "", {"key"}),
        ("c/<version>/d/<int:pk>/", "outer:inner:one", {"version", "pk"}),
    ]


def test_a_route_has_the_attributes_of_its_view() -> None:
    view = generics.ListAPIView.as_view(queryset=Shelf.objects.all())
    plain, of_queryset, of_serializer = get_routes(
        make_resolver(
            path("a/", show),
            path("b/", view),
            path("c/", generics.ListAPIView.as_view(serializer_class=NameSerializer)),
        )
    )
    assert (plain.model, of_queryset.model, of_serializer.model) == (None, Shelf, Shelf)
    assert of_queryset.get_attribute("lookup_field") == "pk"


def test_a_urlconf_that_includes_itself_is_listed_once() -> None:
    routes = get_routes(make_resolver(path("end/", show), ...))
    assert [route.pattern for route in routes] == ["end/"]


def test_the_list_of_routes_is_cached_until_the_urlconf_changes(settings: Any) -> None:
    routes = get_routes_by_name(get_resolver())
    assert get_routes_by_name(get_resolver()) is routes
    settings.ROOT_URLCONF = make_resolver(path("a/", show, name="a")).urlconf_name
    assert [*get_routes_by_name(get_resolver())] == ["a"]
