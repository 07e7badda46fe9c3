"""Semantics: the success statuses of each method, and the parts that each response must have.

Sources: the API document's "HTTP Verbs" and "Success Codes"; RFC 9110, sections 15.3.2 (201),
15.3.3 (202) and 15.3.5 (204).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from django.core.exceptions import ImproperlyConfigured
from django.http import Http404
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException, UnsupportedMediaType
from rest_framework.renderers import BaseRenderer, BrowsableAPIRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.versioning import BaseVersioning
from rest_framework.views import APIView

from django_apierrors.conf import api_errors, is_strict
from django_apierrors.fallback import logger
from django_apierrors.http.request_bodies import (
    check_content_encoding,
    find_content_length,
    read_chunked_body,
)
from django_apierrors.http.scope import is_of_project
from django_apierrors.renderers import JSONRenderer

if TYPE_CHECKING:
    Base = APIView
else:
    Base = object


class Requirement(NamedTuple):
    """A part that a response must have: a description, a test, a hint for the developer."""

    description: str
    test: Callable[[HttpResponseBase], bool]
    hint: str


Successes: TypeAlias = Mapping[int, tuple[Requirement, ...]]

ACCEPT_HINT = "Accept the work through django_apierrors.operations."


def has_body(response: HttpResponseBase) -> bool:
    """Whether a response, rendered or not, has a body."""
    if hasattr(response, "data"):
        return response.data is not None
    return bool(getattr(response, "content", True))


def remove_empty_content(response: HttpResponseBase) -> None:
    """Remove the bytes of a 204 without data: a renderer may put `None` into an envelope.

    The browsable API shows its page for such a response, with the status 200.
    """
    if not isinstance(response, Response) or (response.status_code, response.data) != (204, None):
        return
    if not isinstance(response.accepted_renderer, BrowsableAPIRenderer):
        response.accepted_renderer = JSONRenderer()


def has_absolute_location(response: HttpResponseBase) -> bool:
    """Whether a 201 has the URL of its resource; a list of resources has no single URL."""
    if isinstance(getattr(response, "data", None), list):
        return True
    return response.get("Location", "").startswith(("http://", "https://"))


def make_header_requirement(name: str) -> Requirement:
    """Return the requirement that a 202 has the header `name`."""
    return Requirement(f"a {name} header", lambda response: response.has_header(name), ACCEPT_HINT)


RESOURCE = Requirement(
    "the new resource in its body", has_body, "Return Response(serializer.data, status=201)."
)
LOCATION = Requirement(
    "a Location header with the absolute URL of the new resource",
    has_absolute_location,
    "Add a HyperlinkedIdentityField named 'url' to the serializer, a get_absolute_url() to the "
    "model, or a URL pattern whose name ends in '-detail'; or override get_location() of the view.",
)
NO_BODY = Requirement(
    "no body", lambda response: not has_body(response), "Leave the data out, or return 200."
)
OPERATION_STATUS = Requirement("the status of the operation in its body", has_body, ACCEPT_HINT)
POLLABLE = tuple(map(make_header_requirement, ("Location", "Content-Location", "Retry-After")))

PLAIN: Successes = {200: (), 204: (NO_BODY,)}
PARTIAL: Successes = {206: ()}
ACCEPTED: Successes = {202: (*POLLABLE, OPERATION_STATUS)}

ALLOWED_STATUSES: Mapping[str, Successes] = {
    "GET": {**PLAIN, **PARTIAL, **ACCEPTED},
    "HEAD": {**PLAIN, **PARTIAL},
    "POST": {201: (LOCATION, RESOURCE), **PLAIN, **ACCEPTED},
    # RFC 9110, section 9.3.4: a PUT that creates is a 201, at the URL of the request.
    "PUT": {201: (RESOURCE,), **PLAIN, **ACCEPTED},
    "PATCH": {**PLAIN, **ACCEPTED},
    "DELETE": {**PLAIN, **ACCEPTED},
    "OPTIONS": PLAIN,
}

METHOD_NAMES = ("get", "post", "put", "delete", "head", "options")


class SemanticsError(Exception):
    """A view returned a success that breaks the table of methods; raised if `STRICT` is on."""


class MethodNames:
    """The `http_method_names` of our views: all but PATCH, which is opt-in.

    A view opts in by a `patch()` of its own, or by an `@action` for PATCH. The setting `PATCH` opts
    in for all views. For a view with its own `http_method_names`, that list decides.
    """

    def __get__(self, view: Any, cls: type[Any]) -> Sequence[str]:
        """Return the names in lower case."""
        allows_patch = api_errors.PATCH or defines_patch(cls if view is None else view)
        return [*METHOD_NAMES, "patch"] if allows_patch else [*METHOD_NAMES]


def defines_patch(view: Any) -> bool:
    """Whether a view, or the class of a view, has a handler for PATCH that is the project's."""
    action = (getattr(view, "action_map", None) or {}).get("patch")
    if action is not None:
        return bool(action != "partial_update")
    handler = getattr(view, "patch", None)
    return handler is not None and is_of_project(handler)


def find_violation(
    method: str | None,
    response: HttpResponseBase,
    view_successes: Mapping[str, Successes] | None = None,
) -> str | None:
    """Return the fault of a success of `method`, and a hint; `None` if the success is allowed.

    `view_successes` are the rows of the view. A row of the view replaces the row of the table for
    the same status.
    """
    successes = ALLOWED_STATUSES.get(method or "")
    if successes is None:
        return None
    successes = {**successes, **(view_successes or {}).get(method or "", {})}
    requirements = successes.get(response.status_code)
    if requirements is None:
        allowed = ", ".join(map(str, sorted(successes)))
        return f"returned {response.status_code} for {method}. Return one of {allowed}."
    missing = [requirement for requirement in requirements if not requirement.test(response)]
    if not missing:
        return None
    descriptions = " and ".join(requirement.description for requirement in missing)
    hints = " ".join(dict.fromkeys(requirement.hint for requirement in missing))
    status = response.status_code
    return f"returned {status} for {method}, but a {status} must have {descriptions}. {hints}"


def check_successes(cls: type[Any], successes: Any) -> None:
    """Raise ImproperlyConfigured if `successes` of the view `cls` cannot be read.

    A property is not checked: it may read the request.
    """
    if not successes or hasattr(successes, "__get__"):
        return
    rows = successes if isinstance(successes, Mapping) else {"POST": successes}
    for method, statuses in rows.items():
        if rows is successes and method in ALLOWED_STATUSES and are_successes(statuses):
            continue
        [nearest] = get_close_matches(str(method).upper(), ALLOWED_STATUSES, 1) or ["POST"]
        status = next(iter(re.findall(r"\b2\d\d\b", repr(statuses))), "202")
        raise ImproperlyConfigured(
            f"{cls.__module__}.{cls.__qualname__}.successes is {successes!r}. Write a method, a "
            f"status from 200 to 299 and requirements, as in {{{nearest!r}: {{{status}: ()}}}}."
        )


def are_successes(statuses: Any) -> bool:
    """Whether `statuses` are statuses from 200 to 299, each with its requirements."""
    return isinstance(statuses, Mapping) and all(
        status in range(200, 300)
        and isinstance(requirements, (list, tuple))
        and all(isinstance(requirement, Requirement) for requirement in requirements)
        for status, requirements in statuses.items()
    )


class StatusAwareMixin(Base):
    """Checks an `APIView` against the table of methods, and gives all views one order of checks.

    405 comes first, because it is true for every client and needs no lookup; then 401, 403, 429 and
    415, all before the view's own code.

    `successes` adds rows to the table for one view, or replaces rows:
    `{"POST": {202: (), 207: ()}}` allows a 202 that cannot be polled, and a 207.
    """

    http_method_names = MethodNames()

    successes: Mapping[str, Successes] = {}

    # The exceptions of content negotiation and versioning, which DRF raises before it authenticates
    # the client; `None` before `initial()`.
    _deferred: list[Exception] | None = None

    # Hidden from type checkers: the signatures of DRF's views and of its viewsets differ.
    if not TYPE_CHECKING:

        @classmethod
        def as_view(cls, *args: Any, **initkwargs: Any) -> Any:
            """Return the view, with PATCH among its methods if an action handles PATCH.

            drf-spectacular reads the names from the returned function, not from an instance.
            """
            check_successes(cls, initkwargs.get("successes", cls.successes))
            actions = next(iter(args), initkwargs.get("actions")) or {}
            is_ours = isinstance(inspect.getattr_static(cls, "http_method_names"), MethodNames)
            if is_ours and actions.get("patch", "partial_update") != "partial_update":
                initkwargs.setdefault("http_method_names", [*METHOD_NAMES, "patch"])
            return super().as_view(*args, **initkwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Run all checks before the handler method is called."""
        self._deferred = []
        # DRF's initial() sets this too, but check_method() needs it earlier. Not read from
        # `self.kwargs`, which the view of a unit test may not have.
        self.format_kwarg = self.get_format_suffix(**kwargs)
        # dispatch() sets `headers`. A unit test may call this method without dispatch().
        is_dispatched = hasattr(self, "headers")
        if is_dispatched:
            self.check_method(request)
        super().initial(request, *args, **kwargs)
        if is_dispatched:
            self.check_content_type(request)
        for exception in self._deferred:
            raise exception

    def check_method(self, request: Request) -> None:
        """Raise MethodNotAllowed for a method that the view does not have."""
        name = (request.method or "").lower()
        if name in self.http_method_names and hasattr(self, name):
            return
        # The renderer for the 405: a browser gets the page of the browsable API.
        negotiated = self.perform_content_negotiation(request)
        request.accepted_renderer, request.accepted_media_type = negotiated
        self.http_method_not_allowed(request)

    def check_content_type(self, request: Request) -> None:
        """Raise UnsupportedMediaType for a body that no parser of the view reads.

        A body that was sent in chunks is read here, and a compressed one is rejected.

        DRF raises UnsupportedMediaType when the view reads `request.data`, which may be after a
        lookup. The length decides whether the request has a body, because DRF's `request.stream`
        raises if the body has been read.
        """
        read_chunked_body(request)
        if request.method not in ("POST", "PUT", "PATCH") or not find_content_length(request):
            return
        parser = self.get_content_negotiator().select_parser(request, request.parsers or ())
        if parser is None:
            raise UnsupportedMediaType(request.content_type)
        check_content_encoding(request)

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[BaseRenderer, str]:
        """Negotiate; an exception is raised after DRF's other checks, and rendered as JSON."""
        try:
            return super().perform_content_negotiation(request, force)
        except (APIException, Http404, ValueError, LookupError) as exc:
            self._defer(exc)
            return JSONRenderer(), JSONRenderer.media_type

    def determine_version(
        self, request: Request, *args: Any, **kwargs: Any
    ) -> tuple[str | None, BaseVersioning | None]:
        """Determine the version; an exception is raised after DRF's other checks."""
        try:
            return super().determine_version(request, *args, **kwargs)
        except (APIException, Http404) as exc:
            self._defer(exc)
            return getattr(self.versioning_class, "default_version", None), None

    def _defer(self, exception: Exception) -> None:
        if self._deferred is None:
            raise exception
        self._deferred.append(exception)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Return the response; if it is a success, check it against the table of methods."""
        response = super().finalize_response(request, response, *args, **kwargs)
        remove_empty_content(response)
        is_success = 200 <= response.status_code < 300
        violation = find_violation(request.method, response, self.successes) if is_success else None
        if violation is None:
            return response
        message = f"{type(self).__module__}.{type(self).__qualname__} {violation}"
        if not self.should_enforce_semantics(response):
            self.log_violation(response, message)
            return response
        try:
            # Raised for its traceback, which the log record of an unhandled exception has.
            raise SemanticsError(message)
        except SemanticsError as exc:
            response = self.handle_exception(exc)
        return super().finalize_response(request, response, *args, **kwargs)

    def should_enforce_semantics(self, response: HttpResponseBase) -> bool:
        """Whether `response`, a violation, becomes a SemanticsError instead of a log record."""
        return is_strict()

    def log_violation(self, response: HttpResponseBase, message: str) -> None:
        """Log a violation that does not become a SemanticsError."""
        logger.error(message)


# The methods whose docstrings schemas print.
VIEWSET_ACTIONS = ("list", "create", "retrieve", "update", "partial_update", "destroy")


def hide_docstrings(*classes: object) -> None:
    """Remove the docstrings of base classes of ours, and of their methods that handle requests.

    DRF, drf-spectacular and drf-yasg would print them in the public documentation of a project's
    view. DRF's own methods do not have docstrings, and drf-spectacular ignores the docstrings of
    DRF's classes.
    """
    for cls in classes:
        if isinstance(cls, type) and cls.__module__.startswith("django_apierrors."):
            cls.__doc__ = None
            for name in {*APIView.http_method_names, *VIEWSET_ACTIONS} & vars(cls).keys():
                vars(cls)[name].__doc__ = None


hide_docstrings(StatusAwareMixin)
