"""The views that accept work with a 202, and the view of an operation.

Source: RFC 9110, sections 15.3.3 (202) and 8.7 (`Content-Location` of a status report).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.urls import NoReverseMatch
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.views import APIView

from django_apierrors.conf import api_errors
from django_apierrors.exceptions import Gone
from django_apierrors.generics import GenericAPIView
from django_apierrors.http.headers import get_retry_after
from django_apierrors.operations import handles, status, tasks
from django_apierrors.operations.failures import keeping_exceptions
from django_apierrors.operations.transactions import NonAtomicMixin
from django_apierrors.semantics import StatusAwareMixin, hide_docstrings

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    Base = APIView
    # A view that accepts work often has no model: `AcceptedAPIView` needs none in brackets.
    ModelT = TypeVar("ModelT", bound=Model, covariant=True, default=Any)
else:
    from django_apierrors.generics import ModelT

    Base = object


class OperationMixin(Base):
    """The URL and the owner of an operation: for the views that accept work, and OperationView."""

    operation_view_name = "operation-detail"
    operation_url_kwarg = "handle"

    def get_operation_view_name(self) -> str:
        """Return the name of the URL pattern of the operation's view."""
        return self.operation_view_name

    def get_operation_url_kwarg(self) -> str:
        """Return the name of the variable in that URL pattern."""
        return self.operation_url_kwarg

    def get_caller(self, request: Request) -> str | None:
        """Return a string that identifies the owner of the operation.

        `None`: everyone who has the URL of the operation can read it.
        """
        return handles.find_owner(request)

    def get_operation_url(self, request: Request, handle: str) -> str:
        """Return the absolute URL of an operation; `handle` is its signed id."""
        name, variable = self.get_operation_view_name(), self.get_operation_url_kwarg()
        url = find_url(request, name, {variable: handle})
        if url is None:
            raise ImproperlyConfigured(
                f"{type(self).__name__} cannot find a URL pattern {name!r} with {variable!r}. Add "
                f"path('operations/<str:{variable}>', OperationView.as_view(), name={name!r}), set "
                "operation_view_name, or override get_operation_url()."
            )
        return url


def find_url(request: Request, name: str, kwargs: Mapping[str, Any]) -> str | None:
    """Return the absolute URL named `name` with the variables `kwargs`, `None` if no URL fits.

    The namespace and the variables (a tenant) of the request's own URL are kept if possible.
    """
    match = request.resolver_match
    names = [":".join([*match.namespaces, name]), name] if match else [name]
    url_kwargs = match.kwargs if match else {}
    for candidate, variables in product(names, ({**url_kwargs, **kwargs}, dict(kwargs))):
        try:
            return reverse(candidate, kwargs=variables, request=request)
        except NoReverseMatch:
            continue
    return None


class AcceptedMixin(NonAtomicMixin, OperationMixin):
    """Accepts a background task: `return self.accept(request, task, **kwargs)`.

    Name the actions that do so in `accepting_actions`: they run outside `ATOMIC_REQUESTS`.
    """

    def accept(self, request: Request, task: tasks.Task, /, *args: Any, **kwargs: Any) -> Any:
        """Enqueue `task`, and return the 202 with the URL of the operation.

        If the task backend has run the task at once, return a 200 or 204, or the task's error.
        Raise TypeError if the arguments do not fit the task's signature or cannot be encoded as
        JSON. Raise ImproperlyConfigured inside a transaction, if a worker cannot import the task,
        and if the operation has no URL. An exception of the task backend is not caught: the
        response is a 503 if its database or broker is not available.
        """
        self.check_transaction(request)
        tasks.check_task(task)
        task_args, task_kwargs = tasks.serialize_arguments(task, args, kwargs)
        owner = self.get_caller(request)
        # Reverse the URL first: a wrong name must fail before the task is enqueued.
        self.get_operation_url(request, handles.sign_handle(handles.make_handle("", ""), owner))
        with tasks.storing_state(task), keeping_exceptions():
            result = task.enqueue(*task_args, **task_kwargs)
            handle = handles.make_handle(result.backend, result.id)
            if result.status in status.FINISHED:
                return self.get_finished_response(request, handle, result)
        return self.get_accepted_response(
            request, handle, handles.sign_handle(handle, owner), result
        )

    def get_accepted_response(
        self, request: Request, handle: handles.Handle, signed: str, result: tasks.TaskResult
    ) -> Response:
        """Return the 202; `signed` is the signed handle."""
        url = self.get_operation_url(request, signed)
        headers = {
            "Location": url,
            "Content-Location": url,
            "Retry-After": get_retry_after(request, self),
        }
        body = status.make_operation_body(handle, signed, url, result.status)
        return Response(body, status=202, headers=headers)

    def get_finished_response(
        self, request: Request, handle: handles.Handle, result: tasks.TaskResult
    ) -> Any:
        """Return the response for a task that has run at once."""
        error = status.find_error(result, handle, request)
        if error is not None:
            return status.make_failed_response(error, result, request, self)
        value = result.return_value
        status.check_result(value, request)
        return Response(value, status=204 if value is None else 200)


class AcceptedAPIView(AcceptedMixin, GenericAPIView[ModelT]):
    """Accepts a POST for `task`, with the serializer's `validated_data` as its arguments.

    Without a `serializer_class` the body is ignored.
    """

    task: tasks.Task | None = None
    serializer_class: type[BaseSerializer[Any]] = Serializer
    accepting_actions = ("post",)

    def get_task(self) -> tasks.Task:
        """Return the task; raise ImproperlyConfigured if `task` is not set."""
        if self.task is None:
            raise ImproperlyConfigured(
                f"{type(self).__name__} has no task. Set task, or override get_task()."
            )
        return self.task

    def get_task_kwargs(self, serializer: BaseSerializer[Any]) -> Mapping[str, Any]:
        """Return the keyword arguments of the task: the serializer's `validated_data`.

        Raise ImproperlyConfigured if the data are not a mapping.
        """
        if not isinstance(serializer.validated_data, Mapping):
            raise ImproperlyConfigured(
                f"{type(self).__name__}.serializer_class does not return a dict. Override "
                "get_task_kwargs(), as in: return {'rows': serializer.validated_data}."
            )
        return serializer.validated_data

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Validate the body, and accept the task."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        if errors := tasks.find_number_errors(serializer.validated_data):
            raise ValidationError(errors)
        return self.accept(request, self.get_task(), **self.get_task_kwargs(serializer))


class OperationView(OperationMixin, StatusAwareMixin, APIView):
    """Shows the status of an operation to its owner."""

    lookup_url_kwarg = "handle"

    def get_operation_url_kwarg(self) -> str:
        """Return the name of the variable in the URL pattern."""
        return self.get_lookup_url_kwarg()

    def get_lookup_url_kwarg(self) -> str:
        """Return the name of the variable in the URL pattern."""
        return self.lookup_url_kwarg

    def get_handle(self) -> handles.Handle:
        """Return the handle in the URL; raise NotFound or Gone."""
        handle = handles.read_handle(self._get_signed_handle(), self.get_caller(self.request))
        if handle is None:
            raise NotFound
        if handle.age > api_errors.OPERATION_MAX_AGE:
            raise Gone
        return handle

    def get_result_url(self, result: tasks.TaskResult) -> str | None:
        """Return the URL of the resource that a successful task created, `None` without a resource.

        `result.return_value` is the value that the task returned. If you return a URL, the body has
        `{"href": …}` with this URL as its `result`.
        """
        return None

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the operation."""
        handle = self.get_handle()
        result = tasks.load_result(handle.backend, handle.result_id)
        body = self.get_body(handle, result)
        if body["status"].upper() in status.FINISHED:
            return Response(body)
        headers = {"Retry-After": get_retry_after(request, self), "Cache-Control": "no-store"}
        return Response(body, headers=headers)

    def options(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]
        """Describe the resource; the errors for a missing operation are those of GET."""
        self.get_handle()
        return super().options(request, *args, **kwargs)

    def get_body(self, handle: handles.Handle, result: tasks.TaskResult) -> dict[str, Any]:
        """Return the body, with `result` or `error` if the task is finished."""
        signed = self._get_signed_handle()
        url = self.get_operation_url(self.request, signed)
        error = status.find_error(result, handle, self.request)
        body = status.make_operation_body(handle, signed, url, result.status)
        if error is None and result.status in status.FINISHED:
            body["result"] = self.get_result(result)
            try:
                status.check_result(body["result"], self.request)
            except Exception as exc:
                error = status.report_result(exc, result, self.request)
        if error is not None:
            body["status"] = "failed"
            body.pop("result", None)
            # The place of the value is in the request that started the task, not in this one.
            body["error"] = error._replace(place="").get_body(self.request)
        return body

    def get_result(self, result: tasks.TaskResult) -> Any:
        """Return the `result` of the body: a link to the new resource, else the return value."""
        url = self.get_result_url(result)
        if url is None:
            return result.return_value
        return {"href": self.request.build_absolute_uri(url)}

    def _get_signed_handle(self) -> str:
        return str(self.kwargs[self.get_lookup_url_kwarg()])


hide_docstrings(NonAtomicMixin, OperationMixin, AcceptedMixin, AcceptedAPIView, OperationView)
