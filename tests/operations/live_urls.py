"""The API of a server that accepts work for the tasks of the test suite."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.urls import path
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.operations import AcceptedAPIView, OperationView
from tests import tasks


class HeaderAuthentication(BaseAuthentication):
    """Believes who the caller says it is."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """Return the user whose key the header has."""
        key = request.headers.get("X-User")
        return (User(pk=int(key)), None) if key else None


class Accept(AcceptedAPIView):
    """Accepts work for the task of that name, with the document as its arguments."""

    authentication_classes = [HeaderAuthentication]

    def get_task(self) -> Any:
        """Return the task that the URL names."""
        return getattr(tasks, self.kwargs["name"])

    def get_task_kwargs(self, serializer: Any) -> dict[str, Any]:
        """Return the document."""
        return dict(self.request.data)


class Operation(OperationView):
    """Tells how an operation stands."""

    authentication_classes = [HeaderAuthentication]


class Forget(APIView):
    """Removes a task, as the next release of a project may."""

    def post(self, request: Request) -> Response:
        """Remove it from this process."""
        del tasks.doomed
        return Response(status=204)


urlpatterns = [
    path("accept/<str:name>", Accept.as_view()),
    path("forget", Forget.as_view()),
    path("operations/<str:handle>", Operation.as_view(), name="operation-detail"),
]
