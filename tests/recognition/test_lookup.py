"""Recognition: which error an exception becomes, by the tables and the project's settings."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import sqlite3
import weakref
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import anyio
import pytest
from adrf.generics import GenericAPIView as AsyncGenericAPIView
from adrf.generics import aget_object_or_404 as adrf_aget_object_or_404
from celery import Celery
from django import shortcuts
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.core.handlers.wsgi import WSGIHandler
from django.core.paginator import PageNotAnInteger
from django.db import DataError, IntegrityError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from pytest_django import Settings
from rest_framework import exceptions, generics, serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import InvalidToken

from django_apierrors.catalog import CATALOG, RENAMED_STATUSES
from django_apierrors.exceptions import (
    AlreadyExists,
    ContentTooLarge,
    GatewayTimeout,
    Gone,
    InvalidId,
    InvalidState,
    MethodForbidden,
    ServiceUnavailable,
)
from django_apierrors.recognition import recognise
from django_apierrors.recognition.tables import UNWRAP
from django_apierrors.recognition.tracebacks import LOOKUP, RAISE_SITES
from tests.listeners import WORDS, accepting, hang_up, refuse
from tests.models import Shelf, Thing
from tests.upstreams import CLIENTS

pytestmark = pytest.mark.urls(__name__)

INSTALLED = "django_apierrors.middleware.APIErrorsMiddleware"


def answer(exception: Exception) -> HttpResponse:
    """Return the rendered answer of a DRF view that raises, with the two lines alone."""

    class FailingView(APIView):
        def get(self, request: Request) -> Response:
            raise exception

    return FailingView.as_view()(APIRequestFactory().get("/things/")).render()


def body_of(name: str, *errors: str, status: int | None = None) -> dict[str, Any]:
    """Return the whole body of the code called `name`."""
    code = CATALOG.get(name)
    return {
        "status": status or (code.status if code else None),
        "errors": list(errors) or [str(code.message) if code else None],
        "code": 33619968 if name == "UNAUTHENTICATED" else name,
        "moreInfo": "",
    }


def read(response: HttpResponse) -> Any:
    """Return the body, once its status is that of the response."""
    body = json.loads(response.content)
    assert body["status"] == response.status_code
    return body


class StockView(APIView):
    """A view with DRF's own renderer, parser and negotiation."""

    renderer_classes = [JSONRenderer]
    parser_classes = [JSONParser]
    content_negotiation_class = DefaultContentNegotiation

    def get(self, request: Request) -> Response:
        return Response({})

    def post(self, request: Request) -> Response:
        return Response(request.data)


class FailingQuerySet(QuerySet[Shelf]):
    """A queryset whose look-up raises `fault`, as a field or a driver would."""

    fault: Exception = ValueError()

    def get(self, *args: Any, **kwargs: Any) -> Shelf:
        raise self.fault


class LookUpView(generics.RetrieveAPIView):
    """A look-up by DRF, by Django or without either, by `kind`, that raises `fault`."""

    fault: Exception = ValueError()

    def get(self, request: Request, kind: str) -> Response:
        queryset = FailingQuerySet(Shelf)
        queryset.fault = self.fault
        if kind == "django":
            shortcuts.get_object_or_404(queryset, pk=1)
        elif kind == "drf":
            generics.get_object_or_404(queryset, pk=1)
        else:
            queryset.get(pk=1)
        return Response({})


class ByIntView(generics.RetrieveAPIView):
    queryset = Shelf.objects.all()
    serializer_class = serializers.Serializer


class ByUuidView(generics.RetrieveAPIView):
    queryset = Thing.objects.all()
    serializer_class = serializers.Serializer


class BySlugView(ByUuidView):
    lookup_field = "name"


class ByDjangoView(APIView):
    def get(self, request: Request, pk: str) -> Response:
        shortcuts.get_object_or_404(Shelf, pk=pk)
        return Response({})


class AsyncByIntView(AsyncGenericAPIView):
    queryset = Shelf.objects.all()

    async def get(self, request: Request, pk: str) -> Response:
        await self.aget_object()
        return Response({})


class AsyncByDjangoView(AsyncByIntView):
    async def get(self, request: Request, pk: str) -> Response:
        await shortcuts.aget_object_or_404(Shelf, pk=pk)
        return Response({})


class DeliberateView(APIView):
    """A view that reads the key itself and says 404 on purpose."""

    def get(self, request: Request, pk: str) -> Response:
        try:
            return Response({"key": int(pk)})
        except ValueError:
            raise Http404  # noqa: B904  (the context is what is tested)


class ConcealingView(ByIntView):
    """A view that takes the reason away from the look-up's 404."""

    def get_object(self) -> Shelf:
        try:
            return super().get_object()
        except Http404 as exc:
            raise exc from None


class MisusedView(APIView):
    def get(self, request: Request) -> Response:
        shortcuts.get_object_or_404("Shelf", pk=1)
        return Response({})


# A privileged port that nobody listens on.
NO_REDIS = "redis://127.0.0.1:1/0"


class CeleryView(APIView):
    """A view whose task goes by way of a Redis that is not there."""

    def get(self, request: Request) -> None:
        """Enqueue."""
        app = Celery("tests", broker=NO_REDIS, backend=NO_REDIS, set_as_current=False)
        app.conf.result_backend_transport_options = {"retry_policy": {"max_retries": 0}}
        app.send_task("tests.nothing")


urlpatterns = [
    path("stock/", StockView.as_view()),
    path("celery/", CeleryView.as_view()),
    path("int/<str:pk>/", ByIntView.as_view()),
    path("uuid/<str:pk>/", ByUuidView.as_view()),
    path("slug/<str:name>/", BySlugView.as_view()),
    path("django/<str:pk>/", ByDjangoView.as_view()),
    path("async/<str:pk>/", AsyncByIntView.as_view()),
    path("async-django/<str:pk>/", AsyncByDjangoView.as_view()),
    path("deliberate/<str:pk>/", DeliberateView.as_view()),
    path("concealed/<str:pk>/", ConcealingView.as_view()),
    path("misused/", MisusedView.as_view()),
]


@pytest.fixture(params=["with the middleware", "two lines only"])
def client(request: pytest.FixtureRequest, settings: Settings) -> Client:
    if request.param == "two lines only":
        settings.MIDDLEWARE = []
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("exception", "name"),
    [
        (exceptions.ParseError(), "INVALID_CONTENT"),
        (exceptions.ValidationError(), "INVALID_CONTENT"),
        (exceptions.NotAuthenticated(), "UNAUTHENTICATED"),
        (exceptions.AuthenticationFailed(), "UNAUTHENTICATED"),
        (exceptions.PermissionDenied(), "ACCESS_FORBIDDEN"),
        (exceptions.NotFound(), "MISSING_RESOURCE"),
        (exceptions.MethodNotAllowed("PATCH"), "METHOD_NOT_ALLOWED"),
        (exceptions.NotAcceptable(), "UNSUPPORTED_MEDIA_TYPE"),
        (exceptions.UnsupportedMediaType("text/csv"), "UNSUPPORTED_MEDIA_TYPE"),
        (exceptions.Throttled(), "THROTTLED"),
        (exceptions.Throttled(7), "THROTTLED"),
        (exceptions.APIException(), "INTERNAL_ERROR"),
        (InvalidId(), "INVALID_ID"),
        (InvalidState(), "INVALID_STATE"),
        (AlreadyExists(), "ALREADY_EXISTS"),
        (MethodForbidden(), "METHOD_FORBIDDEN"),
        (Gone(), "GONE"),
        (ContentTooLarge(), "CONTENT_TOO_LARGE"),
        (ServiceUnavailable(), "SERVICE_UNAVAILABLE"),
        (GatewayTimeout(), "GATEWAY_TIMEOUT"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_an_exception_with_its_default_text_says_what_the_catalogue_says(
    exception: exceptions.APIException, name: str
) -> None:
    assert read(answer(exception)) == body_of(name)


def test_a_text_of_the_project_is_sent() -> None:
    assert read(answer(exceptions.NotFound("No such shelf."))) == body_of(
        "MISSING_RESOURCE", "No such shelf."
    )


def test_a_default_text_of_the_project_is_sent() -> None:
    class ShelfMissing(exceptions.NotFound):
        default_detail = "No such shelf."

    assert read(answer(ShelfMissing())) == body_of("MISSING_RESOURCE", "No such shelf.")


def test_a_subclass_without_a_text_of_its_own_says_what_the_catalogue_says() -> None:
    class ShelfMissing(exceptions.NotFound):
        pass

    assert read(answer(ShelfMissing())) == body_of("MISSING_RESOURCE")


def test_an_own_status_has_its_name_in_http() -> None:
    class Teapot(exceptions.APIException):
        status_code = 409
        default_detail = "The shelf is full."

    assert read(answer(Teapot())) == body_of("CONFLICT", "The shelf is full.", status=409)


@pytest.mark.parametrize("given", ["out-of-stock", "out_of_stock"])
def test_an_own_code_is_sent_in_capitals(given: str) -> None:
    exception = exceptions.PermissionDenied("Sold.", code=given)
    assert read(answer(exception)) == body_of("OUT_OF_STOCK", "Sold.", status=403)


def test_an_own_default_code_is_sent_in_capitals() -> None:
    class OutOfStock(exceptions.APIException):
        status_code = 400
        default_code = "out_of_stock"
        default_detail = "Sold."

    assert read(answer(OutOfStock())) == body_of("OUT_OF_STOCK", "Sold.", status=400)


def test_the_own_code_of_a_validation_error_counts_before_those_of_its_messages() -> None:
    class OutOfStock(exceptions.ValidationError):
        default_code = "out_of_stock"

    assert read(answer(OutOfStock({"size": ["Sold."]}))) == body_of(
        "OUT_OF_STOCK", "size: Sold.", status=400
    )


@pytest.mark.parametrize("code", [7, [], {}, object(), ""], ids=lambda code: type(code).__name__)
@pytest.mark.parametrize("member", ["code", "default_code"])
def test_a_code_that_is_no_text_is_passed_over(member: str, code: object) -> None:
    class Odd(exceptions.PermissionDenied):
        default_code: Any = "permission_denied" if member == "code" else code

    exception = Odd("No.", code=code if member == "code" else None)
    assert read(answer(exception)) == body_of("ACCESS_FORBIDDEN", "No.")


def test_a_validation_error_whose_code_is_no_text_keeps_its_messages() -> None:
    class Odd(exceptions.ValidationError):
        default_code: Any = ["invalid"]

    assert read(answer(Odd({"name": ["Too long."]}))) == body_of(
        "INVALID_CONTENT", "name: Too long."
    )


@pytest.mark.parametrize("status", [200, 302, 399, 600, "400", None])
def test_a_status_that_is_no_error_is_a_500(status: object) -> None:
    class Odd(exceptions.APIException):
        status_code: Any = status

    assert read(answer(Odd("Odd."))) == body_of("INTERNAL_ERROR", "Odd.")


def test_an_exception_without_a_detail_says_what_its_status_means() -> None:
    class Bare(exceptions.NotFound):
        def __init__(self) -> None:
            pass

    assert read(answer(Bare())) == body_of("MISSING_RESOURCE")


def test_a_list_of_texts_is_sent_in_its_order() -> None:
    assert read(answer(exceptions.PermissionDenied(["First.", "Second."]))) == body_of(
        "ACCESS_FORBIDDEN", "First.", "Second."
    )


def test_the_dict_of_a_jwt_library_is_one_message() -> None:
    exception = InvalidToken(
        {
            "detail": "Given token not valid for any token type",
            "messages": [{"token_class": "AccessToken", "message": "Token is expired"}],
        }
    )
    assert read(answer(exception)) == body_of(
        "UNAUTHENTICATED", "Given token not valid for any token type"
    )


def test_a_code_inside_a_dict_of_details_is_sent() -> None:
    exception = exceptions.PermissionDenied({"detail": "Sold.", "code": "out_of_stock"})
    assert read(answer(exception)) == body_of("OUT_OF_STOCK", "Sold.", status=403)


def test_validation_messages_of_one_code_have_that_code() -> None:
    exception = exceptions.ValidationError({"a": ["One."], "b": ["Two."]}, code="unique")
    assert read(answer(exception)) == body_of("ALREADY_EXISTS", "a: One.", "b: Two.")


def test_validation_messages_of_several_codes_are_invalid_content() -> None:
    detail = [
        exceptions.ErrorDetail("One.", code="unique"),
        exceptions.ErrorDetail("Two.", code="required"),
    ]
    assert read(answer(exceptions.ValidationError({"a": detail}))) == body_of(
        "INVALID_CONTENT", "a: One.", "a: Two."
    )


def test_an_api_exception_that_is_also_a_known_one_keeps_its_own_status() -> None:
    class BusyError(TimeoutError, exceptions.APIException):
        status_code = 409
        default_detail = "The shelf is busy."
        default_code = "error"

        def __init__(self) -> None:
            exceptions.APIException.__init__(self)

    assert read(answer(BusyError())) == body_of("CONFLICT", "The shelf is busy.", status=409)


@pytest.mark.parametrize(
    ("wait", "header"),
    [
        (7, "7"),
        (0.2, "1"),
        (0, "0"),
        (10**400, f"1{'0' * 400}"),
        (-1, "5"),
        (float("inf"), "5"),
        (float("nan"), "5"),
        ("soon", "5"),
        (None, "5"),
    ],
)
def test_retry_after_is_the_wait_of_the_exception_where_it_is_a_time(
    wait: object, header: str
) -> None:
    exception = ServiceUnavailable()
    exception.wait = wait  # type: ignore[assignment]
    assert answer(exception)["Retry-After"] == header


def test_a_challenge_on_the_exception_is_sent() -> None:
    exception = exceptions.NotAuthenticated()
    exception.auth_header = "Bearer"  # type: ignore[attr-defined]
    assert recognise(exception).headers == {"WWW-Authenticate": "Bearer"}


def test_an_exception_that_says_nothing_of_headers_brings_none() -> None:
    assert recognise(exceptions.NotFound()).headers == {}


class SoldError(Exception):
    """An exception of the project's."""


class SoldOutError(SoldError):
    """A child of it."""


SOLD = f"{__name__}.SoldError"


@pytest.mark.parametrize("exception", [SoldError("secret"), SoldOutError("secret")], ids=repr)
def test_a_row_of_the_project_holds_for_a_class_and_its_children(
    exception: Exception, settings: Settings
) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {SOLD: "INVALID_STATE"}}
    assert read(answer(exception)) == body_of("INVALID_STATE")


def test_the_row_of_the_nearest_class_wins(settings: Settings) -> None:
    settings.API_ERRORS = {
        "EXCEPTIONS": {SOLD: "INVALID_STATE", f"{__name__}.SoldOutError": "ALREADY_EXISTS"}
    }
    assert read(answer(SoldOutError())) == body_of("ALREADY_EXISTS")


def test_a_row_may_name_a_code_of_the_project(settings: Settings) -> None:
    settings.API_ERRORS = {
        "EXCEPTIONS": {SOLD: "OUT_OF_STOCK"},
        "CODES": {"OUT_OF_STOCK": {"status": 409, "message": "Sold."}},
    }
    assert read(answer(SoldError("secret"))) == body_of("OUT_OF_STOCK", "Sold.", status=409)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("PAYMENT_REQUIRED", 402),
        ("CONFLICT", 409),
        ("BAD_GATEWAY", 502),
        *((name, status) for status, name in RENAMED_STATUSES.items()),
    ],
)
def test_a_row_may_name_a_status_of_http(name: str, status: int, settings: Settings) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {SOLD: name}}
    text = f"{name.replace('_', ' ').capitalize()}."
    assert read(answer(SoldError("secret"))) == body_of(name, text, status=status)


@pytest.mark.parametrize("status", [s for s in HTTPStatus if s >= 400], ids=lambda s: s.name)
def test_a_name_of_http_has_a_plain_integer_as_its_status(
    status: HTTPStatus, settings: Settings
) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {SOLD: status.name}}
    assert type(recognise(SoldError()).status) is int


def test_a_row_for_an_api_exception_keeps_its_messages(settings: Settings) -> None:
    settings.API_ERRORS = {
        "EXCEPTIONS": {"rest_framework.exceptions.ParseError": "UNPROCESSABLE_CONTENT"}
    }
    assert read(answer(exceptions.ParseError("Odd."))) == body_of(
        "UNPROCESSABLE_CONTENT", "Odd.", status=422
    )


def test_none_removes_a_row(settings: Settings) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {"builtins.TimeoutError": None}}
    assert recognise(TimeoutError()).code.name == "INTERNAL_ERROR"


def test_without_its_row_a_class_follows_its_parent(settings: Settings) -> None:
    assert recognise(PageNotAnInteger()).code.name == "INVALID_CONTENT"
    settings.API_ERRORS = {"EXCEPTIONS": {"django.core.paginator.PageNotAnInteger": None}}
    assert recognise(PageNotAnInteger()).code.name == "MISSING_RESOURCE"


@pytest.mark.parametrize("name", UNWRAP)
def test_none_stops_the_look_into_a_wrapper(name: str, settings: Settings) -> None:
    inner = TimeoutError()
    wrapper = type("Wrapper", (OSError,), {"reason": inner})(inner)
    type(wrapper).__module__, _, type(wrapper).__qualname__ = name.rpartition(".")
    wrapper.__context__ = wrapper.__cause__ = inner
    assert recognise(wrapper).code.name == "GATEWAY_TIMEOUT"
    settings.API_ERRORS = {"EXCEPTIONS": {name: None}}
    assert recognise(wrapper).code.name == "INTERNAL_ERROR"


def test_the_rows_of_the_project_are_read_live() -> None:
    assert recognise(SoldError()).code.name == "INTERNAL_ERROR"
    with override_settings(API_ERRORS={"EXCEPTIONS": {SOLD: "INVALID_STATE"}}):
        assert recognise(SoldError()).code.name == "INVALID_STATE"
    assert recognise(SoldError()).code.name == "INTERNAL_ERROR"


def test_a_validation_error_of_django_names_its_fields() -> None:
    exception = ValidationError(
        {"name": ValidationError("Not %(name)s.", params={"name": "Odd"}), "__all__": "No."}
    )
    assert read(answer(exception)) == body_of("INVALID_CONTENT", "name: Not Odd.", "No.")


def test_a_unique_check_of_a_model_is_already_exists() -> None:
    exception = ValidationError({"name": ValidationError("Taken.", code="unique")})
    assert read(answer(exception)) == body_of("ALREADY_EXISTS", "name: Taken.")


@pytest.mark.django_db
@pytest.mark.parametrize("prefix", ["int", "uuid", "django"])
def test_a_malformed_identifier_is_invalid_id(client: Client, prefix: str) -> None:
    assert read(client.get(f"/{prefix}/no-key/")) == body_of("INVALID_ID")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "target",
    [
        "int/7/",
        f"int/{2**70}/",
        f"int/-{2**70}/",
        f"django/{2**70}/",
        "uuid/00000000-0000-4000-8000-000000000000/",
        "slug/no-key/",
        "slug/%00/",
        f"slug/{2**70}/",
    ],
)
def test_an_unknown_identifier_is_missing_resource(client: Client, target: str) -> None:
    assert read(client.get(f"/{target}")) == body_of("MISSING_RESOURCE")


@pytest.mark.django_db
@pytest.mark.parametrize("target", ["int/%00/", "uuid/%00/", "django/1%00/"])
def test_a_nul_in_a_number_or_uuid_is_invalid_id(client: Client, target: str) -> None:
    assert read(client.get(f"/{target}")) == body_of("INVALID_ID")


def test_a_deliberate_404_while_a_value_error_is_handled_stays_one(client: Client) -> None:
    assert read(client.get("/deliberate/no-key/")) == body_of("MISSING_RESOURCE")


@pytest.mark.django_db
def test_a_look_up_whose_reason_is_suppressed_is_missing_resource(client: Client) -> None:
    assert read(client.get("/concealed/no-key/")) == body_of("MISSING_RESOURCE")


def test_a_look_up_that_is_called_wrongly_is_a_bug(client: Client) -> None:
    body = read(client.get("/misused/"))
    assert (body["status"], body["code"]) == (500, "INTERNAL_ERROR")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("prefix", ["async", "async-django"])
@pytest.mark.parametrize(("key", "name"), [("no-key", "INVALID_ID"), ("7", "MISSING_RESOURCE")])
def test_an_async_look_up_tells_malformed_from_unknown(prefix: str, key: str, name: str) -> None:
    client = AsyncClient(raise_request_exception=False)
    response = asyncio.run(client.get(f"/{prefix}/{key}/"))
    assert read(response) == body_of(name)


@pytest.mark.parametrize("cls", LOOKUP.classes, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("kind", ["django", "drf"])
def test_what_a_look_up_raises_for_a_value_is_invalid_id(kind: str, cls: type[Exception]) -> None:
    view = LookUpView.as_view(fault=cls("secret"))
    response = view(APIRequestFactory().get("/things/"), kind=kind).render()
    assert read(response) == body_of("INVALID_ID")


@pytest.mark.parametrize("cls", [ValueError, TypeError, OverflowError])
def test_the_same_exception_outside_a_look_up_is_a_bug(cls: type[Exception]) -> None:
    view = LookUpView.as_view(fault=cls("secret"))
    response = view(APIRequestFactory().get("/things/"), kind="neither").render()
    assert read(response)["code"] == "INTERNAL_ERROR"


def test_a_data_error_outside_a_look_up_is_invalid_content() -> None:
    assert read(answer(DataError("secret"))) == body_of("INVALID_CONTENT")


def fail_by_accept(client: Client) -> HttpResponse:
    """Ask with an `Accept` that Django cannot decode."""
    return client.get("/stock/", headers={"Accept": "text/html; a*=bogus''x"})


def fail_by_content_type(client: Client) -> HttpResponse:
    """Send a type that Django cannot decode, in the header that DRF alone falls back on."""
    answered: dict[str, Any] = {}
    environ = APIRequestFactory().post("/stock/", {}, format="json").META
    del environ["CONTENT_TYPE"]
    environ["HTTP_CONTENT_TYPE"] = "application/json; a*=bogus''x"

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        answered["status"] = int(status.partition(" ")[0])

    content = b"".join(WSGIHandler()(environ, start_response))
    return HttpResponse(content, status=answered["status"])


def fail_by_format(client: Client) -> HttpResponse:
    """Ask for a format that no renderer makes."""
    return client.get("/stock/?format=xml")


def fail_by_depth(client: Client) -> HttpResponse:
    """Send a document that the stock parser gives up on."""
    return client.post("/stock/", b"[" * 200_000, content_type="application/json")


def fail_by_slash(client: Client) -> HttpResponse:
    """Send an unsafe method to a URL without its slash, under DEBUG."""
    return client.post("/stock")


def fail_by_key(client: Client) -> HttpResponse:
    """Ask for a key that is no number."""
    return client.get("/int/no-key/")


def fail_by_async_key(client: Client) -> HttpResponse:
    """Ask an async view for a key that is no number."""
    request = AsyncClient(raise_request_exception=False).get("/async/no-key/")
    return asyncio.run(request)  # type: ignore[arg-type]


def fail_by_celery(client: Client) -> HttpResponse:
    """Hand a task to Celery, whose store of results is gone."""
    return client.get("/celery/")


class TwoAddresses(asyncio.SelectorEventLoop):
    """A loop that resolves each name to two addresses, neither of which anyone listens at."""

    async def getaddrinfo(self, host: Any, port: Any, **kwargs: Any) -> Any:
        found = [socket.getaddrinfo(*get_refused(), type=socket.SOCK_STREAM) for _ in range(2)]
        return [info for infos in found for info in infos]


def get_refused() -> tuple[str, int]:
    """Return an address that nobody listens at."""
    with refuse(WORDS["stream"]) as address:
        return address


def answer_failure(fail: Callable[[], object]) -> HttpResponse:
    """Return the answer of a DRF view to what `fail` raises."""
    try:
        return HttpResponse(repr(fail()))
    except Exception as exc:
        return answer(exc)


def fail_by_addresses(client: Client) -> HttpResponse:
    """Connect to a name, none of whose addresses answers."""

    def fail() -> None:
        with asyncio.Runner(loop_factory=TwoAddresses) as runner:
            runner.run(asyncio.open_connection("service.example", 80))

    return answer_failure(fail)


def fail_by_addresses_of_anyio(client: Client) -> HttpResponse:
    """Connect to such a name with anyio."""

    def fail() -> None:
        with asyncio.Runner(loop_factory=TwoAddresses) as runner:
            runner.run(anyio.connect_tcp("service.example", 80))

    return answer_failure(fail)


def fail_by_broker(client: Client) -> HttpResponse:
    """Have a broker hang up."""
    with accepting(hang_up)(WORDS["amqp"]) as address:
        return answer_failure(lambda: CLIENTS["amqp"].call(*address, 10))


WAYS: Mapping[str, Callable[[Client], HttpResponse]] = {
    "get_object_or_404": fail_by_key,
    "aget_object_or_404": fail_by_async_key,
    "select_renderer": fail_by_accept,
    "select_parser": fail_by_content_type,
    "filter_renderers": fail_by_format,
    "parse": fail_by_depth,
    "reconnect_on_error": fail_by_celery,
    "get_full_path_with_slash": fail_by_slash,
    "create_connection": fail_by_addresses,
    "connect_tcp": fail_by_addresses_of_anyio,
    "read_frame": fail_by_broker,
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("function", RAISE_SITES)
def test_an_exception_that_went_through_a_passage_has_its_code(
    function: str, settings: Settings
) -> None:
    settings.DEBUG = function == "get_full_path_with_slash"
    response = WAYS[function](Client(raise_request_exception=False))
    assert read(response) == body_of(RAISE_SITES[function].code)


def test_a_function_of_the_same_name_elsewhere_is_no_passage() -> None:
    def parse() -> None:
        raise LookupError("secret")

    class ParsingView(APIView):
        def get(self, request: Request) -> Response:
            parse()
            return Response({})

    response = ParsingView.as_view()(APIRequestFactory().get("/things/")).render()
    assert read(response)["code"] == "INTERNAL_ERROR"


def test_another_exception_in_a_passage_is_what_it_is() -> None:
    class Parser(JSONParser):
        def parse(self, *args: Any, **kwargs: Any) -> Any:
            raise SoldError("secret")

    class ParsingView(APIView):
        parser_classes = [Parser]

        def post(self, request: Request) -> Response:
            return Response(request.data)

    request = APIRequestFactory().post("/things/", {}, format="json")
    assert read(ParsingView.as_view()(request).render())["code"] == "INTERNAL_ERROR"


def test_every_look_up_of_the_installed_packages_is_a_passage() -> None:
    functions = [
        shortcuts.get_object_or_404,
        shortcuts.aget_object_or_404,
        generics.get_object_or_404,
        adrf_aget_object_or_404,
    ]
    for function in functions:
        assert function.__module__ in RAISE_SITES[function.__name__].modules


def test_a_group_whose_leaves_agree_is_what_they_are() -> None:
    group = ExceptionGroup("secret", [TimeoutError(), ExceptionGroup("", [TimeoutError()])])
    assert read(answer(group)) == body_of("GATEWAY_TIMEOUT")


def test_a_group_whose_leaves_disagree_is_a_bug() -> None:
    group = ExceptionGroup("secret", [TimeoutError(), ConnectionRefusedError()])
    assert read(answer(group))["code"] == "INTERNAL_ERROR"


def test_a_group_with_one_bug_is_a_bug() -> None:
    group = ExceptionGroup("secret", [TimeoutError(), KeyError("x")])
    assert read(answer(group))["code"] == "INTERNAL_ERROR"


def test_a_group_of_bugs_is_a_bug() -> None:
    assert read(answer(ExceptionGroup("secret", [KeyError("x")])))["code"] == "INTERNAL_ERROR"


def test_a_group_of_drfs_exceptions_is_what_they_are() -> None:
    group = ExceptionGroup("secret", [exceptions.NotFound(), Http404()])
    assert read(answer(group)) == body_of("MISSING_RESOURCE")


def test_a_row_of_the_project_counts_before_the_leaves(settings: Settings) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {"builtins.ExceptionGroup": "INVALID_STATE"}}
    assert read(answer(ExceptionGroup("secret", [TimeoutError()]))) == body_of("INVALID_STATE")


def test_classes_made_for_every_call_are_not_kept() -> None:
    made = [weakref.ref(type(f"Made{number}", (Exception,), {})) for number in range(5_000)]
    for number in range(5_000):
        cls = type(f"Made{number}", (Exception,), {})
        made.append(weakref.ref(cls))
        recognise(cls())
    del cls
    gc.collect()
    assert sum(ref() is not None for ref in made) <= 512


def test_a_class_without_a_hash_is_recognised_all_the_same() -> None:
    class Unhashable(type):
        def __eq__(cls, other: object) -> bool:
            return cls is other

        __hash__ = None  # type: ignore[assignment]

    class OddError(TimeoutError, metaclass=Unhashable):
        pass

    assert read(answer(OddError("secret"))) == body_of("GATEWAY_TIMEOUT")


@pytest.mark.parametrize(
    ("exception", "name"),
    [
        (Thing.DoesNotExist("secret"), "MISSING_RESOURCE"),
        (ObjectDoesNotExist("secret"), "MISSING_RESOURCE"),
        (Http404("secret"), "MISSING_RESOURCE"),
        (PermissionDenied("secret"), "ACCESS_FORBIDDEN"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__qualname__,
)
def test_the_text_of_an_exception_of_django_is_not_sent(exception: Exception, name: str) -> None:
    assert read(answer(exception)) == body_of(name)


def test_a_bug_is_an_internal_error() -> None:
    assert recognise(KeyError("secret")).get_body() == body_of("INTERNAL_ERROR")


def test_none_stops_what_the_driver_says_too(settings: Settings) -> None:
    exception = IntegrityError()
    exception.__cause__ = sqlite3.IntegrityError()
    exception.__cause__.sqlite_errorname = "SQLITE_CONSTRAINT_UNIQUE"
    assert recognise(exception).code.name == "ALREADY_EXISTS"

    settings.API_ERRORS = {"EXCEPTIONS": {"django.db.utils.IntegrityError": None}}
    assert recognise(exception).code.name == "INTERNAL_ERROR"


def test_a_group_has_the_messages_of_all_its_members() -> None:
    group = ExceptionGroup(
        "secret", [exceptions.ValidationError("One."), exceptions.ValidationError("Two.")]
    )
    assert recognise(group).get_messages() == ["One.", "Two."]
