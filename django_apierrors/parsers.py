"""The parser: DRF's JSONParser, stricter, and with the line and the column of an error."""

from __future__ import annotations

import codecs
import json
import re
import sys
from collections.abc import Mapping
from io import BytesIO
from math import isinf
from typing import IO, Any

from django.conf import settings
from django.http import HttpRequest, RawPostDataException
from django.utils.translation import gettext_lazy as _
from rest_framework import parsers
from rest_framework.exceptions import APIException, ParseError
from rest_framework.utils.json import strict_constant

from django_apierrors.http.request_bodies import check_content_encoding

MALFORMED_JSON = _("The JSON document is malformed at line %(line)d, column %(column)d.")
UNDECODABLE = _("The JSON document is not valid %(charset)s at line %(line)d, column %(column)d.")
UNKNOWN_CHARSET = _("The charset %(charset)s of the Content-Type header is not supported.")
BYTE_ORDER_MARK = _("The JSON document begins with a byte order mark, at line 1, column 1.")
TOO_DEEP = _("The JSON document is nested too deeply at line %(line)d, column %(column)d.")
NUMBER_OUT_OF_RANGE = _(
    "The JSON document has a number that is out of range at line %(line)d, column %(column)d."
)
SURROGATE = _("The JSON document has half of a surrogate pair at line %(line)d, column %(column)d.")

# Codecs of Python that are not charsets: punycode takes quadratic time, unicode_escape warns, and
# utf-7 accepts half a surrogate pair.
REJECTED_CODECS = frozenset(
    {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}
)

# `re` compiles these patterns when they are needed, which is rare.

# Three kinds of escapes: a pair of surrogates; half of a pair; any other, such as an escaped
# backslash in front of `ud800`.
ESCAPES = (
    r"(?s)\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)

# A string, to the end of the document if it is not closed. All quantifiers are possessive, so that
# the time stays linear.
STRING_PATTERN = r'"(?:[^"\\]++|\\.)*+"?'

# The next bracket outside of a string, with all before it; nothing at the end of the document.
OTHER = r'[^"\[\]{}]*+'
BRACKETS = rf"(?s){OTHER}(?:{STRING_PATTERN}{OTHER})*+(?P<bracket>[\[\]{{}}]?)"

# A number outside of a string.
NUMBERS = (
    rf"(?s){STRING_PATTERN}|(?P<constant>-?Infinity|NaN)"
    r"|(?P<number>-?[0-9]++(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)"
)


class JSONParser(parsers.JSONParser):
    """DRF's JSONParser, which rejects malformed JSON with the line and the column.

    The parser also rejects a byte order mark and half a surrogate pair, which UTF-8 cannot encode.
    Unless DRF's `STRICT_JSON` is off, it rejects NaN, Infinity and numbers such as `1e999`, which
    Python reads as Infinity.
    """

    # Python can read deeper documents, but not copy, validate or print them: a stack of 1,000
    # frames is enough for a deepcopy() of about 400 levels.
    max_depth = 200

    def parse(
        self,
        stream: IO[bytes] | HttpRequest,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the document in `stream`; raise ParseError, or UnsupportedMediaType for gzip."""
        context = parser_context or {}
        try:
            return self.parse_document(
                decode(read(stream), context.get("encoding", settings.DEFAULT_CHARSET))
            )
        except ParseError:
            if "request" in context:
                check_content_encoding(context["request"])
                check_charset(context["request"])
            raise

    def parse_document(self, text: str) -> Any:
        """Return the document in `text`, or raise ParseError."""
        try:
            document = self.decode_json(text)
        except json.JSONDecodeError as exc:
            raise make_parse_error(MALFORMED_JSON, text[: exc.pos]) from exc
        except RecursionError as exc:
            # Python 3.11 counts the frames of the callers, so the document itself may be shallow.
            start = find_too_deep(text, self.max_depth) or 0
            raise make_parse_error(TOO_DEEP, text[:start]) from exc
        except ValueError as exc:
            # NaN, 1e999, or more digits than `sys.set_int_max_str_digits()` allows.
            start = find_invalid_number(text, self.strict)
            raise make_parse_error(NUMBER_OUT_OF_RANGE, text[:start]) from exc
        bracket = find_too_deep(text, self.max_depth)
        if bracket is not None:
            raise make_parse_error(TOO_DEEP, text[:bracket])
        if r"\ud" in text or r"\uD" in text:
            check_surrogates(text)
        return document

    def decode_json(self, text: str) -> Any:
        """Return the document in `text`; raise ValueError or RecursionError."""
        if self.strict:
            return json.loads(text, parse_constant=strict_constant, parse_float=read_finite)
        return json.loads(text)


def read(stream: IO[bytes] | HttpRequest) -> bytes:
    """Return all of `stream`; DRF before 3.17.2 does not apply Django's limits to it."""
    return stream.body if isinstance(stream, HttpRequest) else stream.read()


def decode(content: bytes, charset: str) -> str:
    """Return `content` as a string; raise ParseError with the place of the first invalid byte."""
    try:
        # Rejects codecs that are not charsets, such as bz2. For an empty body, bytes.decode() does
        # not look up the codec.
        "".encode(charset)
        if codecs.lookup(charset).name in REJECTED_CODECS:
            raise LookupError(charset)
        text = content.decode(charset)
    except UnicodeDecodeError as exc:
        before = content[: exc.start].decode(charset, "replace")
        raise make_parse_error(UNDECODABLE, before, charset=charset) from exc
    except (LookupError, UnicodeError) as exc:
        raise ParseError(UNKNOWN_CHARSET % {"charset": charset}) from exc
    if text.startswith("\ufeff"):
        raise make_parse_error(BYTE_ORDER_MARK, "")
    return text


def check_charset(request: Any) -> None:
    """Raise ParseError if Python does not know the charset of `request`.

    Django then reads the body as UTF-8, and the parser's own error does not name the charset.
    """
    charset = getattr(request, "content_params", {}).get("charset", "utf-8")
    try:
        codecs.lookup(charset)
    except LookupError as exc:
        raise ParseError(UNKNOWN_CHARSET % {"charset": charset}) from exc


def check_surrogates(text: str) -> None:
    """Raise ParseError for the first escape in `text` that is half a surrogate pair."""
    for match in re.finditer(ESCAPES, text):
        if match["lone"]:
            raise make_parse_error(SURROGATE, text[: match.start()])


def read_finite(number: str) -> float:
    """Return the value of `number`; raise ValueError if it is too large for a float."""
    value = float(number)
    if isinf(value):
        raise ValueError(number)
    return value


def find_invalid_number(text: str, strict: bool) -> int:
    """Return the position of the first number that `decode_json()` rejects.

    These are integers with too many digits. If `strict` is true, NaN, Infinity and numbers such as
    `1e999` are rejected too.
    """
    return next(
        match.start()
        for match in re.finditer(NUMBERS, text)
        if (strict and match["constant"])
        or (match["number"] and not is_valid_number(match["number"], strict))
    )


def is_valid_number(number: str, strict: bool) -> bool:
    """Whether Python's decoder accepts `number`."""
    digits = number.lstrip("-")
    if digits.isdecimal():
        return len(digits) <= sys.get_int_max_str_digits()
    return not strict or not isinf(float(number))


def find_too_deep(text: str, max_depth: int) -> int | None:
    """Return the position of the first bracket that is inside `max_depth` others, if any.

    Brackets are looked for only if there are enough of them.
    """
    if text.count("[") + text.count("{") <= max_depth:
        return None
    depth = 0
    for match in re.finditer(BRACKETS, text):
        bracket = match["bracket"]
        if bracket == "[" or bracket == "{":
            depth += 1
            if depth > max_depth:
                return match.start("bracket")
        else:
            depth -= 1
    return None


def make_parse_error(message: Any, before: str, **values: str) -> ParseError:
    """Return the ParseError with `message` about the place after the string `before`."""
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return ParseError(message % {"line": line, "column": column, **values})


def refine_parse_error(exception: BaseException, request: Any) -> BaseException:
    """Return our parser's exception instead of an exception of DRF's parser with Python's message.

    Python's messages name a function of the interpreter, or a byte of a compressed body. DRF before
    3.17.2 does not keep the body; the exception then has no message of its own.
    """
    cause = exception.__context__
    if type(exception) is not ParseError or type(cause) not in (ValueError, UnicodeDecodeError):
        return exception
    if str(exception.detail) != f"JSON parse error - {cause}":
        return exception
    context = getattr(request, "parser_context", {})
    try:
        check_content_encoding(request)
        JSONParser().parse(BytesIO(request.body), parser_context={"request": request, **context})
    except APIException as exc:
        return exc
    except (AttributeError, OSError, RawPostDataException):
        # Without a request, or with a body that was read as a stream, the place of the error is
        # unknown. The client then gets the message of the code.
        pass
    return ParseError()
