"""The successes of each method, and the order of the checks."""

from __future__ import annotations

import json
import logging
from typing import Any, NoReturn

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import include, path
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.renderers import JSONRenderer, TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.serializers import ModelSerializer
from rest_framework.test import APIRequestFactory
from rest_framework.throttling import BaseThrottle
from rest_framework.versioning import AcceptHeaderVersioning, URLPathVersioning
from rest_framework.views import APIView

from django_apierrors import generics, viewsets
from django_apierrors.semantics import ALLOWED_STATUSES, StatusAwareMixin
from tests.bodies import body
from tests.models import Shelf

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


class EchoView(StatusAwareMixin, APIView):
    """Returns the response that the header `Response` describes."""

    http_method_names = ["get", "head", "post", "put", "patch", "delete", "options", "trace"]
    authentication_classes = ()

    def echo(self, request: Request) -> Response:
        return Response(**json.loads(request.headers["Response"]))

    get = post = put = patch = delete = trace = echo
    options = echo  # type: ignore[assignment]


class PlainView(StatusAwareMixin, APIView):
    """Returns Django's own responses."""

    authentication_classes = ()

    def get(self, request: Request) -> StreamingHttpResponse:
        return StreamingHttpResponse(iter(["a"]))

    def post(self, request: Request) -> HttpResponse:
        return HttpResponse(status=204)

    def put(self, request: Request) -> HttpResponse:
        return HttpResponse("a body", status=204)

    def delete(self, request: Request) -> None:
        """Return nothing, by mistake."""


class HeaderAuthentication(BaseAuthentication):
    """Rejects the credential `bad` and accepts all others."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        credential = request.headers.get("Authorization")
        if credential == "bad":
            raise exceptions.AuthenticationFailed
        return (User(username=credential), None) if credential else None

    def authenticate_header(self, request: Request) -> str:
        return "Token"


class HeaderPermission(BasePermission):
    """Denies what the header `Deny` names: the view or its object."""

    def has_permission(self, request: Request, view: Any) -> bool:
        is_anonymous = isinstance(request.user, AnonymousUser)
        return not is_anonymous and "view" not in request.headers.get("Deny", "")

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        return "object" not in request.headers.get("Deny", "")


class HeaderThrottle(BaseThrottle):
    """Denies a request whose header `Deny` contains `throttle`."""

    def allow_request(self, request: Request, view: Any) -> bool:
        return "throttle" not in request.headers.get("Deny", "")


class ShelfSerializer(ModelSerializer):
    class Meta:
        model = Shelf
        fields = ["id", "name"]


class Guarded:
    """Attributes of a view with every check."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer
    authentication_classes = [HeaderAuthentication]
    permission_classes = [HeaderPermission]
    throttle_classes = [HeaderThrottle]


class ShelfDetail(Guarded, generics.RetrieveUpdateDestroyAPIView):
    pass


class ShelfViewSet(Guarded, viewsets.ModelViewSet):
    @action(detail=True, methods=["put"])
    def dust(self, request: Request, pk: str) -> Response:
        serializer = self.get_serializer(self.get_object(), data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(serializer.data)


class PathVersioning(URLPathVersioning):
    allowed_versions = ("v1",)


class AcceptVersioning(AcceptHeaderVersioning):
    allowed_versions = ("1",)


class VersionedDetail(ShelfDetail):
    versioning_class = PathVersioning


class UploadView(StatusAwareMixin, APIView):
    authentication_classes = ()
    parser_classes = [MultiPartParser]

    def post(self, request: Request) -> Response:
        return Response(dict(request.data.items()))


router = DefaultRouter()
router.register("router", ShelfViewSet, basename="shelf")

urlpatterns = [
    path("echo/", EchoView.as_view()),
    path("plain/", PlainView.as_view()),
    path("generic/<pk>/", ShelfDetail.as_view()),
    path("versions/<version>/<pk>/", VersionedDetail.as_view()),
    path("accept/<pk>/", ShelfDetail.as_view(versioning_class=AcceptVersioning)),
    path("page/<pk>/", ShelfDetail.as_view(renderer_classes=[TemplateHTMLRenderer, JSONRenderer])),
    path("page-only/<pk>/", ShelfDetail.as_view(renderer_classes=[TemplateHTMLRenderer])),
    path("upload/", UploadView.as_view()),
    path("", include(router.urls)),
]

DATA = {"a": 1}
LOCATION = {"Location": "http://testserver/a/"}
POLLABLE = {"Location": "/a/", "Content-Location": "/a/", "Retry-After": "1"}

# For each success a response with all that any method requires of it.
COMPLETE: dict[int, dict[str, Any]] = {
    200: {"data": DATA},
    201: {"data": DATA, "headers": LOCATION},
    202: {"data": DATA, "headers": POLLABLE},
    203: {"data": DATA},
    204: {},
    205: {},
    206: {"data": DATA},
    207: {"data": DATA},
}


@pytest.fixture
def strict(settings: Any) -> None:
    """Turn violations into errors."""
    settings.API_ERRORS = {"STRICT": True}


@pytest.fixture
def client() -> Client:
    """Return a client that returns the response to an unhandled exception, as a server does."""
    return Client(raise_request_exception=False)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf.objects.create(name="low")


def echo(client: Client, method: str, **response: Any) -> Any:
    """Have `EchoView` return `response`."""
    return client.generic(method, "/echo/", headers={"Response": json.dumps(response)})


def is_internal_error(response: Any) -> bool:
    """Whether `response` is the body of an unhandled exception, whose message has a reference."""
    content, expected = response.json(), body("INTERNAL_ERROR")
    [message], [start] = content.pop("errors"), expected.pop("errors")
    return content == expected and message.startswith(start)


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("method", ALLOWED_STATUSES)
def test_a_method_succeeds_only_with_its_own_statuses(
    client: Client, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    for status, response in COMPLETE.items():
        caplog.clear()
        expected = status if status in ALLOWED_STATUSES[method] else 500
        assert echo(client, method, status=status, **response).status_code == expected
        message = f"tests.test_semantics.EchoView answered {method} with {status}."
        assert (message in caplog.text) is (expected == 500)


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize(
    ("method", "status", "changes", "missing"),
    [
        ("POST", 201, {"headers": {}}, ["Location"]),
        ("POST", 201, {"headers": {"Location": "/a/"}}, ["Location"]),
        ("POST", 201, {"data": None, "headers": {}}, ["Location", "resource in its body"]),
        *(
            ("PUT", 202, {"headers": {**POLLABLE, name: None}}, [f"a {name} header"])
            for name in POLLABLE
        ),
        ("DELETE", 202, {"data": None}, ["state of the operation"]),
        ("PATCH", 204, {"data": []}, ["no body"]),
    ],
)
def test_a_success_without_a_required_part_is_an_error(
    client: Client,
    caplog: pytest.LogCaptureFixture,
    method: str,
    status: int,
    changes: dict[str, Any],
    missing: list[str],
) -> None:
    response = {"status": status, **COMPLETE[status], **changes}
    if "headers" in response:
        headers = response["headers"].items()
        response["headers"] = {name: value for name, value in headers if value}
    assert is_internal_error(echo(client, method, **response))
    assert f"SemanticsError: tests.test_semantics.EchoView answered {method}" in caplog.text
    assert all(part in caplog.text for part in missing)


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize(
    ("method", "response"),
    [
        pytest.param("POST", {"status": 201, "data": [DATA]}, id="a list of resources"),
        pytest.param("TRACE", {"status": 203}, id="a method without a row"),
        pytest.param("GET", {"status": 302}, id="a redirect"),
        pytest.param("GET", {"status": 409}, id="an error"),
    ],
)
def test_a_response_without_a_rule_is_sent(
    client: Client, method: str, response: dict[str, Any]
) -> None:
    assert echo(client, method, **response).status_code == response["status"]


@pytest.mark.usefixtures("strict")
def test_djangos_own_responses_are_checked_too(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    methods = ("GET", "POST", "PUT", "DELETE")
    statuses = [client.generic(method, "/plain/").status_code for method in methods]
    assert statuses == [200, 204, 500, 500]
    # The view returned None, for which DRF has an assertion.
    assert "received a `<class 'NoneType'>`" in caplog.text


def test_a_violation_is_logged_if_strict_is_off(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    response = echo(client, "GET", status=201, data=DATA)
    assert (response.status_code, response.json()) == (201, DATA)
    [record] = caplog.records
    assert (record.name, record.levelno) == ("django_apierrors", logging.ERROR)
    assert "tests.test_semantics.EchoView answered GET with 201" in record.message


@pytest.mark.parametrize(
    ("debug", "strict", "status"), [(True, None, 500), (False, None, 201), (True, False, 201)]
)
def test_strict_is_the_value_of_debug_unless_it_is_set(
    client: Client, settings: Any, debug: bool, strict: bool | None, status: int
) -> None:
    settings.DEBUG = debug
    settings.API_ERRORS = {"STRICT": strict}
    assert echo(client, "GET", status=201, data=DATA).status_code == status


@pytest.mark.usefixtures("strict")
def test_the_handler_responds_to_a_violation_without_the_middleware(
    client: Client, settings: Any
) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "apierrors" not in name]
    assert is_internal_error(echo(client, "GET", status=201, data=DATA))


@pytest.mark.parametrize(
    ("method", "url", "allowed"),
    [
        ("PATCH", "/generic/1/", "GET, PUT, DELETE, HEAD, OPTIONS"),
        ("BREW", "/router/1/", "GET, PUT, DELETE, HEAD, OPTIONS"),
        # An attribute of every view, as the methods of a view are.
        ("__CLASS__", "/router/1/dust/", "PUT, OPTIONS"),
    ],
)
def test_a_method_without_opt_in_is_405(
    client: Client, method: str, url: str, allowed: str
) -> None:
    response = client.generic(method, url)
    assert (response.status_code, response.json()) == (405, body("METHOD_NOT_ALLOWED"))
    assert response["Allow"] == allowed


# The faults of a request, and the code of each.
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "method": ({"method": "PATCH"}, "METHOD_NOT_ALLOWED"),
    "credentials": ({"Authorization": "bad"}, "UNAUTHENTICATED"),
    "no credentials": ({"Authorization": ""}, "UNAUTHENTICATED"),
    "view": ({"Deny": "view"}, "ACCESS_FORBIDDEN"),
    "throttle": ({"Deny": "throttle"}, "THROTTLED"),
    "content type": ({"content_type": "application/xml"}, "UNSUPPORTED_MEDIA_TYPE"),
    "accept": ({"Accept": "application/xml"}, "UNSUPPORTED_MEDIA_TYPE"),
    "malformed accept": ({"Accept": "text/html; a*=bogus''x"}, "UNSUPPORTED_MEDIA_TYPE"),
    "format": ({"query": "?format=xml"}, "UNSUPPORTED_MEDIA_TYPE"),
    "unknown key": ({"key": 2**40}, "MISSING_RESOURCE"),
    "malformed key": ({"key": "low"}, "INVALID_ID"),
    "object": ({"Deny": "object"}, "ACCESS_FORBIDDEN"),
    "content": ({"data": "{}"}, "INVALID_CONTENT"),
}

# Neighbours in the order of the checks. The order is transitive, so other pairs add nothing.
PAIRS = [
    ("method", "credentials"),
    ("credentials", "view"),
    ("no credentials", "view"),
    ("view", "throttle"),
    ("throttle", "content type"),
    ("throttle", "accept"),
    ("content type", "malformed accept"),
    ("content type", "format"),
    ("accept", "unknown key"),
    ("malformed accept", "malformed key"),
    ("format", "object"),
    ("unknown key", "object"),
    ("malformed key", "object"),
    ("object", "content"),
]


def put(client: Client, url: str, shelf_key: int, *faults: str, **parts: Any) -> Any:
    """Send a PUT that is valid except for `faults` and `parts`."""
    for fault in faults:
        for name, value in FAULTS[fault][0].items():
            parts[name] = f"{parts.get(name, '')} {value}" if name == "Deny" else value
    headers = {
        "Authorization": parts.get("Authorization", "good"),
        "Deny": parts.get("Deny", ""),
        "Accept": parts.get("Accept", "application/json"),
    }
    return client.generic(
        parts.get("method", "PUT"),
        url.format(parts.get("key", shelf_key)) + parts.get("query", ""),
        parts.get("data", '{"name": "low"}'),
        parts.get("content_type", "application/json"),
        headers={name: value for name, value in headers.items() if value},
    )


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("/generic/{}/", "GET, PUT, DELETE, HEAD, OPTIONS"),
        ("/router/{}/", "GET, PUT, DELETE, HEAD, OPTIONS"),
        ("/router/{}/dust/", "PUT, OPTIONS"),
    ],
)
def test_a_request_without_a_fault_succeeds(
    client: Client, shelf: Shelf, url: str, allowed: str
) -> None:
    response = put(client, url, shelf.pk)
    assert (response.status_code, response.json()) == (200, {"id": shelf.pk, "name": "low"})
    response = put(client, url, shelf.pk, method="OPTIONS", data="")
    assert (response.status_code, response["Allow"]) == (200, allowed)


@pytest.mark.parametrize("faults", PAIRS, ids=" before ".join)
def test_of_two_faults_the_earlier_one_is_reported(
    client: Client, shelf: Shelf, faults: tuple[str, str]
) -> None:
    response = put(client, "/router/{}/", shelf.pk, *faults)
    assert response.json() == body(FAULTS[faults[0]][1])


@pytest.mark.parametrize(
    "fault", ["credentials", "view", "throttle", "accept", "unknown key", "malformed key", "object"]
)
def test_options_is_checked_as_every_other_method(client: Client, shelf: Shelf, fault: str) -> None:
    response = put(client, "/router/{}/", shelf.pk, fault, method="OPTIONS", data="")
    assert response.json() == body(FAULTS[fault][1])


def test_head_is_get_without_the_body(client: Client, shelf: Shelf) -> None:
    url, headers = f"/router/{shelf.pk}/", {"Authorization": "good"}
    get, head = client.get(url, headers=headers), client.head(url, headers=headers)
    assert (head.status_code, head.content, head.headers) == (200, b"", get.headers)


@pytest.mark.parametrize(
    ("url", "accept", "fault", "expected"),
    [
        ("/versions/v2/{}/", "*/*", "content type", body("UNSUPPORTED_MEDIA_TYPE")),
        (
            "/versions/v2/{}/",
            "*/*",
            "content",
            body("MISSING_RESOURCE", "Invalid version in URL path."),
        ),
        ("/accept/{}/", "application/json; version=2", "view", body("ACCESS_FORBIDDEN")),
        ("/accept/{}/", "application/json; version=1", "unknown key", body("MISSING_RESOURCE")),
    ],
)
def test_a_version_is_checked_after_the_permissions(
    client: Client, shelf: Shelf, url: str, accept: str, fault: str, expected: dict[str, Any]
) -> None:
    assert put(client, url, shelf.pk, fault, Accept=accept).json() == expected


def test_a_405_for_a_browser_is_a_page(client: Client, settings: Any) -> None:
    loader = ("django.template.loaders.locmem.Loader", {"405.html": "{{ status_code }}!"})
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "APP_DIRS": False}]
    settings.TEMPLATES[0]["OPTIONS"] = {"loaders": [loader]}
    response = client.patch("/page/1/", headers={"Accept": "text/html"})
    assert (response.status_code, response["Content-Type"]) == (405, "text/html; charset=utf-8")


def test_an_accept_that_a_page_cannot_serve_is_an_error_in_json(
    client: Client, shelf: Shelf
) -> None:
    response = put(client, "/page-only/{}/", shelf.pk)
    assert (response.status_code, response.json()) == (415, body("UNSUPPORTED_MEDIA_TYPE"))


@pytest.mark.parametrize("length", ["", "0"])
def test_the_content_type_of_an_empty_body_is_ignored(client: Client, length: str) -> None:
    response = client.generic("POST", "/upload/", "", "text/xml", CONTENT_LENGTH=length)
    assert (response.status_code, response.json()) == (200, {})


class ReadBody:
    """A middleware that reads the form, as CSRF protection does."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        assert request.POST
        return self.get_response(request)


def test_a_middleware_may_read_the_body_first(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [*django_settings.MIDDLEWARE, f"{__name__}.ReadBody"]
    response = client.post("/upload/", {"a": "b"})
    assert (response.status_code, response.json()) == (200, {"a": "b"})


class ReadOnly(StatusAwareMixin, APIView):
    def get(self, request: Request) -> Response:
        return Response()


def test_a_unit_test_may_call_initial_with_a_request_alone() -> None:
    view = ReadOnly()
    request = Request(APIRequestFactory().get("/"))
    view.initial(request)

    assert (view.format_kwarg, request.version) == (None, None)
    with pytest.raises(exceptions.MethodNotAllowed):
        view.initial(Request(APIRequestFactory().post("/")))


def test_outside_of_a_request_exceptions_are_not_deferred() -> None:
    view = VersionedDetail()
    view.headers, view.args, view.kwargs, view.format_kwarg = {}, (), {}, None
    request = view.initialize_request(APIRequestFactory().get("/", HTTP_ACCEPT="text/xml"))
    with pytest.raises(exceptions.NotFound):
        view.determine_version(request, version="v2")
    with pytest.raises(exceptions.APIException):
        view.perform_content_negotiation(request)


class ProjectView(APIView):
    """A project's base class, which raises exceptions with its own messages."""

    authentication_classes = ()
    permission_classes = (IsAuthenticated,)

    def permission_denied(
        self, request: Request, message: Any = None, code: str | None = None
    ) -> NoReturn:
        raise exceptions.PermissionDenied("Ask Ada.")

    def http_method_not_allowed(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        raise exceptions.MethodNotAllowed(str(request.method), "Not here.")

    def get(self, request: Request) -> Response:
        return Response({})


class AwareProjectView(StatusAwareMixin, ProjectView):
    pass


def test_the_methods_of_a_project_s_base_class_are_called() -> None:
    view, requests = AwareProjectView.as_view(), APIRequestFactory()
    assert view(requests.get("/")).data == body("ACCESS_FORBIDDEN", "Ask Ada.")
    assert view(requests.put("/")).data == body("METHOD_NOT_ALLOWED", "Not here.")
