"""Operations in one process: the accepting views, their transactions, the body of an operation.

The task backend stores tasks in the test's own database. `test_task_backends.py` runs each task
backend with a server and workers of its own.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.test import Client
from django.urls import include, path, reverse
from pytest_django.fixtures import Settings
from rest_framework import exceptions, serializers, versioning
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from django_apierrors.operations import AcceptedAPIView, AcceptedMixin, OperationView
from django_apierrors.operations.handles import make_handle, read_handle
from django_apierrors.operations.status import find_error
from django_apierrors.viewsets import ModelViewSet
from tests.bodies import body
from tests.models import Shelf
from tests.services import require_package

require_package("django_tasks_db")

from django_tasks_db.management.commands.db_worker import Worker  # noqa: E402
from django_tasks_db.models import DBTaskResult  # noqa: E402

from tests.operations import live_urls, tasks  # noqa: E402
from tests.operations.live_urls import Accept, Operation  # noqa: E402

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db(transaction=True)]


class EchoSerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    price = serializers.DecimalField(max_digits=8, decimal_places=2)
    key = serializers.UUIDField()
    shelf = serializers.PrimaryKeyRelatedField(queryset=Shelf.objects.all())


class NameSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()


class LaxFloatField(serializers.FloatField):
    """A FloatField as in DRF before 3.18.3, which accepts NaN."""

    def to_internal_value(self, data: Any) -> float:
        return float(data)


class NumbersSerializer(serializers.Serializer[Any]):
    x = LaxFloatField()
    ys = serializers.ListField(child=LaxFloatField())
    data = serializers.JSONField()


class Numbers(AcceptedAPIView):
    task = tasks.echo
    serializer_class = NumbersSerializer


class Echo(AcceptedAPIView):
    task = tasks.echo
    serializer_class = EchoSerializer


class DoNothing(AcceptedAPIView):
    task = tasks.do_nothing


class MakeShelf(AcceptedAPIView):
    task = tasks.make_shelf
    serializer_class = NameSerializer
    operation_view_name = "shelf-operation"
    operation_url_kwarg = "receipt"


class Rows(AcceptedAPIView):
    task = tasks.echo
    serializer_class = NameSerializer

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        return super().get_serializer(*args, many=True, **kwargs)


class WholeRows(Rows):
    def get_task_kwargs(self, serializer: Any) -> dict[str, Any]:
        return {"rows": serializer.validated_data}


class Taskless(AcceptedAPIView):
    pass


class Misnamed(AcceptedAPIView):
    task = tasks.misnamed


class Lost(AcceptedAPIView):
    task = tasks.do_nothing
    operation_view_name = "nowhere"


class InBlock(DoNothing):
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        with transaction.atomic():
            return super().post(request, *args, **kwargs)


class Unlisted(AcceptedMixin, APIView):
    def put(self, request: Request) -> Any:
        return self.accept(request, tasks.add, 1, b=2)


class Sum(Unlisted):
    """Accepts PUT; GET returns whether it runs in a transaction."""

    accepting_actions = ("put",)

    def get(self, request: Request) -> Response:
        return Response(connection.in_atomic_block)

    def post(self, request: Request) -> Response:
        Shelf.objects.create(name="lost")
        raise exceptions.ParseError


class ShelfSerializer(serializers.ModelSerializer[Shelf]):
    class Meta:
        model = Shelf
        fields = ("id", "name")


class ShelfViewSet(AcceptedMixin, ModelViewSet):
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer
    accepting_actions = ("destroy",)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return self.accept(request, tasks.echo, shelf=self.get_object())

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(connection.in_atomic_block)


class ShelfOperation(OperationView):
    lookup_url_kwarg = "receipt"
    operation_view_name = "shelf-operation"

    def get_result_url(self, result: Any) -> str:
        return reverse("shelf-detail", kwargs={"pk": result.return_value})


class Versioned(DoNothing):
    versioning_class = versioning.QueryParameterVersioning


router = SimpleRouter(trailing_slash=False)
router.register("shelves", ShelfViewSet)

tenant = (
    [
        path("nothing", DoNothing.as_view()),
        path("operations/<str:handle>", Operation.as_view(), name="operation-detail"),
    ],
    "tenant",
)

urlpatterns = [
    *live_urls.urlpatterns,
    *router.urls,
    path("accept/<str:name>/<str:backend>", Accept.as_view()),
    path("receipts/<str:receipt>", ShelfOperation.as_view(), name="shelf-operation"),
    path("tenants/<str:tenant>/", include(tenant)),
    path("echo", Echo.as_view()),
    path("numbers", Numbers.as_view()),
    path("nothing", DoNothing.as_view()),
    path("nothing/<int:pk>", DoNothing.as_view()),
    path("versioned", Versioned.as_view()),
    path("make-shelf", MakeShelf.as_view()),
    path("sum", Sum.as_view()),
    path("unlisted", Unlisted.as_view()),
    path("in-block", InBlock.as_view()),
    path("rows", Rows.as_view()),
    path("whole-rows", WholeRows.as_view()),
    path("taskless", Taskless.as_view()),
    path("misnamed", Misnamed.as_view()),
    path("lost", Lost.as_view()),
]


@pytest.fixture
def api() -> Client:
    """A client that returns the body of a 500, as a server does."""
    return Client(raise_request_exception=False)


@pytest.fixture(autouse=True)
def strict(settings: Settings) -> None:
    """Check every success against the table of methods and statuses."""
    settings.API_ERRORS = {"STRICT": True}


def post(api: Client, url: str, data: Any = None, **headers: str) -> Any:
    return api.post(url, data, content_type="application/json", headers=headers)


def work() -> None:
    """Run every enqueued task, as `manage.py db_worker --batch` does."""
    for backend in ("default", "other"):
        Worker(
            queue_names=["*"],
            interval=0,
            batch=True,
            backend_name=backend,
            startup_delay=False,
            max_tasks=None,
            worker_id="worker",
            excluded_queue_names=[],
        ).run()


def get_outcome(api: Client, response: Any) -> Any:
    """Run the task, and return the operation without the keys that identify it."""
    assert response.status_code == 202, response.content
    work()
    operation = api.get(response["Location"]).json()
    return {key: operation[key] for key in operation.keys() - {"id", "href", "createdAt"}}


def test_accepted_work_is_a_202_with_its_operation_and_the_url_to_poll(
    api: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"RETRY_AFTER": 7}
    before = datetime.now(UTC) - timedelta(milliseconds=20)
    accepted = post(api, "/nothing")

    operation = accepted.json()
    handle, created = operation["id"], operation["createdAt"]
    url = f"http://testserver/operations/{handle}"
    assert accepted.status_code == 202
    assert operation == {"id": handle, "href": url, "status": "ready", "createdAt": created}
    assert before <= datetime.fromisoformat(created) <= datetime.now(UTC)
    assert accepted["Location"] == accepted["Content-Location"] == url
    assert accepted["Retry-After"] == "7"
    assert re.fullmatch(r"[A-Za-z0-9._~-]+", handle)

    for poll in (api.get(url), api.head(url)):
        assert poll.status_code == 200
        assert (poll["Retry-After"], poll["Cache-Control"]) == ("7", "no-store")
    assert api.get(url).json() == operation
    DBTaskResult.objects.get().claim("worker")
    running = api.get(url)
    assert running.json() == {**operation, "status": "running"}
    assert (running["Retry-After"], running["Cache-Control"]) == ("7", "no-store")


def test_a_finished_operation_has_its_result_and_no_retry_after(api: Client) -> None:
    accepted = post(api, "/accept/add", {"a": 2, "b": 3})
    work()

    poll = api.get(accepted["Location"])
    assert poll.json() == {**accepted.json(), "status": "successful", "result": 5}
    assert not poll.has_header("Retry-After")
    assert not poll.has_header("Cache-Control")
    assert api.delete(accepted["Location"])["Allow"] == "GET, HEAD, OPTIONS"


ECHO = {"day": "2026-02-28", "price": "1.50", "key": str(UUID(int=7)), "shelf": 7}
ROWS = [{"name": "a"}, {"name": "b"}]


@pytest.mark.parametrize(
    ("method", "url", "data", "result"),
    [
        ("POST", "/nothing", {"ignored": 1}, None),
        ("POST", "/echo", ECHO, ECHO),
        ("POST", "/whole-rows", ROWS, {"rows": ROWS}),
        ("POST", "/accept/count_attempts", {"name": "x"}, ["x", 1]),
        ("PUT", "/sum", {}, 3),
        ("DELETE", "/shelves/7", {}, {"shelf": 7}),
    ],
)
def test_a_task_gets_its_arguments_and_the_operation_its_result(
    api: Client, method: str, url: str, data: Any, result: Any
) -> None:
    Shelf.objects.create(pk=7, name="left")
    accepted = api.generic(method, url, json.dumps(data), "application/json")

    assert get_outcome(api, accepted) == {"status": "successful", "result": result}


def test_a_resource_that_the_task_created_is_the_result_as_a_link(api: Client) -> None:
    accepted = post(api, "/make-shelf", {"name": "left"})

    assert accepted["Location"].startswith("http://testserver/receipts/")
    outcome = get_outcome(api, accepted)
    url = f"http://testserver/shelves/{Shelf.objects.get().pk}"
    assert outcome == {"status": "successful", "result": {"href": url}}


@pytest.mark.parametrize(
    ("url", "pattern"),
    [
        ("/tenants/blue/nothing", r"/tenants/blue/operations/[^?]+"),
        ("/nothing/1", r"/operations/[^?]+"),
        ("/versioned?version=2", r"/operations/[^?]+\?version=2"),
    ],
)
def test_an_operation_keeps_namespace_variables_and_version_of_the_request(
    api: Client, url: str, pattern: str
) -> None:
    accepted = post(api, url)

    assert re.fullmatch(f"http://testserver{pattern}", accepted["Location"])
    assert api.get(accepted["Location"]).json()["id"] == accepted.json()["id"]


def test_a_view_that_is_called_without_a_urlconf_has_an_operation_too() -> None:
    response = DoNothing.as_view()(APIRequestFactory().post("/"))

    assert response.status_code == 202
    assert response["Location"].startswith("http://testserver/operations/")


@pytest.fixture
def atomic_requests() -> Iterator[None]:
    """Open a transaction for each request, as most projects do."""
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    yield
    connection.settings_dict["ATOMIC_REQUESTS"] = False


@pytest.mark.usefixtures("atomic_requests")
def test_only_accepting_actions_run_outside_atomic_requests(api: Client) -> None:
    Shelf.objects.create(pk=7, name="left")
    for method, url in [("POST", "/nothing"), ("PUT", "/sum"), ("DELETE", "/shelves/7")]:
        assert api.generic(method, url).status_code == 202
    assert api.get("/sum").json() is api.get("/shelves").json() is True
    # Another method of an accepting URL rolls back when it fails.
    assert post(api, "/sum", {}).status_code == 400
    assert not Shelf.objects.filter(name="lost").exists()


def test_no_transaction_is_opened_without_atomic_requests(api: Client) -> None:
    assert api.get("/sum").json() is False


@pytest.mark.django_db(transaction=False)
def test_the_block_of_a_test_case_does_not_count(api: Client) -> None:
    assert connection.in_atomic_block
    assert post(api, "/nothing").status_code == 202


@pytest.mark.parametrize(
    ("method", "url", "match"),
    [
        ("POST", "/lost", r"Lost .*operation_view_name.*get_operation_url\(\)"),
        ("POST", "/rows", r"Rows\.serializer_class .*get_task_kwargs\(\)"),
        ("POST", "/taskless", r"Taskless .*get_task\(\)"),
        ("POST", "/misnamed", r"tests\.operations\.tasks\.undecorated is not a task"),
        ("POST", "/in-block", "inside a transaction"),
        (
            *("PUT", "/unlisted"),
            r"Unlisted\.put\(\) .*'put' in accepting_actions .*get_accepting_actions\(\)",
        ),
    ],
)
@pytest.mark.usefixtures("atomic_requests")
def test_a_misconfigured_view_raises_and_enqueues_nothing(
    client: Client, method: str, url: str, match: str
) -> None:
    data = json.dumps(ROWS if url == "/rows" else {})
    with pytest.raises(ImproperlyConfigured, match=match):
        client.generic(method, url, data, "application/json")
    assert not DBTaskResult.objects.exists()


@pytest.mark.parametrize(
    ("url", "data", "status", "code"),
    [
        ("/make-shelf", {}, 400, "INVALID_CONTENT"),
        ("/accept/add", {"b": 1}, 500, "INTERNAL_ERROR"),
        ("/accept/add", {"a": 1, "c": 2}, 500, "INTERNAL_ERROR"),
    ],
)
def test_invalid_arguments_are_an_error_before_the_202(
    api: Client, url: str, data: Any, status: int, code: str
) -> None:
    response = post(api, url, data)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert not DBTaskResult.objects.exists()


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_a_number_that_json_lacks_is_invalid_content(api: Client, number: str) -> None:
    deep = json.loads("[" * 100 + "]" * 100)
    response = post(api, "/numbers", {"x": number, "ys": ["1", number], "data": deep})
    message = "A valid number is required."
    assert (response.status_code, response.json()["code"]) == (400, "INVALID_CONTENT")
    assert response.json()["errors"] == [f"x: {message}", f"ys[1]: {message}"]
    assert not DBTaskResult.objects.exists()


def test_a_failed_operation_has_the_error_of_its_exception_without_its_message(
    api: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kombu", None)
    settings.API_ERRORS = {"EXCEPTIONS": {"project.OwnError": "INVALID_STATE"}}
    codes = {
        ("fail", "how", "missing"): "MISSING_RESOURCE",
        ("fail", "how", "unavailable"): "SERVICE_UNAVAILABLE",
        ("fail", "how", "unhandled"): "INTERNAL_ERROR",
        ("raise_path", "path", "kombu.exceptions.OperationalError"): "SERVICE_UNAVAILABLE",
        ("raise_path", "path", "project.OwnError"): "INVALID_STATE",
        ("raise_path", "path", "nowhere.Error"): "INTERNAL_ERROR",
    }
    accepted = {key: post(api, f"/accept/{key[0]}", {key[1]: key[2]}) for key in codes}

    outcomes = {key: get_outcome(api, response) for key, response in accepted.items()}
    for outcome in outcomes.values():
        # Each unhandled exception has its own reference.
        outcome["error"]["errors"] = [
            re.sub(r" Reference: [0-9a-f-]{36}\.$", "", message)
            for message in outcome["error"]["errors"]
        ]
    assert outcomes == {
        key: {"status": "failed", "error": body(code)} for key, code in codes.items()
    }


def test_the_last_attempt_of_a_task_counts_and_a_stopped_task_is_an_internal_error() -> None:
    task = tasks.fail.using(backend="immediate")
    validation, missing = [task.enqueue(how).errors[0] for how in ("validation", "missing")]
    result = task.enqueue("validation")
    handle = make_handle("immediate", result.id)
    request: Any = APIRequestFactory().get("/")

    for errors, code in [
        ([], "INTERNAL_ERROR"),
        ([missing], "MISSING_RESOURCE"),
        ([validation, missing], "MISSING_RESOURCE"),
    ]:
        error = find_error(dataclasses.replace(result, errors=errors), handle, request)
        assert error is not None
        assert error.code.name == code
        assert error.reference == (None if errors else result.id)


def test_a_task_that_runs_for_too_long_has_failed_and_is_not_run_again(
    api: Client, settings: Settings
) -> None:
    accepted = post(api, "/make-shelf", {"name": "left"})
    DBTaskResult.objects.get().claim("a worker that was killed")

    def get_after(seconds: float) -> Any:
        DBTaskResult.objects.update(started_at=datetime.now(UTC) - timedelta(seconds=seconds))
        return api.get(accepted["Location"])

    assert get_after(3590).json()["status"] == "running"
    failed = get_after(3610)
    outcome = {"status": "failed", "error": body("GATEWAY_TIMEOUT")}
    assert failed.json() == {**accepted.json(), **outcome}
    assert not failed.has_header("Retry-After")
    work()
    assert not Shelf.objects.exists()
    settings.API_ERRORS = {"OPERATION_TIMEOUT": 4000}
    assert get_after(3610).json()["status"] == "running"


def test_a_task_without_a_start_time_runs_from_its_acceptance(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = post(api, "/nothing")
    DBTaskResult.objects.update(status="RUNNING", started_at=None)
    assert api.get(accepted["Location"]).json()["status"] == "running"

    later = time.time() + 3610
    monkeypatch.setattr(time, "time", lambda: later)
    assert api.get(accepted["Location"]).json()["error"] == body("GATEWAY_TIMEOUT")


@pytest.mark.parametrize(
    ("name", "data", "status", "expected"),
    [
        ("add", {"a": 2}, 200, 3),
        ("do_nothing", {}, 204, None),
        ("fail", {"how": "validation"}, 400, body("INVALID_CONTENT", "Secret of validation.")),
        ("fail", {"how": "unavailable"}, 503, body("SERVICE_UNAVAILABLE")),
    ],
)
def test_the_immediate_backend_returns_the_result_or_the_error(
    api: Client, name: str, data: Any, status: int, expected: Any
) -> None:
    response = post(api, f"/accept/{name}/immediate", data)

    content = response.json() if response.content else None
    assert (response.status_code, content) == (status, expected)
    assert not response.has_header("Location")
    assert response.has_header("Retry-After") == (status == 503)


def test_only_its_owner_can_read_an_operation(api: Client) -> None:
    url = post(api, "/accept/do_nothing", {}, **{"X-User": "1"})["Location"]
    forged = f"{url[:-1]}{'A' if url[-1] != 'A' else 'B'}"

    assert api.get(url, headers={"X-User": "1"}).status_code == 200
    assert api.options(url, headers={"X-User": "1"}).status_code == 200
    for request in (api.get, api.options):
        for headers in ({"X-User": "2"}, {}):
            response, forged_response = (request(each, headers=headers) for each in (url, forged))
            assert (response.status_code, response.json()) == (404, body("MISSING_RESOURCE"))
            assert response.content == forged_response.content
            assert response.headers == forged_response.headers


def test_everyone_who_has_its_url_can_read_an_anonymous_operation(api: Client) -> None:
    url = post(api, "/nothing")["Location"]

    assert api.get(url).status_code == api.get(url, headers={"X-User": "1"}).status_code == 200


def test_a_handle_that_this_package_did_not_sign_is_a_404(api: Client) -> None:
    handle = post(api, "/nothing").json()["id"]
    content = base64.urlsafe_b64decode(handle)
    changed = [
        base64.urlsafe_b64encode(
            content[:index] + bytes([content[index] ^ 1]) + content[index + 1 :]
        )
        for index in range(len(content))
    ]
    # Signed by another part of the project: the same key, another salt.
    other = signing.Signer().sign_object([0, "default", "1"])

    malformed = ["x", "~", "a", "ab", "abc", "%00", "%F0%9F%8E%B8", "%ED%A0%80", "x" * 4000]
    spelled = [f"{handle}=", f"{handle}.", f"{handle[:9]}!{handle[9:]}"]
    for forged in (*(each.decode() for each in changed), other, *malformed, *spelled):
        response = api.get(f"/operations/{forged}")
        assert (response.status_code, response.json()) == (404, body("MISSING_RESOURCE")), forged


def test_a_handle_is_readable_after_a_rotation_of_the_secret_key(
    api: Client, settings: Settings
) -> None:
    url = post(api, "/nothing")["Location"]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [settings.SECRET_KEY]

    assert api.get(url).status_code == 200


def test_an_operation_that_is_too_old_is_gone(
    api: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = post(api, "/nothing")["Location"]
    later = time.time() + 1_209_600 - 60
    monkeypatch.setattr(time, "time", lambda: later)
    assert api.get(url).status_code == 200

    settings.API_ERRORS = {"OPERATION_MAX_AGE": 1_209_600 - 120}
    response = api.get(url)
    assert (response.status_code, response.json()) == (410, body("GONE"))


@pytest.mark.parametrize(
    "fault", ["result pruned", "task removed", "task no longer decorated", "task backend removed"]
)
def test_an_operation_whose_result_or_task_is_missing_is_gone(
    api: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings, fault: str
) -> None:
    url = post(api, "/accept/doomed/other")["Location"]
    assert api.get(url).status_code == 200

    if fault == "result pruned":
        DBTaskResult.objects.all().delete()
    elif fault == "task removed":
        monkeypatch.delattr(tasks, "doomed")
    elif fault == "task no longer decorated":
        monkeypatch.setattr(tasks, "doomed", tasks.undecorated)
    else:
        settings.TASKS = {"default": settings.TASKS["default"]}
    response = api.get(url)
    assert (response.status_code, response.json()) == (410, body("GONE"))


def test_an_operation_is_read_from_the_task_backend_that_accepted_it(api: Client) -> None:
    accepted = post(api, "/accept/do_nothing/other")

    handle = read_handle(accepted.json()["id"], None)
    assert handle is not None
    assert handle.backend == DBTaskResult.objects.get().backend_name == "other"
    assert get_outcome(api, accepted) == {"status": "successful", "result": None}
