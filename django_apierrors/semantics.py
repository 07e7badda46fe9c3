"""Semantics: which statuses a verb may succeed with, and what each of them must carry.

Sources: the API document's "HTTP Verbs" and "Success Codes"; RFC 9110, sections 15.3.2 (201),
15.3.3 (202) and 15.3.5 (204).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeAlias

from django.conf import settings
from django.http import Http404
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.views import APIView

from django_apierrors.conf import api_errors
from django_apierrors.refusals import (
    MethodNotAllowed,
    NotAuthenticated,
    PermissionDenied,
    UnsupportedMediaType,
)
from django_apierrors.renderers import JSONRenderer
from django_apierrors.request import APIRequest

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.renderers import BaseRenderer
    from rest_framework.versioning import BaseVersioning

    Base = APIView
else:
    Base = object

# What stands in for these raises exceptions of the same classes, with texts made on demand.
STOCK_METHODS = (APIView.http_method_not_allowed, APIView.permission_denied)

logger = logging.getLogger("django_apierrors")


class Requirement(NamedTuple):
    """What a response must carry: in words, as a test, and what to do where it is missing."""

    what: str
    is_met_by: Callable[[HttpResponseBase], bool]
    remedy: str


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


def make_header_requirement(name: str) -> Requirement:
    """Return the requirement of the header `name` of an operation."""
    return Requirement(
        f"a {name} header",
        lambda response: response.has_header(name),
        "Accept the work through django_apierrors.operations.",
    )


RESOURCE = Requirement(
    "the new resource in its body", has_body, "Return Response(serializer.data, status=201)."
)
LOCATION = Requirement(
    "a Location header with the absolute URL of the new resource",
    has_location,
    "Give the serializer a HyperlinkedIdentityField called 'url', the model a "
    "get_absolute_url(), or the resource a route whose name ends in '-detail'; or override "
    "get_location() of the view.",
)
NO_BODY = Requirement(
    "no body",
    lambda response: not has_body(response),
    "Leave the data out, or answer with 200.",
)
STATE = Requirement(
    "the state of the operation in its body",
    has_body,
    "Accept the work through django_apierrors.operations.",
)
POLLABLE = tuple(map(make_header_requirement, ("Location", "Content-Location", "Retry-After")))

READ: Successes = {200: (), 206: ()}
CHANGED: Successes = {200: (), 204: (NO_BODY,)}
ACCEPTED: Successes = {202: (*POLLABLE, STATE)}

SUCCESSES: Mapping[str, Successes] = {
    "GET": READ,
    "HEAD": READ,
    "POST": {201: (LOCATION, RESOURCE), **CHANGED, **ACCEPTED},
    "PUT": {**CHANGED, **ACCEPTED},
    "PATCH": CHANGED,
    "DELETE": {**CHANGED, **ACCEPTED},
    "OPTIONS": CHANGED,
}


class SemanticsError(Exception):
    """A view answered a verb with a success that the verb does not have: a bug of the view."""


def find_violation(method: str | None, response: HttpResponseBase) -> str | None:
    """Return what is wrong with a success of `method` and what to do, `None` where nothing is."""
    successes = SUCCESSES.get(method or "")
    if successes is None:
        return None
    requirements = successes.get(response.status_code)
    if requirements is None:
        allowed = ", ".join(map(str, sorted(successes)))
        return f"answered {method} with {response.status_code}. Answer with one of {allowed}."
    missing = [requirement for requirement in requirements if not requirement.is_met_by(response)]
    if not missing:
        return None
    what = " and ".join(requirement.what for requirement in missing)
    remedies = " ".join(dict.fromkeys(requirement.remedy for requirement in missing))
    return f"answered {method} with {response.status_code}, which must have {what}. {remedies}"


class StatusAwareMixin(Base):
    """Holds an `APIView` to the verb table, and to one order of refusal.

    405 comes first, since it is true for every caller and needs no look-up; then 401, 403, 429 and
    415, all before the view's own code. PATCH is opted in to by naming it in `http_method_names`.
    """

    http_method_names = ["get", "post", "put", "delete", "head", "options"]

    # What DRF would refuse before it asks who the caller is; `None` outside `initial()`.
    _postponed: list[Exception] | None = None

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Return DRF's request; unless it is the project's own, as one that asks in fewer steps."""
        made = super().initialize_request(request, *args, **kwargs)
        if type(made) is Request:
            made.__class__ = APIRequest
        return made

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what is to be refused before the handler method is called."""
        self._postponed = []
        self.check_method(request)
        super().initial(request, *args, **kwargs)
        self.check_content_type(request)
        for refusal in self._postponed:
            raise refusal

    def check_method(self, request: Request) -> None:
        """Raise MethodNotAllowed for a verb that the view does not have."""
        name = (request.method or "").lower()
        if name in self.http_method_names and hasattr(self, name):
            return
        # For the page that a browser asked for.
        self.format_kwarg = self.get_format_suffix(**self.kwargs)
        negotiated = self.perform_content_negotiation(request)
        request.accepted_renderer, request.accepted_media_type = negotiated
        self.http_method_not_allowed(request)

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Refuse a verb that the view does not have."""
        if is_stock(super().http_method_not_allowed):
            raise MethodNotAllowed(request.method)
        return super().http_method_not_allowed(request, *args, **kwargs)

    def permission_denied(
        self, request: Request, message: Any = None, code: str | None = None
    ) -> NoReturn:
        """Refuse what a permission does not allow: 401 where credentials would help, else 403."""
        if is_stock(super().permission_denied):
            if request.authenticators and not request.successful_authenticator:
                raise NotAuthenticated
            if message is None and code is None:
                raise PermissionDenied
        super().permission_denied(request, message, code)

    def check_content_type(self, request: Request) -> None:
        """Raise UnsupportedMediaType for a body that no parser of the view reads.

        DRF finds out when the view asks for `request.data`, which may be after a look-up. The
        length tells whether there is a body: DRF's `request.stream` raises where it was read.
        """
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length == "0" or request.method not in ("POST", "PUT", "PATCH"):
            return
        parser = self.get_content_negotiator().select_parser(request, request.parsers or ())
        if parser is None:
            raise UnsupportedMediaType(request.content_type)

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[BaseRenderer, str]:
        """Negotiate; what cannot be served is refused, in JSON, when DRF's checks have passed."""
        try:
            return super().perform_content_negotiation(request, force)
        except (APIException, Http404, ValueError, LookupError) as exc:
            self._postpone(exc)
            return JSONRenderer(), JSONRenderer.media_type

    def determine_version(
        self, request: Request, *args: Any, **kwargs: Any
    ) -> tuple[str | None, BaseVersioning | None]:
        """Determine the version; one that is not there is refused when DRF's checks have passed."""
        try:
            return super().determine_version(request, *args, **kwargs)
        except (APIException, Http404) as exc:
            self._postpone(exc)
            return getattr(self.versioning_class, "default_version", None), None

    def _postpone(self, refusal: Exception) -> None:
        if self._postponed is None:
            raise refusal
        self._postponed.append(refusal)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the response, held against the verb table if it is a success."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if not 200 <= response.status_code < 300:
            return response
        violation = find_violation(request.method, response)
        if violation is None:
            return response
        message = f"{type(self).__module__}.{type(self).__qualname__} {violation}"
        if not is_strict() or getattr(response, "is_passed_by_semantics", False):
            logger.error(message)
            return response
        try:
            raise SemanticsError(message)
        except SemanticsError as exc:
            answer = self.handle_exception(exc)
        return super().finalize_response(request, answer, *args, **kwargs)


def is_stock(method: Callable[..., object]) -> bool:
    """Tell whether a view's method is DRF's, not that of a base class of the project's."""
    return getattr(method, "__func__", None) in STOCK_METHODS


def is_strict() -> bool:
    """Tell whether a violation is an error, not a line in the log."""
    return settings.DEBUG if api_errors.STRICT is None else api_errors.STRICT
