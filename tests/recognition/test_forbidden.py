"""Forbidden: which error a 403 becomes, and what finding it out runs."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from rest_framework import exceptions
from rest_framework.authentication import (
    BaseAuthentication,
    BasicAuthentication,
    SessionAuthentication,
    TokenAuthentication,
)
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from tests.models import Shelf
from tests.recognition.support import expect, read

pytestmark = pytest.mark.django_db


class ReadOnly(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in ("GET", "HEAD", "OPTIONS")


class Nobody(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return False


class Recorder(ReadOnly):
    """A permission with an effect: it writes a row for each request that it is asked about."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        Shelf.objects.create(name=str(request.method))
        return super().has_permission(request, view)


class UnprobedRecorder(Recorder):
    probe = False


class AllowingRecorder(UnprobedRecorder):
    def has_permission(self, request: Request, view: APIView) -> bool:
        super().has_permission(request, view)
        return True


class StockView(APIView):
    authentication_classes: list[Any] = [BasicAuthentication]

    def get(self, request: Request) -> Response:
        return Response({})

    post = delete = get


class ShelfViewSet(ViewSet):
    def list(self, request: Request) -> Response:
        return Response({})

    def create(self, request: Request) -> Response:
        return Response({})

    def get_permissions(self) -> Any:
        return [Recorder()] if self.action == "create" else [UnprobedRecorder(), ReadOnly()]


def send(view: Any, method: str, user: User | None = None, **kwargs: Any) -> HttpResponse:
    """Return the response of a view to a request."""
    request = getattr(APIRequestFactory(), method.lower())("/things/", {}, format="json")
    if user is not None:
        force_authenticate(request, user)
    response: HttpResponse = view(request, **kwargs).render()
    return response


def get_asked() -> list[str]:
    """Return the methods that the recorders were asked about, in order."""
    return [*Shelf.objects.order_by("pk").values_list("name", flat=True)]


@pytest.mark.parametrize(
    ("permissions", "code", "asked"),
    [
        # It is asked until the first method that is open, reads first.
        ([Recorder], "METHOD_FORBIDDEN", ["POST", "GET"]),
        # The permission that rejected the request is not asked, so nothing is known.
        ([UnprobedRecorder], "ACCESS_FORBIDDEN", ["POST"]),
        ([ReadOnly & UnprobedRecorder], "ACCESS_FORBIDDEN", []),
        ([UnprobedRecorder | Nobody], "ACCESS_FORBIDDEN", ["POST"]),
        ([~(ReadOnly | AllowingRecorder)], "ACCESS_FORBIDDEN", ["POST"]),
        # The others are asked without it.
        ([AllowingRecorder, ReadOnly], "METHOD_FORBIDDEN", ["POST"]),
        ([AllowingRecorder, Nobody], "ACCESS_FORBIDDEN", ["POST"]),
    ],
)
def test_a_permission_that_is_not_to_be_probed_is_asked_once(
    permissions: list[Any], code: str, asked: list[str]
) -> None:
    view = StockView.as_view(permission_classes=permissions)
    assert read(send(view, "POST", User())) == expect(code)
    assert get_asked() == asked


def test_the_permissions_of_the_other_action_are_those_that_are_left_out() -> None:
    view = ShelfViewSet.as_view({"get": "list", "post": "create"})
    assert read(send(view, "POST", User())) == expect("METHOD_FORBIDDEN")
    assert get_asked() == ["POST"]


@pytest.mark.parametrize("probe", [True, False])
@pytest.mark.parametrize("permission", [ReadOnly, Nobody])
def test_a_method_that_the_view_does_not_have_is_not_allowed(
    settings: Any, permission: Any, probe: bool
) -> None:
    settings.API_ERRORS = {"PROBE_PERMISSIONS": probe}
    response = send(StockView.as_view(permission_classes=[permission]), "PUT", User())
    assert response.status_code == 405
    assert read(response) == read(send(StockView.as_view(), "PUT", User()))
    assert response["Allow"] == "GET, POST, DELETE, HEAD, OPTIONS"


def raising(exception: Exception, authenticators: list[Any], where: str = "view") -> Any:
    """Return a view that raises `exception` itself, in a permission or in its method."""

    class Raising(BasePermission):
        def has_permission(self, request: Request, view: APIView) -> bool:
            if where == "permission":
                raise exception
            return True

    class RaisingView(APIView):
        authentication_classes = authenticators
        permission_classes = [Raising]

        def post(self, request: Request) -> Response:
            raise exception

    return RaisingView.as_view()


class BearerAuthentication(TokenAuthentication):
    keyword = "Bearer"


class BrokenAuthentication(BaseAuthentication):
    """Authentication that works once: what asks again for the client fails."""

    def authenticate(self, request: Request) -> Any:
        raise exceptions.PermissionDenied


@pytest.mark.parametrize("where", ["view", "permission"])
@pytest.mark.parametrize(
    ("authenticators", "challenge"),
    [
        ([BearerAuthentication], "Bearer"),
        ([SessionAuthentication, BearerAuthentication], "Bearer"),
        ([SessionAuthentication], 'Session realm="api"'),
    ],
)
@pytest.mark.parametrize("exception", [exceptions.PermissionDenied(), PermissionDenied("secret")])
def test_an_anonymous_client_that_a_view_rejects_itself_is_asked_for_credentials(
    exception: Exception, authenticators: list[Any], challenge: str, where: str
) -> None:
    response = send(raising(exception, authenticators, where), "POST")
    assert read(response) == expect("UNAUTHENTICATED")
    assert response["WWW-Authenticate"] == challenge


def test_the_message_of_the_project_is_kept() -> None:
    response = send(raising(exceptions.PermissionDenied("Ask Ann."), [BasicAuthentication]), "POST")
    assert read(response) == expect("UNAUTHENTICATED", "Ask Ann.")


@pytest.mark.parametrize(
    ("user", "authenticators"), [(User(username="ann"), [BasicAuthentication]), (None, [])]
)
def test_without_authenticators_and_for_a_user_it_is_a_403(
    user: User | None, authenticators: list[Any]
) -> None:
    view = raising(exceptions.PermissionDenied(), authenticators)
    assert read(send(view, "POST", user)) == expect("ACCESS_FORBIDDEN")


def test_a_rejection_by_an_authenticator_stays_a_403() -> None:
    view = StockView.as_view(authentication_classes=[BrokenAuthentication])
    assert read(send(view, "POST")) == expect("ACCESS_FORBIDDEN")


def test_a_rejection_stays_a_403_if_authentication_fails_only_afterwards() -> None:
    class LazyView(StockView):
        authentication_classes = [BrokenAuthentication]

        def perform_authentication(self, request: Request) -> None:
            pass

        def post(self, request: Request) -> Response:  # type: ignore[override]
            raise exceptions.PermissionDenied

    assert read(send(LazyView.as_view(), "POST")) == expect("ACCESS_FORBIDDEN")


def test_a_csrf_failure_stays_a_403() -> None:
    request = APIRequestFactory(enforce_csrf_checks=True).post("/things/")
    request.user = User(username="ann")
    view = StockView.as_view(
        authentication_classes=[SessionAuthentication], permission_classes=[IsAuthenticated]
    )
    response = view(request).render()
    assert response.status_code == 403
    assert "CSRF" in response.data["errors"][0]
