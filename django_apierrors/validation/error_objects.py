"""Error objects: mappings with a message, as libraries and projects build them.

The tables decide which keys hold the message, the code and the field. In the errors of a serializer
these names are fields, and the tables do not apply.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeGuard

from django.utils.functional import Promise

from django_apierrors.catalog import get_phrase
from django_apierrors.validation.codes import find_spelling, is_capitalized_word, is_code
from django_apierrors.validation.extra import CONTAINERS, COPIED_NAMES, get_string
from django_apierrors.validation.messages import BODY, HEADER, PLACES, QUERY

# The keys of a message, if the value is a string. A summary counts only without another message.
# FIELD_MESSAGE_KEYS count only beside the name of a field: they may be names of fields themselves.
SUMMARY = "title"
FIELD_MESSAGE_KEYS = ("description", "defaultMessage")
MESSAGE_KEYS = (
    *("detail", "message", "error_description", "error", "msg"),
    *(*FIELD_MESSAGE_KEYS, "reason", SUMMARY),
)

# The keys of further messages: a list, fields, error objects. A key of `AMBIGUOUS_KEYS` may also be
# a field. The key then counts in three cases only: a message or the name of a field is beside it,
# its value has error objects, or the detail does not have another list or dict.
ENVELOPE_KEYS = frozenset({"detail", "error", "errors"})
AMBIGUOUS_KEYS = COPIED_NAMES - ENVELOPE_KEYS
LIST_KEYS = AMBIGUOUS_KEYS | {"invalid-params", "invalid_params", "invalidParams"}
LIST_KEYS |= {"fieldErrors", "fieldViolations"}

# The keys of a code. `error` is the key of a code only beside another message.
CODE_KEYS = ("code", "error_code", "errorCode", "error")

# The keys whose values name a field. The second tuple counts only in the objects of a list.
FIELD_KEYS = ("field", "attr", "attribute", "loc", "pointer", "source", "param", "parameter")
LISTED_FIELD_KEYS = ("name", "path", "property", "propertyPath", "target")

# The places of values: the first steps of pydantic's `loc`, the keys of JSON:API's `source`.
LOCATIONS = {name: name for name in PLACES} | {"form": BODY, "cookie": HEADER}
SOURCES = {"pointer": BODY, "parameter": QUERY, "header": HEADER}
JSON_API_PREFIX = re.compile(r"/data(/(attributes|relationships))?(?=/|$)")

# The phrases of earlier RFCs. Many HTTP libraries still use them.
FORMER_PHRASES = ("payload too large", "request entity too large", "unprocessable entity")

# The keys whose values may repeat the status of the response, and those values in lower case. Each
# key may also have the status itself or its phrase as such a value.
REDUNDANT: Mapping[str, frozenset[str]] = {
    "code": frozenset({""}),
    "error": frozenset({"", "true", *FORMER_PHRASES}),
    "moreInfo": frozenset({""}),
    "ok": frozenset({"false"}),
    "status": frozenset({"error", "fail", "failed", *FORMER_PHRASES}),
    "statusCode": frozenset(),
    "status_code": frozenset(),
    "success": frozenset({"false"}),
    "title": frozenset({"", *FORMER_PHRASES}),
    "type": frozenset({"about:blank"}),
}
STATUS_KEYS = frozenset({"status", "statusCode", "status_code"})

# Matches two words, the end of a sentence, or a script without spaces between words. Most APIs do
# not need it, and its compilation takes long.
SENTENCE = r"[^\W\d_]\s+\S|[^\W\d_][)\]\"'»”]*[.!?…]$|[\u3040-\u9fff\uac00-\ud7af]"


class ErrorObject(NamedTuple):
    """The parts of a mapping that has a message or a code, or holds further messages.

    `code` is as it was given; `keys` are those of the messages, the code and the field. `place` is
    where the client sent the field, if the object names the place.
    """

    messages: list[Any]
    code: object
    field: tuple[object, ...] | None
    keys: frozenset[object]
    place: str | None = None


def find_error_object(
    data: Mapping[Any, Any], status: int, is_listed: bool, is_top: bool
) -> ErrorObject | None:
    """Return the parts of an error object, `None` for a mapping of fields."""
    message_keys = [key for key in MESSAGE_KEYS if is_message(data, key)]
    code_key = find_code_key(data, status)
    if not message_keys and not any(is_envelope(data, key, is_top) for key in data):
        if code_key is None or not is_listed or not is_code_of_field(data):
            return None
        message_keys = [code_key]
    others = [k for k in message_keys if k != code_key and not is_redundant(data, k, status)]
    # The phrase of the status, or a code, is better than no message.
    first, more = (others or message_keys)[:1], others[1:]
    message_keys = first + [k for k in more if k != SUMMARY and is_sentence(data[k])]
    field_key, field = find_field(data, is_listed)
    keys = frozenset({*message_keys, code_key, field_key} - {None})
    code = None if code_key is None else data[code_key]
    place = find_named_place(field_key, data.get(field_key))
    return ErrorObject([data[key] for key in message_keys], code, field, keys, place)


def is_plain_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Whether `value` is a mapping, but not the errors of a serializer."""
    return isinstance(value, Mapping) and not hasattr(value, "serializer")


def is_error_object(value: object) -> bool:
    """Whether an entry of a list has a message, an envelope of messages, or a field with a code."""
    if not is_plain_mapping(value):
        return False
    if has_message(value) or is_code_of_field(value):
        return True
    return any((key in LIST_KEYS or has_field(value)) and is_envelope(value, key) for key in value)


def is_code_of_field(data: Mapping[Any, Any]) -> bool:
    """Whether a mapping has the name of a field and a code, as in the errors of GitHub."""
    return has_field(data) and is_code(data.get("code"))


def has_message(data: Mapping[Any, Any]) -> bool:
    """Whether a mapping has a message under a key of its own."""
    return any(is_message(data, key) for key in MESSAGE_KEYS)


def has_field(data: Mapping[Any, Any]) -> bool:
    """Whether a mapping has the name of a field: a string, not a list of errors."""
    strings = [key for key in FIELD_KEYS if is_message_string(data.get(key))]
    return any(not is_sentence(data[key]) and parse_field(key, data[key]) for key in strings)


def is_message(data: Mapping[Any, Any], key: str) -> bool:
    """Whether `data[key]` is a message; `key` is one of MESSAGE_KEYS."""
    return is_message_string(data.get(key)) and (key not in FIELD_MESSAGE_KEYS or has_field(data))


def get_row(data: object, position: int) -> int:
    """Return the row that `{"index": 2, "errors": {…}}` in a list is about, else its position."""
    row = data.get("index") if isinstance(data, Mapping) else None
    return row if type(row) is int else position


def is_message_string(value: object) -> bool:
    """Whether `value` is a string that is not blank."""
    return isinstance(value, (str, Promise)) and bool(get_string(value).strip())


def is_summary(data: Mapping[Any, Any], key: object) -> bool:
    """Whether `data[key]` is a summary beside another message. A summary is kept as data."""
    return key == SUMMARY and is_message_string(data[key])


def is_sentence(value: object) -> bool:
    """Whether `value` is a string for people: not an identifier, a URL or a date."""
    return isinstance(value, (str, Promise)) and re.search(SENTENCE, get_string(value)) is not None


def can_be_message(value: object) -> bool:
    """Whether `value`, in a mapping beside a message, can be a message or contain messages."""
    return is_sentence(value) or is_capitalized_word(value) or isinstance(value, CONTAINERS)


def is_envelope(data: Mapping[Any, Any], key: object, is_top: bool = False) -> bool:
    """Whether `data[key]` holds further messages; `is_top` if `data` is the whole detail."""
    value = data[key]
    # The errors of a whole serializer are not those of a field called `message`.
    if key in ENVELOPE_KEYS or (key in ("message", "msg") and hasattr(value, "serializer")):
        return isinstance(value, CONTAINERS) or (key == "errors" and is_message_string(value))
    if key not in LIST_KEYS or not isinstance(value, (list, tuple, Mapping)):
        return False
    containers = [other for other in data.values() if isinstance(other, CONTAINERS)]
    is_alone = is_top and len(containers) == 1 and not has_message(data)
    if is_alone or key not in AMBIGUOUS_KEYS:
        return True
    if value and isinstance(value, Mapping) and not any(map(can_be_message, value.values())):
        # Kubernetes: the name and the kind of the resource.
        return False
    entries = filter(is_plain_mapping, value)
    return any(has_message(entry) or has_field(entry) for entry in (data, *entries))


def find_code_key(data: Mapping[Any, Any], status: int) -> str | None:
    """Return the key of the code, if there is one."""
    # `type` in the errors of pydantic.
    for key in (*CODE_KEYS, "type") if "loc" in data else CODE_KEYS:
        value = data.get(key)
        is_message = key == "error" and (is_capitalized_word(value) or not has_other_message(data))
        if is_code(value) and not is_message and not is_redundant(data, key, status):
            return key
    return None


def find_code_of_fields(data: Mapping[Any, Any]) -> object:
    """Return the code of a mapping of fields, if it cannot be a message about a field."""
    code = data.get("code")
    return code if is_code(code) and not is_capitalized_word(code) else None


def has_other_message(data: Mapping[Any, Any]) -> bool:
    """Whether a mapping has a message that is not its `error`."""
    return any(
        key != "error"
        and (is_envelope(data, key) or (key in MESSAGE_KEYS and is_message(data, key)))
        for key in data
    )


def is_redundant(
    data: Mapping[Any, Any], key: object, status: int, is_listed: bool = False
) -> bool:
    """Whether `data[key]` repeats the status of the response, or is another status."""
    if key not in REDUNDANT:
        return key in MESSAGE_KEYS and isinstance(data[key], str) and not data[key].strip()
    value = data[key]
    is_string = isinstance(value, (str, Promise, bool))
    spelling = get_string(value).strip().lower() if is_string else find_spelling(value)
    if spelling in REDUNDANT[str(key)] or spelling in (str(status), get_phrase(status).lower()):
        return True
    is_status = re.fullmatch("[1-5][0-9]{2}", spelling or "") is not None
    return is_status and key in STATUS_KEYS and not is_listed


def find_field(
    data: Mapping[Any, Any], is_listed: bool
) -> tuple[str | None, tuple[object, ...] | None]:
    """Return the key that names a field, and the keys and indexes that lead to the field."""
    for key in (*FIELD_KEYS, *LISTED_FIELD_KEYS) if is_listed else FIELD_KEYS:
        field = parse_field(key, data[key]) if key in data else None
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


def find_named_place(key: str | None, value: Any) -> str | None:
    """Return the place that the first step of a `loc`, or the key in a `source`, names."""
    if key == "loc" and isinstance(value, (list, tuple)) and value:
        return LOCATIONS.get(value[0])
    if key == "source":
        places = (place for name, place in SOURCES.items() if isinstance(value.get(name), str))
        return next(places, None)
    return None


def split_path(path: str) -> tuple[object, ...]:
    """Return the keys and indexes in `lines.0.sku`, `lines[0].sku` or `/lines/0/sku`."""
    if not path.startswith(("/", "#")):
        return tuple(map(parse_step, re.findall(r"[^.\[\]]+", path)))
    # RFC 6901, section 4.
    tokens = path.lstrip("#").split("/")[1:]
    return tuple(parse_step(token.replace("~1", "/").replace("~0", "~")) for token in tokens)


def parse_step(step: str | int) -> str | int:
    """Return a step of a path: an index as a number."""
    is_index = isinstance(step, str) and re.fullmatch(r"\d{1,9}", step, re.ASCII)
    return int(step) if is_index else step
