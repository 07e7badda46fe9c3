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
from rest_framework.response import Response
from rest_framework.urlpatterns import format_suffix_patterns
from rest_framework.views import APIView

from django_apierrors.negotiation import JSONContentNegotiation
from django_apierrors.renderers import JSONRenderer
from tests.bodies import body

pytestmark = pytest.mark.urls(__name__)


class TextRenderer(renderers.BaseRenderer):
    media_type = "text/plain"
    format = "txt"

    def render(self, data: Any, *args: Any) -> bytes:
        return str(data).encode()


class ThingView(APIView):
    """Returns the accepted media type."""

    def get(self, request: Request, format: str | None = None) -> Response:
        return Response([request.accepted_media_type])


class OtherNameNegotiation(JSONContentNegotiation):
    """As with DRF's `URL_FORMAT_OVERRIDE` changed, which DRF reads when it is imported."""

    settings = SimpleNamespace(URL_FORMAT_OVERRIDE="as")


class NoNameNegotiation(JSONContentNegotiation):
    """As with DRF's `URL_FORMAT_OVERRIDE` off."""

    settings = SimpleNamespace(URL_FORMAT_OVERRIDE=None)


def make_urls(**attributes: Any) -> Any:
    """Return the URLs of a `ThingView`, with and without a suffix."""
    view = ThingView.as_view(**attributes)
    return include(format_suffix_patterns([path("thing", view)], allowed=["json", "xml"]))


STOCK = {
    "content_negotiation_class": DefaultContentNegotiation,
    "renderer_classes": [renderers.JSONRenderer],
}

urlpatterns = [
    path("", make_urls()),
    path("stock/", make_urls(**STOCK)),
    path("json-first/", make_urls(renderer_classes=[JSONRenderer, TextRenderer])),
    path("text-first/", make_urls(renderer_classes=[TextRenderer, JSONRenderer])),
    path("no-renderer/", make_urls(renderer_classes=[])),
    path("other-name/", make_urls(content_negotiation_class=OtherNameNegotiation)),
    path("no-name/", make_urls(content_negotiation_class=NoNameNegotiation)),
]

MALFORMED_ACCEPT = "text/html; a*=bogus''x"

# Negotiation raises in each of these places: in `Accept`, in the query string, in the suffix.
UNSUPPORTED = [
    ("thing", "application/xml"),
    ("thing", MALFORMED_ACCEPT),
    ("thing?format=xml", "*/*"),
    ("thing.xml", "*/*"),
]


# DRF's own negotiation raises other exceptions for the same requests.
@pytest.mark.parametrize("prefix", ["/", "/stock/"])
@pytest.mark.parametrize(
    ("url", "accept"),
    [
        *UNSUPPORTED,
        ("thing", "application/xml;q=0.9, text/html"),
        ("thing", "json"),
        ("thing", ""),
        ("thing", ","),
        ("thing", "text/html; a*=utf-8''%ff%fe; charset*=x"),
        ("thing", "\xff"),
        ("thing?a=1&format=%78ml", "application/json"),
        ("thing?%66ormat=xml", "application/json"),
    ],
)
def test_a_format_that_cannot_be_served_is_415(
    client: Client, url: str, accept: str, prefix: str
) -> None:
    response = client.get(prefix + url, headers={"accept": accept})
    assert (response.status_code, response.json()) == (415, body("UNSUPPORTED_MEDIA_TYPE"))
    assert response["Content-Type"] == "application/json"


@pytest.mark.parametrize(("url", "accept"), UNSUPPORTED)
def test_without_the_middleware_it_is_415_too(
    client: Client, settings: Any, url: str, accept: str
) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "apierrors" not in name]
    response = client.get(f"/{url}", headers={"accept": accept})
    assert (response.status_code, response.json()) == (415, body("UNSUPPORTED_MEDIA_TYPE"))


@pytest.mark.parametrize(("url", "accept"), [*UNSUPPORTED, ("stock/thing", "text/csv")])
def test_a_setting_makes_it_406(client: Client, settings: Any, url: str, accept: str) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {"rest_framework.exceptions.NotAcceptable": None}}
    response = client.get(f"/{url}", headers={"accept": accept})
    content = response.json()
    assert (response.status_code, content["status"], content["code"]) == (
        406,
        406,
        "NOT_ACCEPTABLE",
    )


@pytest.mark.parametrize("prefix", ["/", "/stock/"])
@pytest.mark.parametrize(
    ("accept", "accepted"),
    [
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json; indent=2", "application/json; indent=2"),
        ("text/html, application/json;q=0.9, */*;q=0.8", "application/json;q=0.9"),
    ],
)
def test_json_is_accepted_as_in_drf(
    client: Client, accept: str, accepted: str, prefix: str
) -> None:
    response = client.get(f"{prefix}thing", headers={"accept": accept})
    assert response.json() == [accepted]


@pytest.mark.parametrize(
    ("url", "accept", "content"),
    [
        ("/thing", None, b'["application/json"]'),
        ("/thing?format=json", None, b'["application/json"]'),
        ("/thing.json", None, b'["application/json"]'),
        ("/thing?information=1", None, b'["application/json"]'),
        ("/json-first/thing", "*/*", b'["application/json"]'),
        ("/json-first/thing", "text/plain", b"['text/plain']"),
        ("/json-first/thing?format=txt", "*/*", b"['text/plain']"),
        ("/json-first/thing?%66ormat=txt", "*/*", b"['text/plain']"),
        ("/text-first/thing", "*/*", b"['text/plain']"),
        ("/text-first/thing", "application/json", b'["application/json"]'),
    ],
)
def test_a_format_of_the_view_is_served(
    client: Client, url: str, accept: str | None, content: bytes
) -> None:
    headers = {"accept": accept} if accept else {}
    assert client.get(url, headers=headers).content == content


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/other-name/thing?as=xml", 415),
        ("/other-name/thing?format=xml", 200),
        ("/no-name/thing?format=%78ml", 200),
        ("/no-renderer/thing", 415),
    ],
)
def test_the_project_names_the_parameter_and_the_renderers(
    client: Client, url: str, status: int
) -> None:
    assert client.get(url).status_code == status


@pytest.mark.parametrize(
    ("url", "status", "content_type"),
    [
        ("/text-first/thing", 200, "application/json"),
        ("/text-first/thing?format=txt", 200, "text/plain; charset=utf-8"),
        ("/text-first/thing?format=xml", 415, "application/problem+json"),
        ("/no-renderer/thing", 415, "application/problem+json"),
    ],
)
def test_a_client_that_accepts_only_problem_details_gets_successes_too(
    client: Client, settings: Any, url: str, status: int, content_type: str
) -> None:
    settings.API_ERRORS = {"PROBLEM_JSON": True}
    response = client.get(url, headers={"accept": "application/problem+json"})
    assert (response.status_code, response["Content-Type"]) == (status, content_type)


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
