"""An API that accepts each task of `tasks.py`, for the live servers and for `test_views.py`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import path
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.operations import AcceptedAPIView, OperationView
from tests.operations import tasks


class HeaderAuthentication(BaseAuthentication):
    """Authenticates the user whose key is in the header `X-User`."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        key = request.headers.get("X-User")
        return (User(pk=int(key)), None) if key else None


class Accept(AcceptedAPIView):
    """Accepts the task that the URL names, with the keys of the body as its arguments."""

    authentication_classes = [HeaderAuthentication]

    def get_task(self) -> Any:
        task = getattr(tasks, self.kwargs["name"])
        return task.using(backend=self.kwargs.get("backend", "default"))

    def get_task_kwargs(self, serializer: Any) -> dict[str, Any]:
        return dict(self.request.data)


class Operation(OperationView):
    authentication_classes = [HeaderAuthentication]


class RemoveTask(APIView):
    """Removes a task from this process, as the next release of a project may."""

    def post(self, request: Request) -> Response:
        del tasks.doomed
        return Response(status=204)


class SetTimeout(APIView):
    """Sets `OPERATION_TIMEOUT` of this process."""

    def post(self, request: Request) -> Response:
        settings.API_ERRORS = {"OPERATION_TIMEOUT": request.data["seconds"]}
        return Response(status=204)


urlpatterns = [
    path("accept/<str:name>", Accept.as_view()),
    path("remove-task", RemoveTask.as_view()),
    path("set-timeout", SetTimeout.as_view()),
    path("operations/<str:handle>", Operation.as_view(), name="operation-detail"),
]
