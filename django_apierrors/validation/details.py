"""Read the detail of an error, raised or returned: its messages, its code, further data.

`{"lines": [{}, {"sku": ["Required."]}]}` becomes `lines[1].sku: Required.`
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias

from rest_framework.exceptions import ErrorDetail
from rest_framework.fields import DictField
from rest_framework.validators import UniqueTogetherValidator

from django_apierrors.fallback import log_failure
from django_apierrors.validation import error_objects
from django_apierrors.validation.codes import GENERIC_CODES, find_spelling, get_extra
from django_apierrors.validation.extra import (
    CONTAINERS,
    MAPPINGS,
    MAX_DEPTH,
    NO_DATA,
    VALUE_TYPES,
    Repeats,
    clean,
    get_string,
    make_data,
    read_extra,
)
from django_apierrors.validation.foreign_keys import (
    AMBIGUOUS_CODES,
    CONTAINER_FIELDS,
    MALFORMED,
    find_malformed_keys,
)
from django_apierrors.validation.messages import (
    Collector,
    Messages,
    Path,
    drop_general_keys,
    get_general_keys,
    make_path,
    make_segment,
    read_message,
    spell_code,
)
from django_apierrors.validation.places import find_spelling_function

# The ids of the containers around a value.
OuterIds: TypeAlias = tuple[int, ...]

NUMBER_TYPES = (int, float, Decimal)

# The place of a part of a detail. "held": the detail itself, or a part in `errors` or in another
# envelope. "listed": an error object in a list. "field": a part under the name of a field, where
# each value is a message. "beside": a part beside a message, where sentences are messages and other
# values are data.
Context: TypeAlias = Literal["held", "listed", "field", "beside"]


def read_detail(
    detail: object, status: int, *, extra: object = None, is_serializer: bool = False
) -> Messages:
    """Return the messages of `detail` in their order, each with its path, its code and its data.

    `detail` is the detail of an exception, or an error body that a view returns. Strings in
    a list are messages of one field. Other entries of a list are named by their index. Int keys are
    read as indexes too: DRF 3.18 has the failing rows of `many=True` in a dict with int keys. With
    `is_serializer`, or if a serializer made the errors, all keys are fields. If not all messages
    can be sent, the last message has the number of the omitted messages. `extra` is further data.
    """
    reader = _Reader(status)
    try:
        if is_serializer:
            reader.read_fields(detail)
        else:
            reader.code = getattr(detail, "code", None) if isinstance(detail, str) else None
            reader.add_extra(reader.read(detail))
        reader.add_extra(read_extra(extra))
    except Exception:
        # The mappings of a project may raise anything.
        log_failure("reading the detail of an error")
    return reader.get_messages()


def iter_entries(container: Any) -> Iterator[tuple[object, Any]]:
    """Return an iterator over the keys or indexes of a container, and its values."""
    return iter(container.items()) if isinstance(container, MAPPINGS) else enumerate(container)


class Frame(NamedTuple):
    """A container in the errors of a serializer, and how it is read.

    `field` is the field whose errors are in the container, if it is known, and `depth` the number
    of keys that lead to the container. `general` are the keys in it that are not names.
    """

    container: Any
    is_mapping: bool
    entries: Iterator[tuple[object, Any]]
    field: Any
    depth: int
    general: tuple[str, ...]

    @classmethod
    def of(cls, container: Any, field: Any, depth: int) -> Frame:
        """Return the frame for a container."""
        # The keys of a `DictField` are never general: the client chooses them.
        general = () if isinstance(field, DictField) else get_general_keys()
        is_mapping = isinstance(container, MAPPINGS)
        return cls(container, is_mapping, iter_entries(container), field, depth, general)


def find_inner_field(field: Any, key: object) -> Any:
    """Return the field of a serializer, or of a field that contains others, for one of its keys."""
    if isinstance(field, CONTAINER_FIELDS):
        return field.child
    fields = getattr(field, "fields", None)
    return fields.get(key) if isinstance(fields, Mapping) else None


def spell_unique_message(message: str, serializer: Any, spell: Callable[[str], str]) -> str:
    """Return the message of a UniqueTogetherValidator with the names as the client spells them."""
    for validator in getattr(serializer, "validators", ()):
        if isinstance(validator, UniqueTogetherValidator):
            names, template = validator.fields, str(validator.message)
            if message == template.format(field_names=", ".join(names)):
                return template.format(field_names=", ".join(map(spell, names)))
    return message


class _Reader(Collector):
    """Reads a detail, in time linear in its size."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status
        self.repeats = Repeats()
        # The spellings of the keys and the codes that were read.
        self.segments: dict[str, str] = {}
        self.spellings: dict[str, str] = {}
        # The errors of a serializer, the number of keys that lead to them, and the paths of the
        # malformed foreign keys.
        self.errors: object = None
        self.start = 0
        self.malformed: set[Path] | None = None
        # The `initial_data` of the serializer, if its errors are the whole detail.
        self.data: object = None

    @cached_property
    def spell(self) -> Callable[[str], str] | None:
        """The function named by `FIELD_NAMES`, the same for all messages."""
        return find_spelling_function()

    def read_fields(self, detail: object, path: Path = ()) -> None:
        """Read the errors of a serializer: each value is a message, each key a field.

        A stack takes the place of recursion, because a client chooses the depth. `keys` is one list
        that changes with each step: a copy for each message would take quadratic time. A container
        inside itself is skipped.
        """
        if not isinstance(detail, CONTAINERS):
            self.add_message(path, detail)
            return
        keys: list[object] = [*drop_general_keys(path)]
        self.errors, self.start, self.malformed = detail, len(keys), None
        serializer = getattr(detail, "serializer", None)
        self.data = None if keys else getattr(serializer, "initial_data", None)
        # The spelling of `invalid` depends on the serializer, by its malformed foreign keys.
        self.spellings.clear()
        opened = {id(detail)}
        stack = [Frame.of(detail, serializer, len(keys))]
        while stack:
            frame = stack[-1]
            del keys[frame.depth :]
            entry = self.read_plain(keys, frame)
            if entry is None:
                stack.pop()
                opened.discard(id(frame.container))
                continue
            key, value = entry
            is_container = isinstance(value, CONTAINERS)
            if key not in frame.general and (is_container or frame.is_mapping):
                keys.append(key)
            if not is_container:
                self.read_leaf(keys, value, () if frame.is_mapping else (key,), frame.field)
            elif id(value) not in opened and self.repeats.can_read(value):
                opened.add(id(value))
                is_general = key in frame.general
                field = frame.field if is_general else find_inner_field(frame.field, key)
                stack.append(Frame.of(value, field, len(keys)))

    def read_plain(self, keys: list[object], frame: Frame) -> tuple[object, Any] | None:
        """Read the fields that have one message. Stop at the first other entry and return it.

        Most fields have one message. Plain code without calls: an import may have ten thousand rows
        with errors.
        """
        prefix: str | None = None
        segments, spellings = self.segments, self.spellings
        for key, value in frame.entries:
            if type(value) is not list or len(value) != 1 or type(value[0]) is not ErrorDetail:
                return key, value
            message, code = str.__str__(value[0]), value[0].code
            segment = segments.get(key) if type(key) is str else None
            spelling = spellings.get(code) if type(code) is str else None
            if segment is None or spelling is None or not message.isascii() or not message.strip():
                # The first message with this key or this code.
                path = keys if key in frame.general else [*keys, key]
                self.read_leaf(path, value[0], (0,), frame.field)
            elif self.left_out:
                self.left_out += 1
            else:
                if prefix is None:
                    prefix = make_path(keys)
                field = f"{prefix}{segment}" if prefix else segment.removeprefix(".")
                self.add(field, spelling, message, (*keys, key), data=self.data)
        return None

    def read_leaf(
        self, keys: Sequence[object], value: object, index: Path, serializer: Any
    ) -> None:
        """Read a message about the field that `keys` lead to, at `index` in its list."""
        message = read_message(value)
        if not message:
            return
        code = getattr(value, "code", None)
        spelling = spell_code(code)
        if spelling == "unique" and self.spell is not None:
            message = spell_unique_message(message, serializer, self.spell)
        if spelling in AMBIGUOUS_CODES and self.is_malformed((*keys[self.start :], *index)):
            spelling = MALFORMED
        elif spelling is not None and not (spelling in AMBIGUOUS_CODES and self.malformed):
            self.spellings[get_string(code)] = spelling
        # The same string may be a general key here, and the name of a field in other places.
        if keys and type(keys[-1]) is str and keys[-1] not in get_general_keys():
            self.segments[keys[-1]] = make_segment(keys[-1])
        self.codes.add(spelling)
        field = "" if self.left_out else make_path(keys)
        self.add(field, spelling, message, tuple(keys), extra=get_extra(code), data=self.data)

    def is_malformed(self, place: Path) -> bool:
        """Whether the message at `place` in the errors is about a malformed foreign key."""
        if self.malformed is None:
            self.malformed = find_malformed_keys(self.errors)
        return bool(self.malformed) and place in self.malformed

    def read(
        self, value: Any, path: Path = (), outer: OuterIds = (), context: Context = "held"
    ) -> Any:
        """Read a part of a detail, and return the data in it, or `NO_DATA`.

        `outer` has the ids of the containers around it. Very deep parts are treated as fields.
        """
        is_beside = context == "beside"
        if not isinstance(value, CONTAINERS):
            # A number under a key is never a message.
            if (path and isinstance(value, NUMBER_TYPES)) or (
                is_beside and not error_objects.is_sentence(value)
            ):
                return make_data(value)
            self.add_message(path, value)
            return NO_DATA
        is_inside = id(value) in outer or (is_beside and len(outer) > MAX_DEPTH)
        if is_inside or not self.repeats.can_read(value):
            return NO_DATA
        if hasattr(value, "serializer") or len(outer) > MAX_DEPTH:
            self.read_fields(value, path)
            return NO_DATA
        if is_beside and not value:
            return make_data(value)
        outer = (*outer, id(value))
        if isinstance(value, Mapping):
            return self.read_mapping(value, path, outer, context)
        return self.read_list(value, path, outer, context)

    def read_list(self, values: Any, path: Path, outer: OuterIds, context: Context) -> Any:
        """Read a list. A string, or an error object in an envelope, has no index in its path."""
        is_flat = not any(isinstance(value, CONTAINERS) for value in values)
        if context == "beside" and is_flat and not all(map(error_objects.is_sentence, values)):
            return make_data(values)
        # In a list with error objects, other mappings are data: `{"id": 2}`.
        objects = list(map(error_objects.is_error_object, values))
        scalars: Context = "beside" if context == "beside" else "field"
        mappings: Context = "beside" if any(objects) else scalars
        inner: Context
        rests = []
        for index, (value, is_object) in enumerate(zip(values, objects, strict=True)):
            is_container = isinstance(value, CONTAINERS)
            is_nameless = context == "held" if is_object else not is_container
            inner_path = path if is_nameless else (*path, error_objects.get_row(value, index))
            inner = "listed" if is_object else mappings if is_container else scalars
            rests.append(self.read(value, inner_path, outer, inner))
        if all(rest is NO_DATA for rest in rests):
            return NO_DATA
        return [{} if rest is NO_DATA else rest for rest in rests]

    def read_mapping(
        self, data: Mapping[Any, Any], path: Path, outer: OuterIds, context: Context
    ) -> Any:
        """Read an error object, or a mapping of fields."""
        is_listed, is_top = context == "listed", context == "held" and not path
        parts = error_objects.find_error_object(data, self.status, is_listed, is_top)
        code = self.read_object(parts, path) if parts else error_objects.find_code_of_fields(data)
        sets_code = is_top and self.code is None and not (parts and parts.field)
        if sets_code:
            self.code = code
        inner: Context = "field" if parts is None and context != "beside" else "beside"
        keys = parts.keys if parts else {"code"} if sets_code and code is not None else ()
        # The messages in an object without a message of its own are about its field.
        field = parts.field if parts and not parts.messages and parts.field else ()
        rest = {}
        for key, value in data.items():
            if key in keys or (
                (parts or context == "held")
                and error_objects.is_redundant(data, key, self.status, is_listed)
            ):
                continue
            if parts and error_objects.is_envelope(data, key, is_top):
                value = self.read(value, (*path, *field), outer)
            elif parts and (
                is_listed or parts.field is not None or error_objects.is_summary(data, key)
            ):
                value = make_data(value, outer, self.repeats)
            else:
                value = self.read(value, (*path, key), outer, inner)
            if value is not NO_DATA and isinstance(key, VALUE_TYPES):
                rest[clean(get_string(key))] = value
        return rest or NO_DATA

    def read_object(self, parts: error_objects.ErrorObject, path: Path) -> object:
        """Read the messages of an error object, and return its code."""
        code = parts.code
        if code is None and parts.messages:
            code = getattr(parts.messages[0], "code", None)
            # DRF gives `invalid` to each message: a code further inside is more specific.
            code = None if find_spelling(code) in GENERIC_CODES else code
        for message in parts.messages:
            self.add_message((*path, *(parts.field or ())), message, code, parts.place)
        return code
