"""Declared fields: those of a serializer, copied in fewer steps than DRF takes for it.

DRF makes each field of a serializer anew for each request, from what its class was given: two
thirds of what it costs to refuse a small document. Here two copies by DRF are compared, once. What
is the same in both is the same in all; a list or a dict of such things is a new one in each. A
field that has anything else, or is not of DRF's own class, is copied by DRF as before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID
from weakref import WeakKeyDictionary

from django.core import validators as django_validators
from rest_framework import fields, validators
from rest_framework.serializers import ListSerializer
from rest_framework.utils.formatting import lazy_format

Field: TypeAlias = "fields.Field[Any, Any, Any, Any]"

# Whose fields are made of nothing but what they are given. (Relations read the settings too.)
FIELD_MODULE = fields.__name__

# Whose validators keep nothing of what they have seen.
VALIDATOR_MODULES = frozenset({django_validators.__name__, validators.__name__})

# Two of these that are equal are as good as one.
CONSTANTS = frozenset(
    {str, bytes, int, float, Decimal, UUID, date, datetime, time, timedelta},
)

CONTAINERS = frozenset({dict, list, set})

# What a field was made with, and when: read where one is shown, copied or declared.
ARGUMENTS, ORIGIN = "_kwargs", frozenset({"_args", "_creation_counter"})

VALIDATORS = "_validators"

# What Django's validators keep of what they were made with, which migrations read.
VALIDATOR_ORIGIN = "_constructor_args"


class LastingText(lazy_format):
    """A text that is made each time it is read; DRF's keeps the language of the first time."""

    def __str__(self) -> str:
        """Return the text in the language that is spoken."""
        return str(self.format_string).format(*self.args, **self.kwargs)


class DifferenceError(Exception):
    """Two copies of a field differ in something of which no third one can be made."""


class Mould(NamedTuple):
    """What the copies of a field, or of a validator, have in common, and what each has itself."""

    cls: type
    shared: Mapping[str, Any]
    containers: Sequence[tuple[str, Any]] = ()
    # By their places in the list.
    validators: Sequence[tuple[int, Mould]] = ()

    def make(self) -> Any:
        """Return an object that is as a copy by DRF would be."""
        made: Any = object.__new__(self.cls)
        # Not a dict in place of its own: Python finds in that one sooner what it looks for.
        known = made.__dict__
        known.update(self.shared)
        for name, container in self.containers:
            known[name] = container.copy()
        for index, mould in self.validators:
            known[VALIDATORS][index] = mould.make()
        return made


class DeclaredFields(dict[str, Field]):
    """The fields that a class of serializers declares; DRF copies them for each serializer."""

    _was_copied = False
    # By the ids of the fields.
    _moulds: Mapping[int, Mould | None] | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Field]:
        """Return a dict of new fields."""
        if self._moulds is None:
            # Some classes are made for one request: theirs are copied once.
            if not self._was_copied:
                self._was_copied = True
                return deepcopy(dict(self), memo)
            self._moulds = {id(field): make_mould(field) for field in self.values()}
        get_mould = self._moulds.get
        return {
            name: mould.make() if (mould := get_mould(id(field))) else _copy(field, memo)
            for name, field in self.items()
        }


_known: WeakKeyDictionary[type, DeclaredFields] = WeakKeyDictionary()


def spare_making(serializer: Any) -> None:
    """Let `serializer`, and those inside it, copy the fields of their classes in fewer steps."""
    while isinstance(serializer, ListSerializer):
        serializer = serializer.child
    cls = type(serializer)
    declared = getattr(cls, "_declared_fields", None)
    if type(declared) is not dict:
        return
    known = _known.get(cls)
    # Some projects add to the fields of a class later.
    if known is None or known != declared:
        known = _known[cls] = DeclaredFields(declared)
    serializer._declared_fields = known


def make_mould(field: Field) -> Mould | None:
    """Return the mould of the copies of `field`, `None` where DRF must make each of them."""
    if type(field).__module__ != FIELD_MODULE:
        return None
    try:
        return _make_mould(type(field), vars(deepcopy(field)), vars(deepcopy(field)))
    except DifferenceError:
        return None


def _make_mould(cls: type, one: Mapping[str, Any], other: Mapping[str, Any]) -> Mould:
    if one.keys() != other.keys():
        raise DifferenceError
    shared, containers = {}, []
    validator_moulds: Sequence[tuple[int, Mould]] = ()
    for name, value in one.items():
        if name in ORIGIN or _is_same(value, other[name]):
            shared[name] = value
            continue
        if name == VALIDATORS:
            validator_moulds = [*_make_validator_moulds(value, other[name])]
        elif name != ARGUMENTS and not _has_same(value, other[name]):
            raise DifferenceError
        containers.append((name, value))
    return Mould(cls, shared, containers, validator_moulds)


def _is_same(one: object, other: object) -> bool:
    """Tell whether what two copies have is one thing, or as good as one."""
    return one is other or (type(one) is type(other) and type(one) in CONSTANTS and one == other)


def _has_same(one: Any, other: Any) -> bool:
    """Tell whether two copies have two containers of the same things."""
    if type(one) not in CONTAINERS or type(one) is not type(other) or len(one) != len(other):
        return False
    if isinstance(one, dict):
        one, other = [*chain.from_iterable(one.items())], [*chain.from_iterable(other.items())]
    return all(map(_is_same, one, other))


def _make_validator_moulds(ones: Any, others: Any) -> Iterator[tuple[int, Mould]]:
    """Yield the place and the mould of each validator that no two copies share."""
    if type(ones) is not list or type(others) is not list or len(ones) != len(others):
        raise DifferenceError
    for index, (one, other) in enumerate(zip(ones, others, strict=True)):
        if one is other:
            continue
        if type(one) is not type(other) or type(one).__module__ not in VALIDATOR_MODULES:
            raise DifferenceError
        # One that was given nothing has nothing that could be changed.
        if vars(one).keys() - {VALIDATOR_ORIGIN}:
            yield index, Mould(type(one), _make_lasting(vars(one)))


def _make_lasting(known: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a validator keeps, with a text that all of its copies may read."""
    text: Any = known.get("message")
    keeps_language = type(text) is lazy_format
    if not keeps_language:
        return known
    return {**known, "message": LastingText(text.format_string, *text.args, **text.kwargs)}


def _copy(field: Field, memo: dict[int, Any]) -> Field:
    """Return DRF's copy of `field`; of a serializer, one that copies its own in fewer steps."""
    copy: Field = deepcopy(field, memo)
    spare_making(copy)
    return copy
