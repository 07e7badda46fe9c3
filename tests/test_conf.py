"""The settings: each key of `API_ERRORS` is read when it is needed, and changes a response."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path
from pytest_django.fixtures import Settings
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors import generics
from django_apierrors.conf import DEFAULTS, api_errors
from django_apierrors.errors import Error
from django_apierrors.exceptions import ServiceUnavailable
from django_apierrors.semantics import StatusAwareMixin
from tests.models import Thing

pytestmark = pytest.mark.urls(__name__)


class ReadOnly(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method == "GET"


class NoObject(BasePermission):
    def has_object_permission(self, request: Request, view: APIView, obj: object) -> bool:
        return False


class RaiseView(APIView):
    """Raise the exception of the URL."""

    exception: Exception = ServiceUnavailable()

    def get(self, request: Request) -> Response:
        raise self.exception


class PrivateView(APIView):
    """Require credentials."""

    authentication_classes = [SessionAuthentication]

    def get(self, request: Request) -> Response:
        self.permission_denied(request)


class ReadOnlyView(APIView):
    """Allow everybody to read."""

    permission_classes = [ReadOnly]
    authentication_classes = []

    def get(self, request: Request) -> Response:
        return Response()

    def post(self, request: Request) -> Response:
        return Response()


class ObjectView(APIView):
    """Allow nobody to see an object."""

    permission_classes = [NoObject]
    authentication_classes = []

    def get(self, request: Request) -> Response:
        self.check_object_permissions(request, object())
        return Response()


class WrongSuccessView(StatusAwareMixin, APIView):
    """Respond to a GET with the status of a POST."""

    def get(self, request: Request) -> Response:
        return Response({"status": 201}, status=201)


def get_page(request: Any) -> HttpResponse:
    """Respond from a plain view, with a page about an error."""
    return HttpResponse("<h1>No.</h1>", status=403)


def add_request_id(body: Any, error: Error, request: Any) -> Any:
    """Add a key to the body."""
    return {**body, "requestId": "r-1"}


INVALID = ValidationError({"name": ["One.", "Two.", "Three."]})


class UpdateView(generics.UpdateAPIView[Any]):
    """Update a resource that does not exist."""

    queryset = Thing.objects.none()


urlpatterns = [
    path("update/<int:pk>", UpdateView.as_view()),
    path("outage", RaiseView.as_view()),
    path("lookup", RaiseView.as_view(exception=Thing.DoesNotExist())),
    path("invalid", RaiseView.as_view(exception=INVALID)),
    path("private", PrivateView.as_view()),
    path("read-only", ReadOnlyView.as_view()),
    path("object", ObjectView.as_view()),
    path("page", get_page),
    path("wrong-success", WrongSuccessView.as_view()),
]


class Effect(NamedTuple):
    """A value of a setting, and the part of a response that it changes."""

    value: object
    request: str
    part: str
    before: object
    after: object


# One row for each key: its effect on a client.
EFFECTS = {
    "CODES": Effect({"MISSING_RESOURCE": {"status": 410}}, "GET /lookup", "status", 404, 410),
    "CODE_FORMAT": Effect("number", "GET /lookup", "code", "MISSING_RESOURCE", 16842752),
    "EXCEPTIONS": Effect(
        {"django.core.exceptions.ObjectDoesNotExist": "GONE"}, "GET /lookup", "status", 404, 410
    ),
    "MORE_INFO": Effect(
        "https://docs.example/{code}",
        "GET /lookup",
        "moreInfo",
        "",
        "https://docs.example/MISSING_RESOURCE",
    ),
    "DETAILS": Effect(
        True,
        "GET /invalid",
        "details",
        None,
        [
            {"field": "name", "code": "invalid", "message": "One."},
            {"field": "name", "code": "invalid", "message": "Two."},
            {"field": "name", "code": "invalid", "message": "Three."},
        ],
    ),
    "BODY": Effect(f"{__name__}.add_request_id", "GET /lookup", "requestId", None, "r-1"),
    "CODE_HEADER": Effect("X-Code", "GET /lookup", "X-Code", None, "MISSING_RESOURCE"),
    "MAX_ERRORS": Effect(
        2,
        "GET /invalid",
        "errors",
        ["name: One.", "name: Two.", "name: Three."],
        ["name: One.", "2 more errors were left out."],
    ),
    "PATHS": Effect(["/"], "GET /page", "code", None, "ACCESS_FORBIDDEN"),
    "EXCLUDED_PATHS": Effect(["/invalid"], "GET /invalid", "code", "INVALID_CONTENT", None),
    "CHALLENGE": Effect(
        'Key realm="things"',
        "GET /private",
        "WWW-Authenticate",
        'Session realm="api"',
        'Key realm="things"',
    ),
    "RETRY_AFTER": Effect(60, "GET /outage", "Retry-After", "5", "60"),
    "PROBE_PERMISSIONS": Effect(
        False, "POST /read-only", "code", "METHOD_FORBIDDEN", "ACCESS_FORBIDDEN"
    ),
    "HIDE_FORBIDDEN": Effect(True, "GET /object", "status", 403, 404),
    "STRICT": Effect(True, "GET /wrong-success", "status", 201, 500),
    "PATCH": Effect(True, "PATCH /update/1", "status", 405, 404),
    "PROBLEM_JSON": Effect(True, "GET /object", "Vary", None, "Accept"),
}

# tests/operations tests the effect of these.
OF_OPERATIONS = {"OPERATION_MAX_AGE", "OPERATION_TIMEOUT"}


def read(client: Client, request: str, part: str) -> object:
    """Return a header of the response, or a key of its body."""
    method, url = request.split()
    response = client.generic(method, url)
    if part in response.headers:
        return response.headers[part]
    is_json = response.headers["Content-Type"] == "application/json"
    return response.json().get(part) if is_json else None


def test_each_key_has_a_test_of_its_effect() -> None:
    assert set(EFFECTS) | OF_OPERATIONS == set(DEFAULTS)


@pytest.mark.parametrize("key", EFFECTS)
def test_a_key_changes_the_response_for_as_long_as_it_is_set(client: Client, key: str) -> None:
    value, request, part, before, after = EFFECTS[key]
    client.raise_request_exception = False
    parts = [read(client, request, part)]
    with override_settings(API_ERRORS={key: value}):
        parts.append(read(client, request, part))
    parts.append(read(client, request, part))
    assert parts == [before, after, before]


def get_values() -> dict[str, object]:
    """Return the value of each key."""
    return {key: getattr(api_errors, key) for key in DEFAULTS}


def test_without_a_value_a_key_has_its_default(settings: Settings) -> None:
    assert not hasattr(settings, "API_ERRORS")
    assert get_values() == DEFAULTS
    for changes in (None, {}, {"OTHER": 1}):
        settings.API_ERRORS = changes
        assert get_values() == DEFAULTS


def test_a_projects_value_is_returned_as_it_is_and_leaves_the_other_keys(
    settings: Settings,
) -> None:
    for key in DEFAULTS:
        value = object()
        settings.API_ERRORS = {key: value}
        assert get_values() == {**DEFAULTS, key: value}


def test_a_change_inside_the_dict_takes_effect(settings: Settings) -> None:
    settings.API_ERRORS = {"RETRY_AFTER": 1}
    settings.API_ERRORS["RETRY_AFTER"] = 2
    assert api_errors.RETRY_AFTER == 2
