"""ACCESS_FORBIDDEN or METHOD_FORBIDDEN, by the permissions of the view itself."""

from __future__ import annotations

from typing import Any

import pytest
from adrf.views import APIView as AsyncAPIView
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import Http404, HttpResponse
from django.test import AsyncClient, Client
from django.urls import path
from pytest_django import Settings
from rest_framework import exceptions, generics, serializers
from rest_framework.authentication import BasicAuthentication
from rest_framework.permissions import (
    BasePermission,
    DjangoModelPermissions,
    DjangoObjectPermissions,
    IsAdminUser,
    IsAuthenticated,
    IsAuthenticatedOrReadOnly,
)
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView
from rest_framework.viewsets import ModelViewSet

from django_apierrors import generics as our_generics
from tests.models import Shelf
from tests.recognition.support import expect, read

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

VIEW = "%(app_label)s.view_%(model_name)s"


def allow(*methods: str, error: Exception | None = None, **attributes: Any) -> Any:
    """Return a permission that allows these methods, and for others is false or raises `error`."""

    def has_permission(self: BasePermission, request: Request, view: APIView) -> bool:
        assert view.request is request
        if request.method not in methods and error is not None:
            raise error
        return request.method in methods

    return type("Allow", (BasePermission,), {"has_permission": has_permission, **attributes})


ReadOnly = allow("GET", "HEAD", "OPTIONS")


class ListOnly(BasePermission):
    """A permission by action, as those of viewsets are."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return getattr(view, "action", None) == "list"


class DeleteFails(BasePermission):
    """Raises for every method but the one that is rejected."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.method != "DELETE":
            raise LookupError("secret")
        return False


class OwnerReads(BasePermission):
    def has_object_permission(self, request: Request, view: APIView, obj: Shelf) -> bool:
        assert obj.name == "top"
        return request.method == "GET"


class NobodyReads(BasePermission):
    def has_object_permission(self, request: Request, view: APIView, obj: Shelf) -> bool:
        return False


class GuardedReads(DjangoModelPermissions):
    """DRF's DjangoModelPermissions, but reading requires a permission too."""

    perms_map = {**DjangoModelPermissions.perms_map, "GET": [VIEW]}


class StockView(APIView):
    authentication_classes = [BasicAuthentication]

    def get(self, request: Request) -> Response:
        return Response({})

    post = put = delete = get


class ShelfSerializer(serializers.ModelSerializer[Shelf]):
    class Meta:
        model = Shelf
        fields = ["name"]


class ShelfView(generics.RetrieveUpdateDestroyAPIView):
    authentication_classes = [BasicAuthentication]
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class ShelfViewSet(ModelViewSet):
    authentication_classes = [BasicAuthentication]
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class OverridingView(ShelfView):
    """A view whose checks have other arguments than DRF's."""

    def check_permissions(self, request: Request, extra: str = "") -> None:
        super().check_permissions(request)

    def check_object_permissions(self, *args: Any) -> None:
        super().check_object_permissions(*args)


class LooseView(ShelfView):
    """A view whose object check names the request alone."""

    def check_object_permissions(self, request: Request, *objects: Any) -> None:
        super().check_object_permissions(request, *objects)


class RaisingView(StockView):
    """A view that rejects a request by its own code."""

    def post(self, request: Request) -> Response:
        raise exceptions.PermissionDenied


class MissingView(StockView):
    def get(self, request: Request) -> Response:
        raise Http404


class AsyncView(AsyncAPIView):
    authentication_classes = [BasicAuthentication]
    permission_classes = [ReadOnly]

    async def get(self, request: Request) -> Response:
        return Response({})

    post = get


urlpatterns = [
    path("async/", AsyncView.as_view()),
    path("read/", StockView.as_view(permission_classes=[ReadOnly])),
]


@pytest.fixture
def user(settings: Settings) -> User:
    # The default hashers are slow on purpose.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return User.objects.create_user("ann", password="pw")


@pytest.fixture
def shelf() -> Shelf:
    return Shelf.objects.create(name="top")


def send(view: Any, method: str, user: User | None, permission: Any, **kwargs: Any) -> HttpResponse:
    """Return the response of a view with one permission, to a request of `user`."""
    actions = kwargs.pop("actions", None)
    function = view.as_view(*([actions] if actions else []), permission_classes=[permission])
    request = getattr(APIRequestFactory(), method.lower())("/things/", {}, format="json")
    if user is not None:
        force_authenticate(request, user)
    response: HttpResponse = function(request, **kwargs).render()
    return response


@pytest.mark.parametrize(
    ("method", "permission"),
    [
        ("POST", ReadOnly),
        ("PUT", ReadOnly),
        ("DELETE", ReadOnly),
        ("GET", allow("POST")),
        ("POST", allow("GET", error=PermissionDenied("secret"))),
        ("POST", IsAdminUser | ReadOnly),
        ("POST", IsAuthenticated & ~IsAdminUser & ReadOnly),
    ],
)
def test_a_user_who_may_use_another_method_is_told_of_the_method(
    user: User, method: str, permission: Any
) -> None:
    assert read(send(StockView, method, user, permission)) == expect("METHOD_FORBIDDEN")


@pytest.mark.parametrize(
    ("method", "permission"),
    [
        ("GET", allow()),
        ("POST", allow()),
        # HEAD and OPTIONS do not count, nor does GET for a rejected HEAD.
        ("DELETE", allow("HEAD", "OPTIONS")),
        ("HEAD", allow("GET")),
        # The view has no PATCH.
        ("GET", allow("PATCH")),
        ("PUT", IsAdminUser),
        ("PUT", IsAuthenticated & ~IsAuthenticated),
        ("DELETE", DeleteFails),
    ],
)
def test_a_user_who_may_use_no_method_is_told_of_the_resource(
    user: User, method: str, permission: Any
) -> None:
    assert read(send(StockView, method, user, permission)) == expect("ACCESS_FORBIDDEN")


def test_a_client_of_a_view_without_authenticators_is_told_of_the_method() -> None:
    class OpenView(StockView):
        authentication_classes = []

    response = send(OpenView, "POST", None, IsAuthenticatedOrReadOnly)
    assert read(response) == expect("METHOD_FORBIDDEN")


@pytest.mark.parametrize("permission", [ReadOnly, allow(), DjangoModelPermissions, IsAuthenticated])
def test_an_anonymous_client_gets_a_401(permission: Any) -> None:
    response = send(ShelfView, "DELETE", None, permission, pk=1)
    assert read(response) == expect("UNAUTHENTICATED")
    assert response["WWW-Authenticate"] == 'Basic realm="api"'


@pytest.mark.parametrize(
    ("permission", "granted", "name"),
    [
        # DRF allows every authenticated user to read.
        (DjangoModelPermissions, [], "METHOD_FORBIDDEN"),
        (GuardedReads, [], "ACCESS_FORBIDDEN"),
        (GuardedReads, ["change_shelf"], "METHOD_FORBIDDEN"),
        # ModelBackend has no permissions for objects: DRF's check raises PermissionDenied.
        (DjangoObjectPermissions, [], "METHOD_FORBIDDEN"),
    ],
)
def test_model_permissions_are_probed(
    user: User, shelf: Shelf, permission: Any, granted: list[str], name: str
) -> None:
    user.user_permissions.add(*Permission.objects.filter(codename__in=granted))
    assert read(send(ShelfView, "DELETE", user, permission, pk=shelf.pk)) == expect(name)


@pytest.mark.parametrize("permission", [allow(error=Http404()), DjangoObjectPermissions])
def test_a_404_of_a_permission_stays(user: User, shelf: Shelf, permission: Any) -> None:
    class Guarded(permission):  # type: ignore[misc]
        perms_map = {**DjangoObjectPermissions.perms_map, "GET": [VIEW]}

    codenames = ["change_shelf", "view_shelf"]
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    response = send(ShelfView, "PUT", user, Guarded, pk=shelf.pk)
    assert read(response) == expect("MISSING_RESOURCE")


def test_only_the_actions_of_the_same_url_count(user: User, shelf: Shelf) -> None:
    actions = {"get": "list", "post": "create"}
    response = send(ShelfViewSet, "POST", user, ListOnly, actions=actions)
    assert read(response) == expect("METHOD_FORBIDDEN")
    actions = {"get": "retrieve", "delete": "destroy"}
    response = send(ShelfViewSet, "DELETE", user, ListOnly, actions=actions, pk=shelf.pk)
    assert read(response) == expect("ACCESS_FORBIDDEN")


def test_a_permission_is_called_with_the_other_method_and_action_until_one_is_open(
    user: User, settings: Settings
) -> None:
    calls: list[str] = []

    class Recording(BasePermission):
        def has_permission(self, request: Request, view: Any) -> bool:
            calls.append(f"{request.method} {getattr(view, 'action', None)}")
            return request.method == "GET"

    class RecordingViewSet(ShelfViewSet):
        def finalize_response(self, request: Request, *args: Any, **kwargs: Any) -> Any:
            calls.append(f"finally {self.request is request} {request.method} {self.action}")
            return super().finalize_response(request, *args, **kwargs)

    actions = {"get": "list", "post": "create"}
    send(RecordingViewSet, "POST", user, Recording, actions=actions)
    assert calls == ["POST create", "GET list", "finally True POST create"]
    calls.clear()
    # No probing: the view raises the 403 itself, the error is a 404, the setting is off.
    send(RaisingView, "POST", user, Recording | IsAuthenticated)
    send(MissingView, "GET", user, Recording)
    settings.API_ERRORS = {"PROBE_PERMISSIONS": False}
    assert read(send(StockView, "POST", user, Recording)) == expect("ACCESS_FORBIDDEN")
    assert calls == ["POST None", "GET None", "POST None"]


@pytest.mark.parametrize("view", [ShelfView, OverridingView, LooseView])
def test_the_permissions_of_an_object_are_probed_or_hidden(
    user: User, shelf: Shelf, view: Any, settings: Settings
) -> None:
    names = {OwnerReads: "METHOD_FORBIDDEN", NobodyReads: "ACCESS_FORBIDDEN"}
    for permission, name in names.items():
        settings.API_ERRORS = {}
        assert read(send(view, "DELETE", user, permission, pk=shelf.pk)) == expect(name)
        settings.API_ERRORS = {"HIDE_FORBIDDEN": True}
        response = send(view, "DELETE", user, permission, pk=shelf.pk)
        assert read(response) == expect("MISSING_RESOURCE")
    # The view itself is not an object.
    assert read(send(view, "DELETE", user, ReadOnly)) == expect("METHOD_FORBIDDEN")


def test_options_hide_an_object_that_no_other_method_shows(
    user: User, shelf: Shelf, settings: Settings
) -> None:
    class OurShelfView(ShelfView, our_generics.RetrieveUpdateDestroyAPIView):
        pass

    permission = allow("OPTIONS")
    settings.API_ERRORS = {"HIDE_FORBIDDEN": True}
    response = send(OurShelfView, "OPTIONS", user, permission, pk=shelf.pk)
    assert read(response) == expect("MISSING_RESOURCE")
    settings.API_ERRORS = {}
    assert send(OurShelfView, "OPTIONS", user, permission, pk=shelf.pk).status_code == 200


def test_the_message_and_the_code_of_a_permission_are_kept(user: User) -> None:
    permission = allow("GET", message="Ask for a key.")
    assert read(send(StockView, "POST", user, permission)) == expect(
        "METHOD_FORBIDDEN", "Ask for a key."
    )
    permission = allow("GET", message="Premium only.", code="premium_only")
    assert read(send(StockView, "POST", user, permission)) == expect(
        "PREMIUM_ONLY", "Premium only.", status=403
    )


def test_the_projects_status_of_the_code_is_sent(user: User, settings: Settings) -> None:
    settings.API_ERRORS = {"CODES": {"METHOD_FORBIDDEN": {"status": 405}}}
    assert read(send(StockView, "POST", user, ReadOnly)) == expect("METHOD_FORBIDDEN", status=405)


def test_permissions_can_query_the_database_before_the_rollback(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Querying(BasePermission):
        def has_permission(self, request: Request, view: APIView) -> bool:
            return request.method == "GET" and User.objects.exists()

    # DRF reads this dict, which the `settings` fixture cannot change after the first connection.
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    with transaction.atomic():
        response = send(StockView, "POST", user, Querying)
        assert connection.needs_rollback
    assert read(response) == expect("METHOD_FORBIDDEN")


def test_the_middleware_does_not_change_the_code(user: User) -> None:
    client = Client(headers={"Authorization": "Basic YW5uOnB3"})
    response = client.post("/read/", {}, content_type="application/json")
    assert read(response) == expect("METHOD_FORBIDDEN")


@pytest.mark.django_db(transaction=True)
def test_permissions_are_not_probed_on_the_event_loop(user: User) -> None:
    client = AsyncClient(raise_request_exception=False)
    response = async_to_sync(client.post)("/async/", headers={"Authorization": "Basic YW5uOnB3"})
    assert read(response) == expect("ACCESS_FORBIDDEN")
