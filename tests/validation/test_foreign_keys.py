"""Foreign keys in a body: whether a key is malformed, or has no row."""

from __future__ import annotations

import copy
import json
import uuid
from typing import Any

import pytest
from django.db import DataError
from django.test import Client
from django.urls import clear_script_prefix, path, set_script_prefix
from pytest_django.fixtures import Settings
from rest_framework import generics as stock
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    HyperlinkedRelatedField,
    PrimaryKeyRelatedField,
    SlugRelatedField,
    UUIDField,
)
from rest_framework.test import APIRequestFactory
from rest_framework.utils.serializer_helpers import ReturnDict

from django_apierrors import generics
from django_apierrors.handler import exception_handler
from django_apierrors.renderers import JSONRenderer
from django_apierrors.validation.details import read_detail
from django_apierrors.validation.foreign_keys import find_malformed_keys
from tests.bodies import body
from tests.models import Parcel, Shelf, Thing

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


class HexField(serializers.Field):
    """A project's own spelling of a UUID: `x` and its digits."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        if not isinstance(data, str) or not data.startswith("x"):
            raise serializers.ValidationError("Not one of our keys.")
        return uuid.UUID(data[1:])


class Lookup:
    """A queryset that can do nothing but look up, and has no model."""

    def get(self, **lookup: Any) -> Any:
        return Thing.objects.get(**lookup)


class BrokenLookup(Lookup):
    """A queryset that fails when its model is read."""

    @property
    def model(self) -> Any:
        raise RuntimeError


class NulLookup(Lookup):
    """A queryset whose database rejects NUL in a string, as PostgreSQL does."""

    def get(self, **lookup: Any) -> Any:
        raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes") from ValueError()


def relate(source: Any, **kwargs: Any) -> Any:
    """Return a relation by primary key, to a model or to such a queryset."""
    queryset = source() if issubclass(source, Lookup) else source.objects.all()
    return PrimaryKeyRelatedField(queryset=queryset, required=False, **kwargs)


class OwnerSerializer(serializers.Serializer[Any]):
    """A nested serializer."""

    thing = relate(Thing)
    shelf = relate(Shelf)
    nul = relate(NulLookup)


class RelationsSerializer(serializers.Serializer[Any]):
    """Relations of every kind, and validators that reject what `reject` names."""

    thing = relate(Thing, allow_null=True)
    shelf = relate(Shelf)
    things = relate(Thing, many=True)
    shelves = relate(Shelf, many=True)
    parcel = relate(Parcel)
    parcels = relate(Parcel, many=True)
    nul = relate(NulLookup)
    nuls = relate(NulLookup, many=True)
    slug = SlugRelatedField("slug", queryset=Parcel.objects.all(), required=False)
    number = SlugRelatedField("number", queryset=Parcel.objects.all(), required=False)
    key = SlugRelatedField("key", queryset=Thing.objects.all(), required=False)
    link = HyperlinkedRelatedField("thing-detail", queryset=Thing.objects.all(), required=False)
    typed = relate(Thing, pk_field=UUIDField())
    hexed = relate(Thing, pk_field=HexField())
    owner = OwnerSerializer(required=False)
    owners = OwnerSerializer(many=True, required=False)
    list = serializers.ListField(child=relate(Thing), required=False)
    dict = serializers.DictField(child=relate(Thing), required=False)
    broken = relate(BrokenLookup)
    no_model = relate(Lookup)
    count = serializers.IntegerField(required=False)
    reject = serializers.CharField(required=False)

    def to_representation(self, instance: Any) -> Any:
        return {}

    def reject_key(self, value: Any) -> Any:
        if value is not None and "reject" in str(self.context["request"].data):
            raise serializers.ValidationError("Not this one.")
        return value

    validate_thing = validate_things = validate_link = validate_hexed = reject_key

    def validate(self, data: Any) -> Any:
        if data.get("reject") == "missing":
            raise serializers.ValidationError({"thing": "Not without one."})
        if data.get("reject") == "whole":
            raise serializers.ValidationError("Not at all.")
        return data


class CreateView(generics.CreateAPIView[Any]):
    """Create one document."""

    serializer_class = RelationsSerializer
    queryset = Thing.objects.all()


class CreateManyView(CreateView):
    """Create many documents."""

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        return super().get_serializer(*args, many=True, **kwargs)


class StockView(stock.CreateAPIView[Any]):
    """Create one document, in a stock view."""

    serializer_class = RelationsSerializer


class RejectView(StockView):
    """Reject the data without a serializer."""

    def post(self, request: Request) -> Response:
        raise serializers.ValidationError({"thing": "No."})


class ReturnView(StockView):
    """Return the errors of the serializer."""

    def post(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid()
        return Response(serializer.errors, status=400)


class ThingView(generics.RetrieveAPIView[Thing]):
    """The target of links."""

    queryset = Thing.objects.all()


urlpatterns = [
    path("ours/", CreateView.as_view()),
    path("many/", CreateManyView.as_view()),
    path("stock/", StockView.as_view()),
    path("reject/", RejectView.as_view()),
    path("return/", ReturnView.as_view()),
    path("things/<pk>/", ThingView.as_view(), name="thing-detail"),
]

# Keys without a row.
UNKNOWN_UUID = str(uuid.UUID(int=1))
UNKNOWN_CODE = "a" * 24

MALFORMED: list[tuple[Any, str]] = [
    ({"thing": "x"}, "thing"),
    ({"thing": UNKNOWN_UUID[:-1]}, "thing"),
    ({"thing": "\0"}, "thing"),
    ({"thing": "\U0001f600"}, "thing"),
    ({"thing": [UNKNOWN_UUID]}, "thing"),
    ({"thing": True}, "thing"),
    ({"shelf": "x"}, "shelf"),
    ({"shelf": {"a": 1}}, "shelf"),
    ({"shelf": [1]}, "shelf"),
    ({"parcel": {"a": 1}}, "parcel"),
    ({"slug": {"a": 1}}, "slug"),
    ({"slug": [1]}, "slug"),
    ({"link": {"a": 1}}, "link"),
    ({"things": ["x"]}, "things"),
    ({"things": {"a": 1}}, "things"),
    ({"things": [{"a": 1}]}, "things"),
    ({"shelves": ["x"]}, "shelves"),
    ({"number": "x"}, "number"),
    ({"key": "x"}, "key"),
    ({"link": "/things/x/"}, "link"),
    ({"link": "http://testserver/things/x/"}, "link"),
    ({"link": "/nothing/"}, "link"),
    ({"link": "/ours/"}, "link"),
    ({"link": 1}, "link"),
    ({"typed": "x"}, "typed"),
    ({"hexed": "1"}, "hexed"),
    ({"owner": {"thing": "x"}}, "owner.thing"),
    ({"owners": [{}, {"thing": "x"}]}, "owners[1].thing"),
    ({"list": ["x"]}, "list[0]"),
    # DRF's DictField lets the error of the key's own field pass to the serializer.
    ({"dict": {"a": UNKNOWN_UUID, "b": "x"}}, "dict"),
    ({"slug": "\U0001f600"}, "slug"),
    ({"parcel": "x"}, "parcel"),
    ({"parcel": f"{UNKNOWN_CODE[:-1]}\0"}, "parcel"),
    ({"parcels": ["x", UNKNOWN_CODE]}, "parcels"),
]

UNKNOWN: list[tuple[Any, str]] = [
    ({"thing": UNKNOWN_UUID}, "thing"),
    ({"thing": uuid.UUID(int=1).hex}, "thing"),
    ({"thing": 1}, "thing"),
    ({"shelf": 99}, "shelf"),
    ({"shelf": "99"}, "shelf"),
    ({"shelf": 2**70}, "shelf"),
    ({"things": [UNKNOWN_UUID]}, "things"),
    ({"slug": "nobody"}, "slug"),
    ({"parcel": UNKNOWN_CODE}, "parcel"),
    ({"parcels": [UNKNOWN_CODE, "x"]}, "parcels"),
    ({"number": 99}, "number"),
    ({"key": UNKNOWN_UUID}, "key"),
    ({"link": f"/things/{UNKNOWN_UUID}/"}, "link"),
    ({"typed": UNKNOWN_UUID}, "typed"),
    ({"owner": {"shelf": 99}}, "owner.shelf"),
    ({"owners": [{"thing": UNKNOWN_UUID}]}, "owners[0].thing"),
    ({"list": [UNKNOWN_UUID]}, "list[0]"),
    ({"dict": {"a": UNKNOWN_UUID}}, "dict.a"),
]


def post(client: Client, document: Any, url: str = "/ours/") -> Any:
    """Send a document; to the view of many, send a valid document before it."""
    document = [{}, document] if url == "/many/" else document
    return client.post(url, json.dumps(document), content_type="application/json")


def get_outcome(response: Any) -> tuple[int, str, list[str]]:
    """Return the status, the code and the fields that the messages begin with."""
    sent = response.json()
    fields = [error.partition(": ")[0].removeprefix("[1].") for error in sent["errors"]]
    assert sent["status"] == response.status_code
    return sent["status"], sent["code"], fields


# The shape of the errors depends on the view: many rows have their own.
@pytest.mark.parametrize("url", ["/ours/", "/stock/", "/many/", "/return/"])
def test_a_malformed_key_is_invalid_id_and_a_key_without_a_row_missing_resource(
    client: Client, url: str
) -> None:
    for document, field in MALFORMED:
        response = post(client, document, url)
        assert (document, get_outcome(response)) == (document, (400, "INVALID_ID", [field]))
    for document, field in UNKNOWN:
        response = post(client, document, url)
        assert (document, get_outcome(response)) == (document, (400, "MISSING_RESOURCE", [field]))


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"nul": "\0"}, "nul"),
        ({"nuls": ["\0"]}, "nuls[0]"),
        ({"owner": {"nul": "\0"}}, "owner.nul"),
        ({"owners": [{}, {"nul": "\0"}]}, "owners[1].nul"),
    ],
)
def test_a_key_that_the_database_rejects_is_invalid_id(
    client: Client, document: Any, field: str
) -> None:
    message = f"{field}: The formatting of a resource identifier is incorrect."
    for url in ("/ours/", "/stock/"):
        assert post(client, document, url).json() == body("INVALID_ID", message)


def test_the_body_and_the_details_of_a_key(client: Client, settings: Settings) -> None:
    message = 'shelf: Invalid pk "99" - object does not exist.'
    response = post(client, {"shelf": 99})
    assert response.json() == body("MISSING_RESOURCE", message, status=400)
    settings.API_ERRORS = {"DETAILS": True}
    [detail] = post(client, {"thing": "x"}).json()["details"]
    assert (detail["field"], detail["code"]) == ("thing", "incorrect_type")


@pytest.mark.parametrize("relation", ["thing", "things", "link", "hexed"])
def test_an_error_of_a_validator_about_a_well_formed_key_is_invalid_content(
    client: Client, relation: str
) -> None:
    thing = Thing.objects.create(name="cup")
    key = str(thing.pk)
    sent = {"things": [key], "link": f"/things/{key}/", "hexed": f"x{thing.pk.hex}"}
    document = {relation: sent.get(relation, key), "reject": "x"}
    for url in ("/ours/", "/stock/", "/many/"):
        response = post(client, document, url)
        assert get_outcome(response) == (400, "INVALID_CONTENT", [relation])


@pytest.mark.parametrize(
    ("document", "errors"),
    [
        ({"reject": "missing"}, ["thing: Not without one."]),
        ({"reject": "missing", "thing": None}, ["thing: Not without one."]),
        ({"reject": "whole"}, ["Not at all."]),
        ([1], ["Invalid data. Expected a dictionary, but got list."]),
        (
            {"thing": "x", "count": "y"},
            ["thing: “x” is not a valid UUID.", "count: A valid integer is required."],
        ),
    ],
)
def test_an_error_that_is_not_about_keys_alone_is_invalid_content(
    client: Client, document: Any, errors: list[str]
) -> None:
    assert post(client, document).json() == body("INVALID_CONTENT", *errors)


def test_an_error_without_a_serializer_is_invalid_content(client: Client) -> None:
    response = post(client, {"thing": "x"}, "/reject/")
    assert response.json() == body("INVALID_CONTENT", "thing: No.")


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"count": "x"}, "count"),
        ({"things": "x"}, "things"),
        ({"things": {"a": 1}}, "things"),
        ({"slug": ["x"]}, "slug"),
        ({"owner": "x"}, "owner"),
        ({"owners": {"a": 1}}, "owners"),
        ({"list": "x"}, "list"),
    ],
)
def test_a_value_of_another_shape_is_a_400(client: Client, document: Any, field: str) -> None:
    for url in ("/ours/", "/many/"):
        status, code, fields = get_outcome(post(client, document, url))
        assert (status, fields) == (400, [field])
        assert code in ("INVALID_CONTENT", "INVALID_ID", "MISSING_RESOURCE")


@pytest.mark.parametrize("field", ["broken", "no_model"])
def test_a_queryset_without_a_model_does_not_change_the_error(
    client: Client, caplog: pytest.LogCaptureFixture, field: str
) -> None:
    response = post(client, {field: "x"})
    assert get_outcome(response) == (400, "INVALID_CONTENT", [field])
    assert ("failed while looking for malformed keys" in caplog.text) == (field == "broken")


def test_a_link_is_read_without_the_prefix_of_the_project(client: Client) -> None:
    # As Django's WSGI handler does with the SCRIPT_NAME.
    set_script_prefix("/api/")
    try:
        response = post(client, {"link": "http://testserver/api/things/x/"})
    finally:
        clear_script_prefix()
    assert get_outcome(response) == (400, "INVALID_ID", ["link"])


INVALID = ErrorDetail("No.", "invalid")


@pytest.mark.parametrize(
    ("sent", "detail", "paths"),
    [
        # One message for all keys of a list, or of a dict.
        ({"list": ["x"]}, {"list": [INVALID]}, {("list", 0)}),
        ({"dict": {"a": "x"}}, {"dict": [INVALID]}, {("dict", 0)}),
        ({"list": "x"}, {"list": [INVALID]}, set()),
        # A message for each key, and for a key that was not sent.
        ({"list": ["x"]}, {"list": {0: [INVALID]}}, {("list", 0, 0)}),
        ({"list": ["x"]}, {"list": {7: [INVALID], 8: []}}, set()),
        ({"thing": "x"}, {"thing": INVALID}, {("thing",)}),
        ({"count": "x"}, {"count": [INVALID]}, set()),
        # Shapes that DRF does not give the errors of a relation.
        ({"thing": "x"}, {"thing": {0: [INVALID]}}, set()),
        ({"thing": "x"}, {"thing": [[INVALID]]}, set()),
    ],
)
def test_malformed_keys_are_found_in_errors_of_any_shape(
    sent: Any, detail: Any, paths: set[Any]
) -> None:
    errors = ReturnDict(copy.deepcopy(detail), serializer=RelationsSerializer(data=sent))
    assert find_malformed_keys(errors) == paths
    codes = [item.code for item in read_detail(errors, 400).items]
    assert codes == ["incorrect_type" if paths else "invalid"]
    assert errors == detail


@pytest.mark.parametrize(
    "document", [{"thing": "x"}, {"owners": [{}, {"thing": "x"}]}, {"dict": {"a": "x"}}]
)
def test_a_rejected_key_does_not_change_the_exception_and_the_errors(document: Any) -> None:
    request = APIRequestFactory().post("/")
    serializer = RelationsSerializer(data=document, context={"request": request})
    with pytest.raises(ValidationError) as raised:
        serializer.is_valid(raise_exception=True)
    exception, errors = raised.value, serializer.errors
    before = (exception.get_codes(), copy.deepcopy(exception.detail), exception.get_full_details())
    sent = [exception_handler(exception, {"request": request})]
    returned = Response(errors, status=400)
    returned.accepted_renderer = JSONRenderer()
    returned.accepted_media_type = "application/json"
    returned.renderer_context = {"request": request}  # type: ignore[attr-defined]
    sent.append(returned)
    for response in sent:
        assert response is not None
        assert json.loads(response.render().content)["code"] == "INVALID_ID"
        assert before == (exception.get_codes(), exception.detail, exception.get_full_details())
        assert serializer.errors == errors == before[1]
    assert "incorrect_type" not in str(exception.get_codes())
    assert exception.detail.serializer is serializer  # type: ignore[union-attr]
