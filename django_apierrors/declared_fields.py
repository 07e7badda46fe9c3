"""Declared fields: those of a serializer, copied in fewer steps than DRF takes for it.

DRF makes each field of a serializer anew for each request, from what its class was given. A field
of one of DRF's simple classes that was given nothing but constants comes out the same each time:
such a one is copied from what DRF made of it the first time. All others are DRF's to make.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import count, repeat
from types import FunctionType
from typing import Any, TypeAlias
from uuid import UUID

from rest_framework import fields, serializers
from rest_framework.serializers import BaseSerializer, ListSerializer, Serializer
from rest_framework.utils.formatting import lazy_format

from django_apierrors.field_classes import CONTAINERS, SIMPLE, VALIDATOR_MODULES, Look, get_look
from django_apierrors.memory import TRANSLATED

Field: TypeAlias = "fields.Field[Any, Any, Any, Any]"

# What a field may be given beside classes: what nobody can change, and no state of its own has.
CONSTANTS = frozenset({bool, int, float, Decimal, UUID, type(None), FunctionType, *TRANSLATED})

# The containers that each copy gets a new one of.
RENEWED = frozenset({"_kwargs", "_validators", "style", "error_messages"})

# Where a declared field keeps its mould, so that the two are forgotten together.
MOULD = "_apierrors_mould"

LateText: TypeAlias = "tuple[Iterable[Any], Mapping[str, Any]]"


@dataclass(frozen=True, slots=True, eq=False)
class Mould:
    """What copies are made from, and what of the field and its class that holds for."""

    # What the field is, and what it was given.
    cls: type
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

    def make(self, counter: int) -> Any:
        """Return a field as DRF would have made it as its `counter`th."""
        made: Any = object.__new__(self.cls)
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
    if "_constructor_args" in own:
        args, kwargs = own["_constructor_args"]
        kwargs = kwargs.copy()
        own["_constructor_args"] = args, kwargs
        if late is not None:
            # It keeps the language that it is first read in.
            own["message"] = kwargs["message"] = lazy_format(*late[0], **late[1])
    return made


def shorten_copying(serializer: Any) -> None:
    """Let `serializer`, if its get_fields() is DRF's, copy its declared fields in fewer steps."""
    while isinstance(serializer, ListSerializer):
        serializer = serializer.child
    method = getattr(type(serializer), "get_fields", None)
    # Some projects, and tests, put something else in the place of DRF's own.
    is_drfs = getattr(method, "__globals__", None) is vars(serializers)
    if method is Serializer.get_fields and is_drfs:
        # Not by setattr(): a serializer may guard what is set of it.
        vars(serializer).setdefault("get_fields", partial(get_fields, serializer))


def get_fields(serializer: Serializer[Any]) -> dict[str, Field]:
    """Return what DRF's get_fields() returns: a copy of each declared field."""
    declared = serializer._declared_fields
    look = get_look(SIMPLE.intersection(map(type, declared.values())))
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
            new = memo[id(field)] = mould.make(next(numbers))
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
    cls: Any = type(field)
    if cls not in SIMPLE:
        return None
    known: Mould | None = vars(field).get(MOULD)
    if (
        known is None
        or known.look is not look
        or known.cls is not cls
        or known.kwargs != field._kwargs
        or known.args != field._args
    ):
        known = vars(field)[MOULD] = _make_mould(field, look)
    return None if known.attributes is None else known


def _make_mould(field: Any, look: Look) -> Mould:
    given = type(field), (*field._args,), {**field._kwargs}
    if not (look.is_drfs and all(map(_is_constant, (*given[1], *given[2].values())))):
        return Mould(*given, look)
    made = deepcopy(field)
    # Another thread may have patched something in the meantime.
    if not (look.is_true(frozenset({type(field)})) and _can_be_copied(made)):
        return Mould(*given, look)
    attributes = {**vars(made)}
    own = attributes.pop("_validators", None)
    return Mould(*given, look, attributes, None if own is None else [*map(_read_validator, own)])


def _can_be_copied(made: Any) -> bool:
    """Tell whether nothing in a field, or in its validators, is shared or can be changed."""
    own = vars(made).get("_validators", [])
    is_known = all(type(validator).__module__ in VALIDATOR_MODULES for validator in own)
    # Those of a class are the same ones in all fields.
    if not is_known or made.default_validators or made.style != {}:
        return False
    held = [value for name, value in vars(made).items() if name not in RENEWED]
    held += [value for validator in own for value in vars(validator).values()]
    return not any(isinstance(value, CONTAINERS) for value in held)


def _is_constant(value: object) -> bool:
    return type(value) in CONSTANTS or isinstance(value, type)


def _read_validator(validator: Any) -> tuple[type, dict[str, Any], LateText | None]:
    attributes = {**vars(validator)}
    text: Any = attributes.get("message")
    is_late = type(text) is lazy_format
    late = ((text.format_string, *text.args), text.kwargs) if is_late else None
    return type(validator), attributes, late
