"""Constraints: the fields behind a name, and a look-up that follows the models there are."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, models
from django.db.models.functions import Concat, Lower
from psycopg.errors import UniqueViolation

from django_apierrors.recognition import recognise
from django_apierrors.recognition.database import constraints
from django_apierrors.recognition.database.constraints import (
    UNTRACED,
    Trace,
    find_unique_constraint,
    get_index,
    get_own_message,
    get_sent_fields,
    has_relations,
    trace,
)
from django_apierrors.recognition.database.drivers import Report
from django_apierrors.recognition.database.statements import Statement
from tests.bodies import body
from tests.models import Parcel, Shelf, Thing, Ticket


def find(
    name: str = "", *columns: str, table: str = "", model: Any = None
) -> tuple[tuple[str, ...], bool]:
    """Return the fields of a report, and whether it is a check of a column's own."""
    found = trace(Report(table, columns, name), Statement(model))
    return found.fields, found.is_of_column


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("one_size_per_shelf", ("shelf", "size")),
        ("one_ticket_per_email", ("email",)),
        ("one_open_ticket_per_seat", ("seat",)),
        ("size_is_natural", ()),
        # As PostgreSQL calls them.
        ("tests_thing_pkey", ("key",)),
        ("tests_thing_thing_name_key", ("name",)),
        # As Django calls them, whatever had to be cut off in front.
        ("tests_ticket_row_ticket_rank_670ffb74_uniq", ("row", "rank")),
        ("tests_tic_row_tick_670ffb74_uniq", ("row", "rank")),
        ("nobody_knows_this_one", ()),
        ("", ()),
    ],
)
def test_a_constraint_is_traced_by_its_name_alone(name: str, fields: tuple[str, ...]) -> None:
    assert find(name) == (fields, False)


@pytest.mark.parametrize(
    ("report", "model", "found"),
    [
        (Report(constraint="PRIMARY"), Thing, (("key",), False)),
        (Report("tests_parcel", constraint="PRIMARY"), None, (("code",), False)),
        (Report(constraint="PRIMARY"), None, ((), False)),
        # As MySQL calls the UNIQUE of a field, SQLite and MariaDB the check of one.
        (Report(constraint="thing_name"), None, (("name",), True)),
        (Report(constraint="slug"), Parcel, (("slug",), True)),
        (Report("tests_ticket", constraint="tests_ticket_count_check"), None, (("count",), True)),
        (Report("tests_thing", ("shelf_id", "size")), None, (("shelf", "size"), False)),
        (Report("tests_thing", ("gone", "size")), None, (("size",), False)),
        (Report("gone", ("thing_name",)), None, (("name",), False)),
        # The column of a table that is not named goes by the statement's model.
        (Report(columns=("thing_name",)), Thing, (("name",), False)),
        (Report(columns=("thing_name",)), Shelf, ((), False)),
        (Report(columns=("gone",)), None, ((), False)),
    ],
)
def test_a_report_is_traced_by_table_column_and_statement(
    report: Report, model: Any, found: tuple[tuple[str, ...], bool]
) -> None:
    assert find(report.constraint, *report.columns, table=report.table, model=model) == found


@pytest.fixture
def registered() -> Iterator[None]:
    """Forget the models that a test registers."""
    known = {label: dict(registry) for label, registry in apps.all_models.items()}
    yield
    for label, registry in apps.all_models.items():
        for name in [*registry]:
            if name not in known.get(label, {}):
                del registry[name]
    apps.clear_cache()


@pytest.mark.usefixtures("registered")
def test_a_primary_key_of_several_fields_is_all_of_them() -> None:
    class Place(models.Model):
        pk = models.CompositePrimaryKey("row", "number")
        row = models.IntegerField(db_column="line")
        number = models.IntegerField()

        class Meta:
            app_label = "tests"

        def __str__(self) -> str:
            return f"{self.row}, {self.number}"

    # MySQL, PostgreSQL, SQLite.
    assert find("PRIMARY", model=Place) == (("row", "number"), False)
    assert find("tests_place_pkey", "line", "number", table="tests_place") == (
        ("row", "number"),
        False,
    )
    assert find("", "line", "number", table="tests_place") == (("row", "number"), False)


@pytest.mark.parametrize(
    ("fields", "sent"),
    [(("parcel", "thing"), ("things",)), (("thing",), ("things",)), (("parcel",), ()), ((), ())],
)
def test_a_row_between_two_models_is_a_value_of_the_field_that_holds_many(
    fields: tuple[str, ...], sent: tuple[str, ...]
) -> None:
    assert get_sent_fields(Trace(fields, model=Parcel.things.through)) == sent
    assert get_sent_fields(Trace(fields, model=Parcel)) == fields
    assert get_sent_fields(Trace(fields)) == fields


@pytest.mark.usefixtures("registered")
def test_a_model_that_comes_later_is_known_and_forgotten_again() -> None:
    assert find("one_box_per_colour") == ((), False)

    class Box(models.Model):
        colour = models.CharField(max_length=9, db_column="hue")
        data = models.JSONField()
        tint = models.CharField(max_length=9)

        class Meta:
            app_label = "tests"
            constraints = [
                models.UniqueConstraint(fields=["colour"], name="one_box_per_colour"),
                models.UniqueConstraint(
                    Lower(Concat("colour", models.Value("-"), "tint")), "pk", name="one_box_a_tint"
                ),
                models.UniqueConstraint(models.F("data__size").desc(), name="one_box_a_size"),
                models.UniqueConstraint(
                    models.Case(models.When(tint="red", then="colour")), name="one_red_box"
                ),
            ]

        def __str__(self) -> str:
            return self.colour

    assert find("one_box_per_colour") == (("colour",), False)
    assert find("one_box_a_tint") == (("colour", "tint", "id"), False)
    assert find("one_box_a_size") == (("data",), False)
    assert find("one_red_box") == (("colour",), False)
    assert find("", "hue") == (("colour",), False)
    del apps.all_models["tests"]["box"]
    apps.clear_cache()
    assert find("one_box_per_colour") == ((), False)


@pytest.mark.usefixtures("registered")
def test_a_name_that_two_models_use_is_told_apart_by_the_table_or_not_at_all() -> None:
    class One(models.Model):
        a = models.IntegerField(db_column="shared")

        class Meta:
            app_label = "tests"
            db_table = 'archive"."one'
            constraints = [models.UniqueConstraint(fields=["a"], name="shared_name")]

        def __str__(self) -> str:
            return ""

    class Two(models.Model):
        b = models.IntegerField(db_column="shared")

        class Meta:
            app_label = "tests"
            constraints = [models.UniqueConstraint(fields=["b"], name="shared_name")]

        def __str__(self) -> str:
            return ""

    assert find("shared_name", table="one") == (("a",), False)
    assert find("shared_name", model=Two) == (("b",), False)
    assert find("shared_name") == ((), False)
    assert find("", "shared") == ((), False)


@pytest.mark.usefixtures("registered")
def test_a_proxy_has_nothing_of_its_own() -> None:
    class OtherShelf(Shelf):
        class Meta:
            app_label = "tests"
            proxy = True

    assert get_index().models["tests_shelf"] is Shelf


def test_the_look_up_is_built_once_for_the_models_there_are() -> None:
    index = get_index()
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(get_index())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(other is index for other in found)
    apps.clear_cache()
    assert get_index() is not index


def clash() -> IntegrityError:
    """Return what Django raises for a unique clash."""
    exception = IntegrityError("secret")
    exception.__cause__ = UniqueViolation("secret")
    return exception


@pytest.mark.usefixtures("registered")
def test_a_constraint_that_cannot_be_read_leaves_all_others_known(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(models.UniqueConstraint):
        @property
        def name(self) -> str:
            raise RuntimeError("broken")

        @name.setter
        def name(self, value: str) -> None:
            pass

    class Odd(models.Model):
        a = models.IntegerField(db_column="odd")

        class Meta:
            app_label = "tests"

        def __str__(self) -> str:
            return ""

    Odd._meta.constraints = [Broken(fields=["a"], name="broken")]
    assert find("one_size_per_shelf") == (("shelf", "size"), False)
    assert find("", "odd") == (("a",), False)
    [record] = caplog.records
    assert record.getMessage().endswith("while reading the constraints of a model.")
    assert recognise(clash()).get_body() == body("ALREADY_EXISTS")
    assert len(caplog.records) == 1


def test_before_the_models_are_there_the_code_stands_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(apps, "models_ready", False)
    apps.get_models.cache_clear()
    assert recognise(clash()).get_body() == body("ALREADY_EXISTS")
    assert "looking for what a database refused" in caplog.text


@pytest.mark.parametrize(
    ("constraint", "message"),
    [
        (None, None),
        (models.CheckConstraint(condition=models.Q(a=1), name="c"), None),
        (
            models.CheckConstraint(
                condition=models.Q(a=1), name="c", violation_error_message="At 100%% at most."
            ),
            "At 100% at most.",
        ),
        (
            models.CheckConstraint(
                condition=models.Q(a=1), name="c", violation_error_message="%(name)s is violated."
            ),
            None,
        ),
    ],
)
def test_a_message_is_sent_where_it_is_the_projects_and_tells_no_name(
    constraint: models.BaseConstraint | None, message: str | None
) -> None:
    assert get_own_message(constraint) == message


def test_a_constraint_is_found_by_its_fields_where_there_is_one() -> None:
    seat = next(c for c in Ticket._meta.constraints if c.name == "one_open_ticket_per_seat")
    assert find_unique_constraint(Trace(("seat",), model=Ticket)) is seat
    assert find_unique_constraint(Trace(("row",), model=Ticket)) is None
    assert find_unique_constraint(UNTRACED) is None


def test_columns_are_relations_where_all_are_or_nobody_knows() -> None:
    assert has_relations(Thing, ["shelf_id"])
    assert not has_relations(Thing, ["shelf_id", "size"])
    assert has_relations(None, ["size"])
    assert has_relations(Thing, [])


def test_what_is_kept_is_one_look_up_and_no_more() -> None:
    get_index()
    built = constraints._built
    assert built is not None
    assert built[0] is apps.get_models(include_auto_created=True)
