"""Extensions for drf-spectacular: schemas that it cannot find by itself.

Each extension names its target. ``apps.py`` imports this module, which registers the extensions.
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
# Strings without NUL, and such strings that are not only white space. drf-spectacular adds the
# empty string to the first.
ANY_STRING = r"^[^\x00]+$"
NON_BLANK_STRING = r"^[^\x00]*[^\s\x00][^\x00]*$"
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
    """An API key in the ``Authorization`` header."""

    target_class = f"{APP}.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return the security scheme."""
        return {"type": "apiKey", "in": "header", "name": "Authorization"}


class UnixMillisecondsFieldExtension(OpenApiSerializerFieldExtension):
    """A datetime in milliseconds."""

    target_class = f"{APP}.serializers.UnixMillisecondsField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """Return the schema."""
        return {"type": "integer", "readOnly": True, "description": "Milliseconds since 1970."}


class IdRelatedFieldExtension(OpenApiSerializerFieldExtension):
    """The id of a document."""

    target_class = f"{APP}.serializers.IdRelatedField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """Return the schema."""
        return ID


class TextFieldExtension(OpenApiSerializerFieldExtension):
    """A string that DRF trims."""

    target_class = f"{APP}.serializers.TextField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """Return the schema."""
        schema = auto_schema._map_serializer_field(self.target, direction, bypass_extensions=True)
        if direction == "response":
            return schema
        return schema | {"pattern": ANY_STRING if self.target.allow_blank else NON_BLANK_STRING}


class ThngImportSerializerExtension(OpenApiSerializerExtension):
    """An array of anything: the worker validates the rows."""

    target_class = f"{APP}.serializers.ThngImportSerializer"

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """Return the schema."""
        return {"type": "array", "items": {}, "maxItems": MAX_IMPORTED}


class ExpressionFilterExtension(OpenApiFilterExtension):
    """The filter of a list."""

    target_class = f"{APP}.filters.ExpressionFilter"

    def get_schema_operation_parameters(self, auto_schema: Any) -> list[dict[str, Any]]:
        """Return the parameter."""
        schema = {"type": "string", "pattern": "^(name|identifiers\\.[^=]+)=.+$"}
        return [{"name": PARAMETER, "in": "query", "required": False, "schema": schema}]


class AccessViewExtension(OpenApiViewExtension):
    """The owner of the API key."""

    target_class = f"{APP}.views.AccessAPIView"

    def view_replacement(self) -> Any:
        """Return the view with its response."""

        @extend_schema(responses=OpenApiResponse(ACCESS))
        class Described(self.target_class):
            pass

        return Described


class CollectionThngsViewExtension(OpenApiViewExtension):
    """The thngs in a collection, which are added by id."""

    target_class = f"{APP}.views.CollectionThngsAPIView"

    def view_replacement(self) -> Any:
        """Return the view with the request and the response of its PUT."""
        ids = {"type": "array", "items": ID, "maxItems": MAX_THNGS_AT_ONCE}

        class Described(self.target_class):
            @extend_schema(request={"application/json": ids}, responses=ThngSerializer(many=True))
            def put(self, *args: Any, **kwargs: Any) -> Any:
                return super().put(*args, **kwargs)

        return Described


class CollectionThngViewExtension(OpenApiViewExtension):
    """One thng in one collection."""

    target_class = f"{APP}.views.CollectionThngAPIView"

    def view_replacement(self) -> Any:
        """Return the view with an operation id of its own."""

        class Described(self.target_class):
            @extend_schema(operation_id="collections_thng_destroy", responses=None)
            def delete(self, *args: Any, **kwargs: Any) -> Any:
                return super().delete(*args, **kwargs)

        return Described


def complete_schema(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Add rules that the serializers do not contain. A postprocessing hook of drf-spectacular."""
    for path_item in result["paths"].values():
        for operation in path_item.values():
            complete_operation(operation)
    for name, schema in result["components"]["schemas"].items():
        if name.endswith("Request"):
            complete_document(schema)
    return result


def complete_operation(operation: dict[str, Any]) -> None:
    """Add the pattern of ids, and mark the body as required."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path" and parameter["name"] in ("id", "thng_pk"):
            parameter["schema"] = ID
    # DRF parses a missing body as an empty object, which creates nothing and is not an array.
    if "requestBody" in operation and "Patched" not in str(operation["requestBody"]):
        operation["requestBody"]["required"] = True


def complete_document(schema: dict[str, Any]) -> None:
    """Add the limits of identifiers, and allow ``null``, which counts as missing."""
    properties = schema.get("properties", {})
    if "identifiers" in properties:
        properties["identifiers"] |= {
            "propertyNames": {"minLength": 1, "maxLength": MAX_TYPE_LENGTH},
            "maxProperties": MAX_IDENTIFIERS,
        }
    for name in properties.keys() - set(schema.get("required", ())):
        properties[name] = {"anyOf": [properties[name], {"type": "null"}]}
