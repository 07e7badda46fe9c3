"""What the speed benchmark measures: the same views for each configuration, and the requests.

Every configuration has a URLconf of its own with the same paths, so that none is found sooner than
another, and view classes of its own, so that none warms what another has remembered.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from rest_framework import generics, parsers, renderers, serializers
from rest_framework.authentication import BasicAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.settings import DEFAULTS, IMPORT_STRINGS, APISettings
from rest_framework.views import exception_handler as stock_handler

from django_apierrors import negotiation as our_negotiation
from django_apierrors import parsers as our_parsers
from django_apierrors import renderers as our_renderers
from django_apierrors.handler import exception_handler

JSON = "application/json"


class Scenario(NamedTuple):
    """A request to the path of its name, the view that answers it, and the status."""

    about: str
    view: str
    method: str
    status: int
    body: bytes = b""
    content_type: str = JSON


class Configuration(NamedTuple):
    """One way to set DRF up: its views, the middleware around them."""

    urlconf: Sequence[URLPattern]
    middleware: Sequence[str] = ()


class Thing(NamedTuple):
    """A resource. There is no database: it would cost all configurations the same."""

    id: int
    name: str
    price: int
    email: str


class ThingSerializer(serializers.Serializer[Thing]):
    """A resource with three fields to be filled in."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=100)
    price = serializers.IntegerField(min_value=0)
    email = serializers.EmailField()

    def create(self, validated_data: dict[str, Any]) -> Thing:
        """Return what a database would have kept."""
        return Thing(1, **validated_data)


FormSerializer: Any = type(
    "FormSerializer",
    (serializers.Serializer,),
    {f"field_{number}": serializers.CharField(max_length=100) for number in range(20)},
)

THINGS = [Thing(number, f"Lantern {number}", number, "a@example.com") for number in range(100)]
ROWS = [thing._asdict() for thing in THINGS] * 100
GOOD = {"name": "Lantern", "price": 3, "email": "a@example.com"}
BAD = {"name": "", "price": "much", "email": "nowhere"}


def make_body(document: object) -> bytes:
    """Return `document` as a client sends it."""
    return json.dumps(document).encode()


SCENARIOS: Mapping[str, Scenario] = {
    "E1": Scenario("no credentials", "protected", "GET", 401),
    "E2": Scenario("not allowed", "forbidden", "GET", 403),
    "E3": Scenario("not found", "missing", "GET", 404),
    "E4": Scenario("no such method", "things", "DELETE", 405),
    "E5": Scenario("another format", "things", "POST", 415, b"<thing/>", "application/xml"),
    "E6": Scenario("malformed JSON", "things", "POST", 400, b'{"name": "Lantern"'),
    "E7": Scenario("one field", "things", "POST", 400, make_body({**GOOD, "price": "?"})),
    "E8": Scenario("twenty fields", "forms", "POST", 400, make_body({})),
    "E9": Scenario("1,000 rows", "imports", "POST", 400, make_body([BAD] * 1_000)),
    "E10": Scenario("10,000 rows", "imports", "POST", 400, make_body([BAD] * 10_000)),
    "E11": Scenario("a bug", "broken", "GET", 500),
    "S1": Scenario("list of 100", "things", "GET", 200),
    "S2": Scenario("created", "things", "POST", 201, make_body(GOOD)),
    "S3": Scenario("list of 10,000", "rows", "GET", 200),
}


def make_views(bases: ModuleType, policies: Mapping[str, Any]) -> dict[str, Any]:
    """Return the views, based on DRF's generics or on ours, with the attributes of `policies`."""

    class Policies:
        serializer_class = ThingSerializer

    for name, value in policies.items():
        setattr(Policies, name, value)

    class ProtectedView(Policies, bases.GenericAPIView):  # type: ignore[name-defined,misc]
        authentication_classes = [BasicAuthentication]
        permission_classes = [IsAuthenticated]

        def get(self, request: Any) -> Response:
            return Response(GOOD)

    class ForbiddenView(ProtectedView):
        authentication_classes: list[type] = []

    class MissingView(Policies, bases.GenericAPIView):  # type: ignore[name-defined,misc]
        def get(self, request: Any) -> Response:
            raise Http404

    class BrokenView(Policies, bases.GenericAPIView):  # type: ignore[name-defined,misc]
        def get(self, request: Any) -> Response:
            raise RuntimeError("A bug.")

    class RowsView(Policies, bases.GenericAPIView):  # type: ignore[name-defined,misc]
        def get(self, request: Any) -> Response:
            return Response(ROWS)

    class ThingsView(Policies, bases.ListCreateAPIView):  # type: ignore[name-defined,misc]
        def get_queryset(self) -> Any:
            return THINGS

    class ThingView(Policies, bases.RetrieveAPIView):  # type: ignore[name-defined,misc]
        lookup_field = "id"

    class FormsView(Policies, bases.CreateAPIView):  # type: ignore[name-defined,misc]
        serializer_class = FormSerializer

    class ImportsView(Policies, bases.CreateAPIView):  # type: ignore[name-defined,misc]
        def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
            return super().get_serializer(*args, many=True, **kwargs)

    return {
        "protected": ProtectedView,
        "forbidden": ForbiddenView,
        "missing": MissingView,
        "broken": BrokenView,
        "rows": RowsView,
        "things": ThingsView,
        "thing": ThingView,
        "forms": FormsView,
        "imports": ImportsView,
    }


def make_configuration(
    handler: Any,
    *,
    bases: ModuleType = generics,
    middleware: Sequence[str] = (),
    **policies: Any,
) -> Configuration:
    """Return the configuration of a handler, of views and of their policies."""
    drf_settings = APISettings({"EXCEPTION_HANDLER": handler}, DEFAULTS, IMPORT_STRINGS)
    views = make_views(bases, {**policies, "settings": drf_settings})
    return Configuration(
        (
            *(
                path(name, views[scenario.view].as_view(), name=f"{name}-list")
                for name, scenario in SCENARIOS.items()
            ),
            path("S2/<int:id>", views["thing"].as_view(), name="S2-detail"),
        ),
        middleware,
    )


def make_stock() -> Configuration:
    """Return stock DRF, with no renderer and no parser but for JSON."""
    return make_configuration(
        stock_handler,
        renderer_classes=[renderers.JSONRenderer],
        parser_classes=[parsers.JSONParser],
    )


def make_standardized() -> Configuration:
    """Return drf-standardized-errors, as its documentation has it set up."""
    return make_configuration(
        import_string("drf_standardized_errors.handler.exception_handler"),
        renderer_classes=[renderers.JSONRenderer],
        parser_classes=[parsers.JSONParser],
    )


def make_ours(bases: ModuleType = generics, middleware: Sequence[str] = ()) -> Configuration:
    """Return this project, set up as step 2 and 3 of the README have it."""
    return make_configuration(
        exception_handler,
        bases=bases,
        middleware=middleware,
        renderer_classes=[our_renderers.JSONRenderer],
        parser_classes=[our_parsers.JSONParser],
        content_negotiation_class=our_negotiation.JSONContentNegotiation,
    )


def make_floor(bodies: Mapping[str, bytes]) -> Configuration:
    """Return plain Django views, which answer with `bodies` without a look at what was sent."""

    def make_view(document: object, status: int) -> Callable[[HttpRequest], HttpResponse]:
        def view(request: HttpRequest) -> HttpResponse:
            return JsonResponse(document, status=status, safe=False)

        return csrf_exempt(view)

    return Configuration(
        tuple(
            path(name, make_view(json.loads(bodies[name]), scenario.status))
            for name, scenario in SCENARIOS.items()
            if name in bodies
        )
    )
