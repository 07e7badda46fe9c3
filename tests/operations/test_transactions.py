"""Transactions: what runs outside `ATOMIC_REQUESTS`, and what inside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.test import Client
from django.urls import path
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from django_apierrors.operations import AcceptedAPIView, AcceptedMixin, OperationView
from django_apierrors.viewsets import ModelViewSet
from tests.models import Shelf
from tests.services import require_package

require_package("django_tasks_db")

from django_tasks_db.models import DBTaskResult  # noqa: E402

from tests.operations import tasks  # noqa: E402

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db(transaction=True)]


class DoNothing(AcceptedAPIView):
    task = tasks.do_nothing


class Archive(AcceptedMixin, APIView):
    """Accepts PUT; GET returns whether it runs in a transaction."""

    accepting_actions = ("put",)

    def put(self, request: Request) -> Any:
        return self.accept(request, tasks.do_nothing)

    def get(self, request: Request) -> Response:
        return Response(connection.in_atomic_block)

    def post(self, request: Request) -> Response:
        Shelf.objects.create(name="lost")
        raise exceptions.ParseError


class Unlisted(AcceptedMixin, APIView):
    def put(self, request: Request) -> Any:
        return self.accept(request, tasks.do_nothing)


class InBlock(DoNothing):
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        with transaction.atomic():
            return super().post(request, *args, **kwargs)


class ShelfSerializer(serializers.ModelSerializer[Shelf]):
    class Meta:
        model = Shelf
        fields = ("id", "name")


class ShelfViewSet(AcceptedMixin, ModelViewSet):
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer
    accepting_actions = ("destroy",)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return self.accept(request, tasks.do_nothing)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(connection.in_atomic_block)

    list = retrieve


router = SimpleRouter(trailing_slash=False)
router.register("shelves", ShelfViewSet)

urlpatterns = [
    *router.urls,
    path("operations/<str:handle>", OperationView.as_view(), name="operation-detail"),
    path("nothing", DoNothing.as_view()),
    path("archive", Archive.as_view()),
    path("unlisted", Unlisted.as_view()),
    path("in-block", InBlock.as_view()),
]


@pytest.fixture
def atomic_requests() -> Iterator[None]:
    """Open a transaction for each request, as most projects do."""
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    yield
    connection.settings_dict["ATOMIC_REQUESTS"] = False


@pytest.mark.usefixtures("atomic_requests")
def test_only_accepting_actions_run_outside_atomic_requests(client: Client) -> None:
    assert client.generic("POST", "/nothing").status_code == 202
    assert client.put("/archive").status_code == 202
    assert client.delete("/shelves/1").status_code == 202
    for url in ("/archive", "/shelves", "/shelves/1"):
        assert client.get(url).json() is True


@pytest.mark.usefixtures("atomic_requests")
def test_another_method_of_an_accepting_url_rolls_back_when_it_fails(client: Client) -> None:
    assert client.post("/archive", {}, content_type="application/json").status_code == 400
    assert not Shelf.objects.exists()


def test_no_transaction_is_opened_without_atomic_requests(client: Client) -> None:
    assert client.get("/archive").json() is False


@pytest.mark.usefixtures("atomic_requests")
def test_an_accepting_action_that_is_not_listed_raises(client: Client) -> None:
    with pytest.raises(
        ImproperlyConfigured,
        match=r"Unlisted\.put\(\) .*'put' in accepting_actions .*get_accepting_actions\(\)",
    ):
        client.put("/unlisted")
    assert not DBTaskResult.objects.exists()


def test_accepting_work_inside_a_block_of_the_view_raises(client: Client) -> None:
    with pytest.raises(ImproperlyConfigured, match="inside a transaction"):
        client.post("/in-block", {}, content_type="application/json")
    assert not DBTaskResult.objects.exists()


@pytest.mark.django_db(transaction=False)
def test_the_block_of_a_test_case_does_not_count(client: Client) -> None:
    assert connection.in_atomic_block
    assert client.post("/nothing", {}, content_type="application/json").status_code == 202
