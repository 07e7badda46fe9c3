"""Operations in one process: what is accepted, what an operation shows, and to whom.

The engine is the embedded one, on the test's own database; tests/operations/test_task_backends.py has each
engine with a server and workers of its own.
"""

from __future__ import annotations

import base64
import dataclasses
import re
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import include, path, reverse
from pytest_django.fixtures import Settings
from rest_framework import serializers, versioning
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.routers import SimpleRouter
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from django_apierrors.catalog import CATALOG
from django_apierrors.operations import AcceptedAPIView, AcceptedMixin, OperationView, handles
from django_apierrors.operations.handles import make_handle, read_handle
from django_apierrors.operations.status import find_failure
from django_apierrors.viewsets import ModelViewSet
from tests.models import Shelf
from tests.services import require_package

require_package("django_tasks_db")

from django_tasks_db.management.commands.db_worker import Worker  # noqa: E402
from django_tasks_db.models import DBTaskResult  # noqa: E402

from tests import tasks  # noqa: E402

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db(transaction=True)]

UNRESERVED = re.compile(r"[A-Za-z0-9._~-]+")


class HeaderAuthentication(BaseAuthentication):
    """Believes who the caller says it is."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        name = request.headers.get("X-User")
        return (User.objects.get_or_create(username=name)[0], None) if name else None


class EchoSerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    price = serializers.DecimalField(max_digits=8, decimal_places=2)
    key = serializers.UUIDField()
    shelf = serializers.PrimaryKeyRelatedField(queryset=Shelf.objects.all(), required=False)


class NameSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()


class Echo(AcceptedAPIView):
    task = tasks.echo
    serializer_class = EchoSerializer
    authentication_classes = [HeaderAuthentication]


class DoNothing(AcceptedAPIView):
    task = tasks.do_nothing
    authentication_classes = [HeaderAuthentication]


class MakeShelf(AcceptedAPIView):
    task = tasks.make_shelf
    serializer_class = NameSerializer


class Add(AcceptedAPIView):
    """Hands on what the client sent, by name, whatever it is."""

    task = tasks.add

    def get_task_kwargs(self, serializer: Any) -> dict[str, Any]:
        return dict(self.request.data)


class Fail(AcceptedAPIView):
    def get_task(self) -> Any:
        return tasks.fail.using(backend=self.kwargs.get("backend", "default"))

    def get_task_kwargs(self, serializer: Any) -> dict[str, Any]:
        return {"how": self.kwargs["how"]}


class RaisePath(Add):
    task = tasks.raise_path


class CountAttempts(AcceptedAPIView):
    task = tasks.count_attempts
    serializer_class = NameSerializer


class Rows(AcceptedAPIView):
    task = tasks.echo
    serializer_class = NameSerializer

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        return super().get_serializer(*args, many=True, **kwargs)


class WholeRows(Rows):
    def get_task_kwargs(self, serializer: Any) -> dict[str, Any]:
        return {"rows": serializer.validated_data}


class Doomed(AcceptedAPIView):
    task = tasks.doomed


class OnOtherEngine(AcceptedAPIView):
    task = tasks.do_nothing.using(backend="other")


class Taskless(AcceptedAPIView):
    pass


class Misnamed(AcceptedAPIView):
    task = tasks.misnamed


class Lost(AcceptedAPIView):
    task = tasks.do_nothing
    operation_view_name = "nowhere"


class Immediate(AcceptedAPIView):
    def get_task(self) -> Any:
        return getattr(tasks, self.kwargs["name"]).using(backend="immediate")

    def get_task_kwargs(self, serializer: Any) -> dict[str, Any]:
        return dict(self.request.data)


class Sum(AcceptedMixin, APIView):
    """Accepts a PUT and a DELETE."""

    accepting_actions = ("put", "delete")

    def put(self, request: Request) -> Any:
        return self.accept(request, tasks.add, 1, b=2)

    def delete(self, request: Request) -> Any:
        return self.accept(request, tasks.add, 1)


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


class Operation(OperationView):
    authentication_classes = [HeaderAuthentication]


class ShelfOperation(OperationView):
    lookup_url_kwarg = "receipt"
    operation_view_name = "shelf-operation"

    def get_result_url(self, result: Any) -> str:
        return reverse("shelf-detail", kwargs={"pk": result.return_value})


class MakeShelfElsewhere(MakeShelf):
    operation_view_name = "shelf-operation"
    operation_url_kwarg = "receipt"


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
    *router.urls,
    path("operations/<str:handle>", Operation.as_view(), name="operation-detail"),
    path("receipts/<str:receipt>", ShelfOperation.as_view(), name="shelf-operation"),
    path("tenants/<str:tenant>/", include(tenant)),
    path("echo", Echo.as_view()),
    path("nothing", DoNothing.as_view()),
    path("nothing/<int:pk>", DoNothing.as_view()),
    path("versioned", Versioned.as_view()),
    path("make-shelf", MakeShelf.as_view()),
    path("make-shelf-elsewhere", MakeShelfElsewhere.as_view()),
    path("sum", Sum.as_view()),
    path("add", Add.as_view()),
    path("fail/<str:how>", Fail.as_view()),
    path("fail/<str:backend>/<str:how>", Fail.as_view()),
    path("raise-path", RaisePath.as_view()),
    path("count-attempts", CountAttempts.as_view()),
    path("rows", Rows.as_view()),
    path("whole-rows", WholeRows.as_view()),
    path("doomed", Doomed.as_view()),
    path("on-other-engine", OnOtherEngine.as_view()),
    path("taskless", Taskless.as_view()),
    path("misnamed", Misnamed.as_view()),
    path("lost", Lost.as_view()),
    path("immediate/<str:name>", Immediate.as_view()),
]


@pytest.fixture
def api() -> Client:
    """A client that shows the body of a 500, as a server does."""
    return Client(raise_request_exception=False)


@pytest.fixture(autouse=True)
def strict(settings: Settings) -> None:
    """Hold every answer to the verb table."""
    settings.API_ERRORS = {"STRICT": True}


def post(api: Client, url: str, data: Any = None, **headers: str) -> Any:
    """Send `data` as JSON."""
    return api.post(url, data, content_type="application/json", headers=headers)


def work() -> None:
    """Do all that is accepted, as `manage.py db_worker --batch` does."""
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


def age(field: str, seconds: float) -> None:
    """Make it `seconds` ago that the engine's one result began."""
    DBTaskResult.objects.update(**{field: datetime.now(UTC) - timedelta(seconds=seconds)})


def error(name: str) -> dict[str, Any]:
    """Return the body of an error without messages of its own."""
    code = CATALOG[name]
    return {
        "status": code.status,
        "errors": [str(code.message)],
        "code": name,
        "moreInfo": "",
    }


def outcome(api: Client, response: Any) -> Any:
    """Do the work, and return the operation without what names it."""
    assert response.status_code == 202, response.content
    work()
    body = api.get(response["Location"]).json()
    return {key: body[key] for key in body.keys() - {"id", "href", "createdAt"}}


# What is accepted.


def test_accepted_work_is_a_202_with_the_state_of_an_operation_and_where_to_ask_for_it(
    api: Client,
) -> None:
    before = datetime.now(UTC)
    response = post(api, "/nothing")

    body = response.json()
    created = datetime.fromisoformat(body.pop("createdAt"))
    assert before - timedelta(milliseconds=1) <= created <= datetime.now(UTC)
    handle = body["id"]
    url = f"http://testserver/operations/{handle}"
    assert response.status_code == 202
    assert body == {"id": handle, "href": url, "status": "ready"}
    assert response["Location"] == response["Content-Location"] == url
    assert response["Retry-After"] == "5"
    assert UNRESERVED.fullmatch(handle)


def test_a_waiting_operation_says_when_to_ask_again_and_is_stored_nowhere(
    api: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"RETRY_AFTER": 7}
    accepted = post(api, "/nothing")

    for _ in range(2):
        poll = api.get(accepted["Location"])
        assert (poll.status_code, poll.json()) == (200, accepted.json())
        assert (poll["Retry-After"], poll["Cache-Control"]) == ("7", "no-store")
        head = api.head(accepted["Location"])
        assert (head["Retry-After"], head["Cache-Control"]) == ("7", "no-store")


def test_a_running_operation_is_running_and_waits(api: Client) -> None:
    accepted = post(api, "/nothing")
    DBTaskResult.objects.get().claim("worker")

    poll = api.get(accepted["Location"])
    assert poll.json() == {**accepted.json(), "status": "running"}
    assert (poll["Retry-After"], poll["Cache-Control"]) == ("5", "no-store")


def test_a_successful_operation_has_its_result_and_waits_for_nothing(api: Client) -> None:
    accepted = post(api, "/add", {"a": 2, "b": 3})
    work()

    poll = api.get(accepted["Location"])
    assert poll.json() == {**accepted.json(), "status": "successful", "result": 5}
    assert not poll.has_header("Retry-After")
    assert not poll.has_header("Cache-Control")


def test_a_task_that_returns_nothing_has_the_result_null(api: Client) -> None:
    assert outcome(api, post(api, "/nothing")) == {"status": "successful", "result": None}


def test_a_resource_that_the_task_made_is_the_result_as_a_link(api: Client) -> None:
    accepted = post(api, "/make-shelf-elsewhere", {"name": "left"})
    assert accepted["Location"].startswith("http://testserver/receipts/")

    link = outcome(api, accepted)
    url = f"http://testserver/shelves/{Shelf.objects.get().pk}"
    assert link == {"status": "successful", "result": {"href": url}}


def test_a_put_and_a_delete_accept_work_too(api: Client) -> None:
    assert outcome(api, api.put("/sum")) == {"status": "successful", "result": 3}
    assert outcome(api, api.delete("/sum")) == {"status": "successful", "result": 2}


def test_an_action_of_a_viewset_accepts_work(api: Client) -> None:
    shelf = Shelf.objects.create(name="left")

    accepted = api.delete(f"/shelves/{shelf.pk}")
    assert outcome(api, accepted) == {"status": "successful", "result": {"shelf": shelf.pk}}


def test_an_operation_knows_other_verbs_from_its_own(api: Client) -> None:
    url = post(api, "/nothing")["Location"]

    refused = api.delete(url)
    assert (refused.status_code, refused["Allow"]) == (405, "GET, HEAD, OPTIONS")


# The URL of an operation.


def test_an_operation_is_found_in_the_namespace_and_with_the_variables_of_the_request(
    api: Client,
) -> None:
    accepted = post(api, "/tenants/blue/nothing")

    assert accepted["Location"].startswith("http://testserver/tenants/blue/operations/")
    assert api.get(accepted["Location"]).json() == accepted.json()


def test_variables_that_the_operation_does_not_take_are_left_out(api: Client) -> None:
    assert post(api, "/nothing/1")["Location"].startswith("http://testserver/operations/")


def test_the_version_of_the_request_is_kept(api: Client) -> None:
    location = post(api, "/versioned?version=2")["Location"]

    assert location.endswith("?version=2")
    assert api.get(location).status_code == 200


def test_a_view_that_is_called_without_a_urlconf_has_an_operation_too() -> None:
    response = DoNothing.as_view()(APIRequestFactory().post("/"))

    assert response.status_code == 202
    assert response["Location"].startswith("http://testserver/operations/")


def test_without_a_url_for_the_operation_nothing_is_accepted(client: Client) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"Lost finds no .*operation_view_name.*get_"):
        post(client, "/lost")
    assert not DBTaskResult.objects.exists()


# Arguments.


def test_validated_data_reach_the_task_as_json_has_them(api: Client) -> None:
    shelf = Shelf.objects.create(name="left")
    document = {"day": "2026-02-28", "price": "1.50", "key": str(UUID(int=7)), "shelf": shelf.pk}

    accepted = post(api, "/echo", document)
    assert outcome(api, accepted) == {"status": "successful", "result": document}


def test_a_document_that_is_not_valid_is_refused_at_once(api: Client) -> None:
    refused = post(api, "/make-shelf", {})

    assert refused.status_code == 400
    assert refused.json() == error("INVALID_CONTENT") | {
        "errors": ["name: This field is required."]
    }
    assert not DBTaskResult.objects.exists()


def test_without_a_serializer_nothing_is_taken_from_the_body(api: Client) -> None:
    accepted = post(api, "/nothing", {"a": 1})

    assert outcome(api, accepted) == {"status": "successful", "result": None}


def test_the_parameter_of_the_context_is_no_argument(api: Client) -> None:
    accepted = post(api, "/count-attempts", {"name": "x"})

    assert outcome(api, accepted) == {"status": "successful", "result": ["x", 1]}


@pytest.mark.parametrize("document", [{}, {"b": 1}, {"a": 1, "c": 2}])
def test_arguments_that_the_task_does_not_take_are_a_bug(
    api: Client, document: dict[str, int]
) -> None:
    response = post(api, "/add", document)

    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL_ERROR")
    assert not DBTaskResult.objects.exists()


def test_a_list_of_rows_wants_a_name(client: Client, api: Client) -> None:
    rows = [{"name": "a"}, {"name": "b"}]

    with pytest.raises(ImproperlyConfigured, match=r"Rows\.serializer_class .*get_task_kwargs"):
        post(client, "/rows", rows)
    accepted = post(api, "/whole-rows", rows)
    assert outcome(api, accepted) == {"status": "successful", "result": {"rows": rows}}


def test_a_view_without_a_task_says_what_to_set(client: Client) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"Taskless has no task.*get_task"):
        post(client, "/taskless")


def test_a_task_that_no_worker_would_find_is_not_accepted(client: Client) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"tests\.tasks\.undecorated is not a task"):
        post(client, "/misnamed")
    assert not DBTaskResult.objects.exists()


# Failures.


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("validation", "INVALID_CONTENT"),
        ("django-validation", "INVALID_CONTENT"),
        ("state", "INVALID_STATE"),
        ("missing", "MISSING_RESOURCE"),
        ("refused", "SERVICE_UNAVAILABLE"),
        ("bug", "INTERNAL_ERROR"),
    ],
)
def test_a_failed_operation_has_the_error_of_its_exception_and_nothing_of_its_text(
    api: Client, how: str, code: str
) -> None:
    assert outcome(api, post(api, f"/fail/{how}")) == {"status": "failed", "error": error(code)}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("kombu.exceptions.OperationalError", "SERVICE_UNAVAILABLE"),
        ("nowhere.Error", "INTERNAL_ERROR"),
    ],
)
def test_an_exception_of_a_package_that_is_not_here_goes_by_its_name(
    api: Client, monkeypatch: pytest.MonkeyPatch, path: str, code: str
) -> None:
    monkeypatch.setitem(sys.modules, "kombu", None)
    accepted = post(api, "/raise-path", {"path": path})

    assert outcome(api, accepted) == {"status": "failed", "error": error(code)}


def test_the_projects_own_rows_recognise_a_failed_task(api: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {"nowhere.Error": "INVALID_STATE"}}
    accepted = post(api, "/raise-path", {"path": "nowhere.Error"})

    assert outcome(api, accepted) == {"status": "failed", "error": error("INVALID_STATE")}


@pytest.mark.parametrize(
    ("attempts", "code"),
    [([], "INTERNAL_ERROR"), (["state"], "INVALID_STATE"), (["bug", "state"], "INVALID_STATE")],
)
def test_the_last_attempt_of_a_task_counts_and_one_that_was_stopped_has_none(
    attempts: list[str], code: str
) -> None:
    task = tasks.fail.using(backend="immediate")
    errors = [task.enqueue(how).errors[0] for how in attempts]
    result = dataclasses.replace(task.enqueue("validation"), errors=errors)

    failure = find_failure(result, make_handle("tests.tasks.fail", "immediate", result.id))
    assert failure is not None
    assert failure.code.name == code


def test_a_task_that_runs_too_long_has_failed_and_is_not_run_again(
    api: Client, settings: Settings
) -> None:
    accepted = post(api, "/make-shelf", {"name": "left"})
    DBTaskResult.objects.get().claim("a worker that was killed")
    age("started_at", 3590)
    assert api.get(accepted["Location"]).json()["status"] == "running"

    age("started_at", 3610)
    poll = api.get(accepted["Location"])
    assert poll.json() == {**accepted.json(), "status": "failed", "error": error("GATEWAY_TIMEOUT")}
    assert not poll.has_header("Retry-After")
    work()
    assert not Shelf.objects.exists()

    settings.API_ERRORS = {"OPERATION_TIMEOUT": 4000}
    assert api.get(accepted["Location"]).json()["status"] == "running"


def test_a_task_whose_engine_does_not_say_when_it_began_runs_since_it_was_accepted(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = post(api, "/nothing")
    DBTaskResult.objects.update(status="RUNNING", started_at=None)
    assert api.get(accepted["Location"]).json()["status"] == "running"

    later = time.time() + 3610
    monkeypatch.setattr(time, "time", lambda: later)
    assert api.get(accepted["Location"]).json()["error"] == error("GATEWAY_TIMEOUT")


# The engine that does it at once.


@pytest.mark.parametrize(
    ("name", "document", "status", "content"),
    [
        ("add", {"a": 2}, 200, b"3"),
        ("echo", {"a": [1]}, 200, b'{"a":[1]}'),
        ("do_nothing", {}, 204, b""),
    ],
)
def test_work_that_is_done_at_once_is_answered_at_once(
    api: Client, name: str, document: Any, status: int, content: bytes
) -> None:
    response = post(api, f"/immediate/{name}", document)

    assert (response.status_code, response.content) == (status, content)
    assert not response.has_header("Location")


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("validation", "INVALID_CONTENT"),
        ("refused", "SERVICE_UNAVAILABLE"),
        ("bug", "INTERNAL_ERROR"),
    ],
)
def test_work_that_fails_at_once_is_its_error_at_once(api: Client, how: str, code: str) -> None:
    response = post(api, f"/fail/immediate/{how}")

    assert (response.status_code, response.json()) == (CATALOG[code].status, error(code))
    assert response.has_header("Retry-After") == (code == "SERVICE_UNAVAILABLE")


# Whose an operation is, and how long.


def test_an_operation_is_its_callers_alone(api: Client) -> None:
    url = post(api, "/nothing", **{"X-User": "anna"})["Location"]

    assert api.get(url, headers={"X-User": "anna"}).status_code == 200
    for others in ({"X-User": "bert"}, {}):
        refused = api.get(url, headers=others)
        assert (refused.status_code, refused.json()) == (404, error("MISSING_RESOURCE"))


def test_an_anonymous_operation_is_readable_by_whoever_has_its_url(api: Client) -> None:
    url = post(api, "/nothing")["Location"]

    assert api.get(url).status_code == 200
    assert api.get(url, headers={"X-User": "anna"}).status_code == 200


def test_anothers_operation_cannot_be_told_from_one_that_never_was(api: Client) -> None:
    url = post(api, "/nothing", **{"X-User": "anna"})["Location"]
    forged = f"{url[:-1]}{'A' if url[-1] != 'A' else 'B'}"

    answers = [api.get(one, headers={"X-User": "bert"}) for one in (url, forged)]
    assert answers[0].content == answers[1].content
    assert answers[0].headers == answers[1].headers


@pytest.mark.parametrize(
    "handle", ["x", "~", "~~", "a~b", "%00", "%F0%9F%8E%B8", "%ED%A0%80", "x" * 4000, "a:b:c"]
)
def test_a_handle_that_nobody_signed_is_a_404(api: Client, handle: str) -> None:
    refused = api.get(f"/operations/{handle}")

    assert (refused.status_code, refused.json()) == (404, error("MISSING_RESOURCE"))


def test_options_of_an_operation_are_refused_as_any_verb_is(api: Client) -> None:
    url = post(api, "/nothing", **{"X-User": "anna"})["Location"]

    assert api.options(url, headers={"X-User": "anna"}).status_code == 200
    refused = api.options(url, headers={"X-User": "bert"})
    assert (refused.status_code, refused.json()) == (404, error("MISSING_RESOURCE"))


def test_a_handle_that_another_part_of_the_project_signed_is_a_404(api: Client) -> None:
    now = round(time.time() * 1000)
    signer = signing.Signer(sep=handles.SEPARATOR)
    text = signer.sign_object([now, "tests.tasks.add", "default", str(UUID(int=1))])

    assert api.get(f"/operations/{text}").status_code == 404


def test_a_handle_that_was_changed_is_a_404(api: Client) -> None:
    handle = post(api, "/nothing").json()["id"]
    payload, _, signature = handle.partition(handles.SEPARATOR)
    other = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    other = other.replace(b"do_nothing", b"make_shelf")
    changed = base64.urlsafe_b64encode(other).decode().rstrip("=")

    assert api.get(f"/operations/{changed}{handles.SEPARATOR}{signature}").status_code == 404


def test_a_secret_key_that_was_rotated_still_reads_its_handles(
    api: Client, settings: Settings
) -> None:
    url = post(api, "/nothing")["Location"]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [settings.SECRET_KEY]

    assert api.get(url).status_code == 200


def test_an_operation_is_gone_when_it_is_too_old_whatever_its_engine_still_has(
    api: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = post(api, "/nothing")["Location"]
    later = time.time() + 1_209_600 - 60
    monkeypatch.setattr(time, "time", lambda: later)
    assert api.get(url).status_code == 200

    settings.API_ERRORS = {"OPERATION_MAX_AGE": 1_209_600 - 120}
    gone = api.get(url)
    assert (gone.status_code, gone.json()) == (410, error("GONE"))


def test_an_operation_is_gone_when_its_engine_has_pruned_it(api: Client) -> None:
    url = post(api, "/nothing")["Location"]
    DBTaskResult.objects.all().delete()

    gone = api.get(url)
    assert (gone.status_code, gone.json()) == (410, error("GONE"))


def test_an_operation_is_gone_when_its_task_was_removed(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = post(api, "/doomed")["Location"]
    monkeypatch.delattr(tasks, "doomed")

    assert (api.get(url).status_code, api.get(url).json()) == (410, error("GONE"))


def test_an_operation_is_gone_when_its_task_is_none_any_more(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = post(api, "/doomed")["Location"]
    monkeypatch.setattr(tasks, "doomed", tasks.undecorated)

    assert api.get(url).status_code == 410


def test_an_operation_is_asked_for_at_the_engine_that_accepted_it(api: Client) -> None:
    accepted = post(api, "/on-other-engine")

    handle = read_handle(accepted.json()["id"], None)
    assert handle is not None
    assert handle.backend == DBTaskResult.objects.get().backend_name == "other"
    assert outcome(api, accepted) == {"status": "successful", "result": None}


def test_the_seams_have_their_getters() -> None:
    view = ShelfOperation()

    assert view.get_lookup_url_kwarg() == view.get_operation_url_kwarg() == "receipt"
    assert view.get_operation_view_name() == "shelf-operation"
    assert Echo.get_accepting_actions() == ("post",)
