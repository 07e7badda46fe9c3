"""The mixins of DRF, whose successes mean what the verb table says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import mixins
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin

from django_apierrors.fallback import log_failure
from django_apierrors.routing import find_location

if TYPE_CHECKING:
    from rest_framework.generics import GenericAPIView
    from rest_framework.request import Request
    from rest_framework.response import Response

    Base = GenericAPIView[Any]
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


class LocationMixin(Base):
    """Tells where a new resource is, however the method that made it is written."""

    def get_location(self, data: Any) -> str | None:
        """Return the absolute URL of the resource that `data` shows, `None` where there is none."""
        return find_location(self, data)

    def make_location_header(self, data: Any) -> dict[str, str]:
        """Return the `Location` header; none where it would fail, since the resource is there."""
        try:
            location = self.get_location(data)
        except Exception:
            log_failure("asking a view for the Location of a resource")
            return {}
        # Django refuses a header with a line break, whoever's name is in the URL.
        return {"Location": location} if location and location.isprintable() else {}

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the response, a 201 with its `Location`."""
        if getattr(response, "status_code", None) == 201 and not response.has_header("Location"):
            for name, value in self.make_location_header(getattr(response, "data", None)).items():
                response[name] = value
        return super().finalize_response(request, response, *args, **kwargs)


class CreateModelMixin(mixins.CreateModelMixin, LocationMixin):
    """Creates: 201 with the resource and its absolute `Location`."""

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Create the resource."""
        response = super().create(request, *args, **kwargs)
        # The row exists: a missing Location is check W004, never a 500.
        response.skip_verb_check = True  # type: ignore[attr-defined]
        return response

    def get_success_headers(self, data: Any) -> dict[str, str]:
        """Return the `Location`; DRF takes any field called `url` for it."""
        return self.make_location_header(data)


class UpdateModelMixin(mixins.UpdateModelMixin, Base):
    """Updates: PUT answers 200 with the resource, or 204 where `put_status` says so."""

    put_status = 200
    partial_put = False

    def get_put_status(self) -> int:
        """Return the status of an update: 200, or 204 to leave the body out."""
        return self.put_status

    def get_partial_put(self) -> bool:
        """Tell whether PUT is an update of what is sent, not of the whole resource."""
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
    """Deletes: 204, or 200 where `delete_status` says so; without a body either way."""

    delete_status = 204

    def get_delete_status(self) -> int:
        """Return the status of a deletion: 204 or 200."""
        return self.delete_status

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete the resource."""
        response = super().destroy(request, *args, **kwargs)
        response.status_code = self.get_delete_status()
        return response
