"""The parser: invalid JSON is 400 with line and column, valid JSON is parsed as in DRF."""

from __future__ import annotations

import copy
import io
import json
import math
import re
import subprocess
import sys
import time
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import parsers, serializers
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

from django_apierrors.parsers import JSONParser, find_too_deep
from tests.bodies import assert_body, body, sent_body
from tests.support import make_view, subclass, throw

pytestmark = pytest.mark.urls(__name__)

JSON = "application/json"


class DocumentSerializer(serializers.Serializer[Any]):
    document = serializers.JSONField()


def copy_document(request: Request) -> Any:
    """Copy, validate and return the document, as views do."""
    serializer = DocumentSerializer(data={"document": copy.deepcopy(request.data)})
    serializer.is_valid(raise_exception=True)
    return {"read": request.data, **serializer.data}


def count_keys(request: Request) -> int:
    """Read the document, and return nothing of it."""
    return len(request.data)


# As with DRF's `STRICT_JSON` off.
LaxParser = subclass(JSONParser, strict=False)
FORMS = [JSONParser, parsers.FormParser]
urlpatterns = [
    path("echo", make_view(copy_document)),
    path("invalid", make_view(lambda request: throw(serializers.ValidationError(request.data)))),
    path("lax", make_view(copy_document, parser_classes=[LaxParser])),
    path("stock", make_view(copy_document, content_negotiation_class=DefaultContentNegotiation)),
    path("forms", make_view(copy_document, parser_classes=FORMS)),
    path("length", make_view(count_keys)),
    path("stock/length", make_view(count_keys, parser_classes=[parsers.JSONParser])),
]


def post(client: Client, url: str, content: bytes, content_type: str = JSON) -> HttpResponse:
    """Send `content`, which `client.post()` would encode again."""
    return client.generic("POST", url, content, content_type)


def parse(content: bytes, charset: str = "utf-8") -> Any:
    return JSONParser().parse(io.BytesIO(content), JSON, {"encoding": charset})


def try_to_parse(content: bytes) -> tuple[Any, str | None]:
    """Return the document in `content`, or the message of the error."""
    try:
        return parse(content), None
    except ParseError as exc:
        return None, str(exc.detail)


MALFORMED = "The JSON document is malformed at line {}, column {}."
UNDECODABLE = "The JSON document is not valid {} at line {}, column {}."
BYTE_ORDER_MARK = "The JSON document begins with a byte order mark, at line 1, column 1."
TOO_DEEP = "The JSON document is nested too deeply at line {}, column {}."
NUMBER_OUT_OF_RANGE = "The JSON document has a number that is out of range at line {}, column {}."
SURROGATE = "The JSON document has half of a surrogate pair at line {}, column {}."

DEEP = JSONParser.max_depth
MANY = b"1" * 5000

REJECTED: dict[str, tuple[bytes, str]] = {
    "missing brace": (b'{"name": "x"', MALFORMED.format(1, 13)),
    "truncated on another line": (b'{\n  "name": "x",\n  "tags": [1, 2', MALFORMED.format(3, 16)),
    "windows lines": (b'{\r\n "a": nope}', MALFORMED.format(2, 7)),
    "single quotes": (b"{'a': 1}", MALFORMED.format(1, 2)),
    "blank": (b" \n ", MALFORMED.format(2, 2)),
    "after letters of many bytes": ('["é😀", nope]'.encode(), MALFORMED.format(1, 8)),
    "line break in a text": (b'["a\nb"]', MALFORMED.format(1, 4)),
    "cut escape": (b'["\\u00"]', MALFORMED.format(1, 4)),
    "NaN": (b'{"a": 1,\n"b": NaN}', NUMBER_OUT_OF_RANGE.format(2, 6)),
    "Infinity": (b'["Infinity", Infinity]', NUMBER_OUT_OF_RANGE.format(1, 14)),
    "-Infinity": (b'["\\"NaN", -Infinity]', NUMBER_OUT_OF_RANGE.format(1, 11)),
    "NaN behind many digits": (b"[" + b"1" * 4000 + b", NaN]", NUMBER_OUT_OF_RANGE.format(1, 4004)),
    "1e999": (b'["1e999", 1e308, -1E+999]', NUMBER_OUT_OF_RANGE.format(1, 18)),
    "400 digits and a fraction": (b"[1, " + b"9" * 400 + b".5]", NUMBER_OUT_OF_RANGE.format(1, 5)),
    "5,000 digits": (b"[\n " + MANY + b"]", NUMBER_OUT_OF_RANGE.format(2, 2)),
    "5,000 digits behind a long float": (
        b"[0.%b,%b.5,1e%b,%b]" % (MANY, b"1" * 300, b"0" * 5000, MANY),
        NUMBER_OUT_OF_RANGE.format(1, 10311),
    ),
    "5,000 digits behind a text of such": (
        b'["%b",%b]' % (MANY, MANY),
        NUMBER_OUT_OF_RANGE.format(1, 5005),
    ),
    "byte order mark": (b'\xef\xbb\xbf{"a": 1}', BYTE_ORDER_MARK),
    "invalid UTF-8": (b'{"a": "\xff"}', UNDECODABLE.format("utf-8", 1, 8)),
    "behind many bytes": ('{"é":\n "ü😀'.encode() + b"\xff", UNDECODABLE.format("utf-8", 2, 5)),
    "UTF-8 of a lone surrogate": (b'["\xed\xa0\x80"]', UNDECODABLE.format("utf-8", 1, 3)),
    "100,000 lists, truncated": (b"[" * 100_000, TOO_DEEP.format(1, DEEP + 1)),
    "100,000 objects": (b'{"a":' * 100_000, TOO_DEEP.format(1, 5 * DEEP + 1)),
    "one level too many": (b"[" * (DEEP + 1) + b"]" * (DEEP + 1), TOO_DEEP.format(1, DEEP + 1)),
    "one level of objects too many": (
        b'{"]\\"":\n' * DEEP + b"{}" + b"}" * DEEP,
        TOO_DEEP.format(DEEP + 1, 1),
    ),
    "too deep behind what is not": (
        b'["[[[", {"a": []},' + b"[" * DEEP + b"]" * DEEP + b"]",
        TOO_DEEP.format(1, 18 + DEEP),
    ),
    "lone surrogate": (b'{"a": "\\ud800"}', SURROGATE.format(1, 8)),
    "lone low surrogate": (b'{"a":\n"x\\uDFFF"}', SURROGATE.format(2, 3)),
    "surrogates in the wrong order": (b'["\\udc00\\ud800"]', SURROGATE.format(1, 3)),
    "lone surrogate behind a pair": (b'["\\ud83d\\ude00\\ud83d"]', SURROGATE.format(1, 15)),
    "lone surrogate behind a backslash": (b'["\\\\\\ud800"]', SURROGATE.format(1, 5)),
}


@pytest.mark.parametrize("name", REJECTED)
def test_an_invalid_document_is_rejected_with_line_and_column(name: str) -> None:
    content, message = REJECTED[name]
    assert try_to_parse(content) == (None, message)


# DRF calls the handler in another state of the request for each kind of negotiation.
@pytest.mark.usefixtures("has_middleware")
@pytest.mark.parametrize("url", ["/echo", "/stock"])
def test_a_rejected_document_is_400(client: Client, url: str) -> None:
    assert_body(post(client, url, b"{"), body("INVALID_CONTENT", MALFORMED.format(1, 2)))


# Python reads these depths, but a view cannot copy, validate or print some of them.
def test_a_depth_that_breaks_views_is_rejected(client: Client) -> None:
    for depth in (DEEP + 1, 400, 900, 3_000, 20_000):
        for url in ("/echo", "/invalid"):
            response = post(client, url, b"[" * depth + b"]" * depth)
            assert_body(response, body("INVALID_CONTENT", TOO_DEEP.format(1, DEEP + 1)))


def test_views_can_handle_the_maximum_depth(client: Client) -> None:
    content = b"[" * DEEP + b"]" * DEEP
    response = post(client, "/echo", content)
    assert response.content == b'{"read":' + content + b',"document":' + content + b"}"
    content = b'{"a":' * (DEEP - 1) + b'["No."]' + b"}" * (DEEP - 1)
    message = ".".join("a" * (DEEP - 1)) + ": No."
    assert post(client, "/invalid", content).json() == body("INVALID_CONTENT", message)


ACCEPTED: dict[str, tuple[bytes, Any]] = {
    "pair of surrogates": (b'["\\ud83d\\ude00", "\\uD83D\\uDE00"]', ["😀", "😀"]),
    "escaped backslash before ud800": (b'{"\\\\ud800": 1}', {"\\ud800": 1}),
    "many digits": (b"1" * 4300, int("1" * 4300)),
    "long float": (b"0." + b"1" * 5000, float("0." + "1" * 5000)),
    "same name twice": (b'{"a": 1, "a": 2}', {"a": 2}),
    "white space around": (b" \r\n\t[1] \n", [1]),
    "text alone": (b'"a"', "a"),
    "many brackets": (b"[" + b"[{}]," * 1_000 + b"0]", [[{}]] * 1_000 + [0]),
    "brackets in a text": (b'"' + b"[" * 1_000 + b'"', "[" * 1_000),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_valid_document_is_read(name: str) -> None:
    content, document = ACCEPTED[name]
    assert parse(content) == document


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


@given(DOCUMENTS, st.booleans(), st.sampled_from([None, 1]))
def test_a_valid_document_reads_as_in_drf(document: Any, escaped: bool, indent: Any) -> None:
    content = json.dumps(document, ensure_ascii=escaped, indent=indent).encode()
    assert parse(content) == parsers.JSONParser().parse(io.BytesIO(content), JSON) == document


def measure_depth(document: Any) -> int:
    """Return the number of levels of containers in a document."""
    if not isinstance(document, (dict, list)):
        return 0
    children = document.values() if isinstance(document, dict) else document
    return 1 + max(map(measure_depth, children), default=0)


BRACKETS = st.text('[]{}"\\a', max_size=6)
NESTED = st.recursive(
    BRACKETS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(BRACKETS, inner, max_size=4),
)


@given(NESTED, st.integers(0, 4))
def test_brackets_in_strings_do_not_count_as_depth(document: Any, limit: int) -> None:
    position = find_too_deep(json.dumps(document), limit)
    assert (position is not None) is (measure_depth(document) > limit)


FRAGMENTS = st.sampled_from(
    [*'[]{}",:\\ \n0-.eé', '"a"', '"a":', "1e5", "NaN", "\\u", "\\ud800", "\\udc00", "true", "nul"]
)


@given(st.lists(FRAGMENTS, max_size=30).map("".join).map(str.encode) | st.binary(max_size=30))
def test_every_body_is_read_as_in_drf_or_rejected_with_a_place(content: bytes) -> None:
    document, message = try_to_parse(content)
    if message is None:
        assert document == parsers.JSONParser().parse(io.BytesIO(content), JSON)
    else:
        assert re.fullmatch(r"The JSON document .* at line \d+, column \d+\.", message)


def test_another_charset_is_read(client: Client) -> None:
    for charset in ("utf-16", "utf-32", "latin-1", "utf-8-sig", "shift_jis"):
        content = '{"name": "x"}'.encode(charset)
        response = post(client, "/echo", content, f"{JSON}; charset={charset}")
        assert response.json()["read"] == {"name": "x"}


@pytest.mark.parametrize(
    ("charset", "content", "line", "column"),
    [
        ("ascii", '["é"]'.encode(), 1, 3),
        ("utf-16", '{"a":\n1}'.encode("utf-16") + b"\x00", 2, 3),
        ("shift_jis", '\n"日\x00'.encode("shift_jis") + b"\xff", 2, 4),
    ],
)
def test_a_body_that_is_not_in_its_charset_is_rejected(
    charset: str, content: bytes, line: int, column: int
) -> None:
    with pytest.raises(ParseError) as caught:
        parse(content, charset)
    assert str(caught.value.detail) == UNDECODABLE.format(charset, line, column)


@pytest.mark.parametrize(
    "charset",
    # Python has all but the first as codecs, but they are not charsets.
    ["klingon", "bz2_codec", "rot13", "punycode", "idna", "utf-7", "unicode_escape"],
)
def test_an_unknown_charset_is_named(charset: str, client: Client) -> None:
    response = post(client, "/echo", b'{"a": "\\x"}', f"{JSON}; charset={charset}")
    message = f"The charset {charset} of the Content-Type header is not supported."
    assert (response.status_code, response.json()) == (400, body("INVALID_CONTENT", message))


def test_a_byte_order_mark_is_rejected_in_every_charset() -> None:
    with pytest.raises(ParseError, match="byte order mark"):
        parse("\ufeff{}".encode("utf-16-le"), "utf-16-le")


def test_the_default_charset_is_the_project_s(settings: Any) -> None:
    settings.DEFAULT_CHARSET = "latin-1"
    assert JSONParser().parse(io.BytesIO(b'"\xe9"')) == "é"


def test_a_parser_that_is_not_strict_reads_nan_and_infinity(client: Client) -> None:
    document = LaxParser().parse(io.BytesIO(b"[NaN, -Infinity]"))
    assert str(document) == str([math.nan, -math.inf])
    response = post(client, "/lax", b"[NaN, " + b"1" * 5000 + b"]")
    assert response.json() == body("INVALID_CONTENT", NUMBER_OUT_OF_RANGE.format(1, 7))


@pytest.mark.parametrize(
    "content",
    [b'{"a": ' + b"[" * 201 + b"]" * 201 + b"}", b'{"a": 1e999}', b'{"a": "\\ud800"}'],
    ids=["201 levels", "Infinity", "half of a surrogate pair"],
)
def test_json_that_only_our_parser_rejects_stays_a_success_with_drf_s(
    content: bytes, client: Client
) -> None:
    assert post(client, "/stock/length", content).json() == 1
    assert post(client, "/length", content).status_code == 400


def test_a_request_without_a_body_is_read_as_in_drf(client: Client) -> None:
    assert post(client, "/echo", b"").json() == {"read": {}, "document": {}}


def test_the_limit_of_django_applies(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert post(client, "/echo", b'"' + b"a" * 98 + b'"').status_code == 200
    response = post(client, "/echo", b'"' + b"a" * 99 + b'"')
    assert_body(response, body("CONTENT_TOO_LARGE"))


def test_another_parser_reads_another_media_type(client: Client) -> None:
    response = post(client, "/forms", b"a=1", "application/x-www-form-urlencoded")
    assert response.json()["read"] == {"a": "1"}
    response = post(client, "/echo", b"<a/>", "application/xml")
    assert_body(response, sent_body("application/xml"))


HALF = 1_000_000

TOO_DEEP_LISTS = b"[" * DEEP + b"]" * DEEP + b"]"
DEEP_LISTS = b"[" * (DEEP - 1) + b"]" * (DEEP - 1) + b","

# Each takes quadratic time, or too much stack, in a naive parser or expression.
HOSTILE: dict[str, bytes] = {
    "escapes": b'"' + b"\\u0041" * (HALF // 3),
    "backslashes": b'"' + b"\\\\" * HALF + b'\\ud800"',
    "lists": b"[" + b"[]," * HALF,
    "lists, then deep": b"[" + b"[]," * (HALF // 2) + TOO_DEEP_LISTS,
    "as deep as may be, and too deep": b"[" + DEEP_LISTS * (HALF // DEEP // 4) + TOO_DEEP_LISTS,
    "texts full of brackets": b"[" + b'"]","[",' * (HALF // 4) + TOO_DEEP_LISTS,
    "deep": b"[" * 2 * HALF,
    "deep, then quotes": b"[" * 100_000 + b'"' + b'\\"' * HALF,
    "lists, then spaces": b'["\\ud800",' + b"[]," * DEEP + b"0]" + b" " * HALF,
    "texts": b"[" + b'"",' * (HALF // 2) + b"NaN]",
    "escaped quotes": b'["' + b'\\"' * HALF + b'",NaN]',
    "numbers": b"[" + b"1," * (HALF // 2) + b"NaN]",
    "digits": b"1" * 2 * HALF,
    "punycode": b'"' + b"a" * 2 * HALF + b'"',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_of_megabytes_is_rejected_in_linear_time(name: str) -> None:
    start = time.process_time()
    with pytest.raises(ParseError):
        parse(HOSTILE[name], "punycode" if name == "punycode" else "utf-8")
    # Quadratic time would be hours. On an idle machine the slowest takes a tenth of this.
    assert time.process_time() - start < 10


SHALLOW_STACK = """
import io, sys
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["rest_framework", "django_apierrors"])
django.setup()
from rest_framework.exceptions import ParseError
from django_apierrors.parsers import JSONParser

def descend(levels):
    if levels:
        return descend(levels - 1)
    try:
        JSONParser().parse(io.BytesIO(b"[" * 150 + b"]" * 150))
    except ParseError as exc:
        return str(exc.detail)
    return "read"

print(descend(870))
"""


def test_an_almost_exhausted_stack_is_not_an_unhandled_exception() -> None:
    # Python 3.11 counts the frames of the callers, and then reports the beginning of the document.
    run = subprocess.run(
        [sys.executable, "-c", SHALLOW_STACK], capture_output=True, text=True, check=False
    )
    assert run.stderr == ""
    assert run.stdout.strip() in {"read", TOO_DEEP.format(1, 1)}
