"""Transactions: URL patterns that accept work run outside `ATOMIC_REQUESTS`, all others inside."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from django_apierrors.handling.rollback import find_open_block
from django_apierrors.validation.places import AnyRequest

if TYPE_CHECKING:
    from rest_framework.views import APIView as Base
else:
    Base = object


class NonAtomicMixin(Base):
    """Runs the actions that accept work outside the transaction that Django opens for a request.

    `accepting_actions` names actions of a viewset, or handler methods of another view ("put").
    """

    accepting_actions: Collection[str] = ()

    @classmethod
    def get_accepting_actions(cls) -> Collection[str]:
        """Return the names of the actions that accept work; `as_view()` calls this."""
        return cls.accepting_actions

    @classmethod
    def has_accepting_action(cls, actions: Mapping[str, str] | None) -> bool:
        """Whether a URL pattern accepts work; `actions` are its viewset actions by method."""
        accepting = cls.get_accepting_actions()
        return bool(accepting) and (not actions or not set(accepting).isdisjoint(actions.values()))

    # Hidden from type checkers: the signatures of DRF's views and of its viewsets differ.
    if not TYPE_CHECKING:

        @classmethod
        def as_view(cls, *args: Any, **kwargs: Any) -> Any:
            """Return the view, outside `ATOMIC_REQUESTS` if one of its actions accepts work."""
            view = super().as_view(*args, **kwargs)
            if cls.has_accepting_action(getattr(view, "actions", None)):
                for alias in connections:
                    view = transaction.non_atomic_requests(using=alias)(view)
            return view

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Handle the request, in a transaction if its action does not accept work.

        Django's `make_view_atomic()` decides for the whole view, before the action is known.
        """
        actions = getattr(self, "action_map", None)
        with ExitStack() as transactions:
            if (
                self.has_accepting_action(actions)
                and get_action(self, request) not in self.get_accepting_actions()
            ):
                for connection in connections.all():
                    if connection.settings_dict["ATOMIC_REQUESTS"]:
                        transactions.enter_context(transaction.atomic(using=connection.alias))
            return super().dispatch(request, *args, **kwargs)

    def check_transaction(self, request: Request) -> None:
        """Raise ImproperlyConfigured inside a transaction.

        A worker might run before the COMMIT, and a rollback does not always remove the task.
        """
        open_connections = connections.all(initialized_only=True)
        # The block of a TestCase does not count.
        if any(find_open_block(connection) is not None for connection in open_connections):
            action = get_action(self, request)
            raise ImproperlyConfigured(
                f"{type(self).__name__}.{action}() accepts work inside a transaction. Name "
                f"{action!r} in accepting_actions or override get_accepting_actions(): the action "
                "then runs outside ATOMIC_REQUESTS. Call accept() after your own atomic() block."
            )


def get_action(view: Any, request: AnyRequest) -> str:
    """Return the action of a viewset for the request's method, for other views the method."""
    method = (request.method or "").lower()
    return getattr(view, "action_map", {}).get(method, method)  # type: ignore[no-any-return]
