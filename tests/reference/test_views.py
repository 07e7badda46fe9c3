"""The views of the reference: a page for each code, as HTML and as JSON."""

from __future__ import annotations

import json
import logging
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from django.urls import include, path
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from django_apierrors.catalog import ADVICE_BY_CLASS, CATALOG, get_category, get_codes
from django_apierrors.errors import Error
from django_apierrors.reference.documents import STATUSES, VERBS
from django_apierrors.semantics import ALLOWED_STATUSES

pytestmark = pytest.mark.urls(__name__)

urlpatterns = [
    path("errors/", include("django_apierrors.reference.urls")),
    path("<version>/errors/", include("django_apierrors.reference.urls", namespace="versioned")),
]

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
EVIL = """<script>alert("1")</script> ' & {{ 7|add:7 }} \u202e\u0634"""
CODES = {
    "OUT_OF_STOCK": {
        "status": 409,
        "message": EVIL,
        "description": f"{EVIL} means",
        "advice": f"{EVIL} helps",
    },
    "ALREADY_EXISTS": {"status": 409, "message": "Taken."},
    "GONE": {"number": None},
    "WITH_NUMBER": {"status": 418, "number": 0x04990000},
}
URLS = ["", "verbs", "GONE", "style.css"]


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.links: list[str] = []
        self.strings: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.strings += [data.strip()] if data.strip() else []


def get_page(client: Client, url: str, status: int = 200, **headers: str) -> Page:
    response = client.get(url, headers={"Accept": BROWSER, **headers})
    assert (response.status_code, response["Content-Type"]) == (status, "text/html; charset=utf-8")
    return Page(response.content.decode())


@pytest.fixture(params=[{}, {"CODES": CODES}], ids=["catalogue", "changed"])
def codes(request: pytest.FixtureRequest, settings: Any) -> Any:
    """The catalogue, without and with the changes of a project."""
    settings.API_ERRORS = {"MORE_INFO": "apierrors:code", "DETAILS": True, **request.param}
    return get_codes()


def test_the_list_and_the_pages_have_every_code(client: Client, codes: Any) -> None:
    document = client.get("/errors/").json()
    index = get_page(client, "/errors/")
    assert list(document) == ["codes", "href", "verbs"]
    assert document["href"] == "http://testserver/errors/"
    assert document["verbs"] == "http://testserver/errors/verbs"
    assert [entry["name"] for entry in document["codes"]] == list(codes)
    assert {*codes} <= {*index.links}
    for code, entry in zip(codes.values(), document["codes"], strict=True):
        expected = (code.status, code.number, str(code.message), str(code.description))
        assert (
            entry["status"],
            entry["number"],
            entry["message"],
            entry["description"],
        ) == expected
        assert str(code.description) in index.strings

        document = client.get(f"/errors/{code.name}").json()
        related = [
            other.name
            for other in codes.values()
            if get_category(other) == get_category(code) and other != code
        ]
        example = document["example"]
        assert {key: document[key] for key in entry} == entry
        assert document.keys() - entry.keys() == {"example", "related"}
        assert [link["name"] for link in document["related"]] == related
        assert list(example) == ["status", "errors", "code", "moreInfo", "details"]
        assert (example["status"], example["code"]) == (code.status, document["code"])
        assert example["moreInfo"] == document["href"] == f"http://testserver/errors/{code.name}"

        page = get_page(client, f"/errors/{code.name}")
        headers = [header["name"] for header in document["headers"]]
        assert {document["name"], document["description"], document["advice"], *headers} <= {
            *page.strings
        }
        assert {*related} <= {*page.links}
        [shown] = [string for string in page.strings if string.startswith("{")]
        assert json.loads(shown) == example
        if code.number is not None:
            redirect = client.get(f"/errors/{code.number}")
            assert redirect["Location"] == f"/errors/{code.name}"


def test_a_deprecated_code_has_its_replacement(client: Client, settings: Any) -> None:
    old = {"status": 409, "since": "2.1", "deprecated": True, "replaced_by": "GONE"}
    settings.API_ERRORS = {"CODES": {"OLD": old}}
    document = client.get("/errors/OLD").json()
    assert {key: document[key] for key in old} == old
    assert "GONE" in get_page(client, "/errors/OLD").links


def test_the_page_of_a_401_has_the_body_of_the_api_document(client: Client) -> None:
    assert client.get("/errors/UNAUTHENTICATED").json() == {
        "name": "UNAUTHENTICATED",
        "code": 33619968,
        "number": 33619968,
        "status": 401,
        "phrase": "Unauthorized",
        "category": "access",
        "message": "Access denied, please check your credentials!",
        "description": str(CATALOG["UNAUTHENTICATED"].description),
        "advice": str(CATALOG["UNAUTHENTICATED"].advice),
        "retry": "after change",
        "headers": [{"name": "WWW-Authenticate", "description": "how to send credentials"}],
        "href": "http://testserver/errors/UNAUTHENTICATED",
        "example": {
            "status": 401,
            "errors": ["Access denied, please check your credentials!"],
            "code": 33619968,
            "moreInfo": "",
        },
        "related": [
            {"name": name, "href": f"http://testserver/errors/{name}"}
            for name in ("ACCESS_FORBIDDEN", "METHOD_FORBIDDEN")
        ],
    }


def test_the_examples_of_validation_codes_name_a_field(client: Client, settings: Any) -> None:
    settings.API_ERRORS = {"DETAILS": True, "CODE_FORMAT": "number"}
    for name, field, code, message in [
        ("INVALID_CONTENT", "name", "required", "This field is required."),
        ("ALREADY_EXISTS", "email", "unique", str(CATALOG["ALREADY_EXISTS"].message)),
    ]:
        assert client.get(f"/errors/{name}").json()["example"] == {
            "status": 400,
            "errors": [f"{field}: {message}"],
            "code": CATALOG[name].number,
            "moreInfo": "",
            "details": [
                {
                    "field": field,
                    "code": code,
                    "message": message,
                    "in": "body",
                    "pointer": f"/{field}",
                }
            ],
        }


def test_a_code_without_advice_has_the_advice_of_its_status(client: Client, settings: Any) -> None:
    settings.API_ERRORS = {"CODES": {"CLIENT": {"status": 404}, "SERVER": {"status": 502}}}
    for name, status_class in [("CLIENT", 4), ("SERVER", 5)]:
        advice = client.get(f"/errors/{name}").json()["advice"]
        assert advice == str(ADVICE_BY_CLASS[status_class])


def test_strings_of_a_project_are_escaped(client: Client, settings: Any) -> None:
    settings.API_ERRORS = {"CODES": CODES}
    for url in ("/errors/", "/errors/OUT_OF_STOCK"):
        page = get_page(client, url)
        assert "script" not in page.tags
        assert f"{EVIL} means" in page.strings


def test_the_methods_are_the_table_that_views_are_checked_against(client: Client) -> None:
    document = client.get("/errors/verbs").json()
    assert {
        verb["name"]: {entry["status"]: entry["requirements"] for entry in verb["successes"]}
        for verb in document["verbs"]
    } == {
        method: {
            status: [requirement.description for requirement in requirements]
            for status, requirements in statuses.items()
        }
        for method, statuses in ALLOWED_STATUSES.items()
    }
    assert document["codes"] == "http://testserver/errors/"
    assert document["href"] == "http://testserver/errors/verbs"
    page = get_page(client, "/errors/verbs")
    assert {*ALLOWED_STATUSES} <= {*page.strings}
    assert {str(text) for text in (*VERBS.values(), *STATUSES.values())} <= {*page.strings}


def test_a_page_has_no_script_no_inline_style_and_no_broken_link(client: Client) -> None:
    for url in ("", "verbs", "GONE", "INVALID_CONTENT", "nothing"):
        page = get_page(client, f"/errors/{url}", 404 if url == "nothing" else 200)
        assert {"script", "style", "img", "iframe", "form"}.isdisjoint(page.tags)
        assert not [name for name in page.attributes if name == "style" or name.startswith("on")]
        for link in page.links:
            target = link.partition("#")[0]
            base = f"/errors/{url}" if target.startswith("?") else "/errors/"
            assert client.get(f"{base}{target}".replace("./", "")).status_code == 200, link


def test_a_page_is_in_the_language_of_its_reader(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    settings.API_ERRORS = {"CODES": {"GONE": {"message": _("Yes")}}}
    with translation.override("en"):
        response = client.get("/errors/GONE", headers={"Accept-Language": "ar"})
        page = client.get("/errors/", headers={"Accept": BROWSER, "Accept-Language": "ar"})
    assert response["Content-Language"] == "ar"
    with translation.override("ar"):
        assert response.json()["message"] == str(_("Yes")) != "Yes"
    assert b'<html lang="ar" dir="rtl">' in page.content


def test_a_number_has_no_thousands_separators(client: Client, settings: Any) -> None:
    settings.USE_THOUSAND_SEPARATOR = True
    assert "33619968" in get_page(client, "/errors/UNAUTHENTICATED").strings


def test_reference_pages_in_another_namespace_link_to_each_other(client: Client) -> None:
    document = client.get("/v2/errors/GONE").json()
    related = [entry["href"] for entry in document["related"]]
    assert document["href"] == "http://testserver/v2/errors/GONE"
    assert related == ["http://testserver/v2/errors/MISSING_RESOURCE"]
    assert client.get("/v2/errors/gone")["Location"] == "/v2/errors/GONE"
    assert client.get("/v2/errors/").json()["verbs"] == "http://testserver/v2/errors/verbs"


@pytest.mark.parametrize(
    ("accept", "query", "is_html"),
    [
        (BROWSER, "", True),
        ("text/html", "", True),
        (None, "", False),
        ("*/*", "", False),
        ("application/json, text/html;q=0.5", "", False),
        ("application/problem+json", "", False),
        ("image/png", "", False),
        ("text/html; a*=bogus''x", "", False),
        (BROWSER, "?format=json", False),
        ("application/json", "?format=html", True),
        ("application/json", "?format=", False),
    ],
)
def test_the_format_is_that_of_the_query_or_else_of_accept(
    client: Client, accept: str | None, query: str, is_html: bool
) -> None:
    response = client.get(f"/errors/GONE{query}", headers={"Accept": accept} if accept else {})
    content_type = "text/html; charset=utf-8" if is_html else "application/json"
    assert (response.status_code, response["Content-Type"]) == (200, content_type)


def test_every_page_is_cached_until_it_changes_and_responds_to_head(
    client: Client, settings: Any
) -> None:
    for url in URLS:
        response = client.get(f"/errors/{url}")
        cached = client.get(f"/errors/{url}", headers={"If-None-Match": response["ETag"]})
        head = client.head(f"/errors/{url}")
        cache_control = "max-age=3600" if url == "style.css" else "no-cache"
        assert (cached.status_code, cached.content, cached["Vary"]) == (304, b"", "Accept")
        assert response["Cache-Control"] == cached["Cache-Control"] == cache_control
        assert (head.status_code, head.content, head.headers) == (200, b"", response.headers)
        page = client.get(f"/errors/{url}", headers={"Accept": BROWSER})
        if url == "style.css":
            assert response["Content-Type"] == page["Content-Type"] == "text/css; charset=utf-8"
        else:
            assert response["Content-Type"] == "application/json"
            assert page["Content-Type"] == "text/html; charset=utf-8"
            assert response["ETag"] != page["ETag"]
            assert response["Vary"] == page["Vary"] == "Accept"

    tag = client.get("/errors/GONE")["ETag"]
    settings.API_ERRORS = {"CODES": {"GONE": {"message": "Sold."}}}
    changed = client.get("/errors/GONE", headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json()["message"]) == (200, "Sold.")


def test_an_unknown_format_is_a_415(client: Client) -> None:
    for url in ("", "verbs", "GONE", "nothing"):
        response = client.get(f"/errors/{url}?format=xml", headers={"Accept": BROWSER})
        assert (response.status_code, response["Vary"]) == (415, "Accept")
        assert response.json() == Error.of_status(415).get_body()


def test_another_method_is_a_405() -> None:
    client = Client(enforce_csrf_checks=True)
    for method, url in [("POST", ""), ("PUT", "verbs"), ("DELETE", "GONE"), ("TRACE", "nothing")]:
        response = client.generic(method, f"/errors/{url}", headers={"Accept": BROWSER})
        assert (response.status_code, response["Allow"]) == (405, "GET, OPTIONS, HEAD")
        assert response.json() == Error.of_status(405).get_body()
    assert client.options("/errors/GONE")["Allow"] == "GET, HEAD, OPTIONS"


def test_another_spelling_of_a_code_redirects_to_its_page(client: Client) -> None:
    for text, target in [
        ("33619968", "UNAUTHENTICATED"),
        ("Unauthenticated", "UNAUTHENTICATED"),
        ("invalid-id?format=html", "INVALID_ID?format=html"),
    ]:
        for accept in (BROWSER, "application/json"):
            response = client.get(f"/errors/{text}", headers={"Accept": accept})
            assert (response.status_code, response["Location"]) == (302, f"/errors/{target}")


@pytest.mark.parametrize("paths", [None, ["/"]], ids=["no PATHS", "PATHS"])
def test_an_unknown_code_is_a_404_whose_page_does_not_repeat_it(
    client: Client, settings: Any, paths: list[str] | None
) -> None:
    # With PATHS the middleware formats Django's own 404 pages, but not this page.
    settings.API_ERRORS = {"PATHS": paths}
    unknown = ["nothing", "0", "9" * 5000, "\u0663", "\x00", "<script>", "call-555-1234", "\u00df"]
    expected = ["No such code · Errors", "Errors", "Methods", "No such code", "All codes"]
    for text in unknown:
        response = client.get(f"/errors/{text}")
        assert response.status_code == 404
        assert response.json() == Error.of_status(404).get_body()
        assert get_page(client, f"/errors/{text}", 404).strings == expected
    page = client.get("/errors/nothing", headers={"Accept": BROWSER, "If-None-Match": "*"})
    assert (page.status_code, page["Cache-Control"]) == (404, "no-cache")


def test_a_similar_code_is_suggested(client: Client) -> None:
    page = get_page(client, "/errors/INVALIDID", 404)
    assert "INVALID_ID" in page.links
    assert "Did you mean this one?" in page.strings


def test_an_unknown_code_is_a_problem_for_a_client_that_prefers_problems(
    client: Client, settings: Any
) -> None:
    settings.API_ERRORS = {"PROBLEM_JSON": True}
    headers = {"Accept": "application/problem+json"}
    response = client.get("/errors/nothing", headers=headers)
    assert (response.status_code, response["Content-Type"]) == (404, headers["Accept"])
    assert client.get("/errors/GONE", headers=headers)["Content-Type"] == "application/json"


def test_the_pages_need_no_login_and_set_no_cookie(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    for accept in (BROWSER, "application/json"):
        response = client.get("/errors/GONE", headers={"Accept": accept})
        assert (response.status_code, len(response.cookies)) == (200, 0)


@pytest.mark.parametrize(
    ("url", "accept", "is_json"),
    [
        ("", "*/*", True),
        ("GONE?format=json", "text/html", True),
        ("verbs", "text/html", False),
        ("GONE?format=html", "*/*", False),
    ],
)
def test_the_error_of_a_malformed_host_has_the_format_of_the_page(
    client: Client, settings: Any, caplog: Any, url: str, accept: str, is_json: bool
) -> None:
    # Without CommonMiddleware, which raises before the view.
    settings.MIDDLEWARE = []
    response = client.get(f"/errors/{url}", headers={"Accept": accept, "Host": "a_b"})
    assert response.status_code == 400
    if is_json:
        assert response.json() == Error.of_status(400).get_body()
        assert response["Vary"] == "Accept"
    else:
        assert response["Content-Type"] == "text/html; charset=utf-8"
    [record] = caplog.records
    assert (record.name, record.levelno) == ("django.security.DisallowedHost", logging.ERROR)


@pytest.mark.parametrize(
    ("url", "accept", "is_json"),
    [
        ("GONE", "*/*", True),
        ("GONE?format=json", BROWSER, True),
        ("GONE", BROWSER, False),
    ],
)
def test_a_malformed_host_that_common_middleware_rejects_is_json_for_clients_of_json(
    client: Client, url: str, accept: str, is_json: bool
) -> None:
    response = client.get(f"/errors/{url}", headers={"Accept": accept, "Host": "a b"})
    assert response.status_code == 400
    assert (response["Content-Type"] == "application/json") == is_json
    assert response["Vary"] == "Accept"
