"""PATCH, which a view or the setting enables; and the rows that a view adds to the table."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import include, path
from pytest_django.fixtures import Settings
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from django_apierrors import generics, viewsets
from django_apierrors.semantics import LOCATION, StatusAwareMixin

pytestmark = pytest.mark.urls(__name__)


class Updates:
    """Attributes of a view that updates a resource."""

    serializer_class = Serializer

    def get_object(self) -> object:
        return object()

    def perform_update(self, serializer: object) -> None:
        """Write nothing."""


class UpdateView(Updates, generics.UpdateAPIView):  # type: ignore[misc]
    pass


class PatchView(StatusAwareMixin, APIView):
    """Defines its own method."""

    def patch(self, request: Any) -> Response:
        return Response({})


class ThingViewSet(Updates, viewsets.ModelViewSet):  # type: ignore[misc]
    """Has DRF's `partial_update()`, and an action for PATCH."""

    @action(detail=True, methods=["patch"])
    def rename(self, request: Any, pk: str) -> Response:
        return Response({})


class MultiView(StatusAwareMixin, APIView):
    """Succeeds with the status of the header `Status`."""

    successes = {"POST": {202: (), 207: ()}}

    def post(self, request: Any) -> Response:
        return Response({}, status=int(request.headers["Status"]))

    def put(self, request: Any) -> Response:
        return Response({}, status=int(request.headers["Status"]))


router = SimpleRouter()
router.register("things", ThingViewSet, basename="thing")
urlpatterns = [
    path("update", UpdateView.as_view()),
    path("own", PatchView.as_view()),
    path("listed", UpdateView.as_view(http_method_names=["get", "patch"])),
    path("multi", MultiView.as_view()),
    path("", include(router.urls)),
]

# The URL, and whether the view enables PATCH itself.
VIEWS = [
    ("/update", False),
    ("/things/1/", False),
    ("/own", True),
    ("/listed", True),
    ("/things/1/rename/", True),
]


@pytest.mark.parametrize("is_set", [False, True])
@pytest.mark.parametrize(("url", "is_enabled"), VIEWS)
def test_patch_is_enabled_by_the_view_or_the_setting(
    client: Client, settings: Settings, url: str, is_enabled: bool, is_set: bool
) -> None:
    settings.API_ERRORS = {"PATCH": is_set, "STRICT": True}

    response = client.patch(url, "{}", content_type="application/json")

    is_open = is_enabled or is_set
    assert response.status_code == (200 if is_open else 405)
    assert ("PATCH" in response["Allow"]) == is_open


@pytest.mark.parametrize(
    ("method", "status", "expected"),
    [
        ("POST", 207, 207),
        ("POST", 202, 202),
        ("POST", 203, 500),
        ("POST", 201, 500),
        ("PUT", 207, 500),
        ("PUT", 201, 201),
    ],
)
def test_a_view_adds_rows_to_the_table(
    settings: Settings, method: str, status: int, expected: int
) -> None:
    settings.API_ERRORS = {"STRICT": True}
    client = Client(raise_request_exception=False)

    response = client.generic(method, "/multi", headers={"Status": str(status)})

    assert response.status_code == expected


# `successes` that cannot be read, and the row that was probably meant.
WRONG_SUCCESSES = [
    ("x", "{'POST': {202: ()}}"),
    ([207], "{'POST': {207: ()}}"),
    ({"POST": 203}, "{'POST': {203: ()}}"),
    ({"PUT": [203]}, "{'PUT': {203: ()}}"),
    ({"POST": {203: "Location"}}, "{'POST': {203: ()}}"),
    ({"POST": {201: LOCATION}}, "{'POST': {201: ()}}"),
    ({"POST": {207: 5}}, "{'POST': {207: ()}}"),
    ({"POST": {202: ()}, "POSTS": {207: ()}}, "{'POST': {207: ()}}"),
    ({"put": {207: ()}}, "{'PUT': {207: ()}}"),
    ({"POST": {"207": ()}}, "{'POST': {207: ()}}"),
    ({"DELETE": {404: ()}}, "{'DELETE': {202: ()}}"),
    ({207: ()}, "{'POST': {202: ()}}"),
]


@pytest.mark.parametrize(("successes", "nearest"), WRONG_SUCCESSES)
def test_successes_that_cannot_be_read_are_rejected(successes: Any, nearest: str) -> None:
    view = type("WrongView", (MultiView,), {"successes": successes})

    for initkwargs in ({}, {"successes": successes}):
        with pytest.raises(ImproperlyConfigured) as raised:
            (MultiView if initkwargs else view).as_view(**initkwargs)
        assert ".successes is " in str(raised.value)
        assert str(raised.value).endswith(f"as in {nearest}.")


@pytest.mark.parametrize(
    "successes", [{}, {"POST": {201: [LOCATION]}}, property(lambda view: {"POST": {207: ()}})]
)
def test_successes_that_can_be_read_are_accepted(successes: Any) -> None:
    assert type("RightView", (MultiView,), {"successes": successes}).as_view()
