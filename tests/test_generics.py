"""The generic views, and who may use which verb of them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import include, path
from rest_framework import generics as stock
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import action
from rest_framework.permissions import (
    SAFE_METHODS,
    BasePermission,
    DjangoModelPermissions,
    DjangoObjectPermissions,
    IsAuthenticated,
    IsAuthenticatedOrReadOnly,
)
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.serializers import ModelSerializer

from django_apierrors import generics, viewsets
from tests.bodies import body
from tests.models import Shelf

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

VIEWS = sorted(name for name in vars(stock) if name.endswith("APIView"))


@pytest.fixture(autouse=True)
def strict(settings: Any) -> None:
    """Make a violation of the verb table an error."""
    settings.API_ERRORS = {"STRICT": True}


class UserAuthentication(BaseAuthentication):
    """Believes the name in `Authorization`."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """Return the user of that name."""
        name = request.headers.get("Authorization")
        return (User.objects.get(username=name), None) if name else None

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge."""
        return "Token"


class IsReader(BasePermission):
    """Lets the reader read."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether it is a look."""
        return request.user.username == "reader" and request.method in SAFE_METHODS


class IsWriter(BasePermission):
    """Lets the writer in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether it is the writer."""
        return request.user.username == "writer"


class Everybody(BasePermission):
    """Lets all in."""


class IsDeletion(BasePermission):
    """Lets deletions in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether it is a deletion."""
        return request.method == "DELETE"


class ByAction(BasePermission):
    """Asks for the name of the action, as it is on the view."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether the action is to look."""
        return request.user.username == "reader" and view.action in ("list", "retrieve", "label")


class OwnsObject(BasePermission):
    """Lets others look at a shelf, the one that it is named for change it."""

    def has_object_permission(self, request: Request, view: Any, obj: Shelf) -> bool:
        """Tell whether the object is the caller's, or open to looks."""
        is_own = obj.name == request.user.username
        return is_own or (request.method in SAFE_METHODS and obj.name != "secret")


class Raises(BasePermission):
    """Cannot answer for any verb but the one that was asked."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Refuse, or fail."""
        if request.method != "PUT":
            raise RuntimeError
        return False


class ObjectBackend:
    """Gives the reader the right to see a shelf, and to nobody any other of one object."""

    def authenticate(self, request: Any, **credentials: Any) -> None:
        """Know nobody."""

    def has_perm(self, user: User, permission: str, obj: Any = None) -> bool:
        """Tell whether the user has a permission for the object."""
        if obj is None:
            return user.username in ("reader", "writer", "stranger")
        right = permission.rpartition(".")[2].partition("_")[0]
        return {"reader": right == "view", "writer": True}.get(user.username, False)


class ViewedModelPermissions(DjangoModelPermissions):
    """Model permissions that ask for a permission to look, too."""

    perms_map = {**DjangoModelPermissions.perms_map, "GET": ["%(app_label)s.view_%(model_name)s"]}


class ViewedObjectPermissions(DjangoObjectPermissions):
    """Object permissions that ask for a permission to look, too."""

    perms_map = {**DjangoObjectPermissions.perms_map, "GET": ["%(app_label)s.view_%(model_name)s"]}


class ShelfSerializer(ModelSerializer):
    """A shelf."""

    class Meta:
        model = Shelf
        fields = ["id", "name"]


class Shelves(viewsets.ModelViewSet):
    """Shelves, with an extra action of more than one verb."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer
    authentication_classes = [UserAuthentication]

    @action(detail=True, methods=["get"])
    def label(self, request: Request, pk: str) -> Response:
        """Show the label."""
        return Response(self.get_object().name)

    @label.mapping.put
    def put_label(self, request: Request, pk: str) -> Response:
        """Change the label."""
        return self.update(request)


class Detail(generics.RetrieveUpdateDestroyAPIView):
    """A shelf."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer
    authentication_classes = [UserAuthentication]


PERMISSIONS: dict[str, list[Any]] = {
    "read-only": [IsAuthenticatedOrReadOnly],
    "reader": [IsReader],
    "composed": [(IsReader | IsWriter) & ~IsDeletion],
    "never": [Everybody & ~Everybody],
    "action": [ByAction],
    "object": [OwnsObject],
    "model": [ViewedModelPermissions],
    "django-object": [ViewedObjectPermissions],
    "raises": [Raises],
    "authenticated": [IsAuthenticated],
}

router = DefaultRouter()
for name, classes in PERMISSIONS.items():
    router.register(
        f"router/{name}",
        type("ViewSet", (Shelves,), {"permission_classes": classes}),
        basename=name,
    )

urlpatterns = [
    *(
        path(f"generic/{name}/<pk>/", Detail.as_view(permission_classes=classes))
        for name, classes in PERMISSIONS.items()
        if name != "action"
    ),
    path("", include(router.urls)),
]

ROUTES = ["/generic/{}/{}/", "/router/{}/{}/", "/router/{}/{}/label/"]
every_route = pytest.mark.parametrize("route", ROUTES)


@pytest.fixture(autouse=True)
def users() -> dict[str, User]:
    """Return the users, the reader with the permission to look."""
    users = {name: User.objects.create(username=name) for name in ("reader", "writer", "stranger")}
    look = Permission.objects.get(codename="view_shelf")
    change = Permission.objects.get(codename="change_shelf")
    users["reader"].user_permissions.add(look)
    users["writer"].user_permissions.add(look, change)
    return users


@pytest.fixture
def shelf() -> Shelf:
    """Return a shelf."""
    return Shelf.objects.create(name="low")


def put(client: Client, url: str, user: str = "") -> Any:
    """Send a PUT."""
    headers = {"Authorization": user} if user else {}
    return client.put(url, {"name": "a"}, content_type="application/json", headers=headers)


@pytest.mark.parametrize("name", VIEWS)
def test_each_generic_view_of_drf_has_its_namesake(name: str) -> None:
    ours, theirs = getattr(generics, name), getattr(stock, name)
    assert issubclass(ours, theirs)
    assert issubclass(ours, generics.GenericAPIView)
    assert "patch" not in ours.http_method_names


@pytest.mark.parametrize("name", generics.__all__)
def test_a_name_of_ours_is_one_of_drf(name: str) -> None:
    assert hasattr(stock, name)


@every_route
@pytest.mark.parametrize(
    ("permission", "user", "code"),
    [
        ("reader", "reader", "METHOD_FORBIDDEN"),
        ("reader", "stranger", "ACCESS_FORBIDDEN"),
        ("composed", "reader", "METHOD_FORBIDDEN"),
        ("composed", "stranger", "ACCESS_FORBIDDEN"),
        ("never", "writer", "ACCESS_FORBIDDEN"),
        ("object", "reader", "METHOD_FORBIDDEN"),
        ("model", "reader", "METHOD_FORBIDDEN"),
        ("model", "stranger", "ACCESS_FORBIDDEN"),
        ("raises", "reader", "ACCESS_FORBIDDEN"),
    ],
)
def test_a_verb_that_is_closed_is_told_from_a_resource_that_is(
    client: Client, shelf: Shelf, route: str, permission: str, user: str, code: str
) -> None:
    response = put(client, route.format(permission, shelf.pk), user)
    assert (response.status_code, response.json()) == (403, body(code))


@pytest.mark.parametrize("route", ROUTES[1:])
@pytest.mark.parametrize(
    ("user", "code"), [("reader", "METHOD_FORBIDDEN"), ("stranger", "ACCESS_FORBIDDEN")]
)
def test_a_permission_by_the_action_is_asked_about_the_other_actions(
    client: Client, shelf: Shelf, route: str, user: str, code: str
) -> None:
    response = put(client, route.format("action", shelf.pk), user)
    assert (response.status_code, response.json()) == (403, body(code))


@every_route
def test_an_object_that_is_closed_to_all_verbs_is_access_forbidden(
    client: Client, route: str
) -> None:
    shelf = Shelf.objects.create(name="secret")
    response = put(client, route.format("object", shelf.pk), "reader")
    assert (response.status_code, response.json()) == (403, body("ACCESS_FORBIDDEN"))


@every_route
@pytest.mark.parametrize("permission", ["read-only", "authenticated", "reader", "model"])
def test_an_anonymous_caller_is_401_where_there_is_an_authenticator(
    client: Client, shelf: Shelf, route: str, permission: str
) -> None:
    response = put(client, route.format(permission, shelf.pk))
    assert (response.status_code, response.json()) == (401, body("UNAUTHENTICATED"))
    assert response["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize("view", [Detail, Shelves])
def test_an_anonymous_caller_may_look_and_not_write_where_there_is_no_authenticator(
    shelf: Shelf, rf: Any, view: Any
) -> None:
    attributes: dict[str, Any] = {
        "permission_classes": [IsAuthenticatedOrReadOnly],
        "authentication_classes": [],
    }
    actions = [{"get": "retrieve", "put": "update"}] if view is Shelves else []
    response = view.as_view(*actions, **attributes)(rf.put("/"), pk=shelf.pk)
    assert response.data["code"] == "METHOD_FORBIDDEN"


@every_route
def test_the_404_of_django_object_permissions_stays(
    client: Client, shelf: Shelf, route: str, settings: Any
) -> None:
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.ObjectBackend"]
    response = put(client, route.format("django-object", shelf.pk), "stranger")
    assert (response.status_code, response.json()) == (404, body("MISSING_RESOURCE"))


@every_route
def test_django_object_permissions_of_a_reader_close_the_verb(
    client: Client, shelf: Shelf, route: str, settings: Any
) -> None:
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.ObjectBackend"]
    response = put(client, route.format("django-object", shelf.pk), "reader")
    assert (response.status_code, response.json()) == (403, body("METHOD_FORBIDDEN"))


@every_route
def test_a_success_asks_each_permission_once(
    client: Client, shelf: Shelf, route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def has_permission(self: Any, request: Request, view: Any) -> bool:
        asked.append(request.method)
        return True

    # Counts what the view asks; the permission itself is the test's.
    monkeypatch.setattr(IsReader, "has_permission", has_permission)
    assert put(client, route.format("reader", shelf.pk), "reader").status_code == 200
    assert asked == ["PUT"]


class Parent(generics.CreateAPIView):
    """Makes shelves below a URL with a key that is another resource's."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer
    authentication_classes = []
    permission_classes = []


def test_options_of_a_list_looks_up_nothing(rf: Any) -> None:
    view = Shelves.as_view(
        {"get": "list", "post": "create"}, authentication_classes=[], permission_classes=[]
    )
    response = view(rf.options("/"))
    assert (response.status_code, response["Allow"]) == (200, "GET, POST, HEAD, OPTIONS")


@pytest.mark.parametrize("actions", [None, {"post": "create"}])
def test_options_looks_up_no_object_that_the_verbs_do_not(rf: Any, actions: Any) -> None:
    if actions is None:
        view = Parent.as_view()
    else:
        view = Shelves.as_view(actions, authentication_classes=[], permission_classes=[])
    assert view(rf.options("/"), pk="no shelf").status_code == 200


def test_options_of_a_viewset_without_router_looks_up_the_object(rf: Any) -> None:
    view = Shelves.as_view(
        {"get": "retrieve"}, authentication_classes=[], permission_classes=[], detail=None
    )
    assert view(rf.options("/"), pk="no shelf").data["code"] == "INVALID_ID"


def test_an_object_of_a_view_without_a_model_is_refused_and_no_bug(rf: Any) -> None:
    class NoModel(generics.RetrieveAPIView):
        authentication_classes = ()

        def get_queryset(self) -> Any:
            return []

    # A list has no get(), which DRF answers as an identifier that it cannot look up.
    assert NoModel.as_view()(rf.get("/"), pk="1").status_code in (400, 404)
