"""The verb table, and the order of refusal."""

from __future__ import annotations

import json
import logging
from itertools import combinations
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
from django_apierrors.semantics import ALLOWED_STATUSES, StatusAwareMixin, find_violation
from tests.bodies import body
from tests.models import Shelf

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


class AnyAnswer(StatusAwareMixin, APIView):
    """Answers every verb with what the header `Answer` says."""

    http_method_names = [*(verb.lower() for verb in VERBS), "head"]
    authentication_classes = ()

    def answer(self, request: Request) -> Response:
        """Return the response that was asked for."""
        return Response(**json.loads(request.headers["Answer"]))

    get = post = put = patch = delete = trace = answer
    options = answer  # type: ignore[assignment]


class Plain(StatusAwareMixin, APIView):
    """Answers with responses of Django's own."""

    authentication_classes = ()

    def get(self, request: Request) -> StreamingHttpResponse:
        """Stream."""
        return StreamingHttpResponse(iter(["a"]))

    def post(self, request: Request) -> HttpResponse:
        """Say no more than the status."""
        return HttpResponse(status=204)

    def put(self, request: Request) -> HttpResponse:
        """Say more than the status allows."""
        return HttpResponse("text", status=204)

    def delete(self, request: Request) -> None:
        """Forget to answer."""


class HeaderAuthentication(BaseAuthentication):
    """Refuses the credential `bad`, and knows no other but `good`."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Return the user."""
        credential = request.headers.get("Authorization")
        if credential == "bad":
            raise exceptions.AuthenticationFailed
        return (User(username=credential), None) if credential else None

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge."""
        return "Token"


class HeaderPermission(BasePermission):
    """Refuses what the header `Refuse` names: the view or its object."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether the view may be used."""
        anonymous = isinstance(request.user, AnonymousUser)
        return not anonymous and "view" not in request.headers.get("Refuse", "")

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        """Tell whether the object may be used."""
        return "object" not in request.headers.get("Refuse", "")


class HeaderThrottle(BaseThrottle):
    """Refuses where the header `Refuse` says so."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Tell whether one more request may come."""
        return "throttle" not in request.headers.get("Refuse", "")

    def wait(self) -> float:
        """Return the seconds to wait."""
        return 7


class ShelfSerializer(ModelSerializer):
    """A shelf."""

    class Meta:
        model = Shelf
        fields = ["id", "name"]


class Guarded:
    """Every refusal there is."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer
    authentication_classes = [HeaderAuthentication]
    permission_classes = [HeaderPermission]
    throttle_classes = [HeaderThrottle]


class ShelfDetail(Guarded, generics.RetrieveUpdateDestroyAPIView):
    """A guarded shelf, by a generic view."""


class ShelfViewSet(Guarded, viewsets.ModelViewSet):
    """A guarded shelf, by a viewset, with an extra action."""

    @action(detail=True, methods=["put"])
    def dust(self, request: Request, pk: str) -> Response:
        """Dust the shelf."""
        serializer = self.get_serializer(self.get_object(), data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(serializer.data)


class Versioned(ShelfDetail):
    """A guarded shelf whose version is in the path."""

    class Versions(URLPathVersioning):
        allowed_versions = ("v1",)

    versioning_class = Versions


class AcceptVersioned(ShelfDetail):
    """A guarded shelf whose version is in `Accept`."""

    class Versions(AcceptHeaderVersioning):
        allowed_versions = ("1",)

    versioning_class = Versions


class Page(ShelfDetail):
    """A guarded shelf as a page, or as JSON."""

    renderer_classes = [TemplateHTMLRenderer, JSONRenderer]


class PageAlone(ShelfDetail):
    """A guarded shelf as a page alone."""

    renderer_classes = [TemplateHTMLRenderer]


class Upload(StatusAwareMixin, APIView):
    """Takes forms alone."""

    authentication_classes = ()
    parser_classes = [MultiPartParser]

    def post(self, request: Request) -> Response:
        """Answer with what was sent."""
        return Response(dict(request.data.items()))


router = DefaultRouter()
router.register("router", ShelfViewSet, basename="shelf")

urlpatterns = [
    path("any/", AnyAnswer.as_view()),
    path("plain/", Plain.as_view()),
    path("generic/<pk>/", ShelfDetail.as_view()),
    path("versions/<version>/<pk>/", Versioned.as_view()),
    path("accept/<pk>/", AcceptVersioned.as_view()),
    path("page/<pk>/", Page.as_view()),
    path("page-alone/<pk>/", PageAlone.as_view()),
    path("upload/", Upload.as_view()),
    path("", include(router.urls)),
]

# What a success of each status must have, complete.
COMPLETE: dict[int, dict[str, Any]] = {
    200: {"data": {"a": 1}},
    201: {"data": {"a": 1}, "headers": {"Location": "http://testserver/a/"}},
    202: {
        "data": {"a": 1},
        "headers": {"Location": "/a/", "Content-Location": "/a/", "Retry-After": "1"},
    },
    203: {"data": {"a": 1}},
    204: {},
    205: {},
    206: {"data": {"a": 1}},
    207: {"data": {"a": 1}},
}

# The table of the design, written down a second time.
ALLOWED: dict[str, set[int]] = {
    "GET": {200, 206},
    "HEAD": {200, 206},
    "POST": {200, 201, 202, 204},
    "PUT": {200, 202, 204},
    "PATCH": {200, 204},
    "DELETE": {200, 202, 204},
    "OPTIONS": {200, 204},
}

INCOMPLETE: list[tuple[int, dict[str, Any], str]] = [
    (201, {"headers": {}}, "a Location header with the absolute URL of the new resource. Give"),
    (201, {"headers": {"Location": "/a/"}}, "a Location header with the absolute URL"),
    (201, {"data": None}, "the new resource in its body. Return Response(serializer.data"),
    (201, {"data": None, "headers": {}}, "of the new resource and the new resource in its body."),
    (202, {"headers": {"Content-Location": "/a/", "Retry-After": "1"}}, "a Location header."),
    (202, {"headers": {"Location": "/a/", "Retry-After": "1"}}, "a Content-Location header."),
    (202, {"headers": {"Location": "/a/", "Content-Location": "/a/"}}, "a Retry-After header."),
    (202, {"data": None}, "the state of the operation in its body. Accept the work through"),
    (204, {"data": []}, "no body. Leave the data out, or answer with 200."),
]


@pytest.fixture
def strict(settings: Any) -> None:
    """Make a violation an error."""
    settings.API_ERRORS = {"STRICT": True}


@pytest.fixture
def quiet_client() -> Client:
    """Return a client that answers a bug, as a server does, instead of raising it."""
    return Client(raise_request_exception=False)


@pytest.fixture
def shelf() -> Shelf:
    """Return a shelf."""
    return Shelf.objects.create(name="low")


def send(client: Client, verb: str, **answer: Any) -> Any:
    """Send a request for an answer."""
    return client.generic(verb, "/any/", headers={"Answer": json.dumps(answer)})


def is_internal_error(response: Any) -> bool:
    """Tell whether a response is the body of a bug, but for its reference."""
    message = body("INTERNAL_ERROR")["errors"][0]
    content = response.json()
    errors = content.pop("errors")
    expected = body("INTERNAL_ERROR")
    del expected["errors"]
    return content == expected and [error.startswith(message) for error in errors] == [True]


def test_the_table_has_the_verbs_and_statuses_of_the_design() -> None:
    assert {verb: set(successes) for verb, successes in ALLOWED_STATUSES.items()} == ALLOWED


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("verb", ALLOWED)
@pytest.mark.parametrize("status", COMPLETE)
def test_a_verb_succeeds_with_its_own_statuses_alone(
    quiet_client: Client, caplog: pytest.LogCaptureFixture, verb: str, status: int
) -> None:
    response = send(quiet_client, verb, status=status, **COMPLETE[status])
    if status in ALLOWED[verb]:
        assert response.status_code == status
        assert not caplog.records
    else:
        assert response.status_code == 500
        allowed = ", ".join(map(str, sorted(ALLOWED[verb])))
        assert (
            f"tests.test_semantics.AnyAnswer answered {verb} with {status}. "
            f"Answer with one of {allowed}." in caplog.text
        )


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize(
    ("verb", "status", "changes", "words"),
    [(verb, *row) for verb in ALLOWED for row in INCOMPLETE if row[0] in ALLOWED[verb]],
)
def test_a_success_without_what_it_must_carry_is_a_bug(
    quiet_client: Client,
    caplog: pytest.LogCaptureFixture,
    verb: str,
    status: int,
    changes: dict[str, Any],
    words: str,
) -> None:
    response = send(quiet_client, verb, **{"status": status, **COMPLETE[status], **changes})
    assert is_internal_error(response)
    assert (
        f"SemanticsError: tests.test_semantics.AnyAnswer answered {verb} with {status}, "
        "which must have " in caplog.text
    )
    assert words in caplog.text


@pytest.mark.usefixtures("strict")
def test_a_list_of_new_resources_needs_no_location(quiet_client: Client) -> None:
    response = send(quiet_client, "POST", status=201, data=[{"a": 1}])
    assert (response.status_code, response.json()) == (201, [{"a": 1}])


@pytest.mark.usefixtures("strict")
def test_a_verb_that_was_opted_in_and_has_no_row_is_free(quiet_client: Client) -> None:
    assert send(quiet_client, "TRACE", status=203).status_code == 203


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("status", [302, 400, 409])
def test_only_a_success_is_held_against_the_table(quiet_client: Client, status: int) -> None:
    assert send(quiet_client, "POST", status=status).status_code == status


@pytest.mark.usefixtures("strict")
def test_responses_of_djangos_own_are_held_against_the_table(quiet_client: Client) -> None:
    answers = [quiet_client.generic(verb, "/plain/").status_code for verb in ("GET", "POST", "PUT")]
    assert answers == [200, 204, 500]


@pytest.mark.usefixtures("strict")
def test_a_view_that_returns_nothing_gets_the_assertion_of_drf(
    quiet_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert is_internal_error(quiet_client.delete("/plain/"))
    assert "to be returned from the view, but received a `<class 'NoneType'>`" in caplog.text


def test_a_violation_is_logged_and_passed_where_strict_is_off(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    response = send(client, "GET", status=201, data={"a": 1})
    assert (response.status_code, response.json()) == (201, {"a": 1})
    assert caplog.record_tuples == [
        (
            "django_apierrors",
            logging.ERROR,
            "tests.test_semantics.AnyAnswer answered GET with 201. Answer with one of 200, 206.",
        )
    ]


@pytest.mark.parametrize(
    ("debug", "strict", "status"),
    [(True, None, 500), (False, None, 201), (True, False, 201), (False, True, 500)],
)
def test_strict_is_debug_unless_it_is_set(
    quiet_client: Client, settings: Any, debug: bool, strict: bool | None, status: int
) -> None:
    settings.DEBUG = debug
    settings.API_ERRORS = {"STRICT": strict}
    assert send(quiet_client, "GET", status=201, data=1).status_code == status


@pytest.mark.usefixtures("strict")
def test_a_violation_is_answered_by_the_handler_where_the_middleware_is_absent(
    quiet_client: Client, settings: Any
) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "apierrors" not in name]
    assert is_internal_error(send(quiet_client, "GET", status=201, data=1))


@pytest.mark.parametrize("url", ["/generic/{}/", "/router/{}/", "/router/{}/dust/"])
@pytest.mark.parametrize("verb", ["PATCH", "TRACE", "BREW", "CONNECT", "__CLASS__"])
def test_a_verb_that_was_not_opted_in_is_405(
    client: Client, shelf: Shelf, verb: str, url: str
) -> None:
    response = client.generic(verb, url.format(shelf.pk))
    assert response.status_code == 405
    assert response.json() == body("METHOD_NOT_ALLOWED")
    allowed = "PUT, OPTIONS" if "dust" in url else "GET, PUT, DELETE, HEAD, OPTIONS"
    assert response["Allow"] == allowed


# Each fault of a request, and its answer, in the order of the design.
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "verb": ({"method": "PATCH"}, "METHOD_NOT_ALLOWED"),
    "credentials": ({"Authorization": "bad"}, "UNAUTHENTICATED"),
    "no credentials": ({"Authorization": ""}, "UNAUTHENTICATED"),
    "view": ({"Refuse": "view"}, "ACCESS_FORBIDDEN"),
    "throttle": ({"Refuse": "throttle"}, "THROTTLED"),
    "content type": ({"content_type": "application/xml"}, "UNSUPPORTED_MEDIA_TYPE"),
    "accept": ({"Accept": "application/xml"}, "UNSUPPORTED_MEDIA_TYPE"),
    "unreadable accept": ({"Accept": "text/html; a*=bogus''x"}, "UNSUPPORTED_MEDIA_TYPE"),
    "format": ({"query": "?format=xml"}, "UNSUPPORTED_MEDIA_TYPE"),
    "unknown": ({"key": 2**40}, "MISSING_RESOURCE"),
    "malformed": ({"key": "low"}, "INVALID_ID"),
    "object": ({"Refuse": "object"}, "ACCESS_FORBIDDEN"),
    "content": ({"data": "{}"}, "INVALID_CONTENT"),
}


def merge(*faults: str) -> dict[str, Any]:
    """Return the parts of a request that has all `faults`."""
    parts: dict[str, Any] = {}
    for fault in faults:
        for name, value in FAULTS[fault][0].items():
            parts[name] = f"{parts.get(name, '')} {value}" if name == "Refuse" else value
    return parts


def put(client: Client, url: str, shelf_key: int, **parts: Any) -> Any:
    """Send a PUT that is right but for `parts`."""
    headers = {
        "Authorization": parts.get("Authorization", "good"),
        "Refuse": parts.get("Refuse", ""),
        "Accept": parts.get("Accept", "application/json"),
    }
    return client.generic(
        parts.get("method", "PUT"),
        url.format(parts.get("key", shelf_key)) + parts.get("query", ""),
        parts.get("data", '{"name": "low"}'),
        parts.get("content_type", "application/json"),
        headers={name: value for name, value in headers.items() if value},
    )


def share_a_part(first: str, second: str) -> bool:
    """Tell whether two faults cannot be in one request."""
    return bool((set(FAULTS[first][0]) & set(FAULTS[second][0])) - {"Refuse"})


PAIRS = [pair for pair in combinations(FAULTS, 2) if not share_a_part(*pair)]
URLS = ["/generic/{}/", "/router/{}/", "/router/{}/dust/"]


@pytest.mark.parametrize("url", URLS)
def test_a_request_without_a_fault_succeeds(client: Client, shelf: Shelf, url: str) -> None:
    response = put(client, url, shelf.pk)
    assert (response.status_code, response.json()) == (200, {"id": shelf.pk, "name": "low"})


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("faults", PAIRS, ids=" before ".join)
def test_of_two_faults_the_earlier_is_answered(
    client: Client, shelf: Shelf, url: str, faults: tuple[str, str]
) -> None:
    response = put(client, url, shelf.pk, **merge(*faults))
    first = FAULTS[faults[0]][1]
    expected = body("INVALID_CONTENT", "name: This field is required.")
    assert response.json() == (expected if first == "INVALID_CONTENT" else body(first))


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    "fault", ["credentials", "view", "throttle", "accept", "unknown", "malformed", "object"]
)
def test_options_is_refused_as_any_verb_is(
    client: Client, shelf: Shelf, url: str, fault: str
) -> None:
    response = put(client, url, shelf.pk, **{**merge(fault), "method": "OPTIONS", "data": ""})
    assert response.json() == body(FAULTS[fault][1])


@pytest.mark.parametrize("url", URLS)
def test_options_tells_the_verbs(client: Client, shelf: Shelf, url: str) -> None:
    response = put(client, url, shelf.pk, method="OPTIONS", data="")
    assert response.status_code == 200
    allowed = "PUT, OPTIONS" if "dust" in url else "GET, PUT, DELETE, HEAD, OPTIONS"
    assert response["Allow"] == allowed


@pytest.mark.parametrize("url", URLS[:2])
def test_head_is_get_without_the_body(client: Client, shelf: Shelf, url: str) -> None:
    url, headers = url.format(shelf.pk), {"Authorization": "good"}
    got, head = client.get(url, headers=headers), client.head(url, headers=headers)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == got.headers


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("verb", "METHOD_NOT_ALLOWED"),
        ("credentials", "UNAUTHENTICATED"),
        ("content type", "UNSUPPORTED_MEDIA_TYPE"),
        ("content", "MISSING_RESOURCE"),
    ],
)
def test_an_unknown_version_is_refused_as_what_is_not_there(
    client: Client, shelf: Shelf, fault: str, code: str
) -> None:
    response = put(client, "/versions/v2/{}/", shelf.pk, **merge(fault))
    expected = body(code)
    if code == "MISSING_RESOURCE":
        expected = body(code, "Invalid version in URL path.")
    assert response.json() == expected


@pytest.mark.parametrize(
    ("accept", "fault", "code"),
    [
        ("application/json; version=2", "credentials", "UNAUTHENTICATED"),
        ("application/json; version=2", "unknown", "UNSUPPORTED_MEDIA_TYPE"),
        ("application/xml", "view", "ACCESS_FORBIDDEN"),
        ("application/json; version=1", "unknown", "MISSING_RESOURCE"),
    ],
)
def test_a_version_in_accept_is_refused_as_an_accept(
    client: Client, shelf: Shelf, accept: str, fault: str, code: str
) -> None:
    parts = {**merge(fault), "Accept": accept}
    assert put(client, "/accept/{}/", shelf.pk, **parts).json()["code"] == body(code)["code"]


def test_a_405_that_a_browser_asked_for_is_a_page(client: Client, settings: Any) -> None:
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    ("django.template.loaders.locmem.Loader", {"405.html": "{{ status_code }}!"})
                ]
            },
        }
    ]
    response = client.patch("/page/1/", headers={"Accept": "text/html"})
    assert (response.status_code, response["Content-Type"]) == (405, "text/html; charset=utf-8")


def test_an_accept_that_a_page_alone_cannot_serve_is_refused_in_json(
    client: Client, shelf: Shelf
) -> None:
    response = put(client, "/page-alone/{}/", shelf.pk)
    assert (response.status_code, response.json()) == (415, body("UNSUPPORTED_MEDIA_TYPE"))


@pytest.mark.parametrize("length", ["", "0"])
def test_a_request_without_a_body_has_no_content_type(client: Client, length: str) -> None:
    response = client.generic("POST", "/upload/", "", "text/xml", CONTENT_LENGTH=length)
    assert (response.status_code, response.json()) == (200, {})


class ReadBody:
    """A middleware that reads the form, as CSRF protection does."""

    def __init__(self, get_response: Any) -> None:
        """Take the next layer."""
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        """Read the form."""
        assert request.POST
        return self.get_response(request)


def test_a_body_that_a_middleware_has_read_is_no_failure(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [*django_settings.MIDDLEWARE, f"{__name__}.ReadBody"]
    response = client.post("/upload/", {"a": "b"})
    assert (response.status_code, response.json()) == (200, {"a": "b"})


def test_outside_of_a_request_drf_refuses_at_once() -> None:
    view = Versioned()
    view.headers, view.args, view.kwargs, view.format_kwarg = {}, (), {}, None
    request = view.initialize_request(APIRequestFactory().get("/", HTTP_ACCEPT="text/xml"))
    with pytest.raises(exceptions.NotFound):
        view.determine_version(request, version="v2")
    with pytest.raises(exceptions.APIException):
        view.perform_content_negotiation(request)


def test_a_success_of_an_unknown_verb_violates_nothing() -> None:
    assert find_violation(None, HttpResponse(status=207)) is None


class ProjectBase(APIView):
    """A base class of a project's, which refuses in its own words."""

    authentication_classes = ()
    permission_classes = (IsAuthenticated,)

    def permission_denied(
        self, request: Request, message: Any = None, code: str | None = None
    ) -> NoReturn:
        """Refuse."""
        raise exceptions.PermissionDenied("Ask Ada.")

    def http_method_not_allowed(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise exceptions.MethodNotAllowed(str(request.method), "Not here.")

    def get(self, request: Request) -> Response:
        """Answer."""
        return Response({})


class OnTop(StatusAwareMixin, ProjectBase):
    """Ours on top of it."""


@pytest.mark.parametrize(
    ("method", "name", "message"),
    [("get", "ACCESS_FORBIDDEN", "Ask Ada."), ("put", "METHOD_NOT_ALLOWED", "Not here.")],
)
def test_a_base_class_of_the_project_refuses_in_its_own_words(
    method: str, name: str, message: str
) -> None:
    response = OnTop.as_view()(getattr(APIRequestFactory(), method)("/"))
    assert response.data == body(name, message)


class Worded(BasePermission):
    """Refuses, and says why."""

    message = "Closed on Mondays."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Refuse."""
        return False


class Coded(Worded):
    """Has a code of its own too."""

    code = "closed"


@pytest.mark.parametrize(("permission", "code"), [(Worded, "ACCESS_FORBIDDEN"), (Coded, "CLOSED")])
def test_a_permission_refuses_in_its_own_words(permission: Any, code: str) -> None:
    view = generics.ListAPIView.as_view(authentication_classes=[], permission_classes=[permission])
    response: Any = view(APIRequestFactory().get("/"))
    assert response.data == {**body("ACCESS_FORBIDDEN", "Closed on Mondays."), "code": code}
