"""The models of the test suite."""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.contrib.postgres.constraints import ExclusionConstraint
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower


class Shelf(models.Model):
    """A shelf, which cannot be deleted while things are on it."""

    name = models.CharField(max_length=20, unique=True)

    def __str__(self) -> str:
        return self.name


class Lock(models.Model):
    """The lock of a shelf. Not every shelf has a lock."""

    shelf = models.OneToOneField(Shelf, models.DO_NOTHING, related_name="lock")

    def __str__(self) -> str:
        return str(self.shelf)


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


class Ticket(models.Model):
    """A ticket with all constraints that a database may enforce, some with their own messages."""

    email = models.CharField(max_length=30)
    seat = models.IntegerField(null=True)
    is_open = models.BooleanField(default=True)
    row = models.SmallIntegerField(default=0)
    rank = models.SmallIntegerField(null=True, db_column="ticket_rank")
    count = models.PositiveSmallIntegerField(default=1)
    price = models.DecimalField(max_digits=4, decimal_places=2, default=Decimal(0))
    notes = models.TextField(default="")
    data = models.JSONField(default=dict)
    wait = models.DurationField(null=True)
    shelf = models.ForeignKey(Shelf, models.DO_NOTHING, null=True, related_name="tickets")

    class Meta:
        unique_together = [("row", "rank")]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_ticket_per_email"),
            models.UniqueConstraint(
                fields=["seat"],
                condition=models.Q(is_open=True),
                name="one_open_ticket_per_seat",
                violation_error_message="This seat is taken.",
                violation_error_code="seat_taken",
            ),
            models.CheckConstraint(
                condition=models.Q(row__lte=50),
                name="row_exists",
                violation_error_message="There are 50 rows.",
                violation_error_code="no_such_row",
            ),
        ]

    def __str__(self) -> str:
        return self.email


class Booking(models.Model):
    """Hours that cannot be booked twice, if the database has exclusion constraints."""

    begins = models.IntegerField()
    ends = models.IntegerField()

    class Meta:
        required_db_vendor = "postgresql"
        constraints = [
            ExclusionConstraint(
                name="no_hour_twice",
                expressions=[(models.Func("begins", "ends", function="int4range"), "&&")],
                violation_error_message="These hours are booked.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.begins} to {self.ends}"
