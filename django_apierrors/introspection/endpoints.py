"""Endpoints: one method of one view, and its properties that need no request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rest_framework import mixins
from rest_framework.relations import ManyRelatedField
from rest_framework.schemas.generators import BaseSchemaGenerator
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.settings import api_settings

from django_apierrors.generics import ONE_OBJECT_ACTIONS
from django_apierrors.operations.transactions import NonAtomicMixin
from django_apierrors.recognition.permissions import METHODS
from django_apierrors.routing import Route

# The actions that the handler methods of DRF's generic views call.
MIXINS_BY_METHOD: Mapping[str, tuple[tuple[type[Any], str], ...]] = {
    "GET": ((mixins.RetrieveModelMixin, "retrieve"), (mixins.ListModelMixin, "list")),
    "POST": ((mixins.CreateModelMixin, "create"),),
    "PUT": ((mixins.UpdateModelMixin, "update"),),
    "PATCH": ((mixins.UpdateModelMixin, "partial_update"),),
    "DELETE": ((mixins.DestroyModelMixin, "destroy"),),
}

BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})

# A variable of a route, in either of Django's spellings: `<int:pk>`, `(?P<pk>[0-9]+)`.
VARIABLE = re.compile(
    r"\(\?P<(?P<group>\w+)>(?P<digits>\[0-9\]\+|\\d\+)?|<(?:(?P<converter>\w+):)?(?P<name>\w+)>"
)
# The URLconf rejects a malformed value of these with a 404, so the view never gets one.
STRICT_CONVERTERS = frozenset({"int", "uuid"})

USE_VIEW_SERIALIZER = object()


def create_view(route: Route, method: str) -> Any:
    """Return the view of a route as DRF's schema generator creates it, without a request."""
    return BaseSchemaGenerator().create_view(route.view, method)


@dataclass(frozen=True)
class Endpoint:
    """One method of a view; `view` is an instance from `create_view()`.

    `route` is written as in the URLconf: `things/<uuid:pk>`. `body` is the serializer of the body
    if it is not the view's own serializer, `None` if the view does not read the body.
    """

    view: Any
    method: str
    route: str = ""
    body: Any = USE_VIEW_SERIALIZER

    def call(self, name: str, default: Any = None) -> Any:
        """Call the view's method `name`; return `default` if it does not exist or raises."""
        try:
            return getattr(self.view, name)()
        except Exception:
            # A method that a project has overridden may need a request or a user.
            return default

    @cached_property
    def action(self) -> str:
        """The action of a viewset or of a generic view, `""` for any other view."""
        action_map = getattr(self.view, "action_map", None)
        if action_map:
            return str(action_map.get(self.method.lower(), ""))
        actions = MIXINS_BY_METHOD.get(self.method, ())
        return next((name for cls, name in actions if isinstance(self.view, cls)), "")

    @cached_property
    def methods(self) -> frozenset[str]:
        """All methods of the URL that read or write, this one included."""
        action_map = getattr(self.view, "action_map", None)
        names = map(str.upper, action_map) if action_map else self.view.allowed_methods
        # A router also maps the methods that the view's `http_method_names` excludes.
        allowed = map(str.upper, self.view.http_method_names)
        return frozenset(names).intersection(allowed, METHODS)

    @property
    def is_accepting(self) -> bool:
        """Whether the endpoint accepts background work, with a 202."""
        if not isinstance(self.view, NonAtomicMixin):
            return False
        method = self.method.lower()
        action_map = getattr(self.view, "action_map", None) or {}
        return action_map.get(method, method) in self.view.get_accepting_actions()

    @property
    def is_list(self) -> bool:
        """Whether the endpoint lists resources."""
        return self.action == "list"

    @property
    def is_about_one_object(self) -> bool:
        """Whether the endpoint looks up one object, as DRF's `get_object()` does."""
        return self.action in ONE_OBJECT_ACTIONS or bool(getattr(self.view, "detail", False))

    @property
    def reads_body(self) -> bool:
        """Whether the view reads a request body."""
        return self.method in BODY_METHODS and self.body is not None

    @property
    def is_partial(self) -> bool:
        """Whether the body may omit required fields."""
        is_partial_put = self.action == "update" and self.call("get_partial_put", False)
        return self.action == "partial_update" or bool(is_partial_put)

    @cached_property
    def variables(self) -> Mapping[str, bool]:
        """The route's variables that identify resources, and whether each matches any string."""
        versioning = getattr(self.view, "versioning_class", None)
        others = {api_settings.FORMAT_SUFFIX_KWARG, getattr(versioning, "version_param", None)}
        return {
            name: match["converter"] not in STRICT_CONVERTERS and not match["digits"]
            for match in VARIABLE.finditer(self.route)
            if (name := match["group"] or match["name"]) not in others
        }

    @cached_property
    def serializer(self) -> Any:
        """The serializer of the view, `None` if the view does not have one without a request."""
        # Many projects set the class on plain views, because drf-spectacular reads it there.
        serializer = self.call("get_serializer") or self.call("serializer_class")
        return serializer if isinstance(serializer, BaseSerializer) else None

    @property
    def request_serializer(self) -> Any:
        """The serializer that reads the request body."""
        return self.serializer if self.body is USE_VIEW_SERIALIZER else self.body

    @cached_property
    def model(self) -> Any:
        """The model whose instances the view shows, `None` if it is unknown."""
        queryset = getattr(self.view, "queryset", None)
        if queryset is None:
            queryset = self.call("get_queryset")
        serializer = getattr(self.serializer, "child", self.serializer)
        return getattr(queryset, "model", None) or get_meta_model(serializer)

    @cached_property
    def fields(self) -> Mapping[str, Any]:
        """The fields that the body may have, by path; a relation to many has its child's field."""
        return dict(_walk_fields(self.request_serializer)) if self.reads_body else {}

    @cached_property
    def serializers(self) -> tuple[Any, ...]:
        """The serializers that read the body, nested ones included."""
        root = getattr(self.request_serializer, "child", self.request_serializer)
        if root is None or not self.reads_body:
            return ()
        return (root, *(field for field in self.fields.values() if isinstance(field, Serializer)))


def get_writable_fields(serializer: Any) -> Mapping[str, Any]:
    """Return the writable fields of a serializer by name; no fields if they need a request."""
    with suppress(Exception):
        fields = getattr(serializer, "fields", {})
        return {name: field for name, field in fields.items() if not field.read_only}
    return {}


def get_meta_model(serializer: Any) -> Any:
    """Return the model of a serializer or of its class, `None` if it has no model."""
    return getattr(getattr(serializer, "Meta", None), "model", None)


def _walk_fields(field: Any, path: str = "", *outer: type[Any]) -> Iterator[tuple[str, Any]]:
    # The paths are those of error messages. A path that ends in an index cannot be omitted.
    if isinstance(field, ManyRelatedField):
        yield path, field.child_relation
        return
    if path:
        yield path, field
    if type(field) in outer:
        # The serializer of a tree contains itself.
        return
    outer = (*outer, type(field)) if isinstance(field, Serializer) else outer
    if hasattr(field, "child"):
        yield from _walk_fields(field.child, f"{path}[0]", *outer)
    for name, inner in get_writable_fields(field).items():
        yield from _walk_fields(inner, f"{path}.{name}" if path else name, *outer)
