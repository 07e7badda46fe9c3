"""The project that is fuzzed: views that do as they are told, stock ones and ours, and its door."""

from __future__ import annotations

import io
import json
import logging
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple
from wsgiref.util import setup_testing_defaults

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from jsonschema import Draft202012Validator
from rest_framework import viewsets as stock_viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.serializers import ListField, ModelSerializer
from rest_framework.views import APIView

from django_apierrors import viewsets
from django_apierrors.testing import ERROR_SCHEMA
from django_apierrors.wsgi import APIErrorsWSGIHandler
from tests.models import Parcel, Shelf, Thing

SCHEMA = Draft202012Validator(ERROR_SCHEMA)

Act = Callable[[], Response]

# What the views do next; the client and they share a thread.
ACTS: list[Act] = []

# The answers that there were, by status.
ANSWERS: Counter[int] = Counter()

# Where an act can be done: in a DRF view, in plain ones, and outside of all views.
PLACES = ("drf", "plain", "async", "middleware")


class Acting(APIView):
    """Does what it is told."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request) -> Response:
        """Do it."""
        return ACTS[-1]()


def plain(request: HttpRequest) -> Response:
    """Do it outside of DRF."""
    return ACTS[-1]()


async def in_async(request: HttpRequest) -> Response:
    """Do it in an async view."""
    return ACTS[-1]()


class ActingMiddleware:
    """Does it outside of all views."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Take the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer `request`."""
        return ACTS[-1]() if request.path == "/middleware" else self.get_response(request)


class ShelfSerializer(ModelSerializer):
    """A shelf."""

    class Meta:
        model = Shelf
        fields = "__all__"


class ThingSerializer(ModelSerializer):
    """A thing, with what no column holds."""

    tags = ListField(required=False, max_length=3)

    class Meta:
        model = Thing
        fields = "__all__"


class ParcelSerializer(ModelSerializer):
    """A parcel, and keys of other resources."""

    class Meta:
        model = Parcel
        fields = "__all__"


RESOURCES: Mapping[str, tuple[type[Any], type[Any], str]] = {
    "shelves": (Shelf, ShelfSerializer, "pk"),
    "names": (Shelf, ShelfSerializer, "name"),
    "things": (Thing, ThingSerializer, "pk"),
    "parcels": (Parcel, ParcelSerializer, "pk"),
    "numbers": (Parcel, ParcelSerializer, "number"),
}
CATEGORIES = {"ours": viewsets.ModelViewSet, "stock": stock_viewsets.ModelViewSet}


def make_router(kind: type[Any]) -> DefaultRouter:
    """Return the routes of all resources, by viewsets of one kind."""
    router = DefaultRouter(trailing_slash=False)
    router.include_root_view = False
    for name, (model, serializer, lookup) in RESOURCES.items():
        members = {
            "queryset": model.objects.order_by("pk"),
            "serializer_class": serializer,
            "lookup_field": lookup,
            "lookup_value_regex": ".+",
            "authentication_classes": (),
        }
        router.register(name, type(f"{name}ViewSet", (kind,), members), basename=name)
    return router


urlpatterns = [
    path("drf", Acting.as_view()),
    path("plain", csrf_exempt(plain)),
    path("async", csrf_exempt(in_async)),
    path("codes/<str:code>", plain, name="error-code"),
    *(path(f"{name}/", include(make_router(kind).urls)) for name, kind in CATEGORIES.items()),
]

OURS = "django_apierrors.middleware.APIErrorsMiddleware"
OTHERS = ["django.middleware.common.CommonMiddleware", f"{__name__}.ActingMiddleware"]

# The handler alone, and the middleware around it.
LAYERS: Mapping[str, list[str]] = {"handler": OTHERS, "middleware": [OURS, *OTHERS]}


class Answer(NamedTuple):
    """What came through the door."""

    status: int
    headers: dict[str, str]
    content: bytes


@cache
def get_application(layers: str) -> WSGIHandler:
    """Return the project with the middleware of `LAYERS[layers]`."""
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=LAYERS[layers]):
        return APIErrorsWSGIHandler()


def ask(
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    layers: str = "middleware",
    **settings: Any,
) -> Answer:
    """Send a request through the WSGI door and return the answer."""
    url, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": url,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **headers,
    }
    setup_testing_defaults(environ)
    started: list[tuple[str, list[tuple[str, str]]]] = []
    escaped, content = "", b""
    with override_settings(ROOT_URLCONF=__name__, API_ERRORS={"PATHS": ["/"], **settings}):
        try:
            response = get_application(layers)(environ, lambda *args: started.append(args))
            content = b"".join(response)
            response.close()
        except Exception as exc:
            # What was raised may be more than pytest can show.
            steps = BaseException.__traceback__.__get__(exc)
            escaped = f"{type(exc).__mro__} escaped:\n{''.join(traceback.format_tb(steps))}"
    assert not escaped, escaped
    [(status, named)] = started
    answer = Answer(int(status.split()[0]), dict(named), content)
    ANSWERS[answer.status] += 1
    return answer


def check(answer: Answer) -> None:
    """Hold an answer, where it is an error, to be a body of ours."""
    if answer.status < 400:
        return
    assert answer.headers["Content-Type"] == "application/json", answer
    body = json.loads(answer.content)
    SCHEMA.validate(body)
    assert body["status"] == answer.status
    for name, value in answer.headers.items():
        assert not {"\r", "\n", "\0"} & {*name, *value}, answer


class FailureCounter(logging.Handler):
    """Counts how often the error path failed and was saved by its last resort."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Count."""
        if record.getMessage().startswith("django_apierrors failed"):
            self.messages.append(self.format(record))


@contextmanager
def counted_failures() -> Iterator[list[str]]:
    """Give the log records about failures of the error path that come within."""
    logger, counter = logging.getLogger("django_apierrors"), FailureCounter()
    logger.addHandler(counter)
    try:
        yield counter.messages
    finally:
        logger.removeHandler(counter)
