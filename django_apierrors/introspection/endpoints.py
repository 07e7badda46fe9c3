"""Endpoints: one verb of one view, and what can be told of it before there is a request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rest_framework import mixins
from rest_framework.relations import ManyRelatedField
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.settings import api_settings

from django_apierrors.operations.transactions import NonAtomicMixin
from django_apierrors.recognition.permissions import METHODS

# What the handler methods of DRF's generic views call; a viewset says it itself.
ACTIONS: Mapping[str, tuple[tuple[type[Any], str], ...]] = {
    "GET": ((mixins.RetrieveModelMixin, "retrieve"), (mixins.ListModelMixin, "list")),
    "POST": ((mixins.CreateModelMixin, "create"),),
    "PUT": ((mixins.UpdateModelMixin, "update"),),
    "PATCH": ((mixins.UpdateModelMixin, "partial_update"),),
    "DELETE": ((mixins.DestroyModelMixin, "destroy"),),
}
ONE_OBJECT_ACTIONS = frozenset({"retrieve", "update", "partial_update", "destroy"})

WITH_BODY = frozenset({"POST", "PUT", "PATCH"})

# A variable of a route, in either of Django's spellings: `<int:pk>`, `(?P<pk>[0-9]+)`.
VARIABLE = re.compile(
    r"\(\?P<(?P<group>\w+)>(?P<digits>\[0-9\]\+|\\d\+)?|<(?:(?P<converter>\w+):)?(?P<name>\w+)>"
)
# What these let through is well formed: the URLconf refuses the rest, which is a 404.
STRICT_CONVERTERS = frozenset({"int", "uuid"})

OWN = object()


@dataclass(frozen=True)
class Endpoint:
    """One verb of a view: the view as it is before a request, the verb, the text of its route.

    `route` is as the URLconf has it: `things/<uuid:pk>`. `body` is the serializer that reads the
    body where that is not the view's own, `None` where nothing reads it.
    """

    view: Any
    method: str
    route: str = ""
    body: Any = OWN

    def ask(self, name: str, default: Any = None) -> Any:
        """Return what the view's method `name` says, `default` where it has none or it raises.

        Views are the project's: some say nothing before there is a request, or a user.
        """
        try:
            return getattr(self.view, name)()
        except Exception:
            return default

    @cached_property
    def action(self) -> str:
        """The action of a viewset, the one that a generic view calls, `""` for any other view."""
        action_map = getattr(self.view, "action_map", None)
        if action_map:
            return str(action_map.get(self.method.lower(), ""))
        known = ACTIONS.get(self.method, ())
        return next((name for cls, name in known if isinstance(self.view, cls)), "")

    @cached_property
    def verbs(self) -> frozenset[str]:
        """The verbs that read or write the same URL, this one among them."""
        action_map = getattr(self.view, "action_map", None)
        names = map(str.upper, action_map) if action_map else self.view.allowed_methods
        return frozenset(names) & frozenset(METHODS)

    @property
    def is_accepting(self) -> bool:
        """Whether it accepts work."""
        verb = self.method.lower()
        name = (getattr(self.view, "action_map", None) or {}).get(verb, verb)
        is_able = isinstance(self.view, NonAtomicMixin)
        return is_able and name in self.view.get_accepting_actions()

    @property
    def is_list(self) -> bool:
        """Whether it lists resources."""
        return self.action == "list"

    @property
    def is_about_one_object(self) -> bool:
        """Whether it looks one object up, as DRF's `get_object()` does."""
        return self.action in ONE_OBJECT_ACTIONS or bool(getattr(self.view, "detail", False))

    @property
    def takes_body(self) -> bool:
        """Whether the verb comes with a body that the view reads."""
        return self.method in WITH_BODY and self.body is not None

    @property
    def is_partial(self) -> bool:
        """Whether the body may leave out what is required else."""
        is_partial_put = self.action == "update" and self.ask("get_partial_put", False)
        return self.action == "partial_update" or bool(is_partial_put)

    @cached_property
    def variables(self) -> Mapping[str, bool]:
        """The variables of the route that stand for resources, and whether any text fits each."""
        versioning = getattr(self.view, "versioning_class", None)
        others = {api_settings.FORMAT_SUFFIX_KWARG, getattr(versioning, "version_param", None)}
        return {
            name: match["converter"] not in STRICT_CONVERTERS and not match["digits"]
            for match in VARIABLE.finditer(self.route)
            if (name := match["group"] or match["name"]) not in others
        }

    @cached_property
    def serializer(self) -> Any:
        """The serializer of the view, `None` where it has none or only a request tells which."""
        found = self.ask("get_serializer")
        if found is None:
            # drf-spectacular knows this attribute on any view, and so do its users.
            cls = getattr(self.view, "serializer_class", None)
            found = cls() if isinstance(cls, type) and issubclass(cls, BaseSerializer) else None
        return found

    @property
    def reader(self) -> Any:
        """The serializer that reads the body."""
        return self.serializer if self.body is OWN else self.body

    @cached_property
    def model(self) -> Any:
        """The model whose instances the view shows, `None` where nothing tells."""
        serializer = getattr(self.serializer, "child", self.serializer)
        queryset = getattr(self.view, "queryset", None)
        if queryset is None:
            queryset = self.ask("get_queryset")
        model = getattr(queryset, "model", None)
        return model or getattr(getattr(serializer, "Meta", None), "model", None)

    @cached_property
    def fields(self) -> Mapping[str, Any]:
        """The fields that the body may have, by their paths; relations that hold many by one."""
        return dict(walk_fields(self.reader)) if self.takes_body else {}

    @cached_property
    def serializers(self) -> tuple[Any, ...]:
        """The serializers that read the body: the view's own, and those nested in it."""
        nested = (field for field in self.fields.values() if isinstance(field, Serializer))
        own = getattr(self.reader, "child", self.reader)
        return (own, *nested) if own is not None and self.takes_body else ()


def walk_fields(field: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the writable fields below `field`, with their paths as messages have them.

    A path that ends in an index is not a member that could be left out.
    """
    if isinstance(field, ManyRelatedField):
        yield path, field.child_relation
        return
    if path:
        yield path, field
    if hasattr(field, "child"):
        yield from walk_fields(field.child, f"{path}[0]")
    for name, inner in get_fields(field).items():
        if not inner.read_only:
            yield from walk_fields(inner, f"{path}.{name}" if path else name)


def get_fields(field: Any) -> Mapping[str, Any]:
    """Return the fields of a serializer, none of those that depend on a request."""
    try:
        return getattr(field, "fields", {})
    except Exception:
        return {}
