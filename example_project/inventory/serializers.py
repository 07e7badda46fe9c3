"""The documents of the inventory, as they stand on the wire."""

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
MAX_IMPORTED = 10_000
MAX_TYPE_LENGTH = Identifier._meta.get_field("type").max_length


class UnixMillisecondsField(serializers.Field):
    """A moment as the milliseconds since 1970."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: datetime) -> int:
        """Return the milliseconds."""
        return (value - EPOCH) // timedelta(milliseconds=1)


class TextField(serializers.CharField):
    """A text; REST framework's own takes a number for one."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class IdRelatedField(serializers.PrimaryKeyRelatedField):
    """A document that is named by its id."""

    def to_internal_value(self, data: Any) -> Document:
        """Return the document; a malformed id is as much the client's fault as an unknown one."""
        try:
            return super().to_internal_value(data)
        except DjangoValidationError as error:
            # PrimaryKeyRelatedField expects a TypeError or a ValueError from the model's field.
            raise ValidationError(get_error_detail(error)) from error


class OperatorSerializer(serializers.ModelSerializer):
    """An operator; its keys are nobody's to read."""

    firstName = serializers.CharField(source="first_name")  # noqa: N815
    lastName = serializers.CharField(source="last_name")  # noqa: N815
    createdAt = UnixMillisecondsField(source="created_at")  # noqa: N815
    updatedAt = UnixMillisecondsField(source="updated_at")  # noqa: N815

    class Meta:
        model = Operator
        fields = ("id", "account", "firstName", "lastName", "email", "createdAt", "updatedAt")


class DocumentSerializer(serializers.ModelSerializer):
    """What thngs and collections have in common.

    A member that is ``null`` counts as not sent: the API's Python client sends every member that
    it knows, those that its caller did not set as ``null``.
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
        """Leave out what is ``null``, and refuse an id that is not the URL's."""
        if isinstance(data, Mapping):
            data = {member: value for member, value in data.items() if value is not None}
            if self.instance is not None and data.get("id", self.instance.pk) != self.instance.pk:
                raise ValidationError({"id": ["This is not the id in the URL."]})
        return super().to_internal_value(data)

    def validate_identifiers(self, value: dict[str, str]) -> dict[str, str]:
        """Refuse identifiers that another document has."""
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
            message = ErrorDetail("Another resource has the same value for this field.", "unique")
            raise ValidationError({type_: [message] for type_ in taken})
        return value

    @transaction.atomic
    def save(self, **kwargs: Any) -> Document:
        """Write the document and its identifiers, both or neither."""
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
    """A thng, and the ids of the collections that it is in."""

    collections = IdRelatedField(many=True, required=False, queryset=Collection.objects.all())

    class Meta(DocumentSerializer.Meta):
        model = Thng
        fields = (*DocumentSerializer.Meta.fields, "collections")

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Refuse an object in place of the array, which REST framework takes by its keys."""
        if isinstance(data, Mapping) and isinstance(data.get("collections"), Mapping):
            message = ManyRelatedField.default_error_messages["not_a_list"]
            raise ValidationError({"collections": [message.format(input_type="dict")]})
        return super().to_internal_value(data)


class ThngImportSerializer(serializers.BaseSerializer):
    """An array of thngs; the task that creates them validates each, and refuses it alone."""

    rows = serializers.ListField(max_length=MAX_IMPORTED)
    # For what an OPTIONS request says of the members of a body: an array has none.
    fields: dict[str, Any] = {}

    def to_internal_value(self, data: Any) -> dict[str, list[Any]]:
        """Return the rows, by the name of the task's argument."""
        return {"rows": self.rows.run_validation(data)}
