"""The parser: DRF's JSONParser, which says where a document is wrong and lets nothing odd pass."""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Mapping
from json import JSONDecodeError, JSONDecoder
from math import isinf
from typing import IO, Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework import parsers
from rest_framework.exceptions import ParseError
from rest_framework.utils.json import strict_constant

from django_apierrors.memory import get_text

MALFORMED = _("The JSON document is malformed at line %(line)d, column %(column)d.")
UNDECODABLE = _("The JSON document is no valid %(charset)s at line %(line)d, column %(column)d.")
BYTE_ORDER_MARK = _("The JSON document begins with a byte order mark, at line 1, column 1.")
TOO_DEEP = _("The JSON document is nested too deeply at line %(line)d, column %(column)d.")
NO_NUMBER = _(
    "The JSON document has a number that is out of range at line %(line)d, column %(column)d."
)
SURROGATE = _("The JSON document has half of a surrogate pair at line %(line)d, column %(column)d.")

# Codecs of Python's own, which are no charsets: punycode takes quadratic time, unicode_escape
# warns, and utf-7 lets half a surrogate pair pass.
NO_CHARSETS = frozenset(
    {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}
)

# An escaped pair of surrogates; one without its other half; any other escape, an escaped
# backslash before `ud800` among them.
ESCAPES = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)

# A text, to the end of the document where it is not closed. Possessive: the time stays linear.
TEXT = r'"(?:[^"\\]++|\\.)*+"?'

# The tokens outside of texts for which Python's reader raises an error without a place.
BRACKETS = re.compile(rf"{TEXT}|(?P<open>[\[{{])|(?P<close>[\]}}])", re.DOTALL)
NUMBERS = re.compile(
    rf"{TEXT}|(?P<constant>-?Infinity|NaN)"
    r"|(?P<number>-?[0-9]++(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)",
    re.DOTALL,
)

# What is_deeper() is left with: brackets of one kind and the quotes around the texts.
ONE_KIND = bytes.maketrans(b"{}", b"[]")
OTHERS = bytes(set(range(256)) - set(b'[]{}"'))
QUOTED = re.compile(rb'"[^"]*+"')


class JSONParseError(ParseError):
    """Where a document is wrong.

    A class of its own, because recognition takes the text of DRF's ParseError for DRF's default one
    until it has compared the two.
    """

    default_detail = MALFORMED


class JSONParser(parsers.JSONParser):
    """DRF's JSONParser, which refuses what is no JSON with its line and column.

    Refused too: a byte order mark, half a surrogate pair (no UTF-8 can hold it), and, unless DRF's
    `STRICT_JSON` is off, the NaN and Infinity that Python alone reads; it takes `1e999` for one.
    """

    # Python can read deeper ones, but not copy, validate or print them: a stack of 1,000 frames
    # holds a deepcopy() of some 400 levels.
    max_depth = 200

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
            document = (STRICT if self.strict else LAX).decode(text)
        except JSONDecodeError as exc:
            raise refuse(MALFORMED, text[: exc.pos]) from exc
        except RecursionError as exc:
            raise refuse(TOO_DEEP, text[: find_too_deep(text, self.max_depth)]) from exc
        except ValueError as exc:
            # NaN, 1e999, or more digits than `sys.set_int_max_str_digits()` allows.
            raise refuse(NO_NUMBER, text[: find_number(text, self.strict)]) from exc
        if is_deeper(text, self.max_depth):
            raise refuse(TOO_DEEP, text[: find_too_deep(text, self.max_depth)])
        if r"\ud" in text or r"\uD" in text:
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
        if codecs.lookup(charset).name in NO_CHARSETS:
            raise LookupError(charset)
        text = content.decode(charset)
    except UnicodeDecodeError as exc:
        before = content[: exc.start].decode(charset, "replace")
        raise refuse(UNDECODABLE, before, charset=charset) from exc
    except (LookupError, UnicodeError) as exc:
        raise refuse(UNDECODABLE, "", charset=charset) from exc
    if text.startswith("\ufeff"):
        raise refuse(BYTE_ORDER_MARK, "")
    return text


def is_deeper(text: str, max_depth: int) -> bool:
    """Tell whether the JSON in `text` has more than `max_depth` levels.

    Without recursion, and without a look at each value, which takes as long as to read them: what
    is no bracket goes, then the innermost pairs, once for each level.
    """
    if text.count("[") + text.count("{") <= max_depth:
        return False
    brackets = text.encode("utf-8", "replace")
    if b"\\" in brackets:
        brackets = brackets.replace(rb"\\", b"").replace(rb"\"", b"")
    # An empty text goes, and so do the end of one text and the beginning of the next: either way
    # what was inside of a text stays inside of one.
    brackets = brackets.translate(ONE_KIND, OTHERS).replace(b'""', b"")
    if b'"' in brackets:
        brackets = QUOTED.sub(b"", brackets)
    for _level in range(max_depth):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def refuse_surrogates(text: str) -> None:
    """Raise ParseError for the first escape in `text` that is half a surrogate pair."""
    for match in ESCAPES.finditer(text):
        if match["lone"]:
            raise refuse(SURROGATE, text[: match.start()])


def read_finite(number: str) -> float:
    """Return the value of `number`; raise ValueError for one that no float can hold."""
    value = float(number)
    if isinf(value):
        raise ValueError(number)
    return value


def find_number(text: str, strict: bool) -> int:
    """Return the position of the first number that JSON, if `strict`, or Python does not have."""
    positions = (
        match.start()
        for match in NUMBERS.finditer(text)
        if (strict and match["constant"])
        or (match["number"] and not is_readable(match["number"], strict))
    )
    return next(positions)


def is_readable(number: str, strict: bool) -> bool:
    """Tell whether Python's reader takes `number`."""
    digits = number.lstrip("-")
    if digits.isdecimal():
        return len(digits) <= sys.get_int_max_str_digits()
    return not strict or not isinf(float(number))


def find_too_deep(text: str, max_depth: int) -> int:
    """Return the position of the first bracket that is inside `max_depth` others.

    0 where there is none: then it is the stack of the caller that is almost used up.
    """
    depth = 0
    for match in BRACKETS.finditer(text):
        if match.lastgroup == "close":
            depth -= 1
        elif match.lastgroup == "open":
            depth += 1
            if depth > max_depth:
                return match.start()
    return 0


def refuse(message: Any, before: str, **values: str) -> ParseError:
    """Return the ParseError that says `message` of the place behind the text `before`."""
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return JSONParseError(get_text(message) % {"line": line, "column": column, **values})


# json.loads() makes a decoder for each document, wherever it is told how to read a number.
LAX = JSONDecoder()
STRICT = JSONDecoder(parse_constant=strict_constant, parse_float=read_finite)
