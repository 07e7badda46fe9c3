"""Probing: ACCESS_FORBIDDEN or METHOD_FORBIDDEN, by the permissions of the view itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
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
from rest_framework import generics, serializers
from rest_framework.authentication import BasicAuthentication
from rest_framework.exceptions import PermissionDenied as DRFPermissionDenied
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.permissions import (
    BasePermission,
    DjangoModelPermissions,
    DjangoObjectPermissions,
    IsAdminUser,
    IsAuthenticated,
    IsAuthenticatedOrReadOnly,
)
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView
from rest_framework.viewsets import ModelViewSet

from django_apierrors.catalog import CATALOG
from tests.models import Shelf

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

ASKED: list[str] = []

VIEW = "%(app_label)s.view_%(model_name)s"


class Listening(BasePermission):
    """A permission that notes what it is asked, and lets GET alone pass."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        assert view.request is request
        ASKED.append(f"{request.method} {getattr(view, 'action', None)}")
        return request.method == "GET"


class Nobody(BasePermission):
    """A permission that lets nobody pass."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return False


class ReadsOnly(BasePermission):
    """A permission that lets the safe methods pass."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in ("GET", "HEAD", "OPTIONS")


class HeadsOnly(BasePermission):
    """A permission that lets only pass what does not count as open."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in ("HEAD", "OPTIONS")


class ListsOnly(BasePermission):
    """A permission that goes by the action, as those of viewsets do."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return getattr(view, "action", None) == "list"


class PostsOnlyByTheView(BasePermission):
    """A permission that reads the request of the view."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return view.request.method == "POST"


class OpensNothing(BasePermission):
    """A permission that fails for every verb but the one that was used."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.method != "DELETE":
            raise LookupError("secret")
        return False


class Writes404(BasePermission):
    """A permission that says 404 itself."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        raise Http404


class RaisesDjangos403(BasePermission):
    """A permission that raises Django's exception where it refuses."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.method != "GET":
            raise PermissionDenied("secret")
        return True


class Premium(BasePermission):
    """A permission with a code and a text of its own."""

    code = "premium_only"
    message = "Premium only."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method == "GET"


class Explained(ReadsOnly):
    """A permission with a text of its own."""

    message = "Ask for a key that may write."


class OwnerReads(BasePermission):
    """An object's permission: reading alone is open."""

    def has_object_permission(self, request: Request, view: APIView, obj: Shelf) -> bool:
        assert obj.name == "top"
        return request.method == "GET"


class OwnerNothing(BasePermission):
    """An object's permission: nothing is open."""

    def has_object_permission(self, request: Request, view: APIView, obj: Shelf) -> bool:
        return False


class StockView(APIView):
    """A view with DRF's own renderer, parser and negotiation, and four verbs."""

    renderer_classes = [JSONRenderer]
    parser_classes = [JSONParser]
    content_negotiation_class = DefaultContentNegotiation
    authentication_classes = [BasicAuthentication]

    def get(self, request: Request) -> Response:
        return Response({})

    post = put = delete = get


class ShelfSerializer(serializers.ModelSerializer[Shelf]):
    class Meta:
        model = Shelf
        fields = ["name"]


class ShelfView(generics.RetrieveUpdateDestroyAPIView):
    renderer_classes = [JSONRenderer]
    parser_classes = [JSONParser]
    content_negotiation_class = DefaultContentNegotiation
    authentication_classes = [BasicAuthentication]
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class ShelfViewSet(ModelViewSet):
    renderer_classes = [JSONRenderer]
    authentication_classes = [BasicAuthentication]
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class OverridingView(ShelfView):
    """A view whose checks take other arguments than DRF's."""

    def check_permissions(self, request: Request, extra: str = "") -> None:
        super().check_permissions(request)

    def check_object_permissions(self, *args: Any) -> None:
        super().check_object_permissions(*args)


class LooseView(ShelfView):
    """A view whose object check names the request alone."""

    def check_object_permissions(self, request: Request, *objects: Any) -> None:
        super().check_object_permissions(request, *objects)


class RaisingView(StockView):
    """A view that refuses by its own code, which no check knows of."""

    def post(self, request: Request) -> Response:
        raise DRFPermissionDenied


class AsyncView(AsyncAPIView):
    renderer_classes = [JSONRenderer]
    authentication_classes = [BasicAuthentication]
    permission_classes = [ReadsOnly]

    async def get(self, request: Request) -> Response:
        return Response({})

    post = get


urlpatterns = [path("async/", AsyncView.as_view()), path("read/", StockView.as_view())]


@pytest.fixture(autouse=True)
def _listen() -> Iterator[None]:
    ASKED.clear()
    yield
    ASKED.clear()


@pytest.fixture
def user(settings: Settings) -> User:
    # The default hashers take their time, as they should.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return User.objects.create_user("ann", password="pw")


@pytest.fixture
def shelf() -> Shelf:
    return Shelf.objects.create(name="top")


def ask(
    view: Any, method: str, user: User | None = None, permission: Any = None, **kwargs: Any
) -> HttpResponse:
    """Return the rendered answer of a view with one permission, to a request by `user`."""
    options = {"permission_classes": [permission]} if permission else {}
    actions = kwargs.pop("actions", None)
    function = view.as_view(actions, **options) if actions else view.as_view(**options)
    request = getattr(APIRequestFactory(), method.lower())("/things/", {}, format="json")
    if user is not None:
        force_authenticate(request, user)
    return function(request, **kwargs).render()


def body_of(name: str, *errors: str, status: int = 403) -> dict[str, Any]:
    """Return the whole body of the code called `name`."""
    texts = list(errors) or [str(CATALOG[name].message)]
    return {"status": status, "errors": texts, "code": name, "moreInfo": ""}


def read(response: HttpResponse) -> Any:
    """Return the body, once its status is that of the response."""
    body = json.loads(response.content)
    assert body["status"] == response.status_code
    return body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "permission",
    [
        ReadsOnly,
        RaisesDjangos403,
        IsAdminUser | ReadsOnly,
        IsAuthenticated & ReadsOnly,
        IsAuthenticated & ~IsAdminUser & ReadsOnly,
    ],
    ids=["plain", "Django's exception", "or", "and", "and not"],
)
def test_a_user_who_may_only_read_is_told_of_the_verb(
    user: User, method: str, permission: Any
) -> None:
    assert read(ask(StockView, method, user, permission)) == body_of("METHOD_FORBIDDEN")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "permission",
    [Nobody, HeadsOnly, IsAdminUser, IsAuthenticated & ~IsAuthenticated, ~IsAuthenticated],
    ids=["nobody", "HEAD and OPTIONS alone", "staff", "never", "anonymous"],
)
def test_a_user_who_may_do_nothing_is_told_of_the_resource(
    user: User, method: str, permission: Any
) -> None:
    assert read(ask(StockView, method, user, permission)) == body_of("ACCESS_FORBIDDEN")


def test_a_head_that_is_refused_asks_for_no_get(user: User) -> None:
    class GetsOnly(BasePermission):
        def has_permission(self, request: Request, view: APIView) -> bool:
            return request.method == "GET"

    response = ask(StockView, "HEAD", user, GetsOnly)
    assert read(response)["code"] == "ACCESS_FORBIDDEN"


def test_a_read_that_is_refused_where_writing_is_open_is_told_of_the_verb(user: User) -> None:
    assert read(ask(StockView, "GET", user, PostsOnlyByTheView)) == body_of("METHOD_FORBIDDEN")


def test_a_user_who_may_read_is_refused_to_write_by_stock_permissions() -> None:
    # Without an authenticator there is nothing to be told of but the verb.
    class OpenView(StockView):
        authentication_classes = []

    assert read(ask(OpenView, "POST", None, IsAuthenticatedOrReadOnly)) == body_of(
        "METHOD_FORBIDDEN"
    )


@pytest.mark.parametrize(
    "permission",
    [IsAuthenticatedOrReadOnly, Nobody, ReadsOnly, DjangoModelPermissions, IsAuthenticated],
)
def test_an_anonymous_caller_is_401(permission: Any) -> None:
    response = ask(ShelfView, "DELETE", None, permission, pk=1)
    assert response.content == (
        b'{"status":401,"errors":["Access denied, please check your credentials!"],'
        b'"code":33619968,"moreInfo":""}'
    )
    assert response["WWW-Authenticate"] == 'Basic realm="api"'


def test_model_permissions_tell_of_the_verb(user: User, shelf: Shelf) -> None:
    # DRF's DjangoModelPermissions lets every authenticated user read.
    response = ask(ShelfView, "DELETE", user, DjangoModelPermissions, pk=shelf.pk)
    assert read(response) == body_of("METHOD_FORBIDDEN")


def test_model_permissions_that_guard_reading_too_tell_of_the_resource(
    user: User, shelf: Shelf
) -> None:
    class Guarded(DjangoModelPermissions):
        perms_map = {**DjangoModelPermissions.perms_map, "GET": [VIEW]}

    response = ask(ShelfView, "DELETE", user, Guarded, pk=shelf.pk)
    assert read(response) == body_of("ACCESS_FORBIDDEN")


def test_one_model_permission_opens_another_verb(user: User, shelf: Shelf) -> None:
    class Guarded(DjangoModelPermissions):
        perms_map = {**DjangoModelPermissions.perms_map, "GET": [VIEW]}

    user.user_permissions.add(Permission.objects.get(codename="change_shelf"))
    response = ask(ShelfView, "DELETE", user, Guarded, pk=shelf.pk)
    assert read(response) == body_of("METHOD_FORBIDDEN")


def test_the_404_of_object_permissions_stays(user: User, shelf: Shelf) -> None:
    class Guarded(DjangoObjectPermissions):
        perms_map = {**DjangoObjectPermissions.perms_map, "GET": [VIEW]}

    user.user_permissions.add(Permission.objects.get(codename="change_shelf"))
    user.user_permissions.add(Permission.objects.get(codename="view_shelf"))
    response = ask(ShelfView, "PUT", user, Guarded, pk=shelf.pk)
    assert read(response) == body_of("MISSING_RESOURCE", status=404)


def test_object_permissions_of_a_reader_are_a_403_by_drf(user: User, shelf: Shelf) -> None:
    # DRF's check says 403, not 404, to who may read the object; ModelBackend knows no objects.
    response = ask(ShelfView, "DELETE", user, DjangoObjectPermissions, pk=shelf.pk)
    assert read(response) == body_of("METHOD_FORBIDDEN")


def test_a_permission_by_action_is_asked_with_the_action_set(user: User) -> None:
    response = ask(ShelfViewSet, "POST", user, ListsOnly, actions={"get": "list", "post": "create"})
    assert read(response) == body_of("METHOD_FORBIDDEN")


def test_an_action_of_another_url_does_not_count(user: User, shelf: Shelf) -> None:
    actions = {"get": "retrieve", "delete": "destroy"}
    response = ask(ShelfViewSet, "DELETE", user, ListsOnly, actions=actions, pk=shelf.pk)
    assert read(response) == body_of("ACCESS_FORBIDDEN")


def test_a_permission_sees_the_verb_and_the_action_it_is_asked_about(user: User) -> None:
    ask(ShelfViewSet, "POST", user, Listening, actions={"get": "list", "post": "create"})
    assert ASKED == ["POST create", "GET list"]


def test_the_request_and_the_action_of_the_view_are_what_they_were(user: User) -> None:
    seen = []

    class SeeingViewSet(ShelfViewSet):
        def finalize_response(self, request: Request, *args: Any, **kwargs: Any) -> Any:
            seen.append((request.method, self.request is request, self.action))
            return super().finalize_response(request, *args, **kwargs)

    ask(SeeingViewSet, "POST", user, ListsOnly, actions={"get": "list", "post": "create"})
    assert seen == [("POST", True, "create")]


@pytest.mark.parametrize(
    ("permission", "name"),
    [(OwnerReads, "METHOD_FORBIDDEN"), (OwnerNothing, "ACCESS_FORBIDDEN")],
)
@pytest.mark.parametrize("view", [ShelfView, OverridingView, LooseView])
def test_an_object_that_is_refused_is_asked_about_itself(
    user: User, shelf: Shelf, view: Any, permission: Any, name: str
) -> None:
    response = ask(view, "DELETE", user, permission, pk=shelf.pk)
    assert read(response) == body_of(name)
    assert Shelf.objects.count() == 1


def test_a_check_that_fails_opens_nothing(user: User) -> None:
    assert read(ask(StockView, "DELETE", user, OpensNothing)) == body_of("ACCESS_FORBIDDEN")


def test_a_check_that_says_404_is_a_404(user: User) -> None:
    assert read(ask(StockView, "DELETE", user, Writes404)) == body_of(
        "MISSING_RESOURCE", status=404
    )


def test_a_permission_with_a_text_keeps_it(user: User) -> None:
    assert read(ask(StockView, "POST", user, Explained)) == body_of(
        "METHOD_FORBIDDEN", "Ask for a key that may write."
    )


def test_a_permission_with_a_code_keeps_it(user: User) -> None:
    assert read(ask(StockView, "POST", user, Premium)) == body_of("PREMIUM_ONLY", "Premium only.")


def test_a_view_that_refuses_by_itself_is_not_probed(user: User) -> None:
    assert read(ask(RaisingView, "POST", user, Listening | IsAuthenticated)) == body_of(
        "ACCESS_FORBIDDEN"
    )
    assert ASKED == ["POST None"]


def test_nothing_is_probed_outside_a_403(user: User) -> None:
    class FailingView(StockView):
        def get(self, request: Request) -> Response:
            raise Http404

    assert read(ask(FailingView, "GET", user, Listening))["code"] == "MISSING_RESOURCE"
    assert ASKED == ["GET None"]


def test_nothing_is_probed_where_the_setting_says_so(user: User, settings: Settings) -> None:
    settings.API_ERRORS = {"PROBE_PERMISSIONS": False}
    assert read(ask(StockView, "POST", user, Listening)) == body_of("ACCESS_FORBIDDEN")
    assert ASKED == ["POST None"]


@pytest.mark.parametrize("permission", [OwnerReads, OwnerNothing])
@pytest.mark.parametrize("view", [ShelfView, OverridingView, LooseView])
def test_an_object_can_be_hidden(
    user: User, shelf: Shelf, view: Any, permission: Any, settings: Settings
) -> None:
    settings.API_ERRORS = {"HIDE_FORBIDDEN": True}
    response = ask(view, "DELETE", user, permission, pk=shelf.pk)
    assert read(response) == body_of("MISSING_RESOURCE", status=404)


@pytest.mark.parametrize("view", [StockView, OverridingView])
def test_a_view_is_not_hidden(user: User, view: Any, settings: Settings) -> None:
    settings.API_ERRORS = {"HIDE_FORBIDDEN": True}
    assert read(ask(view, "DELETE", user, ReadsOnly)) == body_of("METHOD_FORBIDDEN")


def test_a_project_s_status_of_the_code_is_sent(user: User, settings: Settings) -> None:
    settings.API_ERRORS = {"CODES": {"METHOD_FORBIDDEN": {"status": 405}}}
    assert read(ask(StockView, "POST", user, ReadsOnly)) == body_of("METHOD_FORBIDDEN", status=405)


def test_the_answer_is_found_before_the_rollback(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Queries(BasePermission):
        def has_permission(self, request: Request, view: APIView) -> bool:
            return request.method == "GET" and User.objects.exists()

    # The setting is read from this very dict, which `settings` cannot reach once it is in use.
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    with transaction.atomic():
        response = ask(StockView, "POST", user, Queries)
        assert connection.needs_rollback
    assert read(response) == body_of("METHOD_FORBIDDEN")


def test_with_the_middleware_a_refusal_is_told_apart_too(user: User) -> None:
    client = Client(headers={"Authorization": "Basic YW5uOnB3"})
    StockView.permission_classes = [ReadsOnly]
    try:
        response = client.post("/read/", {}, content_type="application/json")
    finally:
        StockView.permission_classes = []
    assert read(response) == body_of("METHOD_FORBIDDEN")


@pytest.mark.django_db(transaction=True)
def test_on_the_event_loop_nothing_can_be_asked(user: User) -> None:
    client = AsyncClient(raise_request_exception=False)
    response = async_to_sync(client.post)("/async/", headers={"Authorization": "Basic YW5uOnB3"})
    assert read(response) == body_of("ACCESS_FORBIDDEN")
