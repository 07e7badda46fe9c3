"""The WSGI drop-in, called as a server calls it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import translation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.catalog import CATALOG
from django_apierrors.wsgi import APIErrorsWSGIHandler, get_wsgi_application

# At the start of each request Django asks its connections whether they are of use still.
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

# Django cannot decode the parameter, or finds no text encoding of the name.
MALFORMED_REQUEST_ERRORS = [
    "application/json; a*=bogus''x",
    "application/json; charset=bz2_codec",
    "application/json; charset=idna",
    "application/json; charset=hex",
    "application/json; charset=undefined",
]


class Echo(APIView):
    """Tells what it was sent."""

    authentication_classes = ()

    def get(self, request: Request) -> Response:
        """Tell of the query."""
        return Response(dict(request.query_params))

    def post(self, request: Request) -> Response:
        """Tell of the document."""
        return Response(request.data)


def plain(request: HttpRequest) -> HttpResponse:
    """Answer, as a page of the site does."""
    return HttpResponse(request.content_type)


urlpatterns = [path("echo", Echo.as_view()), path("plain", plain)]


class Answer(NamedTuple):
    """What a server was given."""

    status: str
    headers: dict[str, str]
    content: bytes


def ask(method: str, url: str, body: bytes = b"", *, path_info: str = "", **extra: str) -> Answer:
    """Call a new application with a request, as a server does."""
    target, _, query = url.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path_info or target,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "testserver",
        "wsgi.input": io.BytesIO(body),
        **extra,
    }
    setup_testing_defaults(environ)
    started: list[Any] = []
    response: Any = get_wsgi_application()(environ, lambda *arguments: started.append(arguments))
    content = b"".join(response)
    response.close()
    [(status, headers)] = started
    return Answer(status, dict(headers), content)


@pytest.fixture
def finished() -> Iterator[list[object]]:
    """What `request_finished` was sent for."""
    senders: list[object] = []

    def receive(sender: object, **kwargs: object) -> None:
        senders.append(sender)

    request_finished.connect(receive)
    yield senders
    request_finished.disconnect(receive)


def test_the_application_is_djangos_handler() -> None:
    application = get_wsgi_application()

    assert isinstance(application, APIErrorsWSGIHandler)
    assert isinstance(application, WSGIHandler)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("url", ["/echo", "/plain", "/nowhere"])
@pytest.mark.parametrize("content_type", MALFORMED_REQUEST_ERRORS)
def test_a_content_type_that_cannot_be_read_is_a_415(
    method: str, url: str, content_type: str
) -> None:
    # Python's idna lets a query pass that has nothing to decode.
    answer = ask(method, f"{url}?a=%C3%A9", b"{}", CONTENT_TYPE=content_type)
    code = CATALOG["UNSUPPORTED_MEDIA_TYPE"]

    assert answer.status == "415 Unsupported Media Type"
    assert answer.headers == {
        "Content-Type": "application/json",
        "Content-Length": str(len(answer.content)),
        "X-Content-Type-Options": "nosniff",
    }
    assert json.loads(answer.content) == {
        "status": 415,
        "errors": [str(code.message)],
        "code": code.name,
        "moreInfo": "",
    }


@pytest.mark.parametrize("content_type", ["application/json", "text/html; charset=utf-8"])
def test_a_query_of_too_many_fields_is_a_413(content_type: str) -> None:
    answer = ask("GET", "/echo?" + "a=1&" * 1001, CONTENT_TYPE=content_type)

    # Python 3.13 renamed the phrase.
    assert answer.status.startswith("413 ")
    assert json.loads(answer.content)["code"] == "CONTENT_TOO_LARGE"


def test_a_refused_request_is_finished_as_any_other(finished: list[object]) -> None:
    ask("GET", "/echo?a=1", CONTENT_TYPE=MALFORMED_REQUEST_ERRORS[0])

    assert finished == [APIErrorsWSGIHandler]


def test_a_refused_request_leaves_the_language_of_the_thread() -> None:
    with translation.override("de"):
        ask("GET", "/echo?a=1", CONTENT_TYPE=MALFORMED_REQUEST_ERRORS[0])
        assert translation.get_language() == "de"


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"]
)
def test_a_request_that_can_be_read_is_answered_by_its_view(content_type: str) -> None:
    answer = ask("POST", "/echo?a=1", b'{"name": "\xc3\xa9"}', CONTENT_TYPE=content_type)

    assert (answer.status, json.loads(answer.content)) == ("200 OK", {"name": "é"})


@pytest.mark.parametrize("content_type", [None, "", "nonsense", "text/plain; charset=nonsense"])
def test_a_get_with_a_content_type_of_no_account_is_answered_by_its_view(
    content_type: str | None,
) -> None:
    extra = {} if content_type is None else {"CONTENT_TYPE": content_type}
    answer = ask("GET", "/echo?a=1", **extra)

    assert (answer.status, json.loads(answer.content)) == ("200 OK", {"a": ["1"]})


@pytest.mark.parametrize("path_info", ["/\xff", "/\xc3\x28", "/\x00"])
def test_a_path_that_is_no_text_is_an_unmatched_url(path_info: str) -> None:
    answer = ask("GET", "/", path_info=path_info)

    assert answer.status == "404 Not Found"
    assert json.loads(answer.content)["code"] == "MISSING_RESOURCE"


@pytest.mark.parametrize("charset", ["bz2_codec", "idna", "hex", "undefined"])
def test_without_a_query_such_a_charset_is_refused_by_the_parser(charset: str) -> None:
    answer = ask("POST", "/echo", b"{}", CONTENT_TYPE=f"application/json; charset={charset}")

    assert answer.status in ("400 Bad Request", "415 Unsupported Media Type")
    assert json.loads(answer.content)["status"] == int(answer.status[:3])


def test_an_environment_without_a_method_is_the_servers_own_fault() -> None:
    environ: dict[str, Any] = {"PATH_INFO": "/echo", "wsgi.input": io.BytesIO()}

    with pytest.raises(KeyError):
        get_wsgi_application()(environ, lambda *arguments: None)  # type: ignore[arg-type]
