"""The views of the reference: plain Django views, open to everyone, without a database."""

from __future__ import annotations

import json
from collections.abc import Callable
from logging import getLogger
from typing import TYPE_CHECKING, Any

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, set_response_etag
from django.utils.log import log_response
from django.views import View
from django.views.decorators.vary import vary_on_headers

from django_apierrors.catalog import get_category, get_codes, group_by_category
from django_apierrors.errors import Error
from django_apierrors.handling.responses import make_response
from django_apierrors.http.scope import prefers_html
from django_apierrors.reference import documents
from django_apierrors.reference.rendering import render_page


class ReferenceView(View):
    """A page, as HTML for browsers and as JSON for other clients; `?format=` overrides `Accept`.

    The pages are public and read-only, so login and CSRF checks do not apply.
    """

    http_method_names = ["get", "head", "options"]
    cache_control = "no-cache"

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Return the view with `Vary`, and what login_not_required and csrf_exempt set."""
        view: Any = vary_on_headers("Accept")(super().as_view(**initkwargs))
        view.login_required, view.csrf_exempt = False, True
        return view  # type: ignore[no-any-return]

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Return the page, or a 415 for an unknown `?format=`."""
        page_format = request.GET.get("format") or ("html" if prefers_html(request) else "json")
        if page_format not in ("html", "json"):
            return make_response(Error.of_status(415), request)
        try:
            return self.respond(documents.Links(request), is_html=page_format == "html")
        except DisallowedHost as exc:
            if page_format == "html":
                raise
            response = make_response(Error.of_status(400), request)
            # As Django does when it responds to this exception, with a page.
            logger = getLogger("django.security.DisallowedHost")
            log_response(str(exc), request=request, response=response, level="error", logger=logger)
            return response

    if TYPE_CHECKING:

        def respond(self, links: documents.Links, is_html: bool) -> HttpResponse:
            """Return the response in the requested format."""

    def send_json(self, document: documents.Document) -> HttpResponse:
        """Return a document as indented JSON, which is readable with curl."""
        content = json.dumps(document, indent=2, ensure_ascii=False)
        return self.send(f"{content}\n", "application/json")

    def send_page(self, template: str, **context: Any) -> HttpResponse:
        """Return the page of a template."""
        content = render_page(template, context, self.request)
        return self.send(content, "text/html; charset=utf-8")

    def send(self, content: str, content_type: str) -> HttpResponse:
        """Return the content with an ETag, or a 304 if the client has it."""
        response = HttpResponse(content, content_type=content_type)
        response["Cache-Control"] = self.cache_control
        set_response_etag(response)
        conditional = get_conditional_response(self.request, response["ETag"], response=response)
        return conditional  # type: ignore[return-value]

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Return a 405 in the format of errors."""
        return make_response(Error.of_status(405), request)


class IndexView(ReferenceView):
    """The list of the codes; the HTML groups them by category."""

    def respond(self, links: documents.Links, is_html: bool) -> HttpResponse:
        """Return the list."""
        if not is_html:
            return self.send_json(documents.make_index(links))
        groups = {
            category: [documents.make_code(code, links) for code in codes]
            for category, codes in group_by_category(get_codes().values()).items()
        }
        return self.send_page("index.html", groups=groups)


class CodeView(ReferenceView):
    """The page of a code. Other spellings of its name, and its number, redirect to it."""

    def respond(self, links: documents.Links, is_html: bool) -> HttpResponse:
        """Return the page, a redirect to it, or a 404."""
        text = self.kwargs["code"]
        code = documents.search_code(text)
        if code is None:
            return self.respond_not_found(text, is_html)
        if code.name != text:
            query = self.request.META.get("QUERY_STRING")
            path = links.get_path("code", code=code.name)
            return HttpResponseRedirect(f"{path}?{query}" if query else path)
        document = documents.make_code_page(code, links)
        if not is_html:
            return self.send_json(document)
        context = {
            **document,
            "category": get_category(code),
            "example": json.dumps(document["example"], indent=2, ensure_ascii=False),
            "retry_text": documents.RETRIES[document["retry"]],
            # The first byte is the category.
            "hexadecimal": "" if code.number is None else f"0x{code.number:08X}",
        }
        return self.send_page("code.html", **context)

    def respond_not_found(self, text: str, is_html: bool) -> HttpResponse:
        """Return a 404. The HTML does not repeat `text`, which anyone can put into a link."""
        if not is_html:
            return make_response(Error.of_status(404), self.request)
        page = render_page("missing.html", {"nearest": documents.find_nearest(text)}, self.request)
        response = HttpResponse(page, status=404, headers={"Cache-Control": self.cache_control})
        # The middleware replaces Django's own 404 pages, but not this one.
        response.is_api_error = True  # type: ignore[attr-defined]
        return response


class VerbsView(ReferenceView):
    """The HTTP methods, and the statuses that they succeed with."""

    def respond(self, links: documents.Links, is_html: bool) -> HttpResponse:
        """Return the table."""
        document = documents.make_verbs(links)
        return self.send_page("verbs.html", **document) if is_html else self.send_json(document)


class StyleView(ReferenceView):
    """The stylesheet: a template too, so that a project can override it."""

    cache_control = "max-age=3600"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Return the stylesheet."""
        return self.send(render_page("style.css", {}, request), "text/css; charset=utf-8")
