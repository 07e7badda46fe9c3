"""The parser: DRF's JSONParser, which says where a document is wrong and lets nothing odd pass."""

from __future__ import annotations

import re
from collections.abc import Mapping
from json import JSONDecodeError
from typing import IO, Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework import parsers
from rest_framework.exceptions import ParseError
from rest_framework.utils import json

MALFORMED = _("The JSON document is malformed at line %(line)d, column %(column)d.")
UNDECODABLE = _("The JSON document is no valid %(charset)s at line %(line)d, column %(column)d.")
BYTE_ORDER_MARK = _("The JSON document begins with a byte order mark, at line 1, column 1.")
TOO_DEEP = _("The JSON document is nested too deeply at line %(line)d, column %(column)d.")
NO_NUMBER = _(
    "The JSON document has a number that is out of range at line %(line)d, column %(column)d."
)
SURROGATE = _("The JSON document has half of a surrogate pair at line %(line)d, column %(column)d.")

# An escaped pair of surrogates; one without its other half; any other escape, an escaped
# backslash before `ud800` among them.
ESCAPES = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)

# Texts, and the tokens outside them for which Python's reader raises an error without a place.
TOKENS = re.compile(
    r'"(?:[^"\\]|\\.)*"|(?P<number>-?Infinity|NaN|[0-9]{640,})|(?P<open>[\[{])|(?P<close>[\]}])',
    re.DOTALL,
)


class JSONParser(parsers.JSONParser):
    """DRF's JSONParser, which refuses what is no JSON with its line and column.

    Refused too: a byte order mark, half a surrogate pair (no UTF-8 can hold it), and, unless DRF's
    `STRICT_JSON` is off, the NaN and Infinity that Python alone reads.
    """

    def parse(
        self,
        stream: IO[bytes] | HttpRequest,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the document in `stream`; raise ParseError where there is none."""
        charset = (parser_context or {}).get("encoding", settings.DEFAULT_CHARSET)
        text = decode(read(stream), charset)
        try:
            document = json.loads(
                text, parse_constant=json.strict_constant if self.strict else None
            )
        except JSONDecodeError as exc:
            raise refuse(MALFORMED, text[: exc.pos]) from exc
        except RecursionError as exc:
            raise refuse(TOO_DEEP, text[: find_deepest(text)]) from exc
        except ValueError as exc:
            # NaN, or more digits than `sys.set_int_max_str_digits()` allows.
            raise refuse(NO_NUMBER, text[: find_number(text)]) from exc
        if "\\u" in text:
            refuse_surrogates(text)
        return document


def read(stream: IO[bytes] | HttpRequest) -> bytes:
    """Return all of `stream`; DRF before 3.17.2 does not hold it to Django's limits."""
    return stream.body if isinstance(stream, HttpRequest) else stream.read()


def decode(content: bytes, charset: str) -> str:
    """Return `content` as a text, or raise ParseError with the place that is not in `charset`."""
    try:
        # Unlike bytes.decode(), this refuses codecs that are no charsets: bz2 would expand a small
        # body without bounds.
        "".encode(charset)
        text = content.decode(charset)
    except (LookupError, UnicodeError) as exc:
        start = getattr(exc, "start", 0)
        raise refuse(UNDECODABLE, content[:start].decode("latin-1"), charset=charset) from exc
    if text.startswith("\ufeff"):
        raise refuse(BYTE_ORDER_MARK, "")
    return text


def refuse_surrogates(text: str) -> None:
    """Raise ParseError for the first escape in `text` that is half a surrogate pair."""
    for match in ESCAPES.finditer(text):
        if match["lone"]:
            raise refuse(SURROGATE, text[: match.start()])


def find_number(text: str) -> int:
    """Return the position of the first token that is no number JSON or Python has."""
    matches = (match.start() for match in TOKENS.finditer(text) if match["number"])
    return next(matches, 0)


def find_deepest(text: str) -> int:
    """Return the position of the first bracket that is inside the most others."""
    depth = deepest = position = 0
    for match in TOKENS.finditer(text):
        depth += bool(match["open"]) - bool(match["close"])
        if depth > deepest:
            deepest, position = depth, match.start()
    return position


def refuse(message: Any, before: str, **values: str) -> ParseError:
    """Return the ParseError that says `message` of the place behind the text `before`."""
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return ParseError(str(message) % {"line": line, "column": column, **values})
