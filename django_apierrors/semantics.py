"""Semantics: which statuses a verb may succeed with, and what each of them must carry.

Sources: the API document's "HTTP Verbs" and "Success Codes"; RFC 9110, sections 15.3.2 (201),
15.3.3 (202) and 15.3.5 (204).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from django.conf import settings
from django.http import Http404
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException, UnsupportedMediaType

from django_apierrors.conf import api_errors

if TYPE_CHECKING:
    from rest_framework.renderers import BaseRenderer
    from rest_framework.request import Request
    from rest_framework.views import APIView as Base
else:
    Base = object

logger = logging.getLogger("django_apierrors")


class Requirement(NamedTuple):
    """What a response must carry: in words, and as a test."""

    what: str
    is_met_by: Callable[[HttpResponseBase], bool]


Successes: TypeAlias = Mapping[int, tuple[Requirement, ...]]


def has_body(response: HttpResponseBase) -> bool:
    """Tell whether a response, rendered or not yet, has a body."""
    if hasattr(response, "data"):
        return response.data is not None
    return bool(getattr(response, "content", True))


def has_location(response: HttpResponseBase) -> bool:
    """Tell whether a 201 says where its resource is; a list of resources is in many places."""
    location = response.get("Location", "")
    is_list = isinstance(getattr(response, "data", None), list)
    return is_list or location.startswith(("http://", "https://"))


RESOURCE = Requirement("the new resource in its body", has_body)
LOCATION = Requirement("a Location header with the absolute URL of the new resource", has_location)
NO_BODY = Requirement("no body", lambda response: not has_body(response))
STATE = Requirement("the state of the operation in its body", has_body)
POLLABLE = tuple(
    Requirement(f"a {name} header", lambda response, name=name: response.has_header(name))  # type: ignore[misc]
    for name in ("Location", "Content-Location", "Retry-After")
)

READ: Successes = {200: (), 206: ()}
CHANGED: Successes = {200: (), 202: (*POLLABLE, STATE), 204: (NO_BODY,)}

SUCCESSES: Mapping[str, Successes] = {
    "GET": READ,
    "HEAD": READ,
    "POST": {201: (LOCATION, RESOURCE), **CHANGED},
    "PUT": CHANGED,
    "PATCH": CHANGED,
    "DELETE": CHANGED,
    "OPTIONS": {200: (), 204: (NO_BODY,)},
}


class SemanticsError(Exception):
    """A view answered a verb with a success that the verb does not have: a bug of the view."""


def find_violation(method: str | None, response: HttpResponseBase) -> str | None:
    """Return what is wrong with a success of `method`, `None` where nothing is."""
    successes = SUCCESSES.get(method or "")
    if successes is None:
        return None
    requirements = successes.get(response.status_code)
    if requirements is None:
        allowed = ", ".join(map(str, sorted(successes)))
        return f"answered {method} with {response.status_code}. Answer with one of {allowed}."
    missing = [
        requirement.what for requirement in requirements if not requirement.is_met_by(response)
    ]
    if not missing:
        return None
    return (
        f"answered {method} with {response.status_code}, which must have {' and '.join(missing)}."
    )


class StatusAwareMixin(Base):
    """Holds an `APIView` to the verb table, and to one order of refusal.

    405 comes first, since it is true for every caller and needs no look-up; then 401, 403, 429 and
    415, all before the view's own code. PATCH is opted in to by naming it in `http_method_names`.
    """

    http_method_names = ["get", "post", "put", "delete", "head", "options"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what is to be refused before the handler method is called."""
        self.check_method(request)
        self._refused_format: Exception | None = None
        super().initial(request, *args, **kwargs)
        if self._refused_format is not None:
            raise self._refused_format
        self.check_content_type(request)

    def check_method(self, request: Request) -> None:
        """Raise MethodNotAllowed for a verb that the view does not have."""
        name = (request.method or "").lower()
        if name not in self.http_method_names or not hasattr(self, name):
            self.http_method_not_allowed(request)

    def check_content_type(self, request: Request) -> None:
        """Raise UnsupportedMediaType for a body that no parser of the view reads.

        DRF finds out when the view asks for `request.data`, which may be after a look-up.
        """
        if request.stream is None or request.method not in ("POST", "PUT", "PATCH"):
            return
        parser = self.get_content_negotiator().select_parser(request, request.parsers or ())
        if parser is None:
            raise UnsupportedMediaType(request.content_type)

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[BaseRenderer, str]:
        """Negotiate; what cannot be served is refused when DRF's own checks have passed."""
        try:
            return super().perform_content_negotiation(request, force)
        except (APIException, Http404, ValueError, LookupError) as exc:
            self._refused_format = exc
            return super().perform_content_negotiation(request, force=True)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the response, held against the verb table if it is a success."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if not 200 <= response.status_code < 300:
            return response
        violation = find_violation(request.method, response)
        if violation is None:
            return response
        message = f"{type(self).__module__}.{type(self).__qualname__} {violation}"
        if not is_strict():
            logger.error(message)
            return response
        try:
            raise SemanticsError(message)
        except SemanticsError as exc:
            answer = self.handle_exception(exc)
        return super().finalize_response(request, answer, *args, **kwargs)


def is_strict() -> bool:
    """Tell whether a violation is an error, not a line in the log."""
    return settings.DEBUG if api_errors.STRICT is None else api_errors.STRICT
