"""Negotiation: JSON at once, and 415 for every format that the API does not have."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import include, path
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import parsers, renderers
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.urlpatterns import format_suffix_patterns
from rest_framework.views import APIView

from django_apierrors.negotiation import JSONContentNegotiation
from django_apierrors.renderers import JSONRenderer

pytestmark = pytest.mark.urls(__name__)


class TextRenderer(renderers.BaseRenderer):
    """Another format of a project's own."""

    media_type = "text/plain"
    format = "txt"

    def render(self, data: Any, *args: Any) -> bytes:
        """Return it as a text."""
        return str(data).encode()


class ThingAPIView(APIView):
    """Answers in JSON."""

    def get(self, request: Request, format: str | None = None) -> Response:
        """Return which renderer was chosen, and for what."""
        return Response([request.accepted_media_type])


class StockAPIView(ThingAPIView):
    """Ours in nothing but the handler."""

    content_negotiation_class = DefaultContentNegotiation
    renderer_classes = [renderers.JSONRenderer]


class JSONFirstAPIView(ThingAPIView):
    """Has another format too."""

    renderer_classes = [JSONRenderer, TextRenderer]


class TextFirstAPIView(ThingAPIView):
    """Prefers another format."""

    renderer_classes = [TextRenderer, JSONRenderer]


class NoFormatAPIView(ThingAPIView):
    """Was given no renderer by mistake."""

    renderer_classes = []


class OtherNameNegotiation(JSONContentNegotiation):
    """As with DRF's `URL_FORMAT_OVERRIDE` changed, which DRF reads when it is imported."""

    settings = SimpleNamespace(URL_FORMAT_OVERRIDE="as")


class NoNameNegotiation(JSONContentNegotiation):
    """As with DRF's `URL_FORMAT_OVERRIDE` off."""

    settings = SimpleNamespace(URL_FORMAT_OVERRIDE=None)


THINGS = format_suffix_patterns([path("thing", ThingAPIView.as_view())], allowed=["json", "xml"])
STOCK = format_suffix_patterns([path("thing", StockAPIView.as_view())], allowed=["json", "xml"])

urlpatterns = [
    path("", include(THINGS)),
    path("stock/", include(STOCK)),
    path("json-first", JSONFirstAPIView.as_view()),
    path("text-first", TextFirstAPIView.as_view()),
    path("no-format", NoFormatAPIView.as_view()),
    path("other-name", ThingAPIView.as_view(content_negotiation_class=OtherNameNegotiation)),
    path("no-name", ThingAPIView.as_view(content_negotiation_class=NoNameNegotiation)),
]

UNSUPPORTED = {
    "status": 415,
    "errors": ["The format you requested (e.g., XML) is not supported for this resource."],
    "code": "UNSUPPORTED_MEDIA_TYPE",
    "moreInfo": "",
}

MALFORMED_REQUEST_ERRORS = "text/html; a*=bogus''x"


@pytest.fixture(params=[True, False], ids=["middleware", "two lines only"])
def installed(request: pytest.FixtureRequest, settings: Any) -> None:
    """Run a test with our middleware and without."""
    if not request.param:
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "apierrors" not in name]


@pytest.fixture(params=["/", "/stock/"], ids=["ours", "stock"])
def prefix(request: pytest.FixtureRequest) -> Any:
    """Run a test with our negotiation and with DRF's."""
    return request.param


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    "accept",
    [
        "application/xml",
        "text/html",
        "image/*",
        "application/xml;q=0.9, text/html",
        "application/vnd.api+json",
        "json",
        "nonsense",
        "",
        ",",
        MALFORMED_REQUEST_ERRORS,
        "text/html; a*=utf-8''%ff%fe; charset*=x",
        "\xff",
    ],
)
def test_an_accept_that_cannot_be_served_is_415(accept: str, prefix: str, client: Client) -> None:
    response = client.get(f"{prefix}thing", headers={"accept": accept})
    assert response.json() == UNSUPPORTED
    assert response.status_code == 415
    assert response["Content-Type"] == "application/json"


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    "url", ["thing?format=xml", "thing?a=1&format=%78ml", "thing?%66ormat=xml", "thing.xml"]
)
@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/xml"])
def test_a_format_in_the_url_that_does_not_exist_is_415(
    url: str, accept: str, prefix: str, client: Client
) -> None:
    response = client.get(f"{prefix}{url}", headers={"accept": accept})
    assert response.json() == UNSUPPORTED
    assert response.status_code == 415


@pytest.mark.parametrize(
    ("url", "accept"),
    [
        ("thing", "application/xml"),
        ("thing", MALFORMED_REQUEST_ERRORS),
        ("thing?format=xml", "*/*"),
        ("thing.xml", "*/*"),
    ],
)
def test_the_line_of_the_readme_makes_it_406(
    url: str, accept: str, client: Client, settings: Any
) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {"rest_framework.exceptions.NotAcceptable": None}}
    response = client.get(f"/{url}", headers={"accept": accept})
    assert response.status_code == 406
    assert response.json() == {
        "status": 406,
        "errors": ["Not acceptable."],
        "code": "NOT_ACCEPTABLE",
        "moreInfo": "",
    }


def test_the_line_of_the_readme_makes_an_accept_406_on_a_stock_negotiation(
    client: Client, settings: Any
) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {"rest_framework.exceptions.NotAcceptable": None}}
    assert client.get("/stock/thing", headers={"accept": "text/csv"}).status_code == 406


@pytest.mark.parametrize(
    ("accept", "accepted"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/*", "application/json"),
        ("application/json; indent=2", "application/json; indent=2"),
        ("text/html, application/json;q=0.9, */*;q=0.8", "application/json;q=0.9"),
        ("text/html, */*;q=0.8", "application/json;q=0.8"),
    ],
)
def test_json_is_accepted_as_in_stock(
    accept: str, accepted: str, prefix: str, client: Client
) -> None:
    response = client.get(f"{prefix}thing", headers={"accept": accept})
    assert response.json() == [accepted]


def test_a_request_without_accept_gets_json(client: Client) -> None:
    assert client.get("/thing").json() == ["application/json"]


@pytest.mark.parametrize("url", ["/thing?format=json", "/thing.json", "/thing?information=1"])
def test_a_format_in_the_url_that_exists_is_served(url: str, client: Client) -> None:
    assert client.get(url).json() == ["application/json"]


@pytest.mark.parametrize(
    ("url", "accept", "accepted"),
    [
        ("/json-first", "*/*", b'["application/json"]'),
        ("/json-first", "text/plain", b"['text/plain']"),
        ("/json-first?format=txt", "*/*", b"['text/plain']"),
        ("/json-first?%66ormat=txt", "*/*", b"['text/plain']"),
        ("/json-first?format=json", "*/*", b'["application/json"]'),
        ("/text-first", "*/*", b"['text/plain']"),
        ("/text-first", "application/json", b'["application/json"]'),
    ],
)
def test_another_format_of_the_view_is_served(
    url: str, accept: str, accepted: bytes, client: Client
) -> None:
    assert client.get(url, headers={"accept": accept}).content == accepted


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/other-name?as=xml", 415),
        ("/other-name?format=xml", 200),
        ("/no-name?format=xml", 200),
        ("/no-name?a=%20", 200),
    ],
)
def test_the_name_of_the_format_in_a_query_is_the_project_s(
    url: str, status: int, client: Client
) -> None:
    assert client.get(url).status_code == status


def test_a_view_without_renderers_serves_no_format(client: Client) -> None:
    response = client.get("/no-format")
    assert response.json() == UNSUPPORTED


TOKENS = st.sampled_from(
    [
        *("*/*", "application/json", "application/*", "text/plain", "text/*", "image/png", "json"),
        *(
            "application/json; indent=4",
            "text/plain; q=0.5",
            MALFORMED_REQUEST_ERRORS,
            "",
            " ",
            ";",
            "/",
        ),
    ]
)
ACCEPTS = st.lists(TOKENS, max_size=4).map(",".join) | st.text(
    st.characters(max_codepoint=255), max_size=30
)
QUERIES = st.sampled_from(
    ["", "format=json", "format=txt", "format=xml", "a=format", "%66ormat=txt"]
)


def select(negotiation: Any, accept: str, query: str, suffix: str | None) -> Any:
    """Return the name of the renderer and the media type, `None` where there is none to serve."""
    http_request = RequestFactory().get(f"/?{query}", headers={"accept": accept})
    choices = [JSONRenderer(), TextRenderer()]
    try:
        renderer, media_type = negotiation.select_renderer(Request(http_request), choices, suffix)
    except Exception:
        return None
    return renderer.format, media_type


@given(ACCEPTS, QUERIES, st.sampled_from([None, "json", "txt", "xml"]))
def test_whatever_is_asked_for_is_served_as_in_stock(
    accept: str, query: str, suffix: str | None
) -> None:
    stock = select(DefaultContentNegotiation(), accept, query, suffix)
    assert select(JSONContentNegotiation(), accept, query, suffix) == stock


@given(ACCEPTS)
def test_whatever_cannot_be_served_is_not_acceptable(accept: str) -> None:
    request = Request(RequestFactory().get("/", headers={"accept": accept}))
    try:
        JSONContentNegotiation().select_renderer(request, [TextRenderer()])
    except Exception as exc:
        refused = type(exc)
    else:
        refused = NotAcceptable
    assert refused is NotAcceptable


EVERY_PARSER = [parsers.JSONParser(), parsers.FormParser(), parsers.FileUploadParser()]


@pytest.mark.parametrize("ordered", [EVERY_PARSER, EVERY_PARSER[::-1], EVERY_PARSER[1:], []])
@pytest.mark.parametrize(
    "content_type",
    [
        *("application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "*/*"),
        *("application/x-www-form-urlencoded", "text/plain", "", "nonsense"),
    ],
)
def test_a_body_is_read_by_the_parser_that_reads_it_in_stock(
    content_type: str, ordered: list[parsers.BaseParser]
) -> None:
    request = Request(RequestFactory().post("/", b"{}", content_type=content_type))
    expected = DefaultContentNegotiation().select_parser(request, ordered)
    assert JSONContentNegotiation().select_parser(request, ordered) is expected
