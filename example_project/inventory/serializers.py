"""The serializers of the inventory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models, transaction
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import get_error_detail
from rest_framework.relations import ManyRelatedField

from example_project.inventory.models import Collection, Document, Identifier, Operator, Thng

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_IDENTIFIERS = 100
TAKEN = "Another resource has the same value for this field."
MAX_IMPORTED = 10_000
MAX_TYPE_LENGTH = Identifier._meta.get_field("type").max_length


class UnixMillisecondsField(serializers.Field):
    """A datetime as milliseconds since 1970."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: datetime) -> int:
        """Return the milliseconds."""
        return (value - EPOCH) // timedelta(milliseconds=1)


class TextField(serializers.CharField):
    """A string. DRF's CharField also accepts numbers."""

    def to_internal_value(self, data: Any) -> str:
        """Return the string."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class IdRelatedField(serializers.PrimaryKeyRelatedField):
    """A document, represented by its id."""

    def to_internal_value(self, data: Any) -> Document:
        """Return the document; raise for an id that is malformed or unknown."""
        try:
            return super().to_internal_value(data)
        except DjangoValidationError as error:
            # PrimaryKeyRelatedField catches only TypeError and ValueError of the model field.
            raise ValidationError(get_error_detail(error)) from error


class OperatorSerializer(serializers.ModelSerializer):
    """An operator, without its API keys."""

    firstName = serializers.CharField(source="first_name")  # noqa: N815
    lastName = serializers.CharField(source="last_name")  # noqa: N815
    createdAt = UnixMillisecondsField(source="created_at")  # noqa: N815
    updatedAt = UnixMillisecondsField(source="updated_at")  # noqa: N815

    class Meta:
        model = Operator
        fields = ("id", "account", "firstName", "lastName", "email", "createdAt", "updatedAt")


class DocumentSerializer(serializers.ModelSerializer):
    """The fields that thngs and collections share.

    A field that is ``null`` counts as missing, because the API's Python client sends ``null`` for
    each field that its user did not set.
    """

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.CharField: TextField,
        models.TextField: TextField,
    }

    identifiers = serializers.DictField(child=TextField(max_length=255), required=False)
    customFields = serializers.DictField(source="custom_fields", required=False)  # noqa: N815
    tags = serializers.ListField(child=TextField(max_length=100), required=False)
    createdAt = UnixMillisecondsField(source="created_at")  # noqa: N815
    updatedAt = UnixMillisecondsField(source="updated_at")  # noqa: N815

    class Meta:
        fields = (
            "id",
            "name",
            "description",
            "identifiers",
            "customFields",
            "tags",
            "createdAt",
            "updatedAt",
        )

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Remove the fields that are ``null``; raise if the id differs from the id in the URL."""
        if isinstance(data, Mapping):
            data = {name: value for name, value in data.items() if value is not None}
            if self.instance is not None and data.get("id", self.instance.pk) != self.instance.pk:
                raise ValidationError({"id": ["This is not the id in the URL."]})
        return super().to_internal_value(data)

    def validate_identifiers(self, value: dict[str, str]) -> dict[str, str]:
        """Raise if another document has one of the identifiers."""
        if len(value) > MAX_IDENTIFIERS:
            raise ValidationError(f"No more than {MAX_IDENTIFIERS} identifiers are kept.")
        if not all(0 < len(type_) <= MAX_TYPE_LENGTH for type_ in value):
            raise ValidationError(f"A type has 1 to {MAX_TYPE_LENGTH} characters.")
        rows = self.Meta.model._meta.get_field("identifier_rows").related_model
        others = rows.objects.filter(type__in=value, value__in=value.values())
        if self.instance is not None:
            others = others.exclude(owner=self.instance)
        taken = [row.type for row in others if value[row.type] == row.value]
        if taken:
            raise ValidationError({type_: [ErrorDetail(TAKEN, "unique")] for type_ in taken})
        return value

    @transaction.atomic
    def save(self, **kwargs: Any) -> Document:
        """Save the document and its identifiers in one transaction."""
        identifiers = self.validated_data.pop("identifiers", None)
        document: Document = super().save(**kwargs)
        if identifiers is not None:
            document.set_identifiers(identifiers)
        return document


class CollectionSerializer(DocumentSerializer):
    """A collection."""

    class Meta(DocumentSerializer.Meta):
        model = Collection


class ThngSerializer(DocumentSerializer):
    """A thng, with the ids of its collections."""

    collections = IdRelatedField(many=True, required=False, queryset=Collection.objects.all())

    class Meta(DocumentSerializer.Meta):
        model = Thng
        fields = (*DocumentSerializer.Meta.fields, "collections")

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Raise if the collections are an object. DRF would use the keys of the object as ids."""
        if isinstance(data, Mapping) and isinstance(data.get("collections"), Mapping):
            message = ManyRelatedField.default_error_messages["not_a_list"]
            raise ValidationError({"collections": [message.format(input_type="dict")]})
        return super().to_internal_value(data)


class ThngImportSerializer(serializers.BaseSerializer):
    """An array of thngs. The task that creates them validates each on its own."""

    rows = serializers.ListField(max_length=MAX_IMPORTED)
    # DRF's SimpleMetadata reads this for OPTIONS. An array has no fields.
    fields: dict[str, Any] = {}

    def to_internal_value(self, data: Any) -> dict[str, list[Any]]:
        """Return the arguments of the task."""
        return {"rows": self.rows.run_validation(data)}
