"""Error objects: mappings that have a message, as libraries and projects build them.

The tables decide which keys hold the message, the code and the field. They do not apply to the
errors of a serializer, in which these names are fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, NamedTuple

from django.utils.functional import Promise

from django_apierrors.catalog import get_phrase
from django_apierrors.validation.codes import get_spelling, is_code

CONTAINERS = (dict, list, tuple, set, frozenset, Mapping)

# The keys of a message, if the value is a string. A summary counts without another message only.
SUMMARY = "title"
MESSAGE_KEYS = ("detail", "message", "error_description", "error", "msg", "reason", SUMMARY)

# The keys of further messages: a string, fields, error objects. In the second set they may be
# fields too: they count beside a message, or if they hold error objects.
ENVELOPE_KEYS = frozenset({"detail", "error", "errors"})
LIST_KEYS = frozenset({"details", "messages", "invalid-params", "invalid_params", "invalidParams"})

# The keys of a code. In the second tuple they are codes only beside a message of another key.
CODE_KEYS = ("code", "error_code", "errorCode")
OTHER_CODE_KEYS = ("error",)

# The keys of a field; in the second tuple only in the objects of a list.
FIELD_KEYS = ("field", "attr", "attribute", "loc", "pointer", "source", "param", "parameter")
LISTED_FIELD_KEYS = ("name", "path", "property")

# Where a value was sent: the first step of pydantic's `loc`, the keys of JSON:API's `source`.
LOCATIONS = frozenset({"body", "cookie", "form", "header", "path", "query"})
SOURCES = ("pointer", "parameter", "header")
JSON_API_PREFIX = re.compile(r"/data(/(attributes|relationships))?(?=/|$)")

# The values, in lower case, that say no more than the status of the response.
REDUNDANT: Mapping[str, Sequence[str]] = {
    "code": ("{status}",),
    "error": ("{phrase}",),
    "ok": ("false",),
    "status": ("error", "fail", "{status}"),
    "status_code": ("{status}",),
    "statusCode": ("{status}",),
    "success": ("false",),
    "title": ("{phrase}",),
    "type": ("about:blank",),
}

# A status of HTTP that differs from that of the response: data in the objects of a list alone.
STATUS_KEYS = frozenset({"status", "status_code", "statusCode"})
STATUSES = frozenset(map(str, range(100, 600)))

# Two words, the end of a sentence, or a script that has no spaces between words.
SENTENCE = re.compile(r"[^\W\d_]\s+\S|[^\W\d_][)\]\"'»”]*[.!?…]$|[\u3040-\u9fff\uac00-\ud7af]")


class ErrorObject(NamedTuple):
    """The parts of a mapping that has a message, or holds further messages.

    `code` is as it was given, and `keys` are the keys that were read.
    """

    messages: Sequence[Any]
    code: object
    field: tuple[object, ...] | None
    keys: frozenset[object]


def read_object(data: Mapping[Any, Any], is_listed: bool, status: int) -> ErrorObject | None:
    """Return the parts of an error object, `None` for a mapping of fields."""
    if not has_message(data) and not any(is_envelope(data, key) for key in data):
        return None
    texts = [key for key in MESSAGE_KEYS if is_text(data.get(key))]
    code_key = find_code_key(data, status)
    others = [key for key in texts if key != code_key and not is_redundant(data, key, status)]
    # A phrase of HTTP, or a code, is better than no message.
    texts = (others or texts)[:1] + [key for key in others[1:] if key != SUMMARY]
    messages = texts[:1] + [key for key in texts[1:] if is_sentence(str(data[key]))]
    field_key, field = find_field(data, is_listed)
    keys = frozenset({*messages, code_key, field_key} - {None})
    code = None if code_key is None else data[code_key]
    return ErrorObject([data[key] for key in messages], code, field, keys)


def has_message(data: Mapping[Any, Any]) -> bool:
    """Whether a mapping has a message under a key of its own."""
    return any(is_text(data.get(key)) for key in MESSAGE_KEYS)


def is_text(value: object) -> bool:
    """Whether `value` is a string with a message."""
    return isinstance(value, (str, Promise)) and bool(str(value).strip())


def is_sentence(text: str) -> bool:
    """Whether `text` is for people: not an identifier, a URL or a date."""
    return SENTENCE.search(text) is not None


def is_envelope(data: Mapping[Any, Any], key: object) -> bool:
    """Whether `data[key]` holds further messages."""
    value = data[key]
    if key in ENVELOPE_KEYS:
        return isinstance(value, CONTAINERS) or (key == "errors" and is_text(value))
    if key not in LIST_KEYS or not isinstance(value, (list, tuple, Mapping)):
        return False
    return has_message(data) or any(isinstance(entry, Mapping) for entry in value)


def find_code_key(data: Mapping[Any, Any], status: int) -> str | None:
    """Return the key of the code, if there is one."""
    keys = list(CODE_KEYS)
    keys += [key for key in OTHER_CODE_KEYS if has_other_messages(data, key)]
    # In the errors of pydantic.
    keys += ["type"] if "loc" in data else []
    codes = (key for key in keys if is_code(data.get(key)) and not is_redundant(data, key, status))
    return next(codes, None)


def has_other_messages(data: Mapping[Any, Any], key: str) -> bool:
    """Whether a mapping has messages under other keys than `key`."""
    return any(
        other != key and (is_envelope(data, other) or (other in MESSAGE_KEYS and is_text(value)))
        for other, value in data.items()
    )


def is_redundant(
    data: Mapping[Any, Any], key: object, status: int, *, is_listed: bool = False
) -> bool:
    """Whether `data[key]` is empty, or says no more than the status of the response."""
    value = data[key]
    if not isinstance(key, str) or not isinstance(value, (str, Promise, int, NoneType)):
        return False
    is_string = isinstance(value, (str, Promise, bool))
    spelling = str(value).strip().lower() if is_string else get_spelling(value) or ""
    if key in STATUS_KEYS and spelling in STATUSES and not is_listed:
        return True
    if not spelling:
        return not isinstance(value, int) and key in (*MESSAGE_KEYS, *CODE_KEYS, "moreInfo")
    phrase = get_phrase(status).lower()
    values = REDUNDANT.get(key, ())
    return any(spelling == each.format(status=status, phrase=phrase) for each in values)


def find_field(
    data: Mapping[Any, Any], is_listed: bool
) -> tuple[str | None, tuple[object, ...] | None]:
    """Return the key that names a field, and the keys and indexes that lead to the field."""
    for key in (*FIELD_KEYS, *LISTED_FIELD_KEYS) if is_listed else FIELD_KEYS:
        if key in data:
            field = parse_field(key, data[key])
            if field is not None:
                return key, field
    return None, None


def parse_field(key: str, value: Any) -> tuple[object, ...] | None:
    """Return the keys and indexes that lead to a field, `None` if `value` is not a field.

    `value` is a path (`lines.0.sku`), a JSON pointer, a list, or the `source` of JSON:API.
    """
    if key == "source":
        source = value if isinstance(value, Mapping) else {}
        paths = [source[name] for name in SOURCES if isinstance(source.get(name), str)]
        return split_path(JSON_API_PREFIX.sub("", paths[0], count=1)) if paths else None
    if value is None:
        return ()
    if isinstance(value, str):
        return None if re.search(r"\s|://", value) else split_path(value)
    if not isinstance(value, (list, tuple)) or not all(isinstance(x, (str, int)) for x in value):
        return None
    steps = value[1:] if key == "loc" and value and value[0] in LOCATIONS else value
    return tuple(map(parse_step, steps))


def split_path(path: str) -> tuple[object, ...]:
    """Return the keys and indexes in `lines.0.sku`, `lines[0].sku` or `/lines/0/sku`."""
    if not path.startswith(("/", "#")):
        return tuple(map(parse_step, re.findall(r"[^.\[\]]+", path)))
    tokens = path.lstrip("#").split("/")[1:]
    # RFC 6901, section 4.
    return tuple(parse_step(token.replace("~1", "/").replace("~0", "~")) for token in tokens)


def parse_step(step: str | int) -> str | int:
    """Return a step of a path: an index as a number."""
    is_index = isinstance(step, str) and step.isascii() and step.isdecimal() and len(step) < 10
    return int(step) if is_index else step
