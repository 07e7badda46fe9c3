"""The findings of the audit, and the rules that ignore some of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.urls import URLPattern, get_resolver, path
from rest_framework import generics as stock_generics
from rest_framework import mixins as stock_mixins
from rest_framework import parsers as stock_parsers
from rest_framework import viewsets as stock_viewsets
from rest_framework.decorators import action
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.renderers import JSONRenderer as StockJSONRenderer
from rest_framework.serializers import HyperlinkedIdentityField, ModelSerializer
from rest_framework.views import APIView

from django_apierrors import generics, viewsets
from django_apierrors.introspection.audit import make_audit
from django_apierrors.introspection.findings import (
    METHOD_RULES,
    VIEW_RULES,
    Finding,
    IgnoreRule,
    apply_rules,
    read_rules,
)
from django_apierrors.middleware import APIErrorsMiddleware
from django_apierrors.operations import AcceptedAPIView
from django_apierrors.renderers import JSONRenderer
from tests.models import Shelf


class ShelfSerializer(ModelSerializer):
    class Meta:
        model = Shelf
        fields = ["name"]


class LinkedSerializer(ModelSerializer):
    url = HyperlinkedIdentityField(view_name="shelf-detail")

    class Meta:
        model = Shelf
        fields = ["url"]


class Shelves:
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class List(Shelves, generics.ListCreateAPIView):
    """Our view."""

    def fail(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


class Detail(Shelves, generics.RetrieveUpdateDestroyAPIView):
    """Our view of one object."""


class ShelfViewSet(Shelves, viewsets.ModelViewSet):
    """Our viewset."""

    @action(detail=True, methods=["patch"])
    def label(self, request: Any, pk: str) -> Any:
        raise NotImplementedError


class Stock(Shelves, stock_generics.CreateAPIView):
    """A view of DRF."""


class StockViewSet(Shelves, stock_mixins.ListModelMixin, stock_viewsets.GenericViewSet):
    """A viewset of DRF."""


class ByRequest(Stock):
    def get_serializer_class(self) -> Any:
        return self.request.user.serializer_class


class Plain(APIView):
    post = List.fail


class OwnViewSet(viewsets.ViewSet):
    create = List.fail


class VendorParser(stock_parsers.BaseParser):
    media_type = "application/vnd.shop+json"


class ParsingByRequest(List):
    parser_classes = [stock_parsers.FormParser]

    def get_parsers(self) -> Any:
        return [self.request.user.parser()]


class Declaring(Shelves, generics.ListAPIView):
    """A view that declares methods for which it has no handler."""

    http_method_names = ["get", "patch", "delete", "head", "options", "trace"]


class Base(APIView):
    """A base class of a project, whose names are for all its views."""

    http_method_names = ["get", "post"]


class Child(Base):
    """A view with one of the methods."""

    get = List.fail


class DeclaringViewSet(Shelves, stock_mixins.ListModelMixin, viewsets.GenericViewSet):
    """A viewset whose other routes may have the method."""

    http_method_names = ["get", "delete"]


class OwnMiddleware(APIErrorsMiddleware):
    """A middleware of a project, based on ours."""


@pytest.fixture
def find(set_urls: Any, settings: Any) -> Callable[..., dict[str, str]]:
    """Return a function that audits the first of some routes, for its messages by name."""
    settings.MIDDLEWARE = ["tests.nowhere.Middleware"]

    def audit(*patterns: URLPattern) -> dict[str, str]:
        set_urls(*patterns)
        findings = make_audit(get_resolver()).get_findings()
        return {finding.name: finding.message for finding in findings if finding.route == "/a"}

    return audit


OWN_LOCATION = type("OwnLocation", (List,), {"get_location": List.fail})
HEADED = type("Headed", (Stock,), {"get_success_headers": List.fail})
UPLOADS = [stock_parsers.MultiPartParser, stock_parsers.FileUploadParser]

CORRECT: dict[str, Any] = {
    "our view with a detail route": List.as_view(),
    "our view of one object": Detail.as_view(),
    "our viewset": ShelfViewSet.as_view({"get": "list", "post": "create"}),
    "a PATCH that DRF declares": ShelfViewSet.as_view({"patch": "partial_update"}),
    "our view with its own location": OWN_LOCATION.as_view(),
    "our viewset with its own create": OwnViewSet.as_view({"post": "create"}),
    "accepted work": AcceptedAPIView.as_view(),
    "a plain view of DRF": Plain.as_view(),
    "methods that a parent declares": Child.as_view(),
    "methods of another route": DeclaringViewSet.as_view({"get": "list"}),
    "a browsable view": List.as_view(renderer_classes=[JSONRenderer, BrowsableAPIRenderer]),
    "an upload": List.as_view(parser_classes=[VendorParser, *UPLOADS]),
}

# For each view its findings, each with words of its message.
WRONG: dict[str, tuple[Any, dict[str, str]]] = {
    "PATCH": (Detail.as_view(http_method_names=["patch"]), {"patch": "partial_put = True"}),
    "a declared PATCH": (
        ShelfViewSet.as_view({"patch": "label"}, http_method_names=["get"]),
        {"patch": "Always returns 405"},
    ),
    "an action for PATCH": (
        ShelfViewSet.as_view({"patch": "label"}),
        {"patch": "let label() handle PUT"},
    ),
    "a method for PATCH": (
        type("Patched", (Detail,), {"patch": List.fail}).as_view(),
        {"patch": "let patch() handle PUT"},
    ),
    "a wrong status": (Detail.as_view(put_status=203), {"status": "PUT succeeds with 203"}),
    "a stock view": (
        Stock.as_view(),
        {"location": "get_location()", "stock": "CreateAPIView of django_apierrors.generics"},
    ),
    "a stock view with a URL field": (
        Stock.as_view(serializer_class=LinkedSerializer),
        {"stock": "django_apierrors.generics"},
    ),
    "a stock view with its own headers": (HEADED.as_view(), {"stock": "rest_framework.generics"}),
    "a serializer that needs a request": (ByRequest.as_view(), {"stock": "CreateAPIView"}),
    "a stock viewset": (
        StockViewSet.as_view({"get": "list"}),
        {"stock": "GenericViewSet of django_apierrors.viewsets"},
    ),
    "a parser": (
        List.as_view(parser_classes=[VendorParser, stock_parsers.FormParser, *UPLOADS]),
        {"parser": "remove rest_framework.parsers.FormParser from parser_classes"},
    ),
    "parsers that need a request": (ParsingByRequest.as_view(), {"parser": "FormParser"}),
    "methods without handlers": (
        Declaring.as_view(),
        {"declared": "remove 'patch', 'delete' from http_method_names, or"},
    ),
    "a renderer": (
        List.as_view(renderer_classes=[StockJSONRenderer, BrowsableAPIRenderer]),
        {"renderer": "the shape that rest_framework.renderers.JSONRenderer renders"},
    ),
}

DETAIL = path("a/<pk>", Detail.as_view(), name="shelf-detail")


@pytest.mark.parametrize("view", CORRECT.values(), ids=CORRECT)
def test_a_correct_view_has_no_findings(find: Any, view: Any) -> None:
    assert find(path("a", view, name="shelf-list"), DETAIL) == {}


@pytest.mark.parametrize(("view", "expected"), WRONG.values(), ids=WRONG)
def test_a_wrong_view_has_its_findings_with_a_hint(
    find: Any, view: Any, expected: dict[str, str]
) -> None:
    messages = find(path("a", view, name="shelf-list"), DETAIL)
    assert messages.keys() == expected.keys()
    assert all(words in messages[name] for name, words in expected.items())


def test_our_view_without_a_detail_route_has_no_location(find: Any) -> None:
    assert find(path("a", List.as_view(), name="rack-list")).keys() == {"location"}


def test_with_the_middleware_any_renderer_is_correct(find: Any, settings: Any) -> None:
    settings.MIDDLEWARE = [f"{__name__}.OwnMiddleware"]
    assert find(path("a", WRONG["a renderer"][0], name="shelf-list"), DETAIL) == {}


def test_a_default_of_the_settings_is_one_finding_about_the_project(
    find: Any, set_urls: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # DRF reads the settings when it defines the class.
    monkeypatch.setattr(APIView, "renderer_classes", [StockJSONRenderer, BrowsableAPIRenderer])
    monkeypatch.setattr(APIView, "parser_classes", [VendorParser, *UPLOADS])
    set_urls(path("a", Plain.as_view()), path("b", Detail.as_view()), path("c", Plain.as_view()))
    parser, renderer = sorted(
        make_audit(get_resolver()).get_findings(), key=lambda finding: finding.name
    )
    assert (parser.get_rule(), renderer.get_rule()) == ("*:parser", "*:renderer")
    assert "MultiPartParser, rest_framework.parsers.FileUploadParser from REST_" in parser.message
    set_urls(path("a", Plain.as_view(renderer_classes=[JSONRenderer], http_method_names=["get"])))
    assert [*make_audit(get_resolver()).get_findings()] == []


def test_each_rule_of_the_audit_has_a_wrong_view_here() -> None:
    names = {name for _, expected in WRONG.values() for name in expected}
    assert names == {*METHOD_RULES, *VIEW_RULES}


PATCH = Finding("patch", "Update with PUT:", "/things/<int:pk>", "PATCH")


@pytest.mark.parametrize(
    ("text", "finding", "expected"),
    [
        ("/things/<int:pk>:patch", PATCH, True),
        ("PATCH /things/<int:pk>:patch", PATCH, True),
        ("/things/*:*", PATCH, True),
        ("PATCH *:patch", PATCH, True),
        ("/things/<int:pk>:parser", PATCH, False),
        ("/things:patch", PATCH, False),
        ("/Things/*:patch", PATCH, False),
        ("PUT *:patch", PATCH, False),
        # Brackets in a route are not a pattern.
        ("/things/[a-z]:patch", Finding("patch", "", "/things/[a-z]"), True),
        ("/things/[a-z]:patch", Finding("patch", "", "/things/b"), False),
    ],
)
def test_a_rule_matches_by_route_or_by_method_and_route(
    text: str, finding: Finding, expected: bool
) -> None:
    assert IgnoreRule(text).matches(finding) is expected


def test_each_rule_that_matches_any_finding_is_used() -> None:
    rules = [IgnoreRule("*:patch"), IgnoreRule("*:*"), IgnoreRule("*:parser")]
    findings = [PATCH, Finding("stock", "", "/b")]
    apply_rules(rules[:1], findings)
    assert [finding.ignored for finding in findings] == [True, False]
    apply_rules(rules, findings)
    assert [finding.ignored for finding in findings] == [True, True]
    assert [rule.is_used for rule in rules] == [True, True, False]


def test_rules_are_read_from_files_without_comments(tmp_path: Path) -> None:
    file = tmp_path / "ignored.txt"
    file.write_text("# old ones\n\nPATCH *:patch  # for good\n*:parser\n")
    rules = read_rules(["a:b"], [str(file)])
    assert [rule.text for rule in rules] == ["a:b", "PATCH *:patch", "*:parser"]
    for text in ("patch", ":patch", "/things:"):
        with pytest.raises(ValueError, match="is not of the form ROUTE:FINDING"):
            read_rules([text], [])
