"""Operations: work that is accepted with a 202, and the resource that tells how it stands.

Source: RFC 9110, sections 15.3.3 (202) and 8.7 (`Content-Location` of a status report).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch
from rest_framework.exceptions import NotFound
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.views import APIView

from django_apierrors.conf import api_errors
from django_apierrors.exceptions import Gone
from django_apierrors.generics import GenericAPIView
from django_apierrors.handling.responses import make_response
from django_apierrors.http.headers import get_retry_after
from django_apierrors.operations.handles import (
    Handle,
    identify_caller,
    make_handle,
    read_handle,
    sign_handle,
)
from django_apierrors.operations.status import FINISHED, OperationBody, find_failure, make_body
from django_apierrors.operations.tasks import check_task, find_result, prepare
from django_apierrors.operations.transactions import NonAtomicMixin
from django_apierrors.semantics import StatusAwareMixin

if TYPE_CHECKING:
    from rest_framework.request import Request

    from django_apierrors.operations.tasks import Task, TaskResult

    Base = APIView
else:
    Base = object


class OperationMixin(Base):
    """What a view that accepts work and the operation's own view have to agree on."""

    operation_view_name = "operation-detail"
    operation_url_kwarg = "handle"

    def get_operation_view_name(self) -> str:
        """Return the name of the URL of the operation's view."""
        return self.operation_view_name

    def get_operation_url_kwarg(self) -> str:
        """Return the name of the variable in that URL."""
        return self.operation_url_kwarg

    def get_caller(self, request: Request) -> str | None:
        """Return who alone may read the operation; `None`: whoever has its URL."""
        return identify_caller(request)

    def get_operation_url(self, request: Request, handle: str) -> str:
        """Return the absolute URL of an operation."""
        name, variable = self.get_operation_view_name(), self.get_operation_url_kwarg()
        url = reverse_beside(request, name, {variable: handle})
        if url is None:
            raise ImproperlyConfigured(
                f"{type(self).__name__} finds no URL named {name!r} that takes a {variable!r}. Add "
                f"path('operations/<str:{variable}>', OperationView.as_view(), name={name!r}), set "
                "operation_view_name, or override get_operation_url()."
            )
        return url


def reverse_beside(request: Request, name: str, key: Mapping[str, Any]) -> str | None:
    """Return the absolute URL called `name` that takes `key`, `None` where there is none.

    In the namespace of the request's own URL and with its variables (a tenant) where it can be.
    """
    match = request.resolver_match
    names = [":".join([*match.namespaces, name]), name] if match else [name]
    own = dict(match.kwargs) if match else {}
    for candidate, variables in product(names, ({**own, **key}, key)):
        try:
            return reverse(candidate, kwargs=dict(variables), request=request)
        except NoReverseMatch:
            continue
    return None


class AcceptedMixin(NonAtomicMixin, OperationMixin):
    """Accepts work that is done later: `return self.accept(request, task, **kwargs)`.

    Name the actions that do so in `accepting_actions`: they run outside `ATOMIC_REQUESTS`.
    """

    def accept(self, request: Request, task: Task, /, *args: Any, **kwargs: Any) -> Any:
        """Hand `task` to its engine, and return the 202 that says where to ask for it.

        An engine that has done it at once gets a 200 or 204, or the task's error. Raise TypeError
        where the task does not take the arguments, or JSON does not.
        """
        self.check_transaction(request)
        check_task(task)
        task_args, task_kwargs = prepare(task, args, kwargs)
        caller = self.get_caller(request)
        # Whatever is wrong with the URL had better be known before the work is under way.
        blank = make_handle(task.module_path, "", "")
        self.get_operation_url(request, sign_handle(blank, caller))
        result = task.enqueue(*task_args, **task_kwargs)
        handle = make_handle(task.module_path, result.backend, result.id)
        if result.status in FINISHED:
            return self.get_finished_response(request, handle, result)
        return self.get_accepted_response(request, handle, sign_handle(handle, caller), result)

    def get_accepted_response(
        self, request: Request, handle: Handle, text: str, result: TaskResult
    ) -> Response:
        """Return the 202; `text` is the handle as it was signed."""
        url = self.get_operation_url(request, text)
        headers = {
            "Location": url,
            "Content-Location": url,
            "Retry-After": get_retry_after(request, self),
        }
        return Response(make_body(handle, text, url, result.status), status=202, headers=headers)

    def get_finished_response(self, request: Request, handle: Handle, result: TaskResult) -> Any:
        """Return the answer for work that was done at once."""
        error = find_failure(result, handle)
        if error is not None:
            return make_response(error, request, self)
        value = result.return_value
        return Response(value, status=204 if value is None else 200)


class AcceptedAPIView(AcceptedMixin, GenericAPIView):
    """Accepts a POST as work for `task`, with what the serializer has validated.

    Without a `serializer_class` it takes nothing from the body.
    """

    task: Task | None = None
    serializer_class: type[BaseSerializer[Any]] = Serializer
    accepting_actions = ("post",)

    def get_task(self) -> Task:
        """Return the task."""
        if self.task is None:
            raise ImproperlyConfigured(
                f"{type(self).__name__} has no task. Set task, or override get_task()."
            )
        return self.task

    def get_task_kwargs(self, serializer: BaseSerializer[Any]) -> Mapping[str, Any]:
        """Return the arguments of the task, by name: the serializer's `validated_data`."""
        if not isinstance(serializer.validated_data, Mapping):
            raise ImproperlyConfigured(
                f"{type(self).__name__}.serializer_class makes no dict of arguments. Override "
                "get_task_kwargs(), as in: return {'rows': serializer.validated_data}."
            )
        return serializer.validated_data

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Accept the work."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return self.accept(request, self.get_task(), **self.get_task_kwargs(serializer))


class OperationView(OperationMixin, StatusAwareMixin, APIView):
    """Tells how an operation stands, to whom it belongs."""

    lookup_url_kwarg = "handle"

    def get_operation_url_kwarg(self) -> str:
        """Return the name of the variable in the URL."""
        return self.get_lookup_url_kwarg()

    def get_lookup_url_kwarg(self) -> str:
        """Return the name of the variable in the URL."""
        return self.lookup_url_kwarg

    def get_handle(self) -> Handle:
        """Return the handle in the URL; raise NotFound or Gone."""
        text = self.kwargs[self.get_lookup_url_kwarg()]
        handle = read_handle(text, self.get_caller(self.request))
        if handle is None:
            raise NotFound
        if handle.age > api_errors.OPERATION_MAX_AGE:
            raise Gone
        return handle

    def get_result_url(self, result: TaskResult) -> str | None:
        """Return the URL of the resource that a successful task has made, `None` for none."""
        return None

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Show the operation."""
        handle = self.get_handle()
        result = find_result(handle.task_path, handle.backend, handle.result_id)
        body = self.get_body(handle, result)
        if body["status"].upper() in FINISHED:
            return Response(body)
        headers = {"Retry-After": get_retry_after(request, self), "Cache-Control": "no-store"}
        return Response(body, headers=headers)

    def options(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]
        """Describe the resource; one that is not there is refused as it is to GET."""
        self.get_handle()
        return super().options(request, *args, **kwargs)

    def get_body(self, handle: Handle, result: TaskResult) -> OperationBody:
        """Return the body, with its `result` or its `error` where it has come to one."""
        text = self.kwargs[self.get_lookup_url_kwarg()]
        url = self.get_operation_url(self.request, text)
        error = find_failure(result, handle)
        if error is not None:
            body = make_body(handle, text, url, "FAILED")
            body["error"] = error.get_body(self.request)
            return body
        body = make_body(handle, text, url, result.status)
        if result.status in FINISHED:
            body["result"] = self.get_result(result)
        return body

    def get_result(self, result: TaskResult) -> Any:
        """Return what a successful task came to: a link to what it made, else what it returned."""
        url = self.get_result_url(result)
        return (
            result.return_value if url is None else {"href": self.request.build_absolute_uri(url)}
        )
