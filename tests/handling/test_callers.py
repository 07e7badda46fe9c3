"""Callers: with the handler alone, an exception travels to code that may respond to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connections, transaction
from django.db.models import ProtectedError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from django.utils.decorators import sync_and_async_middleware
from pytest_django.fixtures import Settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from tests.models import Shelf

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db(transaction=True)]

APP_MIDDLEWARE = "django_apierrors.middleware.APIErrorsMiddleware"
CAUGHT = (ProtectedError, OSError)


class ImmediateResponseError(Exception):
    """An exception that a middleware is to respond to, as allauth's is."""


FAULTS: dict[str, Callable[[], Exception]] = {
    "bug": lambda: KeyError("bug"),
    "protected": lambda: ProtectedError("in use", set()),
    "timeout": TimeoutError,
    "immediate": ImmediateResponseError,
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


class CatchingView(WritingView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except CAUGHT:
            return HttpResponse(status=409)


class BareView(WritingView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except:  # noqa: E722
            return HttpResponse(status=409)


class CountingView(WritingView):
    """A view whose `except` takes nothing."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = super().dispatch(request, *args, **kwargs)
        except Exception:
            self.count = 1
            raise
        try:
            return response
        except KeyError:
            return HttpResponse(status=409)


class BrokenView(WritingView):
    """A view whose `except` names something that does not exist."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except missing_name:  # type: ignore[name-defined] # noqa: F821
            return HttpResponse(status=409)


def explain(view: Any) -> Any:
    """Decorate a view with an explanation."""

    def call(request: HttpRequest) -> HttpResponseBase:
        try:
            return view(request)  # type: ignore[no-any-return]
        except ProtectedError:
            return HttpResponse(status=409)

    return call


def make_request(request: HttpRequest, fault: str) -> HttpRequest:
    """Return a request of a batch: another one, or the batch's own."""
    if "own" not in request.GET:
        return RequestFactory().post("/", query_params={"fault": fault} if fault else {})
    request.GET = request.GET.copy()
    request.GET["fault"] = fault
    return request


def run_batch(request: HttpRequest) -> list[int]:
    """Call a view that succeeds and one that fails, each in a savepoint."""
    statuses = []
    for fault in ("", "bug"):
        try:
            with transaction.atomic():
                response = WritingView.as_view()(make_request(request, fault))
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
        views = [WritingView.as_view()(make_request(request._request, f)) for f in ("", "bug")]
        return Response([view.status_code for view in views])


def careless_batch(request: HttpRequest) -> HttpResponse:
    """Run a batch that catches nothing, in a block that no frame shows."""
    with transaction.atomic():
        views = [WritingView.as_view()(make_request(request, f)) for f in ("", "bug")]
        return JsonResponse([view.status_code for view in views], safe=False)


class AtomicView(WritingView):
    @transaction.atomic
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return super().dispatch(request, *args, **kwargs)


class WithBlockView(WritingView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with transaction.atomic():
            return super().dispatch(request, *args, **kwargs)


urlpatterns = [
    path("plain/", WritingView.as_view()),
    path("explaining/", ExplainingView.as_view()),
    path("catching/", CatchingView.as_view()),
    path("bare/", BareView.as_view()),
    path("counting/", CountingView.as_view()),
    path("broken/", BrokenView.as_view()),
    path("decorated/", explain(WritingView.as_view())),
    path("compiled/", eval("lambda view: lambda request: view(request)")(WritingView.as_view())),
    path("batch/", BatchView.as_view()),
    path("plain-batch/", batch),
    path("careless-batch/", CarelessBatchView.as_view()),
    path("careless-plain-batch/", careless_batch),
    path("atomic/", AtomicView.as_view()),
    path("with/", WithBlockView.as_view()),
]


def audit(get_response: Any) -> Any:
    """Write a row for each request, in a transaction around it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        with transaction.atomic():
            Shelf.objects.create(name="audit")
            return get_response(request)  # type: ignore[no-any-return]

    return middleware


class AnsweringMiddleware:
    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)  # type: ignore[no-any-return]

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return answer(request, exception)


def answer(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """Respond to one class of exceptions."""
    if isinstance(exception, ImmediateResponseError):
        return HttpResponse("immediate", status=302, headers={"Location": "/login/"})
    return None


@sync_and_async_middleware
def answering_middleware(get_response: Any) -> Any:
    """Respond to one class of exceptions, in the way of allauth's AccountMiddleware."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return get_response(request)  # type: ignore[no-any-return]

    middleware.process_exception = answer  # type: ignore[attr-defined]
    return middleware


@pytest.fixture(autouse=True)
def handler_alone(settings: Settings) -> None:
    settings.MIDDLEWARE = []


def send(target: str, fault: str = "", **query: str) -> HttpResponse:
    """Return the response to a POST."""
    parameters = {"fault": fault, **query} if fault else query
    client = Client(raise_request_exception=False)
    return client.post(target, query_params=parameters)  # type: ignore[return-value]


def get_rows() -> list[str]:
    """Return the names of the rows that are left, in order."""
    return sorted(Shelf.objects.values_list("name", flat=True))


def get_code(response: HttpResponse) -> Any:
    """Return the code of an error in the format."""
    return json.loads(response.content)["code"]


@pytest.mark.parametrize("name", ["explaining", "catching", "bare", "decorated"])
def test_an_exception_travels_to_an_except_around_the_view(name: str) -> None:
    assert send(f"/{name}/", "protected").status_code == 409


def test_the_response_of_an_overridden_dispatch_is_kept() -> None:
    response = send("/explaining/", "protected")
    assert json.loads(response.content) == {"reason": "A loan needs the shelf."}


@pytest.mark.parametrize("name", ["explaining", "counting", "broken", "decorated", "compiled"])
def test_an_exception_that_nothing_catches_gets_its_body(name: str) -> None:
    response = send(f"/{name}/", "bug")
    assert (response.status_code, get_code(response)) == (500, "INTERNAL_ERROR")


@pytest.mark.parametrize("middleware", [[], [APP_MIDDLEWARE]], ids=["handler", "middleware"])
@pytest.mark.parametrize("query", [{}, {"own": "1"}], ids=["other request", "same request"])
@pytest.mark.parametrize("name", ["batch", "plain-batch"])
def test_a_batch_keeps_the_rows_of_the_view_that_succeeded(
    settings: Settings, name: str, query: dict[str, str], middleware: list[str]
) -> None:
    settings.MIDDLEWARE = middleware
    response = send(f"/{name}/", **query)
    assert json.loads(response.content) == [201, 500]
    assert len(get_rows()) == 1


@pytest.mark.parametrize(
    ("name", "is_json"), [("careless-batch", True), ("careless-plain-batch", False)]
)
def test_a_batch_that_catches_nothing_fails_as_a_whole(name: str, is_json: bool) -> None:
    response = send(f"/{name}/")
    # The handler is asked again for a batch of DRF's; it is not for a plain view.
    assert (response.status_code, response["Content-Type"] == "application/json") == (500, is_json)
    assert get_rows() == []


@pytest.mark.parametrize("fault", ["bug", "timeout"])
@pytest.mark.parametrize(
    ("name", "atomic_requests", "rows"),
    [
        ("plain", False, ["audit", "{fault}"]),
        ("plain", True, ["audit"]),
        ("atomic", False, ["audit"]),
        ("atomic", True, ["audit"]),
    ],
)
def test_what_a_middleware_wrote_stays(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    atomic_requests: bool,
    rows: list[str],
    fault: str,
) -> None:
    monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", atomic_requests)
    settings.MIDDLEWARE = [f"{__name__}.audit"]
    assert get_code(send(f"/{name}/", fault)) in ("INTERNAL_ERROR", "GATEWAY_TIMEOUT")
    assert get_rows() == [row.format(fault=fault) for row in rows]


def test_under_asgi_it_is_the_same(settings: Settings) -> None:
    """A view that is not async, and its middleware, run in threads between which asgiref stands."""

    async def post(target: str, fault: str) -> HttpResponse:
        client = AsyncClient(raise_request_exception=False)
        return await client.post(target, query_params={"fault": fault})  # type: ignore[return-value]

    settings.MIDDLEWARE = [f"{__name__}.audit"]
    assert async_to_sync(post)("/explaining/", "protected").status_code == 409
    assert get_rows() == ["audit", "protected"]
    Shelf.objects.all().delete()
    assert get_code(async_to_sync(post)("/atomic/", "bug")) == "INTERNAL_ERROR"
    assert get_rows() == ["audit"]


def test_an_exception_travels_if_a_block_may_be_the_views_or_the_middlewares(
    settings: Settings,
) -> None:
    settings.MIDDLEWARE = [f"{__name__}.audit"]
    response = send("/with/", "timeout")
    assert (response.status_code, response["Content-Type"]) == (500, "text/html; charset=utf-8")
    assert get_rows() == ["audit"]


def test_outside_of_djangos_handler_all_blocks_are_the_views() -> None:
    with transaction.atomic():
        response = AtomicView.as_view()(APIRequestFactory().post("/?fault=bug"))
        assert response.status_code == 500
    assert get_rows() == []


@pytest.mark.parametrize("name", ["AnsweringMiddleware", "answering_middleware"])
def test_an_unhandled_exception_travels_to_a_process_exception(
    settings: Settings, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MIDDLEWARE = [f"{__name__}.{name}"]
    response = send("/plain/", "immediate")
    assert (response.status_code, response["Location"]) == (302, "/login/")
    assert caplog.records == []
    assert get_code(send("/plain/", "timeout")) == "GATEWAY_TIMEOUT"


def test_with_both_middleware_each_exception_has_its_response(settings: Settings) -> None:
    settings.MIDDLEWARE = [APP_MIDDLEWARE, f"{__name__}.AnsweringMiddleware"]
    assert send("/plain/", "immediate").status_code == 302
    assert get_code(send("/plain/", "bug")) == "INTERNAL_ERROR"
