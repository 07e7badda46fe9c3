"""The contract of the verbs: who keeps it passes, and each breach is found by its own check."""

from __future__ import annotations

import re
import unittest
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.models import F
from django.http import HttpResponse
from django.test import Client, TestCase
from django.urls import path
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ModelSerializer
from rest_framework.test import APITestCase

from django_apierrors.generics import (
    CreateAPIView,
    ListAPIView,
    ListCreateAPIView,
    RetrieveUpdateDestroyAPIView,
)
from django_apierrors.handler import exception_handler
from django_apierrors.parsers import JSONParser
from django_apierrors.testing import VerbContract
from django_apierrors.testing.queries import capture_writes, is_write
from django_apierrors.testing.verb_contract import strip
from tests.docs.blocks import PAGES
from tests.models import Shelf

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


class ShelfSerializer(ModelSerializer[Shelf]):
    """A shelf."""

    class Meta:
        model = Shelf
        fields = ("id", "name")


class ShelvesView(ListCreateAPIView):
    """Keeps the contract, as do all views of ours."""

    queryset = Shelf.objects.order_by("pk")
    serializer_class = ShelfSerializer


class ShelfView(RetrieveUpdateDestroyAPIView):
    """Keeps the contract too."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


# Views that break it, each in one way.


class NoLocation(ShelvesView):
    """Does not tell where the new resource is."""

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(*args, **kwargs)
        del response["Location"]
        return response


class WrongLocation(ShelvesView):
    """Tells of a place where it is not."""

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().post(request, *args, **kwargs)
        response["Location"] = "http://testserver/nowhere"
        return response


class Refusing(ShelvesView):
    """Takes no document."""

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        request.data  # noqa: B018
        raise ParseError


class AppendingPut(ShelfView):
    """Makes more of a resource with each PUT."""

    def put(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        shelf = self.get_object()
        shelf.name += request.data.get("suffix", "!")
        shelf.save()
        return Response({})


class CreatedByPut(ShelfView):
    """Answers PUT with a status that it does not have."""

    def put(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        super().put(request, *args, **kwargs)
        return Response({}, status=201)


class WritingGet(ShelfView):
    """Writes where it should read."""

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        Shelf.objects.update(name=F("name"))
        return super().get(request, *args, **kwargs)


class OtherHead(ShelfView):
    """Answers HEAD otherwise than GET."""

    def head(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().get(request, *args, **kwargs)
        response["X-Head"] = "1"
        return response


class DeletingTwice(ShelfView):
    """Forgets that it has deleted."""

    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        pk = kwargs["pk"]
        was_there = pk.isdecimal() and pk != str(ShelfContract.unknown_id)
        if was_there and not Shelf.objects.filter(pk=pk).exists():
            return Response(status=204)
        return super().delete(request, *args, **kwargs)


class Undead(ShelfView):
    """Shows what it has deleted."""

    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        shelf = self.get_object()
        if shelf.name == "dead":
            raise NotFound
        shelf.name = "dead"
        shelf.save()
        return Response(status=204)


class ShortAllow(ShelfView):
    """Does not tell of all that it does."""

    @property
    def allowed_methods(self) -> list[str]:
        return ["GET", "HEAD", "OPTIONS", "DELETE"]


class LongAllow(ShelfView):
    """Tells of more than it does."""

    @property
    def allowed_methods(self) -> list[str]:
        return [*super().allowed_methods, "PATCH"]


class OpenPatch(ShelfView):
    """Takes PATCH."""

    http_method_names = [*ShelfView.http_method_names, "patch"]


class OpenTrace(ShelfView):
    """Takes TRACE."""

    http_method_names = [*ShelfView.http_method_names, "trace"]

    def trace(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response({})


class Brewing(ShelfView):
    """Takes a verb that nobody knows."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        if request.method == "BREW":
            return HttpResponse("tea")
        return super().dispatch(request, *args, **kwargs)


class LenientParser(JSONParser):
    """Makes something of every document."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().parse(*args, **kwargs)
        except ParseError:
            return {"name": "guessed"}


class Lenient(ShelfView):
    """Takes malformed JSON."""

    parser_classes = [LenientParser]


class AnyParser(BaseParser):
    """Reads everything."""

    media_type = "*/*"

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        return {"name": "read"}


class Omnivorous(ShelfView):
    """Takes documents of every type."""

    parser_classes = [JSONParser, AnyParser]


class Inventing(ShelfView):
    """Has what there is not."""

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if kwargs["pk"] == "999999999":
            return Response({"id": 999999999})
        return super().get(request, *args, **kwargs)


class Indifferent(ShelfView):
    """Does not tell a malformed id from an unknown one."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not kwargs["pk"].isdecimal():
            raise NotFound


# Endpoints that lack verbs.


class ListView(ListAPIView):
    """Only reads."""

    queryset = Shelf.objects.order_by("pk")
    serializer_class = ShelfSerializer


class CreateView(CreateAPIView):
    """Only creates."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class LaterView(ShelfView):
    """Accepts a deletion, to be done later."""

    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        url = request.build_absolute_uri("/operation")
        headers = {"Location": url, "Content-Location": url, "Retry-After": "1"}
        return Response({"status": "ready"}, status=202, headers=headers)


class BlindView(ShelfView):
    """Is not to be read."""

    http_method_names = ["put", "delete", "options"]


class CountView(CreateView):
    """Creates nothing that has a URL."""

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response({"count": len(request.data)})


BROKEN: list[tuple[type[Any], str]] = [
    (NoLocation, "test_post_is_201_with_a_location_that_answers"),
    (WrongLocation, "test_post_is_201_with_a_location_that_answers"),
    (Refusing, "test_post_is_201_with_a_location_that_answers"),
    (AppendingPut, "test_put_twice_is_put_once"),
    (CreatedByPut, "test_put_twice_is_put_once"),
    (WritingGet, "test_get_writes_nothing"),
    (OtherHead, "test_head_is_get_without_the_body"),
    (DeletingTwice, "test_delete_twice_is_404"),
    (Undead, "test_delete_twice_is_404"),
    (ShortAllow, "test_405_lists_what_works"),
    (LongAllow, "test_405_lists_what_works"),
    (OpenPatch, "test_patch_is_refused_unless_opted_in"),
    (OpenTrace, "test_trace_is_refused"),
    (Brewing, "test_an_unknown_verb_is_refused"),
    (Lenient, "test_malformed_json_is_400"),
    (Omnivorous, "test_another_content_type_is_415"),
    (Inventing, "test_an_unknown_id_is_404"),
    (Indifferent, "test_a_malformed_id_is_400"),
]
CHECKS = sorted(name for name in dir(VerbContract) if name.startswith("test_"))

urlpatterns = [
    path("shelves/", ShelvesView.as_view()),
    path("shelves/<str:pk>/", ShelfView.as_view(), name="shelf-detail"),
    path("list/", ListView.as_view()),
    path("create/", CreateView.as_view()),
    path("later/<str:pk>/", LaterView.as_view()),
    path("blind/<str:pk>/", BlindView.as_view()),
    path("count/", CountView.as_view()),
    *(
        path(f"{cls.__name__}/{'<str:pk>/' if issubclass(cls, ShelfView) else ''}", cls.as_view())
        for cls, _ in BROKEN
    ),
]


class ShelfContract(VerbContract):
    """What all contracts of this file have in common."""

    url: str | None = "/shelves/"
    resource_url = "/shelves/{id}/"
    unknown_id = 999999999
    malformed_id = "x"
    document = {"name": "low"}
    update = {"name": "high"}


class TestShelves(ShelfContract):
    """An endpoint that keeps the contract, as pytest runs it."""


class ShelvesTestCase(ShelfContract, APITestCase):
    """The same, as unittest runs it."""


def run(cls: type[Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Run a contract as unittest does; return the checks that fail and that are skipped."""
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(cls).run(result)
    assert result.testsRun == len(CHECKS)
    failed = {str(test).split()[0]: text for test, text in [*result.failures, *result.errors]}
    return failed, {str(test).split()[0]: reason for test, reason in result.skipped}


def make_contract(**attributes: Any) -> type[Any]:
    """Return a contract of unittest's."""
    return type("Contract", (ShelfContract, TestCase), attributes)


def make_shelf(prefix: str) -> Any:
    """Return a `make_resource()` that makes a shelf without a request."""
    return lambda self: f"/{prefix}/{Shelf.objects.create(name='made').pk}/"


def make_contract_of(cls: type[Any]) -> type[Any]:
    """Return the contract of a view."""
    if issubclass(cls, ShelfView):
        changes = {"url": None, "resource_url": f"/{cls.__name__}/{{id}}/"}
        return make_contract(make_resource=make_shelf(cls.__name__), **changes)
    return make_contract(url=f"/{cls.__name__}/", make_resource=make_shelf("shelves"))


def test_an_endpoint_that_keeps_the_contract_passes_every_check() -> None:
    assert run(make_contract()) == ({}, {})


@pytest.mark.parametrize(("cls", "name"), BROKEN)
def test_a_breach_is_found_by_its_check_and_no_other(cls: type[Any], name: str) -> None:
    failed, skipped = run(make_contract_of(cls))
    assert list(failed) == [name]
    assert "\n> " in failed[name]
    assert set(skipped) <= {"test_post_is_201_with_a_location_that_answers"}


def test_each_check_has_a_breach_that_it_finds() -> None:
    assert sorted({name for _, name in BROKEN}) == CHECKS


def test_the_page_has_each_check() -> None:
    page = PAGES["docs/testing.md"].read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `(test_\w+)` \|", page, re.MULTILINE)) == CHECKS


def test_patch_that_is_opted_in_to_passes() -> None:
    changes = {"url": None, "make_resource": make_shelf("OpenPatch"), "allows_patch": True}
    assert run(make_contract(**changes))[0] == {}


def test_patch_that_is_opted_in_to_and_missing_fails() -> None:
    failed, _ = run(make_contract(allows_patch=True))
    assert list(failed) == ["test_patch_is_refused_unless_opted_in"]


def add_hint(exc: Exception, context: Any) -> Any:
    """Answer as a handler of a project's own does, which adds a member to the body."""
    response = exception_handler(exc, context)
    response.data = {**response.data, "hint": "Read the page."}
    return response


def test_members_that_the_project_adds_pass_where_they_are_named(settings: Any) -> None:
    changes = {"EXCEPTION_HANDLER": "tests.testing.test_verb_contract.add_hint"}
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | changes
    failed, _ = run(make_contract())
    assert all("'hint' is no member of an error" in text for text in failed.values())
    assert len(failed) > 5
    assert run(make_contract(more_members={"hint"}))[0] == {}


OF_RESOURCES = {
    *("test_put_twice_is_put_once", "test_delete_twice_is_404"),
    *("test_an_unknown_id_is_404", "test_a_malformed_id_is_400"),
}


def test_an_endpoint_that_only_reads_skips_what_writes() -> None:
    failed, skipped = run(make_contract(url="/list/", resource_url=None))
    assert failed == {}
    assert set(skipped) == OF_RESOURCES | {
        "test_post_is_201_with_a_location_that_answers",
        "test_malformed_json_is_400",
        "test_another_content_type_is_415",
    }
    assert skipped["test_post_is_201_with_a_location_that_answers"] == "/list/ has no POST"
    assert "override make_resource()" in skipped["test_put_twice_is_put_once"]


def test_an_endpoint_that_names_no_location_passes() -> None:
    failed, skipped = run(make_contract(url="/count/", resource_url=None))
    assert failed == {}
    assert set(skipped) == OF_RESOURCES


def test_a_resource_without_get_passes() -> None:
    changes = {"url": None, "make_resource": make_shelf("blind"), "resource_url": "/blind/{id}/"}
    failed, skipped = run(make_contract(**changes))
    assert failed == {}
    assert set(skipped) == {"test_post_is_201_with_a_location_that_answers"}


def test_an_endpoint_that_only_creates_passes() -> None:
    failed, skipped = run(make_contract(url="/create/", unknown_id=None, malformed_id=None))
    assert failed == {}
    assert set(skipped) == {"test_an_unknown_id_is_404", "test_a_malformed_id_is_400"}


def test_without_a_resource_nor_a_collection_there_is_nothing_to_check() -> None:
    def refuse(self: Any) -> str:
        raise unittest.SkipTest("none today")

    failed, skipped = run(make_contract(url=None, make_resource=refuse, resource_url=None))
    assert (failed, set(skipped)) == ({}, set(CHECKS))


def test_a_deletion_that_is_accepted_is_not_looked_for() -> None:
    changes = {"url": None, "make_resource": make_shelf("later"), "resource_url": "/later/{id}/"}
    _, skipped = run(make_contract(**changes))
    assert skipped["test_delete_twice_is_404"] == "the deletion was accepted, to be done later"


def test_a_contract_without_an_endpoint_says_what_to_set() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^Empty must set `url`, .*`make_resource\(\)`"):
        type("Empty", (VerbContract,), {})().make_resource()


def test_the_client_is_that_of_the_test_case_or_a_new_one() -> None:
    contract = ShelfContract()
    assert type(contract.get_client()) is Client
    contract.client = client = Client()  # type: ignore[attr-defined]
    assert contract.get_client() is client


def test_without_documents_empty_ones_are_sent() -> None:
    assert VerbContract().get_update() == {}


def test_the_databases_are_those_of_the_test_case() -> None:
    assert list(make_contract(databases="__all__")().get_databases()) == ["default"]
    assert make_contract(databases={"default"})().get_databases() == {"default"}


def test_members_that_change_by_themselves_are_left_out_at_every_depth() -> None:
    content = b'{"a": 1, "at": 2, "lines": [{"at": 3, "b": 4}]}'
    assert strip(content, ["at"]) == {"a": 1, "lines": [{"b": 4}]}
    assert strip(b"", ["at"]) is None


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", False),
        ("SELECT name FROM t WHERE name = 'it''s UPDATE x'", False),
        ("SELECT name FROM t FOR UPDATE", False),
        ("SAVEPOINT s", False),
        ("", False),
        ("WITH a AS (SELECT 1) SELECT * FROM a", False),
        ("WITH a AS (INSERT INTO t VALUES (1) RETURNING id) SELECT * FROM a", True),
        ("INSERT INTO t VALUES (1)", True),
        ("3 times: INSERT INTO t VALUES (1)", True),
        ("update t set a = 1", True),
        ("/* by x */ DELETE FROM t", True),
        ("TRUNCATE t", True),
    ],
)
def test_a_statement_that_writes_is_told_from_one_that_reads(sql: str, expected: bool) -> None:
    assert is_write(sql) is expected


def test_tables_that_may_be_written_to_are_left_out() -> None:
    with capture_writes(["default"], ["tests_shelf"]) as writes:
        Shelf.objects.create(name="a")
    assert writes == []
    with capture_writes(["default"]) as writes, connection.cursor() as cursor:
        cursor.execute("UPDATE tests_shelf SET name = 'b'")
    assert writes == ["UPDATE tests_shelf SET name = 'b'"]
