"""Exceptions that are recognised by the function that they were raised in."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from adrf.generics import GenericAPIView as AsyncGenericAPIView
from adrf.generics import aget_object_or_404 as adrf_aget_object_or_404
from celery import Celery
from django import shortcuts
from django.core.handlers.wsgi import WSGIHandler
from django.db import DataError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from pytest_django import Settings
from rest_framework import generics, serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from django_apierrors.catalog import CATALOG
from django_apierrors.recognition.tracebacks import LOOKUP, RAISE_SITES
from tests.models import Shelf, Thing
from tests.recognition.listeners import REPLIES, accepting, hang_up, refuse_connections
from tests.recognition.network_clients import CLIENTS, Target
from tests.recognition.support import expect, read, respond, respond_to

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db(transaction=True)]


class StockView(APIView):
    """A view with DRF's own renderer, parser and negotiation."""

    renderer_classes = [JSONRenderer]
    parser_classes = [JSONParser]
    content_negotiation_class = DefaultContentNegotiation

    def get(self, request: Request) -> Response:
        return Response({})

    def post(self, request: Request) -> Response:
        return Response(request.data)


class ShelfView(generics.RetrieveAPIView):
    queryset = Shelf.objects.all()
    serializer_class = serializers.Serializer


class ThingView(ShelfView):
    queryset = Thing.objects.all()


class ByNameView(ThingView):
    lookup_field = "name"


class ShortcutView(APIView):
    def get(self, request: Request, pk: str) -> Response:
        shortcuts.get_object_or_404(Shelf, pk=pk)
        return Response({})


class AsyncShelfView(AsyncGenericAPIView):
    queryset = Shelf.objects.all()

    async def get(self, request: Request, pk: str) -> Response:
        await self.aget_object()
        return Response({})


class AsyncShortcutView(AsyncShelfView):
    async def get(self, request: Request, pk: str) -> Response:
        await shortcuts.aget_object_or_404(Shelf, pk=pk)
        return Response({})


class DeliberateView(APIView):
    """A view that parses the key itself, and raises Http404 on purpose."""

    def get(self, request: Request, pk: str) -> Response:
        try:
            return Response({"key": int(pk)})
        except ValueError:
            raise Http404  # noqa: B904  (the context is tested)


class SuppressingView(ShelfView):
    def get_object(self) -> Shelf:
        try:
            return super().get_object()
        except Http404 as exc:
            raise exc from None


class MisusingView(APIView):
    def get(self, request: Request, pk: str) -> Response:
        shortcuts.get_object_or_404("Shelf", pk=pk)
        return Response({})


KEPT = ValueError("secret")


class KeptView(APIView):
    """A view that raises an exception object that a module keeps, inside a lookup or not."""

    def get(self, request: Request, where: str) -> Response:
        if where == "lookup":
            shortcuts.get_object_or_404(FailingQuerySet(KEPT), pk=1)
        try:
            raise KEPT
        except ValueError as exc:
            # Its frames are below the `except` clause, and belong to this raise.
            raise exc


class FailingQuerySet(QuerySet[Shelf]):
    def __init__(self, exception: BaseException) -> None:
        super().__init__(Shelf)
        self.exception = exception

    def get(self, *args: Any, **kwargs: Any) -> Shelf:
        raise self.exception from ValueError("as a driver raises it")


urlpatterns = [
    path("kept/<str:where>/", KeptView.as_view()),
    path("stock/", StockView.as_view()),
    path("int/<str:pk>/", ShelfView.as_view()),
    path("uuid/<str:pk>/", ThingView.as_view()),
    path("name/<str:name>/", ByNameView.as_view()),
    path("shortcut/<str:pk>/", ShortcutView.as_view()),
    path("async/<str:pk>/", AsyncShelfView.as_view()),
    path("async-shortcut/<str:pk>/", AsyncShortcutView.as_view()),
    path("deliberate/<str:pk>/", DeliberateView.as_view()),
    path("suppressing/<str:pk>/", SuppressingView.as_view()),
    path("misusing/<str:pk>/", MisusingView.as_view()),
]


@pytest.fixture(params=[True, False], ids=["middleware", "handler only"])
def client(request: pytest.FixtureRequest, settings: Settings) -> Client:
    if not request.param:
        settings.MIDDLEWARE = []
    return Client(raise_request_exception=False)


def test_a_lookup_distinguishes_malformed_identifiers_from_unknown_ones(client: Client) -> None:
    codes = {
        "int/no-key": "INVALID_ID",
        "int/%00": "INVALID_ID",
        "uuid/no-key": "INVALID_ID",
        "uuid/%00": "INVALID_ID",
        "shortcut/no-key": "INVALID_ID",
        "shortcut/1%00": "INVALID_ID",
        "int/7": "MISSING_RESOURCE",
        f"int/{2**70}": "MISSING_RESOURCE",
        f"int/-{2**70}": "MISSING_RESOURCE",
        f"shortcut/{2**70}": "MISSING_RESOURCE",
        "uuid/00000000-0000-4000-8000-000000000000": "MISSING_RESOURCE",
        "name/no-key": "MISSING_RESOURCE",
        "name/%00": "MISSING_RESOURCE",
        # A ValueError that was handled before the view decided on a 404.
        "deliberate/no-key": "MISSING_RESOURCE",
        "suppressing/no-key": "MISSING_RESOURCE",
        # get_object_or_404() raises this ValueError itself.
        "misusing/1": "INTERNAL_ERROR",
    }
    outcomes = {target: read(client.get(f"/{target}/")) for target in codes}
    assert outcomes == {target: expect(code) for target, code in codes.items()}


@pytest.mark.parametrize("prefix", ["async", "async-shortcut"])
@pytest.mark.parametrize(("key", "name"), [("no-key", "INVALID_ID"), ("7", "MISSING_RESOURCE")])
def test_an_async_lookup_has_the_same_error(prefix: str, key: str, name: str) -> None:
    request: Any = AsyncClient(raise_request_exception=False).get(f"/{prefix}/{key}/")
    assert read(asyncio.run(request)) == expect(name)


@pytest.mark.parametrize("cls", LOOKUP.classes)
def test_an_exception_has_another_code_inside_a_lookup(cls: type[Exception]) -> None:
    queryset = FailingQuerySet(cls("secret"))
    for function in (shortcuts.get_object_or_404, generics.get_object_or_404):
        outcome = read(respond(lambda function=function: function(queryset, pk=1)))
        assert outcome == expect("INVALID_ID")
    if issubclass(cls, (ValueError, TypeError, OverflowError)):
        assert read(respond(queryset.get)) == expect("INTERNAL_ERROR")


def test_a_data_error_outside_a_lookup_is_invalid_content_if_a_driver_raised_it() -> None:
    error = DataError("secret")
    assert read(respond_to(error)) == expect("INTERNAL_ERROR")
    error.__cause__ = ValueError("A string cannot contain NUL (0x00) characters.")
    assert read(respond_to(error)) == expect("INVALID_CONTENT")


def test_an_exception_that_a_module_keeps_has_the_frames_of_one_raise(client: Client) -> None:
    KEPT.__traceback__ = None
    places = ["lookup", "view", "lookup", "view"]
    codes = [read(client.get(f"/kept/{place}/")) for place in places]
    assert codes == [expect("INVALID_ID"), expect("INTERNAL_ERROR")] * 2


def send_accept(client: Client) -> HttpResponse:
    """Send an `Accept` that Django cannot decode."""
    return client.get("/stock/", headers={"Accept": "text/html; a*=bogus''x"})


def send_content_type(client: Client) -> HttpResponse:
    """Send a type that Django cannot decode, in the header that only DRF falls back on."""
    statuses: list[int] = []
    environ = APIRequestFactory().post("/stock/", {}, format="json").META
    del environ["CONTENT_TYPE"]
    environ["HTTP_CONTENT_TYPE"] = "application/json; a*=bogus''x"

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        statuses.append(int(status.partition(" ")[0]))

    content = b"".join(WSGIHandler()(environ, start_response))
    return HttpResponse(content, status=statuses[0])


def send_async_key(client: Client) -> HttpResponse:
    request: Any = AsyncClient(raise_request_exception=False).get("/async/no-key/")
    return asyncio.run(request)


def send_parents_key(client: Client) -> HttpResponse:
    """Send the key of a parent to a nested viewset of drf-extensions."""
    mixins = pytest.importorskip("rest_framework_extensions.mixins", reason="no drf-extensions")
    view = type(
        "NestedView",
        (mixins.NestedViewSetMixin, generics.ListAPIView),
        {"queryset": Shelf.objects.all()},
    )
    urlconf = type("urls", (), {"urlpatterns": [path("<parent_lookup_things>/", view.as_view())]})
    with override_settings(ROOT_URLCONF=urlconf):
        return client.get("/x/")


def enqueue_without_redis(client: Client) -> HttpResponse:
    """Send a task to Celery without its broker and result backend, at a privileged port."""
    url = "redis://127.0.0.1:1/0"
    app = Celery("tests", broker=url, backend=url, set_as_current=False)
    app.conf.result_backend_transport_options = {"retry_policy": {"max_retries": 0}}
    return respond(lambda: app.send_task("tests.nothing"))


class TwoAddresses(asyncio.SelectorEventLoop):
    """A loop that resolves each name to two addresses without a listener."""

    async def getaddrinfo(self, host: Any, port: Any, **kwargs: Any) -> Any:
        infos = []
        for _ in range(2):
            with refuse_connections(REPLIES["stream"]) as address:
                infos += socket.getaddrinfo(*address, type=socket.SOCK_STREAM)
        return infos


def connect(function: Callable[..., Any]) -> HttpResponse:
    with asyncio.Runner(loop_factory=TwoAddresses) as runner:
        return respond(lambda: runner.run(function("service.example", 80)))


def read_from_amqp(client: Client) -> HttpResponse:
    with accepting(hang_up)(REPLIES["amqp"]) as address:
        return respond(lambda: CLIENTS["amqp"].call(Target(*address, 10)))


PROVOKED: dict[str, Callable[[Client], HttpResponse]] = {
    "get_object_or_404": lambda client: client.get("/int/no-key/"),
    "aget_object_or_404": send_async_key,
    "filter_queryset_by_parents_lookups": send_parents_key,
    "select_renderer": send_accept,
    "select_parser": send_content_type,
    "GET": lambda client: client.get("/stock/?" + "a=1&" * 1001),
    "filter_renderers": lambda client: client.get("/stock/?format=xml"),
    "parse": lambda client: client.post("/stock/", b"[" * 200_000, "application/json"),
    "reconnect_on_error": enqueue_without_redis,
    "get_full_path_with_slash": lambda client: client.post("/stock"),
    "create_connection": lambda client: connect(asyncio.open_connection),
    "connect_tcp": lambda client: connect(anyio.connect_tcp),
    "read_frame": read_from_amqp,
}


# The facts about these requests that the messages name.
FACTS = {
    "select_renderer": "You asked for text/html; a*=bogus''x; supported: application/json.",
    "filter_renderers": "You asked for xml; supported: application/json.",
    "select_parser": "You sent application/json; a*=bogus''x; supported: application/json.",
    "get_full_path_with_slash": "The URL must end with a slash.",
}


@pytest.mark.parametrize("name", RAISE_SITES)
def test_an_exception_of_a_raise_site_has_its_code(name: str, settings: Settings) -> None:
    settings.DEBUG = name == "get_full_path_with_slash"
    response = PROVOKED[name](Client(raise_request_exception=False))
    code = RAISE_SITES[name].code
    message = f"{CATALOG[code].message} {FACTS[name]}" if name in FACTS else None
    assert read(response) == expect(code, *filter(None, [message]))


def test_a_function_of_the_same_name_in_another_module_is_not_a_raise_site() -> None:
    def parse() -> None:
        raise LookupError("secret")

    assert read(respond(parse)) == expect("INTERNAL_ERROR")


def test_an_exception_of_another_class_in_a_raise_site_is_an_internal_error() -> None:
    class Parser(JSONParser):
        def parse(self, *args: Any, **kwargs: Any) -> Any:
            raise AttributeError("secret")

    request = APIRequestFactory().post("/things/", {}, format="json")
    view = StockView.as_view(parser_classes=[Parser])
    assert read(view(request).render()) == expect("INTERNAL_ERROR")


def test_every_lookup_of_the_installed_packages_is_a_raise_site() -> None:
    functions = [
        shortcuts.get_object_or_404,
        shortcuts.aget_object_or_404,
        generics.get_object_or_404,
        adrf_aget_object_or_404,
    ]
    missing = [f for f in functions if f.__module__ not in RAISE_SITES[f.__name__].modules]
    assert missing == []
