"""Responses: an error on its way to the wire."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.http.cookie import SimpleCookie
from django.http.response import HttpResponseBase, ResponseHeaders
from rest_framework.response import Response

from django_apierrors import failsafe
from django_apierrors.errors import Body, Error, is_body
from django_apierrors.headers import add_required_headers
from django_apierrors.problems import JSON, get_last_resort, make_problem, negotiate
from django_apierrors.renderers import JSONRenderer, makes_page

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request
    from rest_framework.views import APIView

# What Django's handlers and its test client put on a response; a DRF Response pickles none of it.
LEFT_BY_REQUESTS = (
    *("request", "wsgi_request", "asgi_request", "resolver_match"),
    *("client", "context", "templates", "exc_info", "json"),
)


# What HttpResponseBase makes of a response before anything is known of it. HttpResponse would make
# bytes of a content that there is none of yet.
BLANK = HttpResponseBase(content_type=JSON)


class APIErrorResponse(HttpResponse):
    """A response with the body of an error, which is put into bytes when they are asked for.

    It has what DRF's and Django's later stages expect of a DRF `Response`: `data`, which may be
    changed until it is rendered, `render()`, `is_rendered`, `add_post_render_callback()`; without
    being one it spares the error path a template response and the negotiation of a renderer.
    """

    is_api_error = True
    # Middleware for template responses reads them; a DRF Response that was made has them too.
    context_data = template_name = None

    def __init__(
        self,
        data: Body,
        status: int,
        headers: Mapping[str, str] | None = None,
        request: HttpRequest | Request | None = None,
        view: APIView | None = None,
    ) -> None:
        """Take the body, the HTTP status, further headers, and what the error came from."""
        if not 100 <= status <= 599:
            raise ValueError(f"{status} is no HTTP status.")
        self._take(BLANK)
        self.status_code = status
        for name, value in headers.items() if headers else ():
            self[name] = value
        self._is_problem = negotiate(self, request)
        self._data: Any = data
        self._is_as_made = True
        self._bytes: bytes | None = None
        self._source = (request, view)
        self._post_render_callbacks: list[Callable[[HttpResponse], HttpResponse | None]] = []
        self.exception = True
        self.is_rendered = False

    def remember_bytes(self) -> None:
        """Put the body into bytes once, for all copies."""
        self._bytes = JSONRenderer().render(self._data)

    def copy(self, request: HttpRequest | Request | None, view: APIView | None) -> APIErrorResponse:
        """Return another response with this body and these headers."""
        other = type(self).__new__(type(self))
        other._take(self)
        other._source = (request, view)
        other._post_render_callbacks = []
        return other

    def replace_in_bytes(self, old: str, new: str) -> None:
        """Put `new` in the place of `old` in the body that was put into bytes for all copies.

        Both are letters and digits, which JSON spells as they are.
        """
        assert self._bytes is not None
        self._bytes = self._bytes.replace(old.encode(), new.encode())

    def _take(self, other: HttpResponseBase) -> None:
        """Take all that Django and we keep of `other`, but for what is each response's own."""
        headers = ResponseHeaders.__new__(ResponseHeaders)
        # They are clean: through __setitem__() each would be looked over once more.
        headers._store = other.headers._store.copy()
        # One dict in place of another takes less time than to put all into that.
        self.__dict__ = {
            **self.__dict__,
            **other.__dict__,
            "headers": headers,
            "cookies": SimpleCookie(),
            "_resource_closers": [],
        }

    @property
    def data(self) -> Any:
        """The body, which may be changed until it is put into bytes."""
        if self._is_as_made:
            # Whoever asks for it may change it; the same one may be in other responses. The bytes
            # have the reference of the bug that they tell of.
            self._is_as_made = False
            self._data = deepcopy(self._data) if self._bytes is None else json.loads(self._bytes)
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        self._is_as_made = False
        self._data = value

    @property
    def content(self) -> bytes:
        """The body in bytes, as `data` had it when they were first asked for."""
        self.render()
        return super().content

    @content.setter
    def content(self, value: object) -> None:
        if type(value) is bytes:
            self._container = [value]
            # Django's setter forgets it too.
            self.__dict__.pop("text", None)
        else:
            HttpResponse.content.fset(self, value)  # type: ignore[attr-defined]
        self.is_rendered = True

    @property
    def rendered_content(self) -> bytes:
        """The body in bytes as `data` has it now."""
        is_as_made = self._is_as_made and self.status_code == self._data["status"]
        if is_as_made and self._bytes is not None:
            return self._bytes
        try:
            # Nothing is to be put right in a body that nobody has had in hand.
            is_right = is_as_made and not self._is_problem
            return JSONRenderer().render(self._data if is_right else self._get_body())
        except Exception:
            failsafe.log_failure("rendering an error")
            return get_last_resort(self, self._source[0])

    def _get_body(self) -> Any:
        """Return the body; a handler in front of ours may have put another status or data here."""
        request, view = self._source
        if self.status_code < 400:
            if self._is_problem:
                self["Content-Type"] = JSON
            return self.data
        if isinstance(self.data, dict) and is_body(self.data, self.data.get("status", 0)):
            self.data["status"] = self.status_code
        else:
            error = Error.of_data(self.data, self.status_code)
            self.status_code = error.status
            self.data = error.get_body(request)
        add_required_headers(self, request, view)
        if self._is_problem:
            self.data = make_problem(self.data)
        return self.data

    def render(self) -> HttpResponse:
        """Render, run the callbacks, and return the response that the last of them gave."""
        response: HttpResponse = self
        if not self.is_rendered:
            self.content = self.rendered_content
            for callback in self._post_render_callbacks:
                response = callback(response) or response
        return response

    def add_post_render_callback(
        self, callback: Callable[[HttpResponse], HttpResponse | None]
    ) -> None:
        """Call `callback(response)` once the response is rendered; now if it is already."""
        if self.is_rendered:
            callback(self)
        else:
            self._post_render_callbacks.append(callback)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle holds: the response, rendered, without what it came from."""
        self.render()
        state = {**self.__dict__, "_source": (None, None), "_post_render_callbacks": []}
        return {name: value for name, value in state.items() if name not in LEFT_BY_REQUESTS}

    def __iter__(self) -> Iterator[bytes]:
        """Iterate over the body, rendered."""
        return iter([self.content])


class PageBody(dict[str, Any]):
    """A body with the serializer that found the error: the browsable API fills its form from it."""

    serializer: Any = None


def make_response(
    error: Error,
    request: HttpRequest | Request | None = None,
    view: APIView | None = None,
    serializer: Any = None,
) -> HttpResponse:
    """Return the response for `error`.

    Where DRF negotiated HTML (the browsable API, templates) that renderer makes the page, with
    `serializer`, the one that found the error, if any.
    """
    body = error.get_body(request)
    renderer = getattr(request, "accepted_renderer", None)
    response: HttpResponse
    if makes_page(renderer, request):
        data = PageBody(body)
        data.serializer = serializer
        response = Response(data, status=error.status, headers=dict(error.headers))
    else:
        response = APIErrorResponse(body, error.status, error.headers, request, view)
    add_required_headers(response, request, view)
    return response


def make_last_resort(request: HttpRequest | Request | None = None) -> HttpResponse:
    """Return the response for the case that making one fails."""
    response = APIErrorResponse(json.loads(failsafe.BODY), failsafe.STATUS, request=request)
    add_required_headers(response)
    return response
