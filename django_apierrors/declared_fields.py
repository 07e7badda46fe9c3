"""Declared fields: those of a serializer, copied in fewer steps than DRF takes for it.

DRF makes each field of a serializer anew for each request, from what its class was given. A field
of one of DRF's simple classes that was given nothing but constants comes out the same each time:
such a one is copied from what DRF made of it the first time. All others are DRF's to make.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from decimal import Decimal
from functools import partial
from itertools import count, repeat
from operator import attrgetter
from types import FunctionType
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from django.core import validators as django_validators
from django.utils.functional import Promise
from rest_framework import fields, validators
from rest_framework.serializers import BaseSerializer, ListSerializer, Serializer
from rest_framework.utils.formatting import lazy_format

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

# What it looks at there, which is another object where somebody has patched it. That a dict of
# messages is changed in place, after the first request, is not seen.
get_patched = attrgetter(
    *("__init__", "__new__", "__deepcopy__", "get_validators", "validators"),
    *("default_error_messages", "default_validators", "initial", "default_empty_html"),
)

# What a field may be given: nothing that can be changed, or that a copy would be another one of.
CONSTANTS = frozenset({bool, int, float, str, Decimal, UUID, type(None), FunctionType})

CONTAINERS = (dict, list, set)

# The containers that each copy has one of its own of.
RENEWED = frozenset({"_kwargs", "style", "error_messages"})

# A serializer with another one says itself what its fields are.
STOCK = Serializer.get_fields

# Whose validators keep nothing of what they have seen.
VALIDATOR_MODULES = frozenset({django_validators.__name__, validators.__name__})

# Where a declared field keeps its mould, so that the two are forgotten together.
MOULD = "_apierrors_mould"


class LastingText(lazy_format):
    """A text that is made each time it is read; DRF's keeps the language of the first time."""

    def __str__(self) -> str:
        """Return the text in the language that is spoken."""
        return str(self.format_string).format(*self.args, **self.kwargs)


class Mould(NamedTuple):
    """What copies are made from, and what of the field and its class that holds for."""

    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    patched: tuple[Any, ...]
    # None of them where DRF is to make the copies.
    attributes: Mapping[str, Any] = {}
    validators: Sequence[tuple[type, Mapping[str, Any]]] | None = None

    def fits(self, field: Any) -> bool:
        """Tell whether `field` and its class are as they were when the mould was made."""
        return (
            field._kwargs == self.kwargs
            and field._args == self.args
            and get_patched(type(field)) == self.patched
        )

    def make(self, cls: type, counter: int) -> Any:
        """Return a field as DRF would have made it as its `counter`th."""
        made: Any = object.__new__(cls)
        # Not a dict in place of its own: Python finds in that one sooner what it looks for.
        attributes = made.__dict__
        attributes.update(self.attributes)
        attributes["_kwargs"] = dict(self.kwargs)
        attributes["_creation_counter"] = counter
        attributes["style"] = {}
        attributes["error_messages"] = made.error_messages.copy()
        if self.validators is not None:
            attributes["_validators"] = [*map(_make_validator, self.validators)]
        return made


def shorten_copying(serializer: Any) -> None:
    """Let `serializer`, if its get_fields() is DRF's, copy its declared fields in fewer steps."""
    while isinstance(serializer, ListSerializer):
        serializer = serializer.child
    if getattr(type(serializer), "get_fields", None) is STOCK:
        # Not by setattr(): a serializer may guard what is set of it.
        vars(serializer).setdefault("get_fields", partial(get_fields, serializer))


def get_fields(serializer: Serializer[Any]) -> dict[str, Field]:
    """Return what DRF's get_fields() returns: a copy of each declared field."""
    declared = serializer._declared_fields
    moulds = [*map(_get_mould, declared.values())]
    # All at once, where DRF makes none between them: Python looks up anew all that it knew of a
    # class that is changed.
    one_by_one = None in moulds
    numbers = map(_take_numbers, repeat(1)) if one_by_one else count(_take_numbers(len(moulds)))
    memo: dict[int, Any] = {}
    made = {}
    for (name, field), mould in zip(declared.items(), moulds, strict=True):
        # A field may have two names.
        if id(field) in memo:
            copy = memo[id(field)]
        elif mould is None:
            copy = deepcopy(field, memo)
            if isinstance(copy, BaseSerializer):
                shorten_copying(copy)
        else:
            copy = memo[id(field)] = mould.make(type(field), next(numbers))
        made[name] = copy
    return made


def _take_numbers(wanted: int) -> int:
    """Return the first of the next `wanted` numbers that DRF would have given to new fields."""
    counted: Any = fields.Field
    first: int = counted._creation_counter
    counted._creation_counter = first + wanted
    return first


def _get_mould(field: Any) -> Mould | None:
    """Return the mould of a declared field, `None` where DRF is to make the copies."""
    if type(field) not in SIMPLE:
        return None
    known: Mould | None = vars(field).get(MOULD)
    if known is None or not known.fits(field):
        known = vars(field)[MOULD] = _make_mould(field)
    return known if known.attributes else None


def _make_mould(field: Any) -> Mould:
    args, kwargs, patched = (*field._args,), {**field._kwargs}, get_patched(type(field))
    if not all(map(_is_constant, (*args, *kwargs.values()))):
        return Mould(args, kwargs, patched)
    attributes = {**vars(deepcopy(field))}
    own = attributes.pop("_validators", None)
    is_known = all(type(validator).__module__ in VALIDATOR_MODULES for validator in own or ())
    if not is_known or any(
        isinstance(value, CONTAINERS) for name, value in attributes.items() if name not in RENEWED
    ):
        return Mould(args, kwargs, patched)
    validators = None if own is None else [*map(_read_validator, own)]
    return Mould(args, kwargs, patched, attributes, validators)


def _is_constant(value: object) -> bool:
    return type(value) in CONSTANTS or isinstance(value, (type, Promise))


def _read_validator(validator: Any) -> tuple[type, Mapping[str, Any]]:
    """Return the class of a validator and what it has, with a text that all copies may read."""
    attributes = vars(validator)
    text: Any = attributes.get("message")
    keeps_language = type(text) is lazy_format
    if keeps_language:
        lasting = LastingText(text.format_string, *text.args, **text.kwargs)
        attributes = {**attributes, "message": lasting}
    return type(validator), attributes


def _make_validator(read: tuple[type, Mapping[str, Any]]) -> Any:
    cls, attributes = read
    validator: Any = object.__new__(cls)
    validator.__dict__.update(attributes)
    return validator
