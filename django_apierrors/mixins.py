"""DRF's mixins, with the successes of the table of methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from django.http.response import HttpResponseBase
from django.urls import NoReverseMatch
from rest_framework import mixins
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from django_apierrors.fallback import log_failure, logger
from django_apierrors.routing import find_location
from django_apierrors.semantics import hide_docstrings

if TYPE_CHECKING:
    from django_apierrors.semantics import StatusAwareMixin as Base
else:
    Base = object

__all__ = [
    "CreateModelMixin",
    "DestroyModelMixin",
    "ListModelMixin",
    "LocationMixin",
    "RetrieveModelMixin",
    "UpdateModelMixin",
]


# The views that have logged that a new resource has no `Location`.
_views_without_location: WeakSet[type] = WeakSet()


class LocationMixin(Base):
    """Adds the `Location` to every 201 of a view, even if the view builds the response itself."""

    def get_location(self, data: Any) -> str | None:
        """Return the absolute URL of the new resource, or `None`; `data` is the body of the 201."""
        view: Any = self
        return find_location(view, data)

    def make_location_header(self, data: Any) -> dict[str, str]:
        """Return the `Location` header, or nothing if it fails: the resource exists already."""
        try:
            location = self.get_location(data)
        except NoReverseMatch:
            # The key does not fit the URL pattern. The missing header is logged.
            return {}
        except Exception:
            log_failure("calling get_location() of a view")
            return {}
        # Django raises BadHeaderError for a line break, which a client's value may contain.
        return {"Location": location} if location and location.isprintable() else {}

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Return the response; a 201 gets its `Location`."""
        if getattr(response, "status_code", None) == 201 and not response.has_header("Location"):
            for name, value in self.make_location_header(getattr(response, "data", None)).items():
                response[name] = value
        return super().finalize_response(request, response, *args, **kwargs)


class CreateModelMixin(mixins.CreateModelMixin, LocationMixin):
    """Creates a resource: 201 with the resource and its absolute `Location`."""

    def get_success_headers(self, data: Any) -> dict[str, str]:
        """Return the `Location`; DRF returns the value of any field that is called `url`."""
        return self.make_location_header(data)

    def should_enforce_semantics(self, response: HttpResponseBase) -> bool:
        """Whether a violation raises: not if the resource exists already.

        Check W004 reports the views whose new resources get no `Location`.
        """
        return not self.has_created(response) and super().should_enforce_semantics(response)

    def log_violation(self, response: HttpResponseBase, message: str) -> None:
        """Log a violation; once for the view if the key of a new resource does not fit its URL.

        The client may have chosen the key: `a/b`.
        """
        if not self.has_created(response):
            super().log_violation(response, message)
        elif type(self) not in _views_without_location:
            _views_without_location.add(type(self))
            logger.warning(message)

    def has_created(self, response: HttpResponseBase) -> bool:
        """Whether `response` is that of `create()` for a resource that exists by now."""
        action = getattr(self, "action", "create")
        return (self.request.method, action, response.status_code) == ("POST", "create", 201)


class UpdateModelMixin(mixins.UpdateModelMixin, Base):
    """Updates a resource: PUT returns 200 with the resource, or 204 if `put_status` is 204.

    With `partial_put`, PUT requires no field and updates the fields that are sent.
    """

    put_status = 200
    partial_put = False

    def get_put_status(self) -> int:
        """Return the status of an update: 200, or 204 for no body."""
        return self.put_status

    def get_partial_put(self) -> bool:
        """Whether PUT updates only the fields that are sent."""
        return self.partial_put

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Update the resource."""
        kwargs.setdefault("partial", self.get_partial_put())
        response = super().update(request, *args, **kwargs)
        response.status_code = self.get_put_status()
        if response.status_code == 204:
            response.data = None
        return response


class DestroyModelMixin(mixins.DestroyModelMixin, Base):
    """Deletes a resource: 204, or 200 if `delete_status` is 200; both without a body."""

    delete_status = 204

    def get_delete_status(self) -> int:
        """Return the status of a deletion: 204 or 200."""
        return self.delete_status

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete the resource."""
        response = super().destroy(request, *args, **kwargs)
        response.status_code = self.get_delete_status()
        return response


hide_docstrings(*(globals()[name] for name in __all__))
