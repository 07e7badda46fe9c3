"""403s: the error that a rejection becomes, and the permissions that are probed to choose it."""

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
from rest_framework.authentication import (
    BaseAuthentication,
    BasicAuthentication,
    SessionAuthentication,
    TokenAuthentication,
)
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
ANN = User(username="ann")

# The methods and the actions that the recorders were called with, in order.
CALLS: list[str] = []


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    CALLS.clear()


def allow(*methods: str, error: Exception | None = None, **attributes: Any) -> Any:
    """Return a permission that allows these methods, and for others is false or raises `error`."""

    def has_permission(self: BasePermission, request: Request, view: APIView) -> bool:
        assert view.request is request
        if request.method not in methods and error is not None:
            raise error
        return request.method in methods

    return type("Allow", (BasePermission,), {"has_permission": has_permission, **attributes})


ReadOnly = allow("GET", "HEAD", "OPTIONS")


class Recorder(ReadOnly):  # type: ignore[misc, valid-type]
    def has_permission(self, request: Request, view: Any) -> bool:
        action = getattr(view, "action", None)
        CALLS.append(f"{request.method} {action}" if action else str(request.method))
        return bool(super().has_permission(request, view))


class UnprobedRecorder(Recorder):
    probe = False


class AllowingRecorder(UnprobedRecorder):
    def has_permission(self, request: Request, view: Any) -> bool:
        super().has_permission(request, view)
        return True


class ListOnly(BasePermission):
    """A permission that depends on the action of a viewset."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return getattr(view, "action", None) == "list"


class OwnerReads(BasePermission):
    def has_object_permission(self, request: Request, view: APIView, obj: Shelf) -> bool:
        assert obj.name == "top"
        return request.method == "GET"


class NoReads(BasePermission):
    def has_object_permission(self, request: Request, view: APIView, obj: Shelf) -> bool:
        return False


class GuardedReads(DjangoModelPermissions):
    """DRF's DjangoModelPermissions, but reading requires a permission too."""

    perms_map = {**DjangoModelPermissions.perms_map, "GET": [VIEW]}


class GuardedObjects(DjangoObjectPermissions):
    perms_map = {**DjangoObjectPermissions.perms_map, "GET": [VIEW]}


class BearerAuthentication(TokenAuthentication):
    keyword = "Bearer"


class RejectingAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> Any:
        raise exceptions.PermissionDenied


class StockView(APIView):
    authentication_classes: list[Any] = [BasicAuthentication]

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


class OurShelfView(ShelfView, our_generics.RetrieveUpdateDestroyAPIView):
    pass


class ShelfViewSet(ModelViewSet):
    authentication_classes = [BasicAuthentication]
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer

    def finalize_response(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        CALLS.append(f"finally {self.request is request} {request.method} {self.action}")
        return super().finalize_response(request, *args, **kwargs)


class MixedViewSet(ShelfViewSet):
    def get_permissions(self) -> Any:
        return [Recorder()] if self.action == "create" else [UnprobedRecorder(), ReadOnly()]


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
    """Raises an exception in its POST, or in a permission."""

    exception: Exception = exceptions.PermissionDenied()

    def post(self, request: Request) -> Response:  # type: ignore[override]
        raise self.exception


class LazyView(RaisingView):
    authentication_classes = [RejectingAuthentication]

    def perform_authentication(self, request: Request) -> None:
        pass


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
def user() -> User:
    return User.objects.create_user("ann", password="pw")


@pytest.fixture
def shelf() -> Shelf:
    return Shelf.objects.create(name="top")


def send(view: Any, method: str, user: User | None = ANN, *permissions: Any, **kw: Any) -> Any:
    """Return the response of a view with these permissions, or else its own, to a request."""
    initkwargs = {name: kw.pop(name) for name in [*kw] if hasattr(view, name)}
    if permissions:
        initkwargs["permission_classes"] = permissions
    actions = kw.pop("actions", None)
    function = view.as_view(*([actions] if actions else []), **initkwargs)
    request = getattr(APIRequestFactory(), method.lower())("/things/", {}, format="json")
    if user is not None:
        force_authenticate(request, user)
    response: HttpResponse = function(request, **kw).render()
    return response


@pytest.mark.parametrize(
    ("method", "permission", "code"),
    [
        ("POST", ReadOnly, "METHOD_FORBIDDEN"),
        ("GET", allow("POST"), "METHOD_FORBIDDEN"),
        ("POST", allow("GET", error=PermissionDenied("secret")), "METHOD_FORBIDDEN"),
        ("POST", IsAdminUser | ReadOnly, "METHOD_FORBIDDEN"),
        ("POST", IsAuthenticated & ~IsAdminUser & ReadOnly, "METHOD_FORBIDDEN"),
        ("POST", allow(), "ACCESS_FORBIDDEN"),
        # HEAD and OPTIONS do not count. For a rejected HEAD, GET does not count either.
        ("DELETE", allow("HEAD", "OPTIONS"), "ACCESS_FORBIDDEN"),
        ("HEAD", allow("GET"), "ACCESS_FORBIDDEN"),
        # The view has no PATCH.
        ("GET", allow("PATCH"), "ACCESS_FORBIDDEN"),
        ("PUT", IsAuthenticated & ~IsAuthenticated, "ACCESS_FORBIDDEN"),
        # The permission raises for every method but the rejected one.
        ("DELETE", ~allow("DELETE", error=LookupError("secret")), "ACCESS_FORBIDDEN"),
    ],
)
def test_the_method_is_forbidden_if_another_is_allowed_and_else_the_resource(
    method: str, permission: Any, code: str
) -> None:
    assert read(send(StockView, method, ANN, permission)) == expect(code)


@pytest.mark.parametrize(
    ("permissions", "code", "calls"),
    [
        # The permission is called until the first method that is allowed, reads first.
        ([Recorder], "METHOD_FORBIDDEN", ["POST", "GET"]),
        # The permission that rejected the request is not called again.
        ([UnprobedRecorder], "ACCESS_FORBIDDEN", ["POST"]),
        ([ReadOnly & UnprobedRecorder], "ACCESS_FORBIDDEN", []),
        ([UnprobedRecorder | allow()], "ACCESS_FORBIDDEN", ["POST"]),
        ([~(ReadOnly | AllowingRecorder)], "ACCESS_FORBIDDEN", ["POST"]),
        # The other permissions are called without the one that is not probed.
        ([AllowingRecorder, ReadOnly], "METHOD_FORBIDDEN", ["POST"]),
        ([AllowingRecorder, allow()], "ACCESS_FORBIDDEN", ["POST"]),
    ],
)
def test_a_permission_that_is_not_to_be_probed_is_called_once(
    permissions: list[Any], code: str, calls: list[str]
) -> None:
    assert read(send(StockView, "POST", ANN, *permissions)) == expect(code)
    assert calls == CALLS


def test_permissions_are_called_with_the_method_and_the_action_of_the_same_url(
    shelf: Shelf, settings: Settings
) -> None:
    actions = {"get": "list", "post": "create"}
    response = send(ShelfViewSet, "POST", ANN, ListOnly, actions=actions)
    assert read(response) == expect("METHOD_FORBIDDEN")
    shelf_actions = {"get": "retrieve", "delete": "destroy"}
    response = send(ShelfViewSet, "DELETE", ANN, ListOnly, actions=shelf_actions, pk=shelf.pk)
    assert read(response) == expect("ACCESS_FORBIDDEN")

    CALLS.clear()
    send(ShelfViewSet, "POST", ANN, Recorder, actions=actions)
    assert CALLS == ["POST create", "GET list", "finally True POST create"]
    CALLS.clear()
    assert read(send(MixedViewSet, "POST", actions=actions)) == expect("METHOD_FORBIDDEN")
    assert CALLS == ["POST create", "finally True POST create"]
    CALLS.clear()
    # The view raises the 403 itself, or the setting is off.
    send(RaisingView, "POST", ANN, AllowingRecorder)
    settings.API_ERRORS = {"PROBE_PERMISSIONS": False}
    assert read(send(StockView, "POST", ANN, Recorder)) == expect("ACCESS_FORBIDDEN")
    assert CALLS == ["POST", "POST"]


@pytest.mark.parametrize(
    ("permission", "granted", "method", "code"),
    [
        # DRF allows every authenticated user to read.
        (DjangoModelPermissions, [], "DELETE", "METHOD_FORBIDDEN"),
        (GuardedReads, [], "DELETE", "ACCESS_FORBIDDEN"),
        (GuardedReads, ["change_shelf"], "DELETE", "METHOD_FORBIDDEN"),
        # ModelBackend has no permissions for objects: DRF's check raises PermissionDenied.
        (DjangoObjectPermissions, [], "DELETE", "METHOD_FORBIDDEN"),
        # The 404 of a permission stays.
        (allow(error=Http404()), [], "PUT", "MISSING_RESOURCE"),
        (GuardedObjects, ["change_shelf", "view_shelf"], "PUT", "MISSING_RESOURCE"),
    ],
)
def test_model_permissions_are_probed(
    user: User, shelf: Shelf, permission: Any, granted: list[str], method: str, code: str
) -> None:
    user.user_permissions.add(*Permission.objects.filter(codename__in=granted))
    assert read(send(ShelfView, method, user, permission, pk=shelf.pk)) == expect(code)


@pytest.mark.parametrize("view", [ShelfView, OverridingView, LooseView])
def test_the_permissions_of_an_object_are_probed_or_hidden(
    shelf: Shelf, view: Any, settings: Settings
) -> None:
    for permission, code in [(OwnerReads, "METHOD_FORBIDDEN"), (NoReads, "ACCESS_FORBIDDEN")]:
        settings.API_ERRORS = {}
        assert read(send(view, "DELETE", ANN, permission, pk=shelf.pk)) == expect(code)
        settings.API_ERRORS = {"HIDE_FORBIDDEN": True}
        response = send(view, "DELETE", ANN, permission, pk=shelf.pk)
        assert read(response) == expect("MISSING_RESOURCE")
    # The view itself is not an object.
    assert read(send(view, "DELETE", ANN, ReadOnly)) == expect("METHOD_FORBIDDEN")


def test_options_hide_an_object_that_no_other_method_shows(
    shelf: Shelf, settings: Settings
) -> None:
    arguments = (OurShelfView, "OPTIONS", ANN, allow("OPTIONS"))
    assert send(*arguments, pk=shelf.pk).status_code == 200
    settings.API_ERRORS = {"HIDE_FORBIDDEN": True}
    assert read(send(*arguments, pk=shelf.pk)) == expect("MISSING_RESOURCE")


def test_the_message_and_the_code_of_a_permission_and_the_status_of_a_project_are_sent(
    settings: Settings,
) -> None:
    for attributes, expected in [
        ({"message": "A key."}, expect("METHOD_FORBIDDEN", "A key.")),
        ({"message": "Pay.", "code": "premium"}, expect("PREMIUM", "Pay.", status=403)),
    ]:
        assert read(send(StockView, "POST", ANN, allow("GET", **attributes))) == expected
    settings.API_ERRORS = {"CODES": {"METHOD_FORBIDDEN": {"status": 405}}}
    assert read(send(StockView, "POST", ANN, ReadOnly)) == expect("METHOD_FORBIDDEN", status=405)


def test_permissions_can_query_the_database_before_the_rollback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Querying(BasePermission):
        def has_permission(self, request: Request, view: APIView) -> bool:
            return request.method == "GET" and not User.objects.exists()

    # DRF reads this dict, which the `settings` fixture cannot change after the first connection.
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    with transaction.atomic():
        response = send(StockView, "POST", ANN, Querying)
        assert connection.needs_rollback
    assert read(response) == expect("METHOD_FORBIDDEN")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("user")
def test_the_middleware_keeps_the_code_and_the_event_loop_probes_nothing() -> None:
    headers = {"Authorization": "Basic YW5uOnB3"}
    response = Client().post("/read/", {}, content_type="application/json", headers=headers)
    assert read(response) == expect("METHOD_FORBIDDEN")
    client = AsyncClient(raise_request_exception=False)
    response = async_to_sync(client.post)("/async/", headers=headers)
    assert read(response) == expect("ACCESS_FORBIDDEN")


@pytest.mark.parametrize("probe", [True, False])
@pytest.mark.parametrize("permission", [ReadOnly, allow()])
def test_a_method_that_the_view_does_not_have_is_not_allowed(
    settings: Settings, permission: Any, probe: bool
) -> None:
    settings.API_ERRORS = {"PROBE_PERMISSIONS": probe}
    response = send(StockView, "PATCH", ANN, permission)
    assert response.status_code == 405
    assert read(response) == read(send(StockView, "PATCH"))
    assert response["Allow"] == "GET, POST, PUT, DELETE, HEAD, OPTIONS"


DENIED = PermissionDenied("secret")


@pytest.mark.parametrize(
    ("view", "permission", "authenticators", "challenge"),
    [
        (StockView, ReadOnly, [BasicAuthentication], 'Basic realm="api"'),
        (StockView, allow(), [BasicAuthentication], 'Basic realm="api"'),
        (ShelfView, DjangoModelPermissions, [BasicAuthentication], 'Basic realm="api"'),
        (StockView, allow(error=DENIED), [BearerAuthentication], "Bearer"),
        (StockView, allow(error=exceptions.PermissionDenied()), [BearerAuthentication], "Bearer"),
        (RaisingView, BasePermission, [BearerAuthentication], "Bearer"),
        (RaisingView, BasePermission, [SessionAuthentication, BearerAuthentication], "Bearer"),
        (RaisingView, BasePermission, [SessionAuthentication], 'Session realm="api"'),
        (
            type("DenyingView", (RaisingView,), {"exception": DENIED}),
            *(BasePermission, [BearerAuthentication], "Bearer"),
        ),
    ],
)
def test_an_anonymous_client_gets_a_401_with_a_challenge(
    view: Any, permission: Any, authenticators: list[Any], challenge: str
) -> None:
    response = send(view, "POST", None, permission, authentication_classes=authenticators)
    assert read(response) == expect("UNAUTHENTICATED")
    assert response["WWW-Authenticate"] == challenge


def test_a_message_of_the_project_is_kept_in_a_401() -> None:
    response = send(RaisingView, "POST", None, exception=exceptions.PermissionDenied("Ask Ann."))
    assert read(response) == expect("UNAUTHENTICATED", "Ask Ann.")


@pytest.mark.parametrize(
    ("view", "user", "authenticators", "permission", "code"),
    [
        (RaisingView, ANN, [BasicAuthentication], BasePermission, "ACCESS_FORBIDDEN"),
        (RaisingView, None, [], BasePermission, "ACCESS_FORBIDDEN"),
        (StockView, None, [], IsAuthenticatedOrReadOnly, "METHOD_FORBIDDEN"),
        # An authenticator rejects the client, the second time after the view has done so.
        (StockView, None, [RejectingAuthentication], BasePermission, "ACCESS_FORBIDDEN"),
        (LazyView, None, [RejectingAuthentication], BasePermission, "ACCESS_FORBIDDEN"),
    ],
)
def test_a_403_stays_for_a_user_without_authenticators_and_if_an_authenticator_rejects(
    view: Any, user: User | None, authenticators: list[Any], permission: Any, code: str
) -> None:
    response = send(view, "POST", user, permission, authentication_classes=authenticators)
    assert read(response) == expect(code)


def test_a_csrf_failure_stays_a_403() -> None:
    request = APIRequestFactory(enforce_csrf_checks=True).post("/things/")
    request.user = ANN
    view = StockView.as_view(
        authentication_classes=[SessionAuthentication], permission_classes=[IsAuthenticated]
    )
    response = view(request).render()
    assert response.status_code == 403
    assert "CSRF" in response.data["errors"][0]
