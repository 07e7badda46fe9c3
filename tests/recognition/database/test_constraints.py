"""The fields behind the name of a constraint or a column.

`constraints` is private, but it parses names, and each database has other names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, models
from django.db.models.functions import Concat, Lower
from psycopg.errors import UniqueViolation

from django_apierrors.recognition import recognise
from django_apierrors.recognition.database.constraints import (
    NO_MATCH,
    ConstraintMatch,
    find_match,
    find_project_message,
    find_unique_constraint,
    get_public_names,
    has_relations,
)
from django_apierrors.recognition.database.drivers import ConstraintViolation
from django_apierrors.recognition.database.statements import FailedQuery
from tests.bodies import body
from tests.models import Parcel, Shelf, Thing, Ticket


def find(
    name: str = "", *columns: str, table: str = "", model: Any = None
) -> tuple[tuple[str, ...], bool]:
    """Return the fields of a violation, and whether the check of a column failed."""
    match = find_match(ConstraintViolation(table, columns, name), FailedQuery(model))
    return match.fields, match.is_column_check


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("one_size_per_shelf", ("shelf", "size")),
        ("one_ticket_per_email", ("email",)),
        ("one_open_ticket_per_seat", ("seat",)),
        ("size_is_natural", ()),
        # The names of PostgreSQL.
        ("tests_thing_pkey", ("key",)),
        ("tests_thing_thing_name_key", ("name",)),
        # The names of Django, cut in two ways.
        ("tests_ticket_row_ticket_rank_670ffb74_uniq", ("row", "rank")),
        ("tests_tic_row_tick_670ffb74_uniq", ("row", "rank")),
        ("unknown", ()),
        ("", ()),
    ],
)
def test_a_constraint_is_found_by_its_name_alone(name: str, fields: tuple[str, ...]) -> None:
    assert find(name) == (fields, False)


@pytest.mark.parametrize(
    ("name", "columns", "table", "model", "fields", "is_column_check"),
    [
        ("PRIMARY", (), "", Thing, ("key",), False),
        ("PRIMARY", (), "tests_parcel", None, ("code",), False),
        ("PRIMARY", (), "", None, (), False),
        # MySQL names the UNIQUE of a field after its column, SQLite and MariaDB the check.
        ("thing_name", (), "", None, ("name",), True),
        ("slug", (), "", Parcel, ("slug",), True),
        ("tests_ticket_count_check", (), "tests_ticket", None, ("count",), True),
        ("", ("shelf_id", "size"), "tests_thing", None, ("shelf", "size"), False),
        ("", ("gone", "size"), "tests_thing", None, ("size",), False),
        ("", ("thing_name",), "gone", None, ("name",), False),
        ("", ("thing_name",), "", Shelf, (), False),
        # The constraint of another model than the query's.
        ("one_size_per_shelf", (), "", Ticket, ("shelf", "size"), False),
    ],
)
def test_a_violation_is_matched_by_table_column_and_query(
    name: str,
    columns: tuple[str, ...],
    table: str,
    model: Any,
    fields: tuple[str, ...],
    is_column_check: bool,
) -> None:
    assert find(name, *columns, table=table, model=model) == (fields, is_column_check)


@pytest.fixture
def registered() -> Iterator[None]:
    """Unregister the models that a test registers."""
    models_before = {label: dict(registry) for label, registry in apps.all_models.items()}
    yield
    for label, registry in apps.all_models.items():
        for name in [*registry]:
            if name not in models_before.get(label, {}):
                del registry[name]
    apps.clear_cache()


def make_model(name: str, meta: dict[str, Any] | None = None, **fields: Any) -> Any:
    """Return a new model of the tests' app."""
    options = type("Meta", (), {"app_label": "tests", **(meta or {})})
    return type(name, (models.Model,), {"__module__": __name__, "Meta": options, **fields})


@pytest.mark.usefixtures("registered")
def test_a_primary_key_of_several_fields_is_all_of_them() -> None:
    place = make_model(
        "Place",
        pk=models.CompositePrimaryKey("row", "number"),
        row=models.IntegerField(db_column="line"),
        number=models.IntegerField(),
    )
    fields = (("row", "number"), False)
    # MySQL, PostgreSQL, SQLite.
    assert find("PRIMARY", model=place) == fields
    assert find("tests_place_pkey", "line", "number", table="tests_place") == fields
    assert find("", "line", "number", table="tests_place") == fields


@pytest.mark.usefixtures("registered")
def test_the_fields_of_a_constraint_on_expressions_are_found() -> None:
    make_model(
        "Box",
        {
            "constraints": [
                models.UniqueConstraint(
                    Lower(Concat("colour", models.Value("-"), "tint")), "pk", name="one_box_a_tint"
                ),
                models.UniqueConstraint(models.F("data__size").desc(), name="one_box_a_size"),
                models.UniqueConstraint(
                    models.Case(models.When(tint="red", then="colour")), name="one_red_box"
                ),
            ]
        },
        colour=models.CharField(max_length=9, db_column="hue"),
        data=models.JSONField(),
        tint=models.CharField(max_length=9),
    )
    names = ("one_box_a_tint", "one_box_a_size", "one_red_box")
    fields = (("colour", "tint", "id"), ("data",), ("colour",))
    assert [find(name) for name in names] == [(each, False) for each in fields]


@pytest.mark.usefixtures("registered")
def test_a_constraint_name_of_two_models_is_matched_only_with_the_model() -> None:
    for name, field in {"One": "a", "Two": "b"}.items():
        constraint = models.UniqueConstraint(fields=[field], name="shared_name")
        # Projects choose a schema with these quotes.
        meta = {"constraints": [constraint], "db_table": f'archive"."{name.lower()}'}
        make_model(name, meta, **{field: models.IntegerField(db_column="shared")})
    two = apps.get_model("tests", "two")

    assert find("shared_name", table="one") == (("a",), False)
    assert find("shared_name", model=two) == (("b",), False)
    assert find("shared_name") == ((), False)
    assert find("", "shared") == ((), False)


@pytest.mark.usefixtures("registered")
def test_a_table_belongs_to_the_model_and_not_to_its_proxy() -> None:
    meta = type("Meta", (), {"app_label": "tests", "proxy": True})
    type("OtherShelf", (Shelf,), {"__module__": __name__, "Meta": meta})
    match = find_match(ConstraintViolation("tests_shelf", ("name",)), FailedQuery())
    assert match == ConstraintMatch(("name",), model=Shelf)


@pytest.mark.parametrize(
    ("fields", "names"),
    [(("parcel", "thing"), ("things",)), (("thing",), ("things",)), (("parcel",), ()), ((), ())],
)
def test_a_row_between_two_models_has_the_name_of_the_many_to_many_field(
    fields: tuple[str, ...], names: tuple[str, ...]
) -> None:
    assert get_public_names(ConstraintMatch(fields, model=Parcel.things.through)) == names
    assert get_public_names(ConstraintMatch(fields, model=Parcel)) == fields
    assert get_public_names(ConstraintMatch(fields)) == fields


def test_the_code_alone_is_sent_if_models_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    exception = IntegrityError("secret")
    exception.__cause__ = UniqueViolation("secret")
    monkeypatch.setattr(apps, "models_ready", False)
    apps.get_models.cache_clear()
    assert recognise(exception).get_body() == body("ALREADY_EXISTS", status=400)
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        (None, None),
        ("At 100%% at most.", "At 100% at most."),
        ("%(name)s is violated.", None),
    ],
)
def test_the_message_of_a_constraint_is_sent_unless_it_contains_the_name(
    message: str | None, sent: str | None
) -> None:
    constraint = models.CheckConstraint(
        condition=models.Q(a=1), name="c", violation_error_message=message
    )
    assert find_project_message(constraint) == sent


def test_a_constraint_is_found_by_its_fields_if_it_is_the_only_one() -> None:
    seat = next(c for c in Ticket._meta.constraints if c.name == "one_open_ticket_per_seat")
    assert find_unique_constraint(ConstraintMatch(("seat",), model=Ticket)) is seat
    assert find_unique_constraint(ConstraintMatch(("row",), model=Ticket)) is None
    assert find_unique_constraint(NO_MATCH) is None


def test_columns_are_relations_if_all_are_or_the_model_is_unknown() -> None:
    assert has_relations(Thing, ["shelf_id"])
    assert not has_relations(Thing, ["shelf_id", "size"])
    assert has_relations(None, ["size"])
