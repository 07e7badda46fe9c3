"""Declared fields: the copies that we make are as DRF's, whatever the field was given."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.core.validators import MaxLengthValidator, RegexValidator
from django.test import Client, override_settings
from django.urls import path
from django.utils.translation import gettext_lazy, override
from rest_framework import fields, relations, serializers
from rest_framework.utils.formatting import lazy_format

from django_apierrors import generics
from django_apierrors.declared_fields import DeclaredFields, make_mould, spare_making

pytestmark = pytest.mark.urls(__name__)

own_validator = RegexValidator("^a")

CAST = [
    fields.BooleanField(),
    fields.BooleanField(allow_null=True, default=None),
    fields.CharField(),
    fields.CharField(max_length=3, min_length=1, trim_whitespace=False, allow_blank=True),
    fields.CharField(validators=[own_validator], style={"base_template": "textarea.html"}),
    fields.CharField(label="Name", help_text=gettext_lazy("Yes"), initial="a", source="b.c"),
    fields.CharField(error_messages={"required": gettext_lazy("No"), "blank": "Empty."}),
    fields.CharField(default="unnamed", write_only=True),
    fields.EmailField(max_length=30),
    fields.SlugField(allow_unicode=True),
    fields.URLField(),
    fields.UUIDField(format="hex"),
    fields.UUIDField(default=UUID(int=1)),
    fields.IPAddressField(protocol="ipv4"),
    fields.IntegerField(min_value=0, max_value=9),
    fields.FloatField(max_value=1.5),
    fields.DecimalField(max_digits=5, decimal_places=2, max_value=Decimal("9.5")),
    fields.DateTimeField(format="%Y", input_formats=["iso-8601"]),
    fields.DateField(default=date(2026, 1, 2)),
    fields.TimeField(),
    fields.DurationField(),
    fields.ChoiceField([("a", "A"), ("b", "B")]),
    fields.ChoiceField(choices=["a", "b"], html_cutoff=1),
    fields.MultipleChoiceField(choices=["a", "b"]),
    fields.FileField(max_length=10, allow_empty_file=True),
    fields.JSONField(binary=True),
    fields.ReadOnlyField(),
    fields.HiddenField(default=1),
    fields.SerializerMethodField(),
]


def describe(value: Any) -> Any:
    """Return what can be compared of a field, and of what is inside."""
    if isinstance(value, (fields.Field, RegexValidator)) or hasattr(value, "limit_value"):
        known = {**vars(value)}
        known.pop("_creation_counter", None)
        return type(value), describe(known)
    if isinstance(value, lazy_format):
        return str(value)
    if isinstance(value, dict):
        return {name: describe(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [*map(describe, value)]
    if type(value).__module__.endswith(".validators"):
        return type(value)
    return str(value)


def find_changeable(field: fields.Field) -> set[int]:
    """Return the ids of what a project may change inside a field."""
    insides = [
        field,
        *(value for value in vars(field).values() if type(value) in (dict, list, set)),
        *(each for each in field.validators if vars(each).keys() - {"_constructor_args"}),
    ]
    return {id(inside) for inside in insides if inside is not own_validator}


@pytest.mark.parametrize("field", CAST, ids=repr)
def test_copies_are_as_drfs(field: fields.Field) -> None:
    """It has what DRF's copy has, and shares with others no more than those do."""
    mould = make_mould(field)
    assert mould is not None
    one, other = mould.make(), mould.make()
    assert type(one) is type(field)
    assert describe(one) == describe(deepcopy(field))
    assert not find_changeable(one) & find_changeable(other)
    assert not find_changeable(one) & find_changeable(field)
    assert describe(deepcopy(one)) == describe(deepcopy(field))
    assert repr(one) == repr(field)


class OwnField(fields.CharField):
    """Of a class that may keep anything."""


class Fickle(fields.CharField):
    """Has other things in it each time."""

    made = 0

    def __init__(self, **kwargs: Any) -> None:
        """Count."""
        super().__init__(**kwargs)
        Fickle.made += 1
        vars(self)[f"copy_{Fickle.made % 2}"] = True


Fickle.__module__ = fields.__name__


class Numbered(fields.CharField):
    """Has another number each time."""

    made = 0

    def __init__(self, **kwargs: Any) -> None:
        """Count."""
        super().__init__(**kwargs)
        Numbered.made += 1
        self.number = Numbered.made


Numbered.__module__ = fields.__name__


class OwnValidator(RegexValidator):
    """Of a class that may keep anything."""


class Given(fields.CharField):
    """Appends what is made for each copy."""

    make: Callable[[], Any] = OwnValidator

    def __init__(self, **kwargs: Any) -> None:
        """Append it."""
        super().__init__(**kwargs)
        self.validators.append(type(self).make())


Given.__module__ = fields.__name__


class Replaced(fields.CharField):
    """Has something else for its validators."""

    def __init__(self, **kwargs: Any) -> None:
        """Replace them."""
        super().__init__(**kwargs)
        self.validators = (OwnValidator(),)


Replaced.__module__ = fields.__name__


@pytest.mark.parametrize(
    "field",
    [
        OwnField(),
        Fickle(),
        Numbered(),
        Given(),
        Replaced(),
        fields.CharField(default=[1]),
        fields.CharField(default=[[]]),
        fields.CharField(style={"inside": {"of": "it"}}),
        fields.HiddenField(default=fields.CurrentUserDefault()),
        fields.ListField(child=fields.CharField()),
        fields.ChoiceField(choices=[("Group", [("a", "A")])]),
        relations.StringRelatedField(),
        serializers.Serializer(),
    ],
    ids=lambda field: type(field).__name__,
)
def test_others_are_left_to_drf(field: Any) -> None:
    """Where a third copy cannot be told from two, DRF makes it."""
    if field._kwargs.get("default") == [1]:
        # A list of constants is a new one in each.
        mould = make_mould(field)
        assert mould is not None
        assert mould.make().default is not mould.make().default
    else:
        assert make_mould(field) is None


class LineSerializer(serializers.Serializer[Any]):
    """Two fields, and what is inside one of them."""

    class Inner(serializers.Serializer[Any]):
        size = serializers.IntegerField(max_value=3)

    sku = serializers.CharField(max_length=3)
    inner = Inner(required=False)
    inners = Inner(many=True, required=False)
    own = OwnField(required=False)

    def create(self, validated_data: Any) -> Any:
        """Keep nothing."""
        return validated_data


class LineView(generics.CreateAPIView):
    """Creates lines."""

    serializer_class = LineSerializer


class LinesView(LineView):
    """Creates many."""

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """Return that of a list."""
        return super().get_serializer(*args, many=True, **kwargs)


urlpatterns = [path("lines", LineView.as_view()), path("many", LinesView.as_view())]


def make_serializer(cls: Any = LineSerializer, **kwargs: Any) -> Any:
    """Return a serializer as a view gets it."""
    serializer = cls(**kwargs)
    spare_making(serializer)
    return serializer


BAD = {"sku": "long", "inner": {"size": 9}, "inners": [{}, {"size": 8}], "own": ""}


@pytest.mark.parametrize("times", [1, 2, 3])
def test_serializer_has_the_same_fields_and_errors(times: int) -> None:
    """The first time, when the moulds are made, and ever after."""
    stock = LineSerializer(data=BAD)
    for _time in range(times):
        serializer = make_serializer(data=BAD)
        assert not serializer.is_valid()
    assert not stock.is_valid()
    assert serializer.errors == stock.errors
    assert [*serializer.fields] == [*stock.fields]
    assert repr(serializer) == repr(stock)
    assert serializer.fields["sku"].parent is serializer
    assert serializer.fields["inner"].fields["size"].parent.parent is serializer
    # The first copy of a class, which may be made for one request, is left to DRF.
    inners = serializer.fields["inner"], serializer.fields["inners"].child
    assert all(isinstance(inner._declared_fields, DeclaredFields) for inner in inners) == (
        serializer._declared_fields._moulds is not None
    )


@override_settings(MIDDLEWARE=["django.middleware.locale.LocaleMiddleware"])
def test_texts_are_in_the_language_of_each_request(client: Client) -> None:
    """What is read first decides for none that come later, of the limit of a length either."""
    for language in ("en", "de", "fr", "en"):
        with override(language):
            stock = LineSerializer(data=BAD)
            stock.is_valid()
            expected = str(stock.errors["sku"][0])
            serializer = make_serializer(data=BAD)
            serializer.is_valid()
            assert serializer.errors["sku"] == [expected]
            assert str(serializer.fields["sku"].validators[0].message) == expected
        answer = client.post(
            "/lines", {"sku": "long"}, "application/json", headers={"accept-language": language}
        )
        assert answer.json()["errors"] == [f"sku: {expected}"]


def test_what_one_request_changes_no_other_sees() -> None:
    """Projects change the fields of one serializer, and what is in them."""
    for _time in range(3):
        fresh = make_serializer()
    field = fresh.fields["sku"]
    field.required, field.max_length = False, 1
    field.validators[0].limit_value = 1
    field.validators[0].message = "No."
    field.error_messages["blank"] = "No."
    field.style["template"] = "none.html"
    field.validators.append(own_validator)
    del fresh.fields["own"]
    other, stock = make_serializer(), LineSerializer()
    assert describe(other.fields["sku"].validators) == describe(stock.fields["sku"].validators)
    assert other.fields["sku"].error_messages == stock.fields["sku"].error_messages
    assert other.fields["sku"].style == {}
    assert other.fields["sku"].required
    assert [*other.fields] == [*stock.fields]


def test_fields_that_are_added_later_are_there() -> None:
    """A class may get more of them after its first request."""

    class Growing(serializers.Serializer[Any]):
        one = serializers.CharField()

    for _time in range(3):
        assert [*make_serializer(Growing).fields] == ["one"]
    Growing._declared_fields["two"] = serializers.CharField()  # type: ignore[attr-defined]
    for _time in range(3):
        assert [*make_serializer(Growing).fields] == ["one", "two"]
    Growing._declared_fields["one"] = serializers.IntegerField()  # type: ignore[attr-defined]
    assert isinstance(make_serializer(Growing).fields["one"], fields.IntegerField)


def test_a_field_that_a_serializer_adds_to_itself_is_copied() -> None:
    """It has no mould."""
    for _time in range(3):
        serializer = make_serializer()
        serializer._declared_fields = DeclaredFields(serializer._declared_fields)
        deepcopy(deepcopy(serializer._declared_fields))
        serializer._declared_fields["more"] = fields.CharField()
        assert "more" in serializer.fields


def test_model_serializers_and_own_get_fields_have_them_too() -> None:
    """They all begin with a deep copy of what is declared."""
    from django.contrib.auth.models import Group

    class GroupSerializer(serializers.ModelSerializer[Any]):
        short = serializers.CharField(max_length=3)

        class Meta:
            model = Group
            fields = ["name", "short"]

        def get_fields(self) -> Any:
            return {**super().get_fields(), "late": serializers.CharField()}

    for _time in range(3):
        serializer = make_serializer(GroupSerializer)
        assert repr(serializer) == repr(GroupSerializer())
        assert isinstance(serializer._declared_fields, DeclaredFields)


def test_what_is_no_dict_of_fields_is_left_alone() -> None:
    """A serializer of the project's own may have none, or make them when it is asked."""

    class Without(serializers.BaseSerializer[Any]):
        pass

    class Asked(serializers.Serializer[Any]):
        pass

    Asked._declared_fields = property(lambda serializer: {})  # type: ignore[attr-defined]

    assert "_declared_fields" not in vars(make_serializer(Without))
    assert "_declared_fields" not in vars(make_serializer(Asked))


def test_a_class_for_one_request_is_forgotten() -> None:
    """Some projects make one for each."""
    cls: Any = type("Passing", (serializers.Serializer,), {"one": serializers.CharField()})
    for _time in range(3):
        assert [*make_serializer(cls).fields] == ["one"]
    kept = weakref.ref(cls)
    del cls
    gc.collect()
    assert kept() is None


def test_views_copy_by_them(client: Client) -> None:
    """Of one document, and of many; what stands in both copies is in the errors of the second."""
    for _time in range(3):
        sent = client.post("/lines", BAD, "application/json")
        assert sent.status_code == 400
        assert len(sent.json()["errors"]) == 5
        sent = client.post("/many", [BAD, BAD], "application/json")
        assert len(sent.json()["errors"]) == 10
    serializer = LineView().get_serializer_class()()
    spare_making(serializer)
    field = deepcopy(serializer._declared_fields)["sku"]
    assert isinstance(field.validators[0], MaxLengthValidator)
    assert type(field.validators[0].message) is not lazy_format
