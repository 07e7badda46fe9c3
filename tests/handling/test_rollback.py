"""Rollback: no row more than stock DRF leaves, and a connection as usable as it leaves it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any, NamedTuple

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, connections, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, TestCase, override_settings
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from tests.models import Shelf, Thing

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db(transaction=True)]

MIDDLEWARE = "django_apierrors.middleware.APIErrorsMiddleware"
STOCK = "rest_framework.views.exception_handler"
OURS = "django_apierrors.handler.exception_handler"

HOOKS_RUN: list[str] = []


def fail_by_bug() -> None:
    """Fail as code does that has a fault."""
    raise KeyError("bug")


def fail_by_integrity() -> None:
    """Fail by a unique clash, in a block of its own as Django advises."""
    with transaction.atomic():
        Shelf.objects.create(name="before")


def fail_by_bare_integrity() -> None:
    """Fail by a unique clash, which spoils the transaction it happens in."""
    Shelf.objects.create(name="before")


def fail_by_timeout() -> None:
    """Fail as a network client does."""
    raise TimeoutError("upstream")


def fail_by_api_exception() -> None:
    """Fail as DRF would have it."""
    raise APIException("deliberate")


def fail_by_validation() -> None:
    """Fail by what the client sent."""
    raise ValidationError("wrong")


def fail_by_404() -> None:
    """Fail by Django's exception that DRF answers."""
    raise Http404


def fail_by_permission() -> None:
    """Fail by Django's other exception that DRF answers."""
    raise PermissionDenied


FAULTS: Mapping[str, Callable[[], None] | None] = {
    "bug": fail_by_bug,
    "IntegrityError": fail_by_integrity,
    "IntegrityError, bare": fail_by_bare_integrity,
    "timeout": fail_by_timeout,
    "APIException": fail_by_api_exception,
    "ValidationError": fail_by_validation,
    "Http404": fail_by_404,
    "PermissionDenied": fail_by_permission,
    "none": None,
}


def hang_on_commit() -> None:
    """Have something done at the COMMIT."""
    transaction.on_commit(lambda: HOOKS_RUN.append("hook"))


def fail_on_commit() -> None:
    """Have something fail at the COMMIT."""
    transaction.on_commit(fail_by_bug)


def leave_no_parent() -> None:
    """Write what SQLite refuses at the COMMIT alone: its foreign keys are deferred."""
    Thing.objects.create(name="orphan", shelf_id=10**6)


EXTRAS: Mapping[str, Callable[[], None] | None] = {
    "nothing": None,
    "on_commit": hang_on_commit,
    "a failing on_commit": fail_on_commit,
    "a deferred foreign key": leave_no_parent,
}


def write_and_fail(request: Request) -> Response:
    """Write a row, do the extra, fail."""
    Shelf.objects.create(name="written")
    for table, name in ((EXTRAS, "extra"), (FAULTS, "fault")):
        act = table[request.query_params[name]]
        if act is not None:
            act()
    return Response({}, status=201)


class PlainView(APIView):
    renderer_classes = [JSONRenderer]
    parser_classes = [JSONParser]
    content_negotiation_class = DefaultContentNegotiation

    def post(self, request: Request) -> Response:
        return write_and_fail(request)


class AtomicView(PlainView):
    @transaction.atomic
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return super().dispatch(request, *args, **kwargs)


class NestedView(AtomicView):
    """A block in a block, a row written in each."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with transaction.atomic():
            Shelf.objects.create(name="outer")
            response = super().dispatch(request, *args, **kwargs)
            if response.status_code < 400:
                Shelf.objects.create(name="after")
            return response


class SavepointlessView(AtomicView):
    """A block without a savepoint between two that have one."""

    @transaction.atomic
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        Shelf.objects.create(name="outer")
        with transaction.atomic(savepoint=False):
            return super().dispatch(request, *args, **kwargs)


class InnerView(PlainView):
    """A block around the method that does the work, inside the reach of DRF's handler."""

    @transaction.atomic
    def post(self, request: Request) -> Response:
        return write_and_fail(request)


class AtomicViewSet(AtomicView, ViewSet):
    def create(self, request: Request) -> Response:
        return write_and_fail(request)


@api_view(["POST"])
def write_from_function(request: Request) -> Response:
    """Write and fail, in a function."""
    return write_and_fail(request)


class Shape(NamedTuple):
    """Where the blocks stand: the view, and whether ATOMIC_REQUESTS is on."""

    target: str
    atomic_requests: bool = False


SHAPES: Mapping[str, Shape] = {
    "no block": Shape("plain"),
    "dispatch": Shape("dispatch"),
    "ATOMIC_REQUESTS": Shape("plain", True),
    "dispatch in ATOMIC_REQUESTS": Shape("dispatch", True),
    "nested": Shape("nested"),
    "nested in ATOMIC_REQUESTS": Shape("nested", True),
    "without a savepoint": Shape("savepointless"),
    "inside the method": Shape("inner"),
    "viewset": Shape("viewset"),
    "function": Shape("function"),
}

urlpatterns = [
    path("plain/", PlainView.as_view()),
    path("dispatch/", AtomicView.as_view()),
    path("nested/", NestedView.as_view()),
    path("savepointless/", SavepointlessView.as_view()),
    path("inner/", InnerView.as_view()),
    path("viewset/", AtomicViewSet.as_view({"post": "create"})),
    path("function/", transaction.atomic(write_from_function)),
]


class Outcome(NamedTuple):
    """What a request leaves: names of rows (`None`: the connection cannot be used), hooks run."""

    rows: list[str] | None
    hooks: list[str]
    open_blocks: int
    usable: bool


def clear() -> None:
    """Delete what the requests wrote."""
    HOOKS_RUN.clear()
    Thing.objects.all().delete()
    Shelf.objects.all().delete()


def ask(shape: Shape, fault: str, extra: str) -> tuple[HttpResponse, Outcome]:
    """Send the request; return its answer and what it left."""
    Shelf.objects.create(name="before")
    client = Client(raise_request_exception=False)
    blocks = len(connection.atomic_blocks)
    response = client.post(f"/{shape.target}/", query_params={"fault": fault, "extra": extra})
    try:
        names = [*Shelf.objects.values_list("name", flat=True)]
        names += Thing.objects.values_list("name", flat=True)
    except transaction.TransactionManagementError:
        rows = None
    else:
        rows = sorted(names)
    left = len(connection.atomic_blocks) - blocks
    return response, Outcome(rows, [*HOOKS_RUN], left, connection.is_usable())


def ask_in_a_test_case(shape: Shape, fault: str, extra: str) -> tuple[HttpResponse, Outcome]:
    """Do the same inside the block that a TestCase opens."""
    blocks = TestCase._enter_atomics()  # type: ignore[attr-defined]
    try:
        return ask(shape, fault, extra)
    finally:
        TestCase._rollback_atomics(blocks)  # type: ignore[attr-defined]


Ask = Callable[[Shape, str, str], tuple[HttpResponse, Outcome]]

PLACES: Mapping[str, Ask] = {"out of a TestCase": ask, "in a TestCase": ask_in_a_test_case}


# Without the middleware, and with it.
LAYERS: Mapping[str, list[str]] = {"two lines": [], "middleware": [MIDDLEWARE]}


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Shape:
    shape = SHAPES[request.param]
    # The setting is read from this very dict, which `settings` cannot reach once it is in use.
    monkeypatch.setitem(
        connections["default"].settings_dict, "ATOMIC_REQUESTS", shape.atomic_requests
    )
    return shape


def get_outcome(ask: Ask, handler: str, layers: list[str], *args: Any) -> Outcome:
    """Return what a request leaves under an exception handler and a list of middleware."""
    drf = {"EXCEPTION_HANDLER": handler, "DEFAULT_RENDERER_CLASSES": [JSONRenderer]}
    with override_settings(REST_FRAMEWORK=drf, MIDDLEWARE=layers):
        _response, outcome = ask(*args)
    clear()
    return outcome


# In one test for all combinations, since the database is emptied after each: 1,440 of them.
@pytest.mark.parametrize("fault", FAULTS)
def test_a_failure_leaves_what_it_leaves_under_stock_drf(shape: Shape, fault: str) -> None:
    expected = {}
    outcomes = {}
    for (place, ask_there), extra in product(PLACES.items(), EXTRAS):
        stock = get_outcome(ask_there, STOCK, [], shape, fault, extra)
        for name, layers in LAYERS.items():
            key = (place, extra, name)
            expected[key] = stock
            outcomes[key] = get_outcome(ask_there, OURS, layers, shape, fault, extra)
    assert outcomes == expected


@pytest.mark.parametrize("fault", ["bug", "IntegrityError", "timeout"])
def test_a_view_in_a_block_that_fails_leaves_no_row(shape: Shape, fault: str) -> None:
    rows = ["before", "written"] if shape == SHAPES["no block"] else ["before"]
    for ask_there, layers in product(PLACES.values(), LAYERS.values()):
        outcome = get_outcome(ask_there, OURS, layers, shape, fault, "on_commit")
        assert (outcome.rows, outcome.open_blocks, outcome.usable) == (rows, 0, True)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("bug", 500, "INTERNAL_ERROR"),
        ("IntegrityError", 400, "ALREADY_EXISTS"),
        ("timeout", 504, "GATEWAY_TIMEOUT"),
        ("APIException", 500, "INTERNAL_ERROR"),
        ("Http404", 404, "MISSING_RESOURCE"),
        ("PermissionDenied", 403, "ACCESS_FORBIDDEN"),
    ],
)
def test_the_client_is_told_what_happened_whatever_is_rolled_back(
    shape: Shape, fault: str, status: int, code: str
) -> None:
    for layers in LAYERS.values():
        with override_settings(MIDDLEWARE=layers):
            response, _outcome = ask(shape, fault, "nothing")
        clear()
        body = json.loads(response.content)
        assert (response.status_code, body["status"], body["code"]) == (status, status, code)


@pytest.mark.parametrize(
    ("extra", "status", "code"),
    [
        ("a failing on_commit", 500, "INTERNAL_ERROR"),
        ("a deferred foreign key", 400, "MISSING_RESOURCE"),
    ],
)
def test_a_commit_that_fails_is_answered_by_the_middleware(
    shape: Shape, extra: str, status: int, code: str
) -> None:
    with override_settings(MIDDLEWARE=[MIDDLEWARE]):
        response, _outcome = ask(shape, "none", extra)
    body = json.loads(response.content)
    assert (response.status_code, body["status"], body["code"]) == (status, status, code)


def post(view: Any, target: str = "/things/") -> HttpResponseBase:
    """Return the answer of a view to a POST that no middleware sees."""
    response: HttpResponseBase = view(APIRequestFactory().post(target))
    return response


def test_a_view_may_still_write_after_a_failure_that_it_caught_itself() -> None:
    class CarefulView(AtomicView):
        def post(self, request: Request) -> Response:
            try:
                fail_by_integrity()
            except IntegrityError:
                Shelf.objects.create(name="instead")
            return Response({}, status=201)

    Shelf.objects.create(name="before")
    assert post(CarefulView.as_view()).status_code == 201
    assert sorted(Shelf.objects.values_list("name", flat=True)) == ["before", "instead"]


@pytest.mark.parametrize("autocommit", [True, False])
def test_all_blocks_around_a_failing_view_are_rolled_back(autocommit: bool) -> None:
    # Without autocommit Django gives the outermost block a savepoint too.
    connection.set_autocommit(autocommit)
    try:
        with transaction.atomic():
            Shelf.objects.create(name="outermost")
            with transaction.atomic():
                response = post(NestedView.as_view(), "/things/?fault=bug&extra=nothing")
        if not autocommit:
            connection.commit()
    finally:
        if not autocommit:
            connection.rollback()
            connection.set_autocommit(True)
    assert response.status_code == 500
    assert [*Shelf.objects.all()] == []


def test_what_drf_answers_is_committed_by_a_block_of_the_views_own_as_under_stock_drf() -> None:
    response = post(AtomicView.as_view(), "/things/?fault=Http404&extra=nothing")
    assert response.status_code == 404
    assert [shelf.name for shelf in Shelf.objects.all()] == ["written"]
