"""Refusals: DRF's exceptions, with a detail that is made when somebody reads it.

DRF translates the default text of an exception when it is made, which is a twentieth of a 401. The
handler has no use for it: a default text of DRF's gives way to the catalogue's. Of validation
errors DRF makes a copy; the handler has no use for that either.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from rest_framework import exceptions

if TYPE_CHECKING:
    from rest_framework.exceptions import ErrorDetail

    Base = exceptions.APIException
else:
    Base = object


class Refusal(Base):
    """What an exception of DRF's is given, it takes when its detail is read."""

    def __init__(self, *args: object) -> None:
        """Keep `args`, as `BaseException.__new__()` has done already."""

    @cached_property
    def detail(self) -> ErrorDetail:  # type: ignore[override]
        """The detail that DRF's exception has."""
        # Sets `detail` in the instance's dict, where the property is not asked again.
        super().__init__(*self.args)
        detail: ErrorDetail = vars(self)["detail"]
        return detail

    @property
    def is_read(self) -> bool:
        """Tell whether somebody has read the detail, or given another one."""
        return "detail" in vars(self)


class MethodNotAllowed(Refusal, exceptions.MethodNotAllowed):
    """The view has no such verb: 405."""


class NotAuthenticated(Refusal, exceptions.NotAuthenticated):
    """The view wants credentials: 401."""


class PermissionDenied(Refusal, exceptions.PermissionDenied):
    """The credentials do not allow it: 403."""


class UnsupportedMediaType(Refusal, exceptions.UnsupportedMediaType):
    """No parser of the view reads such a body: 415."""


class ValidationError(Refusal, exceptions.ValidationError):  # type: ignore[misc]
    """A serializer refuses what was sent: 400. It is given the serializer's `errors`."""


def get_detail(exception: BaseException) -> Any:
    """Return the detail of an exception of DRF's, that of a serializer as the serializer has it.

    `None` where there is none.
    """
    if isinstance(exception, ValidationError) and not exception.is_read:
        return exception.args[0]
    return getattr(exception, "detail", None)
