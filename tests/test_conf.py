"""The settings: each key of `API_ERRORS` is read when it is needed, and changes the answer."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from django.conf import settings as django_settings
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

from django_apierrors.conf import DEFAULTS, APIErrorsSettings, api_errors, get_setting
from django_apierrors.exceptions import ServiceUnavailable
from django_apierrors.semantics import StatusAwareMixin
from tests.models import Thing

pytestmark = pytest.mark.urls(__name__)

KEYS = list(DEFAULTS)


class ReadOnly(BasePermission):
    """Let everybody read."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Allow GET."""
        return request.method == "GET"


class NoObject(BasePermission):
    """Let nobody see an object."""

    def has_object_permission(self, request: Request, view: APIView, obj: object) -> bool:
        """Allow nothing."""
        return False


class OutageView(APIView):
    """Fail by an outage."""

    def get(self, request: Request) -> Response:
        """Fail."""
        raise ServiceUnavailable


class LookupView(APIView):
    """Fail by Django's own exception."""

    def get(self, request: Request) -> Response:
        """Fail."""
        raise Thing.DoesNotExist


class InvalidView(APIView):
    """Fail by three messages."""

    def get(self, request: Request) -> Response:
        """Fail."""
        raise ValidationError({"name": ["One.", "Two.", "Three."]})


class PrivateView(APIView):
    """Ask for credentials."""

    authentication_classes = [SessionAuthentication]

    def get(self, request: Request) -> Response:
        """Refuse everybody."""
        self.permission_denied(request)


class ReadOnlyView(APIView):
    """Let everybody read."""

    permission_classes = [ReadOnly]
    authentication_classes = []

    def get(self, request: Request) -> Response:
        """Answer."""
        return Response()

    def post(self, request: Request) -> Response:
        """Answer, if that were allowed."""
        return Response()


class ObjectView(APIView):
    """Refuse an object."""

    permission_classes = [NoObject]
    authentication_classes = []

    def get(self, request: Request) -> Response:
        """Refuse."""
        self.check_object_permissions(request, object())
        return Response()


class WrongSuccessView(StatusAwareMixin, APIView):
    """Answer a GET as nothing but a POST is answered."""

    def get(self, request: Request) -> Response:
        """Answer."""
        return Response({"status": 201}, status=201)


def get_page(request: Any) -> HttpResponse:
    """Answer as a plain view of Django, by a page about an error."""
    return HttpResponse("<h1>No.</h1>", status=403)


urlpatterns = [
    path("outage", OutageView.as_view()),
    path("lookup", LookupView.as_view()),
    path("invalid", InvalidView.as_view()),
    path("private", PrivateView.as_view()),
    path("read-only", ReadOnlyView.as_view()),
    path("object", ObjectView.as_view()),
    path("page", get_page),
    path("wrong-success", WrongSuccessView.as_view()),
]


class Effect(NamedTuple):
    """What a value of a setting changes in an answer: `before` becomes `after`."""

    value: object
    request: str
    part: str
    before: object
    after: object


# One row for each key: what a client sees of it.
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
    "PROBLEM_JSON": Effect(True, "GET /object", "Vary", None, "Accept"),
}

# What a client sees of these takes an operation: test_operations.py shows it.
OF_OPERATIONS = {"OPERATION_MAX_AGE", "OPERATION_TIMEOUT"}


def send(client: Client, request: str, part: str) -> object:
    """Return a header of the answer, or else a member of its body."""
    method, url = request.split()
    response = client.generic(method, url)
    if part in response.headers:
        return response.headers[part]
    is_json = response.headers["Content-Type"] == "application/json"
    return response.json().get(part) if is_json else None


def test_each_key_has_an_effect_that_is_tested() -> None:
    assert set(EFFECTS) | OF_OPERATIONS == set(DEFAULTS)


@pytest.mark.parametrize("key", EFFECTS)
def test_a_key_changes_the_answer_for_as_long_as_it_is_set(client: Client, key: str) -> None:
    value, request, part, before, after = EFFECTS[key]
    client.raise_request_exception = False
    answers = [send(client, request, part)]
    with override_settings(API_ERRORS={key: value}):
        answers.append(send(client, request, part))
    answers.append(send(client, request, part))
    assert answers == [before, after, before]


def test_each_key_has_a_type() -> None:
    assert list(APIErrorsSettings.__annotations__) == KEYS


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("changes", [None, {}, {"OTHER": 1}])
def test_without_a_value_a_key_has_its_default(
    settings: Settings, changes: object, key: str
) -> None:
    settings.API_ERRORS = changes
    assert getattr(api_errors, key) == DEFAULTS[key]


@pytest.mark.parametrize("key", KEYS)
def test_without_the_dict_a_key_has_its_default(settings: Settings, key: str) -> None:
    assert not hasattr(settings, "API_ERRORS")
    assert getattr(api_errors, key) == DEFAULTS[key]


@pytest.mark.parametrize("key", KEYS)
def test_a_value_of_the_projects_is_given_as_it_is(settings: Settings, key: str) -> None:
    value = object()
    settings.API_ERRORS = {key: value}
    assert getattr(api_errors, key) is value


@pytest.mark.parametrize("key", KEYS)
def test_a_value_leaves_the_other_keys_alone(settings: Settings, key: str) -> None:
    settings.API_ERRORS = {key: object()}
    others = [other for other in KEYS if other != key]
    assert {other: getattr(api_errors, other) for other in others} == {
        other: DEFAULTS[other] for other in others
    }


def test_a_change_inside_the_dict_is_seen_at_once(settings: Settings) -> None:
    settings.API_ERRORS = {"RETRY_AFTER": 1}
    settings.API_ERRORS["RETRY_AFTER"] = 2
    assert api_errors.RETRY_AFTER == 2


def test_a_key_that_there_is_not_is_an_attribute_that_there_is_not() -> None:
    with pytest.raises(AttributeError, match=r"^API_ERRORS has no key 'RETRY_BEFORE'\.$"):
        api_errors.RETRY_BEFORE  # noqa: B018


def test_a_setting_is_what_django_says_it_is(settings: Settings) -> None:
    assert get_setting("LANGUAGE_CODE") == settings.LANGUAGE_CODE
    settings.LANGUAGE_CODE = "de"
    assert get_setting("LANGUAGE_CODE") == "de"
    with override_settings(LANGUAGE_CODE="fr"):
        assert get_setting("LANGUAGE_CODE") == "fr"
    assert get_setting("LANGUAGE_CODE") == "de"


def test_a_setting_that_is_missing_is_the_default_until_it_is_there() -> None:
    # No `settings` of pytest's, which puts a holder of its own around the module's.
    assert get_setting("SHELVES", 3) == 3
    with override_settings(SHELVES=5):
        assert get_setting("SHELVES", 3) == 5
        with override_settings():
            del django_settings.SHELVES
            assert get_setting("SHELVES", 3) == 3
    assert get_setting("SHELVES", 3) == 3
