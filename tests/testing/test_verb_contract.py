"""The contract of the HTTP methods: each check finds its breach, and no other check does."""

from __future__ import annotations

import re
import unittest
from itertools import count
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

from django_apierrors.generics import ListCreateAPIView, RetrieveUpdateDestroyAPIView
from django_apierrors.handler import exception_handler
from django_apierrors.parsers import JSONParser
from django_apierrors.testing import VerbContract
from django_apierrors.testing.queries import capture_writes, is_write
from django_apierrors.testing.verb_contract import has_view, parse_without
from tests.docs.blocks import PAGES
from tests.models import Shelf

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

UNKNOWN_ID = 999999999


class ShelfSerializer(ModelSerializer[Shelf]):
    class Meta:
        model = Shelf
        fields = ("id", "name")


class ShelvesView(ListCreateAPIView):
    queryset = Shelf.objects.order_by("pk")
    serializer_class = ShelfSerializer


class ShelfView(RetrieveUpdateDestroyAPIView):
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


# Views with one breach each.


class NoLocation(ShelvesView):
    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(*args, **kwargs)
        del response["Location"]
        return response


class WrongLocation(ShelvesView):
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().post(request, *args, **kwargs)
        response["Location"] = "http://testserver/nowhere"
        return response


class RejectingPost(ShelvesView):
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        request.data  # noqa: B018
        raise ParseError


class AppendingPut(ShelfView):
    def put(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        shelf = self.get_object()
        shelf.name += request.data.get("suffix", "!")
        shelf.save()
        return Response({})


class PutWithStatus203(ShelfView):
    def put(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        super().put(request, *args, **kwargs)
        return Response({}, status=203)


class WritingGet(ShelfView):
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        Shelf.objects.update(name=F("name"))
        return super().get(request, *args, **kwargs)


class OtherHead(ShelfView):
    def head(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().get(request, *args, **kwargs)
        response["X-Head"] = "1"
        return response


class DeleteIs204Again(ShelfView):
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        pk = kwargs["pk"]
        existed = pk.isdecimal() and pk != str(UNKNOWN_ID)
        if existed and not Shelf.objects.filter(pk=pk).exists():
            return Response(status=204)
        return super().delete(request, *args, **kwargs)


class GetAfterDelete(ShelfView):
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        shelf = self.get_object()
        if shelf.name == "deleted":
            raise NotFound
        shelf.name = "deleted"
        shelf.save()
        return Response(status=204)


class ShortAllow(ShelfView):
    @property
    def allowed_methods(self) -> list[str]:
        return ["GET", "HEAD", "OPTIONS", "DELETE"]


class LongAllow(ShelfView):
    @property
    def allowed_methods(self) -> list[str]:
        return [*super().allowed_methods, "PATCH"]


PATCHED = {"http_method_names": [*ShelfView.http_method_names, "patch"]}
OpenPatch = type("OpenPatch", (ShelfView,), PATCHED)


class OpenTrace(ShelfView):
    http_method_names = [*ShelfView.http_method_names, "trace"]

    def trace(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response({})


class UnknownMethod(ShelfView):
    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        if request.method == "BREW":
            return HttpResponse("tea")
        return super().dispatch(request, *args, **kwargs)


class LenientParser(JSONParser):
    def parse(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().parse(*args, **kwargs)
        except ParseError:
            return {"name": "guessed"}


MalformedJSON = type("MalformedJSON", (ShelfView,), {"parser_classes": [LenientParser]})


class AnyParser(BaseParser):
    media_type = "*/*"

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        return {"name": "read"}


ANY = {"parser_classes": [JSONParser, AnyParser]}
AnyContentType = type("AnyContentType", (ShelfView,), ANY)


class UnknownIdIs200(ShelfView):
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if kwargs["pk"] == str(UNKNOWN_ID):
            return Response({"id": UNKNOWN_ID})
        return super().get(request, *args, **kwargs)


class MalformedIdIs404(ShelfView):
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not kwargs["pk"].isdecimal():
            raise NotFound


# Endpoints without some of the methods.


class LaterView(ShelfView):
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.get_object()
        url = request.build_absolute_uri("/operation")
        headers = {"Location": url, "Content-Location": url, "Retry-After": "1"}
        return Response({"status": "ready"}, status=202, headers=headers)


class CountView(ShelvesView):
    http_method_names = ["post"]

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response({"count": len(request.data)})


BREACHES: list[tuple[type[Any], str]] = [
    (NoLocation, "test_post_is_201_with_a_location_that_answers"),
    (WrongLocation, "test_post_is_201_with_a_location_that_answers"),
    (RejectingPost, "test_post_is_201_with_a_location_that_answers"),
    (AppendingPut, "test_put_twice_is_put_once"),
    (PutWithStatus203, "test_put_twice_is_put_once"),
    (WritingGet, "test_get_writes_nothing"),
    (OtherHead, "test_head_is_get_without_the_body"),
    (DeleteIs204Again, "test_delete_twice_is_404"),
    (GetAfterDelete, "test_delete_twice_is_404"),
    (ShortAllow, "test_405_lists_what_works"),
    (LongAllow, "test_405_lists_what_works"),
    (OpenPatch, "test_patch_is_405_unless_opted_in"),
    (OpenTrace, "test_trace_is_405"),
    (UnknownMethod, "test_an_unknown_method_is_405"),
    (MalformedJSON, "test_malformed_json_is_400"),
    (AnyContentType, "test_another_content_type_is_415"),
    (UnknownIdIs200, "test_an_unknown_id_is_404"),
    (MalformedIdIs404, "test_a_malformed_id_is_400"),
]
CHECKS = sorted(name for name in dir(VerbContract) if name.startswith("test_"))
POST_CHECK = "test_post_is_201_with_a_location_that_answers"

urlpatterns = [
    path("shelves/", ShelvesView.as_view()),
    path("shelves/<str:pk>/", ShelfView.as_view(), name="shelf-detail"),
    path("list/", ShelvesView.as_view(http_method_names=["get", "head"])),
    path("create/", ShelvesView.as_view(http_method_names=["post"])),
    path("later/<str:pk>/", LaterView.as_view()),
    path("write-only/<str:pk>/", ShelfView.as_view(http_method_names=["put", "delete"])),
    path("closed/<str:pk>/", ShelfView.as_view(http_method_names=["options"])),
    path("count/", CountView.as_view()),
    *(
        path(f"{cls.__name__}/{'<str:pk>/' if issubclass(cls, ShelfView) else ''}", cls.as_view())
        for cls, _ in BREACHES
    ),
]


class ShelfContract(VerbContract):
    url: str | None = "/shelves/"
    resource_url = "/shelves/{id}/"
    unknown_id = UNKNOWN_ID
    malformed_id = "x"
    document = {"name": "low"}
    update = {"name": "high"}


class TestShelves(ShelfContract):
    """The contract as pytest runs it."""


def run(**attributes: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Run a contract; return the outputs of failed checks, and the reasons of skipped ones."""
    contract = type("Contract", (ShelfContract, TestCase), attributes)
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(contract).run(result)
    assert result.testsRun == len(CHECKS)
    failed = {str(test).split()[0]: text for test, text in [*result.failures, *result.errors]}
    return failed, {str(test).split()[0]: reason for test, reason in result.skipped}


def make_resource(prefix: str) -> Any:
    """Return a `make_resource()` that creates a shelf without a request."""
    return lambda self: f"/{prefix}/{Shelf.objects.create(name='made').pk}/"


def run_for_resource(prefix: str, **attributes: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Run the contract of a resource that does not have a collection."""
    changes = {"url": None, "resource_url": f"/{prefix}/{{id}}/"}
    return run(make_resource=make_resource(prefix), **{**changes, **attributes})


@pytest.mark.parametrize(("cls", "check"), BREACHES)
def test_a_violation_fails_only_its_own_check(cls: type[Any], check: str) -> None:
    if issubclass(cls, ShelfView):
        failed, skipped = run_for_resource(cls.__name__)
    else:
        failed, skipped = run(url=f"/{cls.__name__}/", make_resource=make_resource("shelves"))
    assert list(failed) == [check]
    assert "\n> " in failed[check]
    assert set(skipped) <= {POST_CHECK}


def test_each_check_has_a_breach_and_a_row_in_the_docs() -> None:
    page = PAGES["docs/testing.md"].read_text(encoding="utf-8")
    assert sorted({check for _, check in BREACHES}) == CHECKS
    assert sorted(re.findall(r"^\| `(test_\w+)` \|", page, re.MULTILINE)) == CHECKS


def test_patch_passes_if_it_is_opted_in_and_fails_if_it_is_missing() -> None:
    assert run_for_resource("OpenPatch", resource_url="/shelves/{id}/", allows_patch=True)[0] == {}
    failed, _ = run(allows_patch=True)
    assert list(failed) == ["test_patch_is_405_unless_opted_in"]


def add_hint(exc: Exception, context: Any) -> Any:
    """A project's own handler, which adds a key to the body."""
    response = exception_handler(exc, context)
    response.data = {**response.data, "hint": "Read the page."}
    return response


def test_keys_that_the_project_adds_pass_if_they_are_listed(settings: Any) -> None:
    changes = {"EXCEPTION_HANDLER": f"{__name__}.add_hint"}
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | changes
    failed, _ = run()
    assert all("'hint' is not a key" in text for text in failed.values())
    assert len(failed) > 5
    assert run(more_keys={"hint"})[0] == {}


ID_CHECKS = {"test_an_unknown_id_is_404", "test_a_malformed_id_is_400"}
RESOURCE_CHECKS = {"test_put_twice_is_put_once", "test_delete_twice_is_404", *ID_CHECKS}
READ_CHECKS = {"test_get_writes_nothing", "test_head_is_get_without_the_body"}
WRITE_CHECKS = {POST_CHECK, "test_malformed_json_is_400", "test_another_content_type_is_415"}


def test_documents_may_have_a_new_name_each() -> None:
    names = map(str, count())
    documents = {"update": None, "get_document": lambda self: {"name": next(names)}}
    assert run(**documents) == ({}, {})


# For each contract the checks that are skipped; the others pass.
SKIPPED: list[tuple[Any, dict[str, Any], set[str]]] = [
    (run, {}, set()),
    (run, {"url": "/list/", "resource_url": None}, RESOURCE_CHECKS | WRITE_CHECKS),
    (run, {"url": "/count/", "resource_url": None}, RESOURCE_CHECKS | READ_CHECKS),
    # The endpoint has resources that cannot be created: only checks by id pass.
    (run, {"url": "/list/"}, {*CHECKS} - ID_CHECKS),
    (run, {"url": "/create/", "unknown_id": None, "malformed_id": None}, ID_CHECKS),
    (run_for_resource, {"prefix": "write-only"}, READ_CHECKS | {POST_CHECK}),
    (run_for_resource, {"prefix": "closed"}, RESOURCE_CHECKS | WRITE_CHECKS | READ_CHECKS),
    (run_for_resource, {"prefix": "later"}, {POST_CHECK, "test_delete_twice_is_404"}),
]


def test_a_check_that_is_impossible_for_the_endpoint_is_skipped() -> None:
    for run_contract, attributes, expected in SKIPPED:
        failed, skipped = run_contract(**attributes)
        assert (failed, set(skipped)) == ({}, expected), attributes
    skipped = run(url="/list/")[1]
    assert skipped[POST_CHECK] == "/list/ does not have POST"
    assert "override make_resource()" in skipped["test_put_twice_is_put_once"]


def test_every_check_of_a_url_without_a_pattern_fails() -> None:
    failed, skipped = run(url="/shelvs/", resource_url=None)
    assert ({*failed}, {*skipped}) == ({*CHECKS} - ID_CHECKS, ID_CHECKS)
    assert all("`url` must match a URL pattern" in text for text in failed.values())
    # A 404 of the view, and a response of a client that does not know the URL pattern.
    assert has_view(Client().get("/shelves/9/"))
    assert has_view(HttpResponse(status=404))


def test_every_check_is_skipped_without_a_resource_and_a_collection() -> None:
    def skip(self: Any) -> str:
        raise unittest.SkipTest("not today")

    failed, skipped = run(url=None, make_resource=skip, resource_url=None)
    assert (failed, set(skipped)) == ({}, set(CHECKS))


def test_a_contract_without_an_endpoint_names_the_attribute_to_set() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"Empty must set `url`, .*`make_resource\(\)`"):
        type("Empty", (VerbContract,), {})().make_resource()


def test_client_and_databases_are_those_of_the_test_case() -> None:
    contract: Any = ShelfContract()
    assert type(contract.get_client()) is Client
    contract.client = client = Client()
    assert contract.get_client() is client
    contract.databases = {"other"}
    assert contract.get_databases() == {"other"}
    contract.databases = "__all__"
    assert list(contract.get_databases()) == ["default"]
    assert VerbContract().get_update() == {}


def test_ignored_keys_are_removed_at_every_depth() -> None:
    content = b'{"a": 1, "at": 2, "lines": [{"at": 3, "b": 4}]}'
    assert parse_without(content, ["at"]) == {"a": 1, "lines": [{"b": 4}]}
    assert parse_without(b"", ["at"]) is None


STATEMENTS = {
    "SELECT 1": False,
    "SELECT name FROM t WHERE name = 'it''s UPDATE x'": False,
    "SELECT name FROM t FOR UPDATE": False,
    "SAVEPOINT s": False,
    "": False,
    "WITH a AS (SELECT 1) SELECT * FROM a": False,
    "WITH a AS (INSERT INTO t VALUES (1) RETURNING id) SELECT * FROM a": True,
    "INSERT INTO t VALUES (1)": True,
    "3 times: INSERT INTO t VALUES (1)": True,
    "update t set a = 1": True,
    "/* by x */ DELETE FROM t": True,
    "TRUNCATE t": True,
}


def test_statements_that_write_are_distinguished_from_those_that_read() -> None:
    assert {sql: is_write(sql) for sql in STATEMENTS} == STATEMENTS
    with capture_writes(["default"], ["tests_shelf"]) as writes:
        Shelf.objects.create(name="a")
    assert writes == []
    with capture_writes(["default"]) as writes, connection.cursor() as cursor:
        cursor.execute("UPDATE tests_shelf SET name = 'b'")
    assert writes == ["UPDATE tests_shelf SET name = 'b'"]
