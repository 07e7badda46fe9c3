"""What drf-spectacular cannot tell by itself of the inventory; loaded where it is installed.

Its extensions name what they are about, so nothing else here knows of them.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiFilterExtension,
    OpenApiSerializerExtension,
    OpenApiSerializerFieldExtension,
    OpenApiViewExtension,
)
from drf_spectacular.utils import OpenApiResponse, extend_schema

from example_project.inventory.filters import PARAMETER
from example_project.inventory.ids import ALPHABET, LENGTH
from example_project.inventory.serializers import (
    MAX_IDENTIFIERS,
    MAX_IMPORTED,
    MAX_TYPE_LENGTH,
    ThngSerializer,
)
from example_project.inventory.views import MAX_THNGS_AT_ONCE

APP = "example_project.inventory"
ID = {"type": "string", "pattern": f"^[{ALPHABET}]{{{LENGTH}}}$"}
# A text without NUL, and one that is more than white space. drf-spectacular adds the empty text.
ANY_TEXT = r"^[^\x00]+$"
SOME_TEXT = r"^[^\x00]*[^\s\x00][^\x00]*$"
ACCESS = {
    "type": "object",
    "properties": {
        "account": ID,
        "actor": {
            "type": "object",
            "properties": {"type": {"const": "operator"}, "id": ID},
            "required": ["type", "id"],
        },
    },
    "required": ["account", "actor"],
}


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """An API key, bare in the ``Authorization`` header."""

    target_class = f"{APP}.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return the scheme."""
        return {"type": "apiKey", "in": "header", "name": "Authorization"}


class MillisecondsField(OpenApiSerializerFieldExtension):
    """A moment."""

    target_class = f"{APP}.serializers.UnixMillisecondsField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """Return the schema."""
        return {"type": "integer", "readOnly": True, "description": "Milliseconds since 1970."}


class IdField(OpenApiSerializerFieldExtension):
    """The id of a document."""

    target_class = f"{APP}.serializers.IdRelatedField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """Return the schema."""
        return ID


class Text(OpenApiSerializerFieldExtension):
    """A text, which is trimmed."""

    target_class = f"{APP}.serializers.TextField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """Return the schema."""
        schema = auto_schema._map_serializer_field(self.target, direction, bypass_extensions=True)
        if direction == "response":
            return schema
        return schema | {"pattern": ANY_TEXT if self.target.allow_blank else SOME_TEXT}


class Import(OpenApiSerializerExtension):
    """Many thngs, of which a worker refuses those that are none."""

    target_class = f"{APP}.serializers.ThngImportSerializer"

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """Return the schema."""
        return {"type": "array", "items": {}, "maxItems": MAX_IMPORTED}


class Expression(OpenApiFilterExtension):
    """An expression that narrows a list."""

    target_class = f"{APP}.filters.ExpressionFilter"

    def get_schema_operation_parameters(self, auto_schema: Any) -> list[dict[str, Any]]:
        """Return the parameter."""
        schema = {"type": "string", "pattern": "^(name|identifiers\\.[^=]+)=.+$"}
        return [{"name": PARAMETER, "in": "query", "required": False, "schema": schema}]


class Access(OpenApiViewExtension):
    """Whom the caller's key belongs to."""

    target_class = f"{APP}.views.AccessAPIView"

    def view_replacement(self) -> Any:
        """Return the view with its response."""

        @extend_schema(responses=OpenApiResponse(ACCESS))
        class Described(self.target_class):
            pass

        return Described


class CollectionThngs(OpenApiViewExtension):
    """The thngs in a collection, which are put there by their ids."""

    target_class = f"{APP}.views.CollectionThngsAPIView"

    def view_replacement(self) -> Any:
        """Return the view with the body and the answer of its PUT."""
        ids = {"type": "array", "items": ID, "maxItems": MAX_THNGS_AT_ONCE}

        class Described(self.target_class):
            @extend_schema(request={"application/json": ids}, responses=ThngSerializer(many=True))
            def put(self, *args: Any, **kwargs: Any) -> Any:
                return super().put(*args, **kwargs)

        return Described


class CollectionThng(OpenApiViewExtension):
    """One thng's place in one collection."""

    target_class = f"{APP}.views.CollectionThngAPIView"

    def view_replacement(self) -> Any:
        """Return the view, under a name that is not that of its neighbour."""

        class Described(self.target_class):
            @extend_schema(operation_id="collections_thng_destroy")
            def delete(self, *args: Any, **kwargs: Any) -> Any:
                return super().delete(*args, **kwargs)

        return Described


def complete(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Say what serializers do not; drf-spectacular calls it with the whole document."""
    for verbs in result["paths"].values():
        for operation in verbs.values():
            describe_operation(operation)
    for name, schema in result["components"]["schemas"].items():
        if name.endswith("Request"):
            describe_document(schema)
    return result


def describe_operation(operation: dict[str, Any]) -> None:
    """Say how an id is spelled, and that there must be a body."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path" and parameter["name"] in ("id", "thng_pk"):
            parameter["schema"] = ID
    # To REST framework no body is an empty object: nothing to create, and no array.
    if "requestBody" in operation and "Patched" not in str(operation["requestBody"]):
        operation["requestBody"]["required"] = True


def describe_document(schema: dict[str, Any]) -> None:
    """Say how many identifiers there may be, and that what is ``null`` counts as not sent."""
    members = schema.get("properties", {})
    if "identifiers" in members:
        members["identifiers"] |= {
            "propertyNames": {"minLength": 1, "maxLength": MAX_TYPE_LENGTH},
            "maxProperties": MAX_IDENTIFIERS,
        }
    for name in members.keys() - set(schema.get("required", ())):
        members[name] = {"anyOf": [members[name], {"type": "null"}]}
