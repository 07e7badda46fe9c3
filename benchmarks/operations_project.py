"""The API of the benchmark of operations: a task that writes down each of its runs."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from django.db import connection
from django.urls import path
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from django_apierrors.operations import AcceptedAPIView, OperationView

try:
    from django.tasks import task
except ImportError:
    from django_tasks import task

WORK_SECONDS = 0.005


class Caller(NamedTuple):
    """A caller, by key."""

    pk: str
    is_authenticated: bool = True


class HeaderAuthentication(BaseAuthentication):
    """Believes who the caller says it is."""

    def authenticate(self, request: Request) -> tuple[Caller, None] | None:
        """Return the caller that the header names."""
        key = request.headers.get("X-Caller")
        return (Caller(key), None) if key else None


@task
def record(number: int) -> int:
    """Write down that it runs, then do what takes a while."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO runs (number) VALUES (%s)", [number])
    time.sleep(WORK_SECONDS)
    return number


class NumberSerializer(serializers.Serializer[Any]):
    """The number of an operation."""

    number = serializers.IntegerField()


class Accept(AcceptedAPIView):
    """Accepts work."""

    task = record
    authentication_classes = [HeaderAuthentication]
    serializer_class = NumberSerializer


class Operation(OperationView):
    """Tells how an operation stands."""

    authentication_classes = [HeaderAuthentication]


urlpatterns = [
    path("accept", Accept.as_view()),
    path("operations/<str:handle>", Operation.as_view(), name="operation-detail"),
]
