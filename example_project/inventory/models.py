"""Thngs, collections, and the operators whose API keys open them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from django.db import models

from example_project.inventory.ids import IdField


class Operator(models.Model):
    """A person who calls the API."""

    id = IdField(primary_key=True)
    account = IdField()
    first_name = models.CharField(max_length=100)
    last_name = models.CharField(max_length=100)
    email = models.EmailField(unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    # REST framework asks its users for this, as it does Django's own.
    is_authenticated = True

    def __str__(self) -> str:
        return self.email


class ApiKey(models.Model):
    """An operator's key, kept as a digest: whoever reads the table cannot call the API."""

    class Access(models.TextChoices):
        """What a key opens."""

        NOTHING = "nothing"
        READ = "read"
        WRITE = "write"

    operator = models.ForeignKey(Operator, on_delete=models.CASCADE, related_name="api_keys")
    digest = models.CharField(max_length=64, unique=True)
    access = models.CharField(max_length=10, choices=Access)

    def __str__(self) -> str:
        return f"{self.operator} may {self.access}"

    @staticmethod
    def digest_of(key: str) -> str:
        """Return what is stored for ``key``.

        One round of SHA-256 is enough for keys that are long and random; the slow hashes are for
        passwords that people make up.
        """
        return hashlib.sha256(key.encode()).hexdigest()


class Document(models.Model):
    """What thngs and collections have in common."""

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
        # Oldest first: what is created while a client walks the pages comes after them.
        ordering = ("created_at", "id")
        indexes = (models.Index(fields=("created_at", "id"), name="%(class)s_order"),)

    def __str__(self) -> str:
        return self.name

    @property
    def identifiers(self) -> dict[str, str]:
        """The names that the rest of the world has for this document, by type."""
        return {row.type: row.value for row in self.identifier_rows.all()}

    def set_identifiers(self, identifiers: Mapping[str, str]) -> None:
        """Replace the identifiers; raises ``IntegrityError`` where another document has one."""
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
    """A thng's place in a collection; it keeps the collection from being deleted."""

    collection = models.ForeignKey(Collection, on_delete=models.PROTECT)
    thng = models.ForeignKey(Thng, on_delete=models.CASCADE)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("collection", "thng"), name="membership_unique"),
        )

    def __str__(self) -> str:
        return f"{self.thng} in {self.collection}"


class Identifier(models.Model):
    """One name that the rest of the world has for one document, such as its serial number."""

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
