"""The language of an error is the language of its request.

The expected messages are read from the `.po` files, not translated by Django.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.urls import include, path
from django.utils import translation
from pytest_django.fixtures import Settings
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from django_apierrors.catalog import CATALOG
from django_apierrors.pagination import PageNumberPagination
from tests.bodies import body
from tests.locale.messages import LOCALES, Message, read_translations

pytestmark = [pytest.mark.urls(__name__), pytest.mark.usefixtures("locale_middleware")]

# The language tags that browsers send.
TAGS = {
    "de": "de",
    "en": "en",
    "es": "es",
    "fr": "fr",
    "ja": "ja",
    "pt_BR": "pt-BR",
    "zh_Hans": "zh-CN",
}
TRANSLATIONS = {locale: read_translations(locale) for locale in LOCALES}


def translate(text: object, locale: str) -> str:
    """Return the translation of a message of the package."""
    with translation.override(None):
        source = str(text)
    return TRANSLATIONS[locale][Message(source)].texts[0] if locale in TRANSLATIONS else source


def get_message(name: str, locale: str) -> str:
    return translate(CATALOG[name].message, locale)


class Coded(APIException):
    default_detail = ""

    def __init__(self, name: str) -> None:
        super().__init__("", name.lower())
        self.status_code = CATALOG[name].status


class PrivateView(APIView):
    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> HttpResponse:
        raise AssertionError


class ThingSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    size = serializers.IntegerField()
    colour = serializers.CharField()


class TenPerPage(PageNumberPagination):
    page_size = 10


class ThingsView(APIView):
    permission_classes = []

    def get(self, request: Request) -> None:
        TenPerPage().paginate_queryset([], request, self)

    def post(self, request: Request) -> None:
        ThingSerializer(data=request.data).is_valid(raise_exception=True)


class FailingView(APIView):
    """Raises an exception without a message: DRF's, or one with a code of the catalogue."""

    permission_classes = []

    def get(self, request: Request, name: str = "") -> None:
        raise Coded(name) if name else NotFound("")


class MeetingView(APIView):
    permission_classes = []
    barrier = Barrier(2)

    def get(self, request: Request) -> None:
        self.barrier.wait(timeout=20)
        raise Coded("GONE")


async def meet(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(0.05)
    raise Coded("GONE")


def raise_four_errors(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Make a middleware that rejects every request."""

    def middleware(request: HttpRequest) -> HttpResponse:
        raise ValidationError({f"field_{number}": ["No."] for number in range(4)})

    return middleware


urlpatterns = [
    path("private", PrivateView.as_view()),
    path("things", ThingsView.as_view()),
    path("failing", FailingView.as_view()),
    path("failing/<name>", FailingView.as_view()),
    path("meeting", MeetingView.as_view()),
    path("async-meeting", meet),
    path("errors/", include("django_apierrors.reference.urls")),
]


@pytest.fixture
def locale_middleware(settings: Settings) -> None:
    ours, *others = settings.MIDDLEWARE
    settings.MIDDLEWARE = [ours, "django.middleware.locale.LocaleMiddleware", *others]


@pytest.fixture(autouse=True)
def _restore_language() -> Iterator[None]:
    with translation.override(translation.get_language()):
        yield


def get(client: Client, url: str, language: str, **headers: str) -> Any:
    return client.get(url, headers={"Accept-Language": language, **headers})


@pytest.mark.parametrize("locale", LOCALES)
def test_an_error_is_in_the_language_of_the_client(client: Client, locale: str) -> None:
    for url, code in [("/private", "UNAUTHENTICATED"), ("/nowhere", "MISSING_RESOURCE")]:
        response = get(client, url, TAGS[locale])
        assert response.json() == body(code, get_message(code, locale))
        assert response["Content-Language"] == translation.to_language(locale)
        assert "Accept-Language" in response["Vary"]


def test_an_error_before_the_locale_middleware_is_in_the_language_of_the_client(
    client: Client, settings: Settings
) -> None:
    ours, *others = settings.MIDDLEWARE
    settings.MIDDLEWARE = [ours, f"{__name__}.raise_four_errors", *others]
    settings.API_ERRORS = {"MAX_ERRORS": 3}
    client.raise_request_exception = False
    translation.activate("en")
    response = get(client, "/private", "de")
    messages = ["field_0: No.", "field_1: No.", "2 weitere Fehler wurden ausgelassen."]
    assert response.json() == body("INVALID_CONTENT", *messages)


def test_messages_of_drf_and_of_the_package_are_in_one_language(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"MAX_ERRORS": 2}
    headers = {"Accept-Language": "de"}
    for method, query, content, messages in [
        (
            *("POST", "", "{}"),
            [
                "name: Dieses Feld ist zwingend erforderlich.",
                "2 weitere Fehler wurden ausgelassen.",
            ],
        ),
        (
            *("POST", "", '{"a": 1,\n  1}'),
            ["Das JSON-Dokument ist in Zeile 2, Spalte 3 fehlerhaft."],
        ),
        ("GET", "?page=x", "", ["page: Eine ganze Zahl ab 1 ist erforderlich."]),
    ]:
        response = client.generic(
            method, f"/things{query}", content, "application/json", headers=headers
        )
        assert response.json() == body("INVALID_CONTENT", *messages)


def test_a_problem_has_a_translated_detail_and_an_english_title(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"PROBLEM_JSON": True}
    response = get(client, "/nowhere", "ja", Accept="application/problem+json")
    message = get_message("MISSING_RESOURCE", "ja")
    assert response.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "detail": message,
        **body("MISSING_RESOURCE", message),
    }


def test_the_reference_is_in_the_language_of_the_client(client: Client) -> None:
    page = get(client, "/errors/GONE", "de", Accept="text/html").content.decode()
    assert '<html lang="de"' in page
    for text in (CATALOG["GONE"].description, CATALOG["GONE"].advice):
        assert f">{translate(text, 'de')}</p>" in page
    document = get(client, "/errors/GONE", "de").json()
    assert document["message"] == get_message("GONE", "de")


def test_no_page_of_the_reference_contains_english_in_japanese(client: Client) -> None:
    english = {}
    for url in ["", "verbs", "no-such-code", *CATALOG]:
        page = get(client, f"/errors/{url}", "ja", Accept="text/html").content.decode()
        text = re.sub(r"<(code|style)\b.*?</\1>|<[^>]*>", "|", page)
        # The phrases of HTTP are capitalised; a single word may be the name of a header.
        if words := re.findall(r"[A-Za-z]+ [a-z]{2,}", text):
            english[url] = words
    assert english == {}


@pytest.mark.parametrize(
    ("language", "of_project", "locale"),
    [
        ("de-CH,de;q=0.9,en;q=0.8", "en", "de"),
        ("pt-BR,pt;q=0.9", "en", "pt_BR"),
        ("zh-Hans-SG", "en", "zh_Hans"),
        ("xx, fr;q=0.5", "en", "fr"),
        ("en-GB, de;q=0.9", "en", "en"),
        ("zh-TW", "en", "en"),
        ("*", "en", "en"),
        ("", "en", "en"),
        ("%(message)s", "en", "en"),
        # A language without translations falls back to the project's.
        ("en", "de", "en"),
        ("fi", "de", "de"),
        ("ja", "de", "ja"),
    ],
)
def test_the_nearest_language_is_chosen(
    client: Client, settings: Settings, language: str, of_project: str, locale: str
) -> None:
    settings.LANGUAGE_CODE = of_project
    # Django reloads its translations when LOCALE_PATHS changes, not when LANGUAGE_CODE does.
    settings.LOCALE_PATHS = []
    response = get(client, "/failing/GONE", language)
    assert response.json() == body("GONE", get_message("GONE", locale))


def test_the_language_cookie_comes_before_the_header(client: Client, settings: Settings) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "fr"
    for url, code in [("/failing/GONE", "GONE"), ("/nowhere", "MISSING_RESOURCE")]:
        assert get(client, url, "de").json() == body(code, get_message(code, "fr"))


@pytest.mark.parametrize("url", ["/failing/MISSING_RESOURCE", "/nowhere"])
def test_without_the_locale_middleware_the_language_is_the_projects(
    client: Client, settings: Settings, url: str
) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Locale" not in name]
    settings.LANGUAGE_CODE = "de"
    translation.activate("de")
    response = get(client, url, "fr")
    assert response.json() == body("MISSING_RESOURCE", get_message("MISSING_RESOURCE", "de"))
    assert "Content-Language" not in response
    assert "Accept-Language" not in response.get("Vary", "")


@pytest.mark.parametrize(
    "url", ["/private", "/failing", "/failing/GONE", "/failing/GONE?format=xml", "/nowhere"]
)
def test_no_message_is_cached_for_another_language(client: Client, url: str) -> None:
    first = {tag: get(client, url, tag).json()["errors"][0] for tag in TAGS.values()}
    again = {tag: get(client, url, tag).json()["errors"][0] for tag in reversed(TAGS.values())}
    assert first == again
    assert len({*first.values()}) == len(TAGS)


def test_concurrent_threads_have_their_own_languages() -> None:
    def run(language: str) -> set[str]:
        # Each request is in the view together with one of the other thread.
        return {get(Client(), "/meeting", language).json()["errors"][0] for _ in range(10)}

    with ThreadPoolExecutor(2) as pool:
        german, japanese = pool.map(run, ["de", "ja"])
    assert german == {get_message("GONE", "de")}
    assert japanese == {get_message("GONE", "ja")}


def test_concurrent_requests_of_one_event_loop_have_their_own_languages(
    settings: Settings,
) -> None:
    settings.API_ERRORS = {"PATHS": ["/"]}

    async def run() -> list[Any]:
        client = AsyncClient()
        requests = (
            client.get("/async-meeting", headers={"Accept-Language": tag}) for tag in TAGS.values()
        )
        return await asyncio.gather(*requests)

    responses = asyncio.run(run())
    assert [json.loads(response.content)["errors"] for response in responses] == [
        [get_message("GONE", locale)] for locale in TAGS
    ]
