"""Languages: who is answered in which, in real requests.

What is expected is read from the `.po` files, or stands here, and never comes from Django's own
translation, which is what is tested.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.http import HttpResponse
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

pytestmark = pytest.mark.urls(__name__)

# How browsers ask for each.
TAGS = {"de": "de", "es": "es", "fr": "fr", "ja": "ja", "pt_BR": "pt-BR", "zh_Hans": "zh-CN"}

TEXTS = {locale: read_translations(locale) for locale in LOCALES}

UNAUTHENTICATED = {
    "de": "Zugriff verweigert, bitte prüfen Sie Ihre Zugangsdaten!",
    "es": "Acceso denegado, ¡compruebe sus credenciales!",
    "fr": "Accès refusé, veuillez vérifier vos informations d’authentification\u202f!",  # noqa: RUF001
    "ja": "アクセスが拒否されました。認証情報を確認してください。",
    "pt_BR": "Acesso negado, verifique suas credenciais!",
    "zh_Hans": "访问被拒绝，请检查您的凭据！",  # noqa: RUF001
}

# Of DRF, in the words of all its versions.
REQUIRED = {
    "de": "Dieses Feld ist zwingend erforderlich.",
    "es": "Este campo es requerido.",
    "fr": "Ce champ est obligatoire.",
    "ja": "この項目は必須です。",
    "pt_BR": "Este campo é obrigatório.",
    "zh_Hans": "该字段是必填项。",
}

NOTICES = {
    "de": "2 weitere Fehler wurden ausgelassen.",
    "es": "Se omitieron 2 errores más.",
    "fr": "2 autres erreurs ont été omises.",
    "ja": "ほかに 2 件のエラーが省略されました。",
    "pt_BR": "Mais 2 erros foram omitidos.",
    "zh_Hans": "另有 2 个错误被省略。",
}

MALFORMED = {
    "de": "Das JSON-Dokument ist in Zeile 2, Spalte 3 fehlerhaft.",
    "es": "El documento JSON está mal formado en la línea 2, columna 3.",
    "fr": "Le document JSON est mal formé à la ligne 2, colonne 3.",
    "ja": "JSON ドキュメントの 2 行 3 列に構文の誤りがあります。",
    "pt_BR": "O documento JSON está malformado na linha 2, coluna 3.",
    "zh_Hans": "JSON 文档在第 2 行第 3 列处格式错误。",
}

NOT_A_NUMBER = {
    "de": "Eine ganze Zahl ab 1 ist erforderlich.",
    "es": "Se requiere un número entero mayor o igual que 1.",
    "fr": "Un nombre entier supérieur ou égal à 1 est requis.",
    "ja": "1 以上の整数が必要です。",
    "pt_BR": "É necessário um número inteiro maior ou igual a 1.",
    "zh_Hans": "需要一个不小于 1 的整数。",
}


def translate(text: str, locale: str) -> str:
    """Return what the files have for a text of ours."""
    return TEXTS[locale][Message(text)].texts[0] if locale in TEXTS else text


def read_message(name: str, locale: str) -> str:
    """Return the message of a code."""
    with translation.override(None):
        return translate(str(CATALOG[name].message), locale)


class Secret(APIView):
    """Answers those who are known."""

    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> HttpResponse:
        """Never get here."""
        raise AssertionError


class ThingSerializer(serializers.Serializer[Any]):
    """A thing with three fields that must be there."""

    name = serializers.CharField()
    size = serializers.IntegerField()
    colour = serializers.CharField()


class Pages(PageNumberPagination):
    """Pages of ten."""

    page_size = 10


class Things(APIView):
    """Takes things, and shows pages of none."""

    permission_classes = []

    def get(self, request: Request) -> None:
        """Show a page."""
        Pages().paginate_queryset([], request, self)

    def post(self, request: Request) -> None:
        """Refuse what is no thing."""
        ThingSerializer(data=request.data).is_valid(raise_exception=True)


class Coded(APIException):
    """An exception with a code of the catalogue, and nothing to say besides."""

    default_detail = ""

    def __init__(self, name: str) -> None:
        """Take the name of the code."""
        super().__init__("", name.lower())
        self.status_code = CATALOG[name].status


class Silent(APIView):
    """Fails with an exception that says the same in every language."""

    permission_classes = []

    def get(self, request: Request) -> None:
        """Fail without a word."""
        raise NotFound("")


class Failing(APIView):
    """Fails with a code of the catalogue."""

    permission_classes = []

    def get(self, request: Request, name: str) -> None:
        """Fail."""
        raise Coded(name)


class Meeting(APIView):
    """Fails once two are here."""

    permission_classes = []
    barrier = Barrier(2)

    def get(self, request: Request) -> None:
        """Wait for the other, and fail."""
        self.barrier.wait(timeout=20)
        raise Coded("GONE")


async def meet(request: Any) -> HttpResponse:
    """Let others run, and fail."""
    await asyncio.sleep(0.05)
    raise Coded("GONE")


urlpatterns = [
    path("secret", Secret.as_view()),
    path("things", Things.as_view()),
    path("silent", Silent.as_view()),
    path("failing/<name>", Failing.as_view()),
    path("meeting", Meeting.as_view()),
    path("async-meeting", meet),
    path("errors/", include("django_apierrors.reference.urls")),
]


@pytest.fixture
def many_languages(settings: Settings) -> None:
    """A project that speaks the languages of its clients."""
    ours, *others = settings.MIDDLEWARE
    settings.MIDDLEWARE = [ours, "django.middleware.locale.LocaleMiddleware", *others]


def refuse_many(get_response: Any) -> Any:
    """Refuse what every request sends, in more messages than are sent."""

    def answer(request: Any) -> HttpResponse:
        raise ValidationError({f"field_{number}": ["No."] for number in range(4)})

    return answer


@pytest.fixture(autouse=True)
def own_thread() -> Iterator[None]:
    """Leave the thread in the language that it had."""
    with translation.override(translation.get_language()):
        yield


def ask(client: Client, url: str, language: str, **headers: str) -> Any:
    """Return the answer to a GET."""
    return client.get(url, headers={"Accept-Language": language, **headers})


@pytest.mark.usefixtures("many_languages")
@pytest.mark.parametrize("locale", LOCALES)
def test_a_401_is_in_the_language_of_the_client(client: Client, locale: str) -> None:
    response = ask(client, "/secret", TAGS[locale])
    assert response.json() == body("UNAUTHENTICATED", UNAUTHENTICATED[locale])
    assert response["Content-Language"] == translation.to_language(locale)
    assert "Accept-Language" in response["Vary"]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_notice_of_another_middleware_is_in_the_language_of_the_client(
    client: Client, settings: Settings, locale: str
) -> None:
    ours, *others = settings.MIDDLEWARE
    locale_middleware = "django.middleware.locale.LocaleMiddleware"
    settings.MIDDLEWARE = [ours, f"{__name__}.refuse_many", locale_middleware, *others]
    settings.API_ERRORS = {"MAX_ERRORS": 3}
    client.raise_request_exception = False
    translation.activate("en")
    response = ask(client, "/secret", TAGS[locale])
    messages = ["field_0: No.", "field_1: No.", NOTICES[locale]]
    assert response.json() == body("INVALID_CONTENT", *messages)


@pytest.mark.usefixtures("many_languages")
@pytest.mark.parametrize("locale", LOCALES)
def test_an_unmatched_url_is_told_in_the_language_of_the_client(
    client: Client, locale: str
) -> None:
    response = ask(client, "/nowhere", TAGS[locale])
    message = read_message("MISSING_RESOURCE", locale)
    assert response.json() == body("MISSING_RESOURCE", message)
    assert response["Content-Language"] == translation.to_language(locale)


@pytest.mark.usefixtures("many_languages")
@pytest.mark.parametrize("locale", LOCALES)
def test_messages_of_drf_and_of_ours_stand_side_by_side(
    client: Client, settings: Settings, locale: str
) -> None:
    settings.API_ERRORS = {"MAX_ERRORS": 2}
    response = client.post(
        "/things", {}, "application/json", headers={"Accept-Language": TAGS[locale]}
    )
    errors = [f"name: {REQUIRED[locale]}", NOTICES[locale]]
    assert response.json() == body("INVALID_CONTENT", *errors)


@pytest.mark.usefixtures("many_languages")
@pytest.mark.parametrize("locale", LOCALES)
def test_a_field_is_named_as_in_every_language(client: Client, locale: str) -> None:
    response = ask(client, "/things?page=x", TAGS[locale])
    assert response.json() == body("INVALID_CONTENT", f"page: {NOT_A_NUMBER[locale]}")


@pytest.mark.usefixtures("many_languages")
@pytest.mark.parametrize("locale", LOCALES)
def test_malformed_json_is_placed_in_the_language_of_the_client(
    client: Client, locale: str
) -> None:
    headers = {"Accept-Language": TAGS[locale]}
    response = client.post("/things", '{"a": 1,\n  1}', "application/json", headers=headers)
    assert response.json() == body("INVALID_CONTENT", MALFORMED[locale])


@pytest.mark.usefixtures("many_languages")
@pytest.mark.parametrize("locale", LOCALES)
def test_a_problem_has_its_detail_in_the_language_of_the_client_and_its_title_in_http(
    client: Client, settings: Settings, locale: str
) -> None:
    settings.API_ERRORS = {"PROBLEM_JSON": True}
    response = ask(client, "/nowhere", TAGS[locale], Accept="application/problem+json")
    message = read_message("MISSING_RESOURCE", locale)
    assert response.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "detail": message,
        **body("MISSING_RESOURCE", message),
    }


@pytest.mark.usefixtures("many_languages")
@pytest.mark.parametrize("locale", LOCALES)
def test_a_page_of_the_reference_is_in_the_language_of_its_reader(
    client: Client, locale: str
) -> None:
    page = ask(client, "/errors/GONE", TAGS[locale], Accept="text/html").content.decode()
    assert f'<html lang="{translation.to_language(locale)}"' in page
    for text in (CATALOG["GONE"].description, CATALOG["GONE"].advice):
        with translation.override(None):
            assert f">{translate(str(text), locale)}</p>" in page
    document = ask(client, "/errors/GONE", TAGS[locale]).json()
    assert document["message"] == read_message("GONE", locale)


@pytest.mark.usefixtures("many_languages")
@pytest.mark.parametrize("locale", ["ja", "zh_Hans"])
@pytest.mark.parametrize("url", ["", "verbs", "no-such-code", *CATALOG])
def test_a_page_of_the_reference_has_no_english_left(client: Client, url: str, locale: str) -> None:
    response = ask(client, f"/errors/{url}", TAGS[locale], Accept="text/html")
    text = re.sub(r"<(code|style)\b.*?</\1>|<[^>]*>", "|", response.content.decode())
    # Phrases of HTTP have capitals; a name alone may be a header's.
    assert re.findall(r"[A-Za-z]+ [a-z]{2,}", text) == []


@pytest.mark.usefixtures("many_languages")
@pytest.mark.parametrize(
    ("language", "locale"),
    [
        ("de-AT", "de"),
        ("de-CH,de;q=0.9,en;q=0.8", "de"),
        ("es-MX,es;q=0.9", "es"),
        ("es-AR", "es"),
        ("fr-CA,en;q=0.5", "fr"),
        ("ja-JP", "ja"),
        ("pt-BR,pt;q=0.9", "pt_BR"),
        ("zh-CN", "zh_Hans"),
        ("zh-Hans-SG", "zh_Hans"),
        ("zh", "zh_Hans"),
        ("xx, fr;q=0.5", "fr"),
        ("en;q=0.5, de", "de"),
        ("en-GB, de;q=0.9", "en"),
        ("zh-TW", "en"),
        ("fi", "en"),
        ("*", "en"),
        ("", "en"),
        ("%(message)s", "en"),
    ],
)
def test_a_client_is_answered_in_the_nearest_language(
    client: Client, language: str, locale: str
) -> None:
    response = ask(client, "/failing/GONE", language)
    assert response.json() == body("GONE", read_message("GONE", locale))


@pytest.mark.usefixtures("many_languages")
@pytest.mark.parametrize(
    ("language", "locale"), [("en", "en"), ("fi", "de"), ("", "de"), ("ja", "ja")]
)
def test_where_a_language_is_missing_it_is_the_projects(
    client: Client, settings: Settings, language: str, locale: str
) -> None:
    settings.LANGUAGE_CODE = "de"
    # At this change alone, and not at the other, Django reads its translations anew.
    settings.LOCALE_PATHS = []
    response = ask(client, "/failing/GONE", language)
    assert response.json() == body("GONE", read_message("GONE", locale))


@pytest.mark.usefixtures("many_languages")
def test_a_language_that_was_chosen_before_comes_before_the_header(
    client: Client, settings: Settings
) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "fr"
    for url in ("/failing/GONE", "/nowhere"):
        [message] = ask(client, url, "de").json()["errors"]
        name = "GONE" if url == "/failing/GONE" else "MISSING_RESOURCE"
        assert message == read_message(name, "fr")


@pytest.mark.parametrize(("code", "locale"), [("en", "en"), ("de", "de"), ("zh-hans", "zh_Hans")])
@pytest.mark.parametrize("url", ["/failing/MISSING_RESOURCE", "/nowhere"])
def test_without_the_middleware_the_language_is_the_projects(
    client: Client, settings: Settings, url: str, code: str, locale: str
) -> None:
    settings.LANGUAGE_CODE = code
    translation.activate(code)
    response = ask(client, url, "fr")
    message = read_message("MISSING_RESOURCE", locale)
    assert response.json() == body("MISSING_RESOURCE", message)
    assert "Content-Language" not in response
    assert "Accept-Language" not in response.get("Vary", "")


@pytest.mark.usefixtures("many_languages")
@pytest.mark.parametrize("name", CATALOG)
def test_no_answer_is_remembered_in_the_language_of_another(client: Client, name: str) -> None:
    locales = [*LOCALES, "en"]
    expected = {locale: read_message(name, locale) for locale in locales}
    assert len({*expected.values()}) == len(locales)
    for locale in [*locales, *reversed(locales)]:
        response = ask(client, f"/failing/{name}", TAGS.get(locale, locale))
        [message] = response.json()["errors"]
        assert message.startswith(expected[locale])


@pytest.mark.usefixtures("many_languages")
@pytest.mark.parametrize("url", ["/nowhere", "/secret", "/silent", "/failing/GONE?format=xml"])
def test_no_body_of_drf_or_of_the_middleware_is_remembered_in_another_language(
    client: Client, url: str
) -> None:
    tags = [*TAGS.values(), "en"]
    first = {tag: ask(client, url, tag).json()["errors"][0] for tag in tags}
    again = {tag: ask(client, url, tag).json()["errors"][0] for tag in reversed(tags)}
    assert first == again
    assert len({*first.values()}) == len(tags)


@pytest.mark.usefixtures("many_languages")
def test_threads_do_not_hear_each_other() -> None:
    def run(language: str) -> list[str]:
        # The client of the other thread is in the view at the same time, each time.
        return [ask(Client(), "/meeting", language).json()["errors"][0] for _ in range(20)]

    with ThreadPoolExecutor(2) as pool:
        german, japanese = pool.map(run, ["de", "ja"])
    assert {*german} == {read_message("GONE", "de")}
    assert {*japanese} == {read_message("GONE", "ja")}


@pytest.mark.usefixtures("many_languages")
def test_requests_on_one_event_loop_do_not_hear_each_other(settings: Settings) -> None:
    settings.API_ERRORS = {"PATHS": ["/"]}

    async def run() -> list[Any]:
        client = AsyncClient()
        asked = (
            client.get("/async-meeting", headers={"Accept-Language": TAGS.get(locale, "en")})
            for locale in locales
        )
        return await asyncio.gather(*asked)

    locales = [*LOCALES, "en", *LOCALES]
    responses = asyncio.run(run())
    assert [json.loads(response.content)["errors"] for response in responses] == [
        [read_message("GONE", locale)] for locale in locales
    ]
