"""Answers that are remembered: never another one than would be made anew."""

from __future__ import annotations

import gc
import json
import pickle
import weakref
from collections.abc import Callable, Sequence
from enum import Enum
from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import Client
from django.urls import path
from django.utils import translation
from django.utils.functional import lazy
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings
from rest_framework.authentication import BaseAuthentication, BasicAuthentication
from rest_framework.exceptions import (
    APIException,
    ErrorDetail,
    NotAuthenticated,
    NotFound,
    ParseError,
    Throttled,
    ValidationError,
)
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors import refusals, renderers
from django_apierrors.answers import get_answer
from django_apierrors.catalog import CATALOG
from django_apierrors.exceptions import Gone
from django_apierrors.handler import exception_handler
from django_apierrors.parsers import JSONParser
from django_apierrors.recognition import recognise
from tests.bodies import body

pytestmark = pytest.mark.urls(__name__)


class KeyAuthentication(BaseAuthentication):
    """Nobody's key."""

    def authenticate(self, request: Request) -> None:
        """Find nobody."""

    def authenticate_header(self, request: Request) -> str:
        """Return a challenge of its own."""
        return "Key"


class BasicView(APIView):
    """Asks for a password."""

    authentication_classes = [BasicAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> Response:
        return Response({})


class KeyView(BasicView):
    """Asks for a key."""

    authentication_classes = [KeyAuthentication]


class WriteView(APIView):
    """Has no GET."""

    def post(self, request: Request) -> Response:
        return Response({})


class DeleteView(APIView):
    """Has no GET either."""

    def delete(self, request: Request) -> Response:
        return Response({})


class PageView(APIView):
    """Has the browsable API."""

    renderer_classes = [renderers.JSONRenderer, BrowsableAPIRenderer]

    def get(self, request: Request) -> Response:
        raise Gone


class WriteOnly(BasePermission):
    """Let everybody write."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Allow all but GET."""
        return request.method != "GET"


class ClosedView(APIView):
    """Lets nobody read it, and has no more."""

    authentication_classes: Sequence[type[BaseAuthentication]] = []
    permission_classes = [WriteOnly]

    def get(self, request: Request) -> Response:
        return Response({})


class HalfOpenView(ClosedView):
    """Can be written to."""

    def post(self, request: Request) -> Response:
        return Response({})


urlpatterns = [
    path("basic", BasicView.as_view()),
    path("key", KeyView.as_view()),
    path("write", WriteView.as_view()),
    path("delete", DeleteView.as_view()),
    path("page", PageView.as_view()),
    path("closed", ClosedView.as_view()),
    path("half-open", HalfOpenView.as_view()),
    path("codes/<code>", PageView.as_view(), name="code"),
]


def answer(exception: Exception) -> Any:
    """Return the body that `exception` is answered with."""
    response: Any = exception_handler(exception, {})
    assert response.content == response.render().content
    return response.data


@pytest.fixture(autouse=True)
def _answered() -> None:
    """Let all that is asked for below have been answered before."""
    for make in (Gone, NotFound, lambda: NotFound("Nothing.")):
        answer(make())


def test_the_same_answer_is_given_again() -> None:
    assert get_answer(Gone()) is get_answer(Gone())
    assert answer(Gone()) == body("GONE")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"CODE_FORMAT": "number"}, {"code": CATALOG["GONE"].number}),
        ({"MORE_INFO": "https://example.com/{code}"}, {"moreInfo": "https://example.com/GONE"}),
        ({"DETAILS": True}, {"details": []}),
        ({"CODES": {"GONE": {"status": 404}}}, {"status": 404}),
        ({"CODES": {"GONE": {"message": "Away."}}}, {"errors": ["Away."]}),
        (
            {"EXCEPTIONS": {"django_apierrors.exceptions.Gone": "INVALID_STATE"}},
            {"code": "INVALID_STATE", "status": 400, "errors": [CATALOG["INVALID_STATE"].message]},
        ),
    ],
)
def test_a_changed_setting_changes_the_answer_and_back(
    settings: Settings, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    before = dict(getattr(settings, "API_ERRORS", {}))
    settings.API_ERRORS = changes
    assert answer(Gone()) == {**body("GONE"), **expected}
    settings.API_ERRORS = before
    assert answer(Gone()) == body("GONE")


# Errors without messages of their own are remembered by their code, whoever raised them.
CODES_OF_OTHERS = {
    Http404: "MISSING_RESOURCE",
    PermissionDenied: "ACCESS_FORBIDDEN",
    ConnectionRefusedError: "SERVICE_UNAVAILABLE",
    TimeoutError: "GATEWAY_TIMEOUT",
}


@pytest.mark.parametrize(("cls", "name"), CODES_OF_OTHERS.items())
def test_exceptions_of_others_are_answered_by_code_language_and_settings(
    cls: type[Exception], name: str, settings: Settings
) -> None:
    code = CATALOG[name]
    for language in ("en", "de", "en"):
        with translation.override(language):
            expected = {**body(name), "errors": [str(code.message)]}
            assert [answer(cls("Secret.")), answer(cls())] == [expected, expected]
    settings.API_ERRORS = {"CODES": {name: {"message": "Changed.", "status": 418}}}
    assert answer(cls()) == body(name, "Changed.", status=418)


@pytest.mark.parametrize(("cls", "name"), CODES_OF_OTHERS.items())
def test_a_changed_answer_to_an_exception_of_others_is_the_only_one(
    cls: type[Exception], name: str
) -> None:
    response: Any = exception_handler(cls(), {})
    response.data["errors"].append("More.")
    assert len(json.loads(response.content)["errors"]) == 2
    assert answer(cls()) == body(name)


def parse(document: bytes) -> str:
    """Return the only message about a document that is malformed."""
    with pytest.raises(ParseError) as caught:
        JSONParser().parse(BytesIO(document))
    [message] = answer(caught.value)["errors"]
    return str(message)


def test_each_place_in_a_document_and_each_language_has_its_own_answer() -> None:
    for _time in range(2):
        assert parse(b"[") == "The JSON document is malformed at line 1, column 2."
        assert parse(b"[1,") == "The JSON document is malformed at line 1, column 4."
        with translation.override("de"):
            assert parse(b"[").startswith("Das JSON-Dokument")


def test_what_clients_send_does_not_put_out_what_others_are_answered_with() -> None:
    known = get_answer(Gone())
    for number in range(300):
        parse(b" " * number + b"[")
    assert get_answer(Gone()) is known


def test_waits_do_not_put_out_what_others_are_answered_with() -> None:
    known = get_answer(Gone())
    for number in range(300):
        assert exception_handler(Throttled(number / 7), {}).status_code == 429  # type: ignore[union-attr]
    assert get_answer(Gone()) is known


def test_what_a_project_puts_on_an_exception_is_not_kept() -> None:
    class Kept:
        """What a request may be."""

    exception = Gone()
    exception.seen = Kept()  # type: ignore[attr-defined]
    reference = weakref.ref(exception.seen)  # type: ignore[attr-defined]
    assert answer(exception) == body("GONE")
    del exception
    gc.collect()
    assert reference() is None


def test_a_challenge_that_is_no_text_is_no_key() -> None:
    exception: Any = NotAuthenticated()
    exception.auth_header = ["Basic"]
    response: Any = exception_handler(exception, {})
    assert response.data == body("UNAUTHENTICATED")


def test_each_language_has_its_own_answer() -> None:
    english = answer(NotFound())
    with translation.override("de"):
        # DRF is translated into German: its own text must be known for what it is there too.
        assert answer(NotFound())["code"] == english["code"]
        assert answer(NotFound())["errors"] == [str(CATALOG["MISSING_RESOURCE"].message)]
    assert answer(NotFound()) == english


def test_data_that_is_changed_stays_in_its_own_response() -> None:
    response: Any = exception_handler(Gone(), {})
    response.data["errors"].append("More.")
    response.set_cookie("seen", "1")
    response["X-Seen"] = "1"
    assert (
        response.content
        == b'{"status":410,"errors":["%s","More."],"code":"GONE","moreInfo":""}'
        % (str(CATALOG["GONE"].message).encode())
    )
    other: Any = exception_handler(Gone(), {})
    assert (other.data, dict(other.cookies), other.has_header("X-Seen")) == (
        body("GONE"),
        {},
        False,
    )


class Deliberate(APIException):
    """Says what a bug is answered with, and is none."""


def answer_bug() -> tuple[str, Any]:
    """Return the reference of a new bug, and the response for it."""
    exception = KeyError("key")
    response: Any = exception_handler(exception, {})
    [note] = exception.__notes__
    return note.removeprefix("Reference: "), response


@pytest.mark.parametrize("changes", [{}, {"DETAILS": True}, {"CODE_FORMAT": "number"}])
def test_each_bug_has_its_own_reference_in_all_that_is_said_of_it(
    settings: Settings, changes: dict[str, Any]
) -> None:
    settings.API_ERRORS = changes
    [message] = answer(Deliberate())["errors"]
    seen = {answer_bug()[0]}
    for _ in range(3):
        reference, response = answer_bug()
        own_message = f"{message} Reference: {reference}."
        assert json.loads(response.content) == response.data
        assert response.data["errors"] == [own_message]
        assert [each["message"] for each in response.data.get("details", [])] == (
            [own_message] if "DETAILS" in changes else []
        )
        seen.add(reference)
    assert len(seen) == 4


def test_a_deliberate_500_has_no_reference_of_a_bug() -> None:
    for _ in range(2):
        answer_bug()
        assert answer(Deliberate()) == body("INTERNAL_ERROR")


def test_the_data_of_a_bug_is_its_own_wherever_it_is_read() -> None:
    answer_bug()
    reference, response = answer_bug()
    response.data["seen"] = True
    assert reference in response.data["errors"][0]
    assert json.loads(response.content) == response.data
    reference, response = answer_bug()
    unpickled = pickle.loads(pickle.dumps(response))
    assert reference in unpickled.data["errors"][0]
    assert unpickled.content == response.content


def test_a_bug_is_told_in_each_language_with_its_own_reference() -> None:
    for language, word in (("en", "Reference"), ("de", "Referenz"), ("en", "Reference")):
        with translation.override(language):
            reference, response = answer_bug()
            assert f"{word}: {reference}" in response.data["errors"][0]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: NotFound(), body("MISSING_RESOURCE")),
        (lambda: NotFound("Nothing."), body("MISSING_RESOURCE", "Nothing.")),
        (
            lambda: NotFound("Nothing.", "no_thing"),
            {**body("GONE", "Nothing.", status=404), "code": "NO_THING"},
        ),
        (
            lambda: type("Away", (NotFound,), {"default_detail": "Away."})(),
            body("MISSING_RESOURCE", "Away."),
        ),
    ],
)
def test_another_text_code_or_class_has_another_answer(
    make: Callable[[], APIException], expected: dict[str, Any]
) -> None:
    assert [answer(make()), answer(make())] == [expected, expected]


def test_a_status_of_the_instance_alone_is_kept() -> None:
    exception = NotFound("Nothing.")
    exception.status_code = 410
    assert answer(exception)["status"] == 410
    assert answer(NotFound("Nothing."))["status"] == 404


def test_a_class_that_is_changed_has_another_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NotFound, "default_detail", "Nothing.")
    assert answer(NotFound("Nothing.")) == body("MISSING_RESOURCE")
    monkeypatch.undo()
    assert answer(NotFound("Nothing.")) == body("MISSING_RESOURCE", "Nothing.")


def test_what_is_no_key_is_answered_all_the_same() -> None:
    exception = Gone()
    exception.add_note("Seen before.")
    assert get_answer(exception).response is None
    assert answer(exception) == body("GONE")


def test_each_wait_has_its_own_header() -> None:
    waits = [exception_handler(Throttled(wait), {}) for wait in (3, 4, 3)]
    assert [response["Retry-After"] for response in waits if response] == ["3", "4", "3"]


def test_each_view_has_its_own_headers(client: Client) -> None:
    for _time in range(2):
        assert client.get("/basic")["WWW-Authenticate"] == 'Basic realm="api"'
        assert client.get("/key")["WWW-Authenticate"] == "Key"
        assert client.get("/write")["Allow"] == "POST, OPTIONS"
        assert client.get("/delete")["Allow"] == "DELETE, OPTIONS"


def test_a_page_is_made_for_whom_wants_one(client: Client) -> None:
    assert client.get("/page").json() == body("GONE")
    assert client.get("/page", HTTP_ACCEPT="text/html")["Content-Type"].startswith("text/html")


def test_problem_details_are_made_for_whom_wants_them(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"PROBLEM_JSON": True}
    for accept, kind in [("application/problem+json", "problem+json"), ("*/*", "json")] * 2:
        assert client.get("/page", HTTP_ACCEPT=accept)["Content-Type"] == f"application/{kind}"


def test_a_link_has_the_host_of_each_request(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"MORE_INFO": "code"}
    links = {
        host: client.get("/page", HTTP_HOST=host).json()["moreInfo"]
        for host in ("testserver", "localhost", "testserver")
    }
    assert links == {host: f"http://{host}/codes/GONE" for host in links}


def test_what_is_forbidden_is_asked_each_time(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"CODES": {"ACCESS_FORBIDDEN": {"status": 404}}}
    for _time in range(2):
        assert client.get("/closed").json()["code"] == "ACCESS_FORBIDDEN"
        assert client.get("/half-open").json()["code"] == "METHOD_FORBIDDEN"


def test_a_lazy_text_of_the_project_is_asked_for_each_time(
    client: Client, settings: Settings
) -> None:
    tenants = iter(["one", "two"])
    message = lazy(lambda: f"Gone from {next(tenants)}.", str)()
    settings.API_ERRORS = {"CODES": {"GONE": {"message": message}}}

    answers = [exception_handler(Gone(), {}) for _ in range(2)]
    assert [it.data["errors"] for it in answers] == [["Gone from one."], ["Gone from two."]]


def test_a_hidden_object_is_hidden_from_whom_was_refused_before(settings: Settings) -> None:
    settings.API_ERRORS = {"HIDE_FORBIDDEN": True}
    exception_handler(NotAuthenticated(), {})

    known = get_answer(NotAuthenticated())
    assert known.response is None


def refuse(errors: Any, cls: Any = ValidationError) -> Any:
    """Return the answer to errors of a serializer."""
    return get_answer(cls(errors))


class Name(str, Enum):  # noqa: UP042
    """Names whose text is another one."""

    SKU = "sku"

    def __format__(self, spec: str) -> str:
        """Return the other one."""
        return "Name.SKU"


MISSING = {"sku": [ErrorDetail("Missing.", "required")], "size": [ErrorDetail("No.", "invalid")]}

# What parts from those what is almost the same.
ALMOST_MISSING = {
    "another text": {**MISSING, "size": [ErrorDetail("No!", "invalid")]},
    "another code": {**MISSING, "size": [ErrorDetail("No.", "blank")]},
    "another field": {"sku": MISSING["sku"], "sizes": MISSING["size"]},
    "another order": {"size": MISSING["size"], "sku": MISSING["sku"]},
    "one more": {**MISSING, "name": MISSING["sku"]},
    "one less": {"sku": MISSING["sku"]},
    "another border": {"sku": [ErrorDetail("Missing.N", "required")], "size": [ErrorDetail("o.")]},
    "two in one": {"sku": [*MISSING["sku"], *MISSING["size"]]},
    "a field inside": {"sku": MISSING},
    "a text for a field": {"sku": {MISSING["sku"][0]: ["No."]}, "size": MISSING["size"]},
    "a name of an enum": {Name.SKU: MISSING["sku"], "size": MISSING["size"]},
    "a row": {0: MISSING},
    "no field": [*MISSING["sku"], *MISSING["size"]],
    "nothing": {"sku": []},
    "blank": {**MISSING, "size": [ErrorDetail(" ", "invalid")]},
}


def test_the_same_errors_get_the_same_answer() -> None:
    """Of DRF's class and of ours, whose detail has not been read."""
    for cls in (ValidationError, refusals.ValidationError):
        assert refuse(MISSING, cls) is refuse(dict(MISSING), cls)
    assert answer(ValidationError(MISSING))["errors"] == ["sku: Missing.", "size: No."]


@pytest.mark.parametrize("errors", ALMOST_MISSING.values(), ids=[*ALMOST_MISSING])
def test_errors_that_are_almost_the_same_have_an_answer_of_their_own(errors: Any) -> None:
    for _time in range(2):
        refuse(MISSING)
        error = refuse(errors).error
        assert error == recognise(ValidationError(errors))
        assert error != refuse(MISSING).error


rows = st.dictionaries(
    st.sampled_from(["a", "b", "a\0", "\0", ""]),
    st.lists(
        st.builds(
            ErrorDetail,
            st.sampled_from(["One.", "Two.", "a", "\0", "One.\0Two.", "", " ", "\ud800"]),
            st.sampled_from(["required", "invalid", "b", "\0", None, 7]),
        ),
        max_size=2,
    ),
    max_size=3,
)


@given(st.lists(rows, min_size=2, max_size=6))
def test_what_is_remembered_is_what_would_be_found(many: list[Any]) -> None:
    for errors in [*many, *many]:
        exception = ValidationError(errors)
        exception.detail = errors
        assert get_answer(exception).error == recognise(exception)


NOT_REMEMBERED = {
    "long": {"sku": [ErrorDetail("x" * 5_000, "invalid")]},
    "many": {f"field_{number}": MISSING["sku"] for number in range(101)},
    "parted": {"sku": [ErrorDetail("a\0b", "invalid")]},
    "odd code": {"sku": [ErrorDetail("No.", ["invalid"])]},
    "odd name": {7: ["No."], "sku": ["No."]},
    "empty": {},
}


@pytest.mark.parametrize("errors", NOT_REMEMBERED.values(), ids=[*NOT_REMEMBERED])
def test_what_a_client_makes_as_long_as_it_likes_is_not_remembered(errors: Any) -> None:
    exception = ValidationError({})
    exception.detail = errors
    assert get_answer(exception) is not get_answer(exception)
    assert get_answer(exception).error == recognise(exception)


def test_errors_of_an_exception_with_more_in_it_are_not_remembered() -> None:
    class OwnError(ValidationError):
        pass

    late: Any = ValidationError(MISSING)
    late.wait = 3
    assert get_answer(late).error.headers == {"Retry-After": "3"}
    assert not refuse(MISSING).error.headers
    marked = ValidationError(MISSING)
    marked.status_code = 422
    assert get_answer(marked).error.status == 422
    assert refuse(MISSING).error.status == 400
    assert refuse(MISSING, OwnError) is not refuse(MISSING, OwnError)


def test_a_class_of_drf_that_is_changed_has_another_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some projects give all errors of content another status."""
    assert refuse(MISSING).error.status == 400
    monkeypatch.setattr(ValidationError, "status_code", 422)
    assert refuse(MISSING).error.status == 422


def test_errors_do_not_put_out_what_others_are_answered_with() -> None:
    known = get_answer(Gone())
    for number in range(300):
        refuse({"sku": [f"{number}"]})
    assert get_answer(Gone()) is known


def test_errors_follow_the_settings(settings: Settings) -> None:
    exception = ValidationError(MISSING)
    assert "details" not in answer(exception)
    settings.API_ERRORS = {"DETAILS": True}
    assert [detail["code"] for detail in answer(exception)["details"]] == ["required", "invalid"]
    settings.API_ERRORS = {"EXCEPTIONS": {"rest_framework.exceptions.ValidationError": "GONE"}}
    assert answer(exception)["status"] == 410


def test_how_many_were_left_out_is_said_in_the_language_of_each(settings: Settings) -> None:
    settings.API_ERRORS = {"MAX_ERRORS": 2}
    three = ValidationError({**MISSING, "name": MISSING["sku"]})
    notices = set()
    for language in ("en", "de"):
        with translation.override(language):
            notices.add(answer(three)["errors"][-1])
    assert "2 more errors were left out." in notices
    assert len(notices) == 2


def test_errors_without_a_text_are_said_in_the_language_of_each() -> None:
    blank = {"sku": [ErrorDetail(" ", "invalid")]}
    texts = set()
    for language in ("en", "de"):
        with translation.override(language):
            [text] = answer(ValidationError(blank))["errors"]
            texts.add(text)
    assert len(texts) == 2


def test_a_default_text_is_one_in_its_own_language() -> None:
    """What is said of a whole document is known by its text, a default one in one language."""
    whole = {"non_field_errors": [ErrorDetail("Invalid input.", "invalid")]}
    said = {}
    for language in ("en", "de", "en", "de"):
        with translation.override(language):
            found = answer(ValidationError(whole))["errors"]
            assert found == said.setdefault(language, found)
    assert said["de"] == ["Invalid input."] != said["en"]


def test_a_row_for_one_class_is_for_no_other(settings: Settings) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {"django_apierrors.refusals.ValidationError": "GONE"}}
    for _time in range(2):
        assert refuse(MISSING, refusals.ValidationError).error.status == 410
        assert refuse(MISSING).error.status == 400


def test_what_a_project_puts_on_a_text_is_not_kept() -> None:
    class Request:
        pass

    text: Any = ErrorDetail("On a text.", "invalid")
    text.request = Request()
    kept = weakref.ref(text.request)
    refuse({"sku": [text]}, refusals.ValidationError)
    del text
    gc.collect()
    assert kept() is None
