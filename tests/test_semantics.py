"""The successes of each method, and the order of the checks."""

from __future__ import annotations

import json
import logging
from typing import Any, NoReturn

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import include, path
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer, TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.test import APIRequestFactory
from rest_framework.throttling import BaseThrottle
from rest_framework.versioning import AcceptHeaderVersioning, URLPathVersioning
from rest_framework.views import APIView

from django_apierrors import generics, viewsets
from django_apierrors.semantics import ALLOWED_STATUSES, StatusAwareMixin
from tests.bodies import assert_body, body, method_body, requested_body, sent_body
from tests.models import Shelf
from tests.support import echo, get_records, make_serializer, make_view, subclass, throw

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


# Django's own responses, and for a DELETE nothing, by mistake.
PLAIN = {
    "GET": lambda: StreamingHttpResponse(iter(["a"])),
    "POST": lambda: HttpResponse(status=204),
    "PUT": lambda: HttpResponse("a body", status=204),
    "DELETE": lambda: None,
}


class OpenView(StatusAwareMixin, APIView):
    authentication_classes = ()


class EchoView(OpenView):
    """Returns the response that the header `Response` describes."""

    http_method_names = ["get", "head", "post", "put", "patch", "delete", "options", "trace"]

    def respond(self, request: Request) -> Response:
        return Response(**json.loads(request.headers["Response"]))

    get = post = put = patch = delete = options = trace = respond


class PlainView(OpenView):
    def respond(self, request: Request) -> HttpResponse | None:
        return PLAIN[request.method]()

    get = post = put = delete = respond


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
    """Denies access to the view or its object, as the header `Deny` names."""

    def has_permission(self, request: Request, view: Any) -> bool:
        is_anonymous = isinstance(request.user, AnonymousUser)
        return not is_anonymous and "view" not in request.headers.get("Deny", "")

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        return "object" not in request.headers.get("Deny", "")


# A throttle that denies a request whose header `Deny` contains `throttle`.
HeaderThrottle = subclass(
    BaseThrottle,
    allow_request=lambda self, request, view: "throttle" not in request.headers.get("Deny", ""),
)
ShelfSerializer = make_serializer(Shelf, "id", "name")


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


PathVersioning = subclass(URLPathVersioning, allowed_versions=("v1",))
AcceptVersioning = subclass(AcceptHeaderVersioning, allowed_versions=("1",))


class EnvelopeRenderer(JSONRenderer):
    """Puts all data into an envelope, `None` too."""

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        content: bytes = super().render({"data": data}, *args, **kwargs)
        return content


ENVELOPED: dict[str, Any] = {
    "queryset": Shelf.objects.all(),
    "serializer_class": ShelfSerializer,
    "renderer_classes": [EnvelopeRenderer, BrowsableAPIRenderer],
    "put_status": 204,
}


class CheckedView(OpenView):
    """Has an unhandled exception in its permissions, for a POST a 404."""

    def check_permissions(self, request: Request) -> None:
        throw(Http404 if request.method == "POST" else RuntimeError)


def return_204(request: Request) -> Response:
    """Return a bare 204."""
    return Response(status=204)


router = DefaultRouter()
router.register("router", ShelfViewSet, basename="shelf")

urlpatterns = [
    path("echo/", EchoView.as_view()),
    path("plain/", PlainView.as_view()),
    path("generic/<pk>/", ShelfDetail.as_view()),
    path("versions/<version>/<pk>/", ShelfDetail.as_view(versioning_class=PathVersioning)),
    path("accept/<pk>/", ShelfDetail.as_view(versioning_class=AcceptVersioning)),
    path("page/<pk>/", ShelfDetail.as_view(renderer_classes=[TemplateHTMLRenderer, JSONRenderer])),
    path("page-only/<pk>/", ShelfDetail.as_view(renderer_classes=[TemplateHTMLRenderer])),
    path("upload/", make_view(echo, OpenView, parser_classes=[MultiPartParser])),
    path("enveloped/<pk>/", generics.RetrieveUpdateDestroyAPIView.as_view(**ENVELOPED)),
    path("empty/", make_view(return_204, OpenView, renderer_classes=[EnvelopeRenderer])),
    path("checked/", make_view(echo, CheckedView)),
    path("", include(router.urls)),
]

DATA = {"a": 1}
LOCATION = {"Location": "http://testserver/a/"}
POLLABLE = {"Location": "/a/", "Content-Location": "/a/", "Retry-After": "1"}

# For each success a response with all parts that any method requires.
COMPLETE: dict[int, dict[str, Any]] = {
    **{status: {"data": DATA} for status in (200, 203, 206, 207)},
    **{201: {"data": DATA, "headers": LOCATION}, 202: {"data": DATA, "headers": POLLABLE}},
    **{204: {}, 205: {}},
}


@pytest.fixture
def strict(settings: Any) -> None:
    """Turn violations into errors."""
    settings.API_ERRORS = {"STRICT": True}


@pytest.fixture
def client(quiet_client: Client) -> Client:
    return quiet_client


@pytest.fixture
def shelf() -> Shelf:
    return Shelf.objects.create(name="low")


def get_echo(client: Client, method: str, **response: Any) -> Any:
    """Have `EchoView` return `response`."""
    return client.generic(method, "/echo/", headers={"Response": json.dumps(response)})


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("method", ALLOWED_STATUSES)
def test_a_method_succeeds_only_with_its_own_statuses(
    client: Client, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    for status, response in COMPLETE.items():
        caplog.clear()
        expected = status if status in ALLOWED_STATUSES[method] else 500
        assert get_echo(client, method, status=status, **response).status_code == expected
        message = f"tests.test_semantics.EchoView returned {status} for {method}. "
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
        ("DELETE", 202, {"data": None}, ["status of the operation"]),
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
    assert_body(get_echo(client, method, **response), None)
    message = f"SemanticsError: tests.test_semantics.EchoView returned {status} for {method}, but"
    assert message in caplog.text
    assert all(part in caplog.text for part in missing)


@pytest.mark.usefixtures("strict")
def test_a_response_without_a_rule_is_sent(client: Client) -> None:
    def get_status(method: str, **response: Any) -> int:
        return get_echo(client, method, **response).status_code

    # A list of resources, a method without a row, a redirect, and an error.
    assert get_status("POST", status=201, data=[DATA]) == 201
    assert get_status("TRACE", status=203) == 203
    assert (get_status("GET", status=302), get_status("GET", status=409)) == (302, 409)


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
    response = get_echo(client, "GET", status=201, data=DATA)
    assert (response.status_code, response.json()) == (201, DATA)
    [record] = caplog.records
    assert (record.name, record.levelno) == ("django_apierrors", logging.ERROR)
    assert "tests.test_semantics.EchoView returned 201 for GET." in record.message


def test_strict_is_the_value_of_debug_unless_it_is_set(client: Client, settings: Any) -> None:
    for debug, strict, status in ((True, None, 500), (False, None, 201), (True, False, 201)):
        settings.DEBUG = debug
        settings.API_ERRORS = {"STRICT": strict}
        assert get_echo(client, "GET", status=201, data=DATA).status_code == status


@pytest.mark.usefixtures("strict")
def test_the_handler_responds_to_a_violation_without_the_middleware(
    client: Client, settings: Any
) -> None:
    settings.MIDDLEWARE = settings.MIDDLEWARE[1:]
    assert_body(get_echo(client, "GET", status=201, data=DATA), None)


@pytest.mark.parametrize(
    ("method", "url"),
    [("PUT", "/enveloped/{}/"), ("DELETE", "/enveloped/{}/"), ("POST", "/empty/")],
)
def test_a_204_has_no_bytes_with_any_renderer(
    client: Client, shelf: Shelf, method: str, url: str
) -> None:
    url = url.format(shelf.pk)
    response = client.generic(method, url, b'{"name":"high"}', "application/json")
    assert (response.status_code, response.content) == (204, b"")
    assert not response.has_header("Content-Type")


def test_a_204_has_a_page_in_the_browsable_api(client: Client, shelf: Shelf) -> None:
    response = client.delete(f"/enveloped/{shelf.pk}/", headers={"Accept": "text/html"})
    assert (response.status_code, response["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_a_method_without_opt_in_is_405(client: Client) -> None:
    allowed = {
        "PATCH /generic/1/": "GET, PUT, DELETE, HEAD, OPTIONS",
        "BREW /router/1/": "GET, PUT, DELETE, HEAD, OPTIONS",
        # An attribute of every view, as the methods of a view are.
        "__CLASS__ /router/1/dust/": "PUT, OPTIONS",
    }
    for request, allow in allowed.items():
        response = client.generic(*request.split())
        assert_body(response, method_body(request.split()[0], allow))
        assert response["Allow"] == allow


# The faults of a request, and the body of each.
FAULTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "method": (
        {"method": "PATCH"},
        method_body("PATCH", "GET, PUT, DELETE, HEAD, OPTIONS"),
    ),
    "credentials": ({"Authorization": "bad"}, body("UNAUTHENTICATED")),
    "no credentials": ({"Authorization": ""}, body("UNAUTHENTICATED")),
    "view": ({"Deny": "view"}, body("ACCESS_FORBIDDEN")),
    "throttle": ({"Deny": "throttle"}, body("THROTTLED")),
    "content type": ({"content_type": "application/xml"}, sent_body("application/xml")),
    "accept": ({"Accept": "application/xml"}, requested_body("application/xml")),
    "malformed accept": (
        {"Accept": "text/html; a*=bogus''x"},
        requested_body("text/html; a*=bogus''x"),
    ),
    "format": ({"query": "?format=xml"}, requested_body("xml")),
    "unknown key": ({"key": 2**40}, body("MISSING_RESOURCE")),
    "malformed key": ({"key": "low"}, body("INVALID_ID")),
    "object": ({"Deny": "object"}, body("ACCESS_FORBIDDEN")),
    "content": ({"data": "{}"}, body("INVALID_CONTENT")),
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
    ("url", "others"),
    [
        ("/generic/{}/", "GET, PUT, DELETE, HEAD, "),
        ("/router/{}/", "GET, PUT, DELETE, HEAD, "),
        ("/router/{}/dust/", "PUT, "),
    ],
)
def test_a_request_without_a_fault_succeeds(
    client: Client, shelf: Shelf, url: str, others: str
) -> None:
    response = put(client, url, shelf.pk)
    assert (response.status_code, response.json()) == (200, {"id": shelf.pk, "name": "low"})
    response = put(client, url, shelf.pk, method="OPTIONS", data="")
    assert (response.status_code, response["Allow"]) == (200, f"{others}OPTIONS")


@pytest.mark.parametrize("faults", PAIRS, ids=" before ".join)
def test_the_earlier_of_two_faults_is_reported(
    client: Client, shelf: Shelf, faults: tuple[str, str]
) -> None:
    assert_body(put(client, "/router/{}/", shelf.pk, *faults), FAULTS[faults[0]][1])


def test_options_is_checked_as_every_other_method(client: Client, shelf: Shelf) -> None:
    names = ("credentials", "view", "throttle", "accept", "unknown key", "malformed key", "object")
    for fault in names:
        response = put(client, "/router/{}/", shelf.pk, fault, method="OPTIONS", data="")
        assert_body(response, FAULTS[fault][1])


def test_an_exception_of_the_checks_comes_before_the_415(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.post("/checked/", headers={"Accept": "text/html"})
    assert_body(response, body("MISSING_RESOURCE"))
    assert get_records(caplog, logging.ERROR) == []
    assert_body(client.get("/checked/", headers={"Accept": "text/html"}), None)
    assert len(get_records(caplog, logging.ERROR)) == 1


def test_head_is_get_without_the_body(client: Client, shelf: Shelf) -> None:
    url, headers = f"/router/{shelf.pk}/", {"Authorization": "good"}
    get, head = client.get(url, headers=headers), client.head(url, headers=headers)
    assert (head.status_code, head.content, head.headers) == (200, b"", get.headers)


def test_a_version_is_checked_after_the_permissions(client: Client, shelf: Shelf) -> None:
    def put_to(url: str, accept: str, fault: str) -> Any:
        return put(client, url, shelf.pk, fault, Accept=accept)

    unknown, media_type = "/versions/v2/{}/", "application/json; version="
    no_version = body("MISSING_RESOURCE", "Invalid version in URL path.")
    assert_body(put_to(unknown, "*/*", "content type"), sent_body("application/xml"))
    assert_body(put_to(unknown, "*/*", "content"), no_version)
    assert_body(put_to("/accept/{}/", f"{media_type}2", "view"), body("ACCESS_FORBIDDEN"))
    assert_body(put_to("/accept/{}/", f"{media_type}1", "unknown key"), body("MISSING_RESOURCE"))


def test_a_405_for_a_browser_is_a_page(client: Client, settings: Any) -> None:
    loader = ("django.template.loaders.locmem.Loader", {"405.html": "{{ status_code }}!"})
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "APP_DIRS": False}]
    settings.TEMPLATES[0]["OPTIONS"] = {"loaders": [loader]}
    response = client.patch("/page/1/", headers={"Accept": "text/html"})
    assert (response.status_code, response["Content-Type"]) == (405, "text/html; charset=utf-8")


def test_an_accept_that_a_page_cannot_serve_is_an_error_in_json(
    client: Client, shelf: Shelf
) -> None:
    assert_body(
        put(client, "/page-only/{}/", shelf.pk), requested_body("application/json", "text/html")
    )


def test_the_content_type_of_an_empty_body_is_ignored(client: Client) -> None:
    for length in ("", "0"):
        response = client.generic("POST", "/upload/", "", "text/xml", CONTENT_LENGTH=length)
        assert (response.status_code, response.json()) == (200, {})


def read_form(get_response: Any) -> Any:
    """Read the form before the view, as CSRF protection does."""
    return lambda request: request.POST and get_response(request)


def test_a_middleware_may_read_the_body_first(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.read_form"]
    response = client.post("/upload/", {"a": "b"})
    assert (response.status_code, response.json()) == (200, {"a": "b"})


class ReadOnly(StatusAwareMixin, APIView):
    def get(self, request: Request) -> Response:
        return Response()


@pytest.mark.parametrize(
    "cls", [ReadOnly, viewsets.ModelViewSet, viewsets.GenericViewSet, generics.CreateAPIView]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_unit_test_may_call_initial_with_a_request_alone(cls: Any, method: str) -> None:
    view = cls()
    # Without the parsers that dispatch() gives to a request.
    request = Request(getattr(APIRequestFactory(), method)("/", {"name": "Lantern"}))
    view.initial(request)

    assert (view.format_kwarg, request.version) == (None, None)


def test_outside_of_a_request_exceptions_are_not_deferred() -> None:
    view = ShelfDetail(versioning_class=PathVersioning)
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
    get = APIView.options

    def permission_denied(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise exceptions.PermissionDenied("Ask Ada.")

    def http_method_not_allowed(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        raise exceptions.MethodNotAllowed(str(request.method), "Not here.")


class AwareProjectView(StatusAwareMixin, ProjectView):
    pass


def test_the_methods_of_a_project_s_base_class_are_called() -> None:
    view, requests = AwareProjectView.as_view(), APIRequestFactory()
    assert view(requests.get("/")).data == body("ACCESS_FORBIDDEN", "Ask Ada.")
    assert view(requests.put("/")).data == body("METHOD_NOT_ALLOWED", "Not here.")
