"""Foreign keys in bodies: malformed, or of nothing."""

from __future__ import annotations

import copy
import json
import uuid
from typing import Any

import pytest
from django.db import DataError
from django.test import Client
from django.urls import clear_script_prefix, path, set_script_prefix
from rest_framework import generics as stock
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.response import Response
from rest_framework.serializers import (
    HyperlinkedRelatedField,
    PrimaryKeyRelatedField,
    SlugRelatedField,
    UUIDField,
)
from rest_framework.utils.serializer_helpers import ReturnDict

from django_apierrors import generics, refusals
from django_apierrors.answers import get_answer
from django_apierrors.validation.details import flatten
from django_apierrors.validation.foreign_keys import find_malformed_keys
from tests.bodies import body
from tests.models import Parcel, Shelf, Thing

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


class HexField(serializers.Field):
    """A UUID as the project writes it: `x` and its digits."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        """Return the UUID."""
        if not isinstance(data, str) or not data.startswith("x"):
            raise serializers.ValidationError("No key of ours.")
        return uuid.UUID(data[1:])


class Broken:
    """A queryset that fails where it is asked for its model."""

    def __init__(self, queryset: Any) -> None:
        """Take the queryset that works."""
        self.queryset = queryset

    @property
    def model(self) -> Any:
        """Fail."""
        raise RuntimeError

    def get(self, **lookup: Any) -> Any:
        """Look up."""
        return self.queryset.get(**lookup)


class BrokenField(PrimaryKeyRelatedField):
    """A relation whose queryset fails."""

    def get_queryset(self) -> Any:
        """Return the queryset."""
        return Broken(Thing.objects.all())


class TextField(PrimaryKeyRelatedField):
    """A relation whose database takes no NUL in a text, as PostgreSQL does not."""

    def get_queryset(self) -> Any:
        """Return the queryset."""
        return type("Lookup", (), {"get": self.refuse})()

    def refuse(self, **lookup: Any) -> Any:
        """Refuse to look up."""
        raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")


class NoModelField(PrimaryKeyRelatedField):
    """A relation whose queryset names no model."""

    def get_queryset(self) -> Any:
        """Return the queryset."""
        queryset = Thing.objects.all()
        return type("Lookup", (), {"get": lambda self, **lookup: queryset.get(**lookup)})()


class Owner(serializers.Serializer):
    """What is nested."""

    thing = PrimaryKeyRelatedField(queryset=Thing.objects.all(), required=False)
    shelf = PrimaryKeyRelatedField(queryset=Shelf.objects.all(), required=False)
    text = TextField(queryset=Parcel.objects.all(), required=False)


class Relations(serializers.Serializer):
    """Relations of every kind."""

    thing = PrimaryKeyRelatedField(queryset=Thing.objects.all(), required=False, allow_null=True)
    shelf = PrimaryKeyRelatedField(queryset=Shelf.objects.all(), required=False)
    things = PrimaryKeyRelatedField(queryset=Thing.objects.all(), many=True, required=False)
    shelves = PrimaryKeyRelatedField(queryset=Shelf.objects.all(), many=True, required=False)
    parcel = PrimaryKeyRelatedField(queryset=Parcel.objects.all(), required=False)
    parcels = PrimaryKeyRelatedField(queryset=Parcel.objects.all(), many=True, required=False)
    text = TextField(queryset=Parcel.objects.all(), required=False)
    texts = TextField(queryset=Parcel.objects.all(), many=True, required=False)
    slug = SlugRelatedField("slug", queryset=Parcel.objects.all(), required=False)
    number = SlugRelatedField("number", queryset=Parcel.objects.all(), required=False)
    key = SlugRelatedField("key", queryset=Thing.objects.all(), required=False)
    link = HyperlinkedRelatedField("thing-detail", queryset=Thing.objects.all(), required=False)
    typed = PrimaryKeyRelatedField(
        queryset=Thing.objects.all(), pk_field=UUIDField(), required=False
    )
    hexed = PrimaryKeyRelatedField(
        queryset=Thing.objects.all(), pk_field=HexField(), required=False
    )
    owner = Owner(required=False)
    owners = Owner(many=True, required=False)
    list = serializers.ListField(
        child=PrimaryKeyRelatedField(queryset=Thing.objects.all()), required=False
    )
    dict = serializers.DictField(
        child=PrimaryKeyRelatedField(queryset=Thing.objects.all()), required=False
    )
    broken = BrokenField(queryset=Thing.objects.all(), required=False)
    no_model = NoModelField(queryset=Thing.objects.all(), required=False)
    count = serializers.IntegerField(required=False)
    refuse = serializers.CharField(required=False)

    def create(self, validated_data: Any) -> Any:
        """Create nothing."""
        return validated_data

    def to_representation(self, instance: Any) -> Any:
        """Show nothing."""
        return {}

    def refuse_any(self, value: Any) -> Any:
        """Refuse a key for a reason that is not its form."""
        if value is not None and "refuse" in str(self.context["request"].data):
            raise serializers.ValidationError("Not this one.")
        return value

    validate_thing = validate_things = validate_link = validate_hexed = refuse_any

    def validate(self, data: Any) -> Any:
        """Refuse a relation that was not sent."""
        if data.get("refuse") == "all":
            raise serializers.ValidationError({"thing": "Not without one."})
        if data.get("refuse") == "whole":
            raise serializers.ValidationError("Nothing of it.")
        return data


class Create(generics.CreateAPIView):
    """Takes one."""

    serializer_class = Relations
    queryset = Thing.objects.all()


class CreateMany(Create):
    """Takes many."""

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """Return a serializer of many."""
        return super().get_serializer(*args, many=True, **kwargs)


class StockCreate(stock.CreateAPIView):
    """Takes one, without any view of ours."""

    serializer_class = Relations


class Refuse(stock.CreateAPIView):
    """Refuses what no serializer has seen."""

    def post(self, request: Any) -> Any:
        """Refuse."""
        raise serializers.ValidationError({"thing": "No."})


class Returned(stock.CreateAPIView):
    """Returns what its serializer says."""

    serializer_class = Relations

    def post(self, request: Any) -> Any:
        """Refuse."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid()
        return Response(serializer.errors, status=400)


class Show(generics.RetrieveAPIView):
    """Shows a thing."""

    queryset = Thing.objects.all()


urlpatterns = [
    path("ours/", Create.as_view()),
    path("stock/", StockCreate.as_view()),
    path("refuse/", Refuse.as_view()),
    path("many/", CreateMany.as_view()),
    path("returned/", Returned.as_view()),
    path("things/<pk>/", Show.as_view(), name="thing-detail"),
]

NOBODY = str(uuid.UUID(int=1))

# The key of a parcel that is not there.
CODE = "a" * 24

MALFORMED: list[tuple[Any, str]] = [
    ({"thing": "x"}, "thing"),
    ({"thing": NOBODY[:-1]}, "thing"),
    ({"thing": "\0"}, "thing"),
    ({"thing": "\U0001f600"}, "thing"),
    ({"thing": [NOBODY]}, "thing"),
    ({"thing": True}, "thing"),
    ({"shelf": "x"}, "shelf"),
    ({"shelf": {"a": 1}}, "shelf"),
    ({"shelf": True}, "shelf"),
    ({"things": ["x"]}, "things"),
    ({"shelves": ["x"]}, "shelves"),
    ({"number": "x"}, "number"),
    ({"key": "x"}, "key"),
    ({"link": "/things/x/"}, "link"),
    ({"link": "http://testserver/things/x/"}, "link"),
    ({"link": "/nothing/"}, "link"),
    ({"typed": "x"}, "typed"),
    ({"hexed": "1"}, "hexed"),
    ({"owner": {"thing": "x"}}, "owner.thing"),
    ({"owner": {"shelf": "x"}}, "owner.shelf"),
    ({"owners": [{}, {"thing": "x"}]}, "owners[1].thing"),
    ({"list": ["x"]}, "list[0]"),
    ({"slug": "\U0001f600"}, "slug"),
    ({"parcel": "x"}, "parcel"),
    ({"parcel": f"{CODE[:-1]}\0"}, "parcel"),
    ({"parcel": {"a": 1}}, "parcel"),
    ({"parcels": ["x"]}, "parcels"),
    ({"parcels": ["x", CODE]}, "parcels"),
]

UNKNOWN: list[tuple[Any, str]] = [
    ({"thing": NOBODY}, "thing"),
    ({"thing": uuid.UUID(int=1).hex}, "thing"),
    ({"thing": 1}, "thing"),
    ({"shelf": 99}, "shelf"),
    ({"shelf": "99"}, "shelf"),
    ({"shelf": 2**70}, "shelf"),
    ({"things": [NOBODY]}, "things"),
    ({"shelves": [99]}, "shelves"),
    ({"slug": "nobody"}, "slug"),
    ({"parcel": CODE}, "parcel"),
    ({"parcels": [CODE]}, "parcels"),
    ({"parcels": [CODE, "x"]}, "parcels"),
    ({"number": 99}, "number"),
    ({"key": NOBODY}, "key"),
    ({"link": f"/things/{NOBODY}/"}, "link"),
    ({"typed": NOBODY}, "typed"),
    ({"owner": {"shelf": 99}}, "owner.shelf"),
    ({"owners": [{"thing": NOBODY}]}, "owners[0].thing"),
    ({"list": [NOBODY]}, "list[0]"),
    ({"dict": {"a": NOBODY}}, "dict.a"),
]

every_route = pytest.mark.parametrize("route", ["/ours/", "/stock/", "/many/"])


def post(client: Client, route: str, document: Any) -> Any:
    """Send a document, or a list of it and of one that is right."""
    document = [{}, document] if route == "/many/" else document
    return client.post(route, json.dumps(document), content_type="application/json")


def get_outcome(response: Any) -> tuple[int, str, list[str]]:
    """Return the status, the code and the fields that the messages begin with."""
    content = response.json()
    fields = [error.partition(": ")[0].removeprefix("[1].") for error in content["errors"]]
    assert content["status"] == response.status_code
    return content["status"], content["code"], fields


@every_route
@pytest.mark.parametrize(("document", "field"), MALFORMED)
def test_a_malformed_key_is_invalid_id(
    client: Client, route: str, document: Any, field: str
) -> None:
    response = post(client, route, document)
    assert get_outcome(response) == (400, "INVALID_ID", [field])


@every_route
def test_a_malformed_key_in_a_dict_is_invalid_id(client: Client, route: str) -> None:
    # DRF's DictField lets the error of the key's own field pass to the serializer.
    response = post(client, route, {"dict": {"a": NOBODY, "b": "x"}})
    assert get_outcome(response) == (400, "INVALID_ID", ["dict"])


@pytest.mark.parametrize("route", ["/ours/", "/stock/"])
@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"text": "\0"}, "text"),
        ({"texts": ["\0"]}, "texts"),
        ({"owner": {"text": "\0"}}, "owner.text"),
        ({"owners": [{}, {"text": "\0"}]}, "owners.text"),
    ],
)
def test_a_key_that_the_database_refuses_is_invalid_id(
    client: Client, route: str, document: Any, field: str
) -> None:
    response = post(client, route, document)
    assert response.json() == body(
        "INVALID_ID", f"{field}: The formatting of a resource identifier is incorrect."
    )


@every_route
@pytest.mark.parametrize(("document", "field"), UNKNOWN)
def test_a_key_of_nothing_is_missing_resource(
    client: Client, route: str, document: Any, field: str
) -> None:
    response = post(client, route, document)
    assert get_outcome(response) == (400, "MISSING_RESOURCE", [field])


def test_the_body_is_the_whole_format(client: Client) -> None:
    response = post(client, "/ours/", {"shelf": 99})
    message = 'shelf: Invalid pk "99" - object does not exist.'
    assert response.json() == body("MISSING_RESOURCE", message, status=400)


def test_the_message_of_a_malformed_key_says_so_in_details(client: Client, settings: Any) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    details = post(client, "/ours/", {"thing": "x"}).json()["details"]
    assert [(item["field"], item["code"]) for item in details] == [("thing", "incorrect_type")]


@pytest.fixture
def thing() -> Thing:
    """Return a thing."""
    return Thing.objects.create(name="cup")


@every_route
@pytest.mark.parametrize("relation", ["thing", "things", "link", "hexed"])
def test_what_a_validator_says_of_a_well_formed_key_is_invalid_content(
    client: Client, thing: Thing, route: str, relation: str
) -> None:
    key = str(thing.pk)
    sent = {"things": [key], "link": f"/things/{key}/", "hexed": f"x{thing.pk.hex}"}
    document = {relation: sent.get(relation, key), "refuse": "x"}
    response = post(client, route, document)
    assert get_outcome(response) == (400, "INVALID_CONTENT", [relation])


@pytest.mark.parametrize("document", [{}, {"thing": None}])
def test_what_is_said_of_a_key_that_was_not_sent_is_invalid_content(
    client: Client, document: dict[str, Any]
) -> None:
    response = post(client, "/ours/", {"refuse": "all", **document})
    assert response.json() == body("INVALID_CONTENT", "thing: Not without one.")


@every_route
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
def test_what_is_no_key_is_invalid_content_or_id(
    client: Client, route: str, document: Any, field: str
) -> None:
    status, code, fields = get_outcome(post(client, route, document))
    assert (status, fields) == (400, [field])
    assert code in ("INVALID_CONTENT", "INVALID_ID", "MISSING_RESOURCE")


def test_what_is_said_of_the_whole_is_invalid_content(client: Client) -> None:
    response = post(client, "/ours/", {"refuse": "whole"})
    assert response.json() == body("INVALID_CONTENT", "Nothing of it.")


def test_a_malformed_key_beside_another_fault_is_invalid_content(client: Client) -> None:
    response = post(client, "/ours/", {"thing": "x", "count": "y"})
    assert get_outcome(response) == (400, "INVALID_CONTENT", ["thing", "count"])


def test_a_body_that_is_no_object_is_invalid_content(client: Client) -> None:
    response = client.post("/ours/", "[1]", content_type="application/json")
    assert response.json()["code"] == "INVALID_CONTENT"


def test_what_no_serializer_has_said_is_invalid_content(client: Client) -> None:
    response = post(client, "/refuse/", {"thing": "x"})
    assert response.json() == body("INVALID_CONTENT", "thing: No.")


def test_a_queryset_that_fails_leaves_the_error_as_it_is(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    response = post(client, "/ours/", {"broken": "x"})
    assert get_outcome(response) == (400, "INVALID_CONTENT", ["broken"])
    assert "failed while looking for malformed keys" in caplog.text


def test_a_queryset_without_model_leaves_the_error_as_it_is(client: Client) -> None:
    response = post(client, "/ours/", {"no_model": "x"})
    assert get_outcome(response) == (400, "INVALID_CONTENT", ["no_model"])


@pytest.fixture
def _prefix() -> Any:
    """Mount the project, as Django's WSGI handler does with what the server says."""
    set_script_prefix("/api/")
    yield
    clear_script_prefix()


@pytest.mark.usefixtures("_prefix")
def test_a_link_of_a_mounted_project_is_read_without_its_prefix(client: Client) -> None:
    response = post(client, "/ours/", {"link": "http://testserver/api/things/x/"})
    assert get_outcome(response) == (400, "INVALID_ID", ["link"])


def test_a_malformed_key_in_returned_errors_is_invalid_id(client: Client) -> None:
    response = post(client, "/returned/", {"thing": "x"})
    assert response.json()["code"] == "INVALID_ID"


INVALID = ErrorDetail("No.", "invalid")


@pytest.mark.parametrize(
    ("sent", "detail", "codes"),
    [
        # One text for all keys of a list, or of a dict.
        ({"list": ["x"]}, {"list": [INVALID]}, ["incorrect_type"]),
        ({"dict": {"a": "x"}}, {"dict": [INVALID]}, ["incorrect_type"]),
        ({"list": "x"}, {"list": [INVALID]}, ["invalid"]),
        # A text for each key; what was not sent is none of them.
        ({"list": ["x"]}, {"list": {0: [INVALID]}}, ["incorrect_type"]),
        ({"list": ["x"]}, {"list": {7: [INVALID], 8: []}}, ["invalid"]),
        ({"count": "x"}, {"count": [INVALID]}, ["invalid"]),
    ],
)
def test_malformed_keys_are_marked_in_whatever_shape_the_errors_have(
    sent: Any, detail: Any, codes: list[str]
) -> None:
    errors = ReturnDict(copy.deepcopy(detail), serializer=Relations(data=sent))
    assert find_malformed_keys(errors) == (codes == ["incorrect_type"])
    assert [item.code for item in flatten(errors)] == codes


class Twofold(serializers.Serializer):
    """Says the same of a malformed key and of one that it does not like."""

    thing = PrimaryKeyRelatedField(
        queryset=Thing.objects.all(), pk_field=UUIDField(error_messages={"invalid": "No."})
    )

    def validate_thing(self, thing: Any) -> Any:
        """Like none."""
        raise serializers.ValidationError("No.", "invalid")


def test_a_malformed_key_is_told_from_what_was_answered_in_the_same_words() -> None:
    """Answers about keys are not remembered: it matters what was sent."""
    keys = ["malformed", str(Thing.objects.create().pk)]
    names = []
    for key in [*keys, *keys]:
        serializer = Twofold(data={"thing": key})
        assert not serializer.is_valid()
        assert flatten(serializer.errors).get_messages() == ["thing: No."]
        names.append(get_answer(refusals.ValidationError(serializer.errors)).error.code.name)
    assert names == ["INVALID_ID", "INVALID_CONTENT"] * 2


def test_fields_that_fail_leave_the_error_as_it_is() -> None:
    """Whether an answer may be remembered is asked of the project's fields too."""

    class Failing:
        initial_data: Any = {}

        @property
        def fields(self) -> Any:
            raise RuntimeError

    detail = ReturnDict({"thing": [ErrorDetail("No.", "invalid")]}, serializer=Failing())
    one, other = (get_answer(refusals.ValidationError(detail)) for _time in range(2))
    assert one.error.code.name == "INVALID_CONTENT"
    assert one is not other
