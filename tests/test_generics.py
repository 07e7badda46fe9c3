"""The generic views: their names, their 403, and OPTIONS."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import include, path
from rest_framework import generics as stock
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer

from django_apierrors import generics, viewsets
from tests.bodies import body
from tests.models import Shelf

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


class UserAuthentication(BaseAuthentication):
    """Authenticates the user that `Authorization` names."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        name = request.headers.get("Authorization")
        return (User(username=name), None) if name else None

    def authenticate_header(self, request: Request) -> str:
        return "Token"


class IsReader(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return request.user.username == "reader" and request.method in SAFE_METHODS


class IsWriter(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return request.user.username == "writer"


class IsDeletion(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method == "DELETE"


class ShelfSerializer(ModelSerializer):
    class Meta:
        model = Shelf
        fields = ["id", "name"]


class Guarded:
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer
    authentication_classes = [UserAuthentication]
    permission_classes = [(IsReader | IsWriter) & ~IsDeletion]


class ShelfDetail(Guarded, generics.RetrieveUpdateDestroyAPIView):
    """A generic view."""


class ShelfViewSet(Guarded, viewsets.ModelViewSet):
    @action(detail=True, methods=["get"])
    def label(self, request: Request, pk: str) -> Response:
        return Response(self.get_object().name)

    @label.mapping.put
    def put_label(self, request: Request, pk: str) -> Response:
        return self.update(request)


router = SimpleRouter()
router.register("router", ShelfViewSet)
urlpatterns = [path("generic/<pk>/", ShelfDetail.as_view()), path("", include(router.urls))]


@pytest.mark.parametrize("name", sorted(generics.__all__))
def test_each_generic_view_has_the_name_of_drf_s(name: str) -> None:
    view, stock_view = getattr(generics, name), getattr(stock, name)
    if isinstance(view, type):
        assert issubclass(view, (stock_view, generics.GenericAPIView))
        assert "patch" not in view.http_method_names
        # tests/typed_views.py is for type checkers.
        assert view[Shelf] is view
    else:
        assert view is stock_view


def test_every_generic_view_of_drf_is_there() -> None:
    assert {name for name in vars(stock) if name.endswith("APIView")} <= {*generics.__all__}


@pytest.mark.parametrize("url", ["/generic/{}/", "/router/{}/", "/router/{}/label/"])
def test_a_closed_method_is_distinguished_from_a_closed_resource(client: Client, url: str) -> None:
    url = url.format(Shelf.objects.create(name="low").pk)
    for user, code in [
        ("reader", "METHOD_FORBIDDEN"),
        ("stranger", "ACCESS_FORBIDDEN"),
        ("", "UNAUTHENTICATED"),
    ]:
        headers = {"Authorization": user} if user else {}
        response = client.put(url, {"name": "a"}, "application/json", headers=headers)
        assert (response.status_code, response.json()) == (body(code)["status"], body(code))


OPEN: dict[str, Any] = {"authentication_classes": [], "permission_classes": []}


@pytest.mark.parametrize(
    ("view", "kwargs", "code"),
    [
        (ShelfViewSet.as_view({"get": "list"}, **OPEN), {}, None),
        (ShelfViewSet.as_view({"post": "create"}, **OPEN), {"pk": "low"}, None),
        # The URL has the key of another resource.
        (type("Create", (Guarded, generics.CreateAPIView), OPEN).as_view(), {"pk": "low"}, None),
        (ShelfDetail.as_view(**OPEN), {"pk": "low"}, "INVALID_ID"),
        (ShelfViewSet.as_view({"get": "retrieve"}, **OPEN), {"pk": "low"}, "INVALID_ID"),
        (
            ShelfViewSet.as_view({"get": "label"}, detail=True, **OPEN),
            {"pk": "1"},
            "MISSING_RESOURCE",
        ),
    ],
    ids=["list", "create", "generic create", "generic detail", "retrieve", "extra action"],
)
def test_options_looks_up_the_object_that_the_view_is_about(
    rf: Any, view: Any, kwargs: dict[str, str], code: str | None
) -> None:
    response = view(rf.options("/"), **kwargs)
    assert response.data.get("code") == code
    assert (response.status_code == 200) is (code is None)


def test_options_hides_what_every_method_hides(rf: Any, settings: Any) -> None:
    settings.API_ERRORS = {"HIDE_FORBIDDEN": True}
    shelf = Shelf.objects.create(name="low")

    class IsHidden(BasePermission):
        def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
            return request.method == "OPTIONS"

    view = ShelfDetail.as_view(authentication_classes=[], permission_classes=[IsHidden])
    assert view(rf.options("/"), pk=shelf.pk).data == body("MISSING_RESOURCE")


def test_a_view_without_a_model_does_not_check_the_identifier(rf: Any) -> None:
    class NoModel(generics.RetrieveAPIView):
        authentication_classes = ()

        def get_queryset(self) -> Any:
            return []

    # A list has no get(), which DRF treats as an identifier that it cannot look up.
    assert NoModel.as_view()(rf.get("/"), pk="low").status_code in (400, 404)
