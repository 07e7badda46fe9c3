"""The parser: what is no JSON is 400 with its place, what is JSON reads as in DRF."""

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
from django.test import Client, override_settings
from django.urls import path
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import parsers, serializers
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.parsers import JSONParser, find_too_deep

pytestmark = pytest.mark.urls(__name__)

JSON = "application/json"


class DocumentSerializer(serializers.Serializer[Any]):
    """Holds any document."""

    document = serializers.JSONField()


class EchoAPIView(APIView):
    """Answers what it reads, after all that views do with it."""

    def post(self, request: Request) -> Response:
        """Return the document, and a copy that was validated."""
        serializer = DocumentSerializer(data={"document": copy.deepcopy(request.data)})
        serializer.is_valid(raise_exception=True)
        return Response({"read": request.data, **serializer.data})


class RefuseAPIView(APIView):
    """Refuses what it reads, with the document as the details."""

    def post(self, request: Request) -> Response:
        """Raise."""
        raise serializers.ValidationError(request.data)


class LaxParser(JSONParser):
    """As with DRF's `STRICT_JSON` off."""

    strict = False


class StockNegotiationAPIView(EchoAPIView):
    """Ours in nothing but the parser."""

    content_negotiation_class = DefaultContentNegotiation


class TwoParsersAPIView(EchoAPIView):
    """Takes forms too."""

    parser_classes = [JSONParser, parsers.FormParser]


urlpatterns = [
    path("echo", EchoAPIView.as_view()),
    path("refuse", RefuseAPIView.as_view()),
    path("lax", EchoAPIView.as_view(parser_classes=[LaxParser])),
    path("stock-negotiation", StockNegotiationAPIView.as_view()),
    path("two-parsers", TwoParsersAPIView.as_view()),
]


@pytest.fixture(params=[True, False], ids=["middleware", "two lines only"])
def installed(request: pytest.FixtureRequest, settings: Any) -> None:
    """Run a test with our middleware and without."""
    if not request.param:
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "apierrors" not in name]


def post(client: Client, url: str, content: bytes, content_type: str = JSON) -> HttpResponse:
    """Send these very bytes; `client.post()` would encode them once more."""
    return client.generic("POST", url, content, content_type)


def make_body(message: str) -> dict[str, Any]:
    """Return the body of a document that is refused."""
    return {"status": 400, "errors": [message], "code": "INVALID_CONTENT", "moreInfo": ""}


def parse(content: bytes, charset: str = "utf-8") -> Any:
    """Return what our parser reads from `content`."""
    return JSONParser().parse(io.BytesIO(content), JSON, {"encoding": charset})


def try_to_parse(content: bytes) -> tuple[Any, str | None]:
    """Return what our parser reads from `content`, or what it refuses it with."""
    try:
        return parse(content), None
    except ParseError as exc:
        return None, str(exc.detail)


MALFORMED = "The JSON document is malformed at line {}, column {}."
UNDECODABLE = "The JSON document is not valid {} at line {}, column {}."
BYTE_ORDER_MARK = "The JSON document begins with a byte order mark, at line 1, column 1."
TOO_DEEP = "The JSON document is nested too deeply at line {}, column {}."
NO_NUMBER = "The JSON document has a number that is out of range at line {}, column {}."
SURROGATE = "The JSON document has half of a surrogate pair at line {}, column {}."

DEEP = JSONParser.max_depth

REFUSED: dict[str, tuple[bytes, str]] = {
    "missing brace": (b'{"name": "x"', MALFORMED.format(1, 13)),
    "truncated text": (b'{"name": "x', MALFORMED.format(1, 10)),
    "truncated on another line": (b'{\n  "name": "x",\n  "tags": [1, 2', MALFORMED.format(3, 16)),
    "windows lines": (b'{\r\n "a": nope}', MALFORMED.format(2, 7)),
    "two documents": (b"{} {}", MALFORMED.format(1, 4)),
    "single quotes": (b"{'a': 1}", MALFORMED.format(1, 2)),
    "blank": (b" \n ", MALFORMED.format(2, 2)),
    "after letters of many bytes": ('["é😀", nope]'.encode(), MALFORMED.format(1, 8)),
    "line break in a text": (b'["a\nb"]', MALFORMED.format(1, 4)),
    "cut escape": (b'["\\u00"]', MALFORMED.format(1, 4)),
    "NaN": (b'{"a": 1,\n"b": NaN}', NO_NUMBER.format(2, 6)),
    "Infinity": (b'["Infinity", Infinity]', NO_NUMBER.format(1, 14)),
    "-Infinity": (b'["\\"NaN", -Infinity]', NO_NUMBER.format(1, 11)),
    "NaN behind many digits": (b"[" + b"1" * 4000 + b", NaN]", NO_NUMBER.format(1, 4004)),
    "1e999": (b'["1e999", 1e308, -1E+999]', NO_NUMBER.format(1, 18)),
    "400 digits and a fraction": (b"[1, " + b"9" * 400 + b".5]", NO_NUMBER.format(1, 5)),
    "5,000 digits": (b"[\n " + b"1" * 5000 + b"]", NO_NUMBER.format(2, 2)),
    "5,000 negative digits": (b"[-" + b"1" * 5000 + b"]", NO_NUMBER.format(1, 2)),
    "5,000 digits behind a long float": (
        b"[0."
        + b"1" * 5000
        + b","
        + b"1" * 300
        + b".5,1e"
        + b"0" * 5000
        + b","
        + b"1" * 5000
        + b"]",
        NO_NUMBER.format(1, 10311),
    ),
    "5,000 digits behind a text of such": (
        b'["' + b"1" * 5000 + b'",' + b"1" * 5000 + b"]",
        NO_NUMBER.format(1, 5005),
    ),
    "byte order mark": (b'\xef\xbb\xbf{"a": 1}', BYTE_ORDER_MARK),
    "invalid UTF-8": (b'{"a": "\xff"}', UNDECODABLE.format("utf-8", 1, 8)),
    "invalid UTF-8 behind letters of many bytes": (
        '{"é":\n "ü😀'.encode() + b'\xff"}',
        UNDECODABLE.format("utf-8", 2, 5),
    ),
    "UTF-8 of a lone surrogate": (b'["\xed\xa0\x80"]', UNDECODABLE.format("utf-8", 1, 3)),
    "100,000 lists": (b"[" * 100_000 + b"]" * 100_000, TOO_DEEP.format(1, DEEP + 1)),
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
    "lone surrogate as a key": (b'{"\\uD800": 1}', SURROGATE.format(1, 3)),
    "surrogates in the wrong order": (b'["\\udc00\\ud800"]', SURROGATE.format(1, 3)),
    "lone surrogate behind a pair": (b'["\\ud83d\\ude00\\ud83d"]', SURROGATE.format(1, 15)),
    "lone surrogate behind a backslash": (b'["\\\\\\ud800"]', SURROGATE.format(1, 5)),
}

# Depths between what is taken and what Python cannot read: where views would break.
BREAKING_DEPTHS = (250, 400, 500, 900, 990, 1_500, 3_000, 5_000, 9_000, 20_000)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_json_is_400_with_its_place(name: str, client: Client) -> None:
    content, message = REFUSED[name]
    response = post(client, "/echo", content)
    assert response.json() == make_body(message)
    assert response.status_code == 400


@pytest.mark.usefixtures("installed")
def test_a_stock_negotiation_refuses_the_same(client: Client) -> None:
    response = post(client, "/stock-negotiation", b"{")
    assert response.json() == make_body(MALFORMED.format(1, 2))


@pytest.mark.parametrize("depth", BREAKING_DEPTHS)
@pytest.mark.parametrize("url", ["/echo", "/refuse"])
def test_a_depth_that_breaks_views_is_refused_before(url: str, depth: int, client: Client) -> None:
    response = post(client, url, b"[" * depth + b"]" * depth)
    assert response.json() == make_body(TOO_DEEP.format(1, DEEP + 1))


def test_a_depth_that_is_taken_breaks_no_view(client: Client) -> None:
    content = b"[" * DEEP + b"]" * DEEP
    response = post(client, "/echo", content)
    assert response.content == b'{"read":' + content + b',"document":' + content + b"}"


def test_a_depth_that_is_taken_can_be_refused_by_the_view(client: Client) -> None:
    content = b'{"a":' * (DEEP - 1) + b'["No."]' + b"}" * (DEEP - 1)
    response = post(client, "/refuse", content)
    assert response.json() == make_body(".".join("a" * (DEEP - 1)) + ": No.")


def test_the_depth_is_the_deepest_place_not_the_number_of_brackets() -> None:
    assert parse(b"[" + b"[{}]," * 1_000 + b"0]") == [[{}]] * 1_000 + [0]


def test_brackets_in_a_text_are_no_levels() -> None:
    assert parse(b'"' + b"[" * 1_000 + b'"') == "[" * 1_000


def test_brackets_in_a_text_hide_no_level() -> None:
    content = b'["]]",' * (DEEP + 1) + b"0" + b"]" * (DEEP + 1)
    assert try_to_parse(content)[1] == TOO_DEEP.format(1, 6 * DEEP + 1)


ACCEPTED: dict[str, tuple[bytes, Any]] = {
    "pair of surrogates": (b'["\\ud83d\\ude00", "\\uD83D\\uDE00"]', ["😀", "😀"]),
    "escaped backslash before ud800": (b'{"\\\\ud800": "\\\\\\\\udfff"}', {"\\ud800": "\\\\udfff"}),
    "many digits": (b"1" * 4300, int("1" * 4300)),
    "long float": (b"0." + b"1" * 5000, float("0." + "1" * 5000)),
    "same name twice": (b'{"a": 1, "a": 2}', {"a": 2}),
    "white space around": (b" \r\n\t[1] \n", [1]),
    "text alone": (b'"a"', "a"),
    "null": (b"null", None),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_json_is_read(name: str) -> None:
    content, document = ACCEPTED[name]
    assert parse(content) == document


DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
)


@given(DOCUMENTS, st.booleans(), st.sampled_from([None, 1]))
def test_a_valid_document_reads_as_in_stock(document: Any, escaped: bool, indent: Any) -> None:
    content = json.dumps(document, ensure_ascii=escaped, indent=indent).encode()
    assert parse(content) == parsers.JSONParser().parse(io.BytesIO(content), JSON) == document


def measure(document: Any) -> int:
    """Return how many levels of containers a document has."""
    if not isinstance(document, (dict, list)):
        return 0
    children = document.values() if isinstance(document, dict) else document
    return 1 + max(map(measure, children), default=0)


MARKS = st.text('[]{}"\\a', max_size=6)
NESTED = st.recursive(
    MARKS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(MARKS, inner, max_size=4)
)


@given(NESTED, st.integers(0, 4))
def test_the_depth_is_that_of_the_document_whatever_its_texts_are(nested: Any, limit: int) -> None:
    assert (find_too_deep(json.dumps(nested), limit) is not None) is (measure(nested) > limit)


FRAGMENTS = st.sampled_from(
    [*'[]{}",:\\ \n0-.eé', '"a"', '"a":', "1e5", "NaN", "\\u", "\\ud800", "\\udc00", "true", "nul"]
)


@given(st.lists(FRAGMENTS, max_size=30).map("".join).map(str.encode) | st.binary(max_size=30))
def test_whatever_is_sent_is_read_as_in_stock_or_refused_with_a_place(content: bytes) -> None:
    read, place = try_to_parse(content)
    if place is None:
        assert read == parsers.JSONParser().parse(io.BytesIO(content), JSON)
    else:
        assert re.fullmatch(r"The JSON document .* at line \d+, column \d+\.", place)


@pytest.mark.parametrize("charset", ["utf-16", "utf-32", "latin-1", "utf-8-sig", "shift_jis"])
def test_another_charset_that_is_named_is_read(charset: str, client: Client) -> None:
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
def test_what_is_not_in_its_charset_is_400_with_its_place(
    charset: str, content: bytes, line: int, column: int, client: Client
) -> None:
    response = post(client, "/echo", content, f"{JSON}; charset={charset}")
    assert response.json() == make_body(UNDECODABLE.format(charset, line, column))


@pytest.mark.parametrize(
    "charset",
    ["bz2_codec", "rot13", "punycode", "idna", "utf-7", "unicode_escape", "raw_unicode_escape"],
)
def test_a_codec_that_is_no_charset_is_400(charset: str, client: Client) -> None:
    response = post(client, "/echo", b'{"a": "\\x"}', f"{JSON}; charset={charset}")
    assert response.json() == make_body(UNDECODABLE.format(charset, 1, 1))


def test_a_charset_that_does_not_exist_is_400() -> None:
    with pytest.raises(ParseError, match="not valid klingon at line 1, column 1"):
        parse(b"{}", "klingon")


def test_a_byte_order_mark_is_refused_in_another_charset_too() -> None:
    with pytest.raises(ParseError, match="begins with a byte order mark"):
        parse("\ufeff{}".encode("utf-16-le"), "utf-16-le")


def test_the_default_charset_is_the_project_s() -> None:
    with override_settings(DEFAULT_CHARSET="latin-1"):
        assert JSONParser().parse(io.BytesIO(b'"\xe9"')) == "é"


@pytest.mark.parametrize(("token", "value"), [("NaN", math.nan), ("-Infinity", -math.inf)])
def test_a_parser_that_is_not_strict_reads_what_python_reads(token: str, value: float) -> None:
    document = LaxParser().parse(io.BytesIO(f"[{token}]".encode()))
    assert str(document) == str([value])


def test_a_parser_that_is_not_strict_finds_the_number_behind_nan(client: Client) -> None:
    response = post(client, "/lax", b"[NaN, " + b"1" * 5000 + b"]")
    assert response.json() == make_body(NO_NUMBER.format(1, 7))


def test_a_request_without_a_body_is_read_as_in_stock(client: Client) -> None:
    assert post(client, "/echo", b"").json() == {"read": {}, "document": {}}


@pytest.mark.usefixtures("installed")
def test_a_body_over_django_s_limit_is_413(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    response = post(client, "/echo", b'"' + b"a" * 100 + b'"')
    assert response.status_code == 413
    assert response.json() == {
        "status": 413,
        "errors": ["The content of the request is too large."],
        "code": "CONTENT_TOO_LARGE",
        "moreInfo": "",
    }


def test_a_body_at_django_s_limit_is_read(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert post(client, "/echo", b'"' + b"a" * 98 + b'"').status_code == 200


@pytest.mark.usefixtures("installed")
def test_a_media_type_that_no_parser_takes_is_415(client: Client) -> None:
    response = post(client, "/echo", b"<a/>", "application/xml")
    assert response.status_code == 415
    assert response.json() == {
        "status": 415,
        "errors": ["The format you requested (e.g., XML) is not supported for this resource."],
        "code": "UNSUPPORTED_MEDIA_TYPE",
        "moreInfo": "",
    }


def test_forms_are_read_beside_it(client: Client) -> None:
    response = post(client, "/two-parsers", b"a=1", "application/x-www-form-urlencoded")
    assert response.json()["read"] == {"a": "1"}


HALF = 1_000_000

# Each took quadratic time, or a stack, in a parser or an expression of the naive kind.
HOSTILE: dict[str, tuple[bytes, str]] = {
    "escapes": (b'"' + b"\\u0041" * (HALF // 3), "utf-8"),
    "pairs of surrogates": (b'"' + b"\\ud83d\\ude00" * (HALF // 6) + b'\\ud800"', "utf-8"),
    "backslashes": (b'"' + b"\\\\" * HALF + b'\\ud800"', "utf-8"),
    "lists": (b"[" + b"[]," * HALF, "utf-8"),
    "lists, then deep": (b"[" + b"[]," * (HALF // 2) + b"[" * DEEP + b"]" * DEEP + b"]", "utf-8"),
    "as deep as may be, and too deep": (
        b"["
        + (b"[" * (DEEP - 1) + b"]" * (DEEP - 1) + b",") * (HALF // DEEP // 4)
        + b"[" * DEEP
        + b"]" * DEEP
        + b"]",
        "utf-8",
    ),
    "texts full of brackets": (
        b"[" + b'"]","[",' * (HALF // 4) + b"[" * DEEP + b"]" * DEEP + b"]",
        "utf-8",
    ),
    "deep": (b"[" * 2 * HALF, "utf-8"),
    "deep, then quotes": (b"[" * 100_000 + b'"' + b'\\"' * HALF, "utf-8"),
    "texts": (b"[" + b'"",' * (HALF // 2) + b"NaN]", "utf-8"),
    "escaped quotes": (b'["' + b'\\"' * HALF + b'",NaN]', "utf-8"),
    "numbers": (b"[" + b"1," * (HALF // 2) + b"NaN]", "utf-8"),
    "numbers of almost too many digits": (
        b"[" + (b"1" * 639 + b",") * (2 * HALF // 640) + b"NaN]",
        "utf-8",
    ),
    "digits": (b"1" * 2 * HALF, "utf-8"),
    "minuses": (b"-" * 2 * HALF, "utf-8"),
    "punycode": (b'"' + b"a" * 2 * HALF + b'"', "punycode"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_of_megabytes_is_refused_in_a_moment(name: str) -> None:
    started = time.process_time()
    with pytest.raises(ParseError):
        parse(*HOSTILE[name])
    # Quadratic time would be hours. On an idle machine the slowest takes a tenth of this.
    assert time.process_time() - started < 10


SHALLOW_STACK = """
import io, sys
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["rest_framework", "django_apierrors"])
django.setup()
from rest_framework.exceptions import ParseError
from django_apierrors.parsers import JSONParser, find_too_deep

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


def test_a_stack_that_is_almost_used_up_is_no_bug_of_the_parser() -> None:
    run = subprocess.run(
        [sys.executable, "-c", SHALLOW_STACK], capture_output=True, text=True, check=False
    )
    assert run.stderr == ""
    assert run.stdout.strip() in {"read", TOO_DEEP.format(1, 1)}


def test_a_depth_that_is_not_the_document_s_fault_is_told_of_its_beginning() -> None:
    # Python 3.11 alone counts the stack of its callers; the test above reaches this line there.
    assert find_too_deep("[[]]", 2) is None
