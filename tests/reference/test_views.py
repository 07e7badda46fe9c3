"""The reference: a page for each code, for people and for programs."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from django.urls import include, path
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from django_apierrors.catalog import ADVICE_BY_CLASS, CATALOG, get_category, get_codes
from django_apierrors.errors import Error
from django_apierrors.http.headers import REQUIRED_HEADERS
from django_apierrors.reference.documents import HEADERS, REQUIREMENTS, STATUSES, VERBS, get_phrase
from django_apierrors.semantics import ALLOWED_STATUSES

pytestmark = pytest.mark.urls(__name__)

reference = include("django_apierrors.reference.urls")
urlpatterns = [
    path("errors/", reference),
    path("<version>/errors/", include("django_apierrors.reference.urls", namespace="versioned")),
]

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
EVIL = """<script>alert("1")</script> ' & {{ 7|add:7 }} \u202e\u0634"""
OWN = {
    "OUT_OF_STOCK": {
        "status": 409,
        "message": EVIL,
        "description": f"{EVIL} means",
        "advice": f"{EVIL} helps",
    },
    "ALREADY_EXISTS": {"status": 409, "message": "Taken."},
    "GONE": {"number": None},
    "CODES_BY_ATTRIBUTE": {"status": 418, "number": 0x04990000},
}


class Page(HTMLParser):
    """What is on a page: its tags, its texts, its links, what its main heading says."""

    def __init__(self, html: str) -> None:
        """Read the page."""
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of a tag."""
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        """Take note of a text."""
        self.texts += [data.strip()] if data.strip() else []


def get_page(client: Client, url: str, status: int = 200, **headers: str) -> Page:
    """Return the page that a browser gets."""
    response = client.get(url, headers={"Accept": BROWSER, **headers})
    assert (response.status_code, response["Content-Type"]) == (status, "text/html; charset=utf-8")
    return Page(response.content.decode())


@pytest.fixture(params=[{}, {"CODES": OWN}], ids=["ours", "changed"])
def codes(request: pytest.FixtureRequest, settings: Any) -> Any:
    """The catalogue, as it is and as a project may change it."""
    settings.API_ERRORS = {"MORE_INFO": "apierrors:code", "DETAILS": True, **request.param}
    return get_codes()


def test_the_list_has_every_code_with_all_that_is_known_of_it(client: Client, codes: Any) -> None:
    response = client.get("/errors/")
    assert response["Content-Type"] == "application/json"
    document = response.json()
    assert list(document) == ["codes", "href", "verbs"]
    assert document["href"] == "http://testserver/errors/"
    assert document["verbs"] == "http://testserver/errors/verbs"
    assert [
        (entry["name"], entry["status"], entry["number"], entry["message"], entry["description"])
        for entry in document["codes"]
    ] == [
        (code.name, code.status, code.number, str(code.message), str(code.description))
        for code in codes.values()
    ]


def test_every_code_has_its_document_with_the_body_that_is_sent(
    client: Client, codes: Any, settings: Any
) -> None:
    listed = {entry["name"]: entry for entry in client.get("/errors/").json()["codes"]}
    for code in codes.values():
        document = client.get(f"/errors/{code.name}").json()
        example, related = document.pop("example"), document.pop("related")
        assert document == listed[code.name]
        assert document["href"] == f"http://testserver/errors/{code.name}"
        assert (example["status"], example["code"]) == (code.status, document["code"])
        assert example["moreInfo"] == document["href"]
        assert list(example) == ["status", "errors", "code", "moreInfo", "details"]
        assert [entry["name"] for entry in related] == [
            other.name
            for other in codes.values()
            if get_category(other) == get_category(code) and other != code
        ]


def test_the_example_of_a_401_is_the_body_of_the_document_behind_all_this(client: Client) -> None:
    assert client.get("/errors/UNAUTHENTICATED").json() == {
        "name": "UNAUTHENTICATED",
        "code": 33619968,
        "number": 33619968,
        "status": 401,
        "phrase": "Unauthorized",
        "kind": "access",
        "message": "Access denied, please check your credentials!",
        "description": str(CATALOG["UNAUTHENTICATED"].description),
        "advice": str(CATALOG["UNAUTHENTICATED"].advice),
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


@pytest.mark.parametrize(
    ("name", "message", "detail"),
    [
        ("INVALID_CONTENT", "This field is required.", "required"),
        ("ALREADY_EXISTS", "Another resource has the same value for this field.", "unique"),
    ],
)
def test_the_example_of_what_is_most_often_about_a_field_names_one(
    client: Client, settings: Any, name: str, message: str, detail: str
) -> None:
    settings.API_ERRORS = {"DETAILS": True, "CODE_FORMAT": "number"}
    example = client.get(f"/errors/{name}").json()["example"]
    field = example["details"][0]["field"]
    assert example == {
        "status": 400,
        "errors": [f"{field}: {message}"],
        "code": CATALOG[name].number,
        "moreInfo": "",
        "details": [{"field": field, "code": detail, "message": message}],
    }


def test_the_link_in_every_body_leads_to_a_page(client: Client, codes: Any) -> None:
    request = client.get("/errors/").wsgi_request
    for code in codes.values():
        link = Error.of_code(code).get_body(request)["moreInfo"]
        assert link == f"http://testserver/errors/{code.name}"
        assert client.get(link).status_code == 200
        assert code.name in get_page(client, link).texts


def test_a_persons_list_leads_to_every_code(client: Client, codes: Any) -> None:
    page = get_page(client, "/errors/")
    assert {*codes} <= {*page.links}
    assert {str(code.description) for code in codes.values()} <= {*page.texts}


def test_a_persons_page_says_what_the_document_says(client: Client, codes: Any) -> None:
    for code in codes.values():
        document = client.get(f"/errors/{code.name}").json()
        page = get_page(client, f"/errors/{code.name}")
        said = [document["name"], document["description"], document["advice"]]
        said += [header["name"] for header in document["headers"]]
        assert {*said} <= {*page.texts}
        assert {entry["name"] for entry in document["related"]} <= {*page.links}
        [example] = [text for text in page.texts if text.startswith("{")]
        assert json.loads(example) == document["example"]


@pytest.mark.parametrize("status", [404, 502])
def test_a_code_that_says_nothing_of_it_has_the_advice_of_its_status(
    client: Client, settings: Any, status: int
) -> None:
    settings.API_ERRORS = {"CODES": {"OTHER": {"status": status}}}
    advice = client.get("/errors/OTHER").json()["advice"]
    assert advice == str(ADVICE_BY_CLASS[status // 100])


def test_what_a_project_says_is_text_and_no_markup(client: Client, settings: Any) -> None:
    settings.API_ERRORS = {"CODES": OWN}
    for url in ("/errors/", "/errors/OUT_OF_STOCK"):
        page = get_page(client, url)
        assert "script" not in page.tags
        assert f"{EVIL} means" in page.texts


@pytest.mark.parametrize("url", ["", "verbs", "GONE", "INVALID_CONTENT", "nothing"])
def test_a_page_needs_neither_script_nor_inline_style(client: Client, url: str) -> None:
    page = get_page(client, f"/errors/{url}", 404 if url == "nothing" else 200)
    assert {"script", "style", "img", "iframe", "form"}.isdisjoint(page.tags)
    assert "style" not in page.attributes
    assert not [name for name in page.attributes if name.startswith("on")]


@pytest.mark.parametrize("url", ["", "verbs", "GONE", "nothing"])
def test_every_link_of_a_page_leads_to_a_page(client: Client, url: str) -> None:
    page = get_page(client, f"/errors/{url}", 404 if url == "nothing" else 200)
    for link in page.links:
        target = link.partition("#")[0]
        where = f"/errors/{url}" if target.startswith("?") else "/errors/"
        assert client.get(f"{where}{target}".replace("./", "")).status_code == 200, link


def test_the_stylesheet_comes_from_here(client: Client) -> None:
    response = client.get("/errors/style.css")
    assert response["Content-Type"] == "text/css; charset=utf-8"
    assert response["Cache-Control"] == "max-age=3600"
    assert "prefers-color-scheme: dark" in response.content.decode()


def test_the_verbs_are_the_table_that_views_are_held_to(client: Client) -> None:
    document = client.get("/errors/verbs").json()
    assert {
        verb["name"]: {entry["status"]: entry["requirements"] for entry in verb["successes"]}
        for verb in document["verbs"]
    } == {
        verb: {
            status: [requirement.what for requirement in requirements]
            for status, requirements in successes.items()
        }
        for verb, successes in ALLOWED_STATUSES.items()
    }
    assert document["codes"] == "http://testserver/errors/"
    assert document["href"] == "http://testserver/errors/verbs"


def test_a_persons_page_of_the_verbs_says_what_the_document_says(client: Client) -> None:
    page = get_page(client, "/errors/verbs")
    assert {*ALLOWED_STATUSES} <= {*page.texts}
    assert {str(text) for text in (*VERBS.values(), *STATUSES.values())} <= {*page.texts}


def test_each_verb_status_requirement_and_header_has_its_text() -> None:
    successes = [item for items in ALLOWED_STATUSES.values() for item in items.items()]
    assert set(VERBS) == set(ALLOWED_STATUSES)
    assert set(STATUSES) == {status for status, _ in successes}
    assert set(REQUIREMENTS) == {item.what for _, items in successes for item in items}
    assert {key: key for key in REQUIREMENTS} == {k: str(v) for k, v in REQUIREMENTS.items()}
    assert set(HEADERS) == {name for name, _ in REQUIRED_HEADERS.values()}


@pytest.mark.parametrize(
    ("status", "phrase"),
    [(404, "Not Found"), (413, "Content Too Large"), (422, "Unprocessable Content"), (499, "")],
)
def test_a_status_has_the_phrase_that_all_pythons_have_or_none(status: int, phrase: str) -> None:
    assert get_phrase(status) == phrase


@pytest.mark.parametrize(
    ("accept", "query", "is_page"),
    [
        (BROWSER, "", True),
        ("text/html", "", True),
        (None, "", False),
        ("*/*", "", False),
        ("application/json", "", False),
        ("application/json, text/html;q=0.5", "", False),
        ("application/problem+json", "", False),
        ("image/png", "", False),
        ("text/html; a*=bogus''x", "", False),
        (BROWSER, "?format=json", False),
        ("application/json", "?format=html", True),
        ("application/json", "?format=", False),
    ],
)
@pytest.mark.parametrize("url", ["", "verbs", "GONE"])
def test_the_format_is_the_one_that_is_asked_for(
    client: Client, url: str, accept: str | None, query: str, is_page: bool
) -> None:
    headers = {"Accept": accept} if accept else {}
    response = client.get(f"/errors/{url}{query}", headers=headers)
    assert response.status_code == 200
    assert response["Vary"] == "Accept"
    assert response["Content-Type"] == (
        "text/html; charset=utf-8" if is_page else "application/json"
    )


@pytest.mark.parametrize("url", ["", "verbs", "GONE", "nothing"])
def test_a_format_that_there_is_not_is_refused_as_any_view_refuses_it(
    client: Client, url: str
) -> None:
    response = client.get(f"/errors/{url}?format=xml", headers={"Accept": BROWSER})
    assert response.status_code == 415
    assert response.json() == Error.of_status(415).get_body()
    assert response["Vary"] == "Accept"


@pytest.mark.parametrize("url", ["", "verbs", "GONE", "style.css"])
def test_what_has_not_changed_is_not_sent_again(client: Client, url: str) -> None:
    first = client.get(f"/errors/{url}")
    again = client.get(f"/errors/{url}", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["Vary"]) == (304, b"", "Accept")
    assert first["Cache-Control"] == again["Cache-Control"]


def test_a_page_and_its_document_have_different_tags(client: Client) -> None:
    page = client.get("/errors/GONE", headers={"Accept": BROWSER})
    assert page["ETag"] != client.get("/errors/GONE")["ETag"]


def test_a_change_of_the_catalogue_is_sent(client: Client, settings: Any) -> None:
    tag = client.get("/errors/GONE")["ETag"]
    settings.API_ERRORS = {"CODES": {"GONE": {"message": "Gone."}}}
    response = client.get("/errors/GONE", headers={"If-None-Match": tag})
    assert (response.status_code, response.json()["message"]) == (200, "Gone.")


@pytest.mark.parametrize("url", ["", "verbs", "GONE", "style.css"])
def test_a_head_has_the_headers_and_no_body(client: Client, url: str) -> None:
    get, head = client.get(f"/errors/{url}"), client.head(f"/errors/{url}")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get.headers


@pytest.mark.parametrize("url", ["", "verbs", "GONE", "nothing", "style.css"])
@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_any_other_verb_is_refused_in_the_format(url: str, verb: str) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.generic(verb, f"/errors/{url}", headers={"Accept": BROWSER})
    assert response.status_code == 405
    assert response.json() == Error.of_status(405).get_body()
    assert response["Allow"] == "GET, OPTIONS, HEAD"


def test_an_options_names_the_verbs(client: Client) -> None:
    response = client.options("/errors/GONE")
    assert (response.status_code, response["Allow"]) == (200, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("text", ["33619968", "unauthenticated", "Unauthenticated"])
@pytest.mark.parametrize("accept", [BROWSER, "application/json"])
def test_other_spellings_of_a_code_lead_to_its_page(client: Client, text: str, accept: str) -> None:
    response = client.get(f"/errors/{text}", headers={"Accept": accept})
    assert (response.status_code, response["Location"]) == (302, "/errors/UNAUTHENTICATED")


def test_hyphens_and_the_query_lead_to_the_page_too(client: Client) -> None:
    response = client.get("/errors/invalid-id?format=html")
    assert response["Location"] == "/errors/INVALID_ID?format=html"


def test_the_number_of_every_code_leads_to_its_page(client: Client, codes: Any) -> None:
    for code in codes.values():
        if code.number is not None:
            response = client.get(f"/errors/{code.number}")
            assert response["Location"] == f"/errors/{code.name}"


UNKNOWN = ["nothing", "0", "9" * 5000, "\u0663", "\x00", "<script>", "call-555-1234", "\u00df"]


@pytest.mark.parametrize("text", [*UNKNOWN, "None", "GONE\x00"])
def test_an_unknown_code_is_a_404_in_the_format(client: Client, text: str) -> None:
    response = client.get(f"/errors/{text}")
    assert response.status_code == 404
    assert response.json() == Error.of_status(404).get_body()


@pytest.mark.parametrize("paths", [None, ["/"]])
@pytest.mark.parametrize("text", UNKNOWN)
def test_a_person_gets_a_page_for_an_unknown_code_that_repeats_nothing(
    client: Client, settings: Any, text: str, paths: list[str] | None
) -> None:
    settings.API_ERRORS = {"PATHS": paths}
    page = get_page(client, f"/errors/{text}", 404)
    assert page.texts == ["No such code · Errors", "Errors", "Verbs", "No such code", "All codes"]


def test_a_page_for_an_unknown_code_is_a_404_however_it_is_asked_for_again(client: Client) -> None:
    response = client.get("/errors/nothing", headers={"Accept": BROWSER, "If-None-Match": "*"})
    assert (response.status_code, response["Cache-Control"]) == (404, "no-cache")
    assert Page(response.content.decode()).texts


def test_an_unknown_code_is_a_problem_to_a_client_that_asks_for_problems(
    client: Client, settings: Any
) -> None:
    settings.API_ERRORS = {"PROBLEM_JSON": True}
    headers = {"Accept": "application/problem+json"}
    response = client.get("/errors/nothing", headers=headers)
    assert (response.status_code, response["Content-Type"]) == (404, headers["Accept"])
    assert client.get("/errors/GONE", headers=headers)["Content-Type"] == "application/json"


def test_a_person_is_told_of_a_code_that_is_near(client: Client) -> None:
    page = get_page(client, "/errors/INVALIDID", 404)
    assert "INVALID_ID" in page.links
    assert "Did you mean this one?" in page.texts


def test_a_reference_below_variables_and_in_another_namespace_leads_to_itself(
    client: Client,
) -> None:
    document = client.get("/v2/errors/GONE").json()
    assert document["href"] == "http://testserver/v2/errors/GONE"
    assert [entry["href"] for entry in document["related"]] == [
        "http://testserver/v2/errors/MISSING_RESOURCE"
    ]
    assert client.get("/v2/errors/gone")["Location"] == "/v2/errors/GONE"
    assert client.get("/v2/errors/").json()["verbs"] == "http://testserver/v2/errors/verbs"


def test_nothing_stands_before_the_pages(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    assert client.get("/errors/GONE").status_code == 200


@pytest.mark.parametrize("accept", [BROWSER, "application/json"])
def test_a_page_sets_no_cookie(client: Client, accept: str) -> None:
    assert not client.get("/errors/GONE", headers={"Accept": accept}).cookies


def test_numbers_are_numbers_where_others_have_separators(client: Client, settings: Any) -> None:
    settings.USE_THOUSAND_SEPARATOR = True
    assert "33619968" in get_page(client, "/errors/UNAUTHENTICATED").texts


def test_a_page_speaks_the_language_of_its_reader(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    settings.API_ERRORS = {"CODES": {"GONE": {"message": _("Yes")}}}
    with translation.override("en"):
        response = client.get("/errors/GONE", headers={"Accept-Language": "ar"})
        page = client.get("/errors/", headers={"Accept": BROWSER, "Accept-Language": "ar"})
    assert response["Content-Language"] == "ar"
    with translation.override("ar"):
        assert response.json()["message"] == str(_("Yes")) != "Yes"
    assert b'<html lang="ar" dir="rtl">' in page.content
