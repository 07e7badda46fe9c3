"""The system check of views that create and have no `Location`."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from django.core.checks import CheckMessage, Warning
from django.http import HttpRequest, HttpResponse
from django.urls import clear_url_caches, include, path, re_path
from rest_framework.routers import DefaultRouter
from rest_framework.serializers import (
    CharField,
    HyperlinkedIdentityField,
    HyperlinkedModelSerializer,
    ModelSerializer,
    Serializer,
)

from django_apierrors import generics, mixins, viewsets
from django_apierrors.checks.locations import check_locations
from tests.models import Parcel, Shelf, Thing


class PlacedShelf(Shelf):
    """A shelf that says where it is."""

    class Meta:
        proxy = True

    def get_absolute_url(self) -> str:
        """Return the URL of this shelf."""
        return f"/shelves/{self.pk}/"


class ShelfSerializer(ModelSerializer):
    """A shelf."""

    class Meta:
        model = Shelf
        fields = ["name"]


class UrlSerializer(ShelfSerializer):
    """A shelf with its own URL."""

    url = HyperlinkedIdentityField(view_name="anything")

    class Meta:
        model = Shelf
        fields = ["url"]


class HyperSerializer(HyperlinkedModelSerializer):
    """A shelf with its own URL, by DRF's serializer."""

    class Meta:
        model = Shelf
        fields = ["url"]


class HomeSerializer(ShelfSerializer):
    """A shelf with a URL that is not its own."""

    url = CharField()

    class Meta:
        model = Shelf
        fields = ["url"]


class PlacedSerializer(ModelSerializer):
    """A shelf of the model that says where it is."""

    class Meta:
        model = PlacedShelf
        fields = ["name"]


class FieldsFail(ShelfSerializer):
    """A serializer whose fields depend on the request."""

    def get_fields(self) -> Any:
        """Return the fields."""
        return {self.context["request"].user.name: CharField()}


class NoModel(Serializer):
    """A serializer of no model."""

    name = CharField()


class Create(generics.CreateAPIView):
    """Creates shelves."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class Retrieve(generics.RetrieveAPIView):
    """Shows a shelf."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class ShelfViewSet(viewsets.ModelViewSet):
    """Shelves."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class CreateOnly(mixins.CreateModelMixin, viewsets.GenericViewSet):
    """Creates shelves that nothing shows."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class ByRequest(Create):
    """Only a request tells the serializer."""

    serializer_class = None

    def get_serializer_class(self) -> Any:
        """Return the serializer."""
        return self.request.user.serializer_class


class ByAction(CreateOnly):
    """The action tells the serializer."""

    serializer_class = None

    def get_serializer_class(self) -> Any:
        """Return the serializer."""
        return {"create": UrlSerializer}[self.action]


class Unmade(Create):
    """Cannot be made but for a request."""

    def __init__(self, **kwargs: Any) -> None:
        """Fail."""
        raise RuntimeError


class Located(Create):
    """Knows where its resources are."""

    def get_location(self, data: Any) -> str:
        """Return the URL."""
        return "http://testserver/"


class Headed(Create):
    """Has headers of its own."""

    def get_success_headers(self, data: Any) -> dict[str, str]:
        """Return the headers."""
        return {"Location": "http://testserver/"}


def show(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """Answer."""
    return HttpResponse()


def register(viewset: Any, **kwargs: Any) -> Any:
    """Return the URLs of a viewset behind a router."""
    router = DefaultRouter()
    router.register("shelves", viewset, **kwargs)
    return include(router.urls)


def inner(*patterns: Any, namespace: str) -> Any:
    """Return the URLs of a namespace."""
    return include((list(patterns), "app"), namespace=namespace)


@pytest.fixture
def check(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that checks a URLconf."""

    def check_urlconf(*patterns: Any) -> list[CheckMessage]:
        urlconf = ModuleType("urlconf")
        urlconf.urlpatterns = list(patterns)  # type: ignore[attr-defined]
        clear_url_caches()
        settings.ROOT_URLCONF = urlconf
        return check_locations(app_configs=None)

    yield check_urlconf
    clear_url_caches()


LOCATED: dict[str, list[Any]] = {
    "a router": [path("", register(ShelfViewSet))],
    "a router in a namespace": [path("a/", include((register(ShelfViewSet)[0], "a")))],
    "a generic pair": [
        path("a/", Create.as_view(), name="a-list"),
        path("a/<pk>/", Retrieve.as_view(), name="a-detail"),
    ],
    "the key of the view that creates": [
        path("a/", Create.as_view(lookup_field="name"), name="a-list"),
        path("a/<name>/", show, name="a-detail"),
    ],
    "another word": [
        path("a/", Create.as_view(), name="a-create"),
        path("a/<pk>/", show, name="a-detail"),
    ],
    "a generic pair by another key": [
        path("a/", Create.as_view(), name="a-list"),
        path("a/<name>/", Retrieve.as_view(lookup_field="name"), name="a-detail"),
    ],
    "a pair in a namespace": [
        path(
            "a/",
            inner(
                path("b/", Create.as_view(), name="b-list"),
                path("b/<pk>/", Retrieve.as_view(), name="b-detail"),
                namespace="n",
            ),
        )
    ],
    "variables of its own": [
        path("<version>/a/<floor>/", Create.as_view(), name="a-list"),
        path("<version>/a/<pk>/", Retrieve.as_view(), name="a-detail"),
    ],
    "a suffix": [
        path("a/", Create.as_view(), name="a-list"),
        re_path(r"^a/(?P<pk>\d+)(?:\.(?P<format>\w+))?$", Retrieve.as_view(), name="a-detail"),
    ],
    "the name of the model": [
        path("a/", Create.as_view()),
        path("b/<pk>/", Retrieve.as_view(), name="shelf-detail"),
    ],
    "no model": [
        path("a/", Create.as_view(serializer_class=NoModel, queryset=None), name="a-list"),
        path("a/<pk>/", show, name="a-detail"),
    ],
    "a url field": [path("a/", Create.as_view(serializer_class=UrlSerializer))],
    "a hyperlinked serializer": [path("a/", Create.as_view(serializer_class=HyperSerializer))],
    "get_absolute_url": [path("a/", Create.as_view(serializer_class=PlacedSerializer))],
    "get_absolute_url of the queryset": [
        path("a/", Create.as_view(serializer_class=NoModel, queryset=PlacedShelf.objects.all()))
    ],
    "get_location": [path("a/", Located.as_view())],
    "get_success_headers": [path("a/", Headed.as_view())],
    "a serializer by request": [path("a/", ByRequest.as_view())],
    "a view that cannot be made": [path("a/", Unmade.as_view())],
    "a serializer by action": [path("", register(ByAction))],
    "fields by request": [path("a/", Create.as_view(serializer_class=FieldsFail))],
    "no POST": [path("a/", Create.as_view(http_method_names=["get"]))],
    "a POST of another action": [path("a/", ShelfViewSet.as_view({"post": "list"}))],
    "no creation": [path("a/", Retrieve.as_view()), path("b/", show)],
}

UNLOCATED: dict[str, tuple[list[Any], str, str]] = {
    "nothing": ([path("a/", Create.as_view())], "a/", "shelf-detail"),
    "nothing, of no model": (
        [path("a/", Create.as_view(serializer_class=NoModel, queryset=None))],
        "a/",
        "thing-detail",
    ),
    "a name": ([path("a/", Create.as_view(), name="rack-list")], "a/", "rack-detail"),
    "a field that is called url": (
        [path("a/", Create.as_view(serializer_class=HomeSerializer))],
        "a/",
        "shelf-detail",
    ),
    "another namespace": (
        [
            path("a/", inner(path("b/", Create.as_view(), name="b-list"), namespace="n")),
            path("b/<pk>/", Retrieve.as_view(), name="b-detail"),
        ],
        "a/b/",
        "n:b-detail",
    ),
    "another model": (
        [
            path("a/", Create.as_view(), name="a-list"),
            path("a/<pk>/", Retrieve.as_view(queryset=Thing.objects.all()), name="a-detail"),
        ],
        "a/",
        "a-detail",
    ),
    "another model by its serializer": (
        [
            path("a/", Create.as_view(queryset=None), name="a-list"),
            path(
                "a/<pk>/",
                Retrieve.as_view(
                    queryset=None,
                    serializer_class=type(
                        "S", (ModelSerializer,), {"Meta": type("Meta", (), {"model": Parcel})}
                    ),
                ),
                name="a-detail",
            ),
        ],
        "a/",
        "a-detail",
    ),
    "a variable that nobody knows": (
        [
            path("a/", Create.as_view(), name="a-list"),
            path("a/<floor>/<pk>/", Retrieve.as_view(), name="a-detail"),
        ],
        "a/",
        "a-detail",
    ),
    "no key": (
        [
            path("a/", Create.as_view(), name="a-list"),
            path("a/one/", Retrieve.as_view(), name="a-detail"),
        ],
        "a/",
        "a-detail",
    ),
}


@pytest.mark.parametrize("patterns", LOCATED.values(), ids=LOCATED)
def test_a_view_with_a_location_is_not_named(check: Any, patterns: list[Any]) -> None:
    assert check(*patterns) == []


@pytest.mark.parametrize(("patterns", "route", "name"), UNLOCATED.values(), ids=UNLOCATED)
def test_a_view_without_a_location_is_named_once_with_the_ways_to_mend_it(
    check: Any, patterns: list[Any], route: str, name: str
) -> None:
    assert check(*patterns) == [
        Warning(
            f"tests.checks.test_locations.Create at '/{route}' creates resources, and no Location "
            "can be made for them.",
            "Give its serializer a HyperlinkedIdentityField called 'url', or its model a "
            "get_absolute_url(), or the view that shows one resource the route name "
            f"{name!r}; or override get_location().",
            obj=Create,
            id="django_apierrors.W004",
        )
    ]


def test_a_router_that_only_creates_is_named_once(check: Any) -> None:
    messages = check(path("api/", register(CreateOnly)))
    assert [message.id for message in messages] == ["django_apierrors.W004"]
    assert "CreateOnly at '/api/^shelves/$'" in messages[0].msg


def test_a_urlconf_that_is_broken_does_not_break_the_check(settings: Any) -> None:
    clear_url_caches()
    settings.ROOT_URLCONF = "tests.nothing"
    assert check_locations() == []
    clear_url_caches()


def test_an_include_that_is_broken_does_not_break_the_check(check: Any) -> None:
    broken = ModuleType("broken")
    broken.urlpatterns = [7]  # type: ignore[attr-defined]
    assert check(path("a/", Create.as_view()), path("b/", include(broken))) == []


def test_a_project_without_urlconf_is_not_checked(settings: Any) -> None:
    del settings.ROOT_URLCONF
    assert check_locations() == []
