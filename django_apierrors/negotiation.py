"""Content negotiation of a JSON API: DRF's, but each missing format raises `NotAcceptable`."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import Http404
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser, FormParser, MultiPartParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from django_apierrors.http.problems import JSON, prefers_problem
from django_apierrors.http.request_bodies import check_content_encoding, read_chunked_body
from django_apierrors.http.scope import is_of_project

# The values of `Accept` for which DRF selects a first renderer of JSON.
PLAIN_ACCEPTS = frozenset({"*/*", JSON})


class JSONContentNegotiation(DefaultContentNegotiation):
    """DRF's negotiation, with NotAcceptable for every format that cannot be served.

    DRF raises Http404 for an unknown `?format=` or suffix, and any exception of the parser for a
    malformed `Accept`. A client that accepts only problem details (`PROBLEM_JSON`) gets its
    successes as JSON, or in the view's first format.
    """

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer for `request`, and the accepted media type."""
        # DRF negotiates before it reads the body, for its own views too.
        read_chunked_body(request)
        renderers = list(renderers)
        if not format_suffix and self.is_plain(request, renderers):
            # A short cut: the result is that of DRF, which parses each media type to compare them.
            return renderers[0], JSON
        try:
            return super().select_renderer(request, renderers, format_suffix)  # type: ignore[no-any-return]
        except NotAcceptable:
            if not prefers_problem(request):
                raise
            return self.select_for_success(request, renderers, format_suffix)
        except (Http404, ValueError, LookupError) as exc:
            raise NotAcceptable(available_renderers=renderers) from exc

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """Return the parser for `request`; raise UnsupportedMediaType for a compressed form.

        DRF's parsers of forms find no field in it. A parser of the project may decompress it.
        """
        parser: BaseParser | None = super().select_parser(request, parsers)
        if isinstance(parser, FormParser | MultiPartParser) and not is_of_project(parser.parse):
            check_content_encoding(request)
        return parser

    def select_for_success(
        self, request: Request, renderers: list[BaseRenderer], format_suffix: str | None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer for a client that accepts only problem details."""
        format = format_suffix or request.query_params.get(self.settings.URL_FORMAT_OVERRIDE)
        if format:
            renderers = self.filter_renderers(renderers, format)
        if not renderers:
            raise NotAcceptable(available_renderers=renderers)
        json_renderers = [renderer for renderer in renderers if renderer.media_type == JSON]
        renderer = (json_renderers or renderers)[0]
        return renderer, renderer.media_type

    def is_plain(self, request: Request, renderers: list[BaseRenderer]) -> bool:
        """Whether the view's first renderer is of JSON, and `request` does not name another."""
        meta = request.META
        return (
            bool(renderers)
            and renderers[0].media_type == JSON
            and meta.get("HTTP_ACCEPT", "*/*") in PLAIN_ACCEPTS
            and not self.may_name_format(meta.get("QUERY_STRING", ""))
        )

    def may_name_format(self, query: str) -> bool:
        """Whether a query string may contain DRF's `URL_FORMAT_OVERRIDE`, escaped or not."""
        name: str | None = self.settings.URL_FORMAT_OVERRIDE
        return bool(name) and (str(name) in query or "%" in query)
