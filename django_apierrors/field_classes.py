"""Field classes: DRF's simple ones, and whether they are still as they were when last looked at.

A project, or a test, may patch them: then what was made by them is to be made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from copy import copy
from operator import itemgetter
from types import ModuleType
from typing import Any, NamedTuple

from django.core import validators as django_validators
from rest_framework import fields, validators

# The classes whose __init__() looks at nothing but its arguments and at its class.
SIMPLE = frozenset(
    {
        *(fields.BooleanField, fields.CharField, fields.EmailField, fields.SlugField),
        *(fields.URLField, fields.UUIDField, fields.IntegerField, fields.FloatField),
        *(fields.DecimalField, fields.DateTimeField, fields.DateField, fields.TimeField),
        *(fields.DurationField, fields.ReadOnlyField, fields.SerializerMethodField),
    }
)

# Those and their bases, and what of them decides what is made: it may be patched, in a test, say.
CLASSES = frozenset(base for cls in SIMPLE for base in cls.__mro__ if base is not object)
METHODS = frozenset({"__init__", "__new__", "__deepcopy__", "__setattr__", "get_validators"})
KINDS = {"default_error_messages": dict, "default_validators": list, "validators": property}
LOOKED_AT = METHODS | KINDS.keys() | {"initial", "default_empty_html", "valid_formats"}

CONTAINERS = (dict, list, set)

# Whose validators keep nothing of what they have seen; the names by which DRF's fields make them.
VALIDATOR_MODULES = frozenset({django_validators.__name__, validators.__name__})
VALIDATORS = frozenset(
    name
    for name, value in vars(fields).items()
    if isinstance(value, type) and value.__module__ in VALIDATOR_MODULES
)


class Own(NamedTuple):
    """What a class or a module had of its own of what is looked at, and what it had not."""

    names: Sequence[str]
    namespace: Mapping[str, Any]
    get: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    values: tuple[Any, ...]
    lacks: Callable[[Set[str]], bool]
    absent: Set[str]

    @classmethod
    def of(cls, owner: type | ModuleType, looked_at: Set[str]) -> Own:
        """Look at a class or a module."""
        namespace = vars(owner)
        # With two that each has: a getter of one name returns no tuple.
        names = ["__doc__", "__doc__", *(looked_at & namespace.keys())]
        # With a copy of what may be changed in place.
        values = [
            copy(value) if isinstance(value, CONTAINERS) else value
            for value in map(namespace.__getitem__, names)
        ]
        lacks = namespace.keys().isdisjoint
        absent = looked_at - {*names}
        return cls(names, namespace, itemgetter(*names), tuple(values), lacks, absent)

    def is_drfs(self) -> bool:
        """Tell whether nobody had put something of another kind in the place of what DRF has."""
        return all(map(_is_drfs, self.names, self.values))


class Look:
    """What DRF's classes of fields look like; the same one for as long as they do."""

    def __init__(self) -> None:
        """Look at all of them."""
        self.own = {cls: Own.of(cls, LOOKED_AT) for cls in CLASSES}
        self.validators = Own.of(fields, VALIDATORS)
        self.is_drfs = all(own.is_drfs() for own in self.own.values())
        # By the classes of the fields of a serializer.
        self.parts: dict[Set[type], list[Own]] = {}

    def is_true(self, classes: Set[type]) -> bool:
        """Tell whether these classes, and their bases, look like that still."""
        parts = self.parts.get(classes)
        if parts is None:
            bases = {base for cls in classes for base in cls.__mro__ if base in self.own}
            parts = self.parts[classes] = [self.validators, *(self.own[base] for base in bases)]
        try:
            for _names, namespace, get, values, lacks, absent in parts:
                if get(namespace) != values or not lacks(absent):
                    return False
        except KeyError:
            # One is there no more.
            return False
        return True


def get_look(classes: Set[type]) -> Look:
    """Return what holds now of these classes: the look of before, if it does still."""
    global _look
    look = _look
    if not look.is_true(classes):
        look = _look = Look()
    return look


def _is_drfs(name: str, value: Any) -> bool:
    if not isinstance(value, KINDS.get(name, object)):
        return False
    if name in METHODS:
        value = value.__func__ if isinstance(value, staticmethod) else value
    elif isinstance(value, property):
        value = value.fget
    else:
        return True
    return getattr(value, "__globals__", None) is vars(fields)


_look = Look()
