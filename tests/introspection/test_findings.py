"""What a view does otherwise than the verb table and the format ask."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from django.urls import URLPattern, clear_url_caches, get_resolver, path
from rest_framework import generics as stock_generics
from rest_framework import mixins as stock_mixins
from rest_framework import parsers as stock_parsers
from rest_framework import viewsets as stock_viewsets
from rest_framework.renderers import JSONRenderer as StockJSONRenderer
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.serializers import HyperlinkedIdentityField, ModelSerializer
from rest_framework.views import APIView

from django_apierrors import generics, viewsets
from django_apierrors.introspection.audit import RouteReport, make_audit
from django_apierrors.introspection.findings import OF_VERBS, OF_VIEWS
from django_apierrors.operations import AcceptedAPIView
from tests.models import Shelf


class ShelfSerializer(ModelSerializer):
    """A shelf."""

    class Meta:
        model = Shelf
        fields = ["name"]


class LinkedSerializer(ShelfSerializer):
    """A shelf with its own URL."""

    url = HyperlinkedIdentityField(view_name="shelf-detail")

    class Meta:
        model = Shelf
        fields = ["url"]


class Shelves:
    """Shelves."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class List(Shelves, generics.ListCreateAPIView):
    """Lists and creates."""


class Detail(Shelves, generics.RetrieveUpdateDestroyAPIView):
    """Shows, updates and deletes."""


class Patched(Detail):
    """Has PATCH."""

    http_method_names = ["patch"]


class Stock(Shelves, stock_generics.CreateAPIView):
    """Creates, by DRF."""


class StockRead(Shelves, stock_mixins.ListModelMixin, stock_viewsets.GenericViewSet):
    """Lists, by a viewset that is put together."""


class Headed(Stock):
    """Has headers of its own."""

    def get_success_headers(self, data: Any) -> dict[str, str]:
        """Return the headers."""
        return {"Location": "http://testserver/"}


class ByRequest(Stock):
    """Has a serializer that a request tells."""

    def get_serializer_class(self) -> Any:
        """Return the serializer."""
        return self.request.user.serializer_class


class Own(APIView):
    """Says itself what it does with a POST."""

    def post(self, request: Any) -> Any:
        """Answer."""


class Framed(List):
    """Shelves that are created by a method of its own."""

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Create."""
        return self.create(request)

    def get_location(self, data: Any) -> str:
        """Return the URL."""
        return "http://testserver/"


class OwnViewSet(viewsets.ViewSet):
    """Creates by a method of its own."""

    def create(self, request: Any) -> Any:
        """Create."""


class Odd(Detail):
    """Succeeds as no PUT does."""

    put_status = 201


class JsonLines(stock_parsers.BaseParser):
    """JSON of a vendor."""

    media_type = "application/vnd.shop+json"


class Parsing(List):
    """Reads forms, and JSON of a vendor."""

    parser_classes = [JsonLines, stock_parsers.FormParser]


class ParsingByRequest(List):
    """Knows its parsers when there is a request."""

    parser_classes = [stock_parsers.FormParser]

    def get_parsers(self) -> Any:
        """Return the parsers."""
        return [self.request.user.parser()]


class Rendering(List):
    """Makes pages, and JSON by DRF."""

    renderer_classes = [StockJSONRenderer, TemplateHTMLRenderer]


class Accepting(AcceptedAPIView):
    """Accepts work."""


@pytest.fixture
def report(settings: Any) -> Any:
    """Return a function that audits the first of some routes."""

    def audit(*patterns: URLPattern) -> dict[str, str]:
        urlconf = ModuleType("urlconf")
        urlconf.urlpatterns = list(patterns)  # type: ignore[attr-defined]
        settings.ROOT_URLCONF = urlconf
        clear_url_caches()
        first: RouteReport = make_audit(get_resolver()).routes[0]
        found = [*first.departures, *(one for verb in first.verbs for one in verb.departures)]
        return {one.name: one.message for one in found}

    yield audit
    clear_url_caches()


DETAIL = path("shelves/<pk>", Detail.as_view(), name="shelf-detail")

KEEPING: dict[str, Any] = {
    "ours, with a route to what it creates": List.as_view(),
    "ours, with one object": Detail.as_view(),
    "a creation that is ours alone": Framed.as_view(),
    "work that is accepted": Accepting.as_view(),
    "a plain view of DRF": Own.as_view(),
    "a viewset of ours that creates by itself": OwnViewSet.as_view({"post": "create"}),
    "a viewset of ours": type("ViewSet", (Shelves, viewsets.ModelViewSet), {}).as_view(
        {"get": "list", "patch": "partial_update"}
    ),
}

LOCATION = (
    "A 201 has no Location. Give the serializer a HyperlinkedIdentityField called 'url', the model "
    "a get_absolute_url(), or the resource a route whose name ends in '-detail', and create by "
    "django_apierrors.mixins.CreateModelMixin."
)
STOCK = (
    "Not held to the verb table: use the CreateAPIView of django_apierrors.generics in place of "
    "rest_framework.generics."
)

DEPARTING: dict[str, tuple[Any, dict[str, str]]] = {
    "PATCH": (
        Patched.as_view(),
        {
            "patch": "Updates go by PUT. Leave 'patch' out of http_method_names; "
            "partial_put = True helps."
        },
    ),
    "a status that the verb does not have": (
        Odd.as_view(),
        {"status": "PUT succeeds with 201. Answer with one of 200, 202, 204."},
    ),
    "a creation by DRF": (Stock.as_view(), {"location": LOCATION, "stock": STOCK}),
    "a creation by DRF with a URL": (
        Stock.as_view(serializer_class=LinkedSerializer),
        {"stock": STOCK},
    ),
    "a creation by DRF with headers": (Headed.as_view(), {"stock": STOCK}),
    "a creation by DRF that a request tells": (ByRequest.as_view(), {"stock": STOCK}),
    "a viewset of DRF": (
        StockRead.as_view({"get": "list"}),
        {
            "stock": "Not held to the verb table: use the GenericViewSet of "
            "django_apierrors.viewsets in place of rest_framework.viewsets."
        },
    ),
    "a parser": (
        Parsing.as_view(),
        {
            "parser": "Reads what is not JSON: leave rest_framework.parsers.FormParser out of "
            "parser_classes."
        },
    ),
    "a parser that a request tells": (
        ParsingByRequest.as_view(),
        {
            "parser": "Reads what is not JSON: leave rest_framework.parsers.FormParser out of "
            "parser_classes."
        },
    ),
    "a renderer": (
        Rendering.as_view(),
        {
            "renderer": "Errors that the view returns keep the shape that "
            "rest_framework.renderers.JSONRenderer, rest_framework.renderers.TemplateHTMLRenderer "
            "gives them: use django_apierrors.renderers.JSONRenderer, or a subclass."
        },
    ),
}


@pytest.mark.parametrize("view", KEEPING.values(), ids=KEEPING)
def test_a_view_that_keeps_the_rules_departs_from_none(report: Any, view: Any) -> None:
    assert report(path("shelves", view, name="shelf-list"), DETAIL) == {}


@pytest.mark.parametrize(("view", "departures"), DEPARTING.values(), ids=DEPARTING)
def test_a_departure_is_told_with_what_to_do_about_it(
    report: Any, view: Any, departures: dict[str, str]
) -> None:
    assert report(path("shelves", view, name="shelf-list"), DETAIL) == departures


def test_a_creation_of_ours_without_a_route_to_its_resource_has_no_location(report: Any) -> None:
    assert report(path("shelves", List.as_view(), name="rack-list")) == {"location": LOCATION}


def test_every_departure_is_shown_here() -> None:
    shown = {name for _, departures in DEPARTING.values() for name in departures}
    assert shown == {*OF_VERBS, *OF_VIEWS}
