"""Reports: the names in what drivers say, in whatever language, whatever a client wrote into it."""

from __future__ import annotations

import sqlite3
import time
from types import SimpleNamespace
from typing import Any

import psycopg
import pymysql
import pytest
from django.db import IntegrityError, OperationalError

from django_apierrors.recognition.database.drivers import Failure, Report, find_failure, read_report


def report_of_mysql(number: int, message: str) -> Report:
    return read_report(Failure(pymysql.err.OperationalError(number, message), "", number))


def report_of_postgresql(detail: str | None, **names: str | None) -> Report:
    diag = {"table_name": None, "column_name": None, "constraint_name": None} | names
    cause: Any = Exception()
    cause.diag = SimpleNamespace(message_detail=detail, **diag)
    return read_report(Failure(cause, "", "23505"))


@pytest.mark.parametrize(
    ("number", "message", "report"),
    [
        (1062, "Duplicate entry 'a' for key 'shop_item.name'", Report("shop_item", (), "name")),
        (1062, "Duplicate entry 'a' for key 'PRIMARY'", Report(constraint="PRIMARY")),
        (1062, "Doppelter Eintrag 'a' für Schlüssel 'name'", Report(constraint="name")),
        (1062, "Duplicate entry 'for key 'id'' for key 'name'", Report(constraint="name")),
        (1062, "Duplicate entry 'a\nb' for key 'name'", Report(constraint="name")),
        (1586, "Duplicate entry 'a' for key 'name'", Report(constraint="name")),
        (1062, "secret", Report()),
        (1048, "Column 'size' cannot be null", Report(columns=("size",))),
        (1364, "Field 'size' doesn't have a default value", Report(columns=("size",))),
        (1406, "Data too long for column 'name' at row 1", Report(columns=("name",))),
        (
            1366,
            "Incorrect string value: '\\xF0' for column `db`.`shop_item`.`name` at row 1",
            Report(columns=("name",)),
        ),
        (
            1452,
            "Cannot add or update a child row: a foreign key constraint fails (`db`.`shop_item`, "
            "CONSTRAINT `fk` FOREIGN KEY (`a_id`, `b_id`) REFERENCES `shop_shelf` (`id`))",
            Report("shop_item", ("a_id", "b_id")),
        ),
        (1452, "secret", Report()),
        (4025, "CONSTRAINT `fair` failed for `db`.`shop_item`", Report("shop_item", (), "fair")),
        (
            4025,
            "CONSTRAINT `shop_item.data` failed for `db`.`shop_item`",
            Report("shop_item", (), "data"),
        ),
        (3819, "Check constraint 'fair' is violated.", Report(constraint="fair")),
        (1213, "Deadlock found when trying to get lock", Report()),
    ],
)
def test_what_mysql_names(number: int, message: str, report: Report) -> None:
    assert report_of_mysql(number, message) == report


@pytest.mark.parametrize(
    ("detail", "names", "report"),
    [
        (
            "Key (name)=(cup) already exists.",
            {"table_name": "shop_item", "constraint_name": "shop_item_name_key"},
            Report("shop_item", ("name",), "shop_item_name_key", ("cup",)),
        ),
        (
            'Key ("row", rank)=(1, 2) already exists.',
            {},
            Report("", ("row", "rank"), "", ("1", "2")),
        ),
        ("Schlüssel »(name)=(cup)« existiert bereits.", {}, Report("", ("name",), "", ("cup",))),
        ("Key (lower(name::text))=(cup) already exists.", {"table_name": "t"}, Report("t")),
        ('Key is not present in table "shop_shelf".', {}, Report()),
        ("Failing row contains (1, (id)=(7)).", {}, Report()),
        ("Failing row contains (1).", {"table_name": "t", "column_name": "c"}, Report("t", ("c",))),
        (None, {}, Report()),
    ],
)
def test_what_postgresql_names(
    detail: str | None, names: dict[str, str | None], report: Report
) -> None:
    assert report_of_postgresql(detail, **names) == report


@pytest.mark.parametrize(
    ("message", "report"),
    [
        ("UNIQUE constraint failed: shop_item.name", Report("shop_item", ("name",))),
        ("UNIQUE constraint failed: shop_item.a, shop_item.b", Report("shop_item", ("a", "b"))),
        ("NOT NULL constraint failed: shop_item.size", Report("shop_item", ("size",))),
        ("UNIQUE constraint failed: index 'one_name'", Report(constraint="one_name")),
        ("CHECK constraint failed: fair", Report(constraint="fair")),
        ('CHECK constraint failed: "count" >= 0', Report(constraint="count")),
        ("FOREIGN KEY constraint failed", Report()),
        ("UNIQUE constraint failed: shop_item.size; DROP TABLE x", Report()),
        ("", Report()),
    ],
)
def test_what_sqlite_names(message: str, report: Report) -> None:
    cause = sqlite3.IntegrityError(message)
    assert read_report(Failure(cause, "", "SQLITE_CONSTRAINT")) == report


@pytest.mark.parametrize(
    "hostile", ["a" * 50_000, "(" * 50_000, "'" * 50_000, '"a", ' * 10_000, "a)=(" * 10_000]
)
def test_what_a_client_wrote_into_a_report_costs_next_to_nothing(hostile: str) -> None:
    begin = time.process_time()
    report_of_postgresql(f"Failing row contains ({hostile}).")
    # The server cuts its messages off, at 512 bytes, and a key in them at 64.
    report_of_mysql(1062, f"Duplicate entry '{hostile[:400]}' for key 'name'")
    report_of_mysql(1452, hostile[:400])
    read_report(Failure(sqlite3.IntegrityError(hostile), "", "SQLITE_CONSTRAINT"))
    assert time.process_time() - begin < 0.5


def test_an_integrity_error_that_django_makes_of_mysqls_is_looked_into() -> None:
    # As CursorWrapper in django.db.backends.mysql.base does.
    cause = pymysql.err.OperationalError(4025, "CONSTRAINT `fair` failed for `db`.`shop_item`")
    exception = IntegrityError(*cause.args)
    exception.__context__ = cause

    assert find_failure(exception) == Failure(cause, "INVALID_STATE", 4025)


def test_an_exception_of_django_that_others_led_to_is_not_that_other() -> None:
    exception = OperationalError("of the project's own")
    exception.__context__ = psycopg.errors.UniqueViolation("secret")

    assert find_failure(exception) is None


@pytest.mark.parametrize("state", [None, 23505, b"23505", ""])
def test_a_state_that_is_none_is_passed_over(state: object) -> None:
    exception: Any = RuntimeError()
    exception.sqlstate = state
    assert find_failure(exception) is None
