"""Declared fields: the copies that we make are as DRF's, whatever the field was given."""

from __future__ import annotations

import gc
import pickle
import weakref
from copy import deepcopy
from decimal import Decimal
from itertools import count
from types import FunctionType, MappingProxyType, SimpleNamespace
from typing import Any
from unittest import mock
from uuid import UUID

import pytest
from django.core.validators import RegexValidator
from django.test import Client, override_settings
from django.urls import path
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy, override
from rest_framework import fields, relations, serializers
from rest_framework.utils.formatting import lazy_format

from django_apierrors import generics
from django_apierrors.declared_fields import MOULD, shorten_copying

pytestmark = pytest.mark.urls(__name__)

own_validator = RegexValidator("^a")

CAST: list[Any] = [
    fields.BooleanField(),
    fields.BooleanField(allow_null=True, default=None),
    fields.CharField(),
    fields.CharField(max_length=3, min_length=1, trim_whitespace=False, allow_blank=True),
    fields.CharField(label="Name", help_text=gettext_lazy("Yes"), initial="a", source="b.c"),
    fields.CharField(default="unnamed", write_only=True),
    fields.CharField(default=str),
    fields.EmailField(max_length=30),
    fields.SlugField(allow_unicode=True),
    fields.URLField(),
    fields.UUIDField(format="hex"),
    fields.UUIDField(default=UUID(int=1)),
    fields.IntegerField(min_value=0, max_value=9),
    fields.FloatField(max_value=1.5),
    fields.DecimalField(max_digits=5, decimal_places=2, max_value=Decimal("9.5")),
    fields.DecimalField(5, 2),
    fields.DateTimeField(format="%Y"),
    fields.DateField(),
    fields.TimeField(),
    fields.DurationField(),
    fields.ReadOnlyField(),
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


def find_changeable(field: Any) -> set[int]:
    """Return the ids of what a project may change inside a field."""
    containers = (value for value in vars(field).values() if type(value) in (dict, list, set))
    return {id(inside) for inside in [field, *containers, *field.validators]}


def copy_field(field: Any) -> Any:
    """Return the copy that a serializer makes of a field, by its mould if there is one."""
    serializer: Any = type("S", (serializers.Serializer,), {"it": field})()
    shorten_copying(serializer)
    return serializer.get_fields()["it"]


def has_mould(field: Any) -> bool:
    """Tell whether the copies are made from a mould."""
    copy_field(field)
    mould = vars(field).get(MOULD)
    return mould is not None and bool(mould.attributes)


@pytest.mark.parametrize("field", CAST, ids=repr)
def test_copies_are_as_drfs(field: Any) -> None:
    """It has what DRF's copy has, and shares with others no more than those do."""
    one, other, stock = copy_field(field), copy_field(field), deepcopy(field)
    assert has_mould(field)
    assert type(one) is type(field)
    assert describe(one) == describe(stock)
    assert vars(one).keys() == vars(stock).keys()
    assert not find_changeable(one) & find_changeable(other)
    assert not find_changeable(one) & find_changeable(field)
    assert describe(deepcopy(one)) == describe(stock)
    assert repr(one) == repr(field)


class OwnField(fields.CharField):
    """Of a class that may keep anything."""


class Text(str):
    """A text that may have anything on it."""


@pytest.mark.parametrize(
    "field",
    [
        OwnField(),
        fields.CharField(default=[1]),
        fields.CharField(default=Text("a")),
        fields.CharField(label=lazy(str, str)("a")),
        fields.CharField(style="base"),
        fields.CharField(style={"base_template": "textarea.html"}),
        fields.CharField(validators=[own_validator]),
        fields.CharField(error_messages={"blank": "Empty."}),
        fields.DateField(input_formats=["iso-8601"]),
        fields.HiddenField(default=fields.CurrentUserDefault()),
        fields.ListField(child=fields.CharField()),
        fields.ChoiceField(choices=["a"]),
        fields.FilePathField(path="."),
        relations.StringRelatedField(),
        serializers.Serializer(),
    ],
    ids=repr,
)
def test_others_are_left_to_drf(field: Any) -> None:
    """What is given something that can be changed, or reads something else, is made anew."""
    assert not has_mould(field)
    assert repr(copy_field(field)) == repr(deepcopy(field))


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
    shorten_copying(serializer)
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
    inners = serializer.fields["inner"], serializer.fields["inners"].child
    assert all("get_fields" in vars(inner) for inner in inners)


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
    field.error_messages["blank"] = "No."
    field.style["template"] = "none.html"
    field._kwargs["required"] = False
    for validator in field.validators:
        validator.message = "No."
    field.validators[0].limit_value = 1
    fresh_limit = make_serializer().fields["sku"].validators[0].message
    fresh_limit.kwargs["max_length"] = 1
    deconstructed = make_serializer().fields["sku"].validators[0].deconstruct()[2]["message"]
    deconstructed.kwargs["max_length"] = 2
    email = changes(one=fields.EmailField())
    make_serializer(email).fields["one"].validators[-1].deconstruct()[2]["message"] = "No."
    again = make_serializer(email).fields["one"].validators[-1].deconstruct()
    assert again == email().fields["one"].validators[-1].deconstruct()
    field.validators.append(own_validator)
    del fresh.fields["own"]
    other, stock = make_serializer(), LineSerializer()
    assert describe(other.fields["sku"].validators) == describe(stock.fields["sku"].validators)
    other.initial_data = {"sku": "a\0"}
    assert not other.is_valid()
    assert other.errors["sku"] == ["Null characters are not allowed."]
    assert other.fields["sku"].error_messages == stock.fields["sku"].error_messages
    assert other.fields["sku"].style == {}
    assert other.fields["sku"].required
    assert [*other.fields] == [*stock.fields]
    assert repr(other) == repr(LineSerializer())


def changes(**given: Any) -> Any:
    """Return a class of serializers that is changed below."""
    one: Any = fields.CharField(max_length=3)
    return type("Changing", (serializers.Serializer,), {"one": one, "two": OwnField(), **given})


def test_fields_that_a_class_gets_later_are_there_in_their_order() -> None:
    """Or loses, or gets others in place of."""
    cls = changes()
    declared = cls._declared_fields
    for step in (
        lambda: None,
        lambda: declared.update(three=fields.CharField()),
        lambda: declared.update(one=declared.pop("one")),
        lambda: declared.update(one=fields.IntegerField()),
        lambda: declared["three"]._kwargs.update(required=False),
        lambda: declared.update(three=fields.DecimalField(5, 2)),
        lambda: setattr(declared["three"], "_args", (6, 3)),
        lambda: declared.pop("two"),
    ):
        step()
        for _time in range(3):
            assert repr(make_serializer(cls)) == repr(cls())


def test_fields_that_a_serializer_has_of_its_own_are_there() -> None:
    """Set in `__init__()`, or put in and taken out again: no mould is that of another field."""

    class Own(serializers.Serializer[Any]):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            length = self.context["length"]
            self._declared_fields = {"one": fields.CharField(max_length=length)}

    for length in range(1, 40):
        serializer = make_serializer(Own, context={"length": length})
        assert serializer.fields["one"].max_length == length


def test_a_field_of_two_names_is_one() -> None:
    """As in DRF, whose copies remember it; whoever makes them."""
    for field in (fields.CharField(), OwnField()):
        cls = changes(one=field, two=field)
        for _time in range(3):
            made = make_serializer(cls).get_fields()
            assert made["one"] is made["two"]


@pytest.mark.parametrize("two", [OwnField(), fields.CharField()])
def test_copies_are_numbered_in_their_order(two: Any) -> None:
    """A class that is made of them has them in that order."""
    cls = changes(two=two, three=fields.CharField())
    for _time in range(3):
        made = make_serializer(cls).get_fields()
        numbers = [field._creation_counter for field in made.values()]
        assert numbers == sorted(set(numbers))
        assert numbers[-1] < fields.CharField()._creation_counter
        again: Any = type("Again", (serializers.Serializer,), dict(made))
        assert [*again().fields] == [*cls().fields]


OWN_INIT = fields.Field.__init__


def patched_init(self: Any, **kwargs: Any) -> None:
    """Give each field a help text."""
    OWN_INIT(self, **kwargs)
    self.help_text = "Patched."


def patched_setattr(self: Any, name: str, value: Any) -> None:
    """Set another text than the one that is given."""
    object.__setattr__(self, name, "patched" if name == "initial" else value)


PATCHES: list[tuple[Any, str, Any]] = [
    (fields.EmailField, "default_error_messages", {"invalid": "Patched."}),
    (fields.CharField, "default_error_messages", {"blank": "Patched."}),
    (fields.Field, "default_error_messages", {"required": "Patched."}),
    (fields.CharField, "initial", "patched"),
    (fields.Field, "default_validators", [own_validator]),
    (fields.Field, "__init__", patched_init),
    (fields.Field, "__deepcopy__", lambda self, memo: fields.EmailField(help_text="Patched.")),
    (fields.Field, "get_validators", lambda self: [own_validator]),
    (fields.CharField, "get_validators", lambda self: [own_validator]),
    (fields.Field, "default_error_messages", MappingProxyType({"required": "Patched."})),
    (fields.Field, "__setattr__", patched_setattr),
    (fields.Field, "validators", property(lambda self: self.__dict__.setdefault("own", [len]))),
    (fields, "EmailValidator", lambda message: RegexValidator("^a", message=message)),
]


@pytest.mark.parametrize(("cls", "name", "value"), PATCHES)
def test_a_class_that_is_patched_has_other_copies(
    monkeypatch: pytest.MonkeyPatch, cls: Any, name: str, value: Any
) -> None:
    """In a test, say; a base of it too, and those of before when that is over."""
    made = changes(one=fields.EmailField())
    before = describe(make_serializer(made).get_fields()["one"])
    with monkeypatch.context() as patch:
        patch.setattr(cls, name, value)
        patched = describe(make_serializer(made).get_fields()["one"])
        assert patched == describe(made().get_fields()["one"])
    assert patched != before
    assert describe(make_serializer(made).get_fields()["one"]) == before


def test_messages_of_another_kind_may_be_others_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    messages = {"required": "One."}
    monkeypatch.setattr(fields.Field, "default_error_messages", MappingProxyType(messages))
    cls = changes()
    for text in ("One.", "Two."):
        messages["required"] = text
        assert make_serializer(cls).get_fields()["one"].error_messages["required"] == text


def test_a_property_of_another_kind_may_say_something_else_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers = count()
    # CharField adds what it makes to the list that it gets.
    own = property(lambda self: self.__dict__.setdefault("_validators", [next(numbers)]))
    monkeypatch.setattr(fields.Field, "validators", own)
    cls = changes()
    first, second = (make_serializer(cls).get_fields()["one"].validators[0] for _time in range(2))
    assert first != second


def test_validators_of_a_class_of_its_own_are_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    class Numbered(RegexValidator):
        numbers = count()

        def __init__(self, message: Any) -> None:
            super().__init__("@", message)
            self.number = next(self.numbers)

    monkeypatch.setattr(fields, "EmailValidator", Numbered)
    cls = changes(one=fields.EmailField())
    first, second = (make_serializer(cls).get_fields()["one"].validators[-1] for _time in range(2))
    assert first.number != second.number


def test_a_validator_without_attributes_is_left_to_drf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields, "EmailValidator", lambda message: len)
    field = fields.EmailField()
    assert not has_mould(field)
    assert copy_field(field).validators[-1] is len


def test_one_patch_after_another_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The class has as many names under either, and the first was of no importance here."""
    cls = changes(one=fields.EmailField())
    with monkeypatch.context() as patch:
        patch.setattr(fields.EmailField, "to_internal_value", lambda self, data: data)
        make_serializer(cls).get_fields()
    monkeypatch.setattr(fields.EmailField, "initial", "patched")
    assert make_serializer(cls).get_fields()["one"].initial == "patched"


def test_a_patch_while_a_copy_is_made_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """By another thread, say."""
    cls = changes()
    with monkeypatch.context() as patch:

        def copy_and_patch(value: Any, *memo: Any) -> Any:
            patch.setattr(fields.CharField, "initial", "patched")
            return deepcopy(value)

        patch.setattr(fields, "copy", SimpleNamespace(deepcopy=copy_and_patch))
        make_serializer(cls).get_fields()
    for _time in range(2):
        assert make_serializer(cls).get_fields()["one"].initial == ""


def test_a_field_that_becomes_one_of_another_class_is_copied_as_such() -> None:
    cls = changes(one=fields.CharField())
    make_serializer(cls).get_fields()
    cls._declared_fields["one"].__class__ = fields.SlugField
    made = make_serializer(cls).get_fields()["one"]
    assert describe(made) == describe(cls().get_fields()["one"])


def test_formats_of_a_class_that_are_other_ones_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    cls = changes(one=fields.UUIDField(format="hex"))
    make_serializer(cls).get_fields()
    monkeypatch.setattr(fields.UUIDField, "valid_formats", ("int",))
    with pytest.raises(ValueError, match="Invalid format for uuid representation"):
        make_serializer(cls).get_fields()


def test_a_name_in_the_place_of_another_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The class has as many then as before."""
    cls = changes(one=fields.EmailField())
    make_serializer(cls).get_fields()
    with monkeypatch.context() as patch:
        patch.delattr(fields.EmailField, "default_error_messages")
        patch.setattr(fields.EmailField, "initial", "patched", raising=False)
        made = make_serializer(cls).get_fields()["one"]
        assert describe(made) == describe(cls().get_fields()["one"])
        assert made.initial == "patched"
        assert made.error_messages["invalid"] == "Not a valid string."
    assert make_serializer(cls).get_fields()["one"].initial == ""


def test_messages_of_a_class_that_are_changed_in_place_are_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cls = changes(one=fields.EmailField())
    make_serializer(cls).get_fields()
    monkeypatch.setitem(fields.Field.default_error_messages, "required", "Changed.")
    made = make_serializer(cls).get_fields()["one"]
    assert made.error_messages["required"] == "Changed."


def test_validators_of_a_class_that_are_changed_in_place_are_seen() -> None:
    cls = changes(one=fields.EmailField())
    make_serializer(cls).get_fields()
    fields.Field.default_validators.append(own_validator)
    try:
        assert own_validator in make_serializer(cls).get_fields()["one"].validators
    finally:
        fields.Field.default_validators.remove(own_validator)


def test_get_fields_of_drf_that_is_patched_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    stock = serializers.Serializer.get_fields

    def get_fields(self: Any) -> Any:
        return {**stock(self), "more": serializers.CharField()}

    monkeypatch.setattr(serializers.Serializer, "get_fields", get_fields)
    assert [*make_serializer(changes()).fields] == ["one", "two", "more"]


def test_a_mock_in_the_place_of_get_fields_is_called() -> None:
    """It has nothing of a function."""
    with mock.patch.object(serializers.Serializer, "get_fields", return_value={}):
        assert make_serializer(changes()).fields == {}


def test_a_declared_field_can_be_pickled() -> None:
    cls = changes()
    make_serializer(cls).get_fields()
    field = cls._declared_fields["one"]
    assert vars(field)[MOULD]
    again = changes(one=pickle.loads(pickle.dumps(field)))
    assert repr(make_serializer(again)) == repr(make_serializer(cls))


@pytest.mark.parametrize("more", [[], [len]])
def test_validators_that_a_project_adds_to_a_class_are_shared_as_in_drf(
    monkeypatch: pytest.MonkeyPatch, more: list[Any]
) -> None:
    monkeypatch.setattr(fields.CharField, "default_validators", [own_validator, *more])
    for _time in range(3):
        made = make_serializer(changes()).get_fields()["one"]
        assert made.validators[0] is own_validator


def test_an_attribute_that_can_be_changed_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of DRF may have one more."""
    stock = fields.CharField.__init__

    def init(self: Any, **kwargs: Any) -> None:
        stock(self, **kwargs)
        self.more = []

    drfs = FunctionType(init.__code__, vars(fields), closure=init.__closure__)
    monkeypatch.setattr(fields.CharField, "__init__", drfs)
    cls = changes()
    one, other = (make_serializer(cls).get_fields()["one"] for _time in range(2))
    assert one.more is not other.more


class Guarded(serializers.Serializer[Any]):
    """Lets nobody set what it does not know."""

    one = serializers.CharField()

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse."""
        if name == "get_fields":
            raise AttributeError(name)
        super().__setattr__(name, value)


def test_what_says_itself_what_its_fields_are_is_left_alone() -> None:
    """A class with a method of its own, and a serializer that has one."""

    class OwnMethod(LineSerializer):
        def get_fields(self) -> Any:
            return {**super().get_fields(), "late": serializers.CharField()}

    class Without(serializers.BaseSerializer[Any]):
        pass

    for cls in (OwnMethod, serializers.ModelSerializer, Without):
        assert "get_fields" not in vars(make_serializer(cls))
    own: Any = LineSerializer()
    own.get_fields = dict
    shorten_copying(own)
    assert own.get_fields is dict


def test_a_serializer_that_guards_its_attributes_has_its_fields() -> None:
    assert [*make_serializer(Guarded).fields] == ["one"]


def test_what_is_no_serializer_is_left_alone() -> None:
    shorten_copying(object())


def test_a_class_for_one_request_is_forgotten() -> None:
    """Some projects make one for each, whose fields lead back to it."""
    cls: Any = changes(three=fields.CharField())
    cls._declared_fields["inner"] = cls(many=True, required=False)
    for _time in range(3):
        assert [*make_serializer(cls).fields] == [*cls().fields]
    kept = weakref.ref(cls)
    del cls
    gc.collect()
    assert kept() is None


def test_views_copy_by_them(client: Client) -> None:
    """Of one document, and of many."""
    for _time in range(3):
        sent = client.post("/lines", BAD, "application/json")
        assert sent.status_code == 400
        assert len(sent.json()["errors"]) == 5
        sent = client.post("/many", [BAD, BAD], "application/json")
        assert len(sent.json()["errors"]) == 10
    assert MOULD in vars(LineSerializer._declared_fields["sku"])  # type: ignore[attr-defined]
