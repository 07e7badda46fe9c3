"""The fuzzed project: views that call a function of the test, stock viewsets and ours."""

from __future__ import annotations

import io
import json
import logging
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, NamedTuple
from wsgiref.util import setup_testing_defaults

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.handlers.wsgi import WSGIHandler
from django.db import transaction
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
from tests.models import Parcel, Shelf, Thing, Ticket

SCHEMA = Draft202012Validator(ERROR_SCHEMA)

Act = Callable[[], Response]

# The last of these is called by the views, which run in the thread of the test.
ACTS: list[Act] = []

# The number of responses with each status.
STATUS_COUNTS: Counter[int] = Counter()

# The places that call the function: a DRF view, plain views, and a middleware.
PLACES = ("drf", "plain", "async", "middleware")


class Acting(APIView):
    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request) -> Response:
        return ACTS[-1]()


def plain(request: HttpRequest) -> Response:
    return ACTS[-1]()


async def in_async(request: HttpRequest) -> Response:
    return ACTS[-1]()


class ActingMiddleware:
    """Calls the function outside of all views."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return ACTS[-1]() if request.path == "/middleware" else self.get_response(request)


# Lookups and writes with the value of a field.
OPERATIONS: Mapping[str, Callable[[Any, Any], object]] = {
    "get": lambda field, value: field.model.objects.get(**{field.name: value}),
    "filter": lambda field, value: [*field.model.objects.filter(**{field.name: value})],
    "greater": lambda field, value: [*field.model.objects.filter(**{f"{field.name}__gt": value})],
    "in": lambda field, value: [*field.model.objects.filter(**{f"{field.name}__in": [value]})],
    "not": lambda field, value: field.model.objects.exclude(**{field.name: value}).exists(),
    "save": lambda field, value: field.model(**{field.attname: value}).save(),
    "update": lambda field, value: field.model.objects.update(**{field.attname: value}),
}
FIELDS = {
    f"{model.__name__}.{field.name}": field
    for model in (Shelf, Thing, Parcel, Ticket, User)
    for field in model._meta.concrete_fields
}

# Lookups without a field.
LOOKUPS: Mapping[str, Callable[[Any], object]] = {
    "range": lambda value: [*Thing.objects.filter(size__range=[0, value])],
    "year": lambda value: [*User.objects.filter(date_joined__year=value)],
    "pattern": lambda value: [*Shelf.objects.filter(name__regex=value)],
    "limit": lambda value: [*Shelf.objects.all()[:value]],
    "offset": lambda value: [*Shelf.objects.all()[value:]],
    "null": lambda value: Ticket(email="a", row=None, seat=value).save(),
    "bulk": lambda value: Ticket.objects.bulk_create([Ticket(email="a"), Ticket(row=value)]),
    **{
        f"{operation} {name}": partial(function, field)
        for operation, function in OPERATIONS.items()
        for name, field in FIELDS.items()
    },
}

# No client sends this value, nor most of it.
OWN_VALUE = "the-launch-date-is-not-set-in-the-settings-of-this-project"


def is_rejected(name: str) -> bool:
    """Whether `LOOKUPS[name]` rejects the project's value; text and JSON can be anything."""
    operation, _, field = name.partition(" ")
    try:
        FIELDS[field].to_python(OWN_VALUE)
    except (KeyError, ValidationError):
        # A NULL may be a value that the client has omitted.
        return name not in ("null", "pattern")
    return operation == "get"


class LookupView(APIView):
    """A view with a lookup that the URL names."""

    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request, name: str) -> Response:
        with transaction.atomic():
            LOOKUPS[name](request.data.get("value", OWN_VALUE))
            transaction.set_rollback(True)
        return Response({})


def make_serializer(of: type[Any], **fields: Any) -> type[Any]:
    """Return a serializer of all fields of a model, and of these."""
    meta = type("Meta", (), {"model": of, "fields": "__all__"})
    return type(f"{of.__name__}Serializer", (ModelSerializer,), {"Meta": meta, **fields})


# The model, its serializer, and the field of the lookup. The tags have no column.
SHELVES, PARCELS = make_serializer(Shelf), make_serializer(Parcel)
THINGS = make_serializer(Thing, tags=ListField(required=False, max_length=3))
RESOURCES: Mapping[str, tuple[type[Any], type[Any], str]] = {
    "shelves": (Shelf, SHELVES, "pk"),
    "names": (Shelf, SHELVES, "name"),
    "things": (Thing, THINGS, "pk"),
    "parcels": (Parcel, PARCELS, "pk"),
    "numbers": (Parcel, PARCELS, "number"),
}
VIEWSETS = {"ours": viewsets.ModelViewSet, "stock": stock_viewsets.ModelViewSet}


def make_router(viewset: type[Any]) -> DefaultRouter:
    """Return the URL patterns of all resources, with subclasses of a viewset."""
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
        router.register(name, type(f"{name}ViewSet", (viewset,), members), basename=name)
    return router


urlpatterns = [
    path("drf", Acting.as_view()),
    path("plain", csrf_exempt(plain)),
    path("async", csrf_exempt(in_async)),
    path("lookups/<name>", LookupView.as_view()),
    path("codes/<str:code>", plain, name="error-code"),
    *(path(f"{name}/", include(make_router(viewset).urls)) for name, viewset in VIEWSETS.items()),
]

OURS = "django_apierrors.middleware.APIErrorsMiddleware"
OTHERS = ["django.middleware.common.CommonMiddleware", f"{__name__}.ActingMiddleware"]

# The package without and with its middleware.
LAYERS: Mapping[str, list[str]] = {"handler": OTHERS, "middleware": [OURS, *OTHERS]}


class RawResponse(NamedTuple):
    """A response of the WSGI application."""

    status: int
    headers: dict[str, str]
    content: bytes


@cache
def get_application(layers: str) -> WSGIHandler:
    """Return the project with the middleware of `LAYERS[layers]`."""
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=LAYERS[layers]):
        return APIErrorsWSGIHandler()


def send(
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    layers: str = "middleware",
    **settings: Any,
) -> RawResponse:
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
            # The exception may raise when pytest shows it.
            steps = BaseException.__traceback__.__get__(exc)
            escaped = f"{type(exc).__mro__} escaped:\n{''.join(traceback.format_tb(steps))}"
    assert not escaped, escaped
    [(status, named)] = started
    response = RawResponse(int(status.split()[0]), dict(named), content)
    STATUS_COUNTS[response.status] += 1
    return response


def check_response(response: RawResponse) -> None:
    """Check that an error has a body of the package."""
    if response.status < 400:
        return
    assert response.headers["Content-Type"] == "application/json", response
    body = json.loads(response.content)
    SCHEMA.validate(body)
    assert body["status"] == response.status
    for name, value in response.headers.items():
        assert not {"\r", "\n", "\0"} & {*name, *value}, response


class FailureCounter(logging.Handler):
    """Collects the log records of the fallback body."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith("django_apierrors failed"):
            self.messages.append(self.format(record))


@contextmanager
def counted_failures() -> Iterator[list[str]]:
    """Yield the log records of the fallback body that are made in the block."""
    logger, counter = logging.getLogger("django_apierrors"), FailureCounter()
    logger.addHandler(counter)
    try:
        yield counter.messages
    finally:
        logger.removeHandler(counter)
