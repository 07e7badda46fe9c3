"""The settings: each key of `API_ERRORS` is read when it is needed, and changes a response."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path
from pytest_django.fixtures import Settings
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotAuthenticated, ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors import generics
from django_apierrors.conf import api_errors
from django_apierrors.errors import Error
from django_apierrors.exceptions import ServiceUnavailable
from django_apierrors.semantics import StatusAwareMixin
from tests.models import Thing
from tests.support import DEFAULTS, OpenView, echo, make_view, throw

pytestmark = pytest.mark.urls(__name__)


class ReadOnly(BasePermission):
    """Allows every client to list objects, and no client to see one."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method == "GET"

    def has_object_permission(self, request: Request, view: APIView, obj: object) -> bool:
        return False


class ObjectView(OpenView):
    permission_classes = [ReadOnly]

    def get(self, request: Request) -> None:
        self.check_object_permissions(request, object())


class StatusAwareView(StatusAwareMixin, OpenView):
    pass


WRONG_SUCCESS = {"data": {"status": 201}, "status": 201}
WORDS = ["One.", "Two.", "Three."]
INVALID = ValidationError({"name": WORDS})
ITEMS = [{"field": "name", "code": "invalid", "message": word, "in": "query"} for word in WORDS]
MESSAGES = [f"name: {word}" for word in WORDS]
LOUD_MESSAGES = [f"NAME: {word}" for word in WORDS]
TWO_MESSAGES = ["name: One.", "2 more errors were left out."]
SESSION: dict[str, Any] = {"authentication_classes": [SessionAuthentication]}


def add_request_id(body: Any, error: Error, request: Any) -> Any:
    """Add a key to the body."""
    return {**body, "requestId": "r-1"}


def shout(name: str) -> str:
    """Return a name in capitals."""
    return name.upper()


class UpdateView(generics.UpdateAPIView[Any]):
    queryset = Thing.objects.none()


urlpatterns = [
    path("update/<int:pk>", UpdateView.as_view()),
    path("outage", make_view(lambda request: throw(ServiceUnavailable()))),
    path("lookup", make_view(lambda request: throw(Thing.DoesNotExist()))),
    path("invalid", make_view(lambda request: throw(INVALID))),
    path("private", make_view(lambda request: throw(NotAuthenticated()), **SESSION)),
    path("read-only", make_view(echo, permission_classes=[ReadOnly])),
    path("object", ObjectView.as_view()),
    path("page", lambda request: HttpResponse("<h1>No.</h1>", status=403)),
    path("wrong-success", make_view(lambda _: Response(**WRONG_SUCCESS), StatusAwareView)),
]


class Effect(NamedTuple):
    """A value of a setting, and the part of a response that it changes."""

    value: object
    request: str
    part: str
    before: object
    after: object


DOCS, MISSING = "https://docs.example/", "MISSING_RESOURCE"
GONE = {"django.core.exceptions.ObjectDoesNotExist": "GONE"}

# One row for each key: its effect on a client.
EFFECTS = {
    "CODES": Effect({MISSING: {"status": 410}}, "GET /lookup", "status", 404, 410),
    "CODE_FORMAT": Effect("number", "GET /lookup", "code", MISSING, 16842752),
    "EXCEPTIONS": Effect(GONE, "GET /lookup", "status", 404, 410),
    "MORE_INFO": Effect(f"{DOCS}{{code}}", "GET /lookup", "moreInfo", "", f"{DOCS}{MISSING}"),
    "DETAILS": Effect(True, "GET /invalid", "details", None, ITEMS),
    "FIELD_NAMES": Effect(
        f"{__name__}.shout",
        "POST /invalid",
        "errors",
        MESSAGES,
        LOUD_MESSAGES,
    ),
    "BODY": Effect(f"{__name__}.add_request_id", "GET /lookup", "requestId", None, "r-1"),
    "CODE_HEADER": Effect("X-Code", "GET /lookup", "X-Code", None, MISSING),
    "MAX_ERRORS": Effect(2, "GET /invalid", "errors", MESSAGES, TWO_MESSAGES),
    "PATHS": Effect(["/"], "GET /page", "code", None, "ACCESS_FORBIDDEN"),
    "EXCLUDED_PATHS": Effect(["/invalid"], "GET /invalid", "code", "INVALID_CONTENT", None),
    "CHALLENGE": Effect("Key", "GET /private", "WWW-Authenticate", 'Session realm="api"', "Key"),
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
def test_a_key_changes_the_response_for_as_long_as_it_is_set(
    quiet_client: Client, key: str
) -> None:
    value, request, part, before, after = EFFECTS[key]
    parts = [read(quiet_client, request, part)]
    with override_settings(API_ERRORS={key: value}):
        parts.append(read(quiet_client, request, part))
    parts.append(read(quiet_client, request, part))
    assert parts == [before, after, before]


def get_values() -> dict[str, object]:
    """Return the value of each key."""
    return {key: getattr(api_errors, key) for key in DEFAULTS}


def test_a_key_has_its_default_unless_the_project_has_a_value(settings: Settings) -> None:
    assert not hasattr(settings, "API_ERRORS")
    assert get_values() == DEFAULTS
    for changes in (None, {}, {"OTHER": 1}):
        settings.API_ERRORS = changes
        assert get_values() == DEFAULTS
    for key in DEFAULTS:
        value = object()
        settings.API_ERRORS = {key: value}
        assert get_values() == {**DEFAULTS, key: value}


def test_a_change_inside_the_dict_takes_effect(settings: Settings) -> None:
    settings.API_ERRORS = {"RETRY_AFTER": 1}
    settings.API_ERRORS["RETRY_AFTER"] = 2
    assert api_errors.RETRY_AFTER == 2
