"""Thngs, collections, and operators with their API keys."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from django.db import models

from example_project.inventory.ids import IdField


class Operator(models.Model):
    """A user of the API."""

    id = IdField(primary_key=True)
    account = IdField()
    first_name = models.CharField(max_length=100)
    last_name = models.CharField(max_length=100)
    email = models.EmailField(unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    # DRF's permissions read this attribute of request.user.
    is_authenticated = True

    def __str__(self) -> str:
        return self.email


class ApiKey(models.Model):
    """The API key of an operator. Only its digest is stored, so the table has no usable key."""

    class Access(models.TextChoices):
        """The access of a key."""

        NOTHING = "nothing"
        READ = "read"
        WRITE = "write"

    operator = models.ForeignKey(Operator, on_delete=models.CASCADE, related_name="api_keys")
    digest = models.CharField(max_length=64, unique=True)
    access = models.CharField(max_length=10, choices=Access)

    def __str__(self) -> str:
        return f"{self.operator}: {self.access}"

    @staticmethod
    def digest_of(key: str) -> str:
        """Return the digest of ``key``.

        One round of SHA-256 is enough, because keys are long and random. Slow hashes are for
        passwords that people choose.
        """
        return hashlib.sha256(key.encode()).hexdigest()


class Document(models.Model):
    """The fields that thngs and collections share."""

    id = IdField(primary_key=True)
    name = models.CharField(max_length=255, db_index=True)
    description = models.TextField(blank=True)
    custom_fields = models.JSONField(default=dict)
    tags = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    identifier_rows: models.Manager[Identifier]

    class Meta:
        abstract = True
        # Oldest first: a document that is created while a client reads the pages comes last.
        ordering = ("created_at", "id")
        indexes = (models.Index(fields=("created_at", "id"), name="%(class)s_order"),)

    def __str__(self) -> str:
        return self.name

    @property
    def identifiers(self) -> dict[str, str]:
        """The identifiers of this document in other systems, by type."""
        return {row.type: row.value for row in self.identifier_rows.all()}

    def set_identifiers(self, identifiers: Mapping[str, str]) -> None:
        """Replace the identifiers; raise ``IntegrityError`` if another document has one of them."""
        rows = self.identifier_rows
        rows.all().delete()
        rows.bulk_create(
            rows.model(owner=self, type=type_, value=value) for type_, value in identifiers.items()
        )


class Collection(Document):
    """A group of thngs."""


class Thng(Document):
    """A physical object."""

    collections = models.ManyToManyField(Collection, through="Membership", related_name="thngs")


class Membership(models.Model):
    """A thng in a collection. A collection that contains thngs cannot be deleted."""

    collection = models.ForeignKey(Collection, on_delete=models.PROTECT)
    thng = models.ForeignKey(Thng, on_delete=models.CASCADE)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("collection", "thng"), name="membership_unique"),
        )

    def __str__(self) -> str:
        return f"{self.thng} in {self.collection}"


class Identifier(models.Model):
    """An identifier of a document in another system, such as a serial number."""

    type = models.CharField(max_length=100)
    value = models.CharField(max_length=255)

    class Meta:
        abstract = True
        ordering = ("type",)
        constraints = (
            models.UniqueConstraint(fields=("type", "value"), name="%(class)s_unique"),
            models.UniqueConstraint(fields=("owner", "type"), name="%(class)s_one_per_type"),
        )

    def __str__(self) -> str:
        return f"{self.type}={self.value}"


class ThngIdentifier(Identifier):
    """An identifier of a thng."""

    owner = models.ForeignKey(Thng, on_delete=models.CASCADE, related_name="identifier_rows")


class CollectionIdentifier(Identifier):
    """An identifier of a collection."""

    owner = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="identifier_rows")
