"""The names in the messages of drivers, in any language, with any value of a client in them.

`drivers` is private, but it parses messages, not all of which can be provoked here.
"""

from __future__ import annotations

import sqlite3
import time
from types import SimpleNamespace
from typing import Any

import psycopg
import pymysql
import pytest
from django.db import IntegrityError, OperationalError

from django_apierrors.recognition.database.drivers import (
    ConstraintViolation,
    DriverError,
    classify,
    parse_violation,
)


def parse_mysql(number: int, message: str) -> ConstraintViolation:
    exception = pymysql.err.OperationalError(number, message)
    return parse_violation(DriverError(exception, "", number))


def parse_postgresql(
    detail: str | None, state: str = "23505", **names: str | None
) -> ConstraintViolation:
    diag = {"table_name": None, "column_name": None, "constraint_name": None} | names
    exception: Any = Exception()
    exception.diag = SimpleNamespace(message_detail=detail, **diag)
    return parse_violation(DriverError(exception, "", state))


def parse_sqlite(message: str) -> ConstraintViolation:
    return parse_violation(DriverError(sqlite3.IntegrityError(message), "", "SQLITE_CONSTRAINT"))


@pytest.mark.parametrize(
    ("number", "message", "violation"),
    [
        (1062, "Duplicate entry 'a' for key 'item.name'", ConstraintViolation("item", (), "name")),
        (1062, "Doppelter Eintrag 'a' für 'PRIMARY'", ConstraintViolation(constraint="PRIMARY")),
        (1062, "Duplicate entry 'for key 'x'' for key 'k'", ConstraintViolation(constraint="k")),
        (1586, "Duplicate entry 'a\nb' for key 'k'", ConstraintViolation(constraint="k")),
        (1062, "secret", ConstraintViolation()),
        (1048, "Column 'size' cannot be null", ConstraintViolation(columns=("size",))),
        (1364, "Field 'size' doesn't have a default", ConstraintViolation(columns=("size",))),
        (1406, "Data too long for column 'name' at row 1", ConstraintViolation(columns=("name",))),
        (
            1366,
            "Incorrect string value: '\\xF0' for column `db`.`item`.`name` at row 1",
            ConstraintViolation(columns=("name",)),
        ),
        (
            1366,
            "Incorrect integer value: 'x' for column `db`.`item`.`size` at row 1",
            ConstraintViolation(columns=("size",), values=("x",)),
        ),
        (
            1366,
            "Incorrect integer value: 'x' for column 'size' at row 1",
            ConstraintViolation(columns=("size",), values=("x",)),
        ),
        (
            1366,
            "Incorrect integer value: 'a' b' for column 'size' at row 1",
            ConstraintViolation(columns=("size",)),
        ),
        (1292, "Truncated incorrect INTEGER value: 'x'", ConstraintViolation(values=("x",))),
        (1292, f"Truncated incorrect INTEGER value: '{'x' * 128}...'", ConstraintViolation()),
        (
            1292,
            "Incorrect datetime value: 'x' for column `db`.`item`.`at` at row 1",
            ConstraintViolation(columns=("at",), values=("x",)),
        ),
        (
            1452,
            "Cannot add or update a child row: a foreign key constraint fails (`db`.`item`, "
            "CONSTRAINT `fk` FOREIGN KEY (`a_id`, `b_id`) REFERENCES `shelf` (`id`))",
            ConstraintViolation("item", ("a_id", "b_id")),
        ),
        (1452, "secret", ConstraintViolation()),
        (
            4025,
            "CONSTRAINT `item.data` failed for `db`.`item`",
            ConstraintViolation("item", (), "data"),
        ),
        (3819, "Check constraint 'fair' is violated.", ConstraintViolation(constraint="fair")),
        (1213, "Deadlock found when trying to get lock", ConstraintViolation()),
    ],
)
def test_the_names_in_a_message_of_mysql(
    number: int, message: str, violation: ConstraintViolation
) -> None:
    assert parse_mysql(number, message) == violation


@pytest.mark.parametrize(
    ("detail", "names", "violation"),
    [
        (
            "Key (name)=(cup) already exists.",
            {"table_name": "item", "constraint_name": "item_name_key"},
            ConstraintViolation("item", ("name",), "item_name_key", ("cup",)),
        ),
        (
            'Schlüssel »("row", rank)=(1, 2)« existiert bereits.',
            {},
            ConstraintViolation("", ("row", "rank"), "", ("1", "2")),
        ),
        ("Key (lower(name::text))=(cup) exists.", {"table_name": "t"}, ConstraintViolation("t")),
        ('Key is not present in table "shop_shelf".', {}, ConstraintViolation()),
        ("Failing row contains (1, (id)=(7)).", {}, ConstraintViolation()),
        (
            "Failing row contains (1).",
            {"table_name": "t", "column_name": "c"},
            ConstraintViolation("t", ("c",)),
        ),
        (None, {}, ConstraintViolation()),
    ],
)
def test_the_names_in_the_diagnostics_of_postgresql(
    detail: str | None, names: dict[str, str | None], violation: ConstraintViolation
) -> None:
    assert parse_postgresql(detail, **names) == violation


@pytest.mark.parametrize(
    ("state", "message", "values"),
    [
        ("22P02", 'invalid input syntax for type integer: "x"', ("x",)),
        ("22P02", 'invalid input syntax for type integer: ""', ("",)),
        ("22P02", 'invalid input syntax for type integer: "a"b: "c"', ('a"b: "c',)),
        ("22P02", "syntaxe en entrée invalide pour le type integer : « x »", ("x",)),
        ("22P02", "ungültige Eingabesyntax für Typ integer: »x«", ("x",)),
        ("22P02", 'integer型の入力構文が不正です: "x"', ("x",)),
        ("22003", 'value "99999" is out of range for type smallint', ("99999",)),
        ("22003", "smallint out of range", ()),
        ("22007", 'invalid value "x" for "YYYY"', ()),
        ("22021", 'invalid byte sequence for encoding "UTF8": 0x00', ()),
        ("22P02", None, ()),
    ],
)
def test_the_value_in_a_message_of_postgresql(
    state: str, message: str | None, values: tuple[str, ...]
) -> None:
    violation = parse_postgresql(None, state, message_primary=message)
    assert violation == ConstraintViolation(values=values)


@pytest.mark.parametrize(
    ("message", "violation"),
    [
        ("UNIQUE constraint failed: item.a, item.b", ConstraintViolation("item", ("a", "b"))),
        ("NOT NULL constraint failed: item.size", ConstraintViolation("item", ("size",))),
        ("UNIQUE constraint failed: index 'one'", ConstraintViolation(constraint="one")),
        ("CHECK constraint failed: fair", ConstraintViolation(constraint="fair")),
        ('CHECK constraint failed: "count" >= 0', ConstraintViolation(constraint="count")),
        ("FOREIGN KEY constraint failed", ConstraintViolation()),
        ("UNIQUE constraint failed: item.size; DROP TABLE x", ConstraintViolation()),
        ("", ConstraintViolation()),
    ],
)
def test_the_names_in_a_message_of_sqlite(message: str, violation: ConstraintViolation) -> None:
    assert parse_sqlite(message) == violation


@pytest.mark.parametrize(
    "value", ["a" * 50_000, "(" * 50_000, "'" * 50_000, '"a", ' * 10_000, "a)=(" * 10_000]
)
def test_a_value_of_a_client_does_not_slow_down_the_parsing(value: str) -> None:
    begin = time.process_time()
    parse_postgresql(f"Failing row contains ({value}).")
    message = f'invalid input syntax for type integer: "{value}"'
    parse_postgresql(None, "22P02", message_primary=message)
    parse_postgresql(None, "22P02", message_primary=value)
    # MySQL and MariaDB cut a message at 512 bytes.
    parse_mysql(1062, f"Duplicate entry '{value[:400]}' for key 'name'")
    parse_mysql(1452, value[:400])
    parse_mysql(1366, f"Incorrect integer value: '{value[:400]}' for column `db`.`t`.`c`")
    parse_sqlite(value)
    assert time.process_time() - begin < 1.5


def test_an_integrity_error_that_django_raises_in_place_of_mysqls_is_classified() -> None:
    # As CursorWrapper in django.db.backends.mysql.base does.
    cause = pymysql.err.OperationalError(4025, "CONSTRAINT `fair` failed for `db`.`item`")
    exception = IntegrityError(*cause.args)
    exception.__context__ = cause

    assert classify(exception) == DriverError(cause, "INVALID_STATE", 4025)


def test_an_unrelated_exception_in_the_context_is_not_the_cause() -> None:
    exception = OperationalError("raised by the project")
    exception.__context__ = psycopg.errors.UniqueViolation("secret")

    assert classify(exception) is None


@pytest.mark.parametrize("name", ["sqlstate", "sqlite_errorname"])
@pytest.mark.parametrize("value", [None, 23505, b"23505", ""])
def test_an_attribute_of_another_type_is_ignored(name: str, value: object) -> None:
    exception = RuntimeError()
    setattr(exception, name, value)

    assert classify(exception) is None
