"""Content negotiation: JSON, and 415 for every format that a view does not have."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import include, path
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import renderers
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.urlpatterns import format_suffix_patterns

from django_apierrors.negotiation import JSONContentNegotiation
from django_apierrors.renderers import JSONRenderer
from django_apierrors.semantics import StatusAwareMixin
from tests.bodies import assert_body, body, requested_body
from tests.support import OpenView, make_view, subclass

pytestmark = pytest.mark.urls(__name__)


class TextRenderer(renderers.BaseRenderer):
    media_type, format = "text/plain", "txt"

    def render(self, data: Any, *args: Any) -> bytes:
        return str(data).encode()


def make_negotiation(name: str | None) -> Any:
    """Return our negotiation with another `URL_FORMAT_OVERRIDE`, which DRF reads only once."""
    return subclass(JSONContentNegotiation, settings=SimpleNamespace(URL_FORMAT_OVERRIDE=name))


class OurView(StatusAwareMixin, OpenView):
    """A view that raises the exception of the negotiation after its other checks."""


STOCK = {
    "content_negotiation_class": DefaultContentNegotiation,
    "renderer_classes": [renderers.JSONRenderer],
}
VIEWS: dict[str, dict[str, Any]] = {
    "": {},
    "stock/": STOCK,
    "ours/": {**STOCK, "base": OurView},
    "json-first/": {"renderer_classes": [JSONRenderer, TextRenderer]},
    "text-first/": {"renderer_classes": [TextRenderer, JSONRenderer]},
    "no-renderer/": {"renderer_classes": []},
    "other-name/": {"content_negotiation_class": make_negotiation("as")},
    "no-name/": {"content_negotiation_class": make_negotiation(None)},
}


def make_urls(**attributes: Any) -> Any:
    """Return the URLs of a view that returns the accepted media type, also with a suffix."""
    view = make_view(lambda request, format=None: [request.accepted_media_type], **attributes)
    return include(format_suffix_patterns([path("thing", view)], allowed=["json", "xml"]))


urlpatterns = [path(prefix, make_urls(**attributes)) for prefix, attributes in VIEWS.items()]

MALFORMED_ACCEPT = "text/html; a*=bogus''x"

# Negotiation raises in each of these places: in `Accept`, in the query string, in the suffix.
PLACES = [
    ("thing", "application/xml"),
    ("thing", MALFORMED_ACCEPT),
    ("thing?format=xml", "*/*"),
    ("thing.xml", "*/*"),
]


# DRF's own negotiation raises other exceptions for the same requests.
@pytest.mark.parametrize("prefix", ["/", "/stock/", "/ours/"])
@pytest.mark.parametrize(
    ("url", "accept"),
    [
        *PLACES,
        *(
            ("thing", accept)
            for accept in ("application/xml;q=0.9, text/html", "json", "", ",", "\xff")
        ),
        ("thing", "text/html; a*=utf-8''%ff%fe; charset*=x"),
        ("thing?a=1&format=%78ml", "application/json"),
        ("thing?%66ormat=xml", "application/json"),
    ],
)
def test_a_format_that_cannot_be_served_is_415(
    client: Client, url: str, accept: str, prefix: str
) -> None:
    response = client.get(prefix + url, headers={"accept": accept})
    requested = "xml" if "ml" in url else accept
    assert_body(
        response, requested_body(requested) if requested else body("UNSUPPORTED_MEDIA_TYPE")
    )


@pytest.mark.parametrize(("url", "accept"), [*PLACES, ("stock/thing", "text/csv")])
def test_a_format_that_cannot_be_served_is_415_without_the_middleware_and_406_with_a_setting(
    client: Client, settings: Any, url: str, accept: str
) -> None:
    with_middleware, settings.MIDDLEWARE = settings.MIDDLEWARE, settings.MIDDLEWARE[1:]
    requested = requested_body("xml" if "xml" in url else accept)
    assert_body(client.get(f"/{url}", headers={"accept": accept}), requested)
    settings.MIDDLEWARE = with_middleware
    settings.API_ERRORS = {"EXCEPTIONS": {"rest_framework.exceptions.NotAcceptable": None}}
    response = client.get(f"/{url}", headers={"accept": accept})
    assert_body(response, body("NOT_ACCEPTABLE", *response.json()["errors"], status=406))


@pytest.mark.parametrize("prefix", ["/", "/stock/"])
def test_json_is_accepted_as_in_drf(client: Client, prefix: str) -> None:
    media_types = {
        "*/*": "application/json",
        "application/*": "application/json",
        "application/json; indent=2": "application/json; indent=2",
        "text/html, application/json;q=0.9, */*;q=0.8": "application/json;q=0.9",
    }
    for accept, accepted in media_types.items():
        assert client.get(f"{prefix}thing", headers={"accept": accept}).json() == [accepted]


JSON, TEXT = b'["application/json"]', b"['text/plain']"


@pytest.mark.parametrize(
    ("url", "accept", "content"),
    [
        ("/thing", None, JSON),
        ("/thing?format=json", None, JSON),
        ("/thing.json", None, JSON),
        ("/thing?information=1", None, JSON),
        ("/json-first/thing", "*/*", JSON),
        ("/json-first/thing", "text/plain", TEXT),
        ("/json-first/thing?format=txt", "*/*", TEXT),
        ("/json-first/thing?%66ormat=txt", "*/*", TEXT),
        ("/text-first/thing", "*/*", TEXT),
        ("/text-first/thing", "application/json", JSON),
        # The project names the parameter.
        ("/other-name/thing?format=xml", None, JSON),
        ("/no-name/thing?format=%78ml", None, JSON),
    ],
)
def test_a_format_of_the_view_is_served(
    client: Client, url: str, accept: str | None, content: bytes
) -> None:
    headers = {"accept": accept} if accept else {}
    assert client.get(url, headers=headers).content == content


@pytest.mark.parametrize("url", ["/other-name/thing?as=xml", "/no-renderer/thing"])
def test_a_parameter_of_another_name_and_a_view_without_renderers_can_be_415(
    client: Client, url: str
) -> None:
    assert_body(client.get(url), body("UNSUPPORTED_MEDIA_TYPE"))


MEDIA_TYPES = st.sampled_from(
    [
        *("*/*", "application/json", "application/*", "text/plain", "text/*", "image/png", "json"),
        *("application/json; indent=4", "text/plain; q=0.5", MALFORMED_ACCEPT, "", " ", ";", "/"),
    ]
)
ACCEPTS = st.lists(MEDIA_TYPES, max_size=4).map(",".join) | st.text(
    st.characters(max_codepoint=255), max_size=30
)
QUERIES = st.sampled_from(
    ["", "format=json", "format=txt", "format=xml", "a=format", "%66ormat=txt"]
)


def select(negotiation: Any, accept: str, query: str, suffix: str | None) -> Any:
    """Return the format and the media type that `negotiation` selects, or the exception."""
    http_request = RequestFactory().get(f"/?{query}", headers={"accept": accept})
    choices = [JSONRenderer(), TextRenderer()]
    try:
        renderer, media_type = negotiation.select_renderer(Request(http_request), choices, suffix)
    except Exception as exc:
        return exc
    return renderer.format, media_type


@given(ACCEPTS, QUERIES, st.sampled_from([None, "json", "txt", "xml"]))
def test_every_request_is_served_as_in_drf_or_is_not_acceptable(
    accept: str, query: str, suffix: str | None
) -> None:
    stock = select(DefaultContentNegotiation(), accept, query, suffix)
    selected = select(JSONContentNegotiation(), accept, query, suffix)
    assert (
        isinstance(selected, NotAcceptable) if isinstance(stock, Exception) else selected == stock
    )
