"""Atomicity: what runs outside the transaction of a request, and what does not."""

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

from tests import tasks  # noqa: E402

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db(transaction=True)]


class DoNothing(AcceptedAPIView):
    task = tasks.do_nothing


class Archive(AcceptedMixin, APIView):
    """Accepts a PUT and a DELETE; GET tells of its transaction."""

    accepting_actions = ("put", "delete")

    def put(self, request: Request) -> Any:
        return self.accept(request, tasks.add, 1, b=2)

    def delete(self, request: Request) -> Any:
        return self.accept(request, tasks.add, 1)

    def get(self, request: Request) -> Response:
        return Response(connection.in_atomic_block)

    def post(self, request: Request) -> Response:
        Shelf.objects.create(name="lost")
        raise exceptions.ParseError


class Unlisted(AcceptedMixin, APIView):
    def put(self, request: Request) -> Any:
        return self.accept(request, tasks.do_nothing)


class InBlock(AcceptedAPIView):
    task = tasks.do_nothing

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

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(connection.in_atomic_block)


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
def api() -> Client:
    """A client that shows the body of a 500, as a server does."""
    return Client(raise_request_exception=False)


@pytest.fixture
def atomic_requests() -> Iterator[None]:
    """Open a transaction for each request, as most projects do."""
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    yield
    connection.settings_dict["ATOMIC_REQUESTS"] = False


@pytest.mark.usefixtures("atomic_requests")
@pytest.mark.parametrize(("method", "url"), [("POST", "/nothing"), ("PUT", "/archive")])
def test_an_accepting_route_runs_outside_atomic_requests(
    api: Client, method: str, url: str
) -> None:
    assert api.generic(method, url).status_code == 202


@pytest.mark.usefixtures("atomic_requests")
def test_an_accepting_action_runs_outside_atomic_requests_and_it_alone(api: Client) -> None:
    shelf = Shelf.objects.create(name="left")

    assert api.get("/shelves").json() is True
    assert api.get(f"/shelves/{shelf.pk}").json() is True
    assert api.delete(f"/shelves/{shelf.pk}").status_code == 202


@pytest.mark.usefixtures("atomic_requests")
def test_another_verb_of_an_accepting_route_leaves_nothing_behind_when_it_fails(
    api: Client,
) -> None:
    assert api.get("/archive").json() is True
    assert api.post("/archive", {}, content_type="application/json").status_code == 400
    assert not Shelf.objects.exists()


def test_no_transaction_is_opened_where_the_project_wants_none(api: Client) -> None:
    assert api.get("/archive").json() is False


@pytest.mark.usefixtures("atomic_requests")
def test_an_action_that_is_not_named_as_accepting_says_so(client: Client) -> None:
    with pytest.raises(
        ImproperlyConfigured,
        match=r"Unlisted\.put\(\) .*'put' in accepting_actions .*get_accepting_actions\(\)",
    ):
        client.put("/unlisted")
    assert not DBTaskResult.objects.exists()


def test_work_is_not_accepted_inside_a_block_of_the_views_own(client: Client) -> None:
    with pytest.raises(ImproperlyConfigured, match="inside a transaction"):
        client.post("/in-block", {}, content_type="application/json")
    assert not DBTaskResult.objects.exists()


@pytest.mark.django_db(transaction=False)
def test_the_block_of_a_test_case_is_no_transaction(api: Client) -> None:
    assert connection.in_atomic_block
    assert api.post("/nothing", {}, content_type="application/json").status_code == 202
