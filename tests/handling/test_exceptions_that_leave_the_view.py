"""With the handler alone, some exceptions reach other code that may respond to them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from adrf.views import APIView as AsyncAPIView
from asgiref.sync import async_to_sync
from django.contrib.auth.mixins import UserPassesTestMixin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import ProtectedError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.test import AsyncClient, Client
from django.urls import path
from django.utils.decorators import method_decorator, sync_and_async_middleware
from django.utils.deprecation import MiddlewareMixin
from django.views.decorators.cache import never_cache
from pytest_django.fixtures import Settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.models import Shelf

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db(transaction=True)]

APP_MIDDLEWARE = "django_apierrors.middleware.APIErrorsMiddleware"
EACH_WAY = pytest.mark.parametrize(
    "middleware", [[], [APP_MIDDLEWARE]], ids=["handler", "middleware"]
)


class ImmediateResponseError(Exception):
    """An exception that a middleware has to respond to, such as allauth's."""


class OddError(OSError):
    """An exception that cannot be recognised."""

    errno = property(lambda self: [])  # type: ignore[assignment]


FAULTS: dict[str, Callable[[], Exception]] = {
    "unhandled": lambda: KeyError("unhandled"),
    "protected": lambda: ProtectedError("in use", set()),
    "timeout": TimeoutError,
    "immediate": ImmediateResponseError,
    "odd": OddError,
}


class WritingView(APIView):
    def post(self, request: Request) -> Response:
        fault = request.query_params.get("fault")
        Shelf.objects.create(name=fault or "written")
        if fault:
            raise FAULTS[fault]()
        return Response({}, status=201)


class ExplainingView(WritingView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except ProtectedError:
            return JsonResponse({"reason": "A loan needs the shelf."}, status=409)


class HandlingView(WritingView):
    def handle_exception(self, exc: Exception) -> Response:
        try:
            return super().handle_exception(exc)
        except ProtectedError:
            return Response({"reason": "A loan needs the shelf."}, status=409)


class ConvertingView(WritingView):
    def raise_uncaught_exception(self, exc: Exception) -> None:
        raise PermissionDenied from exc


class LoggingView(WritingView):
    """A view that logs each exception before DRF handles it."""

    def handle_exception(self, exc: Exception) -> Response:
        logging.getLogger("shop").info("%s", exc)
        return super().handle_exception(exc)


class AsyncView(AsyncAPIView):
    async def post(self, request: Request) -> Response:
        raise FAULTS[request.query_params["fault"]]()

    async def async_dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().async_dispatch(request, *args, **kwargs)
        except ProtectedError:
            return JsonResponse({"reason": "A loan needs the shelf."}, status=409)


class InheritingView(UserPassesTestMixin, ExplainingView):
    """A view with a `dispatch()` of Django's before the project's in its `__mro__`."""

    def test_func(self) -> bool:
        return True


class PassingView(UserPassesTestMixin, WritingView):
    """A view with a `dispatch()` of Django's alone."""

    def test_func(self) -> bool:
        return True


@method_decorator(transaction.atomic, name="dispatch")
class AtomicView(WritingView):
    """A view whose `dispatch()` is DRF's own, with a decorator."""


def set_fault(request: HttpRequest, fault: str) -> HttpRequest:
    """Return the request of a batch, for one of its views."""
    request.GET = request.GET.copy()
    request.GET["fault"] = fault
    return request


def run_batch(request: HttpRequest) -> list[int]:
    """Call a view that succeeds and one that fails, each in a savepoint."""
    statuses = []
    for fault in ("", "unhandled"):
        try:
            with transaction.atomic():
                response = WritingView.as_view()(set_fault(request, fault))
                statuses.append(response.status_code)
        except KeyError:
            statuses.append(500)
    return statuses


class BatchView(APIView):
    @transaction.atomic
    def post(self, request: Request) -> Response:
        return Response(run_batch(request._request))


@transaction.atomic
def batch(request: HttpRequest) -> HttpResponse:
    """Run the batch in a view that is not DRF's."""
    return JsonResponse(run_batch(request), safe=False)


class CarelessBatchView(APIView):
    """A batch that catches nothing."""

    @transaction.atomic
    def post(self, request: Request) -> Response:
        views = [WritingView.as_view()(set_fault(request._request, f)) for f in ("", "unhandled")]
        return Response([view.status_code for view in views])


def careless_batch(request: HttpRequest) -> HttpResponse:
    """Run a batch that catches nothing, in a block that no frame shows."""
    with transaction.atomic():
        views = [WritingView.as_view()(set_fault(request, f)) for f in ("", "unhandled")]
        return JsonResponse([view.status_code for view in views], safe=False)


urlpatterns = [
    path("plain/", WritingView.as_view()),
    path("explaining/", ExplainingView.as_view()),
    path("handling/", HandlingView.as_view()),
    path("converting/", ConvertingView.as_view()),
    path("logging/", LoggingView.as_view()),
    path("async/", AsyncView.as_view()),
    path("inheriting/", InheritingView.as_view()),
    path("passing/", PassingView.as_view()),
    path("atomic/", AtomicView.as_view()),
    path("decorated/", never_cache(WritingView.as_view())),
    path("batch/", BatchView.as_view()),
    path("plain-batch/", batch),
    path("careless-batch/", CarelessBatchView.as_view()),
    path("careless-plain-batch/", careless_batch),
]


class RespondingMiddleware:
    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)  # type: ignore[no-any-return]

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return respond(request, exception)


def respond(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """Respond to one class of exceptions."""
    if isinstance(exception, ImmediateResponseError):
        return HttpResponse("immediate", status=302, headers={"Location": "/login/"})
    return None


@sync_and_async_middleware
def responding_middleware(get_response: Any) -> Any:
    """Respond to one class of exceptions, in the way of allauth's AccountMiddleware."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return get_response(request)  # type: ignore[no-any-return]

    middleware.process_exception = respond  # type: ignore[attr-defined]
    return middleware


class BaseMiddleware(MiddlewareMixin):
    """A middleware whose instances have a `process_exception()`, and whose class does not."""

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        self.process_exception = respond


class InstanceMiddleware(BaseMiddleware):
    """A middleware whose parent sets `process_exception`."""


def set_middleware(get_response: Any) -> Any:
    """Return a middleware whose `process_exception` is set by its name."""
    middleware = MiddlewareMixin(get_response)
    setattr(middleware, "process_exception", respond)  # noqa: B010
    return middleware


@pytest.fixture(autouse=True)
def handler_alone(settings: Settings) -> None:
    settings.MIDDLEWARE = []


def send(target: str, fault: str = "") -> HttpResponse:
    """Return the response to a POST."""
    client = Client(raise_request_exception=False)
    return client.post(target, query_params={"fault": fault})  # type: ignore[return-value]


def get_code(response: HttpResponse) -> Any:
    """Return the code of an error in the format."""
    return json.loads(response.content)["code"]


@EACH_WAY
@pytest.mark.parametrize("name", ["explaining", "inheriting", "handling"])
def test_an_exception_reaches_the_projects_code_around_the_handler(
    settings: Settings, name: str, middleware: list[str]
) -> None:
    settings.MIDDLEWARE = middleware
    response = send(f"/{name}/", "protected")
    assert response.status_code == 409
    # The middleware formats the error.
    assert b"A loan needs the shelf." in response.content


@EACH_WAY
def test_an_exception_reaches_the_projects_raise_uncaught_exception(
    settings: Settings, middleware: list[str]
) -> None:
    settings.MIDDLEWARE = middleware
    for fault in ("protected", "unhandled"):
        assert send("/converting/", fault).status_code == 403


@pytest.mark.parametrize("name", ["plain", "passing", "atomic", "decorated", "logging"])
def test_other_dispatches_and_decorators_keep_the_format(name: str) -> None:
    response = send(f"/{name}/", "protected")
    assert (response.status_code, get_code(response)) == (400, "INVALID_STATE")
    assert get_code(send(f"/{name}/", "unhandled")) == "INTERNAL_ERROR"


def test_under_asgi_an_exception_reaches_it_too() -> None:
    client = AsyncClient(raise_request_exception=False)
    post = async_to_sync(client.post)
    for name in ("explaining", "handling", "async"):
        assert post(f"/{name}/", query_params={"fault": "protected"}).status_code == 409
        Shelf.objects.all().delete()
    assert post("/plain/", query_params={"fault": "protected"}).status_code == 400


@EACH_WAY
@pytest.mark.parametrize("name", ["batch", "plain-batch"])
def test_a_batch_keeps_the_row_of_the_view_that_succeeded(
    settings: Settings, name: str, middleware: list[str]
) -> None:
    settings.MIDDLEWARE = middleware
    assert json.loads(send(f"/{name}/").content) == [201, 500]
    assert [shelf.name for shelf in Shelf.objects.all()] == ["written"]


@pytest.mark.parametrize(
    ("name", "is_json"), [("careless-batch", True), ("careless-plain-batch", False)]
)
def test_a_batch_that_catches_no_exception_fails_as_a_whole(name: str, is_json: bool) -> None:
    response = send(f"/{name}/")
    # For a batch in a DRF view the handler is called again, for a batch in a plain view it is not.
    assert (response.status_code, response["Content-Type"] == "application/json") == (500, is_json)
    assert not Shelf.objects.exists()


@pytest.mark.parametrize(
    "name",
    ["RespondingMiddleware", "responding_middleware", "InstanceMiddleware", "set_middleware"],
)
def test_an_unhandled_exception_reaches_a_process_exception(
    settings: Settings, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MIDDLEWARE = [f"{__name__}.{name}"]
    response = send("/plain/", "immediate")
    assert (response.status_code, response["Location"]) == (302, "/login/")
    assert caplog.records == []
    assert get_code(send("/plain/", "timeout")) == "GATEWAY_TIMEOUT"
    assert get_code(send("/plain/", "odd")) == "INTERNAL_ERROR"


def test_with_both_middleware_each_exception_has_its_response(settings: Settings) -> None:
    settings.MIDDLEWARE = [APP_MIDDLEWARE, f"{__name__}.RespondingMiddleware"]
    assert send("/plain/", "immediate").status_code == 302
    assert get_code(send("/plain/", "unhandled")) == "INTERNAL_ERROR"
