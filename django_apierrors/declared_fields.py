"""Declared fields: those of a serializer, copied in fewer steps than DRF takes for it.

DRF makes each field of a serializer anew for each request, from what its class was given. A field
of one of DRF's simple classes that was given nothing but constants comes out the same each time:
such a one is copied from what DRF made of it the first time. All others are DRF's to make.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from copy import copy, deepcopy
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import count, repeat
from operator import itemgetter
from types import FunctionType
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from django.core import validators as django_validators
from rest_framework import fields, serializers, validators
from rest_framework.serializers import BaseSerializer, ListSerializer, Serializer
from rest_framework.utils.formatting import lazy_format

from django_apierrors.memory import TRANSLATED

Field: TypeAlias = "fields.Field[Any, Any, Any, Any]"

# The classes whose __init__() looks at nothing but its arguments and at its class.
SIMPLE = frozenset(
    {
        *(fields.BooleanField, fields.CharField, fields.EmailField, fields.SlugField),
        *(fields.URLField, fields.UUIDField, fields.IntegerField, fields.FloatField),
        *(fields.DecimalField, fields.DateTimeField, fields.DateField, fields.TimeField),
        *(fields.DurationField, fields.ReadOnlyField, fields.SerializerMethodField),
    }
)

# Those and their bases, and what there they look at: it may be patched, in a test, say.
CLASSES = frozenset(base for cls in SIMPLE for base in cls.__mro__ if base is not object)
METHODS = frozenset({"__init__", "__new__", "__deepcopy__", "get_validators"})
LOOKED_AT = METHODS | {
    *("validators", "default_validators", "default_error_messages"),
    *("initial", "default_empty_html"),
}

# What a field may be given beside classes: what nobody can change, and no state of its own has.
CONSTANTS = frozenset({bool, int, float, Decimal, UUID, type(None), FunctionType, *TRANSLATED})

CONTAINERS = (dict, list, set)

# The containers that each copy has one of its own of.
RENEWED = frozenset({"_kwargs", "style", "error_messages"})

# Whose validators keep nothing of what they have seen.
VALIDATOR_MODULES = frozenset({django_validators.__name__, validators.__name__})

# Where a declared field keeps its mould, so that the two are forgotten together.
MOULD = "_apierrors_mould"

LateText: TypeAlias = "tuple[Iterable[Any], Mapping[str, Any]]"


class Own(NamedTuple):
    """What a class had of its own of what is looked at, and how much in all."""

    namespace: Mapping[str, Any]
    size: int
    get: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    values: tuple[Any, ...]

    @classmethod
    def of(cls, looked_at: type) -> Own:
        """Look at a class."""
        namespace = vars(looked_at)
        # With two that each class has: a getter of one name returns no tuple.
        names = ["__module__", "__doc__", *(LOOKED_AT & namespace.keys())]
        # With a copy of what may be changed in place.
        values = [
            copy(value) if isinstance(value, CONTAINERS) else value
            for value in map(namespace.__getitem__, names)
        ]
        return cls(namespace, len(namespace), itemgetter(*names), tuple(values))


class Look:
    """What DRF's classes of fields look like; the same one for as long as they do."""

    def __init__(self) -> None:
        """Look at all of them."""
        methods = (getattr(cls, name) for cls in CLASSES for name in METHODS)
        self.is_drfs = all(
            getattr(method, "__globals__", None) is vars(fields) for method in methods
        )
        self.own = {cls: Own.of(cls) for cls in CLASSES}
        # By the classes of the fields of a serializer.
        self.parts: dict[Set[type], list[Own]] = {}

    def is_true(self, classes: Set[type]) -> bool:
        """Tell whether these classes, and their bases, look like that still."""
        parts = self.parts.get(classes)
        if parts is None:
            bases = {base for cls in classes for base in cls.__mro__[:-1]}
            parts = self.parts[classes] = [self.own[base] for base in bases]
        try:
            for namespace, size, get, values in parts:
                if len(namespace) != size or get(namespace) != values:
                    return False
        except KeyError:
            # One is there no more, and another in its place.
            return False
        return True


@dataclass(frozen=True, slots=True, eq=False)
class Mould:
    """What copies are made from, and what of the field and its class that holds for."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    look: Look
    # None where DRF is to make the copies.
    attributes: dict[str, Any] | None = None
    # Their classes, what they have, and what a text that is formatted late is made of.
    validators: Sequence[tuple[type, dict[str, Any], LateText | None]] | None = None

    def __reduce__(self) -> Any:
        """Leave nothing in a pickle of the field, which may hold what cannot be pickled."""
        return type(None), ()

    def make(self, cls: type, counter: int) -> Any:
        """Return a field as DRF would have made it as its `counter`th."""
        made: Any = object.__new__(cls)
        assert self.attributes is not None
        made.__dict__ = attributes = self.attributes.copy()
        attributes["_kwargs"] = self.kwargs.copy()
        attributes["_creation_counter"] = counter
        attributes["style"] = {}
        attributes["error_messages"] = attributes["error_messages"].copy()
        if self.validators is not None:
            attributes["_validators"] = [_make_validator(*known) for known in self.validators]
        return made


def _make_validator(cls: type, attributes: dict[str, Any], late: LateText | None) -> Any:
    made: Any = object.__new__(cls)
    made.__dict__ = own = attributes.copy()
    if late is not None:
        # It keeps the language that it is first read in.
        own["message"] = message = lazy_format(*late[0], **late[1])
        args, kwargs = own["_constructor_args"]
        own["_constructor_args"] = args, {**kwargs, "message": message}
    return made


def shorten_copying(serializer: Any) -> None:
    """Let `serializer`, if its get_fields() is DRF's, copy its declared fields in fewer steps."""
    while isinstance(serializer, ListSerializer):
        serializer = serializer.child
    method: Any = getattr(type(serializer), "get_fields", None)
    # Some projects, and tests, put another one in the place of DRF's own.
    if method is Serializer.get_fields and method.__globals__ is vars(serializers):
        # Not by setattr(): a serializer may guard what is set of it.
        vars(serializer).setdefault("get_fields", partial(get_fields, serializer))


def get_fields(serializer: Serializer[Any]) -> dict[str, Field]:
    """Return what DRF's get_fields() returns: a copy of each declared field."""
    declared = serializer._declared_fields
    look = _get_look(SIMPLE.intersection(map(type, declared.values())))
    moulds = [_get_mould(field, look) for field in declared.values()]
    # All at once, where DRF makes none between them: Python looks up anew all that it knew of a
    # class that is changed.
    one_by_one = None in moulds
    numbers = map(_take_numbers, repeat(1)) if one_by_one else count(_take_numbers(len(moulds)))
    memo: dict[int, Any] = {}
    made = {}
    for (name, field), mould in zip(declared.items(), moulds, strict=True):
        # A field may have two names.
        if id(field) in memo:
            new = memo[id(field)]
        elif mould is None:
            new = deepcopy(field, memo)
            if isinstance(new, BaseSerializer):
                shorten_copying(new)
        else:
            new = memo[id(field)] = mould.make(type(field), next(numbers))
        made[name] = new
    return made


def _take_numbers(wanted: int) -> int:
    """Return the first of the next `wanted` numbers that DRF would have given to new fields."""
    counted: Any = fields.Field
    first: int = counted._creation_counter
    counted._creation_counter = first + wanted
    return first


def _get_mould(field: Any, look: Look) -> Mould | None:
    """Return the mould of a declared field, `None` where DRF is to make the copies."""
    if type(field) not in SIMPLE:
        return None
    known: Mould | None = vars(field).get(MOULD)
    if (
        known is None
        or known.look is not look
        or known.kwargs != field._kwargs
        or known.args != field._args
    ):
        known = vars(field)[MOULD] = _make_mould(field, look)
    return None if known.attributes is None else known


def _make_mould(field: Any, look: Look) -> Mould:
    args, kwargs = (*field._args,), {**field._kwargs}
    if not (look.is_drfs and all(map(_is_constant, (*args, *kwargs.values())))):
        return Mould(args, kwargs, look)
    attributes = {**vars(deepcopy(field))}
    own = attributes.pop("_validators", None)
    is_known = all(type(validator).__module__ in VALIDATOR_MODULES for validator in own or ())
    if not is_known or any(
        isinstance(value, CONTAINERS) for name, value in attributes.items() if name not in RENEWED
    ):
        return Mould(args, kwargs, look)
    read = None if own is None else [*map(_read_validator, own)]
    return Mould(args, kwargs, look, attributes, read)


def _is_constant(value: object) -> bool:
    return type(value) in CONSTANTS or isinstance(value, type)


def _get_look(classes: Set[type]) -> Look:
    global _look
    look = _look
    if not look.is_true(classes):
        look = _look = Look()
    return look


def _read_validator(validator: Any) -> tuple[type, dict[str, Any], LateText | None]:
    attributes = {**vars(validator)}
    text: Any = attributes.get("message")
    is_late = type(text) is lazy_format
    late = ((text.format_string, *text.args), text.kwargs) if is_late else None
    return type(validator), attributes, late


_look = Look()
