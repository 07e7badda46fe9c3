"""Views in one line, the signals and log records of a request, the defaults of the settings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import pytest
from django.db.models import Model
from django.dispatch import Signal
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ModelSerializer
from rest_framework.views import APIView

from django_apierrors.conf import APIErrorsSettings, Setting
from tests.models import Shelf

DEFAULTS: Mapping[str, object] = {
    name: setting.default
    for name, setting in vars(APIErrorsSettings).items()
    if isinstance(setting, Setting)
}


def subclass(base: type, **attributes: Any) -> Any:
    """Return a subclass of `base` with these attributes."""
    return type(base.__name__, (base,), attributes)


def make_serializer(model: type[Model], *fields: str, **attributes: Any) -> Any:
    """Return a serializer of these fields of `model`."""
    meta = type("Meta", (), {"model": model, "fields": fields})
    return subclass(ModelSerializer, Meta=meta, **attributes)


NameSerializer = make_serializer(Shelf, "name")


class OpenView(APIView):
    """A view without authenticators: an anonymous client gets a 403 in place of a 401."""

    authentication_classes: Any = ()


def make_view(
    respond: Callable[..., Any], base: type[APIView] = OpenView, **attributes: Any
) -> Callable[..., HttpResponseBase]:
    """Return a view that responds to GET and POST with the result of `respond(request)`.

    Data that is not a response becomes the data of one.
    """

    def handle(self: APIView, request: Request, **kwargs: Any) -> HttpResponseBase:
        data = respond(request, **kwargs)
        return data if isinstance(data, HttpResponseBase) else Response(data)

    return subclass(base, get=handle, post=handle).as_view(**attributes)


def echo(request: Request, **kwargs: Any) -> Any:
    """Return the data of a POST, the query of a GET."""
    return request.data if request.method == "POST" else dict(request.query_params)


def throw(exception: Exception | type[Exception]) -> NoReturn:
    """Raise an exception, as an expression."""
    raise exception


@contextmanager
def receive(signal: Signal) -> Iterator[list[dict[str, Any]]]:
    """Yield the list of the arguments that `signal` is sent with."""
    received: list[dict[str, Any]] = []

    def append(**arguments: Any) -> None:
        received.append(arguments)

    signal.connect(append)
    try:
        yield received
    finally:
        signal.disconnect(append)


def get_records(caplog: pytest.LogCaptureFixture, level: int) -> list[logging.LogRecord]:
    """Return the records of `level`."""
    return [record for record in caplog.records if record.levelno == level]
