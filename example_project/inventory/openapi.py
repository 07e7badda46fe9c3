"""What drf-spectacular cannot tell by itself of the inventory; loaded where it is installed.

Its extensions name what they are about by a string, so nothing else here knows of them.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerFieldExtension,
)

from example_project.inventory.ids import ALPHABET, LENGTH

APP = "example_project.inventory"
ID = {"type": "string", "pattern": f"^[{ALPHABET}]{{{LENGTH}}}$"}
ACTOR = {
    "type": "object",
    "properties": {"type": {"type": "string"}, "id": ID},
    "required": ["type", "id"],
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
