"""Rollback: a view that fails leaves the rows, and the connection, that it leaves in stock DRF."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, TestCase, override_settings
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from tests.models import Shelf, Thing

atomic = transaction.atomic

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db(transaction=True)]

STOCK = "rest_framework.views.exception_handler"
OURS = "django_apierrors.handler.exception_handler"
MIDDLEWARE = ["django_apierrors.middleware.APIErrorsMiddleware"]

HOOKS_RUN: list[str] = []


def add_hook() -> None:
    """Have a function called at the COMMIT."""
    transaction.on_commit(lambda: HOOKS_RUN.append("hook"))


def fail(error: type[Exception]) -> None:
    """Raise an exception, after which a hook may not run."""
    add_hook()
    raise error


def break_constraint() -> None:
    """Break a unique constraint in a block, as Django's documentation recommends."""
    add_hook()
    with transaction.atomic():
        Shelf.objects.create(name="before")


def write_without_parent(error: type[Exception] | None = None) -> None:
    """Write a row that SQLite rejects at the COMMIT: its foreign keys are deferred."""
    Thing.objects.create(name="orphan", shelf_id=10**6)
    if error is not None:
        raise error


class Fault(NamedTuple):
    """How a view ends, and the response to it, unless that depends on the blocks."""

    run: Callable[[], object]
    status: int | None = None
    code: str | None = None
    # Only the middleware can catch the exception of a COMMIT, which a TestCase does not run.
    is_at_commit: bool = False


FAULTS: Mapping[str, Fault] = {
    "unhandled": Fault(partial(fail, KeyError), 500, "INTERNAL_ERROR"),
    "constraint": Fault(break_constraint, 400, "ALREADY_EXISTS"),
    # The transaction around it cannot be used afterwards.
    "constraint-bare": Fault(lambda: Shelf.objects.create(name="before"), 400, "ALREADY_EXISTS"),
    "404": Fault(partial(fail, Http404), 404, "MISSING_RESOURCE"),
    "404-orphan": Fault(partial(write_without_parent, Http404)),
    "orphan": Fault(write_without_parent, 400, "MISSING_RESOURCE", is_at_commit=True),
    "hook": Fault(
        lambda: transaction.on_commit(partial(fail, KeyError)),
        *(500, "INTERNAL_ERROR"),
        is_at_commit=True,
    ),
    "none": Fault(add_hook, 201),
}


def write_and_fail(request: Request) -> Response:
    """Write a row and fail."""
    Shelf.objects.create(name="written")
    FAULTS[request.query_params["fault"]].run()
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
    """A block around the method, inside the reach of DRF's handler."""

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
    """The places of the blocks: the view, and whether ATOMIC_REQUESTS is on."""

    url: str
    atomic_requests: bool = False
    # Without the middleware an exception reaches a dispatch() of the project.
    is_dispatch: bool = False


SHAPES: Mapping[str, Shape] = {
    "no block": Shape("plain"),
    "dispatch": Shape("dispatch", is_dispatch=True),
    "ATOMIC_REQUESTS": Shape("plain", True),
    "dispatch in ATOMIC_REQUESTS": Shape("dispatch", True, is_dispatch=True),
    "nested": Shape("nested", is_dispatch=True),
    "nested in ATOMIC_REQUESTS": Shape("nested", True, is_dispatch=True),
    "without a savepoint": Shape("savepointless", is_dispatch=True),
    "inside the method": Shape("inner"),
    "viewset": Shape("viewset", is_dispatch=True),
    "function": Shape("function"),
    "decorated in ATOMIC_REQUESTS": Shape("decorated", True),
    "decorated without a savepoint": Shape("decorated"),
}


class Callback:
    """A callback of a URLconf that has no hash."""

    __hash__ = None  # type: ignore[assignment]
    cls = PlainView

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with transaction.atomic():
            return PlainView.as_view()(request)  # type: ignore[no-any-return]


urlpatterns = [
    path("plain/", PlainView.as_view()),
    path("dispatch/", AtomicView.as_view()),
    path("nested/", NestedView.as_view()),
    path("savepointless/", SavepointlessView.as_view()),
    path("inner/", InnerView.as_view()),
    path("viewset/", AtomicViewSet.as_view({"post": "create"})),
    path("function/", transaction.atomic(write_from_function)),
    path("callback/", Callback()),
    # A block without a savepoint between two that have one.
    path("decorated/", atomic(atomic(savepoint=False)(atomic(PlainView.as_view())))),
]


class Outcome(NamedTuple):
    """The traces of a request: names of rows (`None`: the connection cannot be used), hooks run."""

    rows: list[str] | None
    hooks: list[str]
    open_blocks: int
    is_usable: bool


def send(shape: Shape, fault: str) -> tuple[HttpResponse, Outcome]:
    """Send the request; return its response and its outcome in the database."""
    HOOKS_RUN.clear()
    Shelf.objects.create(name="before")
    client = Client(raise_request_exception=False)
    blocks = len(connection.atomic_blocks)
    # The client sends a foreign key of no row.
    query = {"fault": fault, "shelf": str(10**6)}
    response = client.post(f"/{shape.url}/", query_params=query)
    try:
        names = [*Shelf.objects.values_list("name", flat=True)]
        names += Thing.objects.values_list("name", flat=True)
    except transaction.TransactionManagementError:
        rows = None
    else:
        rows = sorted(names)
    left = len(connection.atomic_blocks) - blocks
    return response, Outcome(rows, [*HOOKS_RUN], left, connection.is_usable())


def send_in_test_case(shape: Shape, fault: str) -> tuple[HttpResponse, Outcome]:
    """Send the request inside the block that a TestCase opens."""
    blocks = TestCase._enter_atomics()  # type: ignore[attr-defined]
    try:
        return send(shape, fault)
    finally:
        TestCase._rollback_atomics(blocks)  # type: ignore[attr-defined]


def run(send: Any, handler: str, middleware: list[str], shape: Shape, fault: str) -> Any:
    """Return the response and the outcome of the request, and delete the rows."""
    drf = {"EXCEPTION_HANDLER": handler, "DEFAULT_RENDERER_CLASSES": [JSONRenderer]}
    with override_settings(REST_FRAMEWORK=drf, MIDDLEWARE=middleware):
        outcome = send(shape, fault)
    Thing.objects.all().delete()
    Shelf.objects.all().delete()
    return outcome


# Who rolls back depends on the pair: the shape has the blocks, the fault decides who responds. All
# faults are in one test, because the database is emptied after each test.
@pytest.mark.parametrize("name", SHAPES)
def test_a_failure_leaves_the_same_rows_as_in_stock_drf(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    shape = SHAPES[name]
    # The setting is read from this dict, which `settings` cannot reach once it is in use.
    monkeypatch.setitem(
        connections["default"].settings_dict, "ATOMIC_REQUESTS", shape.atomic_requests
    )
    for (key, fault), place in product(FAULTS.items(), (send, send_in_test_case)):
        _response, expected = run(place, STOCK, [], shape, key)
        for middleware in ([], MIDDLEWARE):
            response, outcome = run(place, OURS, middleware, shape, key)
            assert outcome == expected
            leaves_view = not middleware and shape.is_dispatch and key != "404"
            is_ours = not fault.is_at_commit or (middleware and place is send)
            if fault.status and is_ours and not leaves_view:
                code = json.loads(response.content).get("code")
                assert (response.status_code, code) == (fault.status, fault.code)
            if key == "unhandled":
                rows = ["before", "written"] if name == "no block" else ["before"]
                assert outcome == Outcome(rows, outcome.hooks, 0, True)


def post(view: Any, fault: str) -> HttpResponseBase:
    """Return the response of a view to a POST that no middleware sees."""
    response: HttpResponseBase = view(APIRequestFactory().post(f"/things/?fault={fault}"))
    return response


def test_a_view_may_still_write_after_an_exception_that_it_caught() -> None:
    class CarefulView(AtomicView):
        def post(self, request: Request) -> Response:
            try:
                break_constraint()
            except IntegrityError:
                Shelf.objects.create(name="instead")
            return Response({}, status=201)

    Shelf.objects.create(name="before")
    assert post(CarefulView.as_view(), "none").status_code == 201
    assert sorted(Shelf.objects.values_list("name", flat=True)) == ["before", "instead"]


def audit_requests(get_response: Any) -> Any:
    """Open a block around each request, as a middleware of a project does."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        with transaction.atomic():
            Shelf.objects.create(name="audit")
            return get_response(request)  # type: ignore[no-any-return]

    return middleware


# All shapes without a `dispatch()` of the project, to which an exception leaves_view in any case.
@pytest.mark.parametrize("name", [name for name in SHAPES if not SHAPES[name].is_dispatch])
@pytest.mark.parametrize("fault", ["unhandled", "constraint", "404", "none"])
def test_the_writes_of_a_middleware_remain_as_in_stock_drf(
    monkeypatch: pytest.MonkeyPatch, name: str, fault: str
) -> None:
    atomic_requests = SHAPES[name].atomic_requests
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic_requests)
    middleware = [f"{__name__}.audit_requests"]
    _response, expected = run(send, STOCK, middleware, SHAPES[name], fault)
    assert "audit" in (expected.rows or ())
    for ours in ([], MIDDLEWARE):
        assert run(send, OURS, [*ours, *middleware], SHAPES[name], fault)[1] == expected


def test_a_block_that_no_decorator_opened_lets_the_exception_leave_the_view(settings: Any) -> None:
    settings.MIDDLEWARE = []
    with pytest.raises(KeyError):
        Client().post("/callback/?fault=unhandled")
    assert not Shelf.objects.exists()
    with transaction.atomic(), pytest.raises(KeyError):
        post(PlainView.as_view(), "unhandled")
    assert [shelf.name for shelf in Shelf.objects.all()] == ["written"]


@pytest.mark.parametrize("autocommit", [True, False])
def test_all_blocks_of_a_failing_view_are_rolled_back(autocommit: bool) -> None:
    # Without autocommit Django gives the outermost block a savepoint too.
    connection.set_autocommit(autocommit)
    try:
        response = Client(raise_request_exception=False).post("/decorated/?fault=unhandled")
        if not autocommit:
            connection.commit()
    finally:
        if not autocommit:
            connection.rollback()
            connection.set_autocommit(True)
    assert response.json()["code"] == "INTERNAL_ERROR"
    assert [*Shelf.objects.all()] == []


def test_the_writes_before_a_404_are_committed_by_a_views_own_block_as_in_stock_drf() -> None:
    response = post(AtomicView.as_view(), "404")
    assert response.status_code == 404
    assert [shelf.name for shelf in Shelf.objects.all()] == ["written"]
