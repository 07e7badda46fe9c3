"""The system check of views that create resources without a `Location`."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from rest_framework.routers import DefaultRouter
from rest_framework.serializers import (
    CharField,
    HyperlinkedIdentityField,
    ModelSerializer,
    Serializer,
)

from django_apierrors import generics, mixins, viewsets
from django_apierrors.checks import check_locations
from django_apierrors.semantics import LOCATION
from tests.models import Shelf, Thing


class PlacedShelf(Shelf):
    class Meta:
        proxy = True

    def get_absolute_url(self) -> str:
        return f"/shelves/{self.pk}/"


def make_serializer(model: Any = Shelf, **fields: Any) -> Any:
    """Return a serializer of a model with these fields, or with its name."""
    meta = type("Meta", (), {"model": model, "fields": [*fields] or ["name"]})
    return type("Serializer", (ModelSerializer,), {**fields, "Meta": meta})


ShelfSerializer = make_serializer()
UrlSerializer = make_serializer(url=HyperlinkedIdentityField(view_name="anything"))


class FieldsFail(Serializer):
    def get_fields(self) -> Any:
        return {self.context["request"].user.name: CharField()}


class NoModel(Serializer):
    name = CharField()


class Create(generics.CreateAPIView):
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class Retrieve(generics.RetrieveAPIView):
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class ShelfViewSet(viewsets.ModelViewSet):
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class CreateOnly(mixins.CreateModelMixin, viewsets.GenericViewSet):
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class ByRequest(Create):
    serializer_class = None

    def get_serializer_class(self) -> Any:
        return self.request.user.serializer_class


class ByAction(CreateOnly):
    serializer_class = None

    def get_serializer_class(self) -> Any:
        return {"create": UrlSerializer}[self.action]


class Bulk(Create):
    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        return super().get_serializer(*args, many=True, **kwargs)


class Unmade(Create):
    def __init__(self, **kwargs: Any) -> None:
        raise RuntimeError


def fail(self: Any, data: Any) -> Any:
    raise NotImplementedError


def show(request: HttpRequest, **kwargs: Any) -> HttpResponse:
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
def check(set_urls: Any) -> Callable[..., list[CheckMessage]]:
    """Return a function that checks URL patterns."""

    def check_patterns(*patterns: Any) -> list[CheckMessage]:
        set_urls(*patterns)
        return check_locations()

    return check_patterns


def make_pair(
    create: Any = Create, detail: str = "a/<pk>/", retrieve: Any = Retrieve, route: str = "a/"
) -> list[Any]:
    """Return the URL patterns of a list and of its details."""
    create, retrieve = (
        view.as_view() if isinstance(view, type) else view for view in (create, retrieve)
    )
    return [path(route, create, name="a-list"), path(detail, retrieve, name="a-detail")]


LOCATED: dict[str, list[Any]] = {
    "a router": [path("", register(ShelfViewSet))],
    "a generic pair": make_pair(),
    "the key of the view that creates": make_pair(
        Create.as_view(lookup_field="name"), "a/<name>/", show
    ),
    "a generic pair by another key": make_pair(
        detail="a/<name>/", retrieve=Retrieve.as_view(lookup_field="name")
    ),
    "a pair in a namespace": [path("a/", inner(*make_pair(), namespace="n"))],
    "variables of its own": make_pair(detail="<version>/a/<pk>/", route="<version>/a/<floor>/"),
    "a suffix": [
        path("a/", Create.as_view(), name="a-list"),
        re_path(r"^a/(?P<pk>\d+)(?:\.(?P<format>\w+))?$", Retrieve.as_view(), name="a-detail"),
    ],
    "the name of the model": [
        path("a/", Create.as_view()),
        path("b/<pk>/", Retrieve.as_view(), name="shelf-detail"),
    ],
    "no model": make_pair(Create.as_view(serializer_class=NoModel, queryset=None), retrieve=show),
    "a url field": [path("a/", Create.as_view(serializer_class=UrlSerializer))],
    "get_absolute_url": [path("a/", Create.as_view(serializer_class=make_serializer(PlacedShelf)))],
    "get_absolute_url of the queryset": [
        path("a/", Create.as_view(serializer_class=NoModel, queryset=PlacedShelf.objects.all()))
    ],
    "get_location": [path("a/", type("A", (Create,), {"get_location": fail}).as_view())],
    "get_success_headers": [
        path("a/", type("A", (Create,), {"get_success_headers": fail}).as_view())
    ],
    "a serializer by request": [path("a/", ByRequest.as_view())],
    "a list": [path("a/", Bulk.as_view())],
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
        [path("a/", Create.as_view(serializer_class=make_serializer(url=CharField())))],
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
        make_pair(retrieve=Retrieve.as_view(queryset=Thing.objects.all())),
        *("a/", "a-detail"),
    ),
    "an unknown variable": (make_pair(detail="a/<floor>/<pk>/"), "a/", "a-detail"),
    "no key": (make_pair(detail="a/one/"), "a/", "a-detail"),
}


@pytest.mark.parametrize("patterns", LOCATED.values(), ids=LOCATED)
def test_a_view_with_a_location_is_correct(check: Any, patterns: list[Any]) -> None:
    assert check(*patterns) == []


@pytest.mark.parametrize(("patterns", "route", "name"), UNLOCATED.values(), ids=UNLOCATED)
def test_a_view_without_a_location_is_a_warning_that_names_the_missing_route(
    check: Any, patterns: list[Any], route: str, name: str
) -> None:
    [message] = check(*patterns)
    assert (message.id, message.obj) == ("django_apierrors.W004", Create)
    assert f"{__name__}.Create at '/{route}'" in message.msg
    assert repr(name) in message.msg
    assert message.hint == LOCATION.hint


def test_a_router_has_one_warning_for_its_two_routes(check: Any) -> None:
    [message] = check(path("api/", register(CreateOnly)))
    assert "CreateOnly at '/api/^shelves/$'" in message.msg


def test_a_broken_urlconf_does_not_break_the_check(check: Any, settings: Any) -> None:
    broken = ModuleType("broken")
    broken.urlpatterns = [7]  # type: ignore[attr-defined]
    assert check(path("a/", Create.as_view()), path("b/", include(broken))) == []
    del settings.ROOT_URLCONF
    assert check_locations() == []
