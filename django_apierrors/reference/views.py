"""The views of the reference: plain Django, open to everyone, without a database."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, HttpResponseRedirect
from django.utils.cache import get_conditional_response, patch_vary_headers, set_response_etag
from django.views import View

from django_apierrors.catalog import get_category, get_codes, group_by_category
from django_apierrors.errors import Error
from django_apierrors.handling.responses import make_response
from django_apierrors.http.scope import prefers_html
from django_apierrors.reference.documents import (
    Links,
    find_nearest,
    make_code,
    make_code_page,
    make_index,
    make_verbs,
    search_code,
)
from django_apierrors.reference.templates import render

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from django_apierrors.catalog import ErrorCode

    Document = Mapping[str, Any]


class ReferenceView(View):
    """A page: HTML where `Accept` prefers it or `?format=html` says so, else JSON.

    Nothing here is private and nothing changes, so no login and no CSRF check stands before it.
    """

    http_method_names = ["get", "head", "options"]
    cache_control = "no-cache"

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Return the view function, marked as `login_not_required` and `csrf_exempt` mark it."""
        view: Any = super().as_view(**initkwargs)
        view.login_required, view.csrf_exempt = False, True
        return view  # type: ignore[no-any-return]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, and say that the answer hangs on `Accept`."""
        response = super().dispatch(request, *args, **kwargs)
        patch_vary_headers(response, ["Accept"])
        return response

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Answer with the page; a format that there is not is refused as any view refuses it."""
        wanted = request.GET.get("format") or ("html" if prefers_html(request) else "json")
        if wanted not in ("html", "json"):
            return make_response(Error.of_status(415), request)
        return self.answer(Links(request), is_html=wanted == "html")

    if TYPE_CHECKING:

        def answer(self, links: Links, is_html: bool) -> HttpResponse:
            """Return the response in the format that was asked for."""

    def send_json(self, document: Document) -> HttpResponse:
        """Return a document, in lines: what reads it first is often a person with curl."""
        content = json.dumps(document, indent=2, ensure_ascii=False)
        return self.send(f"{content}\n", "application/json")

    def send_page(self, template: str, **context: Any) -> HttpResponse:
        """Return the page that a template makes."""
        return self.send(render(template, context, self.request), "text/html; charset=utf-8")

    def send(self, content: str, content_type: str) -> HttpResponse:
        """Return the content, to be kept and asked for again: 304 for as long as it is the same."""
        response = HttpResponse(content, content_type=content_type)
        response["Cache-Control"] = self.cache_control
        set_response_etag(response)
        checked = get_conditional_response(self.request, response["ETag"], response=response)
        return checked  # type: ignore[return-value]

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Refuse any other verb, in the format of errors."""
        return make_response(Error.of_status(405), request)


class IndexView(ReferenceView):
    """The list of the codes; for people by their kinds."""

    def answer(self, links: Links, is_html: bool) -> HttpResponse:
        """Return the list."""
        if not is_html:
            return self.send_json(make_index(links))
        groups = {
            kind: [make_code(code, links) for code in codes]
            for kind, codes in group_by_category(get_codes().values()).items()
        }
        return self.send_page("index.html", groups=groups)


class CodeView(ReferenceView):
    """The page of a code, under its name; other letters, and its number, lead there."""

    def answer(self, links: Links, is_html: bool) -> HttpResponse:
        """Return the page, or the way to it."""
        text = self.kwargs["code"]
        code = search_code(text)
        if code is None:
            return self.refuse(text, is_html)
        if code.name != text:
            query = self.request.META.get("QUERY_STRING")
            path = links.get_path("code", code=code.name)
            return HttpResponseRedirect(f"{path}?{query}" if query else path)
        return self.show(code, links, is_html)

    def show(self, code: ErrorCode, links: Links, is_html: bool) -> HttpResponse:
        """Return the page of `code`."""
        document = make_code_page(code, links)
        if not is_html:
            return self.send_json(document)
        example = json.dumps(document["example"], indent=2, ensure_ascii=False)
        context = {**document, "kind": get_category(code), "example": example}
        return self.send_page("code.html", **context, hexadecimal=get_hexadecimal(code))

    def refuse(self, text: str, is_html: bool) -> HttpResponse:
        """Return the 404 for what is no code; a person's page does not repeat what was asked for.

        It could be anybody's words in our name.
        """
        if not is_html:
            return make_response(Error.of_status(404), self.request)
        page = render("missing.html", {"nearest": find_nearest(text)}, self.request)
        response = HttpResponse(page, status=404, headers={"Cache-Control": self.cache_control})
        # The middleware is not to take it for Django's.
        response.is_api_error = True  # type: ignore[attr-defined]
        return response


class VerbsView(ReferenceView):
    """The verbs, and the statuses that they succeed with."""

    def answer(self, links: Links, is_html: bool) -> HttpResponse:
        """Return the table."""
        document = make_verbs(links)
        return self.send_page("verbs.html", **document) if is_html else self.send_json(document)


class StyleView(ReferenceView):
    """The one stylesheet: a template as the pages are, which a project may put its own for."""

    cache_control = "max-age=3600"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Answer with the stylesheet."""
        return self.send(render("style.css", {}, request), "text/css; charset=utf-8")


def get_hexadecimal(code: ErrorCode) -> str:
    """Return the number of `code` in the way that shows its kind, `""` where it has none."""
    return "" if code.number is None else f"0x{code.number:08X}"
