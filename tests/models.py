"""The models of the test suite."""

from __future__ import annotations

import uuid

from django.core.validators import RegexValidator
from django.db import models


class Shelf(models.Model):
    """Something that things stand on; not to be deleted under them."""

    name = models.CharField(max_length=20, unique=True)

    def __str__(self) -> str:
        return self.name


class Thing(models.Model):
    """A thing with every constraint that SQLite can enforce."""

    key = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=20, unique=True, db_column="thing_name")
    size = models.IntegerField(default=0)
    shelf = models.ForeignKey(Shelf, models.PROTECT, null=True, blank=True, related_name="things")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(size__gte=0), name="size_is_natural"),
            models.UniqueConstraint(fields=["shelf", "size"], name="one_size_per_shelf"),
        ]

    def __str__(self) -> str:
        return self.name


class Parcel(models.Model):
    """A thing known by a key of 24 characters, a slug and a number."""

    code = models.CharField(
        primary_key=True, max_length=24, validators=[RegexValidator(r"^[a-zA-Z0-9]{24}\Z")]
    )
    slug = models.SlugField(unique=True)
    number = models.IntegerField(unique=True)
    shelf = models.ForeignKey(Shelf, models.RESTRICT, null=True, related_name="parcels")
    things = models.ManyToManyField(Thing, related_name="parcels")

    def __str__(self) -> str:
        return self.slug
